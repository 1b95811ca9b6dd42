package localaws

import (
	"maps"
	"slices"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// What users, groups and roles can all have: managed policies, inline policies, a permissions
// boundary. The limits are those of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.

const (
	maxAttached   = 10
	maxInlineUser = 2048 // characters of all inline policies of a user, white space not counted
	maxInlineRole = 10240
)

// AttachEntityPolicy attaches a managed policy. To attach what is attached already is a success.
func (tx *tx) AttachEntityPolicy(id *identity, p *policy) error {
	if slices.Contains(id.Attached, p.ARN) {
		return nil
	}
	if len(id.Attached) >= maxAttached {
		return refuse(limitExceeded, "Cannot exceed quota for policies attached to a %s: %d", id.Kind, maxAttached)
	}
	id.Attached = append(id.Attached, p.ARN)
	return nil
}

// DetachEntityPolicy detaches a managed policy that is attached.
func (tx *tx) DetachEntityPolicy(in fields, id *identity) error {
	arn := in.text("PolicyArn")
	if err := tx.checkPolicyARN(arn); err != nil {
		return err
	}
	i := slices.Index(id.Attached, arn)
	if i < 0 {
		return refuse(noSuchEntity, "Policy %s was not found.", arn)
	}
	id.Attached = slices.Delete(id.Attached, i, i+1)
	return nil
}

func (tx *tx) ListAttachedEntityPolicies(out output, id *identity) {
	var found []iamtypes.AttachedPolicy
	for _, arn := range sorted(id.Attached) {
		found = append(found, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(tx.state.Policies[arn].Name)})
	}
	out.set(map[string]any{"AttachedPolicies": found})
}

// PutEntityPolicy adds or replaces an inline policy. The quota is for all inline policies of an
// identity.
func (tx *tx) PutEntityPolicy(in fields, id *identity) error {
	document := in.text("PolicyDocument")
	if err := tx.checkIdentityPolicy(document); err != nil {
		return err
	}
	inline := map[string]string{}
	maps.Copy(inline, id.Inline)
	inline[in.text("PolicyName")] = document
	size, most := 0, maxInlineRole
	if id.Kind == aUser {
		most = maxInlineUser
	}
	for _, text := range inline {
		size += length(text)
	}
	if size > most {
		return refuse(limitExceeded, "Maximum policy size of %d bytes exceeded for %s %s", most, id.Kind, id.Name)
	}
	id.Inline = inline
	return nil
}

func (tx *tx) DeleteEntityPolicy(in fields, id *identity) error {
	name := in.text("PolicyName")
	if _, ok := id.Inline[name]; !ok {
		return refuse(noSuchEntity, "The %s policy with name %s cannot be found.", id.Kind, name)
	}
	delete(id.Inline, name)
	return nil
}

// ListEntityPolicies lists the names of the inline policies.
func (tx *tx) ListEntityPolicies(out output, id *identity) {
	out.set(map[string]any{"PolicyNames": slices.Sorted(maps.Keys(id.Inline))})
}

func (tx *tx) PutEntityPermissionsBoundary(in fields, id *identity) error {
	return tx.bound(id, in.pointer("PermissionsBoundary"))
}

// bound gives an identity a boundary, which must exist; without one there is nothing to do.
func (tx *tx) bound(id *identity, arn *string) error {
	if arn == nil {
		return nil
	}
	if _, err := tx.policyWith(*arn); err != nil {
		return err
	}
	id.Boundary = *arn
	return nil
}

func (tx *tx) DeleteEntityPermissionsBoundary(id *identity) error {
	if id.Boundary == "" {
		return refuse(noSuchEntity, "The %s %s does not have a permissions boundary.", id.Kind, id.Name)
	}
	id.Boundary = ""
	return nil
}

// identified returns what is common to a new user or role, tags and boundary included.
func (tx *tx) identified(k kind, path, name *string, tags []iamtypes.Tag, boundary *string) (id identity, err error) {
	if id.entity, err = tx.made(k, path, name, tags); err != nil {
		return id, err
	}
	err = tx.bound(&id, boundary)
	return id, err
}

// shownBoundary is a permissions boundary as IAM shows it.
func shownBoundary(arn string) *iamtypes.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &iamtypes.AttachedPermissionsBoundary{
		PermissionsBoundaryArn:  aws.String(arn),
		PermissionsBoundaryType: iamtypes.PermissionsBoundaryAttachmentTypePolicy,
	}
}

// bare reports the delete conflict of an identity that still has policies.
func (id *identity) bare() error {
	switch {
	case len(id.Attached) > 0:
		return refuse(deleteConflict, "Cannot delete entity, must detach all policies first.")
	case len(id.Inline) > 0:
		return refuse(deleteConflict, "Cannot delete entity, must delete policies first.")
	}
	return nil
}

// length is the size of a policy document as IAM's quotas count it: without white space.
func length(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
