package localaws

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// find returns an entity that a call refers to. A write finds it only when the replicas have it as well. Without an
// entity the zero value, nil, comes back.
func find[T any](in, seen map[string]T, key string) (found T, ok bool) {
	if _, ok = seen[key]; ok {
		found, ok = in[key]
	}
	return found, ok
}

func (tx *tx) userNamed(name *string) (*user, error) {
	u, ok := find(tx.state.Users, tx.seen.Users, fold(aws.ToString(name)))
	if !ok {
		return nil, noSuchEntity("The user with name %s cannot be found.", aws.ToString(name))
	}
	return u, nil
}

// userOrCaller returns the named user, or the caller where no name is given, which must then be a user.
func (tx *tx) userOrCaller(name *string) (*user, error) {
	if name != nil {
		return tx.userNamed(name)
	}
	if tx.caller == nil {
		return nil, apiError("ValidationError", "Must specify userName when calling with non-User credentials")
	}
	return tx.userNamed(&tx.caller.Name)
}

func (tx *tx) groupNamed(name *string) (*group, error) {
	g, ok := find(tx.state.Groups, tx.seen.Groups, fold(aws.ToString(name)))
	if !ok {
		return nil, noSuchEntity("The group with name %s cannot be found.", aws.ToString(name))
	}
	return g, nil
}

func (tx *tx) roleNamed(name *string) (*role, error) {
	r, ok := find(tx.state.Roles, tx.seen.Roles, fold(aws.ToString(name)))
	if !ok {
		return nil, noSuchEntity("The role with name %s cannot be found.", aws.ToString(name))
	}
	return r, nil
}

func (tx *tx) profileNamed(name *string) (*profile, error) {
	p, ok := find(tx.state.Profiles, tx.seen.Profiles, fold(aws.ToString(name)))
	if !ok {
		return nil, noSuchEntity("Instance Profile %s cannot be found.", aws.ToString(name))
	}
	return p, nil
}

// policyWith returns the managed policy with an ARN, which is compared exactly.
func (tx *tx) policyWith(arn *string) (*policy, error) {
	if err := tx.checkPolicyARN(aws.ToString(arn)); err != nil {
		return nil, err
	}
	p, ok := find(tx.state.Policies, tx.seen.Policies, aws.ToString(arn))
	if !ok {
		return nil, noSuchEntity("Policy %s was not found.", aws.ToString(arn))
	}
	return p, nil
}

// named returns the header of a new entity. The path defaults to the root.
func (tx *tx) named(kind, idPrefix string, path, name *string) entity {
	p := cmp.Or(aws.ToString(path), "/")
	return entity{
		Name:    *name,
		Path:    p,
		ID:      uniqueID(idPrefix),
		ARN:     tx.arn(kind + p + *name),
		Created: tx.now,
	}
}
