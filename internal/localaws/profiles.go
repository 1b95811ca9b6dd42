package localaws

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type profile struct {
	entity
	Role string // folded name; a profile holds at most one role
}

// CreateInstanceProfile makes an instance profile without a role.
func (tx *tx) CreateInstanceProfile(in *iam.CreateInstanceProfileInput, out *iam.CreateInstanceProfileOutput) error {
	e, err := tx.made(aProfile, in.Path, in.InstanceProfileName, in.Tags)
	if err != nil {
		return err
	}
	p := &profile{entity: e}
	tx.state.Profiles[fold(p.Name)] = p
	out.InstanceProfile = tx.shownProfile(p)
	return nil
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
	out := shown[iamtypes.InstanceProfile](&p.entity)
	out.Roles = []iamtypes.Role{}
	if p.Role != "" {
		out.Roles = append(out.Roles, tx.state.Roles[p.Role].listed())
	}
	return out
}

// GetInstanceProfile returns an instance profile with its role.
func (tx *tx) GetInstanceProfile(out *iam.GetInstanceProfileOutput, p *profile) {
	out.InstanceProfile = tx.shownProfile(p)
}

// DeleteInstanceProfile deletes an instance profile that holds no role.
func (tx *tx) DeleteInstanceProfile(p *profile) error {
	if p.Role != "" {
		return refuse(deleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(tx.state.Profiles, fold(p.Name))
	return nil
}

func (tx *tx) ListInstanceProfiles(out *iam.ListInstanceProfilesOutput) {
	out.InstanceProfiles = each(ordered(tx.state.Profiles), tx.listedProfile)
}

func (tx *tx) ListInstanceProfilesForRole(out *iam.ListInstanceProfilesForRoleOutput, r *role) {
	out.InstanceProfiles = each(tx.profilesWith(r), tx.listedProfile)
}

// AddRoleToInstanceProfile puts a role into an instance profile that holds none. One that holds a
// role answers LimitExceeded, even if it is the same role.
func (tx *tx) AddRoleToInstanceProfile(p *profile, r *role) error {
	if p.Role != "" {
		return refuse(limitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = fold(r.Name)
	return nil
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile that holds it.
func (tx *tx) RemoveRoleFromInstanceProfile(p *profile, r *role) error {
	if p.Role != fold(r.Name) {
		return refuse(noSuchEntity, "The role with name %s cannot be found in instance profile %s.", r.Name, p.Name)
	}
	p.Role = ""
	return nil
}
