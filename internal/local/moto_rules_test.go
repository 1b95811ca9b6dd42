package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	anyAction = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	ec2Trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

	policyARN = "arn:aws:iam::123456789012:policy/reading"
	nowhere   = "arn:aws:iam::123456789012:policy/nowhere"
)

// The steps that stories begin with.

func (p *person) user() *string {
	p.Helper()
	name := aws.String("alice")
	p.done(p.iam.CreateUser(p.Context(), &iam.CreateUserInput{UserName: name}))
	return name
}

func (p *person) policy() *string {
	p.Helper()
	p.done(p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("reading"), PolicyDocument: aws.String(anyAction)}))
	return aws.String(policyARN)
}

func (p *person) role() *string {
	p.Helper()
	name := aws.String("node")
	p.done(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(ec2Trust)}))
	return name
}

func (p *person) profile() *string {
	p.Helper()
	name := aws.String("machine")
	p.done(p.iam.CreateInstanceProfile(p.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: name}))
	return name
}

// profileWithRole makes a profile called machine that holds a role.
func (p *person) profileWithRole() (profile, role *string) {
	p.Helper()
	profile, role = p.profile(), p.role()
	p.done(p.iam.AddRoleToInstanceProfile(p.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: role}))
	return profile, role
}

func (p *person) key(user *string) (id, secret string) {
	p.Helper()
	out, err := p.iam.CreateAccessKey(p.Context(), &iam.CreateAccessKeyInput{UserName: user})
	p.done(out, err)
	return *out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey
}

// deleteUserWith makes a user, gives it something, and deletes it.
func deleteUserWith(give func(p *person, user *string)) func(p *person) (string, error) {
	return func(p *person) (string, error) {
		user := p.user()
		give(p, user)
		return last(p.iam.DeleteUser(p.Context(), &iam.DeleteUserInput{UserName: user}))
	}
}

func tags(n int) []iamtypes.Tag {
	var list []iamtypes.Tag
	for i := range n {
		list = append(list, iamtypes.Tag{Key: aws.String(fmt.Sprint("key", i)), Value: aws.String("value")})
	}
	return list
}

func tagged(keys ...string) []iamtypes.Tag {
	var list []iamtypes.Tag
	for _, key := range keys {
		list = append(list, iamtypes.Tag{Key: aws.String(key), Value: aws.String("value")})
	}
	return list
}

func userRules() []rule {
	return []rule{
		{"a user is deleted when nothing is left on it", "ok", deleteUserWith(func(*person, *string) {})},
		{"a user with an access key is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) { p.key(user) })},
		{"a user with a console password is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) {
			p.done(p.iam.CreateLoginProfile(p.Context(), &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Tr0ub4dor&3")}))
		})},
		{"a user with an MFA device is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) {
			out, err := p.iam.CreateVirtualMFADevice(p.Context(), &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
			p.done(out, err)
			p.done(p.iam.EnableMFADevice(p.Context(), &iam.EnableMFADeviceInput{
				UserName: user, SerialNumber: out.VirtualMFADevice.SerialNumber,
				AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
			}))
		})},
		{"a user with an inline policy is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) {
			p.done(p.iam.PutUserPolicy(p.Context(), &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("inline"), PolicyDocument: aws.String(anyAction)}))
		})},
		{"a user with an attached policy is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) {
			p.done(p.iam.AttachUserPolicy(p.Context(), &iam.AttachUserPolicyInput{UserName: user, PolicyArn: p.policy()}))
		})},
		{"a user in a group is not deleted", "DeleteConflict", deleteUserWith(func(p *person, user *string) {
			group := aws.String("staff")
			p.done(p.iam.CreateGroup(p.Context(), &iam.CreateGroupInput{GroupName: group}))
			p.done(p.iam.AddUserToGroup(p.Context(), &iam.AddUserToGroupInput{UserName: user, GroupName: group}))
		})},
		{"a user that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.DeleteUser(p.Context(), &iam.DeleteUserInput{UserName: aws.String("nobody")}))
		}},
		{"a user's name is taken", "EntityAlreadyExists", func(p *person) (string, error) {
			return last(p.iam.CreateUser(p.Context(), &iam.CreateUserInput{UserName: p.user()}))
		}},
		{"a user's name differs by case alone", "EntityAlreadyExists", func(p *person) (string, error) {
			p.user()
			return last(p.iam.CreateUser(p.Context(), &iam.CreateUserInput{UserName: aws.String("Alice")}))
		}},
		{"a third access key", "LimitExceeded", func(p *person) (string, error) {
			user := p.user()
			p.key(user)
			p.key(user)
			return last(p.iam.CreateAccessKey(p.Context(), &iam.CreateAccessKeyInput{UserName: user}))
		}},
		{"an access key that is not there is deleted", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.DeleteAccessKey(p.Context(), &iam.DeleteAccessKeyInput{UserName: p.user(), AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")}))
		}},
		{"a weak console password", "PasswordPolicyViolation", func(p *person) (string, error) {
			return last(p.iam.CreateLoginProfile(p.Context(), &iam.CreateLoginProfileInput{UserName: p.user(), Password: aws.String("password")}))
		}},
		{"a user without a console password", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.DeleteLoginProfile(p.Context(), &iam.DeleteLoginProfileInput{UserName: p.user()}))
		}},
		{"a user with a boundary that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.CreateUser(p.Context(), &iam.CreateUserInput{UserName: aws.String("alice"), PermissionsBoundary: aws.String(nowhere)}))
		}},
		{"a user gets a boundary that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.PutUserPermissionsBoundary(p.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: p.user(), PermissionsBoundary: aws.String(nowhere)}))
		}},
		{"a user gets a boundary", policyARN, func(p *person) (string, error) {
			user := p.user()
			if _, err := p.iam.PutUserPermissionsBoundary(p.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: p.policy()}); err != nil {
				return "", err
			}
			out, err := p.iam.GetUser(p.Context(), &iam.GetUserInput{UserName: user})
			p.done(out, err)
			return aws.ToString(out.User.PermissionsBoundary.PermissionsBoundaryArn), nil
		}},
		{"a fifty-first tag", "LimitExceeded", func(p *person) (string, error) {
			user := p.user()
			p.done(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: user, Tags: tags(50)}))
			return last(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: user, Tags: tagged("one more")}))
		}},
		{"a tag key twice", "InvalidInput", func(p *person) (string, error) {
			return last(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: p.user(), Tags: tagged("Team", "Team")}))
		}},
		{"a tag key twice, by case alone", "Team", func(p *person) (string, error) {
			user := p.user()
			p.done(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: user, Tags: tagged("team")}))
			p.done(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: user, Tags: tagged("Team")}))
			out, err := p.iam.ListUserTags(p.Context(), &iam.ListUserTagsInput{UserName: user})
			p.done(out, err)
			var keys []string
			for _, tag := range out.Tags {
				keys = append(keys, *tag.Key)
			}
			slices.Sort(keys)
			return strings.Join(keys, ", "), nil
		}},
		{"a reserved tag key", "InvalidInput", func(p *person) (string, error) {
			return last(p.iam.TagUser(p.Context(), &iam.TagUserInput{UserName: p.user(), Tags: tagged("aws:team")}))
		}},
		{"users come by the page", "alice, then bob", func(p *person) (string, error) {
			p.user()
			p.done(p.iam.CreateUser(p.Context(), &iam.CreateUserInput{UserName: aws.String("bob")}))
			first, err := p.iam.ListUsers(p.Context(), &iam.ListUsersInput{MaxItems: aws.Int32(1)})
			p.done(first, err)
			second, err := p.iam.ListUsers(p.Context(), &iam.ListUsersInput{MaxItems: aws.Int32(1), Marker: first.Marker})
			p.done(second, err)
			if !first.IsTruncated || second.IsTruncated || len(first.Users) != 1 || len(second.Users) != 1 {
				return fmt.Sprintf("pages of %d and %d", len(first.Users), len(second.Users)), nil
			}
			return *first.Users[0].UserName + ", then " + *second.Users[0].UserName, nil
		}},
		{"service-specific credentials of a user who has none", "0", func(p *person) (string, error) {
			out, err := p.iam.ListServiceSpecificCredentials(p.Context(), &iam.ListServiceSpecificCredentialsInput{UserName: p.user()})
			if err != nil {
				return "", err
			}
			return fmt.Sprint(len(out.ServiceSpecificCredentials)), nil
		}},
	}
}

func policyRules() []rule {
	create := func(document string) func(p *person) (string, error) {
		return func(p *person) (string, error) {
			return last(p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("reading"), PolicyDocument: &document}))
		}
	}
	statement := func(elements string) string { return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}` }
	return []rule{
		{"a policy that a user has is not deleted", "DeleteConflict", func(p *person) (string, error) {
			policy := p.policy()
			p.done(p.iam.AttachUserPolicy(p.Context(), &iam.AttachUserPolicyInput{UserName: p.user(), PolicyArn: policy}))
			return last(p.iam.DeletePolicy(p.Context(), &iam.DeletePolicyInput{PolicyArn: policy}))
		}},
		{"a policy that a role has is not deleted", "DeleteConflict", func(p *person) (string, error) {
			policy := p.policy()
			p.done(p.iam.AttachRolePolicy(p.Context(), &iam.AttachRolePolicyInput{RoleName: p.role(), PolicyArn: policy}))
			return last(p.iam.DeletePolicy(p.Context(), &iam.DeletePolicyInput{PolicyArn: policy}))
		}},
		{"a policy with another version is not deleted", "DeleteConflict", func(p *person) (string, error) {
			policy := p.policy()
			p.done(p.iam.CreatePolicyVersion(p.Context(), &iam.CreatePolicyVersionInput{PolicyArn: policy, PolicyDocument: aws.String(anyAction)}))
			return last(p.iam.DeletePolicy(p.Context(), &iam.DeletePolicyInput{PolicyArn: policy}))
		}},
		{"a policy that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.DeletePolicy(p.Context(), &iam.DeletePolicyInput{PolicyArn: aws.String(nowhere)}))
		}},
		{"a policy's name is taken", "EntityAlreadyExists", func(p *person) (string, error) {
			p.policy()
			return last(p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("reading"), PolicyDocument: aws.String(anyAction)}))
		}},
		{"a policy's name differs by case alone", "EntityAlreadyExists", func(p *person) (string, error) {
			p.policy()
			return last(p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("Reading"), PolicyDocument: aws.String(anyAction)}))
		}},
		{"a policy's name is taken under another path", "EntityAlreadyExists", func(p *person) (string, error) {
			p.policy()
			return last(p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("reading"), Path: aws.String("/team/"), PolicyDocument: aws.String(anyAction)}))
		}},
		{"a sixth version", "LimitExceeded", func(p *person) (string, error) {
			version := &iam.CreatePolicyVersionInput{PolicyArn: p.policy(), PolicyDocument: aws.String(anyAction)}
			for range 4 {
				p.done(p.iam.CreatePolicyVersion(p.Context(), version))
			}
			return last(p.iam.CreatePolicyVersion(p.Context(), version))
		}},
		{"a version's number is not used again", "v3", func(p *person) (string, error) {
			version := &iam.CreatePolicyVersionInput{PolicyArn: p.policy(), PolicyDocument: aws.String(anyAction)}
			p.done(p.iam.CreatePolicyVersion(p.Context(), version))
			p.done(p.iam.DeletePolicyVersion(p.Context(), &iam.DeletePolicyVersionInput{PolicyArn: version.PolicyArn, VersionId: aws.String("v2")}))
			out, err := p.iam.CreatePolicyVersion(p.Context(), version)
			p.done(out, err)
			return *out.PolicyVersion.VersionId, nil
		}},
		{"the default version is not deleted", "DeleteConflict", func(p *person) (string, error) {
			return last(p.iam.DeletePolicyVersion(p.Context(), &iam.DeletePolicyVersionInput{PolicyArn: p.policy(), VersionId: aws.String("v1")}))
		}},
		{"a version that is not there becomes the default", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.SetDefaultPolicyVersion(p.Context(), &iam.SetDefaultPolicyVersionInput{PolicyArn: p.policy(), VersionId: aws.String("v7")}))
		}},
		{"a version's document comes URL-encoded", "encoded", func(p *person) (string, error) {
			out, err := p.iam.GetPolicyVersion(p.Context(), &iam.GetPolicyVersionInput{PolicyArn: p.policy(), VersionId: aws.String("v1")})
			p.done(out, err)
			return encoding(p, *out.PolicyVersion.Document, anyAction), nil
		}},
		{"a policy that is not there is attached", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.AttachUserPolicy(p.Context(), &iam.AttachUserPolicyInput{UserName: p.user(), PolicyArn: aws.String(nowhere)}))
		}},
		{"a policy is attached again", "ok", func(p *person) (string, error) {
			attach := &iam.AttachUserPolicyInput{UserName: p.user(), PolicyArn: p.policy()}
			p.done(p.iam.AttachUserPolicy(p.Context(), attach))
			return last(p.iam.AttachUserPolicy(p.Context(), attach))
		}},
		{"a policy that is not attached is detached", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.DetachUserPolicy(p.Context(), &iam.DetachUserPolicyInput{UserName: p.user(), PolicyArn: p.policy()}))
		}},
		{"an eleventh policy is attached", "LimitExceeded", func(p *person) (string, error) {
			user := p.user()
			attach := func(name string) (*iam.AttachUserPolicyOutput, error) {
				out, err := p.iam.CreatePolicy(p.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(anyAction)})
				p.done(out, err)
				return p.iam.AttachUserPolicy(p.Context(), &iam.AttachUserPolicyInput{UserName: user, PolicyArn: out.Policy.Arn})
			}
			for i := range 10 {
				p.done(attach(fmt.Sprint("policy", i)))
			}
			return last(attach("one-more"))
		}},
		{"a policy that is no JSON", "MalformedPolicyDocument", create("{")},
		{"a policy without resources", "MalformedPolicyDocument", create(statement(`"Effect":"Allow","Action":"s3:*"`))},
		{"a policy with a principal", "MalformedPolicyDocument", create(statement(`"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"`))},
		{"a policy whose statements share an ID", "MalformedPolicyDocument", create(statement(
			`"Sid":"Twin","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"Twin","Effect":"Deny","Action":"ec2:*","Resource":"*"`))},
		{"a policy of another partition", "MalformedPolicyDocument", create(statement(`"Effect":"Allow","Action":"s3:*","Resource":"arn:aws-cn:s3:::bucket"`))},
		{"a policy of 6,145 characters", "LimitExceeded", create(padded(6145))},
		{"a policy of 6,144 characters and white space", "ok", create(padded(6144) + "          ")},
	}
}

// padded is a policy of so many characters.
func padded(length int) string {
	return strings.Replace(anyAction, "*", strings.Repeat("x", length-len(anyAction))+"*", 1)
}

// encoding tells how a document came.
func encoding(p *person, got, document string) string {
	p.Helper()
	if got == document {
		return "plain"
	}
	decoded, err := url.QueryUnescape(got)
	p.done(decoded, err)
	if decoded == document {
		return "encoded"
	}
	return "changed"
}

func roleRules() []rule {
	trust := func(elements string) func(p *person) (string, error) {
		return func(p *person) (string, error) {
			return last(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{
				RoleName:                 aws.String("node"),
				AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + elements + `}]}`),
			}))
		}
	}
	return []rule{
		{"a trust policy that is no JSON", "MalformedPolicyDocument", func(p *person) (string, error) {
			return last(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{RoleName: aws.String("node"), AssumeRolePolicyDocument: aws.String("{")}))
		}},
		{"a trust policy without a principal", "MalformedPolicyDocument", trust(`"Action":"sts:AssumeRole"`)},
		{"a trust policy with resources", "MalformedPolicyDocument", trust(`"Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole","Resource":"*"`)},
		{"a trust policy with an action of S3", "MalformedPolicyDocument", trust(`"Principal":{"AWS":"210987654321"},"Action":"s3:GetObject"`)},
		{"a trust policy that trusts nobody that there is", "MalformedPolicyDocument", trust(`"Principal":{"AWS":"arn:aws:iam::123456789012:user/nobody"},"Action":"sts:AssumeRole"`)},
		{"a trust policy that trusts another account", "ok", trust(`"Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)},
		{"a trust policy is made malformed", "MalformedPolicyDocument", func(p *person) (string, error) {
			return last(p.iam.UpdateAssumeRolePolicy(p.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: p.role(), PolicyDocument: aws.String("{}")}))
		}},
		{"a trust policy comes URL-encoded", "encoded", func(p *person) (string, error) {
			out, err := p.iam.GetRole(p.Context(), &iam.GetRoleInput{RoleName: p.role()})
			p.done(out, err)
			return encoding(p, *out.Role.AssumeRolePolicyDocument, ec2Trust), nil
		}},
		{"a role's name is taken", "EntityAlreadyExists", func(p *person) (string, error) {
			return last(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{RoleName: p.role(), AssumeRolePolicyDocument: aws.String(ec2Trust)}))
		}},
		{"a role's name differs by case alone", "EntityAlreadyExists", func(p *person) (string, error) {
			p.role()
			return last(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{RoleName: aws.String("Node"), AssumeRolePolicyDocument: aws.String(ec2Trust)}))
		}},
		{"a role with a boundary that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{
				RoleName: aws.String("node"), AssumeRolePolicyDocument: aws.String(ec2Trust), PermissionsBoundary: aws.String(nowhere),
			}))
		}},
		{"a role gets a boundary that is not there", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.PutRolePermissionsBoundary(p.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: p.role(), PermissionsBoundary: aws.String(nowhere)}))
		}},
		{"a role with an attached policy is not deleted", "DeleteConflict", func(p *person) (string, error) {
			role := p.role()
			p.done(p.iam.AttachRolePolicy(p.Context(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: p.policy()}))
			return last(p.iam.DeleteRole(p.Context(), &iam.DeleteRoleInput{RoleName: role}))
		}},
		{"a role with an inline policy is not deleted", "DeleteConflict", func(p *person) (string, error) {
			role := p.role()
			p.done(p.iam.PutRolePolicy(p.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("inline"), PolicyDocument: aws.String(anyAction)}))
			return last(p.iam.DeleteRole(p.Context(), &iam.DeleteRoleInput{RoleName: role}))
		}},
		{"a role in a profile is not deleted", "DeleteConflict", func(p *person) (string, error) {
			_, role := p.profileWithRole()
			return last(p.iam.DeleteRole(p.Context(), &iam.DeleteRoleInput{RoleName: role}))
		}},
		{"a profile with a role is not deleted", "DeleteConflict", func(p *person) (string, error) {
			profile, _ := p.profileWithRole()
			return last(p.iam.DeleteInstanceProfile(p.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: profile}))
		}},
		{"a second role in a profile", "LimitExceeded", func(p *person) (string, error) {
			profile, _ := p.profileWithRole()
			p.done(p.iam.CreateRole(p.Context(), &iam.CreateRoleInput{RoleName: aws.String("other"), AssumeRolePolicyDocument: aws.String(ec2Trust)}))
			return last(p.iam.AddRoleToInstanceProfile(p.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: aws.String("other")}))
		}},
		{"a role in a profile that does not hold it", "NoSuchEntity", func(p *person) (string, error) {
			return last(p.iam.RemoveRoleFromInstanceProfile(p.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: p.profile(), RoleName: p.role()}))
		}},
		{"a profile's name is taken", "EntityAlreadyExists", func(p *person) (string, error) {
			return last(p.iam.CreateInstanceProfile(p.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: p.profile()}))
		}},
		{"a profile's name differs by case alone", "EntityAlreadyExists", func(p *person) (string, error) {
			p.profile()
			return last(p.iam.CreateInstanceProfile(p.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("Machine")}))
		}},
	}
}

// identityRules are about who calls.
func identityRules() []rule {
	who := func(p *person) (string, error) {
		return last(p.sts.GetCallerIdentity(p.Context(), &sts.GetCallerIdentityInput{}))
	}
	const unknown = "AKIAIOSFODNN7EXAMPLE"
	return []rule{
		{"an unknown key asks who it is", "InvalidClientTokenId", func(p *person) (string, error) {
			return who(p.as(unknown, "secret"))
		}},
		{"an unknown key asks for its user", "InvalidClientTokenId", func(p *person) (string, error) {
			return last(p.as(unknown, "secret").iam.GetUser(p.Context(), &iam.GetUserInput{}))
		}},
		{"an unknown key asks for a secret", "UnrecognizedClientException", func(p *person) (string, error) {
			return last(p.as(unknown, "secret").secrets.ListSecrets(p.Context(), &secretsmanager.ListSecretsInput{}))
		}},
		{"a deleted key asks who it is", "InvalidClientTokenId", func(p *person) (string, error) {
			user := p.user()
			id, secret := p.key(user)
			p.done(p.iam.DeleteAccessKey(p.Context(), &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: &id}))
			return who(p.as(id, secret))
		}},
		{"an inactive key asks who it is", "InvalidClientTokenId", func(p *person) (string, error) {
			user := p.user()
			id, secret := p.key(user)
			p.done(p.iam.UpdateAccessKey(p.Context(), &iam.UpdateAccessKeyInput{UserName: user, AccessKeyId: &id, Status: iamtypes.StatusTypeInactive}))
			return who(p.as(id, secret))
		}},
		{"a key with another secret", "SignatureDoesNotMatch", func(p *person) (string, error) {
			id, _ := p.key(p.user())
			return who(p.as(id, "another"))
		}},
		{"a user asks who it is", "arn:aws:iam::123456789012:user/alice", func(p *person) (string, error) {
			out, err := p.as(p.key(p.user())).sts.GetCallerIdentity(p.Context(), &sts.GetCallerIdentityInput{})
			p.done(out, err)
			return *out.Arn, nil
		}},
		{"a user without permissions asks for itself", "AccessDenied", func(p *person) (string, error) {
			return last(p.as(p.key(p.user())).iam.GetUser(p.Context(), &iam.GetUserInput{}))
		}},
		{"a user with permissions asks for itself", "alice", func(p *person) (string, error) {
			user := p.user()
			p.done(p.iam.PutUserPolicy(p.Context(), &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("self"), PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}]}`)}))
			out, err := p.as(p.key(user)).iam.GetUser(p.Context(), &iam.GetUserInput{})
			p.done(out, err)
			return *out.User.UserName, nil
		}},
		{"an unused key's last use", "never, N/A, N/A", func(p *person) (string, error) {
			id, _ := p.key(p.user())
			out, err := p.iam.GetAccessKeyLastUsed(p.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
			p.done(out, err)
			when := "some time"
			if out.AccessKeyLastUsed.LastUsedDate == nil {
				when = "never"
			}
			return strings.Join([]string{when, aws.ToString(out.AccessKeyLastUsed.ServiceName), aws.ToString(out.AccessKeyLastUsed.Region)}, ", "), nil
		}},
		{"the last use of a key that is not there", "AccessDenied", func(p *person) (string, error) {
			return last(p.iam.GetAccessKeyLastUsed(p.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")}))
		}},
		{"a used key's last use", "some time, sts", func(p *person) (string, error) {
			id, secret := p.key(p.user())
			p.done(p.as(id, secret).sts.GetCallerIdentity(p.Context(), &sts.GetCallerIdentityInput{}))
			out, err := p.iam.GetAccessKeyLastUsed(p.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
			p.done(out, err)
			if out.AccessKeyLastUsed.LastUsedDate == nil {
				return "never", nil
			}
			return "some time, " + aws.ToString(out.AccessKeyLastUsed.ServiceName), nil
		}},
	}
}

// token makes a version ID.
func token(n int) *string { return aws.String(fmt.Sprintf("%032d", n)) }

func (p *person) secret() *string {
	p.Helper()
	name := aws.String("redis/key")
	p.done(p.secrets.CreateSecret(p.Context(), &secretsmanager.CreateSecretInput{
		Name: name, SecretString: aws.String("one"), ClientRequestToken: token(1),
	}))
	return name
}

// scheduled makes a secret that awaits its deletion.
func (p *person) scheduled() *string {
	p.Helper()
	name := p.secret()
	p.done(p.secrets.DeleteSecret(p.Context(), &secretsmanager.DeleteSecretInput{SecretId: name}))
	return name
}

func (p *person) put(name *string, n int, value string) (*secretsmanager.PutSecretValueOutput, error) {
	return p.secrets.PutSecretValue(p.Context(), &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: &value, ClientRequestToken: token(n)})
}

// labels tells which versions have which labels.
func (p *person) labels(name *string) string {
	p.Helper()
	out, err := p.secrets.DescribeSecret(p.Context(), &secretsmanager.DescribeSecretInput{SecretId: name})
	p.done(out, err)
	var found []string
	for _, id := range slices.Sorted(maps.Keys(out.VersionIdsToStages)) {
		labels := slices.Sorted(slices.Values(out.VersionIdsToStages[id]))
		found = append(found, strings.TrimLeft(id, "0")+"="+strings.Join(labels, "+"))
	}
	return strings.Join(found, " ")
}

func secretRules() []rule {
	create := func(p *person, name *string, n int, value string) (string, error) {
		return last(p.secrets.CreateSecret(p.Context(), &secretsmanager.CreateSecretInput{Name: name, SecretString: &value, ClientRequestToken: token(n)}))
	}
	remove := func(p *person, in *secretsmanager.DeleteSecretInput) (string, error) {
		return last(p.secrets.DeleteSecret(p.Context(), in))
	}
	describe := func(p *person, name *string) *secretsmanager.DescribeSecretOutput {
		out, err := p.secrets.DescribeSecret(p.Context(), &secretsmanager.DescribeSecretInput{SecretId: name})
		p.done(out, err)
		return out
	}
	list := func(p *person) int {
		out, err := p.secrets.ListSecrets(p.Context(), &secretsmanager.ListSecretsInput{})
		p.done(out, err)
		return len(out.SecretList)
	}
	const kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	return []rule{
		{"a secret's name is taken", "ResourceExistsException", func(p *person) (string, error) { return create(p, p.secret(), 2, "two") }},
		{"a secret's name is taken, the token known, the value another", "ResourceExistsException", func(p *person) (string, error) {
			return create(p, p.secret(), 1, "two")
		}},
		{"the same CreateSecret again", "1=AWSCURRENT", func(p *person) (string, error) {
			name := p.secret()
			if _, err := create(p, name, 1, "one"); err != nil {
				return "", err
			}
			return p.labels(name), nil
		}},
		{"a secret's name differs by case", "ok", func(p *person) (string, error) {
			p.secret()
			return create(p, aws.String("Redis/Key"), 2, "two")
		}},
		{"a secret without a value is read", "ResourceNotFoundException", func(p *person) (string, error) {
			name := aws.String("redis/key")
			p.done(p.secrets.CreateSecret(p.Context(), &secretsmanager.CreateSecretInput{Name: name}))
			return last(p.secrets.GetSecretValue(p.Context(), &secretsmanager.GetSecretValueInput{SecretId: name}))
		}},
		{"a secret that is not there is described", "ResourceNotFoundException", func(p *person) (string, error) {
			return last(p.secrets.DescribeSecret(p.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("nothing")}))
		}},
		{"a secret that is not there gets a value", "ResourceNotFoundException", func(p *person) (string, error) {
			return last(p.put(aws.String("nothing"), 1, "one"))
		}},
		{"the KMS key of a secret that names none", "none", func(p *person) (string, error) {
			key := describe(p, p.secret()).KmsKeyId
			if key == nil {
				return "none", nil
			}
			return *key, nil
		}},
		{"the KMS key of a secret that names one", kmsKey, func(p *person) (string, error) {
			name := aws.String("redis/key")
			p.done(p.secrets.CreateSecret(p.Context(), &secretsmanager.CreateSecretInput{Name: name, KmsKeyId: aws.String(kmsKey)}))
			return aws.ToString(describe(p, name).KmsKeyId), nil
		}},
		{"a secret's deletion is scheduled", "DeletedDate", func(p *person) (string, error) {
			if describe(p, p.scheduled()).DeletedDate == nil {
				return "no DeletedDate", nil
			}
			return "DeletedDate", nil
		}},
		{"a scheduled secret is not listed", "0", func(p *person) (string, error) {
			p.scheduled()
			return fmt.Sprint(list(p)), nil
		}},
		{"a scheduled secret is read", "InvalidRequestException", func(p *person) (string, error) {
			return last(p.secrets.GetSecretValue(p.Context(), &secretsmanager.GetSecretValueInput{SecretId: p.scheduled()}))
		}},
		{"a scheduled secret gets a value", "InvalidRequestException", func(p *person) (string, error) { return last(p.put(p.scheduled(), 2, "two")) }},
		{"a scheduled secret is created", "InvalidRequestException", func(p *person) (string, error) { return create(p, p.scheduled(), 2, "two") }},
		{"a scheduled secret is created by the same call again", "InvalidRequestException", func(p *person) (string, error) {
			return create(p, p.scheduled(), 1, "one")
		}},
		{"a scheduled secret is updated", "InvalidRequestException", func(p *person) (string, error) {
			return last(p.secrets.UpdateSecret(p.Context(), &secretsmanager.UpdateSecretInput{SecretId: p.scheduled(), Description: aws.String("changed")}))
		}},
		{"a scheduled secret is tagged", "InvalidRequestException", func(p *person) (string, error) {
			return last(p.secrets.TagResource(p.Context(), &secretsmanager.TagResourceInput{SecretId: p.scheduled(), Tags: []secrettypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
		}},
		{"a scheduled secret's labels are moved", "InvalidRequestException", func(p *person) (string, error) {
			return last(p.secrets.UpdateSecretVersionStage(p.Context(), &secretsmanager.UpdateSecretVersionStageInput{
				SecretId: p.scheduled(), VersionStage: aws.String("MINE"), MoveToVersionId: token(1),
			}))
		}},
		{"a scheduled secret is scheduled again", "InvalidRequestException", func(p *person) (string, error) {
			return remove(p, &secretsmanager.DeleteSecretInput{SecretId: p.scheduled()})
		}},
		{"a scheduled secret is restored", "1=AWSCURRENT", func(p *person) (string, error) {
			name := p.scheduled()
			p.done(p.secrets.RestoreSecret(p.Context(), &secretsmanager.RestoreSecretInput{SecretId: name}))
			p.done(p.secrets.GetSecretValue(p.Context(), &secretsmanager.GetSecretValueInput{SecretId: name}))
			return p.labels(name), nil
		}},
		{"a scheduled secret is deleted at once", "ResourceNotFoundException", func(p *person) (string, error) {
			name := p.scheduled()
			p.done(remove(p, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}))
			return last(p.secrets.DescribeSecret(p.Context(), &secretsmanager.DescribeSecretInput{SecretId: name}))
		}},
		{"a secret that is not there is scheduled", "ResourceNotFoundException", func(p *person) (string, error) {
			return remove(p, &secretsmanager.DeleteSecretInput{SecretId: aws.String("nothing")})
		}},
		{"a secret that is not there is deleted at once", "ok", func(p *person) (string, error) {
			return remove(p, &secretsmanager.DeleteSecretInput{SecretId: aws.String("nothing"), ForceDeleteWithoutRecovery: aws.Bool(true)})
		}},
		{"a secret is deleted at once and in a week", "InvalidParameterException", func(p *person) (string, error) {
			return remove(p, &secretsmanager.DeleteSecretInput{SecretId: p.secret(), ForceDeleteWithoutRecovery: aws.Bool(true), RecoveryWindowInDays: aws.Int64(7)})
		}},
		{"a secret is deleted in three days", "InvalidParameterException", func(p *person) (string, error) {
			return remove(p, &secretsmanager.DeleteSecretInput{SecretId: p.secret(), RecoveryWindowInDays: aws.Int64(3)})
		}},
		{"a secret's fifty-first tag", "InvalidParameterException", func(p *person) (string, error) {
			var list []secrettypes.Tag
			for i := range 51 {
				list = append(list, secrettypes.Tag{Key: aws.String(fmt.Sprint("key", i)), Value: aws.String("value")})
			}
			return last(p.secrets.TagResource(p.Context(), &secretsmanager.TagResourceInput{SecretId: p.secret(), Tags: list}))
		}},
		{"a secret's tag keys differ by case", "2", func(p *person) (string, error) {
			name := p.secret()
			p.done(p.secrets.TagResource(p.Context(), &secretsmanager.TagResourceInput{SecretId: name, Tags: []secrettypes.Tag{
				{Key: aws.String("team"), Value: aws.String("a")}, {Key: aws.String("Team"), Value: aws.String("b")},
			}}))
			return fmt.Sprint(len(describe(p, name).Tags)), nil
		}},
		{"secrets come by the page", "1, then 1", func(p *person) (string, error) {
			p.secret()
			p.done(create(p, aws.String("other"), 1, "one"))
			first, err := p.secrets.ListSecrets(p.Context(), &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(1)})
			p.done(first, err)
			second, err := p.secrets.ListSecrets(p.Context(), &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(1), NextToken: first.NextToken})
			p.done(second, err)
			return fmt.Sprintf("%d, then %d", len(first.SecretList), len(second.SecretList)), nil
		}},
		{"a resource policy that is no JSON", "MalformedPolicyDocumentException", func(p *person) (string, error) {
			return last(p.secrets.PutResourcePolicy(p.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: p.secret(), ResourcePolicy: aws.String("{")}))
		}},
		{"a resource policy for everybody, with public ones blocked", "PublicPolicyException", func(p *person) (string, error) {
			return last(p.secrets.PutResourcePolicy(p.Context(), &secretsmanager.PutResourcePolicyInput{
				SecretId: p.secret(), BlockPublicPolicy: aws.Bool(true),
				ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`),
			}))
		}},
	}
}

// labelRules are about the versions of a secret.
func labelRules() []rule {
	relabel := func(p *person, name *string, label string, from, to *string) (string, error) {
		return last(p.secrets.UpdateSecretVersionStage(p.Context(), &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: name, VersionStage: &label, RemoveFromVersionId: from, MoveToVersionId: to,
		}))
	}
	twice := func(p *person) *string {
		name := p.secret()
		p.done(p.put(name, 2, "two"))
		return name
	}
	return []rule{
		{"a second version", "1=AWSPREVIOUS 2=AWSCURRENT", func(p *person) (string, error) { return p.labels(twice(p)), nil }},
		{"a third version leaves the first without a label", "2=AWSPREVIOUS 3=AWSCURRENT", func(p *person) (string, error) {
			name := twice(p)
			p.done(p.put(name, 3, "three"))
			return p.labels(name), nil
		}},
		{"the same PutSecretValue again", "1=AWSPREVIOUS 2=AWSCURRENT", func(p *person) (string, error) {
			name := twice(p)
			p.done(p.put(name, 2, "two"))
			return p.labels(name), nil
		}},
		{"the PutSecretValue of the previous version again", "1=AWSPREVIOUS 2=AWSCURRENT", func(p *person) (string, error) {
			name := twice(p)
			p.done(p.put(name, 1, "one"))
			return p.labels(name), nil
		}},
		{"a version's token with another value", "ResourceExistsException", func(p *person) (string, error) {
			return last(p.put(p.secret(), 1, "another"))
		}},
		{"AWSCURRENT moves, and AWSPREVIOUS after it", "1=AWSCURRENT 2=AWSPREVIOUS", func(p *person) (string, error) {
			name := twice(p)
			p.done(relabel(p, name, "AWSCURRENT", token(2), token(1)))
			return p.labels(name), nil
		}},
		{"AWSCURRENT moves from nowhere", "InvalidParameterException", func(p *person) (string, error) {
			return relabel(p, twice(p), "AWSCURRENT", nil, token(1))
		}},
		{"a label of one's own moves from nowhere", "InvalidParameterException", func(p *person) (string, error) {
			name := twice(p)
			p.done(relabel(p, name, "MINE", nil, token(1)))
			return relabel(p, name, "MINE", nil, token(2))
		}},
		{"AWSCURRENT moves from a version that does not have it", "InvalidParameterException", func(p *person) (string, error) {
			return relabel(p, twice(p), "AWSCURRENT", token(1), token(1))
		}},
		{"AWSCURRENT is taken away", "InvalidParameterException", func(p *person) (string, error) {
			return relabel(p, twice(p), "AWSCURRENT", token(2), nil)
		}},
		{"the previous value is read", "one", func(p *person) (string, error) {
			out, err := p.secrets.GetSecretValue(p.Context(), &secretsmanager.GetSecretValueInput{SecretId: twice(p), VersionStage: aws.String("AWSPREVIOUS")})
			p.done(out, err)
			return *out.SecretString, nil
		}},
	}
}
