package customresource

import (
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// awaited is for how long CloudFormation awaits an answer at most: ServiceTimeout is 3,600 seconds
// or less.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
const awaited = time.Hour

// tooOld says that nobody awaits an answer to an event any more, or returns "". The older signature does not
// tell for certain when the event was sent.
func tooOld(to *url.URL, now time.Time) string {
	sent := sentAt(to)
	if !to.Query().Has("X-Amz-Date") || sent.IsZero() || now.Sub(sent) <= awaited {
		return ""
	}
	return fmt.Sprintf("nothing was done: CloudFormation sent this event at %s, and awaits no answer to it any more", sent.Format(time.RFC3339))
}

// signed is for how long a ResponseURL of the older signature is good. AWS does not document it: it
// is what public events show, whose stacks were made two hours and some seconds before.
const signed = 2 * time.Hour

// sentAt reads when CloudFormation sent an event: when it signed the ResponseURL. It is zero if the
// URL does not tell.
func sentAt(to *url.URL) time.Time {
	query := to.Query()
	if sent, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date")); err == nil {
		return sent
	}
	if ends, err := strconv.ParseInt(query.Get("Expires"), 10, 64); err == nil {
		return time.Unix(ends, 0).Add(-signed).UTC()
	}
	return time.Time{}
}

// order remembers the newest event of each resource that this process has begun. Lambda delivers an
// event at least once, so an old one may come after a newer one.
type order struct {
	mu     sync.Mutex
	newest map[string]time.Time
}

// late says why an event comes too late to be obeyed, or returns "".
func (o *order) late(r Request) string {
	if r.Sent.IsZero() {
		return ""
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	resource := r.StackID + " " + r.LogicalResourceID
	if r.Sent.Before(o.newest[resource]) {
		return "nothing was done: a newer event has begun"
	}
	if o.newest == nil {
		o.newest = map[string]time.Time{}
	}
	o.newest[resource] = r.Sent
	return ""
}
