package acceptance

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/acceptance/sample"
)

const (
	inactive = `"PreviousAccessKey":"Inactive"`
	deleted  = `"PreviousAccessKey":"Deleted"`
)

func TestRotationTakesFourRoundTripsAndLeavesThePreviousKeyAlive(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		old := w.stored(keySecret)
		second := w.updated(serial(1), serial(2))
		assert.Equal(t, 4*latency, w.took)
		assert.NotEqual(t, first, second)
		assert.Equal(t, second, w.stored(keySecret)["accessKeyId"])
		w.currentKeyWorks()
		assert.True(t, w.live(old), "Redis Cloud uses it until the new one is entered")
		assert.Equal(t, old, w.labelled(keySecret, "AWSPREVIOUS"))
		assert.Equal(t, second, w.updated(serial(1), serial(2)), "delivered again")
		w.isStill()
	})
}

func TestTenRotationsEachFollowedByItsRollBackOrTheNext(t *testing.T) {
	for _, back := range []bool{false, true} {
		story(t, func(t *testing.T, w *world) {
			current := keyIn(w.create(serial(1)))
			at := 1
			for next := 2; next <= 11; next++ {
				rotated := w.updated(serial(at), serial(next))
				require.NotEqual(t, current, rotated)
				require.Contains(t, w.keys(user), current, "the key that was current before lives")
				require.LessOrEqual(t, len(w.keys(user)), 2)
				w.currentKeyWorks()
				if back {
					require.Equal(t, current, w.updated(serial(next), serial(at)), "the labels move back")
					require.NotContains(t, w.changes(), "CreateAccessKey")
					require.NotContains(t, w.changes(), "DeleteAccessKey")
					w.currentKeyWorks()
					continue
				}
				current, at = rotated, next
			}
			w.delete(serial(at))
			w.isEmpty()
		})
	}
}

func TestRepeatedRotationAfterARollBackUsesTheKeyThatItMade(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(serial(1))
		second := w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(1))
		assert.Equal(w, second, w.updated(serial(1), serial(2)))
		assert.NotContains(w, w.changes(), "CreateAccessKey")
	})
}

func TestPreviousKeyIsDeactivatedActivatedAndDeleted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		second := w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		assert.Equal(t, map[string]string{first: "Inactive", second: "Active"}, w.keyStatus(user))
		w.updated(serial(2, inactive), serial(2))
		assert.Equal(t, map[string]string{first: "Active", second: "Active"}, w.keyStatus(user))
		w.updated(serial(2), serial(2, deleted))
		assert.Equal(t, map[string]string{second: "Active"}, w.keyStatus(user))
		w.updated(serial(2, deleted), serial(2))
		w.isStill("what is deleted does not come back")
	})
}

func TestKeyThatPeopleDeactivatedIsNotActivated(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.must(w.iam.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
			UserName: aws.String(user), AccessKeyId: &first, Status: iamtypes.StatusTypeInactive,
		}))
		w.updated(serial(2), serial(2, `"Tags":["a=b"]`))
		assert.Equal(t, "Inactive", w.keyStatus(user)[first])
	})
}

func TestRollBackToAFinishedRotationRestoresTheKeyThatWorks(t *testing.T) {
	for _, fate := range []string{inactive, deleted} {
		story(t, func(t *testing.T, w *world) {
			w.create(serial(1))
			second := w.updated(serial(1), serial(2))
			w.updated(serial(2), serial(2, fate))
			w.updated(serial(2, fate), serial(3))
			assert.Equal(t, second, w.updated(serial(3), serial(2, fate)))
			assert.Equal(t, "Active", w.keyStatus(user)[second])
			w.currentKeyWorks()
		})
	}
}

func TestGoingBackToADeactivatedKeyActivatesIt(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		assert.Equal(t, first, w.updated(serial(2, inactive), serial(1, inactive)))
		assert.Equal(t, "Active", w.keyStatus(user)[first])
	})
}

func TestRotationThatWouldKillTheOldKeyAtOnceIsRefused(t *testing.T) {
	for _, fate := range []string{inactive, deleted} {
		story(t, func(t *testing.T, w *world) {
			w.create(serial(1))
			answer := w.updateFails(serial(1), serial(2, fate))
			assert.Contains(t, answer.Reason, "PreviousAccessKey: is ")
			assert.Contains(t, answer.Reason, "set it to Active")
			w.isStill()
		})
	}
}

func TestSerialWhoseKeyIsGoneIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(serial(1))
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(3))
		answer := w.updateFails(serial(3), serial(1))
		assert.Contains(t, answer.Reason, "AccessKeySerial: is 1, which is lower than the current 3")
		assert.Contains(t, answer.Reason, "set it to 3 for the current key, or to 4 for a new one")
		w.isStill()
		w.updated(serial(1), serial(3))
		w.isStill("its roll-back")
	})
}

func TestUsedKeyThatPeopleMadeBlocksARotationAndIsNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(serial(1))
		theirs := w.newKey(user)
		w.aws.UseKey(theirs, "s3")
		answer := w.updateFails(serial(1), serial(2))
		assert.Contains(t, answer.Reason, theirs+" (last used at ")
		assert.Contains(t, answer.Reason, " for s3")
		assert.Contains(t, answer.Reason, "aws iam delete-access-key --user-name redislabs-user --access-key-id "+theirs)
		w.isStill()
		assert.Contains(t, w.keys(user), theirs)
	})
}

// An edit takes the label from the deactivated key, and the repair gives it none.
func TestKeyThatTheStackDeactivatedIsKnownAfterAnEdit(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		w.edit(keySecret)
		repaired := serial(2, inactive, `"Tags":["a=b"]`)
		w.updated(serial(2, inactive), repaired)
		assert.Equal(t, "Inactive", w.keyStatus(user)[first])
		assert.Equal(t, first, w.updated(repaired, serial(1)))
		assert.Equal(t, "Active", w.keyStatus(user)[first])
		w.currentKeyWorks()
	})
}

// A key whose secret people have deleted cannot be gone back to, wherever the rotation after that
// stopped.
func TestKeyOfASecretThatIsGoneIsForgotten(t *testing.T) {
	killed := faults()[slices.IndexFunc(faults(), func(f fault) bool { return f.name == "killed before" })]
	for _, call := range sample.Of(t, sample.UpTo(30), 10) {
		story(t, func(t *testing.T, w *world) {
			w.create(bare)
			w.deleteSecret(keySecret, true)
			w.disturbed(changeOf(bare, serial(2)), call, killed)
			w.restart()
			w.succeed(changeOf(bare, serial(2)))
			assert.Contains(t, w.updateFails(serial(2), bare).Reason, "AccessKeySerial: is 1", "call %d", call)
		})
	}
}
