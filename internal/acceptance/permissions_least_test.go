package acceptance

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

// deployment is the template in an account, with parameters that have the names of the properties.
type deployment struct {
	name       string
	options    localaws.Options
	properties map[string]any
}

// deployments are those for which the role is proven least. A parameter on which a policy depends
// joins with each of its sides.
func deployments() []deployment {
	names := map[string]any{
		"InstancePolicyName": "Nodes,may=1", "InstanceRoleName": "nodes+role.1", "UserPolicyName": "redis@may", "UserName": "redis_user-2",
		"ConsoleRoleName": "staff", "AccessKeySecretName": "team/redis/key", "ConsolePasswordSecretName": "team/redis/password",
	}
	tags := []any{"team=data", "env=test"}
	gov := localaws.Options{Partition: "aws-us-gov", Region: "us-gov-west-1", AccountID: "210987654321"}
	all := maps.Clone(names)
	maps.Copy(all, map[string]any{
		"Tags": tags, "PermissionsBoundary": "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",
		"KmsKeyId": "arn:aws-us-gov:kms:us-gov-west-1:210987654321:key/0f0e0d0c-1111-2222-3333-444455556666", "ConsoleLogin": "true",
		"SecretReaders": []any{"arn:aws-us-gov:iam::222222222222:root", "arn:aws-us-gov:iam::222222222222:role/reader"},
	})
	return []deployment{
		{"the defaults", localaws.Options{}, nil},
		{"other names", localaws.Options{}, names},
		{"another Region", localaws.Options{Region: "eu-central-1"}, nil},
		{"AWS GovCloud (US)", gov, nil},
		{"China", localaws.Options{Partition: "aws-cn", Region: "cn-north-1"}, nil},
		{"a permissions boundary", localaws.Options{}, map[string]any{"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}},
		{"a KMS key", localaws.Options{}, map[string]any{"KmsKeyId": kmsKey}},
		{"readers", localaws.Options{}, map[string]any{"KmsKeyId": kmsKey, "SecretReaders": []any{"arn:aws:iam::222222222222:root"}}},
		{"a console password", localaws.Options{}, map[string]any{"ConsoleLogin": "true"}},
		{"tags", localaws.Options{}, map[string]any{"Tags": tags}},
		{"adoption", localaws.Options{}, map[string]any{"ExistingEntities": "Adopt"}},
		{"adoption, with a console password", localaws.Options{}, map[string]any{"ExistingEntities": "Adopt", "ConsoleLogin": "true"}},
		{"all of it", gov, all},
	}
}

// TestTheRoleIsTheLeast: for every deployment the function needs each action that the role allows,
// on each resource. What it needs is what it asks for in its life, as told in
// permissions_life_test.go, and nothing else in the role allows. That the role allows all that it
// asks for is checked there and in every other story, by the world itself.
func TestTheRoleIsTheLeast(t *testing.T) {
	for _, d := range deployments() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				lived, retained, refused := newLife(t, d), newLife(t, d), newLife(t, d)
				lived.play()
				retained.playToBeRetained()
				refused.playAmongStrangers()
				undone := newLife(t, d)
				if d.properties["ExistingEntities"] == "Adopt" && undone.spec.ConsoleLogin {
					undone.undoesAnAdoption()
				}

				role := lived.roleOf(lived.stack, json.RawMessage(lived.properties(nil)))
				isLeast(t, role, &lived.role, &retained.role, &refused.role, &undone.role)
			})
		})
	}
}

// isLeast fails the test where a role allows what nothing of all that was asked needs.
func isLeast(t *testing.T, role *bookedRole, lives ...*heldRole) {
	t.Helper()
	used, needed := map[grant]bool{}, map[grant]bool{}
	for _, life := range lives {
		for _, request := range life.asked {
			grants := role.allowing(request)
			for _, grant := range grants {
				used[grant] = true
				needed[grant] = needed[grant] || len(grants) == 1
			}
		}
	}
	for _, grant := range role.grants() {
		switch {
		case needed[grant], grant.Sid == "WriteOwnLogs": // which Lambda does, in the function's name
		case used[grant]:
			t.Errorf("template.yaml: allowed twice: %s\ntake it out, or tell in a life of the function what it alone is for", grant)
		default:
			t.Errorf("template.yaml: allowed but never used: %s\ntake it out, or tell in a life of the function what it is for", grant)
		}
	}
}

// Wildcards stand where IAM forces them, and nowhere else. No statement reads a secret.
func TestNothingIsAllowedOnEverything(t *testing.T) {
	wider := []string{
		"DetachThesePoliciesFromGroups", "DetachThesePoliciesFromRoles", "DetachThesePoliciesFromUsers",
		"ReadInstanceProfile", "ReadRoles", "ReadUser",
	}
	for _, d := range deployments() {
		life := newLife(t, d)
		var found []string
		for _, grant := range life.roleOf(life.stack, json.RawMessage(life.properties(nil))).grants() {
			assert.NotEqual(t, "secretsmanager:GetSecretValue", grant.Action)
			assert.NotEqual(t, "secretsmanager:BatchGetSecretValue", grant.Action)
			if grant.Sid == "WriteOwnLogs" {
				assert.Equal(t, "ProvisionerLogGroup.Arn", grant.Resource)
				continue
			}
			assert.Regexp(t, `^arn:`+life.account.Partition+`:(iam:|secretsmanager:`+life.account.Region+`|kms:`+life.account.Region+`):`+life.account.ID+`:[a-z-]+[:/]`, grant.Resource)
			if strings.Contains(grant.Resource, "*") && !slices.Contains(found, grant.Sid) {
				found = append(found, grant.Sid)
			}
		}
		slices.Sort(found)
		assert.Equal(t, wider, found, d.name)
	}
}

// The role has room for its policies with the longest names, also while an update changes all of
// them.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html.
func TestTheRoleFitsIntoIAMsQuotas(t *testing.T) {
	template := readTemplate(t)
	roleOf := func(letter string) *bookedRole {
		properties := map[string]any{"ConsoleLogin": "true", "SecretReaders": []any{"arn:aws-us-gov:iam::222222222222:root"}}
		for name, before := range map[string]string{
			"InstancePolicyName": "", "UserPolicyName": "", "InstanceRoleName": "", "ConsoleRoleName": "", "UserName": "", "AccessKeySecretName": "", "ConsolePasswordSecretName": "",
			"PermissionsBoundary": "arn:aws-us-gov:iam::210987654321:policy/", "KmsKeyId": "arn:aws-us-gov:kms:us-gov-west-1:210987654321:key/",
		} {
			match := regexp.MustCompile(`\{1,(\d+)\}\$$`).FindStringSubmatch(template.Parameters[name].AllowedPattern)
			require.NotNil(t, match, "the longest %s", name)
			most, err := strconv.Atoi(match[1])
			require.NoError(t, err)
			properties[name] = before + name[:1] + strings.Repeat(letter, most-1)
		}
		life := &life{
			world: &world{T: t}, given: properties,
			stack: "arn:aws-us-gov:cloudformation:us-gov-west-1:210987654321:stack/" + strings.Repeat("s", 128) + "/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10",
		}
		return life.roleOf(life.stack, json.RawMessage(life.properties(nil)))
	}
	attached := 0
	for _, policy := range roleOf("a").during(roleOf("b").templateRole) {
		assert.LessOrEqual(t, len(policy.Document), 6144, "the characters of %s", policy.LogicalID)
		assert.LessOrEqual(t, len(policy.Description), 1000, "the characters of the description of %s", policy.LogicalID)
		if policy.Description != "" { // a managed one
			attached++
		}
	}
	assert.LessOrEqual(t, attached, 10, "managed policies of the role")
}

// newLife is a world for a deployment.
func newLife(t *testing.T, d deployment) *life {
	t.Helper()
	l := &life{world: newWorld(t, localaws.New(d.options)), given: d.properties}
	l.stack = strings.NewReplacer(
		":aws:", ":"+cmp.Or(d.options.Partition, "aws")+":", ":us-east-1:", ":"+cmp.Or(d.options.Region, "us-east-1")+":",
		"123456789012", cmp.Or(d.options.AccountID, "123456789012"),
	).Replace(stack)
	var err error
	l.account, err = spec.ParseStackID(l.stack)
	require.NoError(t, err)
	l.spec, err = spec.Parse([]byte(l.properties(nil)), l.account)
	require.NoError(t, err)
	return l
}
