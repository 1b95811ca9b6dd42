// Command testwatch runs go test with the arguments that it gets. Every few seconds it says which
// tests run. It shows the output of what failed, why a test was skipped, what a test at the top
// level logged, and how long each package took and how many of its tests passed.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	command := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...) //nolint:gosec,noctx // the caller's own tests
	command.Stderr = os.Stdout
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // go test gets it too, and ends
	events, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err == nil {
		r := newReport(os.Stdout)
		go func() {
			for range time.Tick(5 * time.Second) {
				r.progress()
			}
		}()
		watch(events, r)
		err = command.Wait()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testwatch: go test:", err)
		os.Exit(1)
	}
}

// watch reports the events of go test until there are no more. What is under way then never ended,
// because its process died: its output says how.
func watch(events io.Reader, r *report) {
	scanner := bufio.NewScanner(events)
	for scanner.Buffer(nil, 1<<24); scanner.Scan(); {
		var e event
		if json.Unmarshal(scanner.Bytes(), &e) != nil { // said before the tests begin
			e = event{Action: "build-output", Output: scanner.Text() + "\n"}
		}
		r.take(e)
	}
	for _, output := range r.output {
		fmt.Fprint(r.out, output)
	}
}

// event is one event of go test -json: https://pkg.go.dev/cmd/test2json.
type event struct {
	test
	Action, Output string
	Elapsed        float64 // seconds
}

// test is one test of a package; without a name it stands for the package.
type test struct{ Package, Test string }

// top reports whether it is a test at the top level.
func (t test) top() bool { return t.Test != "" && !strings.Contains(t.Test, "/") }

func (t test) String() string {
	_, path, _ := strings.Cut(t.Package, "/")
	return strings.TrimSpace(path + " " + t.Test)
}

// report says how the tests go.
type report struct {
	mu     sync.Mutex
	out    io.Writer
	begin  time.Time
	output map[test]string // of what is under way
	passed map[string]int  // by package; "" for all of them
}

func newReport(out io.Writer) *report {
	return &report{out: out, begin: time.Now(), output: map[test]string{}, passed: map[string]int{}}
}

func (r *report) take(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Action {
	case "run", "output":
		r.output[e.test] += e.Output
		return
	case "build-output", "fail":
		fmt.Fprint(r.out, r.output[e.test], e.Output)
	case "skip":
		r.notes(e, "skip")
	case "pass":
		if e.Test == "" {
			how := fmt.Sprintf("%d passed", r.passed[e.Package])
			if strings.Contains(r.output[e.test], "[no tests to run]") {
				how = "no test ran"
			}
			fmt.Fprintf(r.out, "ok    %6.1f s  %s: %s\n", e.Elapsed, e.test, how)
			break
		}
		r.passed[e.Package]++
		r.passed[""]++
		if e.top() {
			r.notes(e, "")
		}
	default:
		return
	}
	delete(r.output, e.test)
}

// notes shows the lines that a test has logged.
func (r *report) notes(e event, how string) {
	for _, line := range regexp.MustCompile(`(?m)\.go:\d+: (.*)$`).FindAllStringSubmatch(r.output[e.test], -1) {
		fmt.Fprintf(r.out, "%-4s            %s: %s\n", how, e.test, line[1])
	}
}

// progress says what runs.
func (r *report) progress() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for t := range r.output {
		if t.top() {
			names = append(names, t.String())
		}
	}
	slices.Sort(names)
	what := cmp.Or(strings.Join(names, ", "), "building")
	fmt.Fprintf(r.out, "      %6.1f s  %d passed; now %.100s\n", time.Since(r.begin).Seconds(), r.passed[""], what)
}
