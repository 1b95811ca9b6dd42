package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The functions, and the build tags with which they ship.
const (
	theFunction = "./functions/provisioner"
	theWatcher  = "./functions/watcher"
	buildTags   = "lambda.norpc,nethttpomithttp2"
)

// build builds a program as it ships, but for the machine that this runs on, and without -trimpath,
// so that what the tests have compiled is of use. The module is the folder that holds go.mod.
func build(ctx context.Context, module, program, directory string) (file string, err error) {
	file = filepath.Join(directory, filepath.Base(program))
	command := exec.CommandContext(ctx, "go", "build", "-tags", buildTags, "-o", file, program)
	command.Dir, command.Stdout, command.Stderr = module, os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build %s (from the folder that holds go.mod): %w", program, err)
	}
	return file, nil
}

// function is the built binary, running as Lambda runs it.
type function struct {
	record[string] // the lines of its log
	command        *exec.Cmd
	died           chan struct{}
}

// startFunction starts the binary with nothing of this machine's environment that could lead it to
// a real account. More variables may be given, which prevail.
func startFunction(ctx context.Context, bootstrap, runtimeAPI, endpoint, region string, more ...string) (*function, error) {
	f := &function{command: exec.CommandContext(ctx, bootstrap), died: make(chan struct{})}
	f.command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtimeAPI, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=local",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=LOCALFUNCTION",
		"AWS_SECRET_ACCESS_KEY=not-a-secret",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}, more...)
	output, err := f.command.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("read the function's log: %w", err)
	}
	f.command.Stdout = f.command.Stderr
	if err := f.command.Start(); err != nil {
		return nil, fmt.Errorf("start the function: %w", err)
	}
	go func() {
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			f.add(lines.Text())
		}
		_ = f.command.Wait()
		close(f.died)
	}()
	return f, nil
}

func (f *function) stop() {
	_ = f.command.Process.Kill()
	<-f.died
}

// logged returns the log lines of a kind.
func logged[T any](logs []string, kind func(T) bool) (found []T) {
	for _, line := range logs {
		var one T
		if json.Unmarshal([]byte(line), &one) == nil && kind(one) {
			found = append(found, one)
		}
	}
	return found
}

// plan is what the function logs before it changes anything.
type plan struct {
	Message string `json:"msg"`
	Stages  [][]struct {
		Effect string `json:"effect"`
		Step   string `json:"step"`
	} `json:"stages"`
}
