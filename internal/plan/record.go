package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Record is what the ID of a secret's version says of the value: which key it holds, under which
// serial. Whoever stores the value chooses the ID. It is stored together with the value, and
// DescribeSecret shows it. So what is stored is known without the permission to read it.
type Record struct {
	KeyID  string
	Serial int
}

// VersionID writes the record: <AccessKeyId>-<serial>. The serial is padded with zeros, because
// Secrets Manager demands 32 to 64 characters of a ClientRequestToken.
func (r Record) VersionID() string {
	const least = 32
	return fmt.Sprintf("%s-%0*d", r.KeyID, max(1, least-len(r.KeyID)-1), r.Serial)
}

// parseRecord reads a version ID. The result has no KeyID if another program or a person chose the
// ID.
func parseRecord(versionID string) Record {
	id, serial, _ := strings.Cut(versionID, "-")
	number, _ := strconv.Atoi(serial)
	r := Record{id, number}
	if number < 1 || r.VersionID() != versionID {
		return Record{}
	}
	return r
}

// PasswordPrefix begins the ID of every version that holds a console password made by this
// software.
const PasswordPrefix = "console-password-"
