package acceptance

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// accounts is how many accounts TestManyAccounts rolls out to; make bench asks for more.
var accounts = flag.Int("accounts", 100, "how many accounts TestManyAccounts rolls out to")

// rollout is what a rollout to many accounts took.
type rollout struct {
	whole     time.Duration   // of virtual time
	each      []time.Duration // of an account, from the event to the answer
	calls     int
	throttled int
}

// TestManyAccounts rolls out as a StackSet does: to many accounts, some of them at a time. Every
// account throttles IAM, and every call takes as long as it happens to take. All accounts converge,
// no key is left loose, and an account costs the same, however many there are: they share nothing.
func TestManyAccounts(t *testing.T) {
	few, many := rollOut(t, *accounts/10), rollOut(t, *accounts)
	quick := rollOutAt(t, *accounts/10, false)
	for _, r := range []struct {
		name string
		rollout
		accounts int
	}{{"not throttled", quick, *accounts / 10}, {"throttled", few, *accounts / 10}, {"throttled", many, *accounts}} {
		slices.Sort(r.each)
		t.Logf("%6d accounts, 100 at a time, %-13s: %7.1f calls an account (%4.1f of them throttled), median %5.1f s, 99th %5.1f s, all after %7.1f s",
			r.accounts, r.name, float64(r.calls)/float64(r.accounts), float64(r.throttled)/float64(r.accounts),
			r.each[len(r.each)/2].Seconds(), r.each[len(r.each)*99/100].Seconds(), r.whole.Seconds())
	}
	perAccount := func(r rollout, n int) float64 { return float64(r.calls) / float64(n) }
	assert.InDelta(t, 1, perAccount(many, *accounts)/perAccount(few, *accounts/10), 0.05, "the cost of an account stays flat")
	assert.Positive(t, many.throttled)
	assert.Zero(t, quick.throttled)
}

func rollOut(t *testing.T, accounts int) rollout { t.Helper(); return rollOutAt(t, accounts, true) }

// rollOutAt rolls out with the concurrency that docs/performance.md reckons with.
func rollOutAt(t *testing.T, accounts int, throttle bool) rollout {
	t.Helper()
	const atATime = 100
	var all rollout
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var wait sync.WaitGroup
		begin, turn := time.Now(), make(chan struct{}, atATime)
		for i := range accounts {
			turn <- struct{}{}
			wait.Go(func() {
				defer func() { <-turn }()
				w := newWorld(t, localaws.New(localaws.Options{}))
				random := rand.New(rand.NewPCG(uint64(i), 1)) // the same in every run
				w.aws.SetLatencies(func() time.Duration { return latencyOf(random) })
				w.aws.KeyDelay(8 * time.Second)
				if throttle {
					w.aws.LimitRate(10, 10)
				}
				answer := w.create(bare)
				require.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
				took, calls := w.took, w.calls
				w.aws.LimitRate(0, 0)
				mu.Lock()
				defer mu.Unlock()
				all.each = append(all.each, took)
				all.calls += len(calls)
				for _, call := range calls {
					if call.Error == "Throttling" {
						all.throttled++
					}
				}
			})
		}
		wait.Wait()
		all.whole = time.Since(begin)
	})
	return all
}

// latencyOf draws how long a call takes: 60 ms in the middle, and now and then much more.
func latencyOf(random *rand.Rand) time.Duration {
	return time.Duration(60 * math.Exp(0.5*random.NormFloat64()) * float64(time.Millisecond))
}
