package localaws

import (
	"context"
	"errors"
	"path"
	"reflect"
	"strings"
	"time"
)

// operation is one operation of one service, such as iam CreateUser.
type operation struct{ service, action string }

// reads reports whether the operation changes nothing.
func (o operation) reads() bool {
	return strings.HasPrefix(o.action, "Get") || strings.HasPrefix(o.action, "List") || strings.HasPrefix(o.action, "Describe")
}

// fullName is the operation as policies name it, such as iam:CreateUser.
func (o operation) fullName() string { return o.service + ":" + o.action }

// operationOf is the operation that takes an input: iam.CreateUserInput is that of IAM's
// CreateUser.
func operationOf(input reflect.Type) operation {
	return operation{path.Base(input.PkgPath()), strings.TrimSuffix(input.Name(), "Input")}
}

// tx is one call that is having its effect, alone in the account.
//
// Its methods that take an input of the SDK are the operations. A method has the operation's name.
// After the input it takes what the call is about, such as the user that the input names: see
// subjects. It returns the SDK's output and an error, or an error alone where the output holds
// nothing. One that returns an error must have changed nothing. Each follows its page of
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html or
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html.
type tx struct {
	*Account
	operation
	state *state // what the call works on: the present for a write, the replicas' view for a read
	seen  *state // the replicas' view, where a write too must find what it refers to
	now   time.Time

	caller *user // who calls, where it is a user
}

// effect returns the method that has an operation's effect.
func (o operation) effect() (effect reflect.Method, ok bool) {
	effect, ok = reflect.TypeFor[*tx]().MethodByName(o.action)
	if !ok || effect.Type.NumIn() < 2 || effect.Type.In(1).Kind() != reflect.Pointer {
		return effect, false
	}
	return effect, operationOf(effect.Type.In(1).Elem()) == o
}

// Errors of calls that get no answer.
var (
	errReplyLost = errors.New("the reply is lost")
	errCanceled  = errors.New("the caller has given up")
)

// reply is what a call answers with.
type reply struct {
	out  reflect.Value       // a pointer to a structure of the SDK, or nothing
	kept func([]byte) []byte // what is left of the body; nil for all of it
}

// call is what happens to every call: it is recorded, meets its faults, is authenticated,
// authorized and checked, and has its effect.
func (a *Account) call(ctx context.Context, who claim, op operation, effect reflect.Method, in reflect.Value) (r reply, err error) {
	if ctx.Err() != nil {
		return r, errCanceled
	}
	record, fate := a.begin(who, op, in.Interface())
	defer func() { a.end(record, err) }()
	if watcher, ok := ctx.Value(watchKey{}).(func(Call)); ok {
		watcher(*record)
	}

	if err := fate.before(ctx, *record); err != nil {
		return r, err
	}
	r.out, err = a.enact(who, op, effect, in)
	var lost bool
	if lost, r.kept = fate.after(*record); lost {
		return r, errReplyLost
	}
	if ctx.Err() != nil {
		return r, errCanceled
	}
	return r, err
}

// enact authenticates, authorizes and checks a call, and lets it have its effect.
func (a *Account) enact(who claim, op operation, effect reflect.Method, in reflect.Value) (out reflect.Value, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()

	now := time.Now()
	caller, err := a.authenticate(who, op, now)
	if err != nil {
		return out, err
	}
	seen := a.replica(now)
	if err := a.authorize(caller, seen, op, in.Interface()); err != nil {
		return out, err
	}
	if err := a.validate(op, in.Elem()); err != nil {
		return out, err
	}
	work := a.state
	if op.service == "iam" {
		if op.reads() {
			work = seen
		} else {
			a.remember(now)
		}
	}
	tx := &tx{Account: a, operation: op, state: work, seen: seen, now: now, caller: caller}
	subjects, err := tx.subjects(effect, in.Interface())
	if err != nil {
		return out, err
	}
	results := effect.Func.Call(append([]reflect.Value{reflect.ValueOf(tx), in}, subjects...))
	if err, failed := reflect.TypeAssert[error](results[len(results)-1]); failed {
		return out, err
	}
	if len(results) == 1 {
		return out, nil
	}
	return results[0], a.cut(op, in.Elem(), results[0].Elem())
}
