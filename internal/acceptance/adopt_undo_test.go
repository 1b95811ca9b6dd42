package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/localaws"
)

// The Delete that follows a failed Create takes only what the Create made.
func TestFailedAdoptionIsUndone(t *testing.T) {
	for action, keys := range map[string]int{"TagUser": 1, "GetCallerIdentity": 2} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				theirs := w.vendorsTemplate()
				before := w.inventory()
				w.whileRefused(func() { w.createFails(adopt) }, action)
				require.Len(t, w.keys(user), keys)
				w.delete(adopt)
				assert.Equal(t, before, w.inventory())
				assert.Equal(t, []string{theirs}, w.keys(user))
			})
		})
	}
}

// The last call took effect, and AWS was out of reach before its reply came.
func TestAdoptionThatFailsAtItsLastCallIsUndone(t *testing.T) {
	var calls int
	create := func() event { return event{kind: "Create", props: adopt, sent: time.Now()} }
	story(t, func(_ *testing.T, w *world) {
		w.vendorsTemplate()
		w.succeed(create())
		calls = len(w.calls)
	})
	story(t, func(t *testing.T, w *world) {
		theirs := w.vendorsTemplate()
		before := w.inventory()
		w.aws.Inject(localaws.OnCall(calls).LoseReply().Times(100))
		failed := w.fail(create())
		w.aws.Inject()
		w.succeed(deleteOf(adopt).withID(failed.PhysicalResourceID))
		assert.Equal(t, before, w.inventory())
		assert.Equal(t, []string{theirs}, w.keys(user))
	})
}

func TestAdoptionWhoseAnswerGotLostIsUndone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.vendorsTemplate()
		before := w.inventory()
		w.create(adopt) // and CloudFormation invents an ID
		w.succeed(deleteOf(adopt).withID(invented))
		assert.Equal(t, before, w.inventory())
	})
}

// CloudFormation rolls back a Create that has succeeded, too. Redis Cloud goes on with what it has.
func TestRollBackOfAnAdoptionGivesBackWhatWasThere(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.use(w.vendorsTemplate())
		before := w.inventory()
		w.create(adopt)
		w.delete(adopt)
		assert.Equal(t, before, w.inventory())
		w.delete(adopt)
		w.isStill()
	})
}

// Without a user to adopt, too: whichever call fails, nothing goes that was there before.
func TestFailedAdoptionWithoutAUserIsUndoneWhicheverCallFails(t *testing.T) {
	prepare := func(w *world) {
		w.fiveStepsWithoutAUser()
		w.put(keySecret, "theirs")
	}
	var calls int
	story(t, func(_ *testing.T, w *world) {
		prepare(w)
		w.create(adopt)
		calls = len(w.calls)
	})
	failed := 0
	for _, k := range sample.Of(t, sample.UpTo(calls+12), 12) { // a call that fails makes room for others
		story(t, func(t *testing.T, w *world) {
			prepare(w)
			before := w.inventory()
			w.aws.Inject(localaws.OnCall(k).Refuse("RefusedForTheTest").Times(100))
			answer := w.send(event{kind: "Create", props: adopt})
			w.aws.Inject()
			if answer.Status == cfn.StatusSuccess {
				return
			}
			failed++
			w.delete(adopt)
			assert.Equal(t, before, w.inventory(), "call %d: %s", k, answer.Reason)
			w.holds(keySecret, "AWSCURRENT", "theirs", "call %d: %s", k, answer.Reason)
		})
	}
	if sample.Exhaustive() {
		assert.GreaterOrEqual(t, failed, calls)
	}
}

func TestFailedAdoptionOfAConsoleSecretIsUndone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.fiveStepsWithoutAUser()
		w.put(consoleSecret, "theirs")
		before := w.inventory()
		w.whileRefused(func() { w.createFails(adoptAll) }, "TagRole")
		w.delete(adoptAll)
		assert.Equal(t, before, w.inventory())
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
	})
}

// Between the call that stores a password and the one that says on the user that it is stored.
func TestAdoptionThatFailsWhileItSetsAPasswordIsUndone(t *testing.T) {
	for _, action := range []string{"CreateLoginProfile", "TagUser"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(_ *testing.T, w *world) {
				w.put(consoleSecret, "theirs")
				w.whileRefused(func() { w.createFails(adoptAll) }, action)
				w.delete(adoptAll)
				w.holds(consoleSecret, "AWSCURRENT", "theirs")
			})
		})
	}
}

func TestFailedAdoptionByAnUpdateIsUndoneByItsRollBack(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.put(consoleSecret, "theirs")
		before := w.inventory()
		w.whileRefused(func() { w.updateFails(bare, adoptAll) }, "TagResource")
		w.updated(adoptAll, bare)
		assert.Equal(t, before, w.inventory())
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
	})
}
