package watch

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report is what a run found: one line of JSON that always has the same members. It is also a
// document in CloudWatch's embedded metric format, from which CloudWatch makes the metrics:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type report struct {
	AWS       map[string]any `json:"_aws"`
	Timestamp time.Time      `json:"timestamp"` // which Lambda would add, with the level
	Level     string         `json:"level"`

	Stack              string // the stack's name, and the dimension of the metrics
	StackID            string `json:"StackId"`
	PhysicalResourceID string `json:"PhysicalResourceId"`

	Drift            int // findings about a difference between the account and the stack
	KeyAgeDays       int // of the current access key; 0 if there is none
	PreviousKeyInUse int // 1 if it is in use, and else 0
	Findings         int // all of them

	AccessKeyID string    `json:"AccessKeyId"` // the current one, or ""
	Found       []Finding // the first of the findings
	Told        []string  // the digests of those that people have been told of

	silent bool // this run sends no message
}

// most is how many findings a report, and each part of a message, describes at most. Above 256 KiB
// CloudWatch Logs may cut a line, and SNS refuses a message.
const most = 100

// write writes the report in one piece. What a silent run has found may be wrong: no alarm on a metric
// must fire because of it, so CloudWatch makes none of such a report.
func (r report) write(out io.Writer, o order) error {
	metric := func(name, unit string) map[string]string { return map[string]string{"Name": name, "Unit": unit} }
	r.Timestamp, r.Level = time.Now().UTC(), "INFO"
	r.AWS = map[string]any{
		"Timestamp": r.Timestamp.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "RedisCloudIAM", "Dimensions": [][]string{{"Stack"}},
			"Metrics": []any{metric("Drift", "Count"), metric("KeyAgeDays", "None"), metric("PreviousKeyInUse", "None"), metric("Findings", "Count")},
		}},
	}
	if r.silent {
		r.AWS["CloudWatchMetrics"] = []any{}
	}
	r.Stack, r.StackID, r.PhysicalResourceID = o.stackName, o.Stack, o.Owner
	r.Findings, r.Found = len(r.Found), append([]Finding{}, first(r.Found)...)
	return json.NewEncoder(out).Encode(r)
}

func first(findings []Finding) []Finding { return findings[:min(len(findings), most)] }

// tell makes a message if there is a finding that is not in told, or if told has findings and all
// are gone. Otherwise the text is empty. It notes in the report what people know once it is sent.
func (r *report) tell(o order, told []string) (subject, text string) {
	r.Told = append([]string{}, told...)
	if r.silent {
		return "", ""
	}
	r.Told = []string{}
	var news, known []Finding
	for _, f := range r.Found {
		r.Told = append(r.Told, f.digest())
		if slices.Contains(told, f.digest()) {
			known = append(known, f)
		} else {
			news = append(news, f)
		}
	}
	where := fmt.Sprintf("Stack %s\nAccount %s\nRegion %s\n", o.stackName, o.Account.ID, o.Account.Region)
	switch {
	case len(news) > 0:
		noun := "new findings"
		if len(news) == 1 {
			noun = "new finding"
		}
		return subjectOf("%d %s in stack %s", len(news), noun, o.stackName), where + list("New", news) + list("Still there", known) +
			"\nYou get no other message about these. You get one when something new is found, and one when all of it is gone. " +
			"docs/watching.md of redis-cloud-iam says what each finding is.\n"
	case len(known) == 0 && len(told) > 0:
		return subjectOf("all clear in stack %s", o.stackName), where + "\nAll clear: everything that earlier messages told you of is gone.\n"
	default:
		return "", ""
	}
}

// subjectOf cuts a subject to 99 characters: SNS demands less than 100. A stack's name is ASCII:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func subjectOf(format string, args ...any) string {
	text := "Redis Cloud IAM: " + fmt.Sprintf(format, args...)
	return text[:min(len(text), 99)]
}

// list describes findings, with what to do about them. Findings in a row that have the same remedy
// share it.
func list(heading string, findings []Finding) string {
	if len(findings) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s:\n", heading)
	shown := first(findings)
	for i, f := range shown {
		fmt.Fprintf(&text, "\n%d. %s: %s.\n", i+1, f.Name, f.Text)
		if i+1 == len(shown) || shown[i+1].Remedy != f.Remedy {
			fmt.Fprintf(&text, "   What to do: %s\n", f.Remedy)
		}
	}
	if more := len(findings) - len(shown); more > 0 {
		fmt.Fprintf(&text, "\nAnd %d more.\n", more)
	}
	return text.String()
}
