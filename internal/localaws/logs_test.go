package localaws

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
)

const logGroup = "/aws/lambda/watcher"

func filter() *cloudwatchlogs.FilterLogEventsInput {
	return &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(logGroup), FilterPattern: aws.String(`{ $.Who = "me" }`)}
}

func linesOf(out *cloudwatchlogs.FilterLogEventsOutput) (lines []string) {
	for _, event := range out.Events {
		lines = append(lines, *event.Message)
	}
	return lines
}

func TestLinesOfALogAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeller(t, New(Options{}))
		s.refused("ResourceNotFoundException", filter())
		time.Sleep(30 * 366 * 24 * time.Hour)
		s.account.Log(logGroup, "START", `{"Who":"me","n":1}`, `{"Who":"you"}`, `{"Who":"me","n":2`)
		time.Sleep(time.Hour)
		since := time.Now().UnixMilli()
		s.account.Log(logGroup, `{"Who":"me","n":3}`)

		assert.Equal(t, []string{`{"Who":"me","n":1}`, `{"Who":"me","n":3}`}, linesOf(ask[cloudwatchlogs.FilterLogEventsOutput](s, filter())))
		in := filter()
		in.StartFromHead = aws.Bool(false)
		s.refused("InvalidParameterException", in)
		in.StartTime = aws.Int64(time.Now().Add(-2 * time.Hour).UnixMilli())
		assert.Equal(t, []string{`{"Who":"me","n":3}`, `{"Who":"me","n":1}`}, linesOf(ask[cloudwatchlogs.FilterLogEventsOutput](s, in)))
		in.StartTime = &since
		assert.Equal(t, []string{`{"Who":"me","n":3}`}, linesOf(ask[cloudwatchlogs.FilterLogEventsOutput](s, in)))
	})
}

func TestAPageOfALogMayBeEmptyBeforeOthers(t *testing.T) {
	story(t, func(s teller) {
		s.account.Log(logGroup, `{"Who":"me"}`, "other", `{"Who":"me"}`)
		s.account.PageSize(1)
		in := filter()
		var sizes []int
		for more := true; more; more = in.NextToken != nil {
			page := ask[cloudwatchlogs.FilterLogEventsOutput](s, in)
			sizes, in.NextToken = append(sizes, len(page.Events)), page.NextToken
		}
		assert.Equal(s, []int{1, 0, 1}, sizes)
		assert.Equal(s, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/watcher:log-stream:", s.account.Calls()[0].Resource)
	})
}

func TestLogsRefusesWhatItsPageSays(t *testing.T) {
	story(t, func(s teller) {
		s.account.Log(logGroup)
		s.refused("ResourceNotFoundException", filter())
		s.account.Log(logGroup, "a line")
		for _, c := range []struct {
			code   string
			change func(*cloudwatchlogs.FilterLogEventsInput)
		}{
			{"InvalidParameterException", func(in *cloudwatchlogs.FilterLogEventsInput) { in.LogGroupName = nil }},
			{"InvalidParameterException", func(in *cloudwatchlogs.FilterLogEventsInput) { in.NextToken = aws.String("x") }},
			{"InvalidParameterException", func(in *cloudwatchlogs.FilterLogEventsInput) { in.Limit = aws.Int32(0) }},
			{"InternalFailure", func(in *cloudwatchlogs.FilterLogEventsInput) { in.FilterPattern = aws.String("ERROR") }},
		} {
			in := filter()
			c.change(in)
			s.refused(c.code, in)
		}
	})
}
