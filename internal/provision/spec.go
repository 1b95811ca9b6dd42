package provision

import (
	"encoding/json"
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
	PreviousAccessKey   KeyFate           // what becomes of the key before the current one
	ConsoleLogin        bool              // whether the user has a console password
	Adopt               bool              // whether entities that nobody's stack owns are taken over
	Protect             bool              // whether a key that Redis Cloud uses keeps the entities from being removed
	Retain              bool              // whether the entities outlive the resource
	SecretReaders       []string          // principals that may read the secrets; sorted
}

// named are the names of what there is to be: the console password's secret has none where there is no password.
func (s Spec) named() Names {
	names := s.Names
	if !s.ConsoleLogin {
		names.ConsolePasswordSecret = ""
	}
	return names
}

// readersOf returns who of other accounts may read a secret: of those of the resource, each by its name.
func (s Spec) readersOf(secret string) []string {
	if secret == s.AccessKeySecret || s.ConsoleLogin && secret == s.ConsolePasswordSecret {
		return s.SecretReaders
	}
	return nil
}

// KeyFate is what becomes of the access key before the current one.
type KeyFate string

// The fates. Active is the one in which a rotation leaves the key, Deleted the one that ends it.
const (
	KeyActive   KeyFate = "Active"
	KeyInactive KeyFate = "Inactive"
	KeyDeleted  KeyFate = "Deleted"
)

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
	spec.PreviousAccessKey = KeyFate(r.oneOf("PreviousAccessKey", string(KeyActive), string(KeyActive), string(KeyInactive), string(KeyDeleted)))
	spec.ConsoleLogin = r.oneOf("ConsoleLogin", "false", "true", "false") == "true"
	spec.Adopt = r.oneOf("ExistingEntities", "Fail", "Fail", "Adopt") == "Adopt"
	spec.Protect = r.oneOf("DeletionProtection", "InUse", "InUse", "Off") == "InUse"
	spec.Retain = r.oneOf("OnDelete", "Delete", "Delete", "Retain") == "Retain"
	spec.SecretReaders = r.readers(spec.KmsKeyID)
	r.unknown()

	if len(r.faults) > 0 {
		return spec, &InvalidError{Faults: r.faults}
	}
	return spec, nil
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

// readers reads the principals that may read the secrets. AWS's own key for Secrets Manager serves no other account:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
func (r *reader) readers(kmsKey string) []string {
	const name = "SecretReaders"
	readers := r.list(name, " of ARNs")
	if len(readers) == 0 {
		return nil
	}
	pattern := regexp.MustCompile(`^arn:(aws[a-z-]*):iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/-]{1,512})$`)
	for _, arn := range readers {
		switch m := pattern.FindStringSubmatch(arn); {
		case m == nil:
			r.fault("%s: %s is not the ARN of an account, a role or a user; it must look like arn:%s:iam::<account>:root or arn:%s:iam::<account>:role/<name>",
				name, quote(arn), r.account.Partition, r.account.Partition)
		case m[1] != r.account.Partition:
			r.fault("%s: %s is of partition %s, the stack of %s; give a principal of the same partition", name, quote(arn), m[1], r.account.Partition)
		}
	}
	if r.account.sameKMSKey(kmsKey, "") {
		r.fault("%s: needs a KMS key of your own, since the key aws/secretsmanager lets no other account decrypt; set KmsKeyId to a key whose policy allows the readers kms:Decrypt", name)
	}
	slices.Sort(readers)
	return slices.Compact(readers)
}

func (r *reader) serial() int {
	const name, most = "AccessKeySerial", 999_999_999
	text := r.scalar(name, "1")
	serial, err := strconv.Atoi(text)
	if err != nil || serial < 1 || serial > most || text != strconv.Itoa(serial) {
		r.fault("%s: %s is not a whole number from 1 to %d", name, quote(text), most)
		return 1
	}
	return serial
}

// tags takes a map, a list of key=value, or such a list as one text with commas between, which is what a template of
// one's own may have. Limits:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func (r *reader) tags() map[string]string {
	const name = "Tags"
	const most = 50 - ownTags // AWS allows 50 on an entity
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
