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
		after, err := withDefault(before, "ArtifactBucketPrefix", "my-prefix")
		require.NoError(t, err)
		key := "  ArtifactBucketPrefix:\n    Type:"
		require.Contains(t, string(before), key)
		assert.Equal(t, strings.Replace(string(before), key, "  ArtifactBucketPrefix:\n    Default: \"my-prefix\"\n    Type:", 1), string(after))
	}
}

func TestADefaultThatCannotBeGivenIsRefused(t *testing.T) {
	for _, test := range []struct{ template, says string }{
		{"Parameters:\n  Q:\n    Type: String\n", "there is no parameter P"},
		{"Parameters:\n  P:\n    Type: String\n    Default: theirs\n", `parameter P has a default, "theirs"`},
		{"Parameters:\n  P:\n    AllowedPattern: \"[a-z]{3}\"\n", `parameter P allows only what matches [a-z]{3}, which "mine" does not`},
		{"Parameters:\n  P:\n    AllowedPattern: \"(\"\n", "parameter P: AllowedPattern: error parsing regexp"},
		{"Parameters:\n  P: { Type: String }\n", "parameter P has no place for a default: write it with one attribute a line"},
		{"Parameters: {P: {Type: String}}\n", "parameter P has no place for a default"},
	} {
		_, err := withDefault([]byte(test.template), "P", "mine")
		require.ErrorContains(t, err, test.says, test.template)
	}
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
