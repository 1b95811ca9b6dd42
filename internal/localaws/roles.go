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
	Used        iamtypes.RoleLastUsed
}

// UseRole marks a role as last used at some time, in the account's Region, as though an instance
// had called AWS with it. It reports whether the role exists.
func (a *Account) UseRole(name string, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.state.Roles[fold(name)]
	if ok {
		r.Used = iamtypes.RoleLastUsed{LastUsedDate: stamp(at), Region: new(a.region)}
	}
	return ok
}

// CreateRole makes a role, tags and boundary included, or nothing.
func (tx *tx) CreateRole(in *iam.CreateRoleInput) error {
	if err := tx.checkTrust(*in.AssumeRolePolicyDocument); err != nil {
		return err
	}
	id, err := tx.identified(aRole)
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
	tx.GetEntity(r)
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

// listed has the trust policy URL-encoded.
func (r *role) listed(s *state) members {
	shown := r.entity.listed(s)
	shown["AssumeRolePolicyDocument"], shown["Description"] = encoded(r.Trust), r.Description
	shown["MaxSessionDuration"] = new(r.MaxSession)
	return shown
}

// detail has the last use too. IAM tells of it for 400 days.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html.
func (r *role) detail(now time.Time) members {
	shown, used := r.identity.detail(now), r.Used
	if used.LastUsedDate != nil && now.Sub(*used.LastUsedDate) >= tracked {
		used = iamtypes.RoleLastUsed{}
	}
	shown["RoleLastUsed"] = &used
	return shown
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
	return slices.DeleteFunc(ordered(tx.state.Profiles), func(p *profile) bool { return p.Role != r.Name })
}

func (tx *tx) ListRoles() { list(tx, "Roles", ordered(tx.state.Roles)) }

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
