package provision

import (
	"slices"
	"strings"
)

// A user that is adopted keeps its keys, whether used or not: they may be what Redis Cloud holds. The user is
// tagged with them, and with who adopts it, before a key is made beside them. So a key that a crash leaves
// behind is told from one that was there before; and the Delete that follows a Create which failed finds the user
// that it did not come to own, and takes away what the Create made on it.

// adopts says whether an entity with these tags is taken over by this run, or by an earlier one of this resource
// that did not come so far.
func (d Desired) adopts(tags map[string]string) bool { return d.Spec.Adopt && tags[tagOwner] == "" }

// adopting says whether the run takes anything over that nobody owns.
func (e *ensurer) adopting() bool {
	return slices.ContainsFunc(e.seen.entities(), func(t Tagged) bool { return e.adopts(t.Tags) })
}

// adopter returns who adopts or has adopted a user, or "".
func adopter(user *User) string {
	if user == nil {
		return ""
	}
	owner, _, _ := strings.Cut(user.Tags[tagKept], " ")
	return owner
}

// keptKeys are the keys that a user had when it was adopted.
func keptKeys(user *User) map[string]bool {
	keys := map[string]bool{}
	if user == nil {
		return keys
	}
	for i, id := range strings.Fields(user.Tags[tagKept]) {
		if i > 0 {
			keys[id] = true
		}
	}
	return keys
}

// abandoned says whether one of the owners has begun to adopt the user, and nobody has come to own it.
func abandoned(user *User, owners []string) bool {
	by := adopter(user)
	return by != "" && slices.Contains(owners, by) && user.Tags[tagOwner] == ""
}

// kept returns the keys that the user keeps, and plans that they are remembered: all that it has when its adoption begins.
func (e *ensurer) kept(run memory) map[string]bool {
	user := e.seen.User
	switch {
	case user == nil:
		return nil
	case run.kept != nil:
		return run.kept // the tag may not be seen yet
	case !e.adopts(user.Tags) || slices.Contains(e.owners(), adopter(user)):
		return keptKeys(user)
	}
	kept, value := map[string]bool{}, e.Owner
	for _, key := range user.Keys {
		kept[key.ID] = true
		value += " " + key.ID
	}
	e.change = append(e.change, Remember{User: user.Name, Value: value})
	return kept
}
