package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
)

func TestNoOpUpdateTakesOneRoundTripAndChangesNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		id := w.create(bare).PhysicalResourceID
		answer := w.update(bare, `{"Tags":[]}`)
		assert.Equal(t, id, answer.PhysicalResourceID)
		w.isStill()
		assert.Equal(t, latency, w.took)
	})
}

func TestChangedPolicyIsReadInTwoRoundTripsAndRepaired(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		desired := w.aws.Snapshot().Policies[nodePolicy].Versions["v1"]
		w.must(w.iam.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
			PolicyArn: aws.String(policyARN + nodePolicy), SetAsDefault: true, PolicyDocument: aws.String(anything),
		}))
		w.updated(bare, bare)
		repaired := w.aws.Snapshot().Policies[nodePolicy]
		assert.Equal(t, "v3", repaired.Default, "the first version says what is desired, and is not the default")
		assert.Equal(t, desired, repaired.Versions["v3"])

		w.updated(bare, bare)
		w.isStill()
		assert.Equal(t, 2*latency, w.took)
	})
}

func TestUpdateRepairsDrift(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		id := w.create(bare).PhysicalResourceID
		good := w.aws.Snapshot()
		ctx, policy := t.Context(), aws.String(policyARN+userPolicy)
		user, node, console := aws.String(user), aws.String(nodeRole), aws.String(consoleRole)
		for range 4 { // all the versions that a policy can have
			w.must(w.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy, SetAsDefault: true, PolicyDocument: aws.String(anything)}))
		}
		w.must(w.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: policy}))
		w.must(w.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: console, PolicyArn: policy}))
		w.must(w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: console, PolicyDocument: aws.String(anybody)}))
		w.must(w.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: console, Description: aws.String("mine"), MaxSessionDuration: aws.Int32(7200)}))
		w.must(w.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: user, TagKeys: []string{"UsedBy"}}))
		w.must(w.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: console, Tags: []iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("me")}}}))
		w.must(w.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String(readOnly)}))
		w.must(w.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
		w.must(w.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: console}))

		answer := w.update(bare, bare)
		assert.Equal(t, id, answer.PhysicalResourceID)
		repaired := w.aws.Snapshot()
		assert.Equal(t, good.Users, repaired.Users)
		assert.Equal(t, good.Profiles, repaired.Profiles)
		assert.EqualValues(t, 7200, repaired.Roles[consoleRole].MaxSession, "nobody asked to change it")
		assert.Equal(t, good.Secrets, repaired.Secrets)
		assert.Len(t, repaired.Policies[userPolicy].Versions, 5)
		w.updated(bare, bare)
		w.isStill("nothing is left to repair")
	})
}

func TestDriftIsReadToTheEndOfSmallPages(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.PageSize(1)
		w.create(bare)
		w.drift()
		w.updated(bare, bare)
		w.updated(bare, bare)
		w.isStill()
		w.delete(bare)
		w.isEmpty()
	})
}

func TestTagWithoutAValueIsSet(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.updated(bare, `{"Tags":["a="]}`)
		assert.Contains(t, w.aws.Snapshot().Users[user].Tags, "a")
	})
}

func TestUserThatPeopleDeletedIsMadeAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.deleteUser()
		assert.Equal(t, []string{w.updated(bare, bare)}, w.keys(user))
		w.currentKeyWorks()
	})
}

// An Update that gives up takes nothing down that stood before it.
func TestUpdateWhoseNewUserPeopleDeleteLeavesTheRest(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.deleteUser()
		before := w.inventory()
		w.aws.KeyDelay(30 * time.Second)
		go func() {
			time.Sleep(20 * time.Second)
			w.deleteUser()
		}()
		assert.Contains(t, w.updateFails(bare, bare).Reason, "it was removed while it was being made")
		assert.Equal(t, before, w.inventory())
	})
}
