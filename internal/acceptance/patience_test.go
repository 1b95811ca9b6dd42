package acceptance

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// within sends an event to a function that has so much time, and returns the one answer that came.
func (w *world) within(limit time.Duration, e event) cfn.Response {
	w.Helper()
	w.limit = limit
	defer func() { w.limit = timeout }()
	return w.send(e)
}

// throttledFor lets AWS refuse every call for a while, or every call of one action.
func (w *world) throttledFor(d time.Duration, faults ...localaws.Fault) {
	for i, fault := range faults {
		faults[i] = fault.Throttle(1).Times(-1)
	}
	w.aws.Inject(faults...)
	time.AfterFunc(d, func() { w.aws.Inject() })
}

func TestThrottlingIsRepeatedForAsLongAsTheEventHasTime(t *testing.T) {
	for name, fault := range map[string]localaws.Fault{
		"every call": localaws.EveryCall(), "the key": localaws.OnAction("CreateAccessKey"), "the secret": localaws.OnAction("CreateSecret"),
	} {
		for _, d := range []time.Duration{40 * time.Second, 4 * time.Minute} {
			t.Run(name+" for "+d.String(), func(t *testing.T) {
				story(t, func(t *testing.T, w *world) {
					w.throttledFor(d, fault)
					w.create(bare)
					assert.GreaterOrEqual(t, w.took, d)
					assert.Less(t, w.took, d+15*time.Second)
					assert.Len(t, w.keys(user), 1)
					w.throttledFor(d, localaws.EveryCall())
					w.updated(bare, serial(2))
					w.throttledFor(d, localaws.EveryCall())
					w.delete(serial(2))
					w.isEmpty()
				})
			})
		}
	}
}

func TestThrottlingThatDoesNotEndIsAnsweredInTime(t *testing.T) {
	for _, limit := range []time.Duration{3 * time.Second, 15 * time.Second, timeout} {
		t.Run(limit.String(), func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.aws.Inject(localaws.EveryCall().Throttle(1).Times(-1))
				failed := w.within(limit, event{kind: "Create", props: bare})
				assert.Equal(t, cfn.StatusFailed, failed.Status)
				assert.LessOrEqual(t, w.took, limit-500*time.Millisecond)
				assert.Contains(t, failed.Reason, "Create did not finish within")
				assert.Equal(t, 1, strings.Count(failed.Reason, "Rate exceeded"), failed.Reason)
				assert.NotContains(t, failed.Reason, context.DeadlineExceeded.Error())
			})
		})
	}
}

// A call that is throttled does not count among the attempts of one that fails.
func TestThrottlingDoesNotCountAsFailure(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateUser").Throttle(12), localaws.OnAction("CreateUser").ServerError(5))
		w.create(bare)
	})
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateUser").ServerError(100))
		failed := w.createFails(bare)
		assert.Contains(t, failed.Reason, "CreateUser, exceeded maximum number of attempts, 8")
		assert.Less(t, w.took, time.Minute)
	})
}

// refusing is a network that refuses every connection.
type refusing struct{}

// Do implements [aws.HTTPClient].
func (refusing) Do(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// TestCauseIsToldOnce: AWS is out of reach for all the calls that are made side by side, some of
// them in groups. However little time there is, the answer says why, and says it once.
func TestCauseIsToldOnce(t *testing.T) {
	for _, limit := range []time.Duration{500 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second, timeout} {
		for _, e := range []event{
			{kind: "Create", props: bare}, changeOf(bare, serial(2)), deleteOf(bare),
		} {
			t.Run(e.kind+" within "+limit.String(), func(t *testing.T) {
				story(t, func(t *testing.T, w *world) {
					w.process.next = refusing{}
					failed := w.within(limit, e)
					assert.Equal(t, cfn.StatusFailed, failed.Status)
					assert.Equal(t, 1, strings.Count(failed.Reason, "connection refused"), failed.Reason)
					assert.Equal(t, 1, strings.Count(failed.Reason, "beside it"), failed.Reason)
					assert.NotContains(t, failed.Reason, context.DeadlineExceeded.Error())
				})
			})
		}
	}
}

// A step that makes two calls side by side fails with both: the step is named, and the cause told
// once.
func TestCauseInAStepIsToldOnce(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateSecret").After(func(localaws.Call) { // from when the key is proven on
			w.aws.Inject(localaws.OnAction("GetCallerIdentity").ServerError(100), localaws.OnAction("GetUser").ServerError(100))
		}))
		failed := w.createFails(bare)
		assert.Regexp(t, `^prove that AWS accepts the new access key of user redislabs-user: operation error STS: GetCallerIdentity, .*\(and 1 more error beside it\)$`, failed.Reason)
		assert.Equal(t, 1, strings.Count(failed.Reason, "Injected fault"), failed.Reason)
	})
}
