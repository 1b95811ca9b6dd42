package localaws

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// kind is a kind of IAM entity, as ARNs spell it.
type kind string

const (
	aUser    kind = "user"
	aGroup   kind = "group"
	aRole    kind = "role"
	aProfile kind = "instance-profile"
	aPolicy  kind = "policy"
)

// idPrefix begins the unique IDs of a kind.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
func (k kind) idPrefix() string {
	switch k {
	case aUser:
		return "AIDA"
	case aGroup:
		return "AGPA"
	case aRole:
		return "AROA"
	case aProfile:
		return "AIPA"
	default:
		return "ANPA"
	}
}

// entity is what users, groups, roles, instance profiles and policies have in common.
type entity struct {
	Kind                kind
	Name, Path, ID, ARN string
	Created             time.Time
	Tags                []tag
}

func (e *entity) header() *entity { return e }

// identity is an entity that has policies.
type identity struct {
	entity
	Boundary string
	Attached []string          // ARNs of managed policies
	Inline   map[string]string // documents by policy name
}

// made returns what is common to a new entity. The path defaults to the root.
func (tx *tx) made(k kind, path, name *string) entity {
	p := cmp.Or(aws.ToString(path), "/")
	return entity{
		Kind:    k,
		Name:    *name,
		Path:    p,
		ID:      uniqueID(k.idPrefix()),
		ARN:     tx.arn(string(k) + p + *name),
		Created: tx.now,
	}
}

// subjects finds what a call is about: what its operation takes after the input. The input names
// it.
func (tx *tx) subjects(effect reflect.Method, in any) ([]reflect.Value, error) {
	var found []reflect.Value
	for i := 2; i < effect.Type.NumIn(); i++ {
		subject, err := tx.subject(effect.Type.In(i), fieldsOf(in), i == 2)
		if err != nil {
			return nil, err
		}
		found = append(found, reflect.ValueOf(subject))
	}
	return found, nil
}

// subject finds one thing that a call is about. If a call changes a policy itself, which is then
// the first of them, the policy must be the account's own; AWS's own can only be attached.
func (tx *tx) subject(kind reflect.Type, in fields, first bool) (any, error) {
	switch kind {
	case reflect.TypeFor[*user]():
		return tx.userOrCaller(in.pointer("UserName"))
	case reflect.TypeFor[*group]():
		return find(tx.state.Groups, tx.seen.Groups, fold(in.text("GroupName")),
			"The group with name %s cannot be found.", in.text("GroupName"))
	case reflect.TypeFor[*role]():
		return find(tx.state.Roles, tx.seen.Roles, fold(in.text("RoleName")),
			"The role with name %s cannot be found.", in.text("RoleName"))
	case reflect.TypeFor[*profile]():
		return find(tx.state.Profiles, tx.seen.Profiles, fold(in.text("InstanceProfileName")),
			"Instance Profile %s cannot be found.", in.text("InstanceProfileName"))
	case reflect.TypeFor[*policy]():
		if first && !tx.reads() {
			return tx.ownPolicy(in.text("PolicyArn"))
		}
		return tx.policyWith(in.text("PolicyArn"))
	default:
		return tx.liveSecret(in.text("SecretId"))
	}
}

// find returns an entity by its key. A write finds it only when the replicas have it as well.
func find[T any](in, seen map[string]T, key, notFound, name string) (found T, err error) {
	if _, ok := seen[key]; ok {
		if found, ok = in[key]; ok {
			return found, nil
		}
	}
	return found, refuse(noSuchEntity, notFound, name)
}

// userOrCaller returns the named user, or the caller where no name is given, which must then be a
// user.
func (tx *tx) userOrCaller(name *string) (*user, error) {
	if name == nil {
		if tx.caller == nil {
			return nil, refuse("ValidationError", "Must specify userName when calling with non-User credentials")
		}
		name = &tx.caller.Name
	}
	return find(tx.state.Users, tx.seen.Users, fold(*name), "The user with name %s cannot be found.", *name)
}

// exists reports whether a user or role with this ARN is in the account.
func (a *Account) exists(arn string) bool {
	return slices.ContainsFunc(a.state.identities(), func(id *identity) bool { return id.ARN == arn })
}

// identities are all users, groups and roles, each kind in the order of the names.
func (s *state) identities() []*identity {
	var all []*identity
	for _, u := range ordered(s.Users) {
		all = append(all, &u.identity)
	}
	for _, g := range ordered(s.Groups) {
		all = append(all, &g.identity)
	}
	for _, r := range ordered(s.Roles) {
		all = append(all, &r.identity)
	}
	return all
}
