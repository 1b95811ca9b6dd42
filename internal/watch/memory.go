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

// remembered is how far back a report is looked for. The log group may keep it for less time.
const remembered = 365 * 24 * time.Hour

// remember returns the digests of the findings that were reported before. Each report in the
// function's own log has them, and the newest one counts. So the function needs no database, and no
// permission to write. Without a report, or without a log group, there are none.
//
// A report that CloudWatch Logs has cut is not JSON. Then the report before that counts, and people
// may get a message twice.
func remember(ctx context.Context, client *cloudwatchlogs.Client, o order) ([]string, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  &o.LogGroup,
		FilterPattern: aws.String(fmt.Sprintf(`{ $.PhysicalResourceId = %q }`, o.Owner)),
		StartFromHead: aws.Bool(false), // the newest first
		StartTime:     aws.Int64(time.Now().Add(-remembered).UnixMilli()),
	}
	// A page may be empty, and others follow:
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if _, missing := errors.AsType[*logtypes.ResourceNotFoundException](err); missing {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read in log group %s what people have been told of: %w", o.LogGroup, err)
		}
		var newest report // of the page, since a Region may not support StartFromHead yet
		for _, event := range page.Events {
			var r report
			err := json.Unmarshal([]byte(aws.ToString(event.Message)), &r)
			if err == nil && r.PhysicalResourceID == o.Owner && r.Told != nil && r.Timestamp.After(newest.Timestamp) {
				newest = r
			}
		}
		if newest.Told != nil {
			return newest.Told, nil
		}
	}
	return nil, nil
}
