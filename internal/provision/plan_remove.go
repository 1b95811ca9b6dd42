package provision

import "slices"

// planRemove plans the removal of all that the owners own. It is pure. First everything is taken off the
// entities that hangs on them, by whomever it was hung; then they are deleted. The keys go in the first
// stage and the secret in the second, so that no key lives that no secret holds.
func planRemove(o Owned, seen *Observed) Plan {
	var strip, remove []Step
	owned := func(kind Kind, name string, tags map[string]string) bool {
		return ownedBy(tags, o.Owners...) && !o.Keep.has(kind, name)
	}
	first := func(step Step) { // once: a policy knows its users, and a user its policies
		if !slices.Contains(strip, step) {
			strip = append(strip, step)
		}
	}
	last := func(step Step) { remove = append(remove, step) }

	if user := seen.User; user != nil && owned(KindUser, user.Name, user.Tags) {
		entity := Entity{KindUser, user.Name}
		for _, key := range user.Keys {
			first(DeleteKey{user.Name, key.ID, "its user is removed", ""})
		}
		for _, hung := range user.Hung {
			first(hung)
		}
		for _, policy := range user.Attached {
			first(Detach{entity, policy})
		}
		last(DeleteEntity{entity})
		for _, serial := range user.MFA {
			last(DeleteVirtualMFA{serial})
		}
	}
	for _, role := range []*Role{seen.InstanceRole, seen.ConsoleRole} {
		if role == nil || !owned(KindRole, role.Name, role.Tags) {
			continue
		}
		entity := Entity{KindRole, role.Name}
		for _, policy := range role.Attached {
			first(Detach{entity, policy})
		}
		for _, policy := range role.Inline {
			first(DeleteInline{role.Name, policy})
		}
		for _, profile := range role.Profiles {
			first(RemoveRole{profile, role.Name})
		}
		last(DeleteEntity{entity})
	}
	if profile := seen.Profile; profile != nil && owned(KindProfile, profile.Name, profile.Tags) {
		for _, role := range profile.Roles {
			first(RemoveRole{profile.Name, role})
		}
		last(DeleteEntity{Entity{KindProfile, profile.Name}})
	}
	for _, policy := range []*Policy{seen.InstancePolicy, seen.UserPolicy} {
		if policy == nil || !owned(KindPolicy, policy.Name, policy.Tags) {
			continue
		}
		for _, entity := range policy.AttachedTo {
			first(Detach{entity, policy.ARN})
		}
		for _, version := range policy.OtherVersions {
			first(DeleteVersion{policy.ARN, version})
		}
		last(DeleteEntity{Entity{KindPolicy, policy.ARN}})
	}
	if secret := seen.Secret; secret != nil && owned(KindSecret, secret.Name, secret.Tags) {
		// After an Update that changed the secret's name the user has another owner, and its key that
		// this secret holds has nobody else who would delete it.
		if user := seen.User; user != nil && !owned(KindUser, user.Name, user.Tags) {
			held := secret.keysOf()
			for _, key := range user.Keys {
				if held[key.ID] {
					first(DeleteKey{user.Name, key.ID, "the secret that holds it is removed", ""})
				}
			}
		}
		last(DeleteEntity{Entity{KindSecret, secret.Name}})
	}
	return newPlan(strip, remove)
}
