package spec

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// policyFiles holds the vendor's two policies, a folder for each revision. The statements are the
// vendor's: do not improve them. The Sids are ours.
//
//go:embed policies
var policyFiles embed.FS

// revisions are the embedded revisions of the policies, the oldest first: they are named for the
// month.
func revisions() []string {
	var names []string
	for _, entry := range must(policyFiles.ReadDir("policies")) {
		names = append(names, entry.Name())
	}
	return names
}

// must is for errors that cannot happen: what is embedded is in the binary, Parse knows the
// revisions, and a name holds no quotes.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// InstancePolicyDocument is the vendor's policy for the cluster nodes' role.
func (s Spec) InstancePolicyDocument(account Account) string {
	return s.policyDocument("instance-policy.json", account)
}

// UserPolicyDocument is the vendor's policy for the user and the console role.
func (s Spec) UserPolicyDocument(account Account) string {
	return s.policyDocument("user-policy.json", account)
}

// policyDocument is an embedded policy for this account, without white space.
func (s Spec) policyDocument(file string, account Account) string {
	text := must(policyFiles.ReadFile(path.Join("policies", s.PolicyRevision, file)))
	values := strings.NewReplacer("{{partition}}", account.Partition, "{{instanceRoleName}}", s.InstanceRole)
	filled := values.Replace(string(text))
	return string(must(json.Marshal(json.RawMessage(filled))))
}

// InstanceRoleTrust lets EC2 instances assume the instance role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (s Spec) InstanceRoleTrust(account Account) string {
	service := "ec2.amazonaws.com"
	if account.Partition == "aws-cn" {
		service += ".cn"
	}
	return document(statement{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": statement{"Service": service},
	})
}

// ConsoleRoleTrust lets Redis Cloud's account assume the console role, with MFA and without an
// external ID: people assume it in the console, which cannot give one.
func (s Spec) ConsoleRoleTrust(account Account) string {
	root := fmt.Sprintf("arn:%s:iam::%s:root", account.Partition, s.RedisCloudAccountID)
	return document(statement{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": statement{"AWS": root},
		"Condition": statement{"Bool": statement{"aws:MultiFactorAuthPresent": "true"}},
	})
}

// ReadersPolicy is the resource policy that lets the readers read a secret, or "" if there are none.
func (s Spec) ReadersPolicy() string {
	if len(s.SecretReaders) == 0 {
		return ""
	}
	return document(statement{
		"Sid": "ReadFromOtherAccounts", "Effect": "Allow",
		"Principal": statement{"AWS": s.SecretReaders}, "Resource": "*",
		"Action": []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
	})
}

type statement map[string]any

// document is a policy document of one statement.
func document(s statement) string {
	return string(must(json.Marshal(statement{"Version": "2012-10-17", "Statement": []any{s}})))
}
