package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
)

func TestBoundaryIsPutOnAndTakenOffInPlace(t *testing.T) {
	const bounded = `{"PermissionsBoundary":"` + adminPolicy + `"}`
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		without := w.aws.Snapshot()
		w.updated(bare, bounded)
		state := w.aws.Snapshot()
		for _, boundary := range []string{state.Users[user].Boundary, state.Roles[consoleRole].Boundary, state.Roles[nodeRole].Boundary} {
			assert.Equal(t, adminPolicy, boundary)
		}
		w.updated(bounded, bare)
		assert.Equal(t, without, w.aws.Snapshot())
	})
}

func TestCreateWithABoundaryTakesFiveRoundTripsToo(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(`{"PermissionsBoundary":"` + adminPolicy + `"}`)
		assert.Equal(t, 5*latency, w.took, "made with the boundary, not given it later")
		assert.Equal(t, adminPolicy, w.aws.Snapshot().Users[user].Boundary)
	})
}

func TestBoundaryThatForbidsWhatRedisCloudNeedsIsNamedAndStopsNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.must(w.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("tight"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`)}))
		answer := w.create(`{"PermissionsBoundary":"arn:aws:iam::123456789012:policy/tight"}`)
		assert.Contains(t, answer.Reason, "iam:GetUser")
		assert.Contains(t, answer.Reason, "permissions boundary")
		assert.Less(t, w.took, 30*time.Second)
	})
}

func TestBoundaryThatDoesNotExistFailsAndTheDeleteLeavesNothing(t *testing.T) {
	const bounded = `{"PermissionsBoundary":"arn:aws:iam::123456789012:policy/none"}`
	story(t, func(t *testing.T, w *world) {
		assert.Contains(t, w.createFails(bounded).Reason, "arn:aws:iam::123456789012:policy/none")
		w.delete(bounded)
		w.isEmpty()
	})
}

func TestKMSKeyOfTheSecretChangesInPlace(t *testing.T) {
	const encrypted = `{"KmsKeyId":"` + kmsKey + `"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		before := w.aws.Snapshot()
		w.updated(bare, encrypted)
		assert.Equal(t, []string{"UpdateSecret"}, w.changes())
		w.updated(encrypted, encrypted)
		w.isStill()
		assert.Equal(t, first.Data, w.succeed(changeOf(encrypted, bare)).Data)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}
