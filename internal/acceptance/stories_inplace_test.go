package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

func TestABoundaryComesAndGoesInPlace(t *testing.T) {
	const bounded = `{"PermissionsBoundary":"arn:aws:iam::aws:policy/AdministratorAccess"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		without := w.aws.Snapshot()
		answer := w.succeed(event{kind: "Update", id: first.PhysicalResourceID, props: bounded, old: bare})
		assert.Equal(t, first.PhysicalResourceID, answer.PhysicalResourceID)
		state := w.aws.Snapshot()
		for _, boundary := range []string{state.Users["redislabs-user"].Boundary, state.Roles["redislabs-role"].Boundary, state.Roles["redislabs-cluster-node-role"].Boundary} {
			assert.Equal(t, "arn:aws:iam::aws:policy/AdministratorAccess", boundary)
		}
		w.succeed(event{kind: "Update", id: first.PhysicalResourceID, props: bare, old: bounded})
		assert.Equal(t, without, w.aws.Snapshot())
		w.succeed(event{kind: "Delete", id: first.PhysicalResourceID, props: bare})

		w.create(bounded)
		assert.Equal(t, 5*latency, w.took, "made with the boundary, not given it later")
		assert.Equal(t, state.Users["redislabs-user"].Boundary, w.aws.Snapshot().Users["redislabs-user"].Boundary)
	})
}

func TestABoundaryThatForbidsWhatRedisCloudNeedsIsSaidAndStopsNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		_, err := w.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("tight"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`)})
		require.NoError(t, err)
		answer := w.create(`{"PermissionsBoundary":"arn:aws:iam::123456789012:policy/tight"}`)
		assert.Contains(t, answer.Reason, "iam:GetUser")
		assert.Contains(t, answer.Reason, "permissions boundary")
		assert.Less(t, w.took, 30*time.Second)
	})
}

func TestABoundaryThatDoesNotExistFailsAndTheDeleteLeavesNothing(t *testing.T) {
	const bounded = `{"PermissionsBoundary":"arn:aws:iam::123456789012:policy/none"}`
	story(t, func(t *testing.T, w *world) {
		failed := w.fail(event{kind: "Create", props: bounded})
		assert.Contains(t, failed.Reason, "arn:aws:iam::123456789012:policy/none")
		w.succeed(event{kind: "Delete", id: failed.PhysicalResourceID, props: bounded})
		assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}

func TestTheKeyThatEncryptsTheSecretChangesInPlace(t *testing.T) {
	const encrypted = `{"KmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/0f0e0d0c-1111-2222-3333-444455556666"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		before := w.aws.Snapshot()
		w.succeed(event{kind: "Update", id: first.PhysicalResourceID, props: encrypted, old: bare})
		assert.Equal(t, []string{"UpdateSecret"}, w.changes())
		w.succeed(event{kind: "Update", id: first.PhysicalResourceID, props: encrypted, old: encrypted})
		assert.Empty(t, w.changes())
		back := w.succeed(event{kind: "Update", id: first.PhysicalResourceID, props: bare, old: encrypted})
		assert.Equal(t, first.Data, back.Data)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestAStoreWhoseRepliesAreAllLostHasStored(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateSecret").LoseReply())
		answer := w.create(bare)
		assert.Equal(t, []string{answer.Data["AccessKeyId"].(string)}, w.keys("redislabs-user"))
		assert.NotEmpty(t, answer.Data["AccessKeySecretArn"])
		assert.True(t, w.live(w.stored("redis-cloud/access-key")))
	})
}

func TestPermissionsThatAreSecondsOldAreWaitedFor(t *testing.T) {
	for _, action := range []string{"GetUser", "CreateRole", "CreateAccessKey", "CreateSecret"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.aws.Inject(localaws.OnAction(action).Refuse("AccessDenied").Times(4))
				w.create(bare)
				assert.Len(t, w.keys("redislabs-user"), 1)
				assert.Less(t, w.took, 30*time.Second)
			})
		})
	}
}

func TestPermissionsThatNeverComeAreAnErrorThatNamesTheCall(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateRole").Refuse("AccessDenied"))
		failed := w.fail(event{kind: "Create", props: bare})
		assert.Contains(t, failed.Reason, "CreateRole")
		assert.Contains(t, failed.Reason, "AccessDenied")
		assert.Less(t, w.took, 2*time.Minute)
	})
}

func TestSmallPagesAreReadToTheEnd(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.PageSize(1)
		id := w.create(bare).PhysicalResourceID
		w.drift()
		w.succeed(event{kind: "Update", id: id, props: bare, old: bare})
		w.succeed(event{kind: "Update", id: id, props: bare, old: bare})
		assert.Empty(t, w.changes())
		w.succeed(event{kind: "Delete", id: id, props: bare})
		assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}
