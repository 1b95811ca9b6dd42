package localaws

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// topic is a standard topic that every caller may publish to.
type topic struct {
	KMSKey   string // the ARN of the key that encrypts the messages, or ""
	Messages []Message
}

// Message is what was published to a topic.
type Message struct{ Subject, Text string }

// CreateTopic makes a topic, which is encrypted if there is the ARN of a KMS key. It may be of
// another account, and of another Region.
func (a *Account) CreateTopic(arn, kmsKey string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state.Topics[arn] = &topic{KMSKey: kmsKey}
}

// Messages returns what was published to a topic, the oldest message first.
func (a *Account) Messages(topicARN string) []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.state.Topics[topicARN]; t != nil {
		return slices.Clone(t.Messages)
	}
	return nil
}

// publishing is what SNS does in the caller's name with the key of an encrypted topic.
//
// See https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html.
func (a *Account) publishing(arn string) (asked []Permission) {
	if t := a.state.Topics[arn]; t != nil && t.KMSKey != "" {
		keys := map[string]string{
			"kms:ViaService": "sns." + strings.Split(arn, ":")[3] + "." + a.urlSuffix(), "kms:EncryptionContext:aws:sns:topicArn": arn,
		}
		asked = []Permission{{"kms:GenerateDataKey", t.KMSKey, keys}, {"kms:Decrypt", t.KMSKey, keys}}
	}
	return asked
}

// maxMessage is the size of a message in bytes, for a topic that has not set it.
const maxMessage = 256 << 10

// Publish sends a message to a topic. The request must be signed for the topic's own Region: with
// another one, SNS does not accept the ARN.
//
// See https://docs.aws.amazon.com/sns/latest/api/API_Publish.html. It says that a subject is "less
// than 100 characters long", without line breaks or control characters, and of UTF-8; former
// versions say of ASCII, and that it begins with a letter, a number or a punctuation mark. Here the
// narrower one counts.
func (tx *tx) Publish(in *sns.PublishInput, out *sns.PublishOutput) error {
	arn := aws.ToString(in.TopicArn)
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "sns" || parts[1] != tx.partition || parts[3] != tx.signedFor {
		return refuse("InvalidParameter", "Invalid parameter: TopicArn Reason: %s is not a topic of Region %s", arn, tx.signedFor)
	}
	switch {
	case *in.Message == "":
		return refuse("InvalidParameter", "Invalid parameter: Empty message")
	case len(*in.Message) > maxMessage:
		return refuse("InvalidParameter", "Invalid parameter: Message too long")
	case in.Subject != nil && !regexp.MustCompile(`^[[:graph:]][[:print:]]{0,98}$`).MatchString(*in.Subject):
		return refuse("InvalidParameter", "Invalid parameter: Subject")
	}
	t := tx.state.Topics[arn]
	if t == nil {
		return refuse("NotFound", "Topic does not exist")
	}
	t.Messages = append(t.Messages, Message{aws.ToString(in.Subject), *in.Message})
	out.MessageId = aws.String(uuid())
	return nil
}
