package provision

import (
	"maps"
	"slices"
	"strings"
)

// The tags that this software sets itself.
const (
	tagNamespace = "redis-cloud-iam:"
	tagOwner     = tagNamespace + "owner" // the ID that owns the entity: all ownership rests on it
	tagStack     = tagNamespace + "stack" // the stack's ARN, for people
	tagUsedBy    = "UsedBy"               // set by the vendor's own template on its roles and its user

	tagAdopted  = tagNamespace + "adopted"   // "true": the entity was there before a stack took it over
	tagOnDelete = tagNamespace + "on-delete" // on user and instance role: "Retain" from when the resource stood, which all is to outlive
	// On the user: who adopts or has adopted it, and the access keys that it had then, with spaces between them.
	tagKept = tagNamespace + "kept-keys"
	// "true" on a user that is made while other entities are adopted, until they are.
	tagAdopting = tagNamespace + "adopting"
	// On the user: the version of the console secret that holds the password of its login profile.
	tagPassword = tagNamespace + "console-password"

	onDeleteRetain = "Retain"

	ownTags = 7 // how many of these one entity may have
)

// namespaced returns the keys among the tags that are this software's own, but for those to keep, in order.
func namespaced(tags map[string]string, keep ...string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(key, tagNamespace) && !slices.Contains(keep, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// plainTags are the tags of every entity; usedByTags those of the roles and the user.
func (d Desired) plainTags() map[string]string {
	tags := maps.Clone(d.Spec.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[tagOwner] = d.Owner
	tags[tagStack] = d.Stack
	return tags
}

func (d Desired) usedByTags() map[string]string {
	tags := d.plainTags()
	tags[tagUsedBy] = "RedisLabs"
	return tags
}

// ownedBy reports whether the tags name one of the owners. Tags that name nobody make nobody the owner.
func ownedBy(tags map[string]string, owners ...string) bool {
	return tags[tagOwner] != "" && slices.Contains(owners, tags[tagOwner])
}
