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

// The names of what is published, in the folder of its version.
const (
	zipName      = "provisioner.zip"
	watcherName  = "watcher.zip"
	plainName    = "redis-cloud-iam.yaml"
	stackSetName = "stackset.yaml"
	sumsName     = "SHA256SUMS"
)

// zips are the files with code, each with the program that the build leaves for it.
func zips() map[string]string {
	return map[string]string{zipName: "build/bootstrap", watcherName: "build/watcher"}
}

// prefixParameter is the parameter of the templates that says where the code is: in the bucket <prefix>-<Region>.
const prefixParameter = "ArtifactBucketPrefix"

// contents is what is published of one version.
type contents struct {
	version string
	files   []file // in the order of uploading: SHA256SUMS, which says that the version is whole, comes last
}

// file is one object of a version.
type file struct {
	name        string
	contentType string
	content     []byte
}

// key is where a file of a version is, in every bucket.
func key(version, name string) string {
	return "redis-cloud-iam/" + version + "/" + name
}

// load reads what is to be published. Without a prefix the templates' parameter has no default. The error has all the faults.
func load(project fs.FS, prefix string) (contents, error) {
	version, err := readVersion(project)
	if err != nil {
		return contents{}, err
	}
	var files []file
	var zipErr error
	for _, name := range slices.Sorted(maps.Keys(zips())) {
		archive, err := fs.ReadFile(project, "build/"+name)
		if err != nil {
			zipErr = errors.Join(zipErr, fmt.Errorf("read what make package makes: %w", err))
		}
		files = append(files, file{name, "application/zip", archive})
	}
	plain, plainErr := loadTemplate(project, plainName, prefix)
	stackSet, stackSetErr := loadTemplate(project, stackSetName, prefix)
	if err := errors.Join(zipErr, plainErr, stackSetErr); err != nil {
		return contents{}, err
	}
	files = append(files, file{plainName, "application/yaml", plain}, file{stackSetName, "application/yaml", stackSet})
	return contents{version, append(files, checksums(files))}, nil
}

// pinned are the files for a bucket where the zips are these versions of their objects: the plain
// template names them. A zip without one stays as it was.
func (c contents) pinned(objectVersions map[string]string) ([]file, error) {
	if len(c.files) == 0 { // it could not be loaded
		return nil, nil
	}
	files := slices.Clone(c.files[:len(c.files)-1])
	i := slices.IndexFunc(files, func(f file) bool { return f.name == plainName })
	for _, name := range slices.Sorted(maps.Keys(objectVersions)) {
		version := objectVersions[name]
		if version == "" {
			continue
		}
		if !regexp.MustCompile(`^[A-Za-z0-9._-]+$`).MatchString(version) {
			return nil, fmt.Errorf("S3 calls the version of %s %q, which cannot be written into a template", name, version)
		}
		place := regexp.MustCompile(`(?m)^( +)S3Key: .*/` + regexp.QuoteMeta(name) + `$`)
		if len(place.FindAll(files[i].content, -1)) != 1 {
			return nil, fmt.Errorf("templates/%s names no one S3Key for %s", plainName, name)
		}
		files[i].content = place.ReplaceAll(files[i].content, []byte("${0}\n${1}S3ObjectVersion: \""+version+"\""))
	}
	return append(files, checksums(files)), nil
}

// loadTemplate reads a template as it was committed, for people to read, which must be what template.yaml makes: it says
// in what version's folder its code is. A prefix becomes the default of its parameter, in a line of its own.
func loadTemplate(project fs.FS, name, prefix string) ([]byte, error) {
	source, err := fs.ReadFile(project, "template.yaml")
	if err != nil {
		return nil, err
	}
	made, err := templates.All(source)
	if err != nil {
		return nil, fmt.Errorf("template.yaml: %w", err)
	}
	have, err := fs.ReadFile(project, "templates/"+name)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(have, made[name]) {
		return nil, fmt.Errorf("templates/%s is stale: run make templates and commit", name)
	}
	if prefix == "" {
		return have, nil
	}
	place := []byte("\n  " + prefixParameter + ":\n")
	if bytes.Count(have, place) != 1 {
		return nil, fmt.Errorf("templates/%s has no one place for the default of %s", name, prefixParameter)
	}
	return bytes.Replace(have, place, fmt.Appendf(place, "    Default: %q\n", prefix), 1), nil
}

// checksums is what sha256sum writes of the files.
func checksums(files []file) file {
	var lines strings.Builder
	for _, f := range files {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return file{sumsName, "text/plain; charset=utf-8", []byte(lines.String())}
}
