package rolepolicy

import (
	"fmt"
	"slices"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
)

// A Request is what IAM decides on.
type Request iampolicy.Request

// check refuses a statement whose meaning the proof of least privilege could miss: one without a
// name, one that allows more than single actions on stated resources, and one that cannot be
// decided.
func check(s iampolicy.Statement) error {
	switch {
	case s.Sid == "":
		return fmt.Errorf("it has no Sid")
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("effect %q is not known here", s.Effect)
	case s.Principal != nil || s.NotPrincipal != nil:
		return fmt.Errorf("a Principal is not known here")
	case len(s.Action)+len(s.NotAction) == 0 || len(s.Resource)+len(s.NotResource) == 0:
		return fmt.Errorf("it has no actions, or no resources")
	case s.Effect == "Allow" && s.NotAction != nil:
		return fmt.Errorf("NotAction is not known here in what is allowed")
	case s.Effect == "Allow" && s.NotResource != nil:
		return fmt.Errorf("NotResource is not known here in what is allowed")
	}
	if unknown := s.Undecidable(); unknown != nil {
		return fmt.Errorf("operator %s is not known here", unknown[0])
	}
	for _, action := range s.Action {
		if s.Effect == "Allow" && (strings.Count(action, ":") != 1 || strings.ContainsAny(action, "*?$")) {
			return fmt.Errorf("action %s is not the name of one action", action)
		}
	}
	if slices.Contains(s.Resource, "") {
		return fmt.Errorf("a resource is empty")
	}
	return nil
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

// Grants are all that the role's statements allow, in the order of the template.
func (r Role) Grants() []Grant {
	return r.grants(func(iampolicy.Statement) bool { return true })
}

// Allowing are the grants by which the role allows a request. If there are none it is denied.
func (r Role) Allowing(q Request) []Grant {
	covers := func(s iampolicy.Statement) bool { return s.Covers(iampolicy.Request(q)) }
	for _, p := range r {
		for _, s := range p.document.Statements {
			if s.Effect == "Deny" && covers(s) {
				return nil
			}
		}
	}
	return r.grants(covers)
}

// grants takes the statements that allow something apart, into such of one action on one resource,
// and returns those that are wanted. The template's lists repeat an entry where a parameter adds
// none.
func (r Role) grants(wanted func(iampolicy.Statement) bool) []Grant {
	var grants []Grant
	for _, p := range r {
		for _, s := range p.document.Statements {
			if s.Effect != "Allow" || !wanted(s) {
				continue
			}
			one := s
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					grant := Grant{p.LogicalID, s.Sid, action, resource}
					one.Action, one.Resource = []string{action}, []string{resource}
					if wanted(one) && !slices.Contains(grants, grant) {
						grants = append(grants, grant)
					}
				}
			}
		}
	}
	return grants
}
