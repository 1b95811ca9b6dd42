package localaws

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

type secret struct {
	Name, ARN, Description string
	KMSKey                 string // an ARN; empty for the account's aws/secretsmanager
	Tags                   map[string]string
	Created, Changed       time.Time
	Deletion               *time.Time // when it will be gone; nil unless that is scheduled
	Versions               []*secretVersion
	Policy                 string
	Replicas               []string // Regions, sorted
}

// secretCalled finds a secret by its name, its ARN, or its ARN without the six random characters.
func (a *Account) secretCalled(id string) *secret {
	if s, ok := a.state.Secrets[id]; ok {
		return s
	}
	for _, s := range a.state.Secrets {
		if id == s.ARN || id == s.ARN[:len(s.ARN)-len("-Ab1Cd2")] {
			return s
		}
	}
	return nil
}

// secretResource is the ARN of a secret. For one that does not exist it is the ARN without the six
// random characters or, if the call makes it, with "??????" in their place, as policies write it.
func (a *Account) secretResource(id string, made bool) string {
	switch s := a.secretCalled(id); {
	case s != nil:
		return s.ARN
	case strings.HasPrefix(id, "arn:"):
		return id
	case made:
		return a.secretARN(id) + "-??????"
	}
	return a.secretARN(id)
}

func (a *Account) secretARN(name string) string {
	return "arn:" + a.partition + ":secretsmanager:" + a.region + ":" + a.id + ":secret:" + name
}

// secretNamed returns a secret, scheduled for deletion or not.
func (tx *tx) secretNamed(id string) (*secret, error) {
	s := tx.secretCalled(id)
	if s != nil && s.Deletion != nil && !tx.now.Before(*s.Deletion) {
		delete(tx.state.Secrets, s.Name) // its recovery window is over
		s = nil
	}
	if s == nil {
		return nil, refuse(resourceNotFound, "Secrets Manager can't find the specified secret.")
	}
	return s, nil
}

// secret returns the secret that the input names. A secret that is scheduled for deletion can only
// be described and restored.
func (tx *tx) secret() (*secret, error) {
	s, err := tx.secretNamed(tx.in.text("SecretId"))
	if err != nil {
		return nil, err
	}
	if s.Deletion != nil && tx.action != "DescribeSecret" && tx.action != "RestoreSecret" {
		return nil, refuse(invalidRequest, "You can't perform this operation on the secret because it was marked for deletion.")
	}
	tx.out.set(members{"ARN": s.ARN, "Name": s.Name})
	return s, nil
}

// CreateSecret makes a secret and, with a value, its first version. The same call again, with the
// same token and the same value, is a success and changes nothing.
func (tx *tx) CreateSecret(in *secretsmanager.CreateSecretInput) error {
	if !tx.pattern(`[A-Za-z0-9/_+=.@!-]+`).MatchString(*in.Name) {
		return refuse("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	s, err := tx.secretNamed(*in.Name)
	switch {
	case err == nil && s.Deletion != nil, err != nil && tx.now.Before(tx.state.BlockedSecrets[*in.Name]):
		return refuse(invalidRequest, "You can't create this secret because a secret with this name is already scheduled for deletion.")
	case err == nil:
		if v := s.version(aws.ToString(in.ClientRequestToken)); v == nil || v.Text != aws.ToString(in.SecretString) {
			return refuse(resourceExists, "The operation failed because the secret %s already exists.", s.Name)
		}
		tx.out.set(members{"ARN": s.ARN, "Name": s.Name, "VersionId": in.ClientRequestToken})
		return nil
	}
	s = &secret{
		Name:        *in.Name,
		ARN:         tx.secretARN(*in.Name) + "-" + random(6),
		Description: aws.ToString(in.Description),
		Created:     tx.now,
		Changed:     tx.now,
		Tags:        map[string]string{},
	}
	if s.KMSKey, err = tx.key(""); err != nil {
		return err
	}
	if err := tx.TagResource(s); err != nil {
		return err
	}
	if in.SecretString != nil {
		if err := tx.PutSecretValue(s); err != nil {
			return err
		}
	}
	tx.state.Secrets[s.Name] = s
	tx.out.set(members{"ARN": s.ARN, "Name": s.Name})
	return nil
}

// key returns the ARN of the KMS key that the input names or, where it names none, the former one.
func (tx *tx) key(former string) (arn string, err error) {
	id := tx.in.pointer("KmsKeyId")
	switch {
	case id == nil:
		return former, nil
	case !tx.pattern(`|alias/[A-Za-z0-9/_-]+|[A-Za-z0-9-]+|arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(alias|key)/[A-Za-z0-9/_-]+`).MatchString(*id):
		return "", refuse(invalidParameter, "The KMS key %s is not a key ID, a key ARN, an alias name or an alias ARN.", *id)
	}
	return tx.kmsKey(*id), nil
}

// kmsKey is the ARN of a KMS key given in any of the ways that KMS knows; empty for the account's
// aws/secretsmanager.
func (a *Account) kmsKey(id string) string {
	prefix := "arn:" + a.partition + ":kms:" + a.region + ":" + a.id + ":"
	switch {
	case id == "", strings.HasSuffix(id, "alias/aws/secretsmanager"):
		return ""
	case strings.HasPrefix(id, "arn:"):
		return id
	case strings.HasPrefix(id, "alias/"):
		return prefix + id
	}
	return prefix + "key/" + id
}

// DescribeSecret returns all of a secret but its value, even when it is scheduled for deletion.
// Versions without labels are left out.
func (tx *tx) DescribeSecret(s *secret) {
	stages := map[string][]string{}
	for _, v := range s.Versions {
		if len(v.Stages) > 0 {
			stages[v.ID] = slices.Clone(v.Stages)
		}
	}
	tx.out.set(members{
		"Description": s.Description, "KmsKeyId": s.KMSKey, "CreatedDate": stamp(s.Created),
		"LastChangedDate": stamp(s.Changed), "DeletedDate": s.Deletion, "Tags": shownTags(s.Tags),
		"ReplicationStatus": s.replicated(), "VersionIdsToStages": stages,
	})
}

// UpdateSecret changes a secret's key and description, and its value by a new version.
func (tx *tx) UpdateSecret(in *secretsmanager.UpdateSecretInput, s *secret) error {
	if token := in.ClientRequestToken; in.SecretString != nil && token != nil && s.version(*token) != nil {
		return tokenTaken(s, *token) // a new value must have a new one, even if it is the same value
	}
	key, err := tx.key(s.KMSKey)
	if err != nil {
		return err
	}
	if in.SecretString != nil {
		if err := tx.PutSecretValue(s); err != nil {
			return err
		}
	}
	s.KMSKey = key
	if in.Description != nil {
		s.Description = *in.Description
	}
	s.Changed = tx.now
	return nil
}

// ListSecrets lists the secrets whose deletion is not scheduled, or all of them. Of what
// DescribeSecret returns it has the members that tell them apart.
func (tx *tx) ListSecrets(in *secretsmanager.ListSecretsInput) {
	found := slices.DeleteFunc(ordered(tx.state.Secrets), func(s *secret) bool {
		return s.Deletion != nil && !aws.ToBool(in.IncludePlannedDeletion)
	})
	tx.out.set(members{"SecretList": each(found, func(s *secret) members {
		return members{"ARN": s.ARN, "Name": s.Name, "DeletedDate": s.Deletion, "Tags": shownTags(s.Tags)}
	})})
}
