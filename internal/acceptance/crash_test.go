package acceptance

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/localaws"
)

// TestCrashEverywhere disturbs every call of every scenario with every fault. Afterwards the
// invariants hold, and
//
//   - the redelivered event leads to the same account as an undisturbed run;
//   - what CloudFormation does instead, down to the Delete of the stack, leaves what was there
//     before.
func TestCrashEverywhere(t *testing.T) {
	var cases atomic.Int64
	t.Cleanup(func() { t.Logf("crash everywhere: %d cases", cases.Load()) })
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			left := s.left()
			var before, goal, kept string
			var calls []localaws.Call
			told := s.history(t, func(w *world) { before = left(w) })
			told.goOn(t, func(_ *testing.T, w *world) {
				w.succeed(s.event)
				goal, calls = w.account(), w.calls
				for _, next := range s.after {
					w.succeed(next)
				}
				kept = left(w)
			})
			for _, f := range faults() {
				t.Run(f.name, func(t *testing.T) {
					for _, k := range sample.Of(t, f.callsOf(calls), 1) {
						cases.Add(1)
						t.Run(fmt.Sprintf("call %d", k), func(t *testing.T) {
							told.goOn(t, func(t *testing.T, w *world) {
								seen := w.disturbed(s.event, k, f)
								w.judge(seen)
								if f.answered != nil && len(seen.answers) == 1 {
									assert.Empty(t, f.answered(w.calls[k-1], seen))
								}
								time.Sleep(time.Minute) // after which Lambda delivers an event again
								w.restart()
								rolledBack := w.fork()
								w.succeed(s.event)
								assert.Equal(t, goal, w.account(), "the redelivered event converges")
								if s.event.kind != "Delete" {
									w.currentKeyWorks()
								}

								for _, next := range s.after {
									rolledBack.succeed(next)
								}
								if is := left(rolledBack); !s.retains || is != kept {
									assert.Equal(t, before, is, "nothing is left of the stack")
								}
							})
						})
					}
				})
			}
		})
	}
}

// left is what the scenario compares at the end of the stack. What an adoption repaired stays
// repaired.
func (s scenario) left() func(w *world) string {
	if s.given != nil {
		return func(w *world) string { return fmt.Sprint(w.inventory()) }
	}
	return (*world).account
}

// callsOf are the numbers of the calls at which the fault is tried: all of them. But a process that
// is killed before the first change, or after the last one, leaves the account as if it had never
// begun, or had ended: there the first and the last call stand for the others.
func (f fault) callsOf(calls []localaws.Call) []int {
	numbers := sample.UpTo(len(calls))
	if !f.kills {
		return numbers
	}
	isChange := func(c localaws.Call) bool { return !isRead(c.Action) }
	first := slices.IndexFunc(calls, isChange) + 1
	if first == 0 {
		return numbers[:1]
	}
	last := len(calls)
	for !isChange(calls[last-1]) {
		last--
	}
	return slices.DeleteFunc(numbers, func(k int) bool { return 1 < k && k < first || last < k && k < len(calls) })
}
