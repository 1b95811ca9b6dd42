package acceptance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

const (
	bare     = `{"ServiceToken":"arn:aws:lambda:us-east-1:123456789012:function:f"}`
	logical  = "RedisCloudIAM"
	invented = "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX" // as CloudFormation makes an ID where a Create never answered
	signed   = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer?X-Amz-Signature=c0ffee"
)

// event is one event of the stack's resource.
type event struct {
	kind, id  string // RequestType and PhysicalResourceId
	props     string // ResourceProperties, without the ServiceToken
	old       string // OldResourceProperties
	stack     string // the default is the constant of this name
	requestID string
	sent      time.Time // zero where the ResponseURL does not tell
}

// at is the same event, as CloudFormation sent it after the start of the story.
func (e event) at(since time.Duration) event {
	e.sent = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(since) // when virtual time begins
	return e
}

// complete fills in what stories leave out.
func (e event) complete() event {
	if e.stack == "" {
		e.stack = stack
	}
	if e.requestID == "" {
		e.requestID = "0b7c1d52-6f0e-4b7f-8a55-3d0c1f6f7a04"
	}
	return e
}

func (e event) payload(t *testing.T) []byte {
	t.Helper()
	e = e.complete()
	url := signed
	if !e.sent.IsZero() {
		url += "&X-Amz-Date=" + e.sent.UTC().Format("20060102T150405Z")
	}
	fields := map[string]any{
		"RequestType": e.kind, "ResponseURL": url, "StackId": e.stack, "RequestId": e.requestID,
		"ResourceType": "Custom::RedisCloudIAM", "LogicalResourceId": logical,
		"ResourceProperties": json.RawMessage(e.props),
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

// idIn is the physical ID of the resource with these properties in a stack, and idOf that in the
// stack of most stories.
func idIn(stack, props string) string { return spec.ID(stack, logical, []byte(props)) }
func idOf(props string) string        { return idIn(stack, props) }

func changeOf(from, to string) event {
	return event{kind: "Update", id: idOf(from), props: to, old: from}
}
func deleteOf(props string) event { return event{kind: "Delete", id: idOf(props), props: props} }

// in is the same event of another stack.
func (e event) in(stack string) event {
	e.stack = stack
	switch e.kind {
	case "Update":
		e.id = idIn(stack, e.old)
	case "Delete":
		e.id = idIn(stack, e.props)
	}
	return e
}

// withID is the same event with another physical ID.
func (e event) withID(id string) event {
	e.id = id
	return e
}

// deliver gives an event to the function, once, and notes all that the invariants are judged by.
func (w *world) deliver(e event) evidence {
	w.Helper()
	e = w.known.asCloudFormationCalls(w.asTheTemplateSends(e.complete()))
	w.role.newer = w.known.newer(e)
	seen := w.before(e)
	dying := w.process
	w.bodies = nil
	w.aws.ResetCalls()
	ctx, cancel := context.WithTimeout(w.Context(), w.limit)
	defer cancel()
	begin := time.Now()
	_, seen.err = w.handler.Invoke(ctx, e.payload(w.T))
	seen.took = time.Since(begin)
	w.calls, w.took, seen.killed = w.aws.Calls(), seen.took, dying.dead.Load()
	w.after(&seen)
	w.known.hearAnswer(e, seen.answers)
	return seen
}

// newer are the properties of the stack's newest event, if that was sent after this one: so it is a
// late repeat.
func (k *knowledge) newer(e event) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	newest := k.newest[e.stack]
	switch {
	case e.sent.IsZero():
		return ""
	case newest.sent.After(e.sent):
		return newest.props
	}
	k.newest[e.stack] = e
	return ""
}

// hearAnswer notes the physical ID that a Create was answered with, or the one that CloudFormation
// invents. As long as the resource stands, it does not listen to the answers of late repeats.
func (k *knowledge) hearAnswer(e event, answers []cfn.Response) {
	k.mu.Lock()
	defer k.mu.Unlock()
	owner, answer := idIn(e.stack, e.props), cfn.Response{PhysicalResourceID: invented}
	if len(answers) > 0 {
		answer = answers[0]
	}
	switch {
	case e.kind == "Create" && k.called[owner] != owner:
		k.called[owner] = answer.PhysicalResourceID
	case e.kind == "Delete" && answer.Status == cfn.StatusSuccess:
		delete(k.called, owner)
	}
}

// asCloudFormationCalls is the Delete of a resource by the physical ID that its Create was answered
// with, unless a story has given it another one.
func (k *knowledge) asCloudFormationCalls(e event) event {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e.kind == "Delete" && e.id == idIn(e.stack, e.props) {
		e.id = cmp.Or(k.called[e.id], e.id)
	}
	return e
}

// send delivers an event, to which the one answer must come, and asks the invariants.
func (w *world) send(e event) cfn.Response {
	w.Helper()
	seen := w.deliver(e)
	w.judge(seen)
	require.False(w, seen.killed)
	require.Len(w, seen.answers, 1, "exactly one answer")
	return seen.answers[0]
}

// judge reports each invariant that does not hold.
func (w *world) judge(seen evidence) {
	w.Helper()
	w.known.mu.Lock() // a concurrent run may add to what is known
	defer w.known.mu.Unlock()
	for _, broken := range Violations(seen) {
		w.Errorf("%s %s: %s: %s", seen.event.kind, seen.event.props, broken.invariant, broken.details)
	}
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

func (w *world) createFails(props string) cfn.Response {
	w.Helper()
	return w.fail(event{kind: "Create", props: props})
}

// update sends the Update from one set of properties to another, and returns its answer, whatever
// that is.
func (w *world) update(from, to string) cfn.Response {
	w.Helper()
	return w.send(changeOf(from, to))
}

// updated is update with SUCCESS; it returns the access key that Data names.
func (w *world) updated(from, to string) string {
	w.Helper()
	return keyIn(w.succeed(changeOf(from, to)))
}

func (w *world) updateFails(from, to string) cfn.Response {
	w.Helper()
	return w.fail(changeOf(from, to))
}

func (w *world) delete(props string) cfn.Response {
	w.Helper()
	return w.succeed(deleteOf(props))
}

func (w *world) deleteFails(props string) cfn.Response {
	w.Helper()
	return w.fail(deleteOf(props))
}

// while the calls of these names are refused, something is done.
func (w *world) whileRefused(do func(), actions ...string) {
	w.Helper()
	faults := make([]localaws.Fault, len(actions))
	for i, action := range actions {
		faults[i] = localaws.OnAction(action).Refuse("RefusedForTheTest").Times(100)
	}
	w.aws.Inject(faults...)
	do()
	w.aws.Inject()
}

// together sends an event to one process, and after some time another event to a concurrent run.
// Both get their answer.
func (w *world) together(first event, head time.Duration, second event) (answers [2]cfn.Response) {
	w.Helper()
	before, twin := w.aws.Snapshot(), w.twin()
	w.accompanied, twin.accompanied = true, true
	var both sync.WaitGroup
	both.Go(func() { answers[0] = w.send(first) })
	both.Go(func() {
		time.Sleep(head)
		answers[1] = twin.send(second)
	})
	both.Wait()
	w.accompanied = false
	seen := w.before(first.complete())
	seen.before, seen.atRest = before, true
	w.after(&seen)
	w.judge(seen)
	return answers
}

func keyIn(answer cfn.Response) string { return fmt.Sprint(answer.Data["AccessKeyId"]) }

// serial are properties with this AccessKeySerial, and more of them.
func serial(n int, more ...string) string {
	text := fmt.Sprintf(`{"AccessKeySerial":"%d"`, n)
	for _, property := range more {
		text += "," + property
	}
	return text + "}"
}
