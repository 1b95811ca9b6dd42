package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucket is where a Region's files go. Every call says whose it must be: a name such as my-prefix-eu-central-1 is easily guessed,
// and who has taken it first must not get to say what the link launches.
type bucket struct {
	target
	client  *s3.Client
	owner   string          // AWS account
	missing map[string]bool // the files of the version that are not there yet
	files   []file          // of the version, as they are in this bucket

	objectVersions map[string]string // of the zips that are there
}

func newBucket(cfg aws.Config, place target, owner string) *bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.Region = place.region
		o.UsePathStyle = o.BaseEndpoint != nil // an emulator has no host name for each bucket
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return &bucket{target: place, client: client, owner: owner, missing: map[string]bool{}, objectVersions: map[string]string{}}
}

// survey looks at the bucket and at what it holds of the version.
func (b *bucket) survey(ctx context.Context, version contents) error {
	name := aws.String(b.bucket())
	head, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: name, ExpectedBucketOwner: &b.owner})
	region := b.region
	if err == nil && head.BucketRegion != nil {
		region = *head.BucketRegion
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		switch response.HTTPStatusCode() {
		case http.StatusNotFound:
			return fmt.Errorf("%s: there is no bucket %s. Create it, let those read it who may launch from it (docs/releasing.md), and publish again:\n  %s",
				b.region, b.bucket(), b.create())
		case http.StatusForbidden:
			return fmt.Errorf("%s: the bucket %s is not of account %s, or these credentials lack s3:ListBucket for it. If it is "+
				"somebody else's, choose another ARTIFACT_BUCKET_PREFIX", b.region, b.bucket(), b.owner)
		case http.StatusMovedPermanently:
			region, err = response.Response.Header.Get("x-amz-bucket-region"), nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s: look at the bucket %s: %w", b.region, b.bucket(), err)
	}
	if region != b.region {
		return fmt.Errorf("%s: the bucket %s is in %s, and Lambda takes code from its own Region alone. Choose another ARTIFACT_BUCKET_PREFIX, "+
			"or delete the bucket and create it in its Region:\n  %s", b.region, b.bucket(), region, b.create())
	}

	for name := range zips() {
		_, objectVersion, err := b.get(ctx, version.version, name)
		if err == nil {
			err = b.pin(version, name, objectVersion)
		}
		if err != nil {
			return err
		}
	}
	var different []string
	for _, f := range b.files {
		there, _, err := b.get(ctx, version.version, f.name)
		switch {
		case err != nil:
			return err
		case there == nil:
			b.missing[f.name] = true
		case !bytes.Equal(there, f.content):
			different = append(different, f.name)
		}
	}
	if len(different) > 0 {
		return fmt.Errorf("%s: the bucket %s has a %s that differs (%s). What is published never changes: raise SemanticVersion in "+
			"template.yaml, run make templates and commit", b.region, b.bucket(), version.version, strings.Join(different, ", "))
	}
	return nil
}

// pin says which version of the object a zip is; "" where the bucket has no versions, or no such zip yet.
// The template names it, so that nobody who may write to the bucket later can change what it runs.
func (b *bucket) pin(version contents, name, objectVersion string) error {
	b.objectVersions[name] = objectVersion
	files, err := version.pinned(b.objectVersions)
	if err != nil {
		return fmt.Errorf("%s: %w", b.region, err)
	}
	b.files = files
	return nil
}

// keep writes the templates as they are in the bucket into build/published/<Region>, where a release
// workflow finds what it attests.
func (b *bucket) keep() error {
	folder := filepath.Join("build", "published", b.region)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // it is published
		return err
	}
	for _, f := range b.files {
		if f.name != plainName && f.name != stackSetName {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, f.name), f.content, 0o644); err != nil { //nolint:gosec // it is published
			return err
		}
	}
	return nil
}

// create is the command that makes the bucket.
func (b *bucket) create() string {
	return fmt.Sprintf("aws s3 mb s3://%s --region %s", b.bucket(), b.region)
}

// get returns what the bucket has under the file's name, and its version where the bucket has versions;
// nil where it has nothing.
func (b *bucket) get(ctx context.Context, version, name string) (content []byte, objectVersion string, err error) {
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(b.bucket()), Key: aws.String(key(version, name)), ExpectedBucketOwner: &b.owner,
	})
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: read s3://%s/%s: %w", b.region, b.bucket(), key(version, name), err)
	}
	defer object.Body.Close()
	content, err = io.ReadAll(object.Body)
	if err != nil {
		return nil, "", fmt.Errorf("%s: read s3://%s/%s: %w", b.region, b.bucket(), key(version, name), err)
	}
	return content, versionOf(object.VersionId), nil
}

// versionOf is the version of an object, "" in a bucket without versions. An object that is older than the
// versions of its bucket has the version "null", which another upload would replace.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
func versionOf(id *string) string {
	if aws.ToString(id) == "null" {
		return ""
	}
	return aws.ToString(id)
}

// put uploads a file that was not there, and returns its version where the bucket has versions. If it is there by now, it must have the same bytes: then it was this upload, whose
// reply got lost, or somebody who publishes the same.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (b *bucket) put(ctx context.Context, version string, f file) (objectVersion string, err error) {
	sum := sha256.Sum256(f.content)
	stored, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(b.bucket()), Key: aws.String(key(version, f.name)), ExpectedBucketOwner: &b.owner,
		IfNoneMatch: aws.String("*"), Body: bytes.NewReader(f.content), ContentType: &f.contentType,
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if ok && response.HTTPStatusCode() == http.StatusPreconditionFailed {
		there, objectVersion, getErr := b.get(ctx, version, f.name)
		if getErr != nil {
			return "", getErr
		}
		if bytes.Equal(there, f.content) {
			return objectVersion, nil
		}
		return "", fmt.Errorf("%s: s3://%s/%s: somebody else has published another %s at this moment. Nothing of it was overwritten",
			b.region, b.bucket(), key(version, f.name), version)
	}
	if err != nil {
		return "", fmt.Errorf("%s: upload s3://%s/%s: %w", b.region, b.bucket(), key(version, f.name), err)
	}
	return versionOf(stored.VersionId), nil
}
