// Command naive makes the clients that the function uses as the SDK's guide begins with it: make bench shows what
// another way is worth.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	loaded, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	users, secrets, tokens := iam.NewFromConfig(loaded), secretsmanager.NewFromConfig(loaded), sts.NewFromConfig(loaded)
	lambda.Start(func(ctx context.Context) error {
		_, err := users.GetUser(ctx, &iam.GetUserInput{})
		if err == nil {
			_, err = secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
		}
		if err == nil {
			_, err = tokens.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		}
		return err
	})
}
