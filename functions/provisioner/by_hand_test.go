package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/require"
)

const byHandPassword = "Correct-Horse-9-Battery"

// fiveSteps makes what a person makes who follows the five console steps of Redis Cloud's documentation, and returns
// the ID of the access key that Redis Cloud got.
func (w *world) fiveSteps() string {
	w.Helper()
	return w.byHand(nil)
}

// vendorsTemplate makes what the vendor's own CloudFormation template of 2021 makes: the same, with its tag, its secrets,
// and a console password.
func (w *world) vendorsTemplate() string {
	w.Helper()
	key := w.byHand([]iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("RedisLabs")}})
	w.must(w.iam.CreateLoginProfile(w.Context(), &iam.CreateLoginProfileInput{UserName: aws.String("redislabs-user"), Password: aws.String(byHandPassword)}))
	w.put("/redislabsuser/secret_access_key", "the secret access key")
	w.put("/redislabsuser/password", byHandPassword)
	return key
}

func (w *world) byHand(tags []iamtypes.Tag) string {
	w.Helper()
	const (
		of2021 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:Describe*","ec2:CreateTags"],"Resource":"*"}]}`
		ec2    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
		staff  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::168085023892:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
		policy = "arn:aws:iam::123456789012:policy/"
	)
	ctx := w.Context()
	node, person, user := aws.String("redislabs-cluster-node-role"), aws.String("redislabs-role"), aws.String("redislabs-user")
	for _, name := range []string{"RedisLabsInstanceRolePolicy", "RedislabsIAMUserRestrictedPolicy"} {
		w.must(w.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(of2021)}))
	}
	w.must(w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: node, AssumeRolePolicyDocument: aws.String(ec2), Tags: tags}))
	w.must(w.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: aws.String(policy + "RedisLabsInstanceRolePolicy")}))
	w.must(w.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: node}))
	w.must(w.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
	w.must(w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: person, AssumeRolePolicyDocument: aws.String(staff), Tags: tags}))
	w.must(w.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: person, PolicyArn: aws.String(policy + "RedislabsIAMUserRestrictedPolicy")}))
	w.must(w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: user, Tags: tags}))
	w.must(w.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: aws.String(policy + "RedislabsIAMUserRestrictedPolicy")}))
	return w.newKey("redislabs-user")
}

// newKey makes a key by hand.
func (w *world) newKey(user string) string {
	w.Helper()
	made, err := w.iam.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	require.NoError(w, err)
	return aws.ToString(made.AccessKey.AccessKeyId)
}

func (w *world) must(_ any, err error) {
	w.Helper()
	require.NoError(w, err)
}
