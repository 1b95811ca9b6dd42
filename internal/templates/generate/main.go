// Command generate writes the templates of the folder templates from template.yaml. It is run by "make templates", in the
// folder that holds template.yaml.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"redis-cloud-iam/internal/templates"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "make templates:", err)
		os.Exit(1)
	}
}

func generate() error {
	source, err := os.ReadFile("template.yaml")
	if err != nil {
		return err
	}
	files, err := templates.All(source, templates.Artifacts{})
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join("templates", name), text, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}
