package intrinsics

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

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

// value is what a node says: a text, a list, a map or noValue. Numbers and booleans are text, which
// is what CloudFormation makes of them. In the place of what only a deployment can tell it puts a
// name: for the Ref of a resource its logical ID, for an attribute ID.Attribute.
func (s *scope) value(node *yaml.Node) any {
	name, argument, isFunction := function(node)
	switch {
	case isFunction:
		return s.call(name, argument)
	case node.IsZero():
		return map[string]any{} // a resource without properties
	case node.Kind == yaml.ScalarNode && node.Tag != "!!null":
		return node.Value
	case node.Kind == yaml.SequenceNode:
		var list []any
		for _, item := range node.Content {
			if value := s.value(item); value != (noValue{}) {
				list = append(list, value)
			}
		}
		return list
	case node.Kind == yaml.MappingNode:
		entries := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if _, twice := entries[key]; twice {
				s.fault("line %d: %s stands there twice", node.Content[i].Line, key)
			}
			if value := s.value(node.Content[i+1]); value != (noValue{}) {
				entries[key] = value
			}
		}
		return entries
	}
	return s.fault("line %d: neither text nor a list nor a map", node.Line)
}

// function tells a function and its argument: !Sub text, or in the long form {"Fn::Sub": text}.
func function(node *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if short, tagged := strings.CutPrefix(node.Tag, "!"); tagged && !strings.HasPrefix(short, "!") {
		untagged := *node
		untagged.Tag = ""
		return short, &untagged, true
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return "", nil, false
	}
	name, ok = strings.CutPrefix(node.Content[0].Value, "Fn::")
	return name, node.Content[1], ok || name == "Ref"
}

// call evaluates a function that gives a value.
func (s *scope) call(name string, argument *yaml.Node) any {
	if name == "If" && len(argument.Content) == 3 {
		if s.condition(argument.Content[0].Value) {
			return s.value(argument.Content[1])
		}
		return s.value(argument.Content[2])
	}
	value := s.value(argument)
	text, isText := value.(string)
	list, _ := value.([]any)
	switch {
	case isText && name == "Ref" && !strings.Contains(text, "."), isText && name == "GetAtt" && strings.Contains(text, "."):
		return s.named(text)
	case name == "Sub" && isText:
		return s.substitute(text, nil)
	case name == "Sub" && len(list) == 2:
		own, _ := list[1].(map[string]any)
		return s.substitute(s.text(list[0]), own)
	case name == "Join" && len(list) == 2:
		return strings.Join(s.texts(list[1]), s.text(list[0]))
	case name == "Split" && len(list) == 2:
		return listOf(strings.Split(s.text(list[1]), s.text(list[0])))
	case name == "Select" && len(list) == 2:
		items := s.texts(list[1])
		i, err := strconv.Atoi(s.text(list[0]))
		if err != nil || i < 0 || i >= len(items) {
			return s.fault("Fn::Select: there is no item %v", list[0])
		}
		return items[i]
	}
	return s.fault("Fn::%s with %d arguments: not a function known here", name, len(argument.Content))
}

func listOf(texts []string) (list []any) {
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}

// named is what a name stands for: a parameter, a resource, an attribute of one, or what AWS gives
// every stack.
func (s *scope) named(name string) any {
	if p, ok := s.Parameters[name]; ok {
		value, given := s.stack.Parameters[name]
		switch {
		case given:
		case p.Default != nil:
			value = *p.Default
		default:
			return s.fault("parameter %s has no default, and is not given", name)
		}
		if p.Type != "CommaDelimitedList" {
			return value
		}
		return listOf(p.items(value))
	}
	id, _, _ := strings.Cut(name, ".")
	if _, ok := s.Resources[id]; ok || name == "AWS::StackId" || name == "AWS::StackName" {
		return cmp.Or(s.stack.References[name], name)
	}
	pseudo := map[string]any{
		"AWS::Partition": s.stack.Partition,
		"AWS::Region":    s.stack.Region,
		"AWS::AccountId": s.stack.ID,
		"AWS::URLSuffix": "amazonaws.com" + map[string]string{"aws-cn": ".cn"}[s.stack.Partition],
		"AWS::NoValue":   noValue{},
	}
	if value, ok := pseudo[name]; ok {
		return value
	}
	return s.fault("no such parameter or resource: %s", name)
}

// substitute evaluates Fn::Sub: a text, and values for it beside those of the template.
func (s *scope) substitute(text string, own map[string]any) string {
	return regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(variable string) string {
		name := variable[2 : len(variable)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok { // ${!x} is the text ${x}
			return "${" + literal + "}"
		}
		value, given := own[name]
		if !given {
			value = s.named(name)
		}
		text, ok := value.(string)
		if !ok {
			s.fault("Fn::Sub: %s is no text", name)
		}
		return text
	})
}

// condition reports whether a named condition holds.
func (s *scope) condition(name string) bool {
	node, ok := s.Conditions[name]
	if !ok {
		s.fault("there is no condition %s", name)
	}
	return ok && s.holds(&node)
}

func (s *scope) holds(node *yaml.Node) bool {
	name, argument, ok := function(node)
	switch {
	case !ok:
		s.fault("line %d: %s is no condition", node.Line, node.Value)
		return false
	case name == "Condition":
		return s.condition(argument.Value)
	case name == "Equals" && len(argument.Content) == 2:
		return s.text(s.value(argument.Content[0])) == s.text(s.value(argument.Content[1]))
	}
	var parts []bool
	for _, part := range argument.Content {
		parts = append(parts, s.holds(part))
	}
	switch {
	case name == "Not" && len(parts) == 1:
		return !parts[0]
	case name == "And" && len(parts) >= 2:
		return !slices.Contains(parts, false)
	case name == "Or" && len(parts) >= 2:
		return slices.Contains(parts, true)
	}
	s.fault("Fn::%s with %d arguments: not a condition known here", name, len(parts))
	return false
}

// text takes a text.
func (s *scope) text(value any) string {
	text, ok := value.(string)
	if !ok {
		s.fault("%v is no text", value)
	}
	return text
}

// texts takes a list of texts.
func (s *scope) texts(value any) (all []string) {
	list, ok := value.([]any)
	if !ok {
		s.fault("%v is no list", value)
	}
	for _, item := range list {
		all = append(all, s.text(item))
	}
	return all
}
