package acceptance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/iampolicy"
	"redis-cloud-iam/internal/intrinsics"
	"redis-cloud-iam/internal/spec"
)

// policySample is a template with each form of policy that template.yaml has.
const policySample = `
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

func roleOf(t *testing.T, text string, stack intrinsics.Stack) templateRole {
	t.Helper()
	template, err := intrinsics.Parse([]byte(text))
	require.NoError(t, err)
	role, err := readRole(template, "Role", stack)
	require.NoError(t, err)
	return role
}

func here(parameters map[string]string) intrinsics.Stack {
	return intrinsics.Stack{Account: spec.Account{Partition: "aws-cn", Region: "cn-north-1", ID: "1"}, Parameters: parameters}
}

// asks is a request with condition keys in pairs: name and value.
func asks(action, resource string, keys ...string) iampolicy.Request {
	q := iampolicy.Request{Action: action, Resource: resource, Keys: map[string]string{}}
	for i := 0; i < len(keys); i += 2 {
		q.Keys[keys[i]] = keys[i+1]
	}
	return q
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
	template, err := intrinsics.Parse([]byte(policySample + second))
	require.NoError(t, err)
	stack := here(map[string]string{"Boundary": "bound"})
	role, err := readRole(template, "Second", stack)
	require.NoError(t, err)
	assert.Equal(t, []grant{{"Seconds", "Own", "iam:GetRole", "x"}, {"Seconds", "Sub", "iam:GetRole", "b/redis"}}, role.grants())
	assert.Equal(t, roleOf(t, policySample, stack), roleOf(t, policySample+second, stack), "the first one is as it was")

	without, err := readRole(template, "Second", here(nil))
	require.NoError(t, err)
	assert.Empty(t, without, "a role that the stack does not have")
}

func TestARoleHasThePoliciesThatTheParametersGiveIt(t *testing.T) {
	log := grant{"Role/logs", "Log", "logs:PutLogEvents", "Log.Arn"}
	attach := []grant{
		{"Users", "Attach", "iam:AttachUserPolicy", "arn:aws:iam::1:user/*"},
		{"Users", "Attach", "iam:AttachUserPolicy", "arn:aws:iam::1:team/user-??"},
	}
	assert.Equal(t, append([]grant{log, {"Users", "Users", "iam:CreateUser", "arn:aws-cn:iam::1:user/redis"}}, attach...),
		roleOf(t, policySample, here(nil)).grants(), "the defaults")

	role := roleOf(t, policySample, here(map[string]string{"Name": "other", "Boundary": "bound", "Tags": "a,b"}))
	assert.Equal(t, append([]grant{
		log,
		{"Sure", "One", "iam:GetUser", "x.cn-north-1.amazonaws.com.cn"},
		{"Sure", "Two", "iam:GetUser", "two"},
		{"Tagging", "Tag", "iam:TagUser", "b"},
		{"Users", "Users", "iam:CreateUser", "arn:aws-cn:iam::1:user/other"},
		{"Users", "Users", "iam:PutUserPermissionsBoundary", "arn:aws-cn:iam::1:user/other"},
	}, attach...), role.grants())
	assert.Equal(t, "for other", role[3].Description)
	assert.Contains(t, role[3].Document, `"Condition":{"StringEquals":{"iam:PermissionsBoundary":"bound"}}`)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Tag","Effect":"Allow","Action":"iam:TagUser","Resource":"b"}]}`, role[2].Document)
	assert.Equal(t, "iam:TagUser on b (Sid Tag of Tagging)", role.grants()[3].String())
}

func TestARequestIsAllowedByAGrantWhoseActionResourceAndConditionsFit(t *testing.T) {
	role := roleOf(t, policySample, here(nil))
	attach := func(resource string, keys ...string) iampolicy.Request {
		return asks("iam:AttachUserPolicy", resource, keys...)
	}
	for _, row := range []struct {
		what string
		q    iampolicy.Request
		want int
	}{
		{"as it stands", asks("iam:CreateUser", "arn:aws-cn:iam::1:user/redis"), 1},
		{"another action", asks("iam:DeleteUser", "arn:aws-cn:iam::1:user/redis"), 0},
		{"another user", asks("iam:CreateUser", "arn:aws-cn:iam::1:user/redis2"), 0},
		{"no resource", asks("iam:CreateUser", ""), 0},
		{"a wildcard", attach("arn:aws:iam::1:user/a/b", "iam:PolicyARN", "arn:aws:iam::1:policy/b", "iam:PermissionsBoundary", "some"), 1},
		{"nothing for the wildcard", attach("arn:aws:iam::1:user/", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 1},
		{"two characters", attach("arn:aws:iam::1:team/user-ab", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 1},
		{"three characters", attach("arn:aws:iam::1:team/user-abc", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 0},
		{"beside the wildcard", attach("arn:aws:iam::1:user", "iam:PolicyARN", "arn:aws:iam::1:policy/a", "iam:PermissionsBoundary", "some"), 0},
		{"another policy", attach("arn:aws:iam::1:user/a", "iam:PolicyARN", "arn:aws:iam::1:policy/c", "iam:PermissionsBoundary", "some"), 0},
		{"one of two conditions", attach("arn:aws:iam::1:user/a", "iam:PolicyARN", "arn:aws:iam::1:policy/a"), 0},
		{"no conditions", attach("arn:aws:iam::1:user/a"), 0},
	} {
		assert.Len(t, role.allowing(row.q), row.want, row.what)
	}
}

func TestWhatIsDeniedIsNotAllowed(t *testing.T) {
	denying := strings.Replace(policySample, "              - {Sid: Log,", `              - Sid: Never
                Effect: Deny
                Action: "iam:Create*"
                NotResource: "arn:aws-cn:iam::1:user/redis"
              - {Sid: Log,`, 1)
	parameters := map[string]string{"Name": "other"}
	q := asks("iam:CreateUser", "arn:aws-cn:iam::1:user/other")
	role := roleOf(t, denying, here(parameters))
	assert.Equal(t, roleOf(t, policySample, here(parameters)).grants(), role.grants(), "a denial is no grant")
	assert.Len(t, roleOf(t, policySample, here(parameters)).allowing(q), 1)
	assert.Empty(t, role.allowing(q))
	assert.Len(t, roleOf(t, denying, here(nil)).allowing(asks("iam:CreateUser", "arn:aws-cn:iam::1:user/redis")), 1)
}

func TestAnUpdateRunsWithTheFormerPoliciesToo(t *testing.T) {
	former := roleOf(t, policySample, here(map[string]string{"Boundary": "bound", "Tags": "a,b"}))
	ids := func(r templateRole) (ids []string) {
		for _, p := range r {
			ids = append(ids, p.LogicalID)
		}
		return ids
	}
	inPlace := roleOf(t, policySample, here(map[string]string{"Boundary": "other", "Tags": "a,b"}))
	assert.Equal(t, inPlace, inPlace.during(former), "a policy whose description is the same changes in place")
	renamed := roleOf(t, policySample, here(map[string]string{"Name": "other"}))
	during := renamed.during(former)
	assert.Equal(t, []string{"Role/logs", "Users", "Sure", "Tagging", "Users"}, ids(during))
	assert.Len(t, during.allowing(asks("iam:CreateUser", "arn:aws-cn:iam::1:user/other")), 1)
	old := asks("iam:CreateUser", "arn:aws-cn:iam::1:user/redis", "iam:PermissionsBoundary", "bound")
	assert.Len(t, during.allowing(old), 1)
	assert.Empty(t, renamed.allowing(old))
}

// A managed policy that is attached to nothing is a permissions boundary.
func TestABoundaryGrantsNothing(t *testing.T) {
	parameters := map[string]string{"Boundary": "bound", "Tags": "a,b"}
	without := strings.Replace(policySample, "Description: for tags\n      Roles: [!Ref Role]", "Description: for tags", 1)
	for _, grant := range roleOf(t, without, here(parameters)).grants() {
		assert.NotEqual(t, "Tagging", grant.Policy)
	}
	template, err := intrinsics.Parse([]byte(without))
	require.NoError(t, err)
	document, err := readBoundary(template, "Tagging", here(parameters))
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Tag","Effect":"Allow","Action":"iam:TagUser","Resource":"b"}]}`, document)
}

// What is not known must not be passed over.
func TestWhatIsNotKnownIsAnError(t *testing.T) {
	for _, row := range []struct{ old, new, says string }{
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
		{`!Select [1, !Ref Tags]`, `!Sub "${!Name}"`, "policy variables"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: a, Condition: {StringEquals: {a: "${aws:username}"}}`, "policy variables"},
		{`Resource: !Select [1, !Ref Tags]`, `Resource: a, Condition: {IpAddress: {a: b}}`, "operator IpAddress is not known here"},
		{"Description: for tags", "Description: for tags\n      Users: [a]", "Users is not known here"},
		{"Description: for tags\n      Roles: [!Ref Role]", "Description: for tags\n      Roles: [!Ref Role, other]", "it is not a policy of one role of the template alone"},
		{"Description: for tags\n      Roles: [!Ref Role]", "Description: for tags\n      Roles: []", "it is not a policy of one role of the template alone"},
		{"      AssumeRolePolicyDocument: {}", "      ManagedPolicyArns: [a]", "ManagedPolicyArns is not known here"},
		{"      AssumeRolePolicyDocument: {}\n      Policies:", "      Policies:\n        - {PolicyName: x, PolicyDocument: {Version: 2008-10-17, Statement: {Sid: a, Effect: Allow, Action: y, Resource: z}}}", "version 2008-10-17"},
		{"      AssumeRolePolicyDocument: {}\n      Policies:", "      Policies:\n        - {PolicyName: x, PolicyDocument: {Version: 2012-10-17, Statement: []}}", "Syntax errors"},
		{"  Log:\n    Type: AWS::Logs::LogGroup", "  Log:\n    Type: AWS::IAM::RolePolicy", "AWS::IAM::RolePolicy is not known here"},
		{"  Role:\n    Type: AWS::IAM::Role", "  Role:\n    Type: AWS::IAM::User", "the template has no role Role"},
	} {
		require.Contains(t, policySample, row.old)
		template, err := intrinsics.Parse([]byte(strings.Replace(policySample, row.old, row.new, 1)))
		if err == nil {
			_, err = readRole(template, "Role", here(map[string]string{"Boundary": "bound", "Tags": "a,b"}))
		}
		require.ErrorContains(t, err, row.says)
	}
	template, err := intrinsics.Parse([]byte(policySample))
	require.NoError(t, err)
	_, err = readRole(template, "Role", here(map[string]string{"Title": "x"}))
	require.ErrorContains(t, err, "the template has no parameter Title")
}
