package localaws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAUserHasWhatItWasMadeWith(t *testing.T) {
	story(t, func(s teller) {
		made := ask[iam.CreateUserOutput](s, &iam.CreateUserInput{
			UserName: aws.String("Redis-User"), Path: aws.String("/redis/"),
			Tags: tags("UsedBy", "RedisLabs", "empty", ""), PermissionsBoundary: aws.String(admin),
		}).User
		got := ask[iam.GetUserOutput](s, getUser("redis-USER")).User

		assert.Equal(s, made, got, "found without regard to case, with the stored spelling")
		assert.Equal(s, account+"user/redis/Redis-User", *got.Arn)
		assert.Regexp(s, `^AIDA[A-Z2-7]{16}$`, *got.UserId)
		assert.Equal(s, admin, *got.PermissionsBoundary.PermissionsBoundaryArn)
		assert.Equal(s, tags("UsedBy", "RedisLabs", "empty", ""), got.Tags)
		assert.Equal(s, got.CreateDate.Unix(), got.CreateDate.UnixNano()/1e9)

		listed := ask[iam.ListUsersOutput](s, &iam.ListUsersInput{}).Users
		assert.Len(s, listed, 1)
		assert.Nil(s, listed[0].Tags, "lists leave tags and boundary out")
		assert.Nil(s, listed[0].PermissionsBoundary)
	})
}

func TestNamesAreUniqueWithoutRegardToCase(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"), createRole("redis"), createPolicy("redis"), createProfile("redis"))
		s.refused("EntityAlreadyExists", createUser("REDIS"))
		s.refused("EntityAlreadyExists", createRole("Redis"))
		s.refused("EntityAlreadyExists", createProfile("reDis"))
		elsewhere := createPolicy("Redis")
		elsewhere.Path = aws.String("/elsewhere/")
		s.refused("EntityAlreadyExists", elsewhere)
	})
}

func TestWhatIsNotThereIsNoSuchEntity(t *testing.T) {
	story(t, func(s teller) {
		nobody, arn := aws.String("nobody"), aws.String(account+"policy/none")
		s.do(createUser("somebody"), createRole("somebody"))
		for _, in := range []any{
			&iam.GetUserInput{UserName: nobody},
			&iam.DeleteUserInput{UserName: nobody},
			&iam.GetRoleInput{RoleName: nobody},
			&iam.DeleteRoleInput{RoleName: nobody},
			&iam.GetInstanceProfileInput{InstanceProfileName: nobody},
			&iam.DeleteInstanceProfileInput{InstanceProfileName: nobody},
			&iam.GetPolicyInput{PolicyArn: arn},
			&iam.DeletePolicyInput{PolicyArn: arn},
			&iam.ListAccessKeysInput{UserName: nobody},
			&iam.GetLoginProfileInput{UserName: aws.String("somebody")},
			&iam.DeleteUserPolicyInput{UserName: aws.String("somebody"), PolicyName: nobody},
			&iam.DeleteRolePolicyInput{RoleName: aws.String("somebody"), PolicyName: nobody},
			&iam.AttachUserPolicyInput{UserName: aws.String("somebody"), PolicyArn: arn},
			&iam.DetachUserPolicyInput{UserName: aws.String("somebody"), PolicyArn: aws.String(admin)},
			&iam.PutUserPermissionsBoundaryInput{UserName: aws.String("somebody"), PermissionsBoundary: arn},
			&iam.CreateUserInput{UserName: nobody, PermissionsBoundary: arn},
			&iam.DeleteVirtualMFADeviceInput{SerialNumber: aws.String(account + "mfa/none")},
		} {
			s.refused("NoSuchEntity", in)
		}
		assert.Len(s, s.account.Snapshot().Users, 1, "a user that cannot have its boundary is not made")
	})
}

func TestAUserIsDeletedOnlyWhenStripped(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(createUser("redis"), createPolicy("read-users"), &iam.CreateGroupInput{GroupName: aws.String("people")})
		gone := &iam.DeleteUserInput{UserName: name}

		s.do(attachUser("redis", readUsersARN))
		s.refused("DeleteConflict", gone)
		s.do(&iam.DetachUserPolicyInput{UserName: name, PolicyArn: aws.String(readUsersARN)})

		s.do(&iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("inline"), PolicyDocument: aws.String(readUsers)})
		s.refused("DeleteConflict", gone)
		s.do(&iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("inline")})

		s.do(&iam.AddUserToGroupInput{UserName: name, GroupName: aws.String("People")})
		s.refused("DeleteConflict", gone)
		assert.Len(s, ask[iam.ListGroupsForUserOutput](s, &iam.ListGroupsForUserInput{UserName: name}).Groups, 1)
		s.do(&iam.RemoveUserFromGroupInput{UserName: name, GroupName: aws.String("people")})
		s.refused("NoSuchEntity", &iam.RemoveUserFromGroupInput{UserName: name, GroupName: aws.String("people")})

		key := ask[iam.CreateAccessKeyOutput](s, createKey("redis")).AccessKey
		s.refused("DeleteConflict", gone)
		s.do(&iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key.AccessKeyId})

		s.do(&iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-1")})
		s.refused("DeleteConflict", gone)
		s.do(&iam.DeleteLoginProfileInput{UserName: name})

		device := ask[iam.CreateVirtualMFADeviceOutput](s, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: name}).VirtualMFADevice
		s.do(&iam.EnableMFADeviceInput{UserName: name, SerialNumber: device.SerialNumber, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321")})
		s.refused("DeleteConflict", gone)
		s.refused("DeleteConflict", &iam.DeleteVirtualMFADeviceInput{SerialNumber: device.SerialNumber})
		assert.Len(s, ask[iam.ListMFADevicesOutput](s, &iam.ListMFADevicesInput{UserName: name}).MFADevices, 1)
		s.do(&iam.DeactivateMFADeviceInput{UserName: name, SerialNumber: device.SerialNumber})
		assert.Equal(s, map[string]string{*device.SerialNumber: ""}, s.account.Snapshot().MFADevices)
		s.do(&iam.DeleteVirtualMFADeviceInput{SerialNumber: device.SerialNumber})

		certificate := ask[iam.UploadSigningCertificateOutput](s, &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String(selfSigned(s.T))}).Certificate
		s.refused("DeleteConflict", gone)
		assert.Equal(s, certificate.CertificateId, ask[iam.ListSigningCertificatesOutput](s, &iam.ListSigningCertificatesInput{UserName: name}).Certificates[0].CertificateId)
		s.do(&iam.DeleteSigningCertificateInput{UserName: name, CertificateId: certificate.CertificateId})

		ssh := ask[iam.UploadSSHPublicKeyOutput](s, &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: aws.String("ssh-rsa AAAAB3NzaC1yc2E= me")}).SSHPublicKey
		s.refused("DeleteConflict", gone)
		assert.Len(s, ask[iam.ListSSHPublicKeysOutput](s, &iam.ListSSHPublicKeysInput{UserName: name}).SSHPublicKeys, 1)
		s.do(&iam.DeleteSSHPublicKeyInput{UserName: name, SSHPublicKeyId: ssh.SSHPublicKeyId})

		single := ask[iam.CreateServiceSpecificCredentialOutput](s, &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: aws.String("codecommit.amazonaws.com")}).ServiceSpecificCredential
		s.refused("DeleteConflict", gone)
		assert.Len(s, ask[iam.ListServiceSpecificCredentialsOutput](s, &iam.ListServiceSpecificCredentialsInput{UserName: name}).ServiceSpecificCredentials, 1)
		s.do(&iam.DeleteServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: single.ServiceSpecificCredentialId})

		s.do(gone)
		s.refused("NoSuchEntity", gone)
	})
}

func TestThingsThatHangOnAUserAreChecked(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(createUser("redis"))
		pem := selfSigned(s.T)
		s.refused("MalformedCertificate", &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String("no certificate")})
		s.do(&iam.UploadSigningCertificateInput{UserName: name, CertificateBody: &pem})
		s.refused("DuplicateCertificate", &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: &pem})
		s.do(&iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String(selfSigned(s.T))})
		s.refused("LimitExceeded", &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String(selfSigned(s.T))})

		s.refused("UnrecognizedPublicKeyEncoding", &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: aws.String("what")})
		s.refused("InvalidPublicKey", &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: aws.String("ssh-rsa ???")})
		s.refused("NotSupportedService", &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: aws.String("ec2.amazonaws.com")})

		device := ask[iam.CreateVirtualMFADeviceOutput](s, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: name}).VirtualMFADevice
		assert.Len(s, device.Base32StringSeed, 64)
		s.refused("EntityAlreadyExists", &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: name})
		enable := &iam.EnableMFADeviceInput{UserName: name, SerialNumber: device.SerialNumber, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("123456")}
		s.refused("InvalidAuthenticationCode", enable)
		enable.AuthenticationCode2 = aws.String("234567")
		s.do(enable)
		s.refused("EntityAlreadyExists", enable)
	})
}

func TestTenManagedPoliciesTwoKeysTenGroups(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(createUser("redis"))
		for i := range maxAttached {
			policy, group := fmt.Sprintf("policy-%d", i), fmt.Sprintf("group-%d", i)
			s.do(createPolicy(policy), attachUser("redis", account+"policy/"+policy))
			s.do(&iam.CreateGroupInput{GroupName: &group}, &iam.AddUserToGroupInput{UserName: name, GroupName: &group})
		}
		s.do(attachUser("redis", account+"policy/policy-0")) // already attached
		s.refused("LimitExceeded", attachUser("redis", admin))
		s.do(&iam.CreateGroupInput{GroupName: aws.String("more")})
		s.refused("LimitExceeded", &iam.AddUserToGroupInput{UserName: name, GroupName: aws.String("more")})
		s.do(createKey("redis"), createKey("redis"))
		s.refused("LimitExceeded", createKey("redis"))
	})
}

func TestTags(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(&iam.CreateUserInput{UserName: name, Tags: tags("Department", "finance")})
		s.do(&iam.TagUserInput{UserName: name, Tags: tags("department", "hr", "other", "1")})
		assert.Equal(s, tags("department", "hr", "other", "1"), ask[iam.GetUserOutput](s, getUser("redis")).User.Tags,
			"on users and roles keys are the same without regard to case, and the new case stays")
		s.do(&iam.UntagUserInput{UserName: name, TagKeys: []string{"DEPARTMENT", "never-there"}})
		assert.Equal(s, tags("other", "1"), ask[iam.ListUserTagsOutput](s, &iam.ListUserTagsInput{UserName: name}).Tags)

		s.refused("InvalidInput", &iam.TagUserInput{UserName: name, Tags: tags("a", "1", "A", "2")})
		s.refused("InvalidInput", &iam.TagUserInput{UserName: name, Tags: tags("aws:mine", "1")})
		s.refused("ValidationError", &iam.TagUserInput{UserName: name, Tags: tags("bad!", "1")})
		s.refused("ValidationError", &iam.TagUserInput{UserName: name, Tags: tags("key", "<value>")})
		s.refused("ValidationError", &iam.TagUserInput{UserName: name, Tags: tags(strings.Repeat("k", 129), "1")})
		s.refused("ValidationError", &iam.TagUserInput{UserName: name, Tags: tags("key", strings.Repeat("v", 257))})

		var fifty []string
		for i := range maxTags {
			fifty = append(fifty, fmt.Sprintf("key-%d", i), "")
		}
		s.refused("LimitExceeded", &iam.TagUserInput{UserName: name, Tags: tags(fifty...)})
		assert.Equal(s, tags("other", "1"), ask[iam.GetUserOutput](s, getUser("redis")).User.Tags, "all or nothing")

		s.do(createPolicy("read-users"), createProfile("p"), createRole("r"))
		s.do(&iam.TagPolicyInput{PolicyArn: aws.String(readUsersARN), Tags: tags("Cost", "1", "cost", "2")})
		assert.Len(s, ask[iam.GetPolicyOutput](s, &iam.GetPolicyInput{PolicyArn: aws.String(readUsersARN)}).Policy.Tags, 2, "elsewhere case counts")
		s.do(&iam.UntagPolicyInput{PolicyArn: aws.String(readUsersARN), TagKeys: []string{"Cost"}})
		s.do(&iam.TagInstanceProfileInput{InstanceProfileName: aws.String("p"), Tags: tags("a", "1", "b", "2")})
		s.do(&iam.UntagInstanceProfileInput{InstanceProfileName: aws.String("p"), TagKeys: []string{"a"}})
		s.do(&iam.TagRoleInput{RoleName: aws.String("r"), Tags: tags("a", "1")}, &iam.UntagRoleInput{RoleName: aws.String("r"), TagKeys: []string{"A"}})
		held := s.account.Snapshot()
		assert.Equal(s, map[string]string{"cost": "2"}, held.Policies["read-users"].Tags)
		assert.Equal(s, map[string]string{"b": "2"}, held.Profiles["p"].Tags)
		assert.Empty(s, held.Roles["r"].Tags)
	})
}

func TestParametersHaveConstraints(t *testing.T) {
	story(t, func(s teller) {
		for _, in := range []any{
			createUser("with space"),
			createUser(strings.Repeat("u", 65)),
			createUser(""),
			createRole(strings.Repeat("r", 65)),
			&iam.CreateUserInput{UserName: aws.String("u"), Path: aws.String("no-slashes")},
			&iam.GetPolicyInput{PolicyArn: aws.String("short")},
			&iam.ListUsersInput{MaxItems: aws.Int32(1001)},
			&iam.ListUsersInput{MaxItems: aws.Int32(0)},
			&iam.ListPoliciesInput{Scope: "Nobody"},
			&iam.GetPolicyVersionInput{PolicyArn: aws.String(admin), VersionId: aws.String("1")},
		} {
			s.refused("ValidationError", in)
		}
		s.refused("InvalidInput", &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::123456789012:role/not-a-policy")})

		_, err := s.try(s.Context(), &iam.CreateLoginProfileInput{UserName: aws.String("a b"), Password: aws.String("pass\x00word")})
		require.ErrorContains(s, err, "2 validation errors detected")
		assert.NotContains(s, err.Error(), "pass\x00word")
	})
}

func TestGroups(t *testing.T) {
	name := aws.String("people")
	story(t, func(s teller) {
		s.do(&iam.CreateGroupInput{GroupName: name})
		s.refused("EntityAlreadyExists", &iam.CreateGroupInput{GroupName: aws.String("People")})
		s.refused("NoSuchEntity", &iam.AddUserToGroupInput{GroupName: name, UserName: aws.String("nobody")})
		s.do(&iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: aws.String(admin)})
		s.do(&iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: aws.String(admin)})
		s.refused("NoSuchEntity", &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: aws.String(admin)})
	})
}

func TestADeviceIsTakenFromItsUserAlone(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"), createUser("other"))
		serial := ask[iam.CreateVirtualMFADeviceOutput](s, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("redis")}).VirtualMFADevice.SerialNumber
		s.refused("NoSuchEntity", &iam.DeactivateMFADeviceInput{UserName: aws.String("redis"), SerialNumber: serial})
		s.do(&iam.EnableMFADeviceInput{UserName: aws.String("redis"), SerialNumber: serial, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("234567")})
		s.refused("NoSuchEntity", &iam.DeactivateMFADeviceInput{UserName: aws.String("other"), SerialNumber: serial})
	})
}
