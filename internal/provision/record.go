package provision

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The staging labels of Secrets Manager that an access key's life uses:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// record is what the ID of a secret's version says of the value: which key it holds, under which serial,
// for which console role. The version ID is chosen by whoever stores the value, is stored in one with it,
// and is shown by DescribeSecret; so what is stored is known without the permission to read it.
type record struct {
	keyID       string
	serial      int
	consoleRole string // digest of the console role's name in the value; "" for the default name
}

func newRecord(keyID string, spec Spec) record {
	r := record{keyID: keyID, serial: spec.AccessKeySerial}
	if spec.ConsoleRole != DefaultNames().ConsoleRole {
		sum := sha256.Sum256([]byte(spec.ConsoleRole))
		r.consoleRole = hex.EncodeToString(sum[:4])
	}
	return r
}

// versionID writes the record: <AccessKeyId>-<serial>, the serial padded with zeros so that the whole has
// the 32 to 64 characters that Secrets Manager asks of a ClientRequestToken.
func (r record) versionID() string {
	const least = 32
	id := fmt.Sprintf("%s-%0*d", r.keyID, max(1, least-len(r.keyID)-1), r.serial)
	if r.consoleRole != "" {
		id += "-" + r.consoleRole
	}
	return id
}

// parseRecord reads a version ID; ok is false for one that somebody else chose.
func parseRecord(versionID string) (r record, ok bool) {
	parts := strings.Split(versionID, "-")
	if len(parts) != 2 && len(parts) != 3 || parts[0] == "" {
		return record{}, false
	}
	serial, err := strconv.Atoi(parts[1])
	if err != nil || serial < 1 {
		return record{}, false
	}
	r = record{keyID: parts[0], serial: serial}
	if len(parts) == 3 {
		r.consoleRole = parts[2]
	}
	return r, r.versionID() == versionID
}

// keysOf returns the IDs of the keys that the labelled versions of a secret hold.
func (s *Secret) keysOf() map[string]bool {
	keys := map[string]bool{}
	if s == nil {
		return keys
	}
	for id := range s.Versions {
		if r, ok := parseRecord(id); ok {
			keys[r.keyID] = true
		}
	}
	return keys
}

// keyOf returns the ID of the key that the version with the label holds, or "".
func (s *Secret) keyOf(label string) string {
	r, ok := parseRecord(cmp.Or(s.holds(label), "-"))
	if !ok {
		return ""
	}
	return r.keyID
}

// secretValue is the JSON that the secret holds. Its names are those of Redis Cloud's REST API.
func secretValue(keyID string, secret Sensitive, d Desired) (string, error) {
	text, err := json.Marshal(struct {
		AccessKeyID     string `json:"accessKeyId"`
		AccessSecretKey string `json:"accessSecretKey"`
		UserName        string `json:"userName"`
		IAMRoleName     string `json:"iamRoleName"`
		AccountID       string `json:"accountId"`
	}{keyID, secret.Reveal(), d.Spec.User, d.Spec.ConsoleRole, d.Account.ID})
	if err != nil {
		return "", fmt.Errorf("encode the value of secret %s: %w", d.Spec.AccessKeySecret, err)
	}
	return string(text), nil
}
