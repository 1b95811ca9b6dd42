package localaws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// A Call is the record of one call that reached the account.
type Call struct {
	Service     string       // iam, sts, secretsmanager, sns or logs
	Action      string       // such as CreateUser
	Resource    string       // the ARN that IAM would authorise against; empty where there is none
	Permissions []Permission // all that IAM would ask the caller to be allowed
	Principal   string       // the caller's ARN, or an access key ID that no user has
	Start, End  time.Time    // End is zero while the call is under way
	Error       string       // the error's code; empty when the call succeeded
	Input       any          // a copy of the SDK's input, secret values replaced by "[redacted]"
}

// Calls returns the calls since the account was made, or the last [Account.ResetCalls], in the
// order in which they began.
func (a *Account) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return each(a.calls, func(c *Call) Call { return *c })
}

// ResetCalls forgets the calls made so far and begins to count anew. Faults stay.
func (a *Account) ResetCalls() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls, a.number = nil, 0
}

// RoundTrips returns the length of the longest chain of calls each of which began after the one
// before it had ended: how often the caller waited for AWS. It is exact where calls have a latency;
// without one, calls that were meant to be parallel may happen to run one after the other.
func RoundTrips(calls []Call) int {
	byEnd := slices.SortedStableFunc(slices.Values(calls), func(a, b Call) int {
		return cmp.Or(a.End.Compare(b.End), a.Start.Compare(b.Start))
	})
	var trips int
	var last time.Time
	for _, c := range byEnd {
		if !c.End.IsZero() && !c.Start.Before(last) {
			trips, last = trips+1, c.End
		}
	}
	return trips
}

// Watch returns a context whose calls are told to watcher as they begin, from many goroutines at
// once. It is for the clients of [Account.Config], whose context reaches the account.
func Watch(ctx context.Context, watcher func(Call)) context.Context {
	return context.WithValue(ctx, watchKey{}, watcher)
}

type watchKey struct{}

// begin records a call and tells what fate the faults have in store for it.
func (a *Account) begin(caller claim, op operation, in fields) (*Call, fate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	record := &Call{
		Service:   op.service,
		Action:    op.action,
		Principal: a.principal(caller),
		Start:     time.Now(),
		Input:     in.redacted(),
	}
	user, _ := a.state.key(caller.id)
	record.Resource = a.resource(user, op, in)
	record.Permissions = a.permissions(op, record.Resource, in)
	a.calls = append(a.calls, record)
	a.number++
	return record, a.fate(op)
}

func (a *Account) end(record *Call, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	record.End = time.Now()
	if refused, ok := errors.AsType[*refusal](err); ok {
		record.Error = refused.code
	}
}
