package localaws

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"

	maxSecretVersions = 100
)

type secretVersion struct {
	ID      string
	Text    string
	Stages  []string
	Created time.Time
}

func (s *secret) version(id string) *secretVersion {
	return first(s.Versions, func(v *secretVersion) bool { return v.ID == id })
}

// holder returns the version that has a staging label.
func (s *secret) holder(stage string) *secretVersion {
	return first(s.Versions, func(v *secretVersion) bool { return slices.Contains(v.Stages, stage) })
}

// move gives a staging label to one version alone. Where AWSCURRENT goes away from a version,
// AWSPREVIOUS comes to it.
func (s *secret) move(stage string, to *secretVersion) {
	from := s.holder(stage)
	if from == to {
		return
	}
	if from != nil {
		from.drop(stage)
	}
	to.Stages = append(to.Stages, stage)
	if stage == current && from != nil {
		s.move(previous, from)
	}
}

func (v *secretVersion) drop(stage string) {
	v.Stages = slices.DeleteFunc(v.Stages, func(s string) bool { return s == stage })
}

// PutSecretValue adds a version and makes it AWSCURRENT. The same call again, with the same token
// and the same value, is a success and changes nothing.
func (tx *tx) PutSecretValue(s *secret) error {
	value := tx.in.pointer("SecretString")
	if value == nil {
		return refuse(invalidRequest, "You must provide either SecretString or SecretBinary.")
	}
	id := cmp.Or(tx.in.text("ClientRequestToken"), uuid()) // as the SDK's clients do
	v := s.version(id)
	if v != nil && v.Text != *value {
		return tokenTaken(s, id)
	}
	if v == nil {
		if err := s.makeRoom(tx.now); err != nil {
			return err
		}
		v = &secretVersion{ID: id, Text: *value, Created: tx.now}
		s.Versions = append(s.Versions, v)
		s.move(current, v)
		s.Changed = tx.now
	}
	tx.out.set(members{"VersionId": v.ID, "VersionStages": slices.Clone(v.Stages)})
	return nil
}

func tokenTaken(s *secret, token string) error {
	return refuse(resourceExists, "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, s.ARN)
}

// makeRoom removes the oldest versions without labels once there are 100, except those of the last
// 24 hours.
func (s *secret) makeRoom(now time.Time) error {
	for len(s.Versions) >= maxSecretVersions {
		i := slices.IndexFunc(s.Versions, func(v *secretVersion) bool {
			return len(v.Stages) == 0 && now.Sub(v.Created) >= day
		})
		if i < 0 {
			return refuse("LimitExceededException", "You've exceeded the quota for versions of a secret.")
		}
		s.Versions = slices.Delete(s.Versions, i, i+1)
	}
	return nil
}

// GetSecretValue returns the value of a version, chosen by its ID, its label, or both; AWSCURRENT
// when by neither.
func (tx *tx) GetSecretValue(in *secretsmanager.GetSecretValueInput, s *secret) error {
	id, label := in.VersionId, aws.ToString(in.VersionStage)
	var v *secretVersion
	if id != nil {
		v = s.version(*id)
	} else {
		label = cmp.Or(label, current)
		v = s.holder(label)
	}
	switch {
	case v == nil && id != nil:
		return refuse(resourceNotFound, "Secrets Manager can't find the specified secret value for VersionId: %s", *id)
	case v == nil:
		return refuse(resourceNotFound, "Secrets Manager can't find the specified secret value for staging label: %s", label)
	case label != "" && !slices.Contains(v.Stages, label):
		return refuse(invalidRequest, "You provided a VersionStage that is not associated to the provided VersionId.")
	}
	tx.out.set(members{
		"VersionId": v.ID, "VersionStages": slices.Clone(v.Stages), "SecretString": v.Text, "CreatedDate": stamp(v.Created),
	})
	return nil
}

// UpdateSecretVersionStage moves a label from one version to another, adds one, or takes one away.
// A call that moves a label must name the version that has it now.
func (tx *tx) UpdateSecretVersionStage(in *secretsmanager.UpdateSecretVersionStageInput, s *secret) error {
	stage, from, to := *in.VersionStage, in.RemoveFromVersionId, in.MoveToVersionId
	for _, id := range []*string{from, to} {
		if id != nil && s.version(*id) == nil {
			return refuse(resourceNotFound, "Secrets Manager can't find the specified secret version: %s.", *id)
		}
	}
	holder := s.holder(stage)
	switch {
	case from == nil && to == nil:
		return refuse(invalidParameter, "You must specify RemoveFromVersionId, MoveToVersionId or both.")
	case from != nil && (holder == nil || holder.ID != *from):
		return refuse(invalidParameter, "Staging label %s isn't attached to version %s.", stage, *from)
	case to == nil && stage == current:
		return refuse(invalidParameter, "You can only move staging label %s to a different secret version. It can't be completely removed.", current)
	case to == nil:
		holder.drop(stage)
	case from == nil && holder != nil && holder.ID != *to:
		return refuse(invalidParameter, "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", stage, holder.ID)
	default:
		s.move(stage, s.version(*to))
	}
	s.Changed = tx.now
	return nil
}
