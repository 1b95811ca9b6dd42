package plan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAccessKey(t *testing.T) {
	const (
		makes1  = "+ make an access key of user redislabs-user and store it in secret redis-cloud/access-key"
		proves  = "? prove that AWS accepts the new access key of user redislabs-user"
		orphan  = "- delete access key " + keyB + " of user redislabs-user: no secret holds it and it was never used"
		moves   = "~ move AWSCURRENT of secret redis-cloud/access-key to version "
		current = Current
	)
	rows := map[string]struct {
		keys     []Key
		versions map[string][]string
		made     []Record // as the user remembers them
		serial   int      // 1 unless given
		steps    []string
		notice   string
		fails    string
	}{
		"stored and active": {keys: []Key{unused(keyA)}, versions: map[string][]string{version(keyA, 1): {current}}, made: []Record{{keyA, 1}}},
		"deleted by people": {versions: map[string][]string{version(keyA, 1): {current}}, steps: []string{makes1, proves}},
		"made and not stored, which is a crash": {
			keys: []Key{unused(keyB)}, versions: map[string][]string{}, steps: []string{orphan, makes1, proves},
		},
		"made and not stored a moment ago, by a concurrent run": {
			keys: []Key{{ID: keyB, Active: true, Created: present, UseKnown: true}}, versions: map[string][]string{}, fails: "a concurrent run may be about to store it",
		},
		"an unused one beside the stored one": {
			keys: []Key{unused(keyA), unused(keyB)}, versions: map[string][]string{version(keyA, 1): {current}}, made: []Record{{keyA, 1}}, steps: []string{orphan},
		},
		"a used one beside the stored one": {
			keys: []Key{unused(keyA), used(keyB, time.Hour, "s3")}, versions: map[string][]string{version(keyA, 1): {current}}, made: []Record{{keyA, 1}}, notice: keyB,
		},
		"two used ones and none stored": {
			keys: []Key{used(keyB, time.Hour, "s3"), used(keyC, 2*time.Hour, "s3")}, versions: map[string][]string{}, fails: "Delete " + keyC + " if nobody uses it any more",
		},
		"inactive": {
			keys: []Key{{ID: keyA, UseKnown: true}}, versions: map[string][]string{version(keyA, 1): {current}}, made: []Record{{keyA, 1}}, notice: "inactive",
		},
		"the label on a key that is gone, the previous one of this serial": {
			keys: []Key{unused(keyA)}, versions: map[string][]string{version(keyB, 2): {current}, version(keyA, 1): {Previous}}, made: []Record{{keyA, 1}},
			steps: []string{moves + version(keyA, 1)},
		},
		"the label on a key that is gone, the previous one of another serial": {
			keys: []Key{unused(keyA)}, versions: map[string][]string{version(keyB, 3): {current}, version(keyA, 2): {Previous}}, made: []Record{{keyA, 2}},
			serial: 3, steps: []string{moves + version(keyA, 2), makes1, proves},
		},
		"two stored ones of other serials, of which the previous one makes room": {
			keys: []Key{unused(keyA), unused(keyB)}, versions: map[string][]string{version(keyB, 9): {current}, version(keyA, 8): {Previous}}, serial: 10,
			steps: []string{"- delete access key " + keyA + " of user redislabs-user: it is the previous key, and makes room for the new one", makes1, proves},
		},
		"the previous one is in use": {
			keys: []Key{used(keyA, time.Hour, "sts"), unused(keyB)}, versions: map[string][]string{version(keyB, 9): {current}, version(keyA, 8): {Previous}}, serial: 10,
			fails: "access key " + keyA + " of user redislabs-user was last used at 2025-03-01 11:00 UTC for sts, so it is in use",
		},
		"stored, and not remembered yet": {
			keys: []Key{unused(keyA)}, versions: map[string][]string{version(keyA, 1): {current}}, steps: []string{"~ tag user redislabs-user: set redis-cloud-iam:made-keys"},
		},
		"a secret that people edited once": {
			keys: []Key{unused(keyA)}, versions: map[string][]string{"theirs": {current}, version(keyA, 1): {Previous}}, made: []Record{{keyA, 1}},
			steps: []string{moves + version(keyA, 1)}, notice: "was changed out of band",
		},
		"a secret that people edited twice": {
			keys: []Key{used(keyA, time.Hour, "ec2")}, versions: map[string][]string{"theirs": {current}, "theirs too": {Previous}}, made: []Record{{keyA, 1}},
			steps: []string{moves + version(keyA, 1)}, notice: "was changed out of band",
		},
		"a serial whose key is gone": {
			keys: []Key{unused(keyB)}, versions: map[string][]string{version(keyB, 3): {current}}, made: []Record{{keyB, 3}},
			fails: "AccessKeySerial: is 1, which is lower than the current 3",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{}`)
			d.Spec.AccessKeySerial = max(row.serial, 1)
			seen := standing(d)
			user := seen.In(User)
			delete(user.Tags, tagMade)
			user.SetTags(user.Tags)
			if row.made != nil {
				user.tag(MadeKeys(row.made))
			}
			user.Keys, seen.In(KeySecret).Versions = row.keys, row.versions
			plan, err := Ensure(d, seen)
			if row.fails != "" {
				require.ErrorContains(t, err, row.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.steps, flat(plan))
			if row.notice == "" {
				assert.Empty(t, plan.Notices)
			} else {
				require.Len(t, plan.Notices, 1)
				assert.Contains(t, plan.Notices[0], row.notice)
			}
		})
	}
}

// The state of the previous key is desired by Updates alone, and what people deactivated stays so.
func TestPreviousAccessKey(t *testing.T) {
	const (
		activate   = "~ activate access key " + keyA + " of user redislabs-user"
		deactivate = "~ deactivate access key " + keyA + " of user redislabs-user"
		remembers  = "~ tag user redislabs-user: set redis-cloud-iam:deactivated-key"
		forgets    = "~ tag user redislabs-user: remove redis-cloud-iam:deactivated-key"
	)
	rows := map[string]struct {
		state  string
		active bool // the previous key
		ours   bool // the function has deactivated it
		create bool
		used   bool
		steps  []string
		fails  string
	}{
		"active stays":                             {state: "Active", active: true},
		"active, and is deactivated":               {state: "Inactive", active: true, steps: []string{remembers, deactivate}},
		"active and in use":                        {state: "Inactive", active: true, used: true, fails: "so it is in use"},
		"active, is to be deleted, and in use":     {state: "Deleted", active: true, used: true, fails: "Enter " + keyB + " in Redis Cloud first"},
		"active, and is deleted":                   {state: "Deleted", active: true, steps: []string{"- delete access key " + keyA + " of user redislabs-user: PreviousAccessKey is Deleted"}},
		"what the function deactivated comes back": {state: "Active", ours: true, steps: []string{activate, forgets}},
		"what people deactivated does not":         {state: "Active"},
		"what people deactivated is not ours":      {state: "Inactive"},
		"a Create leaves it":                       {state: "Deleted", active: true, create: true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{"AccessKeySerial":"2","PreviousAccessKey":"`+row.state+`"}`)
			d.Update = !row.create
			seen := standing(d)
			user := seen.In(User)
			previous := unused(keyA)
			if row.used {
				previous = used(keyA, time.Hour, "ec2")
			}
			previous.Active = row.active
			user.Keys = []Key{previous, unused(keyB)}
			user.tag(MadeKeys([]Record{{keyA, 1}, {keyB, 2}}))
			if row.ours {
				user.tag(map[string]string{tagDeactivated: keyA})
			}
			seen.In(KeySecret).Versions = map[string][]string{version(keyA, 1): {Previous}, version(keyB, 2): {Current}}
			plan, err := Ensure(d, seen)
			if row.fails != "" {
				require.ErrorContains(t, err, row.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.steps, flat(plan))
		})
	}
}

func TestLastUseIsAskedForOnlyWhereItDecides(t *testing.T) {
	d := updated(t, `{"AccessKeySerial":"2","PreviousAccessKey":"Deleted"}`)
	seen := standing(d)
	seen.In(User).Keys = []Key{{ID: keyA, Active: true}, {ID: keyB, Active: true}}
	seen.In(KeySecret).Versions = map[string][]string{version(keyA, 1): {Previous}, version(keyB, 2): {Current}}
	plan := ensured(t, d, seen)
	assert.Equal(t, []string{keyA}, plan.Ask)
	assert.Empty(t, plan.Stages)

	d.Spec.Protect = false
	assert.Empty(t, ensured(t, d, seen).Ask)
}

func TestUse(t *testing.T) {
	rows := map[string]struct {
		key   Key
		inUse bool
	}{
		"never":                        {unused(keyA), false},
		"EC2 an hour ago":              {used(keyA, time.Hour, "ec2"), true},
		"EC2 a day ago":                {used(keyA, 24*time.Hour, "ec2"), false},
		"STS an hour ago":              {used(keyA, time.Hour, "sts"), true},
		"STS when it was made":         {Key{Created: present.Add(-time.Hour), LastUsed: present.Add(-46 * time.Minute), UsedFor: "sts"}, false},
		"IAM when it was made":         {Key{Created: present.Add(-time.Hour), LastUsed: present.Add(-46 * time.Minute), UsedFor: "iam"}, false},
		"STS a quarter of an hour on":  {Key{Created: present.Add(-time.Hour), LastUsed: present.Add(-45 * time.Minute), UsedFor: "sts"}, true},
		"EC2 when it was made":         {Key{Created: present.Add(-time.Hour), LastUsed: present.Add(-59 * time.Minute), UsedFor: "ec2"}, true},
		"an unknown service, just now": {Key{Created: present, LastUsed: present, UsedFor: "N/A"}, true},
	}
	for name, row := range rows {
		assert.Equal(t, row.inUse, row.key.InUse(present), name)
	}
}

func TestRecordsAreReadAsTheyAreWritten(t *testing.T) {
	assert.Equal(t, keyA+"-00000000001", version(keyA, 1))
	for _, r := range []Record{{keyA, 1}, {keyA, 999_999_999}, {"AKIA", 12}} {
		id := r.VersionID()
		assert.Equal(t, r, parseRecord(id))
		assert.GreaterOrEqual(t, len(id), 32)
		assert.LessOrEqual(t, len(id), 64)
	}
	for _, id := range []string{"", "-", keyA, keyA + "-", keyA + "-x", keyA + "-0", keyA + "-1", "a-b-c-d", "0f0e0d0c-1111-2222-3333-444455556666"} {
		assert.Empty(t, parseRecord(id), id)
	}
}

// Reads side by side may show what rests on another thing, and not that thing.
func TestWhatCannotBeIsReadAgain(t *testing.T) {
	unlisted := func(o *Observed) { o.In(User).Keys = nil }
	foreign := func(o *Observed) { o.In(User).Keys = append(o.In(User).Keys, used(keyB, time.Hour, "s3")) }
	rows := map[string]struct {
		doubt func(*Observed)
		again []Slot
	}{
		"nothing in doubt":                {func(*Observed) {}, nil},
		"a stored key that is not listed": {unlisted, []Slot{User}},
		"a used key that is not stored":   {foreign, []Slot{KeySecret}},
		"two used keys that are not stored": {func(o *Observed) {
			foreign(o)
			o.In(User).Keys = append(o.In(User).Keys, used(keyC, time.Hour, "s3"))
		}, []Slot{KeySecret}},
		"a password that the tag alone knows":       {func(o *Observed) { o.In(User).tag(map[string]string{TagPassword: "v"}) }, []Slot{User, ConsoleSecret}},
		"a stored key of a user that is not there":  {func(o *Observed) { o.Put(User, nil) }, nil},
		"a used key that the user had when adopted": {func(o *Observed) { foreign(o); o.In(User).tag(map[string]string{tagKept: keyB}) }, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{"ConsoleLogin":"true"}`)
			seen := standing(d)
			seen.In(User).Login, seen.In(ConsoleSecret).Versions = true, map[string][]string{"stored": {Current}}
			seen.In(User).tag(map[string]string{TagPassword: "stored"})
			seen.reads = [slotCount]int{}
			row.doubt(seen)
			assert.Equal(t, row.again, ensured(t, d, seen).Again)
			for _, slot := range row.again {
				seen.Put(slot, seen.In(slot))
				seen.Put(slot, seen.In(slot))
			}
			assert.Empty(t, ensured(t, d, seen).Again, "and then believed")
		})
	}
}
