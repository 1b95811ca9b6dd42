package localaws

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"redis-cloud-iam/internal/iampolicy"
)

// A Permission is what a call needs its caller to be allowed.
//
// See https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
// and https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html.
type Permission iampolicy.Request

// permissions lists all that a call needs its caller to be allowed: the action itself, and what its
// parameters add, such as TagUser to a CreateUser with tags. For the last use of a key that does
// not exist no permission helps, so it needs none.
func (a *Account) permissions(op operation, resource string, f fields) []Permission {
	if op.action == "GetAccessKeyLastUsed" && resource == "" {
		return nil
	}
	asked := []Permission{{Action: op.fullName(), Resource: resource, Keys: a.conditionKeys(op, f)}}
	if made, ok := strings.CutPrefix(op.action, "Create"); ok && len(f.list("Tags")) > 0 {
		tag := op.service + ":Tag" + strings.Replace(made, "Secret", "Resource", 1)
		asked = append(asked, Permission{Action: tag, Resource: resource})
	}
	if op.action == "AddRoleToInstanceProfile" {
		asked = append(asked, Permission{
			Action: "iam:PassRole", Resource: a.entityARN(aRole, f.text("RoleName")),
			Keys: map[string]string{"iam:PassedToService": "ec2." + a.urlSuffix()},
		})
	}
	return slices.Concat(asked, a.publishing(f.text("TopicArn")), a.encryption(op, f))
}

// resource returns the ARN that IAM authorizes a call against, or "" where the action knows no
// resources. For what a call makes it is the ARN that it will have. A secret that does not exist
// has the ARN without the six random characters.
func (a *Account) resource(caller *user, op operation, f fields) string {
	switch op.service {
	case "iam":
		return a.iamResource(caller, op.action, f)
	case "sns":
		return f.text("TopicArn")
	case "logs": // no page says what stands for the stream; policies write an asterisk
		return "arn:" + a.partition + ":logs:" + a.region + ":" + a.id + ":log-group:" + f.text("LogGroupName") + ":log-stream:"
	case "secretsmanager":
		if id := cmp.Or(f.text("SecretId"), f.text("Name")); id != "" {
			return a.secretResource(id, op.action == "CreateSecret")
		}
	}
	return ""
}

func (a *Account) iamResource(caller *user, action string, f fields) string {
	path := cmp.Or(f.text("Path"), "/")
	switch action {
	case "GetAccessKeyLastUsed":
		if u, _ := a.state.key(f.text("AccessKeyId")); u != nil {
			return u.ARN
		}
		return ""
	case "CreateVirtualMFADevice":
		return a.arn("mfa" + path + f.text("VirtualMFADeviceName"))
	case "DeleteVirtualMFADevice":
		return f.text("SerialNumber")
	}
	for _, k := range []kind{aProfile, aGroup, aRole, aUser, aPolicy} {
		switch name := f.text(k.names()); {
		case action == "Create"+k.word():
			return a.arn(string(k) + path + f.text(k.word()+"Name"))
		case name == "":
		case k == aPolicy:
			return name
		default:
			return a.entityARN(k, name)
		}
	}
	if caller != nil && f.has("UserName") {
		return caller.ARN
	}
	return ""
}

// entityARN is the ARN of a named entity, or the one that it would have without a path.
func (a *Account) entityARN(k kind, name string) string {
	if found := a.state.named(k, name); found != nil {
		return found.header().ARN
	}
	return a.arn(string(k) + "/" + name)
}

// conditionKeys are the keys that a request fills. iam:PermissionsBoundary is the boundary that the
// request gives to a user or a role, and with actions that give none, the one that the user or role
// has. secretsmanager:KmsKeyArn is the key that the request names. Whether AWS fills it for its own
// key is not documented, so here it does not.
func (a *Account) conditionKeys(op operation, f fields) map[string]string {
	boundary := f.text("PermissionsBoundary")
	switch op.action {
	case "DeleteUserPermissionsBoundary", "AttachUserPolicy", "DetachUserPolicy", "PutUserPolicy", "DeleteUserPolicy",
		"DeleteRolePermissionsBoundary", "AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy",
		"UpdateRole", "UpdateAssumeRolePolicy":
		if u := a.state.Users[fold(f.text("UserName"))]; u != nil {
			boundary = u.Boundary
		}
		if r := a.state.Roles[fold(f.text("RoleName"))]; r != nil {
			boundary = r.Boundary
		}
	}
	keys := map[string]string{"iam:PermissionsBoundary": boundary, "secretsmanager:KmsKeyArn": a.kmsKey(f.text("KmsKeyId"))}
	if strings.HasPrefix(op.action, "Attach") || strings.HasPrefix(op.action, "Detach") {
		keys["iam:PolicyARN"] = f.text("PolicyArn")
	}
	if block, _ := f.value("BlockPublicPolicy").(*bool); block != nil {
		keys["secretsmanager:BlockPublicPolicy"] = strconv.FormatBool(*block)
	}
	maps.DeleteFunc(keys, func(_, value string) bool { return value == "" })
	if len(keys) == 0 {
		return nil
	}
	return keys
}

// encryption is what Secrets Manager does in the caller's name with a customer's KMS key. It needs
// Decrypt to check the access to a key that is new to the secret, and to compare the values of a
// version that is written twice. When the key changes, it encrypts the stored versions anew if it
// may decrypt them with the former key and encrypt them with the new one; if not, it leaves them as
// they are and says nothing.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html.
func (a *Account) encryption(op operation, f fields) []Permission {
	var asked []Permission
	ask := func(key string, actions ...string) {
		via := map[string]string{"kms:ViaService": "secretsmanager." + a.region + "." + a.urlSuffix()}
		for _, action := range actions {
			if key != "" {
				asked = append(asked, Permission{Action: "kms:" + action, Resource: key, Keys: via})
			}
		}
	}
	var former string
	s := a.secretCalled(f.text("SecretId"))
	if s != nil {
		former = s.KMSKey
	}
	given := f.pointer("KmsKeyId")
	switch op.action {
	case "CreateSecret":
		ask(a.kmsKey(f.text("KmsKeyId")), "GenerateDataKey", "Decrypt")
	case "PutSecretValue":
		ask(former, "GenerateDataKey")
		if s != nil && s.version(f.text("ClientRequestToken")) != nil {
			ask(former, "Decrypt")
		}
	case "UpdateSecret":
		switch {
		case given != nil:
			ask(a.kmsKey(*given), "GenerateDataKey", "Decrypt", "Encrypt")
			if a.kmsKey(*given) != former {
				ask(former, "Decrypt")
			}
		case f.text("SecretString") != "":
			ask(former, "GenerateDataKey")
		}
	}
	return asked
}

// urlSuffix ends the names of services in the account's partition.
func (a *Account) urlSuffix() string {
	if a.partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
