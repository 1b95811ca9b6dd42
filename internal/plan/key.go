package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"redis-cloud-iam/internal/spec"
)

// courtesy is for how long a concurrent run may take from making a key to storing it. Lambda runs
// an event again after a minute at the earliest, so an older key is left of a run that died.
const courtesy = 3 * time.Second

// StaleError says that what was observed cannot be, or is about to change: look again.
type StaleError struct{ What string }

func (e *StaleError) Error() string { return e.What }

func (p *planner) notice(format string, args ...any) {
	p.notices = append(p.notices, fmt.Sprintf(format, args...))
}

// questions are the keys whose last use must be known.
type questions struct{ ask []string }

// known reports whether the last use of a key is known, and else has it asked for.
func (q *questions) known(key Key) bool {
	if !key.UseKnown && !slices.Contains(q.ask, key.ID) {
		q.ask = append(q.ask, key.ID)
	}
	return key.UseKnown
}

// keep remembers on a user and on secrets whose adoption begins what they have: the user's keys,
// and the version that is current. It comes before anything is made or stored beside them. So what
// a crash leaves is told from what was there before, and a Delete can give it back.
func (p *planner) keep() error {
	for _, slot := range []Slot{User, KeySecret, ConsoleSecret} {
		entity := p.seen.In(slot)
		if entity == nil || !p.has(slot) || !p.adopts(entity.Claim) || entity.Claim.Adopter == p.Owner {
			continue
		}
		kept := []string{p.Owner}
		for i, key := range p.keys {
			if slot != User || !key.Listed {
				continue
			}
			if p.seen.At.Sub(key.Created) < courtesy {
				return &StaleError{fmt.Sprintf("access key %s of user %s was made a moment ago: a concurrent run may be adopting the user", key.ID, entity.Name)}
			}
			kept, p.keys[i].Kept = append(kept, key.ID), true
		}
		for _, version := range []string{entity.Claim.Password, entity.Version(Current)} {
			if version != "" {
				kept = append(kept, version)
			}
		}
		p.mark(entity.Ref, tagKept, strings.Join(kept, " "))
	}
	return nil
}

// key plans the access key: the one of the desired serial is used, and if there is none it is made.
// It returns the ID of the key that is current afterwards, or "" if it is to be made.
func (p *planner) key() (string, error) {
	if err := p.loose(); err != nil {
		return "", err
	}
	if err := p.adoptsOlder(); err != nil {
		return "", err
	}
	if key := p.keys.serial(p.Spec.AccessKeySerial); key != nil {
		p.use(*key)
		p.remember()
		return key.ID, nil
	}
	return "", p.make()
}

// loose deals with the user's keys that were not made and stored by this software. One that was
// never used is what a crash left between making and storing it, and is deleted. One that was used
// belongs to a person or a program: it is left, and that is said. So is one that the user had when
// it was adopted.
func (p *planner) loose() error {
	user := p.Spec.User
	for i, key := range p.keys {
		switch {
		case !key.Listed || key.Made:
		case key.Kept:
			p.notice("access key %s of user %s was there before and is kept: delete it when nobody uses it any more", key.ID, user)
		case !p.known(key.Key):
		case key.used():
			p.notice("access key %s of user %s was not made by this resource and has been used: it is left as it is", key.ID, user)
		case p.seen.At.Sub(key.Created) < courtesy:
			return &StaleError{fmt.Sprintf("access key %s of user %s was made a moment ago and no secret holds it: a concurrent run may be about to store it", key.ID, user)}
		default:
			p.keys[i].Listed = false
			p.change = append(p.change, Delete{
				Ref: Ref{AccessKey, key.ID, user}, Why: "no secret holds it and it was never used", Unless: p.Spec.AccessKeySecret,
			})
		}
	}
	return nil
}

// use plans that a key is the current one, and what becomes of the previous one.
func (p *planner) use(key Row) {
	secret, previous := p.seen.In(KeySecret), p.keys.Labelled(Previous)
	if key.Label != Current {
		previous = p.keys.Labelled(Current)
		p.change = append(p.change, MoveCurrent{secret.Name, secret.Version(Current), key.Version})
		if previous == nil {
			p.notice("secret %s was changed out of band: version %s is its current one again", secret.Name, key.Version)
		}
	}
	if key.Unproven {
		p.prove = append(p.prove, ProveKey{p.Spec.User, p.keys.records()})
	}
	p.activity(key, previous)
}

// activity plans which of two keys are active. A tag of the user names the key that
// PreviousAccessKey has deactivated: what a person deactivated stays so.
func (p *planner) activity(current Row, previous *Row) {
	user := p.seen.In(User)
	was := user.Claim.Deactivated
	is := ""
	if !current.Active && current.ID == was {
		p.change = append(p.change, SetKey{user.Name, current.ID, true})
	} else if !current.Active {
		p.notice("access key %s of user %s is inactive and is left so: activate it, or raise AccessKeySerial for a new one", current.ID, user.Name)
	}
	if previous != nil && previous.Listed && p.Update {
		ours := previous.Active || previous.ID == was
		switch {
		case p.Spec.PreviousAccessKey == spec.KeyDeleted:
			p.retire = append(p.retire, Delete{Ref: Ref{AccessKey, previous.ID, user.Name}, Why: "PreviousAccessKey is Deleted"})
		case p.Spec.PreviousAccessKey == spec.KeyInactive && ours:
			is = previous.ID
			if previous.Active {
				p.retire = append(p.retire, SetKey{user.Name, is, false})
			}
		case !previous.Active && ours:
			p.change = append(p.change, SetKey{user.Name, previous.ID, true})
		}
	}
	switch { // after an activation, and before a deactivation
	case is != "" && (is != was || previous.Active):
		p.link = append(p.link, Tag{Ref: user.Ref, Set: map[string]string{tagDeactivated: is}})
	case is == "" && was != "" && !p.Cancels(p.seen): // an older event may be about to deactivate it
		p.link = append(p.link, Tag{Ref: user.Ref, Unset: []string{tagDeactivated}})
	}
}

// remember writes on the user which keys were made for it, in case people change the secret.
func (p *planner) remember() {
	user, records := p.seen.In(User), p.keys.records()
	known := func(r Record) bool { return slices.Contains(user.Claim.Made, r) || user.Key(r.KeyID).Unproven }
	if user != nil && slices.ContainsFunc(records, func(r Record) bool { return !known(r) }) {
		p.mark(user.Ref, tagMade, MadeKeys(records)[tagMade])
	}
}

// mark sets a tag, in one call with the others that are set: what a crash leaves on an entity that
// is adopted says by whom, so that it can be given back.
func (p *planner) mark(ref Ref, key, value string) {
	for i, step := range p.change {
		if tag, ok := step.(Tag); ok && tag.Ref == ref {
			tag.Set = with(tag.Set, key, value)
			p.change[i] = tag
			return
		}
	}
	p.change = append(p.change, Tag{Ref: ref, Set: map[string]string{key: value}})
}

// make plans a new key.
func (p *planner) make() error {
	current, secret := p.keys.Labelled(Current), p.seen.In(KeySecret)
	if newest := p.keys.newest(); newest != nil && (current == nil || !current.Listed) {
		// A version without a key must not push the one that holds a key out of the two labels.
		p.change = append(p.change, MoveCurrent{secret.Name, secret.Version(Current), newest.Version})
		current = newest
	}
	if current != nil && p.Spec.AccessKeySerial < current.Serial {
		return invalid("AccessKeySerial: is %d, which is lower than the current %d, and no key of that serial is left to go back to; set it to %d for the current key, or to %d for a new one",
			p.Spec.AccessKeySerial, current.Serial, current.Serial, current.Serial+1)
	}
	if current != nil && current.Listed && p.Spec.PreviousAccessKey != spec.KeyActive {
		return invalid("PreviousAccessKey: is %s while a new access key is to be made, so that %s, which Redis Cloud uses now, would stop working; set it to Active, and to %s once Redis Cloud has the new key",
			p.Spec.PreviousAccessKey, current.ID, p.Spec.PreviousAccessKey)
	}
	if err := p.makeRoom(current); err != nil {
		return err
	}
	earlier := p.keys.records()
	if secret == nil {
		earlier = nil // what another secret held, which is gone
	}
	p.link = append(p.link, MakeKey{
		User: p.Spec.User, Secret: p.Spec.AccessKeySecret, Serial: p.Spec.AccessKeySerial, NewSecret: secret == nil,
	})
	p.prove = append(p.prove, ProveKey{p.Spec.User, earlier})
	return nil
}

// adoptsOlder refuses to go back to an older key of a secret that is adopted: Redis Cloud may have
// the current one.
func (p *planner) adoptsOlder() error {
	secret, current := p.seen.In(KeySecret), p.keys.Labelled(Current)
	if current == nil || !current.Listed || !p.adopts(secret.Claim) || current.Serial <= p.Spec.AccessKeySerial {
		return nil
	}
	return invalid("AccessKeySerial: is %d, and the current key of secret %s, which is adopted, has the serial %d; set it to %d for that key, or to %d for a new one",
		p.Spec.AccessKeySerial, secret.Name, current.Serial, current.Serial, current.Serial+1)
}

// makeRoom sees to it that the user can have one more key: IAM allows two. The key that goes is one
// that this software made, and not the current one.
func (p *planner) makeRoom(current *Row) error {
	const most = 2
	listed := p.keys.listed()
	if len(listed) < most {
		return nil
	}
	user := p.seen.In(User)
	adopts := user != nil && p.adopts(user.Claim)
	for _, key := range listed {
		isCurrent := current != nil && key.ID == current.ID
		if key.Made && !isCurrent && (!adopts || !key.Kept) {
			p.change = append(p.change, Delete{
				Ref: Ref{AccessKey, key.ID, p.Spec.User}, Why: "it is the previous key, and makes room for the new one",
			})
			p.keys = slices.DeleteFunc(p.keys, func(r Row) bool { return r.ID == key.ID })
			return nil
		}
	}
	var told []string
	spare := listed[0] // the one that was not used for the longest time
	for _, key := range listed {
		p.known(key.Key)
		isStored, spareIsStored := key.stored(), spare.stored()
		if spareIsStored && !isStored || isStored == spareIsStored && key.LastUsed.Before(spare.LastUsed) {
			spare = key
		}
		text := key.LastUse()
		if isStored {
			text += ", and is stored"
		}
		told = append(told, fmt.Sprintf("%s (%s)", key.ID, text))
	}
	if len(p.ask) > 0 {
		return nil
	}
	return &spec.ConflictError{
		Conflicts: []string{fmt.Sprintf("user %s has the access keys %s, and IAM allows no third", p.Spec.User, strings.Join(told, " and "))},
		Remedy: fmt.Sprintf("Delete %s if nobody uses it any more (aws iam delete-access-key --user-name %s --access-key-id %s), and deploy again",
			spare.ID, p.Spec.User, spare.ID),
	}
}

// protect refuses a plan that ends a key that is in use. Only the key's own use counts: a live
// database must not keep anybody from rotating.
func (p *planner) protect() error {
	if !p.Spec.Protect {
		return nil
	}
	var found []string
	for _, step := range slices.Concat(p.change, p.retire) {
		key := p.seen.In(User).Key(ends(step))
		if key != nil && p.known(*key) && key.InUse(p.seen.At) {
			found = append(found, Row{Key: *key}.inUseBy(p.Spec.User))
		}
	}
	if len(found) == 0 {
		return nil
	}
	current := "the current access key"
	if key := p.keys.Labelled(Current); key != nil {
		current = key.ID
	}
	return &spec.ConflictError{
		Conflicts: found,
		Remedy: fmt.Sprintf("Enter %s in Redis Cloud first (it is the current key of secret %s), and deploy again %d hours after the last use of the old one. "+
			"Or set DeletionProtection to Off: then the old key stops working at once",
			current, p.Spec.AccessKeySecret, int(recently.Hours())),
	}
}

// ends returns the ID of the key that a step ends, or "".
func ends(step Step) string {
	switch s := step.(type) {
	case Delete:
		if s.Kind == AccessKey {
			return s.Name
		}
	case SetKey:
		if !s.Active {
			return s.ID
		}
	}
	return ""
}

func invalid(format string, args ...any) error {
	return &spec.InvalidError{Faults: []string{fmt.Sprintf(format, args...)}}
}
