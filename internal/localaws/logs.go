package localaws

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Log adds lines to a log group, which is made if it is not there, as Lambda adds what a function
// writes.
func (a *Account) Log(group string, lines ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range lines {
		a.state.LogGroups[group] = append(a.state.LogGroups[group], logtypes.FilteredLogEvent{
			EventId: new(uuid()), Timestamp: new(time.Now().UnixMilli()), Message: &line,
		})
	}
}

// FilterLogEvents finds the lines of a log group that a pattern matches, the oldest ones first or
// the newest ones. Of the patterns there is { $.Name = "value" } alone, a member of a line that is
// JSON.
//
// A page may hold no event, and others follow. Here that is so for every page size that is set.
//
// See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
// and https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
func (tx *tx) FilterLogEvents(in *cloudwatchlogs.FilterLogEventsInput, out *cloudwatchlogs.FilterLogEventsOutput) error {
	newest := in.StartFromHead != nil && !*in.StartFromHead
	begin := aws.ToInt64(in.StartTime)
	pattern := regexp.MustCompile(`^\{ \$\.(\w+) = "([^"\\]*)" \}$`).FindStringSubmatch(aws.ToString(in.FilterPattern))
	switch {
	case in.LogGroupName == nil:
		return refuse(invalidParameter, "Exactly one of logGroupName and logGroupIdentifier must be given.")
	case newest && time.UnixMilli(begin).Before(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)):
		return refuse(invalidParameter, "startFromHead can be false only if startTime is on or after Jan 1, 2024 00:00:00 UTC.")
	case len(pattern) == 0:
		return refuse("InternalFailure", "localaws does not know the filter pattern %s.", aws.ToString(in.FilterPattern))
	}
	lines, ok := tx.state.LogGroups[*in.LogGroupName]
	if !ok {
		return refuse(resourceNotFound, "The specified log group does not exist.")
	}
	lines = slices.Clone(lines)
	if newest {
		slices.Reverse(lines)
	}
	first, err := tx.position(in.NextToken)
	if err != nil {
		return err
	}
	size := cmp.Or(int(aws.ToInt32(in.Limit)), 10000)
	size = min(size, cmp.Or(tx.settings.pageSize, size))
	end := min(first+size, len(lines))
	out.Events = []logtypes.FilteredLogEvent{}
	for _, line := range lines[min(first, end):end] {
		var members map[string]any
		_ = json.Unmarshal([]byte(*line.Message), &members) // what is no JSON has no members
		if members[pattern[1]] == pattern[2] && *line.Timestamp >= begin {
			out.Events = append(out.Events, line)
		}
	}
	if end < len(lines) {
		out.NextToken = markerAfter(end)
	}
	return nil
}
