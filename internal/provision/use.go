package provision

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// recently is for how long a key that was used counts as in use. Redis Cloud looks after its clusters all day.
const recently = 24 * time.Hour

// inUse says whether Redis Cloud works with a key, as far as IAM tells: it remembers the last use alone. STS and
// IAM do not count: they are what the proof of a new key asks, and what people ask who try one out.
func (k Key) inUse(now time.Time) bool {
	return k.used() && now.Sub(k.LastUsed) < recently && !slices.Contains([]string{"sts", "iam"}, strings.ToLower(k.UsedFor))
}

// lastUse says in words when and for what a key was last used.
func (k Key) lastUse() string {
	if !k.used() {
		return "never used"
	}
	text := "last used at " + k.LastUsed.UTC().Format("2006-01-02 15:04 UTC")
	if k.UsedFor != "" {
		text += " for " + k.UsedFor
	}
	if k.UsedIn != "" && k.UsedIn != "N/A" {
		text += " in " + k.UsedIn
	}
	return text
}

// keysInUse returns those of a user's keys that Redis Cloud works with, in words: of those that the
// IDs name.
func keysInUse(user *User, ids map[string]bool, now time.Time) []string {
	if user == nil {
		return nil
	}
	var found []string
	for _, key := range user.Keys {
		if ids[key.ID] && key.inUse(now) {
			found = append(found, fmt.Sprintf("access key %s of user %s was %s, so Redis Cloud works with this account", key.ID, user.Name, key.lastUse()))
		}
	}
	return found
}

// mustKnowUse tells of which keys a plan must know the last use. Of those that no secret records, because an
// unused one is what a crash left, and a used one is somebody's; and of all where entities would be replaced.
func (d Desired) mustKnowUse(seen *Observed) func(Key) bool {
	recorded, replaces := d.recorded(seen), len(d.replaced(seen)) > 0
	return func(key Key) bool { return replaces || !recorded[key.ID] }
}

// recorded are the keys that a secret of the resource holds.
func (d Desired) recorded(seen *Observed) map[string]bool {
	return union(seen.Secret.keysOf(), seen.renamed().Secret.keysOf())
}

// replaced are the entities that an Update to other names ends in the removal of, where the resource was
// protected before it. The roll-back of such an Update is none: what it goes back to stands already, or is what
// CloudFormation has never left.
func (d Desired) replaced(seen *Observed) []string {
	if d.Former == nil || !d.Former.Spec.Protect || slices.Contains(d.Former.Owners, d.Owner) {
		return nil
	}
	for _, e := range seen.entities() {
		if e.Tags[tagOwner] == d.Owner && !d.Former.Spec.has(e.Entity.Kind, e.Entity.name()) {
			return nil
		}
	}
	var found []string
	for _, e := range seen.renamed().entities() {
		if ownedBy(e.Tags, d.Former.Owners...) {
			found = append(found, e.Entity.short())
		}
	}
	return found
}

// replacing refuses an Update that would replace entities while Redis Cloud uses a key: the Delete with which
// CloudFormation cleans up would take them, and it carries the properties of before.
func replacing(d Desired, seen *Observed) error {
	replaced := d.replaced(seen)
	if len(replaced) == 0 {
		return nil
	}
	ids := union(d.recorded(seen), keptKeys(seen.renamed().User))
	if user := seen.User; user != nil && !d.adopts(user.Tags) { // the keys of one that this Update adopts are not what it replaces
		ids = union(ids, keptKeys(user))
	}
	if seen.Secret == nil && seen.renamed().Secret == nil { // hands have deleted it, and nobody can say which key it held
		for _, user := range []*User{seen.User, seen.renamed().User} {
			ids = union(ids, user.keyIDs())
		}
	}
	found := append(keysInUse(seen.User, ids, seen.At), keysInUse(seen.renamed().User, ids, seen.At)...)
	if len(found) == 0 {
		return nil
	}
	return &ConflictError{
		Conflicts: found,
		Remedy: fmt.Sprintf("Other names would replace %s. To do it all the same, take two updates: set DeletionProtection to Off in the first, and the names in the second. "+
			"Or remove the cloud account in Redis Cloud, and update 24 hours after the last use", strings.Join(replaced, ", ")),
	}
}

// mustKnowUse tells of which keys the plan of a removal must know the last use.
func (o Owned) mustKnowUse(seen *Observed) func(Key) bool {
	recorded, kept, known := seen.Secret.keysOf(), keptKeys(seen.User), o.known(seen)
	undone := o.Undo || abandoned(seen.User, o.Owners)
	return func(key Key) bool {
		if undone {
			return !kept[key.ID] && !recorded[key.ID]
		}
		return o.Protect && known(key.ID)
	}
}

// known tells which keys Redis Cloud may have: those that the secret holds, and those that the user had when it was adopted. Where
// hands have deleted the secret, nobody can say, and it may be any.
func (o Owned) known(seen *Observed) func(keyID string) bool {
	recorded, kept := seen.Secret.keysOf(), keptKeys(seen.User)
	return func(keyID string) bool { return seen.Secret == nil || recorded[keyID] || kept[keyID] }
}

// union is the union of sets.
func union(sets ...map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, set := range sets {
		for key := range set {
			all[key] = true
		}
	}
	return all
}
