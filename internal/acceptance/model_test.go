package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestModel plays random lives of stacks, as CloudFormation would order their events, in an account where other
// hands are at work and AWS fails at random calls. What must hold is said beside the code that checks it, in
// model_invariants_test.go. More sequences: go test -run TestModel ./functions/provisioner -rapid.checks=10000.
//
// A failure is shrunk; its events stand in a folder that is printed, for make local EVENTS="...".
func TestModel(t *testing.T) {
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

// surroundings are what a sequence runs in.
type surroundings struct {
	stacks   int
	apart    bool // whether the second stack begins with names of its own
	stale    time.Duration
	keyDelay time.Duration
}

// command is one thing that happens in a sequence, as plain data: it is drawn before anything runs, and where it
// finds nothing to act on, nothing happens.
type command struct {
	Stack   int
	Do      string // deploy, delete, or what other hands do
	Changes []setting
	// Fault strikes the command's own event, Then the one with which CloudFormation follows it up. The events
	// after that are undisturbed, as in the end they always are.
	Fault, Then disturbance
	RollBack    bool // another resource of the stack fails, so that an Update that succeeded is rolled back
	Again       bool // Lambda delivers an event again that has succeeded
}

// setting is a property of the stack's template. With the value nil it is left out.
type setting struct {
	Property string
	Value    any
}

// disturbance is a fault of faults() at one call of an event; the zero value is none.
type disturbance struct {
	Name     string
	Call     int
	TimedOut bool // if it kills the process, Lambda does not run the event again
}

func (d disturbance) String() string {
	if d.Name == "" {
		return "undisturbed"
	}
	return fmt.Sprintf("%s at call %d", d.Name, d.Call)
}

// settings are what a template may change. Each name is the default, another, or one that a stranger has.
func settings() []setting {
	all := []setting{
		{"Tags", []string{"a=1"}},
		{"Tags", []string{"a=2", "b=1"}},
		{"Tags", nil},
		{"RedisCloudAccountId", "111111111111"},
		{"RedisCloudAccountId", nil},
		{"PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess"},
		{"PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
		{"PermissionsBoundary", nil},
		{"KmsKeyId", "arn:aws:kms:us-east-1:123456789012:key/0f0e0d0c-1111-2222-3333-444455556666"},
		{"KmsKeyId", nil},
	}
	for _, serial := range []string{"2", "3", "4", "5"} {
		all = append(all, setting{"AccessKeySerial", serial})
	}
	for _, fate := range []any{"Inactive", "Deleted", nil, nil} {
		all = append(all, setting{"PreviousAccessKey", fate})
	}
	all = append(
		all,
		setting{"ConsoleLogin", "true"}, setting{"ConsoleLogin", nil},
		setting{"DeletionProtection", "Off"}, setting{"DeletionProtection", nil},
		setting{"OnDelete", "Retain"}, setting{"OnDelete", nil},
		setting{"ExistingEntities", "Adopt"}, setting{"ExistingEntities", nil},
		setting{"SecretReaders", []string{"arn:aws:iam::111111111111:root"}}, setting{"SecretReaders", nil},
	)
	for _, name := range nameSettings() {
		all = append(all, setting{name, "other-" + name}, setting{name, nil})
	}
	for _, name := range []string{"InstancePolicyName", "ConsoleRoleName", "UserName", "AccessKeySecretName", "ConsolePasswordSecretName"} {
		all = append(all, setting{name, "taken"})
	}
	return all
}

func nameSettings() []string {
	return []string{
		"UserName", "AccessKeySecretName", "ConsoleRoleName", "UserPolicyName", "InstanceRoleName",
		"InstancePolicyName", "ConsolePasswordSecretName",
	}
}

func commands(stacks int) *rapid.Generator[[]command] {
	names := append([]string{""}, slices.Sorted(maps.Keys(faults()))...)
	fault := rapid.Custom(func(t *rapid.T) disturbance {
		d := disturbance{Name: rapid.SampledFrom(names).Draw(t, "fault")}
		if d.Name != "" {
			d.Call = rapid.IntRange(1, 50).Draw(t, "call")
			d.TimedOut = rapid.Bool().Draw(t, "timed out")
		}
		return d
	})
	things := []string{"deploy", "deploy", "deploy", "deploy", "deploy", "deploy", "delete"}
	things = append(things, slices.Sorted(maps.Keys(hands()))...)
	one := rapid.Custom(func(t *rapid.T) command {
		c := command{
			Stack: rapid.IntRange(0, stacks-1).Draw(t, "stack"),
			Do:    rapid.SampledFrom(things).Draw(t, "do"),
		}
		switch c.Do {
		case "deploy":
			c.Changes = rapid.SliceOfN(rapid.SampledFrom(settings()), 0, 3).Draw(t, "changes")
			c.RollBack = rapid.Bool().Draw(t, "roll back")
			fallthrough
		case "delete":
			c.Fault, c.Then = fault.Draw(t, "fault"), fault.Draw(t, "then")
			c.Again = rapid.Bool().Draw(t, "again")
		}
		return c
	})
	most := 12
	if raceDetector {
		most = 5 // the longer ones are played without the detector
	}
	return rapid.SliceOfN(one, 1, most)
}

// check draws sequences, and plays each in a world of its own.
func check(t *testing.T, around *rapid.Generator[surroundings]) {
	references := map[string]reference{}
	rapid.Check(t, func(rt *rapid.T) {
		s := around.Draw(rt, "surroundings")
		sequence := commands(s.stacks).Draw(rt, "sequence")
		var broken *violation
		synctest.Test(t, func(t *testing.T) { broken = play(t, s, sequence, references) })
		if broken != nil {
			rt.Logf("how it came about:\n%s", broken.told(t))
			rt.Fatalf("broken: %s", broken.invariant)
		}
	})
}

// play plays one sequence and returns the first invariant that it broke.
func play(t *testing.T, s surroundings, sequence []command, references map[string]reference) (broken *violation) {
	m := newModel(t, s, references)
	defer m.order.stop()
	defer func() {
		if found := recover(); found != nil {
			var ok bool
			if broken, ok = found.(*violation); !ok {
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

func (m *model) do(c command) {
	s := m.stacks[c.Stack]
	switch c.Do {
	case "deploy":
		to := maps.Clone(s.template)
		for _, change := range c.Changes {
			if change.Value == nil {
				delete(to, change.Property)
			} else {
				to[change.Property] = change.Value
			}
		}
		if to["KmsKeyId"] == nil {
			delete(to, "SecretReaders")
		}
		if to["AccessKeySecretName"] == to["ConsolePasswordSecretName"] {
			delete(to, "ConsolePasswordSecretName")
		}
		m.deploy(s, to, c)
	case "delete":
		if s.live {
			m.deleteStack(s, c)
		}
	default:
		if s.live {
			m.tell("other hands: %s (%s)", c.Do, s.name)
			hands()[c.Do](m, s)
			time.Sleep(time.Minute)
		}
	}
}

// properties are what CloudFormation sends for a template.
func (m *model) properties(template map[string]any) string {
	all := maps.Clone(template)
	all["ServiceToken"] = "arn:aws:lambda:us-east-1:123456789012:function:f"
	text, err := json.Marshal(all)
	require.NoError(m, err)
	return string(text)
}
