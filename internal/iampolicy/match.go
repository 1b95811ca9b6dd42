package iampolicy

import (
	"strings"
	"unicode/utf8"
)

// escape, before a character, takes away what it means in a pattern. No policy can hold it: IAM
// takes no control characters but white space.
const escape = "\x00"

// literal is a pattern that matches a text alone.
func literal(text string) string {
	return strings.NewReplacer("*", escape+"*", "?", escape+"?", escape, escape+escape).Replace(text)
}

// match reports whether a whole text is as a pattern has it, in which * stands for any characters
// and ? for one.
func match(pattern, text string) bool {
	retry, rest := "", "" // where to go on if what follows the last * does not match here
	again := false
	for text != "" || pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "*"):
			pattern = pattern[1:]
			retry, rest, again = pattern, text, true
			continue
		case text != "" && len(pattern) > 1 && pattern[:1] == escape && pattern[1] == text[0]:
			pattern, text = pattern[2:], text[1:]
			continue
		case text != "" && strings.HasPrefix(pattern, "?"):
			_, size := utf8.DecodeRuneInString(text)
			pattern, text = pattern[1:], text[size:]
			continue
		case text != "" && pattern != "" && pattern[0] == text[0]:
			pattern, text = pattern[1:], text[1:]
			continue
		}
		if !again || rest == "" {
			return false
		}
		rest = rest[1:] // the * takes one character more
		pattern, text = retry, rest
	}
	return true
}

// matchFold is match without regard to case.
func matchFold(pattern, text string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(pattern, text)
	}
	return match(strings.ToLower(pattern), strings.ToLower(text))
}

// matchARN matches the six parts of an ARN one by one, so that no wildcard reaches over a colon
// into the next of them.
func matchARN(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != len(parts) {
		return false
	}
	for i := range parts {
		if !match(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}
