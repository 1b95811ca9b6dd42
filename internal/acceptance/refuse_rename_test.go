package acceptance

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// renamed is every name changed. The password's secret has a name even where there is no password.
const renamed = `{"InstancePolicyName":"a","InstanceRoleName":"b","UserPolicyName":"c","UserName":"d","ConsoleRoleName":"e",
	"AccessKeySecretName":"f","ConsolePasswordSecretName":"g"}`

func TestRenameIsRefusedWithEveryNameAndTheWayOut(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		id := w.create(bare).PhysicalResourceID
		before := w.aws.Snapshot()
		refused := w.updateFails(bare, renamed)
		assert.Equal(t, id, refused.PhysicalResourceID)
		for property, names := range map[string][2]string{
			"InstancePolicyName": {nodePolicy, "a"}, "InstanceRoleName": {nodeRole, "b"}, "UserPolicyName": {userPolicy, "c"},
			"UserName": {user, "d"}, "ConsoleRoleName": {consoleRole, "e"}, "AccessKeySecretName": {keySecret, "f"},
			"ConsolePasswordSecretName": {consoleSecret, "g"},
		} {
			assert.Regexp(t, property+`[^;]*\b`+names[0]+`\b[^;]*\b`+names[1]+`\b`, refused.Reason, "old and new value")
		}
		for _, way := range []string{"second stack", "Redis Cloud", "delete"} {
			assert.Contains(t, refused.Reason, way)
		}
		w.isStill()
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestEachNameIsForLife(t *testing.T) {
	for _, property := range nameProperties() {
		t.Run(property, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.create(bare)
				refused := w.updateFails(bare, `{"`+property+`":"other"}`)
				assert.Contains(t, refused.Reason, property)
				for _, other := range nameProperties() {
					if other != property {
						assert.NotContains(t, refused.Reason, other, "only what changes is named")
					}
				}
				w.isStill()
			})
		})
	}
}

// IAM finds a name in any case, but the physical ID, and with it the owner, would be another.
func TestRenameInCaseAloneIsRefusedToo(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		refused := w.updateFails(bare, `{"UserName":"RedisLabs-User"}`)
		assert.Contains(t, refused.Reason, "UserName")
		assert.Contains(t, refused.Reason, "RedisLabs-User")
		w.isStill()
	})
}

func TestRollBackOfARefusedRenameIsANoOpUpdate(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		before := w.aws.Snapshot()
		w.updateFails(bare, renamed)
		back := w.succeed(changeOf(renamed, bare).withID(first.PhysicalResourceID))
		assert.Equal(t, first.PhysicalResourceID, back.PhysicalResourceID)
		assert.Equal(t, first.Data, back.Data)
		w.isStill()
		assert.Equal(t, latency, w.took)
		assert.Equal(t, before, w.aws.Snapshot())
		w.delete(bare)
		w.isEmpty()
	})
}

// A refused Update changes nothing else either, however good the rest of it is.
func TestRenameIsRefusedBeforeARotationBegins(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(bare)
		w.updateFails(bare, serial(2, `"UserName":"other"`, `"ConsoleLogin":"true"`, `"Tags":["a=b"]`))
		w.isStill()
	})
}

// Bad properties are named as such, beside the rename.
func TestRenameToABadNameNamesTheFault(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		refused := w.updateFails(bare, `{"UserName":"bad name!","Colour":"red"}`).Reason
		assert.Contains(t, refused, `UserName: "bad name!" is not a name`)
		assert.Contains(t, refused, `cannot become "bad name!"`)
		assert.Contains(t, refused, "Colour")
		assert.Empty(t, w.calls)
	})
}

func TestDefaultNameThatIsLeftOutOrGivenIsNoRename(t *testing.T) {
	const given = `{"UserName":"redislabs-user","AccessKeySecretName":"redis-cloud/access-key"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		for _, props := range [][2]string{{bare, given}, {given, bare}} {
			answer := w.succeed(changeOf(props[0], props[1]))
			assert.Equal(t, first.PhysicalResourceID, answer.PhysicalResourceID)
			w.isStill()
		}
	})
}

// A stack whose Update was refused, and whose roll-back AWS disturbs, is brought back by the next
// try.
func TestDisturbedRollBackOfARefusedRenameIsRepeated(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(bare)
		w.updateFails(bare, renamed)
		back := changeOf(renamed, bare).withID(idOf(bare))
		w.aws.Inject(localaws.OnAction("GetUser").Refuse("RefusedForTheTest").Times(100))
		w.fail(back)
		w.aws.Inject()
		w.succeed(back)
		w.isStill()
	})
}

func TestUpdateUnderAnotherIDIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		refused := w.fail(changeOf(bare, bare).withID(invented))
		assert.Contains(t, refused.Reason, "the physical resource ID is "+invented)
		w.isStill()
	})
}
