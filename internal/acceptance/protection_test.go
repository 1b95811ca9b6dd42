package acceptance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const unprotected = `{"DeletionProtection":"Off"}`

func TestWhatRedisCloudUsesIsNotDeleted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := w.use(keyIn(w.create(bare)))
		before := w.aws.Snapshot()
		refused := w.deleteFails(bare)
		assert.Contains(t, refused.Reason, "access key "+key+" of user redislabs-user was last used at 2000-01-01 00:00 UTC for ec2")
		assert.Contains(t, refused.Reason, "Remove the cloud account in Redis Cloud")
		assert.Contains(t, refused.Reason, "set DeletionProtection to Off")
		assert.Equal(t, before, w.aws.Snapshot())

		time.Sleep(25 * time.Hour)
		w.delete(bare)
		w.isEmpty()
	})
}

func TestPreviousKeyIsProtectedToo(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.aws.UseKey(first, "cloudwatch")
		assert.Contains(t, w.deleteFails(serial(2)).Reason, first)
	})
}

func TestProofOfAKeyIsNoUse(t *testing.T) {
	for _, service := range []string{"sts", "iam"} {
		story(t, func(_ *testing.T, w *world) {
			w.aws.UseKey(keyIn(w.create(bare)), service)
			w.delete(bare)
		})
	}
}

func TestDeleteWithoutProtectionTakesThreeRoundTrips(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.use(keyIn(w.create(unprotected)))
		w.delete(unprotected)
		assert.Equal(t, 3*latency, w.took)
	})
}

// Whoever has deleted the secret may have the key elsewhere: Redis Cloud has.
func TestKeyInUseIsProtectedAfterItsSecretWasDeleted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := w.use(keyIn(w.create(bare)))
		w.deleteSecret(keySecret, true)
		answer := w.deleteFails(bare)
		assert.Contains(t, answer.Reason, "access key "+key+" of user redislabs-user was last used at")
		w.isStill()
	})
}
