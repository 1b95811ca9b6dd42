package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

func TestUnusedOrphanOfAKeyIsRemoved(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.newKey(user)
		w.updated(bare, bare)
		assert.Len(t, w.keys(user), 1)
	})
}

func TestUsedKeyThatPeopleMadeIsLeftAndNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		theirs := w.use(w.newKey(user))
		answer := w.update(bare, bare)
		assert.Len(t, w.keys(user), 2)
		assert.Contains(t, answer.Reason, theirs)
	})
}

func TestProofWaitsUntilTheKeyIsValid(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.KeyDelay(12 * time.Second)
		w.create(bare)
		assert.GreaterOrEqual(t, w.took, 12*time.Second)
		assert.Less(t, w.took, 16*time.Second)
	})
}

func TestEventuallyConsistentAccountConverges(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.StaleReads(3 * time.Second)
		w.create(bare)
		assert.Len(t, w.keys(user), 1)
		time.Sleep(time.Minute)
		w.updated(bare, bare)
		w.isStill()
		w.delete(bare)
		time.Sleep(time.Minute)
		w.isEmpty()
	})
}

// IAM may show no tags yet, or old ones: a Delete that follows at once must not take the entities
// for unowned.
func TestDeleteRightAfterACreateLeavesNothingInAnEventuallyConsistentAccount(t *testing.T) {
	for _, stale := range []time.Duration{time.Second, 3 * time.Second} {
		story(t, func(_ *testing.T, w *world) {
			w.aws.StaleReads(stale)
			w.create(bare)
			w.delete(bare)
			time.Sleep(time.Minute)
			w.isEmpty()
		})
	}
}

func TestLostReplyMakesNoSecondKey(t *testing.T) {
	for _, action := range []string{"CreateAccessKey", "CreateSecret", "CreateUser", "CreatePolicy", "AddRoleToInstanceProfile", "GetUser"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.aws.Inject(localaws.OnAction(action).LoseReply().Times(1))
				answer := w.create(bare)
				assert.Equal(t, []string{keyIn(answer)}, w.keys(user))
				w.currentKeyWorks()
			})
		})
	}
}

// The list of keys may not show the key of the lost reply at once: the run looks again before it
// ends.
func TestLostReplyMakesNoSecondKeyInAnEventuallyConsistentAccount(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &w.keys(user)[0]}))
		time.Sleep(time.Minute)
		w.aws.StaleReads(2 * time.Second)
		w.aws.Inject(localaws.OnAction("CreateAccessKey").LoseReply().Times(1))
		answer := w.update(bare, bare)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{keyIn(answer)}, w.keys(user))
	})
}

func TestKeyThatCannotBeStoredIsDeletedAtOnce(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateSecret").Refuse("AccessDeniedException"))
		failed := w.createFails(bare)
		assert.Contains(t, failed.Reason, "AccessDenied")
		assert.Empty(t, w.keys(user))
	})
}

// Secrets Manager says that a secret has too many versions in the word that the SDK takes for
// throttling, which is waited out.
func TestAQuotaIsNotWaitedOut(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		began := time.Now()
		w.aws.Inject(refused("CreateSecret", "LimitExceededException"))
		assert.Contains(t, w.createFails(bare).Reason, "LimitExceeded")
		assert.Empty(t, w.keys(user))
		assert.Less(t, time.Since(began), 10*time.Second)
	})
}

func TestStoreWhoseRepliesAreAllLostHasStored(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateSecret").LoseReply())
		answer := w.create(bare)
		assert.Equal(t, []string{keyIn(answer)}, w.keys(user))
		assert.NotEmpty(t, answer.Data["AccessKeySecretArn"])
		w.currentKeyWorks()
	})
}

func TestKeyThatCanNeitherBeStoredNorDeletedIsNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.whileRefused(func() {
			failed := w.createFails(bare)
			assert.Contains(t, failed.Reason, "delete access key "+w.keys(user)[0]+", which could not be stored")
		}, "CreateSecret", "DeleteAccessKey")
		w.delete(bare)
		w.isEmpty()
	})
}
