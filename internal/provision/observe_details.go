package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// documentedPolicy reads a policy with its document: that of its first version beside it, which is the default one
// until the document is changed, and that of another after it.
func (o observer) documentedPolicy(ctx context.Context, name string, policy *Policy) (found bool, err error) {
	first := &Policy{DefaultVersion: "v1"}
	err = parallel(
		ctx,
		func(ctx context.Context) (err error) {
			found, err = o.policy(ctx, name, policy)
			return err
		},
		func(ctx context.Context) error { return o.document(ctx, name, first) },
	)
	if err != nil || !found {
		return found, err
	}
	if policy.DefaultVersion != first.DefaultVersion {
		return found, o.document(ctx, name, policy)
	}
	policy.Document = first.Document
	return found, nil
}

// document reads the default version of a policy, which must be known.
func (o observer) document(ctx context.Context, name string, policy *Policy) error {
	arn := o.account.iamARN("policy", name)
	out, err := o.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &policy.DefaultVersion})
	if missing(err) {
		return nil // replaced meanwhile: an empty document differs from the desired one, so it is repaired
	}
	if err != nil {
		return fmt.Errorf("read version %s of policy %s: %w", policy.DefaultVersion, arn, err)
	}
	policy.Document = decodeDocument(aws.ToString(out.PolicyVersion.Document))
	return nil
}

// versions reads the versions of a policy that are not the default.
func (o observer) versions(ctx context.Context, name string, policy *Policy) error {
	arn := o.account.iamARN("policy", name)
	pages := iam.NewListPolicyVersionsPaginator(o.iam, &iam.ListPolicyVersionsInput{PolicyArn: &arn})
	return each(ctx, pages, "list the versions of policy "+arn, func(page *iam.ListPolicyVersionsOutput) {
		for _, version := range page.Versions {
			if !version.IsDefaultVersion {
				policy.OtherVersions = append(policy.OtherVersions, aws.ToString(version.VersionId))
			}
		}
		slices.SortFunc(policy.OtherVersions, func(a, b string) int { return cmp.Compare(versionNumber(a), versionNumber(b)) })
	})
}

// versionNumber is the 12 of v12: IAM counts a policy's versions up and never uses a number again.
func versionNumber(id string) int {
	number, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return number
}

// attachments reads to whom a policy is attached. Those who have it as their permissions boundary are not
// among them: taking a boundary away would raise somebody's permissions.
func (o observer) attachments(ctx context.Context, name string, policy *Policy) error {
	arn := o.account.iamARN("policy", name)
	pages := iam.NewListEntitiesForPolicyPaginator(o.iam, &iam.ListEntitiesForPolicyInput{
		PolicyArn: &arn, PolicyUsageFilter: "PermissionsPolicy",
	})
	return each(ctx, pages, "list the attachments of policy "+arn, func(page *iam.ListEntitiesForPolicyOutput) {
		for _, user := range page.PolicyUsers {
			policy.AttachedTo = append(policy.AttachedTo, Entity{KindUser, aws.ToString(user.UserName)})
		}
		for _, role := range page.PolicyRoles {
			policy.AttachedTo = append(policy.AttachedTo, Entity{KindRole, aws.ToString(role.RoleName)})
		}
		for _, group := range page.PolicyGroups {
			policy.AttachedTo = append(policy.AttachedTo, Entity{KindGroup, aws.ToString(group.GroupName)})
		}
	})
}

func (o observer) attachedToRole(ctx context.Context, name string, role *Role) error {
	pages := iam.NewListAttachedRolePoliciesPaginator(o.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	return each(ctx, pages, "list the policies attached to role "+name, func(page *iam.ListAttachedRolePoliciesOutput) {
		for _, policy := range page.AttachedPolicies {
			role.Attached = append(role.Attached, aws.ToString(policy.PolicyArn))
		}
	})
}

func (o observer) inlineOfRole(ctx context.Context, name string, role *Role) error {
	pages := iam.NewListRolePoliciesPaginator(o.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	return each(ctx, pages, "list the inline policies of role "+name, func(page *iam.ListRolePoliciesOutput) {
		role.Inline = append(role.Inline, page.PolicyNames...)
	})
}

func (o observer) profilesOfRole(ctx context.Context, name string, role *Role) error {
	pages := iam.NewListInstanceProfilesForRolePaginator(o.iam, &iam.ListInstanceProfilesForRoleInput{RoleName: &name})
	return each(ctx, pages, "list the instance profiles of role "+name, func(page *iam.ListInstanceProfilesForRoleOutput) {
		for _, profile := range page.InstanceProfiles {
			role.Profiles = append(role.Profiles, aws.ToString(profile.InstanceProfileName))
		}
	})
}

func (o observer) attachedToUser(ctx context.Context, name string, user *User) error {
	pages := iam.NewListAttachedUserPoliciesPaginator(o.iam, &iam.ListAttachedUserPoliciesInput{UserName: &name})
	return each(ctx, pages, "list the policies attached to user "+name, func(page *iam.ListAttachedUserPoliciesOutput) {
		for _, policy := range page.AttachedPolicies {
			user.Attached = append(user.Attached, aws.ToString(policy.PolicyArn))
		}
	})
}

func (o observer) keys(ctx context.Context, name string, user *User) error {
	pages := iam.NewListAccessKeysPaginator(o.iam, &iam.ListAccessKeysInput{UserName: &name})
	return each(ctx, pages, "list the access keys of user "+name, func(page *iam.ListAccessKeysOutput) {
		for _, key := range page.AccessKeyMetadata {
			user.Keys = append(user.Keys, Key{
				ID: aws.ToString(key.AccessKeyId), Active: key.Status == "Active", Created: aws.ToTime(key.CreateDate),
			})
		}
	})
}

// login reads whether a user has a console password.
func (o observer) login(ctx context.Context, name string, user *User) error {
	_, err := o.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &name})
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the login profile of user %s: %w", name, err)
	}
	user.Login = true
	return nil
}

// readers reads the resource policy of a secret, which must be known: of one that is scheduled for deletion there is none to be had.
func (o observer) readers(ctx context.Context, name string, secret *Secret) error {
	if !secret.Deleted.IsZero() {
		return nil
	}
	out, err := o.secrets.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &name})
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the resource policy of secret %s: %w", name, err)
	}
	secret.Policy = aws.ToString(out.ResourcePolicy)
	return nil
}

// lastUses asks when the keys for which ask is true were last used, and for what.
func (o observer) lastUses(ctx context.Context, seen *Observed, ask func(Key) bool) error {
	var reads []func(context.Context) error
	for _, user := range []*User{seen.User, seen.renamed().User} {
		if user == nil {
			continue
		}
		for i := range user.Keys {
			if key := &user.Keys[i]; ask(*key) {
				reads = append(reads, func(ctx context.Context) error { return o.lastUse(ctx, key) })
			}
		}
	}
	return parallel(ctx, reads...)
}

func (o observer) lastUse(ctx context.Context, key *Key) error {
	out, err := o.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.ID})
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the last use of access key %s: %w", key.ID, err)
	}
	if last := out.AccessKeyLastUsed; last != nil {
		key.LastUsed, key.UsedFor, key.UsedIn = aws.ToTime(last.LastUsedDate), aws.ToString(last.ServiceName), aws.ToString(last.Region)
	}
	return nil
}

// hungOnUser reads all that must go before a user can:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
func (o observer) hungOnUser(ctx context.Context, name string, user *User) error {
	// One slice a reader, so that they need no lock and their order is the same every time.
	var inline, groups, login, mfa, certificates, sshKeys, credentials []Strip
	err := parallel(
		ctx,
		func(ctx context.Context) error { return o.attachedToUser(ctx, name, user) },
		func(ctx context.Context) error { return o.keys(ctx, name, user) },
		func(ctx context.Context) error {
			pages := iam.NewListUserPoliciesPaginator(o.iam, &iam.ListUserPoliciesInput{UserName: &name})
			return each(ctx, pages, "list the inline policies of user "+name, func(page *iam.ListUserPoliciesOutput) {
				for _, policy := range page.PolicyNames {
					inline = append(inline, Strip{name, InlinePolicy, policy})
				}
			})
		},
		func(ctx context.Context) error {
			pages := iam.NewListGroupsForUserPaginator(o.iam, &iam.ListGroupsForUserInput{UserName: &name})
			return each(ctx, pages, "list the groups of user "+name, func(page *iam.ListGroupsForUserOutput) {
				for _, group := range page.Groups {
					groups = append(groups, Strip{name, Membership, aws.ToString(group.GroupName)})
				}
			})
		},
		func(ctx context.Context) error {
			err := o.login(ctx, name, user)
			if user.Login {
				login = append(login, Strip{name, LoginProfile, name})
			}
			return err
		},
		func(ctx context.Context) error {
			pages := iam.NewListMFADevicesPaginator(o.iam, &iam.ListMFADevicesInput{UserName: &name})
			return each(ctx, pages, "list the MFA devices of user "+name, func(page *iam.ListMFADevicesOutput) {
				for _, device := range page.MFADevices {
					serial := aws.ToString(device.SerialNumber)
					mfa = append(mfa, Strip{name, MFADevice, serial})
					if strings.Contains(serial, ":mfa/") {
						user.MFA = append(user.MFA, serial)
					}
				}
			})
		},
		func(ctx context.Context) error {
			pages := iam.NewListSigningCertificatesPaginator(o.iam, &iam.ListSigningCertificatesInput{UserName: &name})
			return each(ctx, pages, "list the signing certificates of user "+name, func(page *iam.ListSigningCertificatesOutput) {
				for _, certificate := range page.Certificates {
					certificates = append(certificates, Strip{name, SigningCertificate, aws.ToString(certificate.CertificateId)})
				}
			})
		},
		func(ctx context.Context) error {
			pages := iam.NewListSSHPublicKeysPaginator(o.iam, &iam.ListSSHPublicKeysInput{UserName: &name})
			return each(ctx, pages, "list the SSH public keys of user "+name, func(page *iam.ListSSHPublicKeysOutput) {
				for _, key := range page.SSHPublicKeys {
					sshKeys = append(sshKeys, Strip{name, SSHPublicKey, aws.ToString(key.SSHPublicKeyId)})
				}
			})
		},
		func(ctx context.Context) error {
			pages := &serviceCredentialPages{iam: o.iam, user: &name}
			return each(ctx, pages, "list the service-specific credentials of user "+name, func(page *iam.ListServiceSpecificCredentialsOutput) {
				for _, credential := range page.ServiceSpecificCredentials {
					credentials = append(credentials, Strip{name, ServiceCredential, aws.ToString(credential.ServiceSpecificCredentialId)})
				}
			})
		},
	)
	user.Hung = slices.Concat(login, mfa, certificates, sshKeys, credentials, inline, groups)
	return err
}

// pager is what all of the SDK's paginators are.
type pager[Page any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*iam.Options)) (Page, error)
}

// each hands every page to take. Where the entity is not there, there are no pages.
func each[Page any](ctx context.Context, pages pager[Page], doing string, take func(Page)) error {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		take(page)
	}
	return nil
}

// serviceCredentialPages is the paginator that the SDK lacks for this one list.
type serviceCredentialPages struct {
	iam    *iam.Client
	user   *string
	marker *string
	done   bool
}

func (p *serviceCredentialPages) HasMorePages() bool { return !p.done }

func (p *serviceCredentialPages) NextPage(ctx context.Context, options ...func(*iam.Options)) (*iam.ListServiceSpecificCredentialsOutput, error) {
	out, err := p.iam.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: p.user, Marker: p.marker}, options...)
	if err != nil {
		return nil, err
	}
	p.marker, p.done = out.Marker, !out.IsTruncated
	return out, nil
}
