package spec

import (
	"bytes"
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

// revisions are the embedded revisions of the policies, the oldest first: they are named for the month.
func revisions() []string {
	entries, err := policyFiles.ReadDir("policies")
	if err != nil {
		panic(fmt.Sprintf("read the embedded policies: %v", err)) // cannot happen: they are in the binary
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}

func newestRevision() string {
	all := revisions()
	return all[len(all)-1]
}

// InstancePolicyDocument is the vendor's policy for the cluster nodes' role.
func (s Spec) InstancePolicyDocument(account Account) string {
	return s.policyDocument("instance-policy.json", account)
}

// UserPolicyDocument is the vendor's policy for the user and the console role.
func (s Spec) UserPolicyDocument(account Account) string {
	return s.policyDocument("user-policy.json", account)
}

// policyDocument is an embedded policy for this account. White space is left out: IAM does not count it.
func (s Spec) policyDocument(file string, account Account) string {
	text, err := policyFiles.ReadFile(path.Join("policies", s.PolicyRevision, file))
	if err != nil {
		panic(fmt.Sprintf("read the embedded policy: %v", err)) // cannot happen: Parse knows the revisions
	}
	filled := strings.NewReplacer(
		"{{partition}}", account.Partition,
		"{{instanceRoleName}}", s.InstanceRole,
	).Replace(string(text))
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(filled)); err != nil {
		panic(fmt.Sprintf("compact the embedded policy: %v", err)) // cannot happen: names hold no quotes
	}
	return compact.String()
}

// InstanceRoleTrust lets EC2 instances assume the instance role.
func (s Spec) InstanceRoleTrust(account Account) string {
	return trustDocument(map[string]any{"Service": account.principal("ec2")}, nil)
}

// ConsoleRoleTrust lets Redis Cloud's account assume the console role, with MFA and without an external
// ID: people assume it in the console, which cannot give one.
func (s Spec) ConsoleRoleTrust(account Account) string {
	return trustDocument(
		map[string]any{"AWS": fmt.Sprintf("arn:%s:iam::%s:root", account.Partition, s.RedisCloudAccountID)},
		map[string]any{"Bool": map[string]string{"aws:MultiFactorAuthPresent": "true"}},
	)
}

// ReadersPolicy is the resource policy that lets the readers read a secret, or "" if there are none.
func (s Spec) ReadersPolicy() string {
	if len(s.SecretReaders) == 0 {
		return ""
	}
	return document(map[string]any{
		"Sid": "ReadFromOtherAccounts", "Effect": "Allow", "Principal": map[string]any{"AWS": s.SecretReaders},
		"Action": []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, "Resource": "*",
	})
}

func trustDocument(principal, condition map[string]any) string {
	statement := map[string]any{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
	if condition != nil {
		statement["Condition"] = condition
	}
	return document(statement)
}

// document is a policy document of one statement.
func document(statement map[string]any) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		panic(fmt.Sprintf("encode a policy document: %v", err)) // cannot happen: maps of strings
	}
	return string(text)
}
