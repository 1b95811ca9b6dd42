package customresource

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
)

func BenchmarkAnswer(b *testing.B) {
	data := map[string]any{}
	for _, key := range []string{"AccessKeyId", "AccessKeySecretArn", "AccessKeySecretUrl", "ConsoleRoleArn", "InstancePolicyArn", "SignInLoginUrl", "UserArn"} {
		data[key] = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-cloud/access-key-ABCDEF"
	}
	for name, reason := range map[string]string{"that fits": "ok", "that is cut": strings.Repeat("a long reason, with <, & and ü; ", 400)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				fit(&cfn.Response{Status: cfn.StatusFailed, Reason: reason, PhysicalResourceID: "redis-cloud-iam-0", Data: data})
			}
		})
	}
}
