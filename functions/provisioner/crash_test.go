package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/provision"
)

// process is one life of the function: when it is killed, nothing that it still tries has an effect.
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

// idOf is the physical ID of the stack's resource with these properties.
func idOf(props string) string { return provision.ID(stack, "RedisCloudIAM", []byte(props)) }

// scenario is an event in an account with a history. A new one joins the exhaustion by one entry.
type scenario struct {
	name  string
	setup func(w *world) // undisturbed
	event event
	after []event // how CloudFormation goes on when the event did not succeed: the last one deletes the stack
}

func scenarios() []scenario {
	created := func(w *world) { w.create(bare) }
	drifted := func(w *world) {
		w.create(bare)
		w.drift()
	}
	was := func(props string) func(w *world) {
		return func(w *world) {
			w.create(bare)
			w.succeed(event{kind: "Update", id: idOf(bare), props: props, old: bare})
		}
	}
	deleteOf := func(props string) event { return event{kind: "Delete", id: idOf(props), props: props} }
	change := func(from, to string) event { return event{kind: "Update", id: idOf(from), props: to, old: from} }
	rolledBack := func(from, to string) []event {
		return []event{{kind: "Update", id: idOf(from), props: from, old: to}, deleteOf(from)}
	}
	const tagged, moved, role = `{"Tags":["a=b"],"RedisCloudAccountId":"111111111111"}`, `{"AccessKeySecretName":"elsewhere"}`, `{"ConsoleRoleName":"other"}`
	all := []scenario{
		{"create", func(*world) {}, event{kind: "Create", props: bare}, []event{deleteOf(bare)}},
		{"create again", created, event{kind: "Create", props: bare}, []event{deleteOf(bare)}},
		{"update in place", created, change(bare, tagged), rolledBack(bare, tagged)},
		{"update after drift", drifted, change(bare, tagged), rolledBack(bare, tagged)},
		{"delete", created, deleteOf(bare), []event{deleteOf(bare)}},
		{"delete after drift", drifted, deleteOf(bare), []event{deleteOf(bare)}},
	}
	for _, to := range []string{renamed, moved, role} {
		all = append(all,
			scenario{"rename to " + to, created, change(bare, to), rolledBack(bare, to)},
			scenario{"clean-up after " + to, was(to), deleteOf(bare), []event{deleteOf(bare), deleteOf(to)}},
			scenario{"roll-back of " + to, was(to), change(to, bare), []event{change(to, bare), deleteOf(to), deleteOf(bare)}},
		)
	}
	return all
}

// drift is what hands may have done to the entities, as far as an Update repairs it.
func (w *world) drift() {
	ctx := w.Context()
	user, node, console := aws.String("redislabs-user"), aws.String("redislabs-cluster-node-role"), aws.String("redislabs-role")
	policy := aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")
	must := func(_ any, err error) {
		w.Helper()
		require.NoError(w, err)
	}
	for range 4 {
		must(w.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy, SetAsDefault: true, PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)}))
	}
	must(w.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: policy}))
	must(w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: console, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}`)}))
	must(w.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: node, Description: aws.String("mine")}))
	must(w.iam.TagUser(ctx, &iam.TagUserInput{UserName: user, Tags: []iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("me")}}}))
	must(w.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))
	must(w.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
	must(w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String(w.keys("redislabs-user")[0])}))
	must(w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user}))
}

// faults are what may happen at the k-th call. kill is called for those that end the process.
func faults() map[string]func(k int, kill func()) localaws.Fault {
	return map[string]func(k int, kill func()) localaws.Fault{
		"refused":             func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).Refuse("RefusedForTheTest") },
		"refused for a while": func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).Refuse("AccessDenied").Times(3) },
		"reply lost":          func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).LoseReply() },
		"throttled":           func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).Throttle(3) },
		"server error":        func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).ServerError(2) },
		"down":                func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).ServerError(100) },
		"killed before": func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).Before(func(localaws.Call) { kill() }).LoseReply()
		},
		"killed after": func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).After(func(localaws.Call) { kill() }).LoseReply()
		},
		"frozen": func(k int, _ func()) localaws.Fault { return localaws.OnCall(k).Hang().Times(1000) },
	}
}

// TestCrashEverywhere disturbs every call of every scenario with every fault. Afterwards
//
//   - the redelivered event leads to the same account as an undisturbed run;
//   - what CloudFormation does instead, down to the Delete of the stack, leaves what was there before;
//   - what strangers have is untouched, and no key lives that the secret does not hold;
//   - an event got one answer, or Lambda an error, or the process died.
func TestCrashEverywhere(t *testing.T) {
	var cases atomic.Int64
	t.Cleanup(func() { t.Logf("crash everywhere: %d cases", cases.Load()) })
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var before, goal string
			var calls int
			base := localaws.New(localaws.Options{})
			exhaustion(t, base, func(t *testing.T, w *world) {
				_, err := w.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("stranger")})
				require.NoError(t, err)
				_, err = w.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("stranger")})
				require.NoError(t, err)
				before = w.account()
				s.setup(w)
			})
			exhaustion(t, base.Fork(), func(_ *testing.T, w *world) {
				w.succeed(s.event)
				goal, calls = w.account(), len(w.calls)
			})
			names := slices.Sorted(maps.Keys(faults()))
			for i, name := range names {
				fault := faults()[name]
				for k := 1; k <= calls; k++ {
					if raceDetector && (i+k)%4 != 0 {
						continue // make test runs all of them without the detector too
					}
					cases.Add(1)
					t.Run(fmt.Sprintf("%s at call %d", name, k), func(t *testing.T) {
						exhaustion(t, base.Fork(), func(t *testing.T, w *world) {
							w.disturb(s.event, k, fault)
							w.succeed(s.event)
							assert.Equal(t, goal, w.account(), "the redelivered event converges")
							w.noLooseKeys()
						})
						exhaustion(t, base.Fork(), func(t *testing.T, w *world) {
							w.disturb(s.event, k, fault)
							for _, next := range s.after {
								w.succeed(next)
							}
							assert.Equal(t, before, w.account(), "nothing is left of the stack")
						})
					})
				}
			}
		})
	}
}

// exhaustion is a story in an account with a history. It has no latency: time is told elsewhere.
func exhaustion(t *testing.T, account *localaws.Account, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, account)
		tell(t, w)
		w.silent()
	})
}

// disturb sends an event of which the k-th call meets a fault, and goes on in a fresh process.
func (w *world) disturb(e event, k int, fault func(int, func()) localaws.Fault) {
	w.Helper()
	dying := w.process
	w.aws.ResetCalls()
	w.aws.Inject(fault(k, func() { dying.dead.Store(true) }))
	w.bodies = nil
	ctx, cancel := context.WithTimeout(w.Context(), timeout)
	defer cancel()
	start := time.Now()
	_, err := w.handler.Invoke(ctx, e.payload(w.T))
	assert.LessOrEqual(w, time.Since(start), timeout-time.Second/2, "in time")
	if !dying.dead.Load() {
		require.NoError(w, err)
		require.Len(w, w.bodies, 1, "one answer")
		var answer cfn.Response
		require.NoError(w, json.Unmarshal([]byte(w.bodies[0]), &answer))
		if answer.Status == cfn.StatusFailed && e.kind != "Create" {
			assert.Equal(w, e.id, answer.PhysicalResourceID)
		}
	}
	dying.dead.Store(true)
	w.aws.Inject()
	w.remember()
	w.restart()
	time.Sleep(time.Minute) // after which Lambda delivers an event again
}

// account is what the account holds, without what differs from run to run: the identifiers that AWS makes up,
// the dates, and the versions of secrets, of which noLooseKeys says what must hold.
func (w *world) account() string {
	state := w.aws.Snapshot()
	for name, secret := range state.Secrets {
		secret.Versions = nil
		state.Secrets[name] = secret
	}
	text := state.String()
	for _, p := range []struct{ pattern, with string }{
		{`A(KIA|IDA|ROA|NPA|IPA)[A-Z0-9]{16,17}`, "ID"},
		{`(secret:[\w/-]+)-\w{6}\b`, "$1"},
		{`\bv\d+\b`, "v"},
		{`"Used": \w+`, `"Used": "?"`}, // whether a key was proven is not part of the state
	} {
		text = regexp.MustCompile(p.pattern).ReplaceAllString(text, p.with)
	}
	return text
}

// noLooseKeys: every key of the stack's users is one that a secret holds, and the current one lives.
func (w *world) noLooseKeys() {
	w.Helper()
	state := w.aws.Snapshot()
	held := map[string]bool{}
	for name := range state.Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			if text, ok := w.aws.SecretString(name, label); ok {
				value := w.value(text)
				held[value["accessKeyId"]] = true
				if label == "AWSCURRENT" {
					assert.True(w, w.live(value), "the current key of %s lives", name)
				}
			}
		}
	}
	for _, user := range []string{"redislabs-user", "other"} {
		if _, ok := state.Users[user]; !ok {
			continue
		}
		for _, key := range w.keys(user) {
			assert.True(w, held[key], "a secret holds key %s of %s", key, user)
		}
	}
}
