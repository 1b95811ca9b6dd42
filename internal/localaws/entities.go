package localaws

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
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

// kinds are all of them. What hangs on several entities hangs on the first: an input that names a
// user and a policy is about the user.
func kinds() []kind { return []kind{aUser, aGroup, aRole, aProfile, aPolicy} }

// word is the kind in the names of operations and of the SDK's members.
func (k kind) word() string {
	return map[kind]string{
		aUser: "User", aGroup: "Group", aRole: "Role", aProfile: "InstanceProfile", aPolicy: "Policy",
	}[k]
}

// names is the member of an input that names an entity of the kind.
func (k kind) names() string {
	if k == aPolicy {
		return "PolicyArn"
	}
	return k.word() + "Name"
}

// is reports whether a structure is that of an entity of the kind, or of what it has in common with
// others.
func (k kind) is(structure reflect.Type) bool {
	switch structure {
	case reflect.TypeFor[*entity]():
		return true
	case reflect.TypeFor[*identity]():
		return k == aUser || k == aGroup || k == aRole
	}
	return structure == map[kind]reflect.Type{
		aUser: reflect.TypeFor[*user](), aGroup: reflect.TypeFor[*group](), aRole: reflect.TypeFor[*role](),
		aProfile: reflect.TypeFor[*profile](), aPolicy: reflect.TypeFor[*policy](),
	}[k]
}

// entity is what users, groups, roles, instance profiles and policies have in common.
type entity struct {
	Kind                kind
	Name, Path, ID, ARN string
	Created             time.Time
	Tags                []tag
}

// identity is an entity that has policies.
type identity struct {
	entity
	Boundary string
	Attached []string          // ARNs of managed policies
	Inline   map[string]string // documents by policy name
}

// holder is an entity with what its kind adds.
type holder interface{ header() *entity }

func (e *entity) header() *entity     { return e }
func (id *identity) whole() *identity { return id }

// named returns an entity by its name, a policy by its ARN; nil if it is not there.
func (s *state) named(k kind, name string) (found holder) {
	var ok bool
	switch k {
	case aUser:
		found, ok = s.Users[fold(name)]
	case aGroup:
		found, ok = s.Groups[fold(name)]
	case aRole:
		found, ok = s.Roles[fold(name)]
	case aProfile:
		found, ok = s.Profiles[fold(name)]
	case aPolicy:
		found, ok = s.Policies[name]
	}
	if !ok {
		return nil
	}
	return found
}

// made returns what is common to a new entity, whose name must be free. The path defaults to the
// root.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
func (tx *tx) made(k kind, path, name *string, tags []iamtypes.Tag) (e entity, err error) {
	if tx.state.named(k, *name) != nil {
		return e, refuse(entityExists, "%s with name %s already exists.", k.word(), *name)
	}
	prefix := map[kind]string{aUser: "AIDA", aGroup: "AGPA", aRole: "AROA", aProfile: "AIPA", aPolicy: "ANPA"}[k]
	p := cmp.Or(aws.ToString(path), "/")
	e = entity{Kind: k, Name: *name, Path: p, ID: uniqueID(prefix), ARN: tx.arn(string(k) + p + *name), Created: tx.now}
	err = e.tag(tags)
	return e, err
}

// shown fills, of a structure of the SDK, the members that entities of all kinds show.
func shown[T any](e *entity) T {
	return show[T](map[string]any{
		"Arn": &e.ARN, "Path": &e.Path, "CreateDate": stamp(e.Created), e.Kind.word() + "Id": &e.ID, e.Kind.word() + "Name": &e.Name,
	})
}

// arguments gives the method of an operation what it takes.
func (tx *tx) arguments(effect reflect.Type, in fields, out reflect.Value) ([]reflect.Value, error) {
	arguments := []reflect.Value{reflect.ValueOf(tx)}
	var err error
	about := 0
	for i := 1; i < effect.NumIn(); i++ {
		var argument any
		switch of := effect.In(i); of {
		case reflect.TypeFor[fields]():
			argument = in
		case reflect.TypeFor[output]():
			argument = output{out}
		case reflect.PointerTo(in.input.Type()):
			argument = in.input.Addr().Interface()
		case reflect.PointerTo(out.Type()):
			argument = out.Addr().Interface()
		default:
			about++
			if argument, err = tx.subject(of, in, about == 1); err != nil {
				return nil, err
			}
			if s, ok := argument.(*secret); ok {
				output{out}.set(map[string]any{"ARN": &s.ARN, "Name": &s.Name})
			}
		}
		arguments = append(arguments, reflect.ValueOf(argument))
	}
	return arguments, nil
}

// subject finds a thing that a call is about. If a call changes a policy itself, which is then the
// first of them, the policy must be the account's own; AWS's own can only be attached.
func (tx *tx) subject(of reflect.Type, in fields, first bool) (any, error) {
	switch {
	case of == reflect.TypeFor[*secret]() && (tx.action == "DescribeSecret" || tx.action == "RestoreSecret"):
		return tx.secretNamed(in.text("SecretId"))
	case of == reflect.TypeFor[*secret]():
		return tx.liveSecret(in.text("SecretId"))
	case of == reflect.TypeFor[*mfaDevice]():
		serial := in.text("SerialNumber")
		if d := tx.state.MFADevices[serial]; d != nil && tx.seen.MFADevices[serial] != nil {
			return d, nil
		}
		return nil, refuse(noSuchEntity, "VirtualMFADevice with serial number %s doesn't exist.", serial)
	}
	for _, k := range kinds() {
		if !in.has(k.names()) || !k.is(of) {
			continue
		}
		var found holder
		var err error
		switch {
		case k == aUser && in.pointer("UserName") == nil:
			found, err = tx.callerAsUser()
		case k == aPolicy && first && !tx.reads():
			found, err = tx.ownPolicy(in.text("PolicyArn"))
		case k == aPolicy:
			found, err = tx.policyWith(in.text("PolicyArn"))
		default:
			found, err = tx.find(k, in.text(k.names()))
		}
		switch {
		case err != nil:
			return nil, err
		case of == reflect.TypeFor[*entity]():
			return found.header(), nil
		case of == reflect.TypeFor[*identity]():
			return found.(interface{ whole() *identity }).whole(), nil
		}
		return found, nil
	}
	panic("localaws: an operation takes what its input does not name: " + of.String())
}

// find returns an entity by its name. A write finds it only when the replicas have it as well.
func (tx *tx) find(k kind, name string) (holder, error) {
	found := tx.state.named(k, name)
	if found == nil || tx.seen.named(k, name) == nil {
		return nil, refuse(noSuchEntity, "The %s with name %s cannot be found.", k, name)
	}
	return found, nil
}

// callerAsUser returns the caller, who must be a user, to a call that names none.
func (tx *tx) callerAsUser() (holder, error) {
	if tx.caller == nil {
		return nil, refuse("ValidationError", "Must specify userName when calling with non-User credentials")
	}
	return tx.find(aUser, tx.caller.Name)
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
