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

const unprotected = `{"DeletionProtection":"Off"}`

func TestWhatRedisCloudUsesIsNotDeleted(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		answer := w.create(bare)
		key := answer.Data["AccessKeyId"].(string)
		w.aws.UseKey(key, "ec2")
		before := w.aws.Snapshot()
		refused := w.fail(event{kind: "Delete", id: answer.PhysicalResourceID, props: bare})
		assert.Contains(t, refused.Reason, "access key "+key+" of user redislabs-user was last used at 2000-01-01 00:00 UTC for ec2")
		assert.Contains(t, refused.Reason, "Remove the cloud account in Redis Cloud")
		assert.Contains(t, refused.Reason, "set DeletionProtection to Off")
		assert.Equal(t, before, w.aws.Snapshot())

		time.Sleep(25 * time.Hour)
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: bare})
		assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}

func TestThePreviousKeyIsProtectedToo(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(serial(1)).Data["AccessKeyId"].(string)
		w.updated(serial(1), serial(2))
		w.aws.UseKey(first, "cloudwatch")
		assert.Contains(t, w.fail(event{kind: "Delete", id: idOf(bare), props: serial(2)}).Reason, first)
	})
}

func TestTheProofOfAKeyIsNoUse(t *testing.T) {
	for _, service := range []string{"sts", "iam"} {
		story(t, func(_ *testing.T, w *world) {
			answer := w.create(bare)
			w.aws.UseKey(answer.Data["AccessKeyId"].(string), service)
			w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: bare})
		})
	}
}

func TestWithoutProtectionADeleteTakesThreeRoundTrips(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		answer := w.create(unprotected)
		w.aws.UseKey(answer.Data["AccessKeyId"].(string), "ec2")
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: unprotected})
		assert.Equal(t, 3*latency, w.took)
	})
}

func TestARenameOfWhatRedisCloudUsesTakesTwoUpdates(t *testing.T) {
	for _, to := range []string{renamed, `{"AccessKeySecretName":"elsewhere"}`, `{"ConsoleRoleName":"other"}`, `{"InstanceRoleName":"other"}`} {
		t.Run(to, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				key := w.create(bare).Data["AccessKeyId"].(string)
				w.aws.UseKey(key, "ec2")
				before := w.aws.Snapshot()
				answer := w.update(bare, to)
				assert.Equal(t, cfn.StatusFailed, answer.Status)
				assert.Contains(t, answer.Reason, key)
				assert.Contains(t, answer.Reason, "set DeletionProtection to Off in the first, and the names in the second")
				assert.Equal(t, before, w.aws.Snapshot())
				w.succeed(event{kind: "Update", id: idOf(bare), props: bare, old: to})

				w.updated(bare, unprotected)
				w.succeed(event{kind: "Update", id: idOf(bare), props: to, old: unprotected})
				// Another resource fails: back again, though what it goes back from is protected.
				w.succeed(event{kind: "Update", id: idOf(to), props: unprotected, old: to})
				w.succeed(event{kind: "Delete", id: idOf(to), props: to})
				w.noLooseKeys()
				// And for good.
				w.succeed(event{kind: "Update", id: idOf(bare), props: to, old: unprotected})
				w.succeed(event{kind: "Delete", id: idOf(bare), props: unprotected})
				w.noLooseKeys()
			})
		})
	}
}

func TestARenameThatReplacesNothingIsNotRefused(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.UseKey(w.create(bare).Data["AccessKeyId"].(string), "ec2")
		const to = `{"ConsolePasswordSecretName":"elsewhere"}`
		w.succeed(event{kind: "Update", id: idOf(bare), props: to, old: bare})
		w.succeed(event{kind: "Delete", id: idOf(bare), props: bare})
		w.noLooseKeys()
	})
}

// What the rename would have replaced was gone already, so that it was not refused.
func TestTheRollBackOfAFailedRenameIsNeverRefused(t *testing.T) {
	const to = `{"ConsoleRoleName":"other"}`
	story(t, func(t *testing.T, w *world) {
		w.aws.UseKey(w.create(bare).Data["AccessKeyId"].(string), "ec2")
		role, policy := aws.String("redislabs-role"), aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")
		w.must(w.iam.DetachRolePolicy(w.Context(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: policy}))
		w.must(w.iam.DeleteRole(w.Context(), &iam.DeleteRoleInput{RoleName: role}))
		w.aws.Inject(localaws.OnAction("TagPolicy").Refuse("AccessDeniedByPolicy"))
		w.fail(event{kind: "Update", id: idOf(bare), props: to, old: bare})
		w.aws.Inject()
		w.succeed(event{kind: "Update", id: idOf(bare), props: bare, old: to})
		assert.NotContains(t, w.aws.Snapshot().Roles, "other")
		w.noLooseKeys()
	})
}
