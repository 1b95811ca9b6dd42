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
	if pattern == "" || text == "" {
		return text == "" && strings.Trim(pattern, "*") == ""
	}
	_, size := utf8.DecodeRuneInString(text)
	switch {
	case pattern[0] == '*':
		return match(pattern[1:], text) || match(pattern, text[size:])
	case pattern[0] == '?':
		return match(pattern[1:], text[size:])
	case pattern[0] == escape[0] && len(pattern) > 1:
		pattern = pattern[1:]
	}
	return pattern[0] == text[0] && match(pattern[1:], text[1:])
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
