package acceptance

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/localaws"
)

// watcherRole is the role that the template gives the watcher of a stack with these properties.
func (w *lookout) watcherRole() *bookedRole {
	return roles.once("watcher of "+w.stack+w.props+w.settings.TopicARN, func() templateRole {
		where := w.stackOf(w.stack, json.RawMessage(w.props))
		where.Parameters["AlarmTopicArn"] = w.settings.TopicARN
		where.References["WatcherLogGroup.Arn"] = strings.Join([]string{
			"arn", where.Partition, "logs", where.Region, where.ID, "log-group", watchLog, "*",
		}, ":")
		role, err := readRole(readTemplate(w.T), "WatcherRole", where)
		require.NoError(w, err)
		return role
	})
}

// hold notes what a call of the watcher asks, and fails the test where its role does not allow it.
func (w *lookout) hold(call localaws.Call) {
	w.role.mu.Lock()
	defer w.role.mu.Unlock()
	role := w.watcherRole()
	for _, permission := range call.Permissions {
		request := iampolicy.Request(permission)
		text := describe(request)
		w.role.asked[text] = request
		theirs := w.settings.LogGroup != watchLog && request.Action == "logs:FilterLogEvents" // of a story that has no log
		if !role.allows(text, request) && !theirs && !w.role.denied[text] {
			w.role.denied[text] = true
			w.Errorf("template.yaml: not allowed to the watcher: %s\nof %s", text, w.props)
		}
	}
}

// watcherOf is a stack of a deployment that was not launched yet, and its watcher, which sends to a
// topic of its own partition. It reports everything in the account.
func watcherOf(t *testing.T, d deployment) (*life, *lookout) {
	t.Helper()
	l := newLife(t, d)
	time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	w := l.lookout(l.stack, l.properties(nil))
	w.settings.TopicARN = strings.Replace(topic, ":aws:", ":"+l.account.Partition+":", 1)
	w.aws.CreateTopic(w.settings.TopicARN, strings.Replace(topicKey, ":aws:", ":"+l.account.Partition+":", 1))
	return l, w
}

// TestTheWatchersRoleIsTheLeast: for every deployment the watcher needs each action that its role
// allows, on each resource, and nothing else in the role allows it. That the role allows all that
// the watcher asks for is checked there and in every other story, by the lookout itself.
func TestTheWatchersRoleIsTheLeast(t *testing.T) {
	for _, d := range deployments() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, lived := watcherOf(t, d)
				l.others()
				l.succeed(event{kind: "Create", props: lived.props, stack: l.stack})
				time.Sleep(time.Hour)
				assert.Empty(t, lived.finds())
				l.driftEverything()
				l.attachEverything()
				assert.NotEmpty(t, lived.finds())
				for name := range l.aws.Snapshot().Secrets {
					l.must(l.secrets.DeleteSecret(l.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name, ForceDeleteWithoutRecovery: aws.Bool(true)}))
				}
				assert.NotEmpty(t, lived.finds(), "the secrets have no random characters in their ARNs")
				for _, name := range []string{l.spec.AccessKeySecret, l.spec.ConsolePasswordSecret} {
					l.must(l.secrets.CreateSecret(l.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("theirs")}))
				}
				assert.NotEmpty(t, lived.finds(), "an adoption asks for the resource policies")

				l, strange := watcherOf(t, d)
				path := aws.String("/team/")
				l.must(l.iam.CreateUser(l.Context(), &iam.CreateUserInput{UserName: &l.spec.User, Path: path}))
				l.must(l.iam.CreateAccessKey(l.Context(), &iam.CreateAccessKeyInput{UserName: &l.spec.User}))
				for _, role := range []string{l.spec.InstanceRole, l.spec.ConsoleRole} {
					l.must(l.iam.CreateRole(l.Context(), &iam.CreateRoleInput{RoleName: &role, Path: path, AssumeRolePolicyDocument: aws.String(trustsLambda)}))
				}
				l.must(l.iam.CreateInstanceProfile(l.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: &l.spec.InstanceRole, Path: path}))
				assert.NotEmpty(t, strange.finds(), "entities under a path")

				isLeast(t, lived.watcherRole(), lived.role, strange.role)
			})
		})
	}
}

// Whatever the parameters, the role reads, sends to the topic and logs. It reads no secret.
func TestTheWatchersRoleOnlyReads(t *testing.T) {
	reads := regexp.MustCompile(`^iam:(Get|List)\w+$|^secretsmanager:(DescribeSecret|GetResourcePolicy)$|^logs:(FilterLogEvents|CreateLogStream|PutLogEvents)$|^sns:Publish$|^kms:(Decrypt|GenerateDataKey)$`)
	for _, d := range deployments() {
		synctest.Test(t, func(t *testing.T) {
			l, w := watcherOf(t, d)
			grants := w.watcherRole().grants()
			assert.NotEmpty(t, grants)
			for _, grant := range grants {
				assert.Regexp(t, reads, grant.Action)
				assert.Regexp(t, `^arn:`+l.account.Partition+`:(iam::|secretsmanager:|logs:|sns:|kms:)`, grant.Resource)
			}
			for _, action := range []string{"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"} {
				for _, policy := range w.watcherRole().templateRole {
					if strings.Contains(policy.Document, action) {
						assert.Contains(t, policy.Document, `"Sid":"NeverReadASecret"`)
					}
				}
				assert.Empty(t, w.watcherRole().allowing(iampolicy.Request{Action: action, Resource: "arn:" + l.account.Partition + ":secretsmanager:" + l.account.Region + ":" + l.account.ID + ":secret:" + l.spec.AccessKeySecret + "-Ab1Cd2"}))
			}
		})
	}
}

// The longest names leave room in IAM's quotas: 10,240 characters for all inline policies of a
// role, and 6,144 for a managed one.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
func TestTheWatchersRoleFitsIntoIAMsQuotas(t *testing.T) {
	long := map[string]any{"ConsoleLogin": "true", "ExistingEntities": "Adopt"}
	for name, most := range map[string]int{
		"InstancePolicyName": 128, "UserPolicyName": 128, "InstanceRoleName": 64, "ConsoleRoleName": 64, "UserName": 64, "AccessKeySecretName": 512, "ConsolePasswordSecretName": 512,
	} {
		long[name] = name[:1] + strings.Repeat(name[len(name)-5:len(name)-4], most-1)
	}
	synctest.Test(t, func(t *testing.T) {
		_, w := watcherOf(t, deployment{"long names", localaws.Options{Partition: "aws-us-gov", Region: "us-gov-west-1"}, long})
		inline := 0
		for _, policy := range w.watcherRole().templateRole {
			if policy.Description != "" {
				assert.LessOrEqual(t, len(policy.Document), 6144)
				continue
			}
			inline += len(policy.Document)
		}
		assert.LessOrEqual(t, inline, 10240)
	})
}
