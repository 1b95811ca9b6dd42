package localaws

import (
	"maps"
	"slices"
	"strings"
)

const maxTags = 50

// sameKey reports whether two tag keys name the same tag. On users and roles they do without regard
// to case, and the case last written stays; elsewhere case counts.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity.
func (k kind) sameKey(a, b string) bool {
	return a == b || (k == aUser || k == aRole) && strings.EqualFold(a, b)
}

// withoutTags copies the tags of a thing of some kind, without those that some keys name.
func (k kind) withoutTags(tags map[string]string, keys ...string) map[string]string {
	rest := maps.Clone(tags)
	maps.DeleteFunc(rest, func(has, _ string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return k.sameKey(has, key) })
	})
	return rest
}

// tag adds the input's tags to those of a thing of some kind, or overwrites them. IAM's errors are
// InvalidInput for keys that come twice or are reserved, LimitExceeded beyond 50; that of Secrets
// Manager is InvalidParameterException, and of a key that comes twice the last one counts.
func (tx *tx) tag(k kind, tags *map[string]string) error {
	result, more := *tags, tx.in.list("Tags")
	for i, t := range more {
		key := t.text("Key")
		switch {
		case key == "", strings.HasPrefix(strings.ToLower(key), "aws:"):
			return tx.refuse(invalidInput, "A tag's key must be given and must not begin with aws:.")
		case tx.service == "iam" && slices.ContainsFunc(more[:i], func(t fields) bool { return k.sameKey(t.text("Key"), key) }):
			return refuse(invalidInput, "Duplicate tag keys found.")
		}
		result = k.withoutTags(result, key)
		result[key] = t.text("Value")
	}
	if len(result) > maxTags {
		return tx.refuse(limitExceeded, "There can be at most %d tags.", maxTags)
	}
	*tags = result
	return nil
}

// shownTags are tags as services show them, in the order of their keys.
func shownTags(tags map[string]string) []members {
	return each(slices.Sorted(maps.Keys(tags)), func(key string) members {
		return members{"Key": key, "Value": new(tags[key])} // which may be empty
	})
}

func (tx *tx) TagEntity(e *entity) error {
	return tx.tag(e.Kind, &e.Tags)
}

// UntagEntity removes tags; keys that are not there do not matter.
func (tx *tx) UntagEntity(e *entity) {
	keys, _ := tx.in.value("TagKeys").([]string)
	e.Tags = e.Kind.withoutTags(e.Tags, keys...)
}

func (tx *tx) ListEntityTags(e *entity) { tx.out.set(e.detail(tx.now)) }
