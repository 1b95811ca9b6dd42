package acceptance

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const retain = `{"OnDelete":"Retain"}`

func TestRetainedEntitiesStayAndAreAdoptedWithTheirKey(t *testing.T) {
	const (
		retain = `{"OnDelete":"Retain","ConsoleLogin":"true"}`
	)
	story(t, func(t *testing.T, w *world) {
		key := w.use(keyIn(w.create(retain)))
		before := w.inventory()
		password := w.password(user)
		w.delete(retain)
		before["owners"] = []string{"user redislabs-user redis-cloud-iam:console-password"}
		assert.Equal(t, before, w.inventory())
		w.currentKeyWorks()

		adopted := w.succeed(event{kind: "Create", props: adoptAll, stack: another})
		assert.Equal(t, key, keyIn(adopted))
		assert.NotContains(t, w.changes(), "CreateAccessKey")
		assert.True(t, same(password, w.password(user)))
	})
}

func TestFailedCreateLeavesNothingToRetain(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.whileRefused(func() { w.createFails(retain) }, "GetCallerIdentity")
		w.delete(retain)
		w.isEmpty()
	})
}

func TestCreateThatNeverAnsweredIsNotRetained(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(retain) // and the answer gets lost, so that CloudFormation invents an ID
		w.succeed(deleteOf(retain).withID(invented))
		w.isEmpty()
	})
}

// Nodes run with the role that the instance profile holds.
func TestRetainSurvivesUserDeletion(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retain)
		w.deleteUser()
		before := w.inventory()
		before["owners"] = nil
		w.delete(retain)
		assert.Equal(t, before, w.inventory())
	})
}

func TestRetainIsSwitchedOff(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(retain)
		w.updated(retain, bare)
		w.delete(bare)
		w.isEmpty()
	})
}

func TestAdoptionKeepsBothRetainedKeys(t *testing.T) {
	for _, fate := range []string{"Active", "Inactive", "Deleted"} {
		for _, before := range []string{"Active", "Inactive"} {
			t.Run(before+" before, "+fate+" asked for", func(t *testing.T) {
				story(t, func(t *testing.T, w *world) {
					first, second := w.retained(`"PreviousAccessKey":"` + before + `"`)
					props := serial(2, `"ExistingEntities":"Adopt"`, `"PreviousAccessKey":"`+fate+`"`)
					answer := w.succeed(event{kind: "Create", stack: another, props: props})
					assert.Equal(t, second, keyIn(answer))
					assert.Equal(t, map[string]string{first: before, second: "Active"}, w.keyStatus(user))
					w.currentKeyWorks()
					w.succeed(event{kind: "Create", stack: another, props: props})
					w.isStill("delivered again")
				})
			})
		}
	}
}

func TestAdoptionUnderALowerSerialIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.retained()
		before := w.aws.Snapshot()
		older := w.fail(event{kind: "Create", stack: another, props: adopt})
		assert.Contains(t, older.Reason, "AccessKeySerial: is 1, and the current key of secret redis-cloud/access-key, which is adopted, has the serial 2; set it to 2 for that key, or to 3 for a new one")
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestAdoptionThatHasNoRoomForAKeyNamesThePreviousOne(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first, _ := w.retained()
		answer := w.fail(event{kind: "Create", stack: another, props: serial(3, `"ExistingEntities":"Adopt"`)})
		assert.Contains(t, answer.Reason, "Delete "+first+" if nobody uses it any more (aws iam delete-access-key --user-name redislabs-user --access-key-id "+first+")")
		w.isStill()
	})
}

// Neither whom a former stack let in, nor whom people let in, reads what the stack stores.
func TestAdoptionShutsOutWhoCouldReadTheSecret(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"a retained secret": func(w *world) {
			w.create(retain)
			w.delete(retain)
		},
		"a secret that people made": func(w *world) { w.put(keySecret, "theirs") },
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				prepare(w)
				w.letIn(keySecret)
				answer := w.succeed(event{kind: "Create", stack: another, props: serial(2, `"ExistingEntities":"Adopt"`)})
				assert.Empty(t, w.aws.Snapshot().Secrets[keySecret].Policy)
				assert.Contains(t, answer.Reason, "secret redis-cloud/access-key, which is adopted, had a resource policy, which is removed")
			})
		})
	}
}

func TestRotationAfterAnAdoptionMakesRoomByTheRetainedPreviousKey(t *testing.T) {
	from, to := serial(2, `"ExistingEntities":"Adopt"`), serial(3, `"ExistingEntities":"Adopt"`)
	story(t, func(t *testing.T, w *world) {
		_, second := w.retained()
		w.succeed(event{kind: "Create", stack: another, props: from})
		third := keyIn(w.succeed(changeOf(from, to).in(another)))
		assert.ElementsMatch(t, []string{second, third}, w.keys(user))
	})
}
