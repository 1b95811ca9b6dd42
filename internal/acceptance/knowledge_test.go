package acceptance

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

const (
	ownTags  = "redis-cloud-iam:"
	ownerTag = ownTags + "owner"
	stackTag = ownTags + "stack"
)

// knowledge is what the invariants must know of all that has happened in an account.
type knowledge struct {
	mu      sync.Mutex
	ids     map[string]map[string]bool // by stack: the physical IDs that it has had, or would have been given
	newest  map[string]event           // by stack: the newest event with a date
	called  map[string]string          // by the ID that owns: the physical ID that the last Create gave
	named   map[string][]string        // by physical ID: the entities that have its names, such as "user redislabs-user"
	adopted map[string]bool            // entities that some stack was told to adopt
	freed   map[string]bool            // entities that some stack was told to retain
	secrets map[string]bool            // secret values that there have been

	// What no secret has to hold, because people made it, or took away the secret that held it.
	keys, passwords map[string]bool
}

func newKnowledge() *knowledge {
	return &knowledge{
		ids: map[string]map[string]bool{}, newest: map[string]event{}, called: map[string]string{}, named: map[string][]string{}, adopted: map[string]bool{}, freed: map[string]bool{},
		secrets: map[string]bool{}, keys: map[string]bool{}, passwords: map[string]bool{},
	}
}

// clone is for an account that forks.
func (k *knowledge) clone() *knowledge {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := newKnowledge()
	for stack, ids := range k.ids {
		c.ids[stack] = maps.Clone(ids)
	}
	c.named, c.adopted, c.freed, c.secrets = maps.Clone(k.named), maps.Clone(k.adopted), maps.Clone(k.freed), maps.Clone(k.secrets)
	c.newest, c.called, c.keys, c.passwords = maps.Clone(k.newest), maps.Clone(k.called), maps.Clone(k.keys), maps.Clone(k.passwords)
	return c
}

// evidence is what one event leaves to be judged.
type evidence struct {
	event         event
	before, after localaws.State
	held          []holding         // what the labelled versions of the secrets hold, after the event
	passwords     map[string]string // console passwords that are live, by user
	answers       []cfn.Response
	sizes         []int  // of the answers
	wrote         string // log lines and answers
	err           error  // what Lambda heard
	took          time.Duration
	undelivered   bool // the receiver refused the answer
	killed        bool // the process did not survive
	accompanied   bool // a concurrent run is at work
	atRest        bool // the event succeeded and no concurrent run is at work: nothing is unfinished
	known         *knowledge
}

// holding is what a labelled version of a secret holds.
type holding struct {
	secret, label string
	value         map[string]string
}

// own are the physical IDs of the event's stack.
func (e evidence) own(tags map[string]string) bool { return e.known.ids[e.event.stack][tags[ownerTag]] }

// before begins the evidence of an event.
func (w *world) before(e event) evidence {
	w.Helper()
	k := w.known
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hear(w.holdings())
	seen := evidence{event: e, before: w.aws.Snapshot(), known: k, undelivered: len(w.statuses) > 0 && w.statuses[0]/100 == 4}
	id := idIn(e.stack, e.props)
	if e.kind == "Update" && e.id != id {
		return seen // it is refused, and gives the stack nothing
	}
	if k.ids[e.stack] == nil {
		k.ids[e.stack] = map[string]bool{}
	}
	k.ids[e.stack][id] = true
	asked := parsed(e.stack, e.props)
	if asked == nil {
		return seen
	}
	k.named[id] = entitiesOf(asked.Names)
	for entity, tags := range tagsOf(seen.before) {
		switch {
		case e.kind == "Delete" && asked.Retain && k.ids[e.stack][tags[ownerTag]]:
			k.freed[entity] = true
		case e.kind != "Delete" && adopts(e.props, tags) && slices.Contains(k.named[id], entity):
			k.adopted[entity] = true
		}
	}
	return seen
}

// parsed is what the properties in a stack ask for, or nil if they are wrong.
func parsed(stack, props string) *spec.Spec {
	known, ok := specs.Load(stack + props)
	if !ok {
		var asked *spec.Spec
		if account, err := spec.ParseStackID(stack); err == nil {
			if s, err := spec.Parse([]byte(props), account); err == nil {
				asked = &s
			}
		}
		known, _ = specs.LoadOrStore(stack+props, asked)
	}
	return known.(*spec.Spec)
}

// specs are what parsed has found: the exhaustive tests ask for the same a thousand times.
var specs sync.Map

// after completes the evidence of an event.
func (w *world) after(seen *evidence) {
	w.Helper()
	w.known.mu.Lock()
	defer w.known.mu.Unlock()
	seen.after, seen.held, seen.passwords = w.aws.Snapshot(), w.holdings(), map[string]string{}
	w.known.hear(seen.held)
	for user := range seen.after.Users {
		if password, ok := w.aws.Password(user); ok {
			seen.passwords[user] = password
		}
	}
	w.log = w.logs.String()
	seen.wrote = w.log + strings.Join(w.bodies, "\n")
	w.logs.Reset()
	for _, body := range w.bodies {
		var answer cfn.Response
		_ = json.Unmarshal([]byte(body), &answer) // what is not an answer has none of an answer's fields
		seen.answers, seen.sizes = append(seen.answers, answer), append(seen.sizes, len(body))
	}
	succeeded := len(seen.answers) == 1 && seen.answers[0].Status == cfn.StatusSuccess
	seen.accompanied = w.accompanied
	seen.atRest = seen.atRest || succeeded && !w.accompanied && !seen.killed
}

func (k *knowledge) hear(held []holding) {
	for _, h := range held {
		for _, field := range []string{"accessSecretKey", "consolePassword"} {
			if secret := h.value[field]; secret != "" {
				k.secrets[secret] = true
			}
		}
	}
}

// holdings are what the labelled versions of all secrets hold. What others have stored there is
// left out.
func (w *world) holdings() (held []holding) {
	for name := range w.aws.Snapshot().Secrets {
		for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			text, ok := w.aws.SecretString(name, label)
			var value map[string]string
			if ok && json.Unmarshal([]byte(text), &value) == nil {
				held = append(held, holding{name, label, value})
			}
		}
	}
	return held
}

// adopts reports whether properties tell a stack to adopt an entity with these tags, if it has one
// of the names.
func adopts(props string, tags map[string]string) bool {
	var given struct{ ExistingEntities string }
	_ = json.Unmarshal([]byte(props), &given) // of what is not an object nothing is given
	switch given.ExistingEntities {
	case "", "Fail":
		return false
	default: // Adopt, or the ARN of a stack that is gone
		return tags[ownerTag] == "" || tags[stackTag] == given.ExistingEntities
	}
}

// entitiesOf are the entities that have the names.
func entitiesOf(n spec.Names) []string {
	return []string{
		"policy " + n.InstancePolicy, "policy " + n.UserPolicy, "role " + n.InstanceRole, "profile " + n.InstanceRole,
		"role " + n.ConsoleRole, "user " + n.User, "secret " + n.AccessKeySecret, "secret " + n.ConsolePasswordSecret,
	}
}

func tagsOf(state localaws.State) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, x := range state.Users {
		all["user "+name] = x.Tags
	}
	for name, x := range state.Roles {
		all["role "+name] = x.Tags
	}
	for name, x := range state.Profiles {
		all["profile "+name] = x.Tags
	}
	for name, x := range state.Policies {
		if !isBoundary(name) {
			all["policy "+name] = x.Tags
		}
	}
	for name, x := range state.Secrets {
		all["secret "+name] = x.Tags
	}
	return all
}
