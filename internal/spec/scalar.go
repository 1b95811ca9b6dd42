package spec

import (
	"bytes"
	"encoding/json"
	"strings"
)

// scalarText reads a JSON string, number or boolean as text.
func scalarText(raw json.RawMessage) (text string, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "", false
	}
	switch raw[0] {
	case '{', '[', 'n':
		return "", false
	case '"':
		if json.Unmarshal(raw, &text) != nil {
			return "", false
		}
		return text, true
	default:
		return string(raw), true
	}
}

// scalarOrJSON reads a scalar as text and anything else as its JSON without white space.
func scalarOrJSON(raw json.RawMessage) string {
	if text, ok := scalarText(raw); ok {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// describeJSON names the shape of a value, without the value.
func describeJSON(raw json.RawMessage) string {
	switch b := bytes.TrimSpace(raw); {
	case len(b) == 0 || b[0] == 'n':
		return "null"
	case b[0] == '{':
		return "a map"
	case b[0] == '[':
		return "a list"
	default:
		return "a single value"
	}
}

// distance is the Levenshtein distance of two property names without regard to case: how many letters one
// must change, add or remove.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(b) > 4*len(a) { // too far to be a slip, and nobody's input may cost a square of its length
		return len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
