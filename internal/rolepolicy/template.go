package rolepolicy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Template is a CloudFormation template, as far as the policies in it need it.
type Template struct {
	parameters map[string]parameter
	conditions map[string]any
	resources  map[string]resource
}

type parameter struct{ kind, value, pattern string }

type resource struct {
	kind, condition string
	properties      any
}

// Parse reads a template in YAML.
func Parse(text []byte) (*Template, error) {
	var document struct {
		Parameters map[string]struct {
			Type           string  `yaml:"Type"`
			Default        *string `yaml:"Default"`
			AllowedPattern string  `yaml:"AllowedPattern"`
		} `yaml:"Parameters"`
		Conditions map[string]yaml.Node `yaml:"Conditions"`
		Resources  map[string]struct {
			Type       string    `yaml:"Type"`
			Condition  string    `yaml:"Condition"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	t := &Template{map[string]parameter{}, map[string]any{}, map[string]resource{}}
	for name, p := range document.Parameters {
		if p.Default == nil {
			return nil, fmt.Errorf("parameter %s has no default", name)
		}
		t.parameters[name] = parameter{p.Type, *p.Default, p.AllowedPattern}
	}
	for name, node := range document.Conditions {
		value, err := plain(&node)
		if err != nil {
			return nil, fmt.Errorf("condition %s: %w", name, err)
		}
		t.conditions[name] = value
	}
	for name, r := range document.Resources {
		properties, err := plain(&r.Properties)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", name, err)
		}
		t.resources[name] = resource{r.Type, r.Condition, properties}
	}
	return t, nil
}

// HasParameter reports whether the template has a parameter of this name.
func (t *Template) HasParameter(name string) bool {
	_, ok := t.parameters[name]
	return ok
}

// AllowedPattern is the pattern of a parameter's values, or "".
func (t *Template) AllowedPattern(parameter string) string { return t.parameters[parameter].pattern }

// plain makes a node a string, a []any or a map[string]any. Functions take their long form: !Sub
// text becomes {"Fn::Sub": text}. Numbers and booleans are text, which is what CloudFormation makes
// of them.
func plain(node *yaml.Node) (any, error) {
	value, err := untagged(node)
	if err != nil {
		return nil, err
	}
	switch name, isFunction := strings.CutPrefix(node.Tag, "!"); {
	case !isFunction || strings.HasPrefix(name, "!"):
		return value, nil
	case name == "Ref", name == "Condition":
		return map[string]any{name: value}, nil
	default:
		return map[string]any{"Fn::" + name: value}, nil
	}
}

func untagged(node *yaml.Node) (any, error) {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag != "!!null":
		return node.Value, nil
	case node.Kind == yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			var err error
			if list[i], err = plain(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case node.Kind == yaml.MappingNode:
		entries := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if _, twice := entries[key]; twice {
				return nil, fmt.Errorf("line %d: %s stands there twice", node.Content[i].Line, key)
			}
			var err error
			if entries[key], err = plain(node.Content[i+1]); err != nil {
				return nil, err
			}
		}
		return entries, nil
	case node.IsZero():
		return map[string]any{}, nil // a resource without properties
	}
	return nil, fmt.Errorf("line %d: neither text nor a list nor a map", node.Line)
}
