package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

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
		return explained(s.Ref, r.setDocument(ctx, s))
	case plan.Describe:
		return r.describe(s)(ctx)
	case plan.SetBoundary:
		return bounded(s.ARN, r.setBoundary(s)(ctx))
	case plan.Tag:
		return r.tag(ctx, s)
	case plan.Attach:
		return r.attach(ctx, s)
	case plan.Detach:
		return gone(r.detach(s)(ctx))
	case plan.Restore:
		return calling(r.secrets.RestoreSecret, &secretsmanager.RestoreSecretInput{SecretId: &s.Name})(ctx)
	case plan.MakeKey:
		return r.makeKey(ctx, s)
	case plan.ProveKey:
		return r.proveKey(ctx, s)
	case plan.SetKey:
		return r.setKey(s)(ctx)
	case plan.MoveCurrent:
		return r.moveCurrent(ctx, s)
	case plan.MakePassword:
		return r.makePassword(ctx, s)
	case plan.Delete:
		return r.delete(ctx, s)
	default:
		return fmt.Errorf("no call for the step %q", step)
	}
}

// calling is the call of a method of the SDK whose reply does not matter.
func calling[In, Out, Option any](method func(context.Context, In, ...Option) (Out, error), input In) call {
	return func(ctx context.Context) error {
		_, err := method(ctx, input)
		return err
	}
}

// calls has the one that is right for each kind of thing.
type calls map[plan.Kind]call

func (r *run) create(ctx context.Context, s plan.Create) error {
	tags, boundary := iamTags(s.Tags), optional(s.Boundary)
	err := calls{
		plan.Policy: calling(r.iam.CreatePolicy, &iam.CreatePolicyInput{
			PolicyName: &s.Name, Description: &s.Description, PolicyDocument: &s.Document, Tags: tags,
		}),
		plan.Role: calling(r.iam.CreateRole, &iam.CreateRoleInput{
			RoleName: &s.Name, Description: &s.Description, AssumeRolePolicyDocument: &s.Document,
			PermissionsBoundary: boundary, Tags: tags,
		}),
		plan.Profile: calling(r.iam.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: &s.Name, Tags: tags}),
		plan.Person:  calling(r.iam.CreateUser, &iam.CreateUserInput{UserName: &s.Name, PermissionsBoundary: boundary, Tags: tags}),
	}[s.Kind](ctx)
	if err == nil {
		r.note(func() { r.wrote.entities[s.Ref] = time.Now() })
	}
	return explained(s.Ref, bounded(s.Boundary, err))
}

// bounded says what AWS means when it does not find what an entity is to get: its boundary. The
// service model has NoSuchEntity for CreateUser and for Put…PermissionsBoundary. For CreateRole no
// source says which error it is: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func bounded(arn string, err error) error {
	if arn == "" || !hasCode(err, "NoSuchEntity") {
		return err
	}
	return fmt.Errorf("AWS may not know the permissions boundary %s; set PermissionsBoundary to a managed policy that exists: %w", arn, err)
}

// setDocument keeps the versions of a policy at five or fewer: the one that makes room goes first.
func (r *run) setDocument(ctx context.Context, s plan.SetDocument) error {
	if s.Drop != "" {
		dropped := plan.Ref{Kind: plan.PolicyVersion, Name: s.Drop, On: s.Name}
		if err := r.delete(ctx, plan.Delete{Ref: dropped}); err != nil {
			return afterLimit(err)
		}
	}
	if s.Document == "" {
		return gone(calling(r.secrets.DeleteResourcePolicy, &secretsmanager.DeleteResourcePolicyInput{SecretId: &s.Name})(ctx))
	}
	err := calls{
		plan.Policy: calling(r.iam.CreatePolicyVersion, &iam.CreatePolicyVersionInput{
			PolicyArn: r.policyARN(s.Name), PolicyDocument: &s.Document, SetAsDefault: true,
		}),
		plan.Role: calling(r.iam.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &s.Name, PolicyDocument: &s.Document,
		}),
		plan.Secret: calling(r.secrets.PutResourcePolicy, &secretsmanager.PutResourcePolicyInput{
			SecretId: &s.Name, ResourcePolicy: &s.Document, BlockPublicPolicy: aws.Bool(true),
		}),
	}[s.Kind](ctx)
	if s.Kind == plan.Policy {
		return afterLimit(err)
	}
	return err
}

// explained says what AWS means when it refuses to make something or to change its document.
func explained(of plan.Ref, err error) error {
	switch {
	case of.Kind == plan.Policy && hasCode(err, "EntityAlreadyExists"):
		return fmt.Errorf("a policy of this name exists, perhaps under a path, or spelt in another case than %s: choose another name, or delete it: %w", of.Name, err)
	case of.Kind == plan.Role && hasCode(err, "MalformedPolicyDocument"): // no such principal in the partition
		return fmt.Errorf("AWS does not know whom the role trusts; set RedisCloudAccountId to an AWS account of this partition: %w", err)
	case of.Kind == plan.Secret && hasCode(err, "MalformedPolicyDocument"):
		return fmt.Errorf("SecretReaders must name accounts, roles and users that exist: %w", err)
	default:
		return err
	}
}

func (r *run) describe(s plan.Describe) call {
	if s.Kind == plan.Secret {
		return calling(r.secrets.UpdateSecret, &secretsmanager.UpdateSecretInput{
			SecretId: &s.Name, Description: &s.Description, KmsKeyId: &s.KmsKeyID,
		})
	}
	input := &iam.UpdateRoleInput{RoleName: &s.Name, Description: &s.Description}
	if s.MaxSession > 0 {
		input.MaxSessionDuration = &s.MaxSession
	}
	return calling(r.iam.UpdateRole, input)
}

func (r *run) setBoundary(s plan.SetBoundary) call {
	if s.ARN == "" {
		return calls{
			plan.Person: calling(r.iam.DeleteUserPermissionsBoundary, &iam.DeleteUserPermissionsBoundaryInput{UserName: &s.Name}),
			plan.Role:   calling(r.iam.DeleteRolePermissionsBoundary, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &s.Name}),
		}[s.Kind]
	}
	return calls{
		plan.Person: calling(r.iam.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{UserName: &s.Name, PermissionsBoundary: &s.ARN}),
		plan.Role:   calling(r.iam.PutRolePermissionsBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: &s.Name, PermissionsBoundary: &s.ARN}),
	}[s.Kind]
}

// tag removes tags before it sets others: to IAM a key that is spelt in another case is the same
// key.
func (r *run) tag(ctx context.Context, s plan.Tag) error {
	name, arn, tags := &s.Name, r.policyARN(s.Name), iamTags(s.Set)
	untag := calls{
		plan.Policy:  calling(r.iam.UntagPolicy, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: s.Unset}),
		plan.Role:    calling(r.iam.UntagRole, &iam.UntagRoleInput{RoleName: name, TagKeys: s.Unset}),
		plan.Profile: calling(r.iam.UntagInstanceProfile, &iam.UntagInstanceProfileInput{InstanceProfileName: name, TagKeys: s.Unset}),
		plan.Person:  calling(r.iam.UntagUser, &iam.UntagUserInput{UserName: name, TagKeys: s.Unset}),
		plan.Secret:  calling(r.secrets.UntagResource, &secretsmanager.UntagResourceInput{SecretId: name, TagKeys: s.Unset}),
	}
	tag := calls{
		plan.Policy:  calling(r.iam.TagPolicy, &iam.TagPolicyInput{PolicyArn: arn, Tags: tags}),
		plan.Role:    calling(r.iam.TagRole, &iam.TagRoleInput{RoleName: name, Tags: tags}),
		plan.Profile: calling(r.iam.TagInstanceProfile, &iam.TagInstanceProfileInput{InstanceProfileName: name, Tags: tags}),
		plan.Person:  calling(r.iam.TagUser, &iam.TagUserInput{UserName: name, Tags: tags}),
		plan.Secret:  calling(r.secrets.TagResource, &secretsmanager.TagResourceInput{SecretId: name, Tags: secretTags(s.Set)}),
	}
	if len(s.Unset) > 0 {
		if err := untag[s.Kind](ctx); err != nil {
			return err
		}
	}
	if len(s.Set) > 0 {
		if err := tag[s.Kind](ctx); err != nil {
			return err
		}
	}
	r.note(func() { r.wrote.tags = append(r.wrote.tags, tagging{s, time.Now()}) })
	return nil
}

func (r *run) attach(ctx context.Context, s plan.Attach) error {
	err := calls{
		plan.Profile: calling(r.iam.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &s.Name, RoleName: &s.What}),
		plan.Person:  calling(r.iam.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: &s.Name, PolicyArn: &s.What}),
		plan.Role:    calling(r.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: &s.Name, PolicyArn: &s.What}),
	}[s.Kind](ctx)
	if s.Kind == plan.Profile {
		return afterLimit(err)
	}
	return err
}

func (r *run) detach(s plan.Detach) call {
	return calls{
		plan.Profile: calling(r.iam.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &s.Name, RoleName: &s.What}),
		plan.Person:  calling(r.iam.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: &s.Name, PolicyArn: &s.What}),
		plan.Group:   calling(r.iam.DetachGroupPolicy, &iam.DetachGroupPolicyInput{GroupName: &s.Name, PolicyArn: &s.What}),
		plan.Role:    calling(r.iam.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: &s.Name, PolicyArn: &s.What}),
	}[s.Kind]
}

func (r *run) setKey(s plan.SetKey) call {
	status := iamtypes.StatusTypeInactive
	if s.Active {
		status = iamtypes.StatusTypeActive
	}
	return calling(r.iam.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: &s.User, AccessKeyId: &s.ID, Status: status})
}

// moveCurrent has the account observed anew if the label is elsewhere: perhaps where it should be,
// if a reply was lost.
func (r *run) moveCurrent(ctx context.Context, s plan.MoveCurrent) error {
	_, err := r.secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.Secret, VersionStage: aws.String(plan.Current), MoveToVersionId: &s.To, RemoveFromVersionId: optional(s.From),
	})
	if hasCode(err, "InvalidParameterException") {
		return stale(err)
	}
	return err
}

// delete deletes a secret without a recovery window: its name must be free for the next stack, and
// the key that it holds is deleted already.
func (r *run) delete(ctx context.Context, s plan.Delete) error {
	on, name := &s.On, &s.Name
	return gone(calls{
		plan.Policy:             calling(r.iam.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: r.policyARN(s.Name)}),
		plan.Role:               calling(r.iam.DeleteRole, &iam.DeleteRoleInput{RoleName: name}),
		plan.Profile:            calling(r.iam.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: name}),
		plan.Person:             calling(r.iam.DeleteUser, &iam.DeleteUserInput{UserName: name}),
		plan.Secret:             calling(r.secrets.DeleteSecret, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}),
		plan.AccessKey:          calling(r.iam.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: on, AccessKeyId: name}),
		plan.PolicyVersion:      calling(r.iam.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: r.policyARN(s.On), VersionId: name}),
		plan.RoleInlinePolicy:   calling(r.iam.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: on, PolicyName: name}),
		plan.UserInlinePolicy:   calling(r.iam.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: on, PolicyName: name}),
		plan.LoginProfile:       calling(r.iam.DeleteLoginProfile, &iam.DeleteLoginProfileInput{UserName: on}),
		plan.MFADevice:          calling(r.iam.DeactivateMFADevice, &iam.DeactivateMFADeviceInput{UserName: on, SerialNumber: name}),
		plan.SigningCertificate: calling(r.iam.DeleteSigningCertificate, &iam.DeleteSigningCertificateInput{UserName: on, CertificateId: name}),
		plan.SSHPublicKey:       calling(r.iam.DeleteSSHPublicKey, &iam.DeleteSSHPublicKeyInput{UserName: on, SSHPublicKeyId: name}),
		plan.ServiceCredential:  calling(r.iam.DeleteServiceSpecificCredential, &iam.DeleteServiceSpecificCredentialInput{UserName: on, ServiceSpecificCredentialId: name}),
	}[s.Kind](ctx))
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
