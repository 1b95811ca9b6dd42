package localaws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type tag struct{ Key, Value string }

const maxTags = 50

// sameKey says whether two tag keys name the same tag. On users and roles they do without regard to case, and the case last
// written stays; elsewhere case counts.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity.
type sameKey func(a, b string) bool

func caseCounts(a, b string) bool { return a == b }

// withTags returns tags with more added or overwritten. IAM's errors for it are InvalidInput for keys that
// come twice or are reserved, LimitExceeded beyond 50.
func withTags(tags []tag, more []iamtypes.Tag, same sameKey) ([]tag, error) {
	result := slices.Clone(tags)
	for i, m := range more {
		key := aws.ToString(m.Key)
		if slices.ContainsFunc(more[:i], func(t iamtypes.Tag) bool { return same(*t.Key, key) }) {
			return nil, invalidInput("Duplicate tag keys found.")
		}
		if reserved(key) {
			return nil, invalidInput("Tag keys that begin with aws: are reserved for AWS.")
		}
		result = withTag(result, tag{key, aws.ToString(m.Value)}, same)
	}
	if len(result) > maxTags {
		return nil, limitExceeded("The number of tags has reached the maximum limit.")
	}
	return result, nil
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

// tag and untag change an entity's tags.
func (e *entity) tag(more []iamtypes.Tag, same sameKey) error {
	tags, err := withTags(e.Tags, more, same)
	if err == nil {
		e.Tags = tags
	}
	return err
}

func (e *entity) untag(keys []string, same sameKey) { e.Tags = withoutTags(e.Tags, keys, same) }

// iamTags shows tags as IAM does; an entity without tags has none to show.
func iamTags(tags []tag) []iamtypes.Tag {
	var shown []iamtypes.Tag
	for _, t := range tags {
		shown = append(shown, iamtypes.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return shown
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

func (t tag) key() string { return t.Key }
