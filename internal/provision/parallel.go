package provision

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// parallel runs the functions side by side, waits for all, and returns their errors in their order.
func parallel(ctx context.Context, functions ...func(context.Context) error) error {
	errs := make([]error, len(functions))
	var wait sync.WaitGroup
	for i, function := range functions {
		wait.Go(func() { errs[i] = guarded(ctx, function) })
	}
	wait.Wait()

	var several severalErrors
	for _, err := range errs {
		if nested, ok := err.(severalErrors); ok { //nolint:errorlint // as in about
			several = append(several, nested...)
		} else if err != nil {
			several = append(several, err)
		}
	}
	switch len(several) {
	case 0:
		return nil
	case 1:
		return several[0]
	default:
		return several
	}
}

// guarded runs a function and makes a panic in it an error. In a goroutine of its own a panic would
// end the process, and CloudFormation would wait for an answer for an hour.
func guarded(ctx context.Context, function func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, origin()}
		}
	}()
	return function(ctx)
}

// panicError tells of a panic. It quotes the runtime's own errors alone: another value may hold a
// secret.
type panicError struct {
	value any
	at    string
}

func (e *panicError) Error() string {
	if of, ok := e.value.(runtime.Error); ok {
		return fmt.Sprintf("internal error (%v, at %s)", of, e.at)
	}
	return fmt.Sprintf("internal error (panic of type %T, at %s)", e.value, e.at)
}

// origin names the place in which the goroutine panicked: the first below the runtime's own.
func origin() string {
	counters := make([]uintptr, 32)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	panicked := false
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		own := strings.HasPrefix(frame.Function, "runtime.")
		if panicked && !own {
			return fmt.Sprintf("%s:%d", path.Base(frame.File), frame.Line)
		}
		panicked = panicked || own
	}
	return "an unknown place"
}

// severalErrors are the errors of calls that were made side by side, in one list however they were
// nested.
type severalErrors []error

// about says of an error what was being done; of several, of each.
func about(doing string, err error) error {
	several, ok := err.(severalErrors) //nolint:errorlint // one that is wrapped has its text already
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	list := make(severalErrors, len(several))
	for i, one := range several {
		list[i] = fmt.Errorf("%s: %w", doing, one)
	}
	return list
}

// Error shows one and counts the others: where one call fails for a reason of its own it is the
// only one, and where AWS is out of reach they all say the same. A call that was only cut off by
// the end of the context is not the one to show.
func (s severalErrors) Error() string {
	shown := max(0, slices.IndexFunc(s, func(err error) bool { return !cutOff(err) }))
	if len(s) == 2 {
		return fmt.Sprintf("%v (and 1 more error beside it)", s[shown])
	}
	return fmt.Sprintf("%v (and %d more errors beside it)", s[shown], len(s)-1)
}

func (s severalErrors) Unwrap() []error { return s }

// cutOff reports whether the end of a context is all that an error tells.
func cutOff(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
