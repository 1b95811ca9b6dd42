package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// Account makes, keeps and removes the entities. It keeps no state between calls.
type Account struct {
	config aws.Config
	log    *slog.Logger
}

// New returns an Account that works with the credentials and the endpoint of config, and logs each plan
// before it carries it out. Calls that AWS throttles are repeated with backoff for as long as the context
// lasts, and those that fail on its side or on the way there a few times.
func New(config aws.Config, log *slog.Logger) *Account {
	return &Account{awscall.Configure(config), log}
}

// Result says what stands after [Account.Ensure]. It holds no secret.
type Result struct {
	AccessKeyID        string
	AccessKeySecretARN string
	ConsoleSecretARN   string   // "" if the user has no console password
	Notices            []string // tell people what was found and deliberately left as it is
}

// Ensure brings the desired state about, whatever part of it stands already. The errors are
// [*spec.ConflictError] and [*spec.InvalidError], with nothing touched; else what AWS answered, with the
// account somewhere on the way. From there Ensure goes on, and Clear cleans up.
func (a *Account) Ensure(ctx context.Context, desired plan.Desired) (Result, error) {
	r := a.run(desired.Account, desired.Spec.Names)
	r.desired, r.expected = desired, desired.Update
	r.readers = desired.ReadersMatter
	var (
		seen  *plan.Observed
		last  plan.Plan
		watch time.Duration
	)
	err := r.watching(ctx, &watch, func() (plan.Plan, error) {
		seen = now()
		err := r.observe(ctx, seen, plan.Slots()...)
		if err == nil && desired.Cancels(seen) {
			watch = Courtesy
		}
		if err == nil {
			err = r.observe(ctx, seen, plan.Doubtful(desired, seen)...)
		}
		if err == nil {
			err = r.wrote.overlay(seen, desired.Spec.Names)
		}
		if err == nil {
			last, err = r.asking(ctx, seen, func() (plan.Plan, error) { return plan.Ensure(desired, seen) })
		}
		if last.Idle && desired.Update {
			watch = max(watch, glance)
		}
		return last, err
	})
	if errors.Is(err, errOvertaken) && !desired.Update {
		own := plan.Removal{Names: desired.Spec.Names, Account: desired.Account, Owner: desired.Owner, Undo: true}
		_, cleared := a.Clear(ctx, own, 0)
		err = errors.Join(err, cleared)
	}
	if err != nil {
		return Result{}, err
	}
	result := Result{AccessKeyID: last.KeyID, Notices: r.notices}
	if result.AccessKeyID == "" {
		result.AccessKeyID = r.wrote.made.KeyID
	}
	result.AccessKeySecretARN = r.secretARN(seen, plan.KeySecret)
	if desired.Spec.ConsoleLogin {
		result.ConsoleSecretARN = r.secretARN(seen, plan.ConsoleSecret)
	}
	return result, nil
}

// Clear removes all that the owner owns under the names, with all that hangs on it, and reports whether
// there was anything. It returns when nothing has turned up for as long as watch: a Create may still be
// running.
func (a *Account) Clear(ctx context.Context, removal plan.Removal, watch time.Duration) (found bool, err error) {
	r := a.run(removal.Account, removal.Names)
	r.removal, r.expected = true, true
	err = r.watching(ctx, &watch, func() (plan.Plan, error) {
		seen := now()
		if err := r.observe(ctx, seen, plan.Slots()...); err != nil {
			return plan.Plan{}, err
		}
		p, err := r.asking(ctx, seen, func() (plan.Plan, error) { return plan.Clear(removal, seen) })
		found = found || !p.Empty()
		return p, err
	})
	return found, err
}

// Courtesy is for how long a run looks again when another one may still be at work: when what the other one
// does at a time is done, it sees that a newer event has begun.
const Courtesy = 10 * time.Second

// glance is after what time an Update looks once more that has found nothing to do. It may be the roll-back
// of an update that is only about to begin its work.
const glance = 2 * time.Second

// watching converges until nothing has been found to do for as long as watch.
func (r *run) watching(ctx context.Context, watch *time.Duration, makePlan func() (plan.Plan, error)) error {
	last := time.Now()
	noting := func() (plan.Plan, error) {
		p, err := makePlan()
		if !p.Empty() {
			last = time.Now()
		}
		return p, err
	}
	for {
		if err := r.converge(ctx, noting); err != nil || time.Since(last) >= *watch {
			return err
		}
		if err := awscall.Pause(ctx, glance); err != nil {
			return err
		}
	}
}

func (a *Account) run(account spec.Account, names spec.Names) *run {
	return &run{
		observer: observer{account: account, names: names, iam: iam.NewFromConfig(a.config), secrets: secretsmanager.NewFromConfig(a.config)},
		config:   a.config, log: a.log,
	}
}

// run is one call of Ensure or Clear.
type run struct {
	observer
	config  aws.Config
	log     *slog.Logger
	desired plan.Desired // of an Ensure
	wrote   writes

	mu      sync.Mutex
	notices []string
}

// notice keeps what people are to be told, once.
func (r *run) notice(texts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range texts {
		if !slices.Contains(r.notices, text) {
			r.notices = append(r.notices, text)
		}
	}
}

// secretARN is the ARN of a secret that was seen, or that this run made.
func (r *run) secretARN(seen *plan.Observed, slot plan.Slot) string {
	if secret := seen.In(slot); secret != nil {
		return secret.ARN
	}
	return r.wrote.arn(slot.Ref(r.names))
}

// asking plans, and reads the last use of keys as long as the plan asks for it. A key is stored before it is
// used. So if one was used and no secret held it, the secret is read again.
func (r *run) asking(ctx context.Context, seen *plan.Observed, make func() (plan.Plan, error)) (plan.Plan, error) {
	for {
		p, err := make()
		if err != nil || len(p.Ask) == 0 {
			return p, err
		}
		if err := r.ask(ctx, seen.In(plan.User), p.Ask); err != nil {
			return plan.Plan{}, err
		}
		if seen.UsedUnstored(p.Ask) {
			if err := r.observe(ctx, seen, plan.KeySecret); err != nil {
				return plan.Plan{}, err
			}
		}
	}
}

// rounds is how often a run observes, plans and applies before it gives up on an account that is never what
// it was a moment ago. With the pauses between them the rounds take half a minute.
const rounds = 10

// converge plans and applies, and begins anew if the account turns out to be another than was observed. Then
// it ends only when a new plan is empty.
func (r *run) converge(ctx context.Context, makePlan func() (plan.Plan, error)) error {
	again := false
	for round := 1; ; round++ {
		p, err := makePlan()
		if err == nil {
			r.logPlan(ctx, p)
			r.notice(p.Notices...)
			err = r.apply(ctx, p)
		}
		switch {
		case err == nil && (p.Empty() || p.Next == plan.Done || p.Next == plan.Stop && !again):
			return nil
		case err != nil && (round == rounds || !lookAgain(err) || ctx.Err() != nil):
			return err
		case err == nil && round >= rounds && p.Next == plan.LookAgain:
			return fmt.Errorf("the adoption does not come to its end: after each change there is again something to be done, such as to %s", p.Stages[0][0])
		case err == nil && round >= rounds:
			return nil
		}
		again = true
		if err != nil {
			r.log.WarnContext(ctx, "the account is not as it was observed; observing anew", "round", round, "error", err)
		}
		if pauseErr := awscall.Pause(ctx, min(time.Duration(round*round)*500*time.Millisecond, 5*time.Second)); pauseErr != nil {
			return cmp.Or(err, pauseErr) // whoever set the deadline knows that the time was up
		}
	}
}

// apply carries the stages out in order, the steps of a stage side by side. All steps of a stage are carried
// out even where one fails: what is half done is what the next plan finds. Beside each stage but the last it
// looks whether a newer event has begun, and stops if so.
func (r *run) apply(ctx context.Context, p plan.Plan) error {
	for i, stage := range p.Stages {
		var steps []func(context.Context) error
		if i < len(p.Stages)-1 && !r.desired.Event.IsZero() {
			steps = append(steps, r.newer)
		}
		for _, step := range stage {
			steps = append(steps, func(ctx context.Context) error {
				once := func(ctx context.Context) error { return r.carryOut(ctx, step) }
				if err := settled(ctx, func() error { return guarded(ctx, once) }); err != nil {
					return about(step.String(), err)
				}
				return nil
			})
		}
		if err := parallel(ctx, steps...); err != nil {
			return err
		}
	}
	return nil
}

// newer is the error that a newer event has begun.
func (r *run) newer(ctx context.Context) error {
	user := reading{observer: &r.observer, name: r.names.User, entity: &plan.Entity{}}
	if err := user.user(ctx); err != nil {
		return err
	}
	return plan.Overtaken(user.entity, r.desired.Owner, r.desired.Event)
}

// logPlan writes the plan as data, a line each time.
func (r *run) logPlan(ctx context.Context, p plan.Plan) {
	type change struct {
		Effect string `json:"effect"`
		Step   string `json:"step"`
	}
	stages := make([][]change, len(p.Stages))
	for i, stage := range p.Stages {
		for _, step := range stage {
			stages[i] = append(stages[i], change{plan.Effect(step), step.String()})
		}
	}
	r.log.InfoContext(ctx, "plan", "stages", stages, "notices", p.Notices)
}
