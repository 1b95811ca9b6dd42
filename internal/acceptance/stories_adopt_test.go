package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

const adopt = `{"ExistingEntities":"Adopt"}`

// inventory is what an account holds without what an adoption leaves changed when it is undone: the documents, descriptions and
// tags of what was repaired.
func (w *world) inventory() map[string][]string {
	state := w.aws.Snapshot()
	all := map[string][]string{
		"users": keysOf(state.Users), "roles": keysOf(state.Roles), "policies": keysOf(state.Policies),
		"profiles": keysOf(state.Profiles), "secrets": keysOf(state.Secrets), "owners": nil,
	}
	for name, user := range state.Users {
		for _, key := range user.Keys {
			all["keys of "+name] = append(all["keys of "+name], key.ID+" "+key.Status)
		}
	}
	for entity, tags := range tagsOf(state) {
		for key := range tags {
			if len(key) > 16 && key[:16] == "redis-cloud-iam:" {
				all["owners"] = append(all["owners"], entity+" "+key)
			}
		}
	}
	return all
}

func TestWhatWasMadeByHandIsAdoptedAndRepaired(t *testing.T) {
	for name, prepare := range map[string]func(*world) string{"the five console steps": (*world).fiveSteps, "the vendor's template": (*world).vendorsTemplate} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				theirs := prepare(w)
				w.aws.UseKey(theirs, "ec2")

				refused := w.fail(event{kind: "Create", props: bare})
				assert.Contains(t, refused.Reason, "set ExistingEntities to Adopt")
				w.succeed(event{kind: "Delete", id: refused.PhysicalResourceID, props: bare})

				answer := w.create(adopt)
				assert.Len(t, w.keys("redislabs-user"), 2)
				assert.NotEqual(t, theirs, answer.Data["AccessKeyId"])
				assert.True(t, w.live(w.stored("redis-cloud/access-key")))
				assert.Contains(t, answer.Reason, "access key "+theirs+" of user redislabs-user was there before and is kept")

				// It is what a Create makes, and the next Update finds nothing to do.
				w.succeed(event{kind: "Create", props: adopt})
				assert.Empty(t, w.changes())
				w.updated(adopt, bare)
				assert.Empty(t, w.changes(), "the property is for the adoption alone")
				state := w.aws.Snapshot()
				for entity, tags := range tagsOf(state) {
					if entity != "secret /redislabsuser/password" && entity != "secret /redislabsuser/secret_access_key" {
						assert.Equal(t, answer.PhysicalResourceID, tags[ownerTag], entity)
					}
				}
				assert.Contains(t, state.String(), "transitgateway")

				// Redis Cloud has the new key, and the old one goes.
				w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("redislabs-user"), AccessKeyId: &theirs}))
				w.updated(serial(1), serial(2))
				w.updated(serial(2), serial(3))
				w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: serial(3)})
				assert.Empty(t, w.aws.Snapshot().Users)
				assert.Empty(t, w.aws.Snapshot().Roles)
			})
		})
	}
}

func TestAnUnusedKeyThatWasThereBeforeIsKept(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		theirs := w.fiveSteps()
		w.create(adopt)
		w.updated(adopt, `{"Tags":["a=b"]}`)
		assert.Contains(t, w.keys("redislabs-user"), theirs)
	})
}

func TestTwoKeysThatWereThereBeforeAreNamedWithTheirLastUse(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		old := w.fiveSteps()
		w.aws.UseKey(old, "ec2")
		time.Sleep(time.Hour)
		used := w.newKey("redislabs-user")
		w.aws.UseKey(used, "cloudwatch")
		before := w.aws.Snapshot()
		answer := w.fail(event{kind: "Create", props: adopt})
		assert.Contains(t, answer.Reason, old+" (last used at 2000-01-01 00:00 UTC for ec2")
		assert.Contains(t, answer.Reason, used+" (last used at 2000-01-01 01:00 UTC for cloudwatch")
		assert.Contains(t, answer.Reason, "aws iam delete-access-key --user-name redislabs-user --access-key-id "+old)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestWhatAnotherStackOwnsIsNeverAdopted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.aws.Snapshot()
		second := event{kind: "Create", props: adopt, stack: "arn:aws:cloudformation:us-east-1:123456789012:stack/second/9d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"}
		answer := w.fail(second)
		assert.Contains(t, answer.Reason, "is owned by stack "+stack)
		assert.NotContains(t, answer.Reason, "Adopt")
		second.kind, second.id = "Delete", answer.PhysicalResourceID
		w.succeed(second)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestARoleUnderAPathIsNotAdopted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.must(w.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("redislabs-role"), Path: aws.String("/team/"), AssumeRolePolicyDocument: aws.String(anybody)}))
		answer := w.fail(event{kind: "Create", props: adopt})
		assert.Contains(t, answer.Reason, "role redislabs-role exists under the path /team/")
		assert.Empty(t, w.changes())
	})
}

// The adoption is the last that happens. Until then nothing that was there belongs to the stack, so that the Delete that
// follows a Create that failed takes only what it made.
func TestAnAdoptionThatFailsIsUndone(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		theirs := w.vendorsTemplate()
		before := w.inventory()
		w.aws.Inject(localaws.OnAction("TagUser").Refuse("RefusedForTheTest").Times(100))
		answer := w.fail(event{kind: "Create", props: adopt})
		w.aws.Inject()
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: adopt})
		assert.Equal(t, before, w.inventory())

		w.aws.Inject(localaws.OnAction("GetCallerIdentity").Refuse("RefusedForTheTest").Times(100))
		answer = w.fail(event{kind: "Create", props: adopt})
		w.aws.Inject()
		require.Len(t, w.keys("redislabs-user"), 2)
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: adopt})
		assert.Equal(t, before, w.inventory())
		assert.Equal(t, []string{theirs}, w.keys("redislabs-user"))

		w.create(adopt) // and the answer gets lost, so that CloudFormation invents an ID
		w.succeed(event{kind: "Delete", id: "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX", props: adopt})
		assert.Equal(t, before, w.inventory())
		assert.Equal(t, []string{theirs}, w.keys("redislabs-user"))
	})
}

// Where there is no user to be adopted, too: whichever call fails, nothing that was there before goes.
func TestAnAdoptionWithoutAUserThatFailsIsUndone(t *testing.T) {
	var calls int
	story(t, func(_ *testing.T, w *world) {
		w.fiveStepsWithoutAUser()
		w.put("redis-cloud/access-key", "theirs")
		w.create(adopt)
		calls = len(w.calls)
	})
	failed := 0
	for k := 1; k <= calls+12; k++ {
		story(t, func(t *testing.T, w *world) {
			w.fiveStepsWithoutAUser()
			w.put("redis-cloud/access-key", "theirs")
			before := w.inventory()
			w.aws.Inject(localaws.OnCall(k).Refuse("RefusedForTheTest").Times(100))
			answer := w.send(event{kind: "Create", props: adopt})
			w.aws.Inject()
			if answer.Status == cfn.StatusSuccess {
				return
			}
			failed++
			w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: adopt})
			assert.Equal(t, before, w.inventory(), "call %d: %s", k, answer.Reason)
			held, _ := w.aws.SecretString("redis-cloud/access-key", "AWSCURRENT")
			assert.Equal(t, "theirs", held, "call %d: %s", k, answer.Reason)
		})
	}
	assert.GreaterOrEqual(t, failed, calls)
}

// An Update to a secret that people made stores a new key in it before it is adopted.
func TestTheAdoptionOfASecretThatFailsIsUndone(t *testing.T) {
	const to = `{"AccessKeySecretName":"taken","ExistingEntities":"Adopt"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare).Data["AccessKeyId"].(string)
		w.put("taken", "theirs")
		before := w.aws.Snapshot().Secrets["taken"].Tags
		w.aws.Inject(localaws.OnAction("TagRole").Refuse("RefusedForTheTest").Times(100), localaws.OnAction("TagResource").Refuse("RefusedForTheTest").Times(100))
		w.fail(event{kind: "Update", id: idOf(bare), props: to, old: bare})
		w.aws.Inject()
		require.Len(t, w.keys("redislabs-user"), 2)
		w.succeed(event{kind: "Update", id: idOf(bare), props: bare, old: to})
		assert.Equal(t, []string{first}, w.keys("redislabs-user"))
		held, _ := w.aws.SecretString("taken", "AWSCURRENT")
		assert.Equal(t, "theirs", held)
		assert.Equal(t, before, w.aws.Snapshot().Secrets["taken"].Tags)
		w.noLooseKeys()
	})
}

func TestTheAdoptionOfAConsoleSecretThatFailsIsUndone(t *testing.T) {
	const props = `{"ExistingEntities":"Adopt","ConsoleLogin":"true"}`
	story(t, func(t *testing.T, w *world) {
		w.fiveStepsWithoutAUser()
		w.put(consoleSecret, "theirs")
		before := w.inventory()
		w.aws.Inject(localaws.OnAction("TagRole").Refuse("RefusedForTheTest").Times(100))
		answer := w.fail(event{kind: "Create", props: props})
		w.aws.Inject()
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: props})
		assert.Equal(t, before, w.inventory())
		held, _ := w.aws.SecretString(consoleSecret, "AWSCURRENT")
		assert.Equal(t, "theirs", held)
	})
}

// CloudFormation rolls a Create back, too, that has succeeded. Redis Cloud goes on with what it has.
func TestTheRollBackOfAnAdoptionTakesNothingFromRedisCloud(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		theirs := w.vendorsTemplate()
		w.aws.UseKey(theirs, "ec2")
		before := w.inventory()
		answer := w.create(adopt)
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: adopt})
		assert.Equal(t, before, w.inventory())
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: adopt})
		assert.Empty(t, w.changes())
	})
}

func TestWhatIsRetainedStaysAndIsAdoptedWithItsKey(t *testing.T) {
	const retain = `{"OnDelete":"Retain","ConsoleLogin":"true"}`
	story(t, func(t *testing.T, w *world) {
		answer := w.create(retain)
		before := w.inventory()
		password := w.password("redislabs-user")
		w.aws.UseKey(answer.Data["AccessKeyId"].(string), "ec2")
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: retain})
		before["owners"] = []string{"user redislabs-user redis-cloud-iam:console-password"}
		assert.Equal(t, before, w.inventory())
		assert.True(t, w.live(w.stored("redis-cloud/access-key")))

		const again = `{"ExistingEntities":"Adopt","ConsoleLogin":"true"}`
		second := "arn:aws:cloudformation:us-east-1:123456789012:stack/second/9d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
		adopted := w.succeed(event{kind: "Create", props: again, stack: second})
		assert.Equal(t, answer.Data["AccessKeyId"], adopted.Data["AccessKeyId"])
		assert.NotContains(t, w.changes(), "CreateAccessKey")
		assert.True(t, same(password, w.password("redislabs-user")))
	})
}

func TestACreateThatFailsLeavesNothingToRetain(t *testing.T) {
	const retain = `{"OnDelete":"Retain"}`
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("GetCallerIdentity").Refuse("RefusedForTheTest").Times(100))
		answer := w.fail(event{kind: "Create", props: retain})
		w.aws.Inject()
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: retain})
		assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}

func TestToRetainIsForTheEndAndNotForARename(t *testing.T) {
	const from, to = `{"OnDelete":"Retain"}`, `{"OnDelete":"Retain","UserName":"other"}`
	story(t, func(t *testing.T, w *world) {
		w.create(from)
		w.succeed(event{kind: "Update", id: idOf(from), props: to, old: from})
		w.succeed(event{kind: "Delete", id: idOf(from), props: from})
		assert.Equal(t, []string{"other"}, keysOf(w.aws.Snapshot().Users))
		// And back again, as a roll-back.
		w.succeed(event{kind: "Update", id: idOf(to), props: from, old: to})
		w.succeed(event{kind: "Delete", id: idOf(to), props: to})
		assert.Equal(t, []string{"redislabs-user"}, keysOf(w.aws.Snapshot().Users))
		w.succeed(event{kind: "Delete", id: idOf(from), props: from})
		assert.Equal(t, []string{"redislabs-user"}, keysOf(w.aws.Snapshot().Users))
		assert.Equal(t, cfn.StatusSuccess, w.send(event{kind: "Delete", id: idOf(from), props: bare}).Status)
		assert.Len(t, w.aws.Snapshot().Roles, 2, "it is nobody's")
	})
}
