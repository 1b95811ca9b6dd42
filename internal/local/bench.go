package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// bench measures what a user waits for and pays for, beside what they would take instead and beside
// the limit, all in one run, and prints one table. A figure is a ratio to something that was
// measured beside it: absolute times mean little on a machine that is shared.
type bench struct {
	screen    *screen
	directory string
	rows      []row
}

// row is a line of the table.
type row struct {
	what, ours, beside, ratio, target string
}

func (b *bench) add(what, ours, beside, ratio, target string) {
	b.rows = append(b.rows, row{what, ours, beside, ratio, target})
}

// runBench measures everything that needs the built binary. What is measured in process has go
// test's own benchmarks.
func runBench(ctx context.Context, out *os.File) error {
	directory, err := os.MkdirTemp("", "redis-cloud-iam-")
	if err != nil {
		return fmt.Errorf("make a folder for the functions: %w", err)
	}
	defer os.RemoveAll(directory)
	b := &bench{screen: newScreen(out), directory: directory}
	b.screen.title("Measured beside each other, in one run")
	b.screen.say("   %s, %s/%s, %d CPUs, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly))
	for _, measure := range []func(context.Context) error{b.coldStarts, b.sizes, b.depths, b.looks} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	b.table(out)
	return nil
}

func (b *bench) table(out io.Writer) {
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "what\tthe function\tbeside it\tratio\ttarget")
	for _, r := range b.rows {
		fmt.Fprintln(table, strings.Join([]string{r.what, r.ours, r.beside, r.ratio, r.target}, "\t"))
	}
	_ = table.Flush()
}

// The programs that are compared. All are built with the flags with which the function ships.
const (
	theFunction = "./functions/provisioner"
	hello       = "./internal/local/hello"
	naive       = "./internal/local/naive"
)

// compile builds a program as the function ships, for this machine or for Lambda.
func (b *bench) compile(ctx context.Context, program string, forLambda bool) (string, error) {
	file := filepath.Join(b.directory, strings.ReplaceAll(program[2:], "/", "-"))
	environment := append(os.Environ(), "CGO_ENABLED=0")
	if forLambda {
		file += "-lambda"
		environment = append(environment, "GOOS=linux", "GOARCH=arm64")
	}
	return file, compile(ctx, ".", program, file, environment, "-trimpath", "-ldflags=-s -w", "-buildvcs=false")
}

func ratio(a, b float64) string { return fmt.Sprintf("%.2f ×", a/b) }
