package provision

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

// attempts is how often a call is made that fails on AWS's side or on the way there.
const attempts = 8

// repeated makes the calls of a client again where that may help. The SDK's own loop does not do:
// it counts a call that AWS throttles like one that fails, and where the context ends while it
// waits, it forgets what it was waiting for.
func repeated(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Repeat", repeat), "Retry", middleware.Before)
}

// repeat makes a call until it succeeds. AWS has not begun with a call that it throttles, so that
// one is repeated for as long as the context lasts. Where the context ends, the error is what went
// wrong before.
func repeat(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	standard := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 5 * time.Second })
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
		case !standard.IsErrorRetryable(err) || !repeatable(ctx):
			return out, metadata, err
		default:
			if failures++; failures == attempts {
				return out, metadata, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
			}
		}
		before = err
		delay, delayErr := standard.RetryDelay(attempt, err)
		if delayErr != nil || pause(ctx, delay) != nil {
			return out, metadata, err
		}
		if body, ok := in.Request.(interface{ RewindStream() error }); ok {
			if err := body.RewindStream(); err != nil {
				return out, metadata, err
			}
		}
	}
}

// repeatable says whether a call may be repeated that may have had its effect. CreateAccessKey may
// not: the second one makes a second key. So the account is observed anew, and a key that no secret
// holds is deleted.
func repeatable(ctx context.Context) bool {
	return middleware.GetOperationName(ctx) != "CreateAccessKey"
}

func throttled(err error) bool {
	codes := retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}
	return codes.IsErrorThrottle(err) == aws.TrueTernary
}
