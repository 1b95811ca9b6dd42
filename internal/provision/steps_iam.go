package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func (s CreatePolicy) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: &s.Name, Description: &s.Description, PolicyDocument: &s.Document, Tags: toIAMTags(s.Tags),
	})
	if hasCode(err, "EntityAlreadyExists") {
		return fmt.Errorf("a policy of this name is there, under a path or spelt in another case if a look at %s does not find it: choose another name, or delete it: %w", s.Name, err)
	}
	return err
}

func (s CreateRole) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &s.Name, Description: &s.Description, AssumeRolePolicyDocument: &s.Trust,
		PermissionsBoundary: optional(s.Boundary), Tags: toIAMTags(s.Tags),
	})
	return trusted(err)
}

// trusted says what AWS means when it refuses a trust policy: that its principal does not exist in the partition.
func trusted(err error) error {
	if hasCode(err, "MalformedPolicyDocument") {
		return fmt.Errorf("AWS does not know whom the role trusts; set RedisCloudAccountId to an AWS account of this partition: %w", err)
	}
	return err
}

func (s CreateProfile) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{
		InstanceProfileName: &s.Name, Tags: toIAMTags(s.Tags),
	})
	return err
}

func (s CreateUser) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.CreateUser(ctx, &iam.CreateUserInput{
		UserName: &s.Name, PermissionsBoundary: optional(s.Boundary), Tags: toIAMTags(s.Tags),
	})
	return err
}

// apply keeps the versions at five or fewer: the one that makes room goes before the new one comes.
func (s UpdatePolicy) apply(ctx context.Context, a *applier) error {
	if s.Drop != "" {
		if err := (DeleteVersion{s.ARN, s.Drop}).apply(ctx, a); err != nil {
			return err
		}
	}
	_, err := a.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
		PolicyArn: &s.ARN, PolicyDocument: &s.Document, SetAsDefault: true,
	})
	return afterLimit(err)
}

func (s UpdateTrust) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &s.Role, PolicyDocument: &s.Document})
	return trusted(err)
}

func (s Describe) apply(ctx context.Context, a *applier) error {
	input := &iam.UpdateRoleInput{RoleName: &s.Role, Description: &s.Description}
	if s.MaxSession > 0 {
		input.MaxSessionDuration = &s.MaxSession
	}
	_, err := a.iam.UpdateRole(ctx, input)
	return err
}

func (s SetBoundary) apply(ctx context.Context, a *applier) error {
	var err error
	switch {
	case s.Entity.Kind == KindUser && s.ARN != "":
		_, err = a.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &s.Entity.Name, PermissionsBoundary: &s.ARN})
	case s.Entity.Kind == KindUser:
		_, err = a.iam.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: &s.Entity.Name})
	case s.ARN != "":
		_, err = a.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &s.Entity.Name, PermissionsBoundary: &s.ARN})
	default:
		_, err = a.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &s.Entity.Name})
	}
	return err
}

// apply removes tags before it sets others: to IAM a key that was respelt is the same key.
func (s Tag) apply(ctx context.Context, a *applier) error {
	name := &s.Entity.Name
	if len(s.Unset) > 0 {
		var err error
		switch s.Entity.Kind {
		case KindPolicy:
			_, err = a.iam.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: name, TagKeys: s.Unset})
		case KindRole:
			_, err = a.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: s.Unset})
		case KindProfile:
			_, err = a.iam.UntagInstanceProfile(ctx, &iam.UntagInstanceProfileInput{InstanceProfileName: name, TagKeys: s.Unset})
		case KindUser:
			_, err = a.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: name, TagKeys: s.Unset})
		case KindSecret:
			_, err = a.secrets.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: name, TagKeys: s.Unset})
		case KindGroup: // has no tags
		}
		if err != nil {
			return err
		}
	}
	if len(s.Set) == 0 {
		return nil
	}
	var err error
	switch tags := toIAMTags(s.Set); s.Entity.Kind {
	case KindPolicy:
		_, err = a.iam.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: name, Tags: tags})
	case KindRole:
		_, err = a.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tags})
	case KindProfile:
		_, err = a.iam.TagInstanceProfile(ctx, &iam.TagInstanceProfileInput{InstanceProfileName: name, Tags: tags})
	case KindUser:
		_, err = a.iam.TagUser(ctx, &iam.TagUserInput{UserName: name, Tags: tags})
	case KindSecret:
		_, err = a.secrets.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: name, Tags: toSecretTags(s.Set)})
	case KindGroup: // has no tags
	}
	return err
}

func (s Remember) apply(ctx context.Context, a *applier) error {
	user := User{Name: s.User, Tags: map[string]string{tagKept: s.Value}}
	if _, err := a.iam.TagUser(ctx, &iam.TagUserInput{UserName: &s.User, Tags: toIAMTags(user.Tags)}); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = keptKeys(&user)
	return nil
}

func (s Attach) apply(ctx context.Context, a *applier) error {
	var err error
	if s.Entity.Kind == KindUser {
		_, err = a.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &s.Entity.Name, PolicyArn: &s.Policy})
	} else {
		_, err = a.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &s.Entity.Name, PolicyArn: &s.Policy})
	}
	return err
}

func (s AddRole) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &s.Profile, RoleName: &s.Role})
	return afterLimit(err)
}

// afterLimit makes a reached limit a surprise where what was observed had room: the reply to a call that
// took effect may have been lost, and the call repeated.
func afterLimit(err error) error {
	if _, ok := errors.AsType[*iamtypes.LimitExceededException](err); ok {
		return surprise{err}
	}
	return err
}

func toIAMTags(tags map[string]string) []iamtypes.Tag {
	var list []iamtypes.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, iamtypes.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

func toSecretTags(tags map[string]string) []smtypes.Tag {
	var list []smtypes.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, smtypes.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// optional is nil for "": AWS takes an empty parameter for a malformed one.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
