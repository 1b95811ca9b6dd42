package localaws

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxManaged = 6144 // characters of a managed policy, white space not counted

type policy struct {
	entity
	Description string
	Updated     time.Time
	Versions    []*policyVersion // oldest first
	Default     string
	Made        int // versions ever made; their numbers are never used twice
	AWS         bool
}

// managedByAWS returns the few of AWS's own policies that every account here knows.
func managedByAWS(partition string) []*policy {
	created := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	var policies []*policy
	for name, actions := range map[string]string{
		"AdministratorAccess": `"Action":"*"`,
		"PowerUserAccess":     `"NotAction":["iam:*","organizations:*","account:*"]`,
		"ReadOnlyAccess":      `"Action":["iam:Get*","iam:List*","secretsmanager:Describe*","secretsmanager:List*"]`,
	} {
		policies = append(policies, &policy{
			entity: entity{
				Kind: aPolicy, Name: name, Path: "/", ID: uniqueID("ANPA"), Created: created,
				ARN: "arn:" + partition + ":iam::aws:policy/" + name,
			},
			Updated: created,
			Versions: []*policyVersion{{
				ID: "v1", Created: created,
				Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + actions + `,"Resource":"*"}]}`,
			}},
			Default: "v1", Made: 1, AWS: true,
		})
	}
	return policies
}

// checkPolicyARN refuses a text that cannot be the ARN of a managed policy.
func (tx *tx) checkPolicyARN(arn string) error {
	if !tx.pattern(`arn:[a-z-]+:iam::(\d{12}|aws):policy/[\x21-\x7e]+`).MatchString(arn) {
		return refuse(invalidInput, "ARN %s is not valid.", arn)
	}
	return nil
}

// policyWith returns the managed policy with an ARN, which is compared exactly.
func (tx *tx) policyWith(arn string) (*policy, error) {
	if err := tx.checkPolicyARN(arn); err != nil {
		return nil, err
	}
	if _, seen := tx.seen.Policies[arn]; seen {
		if p, ok := tx.state.Policies[arn]; ok {
			return p, nil
		}
	}
	return nil, refuse(noSuchEntity, "Policy %s was not found.", arn)
}

// ownPolicy returns a policy that the account may change, which neither AWS's own policies nor
// those of other accounts are.
func (tx *tx) ownPolicy(arn string) (*policy, error) {
	if err := tx.checkPolicyARN(arn); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(arn, tx.arn("policy/")) {
		return nil, accessDenied(tx.service, "Policy is outside your own account.")
	}
	return tx.policyWith(arn)
}

// CreatePolicy makes a managed policy with its first version. Names are unique whatever the path.
func (tx *tx) CreatePolicy(in *iam.CreatePolicyInput, out *iam.CreatePolicyOutput) error {
	for _, p := range tx.state.Policies {
		if fold(p.Name) == fold(*in.PolicyName) && !p.AWS {
			return refuse(entityExists, "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		}
	}
	if err := tx.checkManaged(*in.PolicyDocument); err != nil {
		return err
	}
	e, err := tx.made(aPolicy, in.Path, in.PolicyName, in.Tags)
	if err != nil {
		return err
	}
	p := &policy{entity: e, Description: aws.ToString(in.Description)}
	p.Default = p.add(*in.PolicyDocument, tx.now).ID
	tx.state.Policies[p.ARN] = p
	shown := tx.listedPolicy(p)
	shown.Tags = iamTags(p.Tags)
	out.Policy = &shown
	return nil
}

// checkManaged checks a managed policy's document and its size.
func (tx *tx) checkManaged(document string) error {
	if err := tx.checkIdentityPolicy(document); err != nil {
		return err
	}
	if length(document) > maxManaged {
		return refuse(limitExceeded, "Cannot exceed quota for PolicySize: %d", maxManaged)
	}
	return nil
}

// listedPolicy is a policy as ListPolicies returns it: without description and tags.
func (tx *tx) listedPolicy(p *policy) iamtypes.Policy {
	attached, bounding := tx.usage(p)
	out := shown[iamtypes.Policy](&p.entity)
	out.AttachmentCount = aws.Int32(int32(len(attached)))               //nolint:gosec // few
	out.PermissionsBoundaryUsageCount = aws.Int32(int32(len(bounding))) //nolint:gosec // few
	out.DefaultVersionId = aws.String(p.Default)
	out.IsAttachable = true
	out.UpdateDate = stamp(p.Updated)
	return out
}

// GetPolicy returns a policy, without its document.
func (tx *tx) GetPolicy(out *iam.GetPolicyOutput, p *policy) {
	shown := tx.listedPolicy(p)
	shown.Description = optional(p.Description)
	shown.Tags = iamTags(p.Tags)
	out.Policy = &shown
}

// DeletePolicy deletes a policy that is not in use and that has no version but the default one.
func (tx *tx) DeletePolicy(p *policy) error {
	switch attached, bounding := tx.usage(p); {
	case len(attached) > 0:
		return refuse(deleteConflict, "Cannot delete a policy attached to entities.")
	case len(bounding) > 0:
		return refuse(deleteConflict, "Cannot delete a policy that is used as a permissions boundary.")
	case len(p.Versions) > 1:
		return refuse(deleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	delete(tx.state.Policies, p.ARN)
	return nil
}

// ListPolicies lists AWS's policies, the customer's, or both.
func (tx *tx) ListPolicies(in *iam.ListPoliciesInput, out *iam.ListPoliciesOutput) {
	for _, p := range ordered(tx.state.Policies) {
		if p.AWS && in.Scope == iamtypes.PolicyScopeTypeLocal || !p.AWS && in.Scope == iamtypes.PolicyScopeTypeAws {
			continue
		}
		out.Policies = append(out.Policies, tx.listedPolicy(p))
	}
}

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

// ListEntitiesForPolicy lists what uses a policy: as a permissions policy, as a boundary, or, when
// not asked, either way.
func (tx *tx) ListEntitiesForPolicy(in *iam.ListEntitiesForPolicyInput, out *iam.ListEntitiesForPolicyOutput, p *policy) {
	attached, bounding := tx.usage(p)
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
}
