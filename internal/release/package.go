package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// writePackage zips the bootstrap that the build left in build/, and writes the zip's checksum beside it, in the form
// that sha256sum --check reads.
func writePackage(project fs.FS, out io.Writer) error {
	bootstrap, err := fs.ReadFile(project, "build/bootstrap")
	if err != nil {
		return fmt.Errorf("read the built function: %w", err)
	}
	var content bytes.Buffer
	if err := bundle(&content, bootstrap); err != nil {
		return fmt.Errorf("zip the built function: %w", err)
	}
	sums := checksums([]file{{name: zipName, content: content.Bytes()}})
	if err := write("build/"+zipName, content.Bytes()); err != nil {
		return err
	}
	if err := write("build/"+sumsName, sums.content); err != nil {
		return err
	}
	_, err = out.Write(sums.content)
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
