package spec

import (
	"regexp"
	"strings"
)

// Tag keys that Tags may not set.
const (
	// TagNamespace begins the key of every tag by which this software remembers something.
	TagNamespace = "redis-cloud-iam:"
	// TagUsedBy is set by the vendor's own template on its roles and its user.
	TagUsedBy = "UsedBy"

	reservedTags = 12 // of the 50 that AWS allows on an entity: those above, with room for one more
)

// tags takes a map, a list of key=value, or such a list as one text with commas between. Limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func (r *reader) tags() map[string]string {
	const name = "Tags"
	const most = 50 - reservedTags
	tags := map[string]string{}
	pairs, isMap := r.pairs(name)
	if !isMap {
		for _, item := range r.commaDelimited(name, " of key=value, or the whole a map") {
			key, value, ok := strings.Cut(item, "=")
			if !ok {
				r.fault("%s: %s is not of the form key=value", name, quote(item))
				continue
			}
			pairs = append(pairs, [2]string{strings.TrimSpace(key), strings.TrimSpace(value)})
		}
	}
	if len(pairs) == 0 {
		return tags
	}
	allowed := regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, value := pair[0], pair[1]
		lower := strings.ToLower(key)
		switch {
		case key == "" || len([]rune(key)) > 128 || !allowed.MatchString(key):
			r.fault("%s: key %s is not one that AWS accepts; use 1 to 128 letters, digits, spaces and _.:/=+-@", name, quote(key))
		case len([]rune(value)) > 256 || !allowed.MatchString(value):
			r.fault("%s: the value of %s is not one that AWS accepts; use at most 256 letters, digits, spaces and _.:/=+-@", name, quote(key))
		case strings.HasPrefix(lower, "aws:"):
			r.fault("%s: key %s begins with aws:, which is reserved for AWS; choose another", name, quote(key))
		case strings.HasPrefix(lower, TagNamespace) || sameName(key, TagUsedBy):
			r.fault("%s: key %s is reserved for this resource; choose another", name, quote(key))
		case seen[lower]:
			r.fault("%s: key %s is given twice (AWS does not distinguish case); give it once", name, quote(key))
		}
		seen[lower] = true
		tags[key] = value
	}
	if len(tags) > most {
		r.fault("%s: %d tags are more than the %d that fit beside this resource's own; remove some", name, len(tags), most)
	}
	return tags
}
