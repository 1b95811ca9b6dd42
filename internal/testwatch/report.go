package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// event is one event of go test -json: https://pkg.go.dev/cmd/test2json.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64 // seconds
}

// test is one test of a package; without a name it stands for the package.
type test struct{ pkg, name string }

// report says how the tests go.
type report struct {
	out     io.Writer
	begin   time.Time
	running map[test]bool // tests at the top level
	output  map[test]*strings.Builder
	passed  int
}

func newReport(out io.Writer) *report {
	return &report{out: out, begin: time.Now(), running: map[test]bool{}, output: map[test]*strings.Builder{}}
}

// top is the test at the top level to which one belongs.
func (t test) top() test {
	name, _, _ := strings.Cut(t.name, "/")
	return test{t.pkg, name}
}

func (t test) String() string { return strings.TrimSpace(short(t.pkg) + " " + t.name) }

func short(pkg string) string {
	_, path, found := strings.Cut(pkg, "/")
	if !found {
		return pkg
	}
	return path
}

func (r *report) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "run":
		if t == t.top() {
			r.running[t] = true
		}
	case "output":
		if r.output[t] == nil {
			r.output[t] = &strings.Builder{}
		}
		r.output[t].WriteString(e.Output)
	case "pass", "skip", "fail":
		r.end(t, e)
	}
}

// end is where a test or a package has ended.
func (r *report) end(t test, e event) {
	output := ""
	if r.output[t] != nil {
		output = r.output[t].String()
		delete(r.output, t)
	}
	delete(r.running, t)
	switch {
	case e.Action == "fail":
		fmt.Fprint(r.out, output)
	case t.name != "":
		r.notes(t, e.Action, output)
	case e.Action == "pass":
		fmt.Fprintf(r.out, "ok    %6.1f s  %s\n", e.Elapsed, short(t.pkg))
	}
	if e.Action == "pass" && t.name != "" {
		r.passed++
	}
}

// notes are why a test was skipped, and what a test at the top level has logged.
func (r *report) notes(t test, action, output string) {
	for line := range strings.SplitSeq(output, "\n") {
		_, note, logged := strings.Cut(line, ".go:")
		if !logged || action != "skip" && t != t.top() {
			continue
		}
		_, note, _ = strings.Cut(note, ": ")
		fmt.Fprintf(r.out, "%-4s            %s: %s\n", map[string]string{"skip": "skip"}[action], t, note)
	}
}

// progress says what runs.
func (r *report) progress() {
	var names []string
	for t := range r.running {
		names = append(names, t.String())
	}
	what := "building"
	if len(names) > 0 {
		slices.Sort(names)
		what = strings.Join(slices.Compact(names), ", ")
	}
	const most = 100
	if len(what) > most {
		what = what[:most] + " …"
	}
	fmt.Fprintf(r.out, "      %6.1f s  %d passed; now %s\n", time.Since(r.begin).Seconds(), r.passed, what)
}

// unfinished are the tests that never ended: their process died, and their output says how.
func (r *report) unfinished() {
	for _, t := range slices.SortedFunc(maps.Keys(r.output), func(a, b test) int { return strings.Compare(a.String(), b.String()) }) {
		fmt.Fprint(r.out, r.output[t].String())
	}
}
