package localaws

import (
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"redis-cloud-iam/internal/iampolicy"
)

const day = 24 * time.Hour

// DeleteSecret schedules a secret's deletion, in 30 days unless told otherwise, or deletes it at
// once. To force the deletion of a secret that is not there is a success.
func (tx *tx) DeleteSecret(in *secretsmanager.DeleteSecretInput, out *secretsmanager.DeleteSecretOutput) error {
	force, window := aws.ToBool(in.ForceDeleteWithoutRecovery), int64(30)
	if in.RecoveryWindowInDays != nil {
		window = *in.RecoveryWindowInDays
		switch {
		case force:
			return refuse(invalidParameter, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		case window < 7 || window > 30:
			return refuse(invalidParameter, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
		}
	}
	s, err := tx.secretNamed(*in.SecretId)
	if err := s.undeletable(); err != nil {
		return err
	}
	if force {
		tx.forceDelete(s, *in.SecretId, out)
		return nil
	}
	if err != nil {
		return err
	}
	if s.Deletion != nil {
		return refuse(invalidRequest, "You can't perform this operation on the secret because it was already scheduled for deletion.")
	}
	s.Deletion = stamp(tx.now.Add(time.Duration(window) * day))
	out.ARN, out.Name, out.DeletionDate = &s.ARN, &s.Name, s.Deletion
	return nil
}

// forceDelete deletes a secret for good. Its name stays blocked for a while.
func (tx *tx) forceDelete(s *secret, id string, out *secretsmanager.DeleteSecretOutput) {
	out.ARN, out.Name, out.DeletionDate = aws.String(tx.secretResource(id, false)), &id, stamp(tx.now)
	if s != nil {
		out.Name = &s.Name
		delete(tx.state.Secrets, s.Name)
		tx.state.BlockedSecrets[s.Name] = tx.now.Add(tx.settings.secretNameBlock)
	}
}

// RestoreSecret takes a scheduled deletion back.
func (tx *tx) RestoreSecret(s *secret) { s.Deletion = nil }

// tag adds tags to a secret or overwrites them. Unlike IAM, Secrets Manager tells keys apart by
// case.
func (s *secret) tag(more []secrettypes.Tag) error {
	tags := s.Tags
	for _, t := range more {
		if t.Key == nil || reserved(*t.Key) {
			return refuse(invalidParameter, "A tag's key must be given and must not begin with aws:.")
		}
		tags = withoutTags(tags, []string{*t.Key}, caseCounts)
		tags[*t.Key] = aws.ToString(t.Value)
	}
	if len(tags) > maxTags {
		return refuse(invalidParameter, "A secret can have at most %d tags.", maxTags)
	}
	s.Tags = tags
	return nil
}

func (tx *tx) TagResource(in *secretsmanager.TagResourceInput, s *secret) error {
	return s.tag(in.Tags)
}

// UntagResource removes tags from a secret; keys that are not there do not matter.
func (tx *tx) UntagResource(in *secretsmanager.UntagResourceInput, s *secret) {
	s.Tags = withoutTags(s.Tags, in.TagKeys, caseCounts)
}

func (tx *tx) PutResourcePolicy(in *secretsmanager.PutResourcePolicyInput, s *secret) error {
	d, err := tx.checkResourcePolicy(*in.ResourcePolicy)
	if malformed, ok := errors.AsType[*refusal](err); ok {
		return refuse("MalformedPolicyDocumentException", "%s", malformed.text)
	}
	if aws.ToBool(in.BlockPublicPolicy) && slices.ContainsFunc(d.Statements, public) {
		return refuse("PublicPolicyException", "You can't attach a resource policy that allows broad access to the secret.")
	}
	s.Policy = *in.ResourcePolicy
	return nil
}

// public reports whether a statement lets everybody in.
func public(s iampolicy.Statement) bool {
	everybody := slices.Contains(s.Principal["*"], "*") || slices.Contains(s.Principal["AWS"], "*") || s.NotPrincipal != nil
	return s.Effect == "Allow" && everybody && s.Condition == nil
}

// GetResourcePolicy returns a secret's resource policy, if it has one.
func (tx *tx) GetResourcePolicy(out *secretsmanager.GetResourcePolicyOutput, s *secret) {
	out.ResourcePolicy = optional(s.Policy)
}

// DeleteResourcePolicy takes a secret's resource policy away; to have none does not matter.
func (tx *tx) DeleteResourcePolicy(s *secret) {
	s.Policy = ""
}
