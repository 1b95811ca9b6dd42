package acceptance

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/localaws"
)

// invariant is what holds after every event, whatever happened. The text says what, broken says how
// it does not hold, or "".
type invariant struct {
	text   string
	broken func(e evidence) string
}

// invariants are written here and nowhere else: every story, the exhaustive tests and the model ask
// them after each event. TestEveryInvariantCanFail breaks each of them.
func invariants() []invariant {
	return []invariant{
		{"an event gets exactly one answer, or its process died, or Lambda hears of it", oneAnswer},
		{"an answer goes out a second before the deadline", inTime},
		{"an answer has the identifiers of its event, and fits", itsOwnAnswer},
		{"a failed Update and a Delete keep their physical ID", keepsItsID},
		{"no secret, signed URL or event is in a log line or an answer", nothingGotOut},
		{"what belongs to others is untouched", othersUntouched},
		{"what a stack owns has one of its names", ownsItsNamesOnly},
		{"no console password is live that no secret holds", noUnknownPassword},
		{"no key lives that no secret holds", noLooseKey},
		{"the current key of a secret exists and is active", currentKeyIsActive},
	}
}

// violation is an invariant that does not hold. The text is the same in every run, the details may
// hold identifiers that AWS makes up.
type violation struct{ invariant, details string }

// Violations are the invariants that do not hold.
func Violations(e evidence) (found []violation) {
	for _, i := range invariants() {
		if details := i.broken(e); details != "" {
			found = append(found, violation{i.text, details})
		}
	}
	return found
}

func oneAnswer(e evidence) string {
	switch {
	case e.killed:
	case e.undelivered && len(e.answers) == 0 && e.err != nil:
	case len(e.answers) != 1:
		return fmt.Sprintf("%d answers", len(e.answers))
	case e.err != nil:
		return e.err.Error()
	}
	return ""
}

func inTime(e evidence) string {
	if e.took > timeout-time.Second {
		return fmt.Sprintf("it took %s", e.took)
	}
	return ""
}

func itsOwnAnswer(e evidence) string {
	for i, a := range e.answers {
		id := a.PhysicalResourceID
		if a.StackID != e.event.stack || a.RequestID != e.event.requestID || a.LogicalResourceID != logical || id == "" || len(id) > 1024 {
			return fmt.Sprintf("%+v", a)
		}
		if e.sizes[i] > 4096 {
			return fmt.Sprintf("%d bytes", e.sizes[i])
		}
	}
	return ""
}

func keepsItsID(e evidence) string {
	for _, a := range e.answers {
		kept := e.event.kind == "Delete" || e.event.kind == "Update" && a.Status == cfn.StatusFailed
		if kept && a.PhysicalResourceID != e.event.id {
			return fmt.Sprintf("%s, not %s", a.PhysicalResourceID, e.event.id)
		}
	}
	return ""
}

func nothingGotOut(e evidence) string {
	if strings.Contains(e.wrote, "c0ffee") {
		return "a signed URL"
	}
	if strings.Contains(e.wrote, "ServiceToken") {
		return "an event"
	}
	for secret := range e.known.secrets {
		if strings.Contains(e.wrote, secret) {
			return "a secret" // which a failure does not show either
		}
	}
	return ""
}

func othersUntouched(e evidence) string {
	was, is := e.others(e.before), e.others(e.after)
	if reflect.DeepEqual(was, is) {
		return ""
	}
	return differences(was.String(), is.String())
}

func ownsItsNamesOnly(e evidence) string {
	for entity, tags := range tagsOf(e.after) {
		if names, ok := e.known.named[tags[ownerTag]]; ok && !slices.Contains(names, entity) {
			return entity + " of " + tags[ownerTag]
		}
	}
	return ""
}

// noUnknownPassword: of an adopted secret, what it held before keeps one of the two labels. So while
// two runs are at work, only the newer one of their passwords has a label, and its run sets it next.
func noUnknownPassword(e evidence) string {
	if e.accompanied && e.known.adopted["secret "+consoleSecret] {
		return ""
	}
	held := map[string]bool{}
	for _, h := range e.held {
		held[h.value["consolePassword"]] = true
	}
	for user, password := range e.passwords {
		if !held[password] && !e.known.passwords[password] {
			return "that of user " + user
		}
	}
	return ""
}

func noLooseKey(e evidence) string {
	if !e.atRest {
		return ""
	}
	held := map[string]bool{}
	for _, h := range e.held {
		held[h.value["accessKeyId"]] = true
	}
	named := e.known.named[idIn(e.event.stack, e.event.props)]
	for name, user := range e.after.Users {
		if user.Tags[ownerTag] == "" && !slices.Contains(named, "user "+name) {
			continue
		}
		for _, key := range user.Keys {
			if !held[key.ID] && !e.known.keys[key.ID] {
				return fmt.Sprintf("%s of user %s", key.ID, name)
			}
		}
	}
	return ""
}

func currentKeyIsActive(e evidence) string {
	if !e.atRest || e.event.kind == "Delete" {
		return ""
	}
	for _, h := range e.held {
		id := h.value["accessKeyId"]
		if id == "" || h.label != "AWSCURRENT" || !e.own(e.after.Secrets[h.secret].Tags) {
			continue
		}
		active := func(k localaws.Key) bool { return k.ID == id && k.Status == "Active" }
		if !slices.ContainsFunc(e.after.Users[h.value["userName"]].Keys, active) {
			return fmt.Sprintf("%s in secret %s", id, h.secret)
		}
	}
	return ""
}
