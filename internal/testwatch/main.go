// Command testwatch runs go test with the arguments that it gets. While the tests run it says every
// few seconds which ones are at work. At the end of each package it says how that went, and of what
// failed it shows the output.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"time"
)

// interval is the time between two lines.
const interval = 5 * time.Second

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testwatch:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	command := exec.Command("go", append([]string{"test", "-json"}, arguments...)...) //nolint:gosec,noctx // the caller's own tests, which end as they like
	command.Stderr = out
	events, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("read the events of go test: %w", err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt) // go test gets it too, and ends
	if err := command.Start(); err != nil {
		return fmt.Errorf("start go test: %w", err)
	}
	watch(events, time.Tick(interval), newReport(out))
	if err := command.Wait(); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); ended {
			return errors.New("there are failures")
		}
		return fmt.Errorf("run go test: %w", err)
	}
	return nil
}

// watch reports the events of go test until there are no more.
func watch(events io.Reader, tick <-chan time.Time, r *report) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		reader := bufio.NewReader(events)
		for {
			line, err := reader.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case line, more := <-lines:
			if !more {
				r.unfinished()
				return
			}
			var e event
			if json.Unmarshal(line, &e) != nil {
				_, _ = r.out.Write(line) // what go test says before the tests begin
				continue
			}
			r.take(e)
		case <-tick:
			r.progress()
		}
	}
}
