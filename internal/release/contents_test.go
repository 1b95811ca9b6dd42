package main

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheVersionIsThatOfTheTemplate(t *testing.T) {
	t.Chdir("../..")
	var out bytes.Buffer
	require.NoError(t, run([]string{"version"}, &out))
	assert.Regexp(t, `^\d+\.\d+\.\d+\n$`, out.String())

	for _, version := range []string{"", "1.0", "1.2.3+linux", "1.2.3/../4", "v1.2.3"} {
		source := "Metadata:\n  AWS::ServerlessRepo::Application:\n    SemanticVersion: " + version + "\n"
		_, err := readVersion(fstest.MapFS{"template.yaml": {Data: []byte(source)}})
		require.ErrorContains(t, err, "write a version such as 1.2.3", version)
	}
}
