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

// attach attaches a managed policy. To attach what is attached already is a success.
func (id *identity) attach(p *policy) error {
	if slices.Contains(id.Attached, p.ARN) {
		return nil
	}
	if len(id.Attached) >= maxAttached {
		return refuse(limitExceeded, "Cannot exceed quota for policies attached to a %s: %d", id.Kind, maxAttached)
	}
	id.Attached = append(id.Attached, p.ARN)
	return nil
}

func (tx *tx) detach(id *identity, arn *string) error {
	if err := tx.checkPolicyARN(*arn); err != nil {
		return err
	}
	i := slices.Index(id.Attached, *arn)
	if i < 0 {
		return refuse(noSuchEntity, "Policy %s was not found.", *arn)
	}
	id.Attached = slices.Delete(id.Attached, i, i+1)
	return nil
}

// attached lists an identity's managed policies.
func (tx *tx) attached(id *identity) []iamtypes.AttachedPolicy {
	var found []iamtypes.AttachedPolicy
	for _, arn := range sorted(id.Attached) {
		found = append(found, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(tx.state.Policies[arn].Name)})
	}
	return found
}

// putInline adds or replaces an inline policy. The quota is for all inline policies of an identity.
func (tx *tx) putInline(id *identity, name, document *string) error {
	if err := tx.checkIdentityPolicy(*document); err != nil {
		return err
	}
	inline := maps.Clone(id.Inline)
	if inline == nil {
		inline = map[string]string{}
	}
	inline[*name] = *document
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

func (id *identity) deleteInline(name *string) error {
	if _, ok := id.Inline[*name]; !ok {
		return refuse(noSuchEntity, "The %s policy with name %s cannot be found.", id.Kind, *name)
	}
	delete(id.Inline, *name)
	return nil
}

// inlineNames lists the names of an identity's inline policies.
func (id *identity) inlineNames() []string { return slices.Sorted(maps.Keys(id.Inline)) }

// boundary checks that a policy can be a permissions boundary. Without one there is nothing to
// check.
func (tx *tx) boundary(arn *string) (string, error) {
	if arn == nil {
		return "", nil
	}
	_, err := tx.policyWith(*arn)
	return *arn, err
}

func (tx *tx) bound(id *identity, arn *string) error {
	boundary, err := tx.boundary(arn)
	if err == nil {
		id.Boundary = boundary
	}
	return err
}

func (id *identity) unbound() error {
	if id.Boundary == "" {
		return refuse(noSuchEntity, "The %s %s does not have a permissions boundary.", id.Kind, id.Name)
	}
	id.Boundary = ""
	return nil
}

// identified returns what is common to a new user or role, tags and boundary included.
func (tx *tx) identified(k kind, path, name *string, tags []iamtypes.Tag, boundary *string) (id identity, err error) {
	id.entity = tx.made(k, path, name)
	if id.Boundary, err = tx.boundary(boundary); err != nil {
		return id, err
	}
	err = id.tag(tags)
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
