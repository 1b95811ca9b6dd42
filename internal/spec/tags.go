package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What Tags may not set, and how many tags it may set.
const (
	// TagNamespace begins the key of every tag by which this software remembers something.
	TagNamespace = "redis-cloud-iam:"
	// TagUsedBy is set by the vendor's own template on its roles and its user.
	TagUsedBy = "UsedBy"

	// MaxTags is what of the 50 tags that AWS allows on an entity is left for Tags.
	MaxTags = 50 - reservedTags

	reservedTags = 12 // a user has ten; there is room for two more
)

// tags takes a map, a list of key=value, or such a list as one text with commas between. Limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func (r *reader) tags() map[string]string {
	tags, seen := map[string]string{}, map[string]bool{}
	allowed := regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`) // a count in it would make it slow to compile
	for _, pair := range r.pairs() {
		key, value := pair[0], pair[1]
		lower := strings.ToLower(key)
		switch {
		case key == "" || len([]rune(key)) > 128 || !allowed.MatchString(key):
			r.fault("Tags: key %s is not one that AWS accepts; use 1 to 128 letters, digits, spaces and _.:/=+-@", quote(key))
		case len([]rune(value)) > 256 || !allowed.MatchString(value):
			r.fault("Tags: the value of %s is not one that AWS accepts; use at most 256 letters, digits, spaces and _.:/=+-@", quote(key))
		case strings.HasPrefix(lower, "aws:"):
			r.fault("Tags: key %s begins with aws:, which is reserved for AWS; choose another", quote(key))
		case strings.HasPrefix(lower, TagNamespace) || strings.EqualFold(key, TagUsedBy):
			r.fault("Tags: key %s is reserved for this resource; choose another", quote(key))
		case seen[lower]:
			r.fault("Tags: key %s is given twice (AWS does not distinguish case); give it once", quote(key))
		}
		seen[lower] = true
		tags[key] = value
	}
	if len(tags) > MaxTags {
		r.fault("Tags: %d tags are more than the %d that fit beside this resource's own; remove some", len(tags), MaxTags)
	}
	return tags
}

// pairs reads the keys and values of Tags.
func (r *reader) pairs() (pairs [][2]string) {
	value, _ := r.value("Tags")
	entries, isMap := value.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text, ok := textOf(entries[key])
		if !ok {
			r.fault("Tags: the value of %s must be a single value, not %s", quote(key), shape(entries[key]))
			continue
		}
		pairs = append(pairs, [2]string{key, text})
	}
	if isMap {
		return pairs
	}
	for _, item := range r.list("Tags", " of the form key=value (Tags may also be one map)") {
		key, value, ok := strings.Cut(item, "=")
		if !ok {
			r.fault("Tags: %s is not of the form key=value", quote(item))
			continue
		}
		pairs = append(pairs, [2]string{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return pairs
}
