package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/moto"
	"redis-cloud-iam/internal/templates"
)

// cloud is moto's S3 behind a front that sees every call.
type cloud struct {
	*testing.T
	moto  *url.URL
	puts  []*http.Request                                          // uploads, as they came
	front func(w http.ResponseWriter, r *http.Request) (done bool) // answers in moto's place, if it likes
}

// newCloud starts a cloud, and has the environment lead to it and to no account of anybody's.
func newCloud(t *testing.T) *cloud {
	t.Helper()
	endpoint, stop, err := moto.Start(t.Context(), "../..")
	if errors.Is(err, moto.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err, "in CI publishing must be tested")
	t.Cleanup(stop)
	address, err := url.Parse(endpoint)
	require.NoError(t, err)
	c := &cloud{T: t, moto: address}
	forward := httputil.NewSingleHostReverseProxy(address)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			c.puts = append(c.puts, r.Clone(r.Context()))
		}
		if c.front == nil || !c.front(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": front.URL, "AWS_ACCESS_KEY_ID": "PUBLISHER", "AWS_SECRET_ACCESS_KEY": "not-a-secret",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return c
}

// s3 is moto without the front, for what happens beside publishing.
func (c *cloud) s3(region string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: aws.String(c.moto.String()), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("SOMEBODY", "not-a-secret", ""),

		DisableLogOutputChecksumValidationSkipped: true,
	})
}

func (c *cloud) createBucket(name, region string) {
	c.Helper()
	input := &s3.CreateBucketInput{Bucket: &name}
	if region != "us-east-1" {
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	_, err := c.s3(region).CreateBucket(c.Context(), input)
	require.NoError(c, err)
}

func (c *cloud) write(bucket, key, content string) {
	c.Helper()
	_, err := c.s3("us-east-1").PutObject(c.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: strings.NewReader(content),
	})
	require.NoError(c, err)
}

// read is what the bucket holds, by key.
func (c *cloud) read(bucket string) map[string]string {
	c.Helper()
	client := c.s3("us-east-1")
	listed, err := client.ListObjectsV2(c.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	require.NoError(c, err)
	held := map[string]string{}
	for _, object := range listed.Contents {
		got, err := client.GetObject(c.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: object.Key})
		require.NoError(c, err)
		content, err := io.ReadAll(got.Body)
		require.NoError(c, err)
		held[*object.Key] = string(content)
	}
	return held
}

// browse gets an address as anybody does, with moto in the place of AWS.
func (c *cloud) browse(address string) (status int, content string) {
	c.Helper()
	browser := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, c.moto.Host)
	}}}
	defer browser.CloseIdleConnections()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, strings.Replace(address, "https://", "http://", 1), http.NoBody)
	require.NoError(c, err)
	response, err := browser.Do(request)
	require.NoError(c, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(c, err)
	return response.StatusCode, string(body)
}

// letEverybodyIn sets the bucket's policy as docs/releasing.md says.
func (c *cloud) letEverybodyIn(bucket string, docs []byte) {
	c.Helper()
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(docs)
	require.NotNil(c, block)
	policy := regexp.MustCompile(`,\s*"Condition": .*`).ReplaceAllString(string(block[1]), "")
	require.Contains(c, policy, "my-prefix-us-east-1")
	_, err := c.s3("us-east-1").PutBucketPolicy(c.Context(), &s3.PutBucketPolicyInput{
		Bucket: &bucket, Policy: aws.String(strings.ReplaceAll(policy, "my-prefix-us-east-1", bucket)),
	})
	require.NoError(c, err)
}

// newProject makes a project whose version 1.2.3 can be published, and goes there.
func newProject(t *testing.T) {
	t.Helper()
	source, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("build", 0o755))
	require.NoError(t, os.Mkdir("templates", 0o755))
	for name, content := range map[string]string{
		".gitignore": "/build/\n", "build/provisioner.zip": "a zip", "build/watcher.zip": "another zip", "template.yaml": string(source),
	} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	git(t, "init", "--quiet")
	raise(t, "1.2.3")
}

// raise makes the project's next version.
func raise(t *testing.T, version string) {
	t.Helper()
	source, err := os.ReadFile("template.yaml")
	require.NoError(t, err)
	source = regexp.MustCompile(`SemanticVersion: .*`).ReplaceAll(source, []byte("SemanticVersion: "+version))
	made, err := templates.All(source, templates.Artifacts{})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("template.yaml", source, 0o600))
	for name, content := range made {
		require.NoError(t, os.WriteFile(filepath.Join("templates", name), content, 0o600))
	}
	commit(t)
}

func commit(t *testing.T) {
	t.Helper()
	git(t, "add", "--all")
	git(t, "-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "commit", "--quiet", "--message", "A version")
}

func git(t *testing.T, arguments ...string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "git", arguments...).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
