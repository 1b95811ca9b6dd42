package spec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// reader takes the properties apart and collects the faults.
type reader struct {
	account Account
	given   map[string]any
	known   []string
	faults  []string
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// value returns a property as it was sent; ok is false where it is absent.
func (r *reader) value(name string) (value any, ok bool) {
	r.known = append(r.known, name)
	value, ok = r.given[name]
	return value, ok
}

// text reads a property that should have the shape of a single value. CloudFormation sends every
// scalar as a string; people who write events by hand send numbers and booleans too.
func (r *reader) text(name, standard, should string) string {
	value, ok := r.value(name)
	if !ok {
		return standard
	}
	text, ok := textOf(value)
	if !ok {
		r.fault("%s: must be %s, not %s", name, should, shape(value))
		return standard
	}
	return text
}

func (r *reader) scalar(name, standard string) string {
	return r.text(name, standard, "a single value")
}

// name reads the name of an entity, or "" where AWS does not accept it.
func (r *reader) name(p nameProperty) string {
	before := len(r.faults)
	text := r.text(p.name, p.standard, "a name")
	allowed := regexp.MustCompile("^[0-9A-Za-z" + p.signs + "]*$") // a count in it would make it slow to compile
	switch {
	case text == "":
		r.fault("%s: is empty; give a name, or leave the property out for the default", p.name)
	case len(text) > p.most || !allowed.MatchString(text):
		r.fault("%s: %s is not a name that AWS accepts; use 1 to %d letters, digits and %s", p.name, quote(text), p.most, p.signs)
	}
	if len(r.faults) > before {
		return ""
	}
	return text
}

// match faults a text that is not what it should be as the pattern has it. If it is an ARN, it is
// of some kind, and the first group of the pattern is the partition.
func (r *reader) match(name, text, pattern, kind, should string) (groups []string) {
	groups = regexp.MustCompile("^(?:" + pattern + ")$").FindStringSubmatch(text)
	switch {
	case groups == nil:
		r.fault("%s: %s is not %s", name, quote(text), should)
	case kind != "" && groups[1] != "" && groups[1] != r.account.Partition:
		r.fault("%s: %s is of partition %s, the stack of %s; give a %s of the same partition", name, quote(text), groups[1], r.account.Partition, kind)
		return nil
	}
	return groups
}

func (r *reader) oneOf(name, standard string, choices ...string) string {
	text := r.scalar(name, standard)
	if !slices.Contains(choices, text) {
		r.fault("%s: %s is not one of its values; use %s", name, quote(text), strings.Join(choices, " or "))
		return standard
	}
	return text
}

// list reads a property as a list of texts, or as one text with commas between its items. Empty
// texts are left out: an empty CommaDelimitedList arrives as one of them, and a comma too much
// leaves one. What else there might be is said in or.
func (r *reader) list(name, or string) (texts []string) {
	value, ok := r.value(name)
	items, isList := value.([]any)
	text, isText := textOf(value)
	switch {
	case isText:
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, item)
		}
	case ok && !isList:
		r.fault("%s: must be a list%s, not %s", name, or, shape(value))
	}
	for _, item := range items {
		text, ok := textOf(item)
		if !ok {
			r.fault("%s: an item must be a single text%s, not %s", name, or, shape(item))
		}
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// unknown refuses every property that nobody asked for, since a misspelt one would silently have no
// effect. ServiceToken and ServiceTimeout are CloudFormation's own.
func (r *reader) unknown() {
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		if slices.Contains(append(r.known, "ServiceToken", "ServiceTimeout"), name) {
			continue
		}
		r.fault("%s", Unknown(name, "a property of this resource", r.known))
	}
}

// decode reads JSON, numbers as they are written. What is malformed is nil.
func decode(text json.RawMessage) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	_ = decoder.Decode(&value)
	return value
}

// textOf reads a string, a number or a boolean as text.
func textOf(value any) (text string, ok bool) {
	if shape(value) != "a single value" {
		return "", false
	}
	return fmt.Sprint(value), true
}

// shape names the shape of a value, without the value.
func shape(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	default:
		return "a single value"
	}
}

// Unknown is the fault of a name that is none of those that are known, with its remedy. What says
// what the known ones are, such as "a property of this resource".
func Unknown(name, what string, known []string) string {
	remedy := "remove it"
	if nearest, ok := Nearest(name, known); ok {
		remedy = "did you mean " + nearest + "?"
	}
	return fmt.Sprintf("%s: is not %s; %s", quote(name), what, remedy)
}

// Nearest returns the one of several names that somebody may have meant who wrote another one.
func Nearest(name string, names []string) (nearest string, ok bool) {
	if len(names) == 0 {
		return "", false
	}
	nearest = slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(a, name), distance(b, name)) })
	return nearest, distance(nearest, name) <= max(2, len(nearest)/4)
}

// distance is the Levenshtein distance of two names without regard to case: how many
// letters one must change, add or remove.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
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
