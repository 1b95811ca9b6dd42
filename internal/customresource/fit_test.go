package customresource

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCut(t *testing.T) {
	tests := []struct {
		name, s string
		size    int
		want    string
	}{
		{"fits", "abcdef", 8, "abcdef"},
		{"one too many", "abcdef", 7, "ab…"},
		{"only the mark", "abcdef", 5, "…"},
		{"not even the mark", "abcdef", 4, ""},
		{"less than nothing", "abcdef", -10, ""},
		{"empty", "", -10, ""},
		{"escapes count twice", `""""`, 9, `""…`},
		{"controls count six times", "\x01\x01\x01", 19, "\x01\x01…"},
		{"between runes", "€€€€", 13, "€€…"},
		{"four bytes", "😀😀", 9, "😀…"},
		{"HTML stays", "<&>", 5, "<&>"},
		{"line separators", "\u2028\u2028", 13, "\u2028…"},
		{"invalid", "a\xff\xfeb", 7, "a\uFFFDb"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, cut(test.s, test.size)) })
	}
}

func TestFitTakesTheReasonFirstThenValuesThenKeys(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	many := make(map[string]any)
	for i := range 1000 {
		many[fmt.Sprintf("key-%03d", i)] = "v"
	}
	tests := map[string]struct {
		reason string
		data   map[string]any
		check  func(*testing.T, cfn.Response, []string)
	}{
		"all fits": {"r", map[string]any{"A": "a"}, func(t *testing.T, r cfn.Response, lost []string) {
			assert.Equal(t, "r", r.Reason)
			assert.Equal(t, map[string]any{"A": "a"}, r.Data)
			assert.Empty(t, lost)
		}},
		"the reason gives way": {long(5000), map[string]any{"A": long(2000)}, func(t *testing.T, r cfn.Response, lost []string) {
			assert.True(t, strings.HasSuffix(r.Reason, "xxx…"))
			assert.Equal(t, long(2000), r.Data["A"])
			assert.Empty(t, lost)
		}},
		"the largest value gives way": {"r", map[string]any{"A": long(1500), "B": long(2500), "C": "c"}, func(t *testing.T, r cfn.Response, lost []string) {
			assert.Empty(t, r.Reason)
			assert.Equal(t, map[string]any{"A": long(1500), "B": "", "C": "c"}, r.Data)
			assert.Equal(t, []string{"B"}, lost)
		}},
		"of equals the first by name": {"", map[string]any{"A": long(2500), "B": long(2500)}, func(t *testing.T, r cfn.Response, _ []string) {
			assert.Equal(t, map[string]any{"A": "", "B": long(2500)}, r.Data)
		}},
		"as it counts in JSON": {"", map[string]any{"A": long(2500), "B": strings.Repeat("\x01", 500)}, func(t *testing.T, r cfn.Response, _ []string) {
			assert.Equal(t, map[string]any{"A": long(2500), "B": ""}, r.Data)
		}},
		"keys go last": {"", many, func(t *testing.T, r cfn.Response, lost []string) {
			assert.Len(t, lost, 1000)
			assert.Contains(t, r.Data, "key-999")
			assert.NotContains(t, r.Data, "key-000")
			assert.Greater(t, len(r.Data), 200, "no more of them than must")
		}},
		"a key that is too long": {"", map[string]any{long(5000): "v"}, func(t *testing.T, r cfn.Response, _ []string) {
			assert.Empty(t, r.Data)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := cfn.Response{
				Status: cfn.StatusSuccess, PhysicalResourceID: "p", StackID: "s", RequestID: "q", LogicalResourceID: "l",
				Reason: test.reason, Data: test.data,
			}
			body, lost := fit(&r)
			assert.LessOrEqual(t, len(body), 4096)
			var sent cfn.Response
			require.NoError(t, json.Unmarshal(body, &sent))
			assert.Equal(t, r.Reason, sent.Reason, "r is what was sent")
			assert.Len(t, sent.Data, len(r.Data))
			test.check(t, sent, lost)
		})
	}
}

// An answer that is exactly full loses nothing; one byte more, and only the excess goes.
func TestFitUsesEveryByte(t *testing.T) {
	r := cfn.Response{Status: cfn.StatusFailed, PhysicalResourceID: "p", StackID: "s", RequestID: "q", LogicalResourceID: "l", Reason: "."}
	room := 4096 - len(encode(r)) + 1
	for _, extra := range []int{0, 1, 2, 100} {
		r.Reason = strings.Repeat(".", room+extra)
		body, _ := fit(&r)
		assert.Len(t, body, 4096)
		assert.Equal(t, extra > 0, strings.HasSuffix(r.Reason, ellipsis))
	}
}

func FuzzReason(f *testing.F) {
	for _, s := range []string{"", "a", "€uro", "\xff\xfe", `"\`, "\x00\u2028", strings.Repeat("😀", 2000)} {
		for _, size := range []int{-1, 4, 5, 9, 4096} {
			f.Add(s, size)
		}
	}
	f.Fuzz(func(t *testing.T, s string, size int) {
		valid := strings.ToValidUTF8(s, "\uFFFD")
		got := cut(s, size)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		if got != "" && len(encode(got)) > size {
			t.Fatalf("%q takes %d bytes of %d", got, len(encode(got)), size)
		}
		if len(encode(valid)) <= size && got != valid {
			t.Fatalf("%q was cut to %q without need", valid, got)
		}
		kept, marked := strings.CutSuffix(got, ellipsis)
		if got != valid && got != "" && (!marked || !strings.HasPrefix(valid, kept)) {
			t.Fatalf("%q is not a marked prefix of %q", got, valid)
		}
		if next, width := utf8.DecodeRuneInString(valid[min(len(kept), len(valid)):]); got != valid && marked &&
			len(encode(valid[:len(kept)+width]+ellipsis)) <= size {
			t.Fatalf("%q had room for %q", got, next)
		}
	})
}
