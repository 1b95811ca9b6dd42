package plan

import (
	"cmp"
	"slices"

	"redis-cloud-iam/internal/spec"
)

// Ensure plans a Create or an Update. The errors are [*NewerError], [*spec.ConflictError],
// [*spec.InvalidError] and [*StaleError]. Where something is in the way, the rest is planned beside
// the error all the same: for the watcher, which must not be blinded by it.
//
// The order is that of the stages: see [planner]. The tags that say who owns what is adopted are
// written last, when all else has succeeded: until then a Delete leaves what was there before.
func Ensure(d Desired, seen *Observed) (Plan, error) {
	p := newPlanner(d, seen)
	if p.fail(Overtaken(p.user, d.Owner, d.Event)); p.err != nil {
		return p.result()
	}
	p.taken()
	for _, slot := range Slots() {
		if d.Has(slot) && p.free(slot) {
			p.entity(slot)
		}
	}
	p.keep()
	if p.free(User, KeySecret) {
		p.key()
		p.protect()
	} else if p.seen.In(KeySecret) == nil {
		p.makeKey()
	}
	if p.free(User, ConsoleSecret) {
		p.password()
	} else if d.Has(ConsoleSecret) && p.seen.In(ConsoleSecret) == nil {
		p.makePassword(false)
	}
	for _, stage := range []stage{commit, commitUser} {
		p.plan.Commits += min(1, len(p.stages[stage]))
	}
	return p.result()
}

// entity plans what is in a slot, but for the values of secrets.
func (p *planner) entity(slot Slot) {
	want, seen, ref := p.Wanted(slot), p.seen.In(slot), slot.Ref(p.Spec.Names)
	if seen == nil && ref.Kind == Secret { // it is made together with its value
		if want.Document != "" {
			p.add(prove, SetDocument{Ref: ref, Document: want.Document})
		}
		return
	}
	if seen == nil {
		if slot == User && p.adopting() {
			want.Tags[tagAdopting] = yes
		}
		p.add(change, Create{ref, want})
		seen = &Entity{Ref: ref, Description: want.Description, Document: want.Document, Boundary: want.Boundary}
		seen.SetTags(want.Tags)
	}
	if !seen.Deleted.IsZero() {
		p.add(prepare, Restore{ref})
	}
	sameKey := ref.Kind != Secret || p.Account.SameKMSKey(seen.KmsKeyID, want.KmsKeyID)
	if (ref.Kind == Role || ref.Kind == Secret) && (seen.Description != want.Description || !sameKey) {
		p.add(change, Describe{ref, want.Description, cmp.Or(want.KmsKeyID, spec.DefaultKMSKey), seen.MaxSession})
	}
	if (ref.Kind != Secret || p.ReadersMatter(slot, seen.Claim)) && !SameDocument(seen.Document, want.Document) {
		p.document(seen, want.Document)
	}
	if seen.Boundary != want.Boundary {
		p.add(prepare, SetBoundary{ref, want.Boundary})
	}
	for _, role := range seen.Attached {
		if ref.Kind == Profile && !slices.Contains(want.Attached, role) { // there is room for one
			p.add(change, Detach{ref, role})
		}
	}
	for _, what := range want.Attached {
		if !slices.Contains(seen.Attached, what) {
			p.add(link, Attach{ref, what})
		}
	}
	p.tags(slot, seen, want.Tags)
}

// document plans another document of a policy, a role or a secret.
func (p *planner) document(seen *Entity, document string) {
	step := SetDocument{Ref: seen.Ref, Document: document}
	const most = 5 // versions of a policy
	switch {
	case step.Kind == Policy && len(seen.OtherVersions) >= most-1:
		step.Drop = seen.OtherVersions[0]
	case step.Kind == Secret && document != "":
		// After Describe: as long as the secret's key is AWS's own, no other account can be let in.
		p.add(link, step)
		return
	case step.Kind == Secret && p.adopts(seen.Claim):
		p.notice("secret %s, which is adopted, had a resource policy, which is removed: SecretReaders is empty", step.Name)
	}
	p.add(change, step)
}

// adopting reports whether anything is taken over.
func (p *planner) adopting() bool {
	return slices.ContainsFunc(Slots(), func(slot Slot) bool {
		seen := p.seen.In(slot)
		return seen != nil && p.Has(slot) && p.adopts(seen.Claim)
	})
}

// tags repairs the wanted tags, and removes those that an earlier value of Tags has set. Tags that
// other people and programs added stay. The tags that say who owns what is adopted come last.
func (p *planner) tags(slot Slot, seen *Entity, want map[string]string) {
	ref, adopted, last := seen.Ref, p.adopts(seen.Claim), commit
	if slot == User {
		last = commitUser
	}
	for key, value := range want {
		at := change
		if adopted && (key == tagOwner || key == tagStack) {
			at = last
		}
		if have, ok := seen.Tags[key]; !ok || have != value {
			p.tag(at, ref, map[string]string{key: value})
		}
	}
	p.tag(change, ref, nil, seen.stale(want)...)
	if adopted {
		p.tag(last, ref, map[string]string{tagAdopted: yes})
	}
	if seen.Claim.Adopting {
		p.tag(last, ref, nil, tagAdopting)
	}
	marks := slot == User || slot == InstanceRole // in case the user is deleted out of band
	switch {
	case p.Spec.Retain && marks && !seen.Claim.Retain:
		p.tag(last, ref, map[string]string{tagOnDelete: retain})
	case !p.Spec.Retain && seen.Claim.Retain:
		p.tag(change, ref, nil, tagOnDelete)
	}
	if ref.Kind == Secret && want[tagReaders] == "" && seen.Claim.Readers {
		p.tag(link, ref, nil, tagReaders) // after the readers
	}
}
