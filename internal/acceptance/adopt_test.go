package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
)

const adopt = `{"ExistingEntities":"Adopt"}`

// byHand are the two ways in which people made the entities before there was a stack.
func byHand() map[string]func(*world) string {
	return map[string]func(*world) string{
		"the five console steps": (*world).fiveSteps,
		"the vendor's template":  (*world).vendorsTemplate,
	}
}

func TestExistingEntitiesAreNotAdoptedUnasked(t *testing.T) {
	for name, prepare := range byHand() {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				prepare(w)
				before := w.aws.Snapshot()
				assert.Contains(t, w.createFails(bare).Reason, "set ExistingEntities to Adopt")
				w.delete(bare)
				assert.Equal(t, before, w.aws.Snapshot())
			})
		})
	}
}

func TestAdoptionRepairsWhatPeopleMadeAndAddsAKey(t *testing.T) {
	for name, prepare := range byHand() {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				theirs := w.use(prepare(w))
				answer := w.create(adopt)
				assert.Len(t, w.keys(user), 2)
				assert.NotEqual(t, theirs, keyIn(answer))
				w.currentKeyWorks()
				assert.Contains(t, answer.Reason, "access key "+theirs+" of user redislabs-user was there before and is kept")
				state := w.aws.Snapshot()
				for entity, tags := range tagsOf(state) {
					if entity != "secret /redislabsuser/password" && entity != "secret /redislabsuser/secret_access_key" {
						assert.Equal(t, answer.PhysicalResourceID, tags[ownerTag], entity)
					}
				}
				assert.Contains(t, state.String(), "transitgateway", "the policy is the present one")
			})
		})
	}
}

func TestAdoptedEntitiesAreLikeAnyOthers(t *testing.T) {
	for name, prepare := range byHand() {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				theirs := w.use(prepare(w))
				w.create(adopt)
				w.create(adopt)
				w.isStill()
				w.updated(adopt, bare)
				w.isStill("the property is for the adoption alone")

				// Redis Cloud has the new key, and people delete the old one.
				w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &theirs}))
				w.updated(serial(1), serial(2))
				w.updated(serial(2), serial(3))
				w.delete(serial(3))
				assert.Empty(t, w.aws.Snapshot().Users)
				assert.Empty(t, w.aws.Snapshot().Roles)
			})
		})
	}
}

func TestUnusedKeyThatWasThereBeforeIsKept(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		theirs := w.fiveSteps()
		w.create(adopt)
		w.updated(adopt, `{"Tags":["a=b"]}`)
		assert.Contains(t, w.keys(user), theirs)
	})
}

func TestTwoKeysThatWereThereBeforeAreNamedWithTheirLastUse(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		old := w.use(w.fiveSteps())
		time.Sleep(time.Hour)
		used := w.newKey(user)
		w.aws.UseKey(used, "cloudwatch")
		before := w.aws.Snapshot()
		answer := w.createFails(adopt)
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
		answer := w.fail(event{kind: "Create", props: adopt, stack: another})
		assert.Contains(t, answer.Reason, "is owned by stack "+stack)
		assert.NotContains(t, answer.Reason, "Adopt")
		w.succeed(deleteOf(adopt).in(another))
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestRoleUnderAPathIsNotAdopted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.must(w.iam.CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String(consoleRole), Path: aws.String("/team/"), AssumeRolePolicyDocument: aws.String(anybody),
		}))
		for _, props := range []string{adopt, bare} {
			answer := w.createFails(props)
			assert.Contains(t, answer.Reason, "role redislabs-role exists under the path /team/")
			assert.NotContains(t, answer.Reason, "set ExistingEntities", "which does not help")
			w.isStill()
		}
	})
}

// A role can do only what both its policies and its boundary permit.
func TestAdoptionNamesThePoliciesThatItsBoundaryLimits(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.fiveSteps()
		w.must(w.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String(nodeRole), PolicyArn: aws.String(readOnly)}))
		const notice = "role " + nodeRole + ", which is adopted, has other policies (" + readOnly + ")"
		assert.Contains(t, w.create(adopt).Reason, notice)
		assert.NotContains(t, w.update(adopt, adopt).Reason, "other policies", "it is told once")
	})
}
