package plan

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDocument: documents are compared without a panic, each is the same as itself, and the
// comparison does not depend on the order of the two.
func FuzzDocument(f *testing.F) {
	d := desired(f, `{}`)
	f.Add(d.Wanted(UserPolicy).Document, d.Wanted(InstancePolicy).Document)
	f.Add(d.Wanted(ConsoleRole).Document, "%7B%22Version%22%3A%222012-10-17%22%7D")
	f.Add(`{"a":[1,[2,1]]}`, `{"a":[[1,2],1]}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = DecodeDocument(a), DecodeDocument(b)
		assert.True(t, SameDocument(a, a))
		assert.Equal(t, SameDocument(a, b), SameDocument(b, a))
	})
}

// FuzzRecord: a version ID is read only if it is exactly what is written for what was read.
func FuzzRecord(f *testing.F) {
	f.Add(version(keyA, 1))
	f.Add(version(keyA, 1) + "-0a1b2c3d")
	f.Add("0f0e0d0c-1111-2222-3333-444455556666")
	f.Fuzz(func(t *testing.T, id string) {
		if r := parseRecord(id); r.KeyID != "" {
			assert.Equal(t, id, r.VersionID())
		}
	})
}

// FuzzClaim: tags that anybody may have written give a claim, and every plan of it.
func FuzzClaim(f *testing.F) {
	f.Add("owner", "stack", "owner "+keyA, version(keyA, 1), "2024-02-29T12:00:00Z", "AAAA")
	f.Fuzz(func(t *testing.T, owner, stack, kept, made, event, tags string) {
		d := desired(t, `{"ExistingEntities":"Adopt","ConsoleLogin":"true"}`)
		seen := standing(d)
		for _, slot := range Slots() {
			seen.In(slot).tag(map[string]string{
				tagOwner: owner, tagStack: stack, tagKept: kept, tagMade: made, tagEvent: event, tagTags: tags,
			})
		}
		_, _ = Ensure(d, seen)
		plan, err := Clear(removal(d), seen)
		if owner != d.Owner {
			require.NoError(t, err)
			assert.True(t, plan.Empty(), "what another owns stays")
		}
	})
}
