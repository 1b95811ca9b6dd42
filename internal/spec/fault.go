package spec

import (
	"fmt"
	"slices"
	"strings"
)

// InvalidError says everything that is wrong with the properties. Nothing has been touched when it is
// returned.
type InvalidError struct {
	Faults []string // each names the property, the fault and the remedy
	Remedy string   // what to do about all of them, or ""
}

func (e *InvalidError) Error() string { return list("invalid properties", e.Faults, e.Remedy) }

// ConflictError says what in the account is in the way, such as another stack's entities of the
// desired names. Nothing has been touched when it is returned.
type ConflictError struct {
	Conflicts []string // each names an entity and why it is in the way
	Remedy    string
}

func (e *ConflictError) Error() string {
	return list("nothing was changed, because of what is in the account", e.Conflicts, e.Remedy)
}

// list writes one item plainly and several with numbers, since people read them in one line of a
// console.
func list(heading string, items []string, remedy string) string {
	if len(items) > 1 {
		items = slices.Clone(items)
		for i, item := range items {
			items[i] = fmt.Sprintf("(%d) %s", i+1, item)
		}
	}
	text := heading + ": " + strings.Join(items, "; ")
	if remedy != "" {
		text += ". " + remedy
	}
	return text
}

// quote shows a value that a person typed, cut so that it cannot crowd out the other faults.
func quote(value string) string {
	const most = 64
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}
