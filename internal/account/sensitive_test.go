package account

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASecretShowsItselfToNobody(t *testing.T) {
	s := newSensitive("hunter2")
	encoded, err := json.Marshal(map[string]any{"s": s, "p": &s})
	require.NoError(t, err)
	shown := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, &s) + fmt.Sprintf(verb, madeKey{secret: s})
	}
	shown += s.LogValue().String()
	text, err := s.MarshalText()
	require.NoError(t, err)
	assert.NotContains(t, shown+string(text), "hunter2")
	assert.NotContains(t, shown, fmt.Sprintf("%x", "hunter2"))
	assert.Equal(t, "hunter2", s.Reveal())
	assert.Empty(t, Sensitive{}.Reveal())
}
