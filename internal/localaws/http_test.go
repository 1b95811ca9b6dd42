package localaws

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overTheWire starts a server and returns a configuration for clients that talk to it through a
// socket.
func overTheWire(t *testing.T, a *Account, id, secret string) aws.Config {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	config := a.Config(id, secret)
	config.BaseEndpoint, config.HTTPClient = aws.String(server.URL), server.Client()
	return config
}

func TestOverTheWire(t *testing.T) {
	a := New(Options{Partition: "aws-cn", Region: "cn-north-1"})
	s := teller{t, a, clients(overTheWire(t, a, "", ""))}
	key := keyFor(s, "redis")
	assert.Equal(t, "arn:aws-cn:iam::123456789012:user/redis", *ask[iam.GetUserOutput](s, getUser("redis")).User.Arn)
	s.do(createSecret(1, "x"))
	assert.Regexp(t, `^arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:redis-cloud/access-key-[A-Za-z0-9]{6}$`, a.Snapshot().Secrets[secretName].ARN)
	user := s
	user.services = clients(overTheWire(t, a, *key.AccessKeyId, *key.SecretAccessKey))
	user.do(&sts.GetCallerIdentityInput{})
	user.services = clients(overTheWire(t, a, *key.AccessKeyId, "wrong"))
	user.refused("SignatureDoesNotMatch", &sts.GetCallerIdentityInput{})

	a.Inject(OnAction("CreateRole").LoseReply().Times(1), OnAction("ListUsers").Hang())
	_, err := s.try(t.Context(), createRole("redis"))
	require.ErrorIs(t, err, io.EOF)
	assert.Contains(t, a.Snapshot().Roles, "redis")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = s.try(ctx, &iam.ListUsersInput{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestBadRequestsAreRefused(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	credential := "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"
	for what, c := range map[string]struct {
		method, contentType, target, authorization, body string
		status                                           int
		code                                             string
	}{
		"not POST":            {"GET", form, "", credential, "", 400, "InvalidRequest"},
		"no form":             {"POST", "text/plain", "", credential, "Action=GetUser&Version=2010-05-08", 400, "MalformedInput"},
		"broken escapes":      {"POST", form, "", credential, "Action=%zz", 400, "MalformedQueryString"},
		"no version":          {"POST", form, "", credential, "Action=GetUser", 400, "NoSuchVersion"},
		"unknown action":      {"POST", form, "", credential, "Action=Header&Version=2010-05-08", 400, "InvalidAction"},
		"no operation":        {"POST", form, "", credential, "Action=Options&Version=2010-05-08", 400, "InvalidAction"},
		"no signature":        {"POST", form, "", "", "Action=GetUser&Version=2010-05-08", 403, "MissingAuthenticationToken"},
		"half a signature":    {"POST", form, "", "AWS4-HMAC-SHA256 Credential=test", "Action=GetUser&Version=2010-05-08", 400, "IncompleteSignature"},
		"not a number":        {"POST", form, "", credential, "Action=ListUsers&Version=2010-05-08&MaxItems=many", 400, "MalformedInput"},
		"nothing required":    {"POST", form, "", credential, "Action=CreateUser&Version=2010-05-08", 400, "ValidationError"},
		"too long":            {"POST", form, "", credential, strings.Repeat("x", maxBody+1), 413, "RequestEntityTooLarge"},
		"unknown operation":   {"POST", jsonType, "secretsmanager.RotateSecret", credential, "{}", 400, "UnknownOperationException"},
		"not JSON":            {"POST", jsonType, "secretsmanager.CreateSecret", credential, "{", 400, "SerializationException"},
		"nothing it requires": {"POST", jsonType, "secretsmanager.CreateSecret", credential, "{}", 400, "ValidationException"},
	} {
		t.Run(what, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("X-Amz-Date", "20250101T000000Z")
			r.Header.Set("Authorization", c.authorization)
			if c.target != "" {
				r.Header.Set("X-Amz-Target", c.target)
			}
			w := httptest.NewRecorder()
			New(Options{}).ServeHTTP(w, r)
			assert.Equal(t, c.status, w.Code)
			assert.Contains(t, w.Body.String(), c.code)
		})
	}
}

func TestAnOldSignatureIsRefused(t *testing.T) {
	a := New(Options{})
	key := keyFor(newTeller(t, a), "redis")
	var sent *http.Request
	config := a.Config(*key.AccessKeyId, *key.SecretAccessKey)
	config.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		sent = r
		r.Header.Set("X-Amz-Date", time.Now().Add(-time.Hour).UTC().Format("20060102T150405Z"))
		return transport{a}.RoundTrip(r)
	})
	_, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
	require.ErrorContains(t, err, "SignatureDoesNotMatch")
	assert.NotNil(t, sent)
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
