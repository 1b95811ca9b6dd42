package localaws

import (
	"cmp"
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	maxTrust       = 2048
	defaultSession = 3600 // seconds
)

// CreateRole makes a role, tags and boundary included, or nothing.
func (c *IAM) CreateRole(ctx context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateRoleOutput, error) {
		if _, taken := tx.state.Roles[fold(*in.RoleName)]; taken {
			return nil, entityExists("Role with name %s already exists.", *in.RoleName)
		}
		if err := tx.checkTrust(*in.AssumeRolePolicyDocument); err != nil {
			return nil, err
		}
		r := &role{
			identity:    identity{entity: tx.named("role", "AROA", in.Path, in.RoleName)},
			Trust:       *in.AssumeRolePolicyDocument,
			Description: aws.ToString(in.Description),
			MaxSession:  cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultSession),
		}
		if err := tx.dress(&r.identity, in.Tags, in.PermissionsBoundary); err != nil {
			return nil, err
		}
		tx.state.Roles[fold(r.Name)] = r
		return &iam.CreateRoleOutput{Role: r.shown()}, nil
	})
}

// checkTrust checks a trust policy and its size.
func (tx *tx) checkTrust(document string) error {
	if err := tx.checkTrustPolicy(document); err != nil {
		return err
	}
	if length(document) > maxTrust {
		return limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", maxTrust)
	}
	return nil
}

// shown is a role as GetRole returns it.
func (r *role) shown() *iamtypes.Role {
	shown := r.listed()
	shown.Tags = iamTags(r.Tags)
	shown.PermissionsBoundary = boundary(r.Boundary)
	shown.RoleLastUsed = &iamtypes.RoleLastUsed{}
	return &shown
}

// listed is a role as ListRoles returns it, without tags, boundary and last use.
func (r *role) listed() iamtypes.Role {
	return iamtypes.Role{
		Arn:                      aws.String(r.ARN),
		AssumeRolePolicyDocument: encoded(r.Trust),
		CreateDate:               stamp(r.Created),
		Description:              optional(r.Description),
		MaxSessionDuration:       aws.Int32(r.MaxSession),
		Path:                     aws.String(r.Path),
		RoleId:                   aws.String(r.ID),
		RoleName:                 aws.String(r.Name),
	}
}

// optional leaves an empty text out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// GetRole returns a role, its trust policy URL-encoded.
func (c *IAM) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.GetRoleOutput{Role: r.shown()}, nil
	})
}

// DeleteRole deletes a role on which no policy hangs and which is in no instance profile.
func (c *IAM) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, _ ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		for _, p := range tx.state.Profiles {
			if p.Role == fold(r.Name) {
				return nil, deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
			}
		}
		if err := r.bare(); err != nil {
			return nil, err
		}
		delete(tx.state.Roles, fold(r.Name))
		return &iam.DeleteRoleOutput{}, nil
	})
}

// ListRoles lists the roles under a path.
func (c *IAM) ListRoles(ctx context.Context, in *iam.ListRolesInput, _ ...func(*iam.Options)) (*iam.ListRolesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListRolesOutput, error) {
		roles, truncated, next, err := page(tx, under(maps.Values(tx.state.Roles), in.PathPrefix), byName, in.Marker, in.MaxItems)
		out := &iam.ListRolesOutput{IsTruncated: truncated, Marker: next}
		for _, r := range roles {
			out.Roles = append(out.Roles, r.listed())
		}
		return out, err
	})
}

// UpdateRole changes a role's description and longest session. A session that is not given goes back to one hour, as the
// API reference says; a description that is not given stays, which it does not say, but on which Terraform relies
// when it changes the session alone.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html.
func (c *IAM) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput, _ ...func(*iam.Options)) (*iam.UpdateRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		if in.Description != nil {
			r.Description = *in.Description
		}
		r.MaxSession = cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultSession)
		return &iam.UpdateRoleOutput{}, nil
	})
}

// UpdateAssumeRolePolicy replaces a role's trust policy.
func (c *IAM) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput, _ ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateAssumeRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		if err := tx.checkTrust(*in.PolicyDocument); err != nil {
			return nil, err
		}
		r.Trust = *in.PolicyDocument
		return &iam.UpdateAssumeRolePolicyOutput{}, nil
	})
}

// TagRole adds tags or overwrites them.
func (c *IAM) TagRole(ctx context.Context, in *iam.TagRoleInput, _ ...func(*iam.Options)) (*iam.TagRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.TagRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.TagRoleOutput{}, r.tag(in.Tags, equalFold)
	})
}

// UntagRole removes tags; keys that are not there do not matter.
func (c *IAM) UntagRole(ctx context.Context, in *iam.UntagRoleInput, _ ...func(*iam.Options)) (*iam.UntagRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UntagRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		r.untag(in.TagKeys, equalFold)
		return &iam.UntagRoleOutput{}, nil
	})
}

// ListRoleTags lists a role's tags.
func (c *IAM) ListRoleTags(ctx context.Context, in *iam.ListRoleTagsInput, _ ...func(*iam.Options)) (*iam.ListRoleTagsOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListRoleTagsOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		tags, truncated, next, err := page(tx, r.Tags, tag.key, in.Marker, in.MaxItems)
		return &iam.ListRoleTagsOutput{Tags: iamTags(tags), IsTruncated: truncated, Marker: next}, err
	})
}

// PutRolePermissionsBoundary sets a role's boundary.
func (c *IAM) PutRolePermissionsBoundary(ctx context.Context, in *iam.PutRolePermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.PutRolePermissionsBoundaryOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		arn, err := tx.bound(in.PermissionsBoundary)
		if err == nil {
			r.Boundary = arn
		}
		return &iam.PutRolePermissionsBoundaryOutput{}, err
	})
}

// DeleteRolePermissionsBoundary takes a role's boundary away.
func (c *IAM) DeleteRolePermissionsBoundary(ctx context.Context, in *iam.DeleteRolePermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.DeleteRolePermissionsBoundaryOutput{}, r.unbound("Role")
	})
}
