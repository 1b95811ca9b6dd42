package awscall

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"strings"
)

// Guarded makes a call and makes a panic in it an error. In a goroutine of its own a panic would
// end the process, and CloudFormation would wait for an answer for an hour. The error quotes the
// runtime's own errors alone: another value may hold a secret.
func Guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			what := fmt.Sprintf("panic of type %T", value)
			if of, ok := value.(runtime.Error); ok {
				what = of.Error()
			}
			err = fmt.Errorf("internal error (%s, at %s)", what, origin())
		}
	}()
	return do(ctx)
}

// origin names the place of a panic: the first below the runtime's own.
func origin() string {
	counters := make([]uintptr, 32)
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters)])
	frame, more := frames.Next()
	for more && strings.HasPrefix(frame.Function, "runtime.") {
		frame, more = frames.Next()
	}
	return fmt.Sprintf("%s:%d", path.Base(frame.File), frame.Line)
}
