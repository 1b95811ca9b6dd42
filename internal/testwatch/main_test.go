package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func reported(events ...string) string {
	var out bytes.Buffer
	watch(strings.NewReader(strings.Join(events, "\n")), newReport(&out))
	return out.String()
}

func TestFailedTestShowsItsOutputAndAPassedOneDoesNot(t *testing.T) {
	text := reported(
		`{"Action":"run","Package":"m/p","Test":"TestA"}`,
		`{"Action":"output","Package":"m/p","Test":"TestA","Output":"fine\n"}`,
		`{"Action":"pass","Package":"m/p","Test":"TestA"}`,
		`{"Action":"run","Package":"m/p","Test":"TestB"}`,
		`{"Action":"output","Package":"m/p","Test":"TestB","Output":"    b_test.go:1: wrong\n"}`,
		`{"Action":"fail","Package":"m/p","Test":"TestB"}`,
		`{"Action":"output","Package":"m/p","Output":"FAIL\tm/p\n"}`,
		`{"Action":"fail","Package":"m/p"}`,
	)
	assert.Contains(t, text, "wrong")
	assert.Contains(t, text, "FAIL\tm/p")
	assert.NotContains(t, text, "fine")
}

func TestWhatATestAtTheTopLogsAndWhyOneIsSkippedIsShown(t *testing.T) {
	text := reported(
		`{"Action":"output","Package":"m/p","Test":"TestA","Output":"    a_test.go:1: 12 cases\n"}`,
		`{"Action":"pass","Package":"m/p","Test":"TestA"}`,
		`{"Action":"output","Package":"m/p","Test":"TestB/one","Output":"        b_test.go:1: no moto\n"}`,
		`{"Action":"skip","Package":"m/p","Test":"TestB/one"}`,
		`{"Action":"run","Package":"m/q","Test":"TestA"}`,
		`{"Action":"pass","Package":"m/q","Test":"TestA"}`,
		`{"Action":"pass","Package":"m/p","Elapsed":1.5}`,
	)
	assert.Contains(t, text, "p TestA: 12 cases")
	assert.Contains(t, text, "skip            p TestB/one: no moto")
	assert.Contains(t, text, "ok       1.5 s  p: 1 passed\n")
}

// go test says so in the output of the package.
func TestAMistypedNameIsSeen(t *testing.T) {
	text := reported(
		`{"Action":"output","Package":"m/p","Output":"ok  \tm/p\t0.003s [no tests to run]\n"}`,
		`{"Action":"pass","Package":"m/p","Elapsed":0.003}`,
	)
	assert.Equal(t, "ok       0.0 s  p: no test ran\n", text)
}

func TestOutputOfAProcessThatDiedIsShown(t *testing.T) {
	text := reported(
		`{"Action":"run","Package":"m/p","Test":"TestA"}`,
		`{"Action":"output","Package":"m/p","Test":"TestA","Output":"panic: no\n"}`,
	)
	assert.Contains(t, text, "panic: no")
}

func TestProgressNamesWhatRuns(t *testing.T) {
	var out bytes.Buffer
	r := newReport(&out)
	r.begin = time.Now().Add(-time.Minute)
	r.progress()
	r.take(event{test{"m/p", "TestA"}, "run", "", 0})
	r.take(event{test{"m/p", "TestA/one"}, "run", "", 0})
	r.progress()
	assert.Regexp(t, `60\.\d s  0 passed; now building\n.*; now p TestA\n$`, out.String())
}
