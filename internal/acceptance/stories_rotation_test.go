package acceptance

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serial are properties with this AccessKeySerial, and more of them.
func serial(n int, more ...string) string {
	text := fmt.Sprintf(`{"AccessKeySerial":"%d"`, n)
	for _, property := range more {
		text += "," + property
	}
	return text + "}"
}

const (
	inactive = `"PreviousAccessKey":"Inactive"`
	deleted  = `"PreviousAccessKey":"Deleted"`
)

// update sends the Update from one set of properties to another, in place.
func (w *world) update(from, to string) cfn.Response {
	w.Helper()
	return w.send(event{kind: "Update", id: idOf(from), props: to, old: from})
}

// updated is update with SUCCESS; it returns the access key that Data names.
func (w *world) updated(from, to string) string {
	w.Helper()
	answer := w.update(from, to)
	require.Equal(w, cfn.StatusSuccess, answer.Status, answer.Reason)
	return answer.Data["AccessKeyId"].(string)
}

// statuses are the statuses of a user's keys by their IDs.
func (w *world) keyStatus(user string) map[string]string {
	all := map[string]string{}
	for _, key := range w.aws.Snapshot().Users[user].Keys {
		all[key.ID] = key.Status
	}
	return all
}

func TestARotationTakesFourRoundTripsAndLeavesTheOldKeyAlive(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(serial(1)).Data["AccessKeyId"].(string)
		old := w.stored("redis-cloud/access-key")
		second := w.updated(serial(1), serial(2))
		assert.Equal(t, 4*latency, w.took)
		assert.NotEqual(t, first, second)
		assert.Equal(t, second, w.stored("redis-cloud/access-key")["accessKeyId"])
		assert.True(t, w.live(w.stored("redis-cloud/access-key")))
		assert.True(t, w.live(old), "Redis Cloud uses it until somebody enters the new one")
		previous, _ := w.aws.SecretString("redis-cloud/access-key", "AWSPREVIOUS")
		assert.Equal(t, old, w.value(previous))
		assert.Equal(t, second, w.updated(serial(1), serial(2)), "delivered again")
		assert.Empty(t, w.changes())
	})
}

func TestTenRotationsEachFollowedByItsRollBackOrTheNext(t *testing.T) {
	for _, back := range []bool{false, true} {
		story(t, func(t *testing.T, w *world) {
			current := w.create(serial(1)).Data["AccessKeyId"].(string)
			at := 1
			for next := 2; next <= 11; next++ {
				rotated := w.updated(serial(at), serial(next))
				require.NotEqual(t, current, rotated)
				require.Contains(t, w.keys("redislabs-user"), current, "the key that was current before lives")
				require.LessOrEqual(t, len(w.keys("redislabs-user")), 2)
				w.noLooseKeys()
				if back {
					require.Equal(t, current, w.updated(serial(next), serial(at)), "the labels move back")
					require.NotContains(t, w.changes(), "CreateAccessKey")
					require.NotContains(t, w.changes(), "DeleteAccessKey")
					w.noLooseKeys()
					continue
				}
				current, at = rotated, next
			}
			w.succeed(event{kind: "Delete", id: idOf(bare), props: serial(at)})
			assert.Empty(t, w.aws.Snapshot().Users)
		})
	}
}

func TestARotationThatWasRolledBackIsDoneAgainWithTheKeyThatItMade(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(serial(1))
		second := w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(1))
		assert.Equal(w, second, w.updated(serial(1), serial(2)))
		assert.NotContains(w, w.changes(), "CreateAccessKey")
	})
}

func TestThePreviousKeyIsDeactivatedTakenBackAndDeleted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(serial(1)).Data["AccessKeyId"].(string)
		second := w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		assert.Equal(t, map[string]string{first: "Inactive", second: "Active"}, w.keyStatus("redislabs-user"))
		w.updated(serial(2, inactive), serial(2))
		assert.Equal(t, map[string]string{first: "Active", second: "Active"}, w.keyStatus("redislabs-user"))
		w.updated(serial(2), serial(2, deleted))
		assert.Equal(t, map[string]string{second: "Active"}, w.keyStatus("redislabs-user"))
		w.updated(serial(2, deleted), serial(2))
		assert.Empty(t, w.changes(), "what is deleted does not come back")
	})
}

func TestWhatHandsHaveDeactivatedIsNotActivated(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(serial(1)).Data["AccessKeyId"].(string)
		w.updated(serial(1), serial(2))
		_, err := w.iam.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
			UserName: aws.String("redislabs-user"), AccessKeyId: &first, Status: iamtypes.StatusTypeInactive,
		})
		require.NoError(t, err)
		w.updated(serial(2), serial(2, `"Tags":["a=b"]`))
		assert.Equal(t, "Inactive", w.keyStatus("redislabs-user")[first])
	})
}

func TestARolledBackRotationOfAFinishedOneRestoresTheKeyThatWorks(t *testing.T) {
	for _, fate := range []string{inactive, deleted} {
		story(t, func(t *testing.T, w *world) {
			w.create(serial(1))
			second := w.updated(serial(1), serial(2))
			w.updated(serial(2), serial(2, fate))
			w.updated(serial(2, fate), serial(3))
			assert.Equal(t, second, w.updated(serial(3), serial(2, fate)))
			assert.Equal(t, "Active", w.keyStatus("redislabs-user")[second])
			assert.True(t, w.live(w.stored("redis-cloud/access-key")))
			w.noLooseKeys()
		})
	}
}

func TestGoingBackToADeactivatedKeyActivatesIt(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(serial(1)).Data["AccessKeyId"].(string)
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		assert.Equal(t, first, w.updated(serial(2, inactive), serial(1, inactive)))
		assert.Equal(t, "Active", w.keyStatus("redislabs-user")[first])
	})
}

func TestANewKeyIsNotMadeWhereTheOldOneWouldDieWithIt(t *testing.T) {
	for _, fate := range []string{inactive, deleted} {
		story(t, func(t *testing.T, w *world) {
			w.create(serial(1))
			answer := w.update(serial(1), serial(2, fate))
			assert.Equal(t, cfn.StatusFailed, answer.Status)
			assert.Contains(t, answer.Reason, "PreviousAccessKey: is ")
			assert.Contains(t, answer.Reason, "set it to Active")
			assert.Empty(t, w.changes())
		})
	}
}

func TestASerialWhoseKeyIsGoneIsAClearError(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(serial(1))
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(3))
		answer := w.update(serial(3), serial(1))
		assert.Equal(t, cfn.StatusFailed, answer.Status)
		assert.Contains(t, answer.Reason, "AccessKeySerial: is 1, which is lower than the current 3")
		assert.Contains(t, answer.Reason, "set it to 3 for the current key, or to 4 for a new one")
		assert.Empty(t, w.changes())
		w.updated(serial(1), serial(3))
		assert.Empty(t, w.changes(), "its roll-back")
	})
}

func TestAKeyThatIsSomebodysStandsInTheWayOfARotationAndIsNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(serial(1))
		made, err := w.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("redislabs-user")})
		require.NoError(t, err)
		theirs := aws.ToString(made.AccessKey.AccessKeyId)
		w.aws.UseKey(theirs, "s3")
		answer := w.update(serial(1), serial(2))
		assert.Equal(t, cfn.StatusFailed, answer.Status)
		assert.Contains(t, answer.Reason, theirs+" (last used at ")
		assert.Contains(t, answer.Reason, " for s3")
		assert.Contains(t, answer.Reason, "aws iam delete-access-key --user-name redislabs-user --access-key-id "+theirs)
		assert.Empty(t, w.changes())
		assert.True(t, slices.Contains(w.keys("redislabs-user"), theirs))
	})
}
