package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Spec is the desired state: the properties of the resource, checked, with their defaults.
type Spec struct {
	Names
	RedisCloudAccountID string            // the AWS account of Redis Cloud that may assume the console role
	PermissionsBoundary string            // ARN put on both roles and the user; "" for the stack's own
	StackBoundaries     Boundaries        // policies that the stack makes itself
	Tags                map[string]string // added to every entity and secret
	KmsKeyID            string            // encrypts the secrets; "" for the account's aws/secretsmanager
	PolicyRevision      string            // of the two managed policies
	AccessKeySerial     int               // a higher number rotates the key
	PreviousAccessKey   KeyState          // what becomes of the previous key
	ConsoleLogin        bool              // whether the user has a console password
	Adopt               bool              // whether unowned entities are taken over
	AdoptStack          string            // ARN of a stack that is gone, whose entities are taken over too; or ""
	Protect             bool              // whether a key that is in use is kept from being deleted
	Retain              bool              // whether the entities outlive the resource
	SecretReaders       []string          // principals that may read the secrets; sorted
}

// Boundaries are the ARNs of permissions boundaries; "" for none.
type Boundaries struct{ InstanceRole, User string }

// Has reports whether an ARN is one of the boundaries.
func (b Boundaries) Has(arn string) bool {
	return arn != "" && (arn == b.InstanceRole || arn == b.User)
}

// KeyState is what becomes of the previous access key.
type KeyState string

// The states. A rotation leaves the previous key Active; Deleted ends it.
const (
	KeyActive   KeyState = "Active"
	KeyInactive KeyState = "Inactive"
	KeyDeleted  KeyState = "Deleted"
)

// Parse reads the properties that CloudFormation sends for an account. The error is a
// [*RefusedError] that names every fault at once. The Spec is returned beside it with the valid
// names in place and the invalid ones empty, for a Delete, which must not be stopped by bad
// properties: nothing can be owned under a name that was never accepted.
func Parse(properties json.RawMessage, account Account) (Spec, error) {
	given, ok := decode(properties).(map[string]any)
	r := reader{account: account, given: given}
	if !ok && len(bytes.TrimSpace(properties)) > 0 {
		r.fault("ResourceProperties: is not a JSON object; give the properties as a map")
	}
	var spec Spec
	for _, p := range spec.Names.properties() {
		*p.value = r.name(p)
	}
	r.distinctNames(spec.Names)
	spec.RedisCloudAccountID = r.scalar("RedisCloudAccountId", "168085023892")
	r.match("RedisCloudAccountId", spec.RedisCloudAccountID, `\d{12}`, "", "the 12 digits of an AWS account ID")
	r.boundaries(&spec)
	spec.Tags = r.tags()
	spec.KmsKeyID = r.kmsKey()
	revisions := revisions()
	spec.PolicyRevision = r.oneOf("PolicyRevision", revisions[len(revisions)-1], revisions...)
	serial := r.scalar("AccessKeySerial", "1")
	r.match("AccessKeySerial", serial, `[1-9]\d{0,8}`, "", "a whole number from 1 to 999999999")
	spec.AccessKeySerial, _ = strconv.Atoi(serial)
	spec.PreviousAccessKey = KeyState(r.oneOf("PreviousAccessKey", string(KeyActive),
		string(KeyActive), string(KeyInactive), string(KeyDeleted)))
	spec.ConsoleLogin = r.oneOf("ConsoleLogin", "false", "true", "false") == "true"
	spec.Adopt, spec.AdoptStack = r.existing()
	spec.Protect = r.oneOf("DeletionProtection", "InUse", "InUse", "Off") == "InUse"
	spec.Retain = r.oneOf("OnDelete", "Delete", "Delete", "Retain") == "Retain"
	spec.SecretReaders = r.readers(spec.KmsKeyID)
	r.unknown()

	if len(r.faults) > 0 {
		return spec, &RefusedError{Heading: Invalid, Reasons: r.faults}
	}
	return spec, nil
}

// distinctNames refuses two entities of a kind under one name.
func (r *reader) distinctNames(n Names) {
	if n.InstancePolicy != "" && strings.EqualFold(n.InstancePolicy, n.UserPolicy) {
		r.fault("UserPolicyName: is the same as InstancePolicyName (IAM does not distinguish case); give the two policies different names")
	}
	if n.InstanceRole != "" && strings.EqualFold(n.InstanceRole, n.ConsoleRole) {
		r.fault("ConsoleRoleName: is the same as InstanceRoleName (IAM does not distinguish case); give the two roles different names")
	}
	if n.AccessKeySecret != "" && n.AccessKeySecret == n.ConsolePasswordSecret {
		r.fault("ConsolePasswordSecretName: is the same as AccessKeySecretName; give the two secrets different names")
	}
}

// existing reads ExistingEntities: Fail, Adopt, or the ARN of a stack that is gone.
func (r *reader) existing() (adopt bool, stack string) {
	const name = "ExistingEntities"
	text := r.scalar(name, "Fail")
	if text == "Fail" || text == "Adopt" {
		return text == "Adopt", ""
	}
	owner, _ := ParseStackID(text)
	if owner.ID != r.account.ID || owner.Partition != r.account.Partition {
		r.fault("%s: %s is not one of its values; use Fail, Adopt, or the ARN of a stack of account %s that is gone", name, quote(text), r.account.ID)
	}
	return true, text
}

// boundaries reads PermissionsBoundary: one ARN for both roles and the user; or two, which is how a
// stack passes its own: the first for the instance role, the second for the user and the console
// role. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (r *reader) boundaries(spec *Spec) {
	const name = "PermissionsBoundary"
	if _, isList := r.given[name].([]any); !isList {
		spec.PermissionsBoundary = r.scalar(name, "")
		r.boundary(name, spec.PermissionsBoundary, spec.Names)
		return
	}
	arns := r.list(name, " of two ARNs, or a single one")
	for _, arn := range arns {
		r.boundary(name, arn, spec.Names)
	}
	if len(arns) == 2 {
		spec.StackBoundaries = Boundaries{arns[0], arns[1]}
	} else if len(arns) > 0 {
		r.fault("%s: has %d ARNs; give one for both roles and the user, or two: for the instance role, and for the user and the console role", name, len(arns))
	}
}

func (r *reader) boundary(name, arn string, names Names) {
	m := r.match(name, arn, `|arn:(aws[a-z-]*):iam::(aws|\d{12}):policy/[\w+=,.@/-]+`, "policy",
		"the ARN of a managed policy; it must look like "+r.account.IAMARN("policy", "<name>"))
	policy := arn[strings.LastIndex(arn, "/")+1:] // under a path too: IAM has no two of one name
	switch {
	case m == nil || arn == "" || m[2] == "aws":
	case m[2] != r.account.ID:
		r.fault("%s: %s is of account %s; a boundary must be a policy of the stack's own account %s, or of AWS", name, quote(arn), m[2], r.account.ID)
	case strings.EqualFold(policy, names.InstancePolicy), strings.EqualFold(policy, names.UserPolicy):
		r.fault("%s: %s is one of the policies that this resource makes and may rewrite, so that it bounds nothing; give another policy", name, quote(arn))
	}
}

// kmsKey reads an ID, an alias, or the ARN of either:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (r *reader) kmsKey() string {
	const name, key, alias = "KmsKeyId", `[a-z0-9-]{1,128}`, `alias/[\w/-]{1,250}`
	const arn = `arn:(aws[a-z-]*):kms:([a-z0-9-]+):\d{12}:(?:key/` + key + `|` + alias + `)`
	id := r.scalar(name, "")
	m := r.match(name, id, `|`+arn+`|`+key+`|`+alias, "key",
		"a KMS key; give a key ID, a key ARN, alias/<name> or an alias ARN")
	if len(m) > 2 && m[2] != "" && m[2] != r.account.Region {
		r.fault("%s: %s is of Region %s; a secret needs a key of its own Region %s", name, quote(id), m[2], r.account.Region)
	}
	return id
}

// readers reads the principals that may read the secrets. AWS's own key for Secrets Manager serves
// no other account:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
func (r *reader) readers(kmsKey string) []string {
	const name = "SecretReaders"
	readers := r.list(name, " of ARNs")
	iam := fmt.Sprintf("arn:%s:iam::<account>:", r.account.Partition)
	for _, arn := range readers {
		r.match(name, arn, `arn:(aws[a-z-]*):iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/-]{1,512})`, "principal",
			"the ARN of an account, a role or a user; it must look like "+iam+"root or "+iam+"role/<name>")
	}
	if len(readers) > 0 && r.account.SameKMSKey(kmsKey, "") {
		r.fault("%s: needs a KMS key of your own, since the key aws/secretsmanager lets no other account decrypt; set KmsKeyId to a key whose policy allows the readers kms:Decrypt", name)
	}
	slices.Sort(readers)
	return slices.Compact(readers)
}
