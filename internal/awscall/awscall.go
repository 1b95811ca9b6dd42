// Package awscall makes calls to AWS that end in one of two ways: with a whole reply, or with an
// error that says what went wrong.
package awscall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Configure returns a copy of config whose clients make their calls as this package says.
func Configure(config aws.Config) aws.Config {
	config = config.Copy()
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // in its place: see repeat
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		return errors.Join(
			stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Repeat", repeat), "Retry", middleware.Before),
			stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("WholeReply", wholeReply), middleware.After),
		)
	})
	return config
}

const (
	// attempts is how often a call is made that fails on AWS's side or on the way there.
	attempts = 8
	// maxBackoff is the longest pause between two attempts.
	maxBackoff = 5 * time.Second
)

// repeat makes a call until it succeeds. AWS has not begun with a call that it throttles, so that
// one is repeated for as long as the context lasts. When the context ends, the error is what went
// wrong before. The SDK's own loop counts a throttled call like one that fails, and forgets what it
// was waiting for.
func repeat(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	standard := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = maxBackoff })
	var before error
	failures := 0
	for attempt := 1; ; attempt++ {
		out, metadata, err := next.HandleFinalize(ctx, in)
		switch {
		case err == nil:
			return out, metadata, nil
		case ctx.Err() != nil && before != nil:
			return out, metadata, before
		case throttled(err):
		case !standard.IsErrorRetryable(err) || !repeatable(ctx) || Code(err) == quota:
			return out, metadata, err
		default:
			if failures++; failures == attempts {
				return out, metadata, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
			}
		}
		before = err
		delay, delayErr := standard.RetryDelay(attempt, err)
		if delayErr != nil || Pause(ctx, delay) != nil {
			return out, metadata, err
		}
		if body, ok := in.Request.(interface{ RewindStream() error }); ok {
			if err := body.RewindStream(); err != nil {
				return out, metadata, err
			}
		}
	}
}

// repeatable reports whether a call may be repeated that may have had its effect. CreateAccessKey
// may not: the second one makes a second key.
func repeatable(ctx context.Context) bool {
	return middleware.GetOperationName(ctx) != "CreateAccessKey"
}

// quota is what Secrets Manager says where a secret has too many versions. The SDK takes it for
// throttling: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
const quota = "LimitExceededException"

func throttled(err error) bool {
	_, listed := retry.DefaultThrottleErrorCodes[Code(err)]
	// The SDK's list lacks what SNS says:
	// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
	return listed && Code(err) != quota || Code(err) == "Throttled"
}

// Code returns the code of an error that AWS answered, or "".
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Pause waits, or returns the error of a context that ends before.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// BrokenReplyError is the error of a call that AWS answered with status 200 and not with what it
// promises. Whether the call had its effect is not known, and it is not repeated.
type BrokenReplyError struct{ Is string }

func (e *BrokenReplyError) Error() string {
	return "AWS answered with status 200 and a reply that " + e.Is + ", so nobody knows whether the call had its effect"
}

// wholeReply makes a broken reply an error. Without it the SDK takes an empty body for an output
// without members: an entity that is nil, a user without access keys.
func wholeReply(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode != http.StatusOK {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case err != nil && ctx.Err() != nil:
		return out, metadata, &smithy.CanceledError{Err: ctx.Err()}
	case err != nil: // the connection broke: that is the same as a reply that never came
		return out, metadata, &smithyhttp.RequestSendError{Err: err}
	}
	if fault := faultOf(bytes.TrimSpace(body), middleware.GetOperationName(ctx)); fault != "" {
		return out, metadata, &BrokenReplyError{fault}
	}
	return out, metadata, nil
}

// faultOf says what is wrong with the body of a reply, or returns "". Secrets Manager and
// CloudWatch Logs answer in JSON; IAM, STS and SNS in XML, whose root is named after the call:
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization
// What is inside is for the SDK to read. faultOf quotes nothing: there may be a secret in it.
func faultOf(body []byte, operation string) string {
	switch {
	case len(body) == 0 && (operation == "TagResource" || operation == "UntagResource"):
		// These two of Secrets Manager answer "with an empty HTTP body":
		// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
		return ""
	case len(body) == 0:
		return "is empty"
	case body[0] == '{' && json.Valid(body):
		return ""
	case body[0] == '{':
		return "is no whole JSON object"
	case !bytes.HasSuffix(body, []byte("</"+operation+"Response>")):
		return "is no whole reply from AWS"
	}
	return ""
}
