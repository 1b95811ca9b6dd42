package acceptance

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/acceptance/sample"
)

// Lambda may deliver an event to two processes at once. Whatever the two answer, one key is left,
// and it is the one that the secret holds.
func TestConcurrentCreatesLeaveOneKey(t *testing.T) {
	for _, head := range []time.Duration{0, 10 * time.Millisecond, latency, 2 * latency, 130 * time.Millisecond, 3 * latency, 4 * latency} {
		t.Run(head.String(), func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				create := event{kind: "Create", props: bare}
				answers := w.together(create, head, create)
				again := w.create(bare)
				assert.Equal(t, []string{keyIn(again)}, w.keys(user))
				w.currentKeyWorks()
				for _, answer := range answers {
					assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
					assert.Equal(t, again.Data, answer.Data)
				}
				w.delete(bare)
				w.isEmpty()
			})
		})
	}
}

// TestEveryEventTwiceAtOnce delivers the event of every scenario to two processes. However long
// each call takes, and whichever of the two is ahead: both succeed, and lead to the account to
// which one alone leads.
//
// There is one exception. Where people have deleted the current key, each may make one. The secret
// holds both then.
func TestEveryEventTwiceAtOnce(t *testing.T) {
	t.Parallel()
	var cases atomic.Int64
	t.Cleanup(func() { t.Logf("every event twice at once: %d cases", cases.Load()) })
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var goal string
			told := s.history(t, func(*world) {})
			told.goOn(t, func(_ *testing.T, w *world) {
				w.succeed(s.event)
				goal = w.account()
			})
			for _, n := range sample.Of(t, sample.UpTo(40), 2) {
				cases.Add(1)
				t.Run(strconv.Itoa(n), func(t *testing.T) {
					told.goOn(t, func(t *testing.T, w *world) {
						chance := rand.New(rand.NewPCG(uint64(n), 0))
						w.aws.SetLatencies(func() time.Duration { // now and then a call takes long
							return latency + time.Duration(chance.Int64N(int64(latency)))<<chance.IntN(5)
						})
						head := time.Duration(chance.Int64N(int64(latency))) << chance.IntN(6)
						for _, answer := range w.together(s.event, head, s.event) {
							assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
						}
						if s.keyless && len(w.keys(user)) == 2 {
							spare := w.labelled(keySecret, "AWSPREVIOUS")["accessKeyId"]
							w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &spare}))
						}
						// Both keys were made and stored, and so both are remembered.
						is := strings.ReplaceAll(w.account(), strings.Repeat(" ID-00000000001", 2)[1:], "ID-00000000001")
						assert.Equal(t, goal, is)
					})
				})
			}
		})
	}
}

// A stack is deleted while it is created: the Delete has an ID that CloudFormation invented, and
// the Create is still at work. Whenever the one meets the other, nothing is left when both have
// ended.
func TestDeleteDuringACreateLeavesNothing(t *testing.T) {
	for _, delay := range []time.Duration{0, 12 * time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			for _, n := range sample.Of(t, sample.UpTo(36), 9) {
				head := time.Duration(n-1) * 10 * time.Millisecond // up to seven calls later
				t.Run(head.String(), func(t *testing.T) {
					story(t, func(t *testing.T, w *world) {
						w.aws.KeyDelay(delay)
						answers := w.together(event{kind: "Create", props: bare}, head, deleteOf(bare).withID(invented))
						assert.Equal(t, cfn.StatusSuccess, answers[1].Status, answers[1].Reason)
						w.isEmpty()
					})
				})
			}
		})
	}
}
