package spec

import (
	"fmt"
	"slices"
	"strings"
)

// RefusedError says all that an event is refused for. Nothing has been touched when it is returned.
type RefusedError struct {
	Heading string   // [Invalid] or [Conflict]
	Reasons []string // each names what is wrong or in the way
	Remedy  string   // what to do about all of them; "" where each reason says it
}

// What an event is refused for.
const (
	Invalid  = "invalid properties"
	Conflict = "nothing was changed, because of what is in the account" // such as another stack's entities
)

// Error writes one reason plainly and several with numbers, since people read them in one line of a
// console.
func (e *RefusedError) Error() string {
	reasons := slices.Clone(e.Reasons)
	for i, reason := range reasons {
		if len(reasons) > 1 {
			reasons[i] = fmt.Sprintf("(%d) %s", i+1, reason)
		}
	}
	text := e.Heading + ": " + strings.Join(reasons, "; ")
	if e.Remedy != "" {
		text += ". " + e.Remedy
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
