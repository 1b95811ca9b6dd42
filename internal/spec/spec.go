package spec

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
	r.boundaries(&spec)
	spec.Tags = r.tags()
	spec.KmsKeyID = r.kmsKey()
	spec.PolicyRevision = r.oneOf("PolicyRevision", newestRevision(), revisions()...)
	spec.AccessKeySerial = r.serial()
	spec.PreviousAccessKey = KeyState(r.oneOf("PreviousAccessKey", string(KeyActive), string(KeyActive), string(KeyInactive), string(KeyDeleted)))
	spec.ConsoleLogin = r.oneOf("ConsoleLogin", "false", "true", "false") == "true"
	spec.Adopt, spec.AdoptStack = r.existing()
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

// existing reads ExistingEntities: Fail, Adopt, or the ARN of a stack that is gone.
func (r *reader) existing() (adopt bool, stack string) {
	const name = "ExistingEntities"
	switch text := r.scalar(name, "Fail"); text {
	case "Fail":
		return false, ""
	case "Adopt":
		return true, ""
	default:
		if owner, err := ParseStackID(text); err != nil || owner.ID != r.account.ID || owner.Partition != r.account.Partition {
			r.fault("%s: %s is not one of its values; use Fail, Adopt, or the ARN of a stack of account %s that is gone", name, quote(text), r.account.ID)
		}
		return true, text
	}
}

// boundaries reads PermissionsBoundary: one ARN for both roles and the user; or two, which is how a stack passes
// its own: the first for the instance role, the second for the user and the console role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (r *reader) boundaries(spec *Spec) {
	const name = "PermissionsBoundary"
	raw, _ := r.value(name)
	if describeJSON(raw) != "a list" {
		if arn := r.scalar(name, ""); arn != "" {
			spec.PermissionsBoundary = r.boundary(arn, spec.Names)
		}
		return
	}
	arns := r.list(name, " of two ARNs, or a single one")
	for _, arn := range arns {
		r.boundary(arn, spec.Names)
	}
	if len(arns) == 2 {
		spec.StackBoundaries = Boundaries{arns[0], arns[1]}
	} else if len(arns) > 0 {
		r.fault("%s: has %d ARNs; give one for both roles and the user, or two: for the instance role, and for the user and the console role", name, len(arns))
	}
}

func (r *reader) boundary(arn string, names Names) string {
	const name = "PermissionsBoundary"
	m := regexp.MustCompile(`^arn:(aws[a-z-]*):iam::(aws|\d{12}):policy/[\w+=,.@/-]+$`).FindStringSubmatch(arn)
	switch {
	case m == nil:
		r.fault("%s: %s is not the ARN of a managed policy; it must look like arn:%s:iam::%s:policy/<name>", name, quote(arn), r.account.Partition, r.account.ID)
	case m[1] != r.account.Partition:
		r.fault("%s: %s is of partition %s, the stack of %s; give a policy of the same partition", name, quote(arn), m[1], r.account.Partition)
	case m[2] != "aws" && m[2] != r.account.ID:
		r.fault("%s: %s is of account %s; a boundary must be a policy of the stack's own account %s, or of AWS", name, quote(arn), m[2], r.account.ID)
	case m[2] != "aws" && names.hasPolicy(arn[strings.LastIndex(arn, "/")+1:]):
		// Under a path too: IAM has no two policies of one name.
		r.fault("%s: %s is one of the policies that this resource makes and may rewrite, so that it bounds nothing; give another policy", name, quote(arn))
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
	if r.account.SameKMSKey(kmsKey, "") {
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
