package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/spec"
)

// TestMain writes what was asked of the roles, if WRITE_CALLS names a file: .ci/second-opinion puts
// it to an evaluator that is not the project's.
func TestMain(m *testing.M) {
	code := m.Run()
	if name := os.Getenv("WRITE_CALLS"); name != "" && code == 0 {
		if err := writeCalls(name); err != nil {
			fmt.Fprintln(os.Stderr, "write the calls:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// askedRequest is a request and the project's own decision.
type askedRequest struct {
	Action   string            `json:"action"`
	Resource string            `json:"resource"`
	Keys     map[string]string `json:"keys"`
	Allowed  bool              `json:"allowed"`
}

// askedRole is a role, and what was asked of it.
type askedRole struct {
	Policies []json.RawMessage `json:"policies"`
	Requests []askedRequest    `json:"requests"`
}

// attacked is a stack that the second opinion attacks with its function's credentials.
type attacked struct {
	Parameters map[string]string          `json:"parameters"`
	Policies   []json.RawMessage          `json:"policies"`
	References map[string]string          `json:"references"`
	Boundaries map[string]json.RawMessage `json:"boundaries"` // the policies that bound the user and both roles
	Vendor     map[string]json.RawMessage `json:"vendor"`     // and what the vendor's policies permit
}

func writeCalls(name string) error {
	var asked []askedRole
	for _, role := range roles.collected() {
		asked = append(asked, role)
	}
	var attacks []attacked
	for _, parameters := range []map[string]string{nil, {"OnDelete": "Retain"}} {
		attack, err := attackedStack(parameters)
		if err != nil {
			return err
		}
		attacks = append(attacks, attack)
	}
	text, err := json.Marshal(map[string]any{"roles": asked, "attacked": attacks})
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}

// collected are the roles by their policies, each with the requests of all stories.
func (b *roleBook) collected() map[string]askedRole {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests, documents := map[string]map[string]askedRequest{}, map[string][]json.RawMessage{}
	random := regexp.MustCompile(`(:secret:.*)-[A-Za-z0-9]{6}$`)
	for _, role := range b.all {
		var list []json.RawMessage
		for _, policy := range role.templateRole {
			list = append(list, json.RawMessage(policy.Document))
		}
		key := fmt.Sprintf("%s", list)
		documents[key] = list
		if requests[key] == nil {
			requests[key] = map[string]askedRequest{}
		}
		role.mu.Lock()
		for text, request := range role.requests {
			resource := random.ReplaceAllString(request.Resource, "$1-Ab3dEf")
			one := askedRequest{request.Action, resource, request.Keys, role.allowed[text]}
			requests[key][describe(iampolicy.Request{Action: one.Action, Resource: resource, Keys: one.Keys})] = one
		}
		role.mu.Unlock()
	}
	all := map[string]askedRole{}
	for key, list := range requests {
		role := askedRole{Policies: documents[key]}
		for _, text := range slices.Sorted(maps.Keys(list)) {
			role.Requests = append(role.Requests, list[text])
		}
		all[key] = role
	}
	return all
}

func attackedStack(parameters map[string]string) (attacked, error) {
	account := spec.Account{Partition: "aws", Region: "us-east-1", ID: "123456789012"}
	where := intrinsics.Stack{Account: account, Parameters: parameters, References: boundariesOf(stack)}
	template, err := roles.read()
	if err != nil {
		return attacked{}, err
	}
	role, err := readRole(template, "ProvisionerRole", where)
	if err != nil {
		return attacked{}, err
	}
	found := attacked{
		Parameters: parameters, References: where.References, Boundaries: map[string]json.RawMessage{},
	}
	for _, policy := range role {
		found.Policies = append(found.Policies, json.RawMessage(policy.Document))
	}
	for id := range where.References {
		document, err := readBoundary(template, id, where)
		if err != nil {
			return attacked{}, err
		}
		found.Boundaries[id] = json.RawMessage(document)
	}
	vendor, err := spec.Parse([]byte(`{}`), account)
	found.Vendor = map[string]json.RawMessage{
		"InstanceBoundary": json.RawMessage(vendor.InstancePolicyDocument(account)),
		"UserBoundary":     json.RawMessage(vendor.UserPolicyDocument(account)),
	}
	return found, err
}
