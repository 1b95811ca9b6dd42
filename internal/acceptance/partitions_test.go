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
		{
			"aws", "eu-central-1", "https://123456789012.signin.aws.amazon.com/console",
			"https://eu-central-1.console.aws.amazon.com/secretsmanager/", "ec2.amazonaws.com",
		},
		{
			"aws-us-gov", "us-gov-west-1", "https://123456789012.signin.amazonaws-us-gov.com/console",
			"https://us-gov-west-1.console.amazonaws-us-gov.com/secretsmanager/", "ec2.amazonaws.com",
		},
		{
			"aws-cn", "cn-north-1", "https://123456789012.signin.amazonaws.cn/console",
			"https://cn-north-1.console.amazonaws.cn/secretsmanager/", "ec2.amazonaws.com.cn",
		},
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
						assert.Regexp(t, "^"+row.consolePage, value)
					case strings.HasSuffix(key, "Arn"):
						assert.Regexp(t, "^arn:"+row.partition+":", value)
					}
				}
				assert.Equal(t, row.signIn, w.stored(consoleSecret)["signInLoginUrl"])
				state := w.aws.Snapshot()
				assert.Contains(t, state.Roles[nodeRole].Trust, `"`+row.ec2+`"`)
				assert.Contains(t, state.Roles[consoleRole].Trust, "arn:"+row.partition+":iam::168085023892:root")
				for _, partition := range []string{"aws", "aws-us-gov", "aws-cn"} {
					if partition != row.partition {
						assert.NotContains(t, state.String(), "arn:"+partition+":", "nothing of another partition")
					}
				}
				const tagged = `{"ConsoleLogin":"true","Tags":["a=b"]}`
				w.succeed(changeOf(console, tagged).in(here))
				w.succeed(deleteOf(tagged).in(here))
				assert.Equal(t, before, w.account())
			})
		})
	}
}
