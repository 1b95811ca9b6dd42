package acceptance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
)

func TestAllEntitiesThatAreTakenAreNamedAtOnceAndNotTouched(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.role.undecided = "arn:aws:iam::123456789012:user/RedisLabs-User"
		w.must(w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("RedisLabs-User")}))
		w.must(w.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String(nodeRole)}))
		w.must(w.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: aws.String(keySecret), SecretString: aws.String(`{}`), Tags: []smtypes.Tag{{Key: aws.String(ownerTag), Value: aws.String("")}},
		}))
		before := w.aws.Snapshot()
		failed := w.createFails(bare)
		for _, part := range []string{
			"user redislabs-user exists as RedisLabs-User", "instance profile redislabs-cluster-node-role",
			"secret redis-cloud/access-key", "UserName",
		} {
			assert.Contains(t, failed.Reason, part)
		}
		w.isStill()
		w.delete(bare)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestSecondStackFailsWithTheOwnersStackNamedAndItsDeleteRemovesNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.aws.Snapshot()
		failed := w.fail(event{kind: "Create", props: bare, stack: another})
		assert.Contains(t, failed.Reason, stack)
		w.succeed(deleteOf(bare).in(another))
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

// The second one may not read who may read the first one's secret.
func TestSecondStackFailsTheSameWhereTheFirstHasReaders(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(`{"KmsKeyId":"` + kmsKey + `","SecretReaders":["arn:aws:iam::111111111111:root"]}`)
		failed := w.fail(event{kind: "Create", props: bare, stack: another})
		assert.Contains(t, failed.Reason, stack)
	})
}

func TestAllFaultsOfThePropertiesAreNamedBeforeAnythingIsCalled(t *testing.T) {
	const bad = `{"UserNmae":"x","ConsoleRoleName":"bad name!","AccessKeySerial":"0"}`
	story(t, func(t *testing.T, w *world) {
		failed := w.createFails(bad)
		for _, part := range []string{"UserNmae", "ConsoleRoleName", "AccessKeySerial"} {
			assert.Contains(t, failed.Reason, part)
		}
		assert.Empty(t, w.calls)
		w.succeed(deleteOf(bad).withID(failed.PhysicalResourceID))

		w.create(bare)
		before := w.aws.Snapshot()
		w.fail(changeOf(bare, bad))
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

// IAM finds a policy by its ARN alone, which has its path in it, and its name as it was spelt.
func TestPolicyThatALookupDoesNotFindIsExplained(t *testing.T) {
	for _, theirs := range []*iam.CreatePolicyInput{
		{PolicyName: aws.String(userPolicy), Path: aws.String("/team/"), PolicyDocument: aws.String(anything)},
		{PolicyName: aws.String("redislabsiamuserrestrictedpolicy"), PolicyDocument: aws.String(anything)},
	} {
		story(t, func(t *testing.T, w *world) {
			w.must(w.iam.CreatePolicy(t.Context(), theirs))
			before := w.aws.Snapshot()
			answer := w.createFails(bare)
			assert.Contains(t, answer.Reason, "a policy of this name exists")
			w.delete(bare)
			assert.Equal(t, before, w.aws.Snapshot())
		})
	}
}

// Redis Cloud's account of the commercial partition does not exist in the others.
func TestAccountThatThePartitionDoesNotKnowIsNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(refused("CreateRole", "MalformedPolicyDocument"))
		answer := w.createFails(bare)
		assert.Contains(t, answer.Reason, "set RedisCloudAccountId to an AWS account of this partition")
	})
}

// The log names every error, and the answer what to do.
func TestABoundaryThatDoesNotExistIsNamed(t *testing.T) {
	const typo = `{"PermissionsBoundary":"arn:aws:iam::123456789012:policy/typo"}`
	story(t, func(t *testing.T, w *world) {
		reason := w.createFails(typo).Reason
		assert.Contains(t, reason, "policy/typo; set PermissionsBoundary to a managed policy that exists")
		for _, step := range []string{"create role " + nodeRole, "create role " + consoleRole, "create user " + user} {
			assert.Contains(t, w.log, step+": ")
		}
		w.delete(typo)

		w.create(bare)
		assert.Contains(t, w.updateFails(bare, typo).Reason, "set PermissionsBoundary to a managed policy that exists")
	})
}

func TestSecretScheduledForDeletionIsRestoredWithItsKey(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		first := w.create(bare)
		before := w.aws.Snapshot()
		w.deleteSecret(keySecret, false)
		assert.Equal(t, first.Data, w.update(bare, bare).Data)
		assert.Equal(t, before, w.aws.Snapshot())

		w.deleteSecret(keySecret, false)
		w.delete(bare)
		w.isEmpty()
	})
}

func TestForeignSecretScheduledForDeletionIsExplained(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(keySecret, `{}`)
		w.deleteSecret(keySecret, false)
		failed := w.createFails(bare)
		assert.Contains(t, failed.Reason, "scheduled for deletion")
		assert.Contains(t, failed.Reason, "force-delete-without-recovery")
	})
}
