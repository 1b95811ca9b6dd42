package acceptance

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// sabotages break one invariant each, in evidence that is good.
func sabotages() map[string]func(e *evidence) {
	return map[string]func(e *evidence){
		"an event gets exactly one answer, or its process died, or Lambda hears of it": func(e *evidence) {
			e.answers = nil
		},
		"an answer goes out a second before the deadline": func(e *evidence) {
			e.took = timeout - latency
		},
		"an answer has the identifiers of its event, and fits": func(e *evidence) {
			e.answers[0].RequestID = "another"
		},
		"a failed Update and a Delete keep their physical ID": func(e *evidence) {
			e.event.kind, e.event.id, e.answers[0].Status = "Update", "another", cfn.StatusFailed
		},
		"no secret, signed URL or event is in a log line or an answer": func(e *evidence) {
			e.wrote += e.held[0].value["accessSecretKey"] + e.held[0].value["consolePassword"]
		},
		"what belongs to others is untouched": func(e *evidence) {
			x := e.after.Users["stranger"]
			x.Keys = nil
			e.after.Users["stranger"] = x
		},
		"what a stack owns has one of its names": func(e *evidence) {
			e.after.Roles["spare"] = localaws.Role{Tags: map[string]string{ownerTag: idOf(console)}}
		},
		"no console password is live that no secret holds": func(e *evidence) {
			e.passwords[user] = "another"
		},
		"no key lives that no secret holds": func(e *evidence) {
			x := e.after.Users[user]
			x.Keys = append(x.Keys, localaws.Key{ID: "AKIALOOSE"})
			e.after.Users[user] = x
		},
		"the current key of a secret exists and is active": func(e *evidence) {
			e.after.Users[user].Keys[0].Status = "Inactive"
		},
	}
}

// evidenceOfACreate is good: an account with a stack and a stranger.
func evidenceOfACreate(t *testing.T, judge func(t *testing.T, e evidence)) {
	t.Helper()
	story(t, func(t *testing.T, w *world) {
		w.stranger()
		e := w.deliver(event{kind: "Create", props: console})
		require.Empty(t, Violations(e))
		judge(t, e)
	})
}

func TestEveryInvariantCanFail(t *testing.T) {
	breaks := sabotages()
	for _, i := range invariants() {
		t.Run(i.text, func(t *testing.T) {
			require.Contains(t, breaks, i.text)
			evidenceOfACreate(t, func(t *testing.T, e evidence) {
				breaks[i.text](&e)
				found := Violations(e)
				require.Len(t, found, 1, "this invariant and no other")
				assert.Equal(t, i.text, found[0].invariant)
			})
		})
	}
	assert.Len(t, breaks, len(invariants()))
}

func TestEveryWayToBreakAnInvariantIsFound(t *testing.T) {
	for name, sabotage := range map[string]func(e *evidence){
		"two answers":                   func(e *evidence) { e.answers = append(e.answers, e.answers[0]); e.sizes = append(e.sizes, 0) },
		"Lambda hears of a good answer": func(e *evidence) { e.err = errors.New("no") },
		"an answer without an ID":       func(e *evidence) { e.answers[0].PhysicalResourceID = "" },
		"an answer that is too long":    func(e *evidence) { e.sizes[0] = 4097 },
		"a Delete under another ID":     func(e *evidence) { e.event.kind, e.event.id = "Delete", "another" },
		"a signed URL is logged":        func(e *evidence) { e.wrote += signed },
		"an event is logged":            func(e *evidence) { e.wrote += bare },
		"a foreign user is deleted":     func(e *evidence) { delete(e.after.Users, "stranger") },
		"a foreign role is made":        func(e *evidence) { e.after.Roles["x"] = localaws.Role{} },
		"a foreign entity is tagged": func(e *evidence) {
			e.after.Users["stranger"].Tags[ownerTag] = idOf(console)
		},
		"the owner of what others own changes": func(e *evidence) {
			x := e.before.Users["stranger"]
			x.Tags = map[string]string{ownerTag: "another"}
			e.before.Users["stranger"] = x
			e.after.Users["stranger"].Tags[ownerTag] = idOf(console)
		},
		"the current key is deleted": func(e *evidence) {
			x := e.after.Users[user]
			x.Keys = nil
			e.after.Users[user] = x
		},
	} {
		t.Run(name, func(t *testing.T) {
			evidenceOfACreate(t, func(t *testing.T, e evidence) {
				sabotage(&e)
				assert.NotEmpty(t, Violations(e))
			})
		})
	}
}

// What the invariants must not demand.
func TestInvariantsAllowWhatIsAllowed(t *testing.T) {
	loose := localaws.Key{ID: "AKIALOOSE", Status: "Active"}
	addKey := func(e *evidence) {
		x := e.after.Users[user]
		x.Keys = append(x.Keys, loose)
		e.after.Users[user] = x
	}
	for name, change := range map[string]func(e *evidence){
		"a process that died answers nothing": func(e *evidence) { e.killed, e.answers = true, nil },
		"an answer is refused, and Lambda hears of it": func(e *evidence) {
			e.undelivered, e.answers, e.err = true, nil, errors.New("403")
		},
		"a key is loose while something is unfinished": func(e *evidence) { addKey(e); e.atRest = false },
		"a key is loose that people made":              func(e *evidence) { addKey(e); e.known.keys[loose.ID] = true },
		"a password that people set":                   func(e *evidence) { e.passwords[user] = "theirs"; e.known.passwords["theirs"] = true },
		"what is adopted changes": func(e *evidence) {
			e.known.adopted["user stranger"] = true
			delete(e.after.Users, "stranger")
		},
	} {
		t.Run(name, func(t *testing.T) {
			evidenceOfACreate(t, func(t *testing.T, e evidence) {
				change(&e)
				assert.Empty(t, Violations(e))
			})
		})
	}
}

// The faults of an account that is not simulated, but real as far as localaws is.
func TestBrokenAccountIsFoundByTheStoriesThemselves(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		made := w.newKey(user)
		delete(w.known.keys, made) // as if the function had made it
		w.aws.UseKey(made, "ec2")  // and so leaves it
		seen := w.deliver(changeOf(bare, bare))
		var found []string
		for _, broken := range Violations(seen) {
			found = append(found, broken.invariant)
		}
		assert.Equal(t, []string{"no key lives that no secret holds"}, found)
		assert.True(t, strings.HasPrefix(made, "AKIA"))
	})
}
