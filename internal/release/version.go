package main

import (
	"fmt"
	"io/fs"
	"regexp"

	"redis-cloud-iam/internal/templates"
)

// readVersion reads the version from its one place: what template.yaml tells the Serverless Application Repository.
func readVersion(project fs.FS) (string, error) {
	source, err := fs.ReadFile(project, "template.yaml")
	if err != nil {
		return "", err
	}
	version, err := templates.Version(source)
	if err != nil {
		return "", fmt.Errorf("template.yaml: %w", err)
	}
	// The version is part of addresses, where the "+" of build metadata means a space to some.
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(version) {
		return "", fmt.Errorf("template.yaml: SemanticVersion is %q: write a version such as 1.2.3 or 1.2.3-rc.1", version)
	}
	return version, nil
}
