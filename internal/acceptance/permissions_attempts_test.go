package acceptance

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/iampolicy"
)

// attempt is a call that someone might try who has the credentials of the function.
type attempt struct {
	what  string
	input any // of the SDK; its type names the operation
}

const (
	ourBoundary = "arn:aws:iam::123456789012:policy/boundary"
	ourKey      = kmsKey
	ourRole     = "arn:aws:iam::123456789012:role/redis-cloud-ProvisionerRole-1ABCDEFGHIJKL"
)

// forbidden is what is denied whatever the parameters. In the account others have a user, a role, a
// group, a policy, an instance profile and a secret, each named theirs.
func forbidden() []attempt {
	user, node, console, theirs, mine := aws.String("redislabs-user"), aws.String("redislabs-cluster-node-role"), aws.String("redislabs-role"), aws.String("theirs"), aws.String("mine")
	secret, text, bounded := aws.String("redis-cloud/access-key"), aws.String(anything), aws.String(ourBoundary)
	admin, deny := aws.String("arn:aws:iam::aws:policy/AdministratorAccess"), aws.String("arn:aws:iam::aws:policy/AWSDenyAll")
	nodePolicy, userPolicy := aws.String("arn:aws:iam::123456789012:policy/RedisLabsInstanceRolePolicy"), aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")
	theirPolicy, password := aws.String("arn:aws:iam::123456789012:policy/theirs"), aws.String("Correct-Horse-9-Battery")
	return []attempt{
		{"attach AdministratorAccess to the user", &iam.AttachUserPolicyInput{UserName: user, PolicyArn: admin}},
		{"attach AdministratorAccess to the nodes' role", &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: admin}},
		{"attach AdministratorAccess to the console role", &iam.AttachRolePolicyInput{RoleName: console, PolicyArn: admin}},
		{"attach the user's policy to the nodes' role", &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: userPolicy}},
		{"attach the nodes' policy to the console role", &iam.AttachRolePolicyInput{RoleName: console, PolicyArn: nodePolicy}},
		{"attach the nodes' policy to the user", &iam.AttachUserPolicyInput{UserName: user, PolicyArn: nodePolicy}},
		{"attach the user's policy, with a text of one's own, to another user", &iam.AttachUserPolicyInput{UserName: theirs, PolicyArn: userPolicy}},
		{"attach it to another role", &iam.AttachRolePolicyInput{RoleName: theirs, PolicyArn: userPolicy}},
		{"attach it to a group", &iam.AttachGroupPolicyInput{GroupName: theirs, PolicyArn: userPolicy}},
		{"write an inline policy of the user", &iam.PutUserPolicyInput{UserName: user, PolicyName: mine, PolicyDocument: text}},
		{"write an inline policy of the console role", &iam.PutRolePolicyInput{RoleName: console, PolicyName: mine, PolicyDocument: text}},
		{"put the user into a group", &iam.AddUserToGroupInput{UserName: user, GroupName: theirs}},

		{"make another user", &iam.CreateUserInput{UserName: mine, PermissionsBoundary: bounded}},
		{"make another role", &iam.CreateRoleInput{RoleName: mine, AssumeRolePolicyDocument: aws.String(anybody), PermissionsBoundary: bounded}},
		{"make another policy", &iam.CreatePolicyInput{PolicyName: mine, PolicyDocument: text}},
		{"make another instance profile", &iam.CreateInstanceProfileInput{InstanceProfileName: mine}},
		{"make the user under a path", &iam.CreateUserInput{UserName: user, Path: aws.String("/team/"), PermissionsBoundary: bounded}},
		{"rewrite another policy", &iam.CreatePolicyVersionInput{PolicyArn: theirPolicy, PolicyDocument: text, SetAsDefault: true}},
		{"bring an old version of a policy back", &iam.SetDefaultPolicyVersionInput{PolicyArn: userPolicy, VersionId: aws.String("v1")}},

		{"make a key of another user", &iam.CreateAccessKeyInput{UserName: theirs}},
		{"delete a key of another user", &iam.DeleteAccessKeyInput{UserName: theirs, AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")}},
		{"list the keys of another user", &iam.ListAccessKeysInput{UserName: theirs}},
		{"change the user's password", &iam.UpdateLoginProfileInput{UserName: user, Password: password}},
		{"give another user a password", &iam.CreateLoginProfileInput{UserName: theirs, Password: password}},
		{"take another user's MFA device", &iam.DeactivateMFADeviceInput{UserName: theirs, SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/phone")}},
		{"delete another user", &iam.DeleteUserInput{UserName: theirs}},
		{"delete another role", &iam.DeleteRoleInput{RoleName: theirs}},
		{"delete another policy", &iam.DeletePolicyInput{PolicyArn: theirPolicy}},
		{"let oneself assume another role", &iam.UpdateAssumeRolePolicyInput{RoleName: theirs, PolicyDocument: aws.String(anybody)}},
		{"take from another user a policy that denies something", &iam.DetachUserPolicyInput{UserName: theirs, PolicyArn: deny}},
		{"take from another role a policy that denies something", &iam.DetachRolePolicyInput{RoleName: theirs, PolicyArn: deny}},
		{"take from a group a policy that denies something", &iam.DetachGroupPolicyInput{GroupName: theirs, PolicyArn: deny}},
		{"take an inline policy from another user", &iam.DeleteUserPolicyInput{UserName: theirs, PolicyName: theirs}},
		{"take the boundary off another user", &iam.DeleteUserPermissionsBoundaryInput{UserName: theirs}},
		{"tag another role as this stack's", &iam.TagRoleInput{RoleName: theirs, Tags: []iamtypes.Tag{{Key: aws.String(ownerTag), Value: mine}}}},
		{"take another user out of a group", &iam.RemoveUserFromGroupInput{UserName: theirs, GroupName: theirs}},
		{"take another role out of its instance profile", &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: theirs, RoleName: theirs}},
		{"delete an MFA device", &iam.DeleteVirtualMFADeviceInput{SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/phone")}},
		{"put another role into the nodes' instance profile", &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: theirs}},
		{"put the console role into it", &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: console}},
		{"put the nodes' role into another instance profile", &iam.AddRoleToInstanceProfileInput{InstanceProfileName: theirs, RoleName: node}},

		{"read the secret", &secretsmanager.GetSecretValueInput{SecretId: secret}},
		{"read the console password", &secretsmanager.GetSecretValueInput{SecretId: aws.String(consoleSecret)}},
		{"let everybody read the secret", &secretsmanager.PutResourcePolicyInput{SecretId: secret, ResourcePolicy: text}},
		{"let others read another secret", &secretsmanager.PutResourcePolicyInput{SecretId: theirs, ResourcePolicy: text, BlockPublicPolicy: aws.Bool(true)}},
		{"list the secrets", &secretsmanager.ListSecretsInput{}},
		{"describe another secret", &secretsmanager.DescribeSecretInput{SecretId: theirs}},
		{"delete another secret", &secretsmanager.DeleteSecretInput{SecretId: theirs}},
		{"overwrite a secret whose name begins as this one's", &secretsmanager.PutSecretValueInput{SecretId: aws.String("redis-cloud/access-key-old"), SecretString: text}},
		{"make a secret whose name begins as this one's", &secretsmanager.CreateSecretInput{Name: aws.String("redis-cloud/access-key-abcdef"), SecretString: text}},
		{"encrypt the secret with a key of one's own", &secretsmanager.UpdateSecretInput{SecretId: secret, KmsKeyId: aws.String("alias/mine")}},
	}
}

// unlessAskedFor is what is denied where the parameters do not ask for a console password and for
// readers.
func unlessAskedFor() []attempt {
	secret, text := aws.String("redis-cloud/access-key"), aws.String(anything)
	return []attempt{
		{"give the user a password", &iam.CreateLoginProfileInput{UserName: aws.String("redislabs-user"), Password: aws.String("Correct-Horse-9-Battery")}},
		{"make a console secret", &secretsmanager.CreateSecretInput{Name: aws.String(consoleSecret), SecretString: text, KmsKeyId: aws.String(ourKey)}},
		{"let others read the secret", &secretsmanager.PutResourcePolicyInput{SecretId: secret, ResourcePolicy: text, BlockPublicPolicy: aws.Bool(true)}},
		{"see who may read the secret", &secretsmanager.GetResourcePolicyInput{SecretId: secret}},
	}
}

// beyondTheBoundary is what is denied besides where the parameters give a boundary.
func beyondTheBoundary() []attempt {
	user, console, admin := aws.String("redislabs-user"), aws.String("redislabs-role"), aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	return []attempt{
		{"make the user without the boundary", &iam.CreateUserInput{UserName: user}},
		{"make the user within another boundary", &iam.CreateUserInput{UserName: user, PermissionsBoundary: admin}},
		{"make a role without the boundary", &iam.CreateRoleInput{RoleName: console, AssumeRolePolicyDocument: aws.String(anybody)}},
		{"take the boundary off the user", &iam.DeleteUserPermissionsBoundaryInput{UserName: user}},
		{"take the boundary off a role", &iam.DeleteRolePermissionsBoundaryInput{RoleName: console}},
		{"put another boundary on the user", &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: admin}},
		{"put another boundary on a role", &iam.PutRolePermissionsBoundaryInput{RoleName: console, PermissionsBoundary: admin}},
		{"rewrite the boundary", &iam.CreatePolicyVersionInput{PolicyArn: aws.String(ourBoundary), PolicyDocument: aws.String(anything), SetAsDefault: true}},
		{"delete the boundary", &iam.DeletePolicyInput{PolicyArn: aws.String(ourBoundary)}},
	}
}

// attaching is the function's own work, which it may do within the boundary alone where there is
// one.
func attaching() []attempt {
	node, user := aws.String("arn:aws:iam::123456789012:policy/RedisLabsInstanceRolePolicy"), aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")
	return []attempt{
		{"attach the user's policy to the user", &iam.AttachUserPolicyInput{UserName: aws.String("redislabs-user"), PolicyArn: user}},
		{"attach the user's policy to the console role", &iam.AttachRolePolicyInput{RoleName: aws.String("redislabs-role"), PolicyArn: user}},
		{"attach the nodes' policy to the nodes' role", &iam.AttachRolePolicyInput{RoleName: aws.String("redislabs-cluster-node-role"), PolicyArn: node}},
	}
}

// elsewhere is what is denied of operations that localaws does not have, by what they ask of IAM.
func elsewhere() map[string]iampolicy.Request {
	pass := func(role, service string) iampolicy.Request {
		return iampolicy.Request{Action: "iam:PassRole", Resource: "arn:aws:iam::123456789012:role/" + role, Keys: map[string]string{"iam:PassedToService": service}}
	}
	kms := func(action, key, service string) iampolicy.Request {
		return iampolicy.Request{Action: "kms:" + action, Resource: key, Keys: map[string]string{"kms:ViaService": service}}
	}
	return map[string]iampolicy.Request{
		"run a function with the nodes' role":           pass("redislabs-cluster-node-role", "lambda.amazonaws.com"),
		"run an instance with the console role":         pass("redislabs-role", "ec2.amazonaws.com"),
		"run an instance with another role":             pass("theirs", "ec2.amazonaws.com"),
		"decrypt with the key":                          {Action: "kms:Decrypt", Resource: ourKey},
		"decrypt with the key through another service":  kms("Decrypt", ourKey, "s3.us-east-1.amazonaws.com"),
		"decrypt with the key in another Region":        kms("Decrypt", ourKey, "secretsmanager.eu-west-1.amazonaws.com"),
		"decrypt with another key":                      kms("Decrypt", ourKey+"0", "secretsmanager.us-east-1.amazonaws.com"),
		"let others use the key":                        kms("CreateGrant", ourKey, "secretsmanager.us-east-1.amazonaws.com"),
		"assume the console role":                       {Action: "sts:AssumeRole", Resource: "arn:aws:iam::123456789012:role/redislabs-role"},
		"change the function's code":                    {Action: "lambda:UpdateFunctionCode", Resource: "arn:aws:lambda:us-east-1:123456789012:function:f"},
		"invoke the function":                           {Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-1:123456789012:function:f"},
		"change the stack":                              {Action: "cloudformation:UpdateStack", Resource: stack},
		"write to another log group":                    {Action: "logs:PutLogEvents", Resource: "arn:aws:logs:us-east-1:123456789012:log-group:theirs:*"},
		"give the function's own role an inline policy": {Action: "iam:PutRolePolicy", Resource: ourRole},
		"take the boundary off it":                      {Action: "iam:DeleteRolePermissionsBoundary", Resource: ourRole},
		"detach a policy from it": {Action: "iam:DetachRolePolicy", Resource: ourRole, Keys: map[string]string{
			"iam:PolicyARN": "arn:aws:iam::123456789012:policy/redis-cloud-UserPermissions-1ABCDEFGHIJKL",
		}},
		"give a group an inline policy":        {Action: "iam:PutGroupPolicy", Resource: "arn:aws:iam::123456789012:group/theirs"},
		"read several secrets":                 {Action: "secretsmanager:BatchGetSecretValue"},
		"loosen the account's password policy": {Action: "iam:UpdateAccountPasswordPolicy"},
	}
}
