package acceptance

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// attach and detach are what people do in these stories.
func (w *lookout) attach(policies ...string) {
	w.Helper()
	for _, arn := range policies {
		w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(user), PolicyArn: &arn}))
	}
}

func (w *lookout) detach(policies ...string) {
	w.Helper()
	for _, arn := range policies {
		w.must(w.iam.DetachUserPolicy(w.Context(), &iam.DetachUserPolicyInput{UserName: aws.String(user), PolicyArn: &arn}))
	}
}

// tells is a run that must succeed, and the subjects of the messages that it sends.
func (w *lookout) tells() []string {
	w.Helper()
	w.finds()
	return w.news()
}

func TestPeopleAreToldWhenSomethingAppearsAndWhenAllIsGone(t *testing.T) {
	one, two, gone := "1 new finding in stack redis-cloud", "2 new findings in stack redis-cloud", "all clear in stack redis-cloud"
	watched(t, bare, func(w *lookout) {
		w.settings.KeyMaxAgeDays = "0"
		key, none := w.keys(user)[0], []string{}
		assert.Equal(t, none, w.tells(), "the first run")
		w.attach(adminPolicy)
		assert.Equal(t, []string{one}, w.tells(), "one appears")
		for range 30 {
			w.pass(1, key)
			assert.Equal(t, none, w.tells(), "nothing new")
		}
		w.attach(readOnly)
		assert.Equal(t, []string{one}, w.tells(), "a second one appears")
		text := w.messages()[1]
		assert.Regexp(t, `(?s)New:\n\n1\. extra-policy: policy `+readOnly+`.*Still there:\n\n1\. extra-policy: policy `+adminPolicy, text)
		w.detach(adminPolicy)
		assert.Equal(t, none, w.tells(), "one of two goes")
		w.attach(adminPolicy)
		assert.Equal(t, []string{one}, w.tells(), "it comes again")
		w.detach(adminPolicy, readOnly)
		assert.Equal(t, []string{gone}, w.tells(), "all are gone")
		assert.Equal(t, none, w.tells(), "and stay so")
		w.attach(adminPolicy, readOnly)
		assert.Equal(t, []string{two}, w.tells(), "both come again")
		w.detach(adminPolicy, readOnly)
		w.must(w.iam.TagUser(w.Context(), &iam.TagUserInput{UserName: aws.String(user), Tags: []iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("me")}}}))
		assert.Equal(t, []string{one}, w.tells(), "others take their place")
	})
}

func TestARunTakesTwoRoundTripsAndAMessageOneMore(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		for _, c := range []struct {
			do    func(...string)
			trips int
		}{{func(...string) {}, 2}, {w.attach, 3}, {func(...string) {}, 2}, {w.detach, 3}} {
			c.do(adminPolicy)
			before := time.Now()
			w.finds()
			assert.Equal(t, c.trips, localaws.RoundTrips(w.calls))
			assert.Equal(t, time.Duration(c.trips)*latency, time.Since(before))
		}
	})
}

func TestAMessageSaysAllThatAPersonNeeds(t *testing.T) {
	watched(t, `{"Tags":["team=data"]}`, func(w *lookout) {
		w.attach(adminPolicy)
		w.detach(policyARN + userPolicy)
		w.finds()
		assert.Equal(t, `Redis Cloud IAM: 2 new findings in stack redis-cloud
Stack redis-cloud
Account 123456789012
Region us-east-1

New:

1. drift: an Update would attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user.
   What to do: find out who did it. Then let an Update repair it. CloudFormation sends one only if a property changes, such as a tag: scripts/update-stack redis-cloud 'Tags=checked=2026-01-01T01:00:00Z,team=data'

2. extra-policy: policy arn:aws:iam::aws:policy/AdministratorAccess is attached to user redislabs-user, beside the stack's own.
   What to do: find out who did it, and undo it unless it is meant: aws iam detach-user-policy --user-name redislabs-user --policy-arn arn:aws:iam::aws:policy/AdministratorAccess

You get no other message about these. You get one when something new is found, and one when all of it is gone. docs/watching.md of redis-cloud-iam says what each finding is.
`, w.messages()[0])
		w.becomes(`{"Tags":["checked=2026-01-01T01:00:00Z","team=data"]}`)
		w.detach(adminPolicy)
		assert.Equal(t, []string{}, w.finds(), "what the message says to do helps")
		assert.Contains(t, w.messages()[1], "All clear")
	})
}

// The time of the last use changes every day. That alone causes no message.
func TestARefusalIsToldOnce(t *testing.T) {
	watched(t, serial(1), func(w *lookout) {
		first := w.keys(user)[0]
		w.becomes(serial(2))
		w.becomes(serial(2, inactive))
		w.must(w.iam.UpdateAccessKey(w.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(user), AccessKeyId: &first, Status: iamtypes.StatusTypeActive}))
		for range 5 {
			w.pass(1, first, w.stored(keySecret)["accessKeyId"])
			assert.Equal(t, []string{
				"drift tag user redislabs-user: set redis-cloud-iam:deactivated-key",
				"drift deactivate access key " + first + " of user redislabs-user", "refused access key " + first + " of user redislabs-user was used, so it is in use",
			}, w.finds())
		}
		assert.Equal(t, []string{"3 new findings in stack redis-cloud"}, w.news())
		assert.Contains(t, w.messages()[0], "Enter "+w.stored(keySecret)["accessKeyId"]+" in Redis Cloud first")
	})
}

// The line is what CloudWatch makes metrics of, by the specification of the embedded metric format.
func TestTheReportIsAnEmbeddedMetricDocument(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		members := func() (names []string, line map[string]any) {
			w.finds()
			require.NoError(t, json.Unmarshal([]byte(w.lines[len(w.lines)-1]), &line))
			return keysOf(line), line
		}
		clean, line := members()
		w.attach(adminPolicy)
		dirty, _ := members()
		assert.Equal(t, clean, dirty, "always the same members")
		aws, _ := line["_aws"].(map[string]any)
		assert.InDelta(t, time.Now().UnixMilli(), aws["Timestamp"], 10_000)
		assert.Equal(t, []any{map[string]any{
			"Namespace": "RedisCloudIAM", "Dimensions": []any{[]any{"Stack"}},
			"Metrics": []any{
				map[string]any{"Name": "Drift", "Unit": "Count"},
				map[string]any{"Name": "KeyAgeDays", "Unit": "None"},
				map[string]any{"Name": "PreviousKeyInUse", "Unit": "None"},
				map[string]any{"Name": "Findings", "Unit": "Count"},
			},
		}}, aws["CloudWatchMetrics"])
		assert.Equal(t, "redis-cloud", line["Stack"])
		for _, name := range []string{"Drift", "KeyAgeDays", "PreviousKeyInUse", "Findings"} {
			assert.IsType(t, 0.0, line[name], "each metric is a number of the root")
		}
		assert.Equal(t, []any{}, line["Found"])
		assert.Equal(t, []any{}, line["Told"])
	})
}

// A policy can be attached to thousands. SNS takes no more than 256 KiB, and CloudWatch Logs cuts
// lines.
func TestThousandsOfFindingsFit(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.aws.SetLatency(0)
		for i := range 3000 {
			name := fmt.Sprintf("%s-%d", strings.Repeat("a", 58), i)
			w.must(w.iam.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(anybody)}))
			w.must(w.iam.AttachRolePolicy(w.Context(), &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String(policyARN + userPolicy)}))
		}
		assert.Equal(t, []string{"3000 new findings in stack redis-cloud"}, w.tells())
		assert.Contains(t, w.messages()[0], "And 2900 more.")
		assert.Less(t, len(w.lines[0]), 256<<10)
		assert.Equal(t, 3000, w.report().Findings)
		assert.Len(t, w.report().Told, 3000)
		for _, digest := range w.report().Told {
			assert.Len(t, digest, 32, "nobody makes a finding that has the digest of another one")
		}
		assert.Empty(t, w.tells())
	})
}

func TestTheLongestStackNameFitsIntoASubject(t *testing.T) {
	watched(t, "", func(w *lookout) {
		long := strings.Replace(another, "another", strings.Repeat("s", 100), 1)
		bound := `{"PermissionsBoundary":"` + readOnly + `"}` // there is no room for the names of its own ones
		w.succeed(event{kind: "Create", props: bound, stack: long})
		time.Sleep(time.Hour)
		w.attach(adminPolicy)
		l := w.lookout(long, bound)
		assert.Regexp(t, `^1 new finding in stack s+$`, l.tells()[0])
	})
}

func TestTheMemoryIsTheNewestReportOfThisStack(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		assert.Empty(t, w.tells())
		w.attach(adminPolicy)
		assert.Len(t, w.tells(), 1)
		line := w.lines[1]
		w.aws.Log(watchLog, line[:len(line)/2], "START RequestId", `{"level":"INFO","msg":"plan"}`,
			strings.ReplaceAll(line, idOf(bare), idIn(another, bare)),                                                                        // another stack's
			strings.Replace(line, "PhysicalResourceId", "Other", 1),                                                                          // something else
			`{"PhysicalResourceId":"`+idOf(bare)+`","timestamp":"2099-01-01T00:00:00Z"}`, `{"PhysicalResourceId":"`+idOf(bare)+`","Told":3}`) // not as a report
		assert.Empty(t, w.tells(), "what is no report is passed over")
		w.aws.PageSize(1)
		assert.Empty(t, w.tells(), "pages may be empty")
		w.aws.PageSize(0)
		w.pass(366, w.keys(user)...)
		assert.Len(t, w.tells(), 1, "after a year")
		w.settings.LogGroup = "another"
		assert.Len(t, w.tells(), 1, "a log group that is not there")
	})
}

func TestTwoStacksDoNotDisturbOneAnother(t *testing.T) {
	names := `{"InstancePolicyName":"p1","InstanceRoleName":"r1","UserPolicyName":"p2","UserName":"u","ConsoleRoleName":"r2","AccessKeySecretName":"k","ConsolePasswordSecretName":"c"}`
	watched(t, bare, func(w *lookout) {
		w.succeed(event{kind: "Create", props: names, stack: another})
		time.Sleep(time.Hour)
		other := w.lookout(another, names) // which has the same log group too
		w.attach(adminPolicy)
		assert.Len(t, w.finds(), 1)
		assert.Empty(t, other.finds())
		w.must(w.iam.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("u"), PolicyArn: aws.String(readOnly)}))
		assert.Equal(t, []string{"extra-policy " + readOnly + " on user u"}, other.finds())
		assert.Equal(t, []string{"1 new finding in stack redis-cloud", "1 new finding in stack another"}, w.news())
		w.detach(adminPolicy)
		assert.Equal(t, []string{"all clear in stack redis-cloud"}, w.tells())
		other.finds()
		assert.Empty(t, w.news())
	})
}

// A stack whose names another stack has took nothing of it, and does not report what hangs there.
func TestWhatOthersOwnIsNoMatterOfTheStack(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.attach(adminPolicy)
		other := w.lookout(another, bare)
		for _, f := range other.finds() {
			assert.Contains(t, f, "refused ")
		}
		assert.NotEmpty(t, other.report().Found)
		assert.Equal(t, 0, other.report().KeyAgeDays)
		assert.Empty(t, other.report().AccessKeyID)
	})
}

// Both may send a message. The next run sends none.
func TestTwoRunsAtOnceLoseNoMessage(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.attach(adminPolicy)
		twin := *w
		var both sync.WaitGroup
		both.Go(func() { assert.NoError(t, w.attempt()) })
		both.Go(func() { assert.NoError(t, twin.attempt()) })
		both.Wait()
		assert.Len(t, w.news(), 2)
		assert.Empty(t, w.tells())
	})
}
