package localaws

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

const (
	base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	letterAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// random returns n random characters of an alphabet.
func random(n int, alphabet string) string {
	text := make([]byte, 0, n)
	limit := 256 - 256%len(alphabet) // beyond it the first letters would come too often
	for buffer := make([]byte, n); len(text) < n; {
		rand.Read(buffer) // never fails
		for _, b := range buffer {
			if int(b) < limit && len(text) < n {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}

// uniqueID returns an ID of the form that IAM gives to entities of one kind. The prefixes are AIDA
// for users, AROA for roles, AGPA for groups, AIPA for instance profiles, ANPA for managed
// policies, AKIA for access keys, APKA for public keys, ACCA for service-specific credentials.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
func uniqueID(prefix string) string { return prefix + random(16, base32Alphabet) }

// uuid returns a random UUID, as the SDK makes them for idempotency tokens.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// stamp is a time as the services give it: in whole seconds, UTC.
func stamp(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Second)
	return &t
}
