package localaws

import (
	"context"
	"time"
)

// A Fault is something that goes wrong, or a hook, at chosen calls. [OnCall], [OnAction] and
// [EveryCall] choose the calls; the methods say what happens, and may be combined. A fault of
// [OnCall] strikes once, the others always, unless [Fault.Times], [Fault.Throttle] or
// [Fault.ServerError] say how often. A fault that strikes more than once stays with the action that
// it struck first, so that retries of that call meet it again.
//
//	a.Inject(
//		OnCall(3).LoseReply(),
//		OnAction("CreateRole").Throttle(2),
//		EveryCall().Refuse("AccessDenied").Times(5),
//	)
type Fault struct {
	number int    // the call it waits for; zero when any will do
	action string // the action it strikes; empty for all
	times  int    // how often it still strikes; negative for always

	code         string
	lost, hang   bool
	kept         func(reply []byte) []byte // what is left of the reply's body; nil for all of it
	first, after func(Call)
}

// OnCall chooses the k-th call, counted from 1 since the last [Account.Inject] or
// [Account.ResetCalls].
func OnCall(k int) Fault { return Fault{number: k, times: 1} }

// OnAction chooses the calls of one action, such as CreateRole.
func OnAction(name string) Fault { return Fault{action: name, times: -1} }

// EveryCall chooses all calls.
func EveryCall() Fault { return Fault{times: -1} }

// Times limits how often the fault strikes.
func (f Fault) Times(n int) Fault { f.times = n; return f }

// Refuse answers with an error code, such as AccessDenied, or what the service calls it, and the
// call has no effect.
func (f Fault) Refuse(code string) Fault { f.code = code; return f }

// Throttle refuses n times with Throttling, ThrottlingException or Throttled, as the service calls
// it.
func (f Fault) Throttle(n int) Fault { f.code, f.times = throttling, n; return f }

// ServerError refuses n times with status 500 or 503: ServiceFailure of IAM, InternalServiceError
// of Secrets Manager, InternalFailure of STS, InternalError of SNS, ServiceUnavailableException of
// CloudWatch Logs.
func (f Fault) ServerError(n int) Fault { f.code, f.times = serverError, n; return f }

// LoseReply lets the call have its effect and then breaks the connection, which ends without an
// answer: in process the error is io.ErrUnexpectedEOF.
func (f Fault) LoseReply() Fault { f.lost = true; return f }

// EmptyReply lets the call have its effect and answers it with status 200 and no body.
func (f Fault) EmptyReply() Fault { f.kept = func([]byte) []byte { return nil }; return f }

// HalfReply is the same with the first half of the body: a document that breaks off, in a reply
// that is complete as far as HTTP can tell.
func (f Fault) HalfReply() Fault {
	f.kept = func(body []byte) []byte { return body[:len(body)/2] }
	return f
}

// Hang leaves the call without effect and without an answer until the caller gives up.
func (f Fault) Hang() Fault { f.hang = true; return f }

// Before calls a hook when the call has arrived and has had no effect yet. If the hook ends the
// call's context, there will be no effect.
func (f Fault) Before(hook func(Call)) Fault { f.first = hook; return f }

// After calls a hook when the call has had its effect and the answer is not yet out. If the hook
// ends the call's context, there will be no answer.
func (f Fault) After(hook func(Call)) Fault { f.after = hook; return f }

// Inject sets the faults that calls will meet from now on, in place of any set before, and counts
// calls from 1 again. Without arguments it ends all faults.
func (a *Account) Inject(faults ...Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults, a.number = nil, 0
	for _, f := range faults {
		a.faults = append(a.faults, &f)
	}
}

// fate is what all the faults that strike one call do to it.
type fate struct {
	operation
	latency time.Duration
	struck  []Fault
}

// fate gathers the faults that strike the call under way.
func (a *Account) fate(op operation) fate {
	met := fate{operation: op, latency: a.settings.latency}
	if a.settings.latencies != nil {
		met.latency += a.settings.latencies()
	}
	if a.settings.throttled(op, time.Now()) {
		met.struck = append(met.struck, Fault{code: throttling})
	}
	for _, f := range a.faults {
		if f.strikes(a.number, op.action) {
			met.struck = append(met.struck, *f)
		}
	}
	return met
}

func (f *Fault) strikes(number int, action string) bool {
	switch {
	case f.times == 0, f.number > 0 && f.number != number, f.action != "" && f.action != action:
		return false
	case f.number > 0:
		f.number, f.action = 0, action
	}
	if f.times > 0 {
		f.times--
	}
	return true
}

// before is what happens to a call that has arrived: it returns the error with which it ends there,
// if it does.
func (m fate) before(ctx context.Context, call Call) error {
	if m.latency > 0 {
		select {
		case <-time.After(m.latency):
		case <-ctx.Done():
		}
	}
	for _, f := range m.struck {
		if f.first != nil {
			f.first(call)
		}
		if f.hang {
			<-ctx.Done()
		}
	}
	if ctx.Err() != nil {
		return errCanceled
	}
	for _, f := range m.struck {
		if f.code != "" {
			return m.refusal(f.code)
		}
	}
	return nil
}

// after is what happens to a call that has had its effect: its reply may be lost, or a part of its
// body is kept.
func (m fate) after(call Call) (lost bool, kept func([]byte) []byte) {
	kept = func(body []byte) []byte { return body }
	for _, f := range m.struck {
		if f.after != nil {
			f.after(call)
		}
		if f.kept != nil {
			kept = f.kept
		}
		lost = lost || f.lost
	}
	return lost, kept
}

func (m fate) refusal(code string) error {
	if code == throttling {
		return m.refuse(code, "Rate exceeded")
	}
	return m.refuse(code, "Injected fault: %s.", code)
}
