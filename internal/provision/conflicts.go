package provision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// conflicts names everything that bears a desired name and belongs to somebody else.
func conflicts(d Desired, seen *Observed) error {
	var found, properties []string
	unowned := 0
	check := func(property string, entity Entity, spelt, path string, tags map[string]string, note string) {
		var text string
		switch owner := tags[tagOwner]; {
		case spelt != entity.Name:
			text = fmt.Sprintf("%s exists as %s, and IAM does not distinguish case", entity, spelt)
		case ownedBy(tags, d.owners()...):
			return
		case d.adopts(tags) && path == "":
			return
		case d.adopts(tags):
			text = fmt.Sprintf("%s exists under the path %s, and one with a path cannot be adopted", entity, path)
		case owner == "":
			unowned++
			text = fmt.Sprintf("%s exists and was not made by a stack of this kind", entity)
		default:
			text = fmt.Sprintf("%s is owned by stack %s (as %s)", entity, cmp.Or(tags[tagStack], "unknown"), owner)
		}
		found = append(found, text+note)
		if !slices.Contains(properties, property) {
			properties = append(properties, property)
		}
	}
	if p := seen.InstancePolicy; p != nil {
		check("InstancePolicyName", Entity{KindPolicy, d.Spec.InstancePolicy}, p.Name, pathOf(p.ARN), p.Tags, "")
	}
	if r := seen.InstanceRole; r != nil {
		check("InstanceRoleName", Entity{KindRole, d.Spec.InstanceRole}, r.Name, pathOf(r.ARN), r.Tags, "")
	}
	if p := seen.Profile; p != nil {
		check("InstanceRoleName", Entity{KindProfile, d.Spec.InstanceRole}, p.Name, pathOf(p.ARN), p.Tags, "")
	}
	if p := seen.UserPolicy; p != nil {
		check("UserPolicyName", Entity{KindPolicy, d.Spec.UserPolicy}, p.Name, pathOf(p.ARN), p.Tags, "")
	}
	if u := seen.User; u != nil {
		check("UserName", Entity{KindUser, d.Spec.User}, u.Name, pathOf(u.ARN), u.Tags, "")
	}
	if r := seen.ConsoleRole; r != nil {
		check("ConsoleRoleName", Entity{KindRole, d.Spec.ConsoleRole}, r.Name, pathOf(r.ARN), r.Tags, "")
	}
	secret := func(property string, s *Secret) {
		if s == nil {
			return
		}
		note := ""
		if !s.Deleted.IsZero() {
			note = fmt.Sprintf(" (it is scheduled for deletion; \"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id %s\" frees the name at once)", s.Name)
		}
		check(property, Entity{KindSecret, s.Name}, s.Name, "", s.Tags, note)
	}
	secret("AccessKeySecretName", seen.Secret)
	if d.Spec.ConsoleLogin {
		secret("ConsolePasswordSecretName", seen.ConsoleSecret)
	}
	if len(found) == 0 {
		return misnamed(d)
	}
	remedy := fmt.Sprintf("Give this stack other names (%s), or delete what stands in the way (a stack's entities by deleting that stack), and deploy again",
		strings.Join(properties, ", "))
	if unowned > 0 {
		remedy += ". What no stack has made can be taken over instead: set ExistingEntities to Adopt"
	}
	return &ConflictError{Conflicts: found, Remedy: remedy}
}

// pathOf returns the path in the ARN of an IAM entity, or "" where that is the root: arn:aws:iam::…:role/path/name.
func pathOf(arn string) string {
	_, resource, _ := strings.Cut(arn, "/")
	if i := strings.LastIndex(resource, "/"); i >= 0 {
		return "/" + resource[:i+1]
	}
	return ""
}

// misnamed refuses an Update that changes a name in its case alone, since to IAM it is the same name, and the entity that
// bears it is the one that would have to be replaced; and one that gives an entity the name that another of the resource has
// until the clean-up. The roll-back of an Update is never refused.
func misnamed(d Desired) error {
	if d.Former == nil || slices.Contains(d.Former.Owners, d.Owner) {
		return nil
	}
	before, after := d.Former.Spec.named(), d.Spec.named()
	var faults []string
	for _, p := range nameProperties() {
		was, is := *p.of(&before), *p.of(&after)
		if is == "" || is == was {
			continue
		}
		if p.same(was, is) {
			faults = append(faults, fmt.Sprintf("%s: %s differs from the present %s in case alone, and IAM does not distinguish case; keep the present name or choose another",
				p.name, quote(is), quote(was)))
		}
		for _, other := range nameProperties() {
			if other.name != p.name && other.kind == p.kind && p.same(*other.of(&before), is) {
				faults = append(faults, fmt.Sprintf("%s: %s is the present %s, which bears it until this update is done; choose another name, or take two updates",
					p.name, quote(is), other.name))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &InvalidError{Faults: faults}
}
