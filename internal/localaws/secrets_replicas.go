package localaws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// replicated are the Regions that a secret is replicated to, as DescribeSecret and the two calls
// below return them. A replica is in sync at once, and the other Regions are not modelled.
func (s *secret) replicated() []members {
	return each(s.Replicas, func(region string) members {
		return members{"Region": &region, "KmsKeyId": new("alias/aws/secretsmanager"), "Status": secrettypes.StatusTypeInSync}
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
