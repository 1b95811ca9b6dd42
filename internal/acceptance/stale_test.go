package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// staleFor plays a story with reads that are stale for one, two and three seconds.
func staleFor(t *testing.T, name string, play func(t *testing.T, w *world, stale time.Duration)) {
	for _, stale := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
		t.Run(name+" "+stale.String(), func(t *testing.T) {
			story(t, func(t *testing.T, w *world) { play(t, w, stale) })
		})
	}
}

func (w *world) losesItsKeys(name string) {
	w.Helper()
	for _, key := range w.keys(name) {
		w.must(w.iam.DeleteAccessKey(w.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(name), AccessKeyId: aws.String(key)}))
	}
	time.Sleep(time.Minute)
}

// IAM does not list the key at once of which nothing is known but that it may have been made.
func TestKeyWhoseReplyIsLostIsNotLeftBehind(t *testing.T) {
	lose := localaws.OnAction("CreateAccessKey").LoseReply().Times(1)
	for _, props := range []string{bare, retain} {
		staleFor(t, "Update to "+props, func(t *testing.T, w *world, stale time.Duration) {
			w.create(bare)
			w.losesItsKeys(user)
			w.aws.StaleReads(stale)
			w.aws.Inject(lose)
			answer := w.update(bare, props)
			time.Sleep(time.Minute)
			assert.Equal(t, []string{keyIn(answer)}, w.keys(user))
		})
	}
	staleFor(t, "adoption", func(t *testing.T, w *world, stale time.Duration) {
		w.vendorsTemplate()
		w.losesItsKeys(user)
		w.aws.StaleReads(stale)
		w.aws.Inject(lose)
		answer := w.create(adopt)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{keyIn(answer)}, w.keys(user))
	})
}

func TestTwoAdoptionsAtOnceAnswerTheCurrentKey(t *testing.T) {
	for _, secret := range []bool{true, false} {
		for _, stale := range []time.Duration{0, time.Second} {
			for _, head := range []time.Duration{0, 10 * time.Millisecond, latency, 2 * latency, 130 * time.Millisecond, 3 * latency, 4 * latency} {
				story(t, func(t *testing.T, w *world) {
					w.vendorsTemplate()
					if secret {
						w.put(keySecret, "theirs")
					}
					w.losesItsKeys(user)
					create := event{kind: "Create", props: adopt}
					w.aws.StaleReads(stale)
					answers := w.together(create, head, create)
					w.aws.StaleReads(0)
					for _, answer := range answers {
						assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
						assert.Equal(t, w.stored(keySecret)["accessKeyId"], keyIn(answer), "%v %v %v", secret, stale, head)
					}
				})
			}
		}
	}
}

// The Delete of a Create whose answer was lost comes before AWS shows all that the Create wrote.
func TestWhatIsGivenBackHasNoneOfOurTags(t *testing.T) {
	staleFor(t, "Delete at once", func(t *testing.T, w *world, stale time.Duration) {
		theirs := w.vendorsTemplate()
		time.Sleep(time.Minute)
		w.aws.StaleReads(stale)
		w.create(adopt)
		w.succeed(deleteOf(adopt).withID(invented))
		time.Sleep(time.Minute)
		assert.Equal(t, []string{theirs}, w.keys(user))
		for key := range w.aws.Snapshot().Users[user].Tags {
			assert.NotContains(t, key, "redis-cloud-iam:")
		}
	})
}

// AWS does not show yet what a Create made a moment before it failed.
func TestFailedCreateLeavesNothingThoughItIsNotShown(t *testing.T) {
	staleFor(t, "Delete at once", func(_ *testing.T, w *world, stale time.Duration) {
		w.aws.StaleReads(stale)
		w.whileRefused(func() { w.createFails(bare) }, "CreateInstanceProfile")
		w.delete(bare)
		time.Sleep(time.Minute)
		w.isEmpty()
	})
}

// A dated Update looks once more when all is done. If that fails, the roll-back puts back what the
// adopted secret held, and the Delete gives it back.
func TestRollBackOfAnAdoptingUpdatePutsBackWhatWasThere(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		before := w.inventory()
		w.create(bare)
		time.Sleep(time.Hour)
		update, back := changeOf(bare, adoptAll), changeOf(adoptAll, bare)
		update.sent = time.Now()
		w.aws.Inject(localaws.OnAction("CreateLoginProfile").After(func(localaws.Call) {
			w.aws.Inject(localaws.OnAction("ListAccessKeys").Refuse("RefusedForTheTest").Times(100))
		}))
		w.fail(update)
		w.aws.Inject()
		back.sent = time.Now()
		w.succeed(back)
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
		w.succeed(changeOf(bare, bare))
		w.isStill("it keeps the secret without a change")
		w.delete(bare)
		assert.Equal(t, before, w.inventory())
	})
}

func TestConsolePasswordIsSwitchedOffAMomentAfterItWasSwitchedOn(t *testing.T) {
	staleFor(t, "undated", func(t *testing.T, w *world, stale time.Duration) {
		w.create(bare)
		time.Sleep(time.Minute)
		w.aws.StaleReads(stale)
		w.succeed(changeOf(bare, console))
		w.succeed(changeOf(console, bare))
		time.Sleep(time.Minute)
		_, ok := w.aws.Password(user)
		assert.False(t, ok)
	})
}

// A removal that has begun goes on: what AWS shows of a key that it has deleted is stale.
func TestARemovalThatHasBegunIsNotRefused(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.StaleReads(time.Second)
		w.create(bare)
		w.use(w.newKey(user))
		w.delete(bare)
		w.aws.StaleReads(0)
		w.isEmpty()
	})
}
