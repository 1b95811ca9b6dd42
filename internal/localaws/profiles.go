package localaws

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// CreateInstanceProfile makes an instance profile without a role.
func (c *IAM) CreateInstanceProfile(ctx context.Context, in *iam.CreateInstanceProfileInput, _ ...func(*iam.Options)) (*iam.CreateInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateInstanceProfileOutput, error) {
		if _, taken := tx.state.Profiles[fold(*in.InstanceProfileName)]; taken {
			return nil, entityExists("Instance Profile %s already exists.", *in.InstanceProfileName)
		}
		p := &profile{entity: tx.named("instance-profile", "AIPA", in.Path, in.InstanceProfileName)}
		if err := p.tag(in.Tags, caseCounts); err != nil {
			return nil, err
		}
		tx.state.Profiles[fold(p.Name)] = p
		return &iam.CreateInstanceProfileOutput{InstanceProfile: tx.shownProfile(p)}, nil
	})
}

// shownProfile is an instance profile as GetInstanceProfile returns it.
func (tx *tx) shownProfile(p *profile) *iamtypes.InstanceProfile {
	shown := tx.listedProfile(p)
	shown.Tags = iamTags(p.Tags)
	return &shown
}

// listedProfile is an instance profile as lists return it, without tags. The list of roles is always there.
func (tx *tx) listedProfile(p *profile) iamtypes.InstanceProfile {
	shown := iamtypes.InstanceProfile{
		Arn:                 aws.String(p.ARN),
		CreateDate:          stamp(p.Created),
		InstanceProfileId:   aws.String(p.ID),
		InstanceProfileName: aws.String(p.Name),
		Path:                aws.String(p.Path),
		Roles:               []iamtypes.Role{},
	}
	if p.Role != "" {
		shown.Roles = append(shown.Roles, tx.state.Roles[p.Role].listed())
	}
	return shown
}

// GetInstanceProfile returns an instance profile with its role.
func (c *IAM) GetInstanceProfile(ctx context.Context, in *iam.GetInstanceProfileInput, _ ...func(*iam.Options)) (*iam.GetInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetInstanceProfileOutput, error) {
		p, err := tx.profileNamed(in.InstanceProfileName)
		if err != nil {
			return nil, err
		}
		return &iam.GetInstanceProfileOutput{InstanceProfile: tx.shownProfile(p)}, nil
	})
}

// DeleteInstanceProfile deletes an instance profile that holds no role.
func (c *IAM) DeleteInstanceProfile(ctx context.Context, in *iam.DeleteInstanceProfileInput, _ ...func(*iam.Options)) (*iam.DeleteInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteInstanceProfileOutput, error) {
		p, err := tx.profileNamed(in.InstanceProfileName)
		if err != nil {
			return nil, err
		}
		if p.Role != "" {
			return nil, deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
		}
		delete(tx.state.Profiles, fold(p.Name))
		return &iam.DeleteInstanceProfileOutput{}, nil
	})
}

// ListInstanceProfiles lists the instance profiles under a path.
func (c *IAM) ListInstanceProfiles(ctx context.Context, in *iam.ListInstanceProfilesInput, _ ...func(*iam.Options)) (*iam.ListInstanceProfilesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListInstanceProfilesOutput, error) {
		profiles, truncated, next, err := page(tx, under(maps.Values(tx.state.Profiles), in.PathPrefix), byName, in.Marker, in.MaxItems)
		out := &iam.ListInstanceProfilesOutput{IsTruncated: truncated, Marker: next}
		for _, p := range profiles {
			out.InstanceProfiles = append(out.InstanceProfiles, tx.listedProfile(p))
		}
		return out, err
	})
}

// ListInstanceProfilesForRole lists the instance profiles that hold a role.
func (c *IAM) ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput, _ ...func(*iam.Options)) (*iam.ListInstanceProfilesForRoleOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListInstanceProfilesForRoleOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		var holding []*profile
		for _, p := range tx.state.Profiles {
			if p.Role == fold(r.Name) {
				holding = append(holding, p)
			}
		}
		profiles, truncated, next, err := page(tx, holding, byName, in.Marker, in.MaxItems)
		out := &iam.ListInstanceProfilesForRoleOutput{IsTruncated: truncated, Marker: next}
		for _, p := range profiles {
			out.InstanceProfiles = append(out.InstanceProfiles, tx.listedProfile(p))
		}
		return out, err
	})
}

// AddRoleToInstanceProfile puts a role into an instance profile that holds none. One that holds a role answers
// LimitExceeded, even if it is the same role.
func (c *IAM) AddRoleToInstanceProfile(ctx context.Context, in *iam.AddRoleToInstanceProfileInput, _ ...func(*iam.Options)) (*iam.AddRoleToInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.AddRoleToInstanceProfileOutput, error) {
		p, r, err := tx.pair(in.InstanceProfileName, in.RoleName)
		if err != nil {
			return nil, err
		}
		if p.Role != "" {
			return nil, limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		}
		p.Role = fold(r.Name)
		return &iam.AddRoleToInstanceProfileOutput{}, nil
	})
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile that holds it.
func (c *IAM) RemoveRoleFromInstanceProfile(ctx context.Context, in *iam.RemoveRoleFromInstanceProfileInput, _ ...func(*iam.Options)) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
		p, r, err := tx.pair(in.InstanceProfileName, in.RoleName)
		if err != nil {
			return nil, err
		}
		if p.Role != fold(r.Name) {
			return nil, noSuchEntity("The role with name %s cannot be found in instance profile %s.", r.Name, p.Name)
		}
		p.Role = ""
		return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
	})
}

func (tx *tx) pair(profileName, roleName *string) (*profile, *role, error) {
	p, err := tx.profileNamed(profileName)
	if err != nil {
		return nil, nil, err
	}
	r, err := tx.roleNamed(roleName)
	return p, r, err
}

// TagInstanceProfile adds tags or overwrites them.
func (c *IAM) TagInstanceProfile(ctx context.Context, in *iam.TagInstanceProfileInput, _ ...func(*iam.Options)) (*iam.TagInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.TagInstanceProfileOutput, error) {
		p, err := tx.profileNamed(in.InstanceProfileName)
		if err != nil {
			return nil, err
		}
		return &iam.TagInstanceProfileOutput{}, p.tag(in.Tags, caseCounts)
	})
}

// UntagInstanceProfile removes tags; keys that are not there do not matter.
func (c *IAM) UntagInstanceProfile(ctx context.Context, in *iam.UntagInstanceProfileInput, _ ...func(*iam.Options)) (*iam.UntagInstanceProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UntagInstanceProfileOutput, error) {
		p, err := tx.profileNamed(in.InstanceProfileName)
		if err != nil {
			return nil, err
		}
		p.untag(in.TagKeys, caseCounts)
		return &iam.UntagInstanceProfileOutput{}, nil
	})
}
