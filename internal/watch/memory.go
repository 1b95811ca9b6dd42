package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// memory holds the digests of the findings that people have been told of and that were still there
// when the newest run looked.
type memory []string

// longest is for how long a report is remembered. The function's log group may forget earlier.
const longest = 365 * 24 * time.Hour

// remember reads the memory in the function's own log: each report says what people have been told
// of, and the newest one counts. So the function needs no database, and no permission to write
// anywhere. If there is no report yet, or no log group, people have been told of nothing.
//
// A report that was cut is no JSON, and the one before it counts: then people may be told twice.
func remember(ctx context.Context, client *cloudwatchlogs.Client, o order) (memory, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  &o.logGroup,
		FilterPattern: aws.String(fmt.Sprintf(`{ $.PhysicalResourceId = %q }`, o.Owner)),
		StartFromHead: aws.Bool(false), // the newest first
		StartTime:     aws.Int64(time.Now().Add(-longest).UnixMilli()),
	}
	for {
		page, err := client.FilterLogEvents(ctx, input)
		if _, missing := errors.AsType[*logtypes.ResourceNotFoundException](err); missing {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what people have been told of in log group %s: %w", o.logGroup, err)
		}
		for _, event := range page.Events {
			var r report
			if json.Unmarshal([]byte(aws.ToString(event.Message)), &r) == nil && r.PhysicalResourceID == o.Owner && r.Told != nil {
				return r.Told, nil
			}
		}
		// A page may be empty, and others follow:
		// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
		if input.NextToken = page.NextToken; page.NextToken == nil {
			return nil, nil
		}
	}
}
