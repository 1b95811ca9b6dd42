package account

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"redis-cloud-iam/internal/plan"
)

// hang notes something that hangs on the entity.
func (r *reading) hang(kind plan.Kind, name *string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entity.Hung = append(r.entity.Hung, plan.Ref{Kind: kind, Name: aws.ToString(name), On: r.name})
}

func (r *reading) attached(policy iamtypes.AttachedPolicy) {
	r.entity.Attached = append(r.entity.Attached, aws.ToString(policy.PolicyArn))
}

// pager is what all of the SDK's paginators are.
type pager[Page any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*iam.Options)) (Page, error)
}

// list passes every item of every page to take. If the entity is not there, there are no pages.
func list[Page, Item any](what string, pages pager[Page], items func(Page) []Item, take func(Item)) call {
	return func(ctx context.Context) error {
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return absent(err, "list the "+what)
			}
			for _, item := range items(page) {
				take(item)
			}
		}
		return nil
	}
}

func (r *reading) onPolicy() []call {
	versions := list("versions of policy "+r.name,
		iam.NewListPolicyVersionsPaginator(r.iam, &iam.ListPolicyVersionsInput{PolicyArn: r.policyARN(r.name)}),
		func(page *iam.ListPolicyVersionsOutput) []iamtypes.PolicyVersion { return page.Versions },
		func(version iamtypes.PolicyVersion) {
			if !version.IsDefaultVersion {
				r.entity.OtherVersions = append(r.entity.OtherVersions, aws.ToString(version.VersionId))
			}
		})
	calls := []call{versions}
	if r.documents {
		calls = append(calls, func(ctx context.Context) error { return r.document(ctx, firstVersion) })
	}
	if !r.hung {
		return calls
	}
	// To whom the policy is attached. Those who have it as their permissions boundary are not among
	// them: to take a boundary off would raise their permissions.
	holders := list("attachments of policy "+r.name,
		iam.NewListEntitiesForPolicyPaginator(r.iam, &iam.ListEntitiesForPolicyInput{
			PolicyArn: r.policyARN(r.name), PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsPolicy,
		}),
		func(page *iam.ListEntitiesForPolicyOutput) (all []plan.Ref) {
			for _, user := range page.PolicyUsers {
				all = append(all, plan.Ref{Kind: plan.Person, Name: aws.ToString(user.UserName)})
			}
			for _, role := range page.PolicyRoles {
				all = append(all, plan.Ref{Kind: plan.Role, Name: aws.ToString(role.RoleName)})
			}
			for _, group := range page.PolicyGroups {
				all = append(all, plan.Ref{Kind: plan.Group, Name: aws.ToString(group.GroupName)})
			}
			return all
		},
		func(holder plan.Ref) { r.entity.Holders = append(r.entity.Holders, holder) })
	return append(calls, holders)
}

func (r *reading) onRole() []call {
	policies := list("policies attached to role "+r.name,
		iam.NewListAttachedRolePoliciesPaginator(r.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name}),
		func(page *iam.ListAttachedRolePoliciesOutput) []iamtypes.AttachedPolicy { return page.AttachedPolicies },
		r.attached)
	if !r.hung {
		return []call{policies}
	}
	return []call{
		policies,
		list("inline policies of role "+r.name,
			iam.NewListRolePoliciesPaginator(r.iam, &iam.ListRolePoliciesInput{RoleName: &r.name}),
			func(page *iam.ListRolePoliciesOutput) []string { return page.PolicyNames },
			func(name string) { r.hang(plan.RoleInlinePolicy, &name) }),
		list("instance profiles of role "+r.name,
			iam.NewListInstanceProfilesForRolePaginator(r.iam, &iam.ListInstanceProfilesForRoleInput{RoleName: &r.name}),
			func(page *iam.ListInstanceProfilesForRoleOutput) []iamtypes.InstanceProfile {
				return page.InstanceProfiles
			},
			func(profile iamtypes.InstanceProfile) { r.hang(plan.Profile, profile.InstanceProfileName) }),
	}
}

func (r *reading) onUser() []call {
	details := []call{
		r.login,
		list("policies attached to user "+r.name,
			iam.NewListAttachedUserPoliciesPaginator(r.iam, &iam.ListAttachedUserPoliciesInput{UserName: &r.name}),
			func(page *iam.ListAttachedUserPoliciesOutput) []iamtypes.AttachedPolicy { return page.AttachedPolicies },
			r.attached),
		r.keys,
	}
	if !r.hung {
		return details
	}
	// The rest is what IAM deletes no user with:
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
	return append(details,
		r.credentials,
		list("inline policies of user "+r.name,
			iam.NewListUserPoliciesPaginator(r.iam, &iam.ListUserPoliciesInput{UserName: &r.name}),
			func(page *iam.ListUserPoliciesOutput) []string { return page.PolicyNames },
			func(name string) { r.hang(plan.UserInlinePolicy, &name) }),
		list("groups of user "+r.name,
			iam.NewListGroupsForUserPaginator(r.iam, &iam.ListGroupsForUserInput{UserName: &r.name}),
			func(page *iam.ListGroupsForUserOutput) []iamtypes.Group { return page.Groups },
			func(group iamtypes.Group) { r.hang(plan.Group, group.GroupName) }),
		list("MFA devices of user "+r.name,
			iam.NewListMFADevicesPaginator(r.iam, &iam.ListMFADevicesInput{UserName: &r.name}),
			func(page *iam.ListMFADevicesOutput) []iamtypes.MFADevice { return page.MFADevices },
			func(device iamtypes.MFADevice) { r.hang(plan.MFADevice, device.SerialNumber) }),
		list("signing certificates of user "+r.name,
			iam.NewListSigningCertificatesPaginator(r.iam, &iam.ListSigningCertificatesInput{UserName: &r.name}),
			func(page *iam.ListSigningCertificatesOutput) []iamtypes.SigningCertificate { return page.Certificates },
			func(c iamtypes.SigningCertificate) { r.hang(plan.SigningCertificate, c.CertificateId) }),
		list("SSH public keys of user "+r.name,
			iam.NewListSSHPublicKeysPaginator(r.iam, &iam.ListSSHPublicKeysInput{UserName: &r.name}),
			func(page *iam.ListSSHPublicKeysOutput) []iamtypes.SSHPublicKeyMetadata { return page.SSHPublicKeys },
			func(key iamtypes.SSHPublicKeyMetadata) { r.hang(plan.SSHPublicKey, key.SSHPublicKeyId) }),
	)
}

func (r *reading) keys(ctx context.Context) error {
	var ids []string
	err := list("access keys of user "+r.name,
		iam.NewListAccessKeysPaginator(r.iam, &iam.ListAccessKeysInput{UserName: &r.name}),
		func(page *iam.ListAccessKeysOutput) []iamtypes.AccessKeyMetadata { return page.AccessKeyMetadata },
		func(key iamtypes.AccessKeyMetadata) {
			ids = append(ids, aws.ToString(key.AccessKeyId))
			r.entity.Keys = append(r.entity.Keys, plan.Key{
				ID: aws.ToString(key.AccessKeyId), Active: key.Status == iamtypes.StatusTypeActive, Created: aws.ToTime(key.CreateDate),
			})
		})(ctx)
	if err != nil || !r.uses {
		return err
	}
	return r.ask(ctx, r.entity, ids)
}

func (r *reading) login(ctx context.Context) error {
	out, err := r.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &r.name})
	if err != nil || out.LoginProfile == nil {
		return absent(err, "read the login profile of user "+r.name)
	}
	r.entity.Login = true
	if r.hung {
		r.hang(plan.LoginProfile, &r.name)
	}
	return nil
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
