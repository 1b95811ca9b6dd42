package account

import (
	"context"
	"fmt"
	"sync"
)

// parallel runs the functions side by side, waits for all, and returns their errors in their order. A panic
// in one is its error.
func parallel(ctx context.Context, functions ...func(context.Context) error) error {
	errs := make([]error, len(functions))
	var wait sync.WaitGroup
	for i, function := range functions {
		wait.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			errs[i] = function(ctx)
		})
	}
	wait.Wait()

	var several severalErrors
	for _, err := range errs {
		if err != nil {
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

// severalErrors are the errors of calls that were made side by side.
type severalErrors []error

// Error shows the first and counts the others: where one call fails for a reason of its own it is the only
// one, and where AWS is out of reach they all say the same.
func (s severalErrors) Error() string {
	return fmt.Sprintf("%v (and %d more errors beside it)", s[0], len(s)-1)
}

func (s severalErrors) Unwrap() []error { return s }
