package provision

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// gone makes "there is no such thing" a success: that is what removing wants.
func gone(err error) error {
	if missing(err) {
		return nil
	}
	return err
}

func (s DeleteKey) apply(ctx context.Context, a *applier) error {
	if s.Unless != "" {
		var secret Secret
		if _, err := a.secret(ctx, s.Unless, &secret); err != nil {
			return err
		}
		if secret.keysOf()[s.ID] {
			return surprise{fmt.Errorf("secret %s has come to hold access key %s", s.Unless, s.ID)}
		}
	}
	_, err := a.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &s.User, AccessKeyId: &s.ID})
	return gone(err)
}

func (s Detach) apply(ctx context.Context, a *applier) error {
	var err error
	switch s.Entity.Kind {
	case KindUser:
		_, err = a.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &s.Entity.Name, PolicyArn: &s.Policy})
	case KindGroup:
		_, err = a.iam.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: &s.Entity.Name, PolicyArn: &s.Policy})
	default:
		_, err = a.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &s.Entity.Name, PolicyArn: &s.Policy})
	}
	return gone(err)
}

func (s RemoveRole) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &s.Profile, RoleName: &s.Role})
	return gone(err)
}

func (s DeleteInline) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &s.Role, PolicyName: &s.Policy})
	return gone(err)
}

func (s DeleteVersion) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &s.Policy, VersionId: &s.Version})
	return gone(err)
}

func (s DeleteVirtualMFA) apply(ctx context.Context, a *applier) error {
	_, err := a.iam.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: &s.Serial})
	return gone(err)
}

// apply deletes a secret without a recovery window: its name must be free for the next stack, and the key
// that it holds is deleted already.
func (s DeleteEntity) apply(ctx context.Context, a *applier) error {
	name := &s.Entity.Name
	var err error
	switch s.Entity.Kind {
	case KindPolicy:
		_, err = a.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: name})
	case KindRole:
		_, err = a.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	case KindProfile:
		_, err = a.iam.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
	case KindUser:
		_, err = a.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	case KindSecret:
		_, err = a.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)})
	case KindGroup: // is never this software's
	}
	return gone(err)
}

func (s Strip) apply(ctx context.Context, a *applier) error {
	var err error
	switch s.What {
	case LoginProfile:
		_, err = a.iam.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: &s.User})
	case MFADevice:
		_, err = a.iam.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: &s.User, SerialNumber: &s.ID})
	case SigningCertificate:
		_, err = a.iam.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: &s.User, CertificateId: &s.ID})
	case SSHPublicKey:
		_, err = a.iam.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: &s.User, SSHPublicKeyId: &s.ID})
	case ServiceCredential:
		_, err = a.iam.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: &s.User, ServiceSpecificCredentialId: &s.ID})
	case InlinePolicy:
		_, err = a.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &s.User, PolicyName: &s.ID})
	case Membership:
		_, err = a.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &s.User, GroupName: &s.ID})
	}
	return gone(err)
}
