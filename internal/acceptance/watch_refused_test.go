package acceptance

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/watch"
)

// disown takes the owner's tag off an entity.
func (w *lookout) disown(what string) {
	w.Helper()
	const owner = "redis-cloud-iam:owner"
	switch what {
	case user:
		w.must(w.iam.UntagUser(w.Context(), &iam.UntagUserInput{UserName: &what, TagKeys: []string{owner}}))
	case userPolicy:
		w.must(w.iam.UntagPolicy(w.Context(), &iam.UntagPolicyInput{PolicyArn: aws.String(policyARN + what), TagKeys: []string{owner}}))
	default:
		w.must(w.secrets.UntagResource(w.Context(), &secretsmanager.UntagResourceInput{SecretId: &what, TagKeys: []string{owner}}))
	}
}

// Whoever takes the owner's tag off one entity does not hide what is done to the others.
func TestARefusalHidesNoDrift(t *testing.T) {
	for _, disowned := range []string{user, userPolicy, keySecret} {
		t.Run(disowned, func(t *testing.T) {
			watched(t, bare, func(w *lookout) {
				w.disown(disowned)
				assert.Len(t, w.finds(), 1, "that alone is a refusal")
				w.must(w.iam.UpdateAssumeRolePolicy(w.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(consoleRole), PolicyDocument: aws.String(anybody)}))
				found := w.finds()
				assert.Len(t, found, 2)
				assert.Contains(t, found, "drift replace the trust policy of role redislabs-role")
				assert.True(t, slices.ContainsFunc(w.report().Found, func(f watch.Finding) bool {
					return strings.HasPrefix(f.Text, "if it were not refused, an Update would ")
				}))
				assert.Equal(t, []string{"1 new finding in stack redis-cloud", "1 new finding in stack redis-cloud"}, w.news())
			})
		})
	}
}

// What is gone is made by an Update, and is told beside a refusal too.
func TestARefusalHidesNothingThatIsGone(t *testing.T) {
	watched(t, console, func(w *lookout) {
		w.disown(user)
		w.deleteSecret(keySecret, true)
		w.deleteSecret(consoleSecret, true)
		found := w.finds()
		assert.Contains(t, found, "drift make an access key of user redislabs-user and store it in the new secret redis-cloud/access-key")
		assert.Contains(t, found, "drift make a console password of user redislabs-user and store it in secret redis-cloud/console-password")
	})
}

// A key that nobody may go back to is a refusal of its own, and hides nothing either.
func TestAnInvalidParameterHidesNoDrift(t *testing.T) {
	watched(t, serial(3), func(w *lookout) {
		w.props = serial(1)
		w.detach(policyARN + userPolicy)
		assert.Contains(t, w.finds(), "drift attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user")
	})
}

// A key is gone only if IAM does not list it, whoever owns the user and the secret.
func TestAKeyIsNotGoneBecauseATagIs(t *testing.T) {
	for _, disowned := range []string{user, keySecret} {
		watched(t, bare, func(w *lookout) {
			key := w.use(w.keys(user)[0])
			w.disown(disowned)
			assert.NotContains(t, w.finds(), "key-gone "+key)
			assert.Equal(t, key, w.report().AccessKeyID)
			w.pass(100, key)
			assert.Contains(t, w.finds(), "key-age "+key)
			assert.Equal(t, 100, w.report().KeyAgeDays)
			w.must(w.iam.DeleteAccessKey(w.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &key}))
			assert.Contains(t, w.finds(), "key-gone "+key)
		})
	}
}

// What has lost its owner's tag is looked at all the same.
func TestWhatHangsOnAnUnownedEntityIsFound(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.disown(user)
		w.disown(userPolicy)
		w.attach(adminPolicy)
		other := w.use(w.newKey(user))
		w.stranger()
		w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("stranger"), PolicyArn: aws.String(policyARN + userPolicy)}))
		found := w.finds()
		assert.Contains(t, found, "extra-policy "+adminPolicy+" on user redislabs-user")
		assert.Contains(t, found, "foreign-key "+other)
		assert.Contains(t, found, "policy-shared policy RedislabsIAMUserRestrictedPolicy on user stranger")
	})
}

// An Update refuses other names, so nobody is told to give any.
func TestTheRemedyOfARefusalIsNotARefusal(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.disown(userPolicy)
		w.finds()
		assert.NotContains(t, w.remedy("refused"), "other names")
		assert.Contains(t, w.remedy("refused"), "Delete what is in the way")
		assert.Contains(t, w.remedy("refused"), "set ExistingEntities to Adopt")
	})
}

// An entity may be in the way for one reason after another.
func TestASecondReasonForTheSameEntityIsTold(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.disown(user)
		assert.Equal(t, []string{"1 new finding in stack redis-cloud"}, w.tells())
		w.must(w.iam.TagUser(w.Context(), &iam.TagUserInput{UserName: aws.String(user), Tags: []iamtypes.Tag{
			{Key: aws.String("redis-cloud-iam:owner"), Value: aws.String("theirs")},
		}}))
		assert.Equal(t, []string{"1 new finding in stack redis-cloud"}, w.tells())
		assert.Empty(t, w.tells())
	})
}

// What AWS tells of the last use of keys changes from day to day, and is no news.
func TestAThirdKeyIsRefusedOnce(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		first, other := w.keys(user)[0], w.use(w.newKey(user))
		w.props = serial(2)
		w.finds()
		w.news()
		for _, service := range []string{"ec2", "iam", "sts", "ec2"} {
			w.pass(1, first)
			w.aws.UseKey(other, service)
			assert.Empty(t, w.tells())
			assert.Contains(t, strings.Join(w.last(), "\n"), "and IAM allows no third")
		}
	})
}
