package localaws

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"redis-cloud-iam/internal/iampolicy"
)

const day = 24 * time.Hour

// DeleteSecret schedules a secret's deletion, in 30 days unless told otherwise, or deletes it at
// once, and its name stays blocked for a while. To force the deletion of a secret that is not there
// is a success. While a secret has replicas, both are refused, in the words that
// https://github.com/rebuy-de/aws-nuke/issues/1127 quotes.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html.
func (tx *tx) DeleteSecret(in *secretsmanager.DeleteSecretInput) error {
	force, window := aws.ToBool(in.ForceDeleteWithoutRecovery), int64(30)
	if in.RecoveryWindowInDays != nil {
		window = *in.RecoveryWindowInDays
	}
	s, err := tx.secretNamed(*in.SecretId)
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return refuse(invalidParameter, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case window < 7 || window > 30:
		return refuse(invalidParameter, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	case s == nil && force:
		tx.out.set(members{"ARN": tx.secretResource(*in.SecretId, false), "Name": in.SecretId, "DeletionDate": stamp(tx.now)})
		return nil
	case err != nil:
		return err
	case len(s.Replicas) > 0:
		return refuse(invalidParameter, "You can't delete secret %s that still has replica regions [%s].", s.ARN, strings.Join(s.Replicas, ", "))
	case force:
		s.Deletion = stamp(tx.now)
		delete(tx.state.Secrets, s.Name)
		tx.state.BlockedSecrets[s.Name] = tx.now.Add(tx.settings.secretNameBlock)
	case s.Deletion != nil:
		return refuse(invalidRequest, "You can't perform this operation on the secret because it was already scheduled for deletion.")
	default:
		s.Deletion = stamp(tx.now.Add(time.Duration(window) * day))
	}
	tx.out.set(members{"ARN": s.ARN, "Name": s.Name, "DeletionDate": s.Deletion})
	return nil
}

// RestoreSecret takes a scheduled deletion back.
func (tx *tx) RestoreSecret(s *secret) { s.Deletion = nil }

// replicated are the Regions that a secret is replicated to, as DescribeSecret and the two calls
// below return them. A replica is in sync at once, and the other Regions are not modelled.
func (s *secret) replicated() []members {
	return each(s.Replicas, func(region string) members {
		return members{"Region": region, "KmsKeyId": "alias/aws/secretsmanager", "Status": secrettypes.StatusTypeInSync}
	})
}

func (tx *tx) ReplicateSecretToRegions(in *secretsmanager.ReplicateSecretToRegionsInput, s *secret) error {
	regions := slices.Clone(s.Replicas)
	for _, replica := range in.AddReplicaRegions {
		if aws.ToString(replica.Region) == tx.region {
			return refuse(invalidParameter, "Invalid replica region.")
		}
		regions = append(regions, aws.ToString(replica.Region))
	}
	s.Replicas = slices.Compact(sorted(regions))
	tx.out.set(members{"ReplicationStatus": s.replicated()})
	return nil
}

func (tx *tx) RemoveRegionsFromReplication(in *secretsmanager.RemoveRegionsFromReplicationInput, s *secret) {
	s.Replicas = slices.DeleteFunc(s.Replicas, func(region string) bool { return slices.Contains(in.RemoveReplicaRegions, region) })
	tx.out.set(members{"ReplicationStatus": s.replicated()})
}

// aSecret is what a secret's tags are of; the kinds are IAM's.
const aSecret = "secret"

func (tx *tx) TagResource(s *secret) error {
	return tx.tag(aSecret, &s.Tags)
}

// UntagResource removes tags from a secret; keys that are not there do not matter.
func (tx *tx) UntagResource(in *secretsmanager.UntagResourceInput, s *secret) {
	s.Tags = kind(aSecret).withoutTags(s.Tags, in.TagKeys...)
}

func (tx *tx) PutResourcePolicy(in *secretsmanager.PutResourcePolicyInput, s *secret) error {
	d, err := tx.checkResourcePolicy(*in.ResourcePolicy)
	if err != nil {
		return err
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
func (tx *tx) GetResourcePolicy(s *secret) {
	tx.out.set(members{"ResourcePolicy": s.Policy})
}

// DeleteResourcePolicy takes a secret's resource policy away; to have none does not matter.
func (tx *tx) DeleteResourcePolicy(s *secret) {
	s.Policy = ""
}
