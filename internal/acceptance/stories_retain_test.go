package acceptance

import (
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

const (
	retain  = `{"OnDelete":"Retain"}`
	another = "arn:aws:cloudformation:us-east-1:123456789012:stack/another/9d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"
)

// retained is what a stack leaves that rotated its key once: two keys, both stored, of which Redis Cloud uses the current one.
func (w *world) retained(more ...string) (first, second string) {
	w.Helper()
	first = w.create(serial(1)).Data["AccessKeyId"].(string)
	second = w.updated(serial(1), serial(2))
	last := serial(2, append(more, `"OnDelete":"Retain"`)...)
	w.updated(serial(2), last)
	w.succeed(event{kind: "Delete", id: idOf(bare), props: last})
	if !w.inMoto {
		w.aws.UseKey(second, "ec2")
	}
	return first, second
}

// letIn lets somebody of another account read a secret.
func (w *world) letIn(secret string) {
	w.Helper()
	w.must(w.secrets.PutResourcePolicy(w.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`)}))
}

func TestAnAdoptionKeepsTheCurrentKeyAndTheOneBefore(t *testing.T) {
	for _, fate := range []string{"Active", "Inactive", "Deleted"} {
		for _, before := range []string{"Active", "Inactive"} {
			story(t, func(t *testing.T, w *world) {
				first, second := w.retained(`"PreviousAccessKey":"` + before + `"`)
				state := w.aws.Snapshot()
				older := w.fail(event{kind: "Create", stack: another, props: `{"ExistingEntities":"Adopt","PreviousAccessKey":"` + fate + `"}`})
				assert.Contains(t, older.Reason, "AccessKeySerial: is 1, and the current key of secret redis-cloud/access-key, which is adopted, has the serial 2; set it to 2 for that key, or to 3 for a new one")
				assert.Equal(t, state, w.aws.Snapshot())

				props := serial(2, `"ExistingEntities":"Adopt"`, `"PreviousAccessKey":"`+fate+`"`)
				answer := w.succeed(event{kind: "Create", stack: another, props: props})
				assert.Equal(t, second, answer.Data["AccessKeyId"])
				assert.Equal(t, map[string]string{first: before, second: "Active"}, w.keyStatus("redislabs-user"))
				assert.True(t, w.live(w.stored("redis-cloud/access-key")))
				w.succeed(event{kind: "Create", stack: another, props: props})
				assert.Empty(t, w.changes(), "delivered again")
			})
		}
	}
}

func TestAnAdoptionThatHasNoRoomNamesTheKeyBeforeTheCurrentOne(t *testing.T) {
	for _, props := range []string{serial(3, `"ExistingEntities":"Adopt"`), serial(2, `"ExistingEntities":"Adopt"`, `"ConsoleRoleName":"other"`)} {
		story(t, func(t *testing.T, w *world) {
			first, _ := w.retained()
			answer := w.fail(event{kind: "Create", stack: another, props: props})
			assert.Contains(t, answer.Reason, "Delete "+first+" if nobody uses it any more (aws iam delete-access-key --user-name redislabs-user --access-key-id "+first+")")
			assert.Empty(t, w.changes())
		})
	}
}

// A key that was stored when it was adopted is the stack's own, and goes with its secret.
func TestAKeyThatWasAdoptedWithItsSecretGoesWithIt(t *testing.T) {
	const moved = `{"ExistingEntities":"Adopt","AccessKeySecretName":"elsewhere"}`
	story(t, func(t *testing.T, w *world) {
		first := w.create(retain).Data["AccessKeyId"].(string)
		w.succeed(event{kind: "Delete", id: idOf(retain), props: retain})
		id := w.succeed(event{kind: "Create", props: adopt, stack: another}).PhysicalResourceID
		second := w.succeed(event{kind: "Update", id: id, props: moved, old: adopt, stack: another})
		assert.ElementsMatch(t, []any{first, second.Data["AccessKeyId"]}, []any{w.keys("redislabs-user")[0], w.keys("redislabs-user")[1]})
		w.succeed(event{kind: "Delete", id: id, props: adopt, stack: another})
		assert.Equal(t, []string{second.Data["AccessKeyId"].(string)}, w.keys("redislabs-user"))
		w.noLooseKeys()
	})
}

// What a stack leaves is not read by whom that stack let in, nor is a secret that people had made.
func TestAnAdoptionShutsOutWhoCouldReadTheSecret(t *testing.T) {
	const again = `{"ExistingEntities":"Adopt","AccessKeySerial":"2"}`
	for name, prepare := range map[string]func(*world){
		"a retained one": func(w *world) {
			w.create(retain)
			w.succeed(event{kind: "Delete", id: idOf(retain), props: retain})
		},
		"one that people made": func(w *world) { w.put("redis-cloud/access-key", "theirs") },
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				prepare(w)
				w.letIn("redis-cloud/access-key")
				answer := w.succeed(event{kind: "Create", stack: another, props: again})
				assert.Empty(t, w.aws.Snapshot().Secrets["redis-cloud/access-key"].Policy)
				assert.Contains(t, answer.Reason, "secret redis-cloud/access-key, which is adopted, had a resource policy, which is taken away")
			})
		})
	}
}

func TestACreateThatNeverAnsweredIsNotRetained(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retain) // and the answer gets lost, so that CloudFormation invents an ID
		w.succeed(event{kind: "Delete", id: "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX", props: retain})
		assert.Equal(t, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}

// Nodes run with the role that the instance profile holds.
func TestWhatIsToBeRetainedIsAlsoWhereHandsHaveDeletedTheUser(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(retain)
		user := aws.String("redislabs-user")
		w.must(w.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: &w.keys(*user)[0]}))
		w.must(w.iam.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{UserName: user, PolicyArn: aws.String("arn:aws:iam::123456789012:policy/RedislabsIAMUserRestrictedPolicy")}))
		w.must(w.iam.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: user}))
		before := w.inventory()
		before["owners"] = nil
		w.succeed(event{kind: "Delete", id: idOf(retain), props: retain})
		assert.Equal(t, before, w.inventory())
	})
}

// Whoever has deleted the secret may have the key elsewhere: Redis Cloud has.
func TestAKeyInUseIsProtectedAlsoWhereHandsHaveDeletedTheSecret(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := w.create(bare).Data["AccessKeyId"].(string)
		w.aws.UseKey(key, "ec2")
		w.must(w.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("redis-cloud/access-key"), ForceDeleteWithoutRecovery: aws.Bool(true)}))
		for _, e := range []event{
			{kind: "Delete", id: idOf(bare), props: bare},
			{kind: "Update", id: idOf(bare), props: `{"UserName":"other"}`, old: bare},
			{kind: "Update", id: idOf(bare), props: `{"UserName":"other","AccessKeySecretName":"elsewhere"}`, old: bare},
		} {
			answer := w.send(e)
			assert.Equal(t, cfn.StatusFailed, answer.Status)
			assert.Contains(t, answer.Reason, "access key "+key+" of user redislabs-user was last used at")
			assert.Empty(t, w.changes())
		}
	})
}

// IAM finds a policy by its ARN alone, which has its path in it, and its name as it was spelt.
func TestAPolicyThatALookDoesNotFindIsExplained(t *testing.T) {
	for _, theirs := range []*iam.CreatePolicyInput{
		{PolicyName: aws.String("RedislabsIAMUserRestrictedPolicy"), Path: aws.String("/team/"), PolicyDocument: aws.String(anything)},
		{PolicyName: aws.String("redislabsiamuserrestrictedpolicy"), PolicyDocument: aws.String(anything)},
	} {
		story(t, func(t *testing.T, w *world) {
			w.must(w.iam.CreatePolicy(t.Context(), theirs))
			before := w.aws.Snapshot()
			answer := w.fail(event{kind: "Create", props: bare})
			assert.Contains(t, answer.Reason, "a policy of this name is there, under a path or spelt in another case")
			w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: bare})
			assert.Equal(t, before, w.aws.Snapshot())
		})
	}
}
