package rolepolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
)

// A Role is what a role may do: its policies, inline ones and managed ones.
type Role []Policy

// A Policy is one of a role's policies.
type Policy struct {
	LogicalID   string // of its resource; of an inline policy, the role's and the policy's name
	Description string // of a managed policy
	Document    string // as JSON, without white space

	document *iampolicy.Document
}

// Role reads the policies of the role that has a logical ID. Every managed policy of the template
// must be of one role of the template alone, or attached to nothing, which is a permissions boundary.
// A role that the stack does not have has no policies.
func (t *Template) Role(logicalID string, stack Stack) (Role, error) {
	s := &scope{Template: t, stack: stack}
	for name := range stack.Parameters {
		if !t.HasParameter(name) {
			s.fault("the template has no parameter %s", name)
		}
	}
	if t.resources[logicalID].kind != "AWS::IAM::Role" {
		s.fault("the template has no role %s", logicalID)
	}
	var role Role
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		role = append(role, s.policies(id, logicalID)...)
	}
	return role, errors.Join(s.faults...)
}

// Boundary returns the document, as JSON without white space, of a managed policy that the template
// attaches to nothing; "" if the stack does not have it.
func (t *Template) Boundary(logicalID string, stack Stack) (string, error) {
	s := &scope{Template: t, stack: stack}
	r := t.resources[logicalID]
	if r.kind != "AWS::IAM::ManagedPolicy" {
		s.fault("the template has no managed policy %s", logicalID)
	}
	if r.condition != "" && !s.condition(r.condition) {
		return "", errors.Join(s.faults...)
	}
	properties, _ := s.value(r.properties).(map[string]any)
	s.only(logicalID, properties, "Description", "PolicyDocument")
	text, err := json.Marshal(properties["PolicyDocument"])
	return string(text), errors.Join(append(s.faults, err)...)
}

// policies are those that a resource gives a role.
func (s *scope) policies(id, role string) (policies Role) {
	r := s.resources[id]
	if r.condition != "" && !s.condition(r.condition) || !strings.HasPrefix(r.kind, "AWS::IAM::") {
		return nil
	}
	properties, _ := s.value(r.properties).(map[string]any)
	switch {
	case id == role:
		s.only(id, properties, "Description", "AssumeRolePolicyDocument", "PermissionsBoundary", "Policies")
		list, _ := properties["Policies"].([]any)
		for _, item := range list {
			inline, _ := item.(map[string]any)
			s.only(id, inline, "PolicyName", "PolicyDocument")
			policies = append(policies, s.policy(fmt.Sprintf("%s/%v", role, inline["PolicyName"]), "", inline["PolicyDocument"]))
		}
	case r.kind == "AWS::IAM::ManagedPolicy":
		s.only(id, properties, "Description", "Roles", "PolicyDocument")
		if _, attached := properties["Roles"]; !attached {
			return nil
		}
		roles, _ := properties["Roles"].([]any)
		if len(roles) != 1 || s.resources[fmt.Sprint(roles[0])].kind != "AWS::IAM::Role" {
			s.fault("resource %s: it is not a policy of one role of the template alone", id)
			return nil
		}
		if roles[0] != role {
			return nil
		}
		policies = Role{s.policy(id, fmt.Sprint(properties["Description"]), properties["PolicyDocument"])}
	case r.kind == "AWS::IAM::Role": // another one
	default:
		s.fault("resource %s: %s is not known here", id, r.kind)
	}
	return policies
}

func (s *scope) policy(id, description string, document any) Policy {
	text, err := json.Marshal(document)
	p := Policy{LogicalID: id, Description: description, Document: string(text)}
	if err == nil {
		p.document, err = iampolicy.Parse(p.Document)
	}
	if err != nil {
		s.fault("resource %s: %w", id, err)
		return p
	}
	if p.document.Version != "2012-10-17" {
		s.fault("resource %s: version %s of the policy language is not known here", id, p.document.Version)
	}
	if strings.Contains(p.Document, "${") {
		s.fault("resource %s: policy variables are not known here", id)
	}
	for i, statement := range p.document.Statements {
		if err := check(statement); err != nil {
			s.fault("resource %s: statement %d %s: %w", id, i+1, statement.Sid, err)
		}
	}
	return p
}

// only faults entries of a resource other than the known ones.
func (s *scope) only(id string, entries map[string]any, known ...string) {
	for key := range entries {
		if !slices.Contains(known, key) {
			s.fault("resource %s: %s is not known here", id, key)
		}
	}
}

// During is the role while an update changes the former role to this one. CloudFormation changes a
// policy in place. But the description of a managed policy cannot be changed: where it differs,
// CloudFormation makes a new policy, and deletes the former one only in its clean-up after all
// else, as it does with a policy that the template no longer has.
//
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html.
func (r Role) During(former Role) Role {
	both := slices.Clone(r)
	for _, p := range former {
		inPlace := slices.ContainsFunc(r, func(q Policy) bool { return p.LogicalID == q.LogicalID && p.Description == q.Description })
		if !inPlace {
			both = append(both, p)
		}
	}
	return both
}
