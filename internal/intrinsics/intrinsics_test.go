package intrinsics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/spec"
)

const sample = `
Parameters:
  Name: {Type: String, Default: redis, AllowedPattern: "^[a-z]+$"}
  Days: {Type: Number, Default: 90}
  Boundary: {Type: String, Default: ""}
  Tags: {Type: CommaDelimitedList, Default: ""}
Conditions:
  HasBoundary: !Not [!Equals [!Ref Boundary, ""]]
  HasTags: !Not [!Equals [!Join ["", !Ref Tags], ""]]
  HasBoth: !And [!Condition HasBoundary, !Condition HasTags]
  HasOne: !Or [!Condition HasBoundary, !Condition HasTags]
Resources:
  Bare:
    Type: AWS::Logs::LogGroup
  Bound:
    Type: AWS::Logs::LogGroup
    Condition: HasOne
  Full:
    Type: AWS::Logs::LogGroup
    Condition: HasBoth
    Properties:
      Scalars: [text, 1, true, !Ref Days, !Ref Name]
      Where: !Sub "${AWS::Partition}.${AWS::Region}.${AWS::AccountId}.${AWS::URLSuffix}.${AWS::StackName}"
      Others: [!Ref Bare, !GetAtt Bare.Arn, !Sub "${Bare} ${Bare.Arn} ${!Bare}", {"Ref": Bound}, {"Fn::GetAtt": Bound.Arn}]
      Own: !Sub ["${Here}/${Name}", {Here: !If [HasTags, a, b]}]
      Second: !Select [1, !Split [":", !Join [":", !Ref Tags]]]
      Absent: !Ref AWS::NoValue
      Present: !If [HasBoundary, [!Ref Boundary, !Ref AWS::NoValue], !Ref AWS::NoValue]
      Condition: {Ref: Name}
`

func here(parameters map[string]string) Stack {
	return Stack{
		Account:    spec.Account{Partition: "aws-cn", Region: "cn-north-1", ID: "1"},
		Parameters: parameters,
		References: map[string]string{"Bound": "bound-1", "Bound.Arn": "arn:bound-1", "AWS::StackName": "mine"},
	}
}

func both() map[string]string { return map[string]string{"Boundary": "bound", "Tags": "a,b"} }

func parse(t *testing.T, text string) *Template {
	t.Helper()
	template, err := Parse([]byte(text))
	require.NoError(t, err)
	return template
}

func TestEachFunctionGivesItsValue(t *testing.T) {
	template := parse(t, sample)
	properties, err := template.Properties("Full", here(both()))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"Scalars":   []any{"text", "1", "true", "90", "redis"},
		"Where":     "aws-cn.cn-north-1.1.amazonaws.com.cn.mine",
		"Others":    []any{"Bare", "Bare.Arn", "Bare Bare.Arn ${Bare}", "bound-1", "arn:bound-1"},
		"Own":       "a/redis",
		"Second":    "b",
		"Present":   []any{"bound"},
		"Condition": "redis",
	}, properties)
	properties, err = template.Properties("Bare", here(nil))
	require.NoError(t, err)
	assert.Empty(t, properties)
	assert.Equal(t, "^[a-z]+$", template.Parameters["Name"].AllowedPattern)
}

func TestTheItemsOfAListAreTrimmed(t *testing.T) {
	properties, err := parse(t, sample).Properties("Full", here(map[string]string{"Tags": " a , b b"}))
	require.NoError(t, err)
	assert.Equal(t, "b b", properties["Second"])
}

// Patterns hold for the whole of a value. Those of a list hold for each item.
func TestWhatCloudFormationRefusesIsAFault(t *testing.T) {
	template := parse(t, `
Parameters:
  Must: {Type: String}
  Name: {Type: String, Default: "", AllowedPattern: "a|b"}
  Days: {Type: Number, Default: 3, AllowedValues: [3, 30], ConstraintDescription: Three or thirty.}
  Choice: {Type: String, Default: InUse, AllowedValues: [InUse, "Off"]}
  Tags: {Type: CommaDelimitedList, Default: "", AllowedPattern: "^$|^[a-z]+$"}
`)
	assert.Empty(t, template.ParameterFaults(nil))
	for _, value := range []string{"Name=a", "Name=b", "Days=30", "Choice=Off", "Tags=", "Tags= a , b,", "Must="} {
		name, value, _ := strings.Cut(value, "=")
		assert.Empty(t, template.ParameterFaults(map[string]string{name: value}), "%s=%s", name, value)
	}
	for _, value := range []string{"Name=", "Name=ab", "Name=a\n", "Days=4", "Choice=off", "Tags=a b", "Tags=a,B", "Name=a,b"} {
		name, value, _ := strings.Cut(value, "=")
		assert.Contains(t, template.ParameterFaults(map[string]string{name: value}), name, "%q", value)
	}
	assert.Equal(t, map[string]string{
		"Days": `Days: "4" is not allowed: Three or thirty.`, "Choice": `Choice: "x" is not allowed: use InUse or Off`,
		"Tags": `Tags: "A, B" is not allowed: ^$|^[a-z]+$`, "Nam": `"Nam": is not a parameter of this template; did you mean Name?`,
		"ServiceToken": `"ServiceToken": is not a parameter of this template; remove it`,
	}, template.ParameterFaults(map[string]string{"Days": "4", "Choice": "x", "Tags": "c, A,B", "Nam": "a", "ServiceToken": "y"}))
}

func TestAStackHasTheResourcesWhoseConditionHolds(t *testing.T) {
	for want, parameters := range map[string]map[string]string{
		"Bare": nil, "Bare Bound": {"Tags": "a"}, "Bare Bound Full": both(),
	} {
		ids, err := parse(t, sample).LogicalIDs(here(parameters))
		require.NoError(t, err)
		assert.Equal(t, want, strings.Join(ids, " "))
	}
}

// What is not known must not be passed over.
func TestWhatIsNotKnownIsAnError(t *testing.T) {
	const item, and = `!Select [1, !Split [":", !Join [":", !Ref Tags]]]`, `!And [!Condition HasBoundary, !Condition HasTags]`
	for _, row := range []struct{ old, new, says string }{
		{`Default: redis, `, ``, "parameter Name has no default"},
		{`Default: redis, `, `Default: redis, MaxLength: 9, `, "parameter Name has what is not known here: [MaxLength]"},
		{`Name: {Type`, `Name: [Type`, "read the template"},
		{item, `!Select [2, !Ref Tags]`, "there is no item 2"},
		{item, `!Select [-1, !Ref Tags]`, "there is no item -1"},
		{item, `!Select [x, !Ref Tags]`, "there is no item x"},
		{item, `!Select [0, !Ref Name]`, "redis is no list"},
		{item, `!Join [":", [[a]]]`, "[a] is no text"},
		{item, `!FindInMap [a, b, c]`, "Fn::FindInMap with 3 arguments"},
		{item, `{"Fn::FindInMap": [a, b, c]}`, "Fn::FindInMap with 3 arguments"},
		{item, `!ImportValue a`, "Fn::ImportValue"},
		{item, `!Ref Nobody`, "no such parameter or resource: Nobody"},
		{item, `!Ref AWS::NotificationARNs`, "no such parameter or resource: AWS::NotificationARNs"},
		{item, `!Ref Bare.Arn`, "Fn::Ref with 0 arguments"},
		{item, `!GetAtt Nobody.Arn`, "no such parameter or resource: Nobody.Arn"},
		{item, `!GetAtt Name`, "Fn::GetAtt with 0 arguments"},
		{item, `!GetAtt [Bare, Arn]`, "Fn::GetAtt with 2 arguments"},
		{item, `!Sub "${Nobody}"`, "no such parameter or resource: Nobody"},
		{item, `!Sub "${Tags}"`, "Tags is no text"},
		{item, `!Sub [a, {}, b]`, "Fn::Sub with 3 arguments"},
		{item, `!If [Nobody, a, b]`, "there is no condition Nobody"},
		{item, `!If [HasTags, a]`, "Fn::If with 2 arguments"},
		{item, `!Equals [a, b]`, "Fn::Equals with 2 arguments"},
		{item, `!Condition HasTags`, "Fn::Condition with 0 arguments"},
		{item, `[{a: b, a: c}]`, "a stands there twice"},
		{item, `null`, "neither text nor a list nor a map"},
		{and, `!Equals [!Ref Nobody, ""]`, "no such parameter or resource: Nobody"},
		{and, `!Equals [a, b, c]`, "is no condition"},
		{and, `!Xor [!Condition HasBoundary]`, "Fn::Xor with 1 arguments"},
		{and, `!Not [!Condition HasBoundary, !Condition HasTags]`, "Fn::Not with 2 arguments"},
		{and, `!Or [!Condition HasTags, !Condition Nobody]`, "there is no condition Nobody"},
		{and, `yes`, "yes is no condition"},
	} {
		require.Contains(t, sample, row.old)
		template, err := Parse([]byte(strings.Replace(sample, row.old, row.new, 1)))
		if err == nil {
			_, err = template.LogicalIDs(here(both()))
		}
		if err == nil {
			_, err = template.Properties("Full", here(both()))
		}
		require.ErrorContains(t, err, row.says, row.new)
	}
	_, err := parse(t, sample).Properties("Nobody", here(nil))
	require.ErrorContains(t, err, "the template has no resource Nobody")
}
