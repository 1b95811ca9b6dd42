package customresource_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/customresource"
)

type (
	answer  = customresource.Answer
	request = customresource.Request
)

// With AWS frozen and the receiver hanging, the answer is under way 2 s before the deadline,
// and Invoke gives up half a second before it.
func TestAFrozenProvisionIsAnsweredInTime(t *testing.T) {
	for _, lifetime := range []time.Duration{4 * time.Second, 10 * time.Second, 20 * time.Second, time.Minute, 15 * time.Minute} {
		t.Run(fmt.Sprint(lifetime), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newStage(t, thing{provision: func(context.Context, request) (answer, error) {
					time.Sleep(time.Hour)
					return answer{}, nil
				}}, hangs())
				err := s.invoke(within(t, lifetime), event(cfn.RequestCreate, nil))
				require.ErrorContains(t, err, "deliver the answer: no reply in time at attempt")
				assert.LessOrEqual(t, time.Since(start), lifetime-time.Second/2)
				assert.GreaterOrEqual(t, s.times[0], lifetime/2, "half of the time is for work")
				if lifetime >= 20*time.Second {
					assert.LessOrEqual(t, s.times[0], lifetime-2*time.Second)
					assert.Greater(t, len(s.times), 1, "one attempt that hangs leaves time for another")
				}
				synctest.Wait()
				time.Sleep(2 * time.Hour) // lets the abandoned Provision end
			})
		})
	}
}

// Where less than two seconds remain, an attempt is not cut short for the sake of another.
func TestTheLastAttemptGetsAllTheTimeThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, thing{provision: func(ctx context.Context, _ request) (answer, error) {
			<-ctx.Done()
			return answer{}, ctx.Err()
		}}, slow(900*time.Millisecond, status(http.StatusOK)))
		require.NoError(t, s.invoke(within(t, 4*time.Second), event(cfn.RequestCreate, nil)))
		assert.Equal(t, []time.Duration{2 * time.Second}, s.times)
	})
}

func TestTheReasonOfADeadline(t *testing.T) {
	obeys := func(ctx context.Context, _ request) (answer, error) {
		<-ctx.Done()
		time.Sleep(time.Second) // its own clean-up
		return answer{PhysicalResourceID: "given-id"}, fmt.Errorf("create user x: %w", ctx.Err())
	}
	ignores := func(context.Context, request) (answer, error) {
		time.Sleep(time.Hour)
		return answer{}, nil
	}
	tests := []struct {
		requestType cfn.RequestType
		provision   func(context.Context, request) (answer, error)
		want        string
	}{
		{cfn.RequestCreate, obeys, "Create did not finish within 4m55s; the Delete that CloudFormation sends next removes what it made; where it was stopped: create user x: context deadline exceeded"},
		{cfn.RequestUpdate, obeys, "Update did not finish within 4m55s; the next Update goes on where this one stopped, or puts back what it changed; where it was stopped: create user x: context deadline exceeded"},
		{cfn.RequestDelete, ignores, "Delete did not finish within 4m55.5s; another Delete goes on where this one stopped; where it was stopped: it did not stop when it was told to"},
	}
	for _, test := range tests {
		t.Run(string(test.requestType), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, thing{provision: test.provision})
				require.NoError(t, s.invoke(t.Context(), event(test.requestType, nil)), "five minutes, as the context has no deadline")
				assert.Equal(t, test.want, s.answer().Reason)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// A context that ends early, as on SIGTERM, stops Provision but not the answer.
func TestACancelledInvocationIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(within(t, time.Minute))
		time.AfterFunc(3*time.Second, cancel)
		s := newStage(t, thing{provision: func(ctx context.Context, _ request) (answer, error) {
			<-ctx.Done()
			return answer{}, ctx.Err()
		}}, status(http.StatusServiceUnavailable), status(http.StatusOK))
		require.NoError(t, s.invoke(ctx, event(cfn.RequestCreate, nil)))
		assert.Contains(t, s.answer().Reason, "Create did not finish within 3s;")
		assert.Contains(t, s.answer().Reason, "context canceled")
	})
}

func TestWithNoTimeLeftTheEventComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, thing{provision: func(ctx context.Context, _ request) (answer, error) { return answer{}, ctx.Err() }}, hangs())
		require.ErrorContains(t, s.invoke(within(t, -time.Second), event(cfn.RequestCreate, nil)), "no reply in time at attempt 1")
	})
}

func TestAnAbandonedProvisionDoesNotOverlapWithTheNext(t *testing.T) {
	var running, started atomic.Int32
	stubborn := thing{provision: func(context.Context, request) (answer, error) {
		assert.EqualValues(t, 1, running.Add(1), "two at the same time")
		defer running.Add(-1)
		if started.Add(1) == 1 {
			time.Sleep(90 * time.Second)
		}
		return answer{}, nil
	}}

	t.Run("the next waits for its end", func(t *testing.T) {
		started.Store(0)
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, stubborn)
			require.NoError(t, s.invoke(within(t, time.Minute), event(cfn.RequestCreate, nil)))
			require.NoError(t, s.invoke(within(t, time.Minute), event(cfn.RequestDelete, nil)))
			require.Len(t, s.delivered, 2)
			assert.Equal(t, cfn.StatusFailed, s.delivered[0].Status)
			assert.Equal(t, cfn.StatusSuccess, s.delivered[1].Status)
			assert.Equal(t, 90*time.Second, s.times[1])
		})
	})
	t.Run("but not longer than it has", func(t *testing.T) {
		started.Store(0)
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, stubborn)
			require.NoError(t, s.invoke(within(t, 20*time.Second), event(cfn.RequestCreate, nil)))
			require.NoError(t, s.invoke(within(t, 20*time.Second), event(cfn.RequestDelete, nil)))
			require.Len(t, s.delivered, 2)
			assert.Equal(t, "Delete was not begun within 14s, because an earlier request had not stopped; try again", s.delivered[1].Reason)
			assert.EqualValues(t, 1, started.Load())
			time.Sleep(2 * time.Minute)
		})
	})
}
