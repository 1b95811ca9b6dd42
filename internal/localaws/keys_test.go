package localaws

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
)

// keyFor makes a user with a key.
func keyFor(s teller, user string) *iamtypes.AccessKey {
	s.Helper()
	s.do(createUser(user))
	return ask[iam.CreateAccessKeyOutput](s, createKey(user)).AccessKey
}

func TestAKeySpeaksForItsUser(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		assert.Regexp(s, `^AKIA[A-Z2-7]{16}$`, *key.AccessKeyId)
		assert.Len(s, *key.SecretAccessKey, 40)
		lambda := ask[sts.GetCallerIdentityOutput](s, &sts.GetCallerIdentityInput{})
		assert.Contains(s, *lambda.Arn, ":assumed-role/")

		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		me := ask[sts.GetCallerIdentityOutput](user, &sts.GetCallerIdentityInput{})
		assert.Equal(s, account+"user/redis", *me.Arn)
		assert.Equal(s, "123456789012", *me.Account)

		for _, wrong := range []teller{s.as(*key.AccessKeyId, "wrong"), s.as(*key.AccessKeyId, *key.SecretAccessKey+"x")} {
			wrong.refused("SignatureDoesNotMatch", &sts.GetCallerIdentityInput{})
			wrong.refused("SignatureDoesNotMatch", &iam.GetUserInput{})
			wrong.refused("InvalidSignatureException", &secretsmanager.ListSecretsInput{})
		}
		unknown := s.as("AKIAAAAAAAAAAAAAAAAA", "x")
		unknown.refused("InvalidClientTokenId", &sts.GetCallerIdentityInput{})
		unknown.refused("UnrecognizedClientException", &secretsmanager.ListSecretsInput{})

		status := &iam.UpdateAccessKeyInput{UserName: aws.String("redis"), AccessKeyId: key.AccessKeyId, Status: iamtypes.StatusTypeInactive}
		s.do(status)
		user.refused("InvalidClientTokenId", &sts.GetCallerIdentityInput{})
		status.Status = iamtypes.StatusTypeActive
		s.do(status)
		user.do(&sts.GetCallerIdentityInput{})
		s.do(&iam.DeleteAccessKeyInput{UserName: aws.String("redis"), AccessKeyId: key.AccessKeyId})
		user.refused("InvalidClientTokenId", &sts.GetCallerIdentityInput{})
	})
}

func TestAUserMayWhatItsPoliciesAllow(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		s.do(createPolicy("read-users"), createUser("other"), createPolicy("unrelated"))
		user.refused("AccessDenied", &iam.GetUserInput{})

		s.do(attachUser("redis", readUsersARN))
		assert.Equal(s, "redis", *ask[iam.GetUserOutput](user, &iam.GetUserInput{}).User.UserName)
		user.do(getUser("redis"))
		user.refused("AccessDenied", getUser("other"))
		user.refused("AccessDenied", &iam.ListUsersInput{})
		user.refused("AccessDeniedException", &secretsmanager.ListSecretsInput{})

		s.do(attachUser("redis", admin))
		user.do(getUser("other"), &iam.ListUsersInput{}, &secretsmanager.ListSecretsInput{})

		s.do(&iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: aws.String(readUsersARN)})
		user.refused("AccessDenied", &iam.ListUsersInput{})
		user.do(&iam.GetUserInput{})

		deny := `{"Statement":{"Effect":"Deny","Action":"IAM:get*","Resource":"*"}}`
		s.do(&iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("deny"), PolicyDocument: &deny})
		user.refused("AccessDenied", &iam.GetUserInput{})
		user.do(&sts.GetCallerIdentityInput{})
	})
}

func TestAUserMayWhatItsGroupsAllow(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		s.do(&iam.CreateGroupInput{GroupName: aws.String("g")}, &iam.AddUserToGroupInput{GroupName: aws.String("g"), UserName: aws.String("redis")})
		s.do(&iam.AttachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: aws.String("arn:aws:iam::aws:policy/PowerUserAccess")})
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		user.do(&secretsmanager.ListSecretsInput{})
		user.refused("AccessDenied", &iam.GetUserInput{})
	})
}

func TestTheLastUseOfAKey(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		last := func() *iamtypes.AccessKeyLastUsed {
			out := ask[iam.GetAccessKeyLastUsedOutput](s, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId})
			assert.Equal(s, "redis", *out.UserName)
			return out.AccessKeyLastUsed
		}
		assert.Nil(s, last().LastUsedDate)
		assert.Equal(s, "N/A", *last().ServiceName)
		s.as(*key.AccessKeyId, "wrong").refused("SignatureDoesNotMatch", &sts.GetCallerIdentityInput{})
		assert.Nil(s, last().LastUsedDate, "whoever does not know the secret does not use the key")

		s.as(*key.AccessKeyId, *key.SecretAccessKey).refused("AccessDenied", &iam.ListUsersInput{})
		assert.Equal(s, []string{"iam", "us-east-1"}, []string{*last().ServiceName, *last().Region})
		assert.NotNil(s, last().LastUsedDate)

		assert.True(s, s.account.UseKey(*key.AccessKeyId, "ec2"))
		assert.Equal(s, "ec2", *last().ServiceName)
		assert.False(s, s.account.UseKey("AKIAAAAAAAAAAAAAAAAA", "ec2"))
		s.refused("AccessDenied", &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
	})
}

// IAM remembers the last use of a key alone, whatever the service.
func TestACallToSTSHidesAnEarlierCallToEC2(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		assert.True(s, s.account.UseKey(*key.AccessKeyId, "ec2"))
		s.as(*key.AccessKeyId, *key.SecretAccessKey).do(&sts.GetCallerIdentityInput{})
		out := ask[iam.GetAccessKeyLastUsedOutput](s, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId})
		assert.Equal(s, "sts", *out.AccessKeyLastUsed.ServiceName)
	})
}

func TestAgeMovesTheDatesOfUsersAndKeys(t *testing.T) {
	story(t, func(s teller) {
		key := keyFor(s, "redis")
		made := *ask[iam.GetUserOutput](s, &iam.GetUserInput{UserName: aws.String("redis")}).User.CreateDate
		s.account.Age(time.Minute)
		user := ask[iam.GetUserOutput](s, &iam.GetUserInput{UserName: aws.String("redis")}).User
		assert.Equal(s, made.Add(-time.Minute), *user.CreateDate)
		listed := ask[iam.ListAccessKeysOutput](s, &iam.ListAccessKeysInput{UserName: aws.String("redis")}).AccessKeyMetadata
		assert.Equal(s, key.CreateDate.Add(-time.Minute), *listed[0].CreateDate)
	})
}

func TestWithoutANameTheCallerIsMeant(t *testing.T) {
	story(t, func(s teller) {
		s.refused("ValidationError", &iam.GetUserInput{})
		s.refused("ValidationError", &iam.ListAccessKeysInput{})
		key := keyFor(s, "redis")
		s.do(attachUser("redis", admin))
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		listed := ask[iam.ListAccessKeysOutput](user, &iam.ListAccessKeysInput{}).AccessKeyMetadata
		assert.Equal(s, *key.AccessKeyId, *listed[0].AccessKeyId)
	})
}

func TestANewKeyTakesAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		story(t, func(s teller) {
			s.account.KeyDelay(10 * time.Second)
			key := keyFor(s, "redis")
			user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
			time.Sleep(9 * time.Second)
			user.refused("InvalidClientTokenId", &sts.GetCallerIdentityInput{})
			user.refused("InvalidClientTokenId", &iam.GetUserInput{})
			time.Sleep(time.Second)
			user.do(&sts.GetCallerIdentityInput{})
		})
	})
}

func TestConsolePasswords(t *testing.T) {
	name := aws.String("redis")
	story(t, func(s teller) {
		s.do(createUser("redis"))
		for _, weak := range []string{"Short-1", "alllowercase", "redis", "lower-and-symbol"} {
			s.refused("PasswordPolicyViolation", &iam.CreateLoginProfileInput{UserName: name, Password: &weak})
		}
		s.do(&iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-1"), PasswordResetRequired: true})
		s.refused("EntityAlreadyExists", &iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-2")})
		assert.True(s, ask[iam.GetLoginProfileOutput](s, &iam.GetLoginProfileInput{UserName: name}).LoginProfile.PasswordResetRequired)
		s.do(&iam.UpdateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-3"), PasswordResetRequired: aws.Bool(false)})
		password, _ := s.account.Password("REDIS")
		assert.Equal(s, "Long-enough-3", password)

		s.do(&iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(20), RequireSymbols: true})
		s.refused("PasswordPolicyViolation", &iam.UpdateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-4")})
		s.refused("PasswordPolicyViolation", &iam.UpdateLoginProfileInput{UserName: name, Password: aws.String("NoSymbolInThisLongOne1")})
		s.do(&iam.UpdateLoginProfileInput{UserName: name, Password: aws.String("a-symbol-in-this-long-one")})
		s.do(&iam.DeleteLoginProfileInput{UserName: name})
		_, held := s.account.Password("redis")
		assert.False(s, held)
	})
}
