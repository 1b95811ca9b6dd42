package localaws

import (
	"cmp"
	"maps"

	"redis-cloud-iam/internal/iampolicy"
)

// authorize refuses a user's call that needs something which the user is not allowed, as the
// replicas see its policies. STS answers everybody.
func (a *Account) authorize(caller *user, seen *state, op operation, in fields) error {
	if caller == nil || op.service == "sts" {
		return nil
	}
	for _, p := range a.permissions(op, a.resource(caller, op, in), in) {
		q := iampolicy.Request(p)
		if reason := seen.refusal(seen.Users[fold(caller.Name)], q); reason != "" {
			return op.refuse(accessDenied, "User: %s is not authorized to perform: %s on resource: %s %s",
				caller.ARN, q.Action, cmp.Or(q.Resource, "*"), reason)
		}
	}
	return nil
}

// refusal says in IAM's words why a user is not allowed something; "" if it is.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
func (s *state) refusal(u *user, q iampolicy.Request) string {
	notAllowed := "because no identity-based policy allows the " + q.Action + " action"
	if u == nil {
		return notAllowed
	}
	policies, boundary := s.decide(u, q)
	return cmp.Or(
		when(policies == iampolicy.Denied, "with an explicit deny in an identity-based policy"),
		when(boundary == iampolicy.Denied, "with an explicit deny in a permissions boundary"),
		when(policies != iampolicy.Allowed, notAllowed),
		when(boundary != iampolicy.Allowed, "because no permissions boundary allows the "+q.Action+" action"),
	)
}

// decide decides a user's request by its policies, those of its groups included, and by its
// permissions boundary. Without a boundary everything is within it.
func (s *state) decide(u *user, q iampolicy.Request) (policies, boundary iampolicy.Decision) {
	keys := map[string]string{"aws:username": u.Name}
	maps.Copy(keys, q.Keys)
	q.Keys = keys
	documents := s.policiesOf(&u.identity)
	for _, name := range u.Groups {
		documents = append(documents, s.policiesOf(&s.Groups[fold(name)].identity)...)
	}
	policies, boundary = iampolicy.Decide(q, documents...), iampolicy.Allowed
	if u.Boundary != "" {
		boundary = iampolicy.Decide(q, s.Policies[u.Boundary].document())
	}
	return policies, boundary
}

// policiesOf returns the documents of an identity's own policies.
func (s *state) policiesOf(id *identity) []*iampolicy.Document {
	attached := each(id.Attached, func(arn string) *iampolicy.Document { return s.Policies[arn].document() })
	return append(attached, each(ordered(id.Inline), parsed)...)
}

// parsed reads a document that was checked when it came.
func parsed(text string) *iampolicy.Document {
	d, err := iampolicy.Parse(text)
	if err != nil {
		panic("localaws: a stored policy cannot be read: " + err.Error())
	}
	return d
}
