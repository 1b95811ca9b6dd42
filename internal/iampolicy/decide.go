package iampolicy

import (
	"regexp"
	"slices"
	"strings"
)

// A Request is what IAM decides on.
type Request struct {
	Action   string            // such as iam:CreateUser
	Resource string            // an ARN; empty where the action knows no resources, so that only "*" covers it
	Keys     map[string]string // condition keys, as far as anybody asks for them; nil where there are none
}

// A Decision is what IAM decides on a request.
type Decision string

const (
	// Allowed means that a statement allows the request and none denies it.
	Allowed Decision = "allowed"
	// NotAllowed means that no statement allows the request. IAM calls it an implicit deny.
	NotAllowed Decision = "not allowed"
	// Denied means that a statement denies the request, whatever others allow.
	Denied Decision = "denied"
)

// Decide decides a request by policies that permit together: those of an identity and of its
// groups.
func Decide(q Request, policies ...*Document) Decision {
	decision := NotAllowed
	for _, d := range policies {
		for _, s := range d.Statements {
			if !s.Covers(q) {
				continue
			}
			if s.Effect == "Deny" {
				return Denied
			}
			decision = Allowed
		}
	}
	return decision
}

// Covers reports whether a statement speaks of a request, so that its effect applies.
func (s Statement) Covers(q Request) bool {
	return s.coversAction(q.Action) && s.coversResource(q) && s.applies(q)
}

func (s Statement) coversAction(action string) bool {
	named := func(pattern string) bool { return matchFold(pattern, action) }
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, named)
	}
	return slices.ContainsFunc(s.Action, named)
}

func (s Statement) coversResource(q Request) bool {
	if s.NotResource != nil {
		return s.unlike(q, s.NotResource, match, q.Resource)
	}
	return s.like(q, s.Resource, match, q.Resource)
}

// like reports whether a value matches one of the texts in a statement. A text with a variable that
// the request has no value for matches nothing.
func (s Statement) like(q Request, wanted []string, test func(wanted, value string) bool, value string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		w, known := s.expand(w, q)
		return known && test(w, value)
	})
}

// unlike reports whether a value matches none of the texts. If that cannot be decided, since the
// request has no value for a variable, it holds for a Deny and does not hold for an Allow.
func (s Statement) unlike(q Request, wanted []string, test func(wanted, value string) bool, value string) bool {
	if s.like(q, wanted, test, value) {
		return false
	}
	undecided := slices.ContainsFunc(wanted, func(w string) bool {
		_, known := s.expand(w, q)
		return !known
	})
	return !undecided || s.Effect == "Deny"
}

// expand puts values in the place of policy variables. It reports false where the request has none
// for one of them, and no default is given: then the text matches nothing.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
func (s Statement) expand(text string, q Request) (expanded string, known bool) {
	if !s.variables || !strings.Contains(text, "${") {
		return text, true
	}
	known = true
	expanded = regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(variable string) string {
		name, standard, hasStandard := strings.Cut(variable[2:len(variable)-1], ",")
		value, given := q.value(strings.TrimSpace(name))
		switch {
		case slices.Contains([]string{"*", "?", "$"}, name):
			return escape + name
		case given:
			return literal(value)
		case hasStandard:
			return literal(strings.Trim(strings.TrimSpace(standard), "'"))
		}
		known = false
		return ""
	})
	return expanded, known
}

// value is that of a condition key. Case does not count in the names of keys.
func (q Request) value(key string) (string, bool) {
	for name, value := range q.Keys {
		if strings.EqualFold(name, key) {
			return value, true
		}
	}
	return "", false
}
