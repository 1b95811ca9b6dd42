package localaws

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	maxTrust       = 2048
	defaultSession = 3600 // seconds

	tracked = 400 * day // for so long IAM knows when a role was used
)

type role struct {
	identity
	Trust       string
	Description string
	MaxSession  int32
	Used        time.Time // zero if it was not
	UsedRegion  string
}

// UseRole marks a role as last used at some time, in the account's Region, as though an instance
// had called AWS with it. It reports whether the role exists.
func (a *Account) UseRole(name string, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.state.Roles[fold(name)]
	if ok {
		r.Used, r.UsedRegion = at, a.region
	}
	return ok
}

// CreateRole makes a role, tags and boundary included, or nothing.
func (tx *tx) CreateRole(in *iam.CreateRoleInput, out *iam.CreateRoleOutput) error {
	if err := tx.checkTrust(*in.AssumeRolePolicyDocument); err != nil {
		return err
	}
	id, err := tx.identified(aRole, in.Path, in.RoleName, in.Tags, in.PermissionsBoundary)
	if err != nil {
		return err
	}
	r := &role{
		identity:    id,
		Trust:       *in.AssumeRolePolicyDocument,
		Description: aws.ToString(in.Description),
		MaxSession:  cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultSession),
	}
	tx.state.Roles[fold(r.Name)] = r
	out.Role = tx.shownRole(r)
	return nil
}

// checkTrust checks a trust policy and its size.
func (tx *tx) checkTrust(document string) error {
	if err := tx.checkTrustPolicy(document); err != nil {
		return err
	}
	if length(document) > maxTrust {
		return refuse(limitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", maxTrust)
	}
	return nil
}

// shownRole is a role as GetRole returns it. IAM tells of a role's last use for 400 days, and only
// of the last one.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html.
func (tx *tx) shownRole(r *role) *iamtypes.Role {
	shown := r.listed()
	shown.Tags = iamTags(r.Tags)
	shown.PermissionsBoundary = shownBoundary(r.Boundary)
	shown.RoleLastUsed = &iamtypes.RoleLastUsed{}
	if !r.Used.IsZero() && tx.now.Sub(r.Used) < tracked {
		shown.RoleLastUsed = &iamtypes.RoleLastUsed{LastUsedDate: stamp(r.Used), Region: aws.String(r.UsedRegion)}
	}
	return &shown
}

// listed is a role as ListRoles returns it, without tags, boundary and last use.
func (r *role) listed() iamtypes.Role {
	out := shown[iamtypes.Role](&r.entity)
	out.AssumeRolePolicyDocument = encoded(r.Trust)
	out.Description = optional(r.Description)
	out.MaxSessionDuration = aws.Int32(r.MaxSession)
	return out
}

// optional leaves an empty text out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// GetRole returns a role, its trust policy URL-encoded.
func (tx *tx) GetRole(out *iam.GetRoleOutput, r *role) {
	out.Role = tx.shownRole(r)
}

// DeleteRole deletes a role that has no policy and is in no instance profile.
func (tx *tx) DeleteRole(r *role) error {
	if len(tx.profilesWith(r)) > 0 {
		return refuse(deleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
	}
	if err := r.bare(); err != nil {
		return err
	}
	delete(tx.state.Roles, fold(r.Name))
	return nil
}

// profilesWith returns the instance profiles that hold a role.
func (tx *tx) profilesWith(r *role) []*profile {
	return slices.DeleteFunc(ordered(tx.state.Profiles), func(p *profile) bool { return p.Role != fold(r.Name) })
}

func (tx *tx) ListRoles(out *iam.ListRolesOutput) {
	out.Roles = each(ordered(tx.state.Roles), (*role).listed)
}

// UpdateRole changes a role's description and longest session. A session that is not given goes
// back to one hour, as the API reference says; a description that is not given stays, which it does
// not say, but on which Terraform relies when it changes the session alone.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html.
func (tx *tx) UpdateRole(in *iam.UpdateRoleInput, r *role) {
	if in.Description != nil {
		r.Description = *in.Description
	}
	r.MaxSession = cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultSession)
}

func (tx *tx) UpdateAssumeRolePolicy(in *iam.UpdateAssumeRolePolicyInput, r *role) error {
	if err := tx.checkTrust(*in.PolicyDocument); err != nil {
		return err
	}
	r.Trust = *in.PolicyDocument
	return nil
}
