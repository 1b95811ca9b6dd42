package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

// TestMotoAgrees has moto as the second opinion on localaws. The built binary lives a stack's life
// in it; and every rule is told to both. Where they differ, and only there, the table of
// differences says so.
func TestMotoAgrees(t *testing.T) {
	t.Chdir(module)
	endpoint := startMoto(t)
	t.Run("a stack's life", func(t *testing.T) {
		require.NoError(t, run(t.Context(), newScreen(os.Stdout), nil, endpoint))
	})

	table, met := byRule(t), map[string]bool{}
	for _, r := range slices.Concat(userRules(), policyRules(), roleRules(), identityRules(), secretRules(), labelRules()) {
		require.False(t, met[r.name], "two rules are called %q", r.name)
		met[r.name] = true
		t.Run(r.name, func(t *testing.T) {
			local := httptest.NewServer(localaws.New(localaws.Options{}))
			defer local.Close()
			assert.Equal(t, r.outcome, newPerson(t, local.URL).outcome(r), "localaws")

			require.NoError(t, moto.Reset(t.Context(), endpoint))
			opinion := newPerson(t, endpoint).outcome(r)
			if d, listed := table[r.name]; listed {
				assert.NotEqual(t, r.outcome, opinion, "the table lists a difference that is none")
				assert.Equal(t, d.moto, opinion, "moto differs, but not as the table has it")
			} else {
				assert.Equal(t, r.outcome, opinion, "moto differs, and the table does not list it")
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		assert.True(t, met[name], "the table lists %q, which is no rule", name)
	}
	t.Logf("moto as the second opinion: %d rules, %d differences", len(met), len(table))
}

// byRule is the table of differences by the names of the rules.
func byRule(t *testing.T) map[string]difference {
	t.Helper()
	table := map[string]difference{}
	for _, d := range differences() {
		require.NotEmpty(t, d.because)
		require.NotEmpty(t, d.page)
		require.Regexp(t, `^https://docs\.aws\.amazon\.com/.+\.html$`, d.url)
		for _, name := range d.rules {
			require.NotContains(t, table, name, "listed twice")
			table[name] = d
		}
	}
	return table
}

// startMoto starts a moto that ends with the test, and returns its URL.
func startMoto(t *testing.T) string {
	t.Helper()
	url, stop, err := moto.Start(t.Context(), ".")
	if errors.Is(err, moto.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err, "in CI the second opinion must be heard")
	t.Cleanup(stop)
	return url
}

// rule is a small story in an empty account. How it ends is an error code, what was seen, or "ok".
type rule struct {
	name    string
	outcome string // in AWS, and so in localaws
	tell    func(p *person) (string, error)
}

// person is someone with an account, who uses the SDK's own clients.
type person struct {
	*testing.T
	endpoint string
	iam      *iam.Client
	secrets  *secretsmanager.Client
	sts      *sts.Client
}

func newPerson(t *testing.T, endpoint string) *person {
	t.Helper()
	return (&person{T: t, endpoint: endpoint}).as("LOCALPERSON", "not-a-secret")
}

// as is the same account for someone with other credentials.
func (p *person) as(keyID, secret string) *person {
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &p.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	return &person{p.T, p.endpoint, iam.NewFromConfig(config), secretsmanager.NewFromConfig(config), sts.NewFromConfig(config)}
}

func (p *person) outcome(r rule) string {
	p.Helper()
	seen, err := r.tell(p)
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return fmt.Sprintf("HTTP %d", response.HTTPStatusCode()) // without the body of an AWS error
	}
	require.NoError(p, err)
	if seen == "" {
		return "ok"
	}
	return seen
}

// done is for the calls that lead up to the one that counts.
func (p *person) done(_ any, err error) {
	p.Helper()
	require.NoError(p, err, "on the way to the call that counts")
}

// last is for the call that counts, where only its error does.
func last[Out any](_ Out, err error) (string, error) { return "", err }
