package acceptance

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/resource"
)

const (
	stack   = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
	another = "arn:aws:cloudformation:us-east-1:123456789012:stack/another/9d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
	latency = 50 * time.Millisecond
	timeout = 5 * time.Minute
)

// world is a function between CloudFormation and an AWS account, all of it in memory and in virtual
// time.
type world struct {
	*testing.T
	aws     *localaws.Account
	config  aws.Config             // of the function
	iam     *iam.Client            // of a person who has the account
	secrets *secretsmanager.Client // of the same person
	handler lambda.Handler
	process *process
	role    heldRole
	known   *knowledge
	logs    bytes.Buffer
	log     string // of the last event

	statuses    []int // what the receiver answers first; then 200
	bodies      []string
	puts        int
	limit       time.Duration // of an event
	accompanied bool          // a concurrent run is at work, so that the account is not at rest when an event is answered
	lagging     bool          // AWS shows late what is changed
	inMoto      bool          // moto is to tell the same story: it sets no boundary of a user, and notes no use of a key
	calls       []localaws.Call
	took        time.Duration
}

// story tells one in a world of its own.
func story(t *testing.T, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.New(localaws.Options{}))
		w.aws.SetLatency(latency)
		tell(t, w)
	})
}

func newWorld(t *testing.T, account *localaws.Account) *world {
	t.Helper()
	w := &world{T: t, aws: account, known: newKnowledge(), limit: timeout}
	w.workWith(account.Config("", ""))
	for _, stack := range []string{stack, another} {
		w.makeBoundaries(stack)
	}
	return w
}

// twin is a second process of the same function, which knows the same.
func (w *world) twin() *world {
	w.Helper()
	twin := newWorld(w.T, w.aws)
	twin.known = w.known
	return twin
}

// workWith lets the function and the person work with an AWS.
func (w *world) workWith(config aws.Config) {
	w.config = config
	w.iam = iam.NewFromConfig(config, func(o *iam.Options) { o.APIOptions = append(o.APIOptions, w.notePerson) })
	w.secrets = secretsmanager.NewFromConfig(config, func(o *secretsmanager.Options) {
		o.APIOptions = append(o.APIOptions, w.notePerson)
	})
	w.restart()
}

// restart gives the function a fresh process.
func (w *world) restart() {
	log := slog.New(slog.NewJSONHandler(&w.logs, nil))
	config := w.config
	w.process = &process{next: config.HTTPClient}
	config.HTTPClient = w.process
	handler := customresource.Handler(resource.New(config, log), log, mail{w, w.process})
	w.handler = heldToItsRole{handler, w}
}

// process is one life of the function. Once it is killed, nothing that it still tries has an
// effect.
type process struct {
	next aws.HTTPClient
	dead atomic.Bool
}

var errKilled = errors.New("the process is dead")

// Do implements [aws.HTTPClient].
func (p *process) Do(r *http.Request) (*http.Response, error) {
	if p.dead.Load() {
		return nil, errKilled
	}
	return p.next.Do(r)
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
