// Package moto starts moto, the emulator of AWS that is the second opinion on localaws, and answers
// the one call that it lacks.
package moto

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// ErrMissing is the error of [Start] on a machine without moto.
var ErrMissing = errors.New("moto_server is missing: make python installs it")

// Start starts a moto on a port of 127.0.0.1 that the system picks, from the PATH or the .venv of the module. It ends
// with the context, or when stop is called.
func Start(ctx context.Context, module string) (url string, stop func(), err error) {
	program, err := exec.LookPath("moto_server")
	if err != nil {
		program, err = exec.LookPath(filepath.Join(module, ".venv", "bin", "moto_server"))
	}
	if err != nil {
		return "", nil, ErrMissing
	}
	command := exec.CommandContext(ctx, program, "-H", "127.0.0.1", "-p", "0") //nolint:gosec // found on the PATH or in .venv
	output, err := command.StderrPipe()
	if err != nil {
		return "", nil, fmt.Errorf("read what moto_server says: %w", err)
	}
	if err := command.Start(); err != nil {
		return "", nil, fmt.Errorf("start moto_server: %w", err)
	}
	stop = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	late := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	defer late.Stop()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if url := address.FindString(lines.Text()); url != "" {
			go io.Copy(io.Discard, output) //nolint:errcheck // until it ends
			return url, stop, nil
		}
	}
	stop()
	return "", nil, errors.New("moto_server ended, or did not start within a minute")
}

// Reset empties the accounts of a moto.
func Reset(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/moto-api/reset", http.NoBody)
	if err != nil {
		return fmt.Errorf("reset moto: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reset moto: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("reset moto: %s", response.Status)
	}
	return nil
}
