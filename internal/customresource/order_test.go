package customresource

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The forms are those of real events. AWS documents neither.
func TestTheResponseURLTellsWhenAnEventWasSent(t *testing.T) {
	for query, want := range map[string]string{
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240506T122233Z&X-Amz-Expires=7199": "2024-05-06T12:22:33Z",
		"AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1555451971&Signature=28UijZ":         "2019-04-16T19:59:31Z",
		"X-Amz-Date=yesterday": "",
		"Expires=soon":         "",
		"":                     "",
	} {
		to, err := url.Parse("https://bucket.s3.amazonaws.com/answer?" + query)
		require.NoError(t, err)
		is := ""
		if sent := sentAt(to); !sent.IsZero() {
			is = sent.Format(time.RFC3339)
		}
		assert.Equal(t, want, is, query)
	}
}

func TestAnEventIsLateOnlyAfterANewerOneOfItsResource(t *testing.T) {
	var o order
	at := func(id string, second int64) Request {
		return Request{StackID: "stack", LogicalResourceID: id, Sent: time.Unix(second, 0)}
	}
	assert.Empty(t, o.late(at("A", 10)))
	assert.Empty(t, o.late(at("A", 20)))
	assert.NotEmpty(t, o.late(at("A", 10)))
	assert.Empty(t, o.late(at("A", 20)), "the same one may come again")
	assert.Empty(t, o.late(at("B", 10)), "another resource")
	assert.Empty(t, o.late(Request{StackID: "stack", LogicalResourceID: "A"}), "not known when")
}

func TestAnEventIsTooOldAnHourAfterItWasSent(t *testing.T) {
	sent := time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)
	dated := &url.URL{RawQuery: "X-Amz-Date=20240506T120000Z"}
	assert.Empty(t, tooOld(dated, sent.Add(time.Hour)))
	assert.NotEmpty(t, tooOld(dated, sent.Add(time.Hour+time.Second)))
	assert.Empty(t, tooOld(&url.URL{RawQuery: "Expires=1"}, sent), "when it was sent is not certain")
}
