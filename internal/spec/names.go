package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Names are the names of the entities. Under an empty name nothing is read, made or removed.
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

// nameProperty is one of the properties that name an entity, for the life of the resource.
type nameProperty struct {
	name string
	rule nameRule
	of   func(*Names) *string
}

// nameProperties lists them in the order in which the physical resource ID hashes them. The order and
// the defaults are frozen: see [ID].
func nameProperties() []nameProperty {
	return []nameProperty{
		{"InstancePolicyName", iamName(128), func(n *Names) *string { return &n.InstancePolicy }},
		{"InstanceRoleName", iamName(64), func(n *Names) *string { return &n.InstanceRole }},
		{"UserPolicyName", iamName(128), func(n *Names) *string { return &n.UserPolicy }},
		{"UserName", iamName(64), func(n *Names) *string { return &n.User }},
		{"ConsoleRoleName", iamName(64), func(n *Names) *string { return &n.ConsoleRole }},
		{"AccessKeySecretName", secretName(), func(n *Names) *string { return &n.AccessKeySecret }},
		{"ConsolePasswordSecretName", secretName(), func(n *Names) *string { return &n.ConsolePasswordSecret }},
	}
}

// idPrefix begins every ID, so that people recognise one.
const idPrefix = "redis-cloud-iam-"

// ID is the name under which a stack's resource owns its entities: the owner's tag, and
// CloudFormation's physical resource ID. It is pure: the same stack, logical ID and names give the same
// ID, now and in every later version of this software (a golden test holds it). An ID that changed would
// make every stack's next Update a refused renaming.
//
// Properties is the JSON object as CloudFormation sends it. It may be malformed: there is always an ID.
func ID(stackID, logicalID string, properties json.RawMessage) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n%q\n", stackID, logicalID)
	for _, name := range namesAsSent(properties) {
		fmt.Fprintf(sum, "%s=%q\n", name[0], name[1])
	}
	return idPrefix + hex.EncodeToString(sum.Sum(nil))[:32]
}

// IsID reports whether [ID] could have made id. CloudFormation invents one of its own where a Create
// never answered.
func IsID(id string) bool {
	return regexp.MustCompile(`^` + idPrefix + `[0-9a-f]{32}$`).MatchString(id)
}

// Renamed returns an [*InvalidError] that lists every name that differs between two sets of properties,
// with the way out, or nil if none does.
func Renamed(before, after json.RawMessage) error {
	was := namesAsSent(before)
	var faults []string
	for i, is := range namesAsSent(after) {
		if was[i] != is {
			faults = append(faults, fmt.Sprintf("%s: is %s now and cannot become %s", is[0], quote(was[i][1]), quote(is[1])))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &InvalidError{
		Faults: faults,
		Remedy: "Names are for life. For other names launch a second stack with them, enter its access key in Redis Cloud, and then delete this stack",
	}
}

// namesAsSent returns the name properties, each with its value or its default, in the order of the ID.
func namesAsSent(properties json.RawMessage) [][2]string {
	var given map[string]json.RawMessage
	if json.Unmarshal(properties, &given) != nil {
		given = nil
	}
	names := DefaultNames()
	var all [][2]string
	for _, p := range nameProperties() {
		value := *p.of(&names)
		if raw, ok := given[p.name]; ok {
			value = scalarOrJSON(raw)
		}
		all = append(all, [2]string{p.name, value})
	}
	return all
}

// sameName reports whether IAM takes a and b for one name: it does not distinguish case.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// hasPolicy reports whether one of the two policies has the name.
func (n Names) hasPolicy(name string) bool {
	return sameName(name, n.InstancePolicy) || sameName(name, n.UserPolicy)
}
