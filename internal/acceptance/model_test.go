package acceptance

import (
	"flag"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"redis-cloud-iam/internal/acceptance/sample"
)

// TestModel plays random lives of stacks, as CloudFormation would order their events, in an account
// where people change things out of band and AWS fails at random calls. The invariants hold after
// every event; what else must hold is in model_expect_test.go. More sequences: EXHAUSTIVE=1 go test
// -run TestModel -rapid.checks=10000.
//
// A failure is shrunk. Its events are in a folder that is printed, for make local EVENTS="...".
func TestModel(t *testing.T) {
	if !sample.Exhaustive() {
		few(t, 15)
	}
	t.Run("one stack", func(t *testing.T) {
		t.Parallel()
		check(t, rapid.Just(surroundings{stacks: 1}))
	})
	t.Run("two stacks", func(t *testing.T) {
		t.Parallel()
		check(t, rapid.Custom(func(t *rapid.T) surroundings {
			return surroundings{stacks: 2, apart: rapid.Bool().Draw(t, "apart")}
		}))
	})
	t.Run("an eventually consistent account", func(t *testing.T) {
		t.Parallel()
		check(t, rapid.Custom(func(t *rapid.T) surroundings {
			return surroundings{
				stacks:   1,
				stale:    time.Duration(rapid.IntRange(0, 3).Draw(t, "stale")) * time.Second,
				keyDelay: time.Duration(rapid.IntRange(0, 12).Draw(t, "key delay")) * time.Second,
			}
		}))
	})
}

// few limits the sequences, unless the flag of rapid says how many.
func few(t *testing.T, sequences int) {
	const name = "rapid.checks"
	if checks := flag.Lookup(name); checks.Value.String() == checks.DefValue {
		require.NoError(t, flag.Set(name, strconv.Itoa(sequences)))
	}
}

// surroundings are what a sequence runs in.
type surroundings struct {
	stacks   int
	apart    bool // the second stack has names of its own
	stale    time.Duration
	keyDelay time.Duration
}

// check draws sequences, and plays each in a world of its own.
func check(t *testing.T, around *rapid.Generator[surroundings]) {
	references := map[string]reference{}
	rapid.Check(t, func(rt *rapid.T) {
		s := around.Draw(rt, "surroundings")
		sequence := commands(s.stacks).Draw(rt, "sequence")
		var broken *failure
		synctest.Test(t, func(t *testing.T) { broken = play(t, s, sequence, references) })
		if broken != nil {
			rt.Logf("how it came about:\n%s", broken.told(t))
			rt.Fatalf("broken: %s", broken.invariant)
		}
	})
}

// play plays one sequence and returns the first failure.
func play(t *testing.T, s surroundings, sequence []command, references map[string]reference) (broken *failure) {
	m := newModel(t, s, references)
	defer m.order.stop()
	defer func() {
		if found := recover(); found != nil {
			var ok bool
			if broken, ok = found.(*failure); !ok {
				panic(found)
			}
			broken.story, broken.events = m.story, m.events
		}
	}()
	for _, c := range sequence {
		m.do(c)
		if m.stuck {
			return nil
		}
	}
	for _, s := range m.stacks {
		if s.live {
			m.tell("%s is deleted in the end", s.name)
			m.deleteStack(s, command{})
		}
		if m.stuck {
			return nil
		}
	}
	m.nothingIsLeft()
	return nil
}
