package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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

// nameProperty is one of the properties that name an entity, for the life of the resource.
type nameProperty struct {
	value          *string
	name, standard string
	most           int    // characters
	signs          string // that AWS allows beside letters and digits
}

// properties lists them in the order in which the physical resource ID hashes them. The order and
// the defaults are frozen: see [ID]. What AWS accepts:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (n *Names) properties() []nameProperty {
	const iam, secret = "+=,.@_-", "/_+=.@-"
	return []nameProperty{
		{&n.InstancePolicy, "InstancePolicyName", "RedisLabsInstanceRolePolicy", 128, iam},
		{&n.InstanceRole, "InstanceRoleName", "redislabs-cluster-node-role", 64, iam},
		{&n.UserPolicy, "UserPolicyName", "RedislabsIAMUserRestrictedPolicy", 128, iam},
		{&n.User, "UserName", "redislabs-user", 64, iam},
		{&n.ConsoleRole, "ConsoleRoleName", "redislabs-role", 64, iam},
		{&n.AccessKeySecret, "AccessKeySecretName", "redis-cloud/access-key", 512, secret},
		{&n.ConsolePasswordSecret, "ConsolePasswordSecretName", "redis-cloud/console-password", 512, secret},
	}
}

// Of returns the name that a property gives, such as UserName.
func (n Names) Of(property string) string {
	all := n.properties()
	return *all[slices.IndexFunc(all, func(p nameProperty) bool { return p.name == property })].value
}

// idPrefix begins every ID, so that people recognise one.
const idPrefix = "redis-cloud-iam-"

// ID is the name under which a stack's resource owns its entities: the owner's tag, and
// CloudFormation's physical resource ID. The same stack, logical ID and names give the same ID, now
// and in every later version of this software (a golden test holds it). An ID that changed would
// make every stack's next Update a refused renaming.
//
// Properties is the JSON object as CloudFormation sends it. It may be malformed: there is always an
// ID.
func ID(stackID, logicalID string, properties json.RawMessage) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n%q\n", stackID, logicalID)
	for _, name := range namesAsSent(properties) {
		fmt.Fprintf(sum, "%s=%q\n", name[0], name[1])
	}
	return idPrefix + hex.EncodeToString(sum.Sum(nil))[:32]
}

// IsID reports whether [ID] could have made id. CloudFormation invents one of its own where a
// Create never answered.
func IsID(id string) bool {
	return regexp.MustCompile(`^` + idPrefix + `[0-9a-f]{32}$`).MatchString(id)
}

// Renamed returns a [*RefusedError] that lists every name that differs between two sets of
// properties, with the way out, or nil if none does.
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
	return &RefusedError{
		Heading: Invalid, Reasons: faults,
		Remedy: "Names are for life. For other names launch a second stack with them, enter its access key in Redis Cloud, and then delete this stack",
	}
}

// namesAsSent returns the name properties, each with its value or its default, in the order of the
// ID. A value that is not a single one is its JSON without white space.
func namesAsSent(properties json.RawMessage) [][2]string {
	var given map[string]json.RawMessage
	_ = json.Unmarshal(properties, &given)
	var all [][2]string
	for _, p := range new(Names).properties() {
		value := p.standard
		if raw, ok := given[p.name]; ok {
			if value, ok = textOf(decode(raw)); !ok {
				var compact bytes.Buffer
				_ = json.Compact(&compact, raw)
				value = compact.String()
			}
		}
		all = append(all, [2]string{p.name, value})
	}
	return all
}
