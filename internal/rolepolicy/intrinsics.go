package rolepolicy

import (
	"cmp"
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

	// References are what Refs of resources give, by logical ID, those of AWS::StackId and
	// AWS::StackName, and attributes, as ID.Attribute. The others give the name itself.
	References map[string]string
}

// scope gives values to what a template says, in one stack. What it does not understand becomes a
// fault, and then its values are of no use.
type scope struct {
	*Template
	stack  Stack
	faults []error
}

// fault notes what is wrong, and returns no value.
func (s *scope) fault(format string, args ...any) any {
	s.faults = append(s.faults, fmt.Errorf(format, args...))
	return nil
}

// noValue is what AWS::NoValue stands for: what has this value is not there.
type noValue struct{}

// value evaluates the functions in a value. In the place of what only a deployment can tell it puts
// a name: for the Ref of a resource its logical ID, for an attribute ID.Attribute.
func (s *scope) value(v any) any {
	switch v := v.(type) {
	case []any:
		var list []any
		for _, item := range v {
			if value := s.value(item); value != (noValue{}) {
				list = append(list, value)
			}
		}
		return list
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return s.call(name, argument)
		}
		entries := map[string]any{}
		for key, item := range v {
			if value := s.value(item); value != (noValue{}) {
				entries[key] = value
			}
		}
		return entries
	}
	return v
}

// function tells a function by its one key.
func function(v map[string]any) (name string, argument any, ok bool) {
	for name, argument = range v {
		ok = len(v) == 1 && (name == "Ref" || strings.HasPrefix(name, "Fn::"))
	}
	return name, argument, ok
}

func (s *scope) call(name string, argument any) any {
	switch name {
	case "Ref":
		return s.ref(fmt.Sprint(argument))
	case "Fn::Sub":
		return s.substitute(argument)
	case "Fn::GetAtt":
		return s.attribute(fmt.Sprint(argument))
	}
	arguments, _ := argument.([]any)
	switch {
	case name == "Fn::If" && len(arguments) == 3:
		if s.condition(fmt.Sprint(arguments[0])) {
			return s.value(arguments[1])
		}
		return s.value(arguments[2])
	case name == "Fn::Join" && len(arguments) == 2:
		return strings.Join(s.texts(s.value(arguments[1])), fmt.Sprint(arguments[0]))
	case name == "Fn::Split" && len(arguments) == 2:
		var list []any
		for item := range strings.SplitSeq(fmt.Sprint(s.value(arguments[1])), fmt.Sprint(arguments[0])) {
			list = append(list, item)
		}
		return list
	case name == "Fn::Select" && len(arguments) == 2:
		items := s.texts(s.value(arguments[1]))
		i, err := strconv.Atoi(fmt.Sprint(arguments[0]))
		if err != nil || i < 0 || i >= len(items) {
			return s.fault("Fn::Select: there is no item %v", arguments[0])
		}
		return items[i]
	}
	return s.fault("%s with %d arguments: not a function known here", name, len(arguments))
}

func (s *scope) ref(name string) any {
	p, isParameter := s.parameters[name]
	_, isResource := s.resources[name]
	switch {
	case isParameter:
		value, given := s.stack.Parameters[name]
		if !given {
			value = p.value
		}
		if p.kind != "CommaDelimitedList" {
			return value
		}
		var list []any
		for item := range strings.SplitSeq(value, ",") {
			list = append(list, item)
		}
		return list
	case isResource:
		return cmp.Or(s.stack.References[name], name)
	}
	switch name {
	case "AWS::Partition":
		return s.stack.Partition
	case "AWS::Region":
		return s.stack.Region
	case "AWS::AccountId":
		return s.stack.AccountID
	case "AWS::StackId", "AWS::StackName":
		return cmp.Or(s.stack.References[name], name)
	case "AWS::URLSuffix":
		if s.stack.Partition == "aws-cn" {
			return "amazonaws.com.cn"
		}
		return "amazonaws.com"
	case "AWS::NoValue":
		return noValue{}
	}
	return s.fault("no such parameter or resource: %s", name)
}

func (s *scope) attribute(name string) any {
	id, _, ok := strings.Cut(name, ".")
	if _, exists := s.resources[id]; !ok || !exists {
		return s.fault("no such resource: %s", name)
	}
	return cmp.Or(s.stack.References[name], name)
}

// substitute evaluates Fn::Sub: a text, or a list of a text and a map of values for it.
func (s *scope) substitute(argument any) any {
	var own map[string]any
	if list, isList := argument.([]any); isList && len(list) == 2 {
		argument = list[0]
		own, _ = list[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return s.fault("Fn::Sub: only a text is known here, and a list of a text and a map")
	}
	return regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(variable string) string {
		name, evaluate := variable[2:len(variable)-1], s.ref
		if literal, ok := strings.CutPrefix(name, "!"); ok { // ${!x} is the text ${x}
			return "${" + literal + "}"
		}
		if value, given := own[name]; given {
			evaluate = func(string) any { return s.value(value) }
		} else if strings.Contains(name, ".") {
			evaluate = s.attribute
		}
		value, isText := evaluate(name).(string)
		if !isText {
			s.fault("Fn::Sub: %s is no text", name)
		}
		return value
	})
}

// condition reports whether a named condition holds.
func (s *scope) condition(name string) bool {
	v, ok := s.conditions[name]
	if !ok {
		s.fault("there is no condition %s", name)
	}
	return ok && s.holds(v)
}

func (s *scope) holds(v any) bool {
	entries, ok := v.(map[string]any)
	if !ok {
		s.fault("%v is no condition", v)
		return false
	}
	if name, ok := entries["Condition"].(string); ok && len(entries) == 1 {
		return s.condition(name)
	}
	name, argument, _ := function(entries)
	arguments, _ := argument.([]any)
	if name == "Fn::Equals" && len(arguments) == 2 {
		sides := s.texts(s.value(arguments))
		return len(sides) == 2 && sides[0] == sides[1]
	}
	var parts []bool
	for _, argument := range arguments {
		parts = append(parts, s.holds(argument))
	}
	switch {
	case name == "Fn::Not" && len(parts) == 1:
		return !parts[0]
	case name == "Fn::And" && len(parts) >= 2:
		return !slices.Contains(parts, false)
	case name == "Fn::Or" && len(parts) >= 2:
		return slices.Contains(parts, true)
	}
	s.fault("%s with %d arguments: not a condition known here", name, len(arguments))
	return false
}

// texts takes a list of texts; one text is a list of one.
func (s *scope) texts(value any) (all []string) {
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			s.fault("%v is no text", item)
		}
		all = append(all, text)
	}
	return all
}
