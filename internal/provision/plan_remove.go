package provision

import (
	"fmt"
	"slices"
	"strings"
)

// planRemove plans the removal of all that the owners own. It is pure. First everything is taken off the
// entities that hangs on them, by whomever it was hung; then they are deleted. The keys go in the first
// stage and the secrets in the second, so that no key lives that no secret holds.
//
// What is to outlive the resource stays, and is nobody's from then on. So does what was adopted, where the adoption
// did not come to its end, or is undone, or where a key that the user had before is in use: whoever adopts a live account and fails,
// or goes back, must not take it down. The user goes or is set free last, because its tags are what says that the others stay; so
// one that is nobody's already was set free by another run, beside this one.
func planRemove(o Owned, seen *Observed) (Plan, error) {
	r := remover{Owned: o, seen: seen}
	free := seen.User != nil && seen.User.Tags[tagOwner] == ""
	r.retain = o.Retain && !o.Undo && (r.marked() || free && !abandoned(seen.User, o.Owners))
	r.spare = o.Undo || free || seen.User != nil && seen.User.Tags[tagAdopting] != "" || o.Protect && len(keysInUse(seen.User, keptKeys(seen.User), seen.At)) > 0
	if user := seen.User; user != nil {
		r.user(user)
	}
	for _, role := range []*Role{seen.InstanceRole, seen.ConsoleRole} {
		if role != nil {
			r.role(role)
		}
	}
	if profile := seen.Profile; profile != nil {
		entity := Entity{KindProfile, profile.Name}
		if r.goes(entity, profile.Tags) {
			for _, role := range profile.Roles {
				r.first(RemoveRole{profile.Name, role})
			}
			r.last(DeleteEntity{entity})
		}
	}
	for _, policy := range []*Policy{seen.InstancePolicy, seen.UserPolicy} {
		if policy != nil {
			r.policy(policy)
		}
	}
	if secret := seen.Secret; secret != nil {
		r.keySecret(secret)
	}
	if secret := seen.ConsoleSecret; secret != nil {
		r.unstorePassword(secret)
	}
	if secret := seen.ConsoleSecret; secret != nil && r.secretGoes(secret) {
		r.last(DeleteEntity{Entity{KindSecret, secret.Name}})
	}
	if err := r.refuse(); err != nil {
		return Plan{}, err
	}
	return newPlan(r.strip, r.remove, r.free), nil
}

// remover collects the steps of each stage.
type remover struct {
	Owned
	seen                *Observed
	retain              bool // whether all stays
	spare               bool // whether what was adopted stays
	strip, remove, free []Step
}

// marked says whether the resource stood, and was told that all is to outlive it.
func (r *remover) marked() bool {
	if user := r.seen.User; user != nil {
		return r.owns(Entity{KindUser, user.Name}, user.Tags) && user.Tags[tagOnDelete] != ""
	}
	role := r.seen.InstanceRole // hands may have deleted the user
	return role != nil && r.owns(Entity{KindRole, role.Name}, role.Tags) && role.Tags[tagOnDelete] != ""
}

func (r *remover) first(step Step) { // once: a policy knows its users, and a user its policies
	if !slices.ContainsFunc(r.strip, func(have Step) bool { return have.String() == step.String() }) {
		r.strip = append(r.strip, step)
	}
}

func (r *remover) last(step Step) { r.remove = append(r.remove, step) }

func (r *remover) owns(entity Entity, tags map[string]string) bool {
	return ownedBy(tags, r.Owners...) && !r.Keep.has(entity.Kind, entity.name())
}

// stays says whether an entity that is owned is to be set free, and not deleted.
func (r *remover) stays(tags map[string]string) bool {
	return r.retain || r.spare && tags[tagAdopted] != ""
}

// goes says whether an entity is to be deleted, and plans that it is set free where it is owned and stays.
func (r *remover) goes(entity Entity, tags map[string]string) bool {
	if !r.owns(entity, tags) {
		return false
	}
	if !r.stays(tags) {
		return true
	}
	step := Tag{Entity: entity, Unset: namespaced(tags)}
	if r.retain {
		step.Unset = namespaced(tags, tagPassword) // by which whoever adopts the user knows its password's version
	}
	if entity.Kind == KindUser {
		r.free = append(r.free, step)
	} else {
		r.last(step)
	}
	return false
}

func (r *remover) user(user *User) {
	entity := Entity{KindUser, user.Name}
	if r.goes(entity, user.Tags) {
		for _, key := range user.Keys {
			r.first(DeleteKey{user.Name, key.ID, "its user is removed", ""})
		}
		for _, hung := range user.Hung {
			r.first(hung)
		}
		for _, policy := range user.Attached {
			r.first(Detach{entity, policy})
		}
		last := &r.remove
		if r.spare {
			last = &r.free
		}
		*last = append(*last, DeleteEntity{entity})
		for _, serial := range user.MFA {
			*last = append(*last, DeleteVirtualMFA{serial})
		}
		return
	}
	switch {
	case abandoned(user, r.Owners):
		r.unadopt(user)
		r.free = append(r.free, Tag{Entity: entity, Unset: namespaced(user.Tags)})
	case r.owns(entity, user.Tags) && !r.retain:
		r.unadopt(user)
	}
}

// unadopt plans that an adopted user loses what was made on it: the keys that it did not have before, of which a secret
// tells or which were never used, and a console password.
func (r *remover) unadopt(user *User) {
	kept, recorded := keptKeys(user), r.seen.Secret.keysOf()
	for _, key := range user.Keys {
		if !kept[key.ID] && (recorded[key.ID] || !key.used()) {
			r.first(DeleteKey{user.Name, key.ID, "it was made when its user was adopted, which is undone", ""})
		}
	}
	ours := user.Tags[tagPassword] != "" || strings.HasPrefix(r.seen.ConsoleSecret.holds(current), passwordPrefix)
	for _, hung := range user.Hung {
		if hung.What == LoginProfile && ours {
			r.first(hung)
		}
	}
	secret := r.seen.Secret
	if cur := secret.keyOf(current); cur != "" && !kept[cur] && secret.holds(previous) != "" && r.givenBack(secret) {
		r.first(MoveCurrent{secret.Name, secret.holds(current), secret.holds(previous)})
	}
}

func (r *remover) role(role *Role) {
	entity := Entity{KindRole, role.Name}
	if !r.goes(entity, role.Tags) {
		return
	}
	for _, policy := range role.Attached {
		r.first(Detach{entity, policy})
	}
	for _, policy := range role.Inline {
		r.first(DeleteInline{role.Name, policy})
	}
	for _, profile := range role.Profiles {
		r.first(RemoveRole{profile, role.Name})
	}
	r.last(DeleteEntity{entity})
}

func (r *remover) policy(policy *Policy) {
	entity := Entity{KindPolicy, policy.ARN}
	if !r.goes(entity, policy.Tags) {
		return
	}
	for _, to := range policy.AttachedTo {
		r.first(Detach{to, policy.ARN})
	}
	for _, version := range policy.OtherVersions {
		r.first(DeleteVersion{policy.ARN, version})
	}
	r.last(DeleteEntity{entity})
}

// keySecret plans the removal of the secret that holds the access key. After an Update that changed the secret's name
// the user has another owner, and its key that this secret holds has nobody else who would delete it; also one that was stored when it was adopted.
func (r *remover) keySecret(secret *Secret) {
	r.unstoreKey(secret)
	if !r.secretGoes(secret) {
		return
	}
	if user := r.seen.User; user != nil && (!r.owns(Entity{KindUser, user.Name}, user.Tags) || r.stays(user.Tags)) {
		held, kept := secret.keysOf(), keptKeys(user)
		for _, key := range user.Keys {
			if held[key.ID] && (!kept[key.ID] || !r.stays(user.Tags)) {
				r.first(DeleteKey{user.Name, key.ID, "the secret that holds it is removed", ""})
			}
		}
	}
	r.last(DeleteEntity{Entity{KindSecret, secret.Name}})
}

// givenBack says whether a secret was adopted, or was to be, and that is undone.
func (r *remover) givenBack(secret *Secret) bool {
	owned := r.owns(Entity{KindSecret, secret.Name}, secret.Tags)
	return !r.retain && (secret.Tags[tagOwner] == "" || owned && r.stays(secret.Tags))
}

// unstoreKey plans that a secret that is given back holds what it held, and not a key that was made for it.
func (r *remover) unstoreKey(secret *Secret) {
	user, cur := r.seen.User, secret.keyOf(current)
	if !r.givenBack(secret) || user == nil || user.key(cur) == nil || keptKeys(user)[cur] || !ownedBy(user.Tags, slices.Concat(r.Owners, r.Kin)...) {
		return
	}
	r.first(DeleteKey{user.Name, cur, "it was made for a secret whose adoption is undone", ""})
	if before := secret.holds(previous); before != "" {
		r.first(MoveCurrent{secret.Name, secret.holds(current), before})
	}
}

// unstorePassword is the same for a console password.
func (r *remover) unstorePassword(secret *Secret) {
	user, cur, before := r.seen.User, secret.holds(current), secret.holds(previous)
	if r.givenBack(secret) && user != nil && cur != "" && user.Tags[tagPassword] == cur && before != "" && r.owns(Entity{KindUser, user.Name}, user.Tags) {
		r.first(MoveCurrent{secret.Name, cur, before})
	}
}

// secretGoes says whether a secret is to be deleted. One that stays is restored, if people have scheduled its deletion.
func (r *remover) secretGoes(secret *Secret) bool {
	entity := Entity{KindSecret, secret.Name}
	if r.owns(entity, secret.Tags) && r.stays(secret.Tags) && !secret.Deleted.IsZero() {
		r.first(RestoreSecret{secret.Name})
	}
	return r.goes(entity, secret.Tags)
}

// refuse returns everything that forbids the removal, at once.
func (r *remover) refuse() error {
	var conflict ConflictError
	for _, check := range []func() (conflicts []string, remedy string){r.used, r.replicated} {
		conflicts, remedy := check()
		if len(conflicts) == 0 {
			continue
		}
		conflict.Conflicts = append(conflict.Conflicts, conflicts...)
		if conflict.Remedy != "" {
			conflict.Remedy += ". "
		}
		conflict.Remedy += remedy
	}
	if len(conflict.Conflicts) == 0 {
		return nil
	}
	return &conflict
}

// used names the keys that Redis Cloud uses and that the removal would delete.
func (r *remover) used() (conflicts []string, remedy string) {
	if !r.Protect || r.seen.User == nil {
		return nil, ""
	}
	known := r.known(r.seen)
	ids := map[string]bool{}
	for _, step := range r.strip {
		if s, ok := step.(DeleteKey); ok && known(s.ID) {
			ids[s.ID] = true
		}
	}
	return keysInUse(r.seen.User, ids, r.seen.At), "Remove the cloud account in Redis Cloud, and delete again 24 hours after the last use. " +
		"Or set DeletionProtection to Off in an update, and delete then: the key stops working at once, and databases with it"
}

// replicated names the secrets that the removal would delete and that have replicas. AWS deletes no
// such secret: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func (r *remover) replicated() (conflicts []string, remedy string) {
	var commands []string
	for _, secret := range []*Secret{r.seen.Secret, r.seen.ConsoleSecret} {
		if secret == nil || len(secret.Replicas) == 0 || !r.deletes(Entity{KindSecret, secret.Name}) {
			continue
		}
		conflicts = append(conflicts, fmt.Sprintf("secret %s is replicated to %s, and AWS deletes no secret that has replicas",
			secret.Name, strings.Join(secret.Replicas, ", ")))
		commands = append(commands, fmt.Sprintf(`"aws secretsmanager remove-regions-from-replication --region %s --secret-id %s --remove-replica-regions %s"`,
			r.Account.Region, secret.Name, strings.Join(secret.Replicas, " ")))
	}
	return conflicts, "Remove the replicas (" + strings.Join(commands, ", ") + "), and delete again"
}

// deletes says whether it is planned to delete the entity.
func (r *remover) deletes(entity Entity) bool {
	return slices.Contains(r.remove, Step(DeleteEntity{entity})) || slices.Contains(r.free, Step(DeleteEntity{entity}))
}
