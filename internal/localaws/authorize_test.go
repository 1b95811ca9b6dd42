package localaws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"
)

// inline gives a user an inline policy of one statement.
func inline(name, statement string) *iam.PutUserPolicyInput {
	return &iam.PutUserPolicyInput{
		UserName: aws.String("redis"), PolicyName: &name,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{` + statement + `}]}`),
	}
}

func TestConditionsOfAUsersPoliciesCount(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		s.do(createUser("other"), createPolicy("read-users"))
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		s.do(inline("attach", `"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"`+readUsersARN+`"}}`))
		user.do(attachUser("other", readUsersARN))
		user.refused("AccessDenied", attachUser("other", admin))

		s.do(inline("make", `"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"`))
		s.do(inline("bounded", `"Effect":"Deny","Action":"iam:CreateUser","Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"`+readUsersARN+`"}}`))
		user.refused("AccessDenied", createUser("free"))
		user.do(&iam.CreateUserInput{UserName: aws.String("bound"), PermissionsBoundary: aws.String(readUsersARN)})
	})
}

func TestACallNeedsAllThatItAsksFor(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		s.do(createRole("node"), createProfile("node"))
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		add := &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("node"), RoleName: aws.String("node")}
		s.do(inline("add", `"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"*"`))
		_, err := user.try(s.Context(), add)
		require.ErrorContains(s, err, "not authorized to perform: iam:PassRole on resource: "+account+"role/node because no identity-based policy allows")
		s.do(inline("pass", `"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`))
		user.do(add)
	})
}

func TestARefusalSaysWhy(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		s.do(createPolicy("read-users"))
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		why := func(says string) {
			s.Helper()
			_, err := user.try(s.Context(), &secretsmanager.ListSecretsInput{})
			require.ErrorContains(s, err, says)
		}
		why("on resource: * because no identity-based policy allows the secretsmanager:ListSecrets action")
		s.do(attachUser("redis", admin), &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("redis"), PermissionsBoundary: aws.String(readUsersARN)})
		why("because no permissions boundary allows the secretsmanager:ListSecrets action")
		s.do(&iam.CreatePolicyVersionInput{PolicyArn: aws.String(readUsersARN), SetAsDefault: true, PolicyDocument: aws.String(
			`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)})
		why("with an explicit deny in a permissions boundary")
		s.do(inline("no", `"Effect":"Deny","Action":"secretsmanager:*","Resource":"*"`))
		why("with an explicit deny in an identity-based policy")
	})
}
