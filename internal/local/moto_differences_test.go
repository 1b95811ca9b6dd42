package main

// difference is a row of the table of rules that moto breaks and localaws keeps.
type difference struct {
	moto    string   // how the rules end in moto
	rules   []string // their names
	because string   // what AWS's documentation says
	page    string   // of the documentation
	url     string
}

// differences is every known difference between localaws and moto, each with the page of AWS's
// documentation that decides it.
func differences() []difference {
	const (
		reference = "https://docs.aws.amazon.com/IAM/latest/APIReference/"
		guide     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
		secretAPI = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/"
	)
	return []difference{
		// Users.
		{
			"ok",
			[]string{
				"a user with an access key is not deleted", "a user with a console password is not deleted",
				"a user with an MFA device is not deleted", "a user in a group is not deleted",
			},
			"what is attached to a user must be deleted first, or the deletion fails", "DeleteUser", reference + "API_DeleteUser.html",
		},
		{
			"ok",
			[]string{"a user's name differs by case alone", "a policy's name differs by case alone", "a role's name differs by case alone"},
			"names of users, groups, roles and policies must be unique within the account and are not distinguished by case",
			"CreateUser", reference + "API_CreateUser.html",
		},
		{
			"ok",
			[]string{"a profile's name differs by case alone"},
			"names of instance profiles must be unique within the account and are not distinguished by case",
			"IAM and AWS STS quotas", guide + "reference_iam-quotas.html",
		},
		{
			"ok",
			[]string{"a weak console password"},
			"without a policy of the account's own, a password has three of four kinds of characters",
			"Set an account password policy for IAM users", guide + "id_credentials_passwords_account-policy.html",
		},
		{
			"ok",
			[]string{"a user with a boundary that is not there"},
			"NoSuchEntity: the request references a resource that does not exist", "CreateUser", reference + "API_CreateUser.html",
		},
		{
			"HTTP 500",
			[]string{"a user gets a boundary that is not there", "a user gets a boundary"},
			"the operation exists, and answers NoSuchEntity where its policy does not", "PutUserPermissionsBoundary",
			reference + "API_PutUserPermissionsBoundary.html",
		},
		{
			"HTTP 500",
			[]string{"service-specific credentials of a user who has none"},
			"if none exists, the operation returns an empty list", "ListServiceSpecificCredentials",
			reference + "API_ListServiceSpecificCredentials.html",
		},
		{
			"ok",
			[]string{"a fifty-first tag", "an eleventh policy is attached", "a policy of 6,145 characters"},
			"50 tags on a user, 10 managed policies attached to one, 6,144 characters in a managed policy",
			"IAM and AWS STS quotas", guide + "reference_iam-quotas.html",
		},
		{
			"ok",
			[]string{"a tag key twice", "a reserved tag key"},
			"a request with an invalid tag fails; keys come once and do not begin with aws:",
			"Tags for AWS Identity and Access Management resources", guide + "id_tags.html",
		},
		{
			"Team, team",
			[]string{"a tag key twice, by case alone"},
			"tag keys of users and roles are not case sensitive: Department and department are one tag",
			"Tags for AWS Identity and Access Management resources", guide + "id_tags.html",
		},
		{
			"pages of 2 and 2",
			[]string{"users come by the page"},
			"at most MaxItems come, and IsTruncated and Marker say that there are more", "ListUsers", reference + "API_ListUsers.html",
		},

		{
			"NoSuchEntity",
			[]string{"the last use of a key that is not there"},
			"the operation has no error of its own, and is authorized on the user that has the key, so that nobody is allowed it for a key that nobody has",
			"GetAccessKeyLastUsed", reference + "API_GetAccessKeyLastUsed.html",
		},

		// Policies.
		{
			"ok",
			[]string{
				"a policy that a user has is not deleted", "a policy that a role has is not deleted",
				"a policy with another version is not deleted",
			},
			"a policy must first be detached from all, and its versions deleted", "DeletePolicy", reference + "API_DeletePolicy.html",
		},
		{
			"ok",
			[]string{"a policy's name is taken under another path"},
			"names must be unique within the account", "CreatePolicy", reference + "API_CreatePolicy.html",
		},
		{
			"plain",
			[]string{"a version's document comes URL-encoded"},
			"policies returned by this operation are URL-encoded compliant with RFC 3986", "GetPolicyVersion",
			reference + "API_GetPolicyVersion.html",
		},
		{
			"ok",
			[]string{"a policy with a principal"},
			"the Principal element cannot be used in an identity-based policy", "AWS JSON policy elements: Principal",
			guide + "reference_policies_elements_principal.html",
		},
		{
			"ok",
			[]string{"a policy of another partition"},
			"error: invalid partition", "IAM policy validation check reference", guide + "access-analyzer-reference-policy-checks.html",
		},

		// Roles.
		{
			"ok",
			[]string{"a trust policy that is no JSON"},
			"policies must be given in JSON; MalformedPolicyDocument otherwise", "CreateRole", reference + "API_CreateRole.html",
		},
		{
			"ok",
			[]string{
				"a trust policy without a principal", "a trust policy with resources", "a trust policy with an action of S3",
			},
			"errors: missing principal, role trust policy syntax error resource, unsupported action in policy",
			"IAM policy validation check reference", guide + "access-analyzer-reference-policy-checks.html",
		},
		{
			"ok",
			[]string{"a trust policy that trusts nobody that there is"},
			"the ARN of a user or role is transformed to its unique ID when the policy is saved, so it must exist",
			"AWS JSON policy elements: Principal", guide + "reference_policies_elements_principal.html",
		},
		{
			"ok",
			[]string{"a role with a boundary that is not there", "a role gets a boundary that is not there"},
			"NoSuchEntity: the request references a resource that does not exist", "PutRolePermissionsBoundary",
			reference + "API_PutRolePermissionsBoundary.html",
		},
		{
			"HTTP 500",
			[]string{"a role in a profile that does not hold it"},
			"NoSuchEntity: the request references a resource that does not exist", "RemoveRoleFromInstanceProfile",
			reference + "API_RemoveRoleFromInstanceProfile.html",
		},

		// Who calls.
		{
			"ok",
			[]string{
				"an unknown key asks who it is", "an unknown key asks for its user", "a deleted key asks who it is",
			},
			"InvalidClientTokenId: the access key ID provided does not exist in our records",
			"Common Errors", "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
		},
		{
			"ok",
			[]string{"an unknown key asks for a secret"},
			"UnrecognizedClientException: the access key ID provided does not exist in our records",
			"Common Errors", secretAPI + "CommonErrors.html",
		},
		{
			"ok",
			[]string{"an inactive key asks who it is"},
			"Inactive means that the key cannot be used", "UpdateAccessKey", reference + "API_UpdateAccessKey.html",
		},
		{
			"ok",
			[]string{"a key with another secret"},
			"a signature made with another secret key does not match", "Troubleshoot Signature Version 4 signing for AWS API requests",
			guide + "reference_sigv-troubleshooting.html",
		},
		{
			"ok",
			[]string{"a user without permissions asks for itself"},
			"all requests are implicitly denied by default", "Policy evaluation logic", guide + "reference_policies_evaluation-logic.html",
		},

		// Secrets.
		{
			"ok",
			[]string{"a scheduled secret gets a value"},
			"InvalidRequestException: the secret is scheduled for deletion", "PutSecretValue", secretAPI + "API_PutSecretValue.html",
		},
		{
			"ResourceExistsException",
			[]string{"a scheduled secret is created"},
			"InvalidRequestException: the secret is scheduled for deletion", "CreateSecret", secretAPI + "API_CreateSecret.html",
		},
		{
			"ok",
			[]string{"a scheduled secret is created by the same call again"},
			"InvalidRequestException: the secret is scheduled for deletion", "CreateSecret", secretAPI + "API_CreateSecret.html",
		},
		{
			"ok",
			[]string{"a scheduled secret is tagged"},
			"InvalidRequestException: the secret is scheduled for deletion", "TagResource", secretAPI + "API_TagResource.html",
		},
		{
			"ok",
			[]string{"a scheduled secret's labels are moved"},
			"InvalidRequestException: the secret is scheduled for deletion", "UpdateSecretVersionStage",
			secretAPI + "API_UpdateSecretVersionStage.html",
		},
		{
			"ok",
			[]string{"a secret's fifty-first tag"},
			"a resource has at most 50 tags", "Service quotas for tagging", "https://docs.aws.amazon.com/general/latest/gr/arg.html",
		},
		{
			"ok",
			[]string{"a resource policy that is no JSON", "a resource policy for everybody, with public ones blocked"},
			"MalformedPolicyDocumentException and PublicPolicyException are for just that", "PutResourcePolicy",
			secretAPI + "API_PutResourcePolicy.html",
		},
		{
			"1= 2=AWSPREVIOUS 3=AWSCURRENT",
			[]string{"a third version leaves the first without a label"},
			"VersionIdsToStages is a list of the versions that have staging labels attached", "DescribeSecret",
			secretAPI + "API_DescribeSecret.html",
		},
		{
			"ok",
			[]string{"a label of one's own moves from nowhere"},
			"the operation fails where a label is attached and RemoveFromVersionId is not given", "UpdateSecretVersionStage",
			secretAPI + "API_UpdateSecretVersionStage.html",
		},
		{
			"ok",
			[]string{"AWSCURRENT is taken away"},
			"a secret always has a version labeled AWSCURRENT", "What's in a Secrets Manager secret?",
			"https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html",
		},
	}
}
