package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/acceptance/sample"
	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

// module is the folder that holds go.mod, as the tests of this package see it.
const module = "../.."

// killing is an event of the events folder during which the process is killed. A new one joins by
// one entry.
type killing struct {
	event   string
	history []string // what the stack has been through before
	after   []string // what follows until the stack is gone
}

func killings() []killing {
	return []killing{
		{"create", nil, []string{"delete"}},
		{"update-in-place", []string{"create"}, []string{"delete"}},
		{"delete", []string{"create"}, nil},
		{"rotate", []string{"create"}, []string{"delete"}},
		{"rotate-back", []string{"create", "rotate"}, []string{"delete"}},
		{"finish-rotation", []string{"create", "rotate"}, []string{"delete"}},
		{"console-on", []string{"create"}, []string{"delete"}},
		{"console-off", []string{"create", "console-on"}, []string{"delete"}},
		{"adopt", []string{byHand}, []string{"delete-adopted"}},
		{"delete-adopted", []string{byHand, "adopt"}, nil},
	}
}

// byHand stands in a history for what people did before there was a stack.
const byHand = "by hand"

// TestKilledEverywhere kills the built binary with SIGKILL at the calls that it makes to AWS, just
// before the call has its effect and just after. (A process that dies before its first change, or
// after its last one, leaves the account as if it had never begun, or had ended: there the first and
// the last call stand for the others.) Then a fresh process gets the event again, as Lambda would
// deliver it, and
//
//   - the account is what it is after an undisturbed run, but for the identifiers that AWS makes
//     up;
//   - one answer came in all, with the physical ID of an undisturbed run;
//   - no key lives that the secret does not hold, and the one that it holds lives;
//   - what follows, down to the stack's Delete, leaves the account empty.
func TestKilledEverywhere(t *testing.T) {
	bootstrap, err := build(t.Context(), module, theFunction, t.TempDir())
	require.NoError(t, err)
	var cases atomic.Int64
	start := time.Now()
	t.Cleanup(func() {
		t.Logf("killed everywhere: %d cases in %v", cases.Load(), time.Since(start).Round(time.Second/10))
	})
	for _, s := range killings() {
		t.Run(s.event, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bootstrap, localaws.New(localaws.Options{}))
			empty := w.account()
			w.start()
			w.play(s.history...)
			history, theirs := w.aws.Fork(), w.theirs
			w.aws.ResetCalls()
			answer := w.play(s.event)
			goal, calls := w.account(), w.aws.Calls()
			isChange := func(c localaws.Call) bool { return !isRead(c.Action) }
			first := slices.IndexFunc(calls, isChange) + 1
			require.Positive(t, first)
			last := len(calls)
			for !isChange(calls[last-1]) {
				last--
			}
			// One call more, where the SDK has repeated one on a busy machine. Else the process
			// survives.
			numbers := slices.DeleteFunc(sample.UpTo(len(calls)+1), func(k int) bool {
				return 1 < k && k < first || last+1 < k && k < len(calls)
			})
			for moment, fault := range moments() {
				t.Run(moment, func(t *testing.T) {
					for _, k := range sample.Of(t, numbers, 1) {
						t.Run(fmt.Sprintf("call %d", k), func(t *testing.T) {
							w := newWorld(t, bootstrap, history.Fork())
							w.theirs = theirs
							w.start()
							killed := w.killedDuring(s.event, func(kill func(localaws.Call)) localaws.Fault { return fault(k, kill) })
							if !killed {
								assert.Greater(t, k, len(calls)-1, "every call is tried")
								return
							}
							cases.Add(1)

							w.aws.Age(time.Minute) // after which Lambda runs an event again
							w.start()
							again := w.play(s.event)
							assert.Equal(t, answer.PhysicalResourceID, again.PhysicalResourceID)
							assert.Equal(t, goal, w.account(), "the redelivered event converges")
							w.noLooseKeys()

							w.play(s.after...)
							assert.Equal(t, empty, w.account(), "the account is empty again")
						})
					}
				})
			}
		})
	}
}

// moments are when, in the life of call k, the process may be killed. A call whose caller died
// before the effect has none: it waits until its connection has ended.
func moments() map[string]func(k int, kill func(localaws.Call)) localaws.Fault {
	return map[string]func(k int, kill func(localaws.Call)) localaws.Fault{
		"before": func(k int, kill func(localaws.Call)) localaws.Fault {
			return localaws.OnCall(k).Before(kill).Hang()
		},
		"after": func(k int, kill func(localaws.Call)) localaws.Fault { return localaws.OnCall(k).After(kill) },
	}
}

// world is an AWS account and CloudFormation, which outlive the processes of the function.
type world struct {
	*testing.T
	bootstrap   string
	aws         *localaws.Account
	receiver    *receiver
	receiverURL string
	theirs      string // the access key that people had made

	// One process, and the servers that it alone talks to: no event may be lost to the dead.
	function *function
	api      *runtimeAPI
	servers  []*httptest.Server
}

func newWorld(t *testing.T, bootstrap string, account *localaws.Account) *world {
	t.Helper()
	w := &world{T: t, bootstrap: bootstrap, aws: account, receiver: &receiver{}}
	server := httptest.NewServer(w.receiver)
	w.receiverURL = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(w.end)
	return w
}

// start gives the function a process.
func (w *world) start() {
	w.Helper()
	w.end()
	w.api = newRuntimeAPI()
	cloud, lambda := httptest.NewServer(w.aws), httptest.NewServer(w.api)
	w.servers = []*httptest.Server{cloud, lambda}
	var err error
	w.function, err = startFunction(w.Context(), w.bootstrap, lambda.Listener.Addr().String(), cloud.URL, "us-east-1")
	require.NoError(w, err)
}

// end ends the process, and waits until the calls that it still had under way are over.
func (w *world) end() {
	if w.function != nil {
		w.function.stop()
	}
	for _, server := range w.servers {
		server.Close()
	}
	w.function, w.servers = nil, nil
}

// invoke gives the process an event.
func (w *world) invoke(name string) (scene, error) {
	w.Helper()
	scenes, err := load([]string{filepath.Join(module, "events", name+".json")})
	require.NoError(w, err)
	payload := scenes[0].payload(w.receiverURL + "/answer?X-Amz-Signature=local")
	return scenes[0], w.api.invoke(w.Context(), payload, w.function.died)
}

// play plays events that must succeed with one answer each, and returns the last answer.
func (w *world) play(events ...string) (answer cfn.Response) {
	w.Helper()
	for _, name := range events {
		if name == byHand {
			key, err := byhand.FiveSteps(w.Context(), iam.NewFromConfig(w.aws.Config("", "")), "123456789012")
			require.NoError(w, err)
			w.theirs = key
			w.aws.Age(time.Hour) // people made it long ago, not while the function runs
			continue
		}
		s, err := w.invoke(name)
		require.NoError(w, err, name)
		answers := w.receiver.take()
		require.Len(w, answers, 1, "one answer to "+name)
		require.Empty(w, answers[0].fault, name)
		answer = answers[0].Response
		require.Equal(w, cfn.StatusSuccess, answer.Status, "%s: %s", name, answer.Reason)
		require.Equal(w, s.text("RequestId"), answer.RequestID, name)
	}
	return answer
}

// killedDuring plays an event that the process does not survive, unless it never meets the fault,
// and says whether it was killed. It leaves its answer to the next.
func (w *world) killedDuring(event string, fault func(kill func(localaws.Call)) localaws.Fault) bool {
	w.Helper()
	dying := w.function
	w.aws.Inject(fault(func(localaws.Call) { dying.stop() }))
	_, err := w.invoke(event)
	if err == nil {
		return false
	}
	require.ErrorContains(w, err, "ended in the middle of an event")
	w.end()
	w.aws.Inject()
	require.Empty(w, w.receiver.take())
	return true
}

// account is what the account holds. Whether a key was used yet is not part of it, nor which
// password came before the current one.
func (w *world) account() string {
	state := canonical(w.aws.Snapshot())
	for _, user := range state.Users {
		for i := range user.Keys {
			user.Keys[i].Used = false
		}
	}
	if secret, ok := state.Secrets["redis-cloud/console-password"]; ok {
		maps.DeleteFunc(secret.Versions, func(_ string, labels []string) bool { return !slices.Contains(labels, "AWSCURRENT") })
	}
	return regexp.MustCompile(`(console-password-|AKIA)[0-9a-zA-Z]{16,24}`).ReplaceAllString(state.String(), "${1}ID")
}

// noLooseKeys: every access key is one that a secret holds, and AWS accepts the one that is
// current.
func (w *world) noLooseKeys() {
	w.Helper()
	state, held := w.aws.Snapshot(), map[string]bool{}
	for name := range state.Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			text, ok := w.aws.SecretString(name, label)
			if !ok {
				continue
			}
			var key struct{ AccessKeyID, AccessSecretKey string }
			require.NoError(w, json.Unmarshal([]byte(text), &key))
			if key.AccessKeyID == "" {
				continue // a console password's
			}
			held[key.AccessKeyID] = true
			if label == "AWSCURRENT" {
				_, err := iam.NewFromConfig(w.aws.Config(key.AccessKeyID, key.AccessSecretKey)).GetUser(w.Context(), &iam.GetUserInput{})
				require.NoError(w, err, "the key that the secret holds lives")
			}
		}
	}
	for name, user := range state.Users {
		for _, key := range user.Keys {
			assert.True(w, held[key.ID] || key.ID == w.theirs, "a secret holds key %s of %s", key.ID, name)
		}
	}
}
