package localaws

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"
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

// is reports whether a type is that of the entities of the kind, or of what they have in common
// with others.
func (k kind) is(of reflect.Type) bool {
	switch of {
	case reflect.TypeFor[holder](), reflect.TypeFor[*entity]():
		return true
	case reflect.TypeFor[*identity]():
		return k == aUser || k == aGroup || k == aRole
	}
	return of == map[kind]reflect.Type{
		aUser: reflect.TypeFor[*user](), aGroup: reflect.TypeFor[*group](), aRole: reflect.TypeFor[*role](),
		aProfile: reflect.TypeFor[*profile](), aPolicy: reflect.TypeFor[*policy](),
	}[k]
}

// entity is what users, groups, roles, instance profiles and policies have in common.
type entity struct {
	Kind                kind
	Name, Path, ID, ARN string
	Created             time.Time
	Tags                map[string]string
}

// identity is an entity that has policies.
type identity struct {
	entity
	Boundary string
	Attached []string          // ARNs of managed policies
	Inline   map[string]string // documents by policy name
}

// holder is an entity with what its kind adds.
type holder interface {
	header() *entity
	// listed is what lists show of it.
	listed(s *state) members
	// detail is what lists leave out.
	detail(now time.Time) members
}

func (e *entity) header() *entity     { return e }
func (id *identity) whole() *identity { return id }

func (e *entity) listed(*state) members {
	word := e.Kind.word()
	return members{"Arn": e.ARN, "Path": e.Path, "CreateDate": stamp(e.Created), word + "Id": e.ID, word + "Name": e.Name}
}

func (e *entity) detail(time.Time) members {
	return members{"Tags": shownTags(e.Tags)}
}

// GetEntity shows all of an entity.
func (tx *tx) GetEntity(h holder) {
	shown := h.listed(tx.state)
	maps.Copy(shown, h.detail(tx.now))
	tx.out.set(members{h.header().Kind.word(): shown})
}

// list shows entities as lists do.
func list[E holder](tx *tx, name string, all []E) {
	tx.out.set(members{name: each(all, func(e E) members { return e.listed(tx.state) })})
}

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

// made returns what is common to the new entity that the input describes, tags included. The name
// must be free; the path defaults to the root.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
func (tx *tx) made(k kind) (e entity, err error) {
	name, path := tx.in.text(k.word()+"Name"), cmp.Or(tx.in.text("Path"), "/")
	if tx.state.named(k, name) != nil {
		return e, refuse(entityExists, "%s with name %s already exists.", k.word(), name)
	}
	prefix := map[kind]string{aUser: "AIDA", aGroup: "AGPA", aRole: "AROA", aProfile: "AIPA", aPolicy: "ANPA"}[k]
	e = entity{
		Kind: k, Name: name, Path: path, ID: uniqueID(prefix), ARN: tx.arn(string(k) + path + name),
		Created: tx.now, Tags: map[string]string{},
	}
	err = tx.TagEntity(&e)
	return e, err
}

// find returns an entity by its name. A write finds it only when the replicas have it as well.
func (tx *tx) find(k kind, name string) (holder, error) {
	found := tx.state.named(k, name)
	if found == nil || tx.seen.named(k, name) == nil {
		return nil, refuse(noSuchEntity, "The %s with name %s cannot be found.", k, name)
	}
	return found, nil
}

// identities are all users, groups and roles, each kind in the order of the names.
func (s *state) identities() []*identity {
	return slices.Concat(
		each(ordered(s.Users), func(u *user) *identity { return &u.identity }),
		each(ordered(s.Groups), func(g *group) *identity { return &g.identity }),
		each(ordered(s.Roles), func(r *role) *identity { return &r.identity }),
	)
}
