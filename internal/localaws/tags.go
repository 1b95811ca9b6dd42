package localaws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type tag struct{ Key, Value string }

const maxTags = 50

// sameKey reports whether two tag keys name the same tag. On users and roles they do without regard
// to case, and the case last written stays; elsewhere case counts.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity.
type sameKey func(a, b string) bool

func caseCounts(a, b string) bool { return a == b }

func (k kind) sameKey() sameKey {
	if k == aUser || k == aRole {
		return strings.EqualFold
	}
	return caseCounts
}

// withTag sets one tag in place. The slice must be the caller's own.
func withTag(tags []tag, t tag, same sameKey) []tag {
	if i := slices.IndexFunc(tags, func(o tag) bool { return same(o.Key, t.Key) }); i >= 0 {
		tags[i] = t
		return tags
	}
	return append(tags, t)
}

func withoutTags(tags []tag, keys []string, same sameKey) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return same(t.Key, key) })
	})
}

func reserved(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// tag adds tags to an entity or overwrites them. IAM's errors for it are InvalidInput for keys that
// come twice or are reserved, LimitExceeded beyond 50.
func (e *entity) tag(more []iamtypes.Tag) error {
	same := e.Kind.sameKey()
	result := slices.Clone(e.Tags)
	for i, m := range more {
		key := aws.ToString(m.Key)
		if slices.ContainsFunc(more[:i], func(t iamtypes.Tag) bool { return same(*t.Key, key) }) {
			return refuse(invalidInput, "Duplicate tag keys found.")
		}
		if reserved(key) {
			return refuse(invalidInput, "Tag keys that begin with aws: are reserved for AWS.")
		}
		result = withTag(result, tag{key, aws.ToString(m.Value)}, same)
	}
	if len(result) > maxTags {
		return refuse(limitExceeded, "The number of tags has reached the maximum limit.")
	}
	e.Tags = result
	return nil
}

// iamTags shows tags as IAM does; an entity without tags has none to show.
func iamTags(tags []tag) []iamtypes.Tag {
	return each(tags, func(t tag) iamtypes.Tag { return iamtypes.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)} })
}

func (tx *tx) TagEntity(in fields, e *entity) error {
	return e.tag(in.value("Tags").([]iamtypes.Tag))
}

// UntagEntity removes tags; keys that are not there do not matter.
func (tx *tx) UntagEntity(in fields, e *entity) {
	e.Tags = withoutTags(e.Tags, in.value("TagKeys").([]string), e.Kind.sameKey())
}

func (tx *tx) ListEntityTags(out output, e *entity) {
	tags := orderedBy(e.Tags, func(t tag) string { return t.Key })
	out.set(map[string]any{"Tags": iamTags(tags)})
}
