package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

var measure = flag.Bool("measure", false, "measure the built binary, which takes a minute: make bench")

// TestMeasure measures what a user waits for and pays for, beside what they would take instead and
// beside the limit, all in one run, and prints one table. A figure is a ratio to something that was
// measured beside it: absolute times mean little on a machine that is shared. What is measured in
// process has go test's own benchmarks.
func TestMeasure(t *testing.T) {
	if !*measure {
		t.Skip("make bench asks for it")
	}
	t.Chdir(module)
	b := &bench{T: t, directory: t.TempDir()}
	b.coldStarts()
	b.sizes()
	b.depths()
	b.looks()
	fmt.Printf("Measured beside each other, in one run\n   %s, %s/%s, %d CPUs, %s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "what\tthe function\tbeside it\tratio\ttarget")
	for _, row := range b.rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	require.NoError(t, table.Flush())
}

// bench gathers the rows of the table.
type bench struct {
	*testing.T
	directory string
	rows      [][]string
}

func (b *bench) add(what, ours, beside, ratio, target string) {
	b.rows = append(b.rows, []string{what, ours, beside, ratio, target})
}

// The programs that the functions are compared with. All are built with the flags with which the
// functions ship.
const (
	hello = "./internal/local/testdata/hello"
	naive = "./internal/local/testdata/naive"
)

// compile builds a program as the function ships, for this machine or for Lambda.
func (b *bench) compile(program string, forLambda bool) string {
	file := filepath.Join(b.directory, strings.ReplaceAll(program[2:], "/", "-"))
	environment := append(os.Environ(), "CGO_ENABLED=0")
	if forLambda {
		file += "-lambda"
		environment = append(environment, "GOOS=linux", "GOARCH=arm64")
	}
	command := exec.CommandContext(b.Context(), "go", "build", "-tags", buildTags, "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", file, program)
	command.Env = environment
	output, err := command.CombinedOutput()
	require.NoError(b, err, string(output))
	return file
}

func ratio(a, b float64) string { return fmt.Sprintf("%.2f ×", a/b) }

// program is one of those whose starts are compared.
type program struct {
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
func (b *bench) coldStarts() {
	const rounds = 40
	var programs []*program
	for _, path := range []string{theFunction, hello, naive, theWatcher} {
		programs = append(programs, &program{argv: []string{b.compile(path, false)}})
	}
	if exec.CommandContext(b.Context(), "python3", "-c", "import boto3").Run() == nil {
		programs = append(programs, &program{argv: []string{"python3", "internal/local/testdata/cold.py"}})
	}
	asked := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done() // there is no work
	}))
	defer server.Close()
	for round := range rounds {
		for _, p := range programs {
			if len(p.argv) == 1 || round%8 == 0 { // Python is slow and steady
				b.start(p, server.Listener.Addr().String(), asked)
			}
		}
	}

	ours, least := programs[0], programs[1]
	compare := func(what string, p *program, target string) {
		b.add(what, fmt.Sprintf("%.1f ms", p.median()), fmt.Sprintf("%.1f ms", least.median()), ratio(p.median(), least.median()), target)
	}
	compare("cold start, against hello-world in Go", ours, "≤ 1.5 ×")
	compare("  the SDK's own way, against hello-world", programs[2], "")
	compare("  the watcher, against hello-world", programs[3], "")
	if len(programs) > 4 {
		compare("  Python with boto3, against hello-world", programs[4], "")
	} else {
		b.add("  Python with boto3, against hello-world", "left out: there is no Python with boto3", "", "", "")
	}
	if ours.memory > 0 {
		b.add("memory at the first request", megabytes(ours.memory), megabytes(least.memory), ratio(float64(ours.memory), float64(least.memory)), "")
	}
}

func megabytes(kB int) string { return fmt.Sprintf("%.1f MB", float64(kB)/1024) }

func (b *bench) start(p *program, runtimeAPI string, asked <-chan time.Time) {
	command := exec.CommandContext(b.Context(), p.argv[0], p.argv[1:]...)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=bench",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=BENCH", "AWS_SECRET_ACCESS_KEY=not-a-secret", "AWS_SESSION_TOKEN=not-a-secret",
	}
	begin := time.Now()
	require.NoError(b, command.Start())
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	select {
	case at := <-asked:
		p.starts = append(p.starts, at.Sub(begin))
		p.memory = memoryOf(command.Process.Pid, "VmRSS")
	case <-time.After(time.Minute):
		b.Fatalf("%v did not ask for work within a minute", p.argv)
	}
}

// memoryOf reads a line of what Linux says of a process, in kB; elsewhere it is 0.
func memoryOf(pid int, field string) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == field+":" {
			kB, _ := strconv.Atoi(words[1])
			return kB
		}
	}
	return 0
}

// sizes compares the zips that go to Lambda.
func (b *bench) sizes() {
	ours, least, other, watcher := b.zipped(theFunction), b.zipped(hello), b.zipped(naive), b.zipped(theWatcher)
	mb := func(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/1e6) }
	b.add("zip, against hello-world in Go", mb(ours), mb(least), ratio(ours, least), "≤ 1.35 ×")
	b.add("  the SDK's own way with 3 operations", mb(other), mb(least), ratio(other, least), "")
	b.add("  the watcher", mb(watcher), mb(least), ratio(watcher, least), "")
}

// zipped is the size of a program's zip.
func (b *bench) zipped(program string) float64 {
	text, err := os.ReadFile(b.compile(program, true))
	require.NoError(b, err)
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	file, err := archive.Create("bootstrap")
	require.NoError(b, err)
	_, err = file.Write(text)
	require.NoError(b, err)
	require.NoError(b, archive.Close())
	return float64(content.Len())
}

// trip is what each call takes: so much that the rest is nothing beside it.
const trip = 50 * time.Millisecond

// depths counts the calls of each event and how many of them wait for one another, and confirms it
// by the time that it takes. Beside Create it measures the same work as a person would do it: one
// call after the other.
func (b *bench) depths() {
	stage, err := newStage(b.Context(), b.compile(theFunction, false), localaws.New(localaws.Options{}), trip, "us-east-1")
	require.NoError(b, err)
	defer stage.stop()
	targets := map[string]string{"create": "≤ 5", "update-noop": "≤ 2", "rotate": "≤ 4", "delete": "≤ 4", "delete-unprotected": "≤ 3"}
	for i, name := range []string{
		"create", "update-noop", "rotate", "rotate-back", "update-in-place", "delete", "create", "delete-unprotected",
	} {
		scenes, err := load([]string{filepath.Join("events", name+".json")})
		require.NoError(b, err)
		a := stage.play(b.Context(), scenes[0])
		require.NoError(b, a.err)
		require.Len(b, a.answers, 1, name)
		require.Equal(b, cfn.StatusSuccess, a.answer().Status, name)
		if name == "create" && i > 0 {
			continue // for the Delete that follows
		}
		b.trips(name+", in trips of "+trip.String(), fmt.Sprintf("%d trips, %d calls", localaws.RoundTrips(a.calls), len(a.calls)), a.took, targets[name])
		if name == "create" {
			calls, took := b.straightLine()
			b.trips("  the same in a straight line", fmt.Sprintf("%d calls in a row", calls), took, "")
			if peak := memoryOf(stage.function.command.Process.Pid, "VmHWM"); peak > 0 {
				b.add("memory at the peak of Create", megabytes(peak), "", "", "")
			}
		}
	}
}

// trips adds a row about something that took some trips.
func (b *bench) trips(what, ours string, took time.Duration, target string) {
	b.add(what, ours, trip.String(), ratio(took.Seconds(), trip.Seconds()), target)
}

// looks counts the calls of a run of the watcher: one that finds nothing, and one that tells people.
func (b *bench) looks() {
	memory := localaws.New(localaws.Options{})
	stage, err := newStage(b.Context(), b.compile(theFunction, false), memory, 0, "us-east-1")
	require.NoError(b, err)
	defer stage.stop()
	w, err := newWatcher(b.Context(), b.compile(theWatcher, false), memory, trip)
	require.NoError(b, err)
	defer w.stop()
	scenes, err := load([]string{filepath.Join("events", "create.json"), filepath.Join("events", "rotate.json")})
	require.NoError(b, err)
	event, err := decode(filepath.Join("events", "watch.json"))
	require.NoError(b, err)
	// To a watcher whose event is that of before it, a rotation is drift.
	for i, name := range []string{"a run of the watcher", "  one that tells people"} {
		require.NoError(b, stage.play(b.Context(), scenes[i]).err)
		memory.Age(time.Hour)
		s, err := w.look(b.Context(), event)
		require.NoError(b, err)
		require.Len(b, s.messages, i, name)
		b.trips(name+", in trips of "+trip.String(), fmt.Sprintf("%d trips, %d calls", localaws.RoundTrips(s.calls), len(s.calls)), s.took, "≤ 3")
	}
}

// straightLine does the work of a Create one call after the other, without a look at what is there,
// without tags of ownership, and without a thought of what happens when it stops in the middle.
func (b *bench) straightLine() (calls int, took time.Duration) {
	meter := &meter{next: localaws.New(localaws.Options{}), latency: trip}
	server := httptest.NewServer(meter)
	defer server.Close()
	account := newInventory(server.URL, "us-east-1")
	begin := time.Now()
	key, err := byhand.FiveSteps(b.Context(), account.iam, "123456789012")
	require.NoError(b, err)
	name, user := "straight-line", "redislabs-user"
	_, err = account.secrets.CreateSecret(b.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &key})
	require.NoError(b, err)
	_, err = account.secrets.DescribeSecret(b.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
	require.NoError(b, err)
	_, err = account.iam.GetUser(b.Context(), &iam.GetUserInput{UserName: &user})
	require.NoError(b, err)
	return len(meter.take()), time.Since(begin)
}
