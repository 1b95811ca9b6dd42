package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/acceptance/sample"
)

// Lambda delivers an event at least once, so it may come again when the next one has ended. Another
// process may get it, and knows what the account tells. After a Delete the account tells nothing:
// then only a process that has seen the Delete knows.
func TestLateRepeatOfEveryEventIsRefused(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.history(t, func(*world) {}).goOn(t, func(t *testing.T, w *world) {
				first, next := s.event.at(10*time.Minute), s.next().at(11*time.Minute)
				time.Sleep(10*time.Minute - time.Since(start()))
				w.succeed(first)
				time.Sleep(time.Minute)
				w.succeed(next)
				if next.kind != "Delete" {
					w.restart()
				}
				before := w.account()
				time.Sleep(5 * time.Minute)
				late := w.fail(first)
				assert.Contains(t, late.Reason, "a newer event has begun")
				assert.Empty(t, w.changes())
				assert.Equal(t, before, w.account())
				assert.Equal(t, cfn.StatusSuccess, w.send(next).Status, "the newest one may come again")
			})
		})
	}
}

// next is an event that CloudFormation may send after the scenario's.
func (s scenario) next() event {
	if s.event.kind == "Delete" && s.retains {
		return event{kind: "Create", props: `{"OnDelete":"Retain","ExistingEntities":"Adopt"}`}
	}
	if s.event.kind == "Delete" {
		return event{kind: "Create", props: s.event.props, stack: s.event.stack}
	}
	return s.after[0]
}

func TestEventThatNobodyAwaitsIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		time.Sleep(time.Hour + time.Minute)
		late := w.fail(event{kind: "Create", props: bare}.at(0))
		assert.Contains(t, late.Reason, "awaits no answer to it any more")
		assert.Empty(t, w.calls)
		w.succeed(event{kind: "Create", props: bare}.at(2 * time.Minute))
	})
}

// A person cancels an update: CloudFormation sends its roll-back while the cancelled event is still
// at work. Whenever that is, the account is in the end what the roll-back alone would have left.
func TestCancelledUpdateEndsInItsRollBack(t *testing.T) {
	for _, s := range scenarios() {
		if s.event.kind != "Update" || s.keyless {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			const between = 10 * time.Minute // the change that set the scene is long over
			update := s.event.at(between)
			back := changeOf(s.event.props, s.event.old).at(between + 2*time.Second)
			var goals []string
			told := s.history(t, func(*world) {})
			told.goOn(t, func(_ *testing.T, w *world) {
				w.aws.SetLatency(latency)
				time.Sleep(between - time.Since(start()))
				goals = append(goals, w.fork().rolledBack(back))
				w.succeed(update)
				time.Sleep(time.Second)
				goals = append(goals, w.rolledBack(back))
			})
			for _, n := range sample.Of(t, sample.UpTo(60), 4) {
				head := time.Duration(n-1) * 15 * time.Millisecond
				t.Run(head.String(), func(t *testing.T) {
					told.goOn(t, func(t *testing.T, w *world) {
						w.aws.SetLatency(latency)
						time.Sleep(between - time.Since(start()))
						answers := w.together(update, head, back)
						assert.Equal(t, cfn.StatusSuccess, answers[1].Status, answers[1].Reason)
						if s.name == "third rotation" && len(w.keys(user)) == 1 {
							return // stopped when the previous key had made room: the current one works
						}
						assert.Contains(t, goals, w.account(), "as before, or with what a rotation leaves")
					})
				})
			}
		})
	}
}

// start is when virtual time begins.
func start() time.Time { return event{}.at(0).sent }

// rolledBack is the account after the roll-back.
func (w *world) rolledBack(back event) string {
	w.succeed(back)
	return w.account()
}
