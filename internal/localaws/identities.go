package localaws

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
func (tx *tx) DetachEntityPolicy(id *identity) error {
	arn := tx.in.text("PolicyArn")
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

func (tx *tx) ListAttachedEntityPolicies(id *identity) {
	tx.out.set(members{"AttachedPolicies": each(sorted(id.Attached), func(arn string) members {
		return members{"PolicyArn": arn, "PolicyName": tx.state.Policies[arn].Name}
	})})
}

// PutEntityPolicy adds or replaces an inline policy. The quota is for all inline policies of an
// identity.
func (tx *tx) PutEntityPolicy(id *identity) error {
	document := tx.in.text("PolicyDocument")
	if err := tx.checkIdentityPolicy(document); err != nil {
		return err
	}
	inline := maps.Clone(id.Inline)
	inline[tx.in.text("PolicyName")] = document
	most := maxInlineRole
	if id.Kind == aUser {
		most = maxInlineUser
	}
	if length(strings.Join(ordered(inline), "")) > most {
		return refuse(limitExceeded, "Maximum policy size of %d bytes exceeded for %s %s", most, id.Kind, id.Name)
	}
	id.Inline = inline
	return nil
}

func (tx *tx) DeleteEntityPolicy(id *identity) error {
	name := tx.in.text("PolicyName")
	if _, ok := id.Inline[name]; !ok {
		return refuse(noSuchEntity, "The %s policy with name %s cannot be found.", id.Kind, name)
	}
	delete(id.Inline, name)
	return nil
}

// ListEntityPolicies lists the names of the inline policies.
func (tx *tx) ListEntityPolicies(id *identity) {
	tx.out.set(members{"PolicyNames": slices.Sorted(maps.Keys(id.Inline))})
}

// PutEntityPermissionsBoundary gives an identity a boundary, which must exist.
func (tx *tx) PutEntityPermissionsBoundary(id *identity) error {
	p, err := tx.policyWith(tx.in.text("PermissionsBoundary"), false)
	if err != nil {
		return err
	}
	id.Boundary = p.ARN
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
func (tx *tx) identified(k kind) (id identity, err error) {
	id.Inline = map[string]string{}
	id.entity, err = tx.made(k)
	if err == nil && tx.in.pointer("PermissionsBoundary") != nil {
		err = tx.PutEntityPermissionsBoundary(&id)
	}
	return id, err
}

// detail has the permissions boundary too.
func (id *identity) detail(now time.Time) members {
	shown := id.entity.detail(now)
	if id.Boundary != "" {
		shown["PermissionsBoundary"] = members{
			"PermissionsBoundaryArn": id.Boundary, "PermissionsBoundaryType": iamtypes.PermissionsBoundaryAttachmentTypePolicy,
		}
	}
	return shown
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
	return utf8.RuneCountInString(strings.Join(strings.Fields(document), ""))
}
