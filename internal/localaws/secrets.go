package localaws

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

type secret struct {
	Name, ARN, Description     string
	KMSKey                     string // an ARN; empty for the account's aws/secretsmanager
	Tags                       []tag
	Created, Changed, Accessed time.Time
	Deletion                   time.Time // when it will be gone; zero unless that is scheduled
	Versions                   []*secretVersion
	Policy                     string
	Replicas                   []string // Regions, sorted
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

// secretResource is the ARN of a secret. Of one that does not exist it is the ARN without the six random characters or, where
// a call is to make it, with "??????" in their place, as policies write it.
func (a *Account) secretResource(id string, made bool) string {
	if s := a.secretCalled(id); s != nil {
		return s.ARN
	}
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	if made {
		return a.secretARN(id) + "-??????"
	}
	return a.secretARN(id)
}

func (a *Account) secretARN(name string) string {
	return "arn:" + a.partition + ":secretsmanager:" + a.region + ":" + a.id + ":secret:" + name
}

// secretNamed returns a secret, scheduled for deletion or not.
func (tx *tx) secretNamed(id *string) (*secret, error) {
	s := tx.secretCalled(*id)
	if s != nil && !s.Deletion.IsZero() && !tx.now.Before(s.Deletion) {
		delete(tx.state.Secrets, s.Name) // its recovery window is over
		s = nil
	}
	if s == nil {
		return nil, resourceNotFound("Secrets Manager can't find the specified secret.")
	}
	return s, nil
}

// liveSecret returns a secret that is not scheduled for deletion.
func (tx *tx) liveSecret(id *string) (*secret, error) {
	s, err := tx.secretNamed(id)
	if err == nil && !s.Deletion.IsZero() {
		return nil, invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
	}
	return s, err
}

// CreateSecret makes a secret and, with a value, its first version. The same call again, with the same token and the same
// value, is a success and changes nothing.
func (tx *tx) CreateSecret(in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	if !tx.pattern(`[A-Za-z0-9/_+=.@!-]+`).MatchString(*in.Name) {
		return nil, refuse("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	value := secretValue{in.SecretString, in.SecretBinary}
	if s, err := tx.secretNamed(in.Name); err == nil {
		return repeated(s, in.ClientRequestToken, value)
	}
	if tx.now.Before(tx.state.BlockedSecrets[*in.Name]) {
		return nil, scheduled()
	}
	s := &secret{
		Name:        *in.Name,
		ARN:         tx.secretARN(*in.Name) + "-" + random(6, letterAlphabet),
		Description: aws.ToString(in.Description),
		Created:     tx.now,
		Changed:     tx.now,
	}
	if err := s.encrypt(tx, in.KmsKeyId); err != nil {
		return nil, err
	}
	if err := s.tag(in.Tags); err != nil {
		return nil, err
	}
	out := &secretsmanager.CreateSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}
	if value.given() {
		v, err := tx.put(s, in.ClientRequestToken, value, nil)
		if err != nil {
			return nil, err
		}
		out.VersionId = aws.String(v.ID)
	}
	tx.state.Secrets[s.Name] = s
	return out, nil
}

// repeated answers a CreateSecret whose name is taken.
func repeated(s *secret, token *string, value secretValue) (*secretsmanager.CreateSecretOutput, error) {
	if !s.Deletion.IsZero() {
		return nil, scheduled()
	}
	if v := s.version(aws.ToString(token)); v != nil && v.same(value) {
		return &secretsmanager.CreateSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), VersionId: aws.String(v.ID)}, nil
	}
	return nil, resourceExists("The operation failed because the secret %s already exists.", s.Name)
}

func scheduled() error {
	return invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.")
}

// encrypt sets the secret's KMS key.
func (s *secret) encrypt(tx *tx, keyID *string) error {
	if keyID == nil {
		return nil
	}
	if !tx.pattern(`|alias/[A-Za-z0-9/_-]+|[A-Za-z0-9-]+|arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(alias|key)/[A-Za-z0-9/_-]+`).MatchString(*keyID) {
		return invalidParameter("The KMS key %s is not a key ID, a key ARN, an alias name or an alias ARN.", *keyID)
	}
	s.KMSKey = tx.kmsKey(*keyID)
	return nil
}

// kmsKey is the ARN of a KMS key given in any of the ways that KMS knows; empty for the account's aws/secretsmanager.
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

// DescribeSecret returns all of a secret but its value, even when it is scheduled for deletion. Versions without labels are
// left out.
func (tx *tx) DescribeSecret(in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	s, err := tx.secretNamed(in.SecretId)
	if err != nil {
		return nil, err
	}
	e := s.entry()
	return &secretsmanager.DescribeSecretOutput{
		ARN:                e.ARN,
		Name:               e.Name,
		Description:        e.Description,
		KmsKeyId:           e.KmsKeyId,
		CreatedDate:        e.CreatedDate,
		LastChangedDate:    e.LastChangedDate,
		LastAccessedDate:   e.LastAccessedDate,
		DeletedDate:        e.DeletedDate,
		Tags:               e.Tags,
		VersionIdsToStages: e.SecretVersionsToStages,
		ReplicationStatus:  s.replicated(),
	}, nil
}

// entry is a secret as ListSecrets returns it.
func (s *secret) entry() secrettypes.SecretListEntry {
	e := secrettypes.SecretListEntry{
		ARN:             aws.String(s.ARN),
		Name:            aws.String(s.Name),
		Description:     optional(s.Description),
		KmsKeyId:        optional(s.KMSKey),
		CreatedDate:     stamp(s.Created),
		LastChangedDate: stamp(s.Changed),
	}
	if !s.Accessed.IsZero() {
		e.LastAccessedDate = aws.Time(s.Accessed.UTC().Truncate(24 * time.Hour))
	}
	if !s.Deletion.IsZero() {
		e.DeletedDate = stamp(s.Deletion)
	}
	for _, t := range s.Tags {
		e.Tags = append(e.Tags, secrettypes.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	for _, v := range s.Versions {
		if len(v.Stages) > 0 {
			if e.SecretVersionsToStages == nil {
				e.SecretVersionsToStages = map[string][]string{}
			}
			e.SecretVersionsToStages[v.ID] = slices.Clone(v.Stages)
		}
	}
	return e
}

// UpdateSecret changes a secret's key and description, and its value by a new version.
func (tx *tx) UpdateSecret(in *secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
	s, err := tx.liveSecret(in.SecretId)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.UpdateSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}
	previous := s.KMSKey
	if err := s.encrypt(tx, in.KmsKeyId); err != nil {
		return nil, err
	}
	if value := (secretValue{in.SecretString, in.SecretBinary}); value.given() {
		v, err := tx.replace(s, in.ClientRequestToken, value)
		if err != nil {
			s.KMSKey = previous
			return nil, err
		}
		out.VersionId = aws.String(v.ID)
	}
	if in.Description != nil {
		s.Description = *in.Description
	}
	s.Changed = tx.now
	return out, nil
}

// ListSecrets lists the secrets whose deletion is not scheduled, or all of them.
func (tx *tx) ListSecrets(in *secretsmanager.ListSecretsInput) (*secretsmanager.ListSecretsOutput, error) {
	out := &secretsmanager.ListSecretsOutput{}
	for _, s := range ordered(tx.state.Secrets) {
		if s.Deletion.IsZero() || aws.ToBool(in.IncludePlannedDeletion) {
			out.SecretList = append(out.SecretList, s.entry())
		}
	}
	return out, nil
}
