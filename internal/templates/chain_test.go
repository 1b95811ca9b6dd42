package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longestChain is a longest chain of resources that ends in one: each is created after the one
// before it.
func longestChain(graph map[string][]string, to string) []string {
	var longest []string
	for _, before := range graph[to] {
		if chain := longestChain(graph, before); len(chain) > len(longest) {
			longest = chain
		}
	}
	return append(slices.Clone(longest), to)
}

// A launch takes as long as its longest chain, and CloudFormation takes ten to twenty seconds for an
// IAM resource. Each resource of the chain needs the one before it.
func TestTheLongestChainToTheCustomResourceIsFour(t *testing.T) {
	for _, name := range []string{samFile, plainFile} {
		chain := longestChain(dependencies(documentOf(t, name, read(t, name))), "RedisCloudIAM")
		assert.Equal(t, []string{"ProvisionerRole", "Provisioner", "ProvisionerEventInvokeConfig", "RedisCloudIAM"}, chain, name)
	}
}

func TestALongerChainIsSeen(t *testing.T) {
	text := read(t, samFile)
	const function = "    Type: AWS::Serverless::Function\n"
	require.Contains(t, text, function)
	text = strings.Replace(text, function, function+"    DependsOn: RolePermissions\n", 1)
	chain := longestChain(dependencies(documentOf(t, samFile, text)), "RedisCloudIAM")
	assert.Len(t, chain, 5, "%v", chain)
}
