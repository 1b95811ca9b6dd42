package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// applier carries plans out and keeps what this run has made.
type applier struct {
	observer
	config  aws.Config
	desired Desired // the account alone when removing

	mu        sync.Mutex
	created   map[Entity]time.Time // what this run has made, and when
	made      *madeKey             // stored in the secret; nil until then
	proven    bool                 // whether AWS has accepted it
	secretARN string               // of the secret that this run made
	notices   []string

	kept       map[string]bool // the keys that it has remembered on the user; nil until then
	password   string          // the version of the console password that it has set
	consoleARN string          // of the console secret that it made
}

// madeKey is an access key that this run made. Its secret is kept to prove the key, and shown nowhere.
type madeKey struct {
	id     string
	secret Sensitive
	since  time.Time
}

// lag is for how long IAM may not show what was made.
const lag = 15 * time.Second

// memory is what this run has done, as a plan must know it.
func (a *applier) memory() memory {
	m := memory{kept: a.kept, password: a.password}
	if a.made != nil {
		m.key = ownKey{id: a.made.id, fresh: time.Since(a.made.since) < lag, proven: a.proven}
	}
	return m
}

// errOvertaken is the error of a run whose work is removed while it is at it.
var errOvertaken = errors.New("it was removed while it was being made, so a removal seems to run beside this")

// overtaken reports whether a plan would make an entity that this run has made already. IAM may not show it
// for some seconds, and then it is a surprise. If it still is not there after that, somebody has removed it: to
// make it again would leave it behind when a stack is deleted that is still being created.
func (a *applier) overtaken(plan Plan) error {
	for _, stage := range plan.Stages {
		for _, step := range stage {
			made, ok := a.created[creates(step)]
			switch {
			case !ok:
			case time.Since(made) < lag:
				return surprise{fmt.Errorf("%s: it was made a moment ago and is not seen yet", step)}
			default:
				return fmt.Errorf("%s: %w", step, errOvertaken)
			}
		}
	}
	return nil
}

// creates names the entity that a step makes, or none.
func creates(step Step) Entity {
	switch s := step.(type) {
	case CreatePolicy:
		return Entity{KindPolicy, s.Name}
	case CreateRole:
		return Entity{KindRole, s.Name}
	case CreateProfile:
		return Entity{KindProfile, s.Name}
	case CreateUser:
		return Entity{KindUser, s.Name}
	default:
		return Entity{}
	}
}

// apply carries the stages out in order, the steps of a stage side by side. All steps of a stage are
// carried through even where one fails: what is half done is what the next plan finds.
func (a *applier) apply(ctx context.Context, plan Plan) error {
	for _, stage := range plan.Stages {
		steps := make([]func(context.Context) error, len(stage))
		for i, step := range stage {
			steps[i] = func(ctx context.Context) error {
				once := func(ctx context.Context) error { return step.apply(ctx, a) }
				if err := settled(ctx, func() error { return guarded(ctx, once) }); err != nil {
					return about(step.String(), err)
				}
				if entity := creates(step); entity != (Entity{}) {
					a.mu.Lock()
					defer a.mu.Unlock()
					a.created[entity] = time.Now()
				}
				return nil
			}
		}
		if err := parallel(ctx, steps...); err != nil {
			return err
		}
	}
	return nil
}

// settled gives IAM the moments that it may need until a step meets what the steps before it did: a user
// made a second ago may not be found yet, a role may still seem to hold what was just taken from it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func settled(ctx context.Context, do func() error) error {
	const attempts = 4
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == attempts || !settling(err) {
			return err
		}
		if pauseErr := pause(ctx, time.Duration(attempt*attempt)*200*time.Millisecond); pauseErr != nil {
			return err
		}
	}
}

// settling reports whether AWS answered with an error that may pass by itself.
func settling(err error) bool {
	return hasCode(err, "NoSuchEntity", "DeleteConflict", "ConcurrentModification", "EntityTemporarilyUnmodifiable")
}

// changed reports whether AWS answered with an error that says that the account is not, or no longer, what the
// plan was made for. That the call is not permitted is among them: the permissions of the function's role may be
// seconds old, as the entities are, and reach some parts of AWS before others.
func changed(err error) bool {
	return settling(err) || denied(err) || hasCode(err,
		"EntityAlreadyExists", "ResourceExistsException", "ResourceNotFoundException", "InvalidRequestException")
}

// denied reports whether AWS answered that the call is not permitted.
func denied(err error) bool { return hasCode(err, "AccessDenied") }

// surprise marks an error after which the account must be observed anew.
type surprise struct{ error }

func (s surprise) Unwrap() error { return s.error }

// surprising reports whether a new observation and a new plan may get past the error: all that went wrong
// must be of that kind.
func surprising(err error) bool {
	if several, ok := errors.AsType[severalErrors](err); ok {
		for _, one := range several {
			if !surprising(one) {
				return false
			}
		}
		return true
	}
	_, ok := errors.AsType[surprise](err)
	return ok || changed(err)
}

// hasCode reports whether AWS answered with one of the error codes.
func hasCode(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	return slices.ContainsFunc(codes, func(code string) bool {
		return api.ErrorCode() == code || api.ErrorCode() == code+"Exception"
	})
}

// pause waits, or returns the error of a context that ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
