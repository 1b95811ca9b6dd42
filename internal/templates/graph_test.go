package templates

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// generated are the resources that SAM makes of a resource besides the one that has its name.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
func generated(resource member) []string {
	if textOf(get(resource.value, "Type")) == "AWS::Serverless::Function" && get(resource.value, "Properties", "EventInvokeConfig") != nil {
		return []string{resource.name + "EventInvokeConfig"}
	}
	return nil
}

// dependencies are the resources that each resource depends on directly: by DependsOn, or by a
// reference in its properties or in its metadata. CloudFormation creates a resource after those
// that it depends on, and deletes it before them.
func dependencies(d document) map[string][]string {
	graph := map[string][]string{}
	for _, r := range members(get(d.root, "Resources")) {
		graph[r.name] = nil
		for _, name := range generated(r) {
			graph[name] = []string{r.name}
		}
	}
	for _, r := range members(get(d.root, "Resources")) {
		dependsOn := get(r.value, "DependsOn")
		names := []string{textOf(dependsOn)}
		if dependsOn != nil {
			for _, item := range dependsOn.Content {
				names = append(names, item.Value)
			}
		}
		for _, part := range []string{"Properties", "Metadata"} {
			for _, c := range calls(get(r.value, part), part) {
				names = append(names, references(c)...)
			}
		}
		for _, name := range names {
			if _, isResource := graph[name]; isResource && !slices.Contains(graph[r.name], name) {
				graph[r.name] = append(graph[r.name], name)
			}
		}
	}
	return graph
}

// references are the logical IDs that a function names itself. Those that a function in its
// arguments names are that one's.
func references(c call) (names []string) {
	text := c.arguments
	if c.name == "Sub" && text.Kind == yaml.SequenceNode {
		text = c.argument(0)
	}
	switch c.name {
	case "Ref":
		return []string{text.Value}
	case "GetAtt":
		if text.Kind == yaml.SequenceNode {
			return []string{textOf(c.argument(0))}
		}
		name, _, _ := strings.Cut(text.Value, ".")
		return []string{name}
	case "Sub":
		for _, m := range regexp.MustCompile(`\$\{([A-Za-z0-9]+)[.}]`).FindAllStringSubmatch(text.Value, -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// reachable are the resources that one depends on, directly or through others.
func reachable(graph map[string][]string, from string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, next := range graph[name] {
			if !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(from)
	return slices.Sorted(maps.Keys(seen))
}

// What the custom resource does not depend on may come after its Create or go before its Delete:
// the function would lack a permission or its log, or Lambda would repeat its events for six hours.
// And a launch that fails after it has adopted entities deletes them. It needs everything in the
// template but the watcher's schedule, which needs it: a run before the Create, or after the Delete,
// would find that everything is missing.
func TestTheCustomResourceIsCreatedLastAndDeletedFirst(t *testing.T) {
	for _, name := range []string{samFile, plainFile} {
		graph := dependencies(documentOf(t, name, read(t, name)))
		others := slices.DeleteFunc(slices.Sorted(maps.Keys(graph)), func(id string) bool {
			return id == "RedisCloudIAM" || id == "WatcherEventInvokeConfig" || strings.HasPrefix(id, "WatcherSchedule")
		})
		require.Greater(t, len(others), 7, name)
		assert.Equal(t, others, reachable(graph, "RedisCloudIAM"), name)
		assert.Contains(t, reachable(graph, "WatcherSchedule"), "RedisCloudIAM", name)
		for _, id := range others {
			assert.NotContains(t, reachable(graph, id), "RedisCloudIAM", "%s: %s", name, id)
		}
	}
}

// Every edge that makes it so is needed.
func TestALostDependencyIsSeen(t *testing.T) {
	for lost, line := range map[string]string{
		"ProvisionerEventInvokeConfig": "      - ProvisionerEventInvokeConfig\n",
		"KmsKeyPermissions":            "        - !If [HasKmsKey, !Ref KmsKeyPermissions, !Ref \"AWS::NoValue\"]\n",
		"ReaderPermissions":            "        - !If [HasSecretReaders, !Ref ReaderPermissions, !Ref \"AWS::NoValue\"]\n",
	} {
		for _, name := range []string{samFile, plainFile} {
			text := read(t, name)
			require.Equal(t, 1, strings.Count(text, line), "%s has no %q", name, line)
			graph := dependencies(documentOf(t, name, strings.Replace(text, line, "", 1)))
			assert.NotContains(t, reachable(graph, "RedisCloudIAM"), lost, name)
		}
	}
}
