package acceptance

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

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/provision"
	"redis-cloud-iam/internal/rolepolicy"
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

	given   func(w *world) string // what people had made before there was a stack, and a stack adopts; returns their key
	retains bool                  // whether the Delete may leave all that there was, as it was told
	keyless bool                  // whether hands have deleted the current key
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
	const (
		tagged = `{"Tags":["a=b"],"RedisCloudAccountId":"111111111111"}`
		moved  = `{"AccessKeySecretName":"elsewhere"}`
		role   = `{"ConsoleRoleName":"other"}`
		login  = `{"ConsoleLogin":"true","ConsolePasswordSecretName":"elsewhere"}`
	)
	all := []scenario{
		{name: "create", event: event{kind: "Create", props: bare}, after: []event{deleteOf(bare)}},
		{name: "create again", setup: created, event: event{kind: "Create", props: bare}, after: []event{deleteOf(bare)}},
		{name: "update in place", setup: created, event: change(bare, tagged), after: rolledBack(bare, tagged)},
		{name: "update after drift", setup: drifted, keyless: true, event: change(bare, tagged), after: rolledBack(bare, tagged)},
		{name: "delete", setup: created, event: deleteOf(bare), after: []event{deleteOf(bare)}},
		{name: "delete after drift", setup: drifted, event: deleteOf(bare), after: []event{deleteOf(bare)}},
	}
	for _, to := range []string{renamed, moved, role, login} {
		all = append(all,
			scenario{name: "rename to " + to, setup: created, event: change(bare, to), after: rolledBack(bare, to)},
			scenario{name: "clean-up after " + to, setup: was(to), event: deleteOf(bare), after: []event{deleteOf(bare), deleteOf(to)}},
			scenario{name: "roll-back of " + to, setup: was(to), event: change(to, bare), after: []event{change(to, bare), deleteOf(to), deleteOf(bare)}},
		)
	}
	return append(all, lifeScenarios()...)
}

// lifeScenarios are those of the life of the key, and of accounts that were there before.
func lifeScenarios() []scenario {
	// through creates the first of the properties and updates to each of the others, in place.
	through := func(props ...string) func(w *world) {
		return func(w *world) {
			w.create(props[0])
			for i, to := range props[1:] {
				w.updated(props[i], to)
			}
		}
	}
	// A change is one in place, unless the names differ.
	change := func(name string, setup func(w *world), from, to string) scenario {
		return scenario{
			name: name, setup: setup,
			event: event{kind: "Update", id: idOf(from), props: to, old: from},
			after: []event{{kind: "Update", id: idOf(from), props: from, old: to}, {kind: "Delete", id: idOf(from), props: from}},
		}
	}
	const (
		other   = `{"ConsoleLogin":"true","UserName":"other"}`
		readers = `{"ConsoleLogin":"true","KmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab","SecretReaders":["arn:aws:iam::111111111111:root"]}`
		retain  = `{"OnDelete":"Retain","ConsoleLogin":"true"}`

		vault     = `{"KmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab","SecretReaders":["arn:aws:iam::111111111111:root"]}`
		elsewhere = `{"ConsoleLogin":"true","AccessKeySecretName":"elsewhere"}`
	)
	used := func(w *world, key string) string {
		if !w.inMoto {
			w.aws.UseKey(key, "ec2")
		}
		return key
	}
	vendors := func(w *world) string { return used(w, w.vendorsTemplate()) }
	userless := func(w *world) string {
		w.fiveStepsWithoutAUser()
		return ""
	}
	retained := func(w *world) string {
		first, _ := w.retained()
		w.letIn("redis-cloud/access-key")
		return first
	}
	again := serial(2, `"ExistingEntities":"Adopt"`, `"ConsoleLogin":"true"`)
	someone := func(w *world) string {
		w.must(w.iam.CreateUser(w.Context(), &iam.CreateUserInput{UserName: aws.String("other")}))
		return used(w, w.newKey("other"))
	}
	toAdopted := change("rename to a user that is adopted", through(adopt), adopt, `{"ExistingEntities":"Adopt","UserName":"other"}`)
	toAdopted.given = someone
	gone := func(props string) []event { return []event{{kind: "Delete", id: idOf(props), props: props}} }
	return []scenario{
		change("rotation", through(serial(1)), serial(1), serial(2)),
		change("third rotation", through(serial(1), serial(2)), serial(2), serial(3)),
		change("roll-back of a rotation", through(serial(1), serial(2)), serial(2), serial(1)),
		change("previous key deactivated", through(serial(1), serial(2)), serial(2), serial(2, inactive)),
		change("previous key activated", through(serial(1), serial(2), serial(2, inactive)), serial(2, inactive), serial(2)),
		change("previous key deleted", through(serial(1), serial(2)), serial(2), serial(2, deleted)),
		change("back to a deactivated key", through(serial(1), serial(2), serial(2, inactive)), serial(2, inactive), serial(1)),
		{name: "create with a console password", event: event{kind: "Create", props: console}, after: gone(console)},
		change("console password on", through(bare), bare, console),
		change("console password off", through(console), console, bare),
		change("console secret renamed", through(console), console, `{"ConsoleLogin":"true","ConsolePasswordSecretName":"elsewhere"}`),
		change("console user renamed", through(console), console, other),
		{name: "delete with a console password", setup: through(console), event: gone(console)[0], after: gone(console)},
		change("readers come", through(bare), bare, readers),
		change("readers go", through(readers), readers, console),
		change("readers go with the secret, a console password comes", through(vault), vault, elsewhere),
		{name: "adoption", given: vendors, event: event{kind: "Create", props: adopt}, after: gone(adopt)},
		{
			name: "adoption without a user", given: userless, event: event{kind: "Create", props: adopt},
			after: []event{{kind: "Delete", id: "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX", props: adopt}},
		},
		{
			name: "adoption of what was retained", given: retained, event: event{kind: "Create", props: again, stack: another},
			after: []event{{kind: "Delete", id: provision.ID(another, "RedisCloudIAM", []byte(again)), props: again, stack: another}},
		},
		{name: "roll-back of an adoption", given: vendors, setup: through(adopt), event: gone(adopt)[0], after: gone(adopt)},
		toAdopted,
		{name: "create to be retained", event: event{kind: "Create", props: retain}, after: gone(retain), retains: true},
		{name: "retained", setup: through(retain), event: gone(retain)[0], after: gone(retain), retains: true},
	}
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
	if !w.inMoto {
		must(w.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))
	}
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
	template := readTemplate(t)
	t.Cleanup(func() { t.Logf("crash everywhere: %d cases", cases.Load()) })
	for _, s := range scenarios() {
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
			exhaustion(t, template, base, func(t *testing.T, w *world) {
				_, err := w.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("stranger")})
				require.NoError(t, err)
				_, err = w.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("stranger")})
				require.NoError(t, err)
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
			names := slices.Sorted(maps.Keys(faults()))
			for i, name := range names {
				fault := faults()[name]
				for k := 1; k <= calls; k++ {
					if raceDetector && (i+k)%24 != 0 {
						continue // make test runs all of them without the detector too
					}
					cases.Add(1)
					t.Run(fmt.Sprintf("%s at call %d", name, k), func(t *testing.T) {
						exhaustion(t, template, base.Fork(), func(t *testing.T, w *world) {
							w.theirs = theirs
							w.disturb(s.event, k, fault)
							w.succeed(s.event)
							assert.Equal(t, goal, w.account(), "the redelivered event converges")
							w.noLooseKeys()
						})
						exhaustion(t, template, base.Fork(), func(t *testing.T, w *world) {
							w.disturb(s.event, k, fault)
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
			}
		})
	}
}

// exhaustion is a story in an account with a history. It has no latency: time is told elsewhere.
func exhaustion(t *testing.T, template *rolepolicy.Template, account *localaws.Account, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, account)
		w.role.template = template
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
	w.noUnknownPassword()
	w.restart()
	time.Sleep(time.Minute) // after which Lambda delivers an event again
}

// account is what the account holds, and canonical what a state is: without what differs from run to run: the identifiers that AWS makes up,
// the dates, and the versions of secrets, of which noLooseKeys says what must hold.
func (w *world) account() string { return canonical(w.aws.Snapshot()) }

func canonical(state localaws.State) string {
	for name, secret := range state.Secrets {
		secret.Versions = nil
		state.Secrets[name] = secret
	}
	for name, policy := range state.Policies { // a reply that is lost may cost a version
		policy.Versions = map[string]string{policy.Default: policy.Versions[policy.Default]}
		state.Policies[name] = policy
	}
	return normal(state.String())
}

// normal is a text without the identifiers that AWS makes up.
func normal(text string) string {
	for _, p := range []struct{ pattern, with string }{
		{`A(KIA|IDA|ROA|NPA|IPA)[A-Z0-9]{16,17}`, "ID"},
		{`(secret:[\w/-]+)-\w{6}\b`, "$1"},
		{`\bv\d+\b`, "v"},
		{`console-password-[0-9a-f]{24}`, "console-password-ID"},
		{`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "UUID"},
		{`"Used": \w+`, `"Used": "?"`}, // whether a key was proven is not part of the state
	} {
		text = regexp.MustCompile(p.pattern).ReplaceAllString(text, p.with)
	}
	return text
}

// noUnknownPassword: the console password of a user, unless people have made it, is one that a secret holds.
func (w *world) noUnknownPassword() {
	w.Helper()
	for _, user := range []string{"redislabs-user", "other"} {
		live, ok := w.aws.Password(user)
		if !ok || live == byhand.Password {
			continue
		}
		held := false
		for _, secret := range []string{consoleSecret, "elsewhere"} {
			for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
				if text, ok := w.aws.SecretString(secret, label); ok {
					held = held || w.value(text)["consolePassword"] == live
				}
			}
		}
		assert.True(w, held, "the secret holds the console password of %s", user)
	}
}

// noLooseKeys: every key of the stack's users is one that a secret holds, or was there before, and the current one lives.
func (w *world) noLooseKeys() {
	w.Helper()
	state := w.aws.Snapshot()
	held := map[string]bool{}
	w.noUnknownPassword()
	for name := range state.Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			var value map[string]string
			text, _ := w.aws.SecretString(name, label)
			if json.Unmarshal([]byte(text), &value) == nil && value["accessKeyId"] != "" {
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
			assert.True(w, held[key] || slices.Contains(w.theirs, key), "a secret holds key %s of %s", key, user)
		}
	}
}
