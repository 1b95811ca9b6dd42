package localaws

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// document is a policy document whose grammar is right.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
type document struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

type statements []statement

type statement struct {
	Sid, Effect             string
	Principal, NotPrincipal principals
	Action, NotAction       texts
	Resource, NotResource   texts
	Condition               map[string]map[string]values
}

type (
	texts      []string            // one text or a list of them
	values     []string            // the same; a condition's may be numbers and truth values, too
	principals map[string][]string // by kind: AWS, Service and so on; "*" for everybody
)

func syntaxError() error { return malformedPolicy("Syntax errors in policy.") }

// parseDocument reads a policy document of any kind.
func parseDocument(text string) (*document, error) {
	var d document
	if !strings.HasPrefix(text, "{") { // IAM takes no leading white space
		return nil, syntaxError()
	}
	if err := exactly([]byte(text), &d, "Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	if d.Version != "" && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
		return nil, malformedPolicy("The policy must contain a valid version string")
	}
	if len(d.Statement) == 0 {
		return nil, syntaxError()
	}
	return &d, nil
}

// exactly reads a JSON object that may have these keys, spelt so, and no others.
func exactly(data []byte, into any, keys ...string) error {
	var found map[string]json.RawMessage
	if err := json.Unmarshal(data, &found); err != nil {
		return syntaxError()
	}
	for key := range found {
		if !slices.Contains(keys, key) {
			return syntaxError()
		}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return syntaxError()
	}
	return nil
}

// UnmarshalJSON reads one statement or a list of them.
func (s *statements) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		*s = make(statements, 1)
		return json.Unmarshal(data, &(*s)[0])
	}
	return json.Unmarshal(data, (*[]statement)(s))
}

// UnmarshalJSON refuses keys that the grammar does not have.
func (s *statement) UnmarshalJSON(data []byte) error {
	type plain statement
	return exactly(data, (*plain)(s), "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
		"Resource", "NotResource", "Condition")
}

// UnmarshalJSON reads a text or a list of texts.
func (t *texts) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		*t = make(texts, 1)
		return json.Unmarshal(data, &(*t)[0])
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// UnmarshalJSON reads a condition's value or a list of them.
func (v *values) UnmarshalJSON(data []byte) error {
	var list []any
	if data[0] != '[' {
		list = make([]any, 1)
		if err := json.Unmarshal(data, &list[0]); err != nil {
			return err
		}
	} else if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, value := range list {
		switch value.(type) {
		case string, bool, float64:
			*v = append(*v, fmt.Sprint(value))
		default:
			return syntaxError()
		}
	}
	return nil
}

// UnmarshalJSON reads "*" or a map of kinds.
func (p *principals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = principals{"*": {"*"}}
		return nil
	}
	kinds := map[string]texts{}
	if err := json.Unmarshal(data, &kinds); err != nil {
		return err
	}
	*p = principals{}
	for kind, names := range kinds {
		(*p)[kind] = names
	}
	return nil
}

// encoded is a document as IAM returns all documents: URL-encoded in compliance with RFC 3986.
func encoded(document string) *string {
	text := strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
	return &text
}
