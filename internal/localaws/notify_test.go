package localaws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/assert"
)

const alarms = "arn:aws:sns:us-east-1:999999999999:alarms"

func publish(subject, text string) *sns.PublishInput {
	return &sns.PublishInput{TopicArn: aws.String(alarms), Subject: &subject, Message: &text}
}

func TestAMessageIsKept(t *testing.T) {
	story(t, func(s teller) {
		s.refused("NotFound", publish("subject", "text"))
		s.account.CreateTopic(alarms, "")
		assert.NotEmpty(s, *ask[sns.PublishOutput](s, publish("subject", "text & more\n")).MessageId)
		assert.Equal(s, []Message{{"subject", "text & more\n"}}, s.account.Messages(alarms))
		call := s.account.Calls()[1]
		assert.Equal(s, []Permission{{Action: "sns:Publish", Resource: alarms}}, call.Permissions)
	})
}

func TestAnEncryptedTopicUsesItsKeyInTheCallersName(t *testing.T) {
	story(t, func(s teller) {
		key := "arn:aws:kms:us-east-1:999999999999:key/0f0e0d0c-1111-2222-3333-444455556666"
		s.account.CreateTopic(alarms, key)
		s.do(publish("subject", "text"))
		keys := map[string]string{"kms:ViaService": "sns.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn": alarms}
		assert.Equal(s, []Permission{
			{Action: "sns:Publish", Resource: alarms}, {"kms:GenerateDataKey", key, keys}, {"kms:Decrypt", key, keys},
		}, s.account.Calls()[0].Permissions)
	})
}

func TestSNSRefusesWhatItsPageSays(t *testing.T) {
	story(t, func(s teller) {
		s.account.CreateTopic(alarms, "")
		s.do(publish(strings.Repeat("a", 99), strings.Repeat("a", 256<<10)))
		for _, subject := range []string{strings.Repeat("a", 100), "two\nlines", "é", " a", ""} {
			s.refused("InvalidParameter", publish(subject, "text"))
		}
		s.refused("InvalidParameter", publish("subject", ""))
		s.refused("InvalidParameter", publish("subject", strings.Repeat("a", 256<<10+1)))
		for _, arn := range []string{"alarms", "arn:aws:sns:eu-west-1:999999999999:alarms", "arn:aws-cn:sns:us-east-1:999999999999:alarms"} {
			in := publish("subject", "text")
			in.TopicArn = &arn
			s.refused("InvalidParameter", in)
		}
	})
}

func TestATopicOfAnotherRegionIsReachedInItsRegion(t *testing.T) {
	a := New(Options{Region: "eu-west-1"})
	a.CreateTopic(alarms, "")
	s := newTeller(t, a)
	s.refused("InvalidParameter", publish("subject", "text"))
	s.services["sns"] = sns.NewFromConfig(a.Config("", ""), func(o *sns.Options) { o.Region = "us-east-1" })
	s.do(publish("subject", "text"))
}
