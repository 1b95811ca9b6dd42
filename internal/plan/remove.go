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

// Clear plans a Delete: that nothing is left that the owner owns. The error is a
// [*spec.ConflictError].
//
// First goes what keeps the entities from being deleted, then they go. The keys go before the
// secrets, so that no key lives that no secret holds. Where something is given back, the user comes
// last of all: its tags say that the others stay.
func Clear(r Removal, seen *Observed) (Plan, error) {
	c := clearing{planner: newPlanner(r.Desired, seen), undo: r.Undo}
	if c.fail(Overtaken(c.user, r.Owner, r.Event)); begunAfter(c.user, r.Owner, r.Attempt) {
		return c.result()
	}
	c.settle()
	c.accessKeys()
	c.refuseInUse()
	for _, slot := range Slots() {
		c.clear(slot)
	}
	c.contents()
	return c.result()
}

// clearing is the planner of a Delete.
type clearing struct {
	planner
	undo     bool
	retained bool // whether everything stays
	spared   bool // whether what was adopted stays
}

// settle decides what stays. What was adopted does if the adoption did not come to its end, or is
// undone, or if a key that the user had before is in use: whoever adopts a live account and fails,
// or goes back, must not take it down. A user without an owner has been released by a concurrent
// run.
func (c *clearing) settle() {
	user := c.user
	released := user != nil && user.Claim.Owner == "" && user.Claim.Adopter != c.Owner
	c.retained = c.Spec.Retain && !c.undo && (released || c.marked())
	c.spared = c.undo || user != nil && (user.Claim.Owner != c.Owner || user.Claim.Adopting)
	for _, key := range c.keys {
		if key.Kept && key.Listed && c.Spec.Protect && !c.retained && !c.spared && c.inUse(key) {
			c.spared = true
		}
	}
}

// marked reports whether the resource stood, and was told that all is to outlive it.
func (c *clearing) marked() bool {
	entity := c.user
	if entity == nil { // deleted out of band
		entity = c.seen.In(InstanceRole)
	}
	return entity != nil && entity.Claim.Owner == c.Owner && entity.Claim.Retain
}

// fate decides what becomes of an entity.
func (c *clearing) fate(slot Slot) Fate {
	entity := c.seen.In(slot)
	switch {
	case entity == nil:
		return Leave
	case entity.Claim.Owner != c.Owner && entity.Claim.Adopter == c.Owner && !c.retained:
		return GiveBack // its adoption had begun
	case entity.Claim.Owner != c.Owner:
		return Leave
	case c.retained:
		return Release
	case c.spared && entity.Claim.Adopted:
		return GiveBack
	default:
		return Destroy
	}
}

// clear plans the fate of what is in a slot.
func (c *clearing) clear(slot Slot) {
	entity, fate := c.seen.In(slot), c.fate(slot)
	// Another resource of the same function may have the same boundaries: what that owns keeps them.
	if entity != nil && fate != Destroy && c.Spec.StackBoundaries.Has(entity.Boundary) && (entity.Claim.Owner == c.Owner || c.unowned(entity.Claim)) {
		c.unbind(entity)
	}
	at := retire
	if slot == User && (fate != Destroy || c.spared) {
		at = commitUser
	}
	switch fate {
	case Leave:
	case Release, GiveBack:
		if !entity.Deleted.IsZero() {
			c.add(change, Restore{entity.Ref})
		}
		c.tag(at, entity.Ref, nil, c.releases(entity, fate)...)
	case Destroy:
		c.rebound(slot, entity)
		c.bare(entity)
		c.add(at, Delete{Ref: entity.Ref})
	}
}

// unbind takes the stack's own boundary off what stays: it goes with the stack.
func (c *clearing) unbind(entity *Entity) {
	if c.Spec.Adopt || c.Spec.Retain {
		c.add(change, SetBoundary{Ref: entity.Ref})
		return
	}
	kind := strings.ToLower(string(entity.Kind))
	c.refuse(fmt.Sprintf("Remove the boundary (aws iam delete-%[1]s-permissions-boundary --%[1]s-name %[2]s), and delete again", kind, entity.Name),
		"%s was adopted and stays, with a permissions boundary that goes with this stack, and the function may not remove it where ExistingEntities is Fail", entity.Ref)
}

// rebound plans that an entity which has lost its boundary gets it back, if it has policies that
// are not the resource's own: the function may take those only from what has the boundary.
func (c *clearing) rebound(slot Slot, entity *Entity) {
	want := c.boundary(slot)
	others := slices.ContainsFunc(entity.Hung, func(r Ref) bool { return r.Kind == UserInlinePolicy || r.Kind == RoleInlinePolicy }) ||
		slices.ContainsFunc(entity.Attached, func(arn string) bool {
			return arn != c.Account.IAMARN("policy", c.Spec.InstancePolicy) && arn != c.Account.IAMARN("policy", c.Spec.UserPolicy)
		})
	if want != "" && entity.Boundary != want && others {
		c.add(prepare, SetBoundary{entity.Ref, want})
	}
}

// releases returns the tags that are taken off.
func (c *clearing) releases(entity *Entity, fate Fate) []string {
	switch {
	case fate == Release:
		return ours(entity.Tags, TagPassword) // who adopts the user knows its password's version by that
	case entity.Claim.Owner != "" && entity.Claim.Owner != c.Owner: // another stack's, which is gone
		return ours(entity.Tags, tagOwner, tagStack, tagAdopted, tagOnDelete, TagPassword)
	default:
		return ours(entity.Tags)
	}
}

// bare plans that an entity holds nothing any more, and nothing holds it. It refuses to remove what
// would take permissions that reach every group, every instance profile, every Region.
func (c *clearing) bare(entity *Entity) {
	for _, hung := range entity.Hung {
		switch {
		case hung.Kind == Group:
			c.refuse(fmt.Sprintf("Take the user out (aws iam remove-user-from-group --user-name %s --group-name %s), and delete again", entity.Name, hung.Name),
				"user %s is in group %s", entity.Name, hung.Name)
		case hung.Kind == Profile && hung.Name != InstanceProfile.Ref(c.Spec.Names).Name:
			c.refuse(fmt.Sprintf("Take the role out (aws iam remove-role-from-instance-profile --instance-profile-name %s --role-name %s), and delete again", hung.Name, entity.Name),
				"role %s is in instance profile %s", entity.Name, hung.Name)
		case hung.Kind == Profile:
			c.add(change, Detach{Ref{Kind: Profile, Name: hung.Name}, entity.Name})
		default:
			c.add(change, Delete{Ref: hung})
		}
	}
	for _, what := range entity.Attached {
		c.add(change, Detach{entity.Ref, what})
	}
	for _, holder := range entity.Holders {
		c.add(change, Detach{holder, entity.ARN})
	}
	for _, version := range entity.OtherVersions {
		c.add(change, Delete{Ref: Ref{PolicyVersion, version, entity.Name}})
	}
	if regions := strings.Join(entity.Replicas, " "); regions != "" {
		c.refuse(fmt.Sprintf("Remove them (aws secretsmanager remove-regions-from-replication --region %s --secret-id %s --remove-replica-regions %s), and delete again",
			c.Account.Region, entity.Name, regions),
			"secret %s has replicas in %s, and AWS deletes no secret that has any", entity.Name, regions)
	}
}

// accessKeys plans which keys go: all of a user that goes, those that were made for one that is
// given back, and those that nothing but a secret that goes holds.
func (c *clearing) accessKeys() {
	user, secret := c.fate(User), c.fate(KeySecret)
	if c.user == nil || user == Release {
		return
	}
	for _, key := range c.keys.listed() {
		why := ""
		switch {
		case user == Destroy:
			why = "its user is removed"
		case key.Kept:
		case user == GiveBack && (key.Made || c.known(key) && !key.used()):
			why = "it was made when its user was adopted, which is undone"
		case secret == Destroy && key.stored():
			why = "the secret that holds it is removed"
		}
		if why != "" {
			c.add(change, Delete{Ref: Ref{AccessKey, key.ID, c.user.Name}, Why: why})
		}
	}
}

// contents plans that a secret that is given back holds what it held, and a user who is given back
// has no console password that was made for it.
func (c *clearing) contents() {
	for _, slot := range []Slot{KeySecret, ConsoleSecret} {
		if c.fate(slot) == GiveBack {
			c.restoreCurrent(c.seen.In(slot))
		}
	}
	if c.fate(User) == GiveBack && c.user.Login && MadePassword(c.user, c.seen.In(ConsoleSecret), c.Owner) {
		c.add(change, Delete{Ref: Ref{LoginProfile, c.user.Name, c.user.Name}})
	}
}

// refuseInUse refuses to remove what is in use, as far as AWS tells.
func (c *clearing) refuseInUse() {
	if !c.Spec.Protect {
		return
	}
	remedy := fmt.Sprintf("Remove the cloud account in Redis Cloud, and delete again %d hours after the last use. "+
		"To delete at once, which stops the key and the databases with it, DeletionProtection must be Off before the deletion: docs/deleting.md has the way out", int(recently.Hours()))
	for _, key := range c.ended() {
		if c.redisMayHave(key) && c.inUse(key) {
			c.refuse(remedy, "%s", key.inUseBy(c.user.Name))
		}
	}
	if role := c.seen.In(InstanceRole); c.fate(InstanceRole) == Destroy && c.seen.At.Sub(role.LastUsed) < recently {
		c.refuse(remedy, "role %s was last used at %s, so cluster nodes are running", role.Name, at(role.LastUsed))
	}
}

// redisMayHave reports whether Redis Cloud may have a key: one that was made for it, or that the
// user had when it was adopted. If the secret was deleted, or its current version is unknown, it
// may be any key.
func (c *clearing) redisMayHave(key Row) bool {
	return c.keys.Labelled(Current) == nil || key.Made || key.Kept
}
