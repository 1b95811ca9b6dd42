package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/spec"
)

const (
	stackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/11111111-2222-3333-4444-555555555555"
	topic   = "arn:aws:sns:us-east-1:123456789012:alarms"
)

func stackWith(parameters map[string]string) intrinsics.Stack {
	return intrinsics.Stack{
		Account:    spec.Account{Partition: "aws", ID: "123456789012", Region: "us-east-1"},
		Parameters: parameters,
		References: map[string]string{
			"AWS::StackId":     stackID,
			"InstanceBoundary": "arn:aws:iam::123456789012:policy/redis-cloud-InstanceBoundary-1ABC",
			"UserBoundary":     "arn:aws:iam::123456789012:policy/redis-cloud-UserBoundary-1ABC",
		},
	}
}

func parsed(t *testing.T, text string) *intrinsics.Template {
	t.Helper()
	parsed, err := intrinsics.Parse([]byte(text))
	require.NoError(t, err)
	return parsed
}

// The default launch is what it was before there was a watcher.
func TestWithoutATopicThereIsNoWatcher(t *testing.T) {
	for _, name := range []string{samFile, plainFile} {
		text := parsed(t, read(t, name))
		without, err := text.LogicalIDs(stackWith(nil))
		require.NoError(t, err)
		for _, id := range without {
			assert.NotContains(t, id, "Watcher", name)
		}
		with, err := text.LogicalIDs(stackWith(map[string]string{"AlarmTopicArn": topic}))
		require.NoError(t, err)
		more := slices.DeleteFunc(with, func(id string) bool { return slices.Contains(without, id) })
		want := []string{
			"Watcher", "WatcherErrors", "WatcherEventInvokeConfig", "WatcherLogGroup", "WatcherLogPermissions", "WatcherRole",
			"WatcherSchedule", "WatcherSchedulePermission",
		}
		if name == samFile { // where the property of the function stands for it
			want = slices.DeleteFunc(want, func(id string) bool { return id == "WatcherEventInvokeConfig" })
		}
		assert.Equal(t, want, more, name)
	}
}

// event is what the schedule sends to the watcher.
func event(template *intrinsics.Template, stack intrinsics.Stack) (string, error) {
	properties, err := template.Properties("WatcherSchedule", stack)
	if err != nil {
		return "", err
	}
	targets, _ := properties["Targets"].([]any)
	target, _ := targets[0].(map[string]any)
	input, _ := target["Input"].(string)
	return input, nil
}

// sameForBoth compares what the watcher and the function that provisions are given.
func sameForBoth(template *intrinsics.Template, parameters map[string]string) error {
	stack := stackWith(parameters)
	input, err := event(template, stack)
	if err != nil {
		return err
	}
	if len([]rune(input)) > 8192 {
		return fmt.Errorf("the event has %d characters", len([]rune(input)))
	}
	var watched struct {
		StackID            string `json:"StackId"`
		LogicalResourceID  string `json:"LogicalResourceId"`
		ResourceProperties json.RawMessage
	}
	if err := json.Unmarshal([]byte(input), &watched); err != nil {
		return fmt.Errorf("the event is no JSON: %w", err)
	}
	resource, err := template.Properties("RedisCloudIAM", stack)
	if err != nil {
		return err
	}
	provisioned, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	var there map[string]any
	if err := json.Unmarshal(watched.ResourceProperties, &there); err != nil {
		return err
	}
	for name := range resource {
		if _, ok := there[name]; !ok && name != "ServiceToken" && name != "ServiceTimeout" {
			return fmt.Errorf("the event has no %s", name)
		}
	}
	one, err := spec.Parse(provisioned, stack.Account)
	if err != nil {
		return err
	}
	other, err := spec.Parse(watched.ResourceProperties, stack.Account)
	if err != nil {
		return fmt.Errorf("of the event: %w", err)
	}
	if !assert.ObjectsAreEqual(one, other) {
		return fmt.Errorf("the function that provisions gets %+v\nand the watcher %+v", one, other)
	}
	ids := []string{
		spec.ID(stackID, "RedisCloudIAM", provisioned),
		spec.ID(watched.StackID, watched.LogicalResourceID, watched.ResourceProperties),
	}
	if ids[0] != ids[1] {
		return fmt.Errorf("the IDs differ: %v", ids)
	}
	return nil
}

// parameterSets are launches with a topic.
func parameterSets() map[string]map[string]string {
	all := map[string]string{
		"InstancePolicyName": "node,policy=1", "InstanceRoleName": "node+role", "UserPolicyName": "redis@policy",
		"UserName": "somebody-else", "ConsoleRoleName": "staff.role", "AccessKeySecretName": "redis/key+1",
		"ConsolePasswordSecretName": "redis/password@2", "RedisCloudAccountId": "111122223333", "AccessKeySerial": "3",
		"PreviousAccessKey": "Inactive", "ConsoleLogin": "true", "DeletionProtection": "Off", "OnDelete": "Retain",
		"ExistingEntities":    "arn:aws:cloudformation:us-east-1:123456789012:stack/old/1",
		"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
		"KmsKeyId":            "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
		"SecretReaders":       "arn:aws:iam::222222222222:role/reader,arn:aws:iam::111111111111:root",
		"Tags":                "team=data,url=https://example.com/a+b,empty=, spaced = x y ,Größe=zwölf µ",
	}
	sets := map[string]map[string]string{
		"defaults": {},
		"all":      all,
		"adopts":   {"ExistingEntities": "Adopt"},
		"longest":  longest(),
	}
	for name, value := range all {
		sets[name] = map[string]string{name: value}
	}
	sets["SecretReaders"]["KmsKeyId"] = all["KmsKeyId"]
	for _, set := range sets {
		set["AlarmTopicArn"] = topic
	}
	return sets
}

// longest is a launch with the longest values, and with room for Tags and SecretReaders of 5,000
// characters together.
func longest() map[string]string {
	x := func(n int) string { return strings.Repeat("x", n) }
	set := map[string]string{
		"InstancePolicyName": "i" + x(127), "InstanceRoleName": "i" + x(63), "UserPolicyName": "u" + x(127), "UserName": x(64),
		"ConsoleRoleName": "c" + x(63), "AccessKeySecretName": "a" + x(399), "ConsolePasswordSecretName": "c" + x(399),
		"ExistingEntities":    "arn:aws:cloudformation:us-east-1:123456789012:stack/" + x(128) + "/11111111-2222-3333-4444-555555555555",
		"PermissionsBoundary": "arn:aws:iam::123456789012:policy/" + x(128) + "/" + x(128),
		"KmsKeyId":            "arn:aws:kms:us-east-1:123456789012:key/" + x(64),
		"SecretReaders":       "arn:aws:iam::222222222222:role/" + x(480) + ",arn:aws:iam::222222222223:role/" + x(480),
	}
	var tags []string
	for i := range 38 {
		tags = append(tags, fmt.Sprintf("key-%02d=%s", i, x(97)))
	}
	set["Tags"] = strings.Join(tags, ",")
	return set
}

func TestTheWatcherGetsWhatTheResourceHas(t *testing.T) {
	for _, name := range []string{samFile, plainFile} {
		template := parsed(t, read(t, name))
		for set, parameters := range parameterSets() {
			for parameter, value := range parameters {
				for item := range strings.SplitSeq(value, ",") { // of a list; the names with commas fit too
					assert.Regexp(t, template.Parameters[parameter].AllowedPattern, strings.TrimSpace(item), parameter)
				}
			}
			require.NoError(t, sameForBoth(template, parameters), "%s: %s", name, set)
		}
		assert.GreaterOrEqual(t, len(longest()["Tags"])+len(longest()["SecretReaders"]), 5000)
	}
}

// Where the event lacks a property that the resource has, or has another value, it is seen.
func TestAPropertyThatOnlyOneOfThemHasIsSeen(t *testing.T) {
	text := read(t, samFile)
	properties, err := parsed(t, text).Properties("RedisCloudIAM", stackWith(parameterSets()["all"]))
	require.NoError(t, err)
	broken := 0
	for _, property := range slices.Sorted(maps.Keys(properties)) {
		line := regexp.MustCompile(`(?m)^ +"` + property + `": .*\n`).FindString(text)
		if property == "ServiceToken" || property == "ServiceTimeout" {
			assert.Empty(t, line)
			continue
		}
		require.NotEmpty(t, line, property)
		without := strings.Replace(text, line, "", 1)
		if property == "Tags" { // the last one closes the object
			without = strings.Replace(text, line, strings.Replace(line, `"Tags": "${AllTags}"`, `"UserName": "${UserName}"`, 1), 1)
		}
		require.ErrorContains(t, sameForBoth(parsed(t, without), parameterSets()["all"]), "the event has no "+property)

		other := strings.Replace(text, line, strings.Replace(line, `${`, `x${`, 1), 1)
		if other == text { // the revision of the policies
			other = strings.Replace(text, line, strings.Replace(line, `2025`, `2024`, 1), 1)
		}
		require.Error(t, sameForBoth(parsed(t, other), parameterSets()["all"]), property)
		broken++
	}
	assert.Equal(t, 19, broken)
	more := strings.Replace(text, "      OnDelete: !Ref OnDelete\n", "      OnDelete: !Ref OnDelete\n      Owner: !Ref UserName\n", 1)
	require.ErrorContains(t, sameForBoth(parsed(t, more), map[string]string{"AlarmTopicArn": topic}), "the event has no Owner")
	more = strings.Replace(text, `"OnDelete": "${OnDelete}",`, `"OnDelete": "${OnDelete}", "Owner": "x",`, 1)
	require.ErrorContains(t, sameForBoth(parsed(t, more), map[string]string{"AlarmTopicArn": topic}), "Owner")
}

// No value that a parameter takes can break the JSON of the event.
func TestNoParameterTakesWhatBreaksTheEvent(t *testing.T) {
	template := parsed(t, read(t, samFile))
	input, err := event(template, stackWith(parameterSets()["all"]))
	require.NoError(t, err)
	for parameter, value := range parameterSets()["all"] {
		pattern := template.Parameters[parameter].AllowedPattern
		if pattern == "" || parameter == "AlarmTopicArn" { // the choices of AllowedValues break nothing
			continue
		}
		if parameter != "SecretReaders" && parameter != "Tags" {
			assert.Contains(t, input, `"`+value+`"`, parameter)
		} else {
			value, _, _ = strings.Cut(value, ",")
		}
		allowed := regexp.MustCompile(pattern)
		require.Regexp(t, allowed, value, parameter)
		for bad := range rune(0x20) {
			for _, bad := range []rune{bad, '"', '\\', 0x7f} {
				for at := range len(value) + 1 {
					if text := value[:at] + string(bad) + value[at:]; allowed.MatchString(text) {
						t.Errorf("%s takes %q", parameter, text)
					}
				}
			}
		}
	}
}

func TestTheScheduleIsOneThatEventBridgeTakes(t *testing.T) {
	pattern := parsed(t, read(t, samFile)).Parameters["WatchSchedule"].AllowedPattern
	for _, good := range []string{"rate(1 day)", "rate(1 hour)", "rate(12 hours)", "rate(30 days)", "cron(0 6 * * ? *)", "cron(15 10 ? * 6L 2026-2030)", "cron(0 8 1 * ? *)", "cron(0/15 8-17 ? * MON-FRI *)"} {
		assert.Regexp(t, pattern, good)
	}
	for _, bad := range []string{"", "rate(1 days)", "rate(2 day)", "rate(0 days)", "rate(1 minute)", "rate(5 minutes)", "cron(0 6 * * ?)", "cron(0 6 * * ? * *)", "at(2026-01-01T00:00:00)", "rate(1 day) ", "1 day"} {
		assert.NotRegexp(t, pattern, bad)
	}
}

// An alarm takes no topic of another Region, and a stack that asks for one fails.
func TestTheAlarmTellsATopicOfItsOwnRegion(t *testing.T) {
	template := parsed(t, read(t, samFile))
	for arn, actions := range map[string][]any{
		topic: {topic},
		"arn:aws:sns:us-east-1:999999999999:alarms":    {"arn:aws:sns:us-east-1:999999999999:alarms"},
		"arn:aws:sns:eu-central-1:123456789012:alarms": nil,
	} {
		alarm, err := template.Properties("WatcherErrors", stackWith(map[string]string{"AlarmTopicArn": arn}))
		require.NoError(t, err)
		list, _ := alarm["AlarmActions"].([]any)
		assert.Equal(t, actions, list, arn)
	}
}

// CloudFormation takes a template of more than 51,200 bytes from a bucket alone.
func TestNoPageSendsTheTemplateInARequest(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	scripts, err := filepath.Glob(filepath.Join(root, "scripts", "*"))
	require.NoError(t, err)
	terraform, err := filepath.Glob(filepath.Join(root, "docs", "terraform", "*", "*.tf"))
	require.NoError(t, err)
	for _, name := range slices.Concat(pages, scripts, terraform, []string{filepath.Join(root, "README.md")}) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(text), "\n") {
			assert.NotRegexp(t, `--template-body|template_body *=|TemplateBody=.*redis-cloud-iam\.yaml`, line, name)
		}
	}
}
