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
	given   map[string]json.RawMessage
	known   []string
	faults  []string
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *reader) open(properties json.RawMessage) {
	if len(bytes.TrimSpace(properties)) == 0 {
		return
	}
	if err := json.Unmarshal(properties, &r.given); err != nil || r.given == nil {
		r.given = nil
		r.fault("ResourceProperties: is not a JSON object; give the properties as a map")
	}
}

// value returns a property as it was sent; ok is false where it is absent.
func (r *reader) value(name string) (raw json.RawMessage, ok bool) {
	if !slices.Contains(r.known, name) {
		r.known = append(r.known, name)
	}
	raw, ok = r.given[name]
	return raw, ok
}

// scalar reads a property as text: CloudFormation sends every scalar as a string, people who write events
// by hand send numbers and booleans too.
func (r *reader) scalar(name, standard string) string {
	raw, ok := r.value(name)
	if !ok {
		return standard
	}
	text, ok := scalarText(raw)
	if !ok {
		r.fault("%s: must be a single value, not %s", name, describeJSON(raw))
		return standard
	}
	return text
}

func (r *reader) name(p nameProperty, standard string) string {
	raw, ok := r.value(p.name)
	if !ok {
		return standard
	}
	text, ok := scalarText(raw)
	if !ok {
		r.fault("%s: must be a name, not %s", p.name, describeJSON(raw))
		return ""
	}
	if wrong := p.rule.check(text); wrong != "" {
		r.fault("%s: %s", p.name, wrong)
		return ""
	}
	return text
}

func (r *reader) matching(name, standard string, pattern *regexp.Regexp, says string) string {
	text := r.scalar(name, standard)
	if !pattern.MatchString(text) {
		r.fault("%s: %s is not %s", name, quote(text), says)
	}
	return text
}

func (r *reader) oneOf(name, standard string, choices ...string) string {
	text := r.scalar(name, standard)
	if !slices.Contains(choices, text) {
		r.fault("%s: %s is not one of its values; use %s", name, quote(text), strings.Join(choices, " or "))
		return standard
	}
	return text
}

// list reads a property as a list of texts. An absent one, an empty text and a list of one empty text are
// the empty list: that is how an empty CommaDelimitedList arrives; and an empty text is what a comma too much leaves. What else there might be is said in or.
func (r *reader) list(name, or string) []string {
	raw, ok := r.value(name)
	if !ok {
		return nil
	}
	if text, ok := scalarText(raw); ok && text == "" {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		r.fault("%s: must be a list%s, not %s", name, or, describeJSON(raw))
		return nil
	}
	var texts []string
	for _, item := range items {
		text, ok := scalarText(item)
		if !ok {
			r.fault("%s: an item must be a single text%s, not %s", name, or, describeJSON(item))
			continue
		}
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// commaDelimited reads a property as a list that may also be one text, with commas between its
// items.
func (r *reader) commaDelimited(name, or string) []string {
	raw, _ := r.value(name)
	text, ok := scalarText(raw)
	if !ok {
		return r.list(name, or)
	}
	var texts []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			texts = append(texts, item)
		}
	}
	return texts
}

// pairs reads a property that is a map, in the order of its keys; isMap is false where it is none.
func (r *reader) pairs(name string) (pairs [][2]string, isMap bool) {
	raw, ok := r.value(name)
	var entries map[string]json.RawMessage
	if !ok || json.Unmarshal(raw, &entries) != nil || entries == nil {
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text, ok := scalarText(entries[key])
		if !ok {
			r.fault("%s: the value of %s must be a single value, not %s", name, quote(key), describeJSON(entries[key]))
			continue
		}
		pairs = append(pairs, [2]string{key, text})
	}
	return pairs, true
}

// unknown refuses every property that nobody asked for, since a misspelt one would silently have no effect.
// ServiceToken and ServiceTimeout are CloudFormation's own.
func (r *reader) unknown() {
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		if name == "ServiceToken" || name == "ServiceTimeout" || slices.Contains(r.known, name) {
			continue
		}
		nearest := slices.MinFunc(r.known, func(a, b string) int { return cmp.Compare(distance(a, name), distance(b, name)) })
		if distance(nearest, name) <= max(2, len(nearest)/4) {
			r.fault("%s: is not a property of this resource; did you mean %s?", quote(name), nearest)
		} else {
			r.fault("%s: is not a property of this resource; remove it", quote(name))
		}
	}
}
