package localaws

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARoleHasWhatItWasMadeWith(t *testing.T) {
	story(t, func(s teller) {
		made := ask[iam.CreateRoleOutput](s, &iam.CreateRoleInput{
			RoleName: aws.String("node"), AssumeRolePolicyDocument: aws.String(trustEC2), Description: aws.String("a <node>"),
			MaxSessionDuration: aws.Int32(7200), PermissionsBoundary: aws.String(admin), Tags: tags("UsedBy", "RedisLabs"),
		}).Role
		got := ask[iam.GetRoleOutput](s, getRole("NODE")).Role
		assert.Equal(s, made, got)
		assert.Equal(s, "a <node>", *got.Description)
		assert.Equal(s, int32(7200), *got.MaxSessionDuration)
		assert.Equal(s, admin, *got.PermissionsBoundary.PermissionsBoundaryArn)
		assert.Regexp(s, `^AROA[A-Z2-7]{16}$`, *got.RoleId)

		assert.NotContains(s, *got.AssumeRolePolicyDocument, "{", "documents come URL-encoded")
		text, err := url.PathUnescape(*got.AssumeRolePolicyDocument)
		require.NoError(s, err)
		assert.JSONEq(s, trustEC2, text)

		assert.Len(s, ask[iam.ListRolesOutput](s, &iam.ListRolesInput{}).Roles, 1)
	})
}

func TestTheLastUseOfARole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		story(t, func(s teller) {
			s.do(createRole("node"))
			last := func() *iamtypes.RoleLastUsed { return ask[iam.GetRoleOutput](s, getRole("node")).Role.RoleLastUsed }
			assert.Nil(s, last().LastUsedDate)
			at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
			assert.True(s, s.account.UseRole("Node", at))
			assert.Equal(s, at, *last().LastUsedDate)
			assert.Equal(s, "us-east-1", *last().Region)
			assert.Nil(s, ask[iam.ListRolesOutput](s, &iam.ListRolesInput{}).Roles[0].RoleLastUsed)
			assert.False(s, s.account.UseRole("other", at))
			s.account.UseRole("node", time.Now().Add(-400*day))
			assert.Nil(s, last().LastUsedDate, "IAM tells of 400 days")
		})
	})
}

func TestUpdateRoleResetsTheSessionAndKeepsTheDescription(t *testing.T) {
	story(t, func(s teller) {
		name := aws.String("node")
		s.do(createRole("node"), &iam.UpdateRoleInput{RoleName: name, Description: aws.String("one"), MaxSessionDuration: aws.Int32(7200)})
		s.do(&iam.UpdateRoleInput{RoleName: name})
		got := ask[iam.GetRoleOutput](s, getRole("node")).Role
		assert.Equal(s, "one", *got.Description)
		assert.Equal(s, int32(3600), *got.MaxSessionDuration)
		s.do(&iam.UpdateRoleInput{RoleName: name, Description: aws.String("")})
		assert.Nil(s, ask[iam.GetRoleOutput](s, getRole("node")).Role.Description)
	})
}

func TestARoleIsDeletedOnlyWhenStripped(t *testing.T) {
	name := aws.String("node")
	story(t, func(s teller) {
		s.do(createRole("node"), createProfile("node"), createPolicy("read-users"))
		gone := &iam.DeleteRoleInput{RoleName: name}

		s.do(&iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})
		s.refused("DeleteConflict", gone)
		s.refused("DeleteConflict", &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
		s.do(&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: name})
		s.refused("NoSuchEntity", &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: name})

		s.do(attachRole("node", readUsersARN))
		assert.Equal(s, readUsersARN, *ask[iam.ListAttachedRolePoliciesOutput](s, &iam.ListAttachedRolePoliciesInput{RoleName: name}).AttachedPolicies[0].PolicyArn)
		s.refused("DeleteConflict", gone)
		s.do(&iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String(readUsersARN)})

		s.do(&iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("inline"), PolicyDocument: aws.String(readUsers)})
		assert.Equal(s, []string{"inline"}, ask[iam.ListRolePoliciesOutput](s, &iam.ListRolePoliciesInput{RoleName: name}).PolicyNames)
		s.refused("DeleteConflict", gone)
		s.do(&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("inline")})

		s.do(gone, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
	})
}

func TestAnInstanceProfileHoldsOneRole(t *testing.T) {
	name := aws.String("node")
	story(t, func(s teller) {
		s.do(createRole("node"), createRole("other"), createProfile("node"))
		empty := ask[iam.GetInstanceProfileOutput](s, &iam.GetInstanceProfileInput{InstanceProfileName: name}).InstanceProfile
		assert.Empty(s, empty.Roles)
		assert.Regexp(s, `^AIPA[A-Z2-7]{16}$`, *empty.InstanceProfileId)

		add := &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name}
		s.do(add)
		s.refused("LimitExceeded", add)
		s.refused("LimitExceeded", &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: aws.String("other")})
		held := ask[iam.GetInstanceProfileOutput](s, &iam.GetInstanceProfileInput{InstanceProfileName: name}).InstanceProfile
		assert.Equal(s, "node", *held.Roles[0].RoleName)
		assert.Len(s, ask[iam.ListInstanceProfilesForRoleOutput](s, &iam.ListInstanceProfilesForRoleInput{RoleName: name}).InstanceProfiles, 1)
		assert.Empty(s, ask[iam.ListInstanceProfilesForRoleOutput](s, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("other")}).InstanceProfiles)
		assert.Len(s, ask[iam.ListInstanceProfilesOutput](s, &iam.ListInstanceProfilesInput{}).InstanceProfiles, 1)
	})
}

func TestBoundaries(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(createUser("redis"), createRole("redis"), createPolicy("read-users"))
		s.do(&iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: aws.String(readUsersARN)})
		s.do(&iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: aws.String(readUsersARN)})
		policy := ask[iam.GetPolicyOutput](s, &iam.GetPolicyInput{PolicyArn: aws.String(readUsersARN)}).Policy
		assert.Equal(s, int32(2), *policy.PermissionsBoundaryUsageCount)
		assert.Equal(s, int32(0), *policy.AttachmentCount)
		s.refused("DeleteConflict", &iam.DeletePolicyInput{PolicyArn: aws.String(readUsersARN)})
		s.do(&iam.DeleteUserPermissionsBoundaryInput{UserName: name}, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
		s.refused("NoSuchEntity", &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
		s.do(&iam.DeletePolicyInput{PolicyArn: aws.String(readUsersARN)})
	})
}

func TestTrustPoliciesAreChecked(t *testing.T) {
	good := map[string]string{
		"a service":           trustEC2,
		"another account":     `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::168085023892:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`,
		"an account's number": `{"Statement":[{"Effect":"Allow","Principal":{"AWS":["168085023892"]},"Action":["sts:AssumeRole","sts:TagSession"]}]}`,
		"the user here":       `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `user/redis"},"Action":"sts:AssumeRole"}]}`,
	}
	bad := map[string]string{
		"no principal":           `{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`,
		"a resource":             `{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}]}`,
		"an action not of STS":   `{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"iam:PassRole"}]}`,
		"an unknown kind":        `{"Statement":[{"Effect":"Allow","Principal":{"Robot":"x"},"Action":"sts:AssumeRole"}]}`,
		"not a service":          `{"Statement":[{"Effect":"Allow","Principal":{"Service":"EC2"},"Action":"sts:AssumeRole"}]}`,
		"eleven digits":          `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::16808502389:root"},"Action":"sts:AssumeRole"}]}`,
		"another partition":      `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::168085023892:root"},"Action":"sts:AssumeRole"}]}`,
		"a user that is not":     `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `user/nobody"},"Action":"sts:AssumeRole"}]}`,
		"not principal":          `{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`,
		"an unknown operator":    strings.Replace(trustEC2, `"Action"`, `"Condition":{"Boolean":{"aws:x":"true"}},"Action"`, 1),
		"a key without a vendor": strings.Replace(trustEC2, `"Action"`, `"Condition":{"Bool":{"x":"true"}},"Action"`, 1),
	}
	story(t, func(s teller) {
		s.do(createUser("redis"), createRole("role"))
		update := func(document string) *iam.UpdateAssumeRolePolicyInput {
			return &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("role"), PolicyDocument: &document}
		}
		for what, document := range good {
			s.Log(what)
			s.do(update(document))
		}
		s.do(update(trustEC2))
		for what, document := range bad {
			s.Log(what)
			s.refused("MalformedPolicyDocument", update(document))
		}
		long := `{"Statement":[{"Effect":"Allow","Principal":{"AWS":["168085023892"` + strings.Repeat(`,"168085023892"`, 140) + `]},"Action":"sts:AssumeRole"}]}`
		s.refused("LimitExceeded", update(long))
		assert.JSONEq(s, trustEC2, s.account.Snapshot().Roles["role"].Trust)
	})
}
