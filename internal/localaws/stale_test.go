package localaws

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
)

// stale tells a story in virtual time to an account whose replicas lag ten seconds behind.
func stale(t *testing.T, tell func(s teller)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		a.StaleReads(10 * time.Second)
		tell(newTeller(t, a))
	})
}

func TestWhatIsNewIsNotFoundAtOnce(t *testing.T) {
	stale(t, func(s teller) {
		s.do(createUser("redis"), createRole("redis"), createPolicy("read-users"), createProfile("redis"))
		reference := []any{
			getUser("redis"),
			getRole("redis"),
			&iam.GetPolicyInput{PolicyArn: aws.String(readUsersARN)},
			&iam.GetInstanceProfileInput{InstanceProfileName: aws.String("redis")},
			createKey("redis"),
			attachUser("redis", admin),
			attachRole("redis", readUsersARN),
			&iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("redis"), RoleName: aws.String("redis")},
		}
		time.Sleep(9 * time.Second)
		for _, in := range reference {
			s.refused("NoSuchEntity", in)
		}
		s.refused("EntityAlreadyExists", createUser("redis"))
		assert.Empty(s, ask[iam.ListUsersOutput](s, &iam.ListUsersInput{}).Users)
		assert.Len(s, s.account.Snapshot().Users, 1, "a snapshot shows what is")
		time.Sleep(time.Second)
		s.do(reference...)
	})
}

func TestWhatIsGoneIsStillSeen(t *testing.T) {
	stale(t, func(s teller) {
		s.do(createUser("redis"), createUser("other"))
		time.Sleep(10 * time.Second)
		s.do(attachUser("redis", admin))
		time.Sleep(10 * time.Second)

		s.do(&iam.DetachUserPolicyInput{UserName: aws.String("redis"), PolicyArn: aws.String(admin)})
		s.do(&iam.DeleteUserInput{UserName: aws.String("redis")})
		s.do(getUser("redis"))
		attached := &iam.ListAttachedUserPoliciesInput{UserName: aws.String("redis")}
		assert.Len(s, ask[iam.ListAttachedUserPoliciesOutput](s, attached).AttachedPolicies, 1)
		s.refused("NoSuchEntity", &iam.DeleteUserInput{UserName: aws.String("redis")})
		s.do(createUser("redis")) // the name is free
		time.Sleep(10 * time.Second)
		assert.Empty(s, ask[iam.ListAttachedUserPoliciesOutput](s, attached).AttachedPolicies)
	})
}

func TestAChangeIsSeenLater(t *testing.T) {
	stale(t, func(s teller) {
		s.do(createUser("redis"))
		time.Sleep(10 * time.Second)
		tagged := func() int { return len(ask[iam.GetUserOutput](s, getUser("redis")).User.Tags) }
		s.do(&iam.TagUserInput{UserName: aws.String("redis"), Tags: tags("a", "1")})
		time.Sleep(5 * time.Second)
		s.do(&iam.TagUserInput{UserName: aws.String("redis"), Tags: tags("b", "1")})
		assert.Equal(s, 0, tagged())
		time.Sleep(5 * time.Second)
		assert.Equal(s, 1, tagged(), "the first write has arrived, the second has not")
		time.Sleep(5 * time.Second)
		assert.Equal(s, 2, tagged())
	})
}

func TestPermissionsArriveLater(t *testing.T) {
	stale(t, func(s teller) {
		s.do(createUser("redis"), createPolicy("read-users"))
		time.Sleep(10 * time.Second)
		key := ask[iam.CreateAccessKeyOutput](s, createKey("redis")).AccessKey
		s.do(attachUser("redis", readUsersARN))
		user := s.as(*key.AccessKeyId, *key.SecretAccessKey)
		user.refused("AccessDenied", &iam.GetUserInput{})
		s.refused("NoSuchEntity", &iam.DeleteAccessKeyInput{UserName: aws.String("redis"), AccessKeyId: key.AccessKeyId})
		time.Sleep(10 * time.Second)
		user.do(&iam.GetUserInput{})
	})
}

func TestALoginProfileCannotBeChangedAtOnce(t *testing.T) {
	stale(t, func(s teller) {
		name := aws.String("redis")
		s.do(createUser("redis"))
		time.Sleep(10 * time.Second)
		s.do(&iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Long-enough-1")})
		s.refused("NoSuchEntity", &iam.GetLoginProfileInput{UserName: name})
		s.refused("EntityTemporarilyUnmodifiable", &iam.DeleteLoginProfileInput{UserName: name})
		time.Sleep(10 * time.Second)
		s.do(&iam.DeleteLoginProfileInput{UserName: name})
	})
}
