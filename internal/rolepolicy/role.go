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
// must be that role's, or nobody's, which is a permissions boundary.
func (t *Template) Role(logicalID string, stack Stack) (Role, error) {
	s, err := t.in(stack)
	if err != nil {
		return nil, err
	}
	if t.resources[logicalID].kind != "AWS::IAM::Role" {
		return nil, fmt.Errorf("the template has no role %s", logicalID)
	}
	var role Role
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		policies, err := s.policies(id, logicalID)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", id, err)
		}
		role = append(role, policies...)
	}
	return role, nil
}

// Boundary returns the document, as JSON without white space, of a managed policy that the template
// attaches to nothing; "" if the stack does not have it.
func (t *Template) Boundary(logicalID string, stack Stack) (string, error) {
	s, err := t.in(stack)
	if err != nil {
		return "", err
	}
	r := t.resources[logicalID]
	if r.kind != "AWS::IAM::ManagedPolicy" {
		return "", fmt.Errorf("the template has no managed policy %s", logicalID)
	}
	if r.condition != "" {
		if holds, err := s.condition(r.condition); err != nil || !holds {
			return "", err
		}
	}
	value, err := s.value(r.properties)
	if err != nil {
		return "", fmt.Errorf("resource %s: %w", logicalID, err)
	}
	properties, _ := value.(map[string]any)
	if err := only(properties, "Description", "PolicyDocument"); err != nil {
		return "", fmt.Errorf("resource %s: %w", logicalID, err)
	}
	text, err := json.Marshal(properties["PolicyDocument"])
	return string(text), err
}

// policies are those that a resource gives a role.
func (s scope) policies(id, role string) (Role, error) {
	r := s.resources[id]
	if r.condition != "" {
		if holds, err := s.condition(r.condition); err != nil || !holds {
			return nil, err
		}
	}
	if !strings.HasPrefix(r.kind, "AWS::IAM::") {
		return nil, nil
	}
	value, err := s.value(r.properties)
	if err != nil {
		return nil, err
	}
	properties, _ := value.(map[string]any)
	switch {
	case id == role:
		return inline(id, properties)
	case r.kind == "AWS::IAM::ManagedPolicy":
		return managed(id, role, properties)
	}
	return nil, fmt.Errorf("%s is not known here", r.kind)
}

func inline(role string, properties map[string]any) (Role, error) {
	if err := only(properties, "Description", "AssumeRolePolicyDocument", "PermissionsBoundary", "Policies"); err != nil {
		return nil, err
	}
	list, _ := properties["Policies"].([]any)
	var policies Role
	for _, item := range list {
		entries, _ := item.(map[string]any)
		if err := only(entries, "PolicyName", "PolicyDocument"); err != nil {
			return nil, err
		}
		p, err := newPolicy(fmt.Sprintf("%s/%v", role, entries["PolicyName"]), "", entries["PolicyDocument"])
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

func managed(id, role string, properties map[string]any) (Role, error) {
	if err := only(properties, "Description", "Roles", "PolicyDocument"); err != nil {
		return nil, err
	}
	if _, attached := properties["Roles"]; !attached {
		return nil, nil
	}
	if roles, err := texts(properties["Roles"]); err != nil || !slices.Equal(roles, []string{role}) {
		return nil, fmt.Errorf("it is not a policy of %s alone", role)
	}
	p, err := newPolicy(id, fmt.Sprint(properties["Description"]), properties["PolicyDocument"])
	return Role{p}, err
}

func newPolicy(id, description string, document any) (Policy, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{LogicalID: id, Description: description, Document: string(text)}
	if p.document, err = iampolicy.Parse(p.Document); err != nil {
		return Policy{}, fmt.Errorf("policy %s: %w", id, err)
	}
	if p.document.Version != "2012-10-17" {
		return Policy{}, fmt.Errorf("version %s of the policy language is not known here", p.document.Version)
	}
	if strings.Contains(p.Document, "${") {
		return Policy{}, errors.New("policy variables are not known here")
	}
	for i, statement := range p.document.Statements {
		if err := check(statement); err != nil {
			return Policy{}, fmt.Errorf("statement %d %s: %w", i+1, statement.Sid, err)
		}
	}
	return p, nil
}

// only is an error if there are other entries than the known ones.
func only(entries map[string]any, known ...string) error {
	if entries == nil {
		return fmt.Errorf("it has none of %s", strings.Join(known, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%s is not known here", key)
		}
	}
	return nil
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
