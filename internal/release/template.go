package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// withDefault gives a parameter of a template its default, in a line of its own, and leaves all other lines as they are.
// The default must be one that CloudFormation accepts: it refuses a template whose default does not match the
// parameter's AllowedPattern, and what is published cannot be mended.
func withDefault(template []byte, parameter, value string) ([]byte, error) {
	at, err := parameterOf(template, parameter)
	if err != nil {
		return nil, err
	}
	var before struct {
		AllowedPattern string  `yaml:"AllowedPattern"`
		Default        *string `yaml:"Default"`
	}
	if err := at.Decode(&before); err != nil {
		return nil, fmt.Errorf("parameter %s: %w", parameter, err)
	}
	if before.Default != nil {
		return nil, fmt.Errorf("parameter %s has a default, %q: publishing gives it one", parameter, *before.Default)
	}
	pattern, err := regexp.Compile(`^(?:` + before.AllowedPattern + `)$`)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: AllowedPattern: %w", parameter, err)
	}
	if before.AllowedPattern != "" && !pattern.MatchString(value) {
		return nil, fmt.Errorf("parameter %s allows only what matches %s, which %q does not", parameter, before.AllowedPattern, value)
	}

	lines := strings.SplitAfter(string(template), "\n")
	line := fmt.Sprintf("%sDefault: %q\n", strings.Repeat(" ", at.Column-1), value)
	filled := []byte(strings.Join(slices.Insert(lines, at.Line-1, line), ""))
	after, err := parameterOf(filled, parameter)
	if err == nil {
		err = after.Decode(&before)
	}
	if err != nil || before.Default == nil || *before.Default != value {
		return nil, fmt.Errorf("parameter %s has no place for a default: write it with one attribute a line", parameter)
	}
	return filled, nil
}

// parameterOf finds a parameter in a template. Its node stands where the parameter's first attribute does.
func parameterOf(template []byte, parameter string) (*yaml.Node, error) {
	var document struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(template, &document); err != nil {
		return nil, err
	}
	at, found := document.Parameters[parameter]
	if !found {
		return nil, fmt.Errorf("there is no parameter %s", parameter)
	}
	return &at, nil
}
