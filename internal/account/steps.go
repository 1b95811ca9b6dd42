package account

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

	"redis-cloud-iam/internal/plan"
)

// carryOut makes the calls of a step. What is already so is success.
func (r *run) carryOut(ctx context.Context, step plan.Step) error {
	switch s := step.(type) {
	case plan.Create:
		return r.create(ctx, s)
	case plan.SetDocument:
		return r.setDocument(ctx, s)
	case plan.Describe:
		return r.describe(ctx, s)
	case plan.SetBoundary:
		return r.setBoundary(ctx, s)
	case plan.Tag:
		return r.tag(ctx, s)
	case plan.Attach:
		return r.attach(ctx, s)
	case plan.Detach:
		return gone(r.detach(ctx, s))
	case plan.Restore:
		_, err := r.secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &s.Name})
		return err
	case plan.MakeKey:
		return r.makeKey(ctx, s)
	case plan.RememberKey:
		return r.tag(ctx, plan.Tag{Ref: plan.User.Ref(r.names), Set: plan.MadeKeys(append(s.Made, r.wrote.made.Record))})
	case plan.ProveKey:
		return r.proveKey(ctx, s)
	case plan.SetKey:
		status := iamtypes.StatusTypeInactive
		if s.Active {
			status = iamtypes.StatusTypeActive
		}
		_, err := r.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &s.User, AccessKeyId: &s.ID, Status: status})
		return err
	case plan.MoveCurrent:
		return r.moveCurrent(ctx, s)
	case plan.MakePassword:
		return r.makePassword(ctx, s)
	case plan.Delete:
		return gone(r.delete(ctx, s))
	default:
		return fmt.Errorf("no call for the step %q", step)
	}
}

func (r *run) policyARN(name string) *string { return aws.String(r.account.IAMARN("policy", name)) }

func (r *run) create(ctx context.Context, s plan.Create) (err error) {
	tags := iamTags(s.Tags)
	switch s.Kind {
	case plan.Policy:
		_, err = r.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{
			PolicyName: &s.Name, Description: &s.Description, PolicyDocument: &s.Document, Tags: tags,
		})
		if hasCode(err, "EntityAlreadyExists") {
			err = fmt.Errorf("a policy of this name is there, under a path or spelt in another case if a look at %s does not find it: choose another name, or delete it: %w", s.Name, err)
		}
	case plan.Role:
		_, err = r.iam.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: &s.Name, Description: &s.Description, AssumeRolePolicyDocument: &s.Document,
			PermissionsBoundary: optional(s.Boundary), Tags: tags,
		})
		err = trusted(err)
	case plan.Profile:
		_, err = r.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &s.Name, Tags: tags})
	default:
		_, err = r.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &s.Name, PermissionsBoundary: optional(s.Boundary), Tags: tags})
	}
	if err == nil {
		r.wrote.created(s.Ref)
	}
	return err
}

// trusted says what AWS means when it refuses a trust policy: its principal does not exist in the partition.
func trusted(err error) error {
	if hasCode(err, "MalformedPolicyDocument") {
		return fmt.Errorf("AWS does not know whom the role trusts; set RedisCloudAccountId to an AWS account of this partition: %w", err)
	}
	return err
}

// setDocument keeps the versions of a policy at five or fewer: the one that makes room goes first.
func (r *run) setDocument(ctx context.Context, s plan.SetDocument) (err error) {
	switch {
	case s.Kind == plan.Role:
		_, err = r.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &s.Name, PolicyDocument: &s.Document})
		return trusted(err)
	case s.Kind == plan.Policy:
		if s.Drop != "" {
			err = gone(r.delete(ctx, plan.Delete{Ref: plan.Ref{Kind: plan.PolicyVersion, Name: s.Drop, On: s.Name}}))
		}
		if err == nil {
			_, err = r.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
				PolicyArn: r.policyARN(s.Name), PolicyDocument: &s.Document, SetAsDefault: true,
			})
		}
		return afterLimit(err)
	case s.Document == "":
		_, err = r.secrets.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: &s.Name})
		return gone(err)
	}
	_, err = r.secrets.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{
		SecretId: &s.Name, ResourcePolicy: &s.Document, BlockPublicPolicy: aws.Bool(true),
	})
	if hasCode(err, "MalformedPolicyDocument") {
		return fmt.Errorf("SecretReaders must name accounts, roles and users that exist: %w", err)
	}
	return err
}

func (r *run) describe(ctx context.Context, s plan.Describe) (err error) {
	if s.Kind == plan.Secret {
		_, err = r.secrets.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: &s.Name, Description: &s.Description, KmsKeyId: &s.KmsKeyID})
		return err
	}
	input := &iam.UpdateRoleInput{RoleName: &s.Name, Description: &s.Description}
	if s.MaxSession > 0 {
		input.MaxSessionDuration = &s.MaxSession
	}
	_, err = r.iam.UpdateRole(ctx, input)
	return err
}

func (r *run) setBoundary(ctx context.Context, s plan.SetBoundary) (err error) {
	switch {
	case s.Kind == plan.Person && s.ARN != "":
		_, err = r.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &s.Name, PermissionsBoundary: &s.ARN})
	case s.Kind == plan.Person:
		_, err = r.iam.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: &s.Name})
	case s.ARN != "":
		_, err = r.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &s.Name, PermissionsBoundary: &s.ARN})
	default:
		_, err = r.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &s.Name})
	}
	return err
}

// tag removes tags before it sets others: to IAM a key that is spelt in another case is the same key.
func (r *run) tag(ctx context.Context, s plan.Tag) error {
	if len(s.Unset) > 0 {
		if err := r.untag(ctx, s.Ref, s.Unset); err != nil {
			return err
		}
	}
	if len(s.Set) > 0 {
		var err error
		switch tags := iamTags(s.Set); s.Kind {
		case plan.Policy:
			_, err = r.iam.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: r.policyARN(s.Name), Tags: tags})
		case plan.Role:
			_, err = r.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &s.Name, Tags: tags})
		case plan.Profile:
			_, err = r.iam.TagInstanceProfile(ctx, &iam.TagInstanceProfileInput{InstanceProfileName: &s.Name, Tags: tags})
		case plan.Secret:
			_, err = r.secrets.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: &s.Name, Tags: secretTags(s.Set)})
		default:
			_, err = r.iam.TagUser(ctx, &iam.TagUserInput{UserName: &s.Name, Tags: tags})
		}
		if err != nil {
			return err
		}
	}
	r.wrote.tagged(s)
	return nil
}

func (r *run) untag(ctx context.Context, ref plan.Ref, keys []string) (err error) {
	switch ref.Kind {
	case plan.Policy:
		_, err = r.iam.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: r.policyARN(ref.Name), TagKeys: keys})
	case plan.Role:
		_, err = r.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &ref.Name, TagKeys: keys})
	case plan.Profile:
		_, err = r.iam.UntagInstanceProfile(ctx, &iam.UntagInstanceProfileInput{InstanceProfileName: &ref.Name, TagKeys: keys})
	case plan.Secret:
		_, err = r.secrets.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: &ref.Name, TagKeys: keys})
	default:
		_, err = r.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: &ref.Name, TagKeys: keys})
	}
	return err
}

func (r *run) attach(ctx context.Context, s plan.Attach) (err error) {
	switch s.Kind {
	case plan.Profile:
		_, err = r.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &s.Name, RoleName: &s.What})
		return afterLimit(err)
	case plan.Person:
		_, err = r.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &s.Name, PolicyArn: &s.What})
	default:
		_, err = r.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &s.Name, PolicyArn: &s.What})
	}
	return err
}

func (r *run) detach(ctx context.Context, s plan.Detach) (err error) {
	switch s.Kind {
	case plan.Profile:
		_, err = r.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &s.Name, RoleName: &s.What})
	case plan.Person:
		_, err = r.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &s.Name, PolicyArn: &s.What})
	case plan.Group:
		_, err = r.iam.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: &s.Name, PolicyArn: &s.What})
	default:
		_, err = r.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &s.Name, PolicyArn: &s.What})
	}
	return err
}

// moveCurrent has the account observed anew if the label is elsewhere: perhaps where it should be, if a
// reply was lost.
func (r *run) moveCurrent(ctx context.Context, s plan.MoveCurrent) error {
	_, err := r.secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.Secret, VersionStage: aws.String(plan.Current), MoveToVersionId: &s.To, RemoveFromVersionId: optional(s.From),
	})
	if hasCode(err, "InvalidParameterException") {
		return stale{err}
	}
	return err
}

// delete deletes a secret without a recovery window: its name must be free for the next stack, and the key
// that it holds is deleted already.
func (r *run) delete(ctx context.Context, s plan.Delete) (err error) {
	user, name := &s.On, &s.Name
	switch s.Kind {
	case plan.Policy:
		_, err = r.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: r.policyARN(s.Name)})
	case plan.Role:
		_, err = r.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	case plan.Profile:
		_, err = r.iam.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
	case plan.Person:
		_, err = r.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	case plan.Secret:
		_, err = r.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)})
	case plan.AccessKey:
		if s.Unless != "" {
			if err := r.unlessStored(ctx, s); err != nil {
				return err
			}
		}
		_, err = r.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: name})
	case plan.PolicyVersion:
		_, err = r.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: r.policyARN(s.On), VersionId: name})
	case plan.RoleInlinePolicy:
		_, err = r.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: user, PolicyName: name})
	case plan.UserInlinePolicy:
		_, err = r.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: name})
	case plan.LoginProfile:
		_, err = r.iam.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user})
	case plan.MFADevice:
		_, err = r.iam.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: user, SerialNumber: name})
	case plan.SigningCertificate:
		_, err = r.iam.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: user, CertificateId: name})
	case plan.SSHPublicKey:
		_, err = r.iam.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: user, SSHPublicKeyId: name})
	case plan.ServiceCredential:
		_, err = r.iam.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: user, ServiceSpecificCredentialId: name})
	default:
		return errors.New("no call deletes it")
	}
	return err
}

// unlessStored has the account observed anew if a secret has come to hold a key that is to be deleted.
func (r *run) unlessStored(ctx context.Context, s plan.Delete) error {
	secret := reading{observer: &r.observer, name: s.Unless, entity: &plan.Entity{}}
	if err := secret.secret(ctx); err != nil {
		return err
	}
	if secret.entity.Holds(s.Name) {
		return stale{fmt.Errorf("secret %s has come to hold access key %s", s.Unless, s.Name)}
	}
	return nil
}

func iamTags(tags map[string]string) []iamtypes.Tag {
	var list []iamtypes.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, iamtypes.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

func secretTags(tags map[string]string) []smtypes.Tag {
	var list []smtypes.Tag
	for _, tag := range iamTags(tags) {
		list = append(list, smtypes.Tag{Key: tag.Key, Value: tag.Value})
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
