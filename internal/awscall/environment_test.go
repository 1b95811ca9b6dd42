package awscall

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
)

// The clients of the function talk to the endpoints that the environment names.
func TestEnvironmentNamesTheEndpoints(t *testing.T) {
	t.Setenv("AWS_REGION", "us-west-2")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_ENDPOINT_URL", "")
	rows := []struct{ variable, value, iam, secrets string }{
		{"AWS_ENDPOINT_URL", "", "iam.amazonaws.com", "secretsmanager.us-west-2.amazonaws.com"},
		{"AWS_USE_FIPS_ENDPOINT", "true", "iam-fips.amazonaws.com", "secretsmanager-fips.us-west-2.amazonaws.com"},
		{"AWS_USE_DUALSTACK_ENDPOINT", "true", "iam.global.api.aws", "secretsmanager.us-west-2.amazonaws.com"},
		{"AWS_ENDPOINT_URL", "http://127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:2", "iam.amazonaws.com", "127.0.0.1:2"},
	}
	for _, row := range rows {
		t.Run(row.variable+"="+row.value, func(t *testing.T) {
			t.Setenv(row.variable, row.value)
			config := FromEnvironment()
			host := ""
			config.APIOptions = append(config.APIOptions, stopAt(&host))
			_, _ = iam.NewFromConfig(config).GetUser(t.Context(), &iam.GetUserInput{})
			assert.Equal(t, row.iam, host)
			_, _ = secretsmanager.NewFromConfig(config).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("x")})
			assert.Equal(t, row.secrets, host)
		})
	}
}

// stopAt notes where a request would go, and does not send it.
func stopAt(host *string) func(*smithymiddleware.Stack) error {
	return func(stack *smithymiddleware.Stack) error {
		return stack.Finalize.Add(smithymiddleware.FinalizeMiddlewareFunc("stop", func(_ context.Context, in smithymiddleware.FinalizeInput, _ smithymiddleware.FinalizeHandler) (
			smithymiddleware.FinalizeOutput, smithymiddleware.Metadata, error,
		) {
			request, _ := in.Request.(*smithyhttp.Request)
			*host = request.URL.Host
			return smithymiddleware.FinalizeOutput{}, smithymiddleware.Metadata{}, context.Canceled
		}), smithymiddleware.After)
	}
}
