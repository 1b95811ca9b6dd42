package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report is what a run found: one line of JSON that always has the same members. It is a document
// in CloudWatch's embedded metric format too, by which CloudWatch makes the metrics:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type report struct {
	AWS                metadata  `json:"_aws"`
	Timestamp          time.Time `json:"timestamp"`
	Level              string    `json:"level"`
	Stack              string    // the stack's name: the dimension of the metrics
	StackID            string    `json:"StackId"`
	PhysicalResourceID string    `json:"PhysicalResourceId"`

	Drift            int // findings that say that the account is not as the stack made it
	KeyAgeDays       int // of the current access key; 0 if there is none
	PreviousKeyInUse int // 1 if it is, and else 0
	Findings         int // all of them

	AccessKeyID string    `json:"AccessKeyId"` // the current one, or ""
	Found       []Finding // the first of them
	Told        memory    // the digests of those that people have been told of, in order

	silent bool // people are told of nothing by this run
}

// metadata tells CloudWatch which members are metrics.
type metadata struct {
	Timestamp         int64 // milliseconds
	CloudWatchMetrics []metricDirective
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }

// most is how many findings are described in a report and in each part of a message. CloudWatch
// Logs cuts a line, and SNS refuses a message, of more than 256 KiB.
const most = 100

// write writes the report, a line in one piece.
func (r report) write(out io.Writer, o order) error {
	now := time.Now().UTC()
	r.Timestamp, r.Level = now, "INFO"
	r.AWS = metadata{now.UnixMilli(), []metricDirective{{
		Namespace: "RedisCloudIAM", Dimensions: [][]string{{"Stack"}},
		Metrics: []metric{{"Drift", "Count"}, {"KeyAgeDays", "None"}, {"PreviousKeyInUse", "None"}, {"Findings", "Count"}},
	}}}
	r.Stack, r.StackID, r.PhysicalResourceID = o.stackName, o.Stack, o.Owner
	r.Findings = len(r.Found)
	r.Found = append([]Finding{}, r.Found[:min(len(r.Found), most)]...)
	line, err := json.Marshal(r)
	if err == nil {
		_, err = out.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// digest stands for a finding in the memory.
func (f Finding) digest() string {
	sum := sha256.Sum256([]byte(f.Name + "\n" + f.Subject))
	return hex.EncodeToString(sum[:4])
}

// message is what people get. It is empty if there is nothing new to tell.
type message struct{ subject, text string }

// tell makes the message that tells people of a finding that they were not told of, or that all that
// they were told of is gone. It notes what they have been told of then.
func (r *report) tell(o order, told memory) message {
	r.Told = append(memory{}, told...)
	if r.silent {
		return message{}
	}
	r.Told = memory{}
	var news, known []Finding
	for _, f := range r.Found {
		r.Told = append(r.Told, f.digest())
		if slices.Contains(told, f.digest()) {
			known = append(known, f)
		} else {
			news = append(news, f)
		}
	}
	slices.Sort(r.Told)
	var text strings.Builder
	fmt.Fprintf(&text, "Stack %s\nAccount %s\nRegion %s\n", o.stackName, o.Account.ID, o.Account.Region)
	switch {
	case len(news) > 0:
		list(&text, "New", news)
		list(&text, "Still there", known)
		text.WriteString("\nYou get no other message about these. You get one when something new is found, and one when all of it is gone. " +
			"docs/watching.md of redis-cloud-iam says what each finding is.\n")
		noun := "new findings"
		if len(news) == 1 {
			noun = "new finding"
		}
		return message{subject(fmt.Sprintf("Redis Cloud IAM: %d %s in stack %s", len(news), noun, o.stackName)), text.String()}
	case len(known) == 0 && len(told) > 0:
		text.WriteString("\nAll clear: everything that earlier messages told you of is gone.\n")
		return message{subject("Redis Cloud IAM: all clear in stack " + o.stackName), text.String()}
	default:
		return message{}
	}
}

// list writes findings with what to do about them, once for those in a row that need the same.
func list(text *strings.Builder, heading string, findings []Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(text, "\n%s:\n", heading)
	shown := findings[:min(len(findings), most)]
	for i, f := range shown {
		fmt.Fprintf(text, "\n%d. %s: %s.\n", i+1, f.Name, f.Text)
		if i+1 == len(shown) || shown[i+1].Remedy != f.Remedy {
			fmt.Fprintf(text, "   What to do: %s.\n", f.Remedy)
		}
	}
	if more := len(findings) - len(shown); more > 0 {
		fmt.Fprintf(text, "\nAnd %d more.\n", more)
	}
}

// subject cuts a text to the less than 100 characters that SNS allows:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func subject(text string) string { return text[:min(len(text), 99)] }
