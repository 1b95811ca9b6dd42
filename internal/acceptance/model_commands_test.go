package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// command is one thing that happens in a sequence, as plain data: it is drawn before anything runs.
// Where it finds nothing to act on, nothing happens.
type command struct {
	Stack   int
	Do      string // deploy, delete, rename, or what people change out of band
	Changes []setting
	// Fault strikes the command's own event, Then the one with which CloudFormation follows it up.
	// The events after that are undisturbed, as in the end they always are.
	Fault, Then disturbance
	RollBack    bool // another resource of the stack fails, so that an Update that succeeded is rolled back
	Again       bool // Lambda delivers an event again that has succeeded
	Late        bool // and then the one before it
}

// setting is a property of the stack's template. With the value nil it is left out.
type setting struct {
	Property string
	Value    any
}

// disturbance is a fault at one call of an event; the zero value is none.
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

// settings are what a template may change at any time.
func settings() []setting {
	all := []setting{
		{"Tags", []string{"a=1"}},
		{"Tags", []string{"a=2", "b=1"}},
		{"Tags", nil},
		{"RedisCloudAccountId", "111111111111"},
		{"RedisCloudAccountId", nil},
		{"PermissionsBoundary", adminPolicy},
		{"PermissionsBoundary", readOnly},
		{"PermissionsBoundary", nil},
		{"KmsKeyId", kmsKey},
		{"KmsKeyId", nil},
	}
	for _, serial := range []string{"2", "3", "4", "5"} {
		all = append(all, setting{"AccessKeySerial", serial})
	}
	for _, fate := range []any{"Inactive", "Deleted", nil, nil} {
		all = append(all, setting{"PreviousAccessKey", fate})
	}
	return append(
		all,
		setting{"ConsoleLogin", "true"}, setting{"ConsoleLogin", nil},
		setting{"DeletionProtection", "Off"}, setting{"DeletionProtection", nil},
		setting{"OnDelete", "Retain"}, setting{"OnDelete", nil},
		setting{"ExistingEntities", "Adopt"}, setting{"ExistingEntities", nil},
		setting{"SecretReaders", []string{"arn:aws:iam::111111111111:root"}}, setting{"SecretReaders", nil},
	)
}

// nameSettings are what a stack can be given when it is created. Each name is the default, another,
// or one that is taken.
func nameSettings() []setting {
	var all []setting
	for _, name := range nameProperties() {
		all = append(all, setting{name, "other-" + name}, setting{name, nil})
	}
	for _, name := range []string{"InstancePolicyName", "ConsoleRoleName", "UserName", "AccessKeySecretName", "ConsolePasswordSecretName"} {
		all = append(all, setting{name, "taken"})
	}
	return all
}

func nameProperties() []string {
	return []string{
		"UserName", "AccessKeySecretName", "ConsoleRoleName", "UserPolicyName", "InstanceRoleName",
		"InstancePolicyName", "ConsolePasswordSecretName",
	}
}

func commands(stacks int) *rapid.Generator[[]command] {
	names := []string{""}
	for _, f := range faults() {
		names = append(names, f.name)
	}
	disturbed := rapid.Custom(func(t *rapid.T) disturbance {
		d := disturbance{Name: rapid.SampledFrom(names).Draw(t, "fault")}
		if d.Name != "" {
			d.Call = rapid.IntRange(1, 50).Draw(t, "call")
			d.TimedOut = rapid.Bool().Draw(t, "timed out")
		}
		return d
	})
	things := []string{"deploy", "deploy", "deploy", "deploy", "deploy", "deploy", "delete", "rename"}
	things = append(things, slices.Sorted(maps.Keys(outOfBand()))...)
	one := rapid.Custom(func(t *rapid.T) command {
		c := command{
			Stack: rapid.IntRange(0, stacks-1).Draw(t, "stack"),
			Do:    rapid.SampledFrom(things).Draw(t, "do"),
		}
		switch c.Do {
		case "deploy", "rename":
			c.Changes = rapid.SliceOfN(rapid.SampledFrom(slices.Concat(settings(), nameSettings())), 0, 3).Draw(t, "changes")
			c.RollBack = rapid.Bool().Draw(t, "roll back")
			fallthrough
		case "delete":
			c.Fault, c.Then = disturbed.Draw(t, "fault"), disturbed.Draw(t, "then")
			c.Again, c.Late = rapid.Bool().Draw(t, "again"), rapid.Bool().Draw(t, "late")
		}
		return c
	})
	return rapid.SliceOfN(one, 1, 12)
}

// changed is a stack's template with the changes of a command. Names change where that is meant
// alone.
func (s *modelStack) changed(changes []setting, rename bool) map[string]any {
	to := maps.Clone(s.template)
	for _, change := range changes {
		switch {
		case slices.Contains(nameProperties(), change.Property) && !rename:
		case change.Value == nil:
			delete(to, change.Property)
		default:
			to[change.Property] = change.Value
		}
	}
	if to["KmsKeyId"] == nil {
		delete(to, "SecretReaders")
	}
	if rename && to["AccessKeySecretName"] == to["ConsolePasswordSecretName"] {
		delete(to, "ConsolePasswordSecretName")
	}
	return to
}

func (m *model) do(c command) {
	s := m.stacks[c.Stack]
	switch c.Do {
	case "deploy":
		m.deploy(s, s.changed(c.Changes, !s.live), c)
	case "rename":
		if s.live {
			m.rename(s, s.changed(c.Changes, true), c)
		}
	case "delete":
		if s.live {
			m.deleteStack(s, c)
		}
	default:
		if s.live {
			m.tell("out of band: %s (%s)", c.Do, s.name)
			outOfBand()[c.Do](m, s)
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
