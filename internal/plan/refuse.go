package plan

import (
	"cmp"
	"fmt"
	"strings"

	"redis-cloud-iam/internal/spec"
)

// taken refuses the plan if anything of the desired names is owned by another stack, or by none.
func (p *planner) taken() {
	var properties []string
	unowned, gone := false, false
	for _, slot := range Slots() {
		entity := p.seen.In(slot)
		if entity == nil || !p.Has(slot) {
			continue
		}
		text := p.conflict(slot, entity)
		if text == "" {
			continue
		}
		if !entity.Deleted.IsZero() {
			text += fmt.Sprintf(" (it is scheduled for deletion; \"aws secretsmanager delete-secret --force-delete-without-recovery --region %s --secret-id %s\" frees the name at once)", p.Account.Region, entity.Name)
		}
		unowned = unowned || entity.Claim.Owner == "" && pathOf(entity) == ""
		gone = gone || entity.Claim.Owner != ""
		p.others[slot] = true
		p.refusal.Heading, p.refusal.Reasons = spec.Conflict, append(p.refusal.Reasons, text)
		properties = once(properties, slot.row().property)
	}
	if len(properties) == 0 {
		return
	}
	remedy := "Delete what is in the way (a stack's entities by deleting that stack), and deploy again"
	if !p.Update { // whose names are for life
		remedy = fmt.Sprintf("Give this stack other names (%s), or d%s", strings.Join(properties, ", "), remedy[1:])
	}
	p.remedies = append(p.remedies, remedy)
	if unowned && !p.Spec.Adopt {
		p.remedies = append(p.remedies, "Entities that no stack owns can be taken over: set ExistingEntities to Adopt")
	}
	if gone {
		p.remedies = append(p.remedies, "If that stack is gone, set ExistingEntities to its ARN to take over what it left")
	}
}

// conflict says why an entity cannot be the resource's own, or returns "".
func (d Desired) conflict(slot Slot, entity *Entity) string {
	ref, path := slot.Ref(d.Spec.Names), pathOf(entity)
	switch owner := entity.Claim.Owner; {
	case entity.Name != ref.Name:
		return fmt.Sprintf("%s exists as %s, and IAM does not distinguish case", ref, entity.Name)
	case owner == d.Owner:
		return ""
	case d.adopts(entity.Claim) && d.Spec.StackBoundaries.User != "" && entity.Boundary != "" && entity.Boundary != d.boundary(slot):
		return fmt.Sprintf("%s has the permissions boundary %s, and this stack's own would take its place: set PermissionsBoundary to it, or remove it", ref, entity.Boundary)
	case d.unowned(entity.Claim) && path != "":
		return fmt.Sprintf("%s exists under the path %s, and one with a path cannot be adopted", ref, path)
	case d.adopts(entity.Claim):
		return ""
	case owner == "":
		return fmt.Sprintf("%s exists, and no stack owns it", ref)
	default:
		return fmt.Sprintf("%s is owned by stack %s (as %s)", ref, cmp.Or(entity.Claim.Stack, "unknown"), owner)
	}
}

// pathOf returns the path in the ARN of an IAM entity (arn:aws:iam::…:role/path/name), or "" for
// the root.
func pathOf(entity *Entity) string {
	if entity.Kind == Secret {
		return ""
	}
	_, resource, _ := strings.Cut(entity.ARN, "/")
	if i := strings.LastIndex(resource, "/"); i >= 0 {
		return "/" + resource[:i+1]
	}
	return ""
}
