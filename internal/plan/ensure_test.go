package plan

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/spec"
)

const (
	stack   = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
	another = "arn:aws:cloudformation:us-east-1:123456789012:stack/another/9d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"

	keyA = "AKIAAAAAAAAAAAAAAAAA"
	keyB = "AKIABBBBBBBBBBBBBBBB"
	keyC = "AKIACCCCCCCCCCCCCCCC"
)

// The observation is of the present, and the keys were made and used long ago.
var (
	longAgo = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	present = longAgo.AddDate(1, 0, 0)
)

// desired is what a Create with the properties asks for.
func desired(t testing.TB, properties string) Desired {
	t.Helper()
	account, err := spec.ParseStackID(stack)
	require.NoError(t, err)
	parsed, err := spec.Parse([]byte(properties), account)
	require.NoError(t, err)
	return Desired{Spec: parsed, Account: account, Stack: stack, Owner: spec.ID(stack, "RedisCloudIAM", []byte(properties))}
}

// updated is what an Update to the properties asks for.
func updated(t testing.TB, properties string) Desired {
	t.Helper()
	d := desired(t, properties)
	d.Update = true
	return d
}

func version(id string, serial int) string { return Record{id, serial}.VersionID() }

// unused is an active key that was never used.
func unused(id string) Key { return Key{ID: id, Active: true, Created: longAgo, UseKnown: true} }

// used is one that was used so long before the present.
func used(id string, before time.Duration, service string) Key {
	key := unused(id)
	key.LastUsed, key.UsedFor = present.Add(-before), service
	return key
}

// standing is an account in which all that is desired stands, with the key that the secret holds.
// All of it was read again, so nothing is in doubt.
func standing(d Desired) *Observed {
	seen := &Observed{At: present}
	for _, slot := range Slots() {
		if !d.Has(slot) {
			continue
		}
		want, ref := d.Wanted(slot), slot.Ref(d.Spec.Names)
		kinds := map[Kind]string{Policy: "policy", Role: "role", Profile: "instance-profile", Person: "user"}
		entity := &Entity{
			Ref: ref, ARN: d.Account.IAMARN(kinds[ref.Kind], ref.Name), Description: want.Description, Document: want.Document,
			Boundary: want.Boundary, Attached: want.Attached, KmsKeyID: want.KmsKeyID,
		}
		entity.SetTags(want.Tags)
		seen.Put(slot, entity)
	}
	for slot := range seen.reads {
		seen.reads[slot] = 2
	}
	made := Record{keyA, d.Spec.AccessKeySerial}
	user, secret := seen.In(User), seen.In(KeySecret)
	user.Keys = []Key{unused(keyA)}
	user.tag(MadeKeys([]Record{made}))
	secret.Versions = map[string][]string{made.VersionID(): {Current}}
	return seen
}

func (e *Entity) tag(tags map[string]string) {
	for key, value := range tags {
		with := maps.Clone(e.Tags)
		if with == nil {
			with = map[string]string{}
		}
		with[key] = value
		e.SetTags(with)
	}
}

// ensured is the plan of a Create or an Update that nothing forbids.
func ensured(t testing.TB, d Desired, seen *Observed) Plan {
	t.Helper()
	plan, err := Ensure(d, seen)
	require.NoError(t, err)
	return plan
}

func texts(p Plan) [][]string {
	var stages [][]string
	for _, stage := range p.Stages {
		var steps []string
		for _, step := range stage {
			steps = append(steps, Effect(step)+" "+step.String())
		}
		stages = append(stages, steps)
	}
	return stages
}

// flat are the steps without their stages.
func flat(p Plan) (steps []string) {
	for _, stage := range texts(p) {
		steps = append(steps, stage...)
	}
	return steps
}

func TestEmptyAccountGetsEverythingInThreeStages(t *testing.T) {
	assert.Equal(t, [][]string{
		{
			"+ create policy RedisLabsInstanceRolePolicy",
			"+ create role redislabs-cluster-node-role",
			"+ create instance profile redislabs-cluster-node-role",
			"+ create policy RedislabsIAMUserRestrictedPolicy",
			"+ create user redislabs-user",
			"+ create role redislabs-role",
		},
		{
			"+ attach policy RedisLabsInstanceRolePolicy to role redislabs-cluster-node-role",
			"+ add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role",
			"+ attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user",
			"+ attach policy RedislabsIAMUserRestrictedPolicy to role redislabs-role",
			"+ make an access key of user redislabs-user and store it in the new secret redis-cloud/access-key",
		},
		{"? prove that AWS accepts the new access key of user redislabs-user"},
	}, texts(ensured(t, desired(t, `{}`), &Observed{At: present})))
}

func TestWhatStandsIsLeftAlone(t *testing.T) {
	d := desired(t, `{"Tags":["a=b"],"PermissionsBoundary":"arn:aws:iam::123456789012:policy/b","KmsKeyId":"alias/k","SecretReaders":["arn:aws:iam::111111111111:root"]}`)
	plan := ensured(t, d, standing(d))
	assert.True(t, plan.Empty(), texts(plan))
	assert.Equal(t, keyA, plan.KeyID)
}

func TestEveryDriftIsRepairedInPlace(t *testing.T) {
	rows := map[string]struct {
		drift func(*Observed)
		steps []string
	}{
		"policy document": {
			func(o *Observed) { o.In(UserPolicy).Document = `{"Version":"2012-10-17","Statement":[]}` },
			[]string{"~ give policy RedislabsIAMUserRestrictedPolicy a new default version"},
		},
		"five versions of a policy": {
			func(o *Observed) {
				o.In(InstancePolicy).Document, o.In(InstancePolicy).OtherVersions = "", []string{"v3", "v4", "v7", "v11"}
			},
			[]string{"~ give policy RedisLabsInstanceRolePolicy a new default version, in place of v3"},
		},
		"trust policy": {
			func(o *Observed) {
				o.In(ConsoleRole).Document = strings.ReplaceAll(o.In(ConsoleRole).Document, "true", "false")
			},
			[]string{"~ replace the trust policy of role redislabs-role"},
		},
		"description": {
			func(o *Observed) { o.In(InstanceRole).Description = "mine" },
			[]string{"~ change the description of role redislabs-cluster-node-role"},
		},
		"detached policies": {
			func(o *Observed) { o.In(User).Attached, o.In(InstanceRole).Attached = nil, nil },
			[]string{
				"+ attach policy RedisLabsInstanceRolePolicy to role redislabs-cluster-node-role",
				"+ attach policy RedislabsIAMUserRestrictedPolicy to user redislabs-user",
			},
		},
		"another role in the profile": {
			func(o *Observed) { o.In(InstanceProfile).Attached = []string{"other"} },
			[]string{
				"- remove role other from instance profile redislabs-cluster-node-role",
				"+ add role redislabs-cluster-node-role to instance profile redislabs-cluster-node-role",
			},
		},
		"tags": {
			func(o *Observed) {
				o.In(User).tag(map[string]string{spec.TagUsedBy: "me"})
				delete(o.In(KeySecret).Tags, tagStack)
				o.In(InstanceProfile).tag(map[string]string{"theirs": "stays"})
			},
			[]string{"~ tag user redislabs-user: set UsedBy", "~ tag secret redis-cloud/access-key: set redis-cloud-iam:stack"},
		},
		"boundary": {
			func(o *Observed) { o.In(User).Boundary = "arn:aws:iam::123456789012:policy/theirs" },
			[]string{"~ remove the permissions boundary of user redislabs-user"},
		},
		"a secret's description and key": {
			func(o *Observed) {
				o.In(KeySecret).Description, o.In(KeySecret).KmsKeyID = "", "arn:aws:kms:us-east-1:123456789012:key/1"
			},
			[]string{"~ change the description or key of secret redis-cloud/access-key"},
		},
		"a secret that is scheduled for deletion": {
			func(o *Observed) { o.In(KeySecret).Deleted = present },
			[]string{"~ restore secret redis-cloud/access-key, which was scheduled for deletion"},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{}`)
			seen := standing(d)
			row.drift(seen)
			assert.Equal(t, row.steps, flat(ensured(t, d, seen)))
		})
	}
}

func TestTagsOfAnEarlierValueGoAndThoseOfOthersStay(t *testing.T) {
	seen := standing(desired(t, `{"Tags":{"old":"1","kept":"1"}}`))
	seen.In(User).tag(map[string]string{"theirs": "x"})
	plan := ensured(t, updated(t, `{"Tags":{"kept":"2"}}`), seen)
	require.Len(t, plan.Stages, 1)
	assert.Len(t, plan.Stages[0], 7, "a step for each entity")
	for _, step := range plan.Stages[0] {
		tag, ok := step.(Tag)
		require.True(t, ok)
		assert.Equal(t, []string{"old"}, tag.Unset)
		assert.Equal(t, "2", tag.Set["kept"])
	}
}

// A policy that people wrote may be written otherwise, and says the same.
func TestDocumentsAreTheSameHoweverTheyAreWritten(t *testing.T) {
	const written = `{"Statement":[{"Action":["a","b"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
	for name, same := range map[string]string{
		"white space":            `{ "Statement": [{"Action":["a","b"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}] }`,
		"the order of keys":      `{"Statement":[{"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}},"Action":["a","b"]}]}`,
		"the order of a list":    `{"Statement":[{"Action":["b","a"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`,
		"one in place of a list": `{"Statement":{"Action":["a","b"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":["true"]}}}}`,
		"a boolean":              `{"Statement":[{"Action":["a","b"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}}]}`,
	} {
		assert.True(t, SameDocument(written, same), name)
	}
	for name, other := range map[string]string{
		"another value": `{"Statement":[{"Action":["a","b"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`,
		"malformed":     `{`,
	} {
		assert.False(t, SameDocument(written, other), name)
	}
}

func TestConflictsAreAllNamedAtOnceWithTheirOwners(t *testing.T) {
	d := desired(t, `{}`)
	seen := standing(d)
	for _, slot := range []Slot{User, InstancePolicy} {
		seen.In(slot).SetTags(map[string]string{tagOwner: "redis-cloud-iam-00000000000000000000000000000000", tagStack: another})
	}
	seen.In(InstanceProfile).SetTags(nil)
	seen.In(KeySecret).SetTags(nil)
	seen.In(KeySecret).Deleted = present
	seen.In(ConsoleRole).Name = "RedisLabs-Role"
	seen.In(InstanceRole).Description = "mine"
	plan, err := Ensure(d, seen)
	conflict := &spec.RefusedError{}
	require.ErrorAs(t, err, &conflict)
	assert.Len(t, conflict.Reasons, 5)
	assert.Equal(t, []string{"~ change the description of role redislabs-cluster-node-role"}, flat(plan), "the rest is planned beside it")
	for _, part := range []string{
		"user redislabs-user is owned by stack " + another,
		"policy RedisLabsInstanceRolePolicy is owned by stack",
		"instance profile redislabs-cluster-node-role exists, and no stack owns it",
		"secret redis-cloud/access-key exists", "scheduled for deletion", "force-delete-without-recovery",
		"role redislabs-role exists as RedisLabs-Role",
		"UserName", "InstancePolicyName", "InstanceRoleName", "AccessKeySecretName", "ConsoleRoleName",
		"set ExistingEntities to Adopt", "set ExistingEntities to its ARN",
	} {
		assert.ErrorContains(t, err, part)
	}
}

// One step makes an entity the owner's, marks it as adopted, and remembers what it had.
func TestAdoptionMarksInTheStepThatOwns(t *testing.T) {
	for _, properties := range []string{`{"ExistingEntities":"Adopt"}`, `{"ExistingEntities":"` + another + `"}`} {
		d := desired(t, properties)
		seen := standing(d)
		for _, slot := range Slots() {
			if entity := seen.In(slot); entity != nil {
				delete(entity.Tags, tagOwner)
				delete(entity.Tags, tagStack)
				if d.Spec.AdoptStack != "" {
					entity.tag(map[string]string{tagOwner: "redis-cloud-iam-00000000000000000000000000000000", tagStack: another})
				}
				entity.SetTags(entity.Tags)
			}
		}
		plan := ensured(t, d, seen)
		stages := texts(plan)
		require.Len(t, stages, 1)
		assert.Len(t, stages[0], 7)
		for _, step := range stages[0] {
			assert.Contains(t, step, "set redis-cloud-iam:adopted")
			assert.Contains(t, step, "redis-cloud-iam:owner, redis-cloud-iam:stack")
		}
		assert.Contains(t, stages[0], "~ tag user redislabs-user: set redis-cloud-iam:adopted, redis-cloud-iam:kept, redis-cloud-iam:owner, redis-cloud-iam:stack")
	}
}

func TestNewerEventStopsAnOlderOne(t *testing.T) {
	d := desired(t, `{}`)
	seen := standing(d)
	seen.In(User).tag(map[string]string{tagEvent: "2024-02-29T12:00:01Z"})
	d.Event = longAgo
	_, err := Ensure(d, seen)
	require.ErrorAs(t, err, new(*NewerError))
	_, err = Clear(Removal{Desired: d}, seen)
	require.ErrorAs(t, err, new(*NewerError))

	d.Event = longAgo.Add(time.Second)
	assert.True(t, ensured(t, d, seen).Empty(), "the newest one may come again")
	d.Event = longAgo.Add(time.Minute)
	plan := ensured(t, d, seen)
	assert.Equal(t, []string{"~ tag user redislabs-user: set redis-cloud-iam:event"}, flat(plan))
}

func TestConsolePassword(t *testing.T) {
	const stored = PasswordPrefix + "0123456789abcdef01234567"
	rows := map[string]struct {
		seen  func(user, secret *Entity)
		steps []string
	}{
		"stored, set and named": {
			func(user, _ *Entity) { user.Login = true },
			nil,
		},
		"not set": {
			func(user, _ *Entity) { delete(user.Tags, TagPassword); user.SetTags(user.Tags) },
			[]string{"+ make a console password of user redislabs-user and store it in secret redis-cloud/console-password"},
		},
		"set and not named": {
			func(user, _ *Entity) { user.Login = true; delete(user.Tags, TagPassword); user.SetTags(user.Tags) },
			[]string{"+ make a console password of user redislabs-user and store it in secret redis-cloud/console-password, in place of the one that it has"},
		},
		"changed out of band": {
			func(user, secret *Entity) {
				user.Login = true
				secret.Versions = map[string][]string{stored: {Previous}, "theirs": {Current}}
			},
			[]string{"~ move AWSCURRENT of secret redis-cloud/console-password to version " + stored},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := desired(t, `{"ConsoleLogin":"true"}`)
			seen := standing(d)
			user, secret := seen.In(User), seen.In(ConsoleSecret)
			user.tag(map[string]string{TagPassword: stored})
			secret.Versions = map[string][]string{stored: {Current}}
			row.seen(user, secret)
			assert.Equal(t, row.steps, flat(ensured(t, d, seen)))
		})
	}
}
