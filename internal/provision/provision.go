package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Provisioner makes, keeps and removes the entities in one account. It keeps no state between calls.
type Provisioner struct {
	config aws.Config
	log    *slog.Logger
}

// New returns a Provisioner that works with the credentials and the endpoint of config, and logs each plan
// before it carries it out. Calls that AWS throttles are repeated with backoff for as long as the
// context lasts, and those that fail on its side or on the way there a few times.
func New(config aws.Config, log *slog.Logger) *Provisioner {
	config = config.Copy()
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // see repeat
	config.APIOptions = append(config.APIOptions, repeated, wholeReplies)
	return &Provisioner{config, log}
}

// rounds is how often a call observes, plans and applies before it gives up on an account that is never
// what it was a moment ago. With the pauses between them the rounds take half a minute.
const rounds = 10

// Ensure brings the desired state about, whatever part of it stands already. The errors: [*ConflictError]
// and [*InvalidError], with nothing touched; else what AWS answered, with the account somewhere on the way,
// from where Ensure goes on and from where Remove cleans up.
func (p *Provisioner) Ensure(ctx context.Context, desired Desired) (Result, error) {
	applier := p.applier(desired)
	var (
		seen *Observed
		plan Plan
	)
	err := p.converge(ctx, applier, func() (Plan, error) {
		var err error
		seen, err = applier.toEnsure(ctx, desired)
		if err != nil {
			return Plan{}, err
		}
		plan, err = planEnsure(desired, seen, applier.memory())
		return plan, err
	})
	if errors.Is(err, errOvertaken) && desired.Former == nil {
		own := Owned{Names: desired.Spec.Names, Account: desired.Account, Owners: []string{desired.Owner}, Undo: true}
		err = errors.Join(err, p.Remove(ctx, own))
	}
	if err != nil {
		return Result{}, err
	}
	arn := desired.Account.iamARN
	result := Result{
		AccessKeyID:        plan.keyID,
		AccessKeySecretARN: applier.secretARN,
		InstancePolicyARN:  arn("policy", desired.Spec.InstancePolicy),
		InstanceRoleARN:    arn("role", desired.Spec.InstanceRole),
		InstanceProfileARN: arn("instance-profile", desired.Spec.InstanceRole),
		UserPolicyARN:      arn("policy", desired.Spec.UserPolicy),
		UserARN:            arn("user", desired.Spec.User),
		ConsoleRoleARN:     arn("role", desired.Spec.ConsoleRole),
		Notices:            slices.Concat(plan.Notices, applier.notices),
	}
	if result.AccessKeyID == "" {
		result.AccessKeyID = applier.made.id
	}
	if seen.Secret != nil {
		result.AccessKeySecretARN = cmp.Or(seen.Secret.ARN, result.AccessKeySecretARN)
	}
	if desired.Spec.ConsoleLogin {
		result.ConsoleSecretARN = applier.consoleARN
		if seen.ConsoleSecret != nil {
			result.ConsoleSecretARN = cmp.Or(seen.ConsoleSecret.ARN, result.ConsoleSecretARN)
		}
	}
	return result, nil
}

// Remove removes all that bears the names and is owned by one of the owners, with all that others hung on
// it. Where there is nothing of the kind it does nothing.
func (p *Provisioner) Remove(ctx context.Context, owned Owned) error {
	applier := p.applier(Desired{Account: owned.Account})
	found := time.Now()
	makePlan := func() (Plan, error) {
		seen, err := applier.toRemove(ctx, owned)
		if err != nil {
			return Plan{}, err
		}
		plan, err := planRemove(owned, seen)
		if !plan.Empty() {
			found = time.Now()
		}
		return plan, err
	}
	for {
		if err := p.converge(ctx, applier, makePlan); err != nil {
			return err
		}
		if time.Since(found) >= owned.Watch {
			return nil
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

func (p *Provisioner) applier(desired Desired) *applier {
	return &applier{
		observer: observer{desired.Account, iam.NewFromConfig(p.config), secretsmanager.NewFromConfig(p.config)},
		config:   p.config, desired: desired, created: map[Entity]time.Time{},
	}
}

// converge plans and applies, and begins anew when the account turns out to be another than was observed.
// A run that met a surprise ends only when a new plan is empty: what the surprise left is found by that. So
// does a run that took entities over: a Delete of their former owner follows, and must not read the old tags.
func (p *Provisioner) converge(ctx context.Context, applier *applier, makePlan func() (Plan, error)) error {
	surprised := false
	for round := 1; ; round++ {
		plan, err := makePlan()
		if err == nil {
			err = applier.overtaken(plan)
		}
		if err == nil {
			p.logPlan(ctx, plan)
			err = applier.apply(ctx, plan)
		}
		switch {
		case err == nil && (plan.Empty() || plan.ends || !surprised && !plan.takesOver && !plan.begins):
			return nil
		case err != nil && (round == rounds || !surprising(err) || ctx.Err() != nil):
			return err
		case err == nil && round >= rounds && plan.begins:
			return fmt.Errorf("the adoption does not come to its end: after each change there is again something to be done, such as to %s", plan.Stages[0][0])
		case err == nil && round >= rounds:
			return nil
		}
		surprised = true
		if err != nil {
			p.log.WarnContext(ctx, "the account is not as it was observed; observing anew", "round", round, "error", err)
		}
		if pauseErr := pause(ctx, min(time.Duration(round*round)*500*time.Millisecond, 5*time.Second)); pauseErr != nil {
			if err != nil {
				return err // and not that the time was up, which whoever set the deadline knows
			}
			return pauseErr
		}
	}
}

// logPlan writes the plan as data, a line each time.
func (p *Provisioner) logPlan(ctx context.Context, plan Plan) {
	type change struct {
		Effect Effect `json:"effect"`
		Step   string `json:"step"`
	}
	stages := make([][]change, len(plan.Stages))
	for i, stage := range plan.Stages {
		for _, step := range stage {
			stages[i] = append(stages[i], change{step.Effect(), step.String()})
		}
	}
	p.log.InfoContext(ctx, "plan", "stages", stages, "notices", plan.Notices)
}
