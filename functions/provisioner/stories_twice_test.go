package main

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
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
