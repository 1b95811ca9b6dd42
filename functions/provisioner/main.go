// Command provisioner is the Lambda function behind the custom resource Custom::RedisCloudIAM.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/resource"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	lambda.Start(customresource.Handler(resource.New(awscall.FromEnvironment(), log), log, nil))
}
