package acceptance

import (
	"fmt"
	"regexp"
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
//
// Many cases leave the same account, such as those in which a call that reads failed. What follows
// has nothing but the account to go by, so it is played once for all of them.
func TestCrashEverywhere(t *testing.T) {
	t.Parallel() // beside moto, which is waited for
	var cases, accounts atomic.Int64
	t.Cleanup(func() {
		t.Logf("crash everywhere: %d cases, which left %d different accounts", cases.Load(), accounts.Load())
	})
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
			met := map[string]bool{}
			for _, c := range sample.Of(t, crashes(calls), 12) {
				cases.Add(1)
				t.Run(fmt.Sprintf("%s, call %d", c.fault.name, c.call), func(t *testing.T) {
					told.goOn(t, func(t *testing.T, w *world) {
						seen := w.disturbed(s.event, c.call, c.fault)
						w.judge(seen)
						if c.fault.answered != nil && len(seen.answers) == 1 {
							assert.Empty(t, c.fault.answered(w.calls[c.call-1], seen))
						}
						time.Sleep(time.Minute) // after which Lambda delivers an event again
						now := w.likeness()
						if met[now] {
							return
						}
						met[now] = true
						accounts.Add(1)
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
}

// crash is a fault at one call of an event.
type crash struct {
	fault fault
	call  int
}

// crashes are all that may happen to an event that makes these calls.
func crashes(calls []localaws.Call) (all []crash) {
	for _, f := range faults() {
		for _, k := range f.callsOf(calls) {
			all = append(all, crash{f, k})
		}
	}
	return all
}

// likeness is the same text for two accounts that differ in nothing but the values that were drawn
// for them: each is replaced by a number, so that it still shows where a value appears again. Times
// are in whole minutes, for the SDK draws how long it waits between the attempts at a call. It ends
// with the present time.
func (w *world) likeness() string {
	text, drawn := w.aws.Dump(), map[string]string{}
	for _, value := range drawnValues {
		text = value.ReplaceAllStringFunc(text, func(found string) string {
			if at, err := time.Parse(`"`+time.RFC3339Nano+`"`, found); err == nil {
				return at.Format("15:04")
			}
			if drawn[found] == "" {
				drawn[found] = fmt.Sprintf("<%d>", len(drawn))
			}
			return drawn[found]
		})
	}
	return text + time.Now().Format("15:04")
}

// drawnValues are times, and what AWS or the function draws: identifiers, access keys, passwords,
// the ends of secrets' ARNs. Each pattern begins with a fixed text, which makes it fast.
var drawnValues = []*regexp.Regexp{
	regexp.MustCompile(`"2000-01-[-0-9T:.]+Z"`),
	regexp.MustCompile(`AKIA[A-Z2-7]{16}`), regexp.MustCompile(`AIDA[A-Z2-7]{16}`), regexp.MustCompile(`AROA[A-Z2-7]{16}`),
	regexp.MustCompile(`AIPA[A-Z2-7]{16}`), regexp.MustCompile(`ANPA[A-Z2-7]{16}`),
	regexp.MustCompile(`:secret:[\w/-]+-\w{6}\b`), regexp.MustCompile(`console-password-[0-9a-f]{24}`),
	regexp.MustCompile(`"[A-Za-z0-9+/]{40}\\?"`), regexp.MustCompile(`"[A-Z2-7]{26}-Rc!0z\\?"`),
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
