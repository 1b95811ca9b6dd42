// Command provisioner is the Lambda function behind the custom resource Custom::RedisCloudIAM.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/provision"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	// A call that AWS never answers must not eat the time that the others need.
	client := awshttp.NewBuildableClient().WithTimeout(20 * time.Second)
	aws, err := config.LoadDefaultConfig(context.Background(), config.WithHTTPClient(client))
	if err != nil {
		log.Error("load the AWS configuration", "error", err)
		os.Exit(1)
	}
	resource := resource{provision.New(aws, log)}
	lambda.Start(customresource.Handler(resource, customresource.WithLogger(log)))
}
