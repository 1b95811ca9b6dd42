package acceptance

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/plan"
)

// AWS does not show yet what a Create wrote a moment before it failed.
func TestDeleteAtOnceAfterAFailedAdoptionGivesAllBack(t *testing.T) {
	for _, action := range []string{"CreateAccessKey", "CreateSecret", "GetCallerIdentity"} {
		staleFor(t, action, func(t *testing.T, w *world, stale time.Duration) {
			theirs := w.vendorsTemplate()
			time.Sleep(time.Minute)
			before := w.inventory()
			w.aws.StaleReads(stale)
			w.whileRefused(func() { w.createFails(adopt) }, action)
			w.delete(adopt)
			w.aws.StaleReads(0)
			assert.Equal(t, before, w.inventory())
			assert.Equal(t, []string{theirs}, w.keys(user))
		})
	}
}

// Two stacks, of which each adopts the same entities: in two Regions, each has secrets of its own.
func TestOfTwoStacksThatAdoptTheSameAtOnceOneAtMostStands(t *testing.T) {
	const (
		one = `{"ExistingEntities":"Adopt","PermissionsBoundary":"` + adminPolicy + `"}`
		two = `{"ExistingEntities":"Adopt","PermissionsBoundary":"` + adminPolicy + `","AccessKeySecretName":"two/key"}`
	)
	for _, keys := range []int{0, 1} {
		for _, head := range sample.Of(t, []time.Duration{0, 10 * time.Millisecond, latency, 80 * time.Millisecond, 2 * latency, 130 * time.Millisecond, 3 * latency}, 3) {
			for _, stale := range []time.Duration{0, time.Second} {
				story(t, func(t *testing.T, w *world) {
					w.vendorsTemplate()
					time.Sleep(time.Minute)
					if keys == 0 {
						w.losesItsKeys(user)
					}
					before := w.inventory()
					w.aws.StaleReads(stale)
					twin := w.twin()
					w.accompanied, twin.accompanied = true, true
					var answers [2]cfn.Response
					var both sync.WaitGroup
					both.Go(func() { answers[0] = w.deliver(event{kind: "Create", props: one}).answers[0] })
					both.Go(func() {
						time.Sleep(head)
						answers[1] = twin.deliver(event{kind: "Create", props: two, stack: another}).answers[0]
					})
					both.Wait()
					w.aws.StaleReads(0)
					w.accompanied = false
					deletes := []event{deleteOf(one), deleteOf(two).in(another)}
					stood := 0
					for i, answer := range answers {
						if answer.Status == cfn.StatusSuccess {
							stood++
							assert.Contains(t, w.keys(user), keyIn(answer))
							assert.Equal(t, answer.PhysicalResourceID, w.aws.Snapshot().Users[user].Tags[ownerTag], "%v %v %v", keys, head, stale)
						} else {
							w.deliver(deletes[i])
						}
					}
					assert.LessOrEqual(t, stood, 1)
					if stood == 0 {
						assert.Equal(t, before, w.inventory())
					}
				})
			}
		}
	}
}

// The tags name the former owner first, and then ours go.
func TestGivingBackToAStackThatIsGoneGoesOnWhereItStopped(t *testing.T) {
	for _, action := range []string{"TagUser", "TagRole", "TagPolicy", "TagInstanceProfile", "TagResource"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.create(console)
				w.losesItsBoundaries()
				time.Sleep(time.Hour)
				before := w.inventory()
				const props = `{"ConsoleLogin":"true","ExistingEntities":"` + stack + `"}`
				w.succeed(event{kind: "Create", props: props, stack: another}) // and its answer gets lost
				remove := deleteOf(props).in(another).withID(invented)
				w.whileRefused(func() { w.fail(remove) }, action)
				w.succeed(remove)
				assert.Equal(t, before, w.inventory())
			})
		})
	}
}

// Whoever adopts the user next knows the password by the tag that a retained user keeps.
func TestFailedAdoptionOfARetainedPasswordIsUndone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retainAll)
		password := w.password(user)
		w.delete(retainAll)
		before := w.inventory()
		w.whileRefused(func() { w.fail(event{kind: "Create", props: adoptAll, stack: another}) }, "TagRole")
		w.succeed(deleteOf(adoptAll).in(another))
		assert.Equal(t, before, w.inventory())
		assert.True(t, same(password, w.password(user)))
	})
}

// The policy of a secret that is scheduled for deletion cannot be read before it is restored.
func TestAdoptionShutsOutWhoCouldReadASecretThatIsScheduledForDeletion(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(keySecret, "theirs")
		w.letIn(keySecret)
		w.deleteSecret(keySecret, false)
		w.create(adopt)
		assert.Empty(t, w.aws.Snapshot().Secrets[keySecret].Policy)
	})
}

// A retry of an adoption may have other properties.
func TestRetryOfAFailedAdoptionLeavesTheKeysThatWereThere(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first, second := w.retained()
		time.Sleep(48 * time.Hour)
		const props, retry = `{"ExistingEntities":"Adopt","AccessKeySerial":"2"}`, `{"ExistingEntities":"Adopt","AccessKeySerial":"3"}`
		w.whileRefused(func() { w.fail(event{kind: "Create", props: props, stack: another}) }, "TagRole")
		refused := w.fail(event{kind: "Create", props: retry, stack: another})
		assert.Contains(t, refused.Reason, "IAM allows no third")
		assert.ElementsMatch(t, []string{first, second}, w.keys(user))
	})
}

// The password was set, and the tag does not name it yet.
func TestPasswordThatAFailedAdoptionHasSetGoes(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.vendorsTemplate()
		w.must(w.iam.DeleteLoginProfile(t.Context(), &iam.DeleteLoginProfileInput{UserName: aws.String(user)}))
		w.put(consoleSecret, "theirs")
		w.aws.Inject(localaws.OnAction("CreateLoginProfile").After(func(localaws.Call) {
			w.aws.Inject(localaws.OnAction("TagUser").Refuse("RefusedForTheTest").Times(100))
		}))
		w.createFails(adoptAll)
		w.whileRefused(func() { w.deleteFails(adoptAll) }, "DeleteLoginProfile")
		w.delete(adoptAll)
		_, ok := w.aws.Password(user)
		assert.False(t, ok)
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
	})
}

// A process died, and Lambda delivers the event again, before it fails for good.
func TestAdoptionThatStoresTwoPasswordsIsUndone(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.aws.Inject(localaws.OnAction("CreateLoginProfile").Refuse("RefusedForTheTest").Times(100))
		w.createFails(adoptAll)
		w.createFails(adoptAll)
		w.aws.Inject()
		w.delete(adoptAll)
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
	})
}

// A stack is deleted while it adopts. Whenever the one event meets the other, what was there keeps no
// new key and no owner.
func TestDeleteDuringAnAdoptionLeavesWhatWasThere(t *testing.T) {
	for _, n := range sample.Of(t, sample.UpTo(36), 3) {
		for _, secret := range []bool{false, true} {
			for _, stale := range []time.Duration{0, time.Second, 3 * time.Second} {
				story(t, func(t *testing.T, w *world) {
					theirs := w.vendorsTemplate()
					if secret {
						w.put(keySecret, "theirs")
					}
					time.Sleep(time.Minute)
					secrets := keysOf(w.aws.Snapshot().Secrets)
					w.aws.StaleReads(stale)
					head := time.Duration(n-1) * 20 * time.Millisecond
					answers := w.together(event{kind: "Create", props: adopt}, head, deleteOf(adopt).withID(invented))
					w.aws.StaleReads(0)
					assert.Equal(t, cfn.StatusSuccess, answers[1].Status, answers[1].Reason)
					assert.Equal(t, []string{theirs}, w.keys(user), "%v %v %v", head, secret, stale)
					assert.Equal(t, secrets, keysOf(w.aws.Snapshot().Secrets), "%v %v %v", head, secret, stale)
					for entity, tags := range tagsOf(w.aws.Snapshot()) {
						assert.Empty(t, tags[ownerTag], "%v %v %v: %s", head, secret, stale, entity)
					}
				})
			}
		}
	}
}

// An update that adopts fails, and so does its roll-back. Then the stack is deleted. What was there
// keeps a label: the role may not move the other one of a secret that the stack is not to have.
func TestDeleteAfterAFailedRollBackLeavesWhatTheConsoleSecretHeld(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(bare)
		w.put(consoleSecret, "theirs")
		w.whileRefused(func() {
			w.updateFails(bare, adoptAll)
			w.updateFails(adoptAll, bare)
		}, "CreateLoginProfile", "UntagResource", "UpdateSecretVersionStage")
		w.delete(bare)
		w.holds(consoleSecret, "AWSPREVIOUS", "theirs")
	})
}

// An update that takes the console password away is rolled back.
func TestRollBackFindsTheAdoptedConsoleSecret(t *testing.T) {
	const (
		fail = `{"ConsoleLogin":"true"}`
	)
	story(t, func(_ *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(adoptAll)
		w.updated(adoptAll, fail)
		w.updated(fail, bare)
		w.updated(bare, fail)
	})
}

// What people store in a console secret that the stack no longer uses is theirs.
func TestUpdateLeavesWhatPeopleStoreInAnAdoptedConsoleSecretThatItNoLongerUses(t *testing.T) {
	const (
		tagged = `{"Tags":["a=b"]}`
	)
	story(t, func(_ *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(adoptAll)
		w.updated(adoptAll, bare)
		w.edit(consoleSecret)
		w.updated(bare, tagged)
		w.delete(tagged)
		w.holds(consoleSecret, "AWSCURRENT", "edited")
	})
}

func TestConsolePasswordIsSwitchedOffThoughItsAdoptedSecretIsScheduledForDeletion(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(adoptAll)
		w.deleteSecret(consoleSecret, false)
		w.updated(adoptAll, bare)
		w.delete(bare)
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
	})
}

// Nobody could make the same password again.
func TestFailedAdoptionWithoutAConsoleLoginLeavesTheRetainedPassword(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retainAll)
		password := w.password(user)
		w.delete(retainAll)
		before := w.inventory()
		w.whileRefused(func() { w.fail(event{kind: "Create", props: adopt, stack: another}) }, "TagRole")
		w.succeed(deleteOf(adopt).in(another))
		assert.Equal(t, before, w.inventory())
		assert.True(t, same(password, w.password(user)))
		w.succeed(event{kind: "Create", props: adopt, stack: another})
		_, ok := w.aws.Password(user)
		assert.False(t, ok, "the adoption that succeeds takes it away")
	})
}

// A retry of an adoption, with another serial, takes the second label from what the secret held.
func TestFailedAdoptionThatStoresTwoKeysIsUndone(t *testing.T) {
	two := serial(2, `"ExistingEntities":"Adopt"`)
	story(t, func(_ *testing.T, w *world) {
		w.put(keySecret, "theirs")
		w.whileRefused(func() {
			w.createFails(adopt)
			w.createFails(two)
		}, "GetCallerIdentity")
		w.delete(two)
		w.holds(keySecret, "AWSCURRENT", "theirs")
	})
}

// The secret holds a password that a stack has retained, and the user has one of its own.
func TestFailedAdoptionLeavesAPasswordThatNoSecretHolds(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retainAll)
		w.delete(retainAll)
		w.must(w.iam.DeleteLoginProfile(t.Context(), &iam.DeleteLoginProfileInput{UserName: aws.String(user)}))
		w.must(w.iam.CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{UserName: aws.String(user), Password: aws.String(byhand.Password)}))
		w.must(w.iam.UntagUser(t.Context(), &iam.UntagUserInput{UserName: aws.String(user), TagKeys: []string{plan.TagPassword}}))
		w.whileRefused(func() { w.fail(event{kind: "Create", props: adoptAll, stack: another}) }, "TagRole")
		w.succeed(deleteOf(adoptAll).in(another))
		live, _ := w.aws.Password(user)
		assert.Equal(t, byhand.Password, live)
	})
}
