package localaws

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
)

const secretName = "redis-cloud/access-key"

func token(n int) *string { return aws.String(fmt.Sprintf("AKIAAAAAAAAAAAAAAAAA-%011d", n)) }

func createSecret(n int, value string) *secretsmanager.CreateSecretInput {
	return &secretsmanager.CreateSecretInput{Name: aws.String(secretName), ClientRequestToken: token(n), SecretString: &value}
}

func putSecret(n int, value string) *secretsmanager.PutSecretValueInput {
	return &secretsmanager.PutSecretValueInput{SecretId: aws.String(secretName), ClientRequestToken: token(n), SecretString: &value}
}

func describeSecret() *secretsmanager.DescribeSecretInput {
	return &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretName)}
}

// stages tells which of the tokens has which label.
func stages(s teller) map[string]string {
	s.Helper()
	held := map[string]string{}
	for id, labels := range ask[secretsmanager.DescribeSecretOutput](s, describeSecret()).VersionIdsToStages {
		for _, label := range labels {
			held[label] = strings.TrimLeft(id[21:], "0")
		}
	}
	return held
}

func TestASecretHasWhatItWasMadeWith(t *testing.T) {
	story(t, func(s teller) {
		in := createSecret(1, "sesame")
		in.Description, in.KmsKeyId = aws.String("a key"), aws.String("alias/mine")
		in.Tags = []secrettypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		made := ask[secretsmanager.CreateSecretOutput](s, in)
		assert.Regexp(s, `^arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-cloud/access-key-[A-Za-z0-9]{6}$`, *made.ARN)
		assert.Equal(s, token(1), made.VersionId)

		partial := (*made.ARN)[:len(*made.ARN)-7]
		for _, id := range []string{secretName, *made.ARN, partial} {
			got := ask[secretsmanager.DescribeSecretOutput](s, &secretsmanager.DescribeSecretInput{SecretId: &id})
			assert.Equal(s, "a key", *got.Description)
			assert.Equal(s, "arn:aws:kms:us-east-1:123456789012:alias/mine", *got.KmsKeyId)
			assert.Equal(s, in.Tags, got.Tags)
			assert.Equal(s, map[string][]string{*token(1): {"AWSCURRENT"}}, got.VersionIdsToStages)
			assert.Nil(s, got.DeletedDate)
		}
		value := ask[secretsmanager.GetSecretValueOutput](s, &secretsmanager.GetSecretValueInput{SecretId: made.ARN})
		assert.Equal(s, "sesame", *value.SecretString)
	})
}

func TestASecretIsMadeOnce(t *testing.T) {
	story(t, func(s teller) {
		first := ask[secretsmanager.CreateSecretOutput](s, createSecret(1, "sesame"))
		assert.Equal(s, *first.ARN, *ask[secretsmanager.CreateSecretOutput](s, createSecret(1, "sesame")).ARN, "a retry")
		s.refused("ResourceExistsException", createSecret(1, "other"))
		s.refused("ResourceExistsException", createSecret(2, "sesame"))

		bad := createSecret(3, "x")
		bad.Name = aws.String("a name with spaces")
		s.refused("ValidationException", bad)
		bad.Name, bad.ClientRequestToken = aws.String("x"), aws.String("too short")
		s.refused("ValidationException", bad)
		bad.ClientRequestToken, bad.KmsKeyId = token(3), aws.String("not a key")
		s.refused("InvalidParameterException", bad)
		bad.KmsKeyId, bad.SecretString = nil, aws.String(strings.Repeat("s", 65537))
		s.refused("ValidationException", bad)

		s.do(&secretsmanager.CreateSecretInput{Name: aws.String("empty")})
		s.refused("ResourceNotFoundException", &secretsmanager.GetSecretValueInput{SecretId: aws.String("empty")})
	})
}

func TestLabelsMoveWithEveryVersion(t *testing.T) {
	story(t, func(s teller) {
		s.do(createSecret(1, "one"), putSecret(2, "two"))
		assert.Equal(s, map[string]string{"AWSCURRENT": "2", "AWSPREVIOUS": "1"}, stages(s))
		s.do(putSecret(2, "two"), putSecret(1, "one"))
		assert.Equal(s, map[string]string{"AWSCURRENT": "2", "AWSPREVIOUS": "1"}, stages(s), "a repetition changes nothing")
		s.refused("ResourceExistsException", putSecret(2, "changed"))

		s.do(putSecret(3, "three"))
		assert.Equal(s, map[string]string{"AWSCURRENT": "3", "AWSPREVIOUS": "2"}, stages(s))
		one := ask[secretsmanager.GetSecretValueOutput](s, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretName), VersionId: token(1)})
		assert.Equal(s, "one", *one.SecretString, "a version without labels is deprecated, not gone")

		s.refused("InvalidRequestException", &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretName), VersionId: token(2), VersionStage: aws.String("AWSCURRENT")})
		s.refused("ResourceNotFoundException", &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretName), VersionStage: aws.String("NOBODY")})
		value, _ := s.account.SecretString(secretName, "AWSPREVIOUS")
		assert.Equal(s, "two", value)
	})
}

func TestWhoMovesALabelNamesItsHolder(t *testing.T) {
	move := func(stage string, from, to *string) *secretsmanager.UpdateSecretVersionStageInput {
		return &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String(secretName), VersionStage: &stage, RemoveFromVersionId: from, MoveToVersionId: to}
	}
	story(t, func(s teller) {
		s.do(createSecret(1, "one"), putSecret(2, "two"))
		s.refused("InvalidParameterException", move("AWSCURRENT", nil, token(1)))
		s.refused("InvalidParameterException", move("AWSCURRENT", token(1), token(1)))
		s.refused("InvalidParameterException", move("AWSCURRENT", token(2), nil))
		s.refused("InvalidParameterException", move("AWSCURRENT", nil, nil))
		s.refused("ResourceNotFoundException", move("AWSCURRENT", token(2), token(9)))
		s.do(move("AWSCURRENT", token(2), token(1)))
		assert.Equal(s, map[string]string{"AWSCURRENT": "1", "AWSPREVIOUS": "2"}, stages(s), "AWSPREVIOUS goes where AWSCURRENT came from")
		s.refused("InvalidParameterException", move("AWSCURRENT", token(2), token(1)))
		s.do(move("mine", nil, token(2)), move("AWSPREVIOUS", token(2), nil))
		assert.Equal(s, map[string]string{"AWSCURRENT": "1", "mine": "2"}, stages(s))
	})
}

func TestUpdateSecret(t *testing.T) {
	story(t, func(s teller) {
		s.do(createSecret(1, "one"))
		update := &secretsmanager.UpdateSecretInput{SecretId: aws.String(secretName), KmsKeyId: aws.String("1234abcd-12ab-34cd-56ef-1234567890ab"), Description: aws.String("new")}
		assert.Nil(s, ask[secretsmanager.UpdateSecretOutput](s, update).VersionId)
		got := ask[secretsmanager.DescribeSecretOutput](s, describeSecret())
		assert.Equal(s, "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", *got.KmsKeyId)
		assert.Equal(s, "new", *got.Description)

		s.do(&secretsmanager.UpdateSecretInput{SecretId: aws.String(secretName), KmsKeyId: aws.String("alias/aws/secretsmanager")})
		assert.Nil(s, ask[secretsmanager.DescribeSecretOutput](s, describeSecret()).KmsKeyId)

		value := &secretsmanager.UpdateSecretInput{SecretId: aws.String(secretName), ClientRequestToken: token(2), SecretString: aws.String("two")}
		assert.Equal(s, token(2), ask[secretsmanager.UpdateSecretOutput](s, value).VersionId)
		assert.Equal(s, map[string]string{"AWSCURRENT": "2", "AWSPREVIOUS": "1"}, stages(s))
		s.refused("ResourceExistsException", value)
	})
}

func TestASecretScheduledForDeletion(t *testing.T) {
	id := aws.String(secretName)
	story(t, func(s teller) {
		s.do(createSecret(1, "one"))
		s.refused("InvalidParameterException", &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(6)})
		s.refused("InvalidParameterException", &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(31)})
		s.refused("InvalidParameterException", &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)})
		s.do(&secretsmanager.DeleteSecretInput{SecretId: id})
		assert.NotNil(s, ask[secretsmanager.DescribeSecretOutput](s, describeSecret()).DeletedDate, "it can still be described")
		for _, in := range []any{
			createSecret(1, "one"),
			putSecret(2, "two"),
			&secretsmanager.GetSecretValueInput{SecretId: id},
			&secretsmanager.UpdateSecretInput{SecretId: id, Description: aws.String("x")},
			&secretsmanager.UpdateSecretVersionStageInput{SecretId: id, VersionStage: aws.String("x"), MoveToVersionId: token(1)},
			&secretsmanager.TagResourceInput{SecretId: id, Tags: []secrettypes.Tag{{Key: aws.String("a")}}},
			&secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"a"}},
			&secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: aws.String("{}")},
			&secretsmanager.DeleteSecretInput{SecretId: id},
		} {
			s.refused("InvalidRequestException", in)
		}
		assert.Empty(s, ask[secretsmanager.ListSecretsOutput](s, &secretsmanager.ListSecretsInput{}).SecretList)
		assert.Len(s, ask[secretsmanager.ListSecretsOutput](s, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)}).SecretList, 1)

		s.do(&secretsmanager.RestoreSecretInput{SecretId: id}, putSecret(2, "two"))
		s.do(&secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7)})
		s.do(&secretsmanager.DeleteSecretInput{SecretId: id, ForceDeleteWithoutRecovery: aws.Bool(true)})
		s.refused("ResourceNotFoundException", describeSecret())
		s.refused("ResourceNotFoundException", &secretsmanager.DeleteSecretInput{SecretId: id})
		s.do(&secretsmanager.DeleteSecretInput{SecretId: id, ForceDeleteWithoutRecovery: aws.Bool(true)})
		s.do(createSecret(1, "one"))
	})
}

func TestTheTimesOfDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		s := newTeller(t, a)
		id := aws.String(secretName)
		s.do(createSecret(1, "one"), &secretsmanager.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: aws.Int64(7)})
		time.Sleep(7*day - time.Second)
		s.do(describeSecret())
		time.Sleep(time.Second)
		s.refused("ResourceNotFoundException", describeSecret())

		a.SecretNameBlock(30 * time.Second)
		s.do(createSecret(1, "one"), &secretsmanager.DeleteSecretInput{SecretId: id, ForceDeleteWithoutRecovery: aws.Bool(true)})
		time.Sleep(29 * time.Second)
		s.refused("InvalidRequestException", createSecret(2, "two"))
		time.Sleep(time.Second)
		s.do(createSecret(2, "two"))
	})
}

func TestTheQuotaOfVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		s := newTeller(t, a)
		s.do(createSecret(1, "x"))
		for n := 2; n <= maxSecretVersions; n++ {
			s.do(putSecret(n, "x"))
		}
		s.refused("LimitExceededException", putSecret(101, "x"))
		time.Sleep(day)
		s.do(putSecret(101, "x"))
		s.refused("ResourceNotFoundException", &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretName), VersionId: token(1)})
	})
}

func TestTagsOfSecrets(t *testing.T) {
	id := aws.String(secretName)
	one := func(key, value string) []secrettypes.Tag { return []secrettypes.Tag{{Key: &key, Value: &value}} }
	story(t, func(s teller) {
		s.do(createSecret(1, "x"), &secretsmanager.TagResourceInput{SecretId: id, Tags: one("Key", "1")})
		s.do(&secretsmanager.TagResourceInput{SecretId: id, Tags: one("key", "2")}, &secretsmanager.TagResourceInput{SecretId: id, Tags: one("key", "3")})
		assert.Equal(s, map[string]string{"Key": "1", "key": "3"}, s.account.Snapshot().Secrets[secretName].Tags)
		s.do(&secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"Key"}})
		s.refused("InvalidParameterException", &secretsmanager.TagResourceInput{SecretId: id, Tags: one("aws:x", "1")})
		var many []secrettypes.Tag
		for i := range maxTags {
			many = append(many, one(fmt.Sprint(i), "")...)
		}
		s.refused("InvalidParameterException", &secretsmanager.TagResourceInput{SecretId: id, Tags: many})
		assert.Equal(s, map[string]string{"key": "3"}, s.account.Snapshot().Secrets[secretName].Tags)
	})
}

func TestResourcePoliciesOfSecrets(t *testing.T) {
	id := aws.String(secretName)
	put := func(principal string) *secretsmanager.PutResourcePolicyInput {
		policy := `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":` + principal + `,"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
		return &secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: &policy, BlockPublicPolicy: aws.Bool(true)}
	}
	story(t, func(s teller) {
		s.do(createSecret(1, "x"), put(`{"AWS":"arn:aws:iam::210987654321:role/reader"}`))
		got := ask[secretsmanager.GetResourcePolicyOutput](s, &secretsmanager.GetResourcePolicyInput{SecretId: id})
		assert.Contains(s, *got.ResourcePolicy, "role/reader")
		s.refused("PublicPolicyException", put(`"*"`))
		s.refused("PublicPolicyException", put(`{"AWS":"*"}`))
		public := put(`"*"`)
		public.BlockPublicPolicy = nil
		s.do(public)
		s.refused("MalformedPolicyDocumentException", put(`{"AWS":"nobody"}`))
		s.refused("MalformedPolicyDocumentException", put(`{"AWS":"`+account+`role/not-here"}`))
		s.refused("MalformedPolicyDocumentException", &secretsmanager.PutResourcePolicyInput{SecretId: id, ResourcePolicy: aws.String(readUsers)})
		s.do(&secretsmanager.DeleteResourcePolicyInput{SecretId: id})
		assert.Nil(s, ask[secretsmanager.GetResourcePolicyOutput](s, &secretsmanager.GetResourcePolicyInput{SecretId: id}).ResourcePolicy)
	})
}
