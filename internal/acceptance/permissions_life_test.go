package acceptance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/spec"
)

const trustsLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// life is the life of a stack, of any deployment, in which its function comes to need all that its
// role allows. A call that is new to the function joins it by something that happens here.
type life struct {
	*world
	account spec.Account
	stack   string
	given   map[string]any // the deployment's properties
	spec    spec.Spec      // of these
}

// properties are the deployment's, but for changes. What is changed to nil is left out.
func (l *life) properties(changes map[string]any) string {
	all := map[string]any{"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f"}
	maps.Copy(all, l.given)
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(all)
	require.NoError(l, err)
	return string(text)
}

// update is an Update that succeeds.
func (l *life) update(from, to string) cfn.Response {
	l.Helper()
	return l.succeed(changeOf(from, to).in(l.stack))
}

func (l *life) delete(properties string) {
	l.Helper()
	l.succeed(deleteOf(properties).in(l.stack))
}

// play tells the life from the Create to the Delete.
func (l *life) play() {
	properties := l.properties(nil)
	l.others()
	before := l.aws.Snapshot()
	l.succeed(event{kind: "Create", props: properties, stack: l.stack})

	elsewise, switched := l.elsewise(), l.properties(map[string]any{"ConsoleLogin": fmt.Sprint(!l.spec.ConsoleLogin)})
	for _, other := range []string{elsewise, switched} {
		l.update(properties, other)
		l.update(other, properties)
	}

	l.driftEverything()
	l.update(properties, properties)
	if l.spec.ConsoleLogin {
		l.must(l.secrets.PutSecretValue(l.Context(), &secretsmanager.PutSecretValueInput{SecretId: &l.spec.ConsolePasswordSecret, SecretString: aws.String("theirs")}))
		l.update(properties, properties)
	}
	l.deleteTheSecrets()
	l.update(properties, properties)

	rotated := l.properties(map[string]any{"AccessKeySerial": "2"})
	inactive := l.properties(map[string]any{"AccessKeySerial": "2", "PreviousAccessKey": "Inactive"})
	l.update(properties, rotated)
	l.update(rotated, inactive)
	l.update(inactive, rotated)
	l.update(rotated, properties)

	if !l.spec.ConsoleLogin {
		l.failsToSetAPassword(properties, switched)
	}
	l.attachEverything()
	l.aws.Inject(localaws.OnAction("DeleteSecret").LoseReply().Times(2)) // and so they are repeated
	l.delete(properties)
	assert.Equal(l, before, l.aws.Snapshot())
}

// failsToSetAPassword leaves the console password's secret behind: the Update fails, and no
// roll-back comes.
func (l *life) failsToSetAPassword(from, to string) {
	l.whileRefused(func() { l.fail(changeOf(from, to).in(l.stack)) }, "CreateLoginProfile")
	require.Contains(l, l.aws.Snapshot().Secrets, l.spec.ConsolePasswordSecret)
}

// playToBeRetained tells of a stack whose entities outlive it, and are adopted by another one.
func (l *life) playToBeRetained() {
	properties := l.properties(map[string]any{"OnDelete": "Retain"})
	l.succeed(event{kind: "Create", props: properties, stack: l.stack})
	if !l.spec.ConsoleLogin {
		l.failsToSetAPassword(properties, l.properties(map[string]any{"OnDelete": "Retain", "ConsoleLogin": "true"}))
	}
	l.deleteTheSecrets()
	l.delete(properties)
	assert.Contains(l, l.aws.Snapshot().Users, l.spec.User)

	if l.given["SecretReaders"] == nil {
		for name := range l.aws.Snapshot().Secrets {
			l.must(l.secrets.PutResourcePolicy(l.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &name, ResourcePolicy: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:` + l.account.Partition + `:iam::111111111111:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`)}))
		}
	}
	adopting := l.properties(map[string]any{"ExistingEntities": "Adopt"})
	l.succeed(event{kind: "Create", props: adopting, stack: l.stack})
	l.delete(adopting)
	assert.NotContains(l, l.aws.Snapshot().Users, l.spec.User)
}

// undoesAnAdoption tells of a launch that fails while it adopts a console secret that people made,
// and of its deletion, which gives the secret back with the value that it had.
func (l *life) undoesAnAdoption() {
	l.must(l.secrets.CreateSecret(l.Context(), &secretsmanager.CreateSecretInput{
		Name: &l.spec.ConsolePasswordSecret, SecretString: aws.String("theirs"),
	}))
	properties := l.properties(nil)
	l.whileRefused(func() { l.fail(event{kind: "Create", props: properties, stack: l.stack}) }, "TagResource")
	l.delete(properties)
	held, _ := l.aws.SecretString(l.spec.ConsolePasswordSecret, "AWSCURRENT")
	assert.Equal(l, "theirs", held)
}

// playAmongStrangers tells of a launch that fails because its names are taken, by entities that
// have paths, and of the deletion of its stack.
func (l *life) playAmongStrangers() {
	ctx, path := l.Context(), aws.String("/team/")
	l.must(l.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &l.spec.User, Path: path}))
	l.must(l.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &l.spec.User}))
	for _, role := range []string{l.spec.InstanceRole, l.spec.ConsoleRole} {
		l.must(l.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role, Path: path, AssumeRolePolicyDocument: aws.String(trustsLambda)}))
	}
	l.must(l.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &l.spec.InstanceRole, Path: path}))
	before := l.aws.Snapshot()

	failed := l.fail(event{kind: "Create", props: l.properties(nil), stack: l.stack})
	for _, name := range []string{"user " + l.spec.User, "role " + l.spec.InstanceRole, "role " + l.spec.ConsoleRole, "instance profile " + l.spec.InstanceRole} {
		assert.Contains(l, failed.Reason, name)
	}
	l.delete(l.properties(nil))
	assert.Equal(l, before, l.aws.Snapshot())
}

// elsewise are properties of the same names, and most others of which differ.
func (l *life) elsewise() string {
	changes := map[string]any{
		"Tags": []any{"elsewise=1"}, "RedisCloudAccountId": "111111111111",
		"PermissionsBoundary": "arn:" + l.account.Partition + ":iam::aws:policy/ReadOnlyAccess",
		"KmsKeyId":            "arn:" + l.account.Partition + ":kms:" + l.account.Region + ":" + l.account.ID + ":key/ffffffff-1111-2222-3333-444455556666",
	}
	if l.given["KmsKeyId"] == nil || l.given["SecretReaders"] != nil {
		changes["SecretReaders"] = []any{"arn:" + l.account.Partition + ":iam::111111111111:root"}
	}
	for name := range changes {
		if l.given[name] != nil {
			changes[name] = nil
		}
	}
	return l.properties(changes)
}

func (l *life) arn(resource string) *string {
	return aws.String("arn:" + l.account.Partition + ":iam::" + l.account.ID + ":" + resource)
}

func (l *life) admin() *string {
	return aws.String("arn:" + l.account.Partition + ":iam::aws:policy/AdministratorAccess")
}

// others are what is in the account besides: a user, a role, a group and an MFA device, all with a
// path.
func (l *life) others() {
	ctx, path, theirs := l.Context(), aws.String("/team/"), aws.String("theirs")
	l.must(l.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: theirs, Path: path}))
	l.must(l.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: theirs, Path: path, AssumeRolePolicyDocument: aws.String(trustsLambda)}))
	l.must(l.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: theirs, Path: path}))
	l.must(l.iam.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone"), Path: path}))
}

// driftEverything changes what an Update repairs.
func (l *life) driftEverything() {
	ctx, user, node, console := l.Context(), &l.spec.User, &l.spec.InstanceRole, &l.spec.ConsoleRole
	for _, policy := range []string{l.spec.InstancePolicy, l.spec.UserPolicy} {
		for range 4 { // all that there is room for
			l.must(l.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: l.arn("policy/" + policy), PolicyDocument: aws.String(anything), SetAsDefault: true}))
		}
	}
	for _, role := range []*string{node, console} {
		l.must(l.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(trustsLambda)}))
		l.must(l.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role, Description: aws.String("mine")}))
	}
	l.must(l.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: node, RoleName: node}))
	l.must(l.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: node, RoleName: console}))
	l.must(l.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String(l.keys(*user)[0])}))
	l.must(l.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user}))
	if l.spec.ConsoleLogin {
		l.must(l.iam.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user}))
	}
}

// deleteTheSecrets leaves seven days to restore them.
func (l *life) deleteTheSecrets() {
	for name := range l.aws.Snapshot().Secrets {
		l.must(l.secrets.DeleteSecret(l.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name, RecoveryWindowInDays: aws.Int64(7)}))
	}
}

// attachEverything hangs on the entities all that keeps IAM from deleting them, and the policies on
// what others have.
func (l *life) attachEverything() {
	ctx, user, theirs, inline := l.Context(), &l.spec.User, aws.String("theirs"), aws.String("inline")
	l.must(l.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: l.admin()}))
	l.must(l.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: inline, PolicyDocument: aws.String(anything)}))
	if !l.spec.ConsoleLogin {
		l.must(l.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Correct-Horse-9-Battery")}))
	}
	l.must(l.iam.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: user, SerialNumber: l.arn("mfa/team/phone"), AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
	}))
	l.must(l.iam.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: user, ServiceName: aws.String("codecommit.amazonaws.com")}))
	l.must(l.iam.UploadSigningCertificate(ctx, &iam.UploadSigningCertificateInput{UserName: user, CertificateBody: aws.String(l.selfSigned())}))
	l.must(l.iam.UploadSSHPublicKey(ctx, &iam.UploadSSHPublicKeyInput{UserName: user, SSHPublicKeyBody: aws.String("ssh-rsa AAAAB3NzaC1yc2E= me")}))

	for _, role := range []string{l.spec.InstanceRole, l.spec.ConsoleRole} {
		l.must(l.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: l.admin()}))
		l.must(l.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: inline, PolicyDocument: aws.String(anything)}))
	}

	policy := l.arn("policy/" + l.spec.UserPolicy)
	l.must(l.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: theirs, PolicyArn: policy}))
	l.must(l.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: theirs, PolicyArn: policy}))
	l.must(l.iam.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: theirs, PolicyArn: policy}))
}

func (l *life) selfSigned() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(l, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(l, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
