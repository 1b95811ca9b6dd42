package localaws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
)

func TestASecretWithReplicasCannotBeDeleted(t *testing.T) {
	story(t, func(s teller) {
		s.do(createSecret(1, "x"))
		assert.Empty(s, ask[secretsmanager.DescribeSecretOutput](s, describeSecret()).ReplicationStatus)
		replicate := func(regions ...string) *secretsmanager.ReplicateSecretToRegionsInput {
			in := &secretsmanager.ReplicateSecretToRegionsInput{SecretId: aws.String(secretName)}
			for _, region := range regions {
				in.AddReplicaRegions = append(in.AddReplicaRegions, secrettypes.ReplicaRegionType{Region: aws.String(region)})
			}
			return in
		}
		s.refused("InvalidParameterException", replicate("us-east-1"))
		s.refused("ValidationException", replicate("Mars"))
		s.do(replicate("us-west-2", "eu-west-1"), replicate("eu-west-1"))
		var regions []string
		for _, replica := range ask[secretsmanager.DescribeSecretOutput](s, describeSecret()).ReplicationStatus {
			assert.Equal(s, secrettypes.StatusTypeInSync, replica.Status)
			regions = append(regions, *replica.Region)
		}
		assert.Equal(s, []string{"eu-west-1", "us-west-2"}, regions)
		assert.Equal(s, regions, s.account.Snapshot().Secrets[secretName].Replicas)

		forced := &secretsmanager.DeleteSecretInput{SecretId: aws.String(secretName), ForceDeleteWithoutRecovery: aws.Bool(true)}
		remove := func(region string) *secretsmanager.RemoveRegionsFromReplicationInput {
			return &secretsmanager.RemoveRegionsFromReplicationInput{SecretId: aws.String(secretName), RemoveReplicaRegions: []string{region}}
		}
		s.refused("InvalidParameterException", forced)
		s.do(remove("us-west-2"))
		s.refused("InvalidParameterException", &secretsmanager.DeleteSecretInput{SecretId: aws.String(secretName)})
		s.do(remove("eu-west-1"), forced)
		assert.Empty(s, s.account.Snapshot().Secrets)
	})
}
