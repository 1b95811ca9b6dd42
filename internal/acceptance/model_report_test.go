package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// failure is what a sequence broke, and how it came about.
type failure struct {
	violation
	story  []string
	events [][]byte
}

// told tells how it came about, and writes the events where make local can play them. Faults, and
// what people changed out of band, are in the story alone.
func (v *failure) told(t *testing.T) string {
	directory := folderForEvents(t)
	var files []string
	for i, text := range v.events {
		files = append(files, writeEvent(t, directory, i+1, text))
	}
	return fmt.Sprintf("%s\n%s\nmake local EVENTS=%q", v.details, strings.Join(v.story, "\n"), strings.Join(files, " "))
}

// folderForEvents is one for each test: it stays for whoever looks into a failure, and holds its
// last, smallest form.
func folderForEvents(t *testing.T) string {
	directory := filepath.Join(os.TempDir(), "redis-cloud-iam-model", strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())) //nolint:usetesting // outlives the test
	require.NoError(t, os.RemoveAll(directory))
	require.NoError(t, os.MkdirAll(directory, 0o700))
	return directory
}

func writeEvent(t *testing.T, directory string, number int, text []byte) string {
	var e struct{ RequestType string }
	require.NoError(t, json.Unmarshal(text, &e))
	file := filepath.Join(directory, fmt.Sprintf("%02d-%s.json", number, strings.ToLower(e.RequestType)))
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}
