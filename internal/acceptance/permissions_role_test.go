package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

// heldToItsRole is a function whose every call, in every test, is held against what the role in
// template.yaml allows. The account itself allows everything.
type heldToItsRole struct {
	lambda.Handler
	world *world
}

// Invoke implements [lambda.Handler].
func (h heldToItsRole) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	role := h.world.roleFor(payload)
	return h.Handler.Invoke(localaws.Watch(ctx, func(call localaws.Call) {
		if strings.Contains(call.Principal, ":assumed-role/") { // and not the user, whose key is proven
			h.world.hold(role, call, payload)
		}
	}), payload)
}

// heldRole is what was asked of the role in a world.
type heldRole struct {
	mu     sync.Mutex
	asked  map[string]iampolicy.Request
	denied map[string]bool
	newer  string // the properties that the stack has by now, where the event is a late repeat

	// undecided is the ARN of an entity whose name is spelt otherwise than the parameter. IAM finds
	// it all the same, and AWS does not document by which spelling it authorizes. Where the answer
	// is AccessDenied, nothing is touched either.
	undecided string
}

// roleBook has the roles that template.yaml makes, each evaluated once for all tests.
type roleBook struct {
	read func() (*intrinsics.Template, error)
	mu   sync.Mutex
	all  map[string]*bookedRole // by account and properties
}

// bookedRole is a role, and what it was found to allow.
type bookedRole struct {
	templateRole
	mu       sync.Mutex
	allowed  map[string]bool
	requests map[string]iampolicy.Request // what was decided
}

// newBookedRole is a role of which nothing was asked yet.
func newBookedRole(role templateRole) *bookedRole {
	return &bookedRole{templateRole: role, allowed: map[string]bool{}, requests: map[string]iampolicy.Request{}}
}

var roles = &roleBook{
	read: sync.OnceValues(func() (*intrinsics.Template, error) {
		text, err := os.ReadFile("../../template.yaml")
		if err != nil {
			return nil, err
		}
		return intrinsics.Parse(text)
	}),
	all: map[string]*bookedRole{},
}

// readTemplate reads template.yaml.
func readTemplate(t *testing.T) *intrinsics.Template {
	t.Helper()
	template, err := roles.read()
	require.NoError(t, err)
	return template
}

// once returns what the book has under a key, or else what is evaluated now.
func (b *roleBook) once(key string, evaluate func() templateRole) *bookedRole {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all[key] == nil {
		b.all[key] = newBookedRole(evaluate())
	}
	return b.all[key]
}

func (r *bookedRole) allows(text string, request iampolicy.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	allowed, known := r.allowed[text]
	if !known {
		allowed = len(r.allowing(request)) > 0
		r.allowed[text], r.requests[text] = allowed, request
	}
	return allowed
}

// hold notes what a call asks, and fails the test where the role does not allow it.
func (w *world) hold(role *bookedRole, call localaws.Call, payload []byte) {
	if w.inMoto {
		return // without the boundaries of the stack: see asTheTemplateSends
	}
	w.role.mu.Lock()
	defer w.role.mu.Unlock()
	if w.role.asked == nil {
		w.role.asked, w.role.denied = map[string]iampolicy.Request{}, map[string]bool{}
	}
	for _, permission := range call.Permissions {
		request := iampolicy.Request(permission)
		text := describe(request)
		w.role.asked[text] = request
		undecided := w.role.undecided != "" && request.Resource == w.role.undecided
		if !role.allows(text, request) && !undecided && (!w.accompanied && !w.lagging || !outOfSight(request)) && !w.role.denied[text] {
			w.role.denied[text] = true
			var e struct{ RequestType, ResourceProperties, OldResourceProperties any }
			_ = json.Unmarshal(payload, &e)
			w.Errorf("template.yaml: not allowed: %s\nin the %v of %v (before: %v)", text, e.RequestType, e.ResourceProperties, e.OldResourceProperties)
		}
	}
}

// outOfSight reports whether a call may be about what a concurrent run has deleted; or the run before
// this one, if AWS shows it late. Where IAM finds no boundary, it answers AccessDenied in place of
// NoSuchEntity; and the role knows a secret by its name and six random characters. The run looks
// again then.
func outOfSight(q iampolicy.Request) bool {
	secret := q.Action == "secretsmanager:PutSecretValue" && strings.HasSuffix(q.Resource, ":secret:"+consoleSecret)
	return secret || strings.HasPrefix(q.Action, "iam:") && q.Keys["iam:PermissionsBoundary"] == ""
}

func describe(q iampolicy.Request) string {
	text := q.Action + " on " + q.Resource
	for _, key := range slices.Sorted(maps.Keys(q.Keys)) {
		text += ", " + key + " " + q.Keys[key]
	}
	return text
}

// roleFor is the role that the function has while it works on an event: the one of the stack's
// parameters, and during an Update also the policies that wait for CloudFormation's clean-up. At a
// late repeat it is the one of the parameters that the stack has by now. Of an event that names no
// stack it is nothing.
func (w *world) roleFor(payload []byte) *bookedRole {
	var e struct {
		RequestType                               string
		StackID                                   string `json:"StackId"`
		ResourceProperties, OldResourceProperties json.RawMessage
	}
	require.NoError(w, json.Unmarshal(payload, &e))
	if _, err := spec.ParseStackID(e.StackID); err != nil {
		return newBookedRole(nil)
	}
	if newer := w.role.newer; newer != "" { // and if this role denies what the repeat asks, it is refused all the same
		is, was := w.roleOf(e.StackID, json.RawMessage(newer)), w.roleOf(e.StackID, e.ResourceProperties)
		return roles.once(fmt.Sprint("late", e.StackID, newer, string(e.ResourceProperties)), func() templateRole {
			return slices.Concat(is.templateRole, was.templateRole)
		})
	}
	if e.RequestType != "Update" {
		return w.roleOf(e.StackID, e.ResourceProperties)
	}
	to, from := w.roleOf(e.StackID, e.ResourceProperties), w.roleOf(e.StackID, e.OldResourceProperties)
	key := fmt.Sprint(e.StackID, string(e.ResourceProperties), string(e.OldResourceProperties))
	return roles.once(key, func() templateRole { return to.during(from.templateRole) })
}

// roleOf is the role of a stack whose parameters give these properties: they have the same names.
func (w *world) roleOf(stackID string, properties json.RawMessage) *bookedRole {
	return roles.once(stackID+string(properties), func() templateRole {
		role, err := readRole(readTemplate(w.T), "ProvisionerRole", w.stackOf(stackID, properties))
		require.NoError(w, err)
		return role
	})
}

// stackOf is the template, deployed as a stack with the parameters that give these properties.
func (w *world) stackOf(stackID string, properties json.RawMessage) intrinsics.Stack {
	account, err := spec.ParseStackID(stackID)
	require.NoError(w, err)
	template := readTemplate(w.T)
	stack := intrinsics.Stack{Account: account, Parameters: map[string]string{}, References: boundariesOf(stackID)}
	var given map[string]any
	_ = json.Unmarshal(properties, &given) // of what is no object nothing is given
	for name, value := range given {
		if _, list := value.([]any); list && name == "PermissionsBoundary" {
			continue // the stack's own, where the parameter is empty
		}
		if _, ok := template.Parameters[name]; ok {
			if text, ok := parameter(value); ok {
				stack.Parameters[name] = text
			}
		}
	}
	return stack
}

// parameter is a property as the parameter from which the template makes it. A map comes from no
// template of ours.
func parameter(value any) (text string, ok bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case bool, float64:
		return fmt.Sprint(value), true
	case []any:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = fmt.Sprint(item)
		}
		return strings.Join(items, ","), true
	}
	return "", false
}
