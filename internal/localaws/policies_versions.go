package localaws

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"redis-cloud-iam/internal/iampolicy"
)

const maxVersions = 5

type policyVersion struct {
	ID, Document string
	Created      time.Time
}

// add appends a version under the next number.
func (p *policy) add(document string, now time.Time) *policyVersion {
	p.Made++
	v := &policyVersion{ID: fmt.Sprintf("v%d", p.Made), Document: document, Created: now}
	p.Versions = append(p.Versions, v)
	p.Updated = now
	return v
}

// version returns one version of a policy.
func (p *policy) version(id *string) (*policyVersion, error) {
	for _, v := range p.Versions {
		if v.ID == *id {
			return v, nil
		}
	}
	return nil, refuse(noSuchEntity, "Policy %s version %s does not exist or is not attachable.", p.ARN, *id)
}

// document is the version of the policy that is in effect.
func (p *policy) document() *iampolicy.Document {
	v, _ := p.version(&p.Default)
	return parsed(v.Document)
}

// listedVersion is a version without its document, as all but GetPolicyVersion return it.
func (p *policy) listedVersion(v *policyVersion) iamtypes.PolicyVersion {
	return iamtypes.PolicyVersion{
		CreateDate:       stamp(v.Created),
		IsDefaultVersion: v.ID == p.Default,
		VersionId:        aws.String(v.ID),
	}
}

// CreatePolicyVersion adds a version to a policy that has fewer than five.
func (tx *tx) CreatePolicyVersion(in *iam.CreatePolicyVersionInput, out *iam.CreatePolicyVersionOutput, p *policy) error {
	if err := tx.checkManaged(*in.PolicyDocument); err != nil {
		return err
	}
	if len(p.Versions) >= maxVersions {
		return refuse(limitExceeded, "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
	}
	v := p.add(*in.PolicyDocument, tx.now)
	if in.SetAsDefault {
		p.Default = v.ID
	}
	shown := p.listedVersion(v)
	out.PolicyVersion = &shown
	return nil
}

// GetPolicyVersion returns a version with its document, URL-encoded.
func (tx *tx) GetPolicyVersion(in *iam.GetPolicyVersionInput, out *iam.GetPolicyVersionOutput, p *policy) error {
	v, err := p.version(in.VersionId)
	if err != nil {
		return err
	}
	shown := p.listedVersion(v)
	shown.Document = encoded(v.Document)
	out.PolicyVersion = &shown
	return nil
}

// ListPolicyVersions lists a policy's versions, without their documents.
func (tx *tx) ListPolicyVersions(out *iam.ListPolicyVersionsOutput, p *policy) {
	out.Versions = each(p.Versions, p.listedVersion)
}

// DeletePolicyVersion deletes a version that is not the default one.
func (tx *tx) DeletePolicyVersion(in *iam.DeletePolicyVersionInput, p *policy) error {
	v, err := p.version(in.VersionId)
	if err != nil {
		return err
	}
	if v.ID == p.Default {
		return refuse(deleteConflict, "Cannot delete the default version of a policy.")
	}
	p.Versions = slices.DeleteFunc(p.Versions, func(other *policyVersion) bool { return other == v })
	return nil
}

func (tx *tx) SetDefaultPolicyVersion(in *iam.SetDefaultPolicyVersionInput, p *policy) error {
	v, err := p.version(in.VersionId)
	if err != nil {
		return err
	}
	p.Default = v.ID
	return nil
}
