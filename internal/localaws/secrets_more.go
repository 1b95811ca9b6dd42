package localaws

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const day = 24 * time.Hour

// DeleteSecret schedules a secret's deletion, in 30 days unless told otherwise, or deletes it at once. To force the deletion of
// a secret that is not there is a success.
func (c *SecretsManager) DeleteSecret(ctx context.Context, in *secretsmanager.DeleteSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DeleteSecretOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.DeleteSecretOutput, error) {
		force, window := aws.ToBool(in.ForceDeleteWithoutRecovery), int64(30)
		if in.RecoveryWindowInDays != nil {
			window = *in.RecoveryWindowInDays
			switch {
			case force:
				return nil, invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
			case window < 7 || window > 30:
				return nil, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
			}
		}
		s, err := tx.secretNamed(in.SecretId)
		if err := s.undeletable(); err != nil {
			return nil, err
		}
		if force {
			return tx.forceDelete(s, *in.SecretId), nil
		}
		if err != nil {
			return nil, err
		}
		if !s.Deletion.IsZero() {
			return nil, invalidRequest("You can't perform this operation on the secret because it was already scheduled for deletion.")
		}
		s.Deletion = tx.now.Add(time.Duration(window) * day)
		return &secretsmanager.DeleteSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), DeletionDate: stamp(s.Deletion)}, nil
	})
}

// forceDelete deletes a secret for good. Its name stays blocked for a while.
func (tx *tx) forceDelete(s *secret, id string) *secretsmanager.DeleteSecretOutput {
	out := &secretsmanager.DeleteSecretOutput{ARN: aws.String(tx.secretResource(id, false)), Name: aws.String(id), DeletionDate: stamp(tx.now)}
	if s != nil {
		out.Name = aws.String(s.Name)
		delete(tx.state.Secrets, s.Name)
		tx.state.BlockedSecrets[s.Name] = tx.now.Add(tx.settings.secretNameBlock)
	}
	return out
}

// RestoreSecret takes a scheduled deletion back.
func (c *SecretsManager) RestoreSecret(ctx context.Context, in *secretsmanager.RestoreSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.RestoreSecretOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.RestoreSecretOutput, error) {
		s, err := tx.secretNamed(in.SecretId)
		if err != nil {
			return nil, err
		}
		s.Deletion = time.Time{}
		return &secretsmanager.RestoreSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
	})
}

// tag adds tags to a secret or overwrites them. Unlike IAM, Secrets Manager tells keys apart by case.
func (s *secret) tag(more []secrettypes.Tag) error {
	tags := slices.Clone(s.Tags)
	for _, t := range more {
		if t.Key == nil || reserved(*t.Key) {
			return invalidParameter("A tag's key must be given and must not begin with aws:.")
		}
		tags = withTag(tags, tag{*t.Key, aws.ToString(t.Value)}, caseCounts)
	}
	if len(tags) > maxTags {
		return invalidParameter("A secret can have at most %d tags.", maxTags)
	}
	s.Tags = tags
	return nil
}

// TagResource adds tags to a secret or overwrites them.
func (c *SecretsManager) TagResource(ctx context.Context, in *secretsmanager.TagResourceInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.TagResourceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.TagResourceOutput, error) {
		s, err := tx.liveSecret(in.SecretId)
		if err != nil {
			return nil, err
		}
		return &secretsmanager.TagResourceOutput{}, s.tag(in.Tags)
	})
}

// UntagResource removes tags from a secret; keys that are not there do not matter.
func (c *SecretsManager) UntagResource(ctx context.Context, in *secretsmanager.UntagResourceInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UntagResourceOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.UntagResourceOutput, error) {
		s, err := tx.liveSecret(in.SecretId)
		if err != nil {
			return nil, err
		}
		s.Tags = withoutTags(s.Tags, in.TagKeys, caseCounts)
		return &secretsmanager.UntagResourceOutput{}, nil
	})
}

// PutResourcePolicy says who else may use a secret.
func (c *SecretsManager) PutResourcePolicy(ctx context.Context, in *secretsmanager.PutResourcePolicyInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutResourcePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.PutResourcePolicyOutput, error) {
		s, err := tx.liveSecret(in.SecretId)
		if err != nil {
			return nil, err
		}
		d, err := tx.checkResourcePolicy(*in.ResourcePolicy)
		if malformed, ok := errors.AsType[*iamtypes.MalformedPolicyDocumentException](err); ok {
			return nil, &secrettypes.MalformedPolicyDocumentException{Message: malformed.Message}
		}
		if aws.ToBool(in.BlockPublicPolicy) && slices.ContainsFunc(d.Statement, statement.public) {
			return nil, &secrettypes.PublicPolicyException{Message: aws.String("You can't attach a resource policy that allows broad access to the secret.")}
		}
		s.Policy = *in.ResourcePolicy
		return &secretsmanager.PutResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
	})
}

// public says whether a statement lets everybody in.
func (s statement) public() bool {
	everybody := slices.Contains(s.Principal["*"], "*") || slices.Contains(s.Principal["AWS"], "*") || s.NotPrincipal != nil
	return s.Effect == "Allow" && everybody && s.Condition == nil
}

// GetResourcePolicy returns a secret's resource policy, if it has one.
func (c *SecretsManager) GetResourcePolicy(ctx context.Context, in *secretsmanager.GetResourcePolicyInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetResourcePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.GetResourcePolicyOutput, error) {
		s, err := tx.liveSecret(in.SecretId)
		if err != nil {
			return nil, err
		}
		return &secretsmanager.GetResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), ResourcePolicy: optional(s.Policy)}, nil
	})
}

// DeleteResourcePolicy takes a secret's resource policy away; to have none does not matter.
func (c *SecretsManager) DeleteResourcePolicy(ctx context.Context, in *secretsmanager.DeleteResourcePolicyInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DeleteResourcePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*secretsmanager.DeleteResourcePolicyOutput, error) {
		s, err := tx.liveSecret(in.SecretId)
		if err != nil {
			return nil, err
		}
		s.Policy = ""
		return &secretsmanager.DeleteResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
	})
}
