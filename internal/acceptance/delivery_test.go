package acceptance

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// refused is a fault: calls of this name get an error code and have no effect.
func refused(action, code string) localaws.Fault {
	return localaws.OnAction(action).Refuse(code).Times(100)
}

func TestFrozenAWSIsAnsweredInTime(t *testing.T) {
	for _, action := range []string{"GetUser", "CreateRole", "CreateAccessKey", "CreateSecret", "GetCallerIdentity"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.aws.Inject(localaws.OnAction(action).Hang())
				failed := w.createFails(bare)
				assert.Equal(t, idOf(bare)+"-0", failed.PhysicalResourceID)
				w.aws.Inject()
				w.create(bare)
				assert.Len(t, w.keys(user), 1)
				w.delete(bare)
				w.isEmpty()
			})
		})
	}
}

func TestPermissionsThatAreSecondsOldAreWaitedFor(t *testing.T) {
	for _, action := range []string{"GetUser", "CreateRole", "CreateAccessKey", "CreateSecret"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.aws.Inject(localaws.OnAction(action).Refuse("AccessDenied").Times(4))
				w.create(bare)
				assert.Len(t, w.keys(user), 1)
				assert.Less(t, w.took, 30*time.Second)
			})
		})
	}
}

func TestPermissionThatNeverComesIsAnErrorThatNamesTheCall(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateRole").Refuse("AccessDenied"))
		failed := w.createFails(bare)
		assert.Contains(t, failed.Reason, "CreateRole")
		assert.Contains(t, failed.Reason, "AccessDenied")
		assert.Less(t, w.took, 2*time.Minute)
	})
}

func TestThirdPutLands(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.statuses = []int{503, 503}
		w.create(bare)
		assert.Equal(t, 3, w.puts)
	})
}

func TestUndeliveredAnswerIsAnErrorToLambdaAndTheRepeatedEventConverges(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.statuses = []int{403}
		seen := w.deliver(event{kind: "Create", props: bare})
		w.judge(seen)
		require.Error(t, seen.err)
		assert.NotContains(t, seen.err.Error(), "c0ffee")
		before := w.aws.Snapshot()
		w.create(bare)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestEventsFolderHasTheRightIDs(t *testing.T) {
	files, err := os.ReadDir("../../events")
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") || file.Name() == "env.json" || file.Name() == "delete-invented-id.json" {
			continue
		}
		text, err := os.ReadFile("../../events/" + file.Name())
		require.NoError(t, err)
		var e struct {
			RequestType                               string
			StackID                                   string `json:"StackId"`
			LogicalResourceID                         string `json:"LogicalResourceId"`
			PhysicalResourceID                        string `json:"PhysicalResourceId"`
			ResourceProperties, OldResourceProperties json.RawMessage
		}
		require.NoError(t, json.Unmarshal(text, &e), file.Name())
		require.Equal(t, logical, e.LogicalResourceID, file.Name())
		want := ""
		switch cfn.RequestType(e.RequestType) {
		case cfn.RequestUpdate:
			want = idIn(e.StackID, string(e.OldResourceProperties))
		case cfn.RequestDelete:
			want = idIn(e.StackID, string(e.ResourceProperties))
		case cfn.RequestCreate: // CloudFormation knows no ID yet
		}
		assert.Equal(t, want, e.PhysicalResourceID, file.Name())
	}
}
