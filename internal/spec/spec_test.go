package spec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// defaultNames are the names that the vendor's documentation uses.
func defaultNames() Names {
	var names Names
	for _, p := range names.properties() {
		*p.value = p.standard
	}
	return names
}

func TestNoPropertiesMeanTheDefaults(t *testing.T) {
	for _, text := range []string{"", "{}", `{"ServiceToken":"arn:aws:lambda:us-east-1:123456789012:function:f","ServiceTimeout":"60"}`} {
		spec, err := Parse([]byte(text), Account{"aws", "123456789012", "us-east-1"})
		require.NoError(t, err)
		assert.Equal(t, Spec{
			Names: defaultNames(), RedisCloudAccountID: "168085023892", Tags: map[string]string{}, PolicyRevision: "2025-06", AccessKeySerial: 1,
			PreviousAccessKey: KeyActive, Protect: true,
		}, spec)
	}
}

func TestScalarsMayComeAsStringsOrAsThemselves(t *testing.T) {
	account := Account{"aws", "123456789012", "us-east-1"}
	asText, err := Parse([]byte(`{"AccessKeySerial":"1","ConsoleLogin":"false","RedisCloudAccountId":"123456789012","Tags":["a=1","b="]}`), account)
	require.NoError(t, err)
	asSelf, err := Parse([]byte(`{"AccessKeySerial":1,"ConsoleLogin":false,"RedisCloudAccountId":123456789012,"Tags":{"a":1,"b":""}}`), account)
	require.NoError(t, err)
	assert.Equal(t, asText, asSelf)
}

func TestTheLifeOfTheKeyAndOfTheEntitiesIsRead(t *testing.T) {
	spec, err := Parse([]byte(`{"AccessKeySerial":"12","PreviousAccessKey":"Inactive","ConsoleLogin":"true","ExistingEntities":"Adopt",
		"DeletionProtection":"Off","OnDelete":"Retain","KmsKeyId":"alias/mine",
		"SecretReaders":["arn:aws:iam::222222222222:role/path/reader","arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:root"]}`),
		Account{"aws", "123456789012", "us-east-1"})
	require.NoError(t, err)
	assert.Equal(t, Spec{
		Names: defaultNames(), RedisCloudAccountID: "168085023892", Tags: map[string]string{}, PolicyRevision: "2025-06", AccessKeySerial: 12,
		PreviousAccessKey: KeyInactive, ConsoleLogin: true, Adopt: true, Protect: false, Retain: true, KmsKeyID: "alias/mine",
		SecretReaders: []string{"arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:role/path/reader"},
	}, spec)
}

// Its parameter is a CommaDelimitedList, which CloudFormation splits. A template that has the text
// itself passes it whole.
func TestTagsMayBeOneText(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`"a=b,c=d"`:             {"a": "b", "c": "d"},
		`"a=b"`:                 {"a": "b"},
		`" a = b , c=, d=e=f,"`: {"a": "b", "c": "", "d": "e=f"},
		`","`:                   {},
	} {
		spec, err := Parse([]byte(`{"Tags":`+text+`}`), Account{"aws", "123456789012", "us-east-1"})
		require.NoError(t, err, text)
		assert.Equal(t, want, spec.Tags, text)
	}
}

func TestTagsFromAnEmptyCommaDelimitedListAreNone(t *testing.T) {
	for _, text := range []string{`""`, `[""]`, `[]`, `{}`} {
		spec, err := Parse([]byte(`{"Tags":`+text+`}`), Account{"aws", "123456789012", "us-east-1"})
		require.NoError(t, err, text)
		assert.Empty(t, spec.Tags, text)
	}
}

// Every fault has its row: a part of what the message must say. All of them are reported at once.
func TestFaultsNamePropertyFaultAndRemedy(t *testing.T) {
	rows := []struct{ properties, says string }{
		{`{"UserNmae":"x"}`, `"UserNmae": is not a property of this resource; did you mean UserName?`},
		{`{"username":"x"}`, `did you mean UserName?`},
		{`{"Colour":"red"}`, `"Colour": is not a property of this resource; remove it`},
		{`{"UserName":"bad name!"}`, `UserName: "bad name!" is not a name that AWS accepts; use 1 to 64 letters, digits and +=,.@_-`},
		{`{"UserName":""}`, `UserName: is empty`},
		{`{"UserName":null}`, `UserName: must be a name, not null`},
		{`{"UserName":["a"]}`, `UserName: must be a name, not a list`},
		{`{"InstanceRoleName":"` + strings.Repeat("x", 65) + `"}`, `InstanceRoleName: `},
		{`{"AccessKeySecretName":"a b"}`, `use 1 to 512 letters, digits and /_+=.@-`},
		{`{"InstanceRoleName":"A","ConsoleRoleName":"a"}`, `ConsoleRoleName: is the same as InstanceRoleName`},
		{`{"InstancePolicyName":"A","UserPolicyName":"a"}`, `UserPolicyName: is the same as InstancePolicyName`},
		{`{"AccessKeySecretName":"a","ConsolePasswordSecretName":"a"}`, `ConsolePasswordSecretName: is the same as AccessKeySecretName`},
		{`{"RedisCloudAccountId":"12345"}`, `RedisCloudAccountId: "12345" is not the 12 digits`},
		{`{"RedisCloudAccountId":{"a":1}}`, `RedisCloudAccountId: must be a single value, not a map`},
		{`{"PermissionsBoundary":"boundary"}`, `PermissionsBoundary: "boundary" is not the ARN of a managed policy`},
		{`{"PermissionsBoundary":"arn:aws:iam::111111111111:policy/b"}`, `is of account 111111111111`},
		{`{"PermissionsBoundary":["arn:aws:iam::aws:policy/b"]}`, `PermissionsBoundary: has 1 ARNs`},
		{`{"PermissionsBoundary":"arn:aws-cn:iam::aws:policy/b"}`, `is of partition aws-cn`},
		{`{"KmsKeyId":"my key"}`, `KmsKeyId: "my key" is not a KMS key`},
		{`{"KmsKeyId":"arn:aws:kms:eu-west-1:123456789012:key/1"}`, `is of Region eu-west-1`},
		{`{"PolicyRevision":"2021-01"}`, `PolicyRevision: "2021-01" is not one of its values; use 2025-06`},
		{`{"AccessKeySerial":"0"}`, `AccessKeySerial: "0" is not a whole number from 1 to`},
		{`{"AccessKeySerial":"1.5"}`, `AccessKeySerial: "1.5"`},
		{`{"AccessKeySerial":99999999999999999999}`, `AccessKeySerial: "99999999999999999999"`},
		{`{"Tags":["novalue"]}`, `Tags: "novalue" is not of the form key=value`},
		{`{"Tags":"a=1,novalue"}`, `Tags: "novalue" is not of the form key=value`},
		{`{"Tags":{"aws:x":"1"}}`, `begins with aws:`},
		{`{"Tags":{"UsedBy":"me"}}`, `key "UsedBy" is reserved`},
		{`{"Tags":{"redis-cloud-iam:owner":"me"}}`, `is reserved for this resource`},
		{`{"Tags":{"a":"1","A":"2"}}`, `is given twice`},
		{`{"Tags":{"a":"` + strings.Repeat("x", 257) + `"}}`, `the value of "a"`},
		{`{"Tags":{"a":"<"}}`, `the value of "a"`},
		{`{"Tags":{"` + strings.Repeat("x", 129) + `":"1"}}`, `is not one that AWS accepts`},
		{`{"Tags":{"":"1"}}`, `key "" is not one that AWS accepts`},
		{`{"Tags":{"a":["1"]}}`, `must be a single value, not a list`},
		{`{"Tags":{"<":"1"}}`, `key "<" is not one that AWS accepts`},
		{`{"PreviousAccessKey":"Gone"}`, `use Active or Inactive or Deleted`},
		{`{"ConsoleLogin":"yes"}`, `ConsoleLogin: "yes" is not one of its values`},
		{`{"ExistingEntities":"adopt"}`, `use Fail, Adopt, or the ARN of a stack of account 123456789012 that is gone`},
		{`{"DeletionProtection":"true"}`, `use InUse or Off`},
		{`{"OnDelete":"Keep"}`, `use Delete or Retain`},
		{`{"SecretReaders":["arn:aws:iam::111111111111:root"]}`, `SecretReaders: needs a KMS key of your own`},
		{`{"SecretReaders":["arn:aws:iam::111111111111:root"],"KmsKeyId":"alias/aws/secretsmanager"}`, `set KmsKeyId to a key whose policy`},
		{`{"SecretReaders":["*"],"KmsKeyId":"alias/mine"}`, `SecretReaders: "*" is not the ARN of an account, a role or a user`},
		{`{"SecretReaders":["arn:aws:iam::111111111111:role/*"],"KmsKeyId":"alias/mine"}`, `is not the ARN`},
		{`{"SecretReaders":["arn:aws-cn:iam::111111111111:root"],"KmsKeyId":"alias/mine"}`, `is of partition aws-cn`},
		{`{"SecretReaders":{"reader":"arn:aws:iam::111111111111:root"},"KmsKeyId":"alias/mine"}`, `SecretReaders: must be a list`},
		{`{"SecretReaders":"arn:aws:iam::111111111111:root"}`, `SecretReaders: needs a KMS key of your own`},
		{`{"SecretReaders":"arn:aws:iam::111111111111:root, *","KmsKeyId":"alias/mine"}`, `SecretReaders: "*" is not the ARN`},
		{`"text"`, `ResourceProperties: is not a JSON object`},
		{`[1]`, `ResourceProperties: is not a JSON object`},
		{`null`, `ResourceProperties: is not a JSON object`},
	}
	account := Account{"aws", "123456789012", "us-east-1"}
	for _, row := range rows {
		t.Run(row.says, func(t *testing.T) {
			_, err := Parse([]byte(row.properties), account)
			require.ErrorAs(t, err, new(*RefusedError))
			assert.ErrorContains(t, err, row.says)
		})
	}

	_, err := Parse([]byte(`{"UserNmae":"x","UserName":"bad name!","KmsKeyId":"my key","Tags":["novalue"]}`), account)
	invalid := &RefusedError{}
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Reasons, 4)
}

func TestFiftyTagsAreTooMany(t *testing.T) {
	tags := map[string]string{}
	for i := range 48 {
		tags[fmt.Sprintf("k%d", i)] = ""
	}
	text, err := json.Marshal(map[string]any{"Tags": tags})
	require.NoError(t, err)
	_, err = Parse(text, Account{"aws", "123456789012", "us-east-1"})
	assert.ErrorContains(t, err, "48 tags are more than the 38")
}

func TestBadPropertiesStillGiveTheGoodNames(t *testing.T) {
	spec, err := Parse([]byte(`{"UserName":"bad name!","ConsoleRoleName":"mine","Nonsense":1}`), Account{"aws", "123456789012", "us-east-1"})
	require.Error(t, err)
	assert.Empty(t, spec.User)
	assert.Equal(t, "mine", spec.ConsoleRole)
	assert.Equal(t, defaultNames().InstanceRole, spec.InstanceRole)
}

// The golden test of the ID. It must never be changed: an ID that an upgrade changes replaces the
// entities under a live subscription.
func TestTheIDIsFrozen(t *testing.T) {
	golden := map[string]string{
		``:                     "redis-cloud-iam-4c645705fddf0c7e55f3a5fdcce0f1bb",
		`{}`:                   "redis-cloud-iam-4c645705fddf0c7e55f3a5fdcce0f1bb",
		`{"UserName":"other"}`: "redis-cloud-iam-17ede90ca5d760e1a0ba4f900f361383",
	}
	for properties, id := range golden {
		assert.Equal(t, id, ID(stack, "RedisCloudIAM", []byte(properties)), properties)
	}
}

func TestTheIDDependsOnStackLogicalIDAndReplacementPropertiesAlone(t *testing.T) {
	id := func(properties string) string { return ID(stack, "RedisCloudIAM", []byte(properties)) }
	same := []string{
		`{"UserName":"redislabs-user"}`, `{"Tags":["a=b"],"KmsKeyId":"alias/k","AccessKeySerial":"2"}`,
		`{"Unknown":1}`, `[]`, `"text"`, `{broken`,
	}
	for _, properties := range same {
		assert.Equal(t, id(`{}`), id(properties), properties)
	}
	seen := map[string]string{id(`{}`): `{}`}
	for _, p := range new(Names).properties() {
		properties := `{"` + p.name + `":"other"}`
		assert.NotContains(t, seen, id(properties), properties)
		seen[id(properties)] = properties
	}
	assert.NotContains(t, seen, ID(stack, "Other", []byte(`{}`)))
	assert.NotContains(t, seen, ID(stack+"1", "RedisCloudIAM", []byte(`{}`)))
	assert.NotEqual(t, id(`{"UserName":["a"]}`), id(`{}`), "malformed values count too")
}

func TestStackIDsAreParsed(t *testing.T) {
	account, err := ParseStackID("arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/a/b")
	require.NoError(t, err)
	assert.Equal(t, Account{"aws-us-gov", "123456789012", "us-gov-west-1"}, account)
	for _, bad := range []string{"", "stack", "arn:aws:s3:::bucket", "arn:aws:cloudformation:us-east-1:1:stack/a/b", "arn:aws:cloudformation:us-east-1:123456789012:stack/a"} {
		_, err := ParseStackID(bad)
		assert.Error(t, err, bad)
	}
}

func TestKMSKeysAreTheSameByWhateverName(t *testing.T) {
	account := Account{"aws", "123456789012", "us-east-1"}
	const own, theirs = "arn:aws:kms:us-east-1:123456789012:", "arn:aws:kms:us-east-1:222222222222:"
	for _, same := range [][2]string{
		{"", "alias/aws/secretsmanager"}, {"", own + "alias/aws/secretsmanager"}, {"alias/a", own + "alias/a"}, {"1234abcd", own + "key/1234abcd"}, {theirs + "key/1234abcd", theirs + "key/1234abcd"},
	} {
		assert.True(t, account.SameKMSKey(same[0], same[1]), same)
	}
	for _, different := range [][2]string{{"alias/a", theirs + "alias/a"}, {own + "alias/a", theirs + "alias/a"}, {"1234abcd", theirs + "key/1234abcd"}, {"alias/a", ""}} {
		assert.False(t, account.SameKMSKey(different[0], different[1]), different)
	}
}

func TestExistingEntitiesTakesTheARNOfAStackOfTheAccount(t *testing.T) {
	account := Account{"aws", "123456789012", "us-east-1"}
	for _, arn := range []string{stack, strings.Replace(stack, "us-east-1", "eu-west-1", 1)} {
		spec, err := Parse([]byte(`{"ExistingEntities":"`+arn+`"}`), account)
		require.NoError(t, err, "IAM is global, so a stack of another Region may have left its entities")
		assert.True(t, spec.Adopt)
		assert.Equal(t, arn, spec.AdoptStack)
	}
	for _, bad := range []string{strings.Replace(stack, "123456789012", "111111111111", 1), strings.Replace(stack, "arn:aws:", "arn:aws-cn:", 1), "arn:aws:s3:::bucket"} {
		_, err := Parse([]byte(`{"ExistingEntities":"`+bad+`"}`), account)
		assert.ErrorContains(t, err, "ExistingEntities", bad)
	}
}

func TestConsolePagesFollowThePartition(t *testing.T) {
	assert.Equal(t, "https://123456789012.signin.aws.amazon.com/console", Account{"aws", "123456789012", "us-east-1"}.SignInURL())
	assert.Equal(t, "https://123456789012.signin.amazonaws-us-gov.com/console", Account{"aws-us-gov", "123456789012", "us-gov-west-1"}.SignInURL())
	assert.Equal(t, "https://123456789012.signin.amazonaws-eusc.eu/console", Account{"aws-eusc", "123456789012", "eusc-de-east-1"}.SignInURL())
	assert.Equal(t, "https://123456789012.signin.c2shome.ic.gov/console", Account{"aws-iso", "123456789012", "us-iso-east-1"}.SignInURL())
	assert.Equal(t, "https://eusc-de-east-1.console.amazonaws-eusc.eu/secretsmanager/secret?name=a&region=eusc-de-east-1", Account{"aws-eusc", "123456789012", "eusc-de-east-1"}.SecretURL("a"))
	assert.Equal(t, "https://123456789012.signin.amazonaws.cn/console", Account{"aws-cn", "123456789012", "cn-north-1"}.SignInURL())
	assert.Equal(t, "https://eu-west-1.console.aws.amazon.com/secretsmanager/secret?name=a%2Fb&region=eu-west-1", Account{"aws", "123456789012", "eu-west-1"}.SecretURL("a/b"))
}

const stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"

func TestNamesThatAWSRefusesAreNotCalledTheSame(t *testing.T) {
	_, err := Parse([]byte(`{"InstancePolicyName":"a b","UserPolicyName":"c d","InstanceRoleName":"a b","ConsoleRoleName":"c d",
		"AccessKeySecretName":"a b","ConsolePasswordSecretName":"c d"}`), Account{"aws", "123456789012", "us-east-1"})
	require.ErrorContains(t, err, "a name that AWS accepts")
	assert.NotContains(t, err.Error(), "is the same as")
}
