package provision

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// policyFiles holds the vendor's two policies, a folder a revision. They are the vendor's, kept exactly:
// do not improve them.
//
//go:embed policies
var policyFiles embed.FS

// The descriptions of the entities. A managed policy's can never be changed, so these are final.
const (
	instancePolicyDescription = "Instance role policy used by Redis Cloud for its cluster members"
	userPolicyDescription     = "Policy of the user and the console role that Redis Cloud uses to manage this account"
	instanceRoleDescription   = "Role of the EC2 instances that are Redis Cloud's cluster members"
	consoleRoleDescription    = "Role that Redis Cloud's staff assume, with MFA, in the console of this account"
	secretDescription         = "Access key that Redis Cloud uses to manage this account"
	consoleSecretDescription  = "Console password of the user that Redis Cloud uses to manage this account"
)

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

// policyDocument is one of the embedded policies for this account, without white space: IAM does not count
// it, but why send it.
func (d Desired) policyDocument(file string) string {
	text, err := policyFiles.ReadFile(path.Join("policies", d.Spec.PolicyRevision, file))
	if err != nil {
		panic(fmt.Sprintf("read the embedded policy: %v", err)) // cannot happen: Parse knows the revisions
	}
	filled := strings.NewReplacer(
		"{{partition}}", d.Account.Partition,
		"{{instanceRoleName}}", d.Spec.InstanceRole,
	).Replace(string(text))
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(filled)); err != nil {
		panic(fmt.Sprintf("compact the embedded policy: %v", err)) // cannot happen: names hold no quotes
	}
	return compact.String()
}

func (d Desired) instancePolicyDocument() string { return d.policyDocument("instance-policy.json") }

func (d Desired) userPolicyDocument() string { return d.policyDocument("user-policy.json") }

// instanceRoleTrust lets EC2 instances assume the instance role.
func (d Desired) instanceRoleTrust() string {
	return trustDocument(map[string]any{"Service": d.Account.principal("ec2")}, nil)
}

// consoleRoleTrust lets Redis Cloud's account assume the console role, with MFA and without an external ID:
// people assume it in the console, which cannot give one.
func (d Desired) consoleRoleTrust() string {
	return trustDocument(
		map[string]any{"AWS": fmt.Sprintf("arn:%s:iam::%s:root", d.Account.Partition, d.Spec.RedisCloudAccountID)},
		map[string]any{"Bool": map[string]string{"aws:MultiFactorAuthPresent": "true"}},
	)
}

// readersDocument lets the readers read a secret, or is "" where there are none.
func (s Spec) readersDocument(secret string) string {
	readers := s.readersOf(secret)
	if len(readers) == 0 {
		return ""
	}
	return encoded(map[string]any{
		"Sid": "ReadFromOtherAccounts", "Effect": "Allow", "Principal": map[string]any{"AWS": readers},
		"Action": []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, "Resource": "*",
	})
}

func trustDocument(principal, condition map[string]any) string {
	statement := map[string]any{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
	if condition != nil {
		statement["Condition"] = condition
	}
	return encoded(statement)
}

// encoded is a policy document of one statement.
func encoded(statement map[string]any) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		panic(fmt.Sprintf("encode a policy document: %v", err)) // cannot happen: maps of strings
	}
	return string(text)
}
