package customresource

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// handler is a [lambda.Handler].
type handler struct {
	resource  Resource
	transport http.RoundTripper
	log       *slog.Logger
	order     order

	// busy holds one token while Provision runs, even after it was abandoned, so that the next
	// event in this process cannot overlap with it.
	busy chan struct{}
}

// Invoke carries an event out and answers it.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := time.Now()
	r, to, err := decode(payload)
	if err != nil {
		return nil, err
	}
	h.log.InfoContext(ctx, "request received", "request", r)
	s := newSchedule(ctx, start)

	own, failure := h.physicalID(ctx, r)
	o := outcome{failure: cmp.Or(failure, r.faults(), tooOld(to, start), h.order.late(r))}
	if o.failure == "" {
		o = h.provision(ctx, r, s)
	}
	response := respond(r, own, o)
	reason := response.Reason // fit may cut that of the response
	body, lost := fit(&response)
	if len(lost) > 0 {
		h.log.WarnContext(ctx, "values of Data left out, the answer was too long", "request", r, "keys", lost)
	}

	// The answer goes out whatever has become of ctx, but not after Lambda's deadline.
	sending, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.deliver)
	defer cancel()
	attempts, err := deliver(sending, h.transport, to, body)

	level := slog.LevelInfo
	if response.Status == cfn.StatusFailed || err != nil {
		level = slog.LevelError
	}
	h.log.Log(ctx, level, "request finished", "request", r, "status", response.Status,
		"reason", reason, "answeredPhysicalResourceId", response.PhysicalResourceID,
		"delivered", err == nil, "attempts", attempts, "duration", time.Since(start))
	if err != nil {
		return nil, err // Lambda's runtime logs it, so the line above does not
	}
	// Nobody reads what an asynchronous invocation returns. For whoever invokes the function by
	// hand it should at least be JSON.
	return []byte("null"), nil
}

// physicalID is the resource's ID for the request, made fit for an answer. If the resource cannot
// even say that, the answer is a failure under the logical ID.
func (h *handler) physicalID(ctx context.Context, r Request) (id, failure string) {
	failure = h.protect(ctx, func() { id = clipID(h.resource.PhysicalID(r)) })
	return cmp.Or(id, r.LogicalResourceID, "unknown"), failure
}

// provision runs the resource's Provision and waits for it as long as the schedule allows.
func (h *handler) provision(ctx context.Context, r Request, s schedule) outcome {
	start := time.Now()
	ctx, cancel := context.WithDeadline(ctx, s.work)
	defer cancel()
	select {
	case h.busy <- struct{}{}:
	case <-ctx.Done():
		return outcome{failure: fmt.Sprintf("%s was not begun within %s, because an earlier request had not stopped; try again",
			r.Type, time.Since(start).Round(time.Second/10))}
	}

	done := make(chan outcome, 1)
	go func() {
		defer func() { <-h.busy }()
		o := outcome{failure: "internal error (Provision ended its goroutine)"}
		defer func() { done <- o }()
		if failure := h.protect(ctx, func() { o = h.attempt(ctx, r) }); failure != "" {
			o = outcome{failure: failure}
		}
	}()

	o := outcome{failure: "it did not stop when it was told to"}
	select {
	case o = <-done:
	case <-ctx.Done():
		select {
		case o = <-done:
		case <-time.After(s.grace):
		}
	}
	if o.failure != "" && ctx.Err() != nil {
		o.failure = fmt.Sprintf("%s did not finish within %s; %s; where it was stopped: %s",
			r.Type, time.Since(start).Round(time.Second/10), afterwards(r.Type), o.failure)
	}
	return o
}

// attempt runs Provision. It reads the error here, where a panic in Error is caught.
func (h *handler) attempt(ctx context.Context, r Request) outcome {
	answer, err := h.resource.Provision(ctx, r)
	if err != nil {
		return outcome{answer, cmp.Or(err.Error(), fmt.Sprintf("an error without a text (%T)", err))}
	}
	return outcome{answer: answer}
}

// afterwards says what becomes of the traces of a request that did not finish. It is true of a
// rollback as well, where the Update or Delete that stopped is itself the undoing.
func afterwards(t cfn.RequestType) string {
	return map[cfn.RequestType]string{
		cfn.RequestCreate: "the Delete that CloudFormation sends next removes what it made",
		cfn.RequestUpdate: "the next Update goes on where this one stopped, or puts back what it changed",
		cfn.RequestDelete: "another Delete goes on where this one stopped",
	}[t]
}

// protect runs f, and returns what to say of a panic in it. It quotes the runtime's own errors
// alone: any other value may hold a secret, so only its type is told.
func (h *handler) protect(ctx context.Context, f func()) (failure string) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		failure = fmt.Sprintf("internal error (panic of type %T)", v)
		if e, ok := v.(runtime.Error); ok {
			failure = fmt.Sprintf("internal error (%s)", e)
		}
		h.log.ErrorContext(ctx, failure, "stack", stack())
	}()
	f()
	return ""
}

// stack names the functions that were running, without their arguments.
func stack() (functions []string) {
	counters := make([]uintptr, 32)
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters)])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		functions = append(functions, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
	}
	return functions
}
