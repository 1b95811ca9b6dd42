package localaws

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fields gives the members of an input by name, without regard to whether they are there.
type fields struct{ input reflect.Value }

func fieldsOf(in any) fields { return fields{reflect.ValueOf(in).Elem()} }

// text returns a member that is a text, or "".
func (f fields) text(name string) string {
	return aws.ToString(f.pointer(name))
}

func (f fields) value(name string) any {
	if v := f.input.FieldByName(name); v.IsValid() {
		return v.Interface()
	}
	return nil
}

// pointer returns a member that is a text, or nil where it is not there.
func (f fields) pointer(name string) *string {
	pointer, _ := f.value(name).(*string)
	return pointer
}

// many reports whether a member is a list that holds something.
func (f fields) many(name string) bool {
	v := f.input.FieldByName(name)
	return v.IsValid() && v.Len() > 0
}

// resource returns the ARN that IAM authorizes a call against, or "" where the action knows no
// resources. For what a call makes it is the ARN that it will have. A secret that does not exist
// has the ARN without the six random characters.
func (a *Account) resource(caller *user, op operation, in any) string {
	f := fieldsOf(in)
	switch op.service {
	case "iam":
		return a.iamResource(caller, op.action, f)
	case "secretsmanager":
		if id := cmp.Or(f.text("SecretId"), f.text("Name")); id != "" {
			return a.secretResource(id, op.action == "CreateSecret")
		}
	}
	return ""
}

func (a *Account) iamResource(caller *user, action string, f fields) string {
	if action == "GetAccessKeyLastUsed" {
		if u, _ := a.state.key(f.text("AccessKeyId")); u != nil {
			return u.ARN
		}
		return ""
	}
	if kind, creates := strings.CutPrefix(action, "Create"); creates {
		path := cmp.Or(f.text("Path"), "/")
		switch kind {
		case "User", "Role", "Group", "Policy":
			return a.arn(strings.ToLower(kind) + path + f.text(kind+"Name"))
		case "InstanceProfile":
			return a.arn(string(aProfile) + path + f.text("InstanceProfileName"))
		case "VirtualMFADevice":
			return a.arn("mfa" + path + f.text("VirtualMFADeviceName"))
		}
	}
	switch {
	case action == "DeleteVirtualMFADevice":
		return f.text("SerialNumber")
	case f.text("InstanceProfileName") != "":
		return entityARN(a, a.state.Profiles, aProfile, f.text("InstanceProfileName"))
	case f.text("GroupName") != "":
		return entityARN(a, a.state.Groups, aGroup, f.text("GroupName"))
	case f.text("RoleName") != "":
		return entityARN(a, a.state.Roles, aRole, f.text("RoleName"))
	case f.text("UserName") != "":
		return entityARN(a, a.state.Users, aUser, f.text("UserName"))
	case f.text("PolicyArn") != "":
		return f.text("PolicyArn")
	case caller != nil && f.input.FieldByName("UserName").IsValid():
		return caller.ARN
	}
	return ""
}

// entityARN is the ARN of a named entity, or the one that it would have without a path.
func entityARN[T interface{ header() *entity }](a *Account, entities map[string]T, k kind, name string) string {
	if e, ok := entities[fold(name)]; ok {
		return e.header().ARN
	}
	return a.arn(string(k) + "/" + name)
}

// redacted copies an input without the secret values in it.
func redacted(in any) any {
	copied := reflect.New(reflect.TypeOf(in).Elem())
	copied.Elem().Set(reflect.ValueOf(in).Elem())
	deepen(copied.Elem())
	for _, name := range []string{"SecretString", "Password"} {
		if field := copied.Elem().FieldByName(name); field.IsValid() && !field.IsNil() {
			field.Set(reflect.ValueOf(aws.String("[redacted]")))
		}
	}
	return copied.Interface()
}
