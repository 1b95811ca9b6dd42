package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// publishAs publishes the project to the buckets <prefix>-<Region>, and returns what a person sees
// of it.
func publishAs(t *testing.T, prefix string, regions ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"publish", "-prefix", prefix}, regions...), &out)
	return out.String(), err
}

func TestAVersionIsPublishedOnce(t *testing.T) {
	docs, err := os.ReadFile("../../docs/releasing.md")
	require.NoError(t, err)
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-central-1")

	screen, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	first := cloud.read("acme-us-east-1")
	assert.Equal(t, first, cloud.read("acme-eu-central-1"))
	assert.ElementsMatch(t, []string{
		"redis-cloud-iam/1.2.3/provisioner.zip", "redis-cloud-iam/1.2.3/watcher.zip", "redis-cloud-iam/1.2.3/redis-cloud-iam.yaml",
		"redis-cloud-iam/1.2.3/stackset.yaml", "redis-cloud-iam/1.2.3/SHA256SUMS",
	}, slices.Collect(maps.Keys(first)))
	assert.Equal(t, "a zip", first["redis-cloud-iam/1.2.3/provisioner.zip"])

	links := regexp.MustCompile(`(?m)^ {2}(https://.*)$`).FindAllStringSubmatch(screen, -1)
	require.Len(t, links, 2)
	for i, region := range []string{"eu-central-1", "us-east-1"} {
		assert.Contains(t, screen, "[![Launch stack in "+region+"](https://s3.amazonaws.com/cloudformation-examples/cloudformation-launch-stack.png)]("+links[i][1]+")")
		link, err := url.Parse(links[i][1])
		require.NoError(t, err)
		assert.Equal(t, region+".console.aws.amazon.com", link.Host)
		page, query, _ := strings.Cut(link.Fragment, "?")
		assert.Equal(t, "/stacks/quickcreate", page)
		asked, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.Equal(t, "redis-cloud", asked.Get("stackName"))
		assert.Equal(t, "acme", asked.Get("param_ArtifactBucketPrefix"))
		status, _ := cloud.browse(asked.Get("templateURL"))
		assert.Equal(t, http.StatusForbidden, status, "publishing makes nothing public")
		cloud.letEverybodyIn("acme-"+region, docs)
		status, template := cloud.browse(asked.Get("templateURL"))
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, first["redis-cloud-iam/1.2.3/redis-cloud-iam.yaml"], template)
		assert.Contains(t, template, "\n    Default: \"acme\"\n")
	}

	puts := len(cloud.puts)
	again, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	assert.Contains(t, again, "Nothing was uploaded: 1.2.3 was there already. To publish something else, raise SemanticVersion in template.yaml")
	assert.Contains(t, again, links[0][1])
	assert.Len(t, cloud.puts, puts, "uploads where everything was there")

	raise(t, "1.3.0")
	_, err = publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	both := cloud.read("acme-eu-central-1")
	assert.Len(t, both, 10)
	assert.Subset(t, both, first)
	assert.Contains(t, both, "redis-cloud-iam/1.3.0/SHA256SUMS")
}

func TestAPublishThatDiedIsCompleted(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-central-1")
	cloud.front = func(w http.ResponseWriter, r *http.Request) bool {
		dies := r.Method == http.MethodPut && strings.Contains(r.URL.Path, "acme-us-east-1") && strings.HasSuffix(r.URL.Path, "stackset.yaml")
		if dies {
			w.WriteHeader(http.StatusForbidden)
		}
		return dies
	}
	_, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.ErrorContains(t, err, "us-east-1: upload s3://acme-us-east-1/redis-cloud-iam/1.2.3/stackset.yaml")
	require.ErrorContains(t, err, "publish again")
	assert.Len(t, cloud.read("acme-us-east-1"), 3)
	assert.NotContains(t, cloud.read("acme-eu-central-1"), "redis-cloud-iam/1.2.3/SHA256SUMS", "the version is whole nowhere yet")

	cloud.front, cloud.puts = nil, nil
	_, err = publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	assert.Len(t, cloud.puts, 3, "what is there stays as it is")
	assert.Len(t, cloud.read("acme-us-east-1"), 5)
	assert.Equal(t, cloud.read("acme-us-east-1"), cloud.read("acme-eu-central-1"))
}

func TestARegionIsAddedLater(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-central-1")
	_, err := publishAs(t, "acme", "us-east-1")
	require.NoError(t, err)
	_, err = publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	assert.Equal(t, cloud.read("acme-us-east-1"), cloud.read("acme-eu-central-1"))
}

func TestSHA256SUMSComesLastEverywhere(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-central-1")
	_, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.NoError(t, err)
	require.Len(t, cloud.puts, 10)
	for _, put := range cloud.puts[:6] {
		assert.NotContains(t, put.URL.Path, "SHA256SUMS")
	}

	held := cloud.read("acme-us-east-1")
	for line := range strings.Lines(held["redis-cloud-iam/1.2.3/SHA256SUMS"]) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		assert.Equal(t, sum, fmt.Sprintf("%x", sha256.Sum256([]byte(held["redis-cloud-iam/1.2.3/"+name]))), name)
	}
	assert.Len(t, strings.Split(held["redis-cloud-iam/1.2.3/SHA256SUMS"], "\n"), 5)
}

// TestNoUploadOverwrites has somebody else publish between the look at the bucket and the upload.
func TestNoUploadOverwrites(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	theirs := "somebody else's"
	cloud.front = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "provisioner.zip") {
			cloud.write("acme-us-east-1", "redis-cloud-iam/1.2.3/provisioner.zip", theirs)
		}
		return false
	}
	_, err := publishAs(t, "acme", "us-east-1")
	require.ErrorContains(t, err, "somebody else has published another 1.2.3 at this moment")
	assert.Equal(t, map[string]string{"redis-cloud-iam/1.2.3/provisioner.zip": theirs}, cloud.read("acme-us-east-1"))

	for _, put := range cloud.puts {
		assert.Equal(t, "*", put.Header.Get("If-None-Match"))
		assert.Equal(t, "123456789012", put.Header.Get("X-Amz-Expected-Bucket-Owner"))
	}
}

// TestAnUploadWhoseReplyGotLostIsGood has the upload repeated by the SDK, and meet its own effect.
func TestAnUploadWhoseReplyGotLostIsGood(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.front = func(http.ResponseWriter, *http.Request) bool {
		if len(cloud.puts) == 1 {
			cloud.write("acme-us-east-1", "redis-cloud-iam/1.2.3/provisioner.zip", "a zip")
		}
		return false
	}
	_, err := publishAs(t, "acme", "us-east-1")
	require.NoError(t, err)
	assert.Len(t, cloud.read("acme-us-east-1"), 5)
}

func TestOtherBytesAreRefused(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-central-1")
	cloud.write("acme-us-east-1", "redis-cloud-iam/1.2.3/provisioner.zip", "a ZIP")
	_, err := publishAs(t, "acme", "us-east-1", "eu-central-1")
	require.EqualError(t, err, "nothing was uploaded:\nus-east-1: the bucket acme-us-east-1 has a 1.2.3 that differs (provisioner.zip). "+
		"What is published never changes: raise SemanticVersion in template.yaml, run make templates and commit")
	assert.Empty(t, cloud.puts)
}

func TestEveryFaultIsToldBeforeAnythingIsUploaded(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	cloud.createBucket("acme-us-east-1", "us-east-1")
	cloud.createBucket("acme-eu-central-1", "eu-west-1")
	require.NoError(t, os.WriteFile("templates/redis-cloud-iam.yaml", []byte("Resources: {}\n"), 0o600))
	_, err := publishAs(t, "acme", "us-east-1", "eu-central-1", "ap-south-1")
	require.EqualError(t, err, strings.Join([]string{
		"nothing was uploaded:",
		"not everything is committed: commit or stash it, so that the version can be built again from its commit",
		" M templates/redis-cloud-iam.yaml",
		"templates/redis-cloud-iam.yaml is stale: run make templates and commit",
		"ap-south-1: there is no bucket acme-ap-south-1. Create it, let those read it who may launch from it (docs/releasing.md), and publish again:",
		"  aws s3 mb s3://acme-ap-south-1 --region ap-south-1",
		"eu-central-1: the bucket acme-eu-central-1 is in eu-west-1, and Lambda takes code from its own Region alone. " +
			"Choose another ARTIFACT_BUCKET_PREFIX, or delete the bucket and create it in its Region:",
		"  aws s3 mb s3://acme-eu-central-1 --region eu-central-1",
	}, "\n"))

	commit(t)
	require.NoError(t, os.Remove("build/provisioner.zip"))
	_, err = publishAs(t, "Acme")
	require.ErrorContains(t, err, `ARTIFACT_BUCKET_PREFIX is "Acme"`)
	require.ErrorContains(t, err, "REGIONS is missing")
	require.ErrorContains(t, err, "build/provisioner.zip")
	assert.Empty(t, cloud.puts)
	assert.Empty(t, cloud.read("acme-us-east-1"))
}

func checkAs(t *testing.T, prefix string, regions ...string) error {
	t.Helper()
	return run(t.Context(), append([]string{"check", "-prefix", prefix}, regions...), io.Discard)
}

func TestArgumentsAreCheckedBeforeTheBuild(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	newProject(t)
	require.NoError(t, os.RemoveAll("build"))
	err = checkAs(t, "Acme")
	require.ErrorContains(t, err, `nothing was built:`)
	require.ErrorContains(t, err, `ARTIFACT_BUCKET_PREFIX is "Acme"`)
	require.ErrorContains(t, err, "REGIONS is missing")
	require.NotContains(t, err.Error(), "committed")
	require.NoError(t, os.WriteFile("more", nil, 0o600))
	require.ErrorContains(t, checkAs(t, "Acme", "us-east-1"), "?? more")
	require.NoError(t, os.RemoveAll(".git"))
	require.ErrorContains(t, checkAs(t, "Acme", "us-east-1"), "publish from a clone of the repository")
	t.Setenv("PATH", "")
	require.ErrorContains(t, checkAs(t, "Acme", "us-east-1"), "git is missing")
	assert.Regexp(t, `(?s)\npublish: need-go .*release check .* package\n.*release publish `, string(makefile))
}

func TestBucketsAreLookedAtBeforeTheBuild(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	require.NoError(t, os.RemoveAll("build"))
	cloud.createBucket("acme-us-east-1", "us-east-1")
	require.NoError(t, checkAs(t, "acme", "us-east-1"))
	require.ErrorContains(t, checkAs(t, "acme", "us-east-1", "eu-west-1"), "nothing was built:\neu-west-1: there is no bucket acme-eu-west-1")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://s3.us-nowhere-1.invalid")
	require.ErrorContains(t, checkAs(t, "acme", "us-nowhere-1"), "us-nowhere-1: there is no such Region")
}

// TestABucketThatIsNotOursIsNamed has S3 answer as moto does not.
func TestABucketThatIsNotOursIsNamed(t *testing.T) {
	cloud := newCloud(t)
	newProject(t)
	for _, answer := range []struct {
		status int
		says   string
	}{
		{http.StatusForbidden, "the bucket acme-us-east-1 is not of account 123456789012, or these credentials lack s3:ListBucket for it"},
		{http.StatusMovedPermanently, "the bucket acme-us-east-1 is in eu-west-1, and Lambda takes code from its own Region alone"},
		{http.StatusBadRequest, "us-east-1: look at the bucket acme-us-east-1"},
	} {
		cloud.front = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				assert.Equal(t, "123456789012", r.Header.Get("X-Amz-Expected-Bucket-Owner"))
				w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
				w.WriteHeader(answer.status)
			}
			return r.Method == http.MethodHead
		}
		_, err := publishAs(t, "acme", "us-east-1")
		require.ErrorContains(t, err, answer.says)
	}
}
