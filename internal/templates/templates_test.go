package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

func template(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	require.NoError(t, err)
	return string(text)
}

func TestTheTemplatesAreNotStale(t *testing.T) {
	files, err := All([]byte(template(t)), Artifacts{})
	require.NoError(t, err)
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(root, "templates", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have), "templates/%s is stale: run make templates", name)
	}
	entries, err := os.ReadDir(filepath.Join(root, "templates"))
	require.NoError(t, err)
	assert.Len(t, entries, len(files), "nothing else is in the folder")
}

// Every comment of template.yaml is in the plain template, but for those of what is not there.
func TestThePlainTemplateKeepsTheComments(t *testing.T) {
	files, err := All([]byte(template(t)), Artifacts{})
	require.NoError(t, err)
	plain := files["redis-cloud-iam.yaml"]
	for line := range strings.Lines(template(t)) {
		comment := strings.TrimSpace(line)
		if strings.HasPrefix(comment, "#") && !strings.Contains(comment, "Serverless Application Repository") {
			assert.Contains(t, string(plain), comment)
		}
	}
	assert.NotContains(t, string(plain), "AWS::Serverless")
	assert.NotContains(t, string(plain), "Transform")
}

// What a StackSet does not hand on would have its default in every account.
func TestTheStackSetHandsEveryParameterOn(t *testing.T) {
	files, err := All([]byte(template(t)), Artifacts{})
	require.NoError(t, err)
	var plain, set struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
		Resources  struct {
			StackSet struct {
				Properties struct {
					Parameters []struct {
						ParameterKey string `yaml:"ParameterKey"`
					} `yaml:"Parameters"`
				} `yaml:"Properties"`
			} `yaml:"StackSet"`
		} `yaml:"Resources"`
	}
	require.NoError(t, yaml.Unmarshal(files["redis-cloud-iam.yaml"], &plain))
	require.NoError(t, yaml.Unmarshal(files["stackset.yaml"], &set))
	passed := map[string]bool{}
	for _, p := range set.Resources.StackSet.Properties.Parameters {
		passed[p.ParameterKey] = true
	}
	require.Greater(t, len(plain.Parameters), 15)
	for name := range plain.Parameters {
		assert.True(t, passed[name], name)
		assert.Contains(t, set.Parameters, name)
	}
	assert.Len(t, passed, len(plain.Parameters))
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	rows := []struct{ old, replacement, says string }{
		{"\nResources:\n", "\nGlobals:\n  Function:\n    Timeout: 1\n\nResources:\n", "section Globals is not known"},
		{"\nResources:\n", "\nResources:\n  Second:\n    Type: AWS::Serverless::Function\n", "resource Second is of type AWS::Serverless::Function"},
		{"\nResources:\n", "\nResources:\n  Second:\n    Type: AWS::Serverless::Api\n", "resource Second is of type AWS::Serverless::Api"},
		{"      Handler: bootstrap\n", "      Handler: bootstrap\n      Tracing: Active\n", "property Tracing of Provisioner is not known"},
		{"        MaximumRetryAttempts: 2\n", "        DestinationConfig:\n          OnFailure:\n            Type: SQS\n", "DestinationConfig of EventInvokeConfig is not known"},
		{"    Metadata:\n      BuildMethod: makefile\n", "    DeletionPolicy: Retain\n", "attribute DeletionPolicy of Provisioner is not known"},
		{"    SemanticVersion: ", "    Version: ", "SemanticVersion"},
		{"Transform: AWS::Serverless-2016-10-31\n", "", "Transform"},
	}
	for _, row := range rows {
		t.Run(row.says, func(t *testing.T) {
			text := template(t)
			require.Contains(t, text, row.old)
			_, err := All([]byte(strings.Replace(text, row.old, row.replacement, 1)), Artifacts{})
			assert.ErrorContains(t, err, row.says)
		})
	}
	for _, text := range []string{"", "- a", "a: [", "Resources: text"} {
		_, err := All([]byte(text), Artifacts{})
		assert.Error(t, err, text)
	}
}

// What the page shows is what make validate checks.
func TestThePageOnTheResourceShowsTheExamplesThatAreChecked(t *testing.T) {
	page := read(t, "docs/custom-resource.md")
	for _, name := range []string{"own-template.yaml", "own-stack.js"} {
		assert.Equal(t, 1, strings.Count(page, "\n"+read(t, ".ci/cloudformation/"+name)+"```\n"), name)
	}
}
