package templates

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// document is a template as the tests of its rules read it.
type document struct {
	name string // of its file
	text string
	root *yaml.Node
}

// The three templates that people launch.
const (
	samFile      = "template.yaml"
	plainFile    = "templates/redis-cloud-iam.yaml"
	stackSetFile = "templates/stackset.yaml"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(text)
}

func documentOf(t *testing.T, name, text string) document {
	t.Helper()
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &node), name)
	require.Len(t, node.Content, 1, name)
	return document{name, text, node.Content[0]}
}

// member is an entry of a map. Its name is also that of a function: Fn::Sub is Sub.
type member struct {
	name  string
	value *yaml.Node
}

func members(node *yaml.Node) (all []member) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		all = append(all, member{node.Content[i].Value, node.Content[i+1]})
	}
	return all
}

// get follows names through maps. It returns nil where there is no such entry.
func get(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		all := members(node)
		i := slices.IndexFunc(all, func(m member) bool { return m.name == name })
		if i < 0 {
			return nil
		}
		node = all[i].value
	}
	return node
}

// textOf is the text of a scalar, "" where there is none.
func textOf(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}

// function reads a node as an intrinsic function, in its short form (!Sub) or in its long one
// (Fn::Sub).
func functionOf(node *yaml.Node) (name string, arguments *yaml.Node, ok bool) {
	if short, isShort := strings.CutPrefix(node.Tag, "!"); isShort && !strings.HasPrefix(short, "!") {
		return short, node, true
	}
	if all := members(node); len(all) == 1 {
		if long, isLong := strings.CutPrefix(all[0].name, "Fn::"); isLong || all[0].name == "Ref" {
			return long, all[0].value, true
		}
	}
	return "", nil, false
}

// walk visits a node and everything below it, with where it is.
func walk(node *yaml.Node, path string, visit func(path string, node *yaml.Node)) {
	if node == nil {
		return
	}
	visit(path, node)
	for _, m := range members(node) {
		walk(m.value, path+"/"+m.name, visit)
	}
	if node.Kind == yaml.SequenceNode {
		for i, item := range node.Content {
			walk(item, fmt.Sprintf("%s/%d", path, i), visit)
		}
	}
}

// call is a function that a template calls.
type call struct {
	path, name string
	arguments  *yaml.Node
}

// argument is the i-th of a list of arguments, nil where there is none.
func (c call) argument(i int) *yaml.Node {
	if c.arguments.Kind != yaml.SequenceNode || i >= len(c.arguments.Content) {
		return nil
	}
	return c.arguments.Content[i]
}

func calls(node *yaml.Node, path string) (all []call) {
	walk(node, path, func(path string, node *yaml.Node) {
		if name, arguments, ok := functionOf(node); ok {
			all = append(all, call{path, name, arguments})
		}
	})
	return all
}
