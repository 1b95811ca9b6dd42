package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"redis-cloud-iam/internal/spec"
)

// Plan is what must be done to get from what was observed to what is desired. It is plain data.
type Plan struct {
	Stages  [][]Step // in this order; the steps of a stage side by side
	Notices []string // what was found and is deliberately left as it is
	// Ask holds the IDs of the user's keys whose last use must be known before there can be a plan,
	// and Again the slots that must be read again. If one is not empty, all else is.
	Ask   []string
	Again []Slot
	KeyID string // the access key that is current when the plan is done, or "" if the plan makes it
}

// Empty reports whether nothing need be done.
func (p Plan) Empty() bool { return len(p.Stages) == 0 }

// stage is a part of a plan: its steps are carried out side by side, when those of the stages
// before it have succeeded.
type stage int

// The stages of every plan, in their order.
const (
	prepare    stage = iota // secrets are restored; boundaries are put on: without, a role must not be changed
	change                  // entities are made and repaired; what keeps others from being deleted goes
	link                    // entities are linked; keys and passwords are made and stored
	prove                   // the new key is proven
	retire                  // what is no longer wanted goes
	stageCount int   = iota
)

// planner collects what a plan is made of.
type planner struct {
	Desired
	seen *Observed
	user *Entity // or nil
	keys Ledger

	err      error // the first one
	refusal  spec.RefusedError
	remedies []string
	others   [slotCount]bool // what is not this stack's, and in its way
	plan     Plan            // all but its stages
	stages   [stageCount][]Step

	retained bool // whether all that is removed stays
	spared   bool // whether what was adopted stays
}

func newPlanner(d Desired, seen *Observed) planner {
	return planner{Desired: d, seen: seen, user: seen.In(User), keys: LedgerOf(seen.In(User), seen.In(KeySecret))}
}

// result is the plan, or what must be known first, or why there is none. Beside an error are the
// stages that there would be without it: to be shown, and never to be carried out.
func (p *planner) result() (Plan, error) {
	stages := slices.DeleteFunc(p.stages[:], func(steps []Step) bool { return len(steps) == 0 })
	switch {
	case p.err != nil:
		return Plan{Stages: stages}, p.err
	case len(p.plan.Ask)+len(p.plan.Again) > 0:
		return Plan{Ask: p.plan.Ask, Again: p.plan.Again}, nil
	case len(p.refusal.Reasons) > 0:
		p.refusal.Remedy = strings.Join(p.remedies, ". ")
		return Plan{Stages: stages}, &p.refusal
	}
	p.plan.Stages = stages
	return p.plan, nil
}

// free reports whether nothing that is not this stack's is in slots.
func (p *planner) free(slots ...Slot) bool {
	return !slices.ContainsFunc(slots, func(slot Slot) bool { return p.others[slot] })
}

// add plans a step, once: a policy knows its users, and a user its policies.
func (p *planner) add(at stage, step Step) {
	if !slices.ContainsFunc(p.stages[at], func(have Step) bool { return have.String() == step.String() }) {
		p.stages[at] = append(p.stages[at], step)
	}
}

// tag plans to set tags and to remove others, in one step with all tags of the entity that the
// stage changes: so what a crash leaves on an entity that is adopted says by whom.
func (p *planner) tag(at stage, ref Ref, set map[string]string, unset ...string) {
	if len(set)+len(unset) == 0 {
		return
	}
	for i, have := range p.stages[at] {
		if step, ok := have.(Tag); ok && step.Ref == ref {
			maps.Copy(step.Set, set)
			step.Unset = append(step.Unset, unset...)
			p.stages[at][i] = step
			return
		}
	}
	step := Tag{ref, map[string]string{}, unset}
	maps.Copy(step.Set, set)
	p.stages[at] = append(p.stages[at], step)
}

// known reports whether the last use of a key is known, and else has it asked for. A key is stored
// before it is used. So if one was used and no secret holds it, the secret is read again.
func (p *planner) known(key Row) bool {
	if !key.UseKnown {
		p.plan.Ask = once(p.plan.Ask, key.ID)
	}
	return key.UseKnown && (!key.used() || key.Made || key.Kept || p.sure(KeySecret))
}

func (p *planner) inUse(key Row) bool { return p.known(key) && key.InUse(p.seen.At) }

// sure reports whether slots that show what cannot be were read again, and else has them read
// again. All slots are read side by side, and a concurrent run may change them between two reads.
// Each thing is made before the next that rests on it. So what rests on another thing may be seen
// without it, but not in two reads, of which one comes after the other.
func (p *planner) sure(slots ...Slot) bool {
	sure := true
	for _, slot := range slots {
		if p.seen.reads[slot] < 2 {
			p.plan.Again, sure = once(p.plan.Again, slot), false
		}
	}
	return sure
}

// once returns the list with the item, which is in it once.
func once[T comparable](list []T, item T) []T {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

func (p *planner) notice(format string, args ...any) {
	p.plan.Notices = append(p.plan.Notices, fmt.Sprintf(format, args...))
}

// fail ends the planning with an error, unless another one came before.
func (p *planner) fail(err error) { p.err = cmp.Or(p.err, err) }

// invalid says what is wrong with the properties.
func (p *planner) invalid(format string, args ...any) {
	p.refusal.Heading = cmp.Or(p.refusal.Heading, spec.Invalid)
	p.refusal.Reasons = append(p.refusal.Reasons, fmt.Sprintf(format, args...))
}

// refuse says what is in the way of the plan, and what to do about it. All of it is named at once.
func (p *planner) refuse(remedy, format string, args ...any) {
	p.refusal.Heading = spec.Conflict
	p.refusal.Reasons = append(p.refusal.Reasons, fmt.Sprintf(format, args...))
	p.remedies = once(p.remedies, remedy)
}

// refuseToEnd refuses a plan in which a key stops working that is in use, of those that matter.
func (p *planner) refuseToEnd(remedy string, matters func(Row) bool) {
	for _, step := range slices.Concat(p.stages[change], p.stages[retire]) {
		id := ""
		switch s := step.(type) {
		case Delete:
			if s.Kind == AccessKey {
				id = s.Name
			}
		case SetKey:
			if !s.Active {
				id = s.ID
			}
		}
		if key := p.keys.key(id); key != nil && p.Spec.Protect && matters(*key) && p.inUse(*key) {
			p.refuse(remedy, "access key %s of user %s was %s, so it is in use", key.ID, p.Spec.User, key.LastUse())
		}
	}
}
