// Command release makes what people launch, and publishes it to S3 buckets of one's own. make package and make
// publish call it, in the folder that holds template.yaml:
//
//	go run ./internal/release version
//	go run ./internal/release package
//	go run ./internal/release check -prefix my-prefix us-east-1 eu-central-1
//	go run ./internal/release publish -prefix my-prefix us-east-1 eu-central-1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do: version, package, check or publish")
	}
	switch project := os.DirFS("."); args[0] {
	case "version":
		version, _, err := readVersion(project)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, version)
		return err
	case "package":
		return writePackage(project, out)
	case "check", "publish":
		flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
		prefix := flags.String("prefix", "", "the buckets are called <prefix>-<Region>")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if args[0] == "check" {
			return check(ctx, *prefix, flags.Args())
		}
		return publish(ctx, project, *prefix, flags.Args(), out)
	default:
		return fmt.Errorf("there is no %q: say version, package, check or publish", args[0])
	}
}
