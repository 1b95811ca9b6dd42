package localaws

import (
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config returns a configuration for the SDK's own clients, which then talk to this account: in the
// same process, without a socket, so that they work in a testing/synctest bubble. Without an access
// key the caller is the Lambda's own role.
func (a *Account) Config(accessKeyID, secret string) aws.Config {
	if accessKeyID == "" {
		accessKeyID, secret = ownKeyID, "unverified"
	}
	return aws.Config{
		Region:       a.region,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKeyID, secret, ""),
		BaseEndpoint: aws.String("http://localaws.invalid"),
		HTTPClient:   &http.Client{Transport: transport{a}},
	}
}

// transport calls a handler on the caller's own goroutine.
type transport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper]. A connection that breaks is io.ErrUnexpectedEOF.
func (t transport) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		switch broken := recover(); {
		case broken == nil:
		case broken != http.ErrAbortHandler: //nolint:errorlint // a panic's value
			panic(broken)
		case r.Context().Err() != nil:
			response, err = nil, r.Context().Err()
		default:
			response, err = nil, io.ErrUnexpectedEOF
		}
	}()
	received := r.Clone(r.Context())
	received.Host = r.URL.Host
	if received.Body == nil {
		received.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, received)
	response = recorder.Result()
	response.Request = r
	return response, nil
}
