package acceptance

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDeleteTakesFourRoundTripsAndLeavesNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.delete(bare)
		assert.Equal(t, 4*latency, w.took, "one of them for the last use of the key")
		w.isEmpty()
		w.delete(bare)
		w.isStill("nothing is there")
	})
}

func TestDeleteUnderAnInventedIDRemovesWhatTheStackOwns(t *testing.T) {
	for _, id := range []string{invented, "redis-cloud-iam-00000000000000000000000000000000"} {
		story(t, func(_ *testing.T, w *world) {
			w.create(bare)
			w.succeed(deleteOf(bare).withID(id))
			w.isEmpty()
		})
	}
}

func TestDeleteRemovesWhatPeopleAttached(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		ctx, group, theirs := t.Context(), aws.String("admins"), aws.String("theirs")
		user, node := aws.String(user), aws.String(nodeRole)
		w.must(w.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group}))
		w.must(w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: theirs}))
		device, err := w.iam.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
		require.NoError(t, err)
		before := w.aws.Snapshot()
		w.create(bare)

		document, admin, policy := aws.String(anything), aws.String(adminPolicy), aws.String(policyARN+userPolicy)
		w.must(w.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: admin}))
		w.must(w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("inline"), PolicyDocument: document}))
		w.newKey(*user)
		w.must(w.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Correct-Horse-9-Battery")}))
		w.must(w.iam.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
			UserName: user, SerialNumber: device.VirtualMFADevice.SerialNumber, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
		}))
		w.must(w.iam.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: user, ServiceName: aws.String("codecommit.amazonaws.com")}))
		w.must(w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: node, PolicyName: aws.String("inline"), PolicyDocument: document}))
		w.must(w.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: node, PolicyArn: admin}))
		w.must(w.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: theirs, PolicyArn: policy}))
		w.must(w.iam.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: policy}))
		w.must(w.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy, PolicyDocument: document, SetAsDefault: true}))

		w.delete(bare)
		assert.Equal(t, before, w.aws.Snapshot(), "as it was before; what others have is untouched, and the MFA device stays")
	})
}

func TestDeleteWithMalformedPropertiesSucceeds(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		for _, props := range []string{`"text"`, `[]`, `null`, `{"UserName":{"a":1}}`, `{"UserNmae":"x"}`} {
			w.createFails(props)
			w.succeed(event{kind: "Delete", id: "anything", props: props})
		}
		w.isEmpty()
	})
}

func TestDeleteOfWhatIsNoStackTouchesNothing(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.aws.Snapshot()
		w.fail(event{kind: "Create", props: bare, stack: "no-stack"})
		e := deleteOf(bare)
		e.stack = "no-stack"
		w.succeed(e)
		assert.Equal(t, before, w.aws.Snapshot())
	})
}

func TestNameOfADeletedSecretMayBeBlockedForSeconds(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.SecretNameBlock(10 * time.Second)
		w.create(bare)
		w.delete(bare)
		w.create(bare)
		assert.Len(t, w.keys(user), 1)
	})
}
