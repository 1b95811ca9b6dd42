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
type StaleError struct{ Err error }

func (e *StaleError) Error() string { return e.Err.Error() }

func (e *StaleError) Unwrap() error { return e.Err }

// keep returns what an entity that is adopted has: the user's keys, and the version that is current.
// So what is made or stored beside them is told from what was there before.
func (p *planner) keep(entity *Entity) (kept []string) {
	for i, key := range p.keys {
		if entity.Kind != Person || !key.Listed {
			continue
		}
		if p.seen.At.Sub(key.Created) < courtesy {
			p.fail(&StaleError{fmt.Errorf("access key %s of user %s was made a moment ago: a concurrent run may be adopting the user", key.ID, entity.Name)})
		}
		kept, p.keys[i].Kept = append(kept, key.ID), true
	}
	for _, version := range []string{entity.Claim.Password, entity.Version(Current)} {
		if version != "" {
			kept = append(kept, version)
		}
	}
	return kept
}

// key plans the access key: the one of the desired serial is used, and if there is none it is made.
func (p *planner) key() {
	current := p.keys.Labelled(Current)
	if p.user != nil && current != nil && !current.Listed && !p.sure(User) { // it is made before it is stored
		return
	}
	p.loose()
	p.adoptsOlder()
	if key := p.keys.serial(p.Spec.AccessKeySerial); key != nil {
		p.plan.KeyID = key.ID
		p.use(*key)
		p.remember()
	} else {
		p.make()
	}
}

// loose deals with the user's keys that were not made and stored by this software. One that was
// never used is what a crash left between making and storing it, and is deleted. One that was used
// belongs to a person or a program: it is left, and that is said. So is one that the user had when
// it was adopted.
func (p *planner) loose() {
	user := p.Spec.User
	for i, key := range p.keys {
		switch {
		case !key.Listed || key.Made:
		case key.Kept:
			p.notice("access key %s of user %s was there before and is kept: delete it when nobody uses it any more", key.ID, user)
		case !p.known(key):
		case key.used():
			p.notice("access key %s of user %s was not made by this resource and has been used: it is left as it is", key.ID, user)
		case p.seen.At.Sub(key.Created) < courtesy:
			p.fail(&StaleError{fmt.Errorf("access key %s of user %s was made a moment ago and no secret holds it: a concurrent run may be about to store it", key.ID, user)})
		default:
			p.keys[i].Listed = false
			p.add(change, Delete{
				Ref: Ref{AccessKey, key.ID, user}, Why: "no secret holds it and it was never used",
			})
		}
	}
}

// use plans that a key is the current one, and what becomes of the previous one.
func (p *planner) use(key Row) {
	secret := p.seen.In(KeySecret)
	if key.Label != Current {
		p.add(change, MoveCurrent{secret.Name, secret.Version(Current), key.Version})
		if p.keys.Labelled(Current) == nil {
			p.notice("secret %s was changed out of band: version %s is its current one again", secret.Name, key.Version)
		}
	}
	if key.Unproven {
		p.add(prove, ProveKey{p.Spec.User, p.keys.records()})
	}
	p.activity(key, p.keys.beside(key))
}

// activity plans which of two keys are active. A tag of the user names the key that
// PreviousAccessKey has deactivated: what a person deactivated stays so.
func (p *planner) activity(current Row, previous *Row) {
	user := p.user
	was := user.Claim.Deactivated
	is := ""
	if !current.Active && current.ID == was {
		p.add(change, SetKey{user.Name, current.ID, true})
	} else if !current.Active {
		p.notice("access key %s of user %s is inactive and is left so: activate it, or raise AccessKeySerial for a new one", current.ID, user.Name)
	}
	if previous != nil && p.Update {
		ours := previous.Active || previous.ID == was
		switch {
		case p.Spec.PreviousAccessKey == spec.KeyDeleted:
			p.add(retire, Delete{Ref: Ref{AccessKey, previous.ID, user.Name}, Why: "PreviousAccessKey is Deleted"})
		case p.Spec.PreviousAccessKey == spec.KeyInactive && ours:
			is = previous.ID
			if previous.Active {
				p.add(retire, SetKey{user.Name, is, false})
			}
		case !previous.Active && ours:
			p.add(change, SetKey{user.Name, previous.ID, true})
		}
	}
	switch { // after an activation, and before a deactivation
	case is != "" && (is != was || previous.Active):
		p.tag(link, user.Ref, map[string]string{tagDeactivated: is})
	case is == "" && was != "" && !p.Cancels(p.seen): // an older event may be about to deactivate it
		p.tag(link, user.Ref, nil, tagDeactivated)
	}
}

// remember writes on the user which keys were made for it, in case people change the secret.
func (p *planner) remember() {
	records := p.keys.records()
	if slices.ContainsFunc(records, func(r Record) bool {
		return !slices.Contains(p.user.Claim.Made, r) && !p.user.Key(r.KeyID).Unproven
	}) {
		p.tag(change, p.user.Ref, MadeKeys(records))
	}
}

// make plans a new key.
func (p *planner) make() {
	current, secret := p.keys.Labelled(Current), p.seen.In(KeySecret)
	if newest := p.keys.newest(); newest != nil && (current == nil || !current.Listed) {
		// A version without a key must not push the one that holds a key out of the two labels.
		p.add(change, MoveCurrent{secret.Name, secret.Version(Current), newest.Version})
		current = newest
	}
	if current != nil && p.Spec.AccessKeySerial < current.Serial {
		p.invalid("AccessKeySerial: is %d, which is lower than the current %d, and no key of that serial is left to go back to; set it to %d for the current key, or to %d for a new one",
			p.Spec.AccessKeySerial, current.Serial, current.Serial, current.Serial+1)
	}
	if current != nil && current.Listed && p.Spec.PreviousAccessKey != spec.KeyActive {
		p.invalid("PreviousAccessKey: is %s while a new access key is to be made, so that %s, which Redis Cloud uses now, would stop working; set it to Active, and to %s once Redis Cloud has the new key",
			p.Spec.PreviousAccessKey, current.ID, p.Spec.PreviousAccessKey)
	}
	p.makeRoom(current)
	var earlier []Record
	switch {
	case secret != nil:
		earlier = p.keys.records()
	case p.user != nil && len(p.user.Claim.Made) > 0:
		// What a secret held that is gone is forgotten before there is a new one.
		p.tag(change, p.user.Ref, nil, tagMade)
	}
	p.makeKey()
	p.add(prove, ProveKey{p.Spec.User, earlier})
}

func (p *planner) makeKey() {
	p.add(link, MakeKey{
		User: p.Spec.User, Secret: p.Spec.AccessKeySecret, Serial: p.Spec.AccessKeySerial, NewSecret: p.seen.In(KeySecret) == nil,
	})
}

// adoptsOlder refuses to go back to an older key of a secret that is adopted: Redis Cloud may have
// the current one.
func (p *planner) adoptsOlder() {
	secret, current := p.seen.In(KeySecret), p.keys.Labelled(Current)
	if current != nil && current.Listed && p.adopts(secret.Claim) && current.Serial > p.Spec.AccessKeySerial {
		p.invalid("AccessKeySerial: is %d, and the current key of secret %s, which is adopted, has the serial %d; set it to %d for that key, or to %d for a new one",
			p.Spec.AccessKeySerial, secret.Name, current.Serial, current.Serial, current.Serial+1)
	}
}

// makeRoom sees to it that the user can have one more key: IAM allows two. The key that goes is one
// that this software made, and not the current one.
func (p *planner) makeRoom(current *Row) {
	const most = 2
	listed := p.keys.listed()
	if len(listed) < most {
		return
	}
	for _, key := range listed {
		isCurrent := current != nil && key.ID == current.ID
		if key.Made && !isCurrent && (p.Update || !key.Kept) {
			p.add(change, Delete{
				Ref: Ref{AccessKey, key.ID, p.Spec.User}, Why: "it is the previous key, and makes room for the new one",
			})
			p.keys.key(key.ID).Listed = false
			if key.ID == p.user.Claim.Deactivated {
				p.tag(link, p.user.Ref, nil, tagDeactivated)
			}
			return
		}
	}
	var told []string
	spare := listed[0] // the one that was not used for the longest time
	for _, key := range listed {
		p.known(key)
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
	p.refuse(fmt.Sprintf("Delete %s if nobody uses it any more (aws iam delete-access-key --user-name %s --access-key-id %s), and deploy again", spare.ID, p.Spec.User, spare.ID),
		"user %s has the access keys %s, and IAM allows no third", p.Spec.User, strings.Join(told, " and "))
}

// protect refuses a plan that ends a key that is in use. Only the key's own use counts: a live
// database must not keep anybody from rotating.
func (p *planner) protect() {
	current := "the current access key"
	if key := p.keys.Labelled(Current); key != nil {
		current = key.ID
	}
	p.refuseToEnd(fmt.Sprintf("Enter %s in Redis Cloud first (it is the current key of secret %s), and deploy again %d hours after the last use of the old one. "+
		"Or set DeletionProtection to Off: then the old key stops working at once",
		current, p.Spec.AccessKeySecret, int(recently.Hours())), func(Row) bool { return true })
}
