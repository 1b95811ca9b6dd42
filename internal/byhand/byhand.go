// Package byhand makes what people had in their accounts before this software: for make local and
// for tests.
package byhand

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Password is the console password of [VendorsTemplate]'s user.
const Password = "Correct-Horse-9-Battery"

// FiveSteps makes what a person makes who follows the five console steps of Redis Cloud's
// documentation, in the account with this ID, and returns the ID of the access key that Redis Cloud
// gets.
func FiveSteps(ctx context.Context, client *iam.Client, account string) (keyID string, err error) {
	return entities(ctx, client, account, nil)
}

// VendorsTemplate makes what the vendor's own CloudFormation template of 2021 makes: the same with
// a tag, a console password, and two secrets.
func VendorsTemplate(ctx context.Context, client *iam.Client, secrets *secretsmanager.Client, account string) (keyID string, err error) {
	keyID, err = entities(ctx, client, account, []types.Tag{{Key: aws.String("UsedBy"), Value: aws.String("RedisLabs")}})
	do := Calls{Ctx: ctx, Err: err}
	Call(&do, client.CreateLoginProfile, &iam.CreateLoginProfileInput{UserName: aws.String("redislabs-user"), Password: aws.String(Password)})
	for name, value := range map[string]string{
		"/redislabsuser/secret_access_key": "the secret access key", "/redislabsuser/password": Password,
	} {
		Call(&do, secrets.CreateSecret, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	}
	return keyID, do.Err
}

func entities(ctx context.Context, client *iam.Client, account string, tags []types.Tag) (keyID string, err error) {
	const (
		of2021 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:Describe*","ec2:CreateTags"],"Resource":"*"}]}`
		ec2    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
		staff  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::168085023892:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
	)
	node, person, user := aws.String("redislabs-cluster-node-role"), aws.String("redislabs-role"), aws.String("redislabs-user")
	nodes, users := aws.String("RedisLabsInstanceRolePolicy"), aws.String("RedislabsIAMUserRestrictedPolicy")
	arn := func(policy *string) *string {
		return aws.String(fmt.Sprintf("arn:aws:iam::%s:policy/%s", account, *policy))
	}

	do := Calls{Ctx: ctx}
	Call(&do, client.CreatePolicy, &iam.CreatePolicyInput{PolicyName: nodes, PolicyDocument: aws.String(of2021)})
	Call(&do, client.CreateRole, &iam.CreateRoleInput{RoleName: node, AssumeRolePolicyDocument: aws.String(ec2), Tags: tags})
	Call(&do, client.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: arn(nodes)})
	Call(&do, client.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: node})
	Call(&do, client.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: node})
	Call(&do, client.CreatePolicy, &iam.CreatePolicyInput{PolicyName: users, PolicyDocument: aws.String(of2021)})
	Call(&do, client.CreateUser, &iam.CreateUserInput{UserName: user, Tags: tags})
	Call(&do, client.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn(users)})
	made := Call(&do, client.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: user})
	Call(&do, client.CreateRole, &iam.CreateRoleInput{RoleName: person, AssumeRolePolicyDocument: aws.String(staff), Tags: tags})
	Call(&do, client.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: person, PolicyArn: arn(users)})
	if do.Err != nil {
		return "", fmt.Errorf("make the entities by hand: %w", do.Err)
	}
	return *made.AccessKey.AccessKeyId, nil
}

// Calls are calls to AWS one after the other, up to the first that fails.
type Calls struct {
	Ctx context.Context //nolint:containedctx // of one function
	Err error
}

// Call makes a call, unless one before it has failed. It returns an empty output if there is none.
func Call[In, Out, Options any](c *Calls, operation func(context.Context, *In, ...func(*Options)) (*Out, error), in *In) *Out {
	if c.Err == nil {
		var out *Out
		if out, c.Err = operation(c.Ctx, in); c.Err == nil {
			return out
		}
	}
	return new(Out)
}
