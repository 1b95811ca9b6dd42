package localaws

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// teller tells a story to an account through one of its fronts: it hands an SDK input to the operation that the input's type
// names.
type teller struct {
	*testing.T
	account  *Account
	services map[string]any
}

// story runs a test twice, each time with an account of its own: against the typed front, and with the SDK's own clients against
// the HTTP front.
func story(t *testing.T, tell func(s teller)) {
	t.Helper()
	t.Run("typed", func(t *testing.T) {
		a := New(Options{})
		tell(teller{t, a, typed(a.As(ownKeyID, ""))})
	})
	t.Run("http", func(t *testing.T) {
		a := New(Options{})
		tell(teller{t, a, clients(a.Config("", ""))})
	})
}

func typed(c *Caller) map[string]any {
	return map[string]any{"iam": c.IAM(), "sts": c.STS(), "secretsmanager": c.SecretsManager()}
}

func clients(config aws.Config) map[string]any {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return map[string]any{
		"iam": iam.NewFromConfig(config), "sts": sts.NewFromConfig(config), "secretsmanager": secretsmanager.NewFromConfig(config),
	}
}

// as is the same teller with a user's credentials.
func (s teller) as(id, secret string) teller {
	if _, isTyped := s.services["iam"].(*IAM); isTyped {
		s.services = typed(s.account.As(id, secret))
	} else {
		s.services = clients(s.account.Config(id, secret))
	}
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

// refused makes a call that must fail with an error code and, on both fronts, an error that errors.As finds by its code.
func (s teller) refused(code string, in any) {
	s.Helper()
	_, err := s.try(s.Context(), in)
	require.Error(s, err, "%T should be refused with %s", in, code)
	assert.Equal(s, code, errorCode(err), "%v", err)
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

// The typed front is the SDK's clients by their methods; its models and it know the same operations.
func TestTheTypedFrontHasTheSignaturesOfTheSDK(t *testing.T) {
	a := New(Options{})
	for service, front := range map[string]struct {
		ours, theirs any
		model        model
	}{
		"iam":            {a.IAM(), &iam.Client{}, a.iamModel},
		"sts":            {a.STS(), &sts.Client{}, model{"GetCallerIdentity": {"="}}},
		"secretsmanager": {a.SecretsManager(), &secretsmanager.Client{}, a.secretModel},
	} {
		ours, theirs := reflect.ValueOf(front.ours), reflect.ValueOf(front.theirs)
		for i := range ours.NumMethod() {
			name := ours.Type().Method(i).Name
			assert.Equal(t, theirs.MethodByName(name).Type(), ours.Method(i).Type(), "%s %s", service, name)
			assert.Contains(t, front.model, name)
		}
		for name := range front.model {
			assert.Equal(t, theirs.MethodByName(name).IsValid(), ours.MethodByName(name).IsValid(), "%s %s", service, name)
		}
	}
}

// AWS sends a list that holds nothing as an empty one: a client that prints what it got shows "[]".
func TestAListThatHoldsNothingIsEmptyAndNotAbsent(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"), createRole("redis"), createPolicy("read-users"), createSecret(1, "x"))
		s.do(&iam.CreateGroupInput{GroupName: aws.String("redis")})
		for service, client := range s.services {
			for method := range reflect.TypeOf(client).Methods() {
				if !strings.HasPrefix(method.Name, "List") || !reflect.ValueOf(typed(s.account.As(ownKeyID, ""))[service]).MethodByName(method.Name).IsValid() {
					continue
				}
				in := reflect.New(method.Type.In(2).Elem())
				for name, value := range map[string]string{
					"UserName": "redis", "RoleName": "redis", "GroupName": "redis", "PolicyArn": readUsersARN, "SecretId": secretName,
				} {
					if field := in.Elem().FieldByName(name); field.IsValid() {
						field.Set(reflect.ValueOf(&value))
					}
				}
				out, err := s.try(s.Context(), in.Interface())
				require.NoError(s, err, method.Name)
				for name, field := range reflect.ValueOf(out).Elem().Fields() {
					if field.Kind() == reflect.Slice {
						assert.False(s, field.IsNil(), "%s %s", method.Name, name.Name)
					}
				}
			}
		}
	})
}

func TestTheModelsCanBeRead(t *testing.T) {
	a := New(Options{})
	for _, m := range []model{a.iamModel, a.secretModel} {
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
