package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/watch"
)

const (
	topic    = "arn:aws:sns:eu-west-1:999999999999:alarms" // in another Region, of another account
	topicKey = "arn:aws:kms:eu-west-1:999999999999:key/0f0e0d0c-1111-2222-3333-444455556666"
	watchLog = "redis-cloud-WatcherLogGroup-8XLBS3NTPGAX"
	day      = 24 * time.Hour
)

// lookout is the watcher of a stack, in a world.
type lookout struct {
	*world
	props    string // the stack's, as they are now
	stack    string
	settings watch.Settings
	limit    time.Duration

	process *process
	role    *heldRole
	lines   []string // what the watcher has reported
	wrote   string   // and all that it wrote
	calls   []localaws.Call
	read    int // of the messages
}

// watched tells the story of a stack that was launched with these properties some time ago, and has
// a watcher. It begins in 2026: CloudWatch Logs knows an order that it has only since 2024.
func watched(t *testing.T, props string, tell func(w *lookout)) {
	t.Helper()
	story(t, func(_ *testing.T, w *world) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		if props != "" {
			w.create(props)
		}
		time.Sleep(time.Hour)
		tell(w.lookout(stack, props))
	})
}

func (w *world) lookout(stack, props string) *lookout {
	if w.aws.Messages(topic) == nil {
		w.aws.CreateTopic(topic, topicKey)
	}
	return &lookout{
		world: w, props: props, stack: stack, limit: 15 * time.Minute,
		settings: watch.Settings{TopicARN: topic, KeyMaxAgeDays: "90", LogGroup: watchLog},
		role:     &heldRole{asked: map[string]iampolicy.Request{}, denied: map[string]bool{}},
	}
}

// event is what the template's schedule sends.
func (w *lookout) event() string {
	text, err := json.Marshal(map[string]any{
		"StackId": w.stack, "LogicalResourceId": logical, "ResourceProperties": json.RawMessage(withBoundaries(w.props, w.stack)),
	})
	require.NoError(w, err)
	return string(text)
}

// look is one run of the watcher. It asserts that nothing is changed, and that no secret appears.
func (w *lookout) look() error {
	w.Helper()
	before := w.aws.Snapshot()
	w.aws.ResetCalls()
	err := w.attempt()
	w.calls = w.aws.Calls()
	assert.Equal(w, before, w.aws.Snapshot(), "nothing is changed")
	for _, call := range w.calls {
		assert.True(w, isRead(call.Action) || call.Action == "FilterLogEvents" || call.Action == "Publish", call.Action)
	}
	for secret := range w.known.secrets {
		assert.NotContains(w, w.wrote+strings.Join(w.messages(), "\n")+fmt.Sprint(err), secret)
	}
	return err
}

// attempt is one run, in a process of its own. What it writes gets into its log.
func (w *lookout) attempt() error {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), w.limit)
	defer cancel()
	var out, log bytes.Buffer
	config := w.config
	w.process = &process{next: config.HTTPClient}
	config.HTTPClient = w.process
	watcher := watch.New(config, w.settings, &out, slog.New(slog.NewJSONHandler(&log, nil)))
	_, err := lambda.NewHandler(watcher.Run).Invoke(localaws.Watch(ctx, w.hold), []byte(w.event()))
	w.wrote += log.String() + out.String()
	if w.process.dead.Load() {
		return errKilled // and nothing that it wrote since was read by anybody
	}
	for line := range strings.Lines(log.String() + out.String()) {
		w.aws.Log(w.settings.LogGroup, strings.TrimSuffix(line, "\n"))
	}
	if err == nil {
		assert.Equal(w, 1, strings.Count(out.String(), "\n"), "one line: %s", out.String())
		w.lines = append(w.lines, out.String())
	} else {
		assert.Empty(w, out.String(), "a run that fails reports nothing")
	}
	return err
}

// finds is a run that must succeed, and what it finds.
func (w *lookout) finds() []string {
	w.Helper()
	require.NoError(w, w.look())
	return w.last()
}

// last are the findings of the newest report, each as "name subject".
func (w *lookout) last() []string {
	w.Helper()
	found := []string{}
	for _, f := range w.report().Found {
		assert.NotEmpty(w, f.Text)
		assert.NotEmpty(w, f.Remedy)
		found = append(found, f.Name+" "+f.Subject)
	}
	return found
}

// sighting is the newest report.
type sighting struct {
	Stack, StackID                                string
	Drift, KeyAgeDays, PreviousKeyInUse, Findings int
	AccessKeyID                                   string `json:"AccessKeyId"`
	Found                                         []watch.Finding
	Told                                          []string
}

func (w *lookout) report() (s sighting) {
	w.Helper()
	require.NotEmpty(w, w.lines)
	require.NoError(w, json.Unmarshal([]byte(w.lines[len(w.lines)-1]), &s))
	return s
}

// messages are all that the topic got.
func (w *lookout) messages() (all []string) {
	for _, m := range w.aws.Messages(topic) {
		all = append(all, m.Subject+"\n"+m.Text)
	}
	return all
}

// news are the subjects of the messages since it was last asked, without "Redis Cloud IAM: ".
func (w *lookout) news() []string {
	subjects := []string{}
	for _, m := range w.aws.Messages(topic)[w.read:] {
		subjects = append(subjects, strings.TrimPrefix(m.Subject, "Redis Cloud IAM: "))
		w.read++
	}
	return subjects
}

// becomes is an Update of the stack, some time ago.
func (w *lookout) becomes(props string) string {
	w.Helper()
	key := keyIn(w.succeed(changeOf(w.props, props).in(w.stack)))
	w.props = props
	time.Sleep(time.Hour)
	return key
}

// pass lets days pass, on each of which Redis Cloud uses keys.
func (w *lookout) pass(days int, used ...string) {
	for range days {
		time.Sleep(day)
		for _, key := range used {
			w.use(key)
		}
	}
}
