package spec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzProperties: whatever the properties are, they give an ID, and either a Spec that AWS can take
// or faults; and what is read of them does not depend on how often it is read.
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
		for _, p := range spec.Names.properties() {
			if name := *p.value; name != "" {
				assert.Regexp(t, fmt.Sprintf(`^[0-9A-Za-z%s]{1,%d}$`, p.signs, p.most), name, "a name is valid, or it is none")
			}
		}
		if err != nil {
			invalid := &RefusedError{}
			require.ErrorAs(t, err, &invalid)
			assert.NotEmpty(t, invalid.Reasons)
			return
		}
		for _, p := range spec.Names.properties() {
			assert.NotEmpty(t, *p.value)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	properties := []byte(`{"ServiceToken":"arn:aws:lambda:us-east-1:123456789012:function:f","UserName":"redislabs-user","Tags":["a=b","c=d"],"AccessKeySerial":"2"}`)
	for b.Loop() {
		if _, err := Parse(properties, Account{"aws", "123456789012", "us-east-1"}); err != nil {
			b.Fatal(err)
		}
	}
}
