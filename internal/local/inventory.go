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
	for _, list := range []func(context.Context) ([]entry, error){v.policies, v.roles, v.profiles, v.users} {
		entries, err := list(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("read what the account holds: %w", err)
		}
		all = append(all, entries...)
	}
	out, err := v.secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil {
		return nil, nil, fmt.Errorf("list the secrets: %w", err)
	}
	for _, s := range out.SecretList {
		value, err := v.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: s.Name})
		if err != nil {
			return nil, nil, fmt.Errorf("read secret %s: %w", *s.Name, err)
		}
		all = append(all, entry{"secret", *s.Name, "version " + *value.VersionId})
		values = append(values, aws.ToString(value.SecretString))
	}
	return all, values, nil
}

func (v inventory) policies(ctx context.Context) (entries []entry, err error) {
	out, err := v.iam.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	for _, p := range out.Policies {
		entries = append(entries, entry{"managed policy", *p.PolicyName, "version " + *p.DefaultVersionId})
	}
	return entries, nil
}

func (v inventory) roles(ctx context.Context) (entries []entry, err error) {
	out, err := v.iam.ListRoles(ctx, &iam.ListRolesInput{MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	for _, r := range out.Roles {
		attached, err := v.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: r.RoleName})
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{"role", *r.RoleName, "with " + policyNames(attached.AttachedPolicies)})
	}
	return entries, nil
}

func (v inventory) profiles(ctx context.Context) (entries []entry, err error) {
	out, err := v.iam.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	for _, p := range out.InstanceProfiles {
		held := "no role"
		for _, r := range p.Roles { // one at most
			held = "role " + *r.RoleName
		}
		entries = append(entries, entry{"instance profile", *p.InstanceProfileName, "holds " + held})
	}
	return entries, nil
}

func (v inventory) users(ctx context.Context) (entries []entry, err error) {
	out, err := v.iam.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	for _, u := range out.Users {
		attached, err := v.iam.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: u.UserName})
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{"user", *u.UserName, "with " + policyNames(attached.AttachedPolicies)})
		keys, err := v.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: u.UserName})
		if err != nil {
			return nil, err
		}
		for _, k := range keys.AccessKeyMetadata {
			entries = append(entries, entry{"access key", *k.AccessKeyId, fmt.Sprintf("of %s, %s", *u.UserName, k.Status)})
		}
	}
	return entries, nil
}

func policyNames(attached []types.AttachedPolicy) string {
	var names []string
	for _, p := range attached {
		names = append(names, *p.PolicyName)
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(names, ", "), "no policy")
}
