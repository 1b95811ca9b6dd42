package acceptance

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// Lambda may deliver an event to two processes at once. Whatever the two answer, one key is left, and it is
// the one that the secret holds.
func TestTheSameCreateAtTheSameTimeLeavesOneKey(t *testing.T) {
	for _, head := range []time.Duration{0, 10 * time.Millisecond, latency, 2 * latency, 130 * time.Millisecond, 3 * latency, 4 * latency} {
		t.Run(head.String(), func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				other := newWorld(t, w.aws)
				answers := make([]cfn.Response, 2)
				var both sync.WaitGroup
				both.Go(func() { answers[0] = w.send(event{kind: "Create", props: bare}) })
				both.Go(func() {
					time.Sleep(head)
					answers[1] = other.send(event{kind: "Create", props: bare})
				})
				both.Wait()
				for _, answer := range answers {
					assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
				}
				again := w.create(bare)
				value := w.stored("redis-cloud/access-key")
				assert.Equal(t, []string{value["accessKeyId"]}, w.keys("redislabs-user"))
				assert.Equal(t, value["accessKeyId"], again.Data["AccessKeyId"])
				assert.True(t, w.live(value))
				for _, answer := range answers {
					assert.Equal(t, again.Data, answer.Data)
				}
				w.noLooseKeys()
				other.silent()
				w.succeed(event{kind: "Delete", id: again.PhysicalResourceID, props: bare})
				assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
			})
		})
	}
}

// TestEveryEventTwiceAtOnce delivers the event of every scenario to two processes. However long each call takes, and whichever
// of the two is ahead: both succeed, and lead to the account to which one alone leads.
//
// But for one thing: where hands have deleted the current key, each may make one. The secret holds both then.
func TestEveryEventTwiceAtOnce(t *testing.T) {
	times := uint64(40)
	if raceDetector {
		times = 2 // make test runs all of them without the detector too
	}
	var cases atomic.Int64
	template := readTemplate(t)
	t.Cleanup(func() { t.Logf("every event twice at once: %d cases", cases.Load()) })
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var goal string
			var theirs []string
			base := localaws.New(localaws.Options{})
			exhaustion(t, template, base, func(_ *testing.T, w *world) {
				if s.given != nil {
					theirs = []string{s.given(w)}
				}
				if s.setup != nil {
					s.setup(w)
				}
			})
			exhaustion(t, template, base.Fork(), func(_ *testing.T, w *world) {
				w.succeed(s.event)
				goal = w.account()
			})
			for seed := range times {
				cases.Add(1)
				t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
					exhaustion(t, template, base.Fork(), func(t *testing.T, w *world) {
						w.theirs = theirs
						chance := rand.New(rand.NewPCG(seed, 0))
						w.aws.SetLatencies(func() time.Duration { // now and then a call takes long
							return latency + time.Duration(chance.Int64N(int64(latency)))<<chance.IntN(5)
						})
						head := time.Duration(chance.Int64N(int64(latency))) << chance.IntN(6)
						twin := newWorld(t, w.aws)
						twin.role.template = template
						var both sync.WaitGroup
						both.Go(func() { w.succeed(s.event) })
						both.Go(func() {
							time.Sleep(head)
							twin.succeed(s.event)
						})
						both.Wait()
						w.noLooseKeys()
						if s.keyless && len(w.keys("redislabs-user")) == 2 {
							spare, _ := w.aws.SecretString("redis-cloud/access-key", "AWSPREVIOUS")
							w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{
								UserName: aws.String("redislabs-user"), AccessKeyId: aws.String(w.value(spare)["accessKeyId"]),
							}))
						}
						assert.Equal(t, goal, w.account())
						twin.silent()
					})
				})
			}
		})
	}
}

// A stack that is deleted while it is created: the Delete carries an ID that CloudFormation invented, and the
// Create is still at work. Whenever the one meets the other, nothing is left when both have ended.
func TestADeleteWhileCreateStillRunsLeavesNothing(t *testing.T) {
	for _, delay := range []time.Duration{0, 12 * time.Second} {
		for head := time.Duration(0); head <= 7*latency; head += 10 * time.Millisecond {
			t.Run(delay.String()+" "+head.String(), func(t *testing.T) {
				story(t, func(t *testing.T, w *world) {
					w.aws.KeyDelay(delay)
					other := newWorld(t, w.aws)
					var both sync.WaitGroup
					both.Go(func() { w.send(event{kind: "Create", props: bare}) })
					both.Go(func() {
						time.Sleep(head)
						other.succeed(event{kind: "Delete", id: "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX", props: bare})
					})
					both.Wait()
					other.silent()
					assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
				})
			})
		}
	}
}
