package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *cloud) keepVersions(bucket string) {
	c.Helper()
	_, err := c.s3("us-east-1").PutBucketVersioning(c.Context(), &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	require.NoError(c, err)
}

// Whoever may write to the bucket later cannot change what a template that is published runs.
func TestATemplateNamesTheVersionOfItsZip(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	for _, region := range []string{"us-east-1", "eu-central-1"} {
		cloud.createBucket("acme-"+region, region)
	}
	cloud.keepVersions("acme-us-east-1")
	cloud.front = func(w http.ResponseWriter, r *http.Request) bool {
		dies := r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "redis-cloud-iam.yaml")
		if dies {
			w.WriteHeader(http.StatusForbidden)
		}
		return dies
	}
	_, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.Error(t, err, "it dies after the zip, and finds its version again")
	cloud.front = nil
	printed, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	assert.Contains(t, printed, fmt.Sprintf("SHA-256 of the functions' zips:\n  %x  provisioner.zip\n  %x  watcher.zip\n",
		sha256.Sum256([]byte("a zip")), sha256.Sum256([]byte("another zip"))))

	const folder = "redis-cloud-iam/1.2.3/"
	held, without := cloud.read("acme-us-east-1"), cloud.read("acme-eu-central-1")
	unpinned := held[folder+"redis-cloud-iam.yaml"]
	for name := range zips() {
		head, err := cloud.s3("us-east-1").HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("acme-us-east-1"), Key: aws.String(folder + name)})
		require.NoError(t, err)
		require.NotEmpty(t, aws.ToString(head.VersionId))
		line := fmt.Sprintf("/%s\n        S3ObjectVersion: %q\n", name, *head.VersionId)
		require.Contains(t, unpinned, line)
		unpinned = strings.Replace(unpinned, line, "/"+name+"\n", 1)
	}
	kept, err := os.ReadFile("build/published/us-east-1/" + "redis-cloud-iam.yaml")
	require.NoError(t, err)
	assert.Equal(t, held[folder+"redis-cloud-iam.yaml"], string(kept), "what a release workflow attests")
	assert.Equal(t, without[folder+"redis-cloud-iam.yaml"], unpinned, "and nothing else differs")
	for sum := range strings.Lines(held[folder+sumsName]) {
		sum, name, _ := strings.Cut(strings.TrimSpace(sum), "  ")
		assert.Equal(t, sum, fmt.Sprintf("%x", sha256.Sum256([]byte(held[folder+name]))), name)
	}

	again, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	assert.Contains(t, again, "Nothing was uploaded")
	cloud.write("acme-us-east-1", folder+"provisioner.zip", "a zip")
	_, err = publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.ErrorContains(t, err, "has a 1.2.3 that differs", "another version of the zip, though of the same bytes")
}

func TestAVersionThatCannotBeWrittenIsRefused(t *testing.T) {
	source, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	version := contents{"1.2.3", source, "acme", []file{{"provisioner.zip", "", nil}, {"watcher.zip", "", nil}}}
	_, err = version.files(map[string]string{"provisioner.zip": "a\"\nb"})
	require.ErrorContains(t, err, "cannot be written into a template")
	files, err := version.files(map[string]string{"provisioner.zip": "v.1_-", "watcher.zip": ""})
	require.NoError(t, err)
	require.Equal(t, "redis-cloud-iam.yaml", files[2].name)
	assert.Regexp(t, `\n        S3Key: redis-cloud-iam/\S+/provisioner.zip\n        S3ObjectVersion: "v.1_-"\n`, string(files[2].content))
	assert.Equal(t, 1, strings.Count(string(files[2].content), "S3ObjectVersion"))
}
