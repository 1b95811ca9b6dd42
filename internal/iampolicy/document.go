package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Document is a policy document whose grammar is right. What IAM asks of it beyond the grammar
// depends on what kind of policy it is, and is for the caller to check.
type Document struct {
	Version    string
	ID         string          `json:"Id"`
	Statements list[Statement] `json:"Statement"`
}

// A Statement is one of a document's statements. A list that is nil was not given.
type Statement struct {
	Sid, Effect             string
	Principal, NotPrincipal Principals
	Action, NotAction       list[string]
	Resource, NotResource   list[string]
	Condition               map[string]map[string]values // by operator and key

	variables bool // whether ${...} stands for something, as it does since version 2012-10-17
}

// Principals are the names of principals by their kind: AWS, Service and so on; "*" for everybody.
type Principals map[string]list[string]

type (
	list[T any] []T      // one or a list of them
	values      []string // those of a condition, which may be numbers and truth values, too
)

const variableVersion = "2012-10-17"

// errSyntax has IAM's words.
var errSyntax = errors.New("Syntax errors in policy.") //nolint:revive,staticcheck // IAM's words

// Parse reads a policy document of any kind. Its errors have IAM's words.
func Parse(text string) (*Document, error) {
	var d Document
	if !strings.HasPrefix(text, "{") { // IAM takes no leading white space
		return nil, errSyntax
	}
	if err := exactly([]byte(text), &d, "Version", "Id", "Statement"); err != nil {
		return nil, errSyntax
	}
	if d.Version != "" && d.Version != variableVersion && d.Version != "2008-10-17" {
		return nil, errors.New("The policy must contain a valid version string") //nolint:staticcheck // IAM's words
	}
	if len(d.Statements) == 0 {
		return nil, errSyntax
	}
	for i := range d.Statements {
		d.Statements[i].variables = d.Version == variableVersion
	}
	return &d, nil
}

// exactly reads a JSON object that may have these keys, spelt so, and no others.
func exactly(data []byte, into any, keys ...string) error {
	var found map[string]json.RawMessage
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	for key := range found {
		if !slices.Contains(keys, key) {
			return errSyntax
		}
	}
	return json.Unmarshal(data, into)
}

// UnmarshalJSON reads one value, or a list of values.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '[':
		return json.Unmarshal(data, (*[]T)(l))
	case 'n': // null
		return errSyntax
	}
	*l = make([]T, 1)
	return json.Unmarshal(data, &(*l)[0])
}

// UnmarshalJSON refuses keys that the grammar does not have.
func (s *Statement) UnmarshalJSON(data []byte) error {
	type plain Statement
	return exactly(data, (*plain)(s), "Sid", "Effect", "Principal", "NotPrincipal",
		"Action", "NotAction", "Resource", "NotResource", "Condition")
}

// UnmarshalJSON reads the value of a condition or a list of them.
func (v *values) UnmarshalJSON(data []byte) error {
	var given list[any]
	err := given.UnmarshalJSON(data)
	for _, value := range given {
		switch value.(type) {
		case string, bool, float64:
			*v = append(*v, fmt.Sprint(value))
		default:
			return errSyntax
		}
	}
	return err
}

// UnmarshalJSON reads "*" or a map of kinds.
func (p *Principals) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"*"`:
		*p = Principals{"*": {"*"}}
		return nil
	case "null":
		return errSyntax
	}
	return json.Unmarshal(data, (*map[string]list[string])(p))
}
