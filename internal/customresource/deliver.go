package customresource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// deliver puts the body to the URL until it is accepted, it is clear that it will not be, or ctx,
// which must have a deadline, leaves no time for more. It returns the number of attempts. Each
// sends the same bytes, so that one whose reply was lost can be repeated.
func deliver(ctx context.Context, transport http.RoundTripper, to *url.URL, body []byte) (int, error) {
	end, _ := ctx.Deadline()
	for attempt, pause := 1, 200*time.Millisecond; ; attempt, pause = attempt+1, min(2*pause, 5*time.Second) {
		failure, final := put(ctx, transport, to, body)
		if failure == "" {
			return attempt, nil
		}
		jittered := pause/2 + rand.N(pause/2) //nolint:gosec // a pause is no secret
		if final || time.Until(end) <= jittered {
			return attempt, fmt.Errorf("deliver the answer: %s at attempt %d", failure, attempt)
		}
		time.Sleep(jittered)
	}
}

// put makes one attempt, and says what went wrong, if anything, and whether that is final. It takes
// at most 5 s, and no more than half of what remains while that is longer than 1 s, so that an
// attempt that hangs leaves time for another.
func put(ctx context.Context, transport http.RoundTripper, to *url.URL, body []byte) (failure string, final bool) {
	end, _ := ctx.Deadline()
	ctx, cancel := context.WithTimeout(ctx, min(5*time.Second, max(time.Second, time.Until(end)/2)))
	defer cancel()
	request := &http.Request{
		Method: http.MethodPut,
		// As parsed, not rebuilt: net/url keeps the escapes of a path and the whole query as they
		// were written, and the signature covers them.
		URL: to,
		// Present and empty, as in AWS's cfn-response: the URL was signed for no type.
		Header:        http.Header{"Content-Type": {""}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	// By no http.Client: that would follow redirects, and the signature is good for this URL alone.
	response, err := transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return describe(err), false
	}
	// Unread: S3's errors quote the signed request, and a body that drips would hold us up.
	_ = response.Body.Close()
	status := response.StatusCode
	if status/100 == 2 {
		return "", true
	}
	return fmt.Sprintf("%d %s", status, http.StatusText(status)), status < 500 && status != http.StatusTooManyRequests
}

// describe tells what went wrong in a request in words of our own, because the errors of package net
// quote the host or its address.
func describe(err error) string {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no reply in time"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "host name not resolved"
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e.Error()
	}
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return fmt.Sprintf("network error (%T)", err)
}
