package rolepolicy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Stack is where a template is deployed, and with which parameters. Parameters that are not given
// have their defaults.
type Stack struct {
	Partition, Region, AccountID string

	Parameters map[string]string

	// References are what Refs of resources give, by logical ID. The others give the logical ID.
	References map[string]string
}

// scope gives values to what a template says, in one stack.
type scope struct {
	*Template
	stack Stack
}

func (t *Template) in(stack Stack) (scope, error) {
	for name := range stack.Parameters {
		if !t.HasParameter(name) {
			return scope{}, fmt.Errorf("the template has no parameter %s", name)
		}
	}
	return scope{t, stack}, nil
}

// noValue is what AWS::NoValue stands for: what has this value is not there.
type noValue struct{}

// value evaluates the functions in a value. In the place of what only a deployment can tell it puts
// a name: for the Ref of a resource its logical ID, for an attribute ID.Attribute.
func (s scope) value(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		var list []any
		for _, item := range v {
			value, err := s.value(item)
			if err != nil {
				return nil, err
			}
			if _, absent := value.(noValue); !absent {
				list = append(list, value)
			}
		}
		return list, nil
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return s.call(name, argument)
		}
		entries := map[string]any{}
		for key, item := range v {
			value, err := s.value(item)
			if err != nil {
				return nil, err
			}
			if _, absent := value.(noValue); !absent {
				entries[key] = value
			}
		}
		return entries, nil
	}
	return v, nil
}

// function tells a function by its one key.
func function(v map[string]any) (name string, argument any, ok bool) {
	for name, argument = range v {
		ok = len(v) == 1 && (name == "Ref" || strings.HasPrefix(name, "Fn::"))
	}
	return name, argument, ok
}

func (s scope) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return s.ref(fmt.Sprint(argument))
	case "Fn::Sub":
		return s.substitute(argument)
	case "Fn::GetAtt":
		return s.attribute(fmt.Sprint(argument))
	}
	arguments, ok := argument.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: its arguments are no list", name)
	}
	switch {
	case name == "Fn::If" && len(arguments) == 3:
		holds, err := s.condition(fmt.Sprint(arguments[0]))
		if err != nil {
			return nil, err
		}
		if holds {
			return s.value(arguments[1])
		}
		return s.value(arguments[2])
	case name == "Fn::Join" && len(arguments) == 2:
		items, err := s.texts(arguments[1])
		return strings.Join(items, fmt.Sprint(arguments[0])), err
	case name == "Fn::Select" && len(arguments) == 2:
		items, err := s.texts(arguments[1])
		if err != nil {
			return nil, err
		}
		i, err := strconv.Atoi(fmt.Sprint(arguments[0]))
		if err != nil || i < 0 || i >= len(items) {
			return nil, fmt.Errorf("Fn::Select: there is no item %v", arguments[0])
		}
		return items[i], nil
	}
	return nil, fmt.Errorf("%s with %d arguments: not a function known here", name, len(arguments))
}

func (s scope) ref(name string) (any, error) {
	switch name {
	case "AWS::Partition":
		return s.stack.Partition, nil
	case "AWS::Region":
		return s.stack.Region, nil
	case "AWS::AccountId":
		return s.stack.AccountID, nil
	case "AWS::URLSuffix":
		if s.stack.Partition == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if p, ok := s.parameters[name]; ok {
		value, given := s.stack.Parameters[name]
		if !given {
			value = p.value
		}
		if p.kind == "CommaDelimitedList" {
			var list []any
			for item := range strings.SplitSeq(value, ",") {
				list = append(list, item)
			}
			return list, nil
		}
		return value, nil
	}
	if _, ok := s.resources[name]; ok {
		return cmp.Or(s.stack.References[name], name), nil
	}
	return nil, fmt.Errorf("no such parameter or resource: %s", name)
}

func (s scope) attribute(name string) (any, error) {
	id, _, ok := strings.Cut(name, ".")
	if _, exists := s.resources[id]; !ok || !exists {
		return nil, fmt.Errorf("no such resource: %s", name)
	}
	return name, nil
}

func (s scope) substitute(argument any) (any, error) {
	text, ok := argument.(string)
	if !ok {
		return nil, errors.New("Fn::Sub: only a text is known here")
	}
	var faults []error
	text = regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(variable string) string {
		name := variable[2 : len(variable)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok { // ${!x} is the text ${x}
			return "${" + literal + "}"
		}
		value, err := s.ref(name)
		if strings.Contains(name, ".") {
			value, err = s.attribute(name)
		}
		if _, isText := value.(string); err == nil && !isText {
			err = fmt.Errorf("Fn::Sub: %s is no text", name)
		}
		faults = append(faults, err)
		return fmt.Sprint(value)
	})
	return text, errors.Join(faults...)
}

// condition reports whether a named condition holds.
func (s scope) condition(name string) (bool, error) {
	v, ok := s.conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	return s.holds(v)
}

func (s scope) holds(v any) (bool, error) {
	entries, ok := v.(map[string]any)
	if !ok {
		return false, fmt.Errorf("%v is no condition", v)
	}
	if name, ok := entries["Condition"].(string); ok && len(entries) == 1 {
		return s.condition(name)
	}
	name, argument, _ := function(entries)
	arguments, _ := argument.([]any)
	if name == "Fn::Equals" && len(arguments) == 2 {
		sides, err := s.texts(arguments)
		return err == nil && sides[0] == sides[1], err
	}
	var parts []bool
	for _, argument := range arguments {
		part, err := s.holds(argument)
		if err != nil {
			return false, err
		}
		parts = append(parts, part)
	}
	switch {
	case name == "Fn::Not" && len(parts) == 1:
		return !parts[0], nil
	case name == "Fn::And" && len(parts) >= 2:
		return !slices.Contains(parts, false), nil
	case name == "Fn::Or" && len(parts) >= 2:
		return slices.Contains(parts, true), nil
	}
	return false, fmt.Errorf("%s with %d arguments: not a condition known here", name, len(arguments))
}

// texts evaluates a list of texts; one text is a list of one.
func (s scope) texts(v any) ([]string, error) {
	value, err := s.value(v)
	if err != nil {
		return nil, err
	}
	return texts(value)
}

func texts(value any) ([]string, error) {
	if text, ok := value.(string); ok {
		return []string{text}, nil
	}
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no text and no list of texts", value)
	}
	var all []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%v is no text", item)
		}
		all = append(all, text)
	}
	return all, nil
}
