package provision

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"

// desiredOf is what the properties ask for, on Create.
func desiredOf(t *testing.T, text string) Desired {
	t.Helper()
	account, err := ParseStackID(stack)
	require.NoError(t, err)
	spec, err := Parse([]byte(text), account)
	require.NoError(t, err)
	return Desired{Spec: spec, Account: account, Stack: stack, Owner: ID(stack, "RedisCloudIAM", []byte(text))}
}

// updateOf is what an Update from one set of properties to another asks for.
func updateOf(t *testing.T, from, to string) Desired {
	t.Helper()
	d, before := desiredOf(t, to), desiredOf(t, from)
	d.Former = &Former{Spec: before.Spec, Owners: []string{before.Owner}}
	return d
}

// standing is an account in which all that is desired stands.
func standing(d Desired) *Observed {
	policy := func(name, document string) *Policy {
		return &Policy{Name: name, ARN: d.Account.iamARN("policy", name), Tags: d.plainTags(), Document: document, DefaultVersion: "v1"}
	}
	role := func(name, description, trust, policy string) *Role {
		return &Role{
			Name: name, ARN: d.Account.iamARN("role", name), Description: description, Trust: trust, MaxSession: 3600,
			Boundary: d.Spec.PermissionsBoundary, Tags: d.usedByTags(), Attached: []string{d.Account.iamARN("policy", policy)},
		}
	}
	return &Observed{
		At:             longAgo().AddDate(1, 0, 0),
		InstancePolicy: policy(d.Spec.InstancePolicy, d.instancePolicyDocument()),
		UserPolicy:     policy(d.Spec.UserPolicy, d.userPolicyDocument()),
		InstanceRole:   role(d.Spec.InstanceRole, instanceRoleDescription, d.instanceRoleTrust(), d.Spec.InstancePolicy),
		ConsoleRole:    role(d.Spec.ConsoleRole, consoleRoleDescription, d.consoleRoleTrust(), d.Spec.UserPolicy),
		Profile:        &Profile{Name: d.Spec.InstanceRole, Tags: d.plainTags(), Roles: []string{d.Spec.InstanceRole}},
		User: &User{
			Name: d.Spec.User, Boundary: d.Spec.PermissionsBoundary, Tags: d.usedByTags(),
			Attached: []string{d.Account.iamARN("policy", d.Spec.UserPolicy)}, Keys: []Key{{ID: "AKIAAAAAAAAAAAAAAAA1", Active: true}},
		},
		Secret: &Secret{
			Name: d.Spec.AccessKeySecret, Description: secretDescription, KmsKeyID: d.Spec.KmsKeyID, Tags: d.plainTags(),
			Versions: map[string][]string{newRecord("AKIAAAAAAAAAAAAAAAA1", d.Spec).versionID(): {current}},
		},
	}
}

func TestKMSKeysAreTheSameByWhateverName(t *testing.T) {
	account := Account{"aws", "123456789012", "us-east-1"}
	const own, theirs = "arn:aws:kms:us-east-1:123456789012:", "arn:aws:kms:us-east-1:222222222222:"
	for _, same := range [][2]string{
		{"", "alias/aws/secretsmanager"}, {"", own + "alias/aws/secretsmanager"}, {"alias/a", own + "alias/a"}, {"1234abcd", own + "key/1234abcd"}, {theirs + "key/1234abcd", theirs + "key/1234abcd"},
	} {
		assert.True(t, account.sameKMSKey(same[0], same[1]), same)
	}
	for _, different := range [][2]string{{"alias/a", theirs + "alias/a"}, {own + "alias/a", theirs + "alias/a"}, {"1234abcd", theirs + "key/1234abcd"}, {"alias/a", ""}} {
		assert.False(t, account.sameKMSKey(different[0], different[1]), different)
	}
}

func texts(p Plan) [][]string {
	var stages [][]string
	for _, stage := range p.Stages {
		var steps []string
		for _, step := range stage {
			steps = append(steps, string(step.Effect())+" "+step.String())
		}
		stages = append(stages, steps)
	}
	return stages
}

func TestAnEmptyAccountGetsEverythingInThreeStages(t *testing.T) {
	plan, err := planEnsure(desiredOf(t, `{}`), &Observed{}, memory{})
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		{
			"+ create policy RedisLabsInstanceRolePolicy",
			"+ create policy RedislabsIAMUserRestrictedPolicy",
			"+ create role redislabs-cluster-node-role",
			"+ create role redislabs-role",
			"+ create instance profile redislabs-cluster-node-role",
			"+ create user redislabs-user",
		},
		{
			"+ attach policy RedisLabsInstanceRolePolicy to role redislabs-cluster-node-role",
			"+ attach policy RedislabsIAMUserRestrictedPolicy to role redislabs-role",
			"+ add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role",
			"+ attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user",
			"+ make an access key of user redislabs-user and store it in the new secret redis-cloud/access-key",
		},
		{"? prove that AWS accepts the new access key of user redislabs-user"},
	}, texts(plan))
}

func TestWhatStandsIsLeftAlone(t *testing.T) {
	d := desiredOf(t, `{"Tags":["a=b"],"PermissionsBoundary":"arn:aws:iam::123456789012:policy/b","KmsKeyId":"alias/k"}`)
	plan, err := planEnsure(d, standing(d), memory{})
	require.NoError(t, err)
	assert.True(t, plan.Empty(), texts(plan))
	assert.Equal(t, "AKIAAAAAAAAAAAAAAAA1", plan.keyID)
}

func TestEveryDriftIsRepairedInPlace(t *testing.T) {
	d := desiredOf(t, `{}`)
	rows := map[string]struct {
		drift func(*Observed)
		steps []string
	}{
		"policy document": {
			func(o *Observed) { o.UserPolicy.Document = `{"Version":"2012-10-17","Statement":[]}` },
			[]string{"~ give policy RedislabsIAMUserRestrictedPolicy a new default version"},
		},
		"five versions of a policy": {
			func(o *Observed) {
				o.InstancePolicy.Document, o.InstancePolicy.OtherVersions = "", []string{"v3", "v4", "v7", "v11"}
			},
			[]string{"~ give policy RedisLabsInstanceRolePolicy a new default version, in the place of v3"},
		},
		"trust policy": {
			func(o *Observed) { o.ConsoleRole.Trust = strings.ReplaceAll(o.ConsoleRole.Trust, "true", "false") },
			[]string{"~ replace the trust policy of role redislabs-role"},
		},
		"description": {
			func(o *Observed) { o.InstanceRole.Description = "mine" },
			[]string{"~ describe role redislabs-cluster-node-role"},
		},
		"detached policies": {
			func(o *Observed) { o.User.Attached, o.InstanceRole.Attached = nil, nil },
			[]string{
				"+ attach policy RedisLabsInstanceRolePolicy to role redislabs-cluster-node-role",
				"+ attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user",
			},
		},
		"empty profile": {
			func(o *Observed) { o.Profile.Roles = nil },
			[]string{"+ add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role"},
		},
		"another role in the profile": {
			func(o *Observed) { o.Profile.Roles = []string{"other"} },
			[]string{
				"- remove role other from instance profile redislabs-cluster-node-role",
				"+ add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role",
			},
		},
		"tags": {
			func(o *Observed) {
				o.User.Tags[tagUsedBy] = "me"
				delete(o.Secret.Tags, tagStack)
				o.Profile.Tags["theirs"] = "stays"
			},
			[]string{
				"~ tag user redislabs-user: set UsedBy",
				"~ tag secret redis-cloud/access-key: set redis-cloud-iam:stack",
			},
		},
		"boundary": {
			func(o *Observed) { o.User.Boundary = "arn:aws:iam::123456789012:policy/theirs" },
			[]string{"~ remove the permissions boundary of user redislabs-user"},
		},
		"secret's description and key": {
			func(o *Observed) {
				o.Secret.Description, o.Secret.KmsKeyID = "", "arn:aws:kms:us-east-1:123456789012:key/1"
			},
			[]string{"~ change the description or key of secret redis-cloud/access-key"},
		},
		"secret scheduled for deletion": {
			func(o *Observed) { o.Secret.Deleted = time.Now() },
			[]string{"~ restore secret redis-cloud/access-key, which was scheduled for deletion"},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			seen := standing(d)
			row.drift(seen)
			plan, err := planEnsure(d, seen, memory{})
			require.NoError(t, err)
			var steps []string
			for _, stage := range texts(plan) {
				steps = append(steps, stage...)
			}
			assert.Equal(t, row.steps, steps)
		})
	}
}

func TestTagsOfTheFormerPropertiesGoAndThoseOfOthersStay(t *testing.T) {
	d := updateOf(t, `{"Tags":{"old":"1","kept":"1"}}`, `{"Tags":{"kept":"2"}}`)
	seen := standing(desiredOf(t, `{"Tags":{"old":"1","kept":"1"}}`))
	seen.User.Tags["theirs"] = "x"
	plan, err := planEnsure(d, seen, memory{})
	require.NoError(t, err)
	require.Len(t, plan.Stages, 1)
	assert.Len(t, plan.Stages[0], 7)
	assert.Contains(t, plan.Stages[0], Tag{Entity{KindUser, "redislabs-user"}, map[string]string{"kept": "2"}, []string{"old"}})
}

func TestARenameMakesTheNewAndTakesOverTheSharedAtTheEnd(t *testing.T) {
	d := updateOf(t, `{}`, `{"UserName":"other"}`)
	seen := standing(desiredOf(t, `{}`))
	seen.User = nil // nobody bears the new name
	plan, err := planEnsure(d, seen, memory{})
	require.NoError(t, err)
	stages := texts(plan)
	require.Len(t, stages, 4)
	assert.Equal(t, []string{"+ create user other"}, stages[0])
	assert.Contains(t, stages[1], "+ make an access key of user other and store it in secret redis-cloud/access-key")
	assert.Equal(t, []string{"? prove that AWS accepts the new access key of user other"}, stages[2])
	assert.Len(t, stages[3], 6, "all but the user are shared")
	for _, step := range stages[3] {
		assert.Contains(t, step, "set redis-cloud-iam:owner")
	}
}

func TestARollbackOfARenameMovesTheLabelBackToTheFirstKey(t *testing.T) {
	first, second := desiredOf(t, `{}`), desiredOf(t, `{"UserName":"other"}`)
	d := updateOf(t, `{"UserName":"other"}`, `{}`)
	seen := standing(second)
	seen.User = standing(first).User
	one, two := newRecord("AKIAAAAAAAAAAAAAAAA1", first.Spec).versionID(), newRecord("AKIAAAAAAAAAAAAAAAA2", second.Spec).versionID()
	seen.Secret.Versions = map[string][]string{one: {previous}, two: {current}}
	plan, err := planEnsure(d, seen, memory{})
	require.NoError(t, err)
	assert.Equal(t, "AKIAAAAAAAAAAAAAAAA1", plan.keyID)
	assert.Contains(t, plan.Stages[0], MoveCurrent{"redis-cloud/access-key", two, one})
	for _, stage := range plan.Stages {
		for _, step := range stage {
			_, makes := step.(MakeKey)
			assert.False(t, makes, step)
		}
	}
}

func TestAnotherConsoleRoleNeedsAnotherSecretValueAndSoAnotherKey(t *testing.T) {
	d := updateOf(t, `{}`, `{"ConsoleRoleName":"other"}`)
	seen := standing(desiredOf(t, `{}`))
	seen.ConsoleRole = nil
	plan, err := planEnsure(d, seen, memory{})
	require.NoError(t, err)
	assert.Contains(t, plan.Stages[1], MakeKey{"redislabs-user", "redis-cloud/access-key", 1, false})
}

func TestConflictsAreAllNamedAtOnceWithTheirOwners(t *testing.T) {
	d := desiredOf(t, `{}`)
	seen := standing(d)
	theirs := map[string]string{tagOwner: "redis-cloud-iam-00000000000000000000000000000000", tagStack: "arn:aws:cloudformation:eu-west-1:123456789012:stack/theirs/1"}
	seen.User.Tags, seen.InstancePolicy.Tags = theirs, theirs
	seen.Profile.Tags = nil
	seen.Secret.Tags, seen.Secret.Deleted = nil, time.Now()
	seen.ConsoleRole.Name = "RedisLabs-Role"
	_, err := planEnsure(d, seen, memory{})
	conflict := &ConflictError{}
	require.ErrorAs(t, err, &conflict)
	assert.Len(t, conflict.Conflicts, 5)
	for _, part := range []string{
		"user redislabs-user is owned by stack arn:aws:cloudformation:eu-west-1:123456789012:stack/theirs/1",
		"policy RedisLabsInstanceRolePolicy is owned by stack",
		"instance profile redislabs-cluster-node-role exists and was not made by a stack of this kind",
		"secret redis-cloud/access-key exists", "scheduled for deletion", "force-delete-without-recovery",
		"role redislabs-role exists as RedisLabs-Role",
		"UserName", "InstancePolicyName", "InstanceRoleName", "AccessKeySecretName", "ConsoleRoleName",
	} {
		assert.ErrorContains(t, err, part)
	}
}

func TestANameThatChangesInCaseAloneIsRefused(t *testing.T) {
	d := updateOf(t, `{}`, `{"UserName":"RedisLabs-User"}`)
	seen := standing(desiredOf(t, `{}`))
	seen.User = nil // as AWS may answer for the other spelling
	_, err := planEnsure(d, seen, memory{})
	require.ErrorAs(t, err, new(*InvalidError))
	assert.ErrorContains(t, err, "UserName")
}
