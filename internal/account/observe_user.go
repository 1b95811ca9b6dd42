package account

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"redis-cloud-iam/internal/plan"
)

func (r *reading) user(ctx context.Context) error {
	out, err := r.iam.GetUser(ctx, &iam.GetUserInput{UserName: &r.name})
	if err != nil || out.User == nil {
		return absent(err, "read user "+r.name)
	}
	r.have(out.User.UserName, out.User.Arn, out.User.Tags)
	r.entity.Boundary = boundary(out.User.PermissionsBoundary)
	return nil
}

func (r *reading) userPolicies(ctx context.Context) error {
	pages := iam.NewListAttachedUserPoliciesPaginator(r.iam, &iam.ListAttachedUserPoliciesInput{UserName: &r.name})
	return list(ctx, pages, "list the policies attached to user "+r.name, func(page *iam.ListAttachedUserPoliciesOutput) {
		r.attached(page.AttachedPolicies)
	})
}

func (r *reading) keys(ctx context.Context) error {
	pages := iam.NewListAccessKeysPaginator(r.iam, &iam.ListAccessKeysInput{UserName: &r.name})
	return list(ctx, pages, "list the access keys of user "+r.name, func(page *iam.ListAccessKeysOutput) {
		for _, key := range page.AccessKeyMetadata {
			r.entity.Keys = append(r.entity.Keys, plan.Key{
				ID: aws.ToString(key.AccessKeyId), Active: key.Status == iamtypes.StatusTypeActive, Created: aws.ToTime(key.CreateDate),
			})
		}
	})
}

func (r *reading) login(ctx context.Context) error {
	out, err := r.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &r.name})
	if err != nil || out.LoginProfile == nil {
		return absent(err, "read the login profile of user "+r.name)
	}
	r.entity.Login = true
	if r.removal {
		r.hang(plan.LoginProfile, &r.name)
	}
	return nil
}

// The rest is what IAM deletes no user with:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html

func (r *reading) userInline(ctx context.Context) error {
	pages := iam.NewListUserPoliciesPaginator(r.iam, &iam.ListUserPoliciesInput{UserName: &r.name})
	return list(ctx, pages, "list the inline policies of user "+r.name, func(page *iam.ListUserPoliciesOutput) {
		for _, name := range page.PolicyNames {
			r.hang(plan.UserInlinePolicy, &name)
		}
	})
}

func (r *reading) groups(ctx context.Context) error {
	pages := iam.NewListGroupsForUserPaginator(r.iam, &iam.ListGroupsForUserInput{UserName: &r.name})
	return list(ctx, pages, "list the groups of user "+r.name, func(page *iam.ListGroupsForUserOutput) {
		for _, group := range page.Groups {
			r.hang(plan.Group, group.GroupName)
		}
	})
}

func (r *reading) devices(ctx context.Context) error {
	pages := iam.NewListMFADevicesPaginator(r.iam, &iam.ListMFADevicesInput{UserName: &r.name})
	return list(ctx, pages, "list the MFA devices of user "+r.name, func(page *iam.ListMFADevicesOutput) {
		for _, device := range page.MFADevices {
			r.hang(plan.MFADevice, device.SerialNumber)
		}
	})
}

func (r *reading) certificates(ctx context.Context) error {
	pages := iam.NewListSigningCertificatesPaginator(r.iam, &iam.ListSigningCertificatesInput{UserName: &r.name})
	return list(ctx, pages, "list the signing certificates of user "+r.name, func(page *iam.ListSigningCertificatesOutput) {
		for _, certificate := range page.Certificates {
			r.hang(plan.SigningCertificate, certificate.CertificateId)
		}
	})
}

func (r *reading) sshKeys(ctx context.Context) error {
	pages := iam.NewListSSHPublicKeysPaginator(r.iam, &iam.ListSSHPublicKeysInput{UserName: &r.name})
	return list(ctx, pages, "list the SSH public keys of user "+r.name, func(page *iam.ListSSHPublicKeysOutput) {
		for _, key := range page.SSHPublicKeys {
			r.hang(plan.SSHPublicKey, key.SSHPublicKeyId)
		}
	})
}

// credentials has no paginator in the SDK.
func (r *reading) credentials(ctx context.Context) error {
	input := &iam.ListServiceSpecificCredentialsInput{UserName: &r.name}
	for {
		page, err := r.iam.ListServiceSpecificCredentials(ctx, input)
		if err != nil {
			return absent(err, "list the service-specific credentials of user "+r.name)
		}
		for _, credential := range page.ServiceSpecificCredentials {
			r.hang(plan.ServiceCredential, credential.ServiceSpecificCredentialId)
		}
		if input.Marker = page.Marker; !page.IsTruncated {
			return nil
		}
	}
}
