package awscall

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// FromEnvironment is the configuration that Lambda gives a function in its environment. The SDK's own
// loader reads files and profiles too, and knows other ways to sign in, which make a third of the
// binary and of its start:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func FromEnvironment() aws.Config {
	config := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
		// A call that AWS never answers must not eat the time that the others need.
		HTTPClient:    awshttp.NewBuildableClient().WithTimeout(20 * time.Second),
		ConfigSources: []any{environment{}},
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" { // set by "sam local" and by make local
		config.BaseEndpoint = &endpoint
	}
	return config
}

// environment is where the SDK's clients look up which endpoint they talk to:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
type environment struct{}

// GetUseFIPSEndpoint reads AWS_USE_FIPS_ENDPOINT.
func (environment) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	on := os.Getenv("AWS_USE_FIPS_ENDPOINT") == "true"
	return aws.FIPSEndpointStateEnabled, on, nil
}

// GetUseDualStackEndpoint reads AWS_USE_DUALSTACK_ENDPOINT.
func (environment) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	on := os.Getenv("AWS_USE_DUALSTACK_ENDPOINT") == "true"
	return aws.DualStackEndpointStateEnabled, on, nil
}

// GetServiceBaseEndpoint reads AWS_ENDPOINT_URL_IAM and its like.
func (environment) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	endpoint := os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return endpoint, endpoint != "", nil
}
