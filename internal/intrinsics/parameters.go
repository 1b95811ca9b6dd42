package intrinsics

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"redis-cloud-iam/internal/spec"
)

// A Parameter is one of a template.
type Parameter struct {
	Type                  string   `yaml:"Type"`
	Default               *string  `yaml:"Default"`        // nil if it must be given
	AllowedPattern        string   `yaml:"AllowedPattern"` // of its values, or ""
	AllowedValues         []string `yaml:"AllowedValues"`
	ConstraintDescription string   `yaml:"ConstraintDescription"`
	Description           string   `yaml:"Description"`

	Others map[string]any `yaml:",inline"` // what is not known here, such as MinValue
}

// ParameterFaults says of given parameters, by their names, why CloudFormation would refuse them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
func (t *Template) ParameterFaults(given map[string]string) map[string]string {
	faults := map[string]string{}
	for name, value := range given {
		p, known := t.Parameters[name]
		bad := slices.DeleteFunc(p.items(value), p.allows)
		switch {
		case !known:
			faults[name] = spec.Unknown(name, "a parameter of this template", slices.Sorted(maps.Keys(t.Parameters)))
		case len(bad) > 0:
			should := cmp.Or(p.ConstraintDescription, p.AllowedPattern, "use "+strings.Join(p.AllowedValues, " or "))
			faults[name] = fmt.Sprintf("%s: %q is not allowed: %s", name, strings.Join(bad, ", "), should)
		}
	}
	return faults
}

// items are those of a list, without the blanks around them, or the value itself.
func (p Parameter) items(value string) []string {
	if p.Type != "CommaDelimitedList" {
		return []string{value}
	}
	items := strings.Split(value, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}

// allows reports whether the constraints allow a value, or an item of a list.
func (p Parameter) allows(item string) bool {
	matched, _ := regexp.MatchString(`^(?:`+p.AllowedPattern+`)$`, item) // the whole of it
	return (matched || p.AllowedPattern == "") && (p.AllowedValues == nil || slices.Contains(p.AllowedValues, item))
}
