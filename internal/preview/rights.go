package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"redis-cloud-iam/internal/plan"
)

// statement is one of an IAM policy.
type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// rights writes the policy that permits a preview and nothing else.
func (l launch) rights(out io.Writer) error {
	policy := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	for _, s := range []struct {
		sid     string
		kind    plan.Kind
		actions []string
	}{
		{"ReadPolicies", plan.Policy, []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"}},
		{"ReadRoles", plan.Role, []string{"iam:GetRole", "iam:ListAttachedRolePolicies"}},
		{"ReadInstanceProfile", plan.Profile, []string{"iam:GetInstanceProfile"}},
		{"ReadUser", plan.Person, []string{
			"iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys", "iam:ListAttachedUserPolicies",
		}},
		{"ReadAboutSecrets", plan.Secret, []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"}},
	} {
		policy.Statement = append(policy.Statement, statement{s.sid, "Allow", s.actions, l.resources(s.kind)})
	}
	text, err := json.MarshalIndent(policy, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the policy: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

// resources are the ARNs that entities of a kind have, or would have. Another entity of the name
// may be under a path, but a policy is read by its ARN. That of a secret ends in six characters
// which AWS makes up; for one that is not there AWS asks without them.
func (l launch) resources(kind plan.Kind) (arns []string) {
	where := l.desired.Account
	for _, slot := range plan.Slots() {
		switch name := slot.Ref(l.desired.Spec.Names).Name; {
		case slot.Kind() != kind:
		case kind == plan.Secret:
			arn := fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s", where.Partition, where.Region, where.ID, name)
			arns = append(arns, arn, arn+"-??????")
		case kind == plan.Policy:
			arns = append(arns, where.IAMARN("policy", name))
		default:
			kind := strings.ReplaceAll(string(kind), " ", "-") // instance profile
			arns = append(arns, where.IAMARN(kind, name), where.IAMARN(kind, "*/"+name))
		}
	}
	return arns
}
