package localaws

import (
	"context"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// operation is one operation of one service, such as iam CreateUser.
type operation struct{ service, action string }

// reads says that the operation changes nothing.
func (o operation) reads() bool {
	return strings.HasPrefix(o.action, "Get") || strings.HasPrefix(o.action, "List") || strings.HasPrefix(o.action, "Describe")
}

// lists says that the operation answers with a list.
func (o operation) lists() bool { return strings.HasPrefix(o.action, "List") }

// fullName is the operation as policies name it, such as iam:CreateUser.
func (o operation) fullName() string { return o.service + ":" + o.action }

// operationOf tells an operation by its input: iam.CreateUserInput is IAM's CreateUser.
func operationOf(input reflect.Type) operation {
	return operation{path.Base(input.PkgPath()), strings.TrimSuffix(input.Name(), "Input")}
}

// tx is one call that is having its effect, alone in the account.
type tx struct {
	*Account
	operation
	state *state // what the call works on: the present for a write, the replicas' view for a read
	seen  *state // the replicas' view, where a write too must find what it refers to
	now   time.Time

	caller *user // who calls, where it is a user
}

// call is what happens to every call of every front: it is recorded, meets its faults, is authenticated, authorised and
// checked, and has its effect. An effect that returns an error must have changed nothing.
func call[In, Out any](ctx context.Context, f front, in *In, effect func(*tx) (*Out, error)) (*Out, error) {
	op := operationOf(reflect.TypeFor[In]())
	if in == nil {
		in = new(In)
	}
	out, err := attempt(ctx, f, op, in, effect)
	if err != nil {
		return nil, &smithy.OperationError{ServiceID: serviceID(op.service), OperationName: op.action, Err: err}
	}
	return out, nil
}

func attempt[In, Out any](ctx context.Context, f front, op operation, in *In, effect func(*tx) (*Out, error)) (out *Out, err error) {
	if ctx.Err() != nil {
		return nil, &aws.RequestCanceledError{Err: ctx.Err()}
	}
	record, fate := f.account.begin(f.caller, op, in)
	defer func() { f.account.end(record, err) }()
	if watcher, ok := ctx.Value(watchKey{}).(func(Call)); ok {
		watcher(*record)
	}

	if err := fate.before(ctx, *record); err != nil {
		return nil, err
	}
	out, err = enact(f, op, in, effect)
	if lost := fate.after(ctx, *record); lost != nil {
		return nil, lost
	}
	if ctx.Err() != nil {
		return nil, &aws.RequestCanceledError{Err: ctx.Err()}
	}
	return out, err
}

// enact authenticates, authorises and checks a call, and lets it have its effect.
func enact[In, Out any](f front, op operation, in *In, effect func(*tx) (*Out, error)) (*Out, error) {
	a := f.account
	a.mu.Lock()
	defer a.mu.Unlock()

	now := time.Now()
	caller, err := a.authenticate(f.caller, op, now)
	if err != nil {
		return nil, err
	}
	seen := a.replica(now)
	if err := a.authorize(caller, seen, op, in); err != nil {
		return nil, err
	}
	if err := a.validate(op, in); err != nil {
		return nil, err
	}
	work := a.state
	if op.service == "iam" {
		if op.reads() {
			work = seen
		} else {
			a.remember(now)
		}
	}
	out, err := effect(&tx{Account: a, operation: op, state: work, seen: seen, now: now, caller: caller})
	if err == nil && op.lists() {
		showEmptyLists(out)
	}
	return out, err
}

// showEmptyLists makes the lists that found nothing empty instead of absent, as AWS sends them.
func showEmptyLists(out any) {
	for _, field := range reflect.ValueOf(out).Elem().Fields() {
		if field.Kind() == reflect.Slice && field.IsNil() {
			field.Set(reflect.MakeSlice(field.Type(), 0, 0))
		}
	}
}

func serviceID(service string) string {
	switch service {
	case "iam":
		return "IAM"
	case "sts":
		return "STS"
	default:
		return "Secrets Manager"
	}
}
