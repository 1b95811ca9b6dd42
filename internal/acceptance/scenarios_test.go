package acceptance

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// scenario is an event in an account with a history. A new one joins the exhaustive tests by one
// entry.
type scenario struct {
	name  string
	given func(w *world) // what people had made before there was a stack, and a stack adopts
	setup func(w *world) // what the stack has been through, undisturbed
	event event
	after []event // how CloudFormation goes on when the event does not succeed: the last one deletes the stack

	retains bool // the Delete may leave all that there was, as it was told
	keyless bool // people have deleted the current key
}

// The properties of several scenarios.
const (
	tagged      = `{"Tags":["a=b"],"RedisCloudAccountId":"111111111111"}`
	withReaders = `{"ConsoleLogin":"true","KmsKeyId":"` + kmsKey + `","SecretReaders":["arn:aws:iam::111111111111:root"]}`
	adoptAll    = `{"ExistingEntities":"Adopt","ConsoleLogin":"true"}`
	retainAll   = `{"OnDelete":"Retain","ConsoleLogin":"true"}`
)

func scenarios() []scenario {
	created := func(w *world) { w.create(bare) }
	drifted := func(w *world) {
		w.create(bare)
		w.drift()
	}
	again := serial(2, `"ExistingEntities":"Adopt"`, `"ConsoleLogin":"true"`)
	vendors := func(w *world) { w.use(w.vendorsTemplate()) }
	retained := func(w *world) {
		w.retained()
		w.letIn(keySecret)
	}
	left := func(w *world) {
		w.use(keyIn(w.create(console)))
		w.losesItsBoundaries()
	}
	ofGone := serial(2, `"ExistingEntities":"`+stack+`"`, `"ConsoleLogin":"true"`)
	adoptSecret := change("adoption of a console secret", through(bare), bare, adoptAll)
	adoptSecret.given = func(w *world) { w.put(consoleSecret, "theirs") }
	all := []scenario{
		{name: "create", event: event{kind: "Create", props: bare}, after: gone(bare)},
		{name: "create again", setup: created, event: event{kind: "Create", props: bare}, after: gone(bare)},
		change("update after drift", drifted, bare, tagged),
		{name: "delete", setup: created, event: deleteOf(bare), after: gone(bare)},
		{name: "delete after drift", setup: drifted, event: deleteOf(bare), after: gone(bare)},

		{name: "create with a console password", event: event{kind: "Create", props: console}, after: gone(console)},
		{name: "delete with a console password", setup: through(console), event: deleteOf(console), after: gone(console)},

		{name: "adoption", given: vendors, event: event{kind: "Create", props: adopt}, after: gone(adopt)},
		{name: "adoption without a user", given: (*world).fiveStepsWithoutAUser, event: event{kind: "Create", props: adopt}, after: []event{deleteOf(adopt).withID(invented)}},
		{name: "adoption of what was retained", given: retained, event: event{kind: "Create", props: again, stack: another}, after: []event{deleteOf(again).in(another)}},
		{name: "adoption of a retained password", given: func(w *world) {
			w.use(keyIn(w.create(retainAll)))
			w.delete(retainAll)
		}, event: event{kind: "Create", props: adoptAll, stack: another}, after: []event{deleteOf(adoptAll).in(another)}},
		adoptSecret,
		{name: "adoption from a stack that is gone", given: left, event: event{kind: "Create", props: ofGone, stack: another}, after: []event{deleteOf(ofGone).in(another)}},
		{name: "roll-back of an adoption from a stack that is gone", given: left, setup: func(w *world) {
			w.succeed(event{kind: "Create", props: ofGone, stack: another})
		}, event: deleteOf(ofGone).in(another).withID(invented), after: []event{deleteOf(ofGone).in(another).withID(invented)}},
		{name: "roll-back of an adoption", given: vendors, setup: through(adopt), event: deleteOf(adopt), after: gone(adopt)},

		{name: "create to be retained", event: event{kind: "Create", props: retainAll}, after: gone(retainAll), retains: true},
		{name: "retained", setup: through(retainAll), event: deleteOf(retainAll), after: gone(retainAll), retains: true},

		change("update in place", created, bare, tagged),
		change("rotation", through(serial(1)), serial(1), serial(2)),
		change("third rotation", through(serial(1), serial(2)), serial(2), serial(3)),
		change("roll-back of a rotation", through(serial(1), serial(2)), serial(2), serial(1)),
		change("previous key deactivated", through(serial(1), serial(2)), serial(2), serial(2, inactive)),
		change("previous key activated", through(serial(1), serial(2), serial(2, inactive)), serial(2, inactive), serial(2)),
		change("previous key deleted", through(serial(1), serial(2)), serial(2), serial(2, deleted)),
		change("back to a deactivated key", through(serial(1), serial(2), serial(2, inactive)), serial(2, inactive), serial(1)),
		change("console password on", through(bare), bare, console),
		change("console password off", through(console), console, bare),
		change("readers come", through(bare), bare, withReaders),
		change("readers go", through(withReaders), withReaders, console),
	}
	for i := range all {
		all[i].keyless = all[i].name == "update after drift"
	}
	return all
}

// gone is the Delete of the stack.
func gone(props string) []event { return []event{deleteOf(props)} }

// through creates with the first of the properties, and updates to each of the others.
func through(props ...string) func(w *world) {
	return func(w *world) {
		w.create(props[0])
		for i, to := range props[1:] {
			w.updated(props[i], to)
		}
	}
}

// change is an Update, which is rolled back where it fails.
func change(name string, setup func(w *world), from, to string) scenario {
	return scenario{name: name, setup: setup, event: changeOf(from, to), after: []event{changeOf(to, from), deleteOf(from)}}
}

// past is a history that is told once, and gone on with in many ways.
type past struct {
	account *localaws.Account
	known   *knowledge
}

// history tells what is before a scenario's event. In between it calls left.
func (s scenario) history(t *testing.T, left func(w *world)) past {
	t.Helper()
	told := past{account: localaws.New(localaws.Options{}), known: newKnowledge()}
	told.tell(t, told.account, func(_ *testing.T, w *world) {
		w.put("stranger", `{}`)
		require.NotEmpty(w, w.stranger())
		if s.given != nil {
			s.given(w)
		}
		left(w)
		if s.setup != nil {
			s.setup(w)
		}
		told.known = w.known
	})
	return told
}

// goOn tells how it goes on after the history, in an account of its own.
func (p past) goOn(t *testing.T, tell func(t *testing.T, w *world)) {
	t.Helper()
	p.tell(t, p.account.Fork(), tell)
}

// tell is a story without latency: other stories tell of time.
func (p past) tell(t *testing.T, account *localaws.Account, tell func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, account)
		w.known = p.known.clone()
		tell(t, w)
	})
}

// fork is a world of its own that holds and knows what this one does.
func (w *world) fork() *world {
	w.Helper()
	fork := newWorld(w.T, w.aws.Fork())
	fork.known = w.known.clone()
	return fork
}
