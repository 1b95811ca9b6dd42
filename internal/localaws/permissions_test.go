package localaws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needs makes calls and returns what each of them needed.
func (s teller) needs(inputs ...any) (all [][]Permission) {
	s.Helper()
	s.account.ResetCalls()
	s.do(inputs...)
	for _, c := range s.account.Calls() {
		assert.Equal(s, c.Permissions[0].Resource, c.Resource)
		assert.Equal(s, c.Permissions[0].Action, c.Service+":"+c.Action)
		assert.False(s, c.End.Before(c.Start))
		assert.Contains(s, c.Principal, "assumed-role")
		all = append(all, c.Permissions)
	}
	require.Len(s, all, len(inputs))
	return all
}

func TestCallsAreRecordedWithWhatTheyNeed(t *testing.T) {
	story(t, func(s teller) {
		node := aws.String("node")
		s.do(&iam.CreateUserInput{UserName: aws.String("redis"), Path: aws.String("/team/")})
		role, profile := account+"role/redis/node", account+"instance-profile/node"
		toEC2 := map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}
		assert.Equal(s, [][]Permission{
			{{"iam:CreateRole", role, nil}, {"iam:TagRole", role, nil}},
			{{"iam:CreateInstanceProfile", profile, nil}},
			{{"iam:AddRoleToInstanceProfile", profile, nil}, {"iam:PassRole", role, toEC2}},
			{{"iam:CreatePolicy", readUsersARN, nil}},
			{{"iam:AttachRolePolicy", role, map[string]string{"iam:PolicyARN": readUsersARN}}},
			{{"iam:ListRoles", "", nil}},
			{{"iam:DeleteUser", account + "user/team/redis", nil}},
			{{"sts:GetCallerIdentity", "", nil}},
		}, s.needs(
			&iam.CreateRoleInput{RoleName: node, Path: aws.String("/redis/"), AssumeRolePolicyDocument: aws.String(trustEC2), Tags: tags("a", "b")},
			createProfile("node"),
			&iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: node},
			createPolicy("read-users"),
			attachRole("NODE", readUsersARN),
			&iam.ListRolesInput{},
			&iam.DeleteUserInput{UserName: aws.String("redis")},
			&sts.GetCallerIdentityInput{},
		))
	})
}

// To make what is there already is asked by the name and the path that were given.
func TestWhatIsToBeMadeHasTheARNThatItWouldGet(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"))
		s.account.ResetCalls()
		s.refused("EntityAlreadyExists", &iam.CreateUserInput{UserName: aws.String("Redis"), Path: aws.String("/team/")})
		assert.Equal(s, []Permission{{"iam:CreateUser", account + "user/team/Redis", nil}}, s.account.Calls()[0].Permissions)
	})
}

func TestASecretThatDoesNotExistHasAnARNToo(t *testing.T) {
	story(t, func(s teller) {
		name := "s"
		force := &secretsmanager.DeleteSecretInput{SecretId: &name, ForceDeleteWithoutRecovery: aws.Bool(true)}
		bare := "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
		assert.Equal(s, [][]Permission{
			{{"secretsmanager:DeleteSecret", bare, nil}},
			{{"secretsmanager:CreateSecret", bare + "-??????", nil}},
		}, s.needs(force, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("sesame")}))
		arn := *ask[secretsmanager.DescribeSecretOutput](s, &secretsmanager.DescribeSecretInput{SecretId: &name}).ARN
		assert.Equal(s, [][]Permission{{{"secretsmanager:DeleteSecret", arn, nil}}}, s.needs(force))
	})
}

func TestThePermissionsBoundaryOfARequestOrElseOfTheEntityIsAConditionKey(t *testing.T) {
	story(t, func(s teller) {
		const readOnly, admin = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"
		user, role := account+"user/redis", account+"role/node"
		name, node := aws.String("redis"), aws.String("node")
		bounded := func(arn string) map[string]string { return map[string]string{"iam:PermissionsBoundary": arn} }
		assert.Equal(s, [][]Permission{
			{{"iam:CreateUser", user, bounded(readOnly)}},
			{{"iam:PutUserPermissionsBoundary", user, bounded(admin)}},
			{{"iam:AttachUserPolicy", user, map[string]string{"iam:PermissionsBoundary": admin, "iam:PolicyARN": readOnly}}},
			{{"iam:GetUser", user, nil}},
			{{"iam:DeleteUserPermissionsBoundary", user, bounded(admin)}},
			{{"iam:DetachUserPolicy", user, map[string]string{"iam:PolicyARN": readOnly}}},
			{{"iam:CreateRole", role, nil}},
			{{"iam:PutRolePermissionsBoundary", role, bounded(admin)}},
			{{"iam:UpdateAssumeRolePolicy", role, bounded(admin)}},
			{{"iam:DeleteRole", role, nil}},
		}, s.needs(
			&iam.CreateUserInput{UserName: name, PermissionsBoundary: aws.String(readOnly)},
			&iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: aws.String(admin)},
			attachUser("redis", readOnly),
			getUser("redis"),
			&iam.DeleteUserPermissionsBoundaryInput{UserName: name},
			&iam.DetachUserPolicyInput{UserName: name, PolicyArn: aws.String(readOnly)},
			createRole("node"),
			&iam.PutRolePermissionsBoundaryInput{RoleName: node, PermissionsBoundary: aws.String(admin)},
			&iam.UpdateAssumeRolePolicyInput{RoleName: node, PolicyDocument: aws.String(trustEC2)},
			&iam.DeleteRoleInput{RoleName: node},
		))
	})
}

func TestWhetherAPublicPolicyIsBlockedIsAConditionKey(t *testing.T) {
	story(t, func(s teller) {
		const readers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
		name := aws.String("s")
		s.do(&secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("sesame")})
		asked := s.needs(
			&secretsmanager.PutResourcePolicyInput{SecretId: name, ResourcePolicy: aws.String(readers), BlockPublicPolicy: aws.Bool(true)},
			&secretsmanager.PutResourcePolicyInput{SecretId: name, ResourcePolicy: aws.String(readers)},
		)
		assert.Equal(s, map[string]string{"secretsmanager:BlockPublicPolicy": "true"}, asked[0][0].Keys)
		assert.Nil(s, asked[1][0].Keys)
	})
}

func TestWhatSecretsManagerDoesWithACustomersKeyNeedsPermissionsOfTheCaller(t *testing.T) {
	story(t, func(s teller) {
		name, token := aws.String("s"), aws.String("0b7c1d52-6f0e-4b7f-8a55-3d0c1f6f7a04")
		put := &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("sesame"), ClientRequestToken: token}
		kms := func(action, alias string) Permission {
			return Permission{"kms:" + action, "arn:aws:kms:us-east-1:123456789012:alias/" + alias, map[string]string{"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
		}
		asked := s.needs(
			&secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("sesame"), KmsKeyId: aws.String("alias/mine")},
			put,
			put,
			&secretsmanager.UpdateSecretInput{SecretId: name, Description: aws.String("d")},
			&secretsmanager.UpdateSecretInput{SecretId: name, SecretString: aws.String("other")},
			&secretsmanager.UpdateSecretInput{SecretId: name, KmsKeyId: aws.String("alias/yours")},
			&secretsmanager.UpdateSecretInput{SecretId: name, KmsKeyId: aws.String("alias/aws/secretsmanager")},
			put,
		)
		want := [][]Permission{
			{kms("GenerateDataKey", "mine"), kms("Decrypt", "mine")},
			{kms("GenerateDataKey", "mine")},
			{kms("GenerateDataKey", "mine"), kms("Decrypt", "mine")}, // the same version again
			{},
			{kms("GenerateDataKey", "mine")},
			{kms("GenerateDataKey", "yours"), kms("Decrypt", "yours"), kms("Encrypt", "yours"), kms("Decrypt", "mine")},
			{kms("Decrypt", "yours")},
			{},
		}
		for i := range want {
			assert.Equal(s, want[i], asked[i][1:])
		}
	})
}

func TestAWatcherHearsOfTheCallsThatCarryItsContext(t *testing.T) {
	story(t, func(s teller) {
		var heard []string
		watched := Watch(s.Context(), func(c Call) { heard = append(heard, c.Permissions[0].Action) })
		_, err := s.try(watched, createUser("redis"))
		require.NoError(s, err)
		s.do(createUser("other"))
		_, err = s.try(watched, createUser("redis"))
		require.Error(s, err)
		assert.Equal(s, []string{"iam:CreateUser", "iam:CreateUser"}, heard)
	})
}
