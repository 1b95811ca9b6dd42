package localaws

import (
	"context"
	"errors"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// teller tells a story to an account: it gives an SDK input to the operation that the input's type
// names.
type teller struct {
	*testing.T
	account  *Account
	services map[string]any
}

// newTeller returns one who calls an account as the Lambda's own role.
func newTeller(t *testing.T, a *Account) teller {
	t.Helper()
	return teller{t, a, clients(a.Config("", ""))}
}

// story runs a test with an account of its own.
func story(t *testing.T, tell func(s teller)) {
	t.Helper()
	tell(newTeller(t, New(Options{})))
}

func clients(config aws.Config) map[string]any {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return map[string]any{
		"iam": iam.NewFromConfig(config), "sts": sts.NewFromConfig(config), "secretsmanager": secretsmanager.NewFromConfig(config),
		"sns": sns.NewFromConfig(config), "logs": cloudwatchlogs.NewFromConfig(config),
	}
}

// as is the same teller with a user's credentials.
func (s teller) as(id, secret string) teller {
	s.services = clients(s.account.Config(id, secret))
	return s
}

func (s teller) try(ctx context.Context, in any) (any, error) {
	op := operationOf(reflect.TypeOf(in).Elem())
	results := reflect.ValueOf(s.services[op.service]).MethodByName(op.action).
		Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(in)})
	err, _ := reflect.TypeAssert[error](results[1])
	return results[0].Interface(), err
}

// do makes calls that must succeed.
func (s teller) do(inputs ...any) {
	s.Helper()
	for _, in := range inputs {
		_, err := s.try(s.Context(), in)
		require.NoError(s, err, "%T", in)
	}
}

// refused makes a call that must fail with an error code.
func (s teller) refused(code string, in any) {
	s.Helper()
	_, err := s.try(s.Context(), in)
	require.Error(s, err, "%T should be refused with %s", in, code)
	api, _ := errors.AsType[smithy.APIError](err)
	require.NotNil(s, api, "%v", err)
	assert.Equal(s, code, api.ErrorCode(), "%v", err)
}

// ask makes a call that must succeed and returns its output.
func ask[Out any](s teller, in any) *Out {
	s.Helper()
	out, err := s.try(s.Context(), in)
	require.NoError(s, err, "%T", in)
	return out.(*Out)
}

const (
	readUsers = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}]}`
	trustEC2  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

	account      = "arn:aws:iam::123456789012:"
	admin        = "arn:aws:iam::aws:policy/AdministratorAccess"
	readUsersARN = account + "policy/read-users"
)

// Short ways to the inputs that most stories begin with.
func createUser(name string) *iam.CreateUserInput { return &iam.CreateUserInput{UserName: &name} }

func createRole(name string) *iam.CreateRoleInput {
	return &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustEC2)}
}

func createPolicy(name string) *iam.CreatePolicyInput {
	return &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(readUsers)}
}

func createProfile(name string) *iam.CreateInstanceProfileInput {
	return &iam.CreateInstanceProfileInput{InstanceProfileName: &name}
}

func createKey(user string) *iam.CreateAccessKeyInput {
	return &iam.CreateAccessKeyInput{UserName: &user}
}

func attachUser(user, arn string) *iam.AttachUserPolicyInput {
	return &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: &arn}
}

func attachRole(role, arn string) *iam.AttachRolePolicyInput {
	return &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &arn}
}

func getUser(name string) *iam.GetUserInput { return &iam.GetUserInput{UserName: &name} }

func getRole(name string) *iam.GetRoleInput { return &iam.GetRoleInput{RoleName: &name} }

func tags(pairs ...string) (list []iamtypes.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, iamtypes.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return list
}

// operationOf is the operation that takes an input: iam.CreateUserInput is that of IAM's
// CreateUser.
func operationOf(input reflect.Type) operation {
	service := strings.TrimPrefix(path.Base(input.PkgPath()), "cloudwatch")
	return operation{service, strings.TrimSuffix(input.Name(), "Input")}
}

// operations are all that an account knows.
func operations(a *Account) (all []operation) {
	for service, m := range a.models {
		for name := range m {
			op := operation{service, name}
			if _, _, ok := op.api(); ok {
				all = append(all, op)
			}
		}
	}
	return all
}

// Every operation of a model is one of the SDK's, has an effect that takes what can be given to it,
// and constrains members that its input has. Every effect is of an operation.
func TestTheOperationsAreTheSDKs(t *testing.T) {
	a := New(Options{})
	all, effects := operations(a), map[string]bool{}
	assert.Greater(t, len(all), 80)
	for _, op := range all {
		effect, ok := op.effect()
		require.True(t, ok, op.fullName())
		effects[effect.Name] = true
		in, out, _ := op.api()
		assert.Equal(t, op, operationOf(in))
		for i := 1; i < effect.Type.NumIn(); i++ {
			switch of := effect.Type.In(i); of {
			case reflect.PointerTo(in), reflect.PointerTo(out):
			case reflect.TypeFor[*secret]():
				assert.Contains(t, memberNames(in), "SecretId", op.fullName())
			case reflect.TypeFor[*mfaDevice]():
				assert.Contains(t, memberNames(in), "SerialNumber", op.fullName())
			case reflect.TypeFor[*accessKey](), reflect.TypeFor[*loginProfile](), reflect.TypeFor[*credential]():
				assert.Equal(t, reflect.TypeFor[*user](), effect.Type.In(i-1), op.fullName())
			case reflect.TypeFor[*policyVersion]():
				assert.Equal(t, reflect.TypeFor[*policy](), effect.Type.In(i-1), op.fullName())
				assert.Contains(t, memberNames(in), "VersionId", op.fullName())
			default:
				named := slices.ContainsFunc(kinds(), func(k kind) bool { return k.is(of) && slices.Contains(memberNames(in), k.names()) })
				assert.True(t, named, "%s takes a %s, which its input does not name", op.fullName(), of)
			}
		}
		for _, member := range a.models[op.service][op.action][1:] {
			member, _, _ = strings.Cut(member, ":")
			assert.Contains(t, memberNames(in), strings.TrimSuffix(member, "!"), op.fullName())
		}
	}
	for method := range reflect.TypeFor[*tx]().Methods() {
		if _, theAccounts := reflect.TypeFor[*Account]().MethodByName(method.Name); !theAccounts {
			assert.Contains(t, effects, method.Name)
		}
	}
}

func memberNames(of reflect.Type) (names []string) {
	for _, field := range reflect.VisibleFields(of) {
		if field.IsExported() {
			names = append(names, field.Name)
		}
	}
	return names
}

// What would be passed over is refused.
func TestAMemberThatIsNotKnownIsRefused(t *testing.T) {
	story(t, func(s teller) {
		s.refused("InternalFailure", &iam.ListUsersInput{PathPrefix: aws.String("/team/")})
		s.refused("InternalFailure", &secretsmanager.CreateSecretInput{Name: aws.String("s"), AddReplicaRegions: []secrettypes.ReplicaRegionType{{}}})
	})
}

// AWS sends a list that holds nothing as an empty one: a client that prints what it got shows "[]".
func TestAListThatHoldsNothingIsEmptyAndNotAbsent(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"), createRole("redis"), createPolicy("read-users"))
		for _, op := range operations(s.account) {
			if !strings.HasPrefix(op.action, "List") {
				continue
			}
			input, _, _ := op.api()
			in := reflect.New(input)
			for name, value := range map[string]string{"UserName": "redis", "RoleName": "redis", "PolicyArn": readUsersARN} {
				if field := in.Elem().FieldByName(name); field.IsValid() {
					field.Set(reflect.ValueOf(&value))
				}
			}
			out, err := s.try(s.Context(), in.Interface())
			require.NoError(s, err, op.action)
			for name, field := range reflect.ValueOf(out).Elem().Fields() {
				if field.Kind() == reflect.Slice {
					assert.False(s, field.IsNil(), "%s %s", op.action, name.Name)
				}
			}
		}
	})
}

func TestTheModelsCanBeRead(t *testing.T) {
	a := New(Options{})
	for _, m := range a.models {
		for shape, spec := range m {
			switch spec[0] {
			case "=":
				for _, member := range spec[1:] {
					if _, of, constrained := strings.Cut(member, ":"); constrained {
						assert.Contains(t, m, of, "%s %s", shape, member)
					}
				}
			case "string", "secret":
				if len(spec) > 3 {
					assert.NotPanics(t, func() { a.pattern(spec[3]) }, shape)
				}
			default:
				assert.Contains(t, []string{"list", "enum", "number"}, spec[0], shape)
			}
		}
	}
}
