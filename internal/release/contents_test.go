package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePublishedTemplatesDifferByOneLine(t *testing.T) {
	source, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	files, err := contents{source: source, prefix: "my-prefix", zips: []file{{}}}.files(nil)
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, after := range files[1:3] {
		before, err := os.ReadFile("../../templates/" + after.name)
		require.NoError(t, err)
		key := "  ArtifactBucketPrefix:\n    Type:"
		require.Contains(t, string(before), key)
		assert.Equal(t, strings.Replace(string(before), key, "  ArtifactBucketPrefix:\n    Default: \"my-prefix\"\n    Type:", 1), string(after.content))
	}
}

// CloudFormation refuses a template whose default does not match the parameter's pattern.
func TestTheTemplatesTakeThePrefixesThatPublishTakes(t *testing.T) {
	source, err := os.ReadFile("../../templates/" + "redis-cloud-iam.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(source), "AllowedPattern: \""+prefixPattern+"\"")
}

func TestTheVersionIsThatOfTheTemplate(t *testing.T) {
	t.Chdir("../..")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"version"}, &out))
	assert.Regexp(t, `^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?\n$`, out.String())

	for _, version := range []string{"", "1.0", "1.2.3+linux", "1.2.3/../4", "v1.2.3"} {
		source := "Metadata:\n  AWS::ServerlessRepo::Application:\n    SemanticVersion: " + version + "\n"
		_, _, err := readVersion(fstest.MapFS{"template.yaml": {Data: []byte(source)}})
		require.ErrorContains(t, err, "write a version such as 1.2.3", version)
	}
}
