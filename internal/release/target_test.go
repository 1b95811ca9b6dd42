package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinksLeadToTheConsoleOfTheirPartition(t *testing.T) {
	for region, link := range map[string]string{
		"eu-central-1": "https://eu-central-1.console.aws.amazon.com/cloudformation/home?region=eu-central-1#/stacks/quickcreate" +
			"?templateURL=https%3A%2F%2Facme-eu-central-1.s3.eu-central-1.amazonaws.com%2Fredis-cloud-iam%2F1.2.3%2Fredis-cloud-iam.yaml" +
			"&stackName=redis-cloud&param_ArtifactBucketPrefix=acme",
		"us-gov-west-1": "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudformation/home?region=us-gov-west-1#/stacks/quickcreate" +
			"?templateURL=https%3A%2F%2Facme-us-gov-west-1.s3.us-gov-west-1.amazonaws.com%2Fredis-cloud-iam%2F1.2.3%2Fredis-cloud-iam.yaml" +
			"&stackName=redis-cloud&param_ArtifactBucketPrefix=acme",
		"cn-north-1": "https://cn-north-1.console.amazonaws.cn/cloudformation/home?region=cn-north-1#/stacks/quickcreate" +
			"?templateURL=https%3A%2F%2Facme-cn-north-1.s3.cn-north-1.amazonaws.com.cn%2Fredis-cloud-iam%2F1.2.3%2Fredis-cloud-iam.yaml" +
			"&stackName=redis-cloud&param_ArtifactBucketPrefix=acme",
	} {
		found, err := targets("acme", []string{region})
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, link, found[0].quickCreate("1.2.3"))
	}
}

func TestARegionNamedTwiceIsOneTarget(t *testing.T) {
	found, err := targets("acme", []string{"us-east-1", "eu-west-1", "us-east-1"})
	require.NoError(t, err)
	assert.Len(t, found, 2)
}

func TestTheInputsFaultsAreToldAllAtOnce(t *testing.T) {
	found, err := targets("", nil)
	assert.Empty(t, found)
	require.ErrorContains(t, err, "ARTIFACT_BUCKET_PREFIX is missing")
	require.ErrorContains(t, err, "REGIONS is missing")

	found, err = targets("my.prefix", []string{"us-east-1,eu-west-1", "us-iso-east-1", "us-east-1", "cn-north-1"})
	assert.Empty(t, found)
	require.ErrorContains(t, err, `ARTIFACT_BUCKET_PREFIX is "my.prefix"`)
	require.ErrorContains(t, err, `"us-east-1,eu-west-1" is no Region`)
	require.ErrorContains(t, err, `"us-iso-east-1" is no Region`)
	require.ErrorContains(t, err, "REGIONS are in several partitions (aws, aws-cn)")
}

// TestThePrefixLeavesRoomForTheLongestRegion has the 63 characters of a bucket's name.
func TestThePrefixLeavesRoomForTheLongestRegion(t *testing.T) {
	const most = "a23456789-123456789-123456789-123456789-1234567"
	assert.Len(t, most+"-us-isof-south-1", 63)
	assert.True(t, validPrefix(most))
	for _, prefix := range []string{most + "9", "", "ab", "-ab", "ab-", "a_b", "ABC", "a.b", "a b"} {
		assert.False(t, validPrefix(prefix), prefix)
	}
}
