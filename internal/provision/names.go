package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Names are the names of the entities. An empty name stands for "none": nothing is read, made or
// removed under it.
type Names struct {
	InstancePolicy        string // managed policy of the instance role
	InstanceRole          string // EC2 role, and the instance profile that holds it
	UserPolicy            string // managed policy of the user and the console role
	User                  string
	ConsoleRole           string
	AccessKeySecret       string // Secrets Manager
	ConsolePasswordSecret string // Secrets Manager
}

// DefaultNames are the names that the vendor's documentation uses.
func DefaultNames() Names {
	return Names{
		InstancePolicy:        "RedisLabsInstanceRolePolicy",
		InstanceRole:          "redislabs-cluster-node-role",
		UserPolicy:            "RedislabsIAMUserRestrictedPolicy",
		User:                  "redislabs-user",
		ConsoleRole:           "redislabs-role",
		AccessKeySecret:       "redis-cloud/access-key",
		ConsolePasswordSecret: "redis-cloud/console-password",
	}
}

// has reports whether an entity of this kind has one of the names.
func (n Names) has(kind Kind, name string) bool {
	switch kind {
	case KindPolicy:
		return sameName(name, n.InstancePolicy) || sameName(name, n.UserPolicy)
	case KindRole:
		return sameName(name, n.InstanceRole) || sameName(name, n.ConsoleRole)
	case KindProfile:
		return sameName(name, n.InstanceRole)
	case KindUser:
		return sameName(name, n.User)
	case KindSecret:
		return name == n.AccessKeySecret || name == n.ConsolePasswordSecret
	default:
		return false
	}
}

// nameRule says what AWS accepts as a name.
type nameRule struct {
	most    int // characters
	pattern *regexp.Regexp
	says    string
}

// iamName is IAM's rule for names, with the length that differs by entity:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func iamName(most int) nameRule {
	return nameRule{most, regexp.MustCompile(`^[\w+=,.@-]+$`), "letters, digits and +=,.@_-"}
}

// secretName is Secrets Manager's rule:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func secretName() nameRule {
	return nameRule{512, regexp.MustCompile(`^[\w/+=.@-]+$`), "letters, digits and /_+=.@-"}
}

// check returns what is wrong with name, or "".
func (r nameRule) check(name string) string {
	if name == "" {
		return "is empty; give a name, or leave the property out for the default"
	}
	if len(name) > r.most || !r.pattern.MatchString(name) {
		return fmt.Sprintf("%s is not a name that AWS accepts; use 1 to %d %s", quote(name), r.most, r.says)
	}
	return ""
}

// nameProperty is one of the properties whose change means replacement.
type nameProperty struct {
	name string
	kind Kind // of what bears the name
	rule nameRule
	of   func(*Names) *string
}

// nameProperties lists the replacement properties in the order in which the physical resource ID hashes
// them. The order and the defaults are frozen: see ID.
func nameProperties() []nameProperty {
	return []nameProperty{
		{"InstancePolicyName", KindPolicy, iamName(128), func(n *Names) *string { return &n.InstancePolicy }},
		{"InstanceRoleName", KindRole, iamName(64), func(n *Names) *string { return &n.InstanceRole }},
		{"UserPolicyName", KindPolicy, iamName(128), func(n *Names) *string { return &n.UserPolicy }},
		{"UserName", KindUser, iamName(64), func(n *Names) *string { return &n.User }},
		{"ConsoleRoleName", KindRole, iamName(64), func(n *Names) *string { return &n.ConsoleRole }},
		{"AccessKeySecretName", KindSecret, secretName(), func(n *Names) *string { return &n.AccessKeySecret }},
		{"ConsolePasswordSecretName", KindSecret, secretName(), func(n *Names) *string { return &n.ConsolePasswordSecret }},
	}
}

// idPrefix begins every ID, so that people recognise one.
const idPrefix = "redis-cloud-iam-"

// ID is the name under which one version of one stack's resource owns its entities: the owner's tag, and
// CloudFormation's physical resource ID. It is pure: the same stack, logical ID and replacement properties
// give the same ID, now and in every later version of this software (a golden test holds it), because an
// ID that changed would replace the entities under a live Redis Cloud subscription.
//
// Properties is the JSON object as CloudFormation sends it. It may be malformed: there is always an ID.
func ID(stackID, logicalID string, properties json.RawMessage) string {
	var given map[string]json.RawMessage
	if json.Unmarshal(properties, &given) != nil {
		given = nil
	}
	names := DefaultNames()
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n%q\n", stackID, logicalID)
	for _, p := range nameProperties() {
		value := *p.of(&names)
		if raw, ok := given[p.name]; ok {
			value = scalarOrJSON(raw)
		}
		fmt.Fprintf(sum, "%s=%q\n", p.name, value)
	}
	return idPrefix + hex.EncodeToString(sum.Sum(nil))[:32]
}

// IsID reports whether ID could have made id. CloudFormation invents one of its own where a Create never answered.
func IsID(id string) bool {
	return regexp.MustCompile(`^` + idPrefix + `[0-9a-f]{32}$`).MatchString(id)
}

// same reports whether AWS takes a and b for one name. IAM does not distinguish case, Secrets Manager does.
func (p nameProperty) same(a, b string) bool {
	return a == b || p.kind != KindSecret && sameName(a, b)
}

// sameName reports whether IAM takes a and b for one name: it does not distinguish case.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }
