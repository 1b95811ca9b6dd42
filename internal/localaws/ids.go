package localaws

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	smithyrand "github.com/aws/smithy-go/rand"
)

// random returns n random letters and digits, as base32 writes them.
func random(n int) string {
	text := rand.Text()
	for len(text) < n {
		text += rand.Text()
	}
	return text[:n]
}

// randomSecret returns 40 random characters, as base64 writes them.
func randomSecret() string {
	var b [30]byte
	rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// uniqueID returns an ID of the form that IAM gives to entities of one kind. The prefixes are AIDA
// for users, AROA for roles, AGPA for groups, AIPA for instance profiles, ANPA for managed
// policies, AKIA for access keys, APKA for public keys, ACCA for service-specific credentials.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
func uniqueID(prefix string) string { return prefix + random(16) }

// uuid returns a random UUID, as the SDK makes them for idempotency tokens.
func uuid() string {
	id, _ := smithyrand.NewUUID(rand.Reader).GetUUID() // its reader never fails
	return id
}

// stamp is a time as the services give it: in whole seconds, UTC.
func stamp(t time.Time) *time.Time {
	return new(t.UTC().Truncate(time.Second))
}
