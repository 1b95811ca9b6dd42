// Package intrinsics tells what a CloudFormation template says in one stack: it evaluates the
// template's conditions and intrinsic functions for given parameters.
//
// It knows as much of CloudFormation as template.yaml needs. Whatever else it meets is an error, so
// that what it does not understand is never passed over.
package intrinsics

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"redis-cloud-iam/internal/spec"
)

// A Template is a CloudFormation template, as far as the values in it need it.
type Template struct {
	Parameters map[string]Parameter `yaml:"Parameters"`
	Conditions map[string]yaml.Node `yaml:"Conditions"`
	Resources  map[string]Resource  `yaml:"Resources"`
}

// A Resource is one of a template. A stack has it if the condition holds, or if there is none.
type Resource struct {
	Type       string    `yaml:"Type"`
	Condition  string    `yaml:"Condition"`
	Properties yaml.Node `yaml:"Properties"`
}

// A Stack is where a template is deployed, and with which parameters. Parameters that are not given
// have their defaults, and one without a default is a fault where it is needed.
type Stack struct {
	spec.Account
	Parameters map[string]string

	// References are what Refs of resources give, by logical ID, those of AWS::StackId and
	// AWS::StackName, and attributes, as ID.Attribute. The others give the name itself.
	References map[string]string
}

// Parse reads a template in YAML.
func Parse(text []byte) (*Template, error) {
	var t Template
	if err := yaml.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	for name, p := range t.Parameters {
		if len(p.Others) > 0 {
			return nil, fmt.Errorf("parameter %s has what is not known here: %v", name, slices.Sorted(maps.Keys(p.Others)))
		}
	}
	return &t, nil
}

// LogicalIDs are those of the resources that a stack has, in alphabetical order.
func (t *Template) LogicalIDs(stack Stack) ([]string, error) {
	s := &scope{Template: t, stack: stack}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(t.Resources)), func(id string) bool {
		condition := t.Resources[id].Condition
		return condition != "" && !s.condition(condition)
	})
	return ids, errors.Join(s.faults...)
}

// Properties are what a resource gets in a stack, whether or not the stack has it. Texts, lists and
// maps are strings, []any and map[string]any.
func (t *Template) Properties(logicalID string, stack Stack) (map[string]any, error) {
	s := &scope{Template: t, stack: stack}
	r := t.Resources[logicalID]
	properties, ok := s.value(&r.Properties).(map[string]any)
	if !ok || r.Type == "" {
		s.fault("the template has no resource %s, or its properties are no map", logicalID)
	}
	return properties, errors.Join(s.faults...)
}
