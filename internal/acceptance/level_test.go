package acceptance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
)

// What an Update does follows from what is desired and what is observed. OldResourceProperties may
// be wrong, since an Update may have failed in between.

func TestActivationDoesNotDependOnTheOldProperties(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.updated(serial(2), serial(2, inactive))
		w.updated(serial(2), serial(2))
		assert.Equal(t, "Active", w.keyStatus(user)[first], "the stack itself had deactivated it")
	})
}

func TestKeyThatPeopleDeactivatedFirstIsNeverActivated(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := keyIn(w.create(serial(1)))
		w.updated(serial(1), serial(2))
		w.must(w.iam.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
			UserName: aws.String(user), AccessKeyId: &first, Status: iamtypes.StatusTypeInactive,
		}))
		w.updated(serial(2), serial(2, inactive))
		w.updated(serial(2, inactive), serial(2))
		assert.Equal(t, "Inactive", w.keyStatus(user)[first])
	})
}

func TestRepairDoesNotDependOnTheOldProperties(t *testing.T) {
	const other = `{"ConsoleLogin":"true","RedisCloudAccountId":"111111111111"}`
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.account()
		w.updated(bare, other)
		w.updated(bare, bare)
		assert.Equal(t, before, w.account())
	})
}
