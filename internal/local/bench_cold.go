package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	_ "embed" // the Python function to compare with
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pythonSource is a function in Python that makes clients for the same services.
//
//go:embed bench_cold.py
var pythonSource string

// program is one of those whose starts are compared.
type program struct {
	name   string
	argv   []string
	starts []time.Duration // from exec to the first request for work
	memory int             // kB that are resident then; 0 where that is not known
}

func (p *program) median() float64 {
	sorted := slices.Sorted(slices.Values(p.starts))
	return sorted[len(sorted)/2].Seconds() * 1000
}

// coldStarts compares the time from exec to the first request at the Runtime API, and the memory
// then. The programs take turns, so that what else the machine does hits all of them alike.
func (b *bench) coldStarts(ctx context.Context) error {
	const rounds = 40
	var programs []*program
	for _, path := range []string{theFunction, hello, naive, theWatcher} {
		binary, err := b.compile(ctx, path, false)
		if err != nil {
			return err
		}
		programs = append(programs, &program{name: path, argv: []string{binary}})
	}
	if python, err := python(ctx); err == nil {
		script := filepath.Join(b.directory, "cold.py")
		if err := os.WriteFile(script, []byte(pythonSource), 0o600); err != nil {
			return err
		}
		programs = append(programs, &program{name: "Python with boto3", argv: []string{python, script}})
	}

	asked := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done() // there is no work
	}))
	defer server.Close()
	for round := range rounds {
		for _, p := range programs {
			if len(p.argv) > 1 && round%8 > 0 {
				continue // Python is slow and steady
			}
			if err := p.start(ctx, server.Listener.Addr().String(), asked); err != nil {
				return err
			}
		}
	}

	ours, least, other, watcher := programs[0], programs[1], programs[2], programs[3]
	against := func(p *program, to *program) string { return ratio(p.median(), to.median()) }
	show := func(p *program) string { return fmt.Sprintf("%.1f ms", p.median()) }
	b.add("cold start, against hello-world in Go", show(ours), show(least), against(ours, least), "≤ 1.5 ×")
	b.add("  the SDK's own way, against hello-world", show(other), show(least), against(other, least), "")
	b.add("  the watcher, against hello-world", show(watcher), show(least), against(watcher, least), "")
	if len(programs) > 4 {
		b.add("  Python with boto3, against hello-world", show(programs[4]), show(least), against(programs[4], least), "")
	} else {
		b.add("  Python with boto3, against hello-world", "left out: there is no Python with boto3", "", "", "")
	}
	if ours.memory > 0 {
		mb := func(kB int) string { return fmt.Sprintf("%.1f MB", float64(kB)/1024) }
		b.add("memory at the first request", mb(ours.memory), mb(least.memory), ratio(float64(ours.memory), float64(least.memory)), "")
	}
	return nil
}

func (p *program) start(ctx context.Context, runtimeAPI string, asked <-chan time.Time) error {
	command := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=bench",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=BENCH", "AWS_SECRET_ACCESS_KEY=not-a-secret", "AWS_SESSION_TOKEN=not-a-secret",
	}
	begin := time.Now()
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	select {
	case at := <-asked:
		p.starts = append(p.starts, at.Sub(begin))
		p.memory = memoryOf(command.Process.Pid, "VmRSS")
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("%s did not ask for work within a minute", p.name)
	}
}

// memoryOf reads a line of what Linux says of a process, in kB; elsewhere it is 0.
func memoryOf(pid int, field string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == field+":" {
			kB, _ := strconv.Atoi(words[1])
			return kB
		}
	}
	return 0
}

// python is a Python that has boto3.
func python(ctx context.Context) (string, error) {
	path, err := exec.LookPath("python3")
	if err != nil {
		return "", err
	}
	return path, exec.CommandContext(ctx, path, "-c", "import boto3").Run()
}

// sizes compares the zips that go to Lambda.
func (b *bench) sizes(ctx context.Context) error {
	var size []float64
	for _, program := range []string{theFunction, hello, naive, theWatcher} {
		n, err := b.zipped(ctx, program)
		if err != nil {
			return err
		}
		size = append(size, n)
	}
	mb := func(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/1e6) }
	b.add("zip, against hello-world in Go", mb(size[0]), mb(size[1]), ratio(size[0], size[1]), "≤ 1.35 ×")
	b.add("  the SDK's own way with 3 operations", mb(size[2]), mb(size[1]), ratio(size[2], size[1]), "")
	b.add("  the watcher", mb(size[3]), mb(size[1]), ratio(size[3], size[1]), "")
	return nil
}

// zipped is the size of a program's zip.
func (b *bench) zipped(ctx context.Context, program string) (float64, error) {
	binary, err := b.compile(ctx, program, true)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(binary)
	if err != nil {
		return 0, err
	}
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write(text)
	}
	err = errors.Join(err, archive.Close())
	return float64(content.Len()), err
}
