package plan

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"redis-cloud-iam/internal/spec"
)

// The tags by which this software remembers something.
const (
	// The ID that owns the entity. All ownership rests on it.
	tagOwner = spec.TagNamespace + "owner"
	// The ARN of the owner's stack: for people, and for the adoption of what a stack that is gone
	// has left.
	tagStack = spec.TagNamespace + "stack"
	// Which tags the property Tags has set: a digest of each key, so that a later Update can remove
	// them.
	tagTags = spec.TagNamespace + "tags"
	// The entity was there before the stack took it over: the ID that owned it, or "true".
	tagAdopted = spec.TagNamespace + "adopted"
	// What it had when it was adopted: a user its keys and the version of its password, a secret its
	// current version.
	tagKept = spec.TagNamespace + "kept"
	// On the user: the versions of the secret that hold the keys made for it.
	tagMade = spec.TagNamespace + "made-keys"
	// On the user: the key that PreviousAccessKey deactivated.
	tagDeactivated = spec.TagNamespace + "deactivated-key"
	// TagPassword is on the user: the version of the console secret that holds the password of its
	// login profile.
	TagPassword = spec.TagNamespace + "console-password"
	// On the user: when CloudFormation sent the newest event that has begun.
	tagEvent = spec.TagNamespace + "event"
	// "true" on a secret that has, or may have, a resource policy of ours.
	tagReaders = spec.TagNamespace + "readers"

	yes = "true"
)

// Claim is what the tags of an entity say.
type Claim struct {
	Owner, Stack string
	Adopted      string   // who owned it before, "true" if no stack did; "" if it was not adopted
	Kept         []string // the keys or versions that it had then
	Made         []Record // the keys that were made for the user and stored
	Deactivated  string   // ID of the key that PreviousAccessKey deactivated
	Password     string   // version of the console secret
	Readers      bool
	Event        time.Time // when the newest event that has begun was sent; zero if that is not known
}

func parseClaim(tags map[string]string) Claim {
	c := Claim{
		Owner: tags[tagOwner], Stack: tags[tagStack],
		Adopted: tags[tagAdopted], Kept: strings.Fields(tags[tagKept]),
		Deactivated: tags[tagDeactivated], Password: tags[TagPassword], Readers: tags[tagReaders] != "",
	}
	for version := range strings.FieldsSeq(tags[tagMade]) {
		if r := parseRecord(version); r.KeyID != "" {
			c.Made = append(c.Made, r)
		}
	}
	c.Event, _ = time.Parse(time.RFC3339, tags[tagEvent])
	return c
}

// Overlay lays tags that this run wrote a moment ago over those that AWS shows: but not the newest
// event, because an older run may have written over it.
func (e *Entity) Overlay(written Tag) {
	tags := maps.Clone(e.Tags)
	maps.DeleteFunc(tags, func(key, _ string) bool { return slices.Contains(written.Unset, key) })
	maps.Copy(tags, written.Set)
	if event, ok := e.Tags[tagEvent]; ok {
		tags[tagEvent] = event
	}
	e.SetTags(tags)
}

// Lost reports whether an entity that the tags made the stack's is no longer.
func (e *Entity) Lost(written Tag) bool {
	owner := written.Set[tagOwner]
	return owner != "" && owner != e.Claim.Owner
}

// ours returns the keys of the tags of this software, but for those to keep. What is released loses
// all of them: AWS may not show yet what was written a moment ago. To remove a key that is not there
// is no error in Secrets Manager, whose page says so. IAM's page does not say it, but its service
// model has no error for it.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html
func ours(keep ...string) []string {
	all := []string{
		tagAdopted, TagPassword, tagDeactivated, tagEvent, tagKept, tagMade, tagOwner, tagReaders, tagStack, tagTags,
	}
	return slices.DeleteFunc(all, func(key string) bool { return slices.Contains(keep, key) })
}

// MadeKeys is the tag that remembers the keys that were made for a user.
func MadeKeys(records []Record) map[string]string {
	var versions []string
	for _, r := range records {
		versions = append(versions, r.VersionID())
	}
	return map[string]string{tagMade: strings.Join(versions, " ")}
}

// kept reports whether the entity had a key or a version when it was adopted.
func (e *Entity) kept(id string) bool { return slices.Contains(e.Claim.Kept, id) }

// tagsFor are the tags of what has a slot, as it is created.
func (d Desired) tagsFor(slot Slot) map[string]string {
	tags := map[string]string{tagOwner: d.Owner, tagStack: d.Stack}
	maps.Copy(tags, d.Spec.Tags)
	if len(d.Spec.Tags) > 0 {
		tags[tagTags] = digests(d.Spec.Tags)
	}
	if slot == User && !d.Event.IsZero() {
		tags[tagEvent] = d.Event.UTC().Format(time.RFC3339)
	}
	switch slot.Kind() {
	case Role, Person:
		tags[spec.TagUsedBy] = "RedisLabs"
	case Secret:
		if len(d.Spec.SecretReaders) > 0 {
			tags[tagReaders] = yes
		}
	default:
	}
	return tags
}

// digestLength is the number of characters that stand for one tag key: 24 bits. AWS allows 256 for
// all.
const digestLength = 4

func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.StdEncoding.EncodeToString(sum[:3])
}

// digests stand for the keys of tags.
func digests(tags map[string]string) string {
	var all strings.Builder
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all.WriteString(digest(key))
	}
	return all.String()
}

// stale returns the keys of the tags that an earlier value of Tags has set and the present one does
// not.
func (e *Entity) stale(want map[string]string) []string {
	set := e.Tags[tagTags]
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(e.Tags)) {
		if _, wanted := want[key]; wanted || strings.HasPrefix(key, spec.TagNamespace) {
			continue
		}
		for i := 0; i+digestLength <= len(set); i += digestLength {
			if set[i:i+digestLength] == digest(key) {
				keys = append(keys, key)
				break
			}
		}
	}
	if _, wanted := want[tagTags]; set != "" && !wanted {
		keys = append(keys, tagTags)
	}
	return keys
}
