package provision

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	keyA = "AKIAAAAAAAAAAAAAAAAA"
	keyB = "AKIABBBBBBBBBBBBBBBB"
	keyC = "AKIACCCCCCCCCCCCCCCC"
)

// longAgo is when a key was used that is somebody's.
func longAgo() time.Time { return time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC) }

// keySteps are the steps of a plan that concern keys.
func keySteps(p Plan) []Step {
	var steps []Step
	for _, stage := range p.Stages {
		for _, step := range stage {
			switch step.(type) {
			case MakeKey, DeleteKey, MoveCurrent, ProveKey:
				steps = append(steps, step)
			}
		}
	}
	return steps
}

func TestTheKey(t *testing.T) {
	d := desiredOf(t, `{}`)
	version := func(id string) string { return newRecord(id, d.Spec).versionID() }
	make1 := MakeKey{"redislabs-user", "redis-cloud/access-key", 1, false}
	prove := ProveKey{"redislabs-user"}
	unused := func(id string) DeleteKey {
		return DeleteKey{"redislabs-user", id, "no secret holds it and it was never used", "redis-cloud/access-key"}
	}
	rows := map[string]struct {
		keys     []Key
		versions map[string][]string
		made     string
		serial   int // 1 unless given
		steps    []Step
		notice   string
		fails    string
	}{
		"stored and live":               {keys: []Key{{ID: keyA, Active: true}}, versions: map[string][]string{version(keyA): {current}}},
		"stored, and made a moment ago": {keys: nil, versions: map[string][]string{version(keyA): {current}}, made: keyA, steps: []Step{prove}},
		"deleted by somebody":           {keys: nil, versions: map[string][]string{version(keyA): {current}}, steps: []Step{make1, prove}},
		"made and not stored: a crash":  {keys: []Key{{ID: keyB, Active: true}}, versions: map[string][]string{}, steps: []Step{unused(keyB), make1, prove}},
		"made and not stored, a moment ago: another run": {
			keys: []Key{{ID: keyB, Active: true, Created: longAgo().AddDate(1, 0, 0)}}, versions: map[string][]string{}, fails: "another run may be about to store it",
		},
		"an unused one beside the stored": {keys: []Key{{ID: keyA, Active: true}, {ID: keyB}}, versions: map[string][]string{version(keyA): {current}}, steps: []Step{unused(keyB)}},
		"a used one beside the stored": {
			keys: []Key{{ID: keyA, Active: true}, {ID: keyB, LastUsed: longAgo()}}, versions: map[string][]string{version(keyA): {current}}, notice: keyB,
		},
		"two used ones and none stored": {
			keys: []Key{{ID: keyB, LastUsed: longAgo()}, {ID: keyC, LastUsed: longAgo()}}, versions: map[string][]string{}, fails: "IAM allows no third",
		},
		"inactive": {keys: []Key{{ID: keyA}}, versions: map[string][]string{version(keyA): {current}}, notice: "inactive"},
		"the label on a dead key, the previous one live and of this serial": {
			keys: []Key{{ID: keyA, Active: true}}, versions: map[string][]string{version(keyB): {current}, version(keyA): {previous}},
			steps: []Step{MoveCurrent{"redis-cloud/access-key", version(keyB), version(keyA)}},
		},
		"the label on a dead key, the previous one live and of another serial": {
			keys: []Key{{ID: keyA, Active: true}}, versions: map[string][]string{version(keyB): {current}, keyA + "-00000000009": {previous}},
			steps: []Step{MoveCurrent{"redis-cloud/access-key", version(keyB), keyA + "-00000000009"}, make1, prove},
		},
		"two stored of another serial: the previous one makes room": {
			keys: []Key{{ID: keyA, Active: true}, {ID: keyB, Active: true}}, versions: map[string][]string{keyB + "-00000000009": {current}, keyA + "-00000000008": {previous}},
			steps:  []Step{DeleteKey{"redislabs-user", keyA, "it is the one before the current key, and makes room for the new one", ""}, MakeKey{"redislabs-user", "redis-cloud/access-key", 10, false}, prove},
			serial: 10,
		},
		"versions that somebody else stored": {
			keys: []Key{{ID: keyA, LastUsed: longAgo()}}, versions: map[string][]string{"0f0e0d0c-1111-2222-3333-444455556666": {current}},
			steps: []Step{make1, prove}, notice: keyA,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := d
			d.Spec.AccessKeySerial = max(row.serial, 1)
			seen := standing(d)
			seen.User.Keys, seen.Secret.Versions = row.keys, row.versions
			plan, err := planEnsure(d, seen, memory{key: ownKey{id: row.made, fresh: row.made != "", proven: false}})
			if row.fails != "" {
				require.ErrorContains(t, err, row.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.steps, keySteps(plan))
			if row.notice == "" {
				assert.Empty(t, plan.Notices)
			} else {
				require.Len(t, plan.Notices, 1)
				assert.Contains(t, plan.Notices[0], row.notice)
			}
		})
	}
}

func TestAKeyThatWasMadeAMomentAgoIsNotMadeAgain(t *testing.T) {
	d := desiredOf(t, `{}`)
	seen := standing(d)
	seen.User.Keys = nil // not listed yet
	seen.Secret.Versions = map[string][]string{newRecord(keyA, d.Spec).versionID(): {current}}
	plan, err := planEnsure(d, seen, memory{key: ownKey{id: keyA, fresh: true, proven: true}})
	require.NoError(t, err)
	assert.Empty(t, keySteps(plan))
	plan, err = planEnsure(d, seen, memory{key: ownKey{id: keyA, fresh: false, proven: true}})
	require.NoError(t, err)
	assert.Len(t, keySteps(plan), 2, "it is gone by now, and not just not listed")
}

func TestAKeyThatTheFormerSecretHoldsIsNoOrphan(t *testing.T) {
	d := updateOf(t, `{}`, `{"AccessKeySecretName":"elsewhere"}`)
	before := standing(desiredOf(t, `{}`))
	seen := *before
	seen.Secret, seen.Renamed = nil, &Observed{Secret: before.Secret}
	plan, err := planEnsure(d, &seen, memory{})
	require.NoError(t, err)
	assert.Equal(t, []Step{MakeKey{"redislabs-user", "elsewhere", 1, true}, ProveKey{"redislabs-user"}}, keySteps(plan))
}

func TestRecordsAreReadAsTheyAreWritten(t *testing.T) {
	d := desiredOf(t, `{}`)
	id := newRecord(keyA, d.Spec).versionID()
	assert.Equal(t, keyA+"-00000000001", id)
	assert.Len(t, id, 32)
	other := newRecord(keyA, desiredOf(t, `{"ConsoleRoleName":"other"}`).Spec)
	for _, r := range []record{newRecord(keyA, d.Spec), other, {keyID: "AKIA", serial: 12}} {
		got, ok := parseRecord(r.versionID())
		assert.True(t, ok, r.versionID())
		assert.Equal(t, r, got)
		assert.GreaterOrEqual(t, len(r.versionID()), 32)
		assert.LessOrEqual(t, len(r.versionID()), 64)
	}
	for _, id := range []string{"", "-", keyA, keyA + "-", keyA + "-x", keyA + "-0", keyA + "-1", "a-b-c-d", "0f0e0d0c-1111-2222-3333-444455556666"} {
		_, ok := parseRecord(id)
		assert.False(t, ok, id)
	}
}
