package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"redis-cloud-iam/internal/templates"
)

// sumsName is the file with the checksums of a version's other files.
const sumsName = "SHA256SUMS"

// zips are the files with code, each with the program that the build leaves for it.
func zips() map[string]string {
	return map[string]string{"provisioner.zip": "build/bootstrap", "watcher.zip": "build/watcher"}
}

// contents is what is published of one version.
type contents struct {
	version string
	source  []byte // template.yaml
	prefix  string // of the buckets
	zips    []file
}

// file is one object of a version.
type file struct {
	name        string
	contentType string
	content     []byte
}

// load reads what is to be published. The error has all the faults.
func load(project fs.FS, prefix string) (contents, error) {
	version, source, err := readVersion(project)
	if err != nil {
		return contents{}, err
	}
	made, err := templates.All(source, templates.Artifacts{})
	if err != nil {
		return contents{}, fmt.Errorf("template.yaml: %w", err)
	}
	c := contents{version: version, source: source, prefix: prefix}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(zips())) {
		archive, err := fs.ReadFile(project, "build/"+name)
		if err != nil {
			faults = append(faults, fmt.Errorf("read what make package makes: %w", err))
		}
		c.zips = append(c.zips, file{name, "application/zip", archive})
	}
	// What is published is for people to read: it was committed, and says in what version's folder
	// its code is.
	for _, name := range slices.Sorted(maps.Keys(made)) {
		have, err := fs.ReadFile(project, "templates/"+name)
		if err == nil && !bytes.Equal(have, made[name]) {
			err = fmt.Errorf("templates/%s is stale: run make templates and commit", name)
		}
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return contents{}, err
	}
	return c, nil
}

// files are those for a bucket where the zips are these versions of their objects: the plain
// template names them. A zip without one is not named. They are in the order of uploading:
// SHA256SUMS, which says that the version is whole, comes last.
func (c contents) files(objectVersions map[string]string) ([]file, error) {
	if len(c.zips) == 0 { // it could not be loaded
		return nil, nil
	}
	for name, version := range objectVersions {
		if !regexp.MustCompile(`^[A-Za-z0-9._-]*$`).MatchString(version) {
			return nil, fmt.Errorf("S3 calls the version of %s %q, which cannot be written into a template", name, version)
		}
	}
	made, err := templates.All(c.source, templates.Artifacts{Prefix: c.prefix, Versions: objectVersions})
	if err != nil {
		return nil, err
	}
	files := slices.Clone(c.zips)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		files = append(files, file{name, "application/yaml", made[name]})
	}
	return append(files, checksums(files)), nil
}

// readVersion reads template.yaml, and the version in its one place: what it tells the Serverless
// Application Repository.
func readVersion(project fs.FS) (version string, source []byte, err error) {
	source, err = fs.ReadFile(project, "template.yaml")
	if err != nil {
		return "", nil, err
	}
	version, err = templates.Version(source)
	if err != nil {
		return "", nil, fmt.Errorf("template.yaml: %w", err)
	}
	// The version is part of addresses, where the "+" of build metadata means a space to some.
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(version) {
		return "", nil, fmt.Errorf("template.yaml: SemanticVersion is %q: write a version such as 1.2.3 or 1.2.3-rc.1", version)
	}
	return version, source, nil
}

// checksums is what sha256sum writes of the files.
func checksums(files []file) file {
	var lines strings.Builder
	for _, f := range files {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return file{sumsName, "text/plain; charset=utf-8", []byte(lines.String())}
}
