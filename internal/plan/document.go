package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// DecodeDocument undoes the URL encoding that IAM gives the policy documents it returns
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html). An emulator may not
// encode: a document begins with a brace, an encoded one does not.
func DecodeDocument(text string) string {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return text
	}
	decoded, _ := url.PathUnescape(text)
	return cmp.Or(decoded, text)
}

// SameDocument reports whether two policy documents say the same: white space, the order of keys,
// the order within a list, a list of one against its item, and true against "true" make no
// difference. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func SameDocument(a, b string) bool {
	if a == b {
		return true
	}
	x, y := canonicalDocument(a), canonicalDocument(b)
	return x != nil && reflect.DeepEqual(x, y)
}

// canonicalDocument is nil for what is malformed.
func canonicalDocument(text string) (document any) {
	_ = json.Unmarshal([]byte(text), &document)
	return canonical(document)
}

func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = canonical(item)
		}
		return v
	case []any:
		for i, item := range v {
			v[i] = canonical(item)
		}
		if len(v) == 1 {
			return v[0]
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return v
	case bool: // a value of a condition is a text, a number or a boolean
		return fmt.Sprint(v)
	default:
		return v
	}
}
