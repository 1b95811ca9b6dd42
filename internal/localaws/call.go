package localaws

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// operation is one operation of one service, such as iam CreateUser.
type operation struct{ service, action string }

// reads reports whether the operation changes nothing.
func (o operation) reads() bool {
	return strings.HasPrefix(o.action, "Get") || strings.HasPrefix(o.action, "List") || strings.HasPrefix(o.action, "Describe")
}

// fullName is the operation as policies name it, such as iam:CreateUser.
func (o operation) fullName() string { return o.service + ":" + o.action }

// api returns the structures that the SDK has for the operation's input and output.
func (o operation) api() (in, out reflect.Type, ok bool) {
	client := map[string]reflect.Type{
		"iam":            reflect.TypeFor[*iam.Client](),
		"secretsmanager": reflect.TypeFor[*secretsmanager.Client](),
		"sts":            reflect.TypeFor[*sts.Client](),
		"sns":            reflect.TypeFor[*sns.Client](),
		"logs":           reflect.TypeFor[*cloudwatchlogs.Client](),
	}[o.service]
	method, ok := client.MethodByName(o.action)
	if !ok || method.Type.NumIn() < 3 { // such as Options
		return nil, nil, false
	}
	return method.Type.In(2).Elem(), method.Type.Out(0).Elem(), true
}

// effect returns the method of [tx] that has the operation's effect: the one with its name or, of
// what several kinds of entity or credential have, the one that says Entity or Credential in the
// place of the kind.
func (o operation) effect() (method reflect.Method, ok bool) {
	names := []string{o.action}
	for _, kind := range kinds() {
		names = append(names, strings.Replace(o.action, kind.word(), "Entity", 1))
	}
	for _, kind := range []string{"SigningCertificate", "SSHPublicKey", "ServiceSpecificCredential"} {
		names = append(names, strings.Replace(o.action, kind, "Credential", 1))
	}
	for _, name := range names {
		if method, ok = reflect.TypeFor[*tx]().MethodByName(name); ok {
			return method, true
		}
	}
	return method, false
}

// tx is one call that is having its effect, alone in the account.
//
// Its exported methods are the operations; the service's model says which ones there are. A method
// takes what it needs of: the input and the output, which it fills, as the SDK's structures, unless
// it reads and sets their members by name; and what the call is about, such as the user that the
// input names. See arguments. It returns an error, unless it cannot fail. One that returns an error
// must have changed nothing. Each follows its page of
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html or
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html.
type tx struct {
	*Account
	operation
	state *state // what the call works on: the present for a write, the replicas' view for a read
	seen  *state // the replicas' view, where a write too must find what it refers to
	now   time.Time

	in, out   fields // the structures of the SDK
	caller    *user  // who calls, where it is a user
	signedFor string // the Region that the request is signed for
}

// Errors of calls that get no answer.
var (
	errReplyLost = refuse("ReplyLost", "the reply is lost")
	errCanceled  = refuse("Canceled", "the caller has given up")
)

// call is what happens to every call: it is recorded, meets its faults, is authenticated,
// authorized and checked, and has its effect. It returns a structure of the SDK, and what is kept
// of the body that it becomes.
func (a *Account) call(ctx context.Context, who claim, op operation, in fields) (out reflect.Value, kept func([]byte) []byte, err error) {
	if ctx.Err() != nil {
		return out, nil, errCanceled
	}
	record, fate := a.begin(who, op, in)
	defer func() { a.end(record, err) }()
	if watcher, ok := ctx.Value(watchKey{}).(func(Call)); ok {
		watcher(*record)
	}

	if err := fate.before(ctx, *record); err != nil {
		return out, nil, err
	}
	out, err = a.enact(who, op, in)
	lost, kept := fate.after(*record)
	switch {
	case lost:
		return out, nil, errReplyLost
	case ctx.Err() != nil:
		return out, nil, errCanceled
	}
	return out, kept, err
}

// enact authenticates, authorizes and checks a call, and lets it have its effect.
func (a *Account) enact(who claim, op operation, in fields) (out reflect.Value, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()

	now := time.Now()
	caller, err := a.authenticate(who, op, now)
	if err != nil {
		return out, err
	}
	seen := a.replica(now)
	if err := a.authorize(caller, seen, op, in); err != nil {
		return out, err
	}
	if err := a.validate(op, in.Value); err != nil {
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
	effect, _ := op.effect()
	_, output, _ := op.api()
	out = reflect.New(output).Elem()
	tx := &tx{
		Account: a, operation: op, state: work, seen: seen, now: now,
		in: in, out: fields{out}, caller: caller, signedFor: who.region,
	}
	arguments, err := tx.arguments(effect.Type)
	if err != nil {
		return out, err
	}
	for _, result := range effect.Func.Call(arguments) {
		if err, failed := reflect.TypeAssert[error](result); failed {
			return out, err
		}
	}
	return out, tx.cut()
}
