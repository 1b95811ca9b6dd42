package localaws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxGroups = 10 // a user may be in

type group struct{ identity }

// CreateGroup makes a group.
func (tx *tx) CreateGroup(in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	if _, taken := tx.state.Groups[fold(*in.GroupName)]; taken {
		return nil, refuse(entityExists, "Group with name %s already exists.", *in.GroupName)
	}
	g := &group{identity{entity: tx.made(aGroup, in.Path, in.GroupName)}}
	tx.state.Groups[fold(g.Name)] = g
	return &iam.CreateGroupOutput{Group: g.shown()}, nil
}

func (g *group) shown() *iamtypes.Group {
	return &iamtypes.Group{
		Arn:        aws.String(g.ARN),
		CreateDate: stamp(g.Created),
		GroupId:    aws.String(g.ID),
		GroupName:  aws.String(g.Name),
		Path:       aws.String(g.Path),
	}
}

// AddUserToGroup makes a user a member; one that is a member already stays so.
func (tx *tx) AddUserToGroup(_ *iam.AddUserToGroupInput, g *group, u *user) error {
	if slices.Contains(u.Groups, fold(g.Name)) {
		return nil
	}
	if len(u.Groups) >= maxGroups {
		return refuse(limitExceeded, "Cannot exceed quota for GroupsPerUser: %d", maxGroups)
	}
	u.Groups = append(u.Groups, fold(g.Name))
	return nil
}

// RemoveUserFromGroup ends a membership.
func (tx *tx) RemoveUserFromGroup(_ *iam.RemoveUserFromGroupInput, g *group, u *user) error {
	i := slices.Index(u.Groups, fold(g.Name))
	if i < 0 {
		return refuse(noSuchEntity, "User %s is not in group %s.", u.Name, g.Name)
	}
	u.Groups = slices.Delete(u.Groups, i, i+1)
	return nil
}

// ListGroupsForUser lists the groups that a user is in.
func (tx *tx) ListGroupsForUser(_ *iam.ListGroupsForUserInput, u *user) (*iam.ListGroupsForUserOutput, error) {
	out := &iam.ListGroupsForUserOutput{}
	for _, name := range sorted(u.Groups) {
		out.Groups = append(out.Groups, *tx.state.Groups[name].shown())
	}
	return out, nil
}

// AttachGroupPolicy attaches a managed policy.
func (tx *tx) AttachGroupPolicy(_ *iam.AttachGroupPolicyInput, g *group, p *policy) error {
	return g.attach(p)
}

// DetachGroupPolicy detaches a managed policy that is attached.
func (tx *tx) DetachGroupPolicy(in *iam.DetachGroupPolicyInput, g *group) error {
	return tx.detach(&g.identity, in.PolicyArn)
}
