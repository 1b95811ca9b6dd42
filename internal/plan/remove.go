package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Fate is what a removal does with an entity.
type Fate int

// The fates.
const (
	// Leave it: the owner does not own it.
	Leave Fate = iota
	// Destroy it, after all that hangs on it.
	Destroy
	// Release it: take our tags off. It keeps working, but no stack owns it.
	Release
	// GiveBack is to undo what the adoption changed, and to release it.
	GiveBack
)

// Clear plans a Delete: that nothing is left that the owner owns. The errors are [*NewerError] and
// [*spec.RefusedError].
//
// First goes what keeps the entities from being deleted, then they go. The keys go before the
// secrets, so that no key lives that no secret holds.
func Clear(r Removal, seen *Observed) (Plan, error) {
	p := newPlanner(r.Desired, seen)
	if p.fail(Overtaken(p.user, r.Owner, r.Event)); Overtaken(p.user, r.Owner, r.Attempt) != nil {
		return p.result()
	}
	p.settle(r.Undo)
	p.accessKeys()
	if !r.Begun {
		p.refuseInUse()
	}
	for _, slot := range Slots() {
		p.clear(slot)
	}
	p.login()
	return p.result()
}

// settle decides what stays. What was adopted does if that is undone, or if a key that the user had
// before is in use: whoever adopts a live account and fails, or goes back, must not take it down. An
// earlier run that decided so, and died, may have released the user.
func (p *planner) settle(undo bool) {
	p.retained = p.Spec.Retain && !undo
	p.spared = undo || p.user != nil && p.user.Claim.Owner != p.Owner
	if !p.spared && !p.retained && p.Spec.Protect {
		p.spared = slices.ContainsFunc(p.keys.listed(), func(key Row) bool { return key.Kept && p.inUse(key) })
	}
}

// fate decides what becomes of an entity.
func (p *planner) fate(slot Slot) Fate {
	entity := p.seen.In(slot)
	switch {
	case entity != nil && p.handedBack(entity.Claim):
		return GiveBack
	case entity == nil || entity.Claim.Owner != p.Owner:
		return Leave
	case p.retained:
		return Release
	case entity.Claim.Adopted != "" && (p.spared || !p.Has(slot)): // an Update may have adopted it, and failed
		return GiveBack
	default:
		return Destroy
	}
}

// handedBack reports whether an earlier run has given an entity back to a stack that is gone, and
// died before all of our tags were off.
func (p *planner) handedBack(c Claim) bool {
	return c.Owner != "" && c.Owner == c.Adopted && c.Stack == p.Spec.AdoptStack
}

// clear plans the fate of what is in a slot.
func (p *planner) clear(slot Slot) {
	entity, fate := p.seen.In(slot), p.fate(slot)
	// Another resource of the same function may have the same boundaries: what that owns keeps them.
	if entity != nil && fate != Destroy && p.Spec.StackBoundaries.Has(entity.Boundary) && (entity.Claim.Owner == p.Owner || p.unowned(entity.Claim)) {
		p.unbind(entity)
	}
	switch fate {
	case Leave:
	case Release, GiveBack:
		p.restore(entity)
		if fate == GiveBack && p.Has(slot) { // or else the function may not
			p.restoreCurrent(entity)
		}
		p.release(entity, fate)
	case Destroy:
		p.rebound(slot, entity)
		p.bare(entity)
		p.add(retire, Delete{Ref: entity.Ref})
	}
}

// unbind takes the stack's own boundary off what stays: it goes with the stack.
func (p *planner) unbind(entity *Entity) {
	if p.Spec.Adopt || p.Spec.Retain {
		p.add(change, SetBoundary{Ref: entity.Ref})
		return
	}
	kind := strings.ToLower(string(entity.Kind))
	p.refuse(fmt.Sprintf("Remove the boundary (aws iam delete-%[1]s-permissions-boundary --%[1]s-name %[2]s), and delete again", kind, entity.Name),
		"%s was adopted and stays, with a permissions boundary that is deleted with this stack, and the function may not remove it where ExistingEntities is Fail", entity.Ref)
}

// rebound plans that an entity which has lost its boundary gets it back, if it has policies that
// are not the resource's own: the function may take those only from what has the boundary.
func (p *planner) rebound(slot Slot, entity *Entity) {
	want := p.boundary(slot)
	others := slices.ContainsFunc(entity.Hung, func(r Ref) bool { return r.Kind == UserInlinePolicy || r.Kind == RoleInlinePolicy }) ||
		slices.ContainsFunc(entity.Attached, func(arn string) bool {
			return arn != p.Account.IAMARN("policy", p.Spec.InstancePolicy) && arn != p.Account.IAMARN("policy", p.Spec.UserPolicy)
		})
	if want != "" && entity.Boundary != want && others {
		p.add(prepare, SetBoundary{entity.Ref, want})
	}
}

// release plans that our tags go. What was adopted of a stack that is gone is that one's again.
func (p *planner) release(entity *Entity, fate Fate) {
	var keep []string
	if fate == Release || entity.kept(entity.Claim.Password) {
		keep = append(keep, TagPassword) // who adopts the user knows its password's version by that
	}
	if former := entity.Claim.Adopted; fate == GiveBack && former != yes && p.Spec.AdoptStack != "" {
		// Before the mark goes: what is ours without it would be destroyed.
		p.tag(prove, entity.Ref, map[string]string{tagOwner: former, tagStack: p.Spec.AdoptStack})
		keep = append(keep, tagOwner, tagStack, tagMade)
	}
	p.tag(retire, entity.Ref, nil, ours(keep...)...)
}

// bare plans that an entity holds nothing any more, and nothing holds it. It refuses to remove what
// would take permissions that reach every group, every instance profile, every Region.
func (p *planner) bare(entity *Entity) {
	for _, hung := range entity.Hung {
		switch {
		case hung.Kind == Group:
			p.refuse(fmt.Sprintf("Take the user out (aws iam remove-user-from-group --user-name %s --group-name %s), and delete again", entity.Name, hung.Name),
				"user %s is in group %s", entity.Name, hung.Name)
		case hung.Kind == Profile && hung.Name != InstanceProfile.Ref(p.Spec.Names).Name:
			p.refuse(fmt.Sprintf("Take the role out (aws iam remove-role-from-instance-profile --instance-profile-name %s --role-name %s), and delete again", hung.Name, entity.Name),
				"role %s is in instance profile %s", entity.Name, hung.Name)
		case hung.Kind == Profile:
			p.add(change, Detach{Ref{Kind: Profile, Name: hung.Name}, entity.Name})
		default:
			p.add(change, Delete{Ref: hung})
		}
	}
	for _, what := range entity.Attached {
		p.add(change, Detach{entity.Ref, what})
	}
	for _, holder := range entity.Holders {
		p.add(change, Detach{holder, entity.ARN})
	}
	for _, version := range entity.OtherVersions {
		p.add(change, Delete{Ref: Ref{PolicyVersion, version, entity.Name}})
	}
	if regions := strings.Join(entity.Replicas, " "); regions != "" {
		p.refuse(fmt.Sprintf("Remove them (aws secretsmanager remove-regions-from-replication --region %s --secret-id %s --remove-replica-regions %s), and try again",
			p.Account.Region, entity.Name, regions),
			"secret %s has replicas in %s, and AWS deletes no secret that has any", entity.Name, regions)
	}
}

// accessKeys plans which keys go: all of a user that goes, those that were made for one that is
// given back, and those that nothing but a secret that goes holds.
func (p *planner) accessKeys() {
	user, secret := p.fate(User), p.fate(KeySecret)
	if p.user == nil || user == Release {
		return
	}
	for _, key := range p.keys.listed() {
		why := ""
		switch {
		case user == Destroy:
			why = "its user is removed"
		case key.Kept:
		case user == GiveBack && (key.Made || p.known(key) && !key.used()):
			why = "it was made when its user was adopted, which is undone"
		case secret == Destroy && key.stored():
			why = "the secret that holds it is removed"
		}
		if why != "" {
			p.add(change, Delete{Ref: Ref{AccessKey, key.ID, p.user.Name}, Why: why})
		}
	}
}

// login plans that a user who is given back has no console password that was made for it.
func (p *planner) login() {
	if p.fate(User) == GiveBack && p.user.Login && MadePassword(p.user, p.seen.In(ConsoleSecret), p.Owner) {
		p.add(change, Delete{Ref: Ref{LoginProfile, p.user.Name, p.user.Name}})
	}
}

// refuseInUse refuses to remove what is in use, as far as AWS tells.
func (p *planner) refuseInUse() {
	if !p.Spec.Protect {
		return
	}
	remedy := fmt.Sprintf("Remove the cloud account in Redis Cloud, and delete again %d hours after the last use. "+
		"To delete at once, which stops the key and the databases with it, DeletionProtection must be Off before the deletion: docs/deleting.md has the way out", int(recently.Hours()))
	p.refuseToEnd(remedy, p.redisMayHave)
	if role := p.seen.In(InstanceRole); p.fate(InstanceRole) == Destroy && p.seen.At.Sub(role.LastUsed) < recently {
		p.refuse(remedy, "role %s was last used at %s, so cluster nodes are running", role.Name, at(role.LastUsed))
	}
}

// redisMayHave reports whether Redis Cloud may have a key: one that was made for it, or that the
// user had when it was adopted. If the secret was deleted, or its current version is unknown, it
// may be any key.
func (p *planner) redisMayHave(key Row) bool {
	return p.keys.Labelled(Current) == nil || key.Made || key.Kept
}
