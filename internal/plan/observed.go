package plan

import (
	"slices"
	"time"
)

// Observed is what is in each slot, as read at one moment, with the run's own writes laid over
// it: AWS may not show them yet.
type Observed struct {
	At       time.Time
	entities [slotCount]*Entity
	reads    [slotCount]int
}

// In returns what is in a slot, or nil.
func (o *Observed) In(slot Slot) *Entity { return o.entities[slot] }

// Put says what was read in a slot; nil for nothing. Several slots may be put at the same time.
func (o *Observed) Put(slot Slot, entity *Entity) {
	o.entities[slot] = entity
	o.reads[slot]++
}

// Entity is what is in a slot. A field that its kind does not have is empty.
type Entity struct {
	Ref
	ARN   string
	Tags  map[string]string
	Claim Claim // what the tags say

	Description string
	Document    string // a policy's default version, a role's trust policy, a secret's resource policy
	Boundary    string // ARN of the permissions boundary, or ""
	Attached    []string
	// Attached holds the ARNs of the policies of a user or a role, and the names of a profile's
	// roles.

	// Observed for a removal only: what must go first, and to whom a policy is attached.
	Hung    []Ref
	Holders []Ref

	DefaultVersion string   // of a policy
	OtherVersions  []string // the oldest first

	MaxSession int32     // of a role, in seconds
	LastUsed   time.Time // of a role, as far as AWS tells; zero for never

	Keys  []Key // of a user
	Login bool  // whether the user has a login profile

	KmsKeyID string              // of a secret; "" for the account's aws/secretsmanager
	Deleted  time.Time           // when the secret was scheduled for deletion, or zero
	Versions map[string][]string // staging labels by version ID
	Replicas []string            // Regions that hold a replica of the secret
}

// SetTags sets the tags and what they say.
func (e *Entity) SetTags(tags map[string]string) {
	e.Tags, e.Claim = tags, parseClaim(tags)
}

// Key is an access key of the user.
type Key struct {
	ID       string
	Active   bool
	Created  time.Time
	Unproven bool // made by this run, and AWS has not accepted it yet

	UseKnown bool      // whether the fields below were read
	LastUsed time.Time // zero for never
	UsedFor  string    // the AWS service, such as ec2
	UsedIn   string    // the Region
}

// used reports whether the key was ever used, as far as AWS tells.
func (k Key) used() bool { return !k.LastUsed.IsZero() }

// Key returns the user's key of this ID, or nil.
func (e *Entity) Key(id string) *Key {
	for i := range e.Keys {
		if e.Keys[i].ID == id {
			return &e.Keys[i]
		}
	}
	return nil
}

// The staging labels of Secrets Manager that this software uses:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
)

// Version returns the ID of the secret's version that has the label, or "".
func (e *Entity) Version(label string) string {
	if e == nil {
		return ""
	}
	for id, labels := range e.Versions {
		if slices.Contains(labels, label) {
			return id
		}
	}
	return ""
}

// Holds reports whether a labelled version of the secret holds a key.
func (e *Entity) Holds(keyID string) bool {
	for id := range e.Versions {
		if parseRecord(id).KeyID == keyID {
			return true
		}
	}
	return false
}

// Store lays a version over the secret that was stored a moment ago, and is not shown yet.
func (e *Entity) Store(version string) {
	versions := map[string][]string{version: {Current}}
	if current := e.Version(Current); current != "" {
		versions[current] = []string{Previous}
	}
	e.Versions = versions
}
