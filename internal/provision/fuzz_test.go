package provision

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzProperties: whatever the properties are, they give an ID, and either a Spec that AWS can take or faults;
// and what is read of them does not depend on how often it is read.
func FuzzProperties(f *testing.F) {
	files, err := filepath.Glob("../../events/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		var event struct{ ResourceProperties json.RawMessage }
		require.NoError(f, json.Unmarshal(text, &event))
		f.Add([]byte(event.ResourceProperties))
	}
	for _, text := range []string{``, `null`, `[[[`, `{"UserName":"\ud800"}`, `{"AccessKeySerial":1e999}`, `{"Tags":[[]]}`, `{"Tags":{"":null}}`} {
		f.Add([]byte(text))
	}
	account := Account{"aws", "123456789012", "us-east-1"}
	id := regexp.MustCompile(`^redis-cloud-iam-[0-9a-f]{32}$`)
	f.Fuzz(func(t *testing.T, properties []byte) {
		assert.Regexp(t, id, ID(stack, "RedisCloudIAM", properties))

		spec, err := Parse(properties, account)
		again, errAgain := Parse(properties, account)
		assert.Equal(t, spec, again)
		assert.Equal(t, err, errAgain)
		for _, p := range nameProperties() {
			if name := *p.of(&spec.Names); name != "" {
				assert.Empty(t, p.rule.check(name), "a name is valid, or it is none")
			}
		}
		if err != nil {
			invalid := &InvalidError{}
			require.ErrorAs(t, err, &invalid)
			assert.NotEmpty(t, invalid.Faults)
			return
		}
		for _, p := range nameProperties() {
			assert.NotEmpty(t, *p.of(&spec.Names))
		}
		plan, err := planEnsure(Desired{Spec: spec, Account: account, Stack: stack, Owner: ID(stack, "RedisCloudIAM", properties)}, &Observed{}, memory{})
		require.NoError(t, err)
		assert.Len(t, plan.Stages, 3)
	})
}

// FuzzDocument: documents are compared without a panic, each is the same as itself, and the comparison does
// not depend on the order of the two.
func FuzzDocument(f *testing.F) {
	d := Desired{Spec: Spec{Names: DefaultNames(), PolicyRevision: newestRevision()}, Account: Account{"aws", "123456789012", "us-east-1"}}
	f.Add(d.userPolicyDocument(), d.instancePolicyDocument())
	f.Add(d.consoleRoleTrust(), "%7B%22Version%22%3A%222012-10-17%22%7D")
	f.Add(`{"a":[1,[2,1]]}`, `{"a":[[1,2],1]}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = decodeDocument(a), decodeDocument(b)
		_, err := canonicalDocument(a)
		assert.Equal(t, err == nil, sameDocument(a, a))
		assert.Equal(t, sameDocument(a, b), sameDocument(b, a))
	})
}

// FuzzRecord: a version ID is read only if it is exactly what is written for what was read.
func FuzzRecord(f *testing.F) {
	f.Add("AKIAIOSFODNN7EXAMPLE-00000000001")
	f.Add("AKIAIOSFODNN7EXAMPLE-00000000001-0a1b2c3d")
	f.Add("0f0e0d0c-1111-2222-3333-444455556666")
	f.Fuzz(func(t *testing.T, id string) {
		if r, ok := parseRecord(id); ok {
			assert.Equal(t, id, r.versionID())
		}
	})
}
