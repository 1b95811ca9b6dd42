// Command release makes what people launch. make package calls it, in the folder that holds template.yaml:
//
//	go run ./internal/release version
//	go run ./internal/release package
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do: version or package")
	}
	switch project := os.DirFS("."); args[0] {
	case "version":
		version, err := readVersion(project)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, version)
		return err
	case "package":
		return writePackage(project, out)
	default:
		return fmt.Errorf("there is no %q: say version or package", args[0])
	}
}
