package rolepolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Resources are the logical IDs of what a stack has, in alphabetical order.
func (t *Template) Resources(stack Stack) ([]string, error) {
	s := &scope{Template: t, stack: stack}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(t.resources)), func(id string) bool {
		condition := t.resources[id].condition
		return condition != "" && !s.condition(condition)
	})
	return ids, errors.Join(s.faults...)
}

// Properties are what a resource gets in a stack. A Ref of another resource is its logical ID.
func (t *Template) Properties(logicalID string, stack Stack) (map[string]any, error) {
	s := &scope{Template: t, stack: stack}
	properties, ok := s.value(t.resources[logicalID].properties).(map[string]any)
	if !ok {
		s.faults = append(s.faults, fmt.Errorf("the template has no resource %s", logicalID))
	}
	return properties, errors.Join(s.faults...)
}
