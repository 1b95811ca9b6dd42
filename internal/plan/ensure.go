package plan

import (
	"cmp"
	"slices"
	"strings"

	"redis-cloud-iam/internal/spec"
)

// Ensure plans a Create or an Update. The errors are [*NewerError], [*spec.RefusedError] and
// [*StaleError]. Where something is in the way, the rest is planned beside the error all the same:
// for the watcher, which must not be blinded by it.
//
// The order is that of the stages: see [planner].
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
		p.add(change, Create{ref, want})
		seen = &Entity{Ref: ref, Description: want.Description, Document: want.Document, Boundary: want.Boundary}
		seen.SetTags(want.Tags)
	}
	p.restore(seen)
	sameKey := p.Account.SameKMSKey(seen.KmsKeyID, want.KmsKeyID)
	if (ref.Kind == Role || ref.Kind == Secret) && (seen.Description != want.Description || !sameKey) {
		p.add(change, Describe{ref, want.Description, cmp.Or(want.KmsKeyID, spec.DefaultKMSKey), seen.MaxSession})
	}
	unread := !seen.Deleted.IsZero() // a secret's policy, until that is restored
	if (ref.Kind != Secret || p.ReadersMatter(slot, seen.Claim)) && (unread || !SameDocument(seen.Document, want.Document)) {
		p.document(seen, want.Document)
	}
	if seen.Boundary != want.Boundary {
		p.add(prepare, SetBoundary{ref, want.Boundary})
		p.limited(seen, want)
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
	p.tags(seen, want.Tags)
}

// limited tells of the policies of an entity that is adopted from which a boundary takes what it does
// not permit: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (p *planner) limited(seen *Entity, want Wanted) {
	others := slices.DeleteFunc(slices.Clone(seen.Attached), func(arn string) bool { return slices.Contains(want.Attached, arn) })
	if want.Boundary != "" && p.adopts(seen.Claim) && len(others) > 0 {
		p.notice("%s, which is adopted, has other policies (%s): they permit only what its permissions boundary %s permits too", seen.Ref, strings.Join(others, ", "), want.Boundary)
	}
}

// document plans another document of a policy, a role or a secret.
func (p *planner) document(seen *Entity, document string) {
	step := SetDocument{Ref: seen.Ref, Document: document}
	const most = 5 // versions of a policy
	switch {
	case len(seen.OtherVersions) >= most-1:
		step.Drop = seen.OtherVersions[0]
	case step.Kind == Secret && document != "":
		// After Describe: as long as the secret's key is AWS's own, no other account can be let in.
		p.add(link, step)
		return
	case step.Kind == Secret && !seen.Claim.Readers && seen.Document != "":
		p.notice("secret %s, which is adopted, had a resource policy, which is removed: SecretReaders is empty", step.Name)
	}
	p.add(change, step)
}

// tags repairs the wanted tags, and removes those that an earlier value of Tags has set. Tags that
// other people and programs added stay. What is adopted is marked in the same step that makes it the
// owner's: as long as the resource does not stand, the mark has a Delete give it back.
func (p *planner) tags(seen *Entity, want map[string]string) {
	set := map[string]string{}
	for key, value := range want {
		if have, ok := seen.Tags[key]; !ok || have != value {
			set[key] = value
		}
	}
	if p.adopts(seen.Claim) {
		set[tagAdopted] = cmp.Or(seen.Claim.Owner, yes)
		if kept := p.keep(seen); len(kept) > 0 {
			set[tagKept] = strings.Join(kept, " ")
		}
	}
	p.tag(change, seen.Ref, set, seen.stale(want)...)
	if seen.Kind == Secret && want[tagReaders] == "" && seen.Claim.Readers {
		p.tag(link, seen.Ref, nil, tagReaders) // after the readers
	}
}
