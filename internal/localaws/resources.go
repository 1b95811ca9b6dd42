package localaws

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Permission is an action that a call needs its caller to be allowed, and the ARN on which. A secret that
// does not exist yet has an ARN that ends in "-??????", as policies write it.
//
// See https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html and
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html.
type Permission struct {
	Action   string // such as iam:CreateUser
	Resource string // empty where the action knows no resources: policies must say "*"
}

// fields gives the members of an input by name, without regard to whether they are there.
type fields struct{ input reflect.Value }

func fieldsOf(in any) fields { return fields{reflect.ValueOf(in).Elem()} }

// text returns a member that is a text, or "".
func (f fields) text(name string) string {
	if pointer, ok := f.value(name).(*string); ok {
		return aws.ToString(pointer)
	}
	return ""
}

func (f fields) value(name string) any {
	if v := f.input.FieldByName(name); v.IsValid() {
		return v.Interface()
	}
	return nil
}

// many says whether a member is a list that holds something.
func (f fields) many(name string) bool {
	v := f.input.FieldByName(name)
	return v.IsValid() && v.Len() > 0
}

// resource returns the ARN that IAM authorises a call against.
func (a *Account) resource(caller *user, op operation, in any) string {
	f := fieldsOf(in)
	switch op.service {
	case "iam":
		return a.iamResource(caller, op.action, f)
	case "secretsmanager":
		if id := cmp.Or(f.text("SecretId"), f.text("Name")); id != "" {
			return a.secretResource(id)
		}
	}
	return ""
}

func (a *Account) iamResource(caller *user, action string, f fields) string {
	mfa := strings.HasSuffix(action, "VirtualMFADevice")
	path := cmp.Or(f.text("Path"), "/")
	switch {
	case mfa && action == "CreateVirtualMFADevice":
		return a.arn("mfa" + path + f.text("VirtualMFADeviceName"))
	case mfa:
		return f.text("SerialNumber")
	case action == "GetAccessKeyLastUsed":
		if u, _ := a.state.key(f.text("AccessKeyId")); u != nil {
			return u.ARN
		}
		return ""
	case f.text("InstanceProfileName") != "":
		return entityARN(a, a.state.Profiles, "instance-profile", path, f.text("InstanceProfileName"))
	case f.text("GroupName") != "":
		return entityARN(a, a.state.Groups, "group", path, f.text("GroupName"))
	case f.text("RoleName") != "":
		return entityARN(a, a.state.Roles, "role", path, f.text("RoleName"))
	case f.text("UserName") != "":
		return entityARN(a, a.state.Users, "user", path, f.text("UserName"))
	case f.text("PolicyArn") != "":
		return f.text("PolicyArn")
	case action == "CreatePolicy":
		return a.arn("policy" + path + f.text("PolicyName"))
	case caller != nil && f.input.FieldByName("UserName").IsValid():
		return caller.ARN
	}
	return ""
}

// entityARN is the ARN of a named entity, or the one that it would have.
func entityARN[T interface{ header() *entity }](a *Account, entities map[string]T, kind, path, name string) string {
	if e, ok := entities[fold(name)]; ok {
		return e.header().ARN
	}
	return a.arn(kind + path + name)
}

// permissions lists all that a call asks of its caller: the action itself, and what hides in its parameters.
func (a *Account) permissions(op operation, resource string, in any) []Permission {
	f := fieldsOf(in)
	asked := []Permission{{op.fullName(), resource}}
	if f.many("Tags") {
		kind := map[string]string{
			"CreateUser": "TagUser", "CreateRole": "TagRole", "CreatePolicy": "TagPolicy",
			"CreateInstanceProfile": "TagInstanceProfile", "CreateVirtualMFADevice": "TagMFADevice",
			"CreateSecret": "TagResource",
		}[op.action]
		if kind != "" {
			asked = append(asked, Permission{op.service + ":" + kind, resource})
		}
	}
	if op.action == "AddRoleToInstanceProfile" {
		asked = append(asked, Permission{"iam:PassRole", entityARN(a, a.state.Roles, "role", "/", f.text("RoleName"))})
	}
	if key := a.encryptionKey(op, f); key != "" {
		asked = append(asked, Permission{"kms:GenerateDataKey", key}, Permission{"kms:Decrypt", key})
	}
	return asked
}

// encryptionKey is the customer's KMS key with which a call encrypts a secret's value, if there is one.
func (a *Account) encryptionKey(op operation, f fields) string {
	if !slices.Contains([]string{"CreateSecret", "PutSecretValue", "UpdateSecret"}, op.action) {
		return ""
	}
	if given, ok := f.value("KmsKeyId").(*string); ok && given != nil {
		return a.kmsKey(*given)
	}
	if s := a.secretCalled(f.text("SecretId")); s != nil {
		return s.KMSKey
	}
	return ""
}

// redacted copies an input without the secret values in it.
func redacted(in any) any {
	copied := reflect.New(reflect.TypeOf(in).Elem())
	copied.Elem().Set(reflect.ValueOf(in).Elem())
	deepen(copied.Elem())
	for _, name := range []string{"SecretString", "SecretBinary", "Password", "RotationToken"} {
		field := copied.Elem().FieldByName(name)
		if !field.IsValid() || field.IsNil() {
			continue
		}
		if field.Kind() == reflect.Slice {
			field.SetBytes([]byte("[redacted]"))
		} else {
			field.Set(reflect.ValueOf(aws.String("[redacted]")))
		}
	}
	return copied.Interface()
}
