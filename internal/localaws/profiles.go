package localaws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type profile struct {
	entity
	Role string // folded name; a profile holds at most one role
}

// CreateInstanceProfile makes an instance profile without a role.
func (tx *tx) CreateInstanceProfile(in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	if _, taken := tx.state.Profiles[fold(*in.InstanceProfileName)]; taken {
		return nil, refuse(entityExists, "Instance Profile %s already exists.", *in.InstanceProfileName)
	}
	p := &profile{entity: tx.made(aProfile, in.Path, in.InstanceProfileName)}
	if err := p.tag(in.Tags); err != nil {
		return nil, err
	}
	tx.state.Profiles[fold(p.Name)] = p
	return &iam.CreateInstanceProfileOutput{InstanceProfile: tx.shownProfile(p)}, nil
}

// shownProfile is an instance profile as GetInstanceProfile returns it.
func (tx *tx) shownProfile(p *profile) *iamtypes.InstanceProfile {
	shown := tx.listedProfile(p)
	shown.Tags = iamTags(p.Tags)
	return &shown
}

// listedProfile is an instance profile as lists return it, without tags. The list of roles is
// always there.
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
func (tx *tx) GetInstanceProfile(_ *iam.GetInstanceProfileInput, p *profile) (*iam.GetInstanceProfileOutput, error) {
	return &iam.GetInstanceProfileOutput{InstanceProfile: tx.shownProfile(p)}, nil
}

// DeleteInstanceProfile deletes an instance profile that holds no role.
func (tx *tx) DeleteInstanceProfile(_ *iam.DeleteInstanceProfileInput, p *profile) error {
	if p.Role != "" {
		return refuse(deleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(tx.state.Profiles, fold(p.Name))
	return nil
}

// ListInstanceProfiles lists the instance profiles.
func (tx *tx) ListInstanceProfiles(_ *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	out := &iam.ListInstanceProfilesOutput{}
	for _, p := range ordered(tx.state.Profiles) {
		out.InstanceProfiles = append(out.InstanceProfiles, tx.listedProfile(p))
	}
	return out, nil
}

// ListInstanceProfilesForRole lists the instance profiles that hold a role.
func (tx *tx) ListInstanceProfilesForRole(_ *iam.ListInstanceProfilesForRoleInput, r *role) (*iam.ListInstanceProfilesForRoleOutput, error) {
	out := &iam.ListInstanceProfilesForRoleOutput{}
	for _, p := range tx.profilesWith(r) {
		out.InstanceProfiles = append(out.InstanceProfiles, tx.listedProfile(p))
	}
	return out, nil
}

// AddRoleToInstanceProfile puts a role into an instance profile that holds none. One that holds a
// role answers LimitExceeded, even if it is the same role.
func (tx *tx) AddRoleToInstanceProfile(_ *iam.AddRoleToInstanceProfileInput, p *profile, r *role) error {
	if p.Role != "" {
		return refuse(limitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = fold(r.Name)
	return nil
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile that holds it.
func (tx *tx) RemoveRoleFromInstanceProfile(_ *iam.RemoveRoleFromInstanceProfileInput, p *profile, r *role) error {
	if p.Role != fold(r.Name) {
		return refuse(noSuchEntity, "The role with name %s cannot be found in instance profile %s.", r.Name, p.Name)
	}
	p.Role = ""
	return nil
}
