package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
)

// missing reports whether AWS answered that there is no such thing.
func missing(err error) bool { return hasCode(err, "NoSuchEntity", "ResourceNotFoundException") }

// gone makes "there is no such thing" a success, which it is for a removal.
func gone(err error) error {
	if missing(err) {
		return nil
	}
	return err
}

// absent ends a read that gave nothing. That is no error if AWS says that there is no such thing.
func absent(err error, doing string) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", doing, &awscall.BrokenReplyError{Is: "lacks what it promises"})
	case missing(err):
		return nil
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// denied reports whether AWS answered that the call is not permitted.
func denied(err error) bool { return hasCode(err, "AccessDenied") }

// settling reports whether AWS answered with an error that may pass by itself within a second:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func settling(err error) bool {
	return hasCode(err, "NoSuchEntity", "DeleteConflict", "ConcurrentModification", "EntityTemporarilyUnmodifiable")
}

// changed reports whether AWS answered with an error that says that the account is not what the
// plan was made for. That a call is not permitted is among them: the permissions of the function's
// role may be seconds old, and reach some parts of AWS before others.
func changed(err error) bool {
	return settling(err) || denied(err) || hasCode(err,
		"EntityAlreadyExists", "ResourceExistsException", "ResourceNotFoundException", "InvalidRequestException")
}

// notYet reports whether AWS answered as it does while it has not heard of a key everywhere, or of
// the policy that its user was given.
func notYet(err error) bool {
	return denied(err) || missing(err) || hasCode(err,
		"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure")
}

// refused reports whether AWS answered with an error that says that nothing was done.
func refused(err error) bool {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && response.HTTPStatusCode()/100 == 4
}

// hasCode reports whether AWS answered with one of the error codes.
func hasCode(err error, codes ...string) bool {
	answered := awscall.Code(err)
	return slices.ContainsFunc(codes, func(code string) bool {
		return strings.TrimSuffix(answered, "Exception") == strings.TrimSuffix(code, "Exception")
	})
}

// stale marks an error after which the account must be observed anew.
func stale(err error) error { return &plan.StaleError{Err: err} }

func isStale(err error) bool {
	_, marked := errors.AsType[*plan.StaleError](err)
	return marked
}

// final hides the code of an AWS error: the step has waited and cleaned up after itself, and to do
// all of it again at once would meet the same.
type final struct{ error }

// errOvertaken is the error of a run whose work is removed while it is at it.
var errOvertaken = errors.New("it was removed while it was being made, so a removal seems to run at the same time")

// lookAgain reports whether a new observation and a new plan may get past an error: all that went
// wrong must be of that kind.
func lookAgain(err error) bool {
	if several, ok := errors.AsType[severalErrors](err); ok {
		return !slices.ContainsFunc(several, func(one error) bool { return !lookAgain(one) })
	}
	return isStale(err) || changed(err)
}

// afterLimit has the account observed anew where a limit was reached although what was observed had
// room: the call may have taken effect before, and its reply was lost.
func afterLimit(err error) error {
	if hasCode(err, "LimitExceeded") {
		return stale(err)
	}
	return err
}

// repeated repeats a call while its error is one that may pass, for as long as patience lasts.
func repeated(ctx context.Context, patience time.Duration, passes func(error) bool, do call) error {
	start := time.Now()
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := do(ctx)
		if err == nil || !passes(err) || time.Since(start)+wait > patience || awscall.Pause(ctx, wait) != nil {
			return err
		}
	}
}

// settled repeats a call for the moments that IAM may need until it knows what the calls before it
// did.
func settled(ctx context.Context, do call) error { return repeated(ctx, 4*time.Second, settling, do) }
