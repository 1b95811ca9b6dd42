package customresource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/customresource"
)

// signature stands for what makes a ResponseURL a capability. No log and no error may hold it.
const signature = "s3cr3t%2Bsignature%3D"

const responseURL = "https://responses.invalid/arn%3Aaws%3Acloudformation/x%7CThing%7C1?Expires=1&Signature=" + signature

// event makes a complete event, in which changes replace fields; nil removes one.
func event(t cfn.RequestType, changes map[string]any) []byte {
	fields := map[string]any{
		"RequestType":        t,
		"ResponseURL":        responseURL,
		"StackId":            "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1",
		"RequestId":          "request-1",
		"ResourceType":       "Custom::Thing",
		"LogicalResourceId":  "Thing",
		"PhysicalResourceId": "old-id",
		"ResourceProperties": map[string]any{"Note": "property-value"},
	}
	for name, value := range changes {
		fields[name] = value
		if value == nil {
			delete(fields, name)
		}
	}
	payload, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return payload
}

// thing is a resource made of functions. Without them, its ID is "new-id" and all goes well.
type thing struct {
	id        func(customresource.Request) string
	provision func(context.Context, customresource.Request) (customresource.Answer, error)
}

func (x thing) PhysicalID(r customresource.Request) string {
	if x.id == nil {
		return "new-id"
	}
	return x.id(r)
}

func (x thing) Provision(ctx context.Context, r customresource.Request) (customresource.Answer, error) {
	if x.provision == nil {
		return customresource.Answer{}, nil
	}
	return x.provision(ctx, r)
}

// stage is what surrounds a handler: whoever receives its answers, and its log.
type stage struct {
	*receiver
	log    *journal
	invoke func(ctx context.Context, payload []byte) error
}

// newStage makes a handler of x whose answers meet the replies in order, the last again
// and again; none means 200. At the end nothing of the signature has come to light.
func newStage(t testing.TB, x thing, replies ...reply) *stage {
	t.Helper()
	s := &stage{receiver: &receiver{t: t, replies: append([]reply{}, replies...), start: time.Now()}, log: &journal{}}
	if len(replies) == 0 {
		s.replies = []reply{status(http.StatusOK)}
	}
	h := customresource.Handler(x, slog.New(slog.NewJSONHandler(s.log, nil)), s.receiver)
	s.invoke = func(ctx context.Context, payload []byte) error {
		out, err := h.Invoke(ctx, payload)
		if err != nil {
			assert.NotContains(t, err.Error(), "signature", "a signed URL in an error")
			assert.NotContains(t, err.Error(), "responses.invalid", "the receiver's host in an error")
			assert.Nil(t, out)
			return err
		}
		assert.JSONEq(t, "null", string(out), "what Invoke returns is JSON")
		return nil
	}
	t.Cleanup(func() {
		assert.Zero(t, s.open.Load(), "the bodies of replies are closed")
		assert.NotContains(t, s.log.String(), "signature", "a signed URL in the log")
		assert.NotContains(t, s.log.String(), "property-value", "a property in the log")
	})
	return s
}

// answer is the one answer that was delivered.
func (s *stage) answer() cfn.Response {
	s.t.Helper()
	require.Len(s.t, s.delivered, 1, "exactly one answer is delivered")
	return s.delivered[0]
}

// within is a context with that much of Lambda's time left.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// receiver plays S3. It checks what holds for every answer, delivered or not.
type receiver struct {
	t       testing.TB
	start   time.Time
	replies []reply
	open    atomic.Int32 // bodies of replies

	mu        sync.Mutex
	bodies    [][]byte
	times     []time.Duration // when each came, since start
	delivered []cfn.Response
}

// closes counts down when it is closed.
type closes struct {
	io.ReadCloser
	open *atomic.Int32
}

func (c closes) Close() error {
	c.open.Add(-1)
	return c.ReadCloser.Close()
}

type reply func(*http.Request) (*http.Response, error)

func (x *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err // as http.Transport does
	}
	body, err := io.ReadAll(r.Body)
	require.NoError(x.t, err)
	answer := checkAnswer(x.t, body)
	assert.Equal(x.t, http.MethodPut, r.Method)
	assert.EqualValues(x.t, len(body), r.ContentLength)

	x.mu.Lock()
	next := x.replies[min(len(x.bodies), len(x.replies)-1)]
	x.bodies, x.times = append(x.bodies, body), append(x.times, time.Since(x.start))
	x.mu.Unlock()

	response, err := next(r)
	if err == nil {
		x.open.Add(1)
		response.Body = closes{response.Body, &x.open}
	}
	if err == nil && response.StatusCode/100 == 2 {
		x.mu.Lock()
		x.delivered = append(x.delivered, answer)
		x.mu.Unlock()
	}
	return response, err
}

// checkAnswer holds what is true of every answer, whatever the event was.
func checkAnswer(t testing.TB, body []byte) (answer cfn.Response) {
	t.Helper()
	require.NoError(t, json.Unmarshal(body, &answer), "an answer is JSON: %q", body)
	assert.True(t, utf8.Valid(body), "an answer is UTF-8: %q", body)
	assert.LessOrEqual(t, len(body), 4096, "an answer has at most 4,096 bytes")
	assert.NotEmpty(t, answer.PhysicalResourceID, "an answer has a physical resource ID")
	assert.LessOrEqual(t, len(answer.PhysicalResourceID), 1024, "of at most 1,024 bytes")
	if answer.Status == cfn.StatusFailed {
		assert.NotEmpty(t, answer.Reason, "a failure has a reason")
		assert.NotContains(t, string(body), `"Data"`, "a failure has no data")
	} else {
		assert.Equal(t, cfn.StatusSuccess, answer.Status)
	}
	return answer
}

func status(code int) reply {
	return func(*http.Request) (*http.Response, error) {
		body := strings.NewReader("<Error><StringToSign>" + signature + "</StringToSign></Error>")
		return &http.Response{StatusCode: code, Body: io.NopCloser(body), Header: http.Header{
			"Location": {"https://elsewhere.invalid/"},
		}}, nil
	}
}

// broken is an error as the net package makes it, host and all.
func broken(err error) reply {
	return func(r *http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial " + r.URL.Host, Net: "tcp", Err: err}
	}
}

func refused() reply { return broken(os.NewSyscallError("connect", syscall.ECONNREFUSED)) }
func reset() reply   { return broken(os.NewSyscallError("read", syscall.ECONNRESET)) }

func hangs() reply {
	return func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

func slow(d time.Duration, then reply) reply {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return then(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// drips replies 200 with a body that would take a day to read.
func drips() reply {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(drip{})}, nil
	}
}

type drip struct{}

func (drip) Read(p []byte) (int, error) {
	time.Sleep(24 * time.Hour)
	return copy(p, "."), nil
}

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
