package plan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// removal is what a Delete of what is desired asks for.
func removal(d Desired) Removal {
	return Removal{Desired: d}
}

// cleared is the plan of a Delete that nothing forbids.
func cleared(t testing.TB, r Removal, seen *Observed) Plan {
	t.Helper()
	plan, err := Clear(r, seen)
	require.NoError(t, err)
	return plan
}

// laden is an account in which people put on the entities whatever a Delete removes.
func laden(d Desired) *Observed {
	seen := standing(d)
	hung := func(kind Kind, name, on string) Ref { return Ref{Kind: kind, Name: name, On: on} }
	user := seen.In(User)
	user.Hung = []Ref{
		hung(LoginProfile, "redislabs-user", "redislabs-user"),
		hung(MFADevice, "arn:aws:iam::123456789012:mfa/phone", "redislabs-user"),
	}
	user.Keys = append(user.Keys, unused(keyC))
	seen.In(InstanceRole).Hung = []Ref{
		hung(Profile, "redislabs-cluster-node-role", "redislabs-cluster-node-role"), hung(RoleInlinePolicy, "extra", "redislabs-cluster-node-role"),
	}
	policy := seen.In(UserPolicy)
	policy.OtherVersions = []string{"v1"}
	policy.Holders = []Ref{{Kind: Person, Name: "redislabs-user"}, {Kind: Role, Name: "redislabs-role"}, {Kind: Group, Name: "theirs"}}
	return seen
}

func TestDeleteTakesEverythingOffAndThenAway(t *testing.T) {
	d := desired(t, `{}`)
	stages := texts(cleared(t, removal(d), laden(d)))
	require.Len(t, stages, 2)
	assert.ElementsMatch(t, []string{
		"- delete access key " + keyA + " of user redislabs-user: its user is removed",
		"- delete access key " + keyC + " of user redislabs-user: its user is removed",
		"- delete the login profile of user redislabs-user",
		"- deactivate MFA device arn:aws:iam::123456789012:mfa/phone of user redislabs-user",
		"- detach policy RedislabsIAMUserRestrictedPolicy from user redislabs-user",
		"- detach policy RedisLabsInstanceRolePolicy from role redislabs-cluster-node-role",
		"- delete inline policy extra of role redislabs-cluster-node-role",
		"- remove role redislabs-cluster-node-role from instance profile redislabs-cluster-node-role",
		"- detach policy RedislabsIAMUserRestrictedPolicy from role redislabs-role",
		"- detach policy RedislabsIAMUserRestrictedPolicy from group theirs",
		"- delete version v1 of policy RedislabsIAMUserRestrictedPolicy",
	}, stages[0])
	assert.ElementsMatch(t, []string{
		"- delete policy RedisLabsInstanceRolePolicy",
		"- delete role redislabs-cluster-node-role",
		"- delete instance profile redislabs-cluster-node-role",
		"- delete policy RedislabsIAMUserRestrictedPolicy",
		"- delete user redislabs-user",
		"- delete role redislabs-role",
		"- delete secret redis-cloud/access-key",
	}, stages[1])
}

func TestDeleteTouchesNothingOfOthers(t *testing.T) {
	d := desired(t, `{}`)
	other := removal(d)
	other.Owner = "redis-cloud-iam-00000000000000000000000000000000"
	assert.True(t, cleared(t, other, laden(d)).Empty())
	assert.True(t, cleared(t, other, &Observed{At: present}).Empty())

	untagged := laden(d)
	for _, slot := range Slots() {
		if entity := untagged.In(slot); entity != nil {
			entity.SetTags(nil)
		}
	}
	assert.True(t, cleared(t, other, untagged).Empty())
}

func TestDeleteIsRefusedForAllReasonsAtOnce(t *testing.T) {
	d := desired(t, `{}`)
	seen := laden(d)
	seen.In(User).Keys[0] = used(keyA, time.Hour, "sts")
	seen.In(User).Hung = append(seen.In(User).Hung, Ref{Kind: Group, Name: "admins", On: "redislabs-user"})
	seen.In(InstanceRole).LastUsed = present.Add(-time.Hour)
	seen.In(InstanceRole).Hung = append(seen.In(InstanceRole).Hung, Ref{Kind: Profile, Name: "theirs", On: "redislabs-cluster-node-role"})
	seen.In(KeySecret).Replicas = []string{"eu-west-1"}
	_, err := Clear(removal(d), seen)
	for _, part := range []string{
		"access key " + keyA + " of user redislabs-user was last used at 2025-03-01 11:00 UTC for sts, so it is in use",
		"role redislabs-cluster-node-role was last used at 2025-03-01 11:00 UTC", "DeletionProtection must be Off before the deletion",
		"user redislabs-user is in group admins", "aws iam remove-user-from-group",
		"role redislabs-cluster-node-role is in instance profile theirs", "aws iam remove-role-from-instance-profile",
		"secret redis-cloud/access-key has replicas in eu-west-1", "aws secretsmanager remove-regions-from-replication",
	} {
		require.ErrorContains(t, err, part)
	}

	unprotected := removal(d)
	unprotected.Spec.Protect = false
	_, err = Clear(unprotected, seen)
	require.ErrorContains(t, err, "admins")
	assert.NotContains(t, err.Error(), "in use")
}

// A key that people made for themselves is not what Redis Cloud works with, unless nobody knows.
func TestKeysThatPeopleMadeAreProtectedWhileTheSecretIsUnknown(t *testing.T) {
	d := desired(t, `{}`)
	seen := standing(d)
	seen.In(User).Keys = []Key{unused(keyA), used(keyB, time.Hour, "s3")}
	assert.False(t, cleared(t, removal(d), seen).Empty())
	seen.In(KeySecret).Versions = map[string][]string{"theirs": {Current}}
	_, err := Clear(removal(d), seen)
	require.ErrorContains(t, err, keyB)
	seen.Put(KeySecret, nil)
	_, err = Clear(removal(d), seen)
	require.ErrorContains(t, err, keyB)
}

func TestFates(t *testing.T) {
	everything := func(mark func(*Entity)) func(*Observed) {
		return func(o *Observed) {
			for _, slot := range Slots() {
				if entity := o.In(slot); entity != nil {
					mark(entity)
				}
			}
		}
	}
	adopted := everything(func(e *Entity) { e.tag(map[string]string{tagAdopted: yes}) })
	rows := map[string]struct {
		seen func(*Observed)
		ask  func(*Removal)
		fate Fate
	}{
		"what the resource made":                          {func(*Observed) {}, func(*Removal) {}, Destroy},
		"what it adopted":                                 {adopted, func(*Removal) {}, Destroy},
		"what a Create adopted that failed":               {adopted, func(r *Removal) { r.Undo = true }, GiveBack},
		"what a Create made that failed":                  {func(*Observed) {}, func(r *Removal) { r.Undo = true }, Destroy},
		"what is to be retained":                          {func(*Observed) {}, func(r *Removal) { r.Spec.Retain = true }, Release},
		"what a Create made that failed, though retained": {func(*Observed) {}, func(r *Removal) { r.Spec.Retain, r.Undo = true, true }, Destroy},
		"what it adopted, with a key from before in use": {func(o *Observed) {
			adopted(o)
			o.In(User).Keys = append(o.In(User).Keys, used(keyB, time.Hour, "ec2"))
			o.In(User).tag(map[string]string{tagKept: keyB})
		}, func(*Removal) {}, GiveBack},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{}`)
			seen, r := standing(d), removal(d)
			row.seen(seen)
			row.ask(&r)
			p := newPlanner(r.Desired, seen)
			p.settle(r.Undo)
			for _, slot := range Slots() {
				if seen.In(slot) != nil {
					assert.Equal(t, row.fate, p.fate(slot), slot.Ref(d.Spec.Names))
				}
			}
		})
	}
}

func TestReleaseTakesOurTagsOffAndNothingElse(t *testing.T) {
	d := desired(t, `{"OnDelete":"Retain","Tags":["a=b"]}`)
	seen := standing(d)
	plan := cleared(t, removal(d), seen)
	for _, stage := range plan.Stages {
		for _, step := range stage {
			tag, ok := step.(Tag)
			require.True(t, ok, step)
			assert.Empty(t, tag.Set)
			assert.Contains(t, tag.Unset, tagOwner)
			assert.NotContains(t, tag.Unset, "a")
		}
	}
}

// A Delete of a Create that failed leaves what its retry has made.
func TestDeleteOfAFailedCreateRemovesNothingOfItsRetry(t *testing.T) {
	d := desired(t, `{}`)
	seen, r := standing(d), removal(d)
	r.Attempt = longAgo
	seen.In(User).tag(map[string]string{tagEvent: "2024-02-29T12:00:00Z"})
	assert.False(t, cleared(t, r, seen).Empty())
	seen.In(User).tag(map[string]string{tagEvent: "2024-02-29T12:05:00Z"})
	assert.True(t, cleared(t, r, seen).Empty())
}
