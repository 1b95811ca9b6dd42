package account

import (
	"fmt"
	"io"
	"log/slog"
)

// Sensitive holds a secret that no verb, log handler or encoder shows. The zero value holds nothing.
//
// The secret is in a function and not in a field, because fmt looks into unexported fields of the
// structs that hold a Sensitive without asking its methods, and a function shows nothing but its
// address.
type Sensitive struct{ reveal func() string }

const redacted = "[redacted]"

func newSensitive(secret string) Sensitive { return Sensitive{func() string { return secret }} }

// Reveal returns the secret. It is called where the secret is stored and where the key is proven,
// and nowhere else.
func (s Sensitive) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Format implements [fmt.Formatter], for every verb.
func (Sensitive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Sensitive) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], for JSON too.
func (Sensitive) MarshalText() ([]byte, error) { return []byte(redacted), nil }
