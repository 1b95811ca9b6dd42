package rolepolicy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Statement allows actions on resources, if its conditions hold.
type Statement struct {
	Sid        string
	Actions    []string // without wildcards
	Resources  []string // * stands for any characters, ? for one
	Conditions []Condition
}

// A Condition holds for a request that has its key, with one of its values.
type Condition struct {
	Operator string // StringEquals, ArnEquals or Bool
	Key      string
	Values   []string
}

func newStatement(item any) (Statement, error) {
	entries, _ := item.(map[string]any)
	sid, _ := entries["Sid"].(string)
	s := Statement{Sid: sid}
	if err := only(entries, "Sid", "Effect", "Action", "Resource", "Condition"); err != nil {
		return s, err
	}
	if sid == "" {
		return s, fmt.Errorf("it has no Sid")
	}
	if entries["Effect"] != "Allow" {
		return s, fmt.Errorf("effect %v is not known here", entries["Effect"])
	}
	var err error
	if s.Actions, err = texts(entries["Action"]); err != nil {
		return s, err
	}
	s.Actions = once(s.Actions)
	for _, action := range s.Actions {
		if strings.Count(action, ":") != 1 || strings.ContainsAny(action, "*?$") {
			return s, fmt.Errorf("action %s is not the name of one action", action)
		}
	}
	if s.Resources, err = texts(entries["Resource"]); err != nil {
		return s, err
	}
	s.Resources = once(s.Resources)
	for _, resource := range s.Resources {
		if resource == "" || strings.Contains(resource, "$") {
			return s, fmt.Errorf("resource %q: policy variables are not known here", resource)
		}
	}
	if condition, ok := entries["Condition"]; ok {
		s.Conditions, err = newConditions(condition)
	}
	return s, err
}

// once is a list without what is in it already: the template's lists repeat an entry where a parameter adds none.
func once(list []string) []string {
	var out []string
	for _, item := range list {
		if !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}

func newConditions(value any) ([]Condition, error) {
	var conditions []Condition
	operators, _ := value.(map[string]any)
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		if !slices.Contains([]string{"StringEquals", "ArnEquals", "Bool"}, operator) {
			return nil, fmt.Errorf("operator %s is not known here", operator)
		}
		keys, _ := operators[operator].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			values, err := texts(keys[key])
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				// To ArnEquals * and ? are wildcards.
				if v == "" || strings.Contains(v, "$") || operator == "ArnEquals" && strings.ContainsAny(v, "*?") ||
					operator == "Bool" && v != "true" && v != "false" {
					return nil, fmt.Errorf("%s %s: value %q is not known here", operator, key, v)
				}
			}
			conditions = append(conditions, Condition{operator, key, values})
		}
	}
	if len(conditions) == 0 {
		return nil, fmt.Errorf("condition %v is not known here", value)
	}
	return conditions, nil
}

// A Request is what IAM decides on.
type Request struct {
	Action   string
	Resource string            // an ARN; empty where the action knows no resources: "*" alone allows it
	Keys     map[string]string // condition keys
}

// A Grant is one action on one resource that a statement allows.
type Grant struct {
	Policy   string // logical ID
	Sid      string
	Action   string
	Resource string
}

func (g Grant) String() string {
	return fmt.Sprintf("%s on %s (Sid %s of %s)", g.Action, g.Resource, g.Sid, g.Policy)
}

// Grants are all that the role allows, in the order of the template.
func (r Role) Grants() []Grant {
	return r.grants(func(Statement, string, string) bool { return true })
}

// Allowing are the grants by which the role allows a request. If there are none it is denied.
func (r Role) Allowing(q Request) []Grant {
	return r.grants(func(s Statement, action, resource string) bool {
		return action == q.Action && matches(resource, q.Resource) && s.applies(q)
	})
}

func (r Role) grants(which func(s Statement, action, resource string) bool) []Grant {
	var grants []Grant
	for _, p := range r {
		for _, s := range p.Statements {
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					if which(s, action, resource) {
						grants = append(grants, Grant{p.LogicalID, s.Sid, action, resource})
					}
				}
			}
		}
	}
	return grants
}

// applies says whether all conditions of a statement hold.
func (s Statement) applies(q Request) bool {
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		value, ok := q.Keys[c.Key]
		return !ok || !slices.Contains(c.Values, value)
	})
}

// matches says whether a text is as a pattern has it.
func matches(pattern, text string) bool {
	first := strings.IndexAny(pattern, "*?")
	if first < 0 {
		return pattern == text
	}
	if !strings.HasPrefix(text, pattern[:first]) {
		return false
	}
	expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`^` + expression + `$`).MatchString(text)
}
