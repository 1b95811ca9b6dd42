package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
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
		assert.Contains(t, refused.Reason, "DeletionProtection must be Off before the deletion")
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

// IAM remembers the last use alone: a call to STS hides one to EC2 a second before.
func TestCallToSTSHidesNoUse(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		time.Sleep(time.Hour)
		w.aws.UseKey(first, "ec2")
		time.Sleep(time.Second)
		w.aws.UseKey(first, "sts")
		assert.Contains(t, w.deleteFails(serial(1)).Reason, "access key "+first+" of user redislabs-user was last used at 2000-01-01 01:00 UTC for sts in us-east-1, so it is in use")
		w.isStill()

		second := w.updated(serial(1), serial(2))
		for _, to := range []string{serial(3), serial(2, inactive), serial(2, deleted)} {
			refused := w.updateFails(serial(2), to)
			assert.Contains(t, refused.Reason, "access key "+first+" of user redislabs-user was last used at")
			assert.Contains(t, refused.Reason, "Enter "+second+" in Redis Cloud first")
			w.isStill()
		}

		const off = `"DeletionProtection":"Off"`
		w.updated(serial(2), serial(3, off))
		assert.NotContains(t, w.keys(user), first)
		w.use(second)
		w.updated(serial(3, off), serial(3, off, deleted))
		assert.NotContains(t, w.keys(user), second)
		w.use(w.keys(user)[0])
		w.delete(serial(3, off))
		w.isEmpty()
	})
}

// The cluster nodes use their role whenever they call AWS, and no call of ours hides that.
func TestRunningClusterNodesAreProtectedAndKeepNobodyFromRotating(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(serial(1))
		time.Sleep(2 * time.Hour)
		w.aws.UseRole(nodeRole, time.Now().Add(-time.Hour))
		assert.Contains(t, w.deleteFails(serial(1)).Reason, "role redislabs-cluster-node-role was last used at 2000-01-01 01:00 UTC")
		w.isStill()

		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		w.updated(serial(2, inactive), serial(3))
		off := serial(3, `"DeletionProtection":"Off"`)
		w.updated(serial(3), off)
		w.delete(off)
		w.isEmpty()
	})
}

func TestNodesThatStoppedADayAgoAreNotProtected(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(bare)
		w.aws.UseRole(nodeRole, time.Now().Add(-25*time.Hour))
		w.delete(bare)
		w.isEmpty()
	})
}

func TestUseByPeopleWhoTryTheKeyOutDoesNotCountForAQuarterOfAnHour(t *testing.T) {
	for minutes, refused := range map[int]bool{14: false, 16: true} {
		story(t, func(_ *testing.T, w *world) {
			key := keyIn(w.create(bare))
			time.Sleep(time.Duration(minutes) * time.Minute)
			w.aws.UseKey(key, "sts")
			if refused {
				w.deleteFails(bare)
				return
			}
			w.delete(bare)
		})
	}
}

// A person who edits a secret in the console makes a version with an ID of AWS's, which becomes the
// current one. The first edit leaves the key's version the label AWSPREVIOUS, the second one none.
func TestSecretThatPeopleEditedStillProtectsItsKeyAndIsRepaired(t *testing.T) {
	for _, edits := range []int{1, 2} {
		story(t, func(t *testing.T, w *world) {
			key := w.use(keyIn(w.create(bare)))
			stored := w.stored(keySecret)
			for range edits {
				w.edit(keySecret)
			}
			refused := w.deleteFails(bare)
			assert.Contains(t, refused.Reason, "access key "+key+" of user redislabs-user was last used at")
			w.isStill()

			const tags = `{"Tags":["a=b"]}`
			answer := w.succeed(changeOf(bare, tags))
			assert.Equal(t, key, keyIn(answer))
			assert.NotContains(t, w.changes(), "CreateAccessKey")
			assert.NotContains(t, w.changes(), "DeleteAccessKey")
			assert.Equal(t, []string{key}, w.keys(user))
			assert.Equal(t, stored, w.stored(keySecret), "the secret is as it was")
			assert.NotContains(t, answer.Reason, "was not made by this resource")

			assert.Contains(t, w.deleteFails(tags).Reason, key)
			time.Sleep(25 * time.Hour)
			w.delete(tags)
			w.isEmpty()
		})
	}
}

// As long as nobody knows what the secret holds, every key of its user is protected.
func TestEditedSecretProtectsKeysThatPeopleMade(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		theirs := w.use(w.newKey(user))
		w.edit(keySecret)
		assert.Contains(t, w.deleteFails(bare).Reason, theirs)
		w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &theirs}))
		w.delete(bare)
		w.isEmpty()
	})
}

func TestEditedSecretIsRepairedByARotation(t *testing.T) {
	for _, edits := range []int{1, 2} {
		story(t, func(t *testing.T, w *world) {
			first := w.use(keyIn(w.create(serial(1))))
			for range edits {
				w.edit(keySecret)
			}
			second := w.updated(serial(1), serial(2))
			assert.ElementsMatch(t, []string{first, second}, w.keys(user))
			assert.Equal(t, first, w.labelled(keySecret, "AWSPREVIOUS")["accessKeyId"])
			w.currentKeyWorks()
			assert.Equal(t, first, w.updated(serial(2), serial(1)), "its roll-back")
			w.currentKeyWorks()
		})
	}
}
