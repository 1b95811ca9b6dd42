package localaws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// bearer is an identity that uses a policy, and of what kind it is.
type bearer struct {
	kind iamtypes.EntityType
	*identity
}

// usage returns the identities to which a policy is attached, and those that it bounds.
func (tx *tx) usage(p *policy) (attached, bounding []bearer) {
	look := func(kind iamtypes.EntityType, id *identity) {
		if slices.Contains(id.Attached, p.ARN) {
			attached = append(attached, bearer{kind, id})
		}
		if id.Boundary == p.ARN {
			bounding = append(bounding, bearer{kind, id})
		}
	}
	for _, u := range tx.state.Users {
		look(iamtypes.EntityTypeUser, &u.identity)
	}
	for _, g := range tx.state.Groups {
		look(iamtypes.EntityTypeGroup, &g.identity)
	}
	for _, r := range tx.state.Roles {
		look(iamtypes.EntityTypeRole, &r.identity)
	}
	return attached, bounding
}

func count(bearers []bearer) *int32 {
	var n int32
	for range bearers {
		n++
	}
	return &n
}

// ListEntitiesForPolicy lists who uses a policy: as a permissions policy, as a boundary, or, when not asked, either way.
func (c *IAM) ListEntitiesForPolicy(ctx context.Context, in *iam.ListEntitiesForPolicyInput, _ ...func(*iam.Options)) (*iam.ListEntitiesForPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListEntitiesForPolicyOutput, error) {
		p, err := tx.policyWith(in.PolicyArn)
		if err != nil {
			return nil, err
		}
		attached, bounding := tx.usage(p)
		var bearers []bearer
		if in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsBoundary {
			bearers = append(bearers, attached...)
		}
		if in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsPolicy {
			bearers = append(bearers, slices.DeleteFunc(bounding, func(b bearer) bool { return slices.Contains(bearers, b) })...)
		}
		bearers = slices.DeleteFunc(under(slices.Values(bearers), in.PathPrefix), func(b bearer) bool {
			return in.EntityFilter != "" && in.EntityFilter != b.kind
		})
		bearers, truncated, next, err := page(tx, bearers, func(b bearer) string { return string(b.kind) + " " + fold(b.Name) }, in.Marker, in.MaxItems)
		out := &iam.ListEntitiesForPolicyOutput{IsTruncated: truncated, Marker: next}
		for _, b := range bearers {
			name, id := aws.String(b.Name), aws.String(b.ID)
			switch b.kind {
			case iamtypes.EntityTypeUser:
				out.PolicyUsers = append(out.PolicyUsers, iamtypes.PolicyUser{UserName: name, UserId: id})
			case iamtypes.EntityTypeGroup:
				out.PolicyGroups = append(out.PolicyGroups, iamtypes.PolicyGroup{GroupName: name, GroupId: id})
			case iamtypes.EntityTypeRole:
				out.PolicyRoles = append(out.PolicyRoles, iamtypes.PolicyRole{RoleName: name, RoleId: id})
			default: // policies bear no policies
			}
		}
		return out, err
	})
}
