//go:build ignore

package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// withEveryCall are the scenarios that together make every call that the function makes.
func withEveryCall() []scenario {
	names := []string{
		"create", "update in place", "update after drift", "delete", "delete after drift",
		"rotation", "third rotation", "roll-back of a rotation", "previous key deactivated", "previous key deleted",
		"create with a console password", "console password off", "delete with a console password",
		"readers come", "readers go", "adoption", "adoption of what was retained", "roll-back of an adoption", "retained",
	}
	all := scenarios()
	return slices.DeleteFunc(all, func(s scenario) bool { return !slices.Contains(names, s.name) })
}

// atEveryCall disturbs every call of every scenario, and tells what came of it. Afterwards the
// event that is sent again leads to the account to which an undisturbed run leads, and what
// CloudFormation sends instead to the account of before.
func atEveryCall(t *testing.T, fault func(localaws.Fault) localaws.Fault, check func(w *world, struck localaws.Call, answer cfn.Response)) {
	t.Helper()
	template := readTemplate(t)
	for _, s := range withEveryCall() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var before, goal, kept string
			var calls int
			var theirs []string
			left := (*world).account
			if s.given != nil { // what was repaired when it was adopted stays so
				left = func(w *world) string { return fmt.Sprint(w.inventory()) }
			}
			base := localaws.New(localaws.Options{})
			exhaustion(t, template, base, func(_ *testing.T, w *world) {
				if s.given != nil {
					theirs = []string{s.given(w)}
				}
				before = left(w)
				if s.setup != nil {
					s.setup(w)
				}
			})
			exhaustion(t, template, base.Fork(), func(_ *testing.T, w *world) {
				w.succeed(s.event)
				goal, calls = w.account(), len(w.calls)
				for _, next := range s.after {
					w.succeed(next)
				}
				kept = left(w)
			})
			for k := 1; k <= calls; k++ {
				if raceDetector && k%8 != 0 {
					continue // the same without the detector runs all of them
				}
				disturb := func(w *world) {
					w.theirs = theirs
					w.aws.Inject(fault(localaws.OnCall(k)))
					answer := w.send(s.event)
					check(w, w.calls[k-1], answer)
					w.aws.Inject()
					w.restart()
					time.Sleep(time.Minute) // after which Lambda delivers an event again
				}
				t.Run(fmt.Sprintf("then again, at call %d", k), func(t *testing.T) {
					exhaustion(t, template, base.Fork(), func(t *testing.T, w *world) {
						disturb(w)
						w.succeed(s.event)
						assert.Equal(t, goal, w.account(), "the event that is sent again converges")
						w.noLooseKeys()
					})
				})
				t.Run(fmt.Sprintf("then undone, at call %d", k), func(t *testing.T) {
					exhaustion(t, template, base.Fork(), func(t *testing.T, w *world) {
						disturb(w)
						for _, next := range s.after {
							w.succeed(next)
							w.noUnknownPassword()
						}
						if s.retains && left(w) == kept {
							return
						}
						assert.Equal(t, before, left(w), "nothing is left of the stack")
					})
				})
			}
		})
	}
}

// TestABrokenReplyToAnyCallIsAnAnswer lets AWS answer any one call with status 200 and an empty
// body, or with half a document. The event fails, and says which call it was, but where the
// function can tell what became of the call:
//
//   - CreateAccessKey may have made a key that no secret holds. It must not live until the next event:
//     so the account is observed anew, the key is deleted, and another one is made.
//   - After the call that stores a key the function looks whether the key is stored, before it
//     deletes it.
//   - TagResource and UntagResource of Secrets Manager answer with an empty body.
func TestABrokenReplyToAnyCallIsAnAnswer(t *testing.T) {
	for name, broken := range map[string]func(localaws.Fault) localaws.Fault{"empty": localaws.Fault.EmptyReply, "half": localaws.Fault.HalfReply} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			failed := map[string]bool{}
			atEveryCall(t, broken, func(w *world, struck localaws.Call, answer cfn.Response) {
				w.Helper()
				wrote := w.logs.String() + strings.Join(w.bodies, "")
				assert.NotContains(w, wrote, "xmlns", "a reply got out")
				if struck.Error != "" { // an error has no reply to break, such as that there is no such user
					assert.Equal(w, cfn.StatusSuccess, answer.Status, answer.Reason)
					return
				}
				tags := struck.Service == "secretsmanager" && (struck.Action == "TagResource" || struck.Action == "UntagResource")
				if struck.Action == "CreateAccessKey" || storesKey(struck) || tags && name == "empty" {
					assert.Equal(w, cfn.StatusSuccess, answer.Status, answer.Reason)
					if struck.Action == "CreateAccessKey" {
						w.noLooseKeys()
					}
					return
				}
				assert.Equal(w, cfn.StatusFailed, answer.Status, struck.Action)
				assert.Contains(w, answer.Reason, ": "+struck.Action+", ", "the call is named")
				assert.Contains(w, answer.Reason, "AWS answered with status 200")
				assert.Empty(w, answer.Data)
				mu.Lock()
				defer mu.Unlock()
				failed[struck.Action] = true
			})
			t.Cleanup(func() { t.Logf("%d actions: %v", len(failed), keysOf(failed)) })
		})
	}
}

// storesKey says whether a call stores an access key.
func storesKey(call localaws.Call) bool {
	switch in := call.Input.(type) {
	case *secretsmanager.CreateSecretInput:
		return !strings.HasPrefix(aws.ToString(in.ClientRequestToken), "console-password-")
	case *secretsmanager.PutSecretValueInput:
		return !strings.HasPrefix(aws.ToString(in.ClientRequestToken), "console-password-")
	}
	return false
}

func TestAKeyWhoseReplyIsAlwaysBrokenFailsAndIsRemovedByTheNextEvent(t *testing.T) {
	for _, broken := range []func(localaws.Fault) localaws.Fault{localaws.Fault.EmptyReply, localaws.Fault.HalfReply} {
		story(t, func(t *testing.T, w *world) {
			w.aws.Inject(broken(localaws.OnAction("CreateAccessKey")))
			failed := w.fail(event{kind: "Create", props: bare})
			assert.Contains(t, failed.Reason, "CreateAccessKey")
			assert.LessOrEqual(t, len(w.keys("redislabs-user")), 1)
			w.aws.Inject()
			w.create(bare)
			w.noLooseKeys()

			w.aws.Inject(broken(localaws.OnAction("CreateAccessKey")))
			id := idOf(bare)
			failed = w.fail(event{kind: "Update", id: id, props: serial(2), old: bare})
			assert.Contains(t, failed.Reason, "CreateAccessKey")
			w.aws.Inject()
			w.succeed(event{kind: "Update", id: id, props: bare, old: serial(2)})
			w.noLooseKeys()
			w.succeed(event{kind: "Delete", id: id, props: bare})
			assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
		})
	}
}

// rewriting is AWS behind a proxy that changes the replies to one action.
type rewriting struct {
	next   aws.HTTPClient
	action string
	to     func(body io.ReadCloser) io.ReadCloser
}

// Do implements [aws.HTTPClient].
func (c rewriting) Do(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	form, _ := url.ParseQuery(string(sent))
	response, err := c.next.Do(r)
	if err == nil && response.StatusCode == http.StatusOK && (form.Get("Action") == c.action || r.Header.Get("X-Amz-Target") == "secretsmanager."+c.action) {
		response.Body = c.to(response.Body)
	}
	return response, err
}

// rewrite changes the replies to an action from now on, until the function gets a fresh process.
func (w *world) rewrite(action string, to func(io.ReadCloser) io.ReadCloser) {
	w.process.next = rewriting{w.process.next, action, to}
}

func reading(text string) func(io.ReadCloser) io.ReadCloser {
	return func(io.ReadCloser) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
}

func TestAReplyWithoutWhatItIsAboutIsAFailure(t *testing.T) {
	const login = `{"ConsoleLogin":"true"}`
	for action, member := range map[string]string{
		"GetPolicy": "Policy", "GetPolicyVersion": "PolicyVersion", "GetRole": "Role", "GetInstanceProfile": "InstanceProfile",
		"GetUser": "User", "GetLoginProfile": "LoginProfile", "GetAccessKeyLastUsed": "AccessKeyLastUsed", "CreateAccessKey": "AccessKey",
		"DescribeSecret": "ARN", "CreateSecret": "ARN",
	} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				nothing := fmt.Sprintf("<%sResponse><%sResult></%sResult></%sResponse>", action, action, action, action)
				if strings.HasSuffix(action, "Secret") {
					nothing = "{}"
				}
				events := []event{
					{kind: "Create", props: login},
					{kind: "Update", id: idOf(login), props: login, old: login},
					{kind: "Delete", id: idOf(login), props: login},
				}
				failures := 0
				for _, e := range events {
					w.restart()
					if e.kind != "Create" {
						w.create(login)
					}
					w.restart()
					w.rewrite(action, reading(nothing))
					answer := w.send(e)
					if answer.Status == cfn.StatusFailed {
						failures++
						assert.Contains(t, answer.Reason, action)
						assert.Contains(t, answer.Reason, "lacks "+member)
					}
				}
				assert.Positive(t, failures)
				w.restart()
				w.create(login)
				w.noLooseKeys()
				w.succeed(event{kind: "Delete", id: idOf(login), props: login})
				assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
			})
		})
	}
}

// A proxy on the way may answer in AWS's place.
func TestAPageThatIsNotFromAWSIsAFailure(t *testing.T) {
	for action, what := range map[string]string{"GetUser": "is not from AWS", "AttachUserPolicy": "is not from AWS", "DescribeSecret": "is no whole JSON object"} {
		story(t, func(t *testing.T, w *world) {
			w.create(bare)
			_, err := w.iam.DetachUserPolicy(t.Context(), detach("redislabs-user"))
			require.NoError(t, err)
			w.rewrite(action, reading("<html><body>Please sign in: hunter2</body></html>"))
			failed := w.fail(event{kind: "Update", id: idOf(bare), props: bare, old: bare})
			assert.Contains(t, failed.Reason, action)
			assert.Contains(t, failed.Reason, what)
			assert.NotContains(t, w.logs.String()+failed.Reason, "hunter2")
		})
	}
}

// breaking is a body whose connection breaks in its midst.
type breaking struct{ io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (breaking) Close() error { return nil }

// Where the connection breaks within a reply, HTTP tells, and the reply counts as one that never
// came.
func TestAConnectionThatBreaksWithinAReplyIsALostReply(t *testing.T) {
	for _, action := range []string{"GetUser", "CreateUser", "CreateAccessKey", "CreateSecret", "DescribeSecret", "AttachUserPolicy"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				breaks := 1
				w.rewrite(action, func(body io.ReadCloser) io.ReadCloser {
					if breaks--; breaks >= 0 {
						return breaking{io.LimitReader(body, 40)}
					}
					return body
				})
				if action == "GetUser" || action == "DescribeSecret" { // the first Create finds none
					w.create(bare)
					breaks = 1
				}
				w.create(bare)
				assert.LessOrEqual(t, breaks, 0, "it broke")
				w.noLooseKeys()
				assert.Len(t, w.keys("redislabs-user"), 1)
			})
		})
	}
}

// TestAPanicAtAnyCallIsAnAnswer lets the function panic at any one call, in whatever goroutine that
// is.
func TestAPanicAtAnyCallIsAnAnswer(t *testing.T) {
	atEveryCall(t, func(f localaws.Fault) localaws.Fault {
		return f.Before(func(localaws.Call) { panic("hunter2") })
	}, func(w *world, struck localaws.Call, answer cfn.Response) {
		w.Helper()
		assert.Equal(w, cfn.StatusFailed, answer.Status, struck.Action)
		assert.Contains(w, answer.Reason, "internal error (panic of type string")
		assert.NotContains(w, answer.Reason+w.logs.String(), "hunter2")
	})
}

// What the runtime itself says of a panic holds no secret, and says what to look for.
func TestAPanicOfTheRuntimeIsToldWithItsPlace(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.rewrite("CreateRole", func(body io.ReadCloser) io.ReadCloser {
			_ = strings.Fields("")[1]
			return body
		})
		failed := w.fail(event{kind: "Create", props: bare})
		assert.Regexp(t, `role \S+: internal error \(runtime error: index out of range \[1\] with length 0, at stories_answers_test.go:\d+\)`, failed.Reason)
		w.restart()
		w.create(bare)
	})
}

func detach(user string) *iam.DetachUserPolicyInput {
	return &iam.DetachUserPolicyInput{UserName: &user, PolicyArn: aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")}
}
