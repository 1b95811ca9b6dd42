package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// The names of what is published, in the folder of its version.
const (
	zipName  = "provisioner.zip"
	sumsName = "SHA256SUMS"
)

// file is one object of a version.
type file struct {
	name        string
	contentType string
	content     []byte
}

// checksums is what sha256sum writes of the files.
func checksums(files []file) file {
	var lines strings.Builder
	for _, f := range files {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return file{sumsName, "text/plain; charset=utf-8", []byte(lines.String())}
}
