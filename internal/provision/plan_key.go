package provision

import (
	"fmt"
	"slices"
	"strings"
)

// key plans the access key: the one that is stored under the desired serial is used, and else a new one is
// made. It returns the ID of the key that is current afterwards, or "" where it is to be made.
func (e *ensurer) key(made ownKey) (string, error) {
	user, secret := e.seen.User, e.seen.Secret
	keys := e.settleUnrecorded(made)

	version, keyID := e.stored(keys)
	if version != "" {
		if from := secret.holds(current); from != version {
			e.change = append(e.change, MoveCurrent{secret.Name, from, version})
		}
		if key := user.key(keyID); key != nil && !key.Active {
			e.notices = append(e.notices, fmt.Sprintf(
				"access key %s of user %s is inactive and is left so: activate it, or raise AccessKeySerial for a new one", keyID, user.Name))
		}
		if keyID == made.id && !made.proven {
			e.prove = append(e.prove, ProveKey{e.Spec.User})
		}
		return keyID, nil
	}

	// A version whose key is gone must not push the one that holds a live key out of the two labels, be it
	// of this user or of the one that an Update replaces.
	formerKeys := make([]string, len(e.seen.FormerKeys))
	for i, key := range e.seen.FormerKeys {
		formerKeys[i] = key.ID
	}
	alive := slices.Concat(keys, formerKeys)
	cur, prev := secret.keyOf(current), secret.keyOf(previous)
	if cur != "" && !slices.Contains(alive, cur) && slices.Contains(alive, prev) {
		e.change = append(e.change, MoveCurrent{secret.Name, secret.holds(current), secret.holds(previous)})
		cur, prev = prev, ""
	}
	if err := e.makeRoom(keys, cur); err != nil {
		return "", err
	}
	if slices.Contains(formerKeys, prev) {
		e.change = append(e.change, DeleteKey{e.former().User, prev, olderKey, ""})
	}
	e.link = append(e.link, MakeKey{
		User: e.Spec.User, Secret: e.Spec.AccessKeySecret, Serial: e.Spec.AccessKeySerial, NewSecret: secret == nil,
	})
	e.prove = append(e.prove, ProveKey{e.Spec.User})
	return "", nil
}

// settleUnrecorded deals with the user's keys that no secret holds, and returns the IDs of all that live
// when that is done. A key that was never used is what a crash left between its making and its storing: it
// is deleted. One that was used is somebody's: it is left, and that is said.
func (e *ensurer) settleUnrecorded(made ownKey) []string {
	var live []string
	if e.seen.User == nil {
		return nil
	}
	stored, formerly := e.seen.Secret.keysOf(), e.seen.FormerSecret.keysOf()
	for _, key := range e.seen.User.Keys {
		switch {
		case stored[key.ID] || formerly[key.ID] || key.ID == made.id:
		case key.Used:
			e.notices = append(e.notices, fmt.Sprintf(
				"access key %s of user %s was not made by this resource and has been used: it is left as it is", key.ID, e.Spec.User))
		default:
			e.change = append(e.change, DeleteKey{e.Spec.User, key.ID, "no secret holds it and it was never used", e.Spec.AccessKeySecret})
			continue
		}
		live = append(live, key.ID)
	}
	if made.fresh && !slices.Contains(live, made.id) {
		live = append(live, made.id)
	}
	return live
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
func (e *ensurer) makeRoom(live []string, cur string) error {
	const most = 2
	if len(live) < most {
		return nil
	}
	stored, formerly := e.seen.Secret.keysOf(), e.seen.FormerSecret.keysOf()
	for _, id := range live {
		if (stored[id] || formerly[id]) && id != cur && id != e.seen.FormerSecret.keyOf(current) {
			e.change = append(e.change, DeleteKey{e.Spec.User, id, olderKey, ""})
			return nil
		}
	}
	return &ConflictError{
		Conflicts: []string{fmt.Sprintf("user %s has the access keys %s, and IAM allows no third", e.Spec.User, strings.Join(live, " and "))},
		Remedy: fmt.Sprintf("Delete the one that nobody uses (\"aws iam get-access-key-last-used --access-key-id ID\" tells its last use, \"aws iam delete-access-key --user-name %s --access-key-id ID\" deletes it), and deploy again",
			e.Spec.User),
	}
}
