package provision

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Spec is the desired state: the properties of the resource, checked, with their defaults.
type Spec struct {
	Names
	RedisCloudAccountID string            // the AWS account of Redis Cloud that may assume the console role
	PermissionsBoundary string            // ARN put on both roles and the user; "" for none
	Tags                map[string]string // added to every entity and secret
	KmsKeyID            string            // encrypts the secrets; "" for the account's aws/secretsmanager
	PolicyRevision      string            // of the two managed policies
	AccessKeySerial     int               // a higher number rotates the key
}

// Parse reads the properties that CloudFormation sends for an account. The error is an [*InvalidError]
// that names every fault at once. The Spec is returned beside it with the valid names in place and the
// invalid ones empty, for a Delete, which must not be stopped by bad properties: nothing can be owned
// under a name that was never accepted.
func Parse(properties json.RawMessage, account Account) (Spec, error) {
	r := reader{account: account}
	r.open(properties)

	var spec Spec
	defaults := DefaultNames()
	for _, p := range nameProperties() {
		*p.of(&spec.Names) = r.name(p, *p.of(&defaults))
	}
	r.distinctNames(spec.Names)
	spec.RedisCloudAccountID = r.matching("RedisCloudAccountId", "168085023892", regexp.MustCompile(`^\d{12}$`), "the 12 digits of an AWS account ID")
	spec.PermissionsBoundary = r.boundary()
	spec.Tags = r.tags()
	spec.KmsKeyID = r.kmsKey()
	spec.PolicyRevision = r.oneOf("PolicyRevision", newestRevision(), revisions()...)
	spec.AccessKeySerial = r.serial()
	r.later()
	r.unknown()

	if len(r.faults) > 0 {
		return spec, &InvalidError{Faults: r.faults}
	}
	return spec, nil
}

// later reads the properties of the contract that are not offered yet: they are checked, and must have
// their default.
func (r *reader) later() {
	r.onlyDefault("PreviousAccessKey", r.oneOf("PreviousAccessKey", "Active", "Active", "Inactive", "Deleted"), "Active")
	r.onlyDefault("ConsoleLogin", r.oneOf("ConsoleLogin", "false", "true", "false"), "false")
	r.onlyDefault("ExistingEntities", r.oneOf("ExistingEntities", "Fail", "Fail", "Adopt"), "Fail")
	r.onlyDefault("DeletionProtection", r.oneOf("DeletionProtection", "InUse", "InUse", "Off"), "InUse")
	r.onlyDefault("OnDelete", r.oneOf("OnDelete", "Delete", "Delete", "Retain"), "Delete")
	if len(r.list("SecretReaders")) > 0 {
		r.fault("SecretReaders: is not supported yet; leave it out")
	}
}

func (r *reader) onlyDefault(name, value, standard string) {
	if value != standard {
		r.fault("%s: %s is not supported yet; leave it out or set it to %s", name, quote(value), standard)
	}
}

// distinctNames refuses two entities of a kind under one name.
func (r *reader) distinctNames(n Names) {
	if n.InstancePolicy != "" && sameName(n.InstancePolicy, n.UserPolicy) {
		r.fault("UserPolicyName: is the same as InstancePolicyName (IAM does not distinguish case); give the two policies different names")
	}
	if n.InstanceRole != "" && sameName(n.InstanceRole, n.ConsoleRole) {
		r.fault("ConsoleRoleName: is the same as InstanceRoleName (IAM does not distinguish case); give the two roles different names")
	}
	if n.AccessKeySecret != "" && n.AccessKeySecret == n.ConsolePasswordSecret {
		r.fault("ConsolePasswordSecretName: is the same as AccessKeySecretName; give the two secrets different names")
	}
}

// boundary: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (r *reader) boundary() string {
	const name = "PermissionsBoundary"
	arn := r.scalar(name, "")
	if arn == "" {
		return ""
	}
	m := regexp.MustCompile(`^arn:(aws[a-z-]*):iam::(aws|\d{12}):policy/[\w+=,.@/-]+$`).FindStringSubmatch(arn)
	switch {
	case m == nil:
		r.fault("%s: %s is not the ARN of a managed policy; it must look like arn:%s:iam::%s:policy/<name>", name, quote(arn), r.account.Partition, r.account.ID)
	case m[1] != r.account.Partition:
		r.fault("%s: %s is of partition %s, the stack of %s; give a policy of the same partition", name, quote(arn), m[1], r.account.Partition)
	case m[2] != "aws" && m[2] != r.account.ID:
		r.fault("%s: %s is of account %s; a boundary must be a policy of the stack's own account %s, or of AWS", name, quote(arn), m[2], r.account.ID)
	}
	return arn
}

// kmsKey: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html#SecretsManager-CreateSecret-request-KmsKeyId
func (r *reader) kmsKey() string {
	const name = "KmsKeyId"
	id := r.scalar(name, "")
	if id == "" {
		return ""
	}
	const key, alias = `[a-z0-9-]{1,128}`, `alias/[\w/-]{1,250}`
	m := regexp.MustCompile(`^(?:arn:(aws[a-z-]*):kms:([a-z0-9-]+):\d{12}:(?:key/` + key + `|` + alias + `)|` + key + `|` + alias + `)$`).FindStringSubmatch(id)
	switch {
	case m == nil:
		r.fault("%s: %s is not a KMS key; give a key ID, a key ARN, alias/<name> or an alias ARN", name, quote(id))
	case m[1] != "" && m[1] != r.account.Partition:
		r.fault("%s: %s is of partition %s, the stack of %s; give a key of the same partition", name, quote(id), m[1], r.account.Partition)
	case m[2] != "" && m[2] != r.account.Region:
		r.fault("%s: %s is of Region %s; a secret needs a key of its own Region %s", name, quote(id), m[2], r.account.Region)
	}
	return id
}

func (r *reader) serial() int {
	const name, most = "AccessKeySerial", 999_999_999
	text := r.scalar(name, "1")
	serial, err := strconv.Atoi(text)
	switch {
	case err != nil || serial < 1 || serial > most || text != strconv.Itoa(serial):
		r.fault("%s: %s is not a whole number from 1 to %d", name, quote(text), most)
	case serial > 1:
		r.fault("%s: %d is not supported yet; leave it out or set it to 1", name, serial)
	}
	return max(serial, 1)
}

// tags takes a map, or a list of key=value. Limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func (r *reader) tags() map[string]string {
	const name = "Tags"
	const most = 50 - 3 // AWS allows 50 on an entity; up to three are this software's own
	tags := map[string]string{}
	pairs, isMap := r.pairs(name)
	if !isMap {
		for _, item := range r.list(name) {
			key, value, ok := strings.Cut(item, "=")
			if !ok {
				r.fault("%s: %s is not of the form key=value", name, quote(item))
				continue
			}
			pairs = append(pairs, [2]string{strings.TrimSpace(key), strings.TrimSpace(value)})
		}
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
		case strings.HasPrefix(lower, tagNamespace) || sameName(key, tagUsedBy):
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

// reader takes the properties apart and collects the faults.
type reader struct {
	account Account
	given   map[string]json.RawMessage
	known   []string
	faults  []string
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *reader) open(properties json.RawMessage) {
	if len(bytes.TrimSpace(properties)) == 0 {
		return
	}
	if err := json.Unmarshal(properties, &r.given); err != nil || r.given == nil {
		r.given = nil
		r.fault("ResourceProperties: is not a JSON object; give the properties as a map")
	}
}

// value returns a property as it was sent; ok is false where it is absent.
func (r *reader) value(name string) (raw json.RawMessage, ok bool) {
	if !slices.Contains(r.known, name) {
		r.known = append(r.known, name)
	}
	raw, ok = r.given[name]
	return raw, ok
}

// scalar reads a property as text: CloudFormation sends every scalar as a string, people who write events
// by hand send numbers and booleans too.
func (r *reader) scalar(name, standard string) string {
	raw, ok := r.value(name)
	if !ok {
		return standard
	}
	text, ok := scalarText(raw)
	if !ok {
		r.fault("%s: must be a single value, not %s", name, describeJSON(raw))
		return standard
	}
	return text
}

func (r *reader) name(p nameProperty, standard string) string {
	raw, ok := r.value(p.name)
	if !ok {
		return standard
	}
	text, ok := scalarText(raw)
	if !ok {
		r.fault("%s: must be a name, not %s", p.name, describeJSON(raw))
		return ""
	}
	if wrong := p.rule.check(text); wrong != "" {
		r.fault("%s: %s", p.name, wrong)
		return ""
	}
	return text
}

func (r *reader) matching(name, standard string, pattern *regexp.Regexp, says string) string {
	text := r.scalar(name, standard)
	if !pattern.MatchString(text) {
		r.fault("%s: %s is not %s", name, quote(text), says)
	}
	return text
}

func (r *reader) oneOf(name, standard string, choices ...string) string {
	text := r.scalar(name, standard)
	if !slices.Contains(choices, text) {
		r.fault("%s: %s is not one of its values; use %s", name, quote(text), strings.Join(choices, " or "))
		return standard
	}
	return text
}

// list reads a property as a list of texts. An absent one, an empty text and a list of one empty text are
// the empty list: that is how an empty CommaDelimitedList arrives.
func (r *reader) list(name string) []string {
	raw, ok := r.value(name)
	if !ok {
		return nil
	}
	if text, ok := scalarText(raw); ok && text == "" {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		r.fault("%s: must be a list, not %s", name, describeJSON(raw))
		return nil
	}
	var texts []string
	for _, item := range items {
		text, ok := scalarText(item)
		if !ok {
			r.fault("%s: an item must be a single value, not %s", name, describeJSON(item))
			continue
		}
		texts = append(texts, strings.TrimSpace(text))
	}
	if len(texts) == 1 && texts[0] == "" {
		return nil
	}
	return texts
}

// pairs reads a property that is a map, in the order of its keys; isMap is false where it is none.
func (r *reader) pairs(name string) (pairs [][2]string, isMap bool) {
	raw, ok := r.value(name)
	var entries map[string]json.RawMessage
	if !ok || json.Unmarshal(raw, &entries) != nil || entries == nil {
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text, ok := scalarText(entries[key])
		if !ok {
			r.fault("%s: the value of %s must be a single value, not %s", name, quote(key), describeJSON(entries[key]))
			continue
		}
		pairs = append(pairs, [2]string{key, text})
	}
	return pairs, true
}

// unknown refuses every property that nobody asked for, since a misspelt one would silently have no effect.
// ServiceToken and ServiceTimeout are CloudFormation's own.
func (r *reader) unknown() {
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		if name == "ServiceToken" || name == "ServiceTimeout" || slices.Contains(r.known, name) {
			continue
		}
		nearest := slices.MinFunc(r.known, func(a, b string) int { return cmp.Compare(distance(a, name), distance(b, name)) })
		if distance(nearest, name) <= max(2, len(nearest)/4) {
			r.fault("%s: is not a property of this resource; did you mean %s?", quote(name), nearest)
		} else {
			r.fault("%s: is not a property of this resource; remove it", quote(name))
		}
	}
}
