package plan

import (
	"cmp"
	"fmt"
	"time"

	"redis-cloud-iam/internal/spec"
)

// Desired is what the properties of an event ask for: the Spec, in an account, for an owner.
type Desired struct {
	Spec    spec.Spec
	Account spec.Account
	Stack   string // the stack's ARN
	Owner   string // the physical resource ID; see [spec.ID]
	// Update says that the resource stands already. The state of the previous key is a matter for
	// Updates alone: a Create that adopts leaves all keys as they are.
	Update bool
	// Event is when CloudFormation sent the event; zero if that is not known.
	Event time.Time
}

// NewerError says that a newer event has begun, so that this one changes nothing any more.
type NewerError struct{ Event time.Time }

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer event has begun, sent at %s, and this one changes nothing any more", e.Event.Format(time.RFC3339))
}

// Overtaken returns a [*NewerError] if the user says that an event of the owner has begun that was
// sent after another one. Nothing is known of an event whose time is zero.
func Overtaken(user *Entity, owner string, event time.Time) error {
	if user == nil || event.IsZero() || user.Claim.Owner != owner || !user.Claim.Event.After(event) {
		return nil
	}
	return &NewerError{user.Claim.Event}
}

// Has reports whether something is to be in a slot.
func (d Desired) Has(slot Slot) bool { return slot != ConsoleSecret || d.Spec.ConsoleLogin }

// unowned reports whether no stack owns an entity, or one that is gone.
func (d Desired) unowned(c Claim) bool {
	return c.Owner == "" || c.Owner != d.Owner && d.Spec.AdoptStack != "" && c.Stack == d.Spec.AdoptStack
}

// adopts reports whether an entity is taken over.
func (d Desired) adopts(c Claim) bool { return d.Spec.Adopt && d.unowned(c) }

// LambdaTimeout is for how long a run lasts at most.
const LambdaTimeout = 5 * time.Minute

// Cancels reports whether an earlier event may still be running: CloudFormation sends the roll-back
// of an update that is cancelled while the cancelled event is still at work.
func (d Desired) Cancels(seen *Observed) bool {
	user := seen.In(User)
	return user != nil && d.Update && user.Claim.Owner == d.Owner &&
		user.Claim.Event.Before(d.Event) && seen.At.Sub(user.Claim.Event) < LambdaTimeout
}

// ReadersMatter reports whether the resource policy of a secret must be known: of the resource's own
// one, which is to have one or has one of ours; and, while entities are adopted, of one that is or
// was taken over. Any other stays as people have put it.
func (d Desired) ReadersMatter(slot Slot, c Claim) bool {
	own := c.Owner == d.Owner && (len(d.Spec.SecretReaders) > 0 || c.Readers)
	return d.Has(slot) && (own || d.Spec.Adopt && (d.unowned(c) || c.Adopted != ""))
}

// Wanted is what an entity is to be.
type Wanted struct {
	Description string
	Document    string // a policy's document, a role's trust policy, a secret's resource policy
	Boundary    string // ARN, or "" for none
	KmsKeyID    string // "" for the account's aws/secretsmanager
	Attached    []string
	Tags        map[string]string
}

// Wanted returns what is to be in a slot.
func (d Desired) Wanted(slot Slot) Wanted {
	want := Wanted{Description: slot.row().description, Tags: d.tagsFor(slot)}
	policy := func(slot Slot) []string {
		return []string{d.Account.IAMARN("policy", slot.Ref(d.Spec.Names).Name)}
	}
	switch slot {
	case InstancePolicy:
		want.Document = d.Spec.InstancePolicyDocument(d.Account)
	case UserPolicy:
		want.Document = d.Spec.UserPolicyDocument(d.Account)
	case InstanceRole:
		want.Document, want.Attached = d.Spec.InstanceRoleTrust(d.Account), policy(InstancePolicy)
	case ConsoleRole:
		want.Document, want.Attached = d.Spec.ConsoleRoleTrust(d.Account), policy(UserPolicy)
	case User:
		want.Attached = policy(UserPolicy)
	case InstanceProfile:
		want.Attached = []string{d.Spec.InstanceRole}
	case KeySecret, ConsoleSecret:
		want.Document, want.KmsKeyID = d.Spec.ReadersPolicy(), d.Spec.KmsKeyID
	}
	want.Boundary = d.boundary(slot)
	return want
}

// boundary is the permissions boundary of what is in a slot: an organization's own, or else the
// stack's; or "".
func (d Desired) boundary(slot Slot) string {
	switch slot {
	case InstanceRole:
		return cmp.Or(d.Spec.PermissionsBoundary, d.Spec.StackBoundaries.InstanceRole)
	case ConsoleRole, User:
		return cmp.Or(d.Spec.PermissionsBoundary, d.Spec.StackBoundaries.User)
	default:
		return ""
	}
}

// Removal is what a Delete asks for: that nothing is left of what was desired, and the owner owns.
type Removal struct {
	Desired
	Undo bool // whether this undoes a Create that failed: what it adopted is given back
	// Begun says that this run has begun to remove. Then it goes on, whatever use AWS shows by now:
	// the keys went first.
	Begun bool
	// Attempt is when the Create was sent that failed and is to be cleared; zero for another
	// Delete. If a later Create has begun, nothing is removed: it goes on with what the failed one
	// left.
	Attempt time.Time
}
