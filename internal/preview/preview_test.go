package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/account"
	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

const accountID = "123456789012"

// place is an AWS in memory, to which the environment leads.
func place(t *testing.T) *localaws.Account {
	t.Helper()
	cloud := localaws.New(localaws.Options{AnyCaller: true})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	lead(t, server.URL)
	return cloud
}

// lead has the environment lead to an emulator, and to no account of anybody's.
func lead(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "PLANNER", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_REGION": "us-east-1",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	if _, err := os.Stat("template.yaml"); err != nil {
		t.Chdir("../..")
	}
}

// people makes the entities by hand, as people did a day ago.
func people(t *testing.T, cloud *localaws.Account) (keyID string) {
	t.Helper()
	keyID, err := byhand.FiveSteps(t.Context(), iam.NewFromConfig(cloud.Config("", "")), accountID)
	require.NoError(t, err)
	cloud.Age(24 * time.Hour)
	cloud.ResetCalls()
	return keyID
}

func planned(t *testing.T, parameters ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), parameters, &out)
	return out.String(), err
}

// refused reports whether an error is why a launch would be refused.
func refused(err error) bool {
	_, ok := errors.AsType[refusal](err)
	return ok
}

// steps are the lines of a plan, stage by stage.
func steps(screen string) (lines []string) {
	for _, line := range regexp.MustCompile(`(?m)^ {3}(?:stage \d+ {1,4}| {10}) ([+~?-] .*)$`).FindAllStringSubmatch(screen, -1) {
		lines = append(lines, line[1])
	}
	return lines
}

// carriedOut are the steps of the launch itself, as its function logs them.
func carriedOut(t *testing.T, cloud *localaws.Account, parameters ...string) (lines []string) {
	t.Helper()
	template, err := os.ReadFile(templateFile)
	require.NoError(t, err)
	given, err := parse(parameters)
	require.NoError(t, err)
	l, err := newLaunch(t.Context(), cloud.Config("", ""), template, given)
	require.NoError(t, err)
	own := l.desired.Spec.StackBoundaries // which the stack makes before the function runs
	for _, arn := range []string{own.InstanceRole, own.User} {
		if arn == "" {
			continue
		}
		_, err := iam.NewFromConfig(cloud.Config("", "")).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
			PolicyName:     new(path.Base(arn)),
			PolicyDocument: new(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		})
		require.NoError(t, err)
	}
	var logs bytes.Buffer
	_, err = account.New(cloud.Config("", ""), slog.New(slog.NewJSONHandler(&logs, nil))).Ensure(t.Context(), l.desired)
	require.NoError(t, err)
	for line := range strings.Lines(logs.String()) {
		var plan struct {
			Stages [][]struct{ Effect, Step string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &plan))
		for _, stage := range plan.Stages {
			for _, step := range stage {
				lines = append(lines, step.Effect+" "+step.Step)
			}
		}
	}
	return lines
}

func TestThePlanIsWhatTheLaunchDoes(t *testing.T) {
	for name, c := range map[string]struct {
		byHand     bool
		parameters []string
	}{
		"an empty account": {false, nil},
		"other names":      {false, []string{"UserName=redis", "Tags=team=data,env=test", "OnDelete=Retain", "ConsoleLogin=true"}},
		"an adoption":      {true, []string{"ExistingEntities=Adopt"}},
		"some of it there": {true, []string{"ExistingEntities=Adopt", "UserName=redis", "OnDelete=Retain", "LogRetentionDays=30"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := place(t)
			if c.byHand {
				people(t, cloud)
			}
			screen, err := planned(t, c.parameters...)
			require.NoError(t, err)
			for _, call := range cloud.Calls() {
				assert.Regexp(t, "^(Get|List|Describe)", call.Action, "a preview changes nothing")
			}
			require.NotEmpty(t, steps(screen))
			assert.Equal(t, carriedOut(t, cloud, c.parameters...), steps(screen))
		})
	}
}

// TestThePlanIsTheAdoptionOfMakeLocal holds make plan against what the built function does in make
// local's adopt. No stack makes boundaries there, and its events have no time, which Updates need.
func TestThePlanIsTheAdoptionOfMakeLocal(t *testing.T) {
	people(t, place(t))
	screen, err := planned(t, "ExistingEntities=Adopt")
	require.NoError(t, err)
	shown := slices.DeleteFunc(steps(strings.ReplaceAll(screen, " redis-cloud-iam:event,", "")), func(step string) bool {
		return strings.HasPrefix(step, "~ put permissions boundary redis-cloud-")
	})

	local := exec.CommandContext(t.Context(), "go", "run", "./internal/local", "events/adopt.json")
	local.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "AWS_") })
	played, err := local.CombinedOutput()
	require.NoError(t, err, string(played))
	assert.Equal(t, steps(string(played)), shown)
	assert.Len(t, shown, 12)
}

func TestEveryConflictIsShownWithItsRemedy(t *testing.T) {
	cloud := place(t)
	people(t, cloud)
	screen, err := planned(t)
	assert.True(t, refused(err))
	assert.Empty(t, steps(screen))
	for _, entity := range []string{"policy RedisLabsInstanceRolePolicy", "user redislabs-user", "role redislabs-role"} {
		require.ErrorContains(t, err, "\n   ✗ "+entity+" exists, and no stack owns it")
	}
	require.ErrorContains(t, err, "set ExistingEntities to Adopt")
	assert.NotContains(t, err.Error(), "still be refused")

	_, err = iam.NewFromConfig(cloud.Config("", "")).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: new("redislabs-user")})
	require.NoError(t, err)
	cloud.Age(time.Hour)
	for _, parameters := range [][]string{{"ExistingEntities=Adopt"}, nil} {
		_, err = planned(t, parameters...)
		assert.True(t, refused(err))
		require.ErrorContains(t, err, "IAM allows no third")
		require.ErrorContains(t, err, "aws iam delete-access-key")
	}
	require.ErrorContains(t, err, "user redislabs-user exists, and no stack owns it")
	require.ErrorContains(t, err, "With ExistingEntities=Adopt it would still be refused:\n   ✗ ")
}

func TestTheKeyThatWasMadeAMomentAgoIsWaitedFor(t *testing.T) {
	cloud := place(t)
	_, err := byhand.FiveSteps(t.Context(), iam.NewFromConfig(cloud.Config("", "")), accountID)
	require.NoError(t, err)
	screen, err := planned(t, "ExistingEntities=Adopt")
	require.NoError(t, err)
	assert.NotEmpty(t, steps(screen))
}

// The fault of Tags is one that only the function knows.
func TestFaultyParametersAreToldAllAtOnce(t *testing.T) {
	cloud := place(t)
	_, err := planned(t, "UserNam=redis", "ServiceToken=x", "AccessKeySerial=one", "LogRetentionDays=4", "OnDelete=Keep",
		"AlarmTopicArn=nonsense", "WatchSchedule=never", "KeyMaxAgeDays=-5", "LambdaPermissionsBoundary=x", "Tags=UsedBy=me",
		"ArtifactBucketPrefix=x", "KmsKeyId=alias/mine", "SecretReaders=arn:aws:iam::222222222222:root, you, me")
	assert.True(t, refused(err))
	assert.Equal(t, `the launch would be refused:
   ✗ "ServiceToken": is not a parameter of this template; remove it
   ✗ "UserNam": is not a parameter of this template; did you mean UserName?
   ✗ AccessKeySerial: "one" is not allowed: A whole number from 1 to 999999999.
   ✗ AlarmTopicArn: "nonsense" is not allowed: The ARN of a standard SNS topic (arn:aws:sns:<region>:<account>:<name>), or empty.
   ✗ ArtifactBucketPrefix: "x" is not allowed: 3 to 47 lower-case letters, digits and dashes, the beginning of a bucket's name.
   ✗ KeyMaxAgeDays: "-5" is not allowed: A whole number from 0 to 9999.
   ✗ KmsKeyId: "alias/mine" is not allowed: The ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not of an alias; or empty.
   ✗ LambdaPermissionsBoundary: "x" is not allowed: The ARN of a managed policy (arn:aws:iam::<account>:policy/<name>), or empty.
   ✗ LogRetentionDays: "4" is not allowed: A retention that CloudWatch Logs offers, such as 30, 90 or 365.
   ✗ OnDelete: "Keep" is not allowed: use Delete or Retain
   ✗ SecretReaders: "you, me" is not allowed: ARNs such as arn:aws:iam::<account>:root or arn:aws:iam::<account>:role/<name>, with commas between them; or empty.
   ✗ WatchSchedule: "never" is not allowed: rate(1 day), rate(12 hours) or the like, or cron with six fields, such as cron(0 6 * * ? *).
   ✗ Tags: key "UsedBy" is reserved for this resource; choose another`, err.Error())
	for _, call := range cloud.Calls() {
		assert.Equal(t, "GetCallerIdentity", call.Action)
	}
}

func TestEveryParameterOfThePublishedTemplateCanBeGiven(t *testing.T) {
	place(t)
	screen, err := planned(t, "ArtifactBucketPrefix=mine-alone", "LogRetentionDays=30", "KeyMaxAgeDays=0", "WatchSchedule=rate(12 hours)",
		"AlarmTopicArn=arn:aws:sns:us-east-1:123456789012:alarms", "Tags=team=data services, env=test")
	require.NoError(t, err)
	assert.NotEmpty(t, steps(screen))
	for _, made := range []string{"log group", "two permissions boundaries", "watcher"} {
		assert.Contains(t, screen, made, "the stack itself makes it")
	}
}

// What the SDK logs by itself comes before the error that says what to do.
func TestWithoutCredentialsOnlyTheErrorIsShown(t *testing.T) {
	place(t)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer metadata.Close()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL,
	} {
		t.Setenv(name, value)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer file.Close()
	standard := os.Stderr
	os.Stderr = file
	_, err = planned(t)
	os.Stderr = standard
	require.ErrorContains(t, err, "set AWS_PROFILE, or sign in")
	logged, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.Empty(t, string(logged))
}

func TestParametersAreWrittenAsNameAndValue(t *testing.T) {
	place(t)
	_, err := planned(t, "UserName")
	assert.False(t, refused(err))
	require.ErrorContains(t, err, "Name=value")
	t.Setenv("AWS_REGION", "")
	_, err = planned(t)
	require.ErrorContains(t, err, "set AWS_REGION")
}

// TestTheRightsAreTheLeast has a preview in accounts of every kind need each action that its policy
// allows, and no other.
func TestTheRightsAreTheLeast(t *testing.T) {
	cloud := place(t)
	preview := func(parameters ...string) {
		_, err := planned(t, parameters...)
		require.True(t, err == nil || refused(err), err)
	}
	preview()
	people(t, cloud)
	calls := cloud.Calls()
	client := iam.NewFromConfig(cloud.Config("", ""))
	_, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: new("redislabs-user")})
	require.NoError(t, err)
	cloud.Age(time.Hour)
	cloud.ResetCalls()
	preview("ExistingEntities=Adopt")
	calls = append(calls, cloud.Calls()...)
	cloud.ResetCalls()
	secrets := secretsmanager.NewFromConfig(cloud.Config("", ""))
	_, err = secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new("redis-cloud/access-key"), SecretString: new("{}")})
	require.NoError(t, err)
	cloud.ResetCalls()
	preview("ExistingEntities=Adopt")
	calls = append(calls, cloud.Calls()...)

	_, err = client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: new("staff"), Path: new("/team/"), AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`),
	})
	require.NoError(t, err)
	cloud.ResetCalls()
	_, err = planned(t, "ConsoleRoleName=staff", "ExistingEntities=Adopt")
	require.ErrorContains(t, err, "role staff exists under the path /team/")
	underPath := cloud.Calls()

	checkRights(t, underPath, "ConsoleRoleName=staff")
	needed, allowed := checkRights(t, calls)
	delete(needed, "sts:GetCallerIdentity") // needs no permission
	for _, action := range allowed {
		assert.True(t, needed[action], "the policy allows %s, and it is never needed", action)
	}
}

// checkRights checks that the policy allows what calls needed, and returns both as actions.
func checkRights(t *testing.T, calls []localaws.Call, parameters ...string) (needed map[string]bool, allowed []string) {
	t.Helper()
	text, err := planned(t, append([]string{"-rights"}, parameters...)...)
	require.NoError(t, err)
	policy, err := iampolicy.Parse(text)
	require.NoError(t, err)
	needed = map[string]bool{}
	for _, call := range calls {
		for _, p := range call.Permissions {
			needed[p.Action] = true
			if call.Service != "sts" {
				assert.Equal(t, iampolicy.Allowed, iampolicy.Decide(iampolicy.Request(p), policy), "%s on %s", p.Action, p.Resource)
			}
		}
	}
	for _, s := range policy.Statements {
		allowed = append(allowed, s.Action...)
	}
	return needed, allowed
}

func TestTheHelpIsPrinted(t *testing.T) {
	screen, err := planned(t, "-h")
	require.Error(t, err)
	assert.Contains(t, screen, "PARAMETERS=")
}

func TestMotoIsPreviewed(t *testing.T) {
	endpoint, stop, err := moto.Start(t.Context(), "../..")
	if errors.Is(err, moto.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer stop()
	forward, err := moto.Forward(endpoint)
	require.NoError(t, err)
	server := httptest.NewServer(forward)
	defer server.Close()
	lead(t, server.URL)
	empty, err := planned(t)
	require.NoError(t, err)

	cloud := localaws.New(localaws.Options{})
	config := cloud.Config("PEOPLE", "not-a-secret")
	config.BaseEndpoint, config.HTTPClient = &server.URL, nil
	_, err = byhand.FiveSteps(t.Context(), iam.NewFromConfig(config), accountID)
	require.NoError(t, err)
	_, err = planned(t)
	assert.True(t, refused(err))
	adoption, err := planned(t, "ExistingEntities=Adopt")
	require.NoError(t, err)

	local := place(t)
	screen, err := planned(t)
	require.NoError(t, err)
	assert.Equal(t, steps(screen), steps(empty))
	people(t, local)
	screen, err = planned(t, "ExistingEntities=Adopt")
	require.NoError(t, err)
	assert.ElementsMatch(t, steps(screen), steps(adoption))
}
