package provision

import (
	"fmt"
	"slices"
	"strings"
)

// key plans the access key: the one that is stored under the desired serial is used, and else a new one is
// made. It returns the ID of the key that is current afterwards, or "" where it is to be made.
func (e *ensurer) key(run memory) (string, error) {
	secret, made := e.seen.Secret, run.key
	kept := e.kept(run)
	keys, err := e.settleUnrecorded(made, kept)
	if err != nil {
		return "", err
	}
	if err := e.adoptsOlder(keys); err != nil {
		return "", err
	}
	if version, keyID := e.stored(keys); version != "" {
		e.keep(version, keyID)
		if keyID == made.id && !made.proven {
			e.prove = append(e.prove, ProveKey{e.Spec.User})
		}
		return keyID, nil
	}
	if err := e.lowered(); err != nil {
		return "", err
	}

	// A version whose key is gone must not push the one that holds a live key out of the two labels, be it
	// of this user or of the one that an Update replaces.
	var formerKeys []string
	former := e.seen.renamed().User
	if former != nil {
		for _, key := range former.Keys {
			formerKeys = append(formerKeys, key.ID)
		}
	}
	alive := slices.Concat(keys, formerKeys)
	cur, prev := secret.keyOf(current), secret.keyOf(previous)
	if cur != "" && !slices.Contains(alive, cur) && slices.Contains(alive, prev) {
		e.change = append(e.change, MoveCurrent{secret.Name, secret.holds(current), secret.holds(previous)})
		cur, prev = prev, ""
	}
	if slices.Contains(keys, cur) && e.Spec.PreviousAccessKey != KeyActive {
		return "", &InvalidError{Faults: []string{fmt.Sprintf(
			"PreviousAccessKey: is %s while a new access key is to be made, so that %s, which Redis Cloud uses now, would stop working; set it to Active, and to %s once Redis Cloud has the new key",
			e.Spec.PreviousAccessKey, cur, e.Spec.PreviousAccessKey)}}
	}
	if err := e.makeRoom(keys, cur, kept); err != nil {
		return "", err
	}
	if slices.Contains(formerKeys, prev) {
		e.change = append(e.change, DeleteKey{former.Name, prev, olderKey, ""})
	}
	e.link = append(e.link, MakeKey{
		User: e.Spec.User, Secret: e.Spec.AccessKeySecret, Serial: e.Spec.AccessKeySerial, NewSecret: secret == nil,
	})
	e.prove = append(e.prove, ProveKey{e.Spec.User})
	return "", nil
}

// adoptsOlder refuses to go back to an older key of a secret that is adopted: the current one is what Redis Cloud may have.
func (e *ensurer) adoptsOlder(live []string) error {
	secret := e.seen.Secret
	r, ok := parseRecord(secret.holds(current))
	if !ok || !e.adopts(secret.Tags) || r.serial <= e.Spec.AccessKeySerial || !slices.Contains(live, r.keyID) {
		return nil
	}
	return &InvalidError{Faults: []string{fmt.Sprintf(
		"AccessKeySerial: is %d, and the current key of secret %s, which is adopted, has the serial %d; set it to %d for that key, or to %d for a new one",
		e.Spec.AccessKeySerial, secret.Name, r.serial, r.serial, r.serial+1)}}
}

// keep plans that a stored key is the current one, and what becomes of the one before it.
func (e *ensurer) keep(version, keyID string) {
	user, secret := e.seen.User, e.seen.Secret
	from, before := secret.holds(current), secret.keyOf(previous)
	if from != version {
		before = secret.keyOf(current)
		e.change = append(e.change, MoveCurrent{secret.Name, from, version})
	}
	// An Update that changes which key is current leaves both as they are: Redis Cloud has the one, and is to
	// have the other. What was deactivated as the previous key, and is current again, is activated.
	changes := e.Former != nil && newRecord("", e.Former.Spec) != newRecord("", e.Spec)
	back := e.Former != nil && e.Former.Spec.PreviousAccessKey == KeyInactive
	if key := user.key(keyID); key != nil && !key.Active {
		if changes && back {
			e.change = append(e.change, SetKey{user.Name, keyID, true})
		} else {
			e.notices = append(e.notices, fmt.Sprintf(
				"access key %s of user %s is inactive and is left so: activate it, or raise AccessKeySerial for a new one", keyID, user.Name))
		}
	}
	old := user.key(before)
	if old == nil || changes || e.Former == nil || e.Former.Spec.User != e.Spec.User || e.Former.Spec.AccessKeySecret != e.Spec.AccessKeySecret {
		return // also where a Create, or an Update to another user or secret, adopts keys that are stored
	}
	switch e.Spec.PreviousAccessKey {
	case KeyDeleted:
		e.retire = append(e.retire, DeleteKey{user.Name, before, "PreviousAccessKey is Deleted", ""})
	case KeyInactive:
		if old.Active {
			e.retire = append(e.retire, SetKey{user.Name, before, false})
		}
	case KeyActive:
		if !old.Active && back { // what hands have deactivated stays so
			e.change = append(e.change, SetKey{user.Name, before, true})
		}
	}
}

// lowered refuses a serial that is lower than that of the current key, where no key of that serial is left.
func (e *ensurer) lowered() error {
	r, ok := parseRecord(e.seen.Secret.holds(current))
	if !ok || e.Spec.AccessKeySerial >= r.serial {
		return nil
	}
	return &InvalidError{Faults: []string{fmt.Sprintf(
		"AccessKeySerial: is %d, which is lower than the current %d, and no key of that serial is left to go back to; set it to %d for the current key, or to %d for a new one",
		e.Spec.AccessKeySerial, r.serial, r.serial, r.serial+1)}}
}

// settleUnrecorded deals with the user's keys that no secret holds, and returns the IDs of all that live
// when that is done. A key that was never used is what a crash left between its making and its storing: it
// is deleted. One that was used is somebody's: it is left, and that is said, as is one that was adopted.
func (e *ensurer) settleUnrecorded(made ownKey, kept map[string]bool) ([]string, error) {
	var live []string
	if e.seen.User == nil {
		return nil, nil
	}
	recorded := e.recorded(e.seen)
	for _, key := range e.seen.User.Keys {
		switch {
		case recorded[key.ID] || key.ID == made.id:
		case kept[key.ID]:
			e.notices = append(e.notices, fmt.Sprintf(
				"access key %s of user %s was there before and is kept: delete it when nobody uses it any more", key.ID, e.Spec.User))
		case key.used():
			e.notices = append(e.notices, fmt.Sprintf(
				"access key %s of user %s was not made by this resource and has been used: it is left as it is", key.ID, e.Spec.User))
		case e.seen.At.Sub(key.Created) < courtesy:
			return nil, surprise{fmt.Errorf("access key %s of user %s was made a moment ago and no secret holds it: another run may be about to store it", key.ID, e.Spec.User)}
		default:
			e.change = append(e.change, DeleteKey{e.Spec.User, key.ID, "no secret holds it and it was never used", e.Spec.AccessKeySecret})
			continue
		}
		live = append(live, key.ID)
	}
	if made.fresh && !slices.Contains(live, made.id) {
		live = append(live, made.id)
	}
	return live, nil
}

// stored finds the version of the secret that holds a live key under the desired serial and for the desired
// console role: rather the current one than the previous one.
func (e *ensurer) stored(live []string) (version, keyID string) {
	for _, label := range []string{current, previous} {
		id := e.seen.Secret.holds(label)
		r, ok := parseRecord(id)
		if ok && r == newRecord(r.keyID, e.Spec) && slices.Contains(live, r.keyID) {
			return id, r.keyID
		}
	}
	return "", ""
}

// olderKey is why a key goes that is stored as the previous one when a new one comes: a secret has two labels, and
// IAM allows two keys.
const olderKey = "it is the one before the current key, and makes room for the new one"

// makeRoom sees to it that the user can have one more key: IAM allows two. The key that makes room is one
// that a secret holds as a previous one; a current one, and one that is somebody's, never goes.
func (e *ensurer) makeRoom(live []string, cur string, kept map[string]bool) error {
	const most = 2
	if len(live) < most {
		return nil
	}
	recorded := e.recorded(e.seen)
	if !e.adopts(e.seen.User.Tags) {
		kept = nil // what was stored when the user was adopted is the resource's own by now
	}
	for _, id := range live {
		if recorded[id] && !kept[id] && id != cur && id != e.seen.renamed().Secret.keyOf(current) {
			e.change = append(e.change, DeleteKey{e.Spec.User, id, olderKey, ""})
			return nil
		}
	}
	var told []string
	var spare Key // the one that was not used for the longest time
	for _, id := range live {
		key := e.seen.User.key(id)
		switch {
		case key == nil:
			told = append(told, id)
		case recorded[id]:
			told = append(told, id+" (which is stored)")
		default:
			told = append(told, fmt.Sprintf("%s (%s)", id, key.lastUse()))
			if spare.ID == "" || key.LastUsed.Before(spare.LastUsed) {
				spare = *key
			}
		}
	}
	if spare.ID == "" { // all are stored: the one before the current key
		spare.ID = live[slices.IndexFunc(live, func(id string) bool { return id != cur })]
	}
	return &ConflictError{
		Conflicts: []string{fmt.Sprintf("user %s has the access keys %s, and IAM allows no third", e.Spec.User, strings.Join(told, " and "))},
		Remedy: fmt.Sprintf("Delete %s if nobody uses it any more (aws iam delete-access-key --user-name %s --access-key-id %s), and deploy again",
			spare.ID, e.Spec.User, spare.ID),
	}
}
