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
	for _, name := range []string{plainName, stackSetName} {
		before, err := os.ReadFile("../../templates/" + name)
		require.NoError(t, err)
		after, err := loadTemplate(os.DirFS("../.."), name, "my-prefix")
		require.NoError(t, err)
		key := "  ArtifactBucketPrefix:\n    Type:"
		require.Contains(t, string(before), key)
		assert.Equal(t, strings.Replace(string(before), key, "  ArtifactBucketPrefix:\n    Default: \"my-prefix\"\n    Type:", 1), string(after))
	}
}

// CloudFormation refuses a template whose default does not match the parameter's pattern.
func TestTheTemplatesTakeThePrefixesThatPublishTakes(t *testing.T) {
	source, err := os.ReadFile("../../templates/" + plainName)
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
		_, err := readVersion(fstest.MapFS{"template.yaml": {Data: []byte(source)}})
		require.ErrorContains(t, err, "write a version such as 1.2.3", version)
	}
}
