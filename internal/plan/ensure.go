package plan

import (
	"cmp"
	"slices"
)

// Ensure plans a Create or an Update. The errors are [*spec.ConflictError], [*spec.InvalidError]
// and [StaleError].
//
// The order: secrets are restored, and boundaries put on, since the function may change a role only
// within its boundary; entities are made and repaired; they are linked and, beside that, the key is
// made and stored; the key is proven; what is no longer wanted goes. The tags that say who owns
// what is adopted are written last, when all else has succeeded: until then a Delete leaves what was
// there before.
func Ensure(d Desired, seen *Observed) (Plan, error) {
	if err := cmp.Or(Overtaken(seen.In(User), d.Owner, d.Event), refuse(d, seen)); err != nil {
		return Plan{}, err
	}
	p := planner{Desired: d, seen: seen, keys: LedgerOf(seen.In(User), seen.In(KeySecret))}
	for _, slot := range Slots() {
		if d.has(slot) {
			p.entity(slot)
		}
	}
	if err := p.keep(); err != nil {
		return Plan{}, err
	}
	keyID, err := p.key()
	if err == nil {
		err = p.protect()
	}
	switch {
	case err != nil:
		return Plan{}, err
	case len(p.ask) > 0:
		return Plan{Ask: p.ask}, nil
	}
	p.password()

	stages := staged(p.first, p.change, p.link, p.prove, p.retire, p.commit, p.commitUser)
	return Plan{Stages: stages, Notices: p.notices, KeyID: keyID}, nil
}

// planner collects the steps of each stage.
type planner struct {
	Desired
	seen                               *Observed
	keys                               Ledger
	first, change, link, prove, retire []Step
	commit, commitUser                 []Step
	notices                            []string
	questions
}

// entity plans what is in a slot, but for the values of secrets.
func (p *planner) entity(slot Slot) {
	want, seen, ref := p.Wanted(slot), p.seen.In(slot), slot.Ref(p.Spec.Names)
	if seen == nil {
		p.create(slot, want)
		return
	}
	kind := slot.Kind()
	if !seen.Deleted.IsZero() {
		p.first = append(p.first, Restore{ref})
	}
	sameKey := kind != Secret || p.Account.SameKMSKey(seen.KmsKeyID, want.KmsKeyID)
	if (kind == Role || kind == Secret) && (seen.Description != want.Description || !sameKey) {
		p.change = append(p.change, Describe{ref, want.Description, want.kmsKey(), seen.MaxSession})
	}
	if !sameDocument(seen.Document, want.Document) {
		p.document(slot, want.Document)
	}
	if seen.Boundary != want.Boundary {
		p.first = append(p.first, SetBoundary{ref, want.Boundary})
	}
	for _, role := range seen.Attached {
		if kind == Profile && !slices.Contains(want.Attached, role) { // there is room for one
			p.change = append(p.change, Detach{ref, role})
		}
	}
	p.attach(ref, want.Attached, seen.Attached)
	p.tags(slot, want.Tags)
}

// create plans an entity that is not there. A secret is made together with its value.
func (p *planner) create(slot Slot, want Wanted) {
	ref := slot.Ref(p.Spec.Names)
	if ref.Kind == Secret {
		if want.Document != "" {
			p.prove = append(p.prove, SetDocument{Ref: ref, Document: want.Document})
		}
		return
	}
	last := Tag{Ref: ref}
	if slot == User && p.adopting() {
		want.Tags = with(want.Tags, tagAdopting, yes)
		last.Unset = []string{tagAdopting}
	}
	p.change = append(p.change, Create{ref, want})
	p.attach(ref, want.Attached, nil)
	if p.Spec.Retain && slot.marksRetention() {
		last.Set = map[string]string{tagOnDelete: retain}
	}
	p.tagLast(slot, last)
}

// document plans another document of a policy, a role or a secret.
func (p *planner) document(slot Slot, document string) {
	seen := p.seen.In(slot)
	step := SetDocument{Ref: slot.Ref(p.Spec.Names), Document: document}
	const most = 5 // versions of a policy
	switch {
	case step.Kind == Policy && len(seen.OtherVersions) >= most-1:
		step.Drop = seen.OtherVersions[0]
	case step.Kind == Secret && document != "":
		// After Describe: as long as the secret's key is AWS's own, no other account can be let in.
		p.link = append(p.link, step)
		return
	case step.Kind == Secret && p.adopts(seen.Claim):
		p.notice("secret %s, which is adopted, had a resource policy, which is removed: SecretReaders is empty", step.Name)
	}
	p.change = append(p.change, step)
}

func (p *planner) attach(ref Ref, want, seen []string) {
	for _, what := range want {
		if !slices.Contains(seen, what) {
			p.link = append(p.link, Attach{ref, what})
		}
	}
}

// adopting reports whether anything is taken over.
func (p *planner) adopting() bool {
	return slices.ContainsFunc(Slots(), func(slot Slot) bool {
		seen := p.seen.In(slot)
		return seen != nil && p.has(slot) && p.adopts(seen.Claim)
	})
}

// marksRetention reports whether the slot is one of the two on which it is marked that all is to
// outlive the resource: the user, and the instance role in case the user was deleted out of band.
func (s Slot) marksRetention() bool { return s == User || s == InstanceRole }

// tags repairs the wanted tags, and removes those that an earlier value of Tags has set. Tags that
// other people and programs added stay. The tags that say who owns the entity come last.
func (p *planner) tags(slot Slot, want map[string]string) {
	seen, ref := p.seen.In(slot), slot.Ref(p.Spec.Names)
	adopted, marks := p.adopts(seen.Claim), slot.marksRetention()
	now := retagged(ref, seen.Tags, want, seen.stale(want))
	last := Tag{Ref: ref}
	if adopted {
		for _, key := range []string{tagOwner, tagStack} {
			if value, ok := now.Set[key]; ok {
				last.Set = with(last.Set, key, value)
				delete(now.Set, key)
			}
		}
		last.Set = with(last.Set, tagAdopted, yes)
	}
	switch {
	case p.Spec.Retain && marks && !seen.Claim.Retain:
		last.Set = with(last.Set, tagOnDelete, retain)
	case !p.Spec.Retain && seen.Claim.Retain:
		now.Unset = append(now.Unset, tagOnDelete)
	}
	if ref.Kind == Secret && want[tagReaders] == "" && seen.Claim.Readers {
		p.link = append(p.link, Tag{Ref: ref, Unset: []string{tagReaders}}) // after the readers
	}
	if seen.Claim.Adopting {
		last.Unset = []string{tagAdopting}
	}
	if !now.empty() {
		p.change = append(p.change, now)
	}
	p.tagLast(slot, last)
}

// tagLast plans a tag that is written when all else is done. With the user's the adoption is done.
func (p *planner) tagLast(slot Slot, last Tag) {
	switch {
	case last.empty():
	case slot == User:
		p.commitUser = append(p.commitUser, last)
	default:
		p.commit = append(p.commit, last)
	}
}
