package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packageOf packages a bootstrap in a directory of its own, and returns the zip and what a person
// sees.
func packageOf(t *testing.T, content string, mode os.FileMode, modified time.Time) (archive []byte, screen string) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("build", 0o755))
	require.NoError(t, os.WriteFile("build/bootstrap", []byte(content), mode))
	require.NoError(t, os.Chtimes("build/bootstrap", modified, modified))
	require.NoError(t, os.WriteFile("build/watcher", []byte("a watcher"), mode))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"package"}, &out))
	archive, err := os.ReadFile("build/provisioner.zip")
	require.NoError(t, err)
	sums, err := os.ReadFile("build/SHA256SUMS")
	require.NoError(t, err)
	assert.Equal(t, string(sums), out.String())
	return archive, out.String()
}

func TestTheZipHasNothingOfTheFileButItsContent(t *testing.T) {
	one, screen := packageOf(t, "a function", 0o755, time.Now())
	other, _ := packageOf(t, "a function", 0o600, time.Now().Add(-time.Hour))
	assert.Equal(t, one, other)
	assert.Regexp(t, `^[0-9a-f]{64} {2}provisioner\.zip\n[0-9a-f]{64} {2}watcher\.zip\n$`, screen)

	another, sum := packageOf(t, "another function", 0o755, time.Now())
	assert.NotEqual(t, one, another)
	assert.NotEqual(t, screen, sum)
}

// TestLambdaCanRunWhatIsInTheZip has what Lambda asks of it: an executable bootstrap at the top.
func TestLambdaCanRunWhatIsInTheZip(t *testing.T) {
	content, _ := packageOf(t, "a function", 0o600, time.Now())
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.Len(t, archive.File, 1)
	bootstrap := archive.File[0]
	assert.Equal(t, "bootstrap", bootstrap.Name)
	assert.Equal(t, os.FileMode(0o755), bootstrap.Mode())
	opened, err := bootstrap.Open()
	require.NoError(t, err)
	function, err := io.ReadAll(opened)
	require.NoError(t, err)
	assert.Equal(t, "a function", string(function))
}

func TestThereIsNothingToPackageBeforeTheBuild(t *testing.T) {
	t.Chdir(t.TempDir())
	require.ErrorContains(t, run(t.Context(), []string{"package"}, io.Discard), "read the built function: open build/bootstrap")
}
