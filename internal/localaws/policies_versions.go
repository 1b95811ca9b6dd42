package localaws

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

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
func (p *policy) version(id string) (*policyVersion, error) {
	v := first(p.Versions, func(v *policyVersion) bool { return v.ID == id })
	if v == nil {
		return nil, refuse(noSuchEntity, "Policy %s version %s does not exist or is not attachable.", p.ARN, id)
	}
	return v, nil
}

// document is the version of the policy that is in effect.
func (p *policy) document() *iampolicy.Document {
	v, _ := p.version(p.Default)
	return parsed(v.Document)
}

// listedVersion is a version without its document, as all but GetPolicyVersion return it.
func (p *policy) listedVersion(v *policyVersion) members {
	return members{"CreateDate": stamp(v.Created), "IsDefaultVersion": v.ID == p.Default, "VersionId": v.ID}
}

// CreatePolicyVersion adds a version to a policy that has fewer than five.
func (tx *tx) CreatePolicyVersion(in *iam.CreatePolicyVersionInput, p *policy) error {
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
	tx.out.set(members{"PolicyVersion": p.listedVersion(v)})
	return nil
}

// GetPolicyVersion returns a version with its document, URL-encoded.
func (tx *tx) GetPolicyVersion(p *policy, v *policyVersion) {
	shown := p.listedVersion(v)
	shown["Document"] = encoded(v.Document)
	tx.out.set(members{"PolicyVersion": shown})
}

// ListPolicyVersions lists a policy's versions, without their documents.
func (tx *tx) ListPolicyVersions(p *policy) {
	tx.out.set(members{"Versions": each(p.Versions, p.listedVersion)})
}

// DeletePolicyVersion deletes a version that is not the default one.
func (tx *tx) DeletePolicyVersion(p *policy, v *policyVersion) error {
	if v.ID == p.Default {
		return refuse(deleteConflict, "Cannot delete the default version of a policy.")
	}
	p.Versions = slices.DeleteFunc(p.Versions, func(other *policyVersion) bool { return other == v })
	return nil
}

func (tx *tx) SetDefaultPolicyVersion(p *policy, v *policyVersion) { p.Default = v.ID }
