package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// writePackage zips the programs that the build left in build/, and writes the zips' checksums beside them, in the form
// that sha256sum --check reads.
func writePackage(project fs.FS, out io.Writer) error {
	var files []file
	for _, name := range slices.Sorted(maps.Keys(zips())) {
		program, err := fs.ReadFile(project, zips()[name])
		if err != nil {
			return fmt.Errorf("read the built function: %w", err)
		}
		var content bytes.Buffer
		if err := bundle(&content, program); err != nil {
			return fmt.Errorf("zip the built function: %w", err)
		}
		files = append(files, file{name: name, content: content.Bytes()})
	}
	files = append(files, checksums(files))
	for _, f := range files {
		if err := write("build/"+f.name, f.content); err != nil {
			return err
		}
	}
	_, err := out.Write(files[len(files)-1].content)
	return err
}

// bundle writes the zip that Lambda unpacks. Its bytes depend on the bootstrap, and on the Go that compresses it, and on
// nothing else: the one entry has neither the file's time nor its path nor its mode.
func bundle(w io.Writer, bootstrap []byte) error {
	header := &zip.FileHeader{
		Name:     "bootstrap", // what provided.al2023 runs
		Method:   zip.Deflate,
		Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC), // the first that a zip can say
	}
	header.SetMode(0o755)
	archive := zip.NewWriter(w)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := entry.Write(bootstrap); err != nil {
		return err
	}
	return archive.Close()
}

func write(name string, content []byte) error {
	//nolint:gosec // everybody may read what is published
	return os.WriteFile(name, content, 0o644)
}
