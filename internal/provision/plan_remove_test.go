package provision

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// laden is an account in which others hung on the entities whatever can hang on them.
func laden(d Desired) *Observed {
	seen := standing(d)
	seen.User.Hung = []Strip{
		{"redislabs-user", LoginProfile, "redislabs-user"},
		{"redislabs-user", MFADevice, "arn:aws:iam::123456789012:mfa/phone"},
		{"redislabs-user", Membership, "admins"},
	}
	seen.User.MFA = []string{"arn:aws:iam::123456789012:mfa/phone"}
	seen.User.Keys = append(seen.User.Keys, Key{ID: keyC, LastUsed: longAgo()})
	seen.InstanceRole.Profiles = []string{"redislabs-cluster-node-role", "theirs"}
	seen.InstanceRole.Inline = []string{"extra"}
	seen.UserPolicy.OtherVersions = []string{"v1"}
	seen.UserPolicy.AttachedTo = []Entity{{KindUser, "redislabs-user"}, {KindRole, "redislabs-role"}, {KindGroup, "theirs"}}
	return seen
}

// removal is the plan of a removal that nothing forbids.
func removal(t *testing.T, o Owned, seen *Observed) Plan {
	t.Helper()
	plan, err := planRemove(o, seen)
	require.NoError(t, err)
	return plan
}

func TestRemovalTakesEverythingOffAndThenAway(t *testing.T) {
	d := desiredOf(t, `{}`)
	plan := removal(t, Owned{Names: d.Spec.Names, Account: d.Account, Owners: []string{d.Owner}}, laden(d))
	assert.Equal(t, [][]string{
		{
			"- delete access key AKIAAAAAAAAAAAAAAAA1 of user redislabs-user: its user is removed",
			"- delete access key AKIACCCCCCCCCCCCCCCC of user redislabs-user: its user is removed",
			"- delete the login profile of user redislabs-user",
			"- deactivate MFA device arn:aws:iam::123456789012:mfa/phone of user redislabs-user",
			"- remove user redislabs-user from group admins",
			"- detach policy RedislabsIAMUserRestrictedPolicy from user redislabs-user",
			"- detach policy RedisLabsInstanceRolePolicy from role redislabs-cluster-node-role",
			"- delete inline policy extra of role redislabs-cluster-node-role",
			"- remove role redislabs-cluster-node-role from instance profile redislabs-cluster-node-role",
			"- remove role redislabs-cluster-node-role from instance profile theirs",
			"- detach policy RedislabsIAMUserRestrictedPolicy from role redislabs-role",
			"- detach policy RedislabsIAMUserRestrictedPolicy from group theirs",
			"- delete version v1 of policy RedislabsIAMUserRestrictedPolicy",
		},
		{
			"- delete user redislabs-user",
			"- delete virtual MFA device arn:aws:iam::123456789012:mfa/phone",
			"- delete role redislabs-cluster-node-role",
			"- delete role redislabs-role",
			"- delete instance profile redislabs-cluster-node-role",
			"- delete policy RedisLabsInstanceRolePolicy",
			"- delete policy RedislabsIAMUserRestrictedPolicy",
			"- delete secret redis-cloud/access-key",
		},
	}, texts(plan))
}

func TestRemovalTouchesNothingOfOthers(t *testing.T) {
	d := desiredOf(t, `{}`)
	other := Owned{Names: d.Spec.Names, Account: d.Account, Owners: []string{"redis-cloud-iam-00000000000000000000000000000000", ""}}
	seen := laden(d)
	assert.True(t, removal(t, other, seen).Empty())
	assert.True(t, removal(t, other, &Observed{}).Empty())

	untagged := laden(d)
	untagged.User.Tags, untagged.Secret.Tags, untagged.InstanceRole.Tags, untagged.ConsoleRole.Tags = nil, nil, nil, nil
	untagged.Profile.Tags, untagged.InstancePolicy.Tags, untagged.UserPolicy.Tags = nil, nil, nil
	assert.True(t, removal(t, other, untagged).Empty(), "no owner is nobody's owner")
}

func TestRemovalAfterASecretWasRenamedTakesTheKeyThatTheOldSecretHolds(t *testing.T) {
	old, renamed := desiredOf(t, `{}`), desiredOf(t, `{"AccessKeySecretName":"elsewhere"}`)
	seen := standing(renamed)
	seen.User.Keys = []Key{{ID: keyA}, {ID: keyB}}
	seen.Secret = standing(old).Secret
	seen.Secret.Versions = map[string][]string{newRecord(keyA, old.Spec).versionID(): {current}}
	plan := removal(t, Owned{Names: old.Spec.Names, Account: old.Account, Owners: []string{old.Owner}}, seen)
	assert.Equal(t, [][]string{
		{"- delete access key " + keyA + " of user redislabs-user: the secret that holds it is removed"},
		{"- delete secret redis-cloud/access-key"},
	}, texts(plan))
}

// The tags that are read may be older than those that were just written.
func TestRemovalKeepsWhatIsToStayWhateverItsTagsSay(t *testing.T) {
	d := desiredOf(t, `{}`)
	everything := Owned{Names: d.Spec.Names, Keep: d.Spec.Names, Account: d.Account, Owners: []string{d.Owner}}
	assert.True(t, removal(t, everything, laden(d)).Empty())
	everything.Keep = desiredOf(t, `{"UserName":"other"}`).Spec.Names
	assert.Equal(t, []string{"- delete user redislabs-user", "- delete virtual MFA device arn:aws:iam::123456789012:mfa/phone"},
		texts(removal(t, everything, laden(d)))[1])
}
