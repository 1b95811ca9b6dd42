package localaws

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
)

func TestAPolicyHasAtMostFiveVersions(t *testing.T) {
	arn := aws.String(readUsersARN)
	story(t, func(s teller) {
		made := ask[iam.CreatePolicyOutput](s, &iam.CreatePolicyInput{
			PolicyName: aws.String("read-users"), PolicyDocument: aws.String(readUsers), Description: aws.String("reads"), Tags: tags("a", "b"),
		}).Policy
		assert.Equal(s, readUsersARN, *made.Arn)
		assert.Equal(s, "v1", *made.DefaultVersionId)
		assert.Equal(s, "reads", *ask[iam.GetPolicyOutput](s, &iam.GetPolicyInput{PolicyArn: arn}).Policy.Description)

		version := &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(strings.ReplaceAll(readUsers, "GetUser", "Get User*")), SetAsDefault: true}
		s.refused("MalformedPolicyDocument", version)
		version.PolicyDocument = aws.String(strings.ReplaceAll(readUsers, ":GetUser", ":Get*"))
		for range 4 {
			s.do(version)
		}
		s.refused("LimitExceeded", version)
		s.refused("DeleteConflict", &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v5")})
		s.refused("DeleteConflict", &iam.DeletePolicyInput{PolicyArn: arn})
		s.do(&iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
		s.refused("NoSuchEntity", &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
		version.SetAsDefault = false
		assert.Equal(s, "v6", *ask[iam.CreatePolicyVersionOutput](s, version).PolicyVersion.VersionId, "numbers are not used twice")

		s.do(&iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
		standing := ask[iam.GetPolicyVersionOutput](s, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}).PolicyVersion
		assert.True(s, standing.IsDefaultVersion)
		document, _ := url.PathUnescape(*standing.Document)
		assert.JSONEq(s, readUsers, document)
		for _, v := range ask[iam.ListPolicyVersionsOutput](s, &iam.ListPolicyVersionsInput{PolicyArn: arn}).Versions {
			assert.Nil(s, v.Document)
			if !v.IsDefaultVersion {
				s.do(&iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: v.VersionId})
			}
		}
		s.do(&iam.DeletePolicyInput{PolicyArn: arn})
	})
}

func TestAPolicyInUseIsNotDeleted(t *testing.T) {
	arn := aws.String(readUsersARN)
	story(t, func(s teller) {
		s.do(createPolicy("read-users"), createUser("u"), createRole("r"), &iam.CreateGroupInput{GroupName: aws.String("g")})
		s.do(attachUser("u", *arn), attachRole("r", *arn), &iam.AttachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: arn})
		s.do(&iam.PutUserPermissionsBoundaryInput{UserName: aws.String("u"), PermissionsBoundary: arn})
		s.do(&iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("r"), PermissionsBoundary: aws.String(admin)})
		s.refused("DeleteConflict", &iam.DeletePolicyInput{PolicyArn: arn})

		policy := ask[iam.GetPolicyOutput](s, &iam.GetPolicyInput{PolicyArn: arn}).Policy
		assert.Equal(s, [2]int32{3, 1}, [2]int32{*policy.AttachmentCount, *policy.PermissionsBoundaryUsageCount})

		who := func(in iam.ListEntitiesForPolicyInput) string {
			in.PolicyArn = arn
			out := ask[iam.ListEntitiesForPolicyOutput](s, &in)
			return fmt.Sprint(len(out.PolicyUsers), len(out.PolicyGroups), len(out.PolicyRoles))
		}
		assert.Equal(s, "1 1 1", who(iam.ListEntitiesForPolicyInput{}))
		assert.Equal(s, "1 0 0", who(iam.ListEntitiesForPolicyInput{PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsBoundary}))
		assert.Equal(s, "1 1 1", who(iam.ListEntitiesForPolicyInput{PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsPolicy}))

		assert.Equal(s, []string{*arn}, s.account.Snapshot().Groups["g"].Attached)
		s.do(&iam.DetachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: arn})
		s.refused("NoSuchEntity", &iam.DetachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: arn})
	})
}

func TestPoliciesAreListedByScope(t *testing.T) {
	story(t, func(s teller) {
		s.do(createPolicy("read-users"), createUser("u"), attachUser("u", admin))
		names := func(in iam.ListPoliciesInput) (names []string) {
			for _, p := range ask[iam.ListPoliciesOutput](s, &in).Policies {
				assert.Nil(s, p.Description)
				assert.Nil(s, p.Tags)
				names = append(names, *p.PolicyName)
			}
			return names
		}
		assert.Equal(s, []string{"read-users"}, names(iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal}))
		assert.Equal(s, []string{"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"}, names(iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeAws}))
		assert.Len(s, names(iam.ListPoliciesInput{}), 4)
	})
}

func TestThePoliciesOfAWSAreNotOurs(t *testing.T) {
	arn := aws.String(admin)
	story(t, func(s teller) {
		for _, in := range []any{
			&iam.DeletePolicyInput{PolicyArn: arn},
			&iam.TagPolicyInput{PolicyArn: arn, Tags: tags("a", "b")},
			&iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(readUsers)},
			&iam.DeletePolicyInput{PolicyArn: aws.String("arn:aws:iam::210987654321:policy/theirs")},
		} {
			s.refused("AccessDenied", in)
		}
	})
}

func TestPolicyDocumentsAreChecked(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	good := map[string]string{
		"as it is":         readUsers,
		"without version":  `{"Statement":{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::x"}}`,
		"with conditions":  statement(`{"Effect":"Deny","Action":["ec2:RunInstances"],"Resource":["*"],"Condition":{"Null":{"aws:RequestTag/RedisLabsIdentifier":true},"ForAnyValue:StringLikeIfExists":{"iam:AWSServiceName":["a","b"]}}}`),
		"with white space": "{\n\t\"Statement\" : { \"Effect\" : \"Allow\" , \"Action\" : \"*\" , \"Resource\" : \"*\" } }\n",
	}
	bad := map[string]string{
		"not JSON":                "{",
		"leading white space":     " " + readUsers,
		"a list":                  "[]",
		"no statement":            `{"Version":"2012-10-17"}`,
		"an empty list":           statement(``),
		"an unknown version":      strings.Replace(readUsers, "2012", "2013", 1),
		"an unknown key":          `{"Version":"2012-10-17","Comment":"x","Statement":[]}`,
		"an unknown element":      statement(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Because":"x"}`),
		"a misspelt element":      statement(`{"Effect":"Allow","action":"iam:*","Resource":"*"}`),
		"no effect":               statement(`{"Action":"iam:*","Resource":"*"}`),
		"a small effect":          statement(`{"Effect":"allow","Action":"iam:*","Resource":"*"}`),
		"no action":               statement(`{"Effect":"Allow","Resource":"*"}`),
		"no resource":             statement(`{"Effect":"Allow","Action":"iam:*"}`),
		"both actions":            statement(`{"Effect":"Allow","Action":"iam:*","NotAction":"iam:*","Resource":"*"}`),
		"an action of no service": statement(`{"Effect":"Allow","Action":"GetUser","Resource":"*"}`),
		"a resource that is none": statement(`{"Effect":"Allow","Action":"iam:*","Resource":"user/redis"}`),
		"another partition":       statement(`{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws-cn:iam::*:user/x"}`),
		"a principal":             statement(`{"Effect":"Allow","Principal":"*","Action":"iam:*","Resource":"*"}`),
		"a Sid with a space":      statement(`{"Sid":"a b","Effect":"Allow","Action":"iam:*","Resource":"*"}`),
		"the same Sid twice":      statement(`{"Sid":"a","Effect":"Allow","Action":"iam:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"iam:*","Resource":"*"}`),
		"a condition's list":      statement(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:x":{"no":1}}}}`),
	}
	story(t, func(s teller) {
		s.do(createUser("u"), createRole("r"))
		for what, document := range good {
			s.Log(what)
			s.do(&iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: &document})
		}
		for what, document := range bad {
			s.Log(what)
			s.refused("MalformedPolicyDocument", &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: &document})
			s.refused("MalformedPolicyDocument", &iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: &document})
			s.refused("MalformedPolicyDocument", &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: &document})
		}
		s.refused("ValidationError", &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Ω":1}`)})
	})
}

func TestPolicySizesCountNoWhiteSpace(t *testing.T) {
	sized := func(n int) *string {
		empty := `{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/"}}`
		return aws.String(strings.Replace(empty, `user/`, `user/`+strings.Repeat("u", n-len(empty)), 1) + strings.Repeat(" \n", 500))
	}
	story(t, func(s teller) {
		s.do(createUser("u"), createRole("r"))
		s.do(&iam.CreatePolicyInput{PolicyName: aws.String("fits"), PolicyDocument: sized(6144)})
		s.refused("LimitExceeded", &iam.CreatePolicyInput{PolicyName: aws.String("does-not"), PolicyDocument: sized(6145)})
		inline := &iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("a"), PolicyDocument: sized(2048)}
		s.do(inline, inline)
		s.refused("LimitExceeded", &iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("b"), PolicyDocument: sized(100)})
		s.refused("LimitExceeded", &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("b"), PolicyDocument: sized(10241)})
		assert.Equal(s, []string{"a"}, ask[iam.ListUserPoliciesOutput](s, &iam.ListUserPoliciesInput{UserName: aws.String("u")}).PolicyNames)
	})
}

func TestListsComeInPages(t *testing.T) {
	story(t, func(s teller) {
		for i := range 7 {
			s.do(createUser(fmt.Sprintf("user-%d", i)))
		}
		all := func(in iam.ListUsersInput) (names []string, pages int) {
			for {
				out := ask[iam.ListUsersOutput](s, &in)
				pages++
				for _, u := range out.Users {
					names = append(names, *u.UserName)
				}
				assert.Equal(s, out.IsTruncated, out.Marker != nil)
				if in.Marker = out.Marker; !out.IsTruncated {
					return names, pages
				}
			}
		}
		names, pages := all(iam.ListUsersInput{MaxItems: aws.Int32(3)})
		assert.Len(s, names, 7)
		assert.Equal(s, 3, pages)
		s.account.PageSize(1)
		again, pages := all(iam.ListUsersInput{MaxItems: aws.Int32(3)})
		assert.Equal(s, names, again)
		assert.Equal(s, 7, pages)
		s.refused("ValidationError", &iam.ListUsersInput{Marker: aws.String("not a marker!")})
	})
}
