package customresource

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"
)

// maxBody is the most bytes that the body of an answer may have, by "Custom resource response
// objects".
const maxBody = 4096

// ellipsis shows that a text was cut; its three bytes are the same in JSON.
const ellipsis = "…"

// fit writes the response as JSON of at most maxBody bytes. What does not fit goes in the order of
// what it is worth: the end of Reason; then values of Data, largest first, whose keys stay because
// Fn::GetAtt fails on a key that is absent; then keys. It takes the same out of r, and returns the
// keys that lost something. Identifiers always fit, by the bounds that decode sets.
func fit(r *cfn.Response) (body []byte, lost []string) {
	over := func() int {
		body = encode(r)
		return len(body) - maxBody
	}
	excess := over()
	if excess > 0 {
		r.Reason = cut(r.Reason, len(encode(r.Reason))-excess)
		excess = over()
	}
	if excess <= 0 {
		return body, nil
	}
	size := func(key string) int { return len(encode(r.Data[key])) }
	keys := slices.SortedFunc(maps.Keys(r.Data), func(a, b string) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a, b))
	})
	for _, key := range keys {
		if excess > 0 {
			excess -= size(key) - len(`""`)
			r.Data[key] = ""
			lost = append(lost, key)
		}
	}
	for _, key := range keys {
		if excess > 0 {
			excess -= len(encode(key)) + len(`:"",`)
			delete(r.Data, key)
		}
	}
	over()
	return body, lost
}

// cut returns s as valid UTF-8, shortened so that as JSON it has at most size bytes. A text that
// was shortened ends in an ellipsis; if there is no room even for that, it is empty.
func cut(s string, size int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if prefix(s, len(s), size) == s {
		return s
	}
	if size < len(encode(ellipsis)) {
		return ""
	}
	return prefix(s, len(s), size-len(ellipsis)) + ellipsis
}

// prefix returns the longest whole runes at the start of s that have at most size bytes, and as
// JSON at most jsonSize bytes.
func prefix(s string, size, jsonSize int) string {
	quoted := len(`""`)
	for i, r := range s {
		quoted += len(encode(string(r))) - len(`""`)
		if i+utf8.RuneLen(r) > size || quoted > jsonSize {
			return s[:i]
		}
	}
	return s
}

// encode writes v as JSON in which <, > and & stay as they are: people read it.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings, and structs and maps of them: this cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
