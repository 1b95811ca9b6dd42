// Command watcher is the Lambda function that looks, on a schedule, whether the account still is as
// the stack says.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/watch"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	lambda.Start(watch.New(awscall.FromEnvironment(), watch.FromEnvironment(), os.Stdout, log).Run)
}
