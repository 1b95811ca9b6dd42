package acceptance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/watch"
)

// TestTheWatcherIsRightOrFailsEverywhere disturbs every call of a run with every fault. The run
// fails or reports the truth, and the attempt that Lambda repeats always reports it. No message is
// lost, and no message is a wrong all clear.
func TestTheWatcherIsRightOrFailsEverywhere(t *testing.T) {
	for name, s := range map[string]struct {
		before, then func(w *lookout) // what the watcher has reported, and what it must report
		message      string
	}{
		"something new":  {func(*lookout) {}, func(w *lookout) { w.attach(adminPolicy) }, "1 new finding in stack redis-cloud"},
		"all is gone":    {func(w *lookout) { w.attach(adminPolicy) }, func(w *lookout) { w.detach(adminPolicy) }, "all clear in stack redis-cloud"},
		"nothing to say": {func(w *lookout) { w.attach(adminPolicy) }, func(*lookout) {}, ""},
		"the key is gone, and all else too": {func(*lookout) {}, func(w *lookout) {
			w.drift()
			w.attach(adminPolicy)
		}, "11 new findings in stack redis-cloud"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told past
			var at time.Time
			watched(t, bare, func(w *lookout) {
				s.before(w)
				require.NoError(t, w.look())
				s.then(w)
				time.Sleep(time.Hour)
				told, at = past{w.aws.Fork(), w.known}, time.Now()
			})
			goOn := func(t *testing.T, tell func(w *lookout)) {
				told.goOn(t, func(_ *testing.T, world *world) {
					time.Sleep(time.Until(at))
					w := world.lookout(stack, bare)
					w.news()
					w.aws.ResetCalls()
					tell(w)
				})
			}
			var truth []string
			var calls int
			goOn(t, func(w *lookout) { truth, calls = names(w.finds()), len(w.calls) })
			for _, f := range faults() {
				for _, k := range sample.Of(t, sample.UpTo(calls), 1) {
					t.Run(fmt.Sprintf("%s %d", f.name, k), func(t *testing.T) {
						goOn(t, func(w *lookout) {
							w.aws.Inject(f.at(k, func() { w.process.dead.Store(true) }))
							if err := w.look(); err == nil {
								assert.Equal(t, truth, names(w.last()), "it succeeds and reports the truth")
							}
							w.aws.Inject()
							time.Sleep(time.Minute) // after which Lambda repeats a run that failed
							assert.Equal(t, truth, names(w.finds()))
							told := w.news()
							for _, message := range told {
								assert.Equal(t, s.message, message)
							}
							if s.message != "" {
								assert.NotEmpty(t, told)
							}
							assert.Empty(t, w.tells(), "people know")
						})
					})
				}
			}
		})
	}
}

// names are those of findings, without the keys in their subjects.
func names(found []string) []string {
	all := []string{}
	for _, f := range found {
		all = append(all, normal(f))
	}
	return all
}

func TestADeniedCallIsAnError(t *testing.T) {
	for _, action := range []string{"GetUser", "ListAttachedUserPolicies", "DescribeSecret", "GetAccessKeyLastUsed", "FilterLogEvents", "Publish"} {
		watched(t, bare, func(w *lookout) {
			w.attach(adminPolicy)
			w.aws.Inject(localaws.OnAction(action).Refuse("AccessDenied"))
			require.ErrorContains(t, w.look(), "AccessDenied", action)
			w.aws.Inject()
			assert.Len(t, w.tells(), 1)
		})
	}
}

func TestATopicThatIsGoneIsAnError(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.attach(adminPolicy)
		w.settings.TopicARN = strings.Replace(topic, "alarms", "gone", 1)
		require.ErrorContains(t, w.look(), "NotFound")
		w.settings.TopicARN = topic
		assert.Len(t, w.tells(), 1)
	})
}

func TestAnUpdateThatDoesNotEndIsAnError(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.succeed(event{kind: "Update", id: idOf(bare), old: bare, props: bare, sent: time.Now()})
		w.limit = time.Minute
		began := time.Now()
		require.ErrorContains(t, w.look(), "wait for the end of an update")
		assert.Equal(t, 50*time.Second, time.Since(began), "in time for Lambda to log it")
	})
}

// Everything that is wrong is named at once, and nothing is asked of AWS.
func TestAMalformedEventIsAnErrorThatNamesEveryFault(t *testing.T) {
	good := watch.Settings{TopicARN: topic, KeyMaxAgeDays: "90", LogGroup: watchLog}
	event := func(stack, id, props string) string {
		return fmt.Sprintf(`{"StackId":%q,"LogicalResourceId":%q,"ResourceProperties":%s}`, stack, id, props)
	}
	for name, c := range map[string]struct {
		settings watch.Settings
		event    string
		faults   []string
	}{
		"an event of the schedule without the template's input": {good, `{"version":"0","detail-type":"Scheduled Event","detail":{}}`, []string{"StackId", "LogicalResourceId"}},
		"no object":      {good, `[]`, []string{"the event is not an object"}},
		"null":           {good, `null`, []string{"StackId", "LogicalResourceId"}},
		"wrong types":    {good, `{"StackId":1}`, []string{"the event is not an object"}},
		"bad properties": {good, event(stack, logical, `{"UserName":"a b","Nonsense":1}`), []string{"UserName", "Nonsense"}},
		"no properties":  {good, event(stack, logical, `[]`), []string{"ResourceProperties: is not a JSON object"}},
		"all is wrong":   {watch.Settings{KeyMaxAgeDays: "soon"}, event("x", "", `{"UserName":"a b"}`), []string{"ALARM_TOPIC_ARN", "KEY_MAX_AGE_DAYS", "LOG_GROUP", "StackId", "LogicalResourceId", "UserName"}},
		"a negative age": {watch.Settings{TopicARN: topic, KeyMaxAgeDays: "-1", LogGroup: watchLog}, event(stack, logical, bare), []string{"KEY_MAX_AGE_DAYS"}},
		"a FIFO topic":   {watch.Settings{TopicARN: topic + ".fifo", KeyMaxAgeDays: "0", LogGroup: watchLog}, event(stack, logical, bare), []string{"ALARM_TOPIC_ARN"}},
		"a queue":        {watch.Settings{TopicARN: strings.Replace(topic, "sns", "sqs", 1), KeyMaxAgeDays: "0", LogGroup: watchLog}, event(stack, logical, bare), []string{"ALARM_TOPIC_ARN"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := localaws.New(localaws.Options{})
			var out strings.Builder
			_, err := lambda.NewHandler(watch.New(a.Config("", ""), c.settings, &out, nil).Run).Invoke(t.Context(), json.RawMessage(c.event))
			for _, fault := range c.faults {
				require.ErrorContains(t, err, fault)
			}
			assert.Empty(t, out.String())
			assert.Empty(t, a.Calls())
		})
	}
}

// The environment is the function's, as the template sets it.
func TestTheSettingsAreThoseOfTheEnvironment(t *testing.T) {
	t.Setenv("ALARM_TOPIC_ARN", topic)
	t.Setenv("KEY_MAX_AGE_DAYS", "7")
	t.Setenv("LOG_GROUP", watchLog)
	assert.Equal(t, watch.Settings{TopicARN: topic, KeyMaxAgeDays: "7", LogGroup: watchLog}, watch.FromEnvironment())
}
