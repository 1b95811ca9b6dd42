package localaws

import (
	"cmp"
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

// notFound is how IAM says that there is no entity of a name, or of a policy's ARN.
func (k kind) notFound(name string) error {
	switch k {
	case aProfile:
		return refuse(noSuchEntity, "Instance Profile %s cannot be found.", name)
	case aPolicy:
		return refuse(noSuchEntity, "Policy %s was not found.", name)
	default:
		return refuse(noSuchEntity, "The %s with name %s cannot be found.", k, name)
	}
}

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

func (id *identity) self() *identity { return id }

// ref names the entity that a call is about.
type ref struct {
	kind kind
	name *string // of a policy its ARN
}

// find returns the entity that a call is about. A write finds it only when the replicas have it as well.
func find[T any](in, seen map[string]T, r ref) (found T, err error) {
	name := aws.ToString(r.name)
	key := name
	if r.kind != aPolicy {
		key = fold(name)
	}
	if _, ok := seen[key]; ok {
		if found, ok = in[key]; ok {
			return found, nil
		}
	}
	return found, r.kind.notFound(name)
}

func (tx *tx) userNamed(name *string) (*user, error) {
	return find(tx.state.Users, tx.seen.Users, ref{aUser, name})
}

// userOrCaller returns the named user, or the caller where no name is given, which must then be a user.
func (tx *tx) userOrCaller(name *string) (*user, error) {
	if name != nil {
		return tx.userNamed(name)
	}
	if tx.caller == nil {
		return nil, refuse("ValidationError", "Must specify userName when calling with non-User credentials")
	}
	return tx.userNamed(&tx.caller.Name)
}

func (tx *tx) groupNamed(name *string) (*group, error) {
	return find(tx.state.Groups, tx.seen.Groups, ref{aGroup, name})
}

func (tx *tx) roleNamed(name *string) (*role, error) {
	return find(tx.state.Roles, tx.seen.Roles, ref{aRole, name})
}

func (tx *tx) profileNamed(name *string) (*profile, error) {
	return find(tx.state.Profiles, tx.seen.Profiles, ref{aProfile, name})
}

// policyWith returns the managed policy with an ARN, which is compared exactly.
func (tx *tx) policyWith(arn *string) (*policy, error) {
	if err := tx.checkPolicyARN(*arn); err != nil {
		return nil, err
	}
	return find(tx.state.Policies, tx.seen.Policies, ref{aPolicy, arn})
}

// identity returns the user, group or role that a call is about.
func (tx *tx) identity(r ref) (*identity, error) {
	switch r.kind {
	case aUser:
		return selfOf(tx.userNamed(r.name))
	case aGroup:
		return selfOf(tx.groupNamed(r.name))
	default:
		return selfOf(tx.roleNamed(r.name))
	}
}

func selfOf[T interface{ self() *identity }](found T, err error) (*identity, error) {
	if err != nil {
		return nil, err
	}
	return found.self(), nil
}

// entity returns the entity that a call is to change.
func (tx *tx) entity(r ref) (*entity, error) {
	switch r.kind {
	case aProfile:
		return headerOf(tx.profileNamed(r.name))
	case aPolicy:
		return headerOf(tx.ownPolicy(r.name))
	default:
		return headerOf(tx.identity(r))
	}
}

func headerOf[T interface{ header() *entity }](found T, err error) (*entity, error) {
	if err != nil {
		return nil, err
	}
	return found.header(), nil
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

// exists reports whether a user or role with this ARN is in the account.
func (a *Account) exists(arn string) bool {
	has := func(id *identity) bool { return id.ARN == arn }
	return slices.ContainsFunc(a.state.identities(), has)
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
