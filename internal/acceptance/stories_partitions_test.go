package acceptance

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

func TestEveryPartitionHasItsOwnNames(t *testing.T) {
	rows := []struct{ partition, region, signIn, consolePage, ec2 string }{
		{"aws", "eu-central-1", "https://123456789012.signin.aws.amazon.com/console", "https://eu-central-1.console.aws.amazon.com/secretsmanager/", "ec2.amazonaws.com"},
		{"aws-us-gov", "us-gov-west-1", "https://123456789012.signin.amazonaws-us-gov.com/console", "https://us-gov-west-1.console.amazonaws-us-gov.com/secretsmanager/", "ec2.amazonaws.com"},
		{"aws-cn", "cn-north-1", "https://123456789012.signin.amazonaws.cn/console", "https://cn-north-1.console.amazonaws.cn/secretsmanager/", "ec2.amazonaws.com.cn"},
	}
	for _, row := range rows {
		t.Run(row.partition, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.New(localaws.Options{Partition: row.partition, Region: row.region}))
				before := w.account()
				here := "arn:" + row.partition + ":cloudformation:" + row.region + ":123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
				answer := w.succeed(event{kind: "Create", props: console, stack: here})
				for key, value := range answer.Data {
					switch {
					case strings.HasPrefix(key, "Sign"):
						assert.Equal(t, row.signIn, value)
					case strings.HasSuffix(key, "Url"):
						assert.True(t, strings.HasPrefix(value.(string), row.consolePage), value)
					case strings.HasSuffix(key, "Arn"):
						assert.True(t, strings.HasPrefix(value.(string), "arn:"+row.partition+":"), value)
					}
				}
				assert.Equal(t, row.signIn, w.stored(consoleSecret)["signInLoginUrl"])
				state := w.aws.Snapshot()
				assert.Contains(t, state.Roles["redislabs-cluster-node-role"].Trust, `"`+row.ec2+`"`)
				assert.Contains(t, state.Roles["redislabs-role"].Trust, "arn:"+row.partition+":iam::168085023892:root")
				for _, partition := range []string{"aws", "aws-us-gov", "aws-cn"} {
					if partition != row.partition {
						assert.NotContains(t, state.String(), "arn:"+partition+":", "nothing of another partition")
					}
				}
				again := event{kind: "Update", id: answer.PhysicalResourceID, props: `{"ConsoleLogin":"true","Tags":["a=b"]}`, old: console, stack: here}
				w.succeed(again)
				w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: again.props, stack: here})
				assert.Equal(t, before, w.account())
				w.silent()
			})
		})
	}
}

// Redis Cloud's account of the commercial partition is none of the others'.
func TestAnAccountThatThePartitionDoesNotKnowIsNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("CreateRole").Refuse("MalformedPolicyDocument").Times(100))
		answer := w.fail(event{kind: "Create", props: bare})
		assert.Contains(t, answer.Reason, "set RedisCloudAccountId to an AWS account of this partition")
	})
}
