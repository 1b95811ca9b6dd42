package localaws

import (
	"maps"
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
		p := &policy{AWS: true, entity: entity{
			Kind: aPolicy, Name: name, Path: "/", ID: uniqueID("ANPA"), Created: created,
			ARN: "arn:" + partition + ":iam::aws:policy/" + name,
		}}
		p.Default = p.add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+actions+`,"Resource":"*"}]}`, created).ID
		policies = append(policies, p)
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

// policyWith returns the managed policy with an ARN, which is compared exactly. For a
// change it must be the account's own, which neither AWS's policies nor those of others are.
func (tx *tx) policyWith(arn string, change bool) (*policy, error) {
	if err := tx.checkPolicyARN(arn); err != nil {
		return nil, err
	}
	p := tx.state.Policies[arn]
	switch {
	case change && !strings.HasPrefix(arn, tx.arn("policy/")):
		return nil, tx.refuse(accessDenied, "Policy is outside your own account.")
	case p == nil, tx.seen.Policies[arn] == nil:
		return nil, refuse(noSuchEntity, "Policy %s was not found.", arn)
	}
	return p, nil
}

// CreatePolicy makes a managed policy with its first version. Names are unique whatever the path.
// The answer is without the description.
func (tx *tx) CreatePolicy(in *iam.CreatePolicyInput) error {
	for _, p := range tx.state.Policies {
		if fold(p.Name) == fold(*in.PolicyName) && !p.AWS {
			return refuse(entityExists, "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		}
	}
	if err := tx.checkManaged(*in.PolicyDocument); err != nil {
		return err
	}
	e, err := tx.made(aPolicy)
	if err != nil {
		return err
	}
	p := &policy{entity: e}
	p.Default = p.add(*in.PolicyDocument, tx.now).ID
	tx.state.Policies[p.ARN] = p
	tx.GetEntity(p)
	p.Description = aws.ToString(in.Description)
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

func (p *policy) listed(s *state) members {
	attached, bounding := s.usage(p)
	shown := p.entity.listed(s)
	maps.Copy(shown, members{
		"AttachmentCount": &attached, "PermissionsBoundaryUsageCount": &bounding,
		"DefaultVersionId": p.Default, "IsAttachable": true, "UpdateDate": stamp(p.Updated),
	})
	return shown
}

// detail has the description too.
func (p *policy) detail(now time.Time) members {
	shown := p.entity.detail(now)
	shown["Description"] = p.Description
	return shown
}

// DeletePolicy deletes a policy that is not in use and that has no version but the default one.
func (tx *tx) DeletePolicy(p *policy) error {
	switch attached, bounding := tx.state.usage(p); {
	case attached > 0:
		return refuse(deleteConflict, "Cannot delete a policy attached to entities.")
	case bounding > 0:
		return refuse(deleteConflict, "Cannot delete a policy that is used as a permissions boundary.")
	case len(p.Versions) > 1:
		return refuse(deleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	delete(tx.state.Policies, p.ARN)
	return nil
}

// ListPolicies lists AWS's policies, the customer's, or both.
func (tx *tx) ListPolicies(in *iam.ListPoliciesInput) {
	list(tx, "Policies", slices.DeleteFunc(ordered(tx.state.Policies), func(p *policy) bool {
		return p.AWS && in.Scope == iamtypes.PolicyScopeTypeLocal || !p.AWS && in.Scope == iamtypes.PolicyScopeTypeAws
	}))
}

// usage counts the identities to which a policy is attached, and those that it bounds.
func (s *state) usage(p *policy) (attached, bounding int32) {
	for _, id := range s.identities() {
		if slices.Contains(id.Attached, p.ARN) {
			attached++
		}
		if id.Boundary == p.ARN {
			bounding++
		}
	}
	return attached, bounding
}

// ListEntitiesForPolicy lists what uses a policy: as a permissions policy, as a boundary, or, when
// not asked, either way.
func (tx *tx) ListEntitiesForPolicy(in *iam.ListEntitiesForPolicyInput, p *policy) {
	found := map[string][]members{} // by the list that they are in
	for _, id := range tx.state.identities() {
		asPolicy := in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsBoundary && slices.Contains(id.Attached, p.ARN)
		asBoundary := in.PolicyUsageFilter != iamtypes.PolicyUsageTypePermissionsPolicy && id.Boundary == p.ARN
		if name := "Policy" + id.Kind.word() + "s"; asPolicy || asBoundary {
			found[name] = append(found[name], id.listed(tx.state))
		}
	}
	for name, using := range found {
		tx.out.set(members{name: using})
	}
}
