package plan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/spec"
)

const (
	nodeBoundary = "arn:aws:iam::123456789012:policy/stack-InstanceBoundary-1"
	userBoundary = "arn:aws:iam::123456789012:policy/stack-UserBoundary-1"
	bothBounds   = `"PermissionsBoundary":["` + nodeBoundary + `","` + userBoundary + `"]`
)

// bounded is an account in which the entities have the stack's own boundaries.
func bounded(d Desired) *Observed {
	seen := standing(d)
	seen.In(InstanceRole).Boundary = nodeBoundary
	seen.In(ConsoleRole).Boundary, seen.In(User).Boundary = userBoundary, userBoundary
	return seen
}

// The function may change a role only within its boundary.
func TestBoundaryIsPutOnBeforeARoleIsChanged(t *testing.T) {
	d := updated(t, `{`+bothBounds+`}`)
	seen := bounded(d)
	seen.In(ConsoleRole).Boundary, seen.In(ConsoleRole).Document = "", `{}`
	stages := texts(ensured(t, d, seen))
	require.Len(t, stages, 2)
	assert.Equal(t, []string{"~ put permissions boundary stack-UserBoundary-1 on role redislabs-role"}, stages[0])
	assert.Equal(t, []string{"~ replace the trust policy of role redislabs-role"}, stages[1])
}

// The policies of what is adopted are limited by a boundary that is put on, and freed by one that
// is taken off.
func TestOnlyABoundaryThatIsPutOnLimitsOtherPolicies(t *testing.T) {
	for properties, limited := range map[string]bool{
		`{"ExistingEntities":"Adopt","PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`: true,
		`{"ExistingEntities":"Adopt"}`: false,
	} {
		d := desired(t, properties)
		seen := standing(d)
		role := seen.In(InstanceRole)
		role.Boundary, role.Attached = "arn:aws:iam::aws:policy/PowerUserAccess", append(role.Attached, "arn:aws:iam::aws:policy/theirs")
		delete(role.Tags, tagOwner)
		role.SetTags(role.Tags)
		notices := strings.Join(ensured(t, d, seen).Notices, "")
		assert.Equal(t, limited, strings.Contains(notices, "has other policies (arn:aws:iam::aws:policy/theirs)"), properties)
	}
}

// Policies of others may be taken only from what has the boundary.
func TestDeletePutsALostBoundaryBackFirst(t *testing.T) {
	d := desired(t, `{`+bothBounds+`}`)
	r := removal(d)
	seen := bounded(d)
	role := seen.In(InstanceRole)
	role.Boundary, role.Hung = "", []Ref{{Kind: RoleInlinePolicy, Name: "extra", On: role.Name}}
	seen.In(User).Boundary = "" // of which nothing is to be taken but our own policy
	stages := texts(cleared(t, r, seen))
	require.Len(t, stages, 3)
	assert.Equal(t, []string{"~ put permissions boundary stack-InstanceBoundary-1 on role redislabs-cluster-node-role"}, stages[0])
	assert.Contains(t, stages[1], "- delete inline policy extra of role redislabs-cluster-node-role")
}

func TestWhatStaysLosesTheStacksOwnBoundaryAlone(t *testing.T) {
	d := desired(t, `{"OnDelete":"Retain",`+bothBounds+`}`)
	remove := "~ remove the permissions boundary of user redislabs-user"
	for _, row := range []struct {
		what   string
		change func(r *Removal, seen *Observed)
		want   bool
	}{
		{"what is released", func(*Removal, *Observed) {}, true},
		{"what has an organization's", func(r *Removal, _ *Observed) { r.Spec.StackBoundaries = spec.Boundaries{} }, false},
		{"what another resource owns", func(_ *Removal, seen *Observed) {
			seen.In(User).tag(map[string]string{tagOwner: "another"})
		}, false},
		{"what was to be adopted of a stack that is gone", func(r *Removal, seen *Observed) {
			seen.In(User).tag(map[string]string{tagOwner: "another", tagStack: "gone"})
			r.Spec.AdoptStack = "gone"
		}, true},
	} {
		r := removal(d)
		seen := bounded(d)
		row.change(&r, seen)
		steps := flat(cleared(t, r, seen))
		if row.want {
			assert.Contains(t, steps, remove, row.what)
		} else {
			assert.NotContains(t, steps, remove, row.what)
		}
	}
}

func TestBoundaryThatTheFunctionMayNotRemoveIsNamedWithTheCommand(t *testing.T) {
	d := desired(t, `{`+bothBounds+`}`)
	r := removal(d)
	r.Undo = true
	seen := bounded(d)
	for _, slot := range Slots() {
		if seen.In(slot) != nil {
			seen.In(slot).tag(map[string]string{tagAdopted: yes})
		}
	}
	_, err := Clear(r, seen)
	require.ErrorContains(t, err, "user redislabs-user was adopted and stays")
	require.ErrorContains(t, err, "aws iam delete-user-permissions-boundary --user-name redislabs-user")
	require.ErrorContains(t, err, "aws iam delete-role-permissions-boundary --role-name redislabs-role")
	r.Spec.Adopt = true
	assert.NotEmpty(t, flat(cleared(t, r, seen)))
}

func TestDeleteLeavesTheBoundaryThatPeoplePutOnWhereTheStackHasNone(t *testing.T) {
	d := desired(t, `{}`)
	seen := standing(d)
	role := seen.In(InstanceRole)
	role.Boundary, role.Hung = nodeBoundary, []Ref{{Kind: RoleInlinePolicy, Name: "extra", On: role.Name}}
	for _, steps := range texts(cleared(t, removal(d), seen)) {
		assert.NotContains(t, steps, "~ remove the permissions boundary of role redislabs-cluster-node-role")
	}
}
