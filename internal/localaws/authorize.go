package localaws

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// authorize says whether a user may make a call, as the replicas see its policies: those attached to it, its inline ones and
// its groups', within its permissions boundary. It is a small evaluator: a statement with a condition never
// applies, and of the policy variables it knows ${aws:username}.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
func (a *Account) authorize(caller *user, seen *state, op operation, in any) error {
	if caller == nil || op.service == "sts" {
		return nil
	}
	resource := a.resource(caller, op, in)
	if resource == "" {
		resource = "*"
	}
	request := request{account: a, action: op.fullName(), resource: resource, username: caller.Name}
	if u := seen.Users[fold(caller.Name)]; u != nil && request.allowed(seen.policiesOf(u)) {
		if u.Boundary == "" || request.allowed([]string{seen.Policies[u.Boundary].document()}) {
			return nil
		}
	}
	return accessDenied(op.service, "User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		caller.ARN, request.action, resource, request.action)
}

// policiesOf returns the documents of all policies that give a user permissions.
func (s *state) policiesOf(u *user) []string {
	identities := []*identity{&u.identity}
	for _, name := range u.Groups {
		identities = append(identities, &s.Groups[name].identity)
	}
	var documents []string
	for _, id := range identities {
		for _, arn := range id.Attached {
			documents = append(documents, s.Policies[arn].document())
		}
		documents = slices.AppendSeq(documents, maps.Values(id.Inline))
	}
	return documents
}

// request is what a caller wants to do.
type request struct {
	account                    *Account
	action, resource, username string
}

// allowed says whether policies allow a request and none of them denies it.
func (r request) allowed(documents []string) bool {
	var allowed bool
	for _, text := range documents {
		d, err := parseDocument(text)
		if err != nil {
			return false // cannot be: it was checked when it came
		}
		for _, s := range d.Statement {
			if s.Condition == nil && r.covered(s) {
				if s.Effect == "Deny" {
					return false
				}
				allowed = true
			}
		}
	}
	return allowed
}

// covered says whether a statement speaks of a request.
func (r request) covered(s statement) bool {
	action := slices.ContainsFunc(slices.Concat(s.Action, s.NotAction), func(pattern string) bool {
		return r.account.glob(fold(pattern)).MatchString(fold(r.action))
	})
	resource := slices.ContainsFunc(slices.Concat(s.Resource, s.NotResource), func(pattern string) bool {
		return r.account.glob(strings.ReplaceAll(pattern, "${aws:username}", r.username)).MatchString(r.resource)
	})
	return action == (s.NotAction == nil) && resource == (s.NotResource == nil)
}

// glob matches whole strings against a pattern in which * stands for any characters and ? for one.
func (a *Account) glob(pattern string) *regexp.Regexp {
	return a.pattern(strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern)))
}
