// Package watch looks whether an account still is as its stack says, and tells people when that
// changes. It changes nothing: what an Update would do is what account.Inspect plans.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"redis-cloud-iam/internal/account"
	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// Watcher looks at the account that its configuration has credentials for.
type Watcher struct {
	account  *account.Account
	config   aws.Config
	settings Settings
	out      io.Writer
}

// New returns a Watcher that writes its reports to out, which must be the standard output of the
// Lambda function: that is also what it remembers by.
func New(config aws.Config, settings Settings, out io.Writer, log *slog.Logger) *Watcher {
	return &Watcher{account.New(config, log), awscall.Configure(config), settings, out}
}

// Run is one run: it looks, tells people if they must know, and writes the report. If any of that
// fails, so does the run, nothing is reported, and Lambda repeats it.
//
// A message is sent before the report says so. So a run that dies in between sends it once more,
// and none is lost.
func (w *Watcher) Run(ctx context.Context, event json.RawMessage) error {
	return guarded(func() error {
		o, err := parse(w.settings, event)
		if err != nil {
			return fmt.Errorf("the watcher cannot begin: %w", err)
		}
		r, told, err := w.look(ctx, o)
		if err != nil {
			return fmt.Errorf("nothing is known about stack %s: %w", o.stackName, err)
		}
		if m := r.tell(o, told); m.text != "" {
			if err := w.publish(ctx, o, m); err != nil {
				return fmt.Errorf("tell people about stack %s: %w", o.stackName, err)
			}
		}
		return r.write(w.out, o)
	})
}

// look observes the account and, beside it, reads what people have been told of.
func (w *Watcher) look(ctx context.Context, o order) (report, memory, error) {
	var told memory
	var remembering error
	done := make(chan struct{})
	go func() {
		defer close(done)
		remembering = guarded(func() (err error) {
			told, err = remember(ctx, cloudwatchlogs.NewFromConfig(w.config), o)
			return err
		})
	}()
	r, err := w.inspect(ctx, o)
	<-done
	return r, told, errors.Join(err, remembering)
}

// inspect compares the account with the stack. A run of the provisioner may still be at work while
// the newest event that it has begun is young. So it waits until that is over and looks again: what
// an Update is about to do is no drift. Then people are not told of what it finds: its own event may
// be older than the update, and have the properties of before it.
func (w *Watcher) inspect(ctx context.Context, o order) (report, error) {
	for waited := false; ; waited = true {
		seen, p, err := w.account.Inspect(ctx, o.Desired)
		refused, asked := refusalOf(err)
		if err != nil && !asked {
			return report{}, err
		}
		rest := plan.LambdaTimeout - time.Since(newestEvent(seen, o.Owner))
		if rest <= 0 {
			r := find(o, seen, p, refused)
			r.silent = waited
			return r, nil
		}
		if err := awscall.Pause(ctx, rest); err != nil {
			return report{}, fmt.Errorf("wait for the end of an update: %w", err)
		}
	}
}

// newestEvent is when CloudFormation sent the newest event that the owner has begun; zero if that is
// not known.
func newestEvent(seen *plan.Observed, owner string) time.Time {
	user := seen.In(plan.User)
	if user == nil || user.Claim.Owner != owner && user.Claim.Adopter != owner {
		return time.Time{}
	}
	return user.Claim.Event
}

// refusal is why an Update would be refused, and what to do.
type refusal struct {
	reasons []string
	remedy  string
}

// refusalOf tells an error by which the plan refuses an Update from one of a look that failed.
func refusalOf(err error) (r refusal, ok bool) {
	if conflict, ok := errors.AsType[*spec.ConflictError](err); ok {
		return refusal{conflict.Conflicts, conflict.Remedy}, true
	}
	if invalid, ok := errors.AsType[*spec.InvalidError](err); ok {
		return refusal{invalid.Faults, invalid.Remedy}, true
	}
	return refusal{}, false
}

// publish sends a message to the topic, in the topic's own Region.
func (w *Watcher) publish(ctx context.Context, o order, m message) error {
	client := sns.NewFromConfig(w.config, func(options *sns.Options) { options.Region = o.region })
	out, err := client.Publish(ctx, &sns.PublishInput{TopicArn: &o.topic, Subject: &m.subject, Message: &m.text})
	if err == nil && aws.ToString(out.MessageId) == "" {
		// "When a messageId is returned, the message is saved":
		// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
		err = &awscall.BrokenReplyError{Is: "has no message ID"}
	}
	return err
}

// guarded makes a panic an error, which ends the run and not the process. It quotes the runtime's
// own errors alone.
func guarded(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("internal error (panic of type %T)", value)
			if of, ok := value.(runtime.Error); ok {
				err = fmt.Errorf("internal error (%w)", of)
			}
		}
	}()
	return do()
}
