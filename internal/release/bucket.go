package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"redis-cloud-iam/internal/templates"
)

// bucket is where a Region's files go. Every call says whose it must be: a name such as my-prefix-eu-central-1 is easily guessed,
// and who has taken it first must not get to say what the link launches.
type bucket struct {
	target
	client  *s3.Client
	owner   string // AWS account
	version contents
	missing map[string]bool // the files of the version that are not there yet
	files   []file          // of the version, as they are in this bucket

	objectVersions map[string]string // of the zips that are there; "" in a bucket without versions
}

func newBucket(cfg aws.Config, place target, owner string, version contents) *bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.Region = place.region
		o.UsePathStyle = o.BaseEndpoint != nil // an emulator has no host name for each bucket
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return &bucket{target: place, client: client, owner: owner, version: version, missing: map[string]bool{}, objectVersions: map[string]string{}}
}

// survey looks at the bucket and at what it holds of the version.
func (b *bucket) survey(ctx context.Context) error {
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
	if _, nowhere := errors.AsType[*net.DNSError](err); nowhere {
		return fmt.Errorf("%s: there is no such Region in REGIONS, or this machine does not reach it: %w", b.region, err)
	}
	if err != nil {
		return fmt.Errorf("%s: look at the bucket %s: %w", b.region, b.bucket(), err)
	}
	if region != b.region {
		return fmt.Errorf("%s: the bucket %s is in %s, and Lambda takes code from its own Region alone. Choose another ARTIFACT_BUCKET_PREFIX, "+
			"or delete the bucket and create it in its Region:\n  %s", b.region, b.bucket(), region, b.create())
	}

	if b.files, err = b.version.files(nil); err != nil {
		return err
	}
	var different []string
	for i := range b.files { // the zips come first, and decide about the rest
		name := b.files[i].name
		there, objectVersion, err := b.get(ctx, name)
		if err == nil {
			err = b.pin(i, objectVersion)
		}
		switch {
		case err != nil:
			return err
		case there == nil:
			b.missing[name] = true
		case !bytes.Equal(there, b.files[i].content):
			different = append(different, name)
		}
	}
	if len(different) > 0 {
		return fmt.Errorf("%s: the bucket %s has a %s that differs (%s). What is published never changes: raise SemanticVersion in "+
			"template.yaml, run make templates and commit", b.region, b.bucket(), b.version.version, strings.Join(different, ", "))
	}
	return nil
}

// pin says which version of the object a file is. The template names that of a zip, so that nobody
// who may write to the bucket later can change what it runs.
func (b *bucket) pin(i int, objectVersion string) (err error) {
	if path.Ext(b.files[i].name) != ".zip" {
		return nil
	}
	b.objectVersions[b.files[i].name] = objectVersion
	if b.files, err = b.version.files(b.objectVersions); err != nil {
		return fmt.Errorf("%s: %w", b.region, err)
	}
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
		if path.Ext(f.name) != ".yaml" {
			continue
		}
		if err := write(filepath.Join(folder, f.name), f.content); err != nil {
			return err
		}
	}
	return nil
}

// create is the command that makes the bucket.
func (b *bucket) create() string {
	return fmt.Sprintf("aws s3 mb s3://%s --region %s", b.bucket(), b.region)
}

// address is where a file is, for people.
func (b *bucket) address(name string) string {
	return fmt.Sprintf("s3://%s/%s", b.bucket(), b.key(name))
}

func (b *bucket) key(name string) string { return templates.Key(b.version.version, name) }

// get returns what the bucket has under the file's name, and its version where the bucket has versions;
// nil where it has nothing.
func (b *bucket) get(ctx context.Context, name string) (content []byte, objectVersion string, err error) {
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(b.bucket()), Key: aws.String(b.key(name)), ExpectedBucketOwner: &b.owner,
	})
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, "", nil
	}
	if err == nil {
		defer object.Body.Close()
		content, err = io.ReadAll(object.Body)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: read %s: %w", b.region, b.address(name), err)
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

// put uploads a file that was not there, and returns its version where the bucket has versions. If
// it is there by now, it must have the same bytes: then it was this upload, whose reply got lost,
// or somebody who publishes the same.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (b *bucket) put(ctx context.Context, f file) (objectVersion string, err error) {
	sum := sha256.Sum256(f.content)
	stored, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(b.bucket()), Key: aws.String(b.key(f.name)), ExpectedBucketOwner: &b.owner,
		IfNoneMatch: aws.String("*"), Body: bytes.NewReader(f.content), ContentType: &f.contentType,
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	if err == nil {
		return versionOf(stored.VersionId), nil
	}
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || response.HTTPStatusCode() != http.StatusPreconditionFailed {
		return "", fmt.Errorf("%s: upload %s: %w", b.region, b.address(f.name), err)
	}
	there, objectVersion, err := b.get(ctx, f.name)
	if err == nil && !bytes.Equal(there, f.content) {
		err = fmt.Errorf("%s: %s: somebody else has published another %s at this moment. Nothing of it was overwritten",
			b.region, b.address(f.name), b.version.version)
	}
	return objectVersion, err
}
