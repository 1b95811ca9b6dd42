package acceptance

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/spec"
)

// boundaryNames are the names that CloudFormation has given to the boundaries of a stack, by their
// logical IDs in template.yaml.
func boundaryNames(stack string) map[string]string {
	parts := strings.Split(stack, "/")
	name, suffix := parts[1], strings.ToUpper(parts[2][:8])
	return map[string]string{
		"InstanceBoundary": name + "-InstanceBoundary-" + suffix, "UserBoundary": name + "-UserBoundary-" + suffix,
	}
}

// isBoundary reports whether a policy is a boundary that a stack has made.
func isBoundary(policy string) bool { return boundaryName.MatchString(policy) }

var boundaryName = regexp.MustCompile(`Boundary-[0-9A-F]{8}$`)

// boundariesOf are the ARNs of a stack's boundaries, by logical ID.
func boundariesOf(stack string) map[string]string {
	account, err := spec.ParseStackID(stack)
	if err != nil {
		return nil
	}
	arns := boundaryNames(stack)
	for id, name := range arns {
		arns[id] = account.IAMARN("policy", name)
	}
	return arns
}

// makeBoundaries makes the boundaries of a stack in an account that has none, as CloudFormation
// does before it asks the function for anything.
func (w *world) makeBoundaries(stack string) {
	w.Helper()
	have := w.aws.Snapshot().Policies
	names := boundaryNames(stack)
	partition := "aws"
	switch region := w.config.Region; {
	case strings.HasPrefix(region, "us-gov-"):
		partition = "aws-us-gov"
	case strings.HasPrefix(region, "cn-"):
		partition = "aws-cn"
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		name := names[id]
		if _, ok := have[name]; ok {
			continue
		}
		document, err := readBoundary(readTemplate(w.T), id, intrinsics.Stack{Account: spec.Account{Partition: partition, Region: "us-east-1", ID: "123456789012"}})
		require.NoError(w, err)
		_, err = w.iam.CreatePolicy(w.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(document)})
		require.NoError(w, err)
	}
}

// asTheTemplateSends is an event with the property that the template adds where its parameter
// PermissionsBoundary is empty. (moto knows no boundary of a user.)
func (w *world) asTheTemplateSends(e event) event {
	if _, err := spec.ParseStackID(e.stack); err != nil || w.inMoto {
		return e
	}
	if e.stack != stack && e.stack != another {
		w.makeBoundaries(e.stack)
	}
	e.props, e.old = withBoundaries(e.props, e.stack), withBoundaries(e.old, e.stack)
	return e
}

func withBoundaries(props, stack string) string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(props), &all) != nil || all == nil || all["PermissionsBoundary"] != nil {
		return props
	}
	arns := boundariesOf(stack)
	text, err := json.Marshal([]string{arns["InstanceBoundary"], arns["UserBoundary"]})
	if err != nil {
		return props
	}
	all["PermissionsBoundary"] = text
	filled, err := json.Marshal(all)
	if err != nil {
		return props
	}
	return string(filled)
}

// bounded reports the boundary of the instance role, the console role and the user.
func (w *world) bounded() [3]string {
	state := w.aws.Snapshot()
	return [3]string{state.Roles[nodeRole].Boundary, state.Roles[consoleRole].Boundary, state.Users[user].Boundary}
}

// own are the stack's own boundaries in that order.
func own() [3]string {
	arns := boundariesOf(stack)
	return [3]string{arns["InstanceBoundary"], arns["UserBoundary"], arns["UserBoundary"]}
}

// deleteBoundaries does what CloudFormation does at the end of a stack. IAM refuses it for a policy
// that is still in use as a boundary.
func (w *world) deleteBoundaries() {
	w.Helper()
	policies := own()
	for _, arn := range policies[:2] {
		_, err := w.iam.DeletePolicy(w.Context(), &iam.DeletePolicyInput{PolicyArn: &arn})
		require.NoError(w, err)
	}
}

func TestEveryWayOfDeletingAStackLeavesItsBoundariesUnused(t *testing.T) {
	byHand := func(w *world) {
		w.must(w.iam.CreateUser(w.Context(), &iam.CreateUserInput{UserName: aws.String(user)}))
		for _, role := range []string{nodeRole, consoleRole} {
			w.must(w.iam.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(trustsLambda)}))
		}
	}
	const adopt, retain = `{"ExistingEntities":"Adopt"}`, `{"OnDelete":"Retain"}`
	rows := []struct {
		name string
		tell func(w *world)
	}{
		{"deleted", func(w *world) {
			w.create(bare)
			require.Equal(w, own(), w.bounded())
			w.delete(bare)
		}},
		{"retained", func(w *world) {
			w.create(retain)
			require.Equal(w, own(), w.bounded())
			w.delete(retain)
			require.Contains(w, w.aws.Snapshot().Users, user)
		}},
		{"adopted, and deleted", func(w *world) {
			byHand(w)
			w.create(adopt)
			require.Equal(w, own(), w.bounded())
			w.delete(adopt)
		}},
		{"adopted, and undone", func(w *world) {
			byHand(w)
			w.whileRefused(func() { w.createFails(adopt) }, "CreateSecret")
			require.Equal(w, own(), w.bounded())
			w.succeed(event{kind: "Delete", id: invented, props: adopt})
			require.Contains(w, w.aws.Snapshot().Users, user)
		}},
		{"an organization's boundary in their place", func(w *world) {
			w.create(bare)
			w.updated(bare, `{"PermissionsBoundary":"`+adminPolicy+`"}`)
			require.Equal(w, [3]string{adminPolicy, adminPolicy, adminPolicy}, w.bounded())
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			story(t, func(_ *testing.T, w *world) {
				row.tell(w)
				w.deleteBoundaries()
			})
		})
	}
}

func TestABoundaryInUseKeepsItsPolicy(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		_, err := w.iam.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: aws.String(own()[0])})
		require.ErrorContains(t, err, "DeleteConflict")
	})
}

func TestAnUpdateFromAnOrganizationsBoundaryTakesTheStacksOwn(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		const theirs = `{"PermissionsBoundary":"` + adminPolicy + `"}`
		w.create(theirs)
		w.updated(theirs, bare)
		require.Equal(t, own(), w.bounded())
	})
}

// losesItsBoundaries takes the boundaries off, as docs/deleting.md says of a stack that is gone.
func (w *world) losesItsBoundaries() {
	w.Helper()
	if w.inMoto {
		return // it has none there
	}
	w.must(w.iam.DeleteUserPermissionsBoundary(w.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String(user)}))
	for _, role := range []string{nodeRole, consoleRole} {
		w.must(w.iam.DeleteRolePermissionsBoundary(w.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role}))
	}
}

// Drift of a boundary with a policy attached out of band: the boundary comes back first, and the
// function may then take the policy off.
func TestAnEntityThatLostItsBoundaryIsDeletedAllTheSame(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.losesItsBoundaries()
		w.must(w.iam.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(user), PolicyArn: aws.String(adminPolicy)}))
		for _, role := range []string{nodeRole, consoleRole} {
			w.must(w.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("mine"), PolicyDocument: aws.String(anything)}))
		}
		w.delete(bare)
		w.deleteBoundaries()
	})
}

// Two resources of one function have the same boundaries. What one of them leaves, because it is
// the other's, keeps its boundary.
func TestADeleteLeavesTheBoundaryOfWhatAnotherResourceOwns(t *testing.T) {
	for _, more := range []string{"", `,"OnDelete":"Retain"`, `,"ExistingEntities":"Adopt"`} {
		story(t, func(t *testing.T, w *world) {
			w.create(bare)
			arns := own()
			same := `{"PermissionsBoundary":["` + arns[0] + `","` + arns[1] + `"]` + more + `}`
			w.fail(event{kind: "Create", props: same, stack: another})
			w.succeed(deleteOf(same).in(another))
			require.Equal(t, own(), w.bounded())
		})
	}
}
