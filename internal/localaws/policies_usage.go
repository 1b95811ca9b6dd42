package localaws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// usage returns the identities to which a policy is attached, and those that it bounds.
func (tx *tx) usage(p *policy) (attached, bounding []*identity) {
	for _, id := range tx.state.identities() {
		if slices.Contains(id.Attached, p.ARN) {
			attached = append(attached, id)
		}
		if id.Boundary == p.ARN {
			bounding = append(bounding, id)
		}
	}
	return attached, bounding
}

// ListEntitiesForPolicy lists what uses a policy: as a permissions policy, as a boundary, or, when not
// asked, either way.
func (tx *tx) ListEntitiesForPolicy(in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	p, err := tx.policyWith(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	attached, bounding := tx.usage(p)
	out := &iam.ListEntitiesForPolicyOutput{}
	for _, id := range tx.state.identities() {
		asPolicy := in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsBoundary && slices.Contains(attached, id)
		asBoundary := in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsPolicy && slices.Contains(bounding, id)
		if !asPolicy && !asBoundary {
			continue
		}
		switch id.Kind {
		case aUser:
			out.PolicyUsers = append(out.PolicyUsers, iamtypes.PolicyUser{UserName: &id.Name, UserId: &id.ID})
		case aGroup:
			out.PolicyGroups = append(out.PolicyGroups, iamtypes.PolicyGroup{GroupName: &id.Name, GroupId: &id.ID})
		default:
			out.PolicyRoles = append(out.PolicyRoles, iamtypes.PolicyRole{RoleName: &id.Name, RoleId: &id.ID})
		}
	}
	return out, nil
}
