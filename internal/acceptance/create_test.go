package acceptance

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// policies is where the vendor's two policies are.
const policies = "../../internal/spec/policies/"

func TestCreateMakesTheVendorsPolicies(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		for name, file := range map[string]string{nodePolicy: "instance-policy.json", userPolicy: "user-policy.json"} {
			text, err := os.ReadFile(policies + "2025-06/" + file)
			require.NoError(t, err)
			document := strings.NewReplacer("{{partition}}", "aws", "{{instanceRoleName}}", nodeRole).Replace(string(text))
			version, err := w.iam.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: aws.String(policyARN + name), VersionId: aws.String("v1")})
			require.NoError(t, err)
			decoded, err := url.PathUnescape(aws.ToString(version.PolicyVersion.Document))
			require.NoError(t, err)
			assert.JSONEq(t, document, decoded)
		}
	})
}

func TestCreateMakesBothRolesAndTheInstanceProfile(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		for role, trust := range map[string]string{
			nodeRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			consoleRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::168085023892:root"},
				"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`,
		} {
			made, err := w.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &role})
			require.NoError(t, err)
			decoded, err := url.PathUnescape(aws.ToString(made.Role.AssumeRolePolicyDocument))
			require.NoError(t, err)
			assert.JSONEq(t, trust, decoded)
			assert.Contains(t, made.Role.Tags, iamtypes.Tag{Key: aws.String("UsedBy"), Value: aws.String("RedisLabs")})
		}
		assert.Equal(t, nodeRole, w.aws.Snapshot().Profiles[nodeRole].Role)
	})
}

func TestCreateStoresTheKeyAndShowsEverythingElse(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		answer := w.create(bare)
		assert.Equal(t, idOf(bare), answer.PhysicalResourceID)
		value := w.stored(keySecret)
		assert.Equal(t, keyIn(answer), value["accessKeyId"])
		assert.Equal(t, user, value["userName"])
		assert.Equal(t, consoleRole, value["iamRoleName"])
		assert.Equal(t, "123456789012", value["accountId"])
		assert.Len(t, value, 5)
		assert.True(t, w.live(value))
		assert.Equal(t, []string{value["accessKeyId"]}, w.keys(user))
		secretARN := answer.Data["AccessKeySecretArn"]
		assert.Contains(t, secretARN, "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-cloud/access-key-")
		assert.Equal(t, map[string]any{
			"AccessKeyId":              value["accessKeyId"],
			"AccessKeySecretArn":       secretARN,
			"AccessKeySecretUrl":       "https://us-east-1.console.aws.amazon.com/secretsmanager/secret?name=redis-cloud%2Faccess-key&region=us-east-1",
			"ConsoleUsername":          "",
			"ConsolePasswordSecretArn": "",
			"ConsolePasswordSecretUrl": "",
			"SignInLoginUrl":           "https://123456789012.signin.aws.amazon.com/console",
			"ConsoleRoleName":          consoleRole,
			"ConsoleRoleArn":           "arn:aws:iam::123456789012:role/redislabs-role",
			"InstanceRoleArn":          "arn:aws:iam::123456789012:role/redislabs-cluster-node-role",
			"InstanceProfileArn":       "arn:aws:iam::123456789012:instance-profile/redislabs-cluster-node-role",
			"InstancePolicyArn":        "arn:aws:iam::123456789012:policy/RedisLabsInstanceRolePolicy",
			"UserArn":                  "arn:aws:iam::123456789012:user/redislabs-user",
			"UserPolicyArn":            "arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy",
			"PolicyRevision":           "2025-06",
		}, answer.Data)
	})
}

func TestCreateTakesFiveRoundTrips(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		assert.Equal(t, 5*latency, w.took)
		assert.Equal(t, 5, localaws.RoundTrips(w.calls))
		assert.Len(t, w.calls, 23)
	})
}

func TestRepeatedCreateChangesNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		before := w.aws.Snapshot()
		second := w.create(bare)
		assert.Equal(t, first.PhysicalResourceID, second.PhysicalResourceID)
		assert.Equal(t, first.Data, second.Data)
		assert.Equal(t, before, w.aws.Snapshot())
		w.isStill()
	})
}
