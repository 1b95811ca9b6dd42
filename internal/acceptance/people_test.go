package acceptance

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
)

const (
	anything     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	anybody      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}`
	readableByA1 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
)

// notePerson notes what a person does of which the invariants must know: keys and passwords that
// people make, and those that no secret holds any more because people have changed or deleted it.
func (w *world) notePerson(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("NotePerson", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		k := w.known
		switch input := in.Parameters.(type) {
		case *iam.CreateLoginProfileInput:
			k.note(k.passwords, aws.ToString(input.Password))
		case *iam.UpdateLoginProfileInput:
			k.note(k.passwords, aws.ToString(input.Password))
		case *secretsmanager.DeleteSecretInput:
			if aws.ToBool(input.ForceDeleteWithoutRecovery) {
				w.noteHeld()
			}
		case *secretsmanager.PutSecretValueInput, *secretsmanager.UpdateSecretInput, *secretsmanager.UpdateSecretVersionStageInput:
			w.noteHeld()
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		if made, ok := out.Result.(*iam.CreateAccessKeyOutput); ok {
			k.note(k.keys, aws.ToString(made.AccessKey.AccessKeyId))
		}
		return out, metadata, err
	}), middleware.Before)
}

// noteHeld notes what the secrets hold, before people change them.
func (w *world) noteHeld() {
	for _, h := range w.holdings() {
		w.known.note(w.known.keys, h.value["accessKeyId"])
		w.known.note(w.known.passwords, h.value["consolePassword"])
	}
}

func (k *knowledge) note(in map[string]bool, what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	in[what] = what != ""
}

// must is for the calls of people that lead up to what a story tells.
func (w *world) must(_ any, err error) {
	w.Helper()
	require.NoError(w, err)
}

// fiveSteps makes what package byhand makes, and returns the access key that Redis Cloud got.
func (w *world) fiveSteps() string {
	w.Helper()
	key, err := byhand.FiveSteps(w.Context(), w.iam, "123456789012")
	require.NoError(w, err)
	return key
}

// vendorsTemplate does too.
func (w *world) vendorsTemplate() string {
	w.Helper()
	key, err := byhand.VendorsTemplate(w.Context(), w.iam, w.secrets, "123456789012")
	require.NoError(w, err)
	return key
}

// fiveStepsWithoutAUser is what is left when a person has deleted the user.
func (w *world) fiveStepsWithoutAUser() {
	w.Helper()
	w.fiveSteps()
	w.deleteUser()
}

// deleteUser deletes the user as a person does, with its keys.
func (w *world) deleteUser() {
	w.Helper()
	ctx, name := w.Context(), aws.String(user)
	for _, key := range w.keys(user) {
		w.must(w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &key}))
	}
	w.must(w.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: aws.String(policyARN + userPolicy)}))
	w.must(w.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}))
}

// newKey makes a key as a person does.
func (w *world) newKey(user string) string {
	w.Helper()
	made, err := w.iam.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	require.NoError(w, err)
	return aws.ToString(made.AccessKey.AccessKeyId)
}

// put makes a secret of a person's own.
func (w *world) put(name, value string) {
	w.Helper()
	w.must(w.secrets.CreateSecret(w.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value}))
}

// edit changes the value of a secret as a person does in the console.
func (w *world) edit(name string) {
	w.Helper()
	w.must(w.secrets.PutSecretValue(w.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: aws.String("edited")}))
}

// deleteSecret deletes a secret as a person does: for good, or with seven days to restore it.
func (w *world) deleteSecret(name string, forGood bool) {
	w.Helper()
	input := &secretsmanager.DeleteSecretInput{SecretId: &name}
	if forGood {
		input.ForceDeleteWithoutRecovery = aws.Bool(true)
	} else {
		input.RecoveryWindowInDays = aws.Int64(7)
	}
	w.must(w.secrets.DeleteSecret(w.Context(), input))
}

// letIn lets another account read a secret.
func (w *world) letIn(secret string) {
	w.Helper()
	w.must(w.secrets.PutResourcePolicy(w.Context(), &secretsmanager.PutResourcePolicyInput{
		SecretId: &secret, ResourcePolicy: aws.String(readableByA1),
	}))
}

// retained is what a stack leaves that rotated its key once: two keys, both stored, of which Redis
// Cloud uses the current one.
func (w *world) retained(more ...string) (first, second string) {
	w.Helper()
	first = keyIn(w.create(serial(1)))
	second = w.updated(serial(1), serial(2))
	last := serial(2, append(more, `"OnDelete":"Retain"`)...)
	w.updated(serial(2), last)
	w.delete(last)
	if !w.inMoto {
		time.Sleep(time.Minute)
	}
	w.use(second)
	return first, second
}

// use is what Redis Cloud does with a key. moto does not note it.
func (w *world) use(key string) string {
	if !w.inMoto {
		w.aws.UseKey(key, "ec2")
	}
	return key
}

// drift is what people may have changed out of band, as far as an Update repairs it.
func (w *world) drift() {
	w.Helper()
	ctx, policy := w.Context(), aws.String(policyARN+userPolicy)
	user, node, console := aws.String(user), aws.String(nodeRole), aws.String(consoleRole)
	for range 4 { // all the versions that a policy can have
		w.must(w.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy, SetAsDefault: true, PolicyDocument: aws.String(anything)}))
	}
	w.must(w.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: policy}))
	w.must(w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: console, PolicyDocument: aws.String(anybody)}))
	w.must(w.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: node, Description: aws.String("mine")}))
	w.must(w.iam.TagUser(ctx, &iam.TagUserInput{UserName: user, Tags: []iamtypes.Tag{{Key: aws.String("UsedBy"), Value: aws.String("me")}}}))
	if !w.inMoto {
		w.must(w.iam.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String(readOnly)}))
	}
	w.must(w.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
	w.must(w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: &w.keys(*user)[0]}))
	w.must(w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user}))
}

// stranger makes a user who has nothing to do with any stack, and returns its key.
func (w *world) stranger() string {
	w.Helper()
	w.must(w.iam.CreateUser(w.Context(), &iam.CreateUserInput{UserName: aws.String("stranger")}))
	return w.newKey("stranger")
}
