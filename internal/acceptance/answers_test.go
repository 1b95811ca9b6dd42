package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

func TestKeyWhoseReplyIsAlwaysBrokenIsRemovedByTheNextEvent(t *testing.T) {
	for _, broken := range []func(localaws.Fault) localaws.Fault{localaws.Fault.EmptyReply, localaws.Fault.HalfReply} {
		story(t, func(t *testing.T, w *world) {
			w.aws.Inject(broken(localaws.OnAction("CreateAccessKey")))
			failed := w.createFails(bare)
			assert.Contains(t, failed.Reason, "CreateAccessKey")
			assert.LessOrEqual(t, len(w.keys(user)), 1)
			w.aws.Inject()
			w.create(bare)

			w.aws.Inject(broken(localaws.OnAction("CreateAccessKey")))
			failed = w.updateFails(bare, serial(2))
			assert.Contains(t, failed.Reason, "CreateAccessKey")
			w.aws.Inject()
			w.updated(serial(2), bare)
			w.delete(bare)
			w.isEmpty()
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

func TestReplyWithoutWhatItPromisesIsAFailure(t *testing.T) {
	for action, doing := range map[string]string{
		"GetPolicy": "read policy", "GetPolicyVersion": "read version v1 of policy", "GetRole": "read role",
		"GetInstanceProfile": "read instance profile", "GetUser": "read user", "GetLoginProfile": "read the login profile of user",
		"GetAccessKeyLastUsed": "read the last use of access key", "CreateAccessKey": "CreateAccessKey",
		"DescribeSecret": "read secret", "CreateSecret": "CreateSecret",
	} {
		t.Run(action, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				nothing := fmt.Sprintf("<%sResponse><%sResult></%sResult></%sResponse>", action, action, action, action)
				if strings.HasSuffix(action, "Secret") {
					nothing = "{}"
				}
				events := []event{
					{kind: "Create", props: console}, changeOf(console, console), deleteOf(console),
				}
				failures := 0
				for _, e := range events {
					w.restart()
					if e.kind != "Create" {
						w.create(console)
					}
					w.restart()
					w.rewrite(action, reading(nothing))
					answer := w.send(e)
					if answer.Status == cfn.StatusFailed {
						failures++
						assert.Contains(t, answer.Reason, doing)
						assert.Contains(t, answer.Reason, "lacks what it promises")
					}
				}
				assert.Positive(t, failures)
				w.restart()
				w.create(console)
				w.delete(console)
				w.isEmpty()
			})
		})
	}
}

// A proxy on the way may answer in AWS's place.
func TestPageThatIsNotFromAWSIsAFailure(t *testing.T) {
	for _, action := range []string{"GetUser", "AttachUserPolicy", "DescribeSecret"} {
		story(t, func(t *testing.T, w *world) {
			w.create(bare)
			_, err := w.iam.DetachUserPolicy(t.Context(), detach(user))
			require.NoError(t, err)
			w.rewrite(action, reading("<html><body>Please sign in: hunter2</body></html>"))
			failed := w.updateFails(bare, bare)
			assert.Contains(t, failed.Reason, action)
			assert.Contains(t, failed.Reason, "is no whole reply from AWS")
			assert.NotContains(t, w.log+failed.Reason, "hunter2")
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
func TestConnectionThatBreaksWithinAReplyIsALostReply(t *testing.T) {
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
				assert.Len(t, w.keys(user), 1)
			})
		})
	}
}

// What the runtime itself says of a panic holds no secret, and says what to look for.
func TestPanicOfTheRuntimeIsToldWithItsPlace(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.rewrite("CreateRole", func(body io.ReadCloser) io.ReadCloser {
			_ = strings.Fields("")[1]
			return body
		})
		failed := w.createFails(bare)
		assert.Regexp(t, `role \S+: internal error \(runtime error: index out of range \[1\] with length 0, at answers_test.go:\d+\)`, failed.Reason)
		w.restart()
		w.create(bare)
	})
}

func detach(user string) *iam.DetachUserPolicyInput {
	return &iam.DetachUserPolicyInput{UserName: &user, PolicyArn: aws.String(policyARN + userPolicy)}
}
