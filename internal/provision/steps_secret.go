package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// version is a value on its way into a secret. It is never logged.
type version struct {
	secret, description, id, value string
	first                          bool // whether the secret is made with it
}

// store stores a version, and returns the ARN of the secret where that was made. After a secret of the name was
// deleted without a recovery window, the name stays blocked for some seconds, and the permission to write it may be
// younger than that.
func (a *applier) store(ctx context.Context, v version) (arn string, err error) {
	const patience = 30 * time.Second
	for start := time.Now(); ; {
		arn, err := a.put(ctx, v)
		blocked := v.first && hasCode(err, "InvalidRequestException")
		if err == nil || !blocked && !denied(err) || time.Since(start) > patience {
			return arn, err
		}
		if pauseErr := pause(ctx, 2*time.Second); pauseErr != nil {
			return "", err
		}
	}
}

func (a *applier) put(ctx context.Context, v version) (arn string, err error) {
	if !v.first {
		_, err := a.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &v.secret, ClientRequestToken: &v.id, SecretString: &v.value,
		})
		return "", err
	}
	out, err := a.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &v.secret, ClientRequestToken: &v.id, SecretString: &v.value,
		Description: &v.description, KmsKeyId: optional(a.desired.Spec.KmsKeyID),
		Tags: toSecretTags(a.desired.plainTags()),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ARN), nil
}

func (s MoveCurrent) apply(ctx context.Context, a *applier) error {
	label := current
	_, err := a.secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.Secret, VersionStage: &label, MoveToVersionId: &s.To, RemoveFromVersionId: optional(s.From),
	})
	if hasCode(err, "InvalidParameter") {
		return surprise{err} // the label is elsewhere: perhaps where it should be, if a reply was lost
	}
	return err
}

func (s UpdateSecret) apply(ctx context.Context, a *applier) error {
	_, err := a.secrets.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{
		SecretId: &s.Name, Description: &s.Description, KmsKeyId: &s.KmsKeyID,
	})
	return err
}

func (s RestoreSecret) apply(ctx context.Context, a *applier) error {
	_, err := a.secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &s.Name})
	return err
}

func (s SetReaders) apply(ctx context.Context, a *applier) error {
	if s.Document == "" {
		_, err := a.secrets.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: &s.Secret})
		if err == nil && !a.desired.hadReaders(s.Secret) {
			a.notice(fmt.Sprintf("secret %s, which is adopted, had a resource policy, which is taken away: SecretReaders names nobody", s.Secret))
		}
		return gone(err)
	}
	_, err := a.secrets.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{
		SecretId: &s.Secret, ResourcePolicy: &s.Document, BlockPublicPolicy: aws.Bool(true),
	})
	if hasCode(err, "MalformedPolicyDocument") {
		return fmt.Errorf("SecretReaders must name accounts, roles and users that exist: %w", err)
	}
	return err
}
