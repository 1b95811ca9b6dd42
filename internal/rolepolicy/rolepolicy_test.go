package rolepolicy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sample = `
Parameters:
  Name: {Type: String, Default: redis, AllowedPattern: "^[a-z]+$"}
  Boundary: {Type: String, Default: ""}
  Tags: {Type: CommaDelimitedList, Default: ""}
Conditions:
  HasBoundary: !Not [!Equals [!Ref Boundary, ""]]
  HasTags: !Not [!Equals [!Join ["", !Ref Tags], ""]]
  HasBoth: !And [!Condition HasBoundary, !Condition HasTags]
  HasOne: !Or [!Condition HasBoundary, !Condition HasTags]
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {Role: !GetAtt Role.Arn}
  Log:
    Type: AWS::Logs::LogGroup
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: logs
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Sid: Log, Effect: Allow, Action: "logs:PutLogEvents", Resource: !GetAtt Log.Arn}
  Users:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: !Sub "for ${Name}"
      Roles: [!Ref Role]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: Users
            Effect: Allow
            Action:
              - iam:CreateUser
              - !If [HasBoundary, "iam:PutUserPermissionsBoundary", !Ref AWS::NoValue]
            Resource: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${Name}"
            Condition: !If
              - HasBoundary
              - StringEquals:
                  iam:PermissionsBoundary: !Ref Boundary
              - !Ref AWS::NoValue
          - Sid: Attach
            Effect: Allow
            Action: iam:AttachUserPolicy
            Resource: ["arn:aws:iam::1:user/*", "arn:aws:iam::1:team/user-??"]
            Condition:
              ArnEquals:
                iam:PolicyARN: ["arn:aws:iam::1:policy/a", "arn:aws:iam::1:policy/b"]
              StringEquals:
                iam:PermissionsBoundary: some
  Tagging:
    Type: AWS::IAM::ManagedPolicy
    Condition: HasBoth
    Properties:
      Description: for tags
      Roles: [!Ref Role]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Sid: Tag, Effect: Allow, Action: "iam:TagUser", Resource: !Select [1, !Ref Tags]}
  Sure:
    Type: AWS::IAM::ManagedPolicy
    Condition: HasOne
    Properties:
      Description: where there is one
      Roles: [!Ref Role]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - !If
            - HasBoundary
            - Sid: One
              Effect: Allow
              Action: iam:GetUser
              Resource: !Sub "x.${AWS::Region}.${AWS::URLSuffix}"
              Condition: {Bool: {aws:SecureTransport: "true"}}
            - !Ref AWS::NoValue
          - {Sid: Two, Effect: Allow, Action: "iam:GetUser", Resource: two}
`

func roleOf(t *testing.T, text string, stack Stack) Role {
	t.Helper()
	template, err := Parse([]byte(text))
	require.NoError(t, err)
	role, err := template.Role("Role", stack)
	require.NoError(t, err)
	return role
}

func here(parameters map[string]string) Stack {
	return Stack{Partition: "aws-cn", Region: "cn-north-1", AccountID: "1", Parameters: parameters}
}

func TestAnotherRoleOfTheTemplateHasPoliciesOfItsOwn(t *testing.T) {
	const second = `
  Second:
    Type: AWS::IAM::Role
    Condition: HasBoundary
    Properties: {AssumeRolePolicyDocument: {}}
  Seconds:
    Type: AWS::IAM::ManagedPolicy
    Condition: HasBoundary
    Properties:
      Description: for the second
      Roles: [!Ref Second]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Sid: Own, Effect: Allow, Action: "iam:GetRole", Resource: !Select [1, !Split [":", !Join [":", [!Ref Boundary, x]]]]}
          - {Sid: Sub, Effect: Allow, Action: "iam:GetRole", Resource: !Sub ["${Here}/${Name}", {Here: !If [HasTags, a, b]}]}
`
	template, err := Parse([]byte(sample + second))
	require.NoError(t, err)
	stack := here(map[string]string{"Boundary": "bound"})
	role, err := template.Role("Second", stack)
	require.NoError(t, err)
	assert.Equal(t, []Grant{{"Seconds", "Own", "iam:GetRole", "x"}, {"Seconds", "Sub", "iam:GetRole", "b/redis"}}, role.Grants())
	assert.Equal(t, roleOf(t, sample, stack), roleOf(t, sample+second, stack), "the first one is as it was")

	without, err := template.Role("Second", here(nil))
	require.NoError(t, err)
	assert.Empty(t, without, "a role that the stack does not have")
	all, err := template.Resources(here(nil))
	require.NoError(t, err)
	assert.Equal(t, []string{"Function", "Log", "Role", "Users"}, all)
	all, err = template.Resources(stack)
	require.NoError(t, err)
	assert.Equal(t, []string{"Function", "Log", "Role", "Second", "Seconds", "Sure", "Users"}, all)
}

func TestARoleHasThePoliciesThatTheParametersGiveIt(t *testing.T) {
	log := Grant{"Role/logs", "Log", "logs:PutLogEvents", "Log.Arn"}
	attach := []Grant{
		{"Users", "Attach", "iam:AttachUserPolicy", "arn:aws:iam::1:user/*"},
		{"Users", "Attach", "iam:AttachUserPolicy", "arn:aws:iam::1:team/user-??"},
	}
	assert.Equal(t, append([]Grant{log, {"Users", "Users", "iam:CreateUser", "arn:aws-cn:iam::1:user/redis"}}, attach...),
		roleOf(t, sample, here(nil)).Grants(), "the defaults")

	role := roleOf(t, sample, here(map[string]string{"Name": "other", "Boundary": "bound", "Tags": "a,b"}))
	assert.Equal(t, append([]Grant{
		log,
		{"Sure", "One", "iam:GetUser", "x.cn-north-1.amazonaws.com.cn"},
		{"Sure", "Two", "iam:GetUser", "two"},
		{"Tagging", "Tag", "iam:TagUser", "b"},
		{"Users", "Users", "iam:CreateUser", "arn:aws-cn:iam::1:user/other"},
		{"Users", "Users", "iam:PutUserPermissionsBoundary", "arn:aws-cn:iam::1:user/other"},
	}, attach...), role.Grants())
	assert.Equal(t, "for other", role[3].Description)
	assert.Contains(t, role[3].Document, `"Condition":{"StringEquals":{"iam:PermissionsBoundary":"bound"}}`)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Tag","Effect":"Allow","Action":"iam:TagUser","Resource":"b"}]}`, role[2].Document)
	assert.Equal(t, "iam:TagUser on b (Sid Tag of Tagging)", role.Grants()[3].String())
}

func TestARequestIsAllowedByAGrantWhoseActionResourceAndConditionsFit(t *testing.T) {
	role := roleOf(t, sample, here(nil))
	attach := func(resource string, keys ...string) Request {
		q := Request{"iam:AttachUserPolicy", resource, map[string]string{}}
		for i := 0; i < len(keys); i += 2 {
			q.Keys[keys[i]] = keys[i+1]
		}
		return q
	}
	for _, row := range []struct {
		what string
		q    Request
		want int
	}{
		{"as it stands", Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/redis", nil}, 1},
		{"another action", Request{"iam:DeleteUser", "arn:aws-cn:iam::1:user/redis", nil}, 0},
		{"another user", Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/redis2", nil}, 0},
		{"no resource", Request{"iam:CreateUser", "", nil}, 0},
		{"a wildcard", attach("arn:aws:iam::1:user/a/b", "iam:PolicyARN", "arn:aws:iam::1:policy/b", "iam:PermissionsBoundary", "some"), 1},
		{"nothing for the wildcard", attach("arn:aws:iam::1:user/", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 1},
		{"two characters", attach("arn:aws:iam::1:team/user-ab", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 1},
		{"three characters", attach("arn:aws:iam::1:team/user-abc", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 0},
		{"beside the wildcard", attach("arn:aws:iam::1:user", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 0},
		{"another policy", attach("arn:aws:iam::1:user/a", "iam:PolicyARN", "arn:aws:iam::1:policy/c", "iam:PermissionsBoundary", "some"), 0},
		{"one of two conditions", attach("arn:aws:iam::1:user/a", "iam:PolicyARN", "arn:aws:iam::1:policy/a"), 0},
		{"no conditions", attach("arn:aws:iam::1:user/a"), 0},
	} {
		assert.Len(t, role.Allowing(row.q), row.want, row.what)
	}
}

func TestWhatIsDeniedIsNotAllowed(t *testing.T) {
	denying := strings.Replace(sample, "              - {Sid: Log,", `              - Sid: Never
                Effect: Deny
                Action: "iam:Create*"
                NotResource: "arn:aws-cn:iam::1:user/redis"
              - {Sid: Log,`, 1)
	parameters := map[string]string{"Name": "other"}
	q := Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/other", nil}
	role := roleOf(t, denying, here(parameters))
	assert.Equal(t, roleOf(t, sample, here(parameters)).Grants(), role.Grants(), "a denial is no grant")
	assert.Len(t, roleOf(t, sample, here(parameters)).Allowing(q), 1)
	assert.Empty(t, role.Allowing(q))
	assert.Len(t, roleOf(t, denying, here(nil)).Allowing(Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/redis", nil}), 1)
}

func TestAnUpdateRunsWithTheFormerPoliciesToo(t *testing.T) {
	former := roleOf(t, sample, here(map[string]string{"Boundary": "bound", "Tags": "a,b"}))
	ids := func(r Role) (ids []string) {
		for _, p := range r {
			ids = append(ids, p.LogicalID)
		}
		return ids
	}
	inPlace := roleOf(t, sample, here(map[string]string{"Boundary": "other", "Tags": "a,b"}))
	assert.Equal(t, inPlace, inPlace.During(former), "a policy whose description is the same changes in place")
	renamed := roleOf(t, sample, here(map[string]string{"Name": "other"}))
	during := renamed.During(former)
	assert.Equal(t, []string{"Role/logs", "Users", "Sure", "Tagging", "Users"}, ids(during))
	assert.Len(t, during.Allowing(Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/other", nil}), 1)
	old := Request{"iam:CreateUser", "arn:aws-cn:iam::1:user/redis", map[string]string{"iam:PermissionsBoundary": "bound"}}
	assert.Len(t, during.Allowing(old), 1)
	assert.Empty(t, renamed.Allowing(old))
}

// A managed policy that is attached to nothing is a permissions boundary.
func TestABoundaryGrantsNothing(t *testing.T) {
	parameters := map[string]string{"Boundary": "bound", "Tags": "a,b"}
	without := strings.Replace(sample, "Description: for tags\n      Roles: [!Ref Role]", "Description: for tags", 1)
	for _, grant := range roleOf(t, without, here(parameters)).Grants() {
		assert.NotEqual(t, "Tagging", grant.Policy)
	}
	template, err := Parse([]byte(without))
	require.NoError(t, err)
	document, err := template.Boundary("Tagging", here(parameters))
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Tag","Effect":"Allow","Action":"iam:TagUser","Resource":"b"}]}`, document)
}

// What is not known must not be passed over.
func TestWhatIsNotKnownIsAnError(t *testing.T) {
	for _, row := range []struct{ old, new, says string }{
		{`Default: redis, `, ``, "parameter Name has no default"},
		{`Name: {Type`, `Name: [Type`, "read the template"},
		{`Sid: Tag, `, ``, "statement 1 : it has no Sid"},
		{`Effect: Allow, Action: "iam:TagUser"`, `Effect: Permit, Action: "iam:TagUser"`, "resource Tagging: statement 1 Tag: effect \"Permit\""},
		{`Action: "iam:TagUser"`, `NotAction: "iam:TagUser"`, "NotAction is not known here"},
		{`Resource: !Select [1, !Ref Tags]`, `NotResource: a`, "NotResource is not known here"},
		{`Resource: !Select [1, !Ref Tags]`, `Principal: "*", Resource: a`, "a Principal is not known here"},
		{`Action: "iam:TagUser"`, `Action: "iam:Tag*"`, "action iam:Tag* is not the name of one action"},
		{`Action: "iam:TagUser"`, `Action: "*"`, "is not the name of one action"},
		{`Action: "iam:TagUser"`, `Action: {a: b}`, "Syntax errors"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: "user/${aws:username}"`, "policy variables"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: ""`, "a resource is empty"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: [[a]]`, "Syntax errors"},
		{`!Select [1, !Ref Tags]`, `!Select [2, !Ref Tags]`, "there is no item 2"},
		{`!Select [1, !Ref Tags]`, `!FindInMap [a, b, c]`, "Fn::FindInMap"},
		{`!Select [1, !Ref Tags]`, `!ImportValue a`, "Fn::ImportValue"},
		{`!Select [1, !Ref Tags]`, `!Ref Nobody`, "no such parameter or resource: Nobody"},
		{`!Select [1, !Ref Tags]`, `!GetAtt Nobody.Arn`, "no such resource: Nobody.Arn"},
		{`!Select [1, !Ref Tags]`, `!Sub "${Nobody}"`, "no such parameter or resource: Nobody"},
		{`!Select [1, !Ref Tags]`, `!Sub "${!Name}"`, "policy variables"},
		{`!Select [1, !Ref Tags]`, `!Sub "${Tags}"`, "Tags is no text"},
		{`!Select [1, !Ref Tags]`, `!Sub [a, {}, b]`, "only a text is known here"},
		{`!Select [1, !Ref Tags]`, `!If [Nobody, a, b]`, "there is no condition Nobody"},
		{`!Select [1, !Ref Tags]`, `!If [HasTags, a]`, "Fn::If with 2 arguments"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: a, Condition: {StringEquals: {a: "${aws:username}"}}`, "policy variables"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: a, Condition: {IpAddress: {a: b}}`, "operator IpAddress is not known here"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: a, Resource: b`, "Resource stands there twice"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: null`, "neither text nor a list nor a map"},
		{`!And [!Condition HasBoundary, !Condition HasTags]`, `!Equals [!Ref Nobody, ""]`, "no such parameter or resource: Nobody"},
		{`!And [!Condition HasBoundary, !Condition HasTags]`, `!Xor [!Condition HasBoundary]`, "Fn::Xor with 1 arguments"},
		{`!And [!Condition HasBoundary, !Condition HasTags]`, `yes`, "is no condition"},
		{"Description: for tags", "Description: for tags\n      Users: [a]", "Users is not known here"},
		{"Description: for tags\n      Roles: [!Ref Role]", "Description: for tags\n      Roles: [!Ref Role, other]", "it is not a policy of one role of the template alone"},
		{"Description: for tags\n      Roles: [!Ref Role]", "Description: for tags\n      Roles: []", "it is not a policy of one role of the template alone"},
		{"      AssumeRolePolicyDocument: {}", "      ManagedPolicyArns: [a]", "ManagedPolicyArns is not known here"},
		{"      AssumeRolePolicyDocument: {}\n      Policies:", "      Policies:\n        - {PolicyName: x, PolicyDocument: {Version: 2008-10-17, Statement: {Sid: a, Effect: Allow, Action: y, Resource: z}}}", "version 2008-10-17"},
		{"      AssumeRolePolicyDocument: {}\n      Policies:", "      Policies:\n        - {PolicyName: x, PolicyDocument: {Version: 2012-10-17, Statement: []}}", "Syntax errors"},
		{"  Log:\n    Type: AWS::Logs::LogGroup", "  Log:\n    Type: AWS::IAM::RolePolicy", "AWS::IAM::RolePolicy is not known here"},
		{"  Role:\n    Type: AWS::IAM::Role", "  Role:\n    Type: AWS::IAM::User", "the template has no role Role"},
	} {
		require.Contains(t, sample, row.old)
		template, err := Parse([]byte(strings.Replace(sample, row.old, row.new, 1)))
		if err == nil {
			_, err = template.Role("Role", here(map[string]string{"Boundary": "bound", "Tags": "a,b"}))
		}
		require.ErrorContains(t, err, row.says)
	}
	template, err := Parse([]byte(sample))
	require.NoError(t, err)
	assert.Equal(t, "^[a-z]+$", template.AllowedPattern("Name"))
	assert.True(t, template.HasParameter("Name"))
	assert.False(t, template.HasParameter("Title"))
	_, err = template.Role("Role", here(map[string]string{"Title": "x"}))
	require.ErrorContains(t, err, "the template has no parameter Title")
}
