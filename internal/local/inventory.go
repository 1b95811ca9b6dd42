package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/byhand"
)

// inventory reads what an account holds, as a person would with the AWS CLI.
type inventory struct {
	iam     *iam.Client
	secrets *secretsmanager.Client
}

func newInventory(endpoint, region string) inventory {
	config := aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("LOCALPERSON", "not-a-secret", ""),
	}
	return inventory{iam.NewFromConfig(config), secretsmanager.NewFromConfig(config)}
}

// entry is one entity.
type entry struct{ kind, name, detail string }

// read lists the entities in the order in which a person would make them, and the values of the
// secrets, to look whether one of them got out.
func (v inventory) read(ctx context.Context) (all []entry, values []string, err error) {
	do, most := &byhand.Calls{Ctx: ctx}, aws.Int32(1000)
	add := func(kind string, name *string, format string, args ...any) {
		all = append(all, entry{kind, *name, fmt.Sprintf(format, args...)})
	}
	policies := byhand.Call(do, v.iam.ListPolicies, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, MaxItems: most})
	for _, p := range policies.Policies {
		add("managed policy", p.PolicyName, "version %s", *p.DefaultVersionId)
	}
	for _, r := range byhand.Call(do, v.iam.ListRoles, &iam.ListRolesInput{MaxItems: most}).Roles {
		attached := byhand.Call(do, v.iam.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: r.RoleName})
		add("role", r.RoleName, "with %s", policyNames(attached.AttachedPolicies))
	}
	for _, p := range byhand.Call(do, v.iam.ListInstanceProfiles, &iam.ListInstanceProfilesInput{MaxItems: most}).InstanceProfiles {
		held := "no role"
		for _, r := range p.Roles { // one at most
			held = "role " + *r.RoleName
		}
		add("instance profile", p.InstanceProfileName, "holds %s", held)
	}
	for _, u := range byhand.Call(do, v.iam.ListUsers, &iam.ListUsersInput{MaxItems: most}).Users {
		attached := byhand.Call(do, v.iam.ListAttachedUserPolicies, &iam.ListAttachedUserPoliciesInput{UserName: u.UserName})
		add("user", u.UserName, "with %s", policyNames(attached.AttachedPolicies))
		for _, k := range byhand.Call(do, v.iam.ListAccessKeys, &iam.ListAccessKeysInput{UserName: u.UserName}).AccessKeyMetadata {
			add("access key", k.AccessKeyId, "of %s, %s", *u.UserName, k.Status)
		}
	}
	for _, s := range byhand.Call(do, v.secrets.ListSecrets, &secretsmanager.ListSecretsInput{}).SecretList {
		value := byhand.Call(do, v.secrets.GetSecretValue, &secretsmanager.GetSecretValueInput{SecretId: s.Name})
		add("secret", s.Name, "version %s", aws.ToString(value.VersionId))
		values = append(values, aws.ToString(value.SecretString))
	}
	if do.Err != nil {
		return nil, nil, fmt.Errorf("read what the account holds: %w", do.Err)
	}
	return all, values, nil
}

func policyNames(attached []types.AttachedPolicy) string {
	var names []string
	for _, p := range attached {
		names = append(names, *p.PolicyName)
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(names, ", "), "no policy")
}
