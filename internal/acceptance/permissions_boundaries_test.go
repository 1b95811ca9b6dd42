package acceptance

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/spec"
)

// projectTemplate is template.yaml, with changes to it in pairs: what is there, and what replaces it.
func projectTemplate(t *testing.T, changes ...string) *intrinsics.Template {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	changed := string(text)
	for i := 0; i < len(changes); i += 2 {
		require.Contains(t, changed, changes[i])
		changed = strings.Replace(changed, changes[i], changes[i+1], 1)
	}
	template, err := intrinsics.Parse([]byte(changed))
	require.NoError(t, err)
	return template
}

// boundaryStacks are stacks whose boundaries must say what the policies say.
func boundaryStacks() map[string]intrinsics.Stack {
	names := map[string]string{"InstanceRoleName": "nodes+role,1=a@b.c", "UserName": "somebody", "InstancePolicyName": "nodes"}
	return map[string]intrinsics.Stack{
		"the defaults":      {Account: spec.Account{Partition: "aws", Region: "us-east-1", ID: "123456789012"}},
		"other names":       {Account: spec.Account{Partition: "aws", Region: "us-east-1", ID: "123456789012"}, Parameters: names},
		"AWS GovCloud (US)": {Account: spec.Account{Partition: "aws-us-gov", Region: "us-gov-west-1", ID: "210987654321"}},
		"China":             {Account: spec.Account{Partition: "aws-cn", Region: "cn-north-1", ID: "123456789012"}, Parameters: names},
	}
}

// unlikeThePolicies are the boundaries of a template that do not say what the policies say.
func unlikeThePolicies(t *testing.T, template *intrinsics.Template, stack intrinsics.Stack) (found []string) {
	t.Helper()
	properties, err := json.Marshal(stack.Parameters)
	require.NoError(t, err)
	if stack.Parameters == nil {
		properties = []byte(`{}`)
	}
	wanted, err := spec.Parse(properties, stack.Account)
	require.NoError(t, err)
	for id, policy := range map[string]string{
		"InstanceBoundary": wanted.InstancePolicyDocument(stack.Account), "UserBoundary": wanted.UserPolicyDocument(stack.Account),
	} {
		document, err := readBoundary(template, id, stack)
		require.NoError(t, err)
		require.NotEmpty(t, document)
		assert.LessOrEqual(t, len(document), 6144, "IAM takes no longer policy than that: %s", id)
		var have, want struct {
			Version   string
			Statement []json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(document), &have))
		require.NoError(t, json.Unmarshal([]byte(policy), &want))
		require.Equal(t, want.Version, have.Version)
		require.Greater(t, len(want.Statement), 4)
		for i, statement := range want.Statement {
			if i >= len(have.Statement) || !sameJSON(t, statement, have.Statement[i]) {
				found = append(found, id+": "+string(statement))
			}
		}
		if len(have.Statement) > len(want.Statement) {
			found = append(found, id+" has more statements")
		}
	}
	return found
}

func sameJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	var one, other any
	require.NoError(t, json.Unmarshal(a, &one))
	require.NoError(t, json.Unmarshal(b, &other))
	return assert.ObjectsAreEqual(one, other)
}

// Redis asks SimulatePrincipalPolicy, which takes boundaries into account. With these it must see
// what it would see without them.
func TestTheBoundariesSayWhatThePoliciesSay(t *testing.T) {
	for name, stack := range boundaryStacks() {
		assert.Empty(t, unlikeThePolicies(t, projectTemplate(t), stack), name)
	}
}

func TestABoundaryThatDiffersIsSeen(t *testing.T) {
	for _, change := range [][2]string{
		{`"ec2:DescribeRegions", "ec2:DescribeSecurityGroups"`, `"ec2:DescribeSecurityGroups"`},
		{`role/${InstanceRoleName}"` + "\n          - Sid: CreateEC2Resources", `role/redislabs"` + "\n          - Sid: CreateEC2Resources"},
		{`user/${!aws:username}`, `user/*`},
		{`Action: ["iam:PassRole"]`, `Action: ["iam:PassRole", "iam:GetRole"]`},
		{`          - Sid: DescribeKMSKeys`, "          - {Sid: More, Effect: Allow, Action: \"*\", Resource: \"*\"}\n          - Sid: DescribeKMSKeys"},
		{`{"Null": {"aws:RequestTag`, `{Bool: {"aws:RequestTag`},
	} {
		stack := boundaryStacks()["other names"]
		assert.NotEmpty(t, unlikeThePolicies(t, projectTemplate(t, change[0], change[1]), stack), change[1])
	}
}

func TestAnOrganizationsBoundaryTakesThePlaceOfTheStacks(t *testing.T) {
	stack := boundaryStacks()["the defaults"]
	stack.Parameters = map[string]string{"PermissionsBoundary": "arn:aws:iam::123456789012:policy/ceiling"}
	for _, id := range []string{"InstanceBoundary", "UserBoundary"} {
		document, err := readBoundary(projectTemplate(t), id, stack)
		require.NoError(t, err)
		assert.Empty(t, document)
	}
	_, err := readBoundary(projectTemplate(t), "ProvisionerRole", stack)
	require.ErrorContains(t, err, "no managed policy ProvisionerRole")
}
