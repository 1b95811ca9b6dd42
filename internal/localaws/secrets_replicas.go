package localaws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// replicated are the Regions that a secret is replicated to, as DescribeSecret and the two calls
// below return them. A replica is in sync at once, and the other Regions are not modelled.
func (s *secret) replicated() []secrettypes.ReplicationStatusType {
	var list []secrettypes.ReplicationStatusType
	for _, region := range s.Replicas {
		list = append(list, secrettypes.ReplicationStatusType{
			Region: aws.String(region), KmsKeyId: aws.String("alias/aws/secretsmanager"), Status: secrettypes.StatusTypeInSync,
		})
	}
	return list
}

func (tx *tx) ReplicateSecretToRegions(in *secretsmanager.ReplicateSecretToRegionsInput, out *secretsmanager.ReplicateSecretToRegionsOutput, s *secret) error {
	regions := slices.Clone(s.Replicas)
	for _, replica := range in.AddReplicaRegions {
		region := aws.ToString(replica.Region)
		if region == tx.region {
			return refuse(invalidParameter, "Invalid replica region.")
		}
		if !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	s.Replicas = regions
	out.ReplicationStatus = s.replicated()
	return nil
}

func (tx *tx) RemoveRegionsFromReplication(in *secretsmanager.RemoveRegionsFromReplicationInput, out *secretsmanager.RemoveRegionsFromReplicationOutput, s *secret) error {
	s.Replicas = slices.DeleteFunc(s.Replicas, func(region string) bool { return slices.Contains(in.RemoveReplicaRegions, region) })
	out.ReplicationStatus = s.replicated()
	return nil
}

// undeletable is the error of DeleteSecret for a secret that has replicas, whether its deletion is
// forced or scheduled; nil for any other.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html. The
// words are those that https://github.com/rebuy-de/aws-nuke/issues/1127 quotes.
func (s *secret) undeletable() error {
	if s == nil || len(s.Replicas) == 0 {
		return nil
	}
	return refuse(invalidParameter, "You can't delete secret %s that still has replica regions [%s].", s.ARN, strings.Join(s.Replicas, ", "))
}
