package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/resource"
)

const (
	stack   = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
	signed  = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer?X-Amz-Signature=c0ffee"
	latency = 50 * time.Millisecond
	timeout = 5 * time.Minute
)

// world is a function between CloudFormation and an AWS account, all of it in memory and in virtual time.
type world struct {
	*testing.T
	aws     *localaws.Account
	config  aws.Config  // of the function
	iam     *iam.Client // a person of the account
	secrets *secretsmanager.Client
	handler lambda.Handler
	process *process
	role    heldRole
	logs    bytes.Buffer

	statuses []int // what the receiver answers first; then 200
	bodies   []string
	puts     int
	heard    []string // secrets that there were
	inMoto   bool     // whether moto is to tell the same story: it sets no boundary of a user, and notes no use of a key
	theirs   []string // access keys that people had made before there was a stack
	calls    []localaws.Call
	started  time.Time
	took     time.Duration
}

// story tells one in a world of its own.
func story(t *testing.T, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.New(localaws.Options{}))
		w.aws.SetLatency(latency)
		tell(t, w)
		w.silent()
	})
}

func newWorld(t *testing.T, account *localaws.Account) *world {
	t.Helper()
	w := &world{T: t, aws: account}
	w.workWith(account.Config("", ""))
	return w
}

// workWith lets the function and the person work with an AWS.
func (w *world) workWith(config aws.Config) {
	w.config, w.iam, w.secrets = config, iam.NewFromConfig(config), secretsmanager.NewFromConfig(config)
	w.restart()
}

// restart gives the function a fresh process.
func (w *world) restart() {
	log := slog.New(slog.NewJSONHandler(&w.logs, nil))
	config := w.config
	w.process = &process{next: config.HTTPClient}
	config.HTTPClient = w.process
	handler := customresource.Handler(resource.New(config, log),
		customresource.WithLogger(log), customresource.WithHTTPClient(&http.Client{Transport: mail{w, w.process}}))
	w.handler = heldToItsRole{handler, w}
}

// mail carries the answers of one process to CloudFormation's receiver.
type mail struct {
	*world
	from *process
}

// RoundTrip implements [http.RoundTripper].
func (w mail) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.from.dead.Load() {
		return nil, errKilled
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.puts++
	status := http.StatusOK
	if len(w.statuses) > 0 {
		status, w.statuses = w.statuses[0], w.statuses[1:]
	}
	if status == http.StatusOK {
		w.bodies = append(w.bodies, string(body))
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: http.NoBody, Request: r}, nil
}

// event is one event of the stack's resource.
type event struct {
	kind, id  string // RequestType and PhysicalResourceId
	props     string // ResourceProperties, without the ServiceToken
	old       string // OldResourceProperties
	stack     string
	requestID string
}

func (e event) payload(t *testing.T) []byte {
	t.Helper()
	fields := map[string]any{
		"RequestType": e.kind, "ResponseURL": signed, "StackId": e.stack, "RequestId": e.requestID,
		"ResourceType": "Custom::RedisCloudIAM", "LogicalResourceId": "RedisCloudIAM",
		"ResourceProperties": json.RawMessage(e.props),
	}
	if e.stack == "" {
		fields["StackId"] = stack
	}
	if e.requestID == "" {
		fields["RequestId"] = "0b7c1d52-6f0e-4b7f-8a55-3d0c1f6f7a04"
	}
	if e.id != "" {
		fields["PhysicalResourceId"] = e.id
	}
	if e.old != "" {
		fields["OldResourceProperties"] = json.RawMessage(e.old)
	}
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return text
}

// send sends an event and returns the one answer that came.
func (w *world) send(e event) cfn.Response {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), timeout)
	defer cancel()
	w.bodies = nil
	w.aws.ResetCalls()
	w.started = time.Now()
	_, err := w.handler.Invoke(ctx, e.payload(w.T))
	w.took = time.Since(w.started)
	w.calls = w.aws.Calls()
	require.NoError(w, err)
	require.Len(w, w.bodies, 1, "exactly one answer")
	assert.LessOrEqual(w, len(w.bodies[0]), 4096)
	var answer cfn.Response
	require.NoError(w, json.Unmarshal([]byte(w.bodies[0]), &answer))
	w.remember()
	return answer
}

// succeed sends an event that must be answered with SUCCESS, and fail one that must not.
func (w *world) succeed(e event) cfn.Response {
	w.Helper()
	answer := w.send(e)
	require.Equal(w, cfn.StatusSuccess, answer.Status, answer.Reason)
	return answer
}

func (w *world) fail(e event) cfn.Response {
	w.Helper()
	answer := w.send(e)
	require.Equal(w, cfn.StatusFailed, answer.Status)
	require.NotEmpty(w, answer.Reason)
	return answer
}

func (w *world) create(props string) cfn.Response {
	w.Helper()
	return w.succeed(event{kind: "Create", props: props})
}

// remember keeps the secrets that there are, to look at the end whether one got out.
func (w *world) remember() {
	for name := range w.aws.Snapshot().Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			text, _ := w.aws.SecretString(name, label)
			var value map[string]string
			if json.Unmarshal([]byte(text), &value) != nil {
				continue // somebody else's
			}
			for _, field := range []string{"accessSecretKey", "consolePassword"} {
				if value[field] != "" {
					w.heard = append(w.heard, value[field])
				}
			}
		}
	}
}

func (w *world) value(text string) map[string]string {
	var value map[string]string
	require.NoError(w, json.Unmarshal([]byte(text), &value))
	return value
}

// silent: no secret, no signed URL and no event is in what the function wrote. A failure does not show it either.
func (w *world) silent() {
	wrote := w.logs.String() + strings.Join(w.bodies, "\n")
	if strings.Contains(wrote, "c0ffee") {
		w.Error("a signed URL got out")
	}
	if strings.Contains(wrote, "ServiceToken") {
		w.Error("an event got out")
	}
	for _, secret := range w.heard {
		if strings.Contains(wrote, secret) {
			w.Error("a secret got out")
		}
	}
}

// stored is what the secret holds, and live reports whether AWS accepts it.
func (w *world) stored(secret string) map[string]string {
	w.Helper()
	text, ok := w.aws.SecretString(secret, "AWSCURRENT")
	require.True(w, ok, "the secret holds a value")
	return w.value(text)
}

func (w *world) live(value map[string]string) bool {
	users := iam.NewFromConfig(w.aws.Config(value["accessKeyId"], value["accessSecretKey"]))
	_, err := users.GetUser(w.Context(), &iam.GetUserInput{})
	return err == nil
}

// keys are the IDs of a user's access keys.
func (w *world) keys(user string) []string {
	w.Helper()
	out, err := w.iam.ListAccessKeys(w.Context(), &iam.ListAccessKeysInput{UserName: &user})
	require.NoError(w, err)
	var ids []string
	for _, key := range out.AccessKeyMetadata {
		ids = append(ids, aws.ToString(key.AccessKeyId))
	}
	return ids
}

// changes are the calls of the last event that changed something.
func (w *world) changes() []string {
	var actions []string
	for _, call := range w.calls {
		if !strings.HasPrefix(call.Action, "Get") && !strings.HasPrefix(call.Action, "List") && !strings.HasPrefix(call.Action, "Describe") {
			actions = append(actions, call.Action)
		}
	}
	return actions
}

// put makes a secret that is somebody's.
func (w *world) put(name, value string) {
	w.Helper()
	_, err := w.secrets.CreateSecret(w.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	require.NoError(w, err)
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
