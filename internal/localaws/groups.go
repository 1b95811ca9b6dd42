package localaws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxGroups = 10 // a user may be in

// CreateGroup makes a group.
func (c *IAM) CreateGroup(ctx context.Context, in *iam.CreateGroupInput, _ ...func(*iam.Options)) (*iam.CreateGroupOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateGroupOutput, error) {
		if _, taken := tx.state.Groups[fold(*in.GroupName)]; taken {
			return nil, entityExists("Group with name %s already exists.", *in.GroupName)
		}
		g := &group{identity{entity: tx.named("group", "AGPA", in.Path, in.GroupName)}}
		tx.state.Groups[fold(g.Name)] = g
		return &iam.CreateGroupOutput{Group: g.shown()}, nil
	})
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

// DeleteGroup deletes a group that has no members and no policies.
func (c *IAM) DeleteGroup(ctx context.Context, in *iam.DeleteGroupInput, _ ...func(*iam.Options)) (*iam.DeleteGroupOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteGroupOutput, error) {
		g, err := tx.groupNamed(in.GroupName)
		if err != nil {
			return nil, err
		}
		for _, u := range tx.state.Users {
			if slices.Contains(u.Groups, fold(g.Name)) {
				return nil, deleteConflict("Cannot delete entity, must remove users from group first.")
			}
		}
		if err := g.bare(); err != nil {
			return nil, err
		}
		delete(tx.state.Groups, fold(g.Name))
		return &iam.DeleteGroupOutput{}, nil
	})
}

// AddUserToGroup makes a user a member; one that is a member already stays so.
func (c *IAM) AddUserToGroup(ctx context.Context, in *iam.AddUserToGroupInput, _ ...func(*iam.Options)) (*iam.AddUserToGroupOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.AddUserToGroupOutput, error) {
		g, u, err := tx.membership(in.GroupName, in.UserName)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(u.Groups, fold(g.Name)) {
			if len(u.Groups) >= maxGroups {
				return nil, limitExceeded("Cannot exceed quota for GroupsPerUser: %d", maxGroups)
			}
			u.Groups = append(u.Groups, fold(g.Name))
		}
		return &iam.AddUserToGroupOutput{}, nil
	})
}

// RemoveUserFromGroup ends a membership.
func (c *IAM) RemoveUserFromGroup(ctx context.Context, in *iam.RemoveUserFromGroupInput, _ ...func(*iam.Options)) (*iam.RemoveUserFromGroupOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.RemoveUserFromGroupOutput, error) {
		g, u, err := tx.membership(in.GroupName, in.UserName)
		if err != nil {
			return nil, err
		}
		i := slices.Index(u.Groups, fold(g.Name))
		if i < 0 {
			return nil, noSuchEntity("User %s is not in group %s.", u.Name, g.Name)
		}
		u.Groups = slices.Delete(u.Groups, i, i+1)
		return &iam.RemoveUserFromGroupOutput{}, nil
	})
}

func (tx *tx) membership(groupName, userName *string) (*group, *user, error) {
	g, err := tx.groupNamed(groupName)
	if err != nil {
		return nil, nil, err
	}
	u, err := tx.userNamed(userName)
	return g, u, err
}

// ListGroupsForUser lists the groups that a user is in.
func (c *IAM) ListGroupsForUser(ctx context.Context, in *iam.ListGroupsForUserInput, _ ...func(*iam.Options)) (*iam.ListGroupsForUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListGroupsForUserOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		names, truncated, next, err := page(tx, u.Groups, itself, in.Marker, in.MaxItems)
		out := &iam.ListGroupsForUserOutput{IsTruncated: truncated, Marker: next}
		for _, name := range names {
			out.Groups = append(out.Groups, *tx.state.Groups[name].shown())
		}
		return out, err
	})
}

// AttachGroupPolicy attaches a managed policy; one that is attached already stays so.
func (c *IAM) AttachGroupPolicy(ctx context.Context, in *iam.AttachGroupPolicyInput, _ ...func(*iam.Options)) (*iam.AttachGroupPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.AttachGroupPolicyOutput, error) {
		g, err := tx.groupNamed(in.GroupName)
		if err != nil {
			return nil, err
		}
		return &iam.AttachGroupPolicyOutput{}, tx.attach(&g.identity, in.PolicyArn, "Group")
	})
}

// DetachGroupPolicy detaches a managed policy that is attached.
func (c *IAM) DetachGroupPolicy(ctx context.Context, in *iam.DetachGroupPolicyInput, _ ...func(*iam.Options)) (*iam.DetachGroupPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DetachGroupPolicyOutput, error) {
		g, err := tx.groupNamed(in.GroupName)
		if err != nil {
			return nil, err
		}
		return &iam.DetachGroupPolicyOutput{}, tx.detach(&g.identity, in.PolicyArn)
	})
}

// ListAttachedGroupPolicies lists the managed policies attached to a group.
func (c *IAM) ListAttachedGroupPolicies(ctx context.Context, in *iam.ListAttachedGroupPoliciesInput, _ ...func(*iam.Options)) (*iam.ListAttachedGroupPoliciesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListAttachedGroupPoliciesOutput, error) {
		g, err := tx.groupNamed(in.GroupName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := tx.attached(&g.identity, in.PathPrefix, in.Marker, in.MaxItems)
		return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: found, IsTruncated: truncated, Marker: next}, err
	})
}
