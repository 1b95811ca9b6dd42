package provision

import (
	"maps"
	"slices"
)

// The tags that this software sets itself.
const (
	tagNamespace = "redis-cloud-iam:"
	tagOwner     = tagNamespace + "owner" // the ID that owns the entity: all ownership rests on it
	tagStack     = tagNamespace + "stack" // the stack's ARN, for people
	tagUsedBy    = "UsedBy"               // set by the vendor's own template on its roles and its user
)

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
