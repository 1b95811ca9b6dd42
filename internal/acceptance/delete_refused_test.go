package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
)

func (w *world) replicate(secret string, regions ...string) {
	w.Helper()
	in := &secretsmanager.ReplicateSecretToRegionsInput{SecretId: &secret}
	for _, region := range regions {
		in.AddReplicaRegions = append(in.AddReplicaRegions, smtypes.ReplicaRegionType{Region: aws.String(region)})
	}
	w.must(w.secrets.ReplicateSecretToRegions(w.Context(), in))
}

func (w *world) removeReplicas(secret string, regions ...string) {
	w.Helper()
	w.must(w.secrets.RemoveRegionsFromReplication(w.Context(), &secretsmanager.RemoveRegionsFromReplicationInput{
		SecretId: &secret, RemoveReplicaRegions: regions,
	}))
}

func TestDeleteOfAReplicatedSecretIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		w.replicate(keySecret, "us-west-2", "eu-west-1")
		w.replicate(consoleSecret, "eu-west-1")
		before := w.aws.Snapshot()
		failed := w.deleteFails(console)
		for _, part := range []string{
			"nothing was changed",
			"secret redis-cloud/access-key has replicas in eu-west-1 us-west-2",
			"secret redis-cloud/console-password has replicas in eu-west-1",
			"(aws secretsmanager remove-regions-from-replication --region us-east-1 --secret-id redis-cloud/access-key --remove-replica-regions eu-west-1 us-west-2)",
			"(aws secretsmanager remove-regions-from-replication --region us-east-1 --secret-id redis-cloud/console-password --remove-replica-regions eu-west-1)",
		} {
			assert.Contains(t, failed.Reason, part)
		}
		w.isStill()
		assert.Equal(t, before, w.aws.Snapshot())
		assert.LessOrEqual(t, w.took, 2*latency)
		w.currentKeyWorks()

		w.removeReplicas(keySecret, "eu-west-1", "us-west-2")
		w.deleteFails(console)
		w.isStill("the other one still has one")
		w.removeReplicas(consoleSecret, "eu-west-1")
		w.delete(console)
		w.isEmpty()
	})
}

func TestReplicasAreNamedBesideAKeyInUse(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		key := w.use(keyIn(w.create(bare)))
		w.replicate(keySecret, "eu-west-1")
		failed := w.deleteFails(bare)
		for _, part := range []string{"(1) access key " + key, "(2) secret redis-cloud/access-key", "DeletionProtection", "remove-regions-from-replication"} {
			assert.Contains(t, failed.Reason, part)
		}
		w.isStill()
	})
}

// Replicas are no obstacle to what does not delete the secret.
func TestReplicatedSecretIsUpdatedAndRetained(t *testing.T) {
	const retain = `{"OnDelete":"Retain","AccessKeySerial":"2"}`
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.replicate(keySecret, "eu-west-1")
		w.updated(bare, retain)
		w.delete(retain)
		secret := w.aws.Snapshot().Secrets[keySecret]
		assert.Equal(t, []string{"eu-west-1"}, secret.Replicas)
		assert.NotContains(t, secret.Tags, ownerTag)
	})
}

// A stack that has come to nothing is deleted, however many secrets of that name others replicate.
func TestReplicasOfOthersKeepNoStack(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(keySecret, "{}")
		w.replicate(keySecret, "eu-west-1")
		before := w.aws.Snapshot()
		failed := w.createFails(bare)
		w.succeed(event{kind: "Delete", id: failed.PhysicalResourceID, props: bare})
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

// A Create that CloudFormation does not await any more may be running still, and of one that failed
// AWS may not show all yet.
func TestDeleteWaitsOnlyAfterACreateThatDidNotStand(t *testing.T) {
	for id, waits := range map[string]bool{
		"redis-cloud_RedisCloudIAM_8XLBS3NTPGAX":           true, // the forms that CloudFormation is known to make up
		"redis-cloud-RedisCloudIAM-1K3W9Q2ZC7XTB":          true,
		"a-name-that-was-cut-RedisCloudIAM-1K3W9Q2ZC7XTB":  true,
		"rediscloudiam-1k3w9q2zc7xtb":                      true,
		"redis-cloud-iam-00000000000000000000000000000000": false, // another stack's
		"anything": true,
	} {
		t.Run(id, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				w.send(event{kind: "Delete", id: id, props: bare})
				if waits {
					assert.GreaterOrEqual(t, w.took, 10*time.Second)
					return
				}
				assert.LessOrEqual(t, w.took, 2*latency)
			})
			story(t, func(t *testing.T, w *world) {
				w.create(bare)
				answer := w.send(event{kind: "Delete", id: id, props: bare})
				assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
				if !waits {
					assert.LessOrEqual(t, w.took, 5*latency)
				}
				w.isEmpty()
			})
		})
	}
}

// A boundary that is one of the resource's own policies would bound nothing: the function may
// rewrite it.
func TestBoundaryThatTheResourceMakesItselfIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		for _, props := range []string{
			`{"PermissionsBoundary":"` + policyARN + `RedisLabsInstanceRolePolicy"}`,
			`{"PermissionsBoundary":"` + policyARN + `redislabsiamuserRESTRICTEDpolicy"}`,
			`{"PermissionsBoundary":"` + policyARN + `mine","UserPolicyName":"Mine"}`,
			`{"PermissionsBoundary":"` + policyARN + `a/path/Mine","InstancePolicyName":"Mine"}`,
		} {
			failed := w.createFails(props)
			assert.Contains(t, failed.Reason, "PermissionsBoundary: ")
			assert.Contains(t, failed.Reason, "give another policy")
			assert.Empty(t, w.calls)
		}
		w.create(`{"PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`)
		for name, role := range w.aws.Snapshot().Roles {
			assert.True(t, strings.HasSuffix(role.Boundary, "/ReadOnlyAccess"), name)
		}
	})
}

// What keeps an entity from being deleted, and reaches beyond the resource's names, is left to
// people. The commands that the Reason gives are all that it takes.
func TestDeleteIsRefusedWhileOthersHoldWhatItDeletes(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		ctx, group, theirs := t.Context(), aws.String("admins"), aws.String("theirs")
		user, node := aws.String(user), aws.String(nodeRole)
		w.must(w.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group}))
		w.must(w.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: theirs}))
		before := w.aws.Snapshot()
		w.create(bare)
		w.must(w.iam.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: user}))
		w.must(w.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: theirs, RoleName: node}))

		refused := w.deleteFails(bare)
		w.isStill()
		for _, part := range []string{
			"role redislabs-cluster-node-role is in instance profile theirs", "user redislabs-user is in group admins",
			"aws iam remove-role-from-instance-profile --instance-profile-name theirs --role-name redislabs-cluster-node-role",
			"aws iam remove-user-from-group --user-name redislabs-user --group-name admins",
		} {
			assert.Contains(t, refused.Reason, part)
		}

		w.must(w.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: group}))
		w.must(w.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: theirs, RoleName: node}))
		w.delete(bare)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

// A roll-back to other names that was cut short leaves an ID that the names do not give.
func TestDeleteThatFindsNothingUnderItsNamesTellsTheWayOut(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		failed := w.fail(deleteOf(renamed).withID(idOf(bare)))
		assert.Contains(t, failed.Reason, "nothing was deleted: the physical resource ID is "+idOf(bare))
		assert.Contains(t, failed.Reason, "Continue the roll-back of the update that changed the names, and delete then")
		w.isStill()
		w.delete(bare)
		w.isEmpty()
	})
}
