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
)

// Account makes, keeps and removes the entities. It keeps no state between calls.
type Account struct {
	config aws.Config
	log    *slog.Logger
}

// New returns an Account that works with the credentials and the endpoint of config, and logs each
// plan before it carries it out. Calls that AWS throttles are repeated with backoff for as long as
// the context lasts, and those that fail on its side or on the way there a few times.
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

// Ensure brings the desired state about, whatever part of it stands already. The error is a
// [*spec.RefusedError], with nothing touched; or else what AWS answered, with the account somewhere
// on the way. From there Ensure goes on, and Clear cleans up.
func (a *Account) Ensure(ctx context.Context, desired plan.Desired) (Result, error) {
	r := a.ensuring(desired)
	if desired.Update && !desired.Event.IsZero() {
		r.watch, r.wrote.tagLag = glance, glance
	}
	err := r.converge(ctx)
	if errors.Is(err, errOvertaken) && !desired.Update {
		_, cleared := a.Clear(ctx, plan.Removal{Desired: desired, Undo: true}, 0)
		// The user may be given back by now, so that Clear leaves its keys.
		err = errors.Join(err, cleared, r.deleteKey(ctx, r.wrote.made.KeyID))
	}
	if err != nil {
		return Result{}, err
	}
	result := Result{
		AccessKeyID: cmp.Or(r.keyID, r.wrote.made.KeyID), AccessKeySecretARN: r.secretARN(plan.KeySecret), Notices: r.notices,
	}
	if desired.Spec.ConsoleLogin {
		result.ConsoleSecretARN = r.secretARN(plan.ConsoleSecret)
	}
	return result, nil
}

// Preview plans what Ensure would do now, and changes nothing. The errors are those of Ensure. The
// stages beside one are what would be done without it.
func (a *Account) Preview(ctx context.Context, desired plan.Desired) (plan.Plan, error) {
	return a.ensuring(desired).preview(ctx)
}

// Inspect plans like Preview. Beside the plan it returns what it saw, which is all that hangs on
// the entities, with the last use of the user's keys: also where the error is a
// [*spec.RefusedError]. It takes two round trips; one more if reads made side by side show what
// cannot be.
func (a *Account) Inspect(ctx context.Context, desired plan.Desired) (*plan.Observed, plan.Plan, error) {
	r := a.ensuring(desired)
	r.hung, r.uses = true, true
	p, err := r.preview(ctx)
	return r.seen, p, err
}

func (r *run) preview(ctx context.Context) (p plan.Plan, err error) {
	err = repeated(ctx, Courtesy, isStale, func(ctx context.Context) (err error) {
		p, err = r.look(ctx)
		return err
	})
	return p, err
}

// Clear removes all that the owner owns under the names, with all that hangs on it, and reports
// whether there was anything. It returns when nothing has turned up for as long as watch: a Create
// may still be running.
func (a *Account) Clear(ctx context.Context, removal plan.Removal, watch time.Duration) (found bool, err error) {
	r := a.run(removal.Desired)
	r.hung, r.expected, r.watch = true, true, watch
	r.plan = func() (plan.Plan, error) {
		removal.Begun = r.found
		return plan.Clear(removal, r.seen)
	}
	err = r.converge(ctx)
	return r.found, err
}

// Courtesy is after what time a run looks again where another one may still be at work: when what
// the other one does at a time is done, it sees that a newer event has begun.
const Courtesy = 10 * time.Second

// glance is after what time an Update looks once more. It may be the roll-back of an update that
// was only about to begin its work.
const glance = 2 * time.Second

func (a *Account) run(desired plan.Desired) *run {
	return &run{
		observer: observer{
			desired: desired, iam: iam.NewFromConfig(a.config), secrets: secretsmanager.NewFromConfig(a.config),
		},
		config: a.config, log: a.log,
		wrote: writes{tagLag: lag, entities: map[plan.Ref]time.Time{}, arns: map[plan.Ref]string{}},
	}
}

// ensuring is the run of an Ensure.
func (a *Account) ensuring(desired plan.Desired) *run {
	r := a.run(desired)
	r.expected, r.documents = desired.Update, true
	r.plan = func() (plan.Plan, error) {
		if desired.Cancels(r.seen) {
			r.watch = Courtesy
		}
		if err := r.wrote.overlay(r.seen, desired); err != nil {
			return plan.Plan{}, err
		}
		return plan.Ensure(desired, r.seen)
	}
	return r
}

// run is one call of Ensure, Preview or Clear.
type run struct {
	observer
	config aws.Config
	log    *slog.Logger
	plan   func() (plan.Plan, error)

	seen  *plan.Observed
	keyID string        // the current key, as the newest plan has it
	found bool          // whether there was ever anything to do
	watch time.Duration // for how long nothing more must have been found at the end

	mu      sync.Mutex // guards what follows while steps run side by side
	wrote   writes
	notices []string
}

// note changes what the run remembers.
func (r *run) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// notice keeps what people are to be told, once.
func (r *run) notice(texts ...string) {
	r.note(func() {
		for _, text := range texts {
			if !slices.Contains(r.notices, text) {
				r.notices = append(r.notices, text)
			}
		}
	})
}

// secretARN is the ARN of a secret that was seen, or that this run made.
func (r *run) secretARN(slot plan.Slot) string {
	if secret := r.seen.In(slot); secret != nil {
		return secret.ARN
	}
	return r.wrote.arns[slot.Ref(r.desired.Spec.Names)]
}

// look observes the account and plans what to do. It reads more as long as the plan asks for it.
func (r *run) look(ctx context.Context) (plan.Plan, error) {
	r.seen = &plan.Observed{At: time.Now()}
	err := r.observe(ctx, r.seen, plan.Slots()...)
	for err == nil {
		var p plan.Plan
		p, err = r.plan()
		if len(p.Ask)+len(p.Again) == 0 {
			return p, err
		}
		user := r.seen.In(plan.User)
		err = parallel(ctx,
			func(ctx context.Context) error { return r.ask(ctx, user, p.Ask) },
			func(ctx context.Context) error { return r.observe(ctx, r.seen, p.Again...) })
	}
	return plan.Plan{}, err
}

// rounds is how often a run observes, plans and applies before it gives up on an account that is
// never what it was a moment ago. With the pauses between them the rounds take half a minute.
const rounds = 10

// converge plans and applies, and begins anew if the account turns out to be another than was
// observed. Then it ends only when a new plan is empty. It does so too where entities may be
// adopted: of two concurrent runs, AWS refuses the second one that makes an entity, but not one that
// adopts it. At its end nothing must have been found to do for as long as the run watches.
func (r *run) converge(ctx context.Context) error {
	worked, again := time.Now(), r.desired.Spec.Adopt
	for round := 1; ; round++ {
		p, err := r.look(ctx)
		if err == nil {
			r.keyID = p.KeyID
			if !p.Empty() {
				r.found, worked = true, time.Now()
			}
			r.logPlan(ctx, p)
			r.notice(p.Notices...)
			err = r.apply(ctx, p)
		}
		pause := min(time.Duration(round*round)*500*time.Millisecond, 5*time.Second)
		ends := p.Empty() || !again || round == rounds
		switch {
		case err != nil && (round == rounds || !lookAgain(err) || ctx.Err() != nil):
			return err
		case err != nil:
			again = true
			r.log.WarnContext(ctx, "the account is not as it was observed; observing anew", "round", round, "error", err)
		case ends && time.Since(worked) >= r.watch:
			return nil
		case ends:
			round, again, pause = 0, false, r.watch
		}
		if pauseErr := awscall.Pause(ctx, pause); pauseErr != nil {
			return cmp.Or(err, pauseErr) // whoever set the deadline knows that the time was up
		}
	}
}

// apply carries the stages out in order, the steps of a stage side by side. All steps of a stage
// are carried out even where one fails: what is half done is what the next plan finds. Beside each
// stage but the last it looks whether a newer event has begun, and stops if so.
func (r *run) apply(ctx context.Context, p plan.Plan) error {
	for i, stage := range p.Stages {
		var steps []call
		if i < len(p.Stages)-1 && r.documents && !r.desired.Event.IsZero() {
			steps = append(steps, r.newer)
		}
		for _, step := range stage {
			once := func(ctx context.Context) error { return r.carryOut(ctx, step) }
			steps = append(steps, func(ctx context.Context) error {
				err := settled(ctx, func(ctx context.Context) error { return awscall.Guarded(ctx, once) })
				if err != nil {
					return fmt.Errorf("%s: %w", step, err)
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
	user, err := r.bare(ctx, plan.User)
	if err != nil {
		return err
	}
	return plan.Overtaken(user, r.desired.Owner, r.desired.Event)
}

// logPlan writes the plan as data, a line each time.
func (r *run) logPlan(ctx context.Context, p plan.Plan) {
	stages := make([][]map[string]string, len(p.Stages))
	for i, stage := range p.Stages {
		for _, step := range stage {
			stages[i] = append(stages[i], map[string]string{"effect": plan.Effect(step), "step": step.String()})
		}
	}
	r.log.InfoContext(ctx, "plan", "stages", stages, "notices", p.Notices)
}
