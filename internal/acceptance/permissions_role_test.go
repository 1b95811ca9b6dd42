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

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/provision"
	"redis-cloud-iam/internal/rolepolicy"
)

// heldToItsRole is a function whose every call, in every story, is held against what the role in template.yaml allows it. The
// account itself allows everything.
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

// heldRole is what a world knows of the role, and what was asked of it.
type heldRole struct {
	template *rolepolicy.Template // template.yaml; read when it is wanted

	mu     sync.Mutex
	roles  map[string]rolepolicy.Role // by stack and properties
	asked  map[string]rolepolicy.Request
	denied map[string]bool

	// undecided is the ARN of an entity whose name is spelt otherwise than the parameter. IAM finds it all the same, and AWS does
	// not document by which spelling it authorizes. Where the answer is AccessDenied, nothing is touched either.
	undecided string
}

// readTemplate reads template.yaml.
func readTemplate(t *testing.T) *rolepolicy.Template {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	template, err := rolepolicy.Parse(text)
	require.NoError(t, err)
	return template
}

// hold notes what a call asks, and fails the test where the role does not allow it.
func (w *world) hold(role rolepolicy.Role, call localaws.Call, payload []byte) {
	w.role.mu.Lock()
	defer w.role.mu.Unlock()
	if w.role.asked == nil {
		w.role.asked, w.role.denied = map[string]rolepolicy.Request{}, map[string]bool{}
	}
	for _, permission := range call.Permissions {
		request := rolepolicy.Request(permission)
		text := describe(request)
		w.role.asked[text] = request
		undecided := w.role.undecided != "" && request.Resource == w.role.undecided
		if len(role.Allowing(request)) == 0 && !undecided && !w.role.denied[text] {
			w.role.denied[text] = true
			var e struct{ RequestType, ResourceProperties, OldResourceProperties any }
			_ = json.Unmarshal(payload, &e)
			w.Errorf("template.yaml: not allowed: %s\nin the %v of %v (before: %v)", text, e.RequestType, e.ResourceProperties, e.OldResourceProperties)
		}
	}
}

func describe(q rolepolicy.Request) string {
	text := q.Action + " on " + q.Resource
	for _, key := range slices.Sorted(maps.Keys(q.Keys)) {
		text += fmt.Sprintf(", %s %s", key, q.Keys[key])
	}
	return text
}

// roleFor is the role that the function has while it works on an event: the one of the stack's parameters, and during an Update
// also the policies that wait for CloudFormation's clean-up. Of an event that names no stack it is nothing.
func (w *world) roleFor(payload []byte) rolepolicy.Role {
	var e struct {
		RequestType                               string
		StackID                                   string `json:"StackId"`
		ResourceProperties, OldResourceProperties json.RawMessage
	}
	require.NoError(w, json.Unmarshal(payload, &e))
	account, err := provision.ParseStackID(e.StackID)
	if err != nil {
		return nil
	}
	role := w.roleOf(account, e.ResourceProperties)
	if e.RequestType == "Update" {
		return role.During(w.roleOf(account, e.OldResourceProperties))
	}
	return role
}

// roleOf is the role of a stack whose parameters give these properties: they have the same names.
func (w *world) roleOf(account provision.Account, properties json.RawMessage) rolepolicy.Role {
	w.role.mu.Lock()
	defer w.role.mu.Unlock()
	if w.role.template == nil {
		w.role.template = readTemplate(w.T)
	}
	key := fmt.Sprint(account, string(properties))
	if role, ok := w.role.roles[key]; ok {
		return role
	}
	stack := rolepolicy.Stack{Partition: account.Partition, Region: account.Region, AccountID: account.ID, Parameters: map[string]string{}}
	var given map[string]any
	_ = json.Unmarshal(properties, &given) // of what is no object nothing is given
	for name, value := range given {
		if w.role.template.HasParameter(name) {
			if text, ok := parameter(value); ok {
				stack.Parameters[name] = text
			}
		}
	}
	role, err := w.role.template.Role("ProvisionerRole", stack)
	require.NoError(w, err)
	if w.role.roles == nil {
		w.role.roles = map[string]rolepolicy.Role{}
	}
	w.role.roles[key] = role
	return role
}

// parameter is a property as the parameter from which the template makes it. A map comes from no template of ours.
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
