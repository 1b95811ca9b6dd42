package iampolicy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse(text)
	require.NoError(t, err, text)
	return d
}

// one is a document of one statement.
func one(elements string) string {
	return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
}

const user = "arn:aws:iam::123456789012:user/redis"

func TestActionsAndResources(t *testing.T) {
	for _, row := range []struct {
		statement string
		q         Request
		want      Decision
	}{
		{`"Effect":"Allow","Action":"iam:GetUser","Resource":"*"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":"IAM:get*","Resource":"*"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":["iam:GetRole","iam:Get?ser"],"Resource":"*"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":"iam:GetUser","Resource":"*"`, Request{"iam:GetUsers", user, nil}, NotAllowed},
		{`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`, Request{"iam:GetUser", user, nil}, NotAllowed},
		{`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`, Request{"ec2:RunInstances", "", nil}, Allowed},
		{`"Effect":"Allow","Action":"*","Resource":"` + user + `"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":"*","Resource":"` + user + `"`, Request{"iam:ListUsers", "", nil}, NotAllowed},
		{`"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/re*s"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/re*sx"`, Request{"iam:GetUser", user, nil}, NotAllowed},
		{`"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/*di?"`, Request{"iam:GetUser", user, nil}, Allowed},
		{`"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/Redis"`, Request{"iam:GetUser", user, nil}, NotAllowed},
		{`"Effect":"Allow","Action":"*","NotResource":"` + user + `"`, Request{"iam:GetUser", user, nil}, NotAllowed},
		{`"Effect":"Allow","Action":"*","NotResource":"` + user + `"`, Request{"iam:GetUser", user + "2", nil}, Allowed},
		{`"Effect":"Deny","Action":"*","Resource":"*"`, Request{"iam:GetUser", user, nil}, Denied},
	} {
		assert.Equal(t, row.want, Decide(row.q, parse(t, one(row.statement))), row.statement)
	}
}

func TestAnExplicitDenyWins(t *testing.T) {
	everything := parse(t, one(`"Effect":"Allow","Action":"*","Resource":"*"`))
	secrets := parse(t, one(`"Effect":"Deny","Action":"secretsmanager:*GetSecretValue","Resource":"*"`))
	read := Request{"secretsmanager:BatchGetSecretValue", "", nil}
	assert.Equal(t, Allowed, Decide(read, everything))
	assert.Equal(t, Denied, Decide(read, everything, secrets))
	assert.Equal(t, Denied, Decide(read, secrets, everything))
	assert.Equal(t, NotAllowed, Decide(read))
}

func TestConditions(t *testing.T) {
	for _, row := range []struct {
		condition, key, value string // a value of "-" is a key that the request does not have
		want                  bool
	}{
		{`"StringEquals":{"ec2:ResourceTag/R":"vpc"}`, "ec2:ResourceTag/R", "vpc", true},
		{`"StringEquals":{"ec2:ResourceTag/R":["x","vpc"]}`, "ec2:ResourceTag/R", "vpc", true},
		{`"StringEquals":{"EC2:resourcetag/R":"vpc"}`, "ec2:ResourceTag/R", "vpc", true},
		{`"StringEquals":{"a:k":"v*"}`, "a:k", "vpc", false},
		{`"StringEquals":{"a:k":"v${*}"}`, "a:k", "v*", true},
		{`"StringEquals":{"a:k":"VPC"}`, "a:k", "vpc", false},
		{`"StringEquals":{"a:k":"vpc"}`, "a:k", "-", false},
		{`"StringEqualsIfExists":{"a:k":"vpc"}`, "a:k", "-", true},
		{`"StringEqualsIfExists":{"a:k":"vpc"}`, "a:k", "x", false},
		{`"StringEqualsIgnoreCase":{"a:k":"VPC"}`, "a:k", "vpc", true},
		{`"StringNotEquals":{"a:k":["a","b"]}`, "a:k", "b", false},
		{`"StringNotEquals":{"a:k":["a","b"]}`, "a:k", "c", true},
		{`"StringNotEquals":{"a:k":"a"}`, "a:k", "-", true},
		{`"StringLike":{"iam:AWSServiceName":"transit*.amazonaws.com"}`, "iam:AWSServiceName", "transitgateway.amazonaws.com", true},
		{`"StringLike":{"a:k":"v${*}"}`, "a:k", "vpc", false},
		{`"StringLike":{"a:k":"h?llo"}`, "a:k", "hüllo", true},
		{`"StringNotLike":{"a:k":"v*"}`, "a:k", "vpc", false},
		{`"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::*:policy/r*"}`, "iam:PolicyARN", "arn:aws:iam::1:policy/redis", true},
		{`"ArnLike":{"a:k":"arn:aws:*:policy/r"}`, "a:k", "arn:aws:iam::1:policy/r", false},
		{`"ArnNotEquals":{"a:k":"arn:aws:iam::1:policy/r"}`, "a:k", "arn:aws:iam::1:policy/r", false},
		{`"Bool":{"kms:GrantIsForAWSResource":true}`, "kms:GrantIsForAWSResource", "true", true},
		{`"Bool":{"a:k":"true"}`, "a:k", "false", false},
		{`"Bool":{"a:k":"false"}`, "a:k", "-", false},
		{`"Null":{"aws:RequestTag/R":"true"}`, "aws:RequestTag/R", "-", true},
		{`"Null":{"a:k":true}`, "a:k", "x", false},
		{`"Null":{"a:k":"false"}`, "a:k", "x", true},
		{`"Null":{"a:k":"false"}`, "a:k", "-", false},
		{`"StringEquals":{"a:k":"vpc"},"Bool":{"a:other":"true"}`, "a:k", "vpc", false},
	} {
		keys := map[string]string{row.key: row.value}
		if row.value == "-" {
			keys = nil
		}
		d := parse(t, one(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+row.condition+`}`))
		assert.Equal(t, row.want, Decide(Request{"ec2:RunInstances", "", keys}, d) == Allowed, "%+v", row)
		assert.Empty(t, d.Statements[0].Undecidable())
	}
}

func TestWhatCannotBeDecidedNeverPermits(t *testing.T) {
	q := Request{"ec2:RunInstances", "", map[string]string{"a:k": "1"}}
	for _, condition := range []string{
		`"NumericEquals":{"a:k":"1"}`, `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`,
		`"ForAnyValue:StringEquals":{"a:k":"1"}`, `"DateLessThanIfExists":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}`,
	} {
		rest := `,"Action":"*","Resource":"*","Condition":{` + condition + `}`
		allow, deny := parse(t, one(`"Effect":"Allow"`+rest)), parse(t, one(`"Effect":"Deny"`+rest))
		assert.Equal(t, NotAllowed, Decide(q, allow), condition)
		assert.Equal(t, Denied, Decide(q, deny), condition)
		assert.Len(t, allow.Statements[0].Undecidable(), 1)
	}
}

func TestPolicyVariables(t *testing.T) {
	q := Request{"iam:GetUser", user, map[string]string{"aws:username": "redis"}}
	statement := func(resource string) string {
		return `"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/` + resource + `"`
	}
	for resource, want := range map[string]Decision{
		"${aws:username}":           Allowed,
		"${AWS:UserName}":           Allowed,
		"${aws:userid}":             NotAllowed,
		"${aws:userid, 'redis'}":    Allowed,
		"${*}":                      NotAllowed,
		"${aws:username":            NotAllowed,
		"${aws:username}/${aws:id}": NotAllowed,
	} {
		assert.Equal(t, want, Decide(q, parse(t, one(statement(resource)))), resource)
	}
	for _, rest := range []string{
		`"Action":"*","NotResource":"arn:aws:iam::*:user/${aws:userid}"`,
		`"Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:username":"${aws:userid}"}}`,
	} {
		assert.Equal(t, NotAllowed, Decide(q, parse(t, one(`"Effect":"Allow",`+rest))), "cannot be decided")
		assert.Equal(t, Denied, Decide(q, parse(t, one(`"Effect":"Deny",`+rest))))
	}
	old := parse(t, `{"Statement":{`+statement("${aws:username}")+`}}`)
	assert.Equal(t, NotAllowed, Decide(q, old), "before version 2012-10-17 a variable is a text")
	named := Request{"iam:GetUser", "arn:aws:iam::123456789012:user/aws:username", q.Keys}
	assert.Equal(t, NotAllowed, Decide(named, parse(t, one(statement("${aws:username")))), "what is not closed is a text")
	q.Keys["aws:username"] = "*"
	assert.Equal(t, NotAllowed, Decide(q, parse(t, one(statement("${aws:username}")))), "a value is no pattern")
}

func TestTheGrammar(t *testing.T) {
	d := parse(t, `{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"S","Effect":"Allow","Principal":{"AWS":["1","2"],"Service":"s"},"Action":"a:b"}}`)
	assert.Equal(t, "x", d.ID)
	assert.Equal(t, Principals{"AWS": {"1", "2"}, "Service": {"s"}}, d.Statements[0].Principal)
	assert.Nil(t, d.Statements[0].Resource)
	assert.Equal(t, Principals{"*": {"*"}}, parse(t, one(`"Principal":"*"`)).Statements[0].Principal)
	for _, text := range []string{
		``, `{`, `[]`, ` {}`, `{}`, `{"Statement":[]}`, `{"Statement":"x"}`, `{"Statement":[{"Because":"x"}]}`,
		`{"Statement":[{"action":"x"}]}`, `{"Comment":"x","Statement":[{}]}`, `{"Version":"2013-10-17","Statement":[{}]}`,
		`{"Statement":[{"Action":{}}]}`, `{"Statement":[{"Condition":{"Bool":{"a:k":{}}}}]}`, `{"Statement":[{"Principal":1}]}`,
	} {
		_, err := Parse(text)
		assert.Error(t, err, text)
	}
}

func TestALiteralMatchesItselfAlone(t *testing.T) {
	for _, text := range []string{"", "*", "?", "a*b?c", "**", escape, escape + "*"} {
		assert.True(t, match("*", text))
		assert.True(t, match(literal(text), text))
		assert.False(t, match(literal(text), text+"x"))
	}
	assert.False(t, match(literal("a*"), "ab"))
	assert.False(t, match(escape, ""))
}
