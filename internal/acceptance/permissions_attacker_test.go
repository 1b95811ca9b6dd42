package acceptance

import (
	"context"
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/localaws"
)

// TestTheFunctionsCredentialsAreOfNoOtherUse: what someone might try with them is denied. What the
// function itself does the same way is not, so that it is no accident.
func TestTheFunctionsCredentialsAreOfNoOtherUse(t *testing.T) {
	bounded := map[string]any{"PermissionsBoundary": ourBoundary, "KmsKeyId": ourKey}
	t.Run("the defaults", func(t *testing.T) {
		l := furnished(t, nil)
		l.deny(forbidden())
		l.deny(unlessAskedFor())
		l.allow(attaching())
		l.denyElsewhere()
	})
	t.Run("a permissions boundary and a KMS key", func(t *testing.T) {
		l := furnished(t, bounded)
		l.deny(forbidden())
		l.deny(unlessAskedFor())
		l.deny(beyondTheBoundary())
		l.allow(attaching())
		l.denyElsewhere()
	})
	t.Run("a console password and readers", func(t *testing.T) {
		l := furnished(t, map[string]any{"KmsKeyId": ourKey, "ConsoleLogin": "true", "SecretReaders": []any{"arn:aws:iam::222222222222:root"}})
		l.deny(forbidden())
		l.allow(unlessAskedFor())
		l.denyElsewhere()
	})
	t.Run("entities that have lost their boundary", func(t *testing.T) {
		l := furnished(t, bounded)
		l.must(l.iam.DeleteUserPermissionsBoundary(t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: &l.spec.User}))
		for _, role := range []string{l.spec.ConsoleRole, l.spec.InstanceRole} {
			l.must(l.iam.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role}))
		}
		l.deny(attaching())
	})
}

// furnished is an account with the stack's entities and those of others.
func furnished(t *testing.T, properties map[string]any) *life {
	t.Helper()
	l := newLife(t, deployment{"", localaws.Options{}, properties})
	ctx, theirs := t.Context(), aws.String("theirs")
	l.must(l.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: theirs}))
	l.must(l.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: theirs, AssumeRolePolicyDocument: aws.String(anybody)}))
	l.must(l.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: theirs}))
	l.must(l.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: theirs}))
	l.must(l.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: theirs, PolicyDocument: aws.String(anything)}))
	l.must(l.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:*","iam:*"],"Resource":"*"}]}`)}))
	for _, name := range []string{"theirs", "redis-cloud/access-key-old"} {
		l.must(l.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String(`{}`)}))
	}
	l.create(l.properties(nil))
	return l
}

func (l *life) deny(attempts []attempt) {
	l.Helper()
	for _, a := range attempts {
		assert.NotEmpty(l, l.denied(a), "denied: %s", a.what)
	}
}

func (l *life) allow(attempts []attempt) {
	l.Helper()
	for _, a := range attempts {
		assert.Empty(l, l.denied(a), "allowed: %s", a.what)
	}
}

func (l *life) denyElsewhere() {
	l.Helper()
	role := l.roleOf(l.stack, json.RawMessage(l.properties(nil)))
	for what, request := range elsewhere() {
		assert.False(l, role.allows(describe(request), request), "denied: %s", what)
	}
}

// denied makes a call, in an account where nothing else has changed, and returns what it asks that
// the role does not allow. The account itself allows everything.
func (l *life) denied(a attempt) []localaws.Permission {
	role := l.roleOf(l.stack, json.RawMessage(l.properties(nil)))
	var asked []localaws.Permission
	ctx := localaws.Watch(l.Context(), func(call localaws.Call) { asked = append(asked, call.Permissions...) })
	newWorld(l.T, l.aws.Fork()).ask(ctx, a.input)
	require.NotEmpty(l, asked, a.what)
	return slices.DeleteFunc(asked, func(p localaws.Permission) bool {
		return role.allows(describe(iampolicy.Request(p)), iampolicy.Request(p))
	})
}

// ask gives an input to the operation that its type names: iam.GetUserInput to IAM's GetUser.
func (w *world) ask(ctx context.Context, input any) {
	kind := reflect.TypeOf(input).Elem()
	client := map[string]any{"iam": w.iam, "secretsmanager": w.secrets}[path.Base(kind.PkgPath())]
	method := reflect.ValueOf(client).MethodByName(strings.TrimSuffix(kind.Name(), "Input"))
	method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(input)})
}
