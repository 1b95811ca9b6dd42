// Package watch checks whether an account still is as its stack says, and sends a message when that
// changes. It changes nothing: account.Inspect plans what an Update would do.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"redis-cloud-iam/internal/account"
	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// Watcher checks the account of its configuration's credentials.
type Watcher struct {
	account  *account.Account
	config   aws.Config
	settings Settings
	out      io.Writer
}

// New returns a Watcher that writes its reports to out. That must be the standard output of the
// Lambda function, since the function's log is what the Watcher remembers by.
func New(config aws.Config, settings Settings, out io.Writer, log *slog.Logger) *Watcher {
	return &Watcher{account.New(config, log), awscall.Configure(config), settings, out}
}

// Run is one run: it compares the account with the stack, sends a message if there is news, and
// writes the report. If any of that fails, the run fails without a report, and Lambda repeats it.
// The message is sent before the report is written. So if a run dies in between, the message is
// sent twice, and none is lost.
func (w *Watcher) Run(ctx context.Context, event json.RawMessage) error {
	if deadline, ok := ctx.Deadline(); ok { // when Lambda kills the process, and nothing says why
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-10*time.Second))
		defer cancel()
	}
	return awscall.Guarded(ctx, func(ctx context.Context) error {
		o, err := parse(w.settings, event)
		if err != nil {
			return fmt.Errorf("the watcher cannot begin: %w", err)
		}
		r, told, err := w.look(ctx, o)
		if err != nil {
			return fmt.Errorf("nothing is known about stack %s: %w", o.stackName, err)
		}
		if subject, text := r.tell(o, told); text != "" {
			if err := w.publish(ctx, o, subject, text); err != nil {
				return fmt.Errorf("tell people about stack %s: %w", o.stackName, err)
			}
		}
		return r.write(w.out, o)
	})
}

// look observes the account and, at the same time, reads what was reported before.
func (w *Watcher) look(ctx context.Context, o order) (r report, told []string, err error) {
	read := make(chan error, 1)
	go func() {
		read <- awscall.Guarded(ctx, func(ctx context.Context) (err error) {
			told, err = remember(ctx, cloudwatchlogs.NewFromConfig(w.config), o)
			return err
		})
	}()
	r, err = w.inspect(ctx, o)
	return r, told, errors.Join(err, <-read)
}

// inspect compares the account with the stack. For LambdaTimeout after CloudFormation sent the
// newest event, the provisioner's first attempt may still be running, and what it is about to
// change would look like drift. So inspect waits until that attempt is over, and looks again. Such
// a run sends no message: its event may be older than the update, with the properties from before
// it. An attempt that Lambda repeats may run later, and inspect does not wait for it.
func (w *Watcher) inspect(ctx context.Context, o order) (report, error) {
	for waited := false; ; waited = true {
		seen, p, err := w.account.Inspect(ctx, o.Desired)
		refused, ok := errors.AsType[*spec.RefusedError](err)
		if err != nil && !ok {
			return report{}, err
		}
		var newest time.Time // event
		if user := seen.In(plan.User); user != nil && user.Claim.Owner == o.Owner {
			newest = user.Claim.Event
		}
		rest := plan.LambdaTimeout - time.Since(newest)
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

// publish sends a message to the topic, in the topic's own Region. "When a messageId is returned,
// the message is saved": https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (w *Watcher) publish(ctx context.Context, o order, subject, text string) error {
	client := sns.NewFromConfig(w.config, func(options *sns.Options) { options.Region = strings.Split(o.TopicARN, ":")[3] })
	out, err := client.Publish(ctx, &sns.PublishInput{TopicArn: &o.TopicARN, Subject: &subject, Message: &text})
	if err == nil && aws.ToString(out.MessageId) == "" {
		return &awscall.BrokenReplyError{Is: "has no message ID"}
	}
	return err
}
