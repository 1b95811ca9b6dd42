package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/intrinsics"
)

// templateRole is what a role of the template may do: its policies, inline ones and managed ones.
type templateRole []templatePolicy

// templatePolicy is one of a role's policies.
type templatePolicy struct {
	LogicalID   string // of its resource; of an inline policy, the role's and the policy's name
	Description string // of a managed policy
	Document    string // as JSON, without white space

	document *iampolicy.Document
}

// policyReader reads the policies of a template in one stack. Whatever it does not know becomes a
// fault, so that a statement that it does not understand is never passed over.
type policyReader struct {
	*intrinsics.Template
	stack  intrinsics.Stack
	faults []error
}

func (r *policyReader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// readRole reads the policies of the role that has a logical ID. Every managed policy of the
// template must be of one role of the template alone, or attached to nothing, which is a permissions
// boundary. A role that the stack does not have has no policies.
func readRole(template *intrinsics.Template, logicalID string, stack intrinsics.Stack) (templateRole, error) {
	r := &policyReader{Template: template, stack: stack}
	for name := range stack.Parameters {
		if _, ok := template.Parameters[name]; !ok {
			r.fault("the template has no parameter %s", name)
		}
	}
	if template.Resources[logicalID].Type != "AWS::IAM::Role" {
		r.fault("the template has no role %s", logicalID)
	}
	ids, err := template.LogicalIDs(stack)
	var role templateRole
	for _, id := range ids {
		role = append(role, r.policies(id, logicalID)...)
	}
	return role, errors.Join(append(r.faults, err)...)
}

// readBoundary returns the document, as JSON without white space, of a managed policy that the
// template attaches to nothing; "" if the stack does not have it.
func readBoundary(template *intrinsics.Template, logicalID string, stack intrinsics.Stack) (string, error) {
	r := &policyReader{Template: template, stack: stack}
	if template.Resources[logicalID].Type != "AWS::IAM::ManagedPolicy" {
		r.fault("the template has no managed policy %s", logicalID)
	}
	ids, err := template.LogicalIDs(stack)
	if !slices.Contains(ids, logicalID) {
		return "", errors.Join(append(r.faults, err)...)
	}
	document, encoding := json.Marshal(r.properties(logicalID, "Description", "PolicyDocument")["PolicyDocument"])
	return string(document), errors.Join(append(r.faults, err, encoding)...)
}

// policies are those that a resource gives a role.
func (r *policyReader) policies(id, role string) (policies templateRole) {
	switch kind := r.Resources[id].Type; {
	case id == role:
		properties := r.properties(id, "Description", "AssumeRolePolicyDocument", "PermissionsBoundary", "Policies")
		list, _ := properties["Policies"].([]any)
		for _, item := range list {
			inline, _ := item.(map[string]any)
			r.only(id, inline, "PolicyName", "PolicyDocument")
			policies = append(policies, r.policy(fmt.Sprintf("%s/%v", role, inline["PolicyName"]), "", inline["PolicyDocument"]))
		}
	case kind == "AWS::IAM::ManagedPolicy":
		properties := r.properties(id, "Description", "Roles", "PolicyDocument")
		roles, attached := properties["Roles"].([]any)
		switch {
		case !attached && properties["Roles"] == nil: // a boundary
		case len(roles) != 1 || r.Resources[fmt.Sprint(roles[0])].Type != "AWS::IAM::Role":
			r.fault("resource %s: it is not a policy of one role of the template alone", id)
		case roles[0] == role:
			policies = templateRole{r.policy(id, fmt.Sprint(properties["Description"]), properties["PolicyDocument"])}
		}
	case kind == "AWS::IAM::Role": // another one
	case strings.HasPrefix(kind, "AWS::IAM::"):
		r.fault("resource %s: %s is not known here", id, kind)
	}
	return policies
}

func (r *policyReader) policy(id, description string, document any) templatePolicy {
	text, err := json.Marshal(document)
	p := templatePolicy{LogicalID: id, Description: description, Document: string(text)}
	if err == nil {
		p.document, err = iampolicy.Parse(p.Document)
	}
	if err != nil {
		r.fault("resource %s: %w", id, err)
		return p
	}
	if p.document.Version != "2012-10-17" {
		r.fault("resource %s: version %s of the policy language is not known here", id, p.document.Version)
	}
	if strings.Contains(p.Document, "${") {
		r.fault("resource %s: policy variables are not known here", id)
	}
	for i, statement := range p.document.Statements {
		if err := understood(statement); err != nil {
			r.fault("resource %s: statement %d %s: %w", id, i+1, statement.Sid, err)
		}
	}
	return p
}

// properties are those of a resource, which may have the known ones alone.
func (r *policyReader) properties(id string, known ...string) map[string]any {
	properties, err := r.Properties(id, r.stack)
	if err != nil {
		r.fault("resource %s: %w", id, err)
	}
	r.only(id, properties, known...)
	return properties
}

// only faults entries of a resource other than the known ones.
func (r *policyReader) only(id string, entries map[string]any, known ...string) {
	for key := range entries {
		if !slices.Contains(known, key) {
			r.fault("resource %s: %s is not known here", id, key)
		}
	}
}

// understood refuses a statement whose meaning the proof of least privilege could miss: one without
// a name, one that allows more than single actions on stated resources, and one that cannot be
// decided.
func understood(s iampolicy.Statement) error {
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

// during is the role while an update changes the former role to this one. CloudFormation changes a
// policy in place. But the description of a managed policy cannot be changed: where it differs,
// CloudFormation makes a new policy, and deletes the former one only in its clean-up after all
// else, as it does with a policy that the template no longer has.
//
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html.
func (r templateRole) during(former templateRole) templateRole {
	both := slices.Clone(r)
	for _, p := range former {
		inPlace := slices.ContainsFunc(r, func(q templatePolicy) bool { return p.LogicalID == q.LogicalID && p.Description == q.Description })
		if !inPlace {
			both = append(both, p)
		}
	}
	return both
}

// grant is one action on one resource that a statement allows.
type grant struct {
	Policy   string // logical ID
	Sid      string
	Action   string
	Resource string
}

func (g grant) String() string {
	return fmt.Sprintf("%s on %s (Sid %s of %s)", g.Action, g.Resource, g.Sid, g.Policy)
}

// grants are all that the role's statements allow, in the order of the template.
func (r templateRole) grants() []grant {
	return r.those(func(iampolicy.Statement) bool { return true })
}

// allowing are the grants by which the role allows a request. If there are none it is denied.
func (r templateRole) allowing(q iampolicy.Request) []grant {
	covers := func(s iampolicy.Statement) bool { return s.Covers(q) }
	for _, p := range r {
		for _, s := range p.document.Statements {
			if s.Effect == "Deny" && covers(s) {
				return nil
			}
		}
	}
	return r.those(covers)
}

// those takes the statements that allow something apart, into such of one action on one resource,
// and returns those that are wanted. The template's lists repeat an entry where a parameter adds
// none.
func (r templateRole) those(wanted func(iampolicy.Statement) bool) []grant {
	var grants []grant
	for _, p := range r {
		for _, s := range p.document.Statements {
			if s.Effect != "Allow" || !wanted(s) {
				continue
			}
			one := s
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					found := grant{p.LogicalID, s.Sid, action, resource}
					one.Action, one.Resource = []string{action}, []string{resource}
					if wanted(one) && !slices.Contains(grants, found) {
						grants = append(grants, found)
					}
				}
			}
		}
	}
	return grants
}
