package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"redis-cloud-iam/internal/awscall"
)

// call is something that is done in AWS and that gives nothing but its error.
type call func(context.Context) error

// parallel makes the calls side by side, waits for all, and returns their errors in their order.
func parallel(ctx context.Context, calls ...call) error {
	errs := make([]error, len(calls))
	var wait sync.WaitGroup
	for i, one := range calls {
		wait.Go(func() { errs[i] = awscall.Guarded(ctx, one) })
	}
	wait.Wait()

	var several severalErrors
	for _, err := range errs {
		if nested, ok := err.(severalErrors); ok { //nolint:errorlint // one that is wrapped has its text already
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

// severalErrors are the errors of calls that were made side by side, in one list however they were
// nested.
type severalErrors []error

// Error shows one error and counts the others: where one call fails for a reason of its own it is
// the only one, and where AWS is out of reach they all say the same. A call that the end of the
// context cut off says least.
func (s severalErrors) Error() string {
	shown := max(0, slices.IndexFunc(s, func(err error) bool { return !errors.Is(err, context.DeadlineExceeded) }))
	noun := "errors"
	if len(s) == 2 {
		noun = "error"
	}
	return fmt.Sprintf("%v (and %d more %s beside it)", s[shown], len(s)-1, noun)
}

func (s severalErrors) Unwrap() []error { return s }

// LogValue is all of them: the log has room.
func (s severalErrors) LogValue() slog.Value {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return slog.AnyValue(texts)
}
