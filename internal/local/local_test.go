package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// TestAStacksLife is "make local": the built binary, over HTTP.
func TestAStacksLife(t *testing.T) {
	t.Chdir("../..")
	require.NoError(t, run(t.Context(), nil, ""))
}

// TestEveryEvent plays each file of the events folder by itself, in an empty account, and all that
// a name of a file promises holds.
func TestEveryEvent(t *testing.T) {
	t.Chdir("../..")
	bootstrap, err := build(t.Context(), ".", t.TempDir())
	require.NoError(t, err)
	files, err := filepath.Glob("events/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		// The first two need a stack, and the third is none.
		if !slices.Contains([]string{"create-again.json", "update-noop.json", "env.json"}, filepath.Base(file)) {
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
	require.NoError(t, run(t.Context(), []string{"events/create.json", "events/delete.json"}, emulator.URL))
	assert.ErrorContains(t, run(t.Context(), nil, "nowhere"), "AWS_ENDPOINT_URL")
}

// TestWhatIsWrongIsSaid: the exit status must not be 0 when an answer is not what it should be.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Chdir("../..")
	folder := t.TempDir()
	text, err := os.ReadFile("events/bad-properties.json")
	require.NoError(t, err)
	good := filepath.Join(folder, "good.json") // by its name it should succeed
	require.NoError(t, os.WriteFile(good, text, 0o600))
	require.ErrorContains(t, run(t.Context(), []string{good}, ""), "not what they should be")
	require.ErrorContains(t, run(t.Context(), []string{filepath.Join(folder, "none.json")}, ""), "read the event")
	require.NoError(t, os.WriteFile(good, []byte("{"), 0o600))
	require.ErrorContains(t, run(t.Context(), []string{good}, ""), "decode the event")
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
