package templates

import (
	_ "embed" // the StackSet's own part
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// stackSetSource is the template of the StackSet without what it takes from the plain one: a comment that begins with
// an @ stands for that.
//
//go:embed stackset.yaml
var stackSetSource string

// stackSet makes the template of a StackSet that launches the plain template, and passes every
// parameter of it on.
func stackSet(plain []byte, version string) ([]byte, error) {
	s, err := parse(plain)
	if err != nil {
		return nil, err
	}
	parts := map[string][]string{}
	for mark, path := range map[string][]string{
		"@groups":     {"Metadata", "AWS::CloudFormation::Interface", "ParameterGroups"},
		"@labels":     {"Metadata", "AWS::CloudFormation::Interface", "ParameterLabels"},
		"@parameters": {"Parameters"},
		"@rules":      {"Rules"},
	} {
		lines := s.text(s.at(path...))
		parts[mark] = lines[slices.IndexFunc(lines, func(line string) bool { return strings.HasSuffix(line, ":") })+1:]
	}
	parts["@parameters"] = append(parts["@parameters"], "")

	for _, p := range s.entries(s.at("Parameters")) {
		value := "!Ref " + p.name
		if s.at("Parameters", p.name, "Type").value.Value == "CommaDelimitedList" {
			value = fmt.Sprintf(`!Join [",", !Ref %s]`, p.name)
		}
		parts["@passed"] = append(parts["@passed"],
			"        - ParameterKey: "+p.name,
			"          ParameterValue: "+value)
	}

	if s.err != nil {
		return nil, s.err
	}
	text := headerOfStackSet + strings.ReplaceAll(stackSetSource, "@version", version)
	return regexp.MustCompile(`(?m)^ *# @\w+$`).ReplaceAllFunc([]byte(text), func(line []byte) []byte {
		_, mark, _ := strings.Cut(string(line), "# ")
		return []byte(strings.Join(parts[mark], "\n"))
	}), nil
}

const headerOfStackSet = `# Made of template.yaml and internal/templates/stackset.yaml by "make templates". Edit those, and not this.
`
