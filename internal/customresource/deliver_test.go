package customresource_test

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A receiver that misbehaves, against a lifetime of one minute. Where it never mends, the
// event goes back to Lambda with an error that says what happened and quotes no URL.
func TestDelivery(t *testing.T) {
	const lifetime = time.Minute
	tests := map[string]struct {
		replies  []reply
		attempts int // 0: as often as time allows
		err      string
		atMost   time.Duration
	}{
		"accepted":                {[]reply{status(200)}, 1, "", 0},
		"accepted without a word": {[]reply{status(204)}, 1, "", 0},
		"accepted, body drips":    {[]reply{drips()}, 1, "", 0},
		"slow":                    {[]reply{slow(4*time.Second, status(200))}, 1, "", 4 * time.Second},
		"503 twice":               {[]reply{status(503), status(503), status(200)}, 3, "", time.Second},
		"429":                     {[]reply{status(429), status(200)}, 2, "", time.Second},
		"500":                     {[]reply{status(500), status(200)}, 2, "", time.Second},
		"refused once":            {[]reply{refused(), status(200)}, 2, "", time.Second},
		"reset twice":             {[]reply{reset(), reset(), status(200)}, 3, "", time.Second},
		"hangs once":              {[]reply{hangs(), status(200)}, 2, "", 6 * time.Second},
		"too slow once":           {[]reply{slow(6*time.Second, status(200)), status(200)}, 2, "", 6 * time.Second},
		"each in turn":            {[]reply{refused(), hangs(), reset(), status(502), status(200)}, 5, "", 9 * time.Second},

		"expired":       {[]reply{status(403)}, 1, "deliver the answer: 403 Forbidden at attempt 1", 0},
		"expired later": {[]reply{status(503), status(403)}, 2, "deliver the answer: 403 Forbidden at attempt 2", time.Second},
		"bad request":   {[]reply{status(400)}, 1, "deliver the answer: 400 Bad Request at attempt 1", 0},
		"redirected":    {[]reply{status(307)}, 1, "deliver the answer: 307 Temporary Redirect at attempt 1", 0},
		"moved":         {[]reply{status(303)}, 1, "deliver the answer: 303 See Other at attempt 1", 0},

		"always 503":     {[]reply{status(503)}, 0, "deliver the answer: 503 Service Unavailable at attempt", lifetime - time.Second},
		"always refused": {[]reply{refused()}, 0, "deliver the answer: connection refused at attempt", lifetime - time.Second},
		"always reset":   {[]reply{reset()}, 0, "deliver the answer: connection reset by peer at attempt", lifetime - time.Second},
		"always hangs":   {[]reply{hangs()}, 0, "deliver the answer: no reply in time at attempt", lifetime - time.Second},
		"no such host":   {[]reply{broken(&net.DNSError{Name: "responses.invalid"})}, 0, "deliver the answer: host name not resolved at attempt", lifetime - time.Second},
		"not the host":   {[]reply{broken(x509.HostnameError{Host: "responses.invalid"})}, 0, "deliver the answer: network error (x509.HostnameError) at attempt", lifetime - time.Second},
		"hangs up":       {[]reply{broken(io.ErrUnexpectedEOF)}, 0, "deliver the answer: network error (*errors.errorString) at attempt", lifetime - time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s := newStage(t, thing{}, test.replies...)
				err := s.invoke(within(t, lifetime), event(cfn.RequestCreate, nil))
				took := time.Since(start)
				if test.err == "" {
					require.NoError(t, err)
					s.answer()
				} else {
					require.ErrorContains(t, err, test.err)
					assert.Empty(t, s.delivered)
					assert.Contains(t, s.log.String(), `"delivered":false`)
				}
				for _, body := range s.bodies {
					assert.Equal(t, s.bodies[0], body, "every attempt sends the same bytes")
				}
				assert.LessOrEqual(t, took, test.atMost)
				if test.attempts > 0 {
					assert.Len(t, s.bodies, test.attempts)
					return
				}
				assert.GreaterOrEqual(t, took, lifetime-7*time.Second, "tried until shortly before the deadline")
				assert.Greater(t, len(s.bodies), 6)
				assert.Less(t, len(s.bodies), 30)
			})
		})
	}
}

func TestThePausesGrowAndDiffer(t *testing.T) {
	pauses := func(t *testing.T) (pauses []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, thing{}, status(http.StatusServiceUnavailable))
			require.Error(t, s.invoke(within(t, 5*time.Minute), event(cfn.RequestCreate, nil)))
			for i, at := range s.times[1:] {
				pauses = append(pauses, at-s.times[i])
			}
		})
		return pauses
	}
	one, other := pauses(t), pauses(t)
	assert.NotEqual(t, one[:5], other[:5], "with jitter")
	full := 200 * time.Millisecond
	for _, pause := range one {
		assert.GreaterOrEqual(t, pause, full/2)
		assert.Less(t, pause, full)
		full = min(2*full, 5*time.Second)
	}
}
