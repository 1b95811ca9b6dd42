// Command provisioner is the Lambda function behind the custom resource Custom::RedisCloudIAM.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/resource"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	lambda.Start(customresource.Handler(resource.New(environment(), log), customresource.WithLogger(log)))
}

// environment is the configuration that Lambda gives a function in its environment. The SDK's own
// loader would find the same, and look for files, profiles and other ways to sign in, which make a
// third of the binary and of its start:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func environment() aws.Config {
	config := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
		// A call that AWS never answers must not eat the time that the others need.
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(20 * time.Second),
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" { // set by "sam local" and by make local
		config.BaseEndpoint = &endpoint
	}
	return config
}
