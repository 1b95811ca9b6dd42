package account

import (
	"fmt"
	"io"
	"log/slog"
)

// Sensitive holds a secret that no verb, log handler or encoder shows. The zero value holds nothing.
//
// The secret is in a function and not in a field, because fmt looks into unexported fields of the structs
// that hold a Sensitive without asking its methods, and a function shows nothing but its address.
type Sensitive struct{ reveal func() string }

const redacted = "[redacted]"

func newSensitive(secret string) Sensitive { return Sensitive{func() string { return secret }} }

// Reveal returns the secret. It is called where the secret is stored and where the key is proven, and
// nowhere else.
func (s Sensitive) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String implements [fmt.Stringer].
func (Sensitive) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Sensitive) GoString() string { return redacted }

// Format implements [fmt.Formatter]: without it a verb such as %d would print the field.
func (Sensitive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Sensitive) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements [json.Marshaler].
func (Sensitive) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements [encoding.TextMarshaler].
func (Sensitive) MarshalText() ([]byte, error) { return []byte(redacted), nil }
