package localaws

import (
	"maps"
	"slices"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// What hangs on users, groups and roles alike: managed policies, inline policies, the permissions boundary. The
// limits are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.

const maxAttached = 10

// attach hangs a managed policy on an identity. To attach what is attached already is a success.
func (tx *tx) attach(id *identity, arn *string, owner string) error {
	if err := tx.checkPolicyARN(*arn); err != nil {
		return err
	}
	p, ok := find(tx.state.Policies, tx.seen.Policies, *arn)
	if !ok {
		return noSuchEntity("Policy %s does not exist or is not attachable.", *arn)
	}
	if slices.Contains(id.Attached, p.ARN) {
		return nil
	}
	if len(id.Attached) >= maxAttached {
		return limitExceeded("Cannot exceed quota for PoliciesPer%s: %d", owner, maxAttached)
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
		return noSuchEntity("Policy %s was not found.", *arn)
	}
	id.Attached = slices.Delete(id.Attached, i, i+1)
	return nil
}

// attached returns a page of an identity's managed policies.
func (tx *tx) attached(id *identity, prefix, marker *string, most *int32) (found []iamtypes.AttachedPolicy, truncated bool, next *string, err error) {
	held := under(func(yield func(*policy) bool) {
		for _, arn := range id.Attached {
			if !yield(tx.state.Policies[arn]) {
				return
			}
		}
	}, prefix)
	policies, truncated, next, err := page(tx, held, func(p *policy) string { return p.ARN }, marker, most)
	for _, p := range policies {
		found = append(found, iamtypes.AttachedPolicy{PolicyArn: aws.String(p.ARN), PolicyName: aws.String(p.Name)})
	}
	return found, truncated, next, err
}

// putInline adds or replaces an inline policy. Together an identity's inline policies hold at most so many characters, white
// space not counted.
func (tx *tx) putInline(id *identity, name, document *string, most int, owner string) error {
	if err := tx.checkIdentityPolicy(*document); err != nil {
		return err
	}
	size := length(*document)
	for other, text := range id.Inline {
		if other != *name {
			size += length(text)
		}
	}
	if size > most {
		return limitExceeded("Maximum policy size of %d bytes exceeded for %s %s", most, owner, id.Name)
	}
	if id.Inline == nil {
		id.Inline = map[string]string{}
	}
	id.Inline[*name] = *document
	return nil
}

// inline returns an inline policy, encoded as IAM encodes all documents.
func (id *identity) inline(name *string, owner string) (*string, error) {
	document, ok := id.Inline[*name]
	if !ok {
		return nil, noSuchEntity("The %s policy with name %s cannot be found.", owner, *name)
	}
	return encoded(document), nil
}

func (id *identity) deleteInline(name *string, owner string) error {
	if _, err := id.inline(name, owner); err != nil {
		return err
	}
	delete(id.Inline, *name)
	return nil
}

// inlineNames returns a page of the names of an identity's inline policies.
func (tx *tx) inlineNames(id *identity, marker *string, most *int32) ([]string, bool, *string, error) {
	return page(tx, slices.Collect(maps.Keys(id.Inline)), itself, marker, most)
}

// bound checks that a policy can be a permissions boundary. No policy is one that always can.
func (tx *tx) bound(arn *string) (string, error) {
	if arn == nil {
		return "", nil
	}
	if err := tx.checkPolicyARN(*arn); err != nil {
		return "", err
	}
	if _, ok := find(tx.state.Policies, tx.seen.Policies, *arn); !ok {
		return "", noSuchEntity("Scope ARN: %s does not exist or is not attachable.", *arn)
	}
	return *arn, nil
}

func (id *identity) unbound(owner string) error {
	if id.Boundary == "" {
		return noSuchEntity("%s %s does not have a permissions boundary.", owner, id.Name)
	}
	id.Boundary = ""
	return nil
}

// boundary shows a permissions boundary.
func boundary(arn string) *iamtypes.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &iamtypes.AttachedPermissionsBoundary{
		PermissionsBoundaryArn:  aws.String(arn),
		PermissionsBoundaryType: iamtypes.PermissionsBoundaryAttachmentTypePolicy,
	}
}

// bare reports the delete conflict of an identity on which policies still hang.
func (id *identity) bare() error {
	switch {
	case len(id.Attached) > 0:
		return deleteConflict("Cannot delete entity, must detach all policies first.")
	case len(id.Inline) > 0:
		return deleteConflict("Cannot delete entity, must delete policies first.")
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
