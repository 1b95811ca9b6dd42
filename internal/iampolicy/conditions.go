package iampolicy

import (
	"slices"
	"strings"
)

// applies reports whether all conditions of a statement hold. Conditions that cannot be decided
// hold for a Deny and do not hold for an Allow.
func (s Statement) applies(q Request) bool {
	for operator, tests := range s.Condition {
		for key, wanted := range tests {
			if !s.holds(q, operator, key, wanted) {
				return false
			}
		}
	}
	return true
}

// holds decides one condition: the request's value of a key against what the policy asks of it.
//
// See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
func (s Statement) holds(q Request, operator, key string, wanted []string) bool {
	value, given := q.value(key)
	base, ifExists := strings.CutSuffix(operator, "IfExists")
	test, negated := comparison(base)
	switch {
	case operator == "Null":
		return !given == slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, "true") })
	case test == nil:
		return s.Effect == "Deny"
	case !given:
		return ifExists || negated
	case negated:
		return s.unlike(q, wanted, test, value)
	}
	return s.like(q, wanted, test, value)
}

// comparison is how an operator compares what a policy asks with what a request has, and whether
// the condition holds where none of the wanted values compares. It does not know numbers, dates,
// addresses, bytes, and keys with several values: then the test is nil.
func comparison(operator string) (test func(wanted, value string) bool, negated bool) {
	switch strings.Replace(operator, "Not", "", 1) {
	case "StringEquals":
		test = exact
	case "StringEqualsIgnoreCase":
		test = func(wanted, value string) bool { return exact(strings.ToLower(wanted), strings.ToLower(value)) }
	case "StringLike":
		test = match
	case "ArnEquals", "ArnLike": // which are the same
		test = matchARN
	case "Bool":
		test = strings.EqualFold
	}
	return test, strings.Contains(operator, "Not")
}

// exact compares texts in which wildcards mean themselves.
func exact(wanted, value string) bool { return strings.ReplaceAll(wanted, escape, "") == value }

// Undecidable returns the condition operators of a statement that [Decide] does not know.
func (s Statement) Undecidable() []string {
	var unknown []string
	for operator := range s.Condition {
		base, _ := strings.CutSuffix(operator, "IfExists")
		if test, _ := comparison(base); test == nil && operator != "Null" {
			unknown = append(unknown, operator)
		}
	}
	slices.Sort(unknown)
	return unknown
}
