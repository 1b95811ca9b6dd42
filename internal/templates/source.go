package templates

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is a YAML file whose parts are taken by their lines: a parser that writes a file anew would lose the blank
// lines and the width that people gave it. Where a part is missing or is not known, err says so, and then what was
// taken is of no use.
type source struct {
	lines []string
	root  *yaml.Node
	err   error // the first
}

func (s *source) fault(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

func parse(text []byte) (*source, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("parse the template: it is not a map")
	}
	return &source{lines: strings.Split(strings.TrimRight(string(text), "\n"), "\n"), root: document.Content[0]}, nil
}

// entry is a key of a map with its value and its lines: from the comment above the key to what comes before the next.
type entry struct {
	name        string
	value       *yaml.Node
	first, last int // of lines, first inclusive, last exclusive
}

// entries returns the entries of a map (of another node, none).
func (s *source) entries(of entry) []entry {
	var all []entry
	for i := 0; of.value.Kind == yaml.MappingNode && i < len(of.value.Content); i += 2 {
		key := of.value.Content[i]
		first := key.Line - 1
		for first > 0 && strings.HasPrefix(strings.TrimSpace(s.lines[first-1]), "#") {
			first--
		}
		if n := len(all); n > 0 {
			all[n-1].last = first
		}
		all = append(all, entry{name: key.Value, value: of.value.Content[i+1], first: first, last: of.last})
	}
	return all
}

// at returns the entry with the path of names, such as Resources, Provisioner.
func (s *source) at(path ...string) entry {
	found := entry{value: s.root, last: len(s.lines)}
	for _, name := range path {
		entries := s.entries(found)
		i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
		if i < 0 {
			s.fault("the template has no %s", strings.Join(path, "."))
			return entry{value: &yaml.Node{}}
		}
		found = entries[i]
	}
	return found
}

// text is the lines of an entry, without blank ones at its end.
func (s *source) text(e entry) []string {
	lines := s.lines[e.first:e.last]
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// edit replaces lines by others.
type edit struct {
	first, last int
	with        []string
}

// replace puts lines in the place of an entry, but for the blank ones at its end.
func (s *source) replace(e entry, with ...string) edit {
	return edit{e.first, e.first + len(s.text(e)), with}
}

// add puts lines after the entry with the path of names.
func (s *source) add(with []string, path ...string) edit {
	e := s.at(path...)
	after := e.first + len(s.text(e))
	return edit{after, after, with}
}

// apply makes the edits, which do not overlap.
func (s *source) apply(edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.first - b.first })
	var out []string
	at := 0
	for _, e := range edits {
		out = append(append(out, s.lines[at:e.first]...), e.with...)
		at = e.last
	}
	out = append(out, s.lines[at:]...)
	return []byte(strings.Join(out, "\n") + "\n")
}

// indented puts a text that is written with tabs and spaces for reading into lines with this many spaces before each.
func indented(spaces int, text string) []string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", spaces) + line
		}
	}
	return lines
}
