package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"redis-cloud-iam/internal/plan"
)

// rights writes the policy that permits a preview and nothing else.
func (l launch) rights(out io.Writer) error {
	type statement struct {
		Sid      string
		Effect   string
		Action   []string
		Resource []string
	}
	policy := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	allow := func(sid string, kind plan.Kind, actions ...string) {
		policy.Statement = append(policy.Statement, statement{sid, "Allow", actions, l.resources(kind)})
	}
	allow("ReadPolicies", plan.Policy, "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions")
	allow("ReadRoles", plan.Role, "iam:GetRole", "iam:ListAttachedRolePolicies")
	allow("ReadInstanceProfile", plan.Profile, "iam:GetInstanceProfile")
	allow("ReadUser", plan.Person,
		"iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys", "iam:ListAttachedUserPolicies")
	allow("ReadAboutSecrets", plan.Secret, "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy")
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(policy)
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
