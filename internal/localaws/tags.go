package localaws

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

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

// withoutTags copies tags without those that some keys name.
func withoutTags(tags map[string]string, keys []string, same sameKey) map[string]string {
	rest := maps.Clone(tags)
	maps.DeleteFunc(rest, func(has, _ string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return same(has, key) })
	})
	return rest
}

func reserved(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// TagEntity adds tags to an entity or overwrites them. IAM's errors for it are InvalidInput for keys that
// come twice or are reserved, LimitExceeded beyond 50.
func (tx *tx) TagEntity(e *entity) error {
	more, _ := tx.in.value("Tags").([]iamtypes.Tag)
	same, tags := e.Kind.sameKey(), e.Tags
	for i, m := range more {
		switch {
		case slices.ContainsFunc(more[:i], func(t iamtypes.Tag) bool { return same(*t.Key, *m.Key) }):
			return refuse(invalidInput, "Duplicate tag keys found.")
		case reserved(*m.Key):
			return refuse(invalidInput, "Tag keys that begin with aws: are reserved for AWS.")
		}
		tags = withoutTags(tags, []string{*m.Key}, same)
		tags[*m.Key] = aws.ToString(m.Value)
	}
	if len(tags) > maxTags {
		return refuse(limitExceeded, "The number of tags has reached the maximum limit.")
	}
	e.Tags = tags
	return nil
}

// shownTags are tags as services show them, in the order of their keys.
func shownTags(tags map[string]string) []members {
	return each(slices.Sorted(maps.Keys(tags)), func(key string) members {
		return members{"Key": &key, "Value": new(tags[key])}
	})
}

// UntagEntity removes tags; keys that are not there do not matter.
func (tx *tx) UntagEntity(e *entity) {
	keys, _ := tx.in.value("TagKeys").([]string)
	e.Tags = withoutTags(e.Tags, keys, e.Kind.sameKey())
}

func (tx *tx) ListEntityTags(e *entity) { tx.out.set(e.detail(tx.now)) }
