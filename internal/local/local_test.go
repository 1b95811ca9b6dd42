package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// TestAStacksLife is "make local": the built binary, over HTTP.
func TestAStacksLife(t *testing.T) {
	t.Chdir("../..")
	require.NoError(t, run(t.Context(), newScreen(os.Stdout), nil, ""))
}

// TestEveryEvent plays each file of the events folder by itself, in an empty account, and all that
// a name of a file promises holds.
func TestEveryEvent(t *testing.T) {
	t.Chdir("../..")
	bootstrap, err := build(t.Context(), ".", theFunction, t.TempDir())
	require.NoError(t, err)
	files, err := filepath.Glob("events/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		// The first two need a stack, and the others are none of CloudFormation's.
		if !slices.Contains([]string{"create-again.json", "update-noop.json", "env.json", "watch.json"}, filepath.Base(file)) {
			scenes, err := load([]string{file})
			require.NoError(t, err)
			assert.NoError(t, perform(t.Context(), newScreen(os.Stdout), bootstrap, scenes, false, ""), file)
		}
	}
}

func TestAnotherEmulatorIsReachedThroughItsURL(t *testing.T) {
	t.Chdir("../..")
	emulator := httptest.NewServer(localaws.New(localaws.Options{}))
	defer emulator.Close()
	require.NoError(t, run(t.Context(), newScreen(os.Stdout), []string{"events/create.json", "events/delete.json"}, emulator.URL))
	assert.ErrorContains(t, run(t.Context(), newScreen(os.Stdout), nil, "nowhere"), "AWS_ENDPOINT_URL")
}

// TestWhatIsWrongIsSaid: the exit status must not be 0 when an answer is not what it should be.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Chdir("../..")
	folder := t.TempDir()
	text, err := os.ReadFile("events/bad-properties.json")
	require.NoError(t, err)
	good := filepath.Join(folder, "good.json") // by its name it should succeed
	require.NoError(t, os.WriteFile(good, text, 0o600))
	require.ErrorContains(t, run(t.Context(), newScreen(os.Stdout), []string{good}, ""), "not as expected")
	for text, place := range map[string]string{
		"": ":1:1: ", "{": ":1:1: ", "{} {}": ":1:4: ", "{\n  \"RequestType\": \"Create\",\n}\n": ":3:1: ", "{\n\n \"a\" \"b\"}": ":3:6: ",
	} {
		require.NoError(t, os.WriteFile(good, []byte(text), 0o600))
		_, err := load([]string{good})
		require.ErrorContains(t, err, "decode the event "+good+place, "%q", text)
	}
	const requestType = `the RequestType must be "Create", "Update" or "Delete"`
	for text, says := range map[string]string{
		"[1]": "an event is a JSON object", "null": "an event is a JSON object", "{}": requestType,
		`{"RequestType":5,"ResourceProperties":{}}`: requestType, `{"RequestId":"1","ResourceProperties":{}}`: requestType,
	} {
		require.NoError(t, os.WriteFile(good, []byte(text), 0o600))
		_, err := load([]string{good})
		require.ErrorContains(t, err, says, text)
	}
	for file, says := range map[string]string{
		"events/craete.json": "there is no file events/craete.json; did you mean events/create.json?",
		"events/create":      "did you mean events/create.json?",
		"adopt":              "did you mean events/adopt.json?",
		"nowhere/at-all":     "there is no file nowhere/at-all; events/README.md lists the events",
		"events/watch.json":  "it is for the watcher",
		"events":             "events is a directory; name the files in it, such as events/create.json",
	} {
		_, err := load([]string{file})
		require.ErrorContains(t, err, says)
	}
}

// A JSON decoder may make 2 of 2.0, and so play another event than the one in the file.
func TestNumbersArePlayedAsTheyAreWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "numbers.json")
	for _, number := range []string{"2.0", "1.68085023892e11", "12345678901234567890"} {
		text := `{"RequestType":"Create","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/a/b","ResourceProperties":{"a":[` + number + `]}}`
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		scenes, err := load([]string{file})
		require.NoError(t, err)
		assert.Contains(t, string(scenes[0].payload("")), "["+number+"]")
	}
}

func TestADeadEmulatorIsNamed(t *testing.T) {
	t.Chdir("../..")
	emulator := httptest.NewServer(nil)
	emulator.Close()
	start := time.Now()
	err := run(t.Context(), newScreen(os.Stdout), nil, emulator.URL)
	require.ErrorContains(t, err, "no emulator answers at AWS_ENDPOINT_URL")
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestEachCommandHasItsName(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	name, err := command(t.Context(), []string{"-h"}, out)
	require.ErrorIs(t, err, flag.ErrHelp)
	assert.Equal(t, "make local", name)
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	assert.Equal(t, help, string(text))
	_, err = command(t.Context(), []string{"-clals"}, out)
	require.ErrorContains(t, err, "-clals")

	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", awsPort))
	if err == nil {
		defer taken.Close()
	}
	name, err = command(t.Context(), []string{"-serve"}, out)
	assert.Equal(t, "make local-aws", name)
	assert.ErrorContains(t, err, "is another make local-aws running?")
}

// TestTheScreenTellsWhatIsExpected has a refusal that is right, an adoption with its stages, and calls.
func TestTheScreenTellsWhatIsExpected(t *testing.T) {
	t.Chdir("../..")
	bootstrap, err := build(t.Context(), ".", theFunction, t.TempDir())
	require.NoError(t, err)
	show := func(name string) string {
		scenes, err := load([]string{"events/" + name + ".json"})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, perform(t.Context(), &screen{out: &out, colour: true, calls: true}, bootstrap, scenes, false, ""))
		return out.String()
	}
	refused := show("bad-properties")
	assert.Contains(t, refused, "refused, as it should be")
	assert.NotContains(t, refused, "\x1b["+red+"m")
	assert.Contains(t, refused, "1 answer, as expected")

	start := time.Now()
	adopted := show("adopt")
	assert.Less(t, time.Since(start), 10*time.Second, "people made the key long ago")
	var stages []string
	for _, stage := range regexp.MustCompile(`stage (\d)`).FindAllStringSubmatch(adopted, -1) {
		stages = append(stages, stage[1])
	}
	require.Len(t, stages, 3)
	for i, stage := range stages {
		assert.Equal(t, strconv.Itoa(i+1), stage)
	}
	assert.Regexp(t, `calls +0\.\d{3} s  [DG]e`, adopted)
	assert.Regexp(t, `DescribeSecret +400`, adopted)
}

func TestRoundTripsAreTheLongestChain(t *testing.T) {
	at := func(start, end int) localaws.Call {
		begin := time.Unix(0, 0)
		return localaws.Call{Start: begin.Add(time.Duration(start)), End: begin.Add(time.Duration(end))}
	}
	assert.Equal(t, 0, localaws.RoundTrips(nil))
	assert.Equal(t, 1, localaws.RoundTrips([]localaws.Call{at(0, 10), at(1, 9), at(5, 20)}))
	assert.Equal(t, 3, localaws.RoundTrips([]localaws.Call{at(0, 10), at(0, 30), at(12, 20), at(21, 40), at(11, 60)}))
}
