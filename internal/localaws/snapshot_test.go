package localaws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// live builds one of everything and returns the secret values in it.
func live(s teller) (secrets []string) {
	s.Helper()
	name := aws.String("redis")
	key := keyFor(s, "redis")
	s.do(createRole("redis"), createProfile("redis"), createPolicy("read-users"), &iam.CreateGroupInput{GroupName: name})
	s.do(
		attachUser("redis", readUsersARN), attachRole("redis", admin),
		&iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name},
		&iam.AddUserToGroupInput{GroupName: name, UserName: name},
		&iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(readUsers)},
		&iam.CreatePolicyVersionInput{PolicyArn: aws.String(readUsersARN), PolicyDocument: aws.String(readUsers), SetAsDefault: true},
		&iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Pass-word-1")},
		&iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: name},
		&iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String(selfSigned(s.T))},
		&iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: aws.String("ssh-rsa AAAAB3NzaC1yc2E= me")},
		&secretsmanager.CreateSecretInput{
			Name: aws.String("s"), SecretString: aws.String("ses-ame"), ClientRequestToken: aws.String(*key.AccessKeyId + "-00000000001"),
		},
		&secretsmanager.CreateSecretInput{Name: aws.String("bytes"), SecretString: aws.String("bi-nary"), ClientRequestToken: token(1)},
		&secretsmanager.DeleteSecretInput{SecretId: aws.String("bytes")},
	)
	single := ask[iam.CreateServiceSpecificCredentialOutput](s, &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: aws.String("codecommit.amazonaws.com")})
	return []string{*key.SecretAccessKey, *single.ServiceSpecificCredential.ServicePassword, "Pass-word-1", "ses-ame", "bi-nary"}
}

func TestNoSecretIsRecorded(t *testing.T) {
	story(t, func(s teller) {
		secrets := live(s)
		_, err := s.try(s.Context(), &iam.UpdateLoginProfileInput{UserName: aws.String("redis"), Password: aws.String("Pass\x00word")})
		require.Error(s, err)
		_, err = s.try(s.Context(), createSecret(1, strings.Repeat("ses-ame", 10000)))
		require.Error(s, err)
		_, refused := s.try(s.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("ses-ame")})
		said := s.account.Snapshot().String() + fmt.Sprintf("%+v %v %v", s.account.Snapshot(), err, refused)
		for _, c := range s.account.Calls() {
			said += fmt.Sprintf("%+v %s", c, jsonOf(c.Input))
		}
		for _, secret := range secrets {
			assert.NotContains(s, said, secret)
		}
		assert.Contains(s, said, "[redacted]")
		text, _ := s.account.SecretString("s", "")
		assert.Equal(s, "ses-ame", text)
	})
}

func TestASnapshotIsACopy(t *testing.T) {
	a := New(Options{})
	s := newTeller(t, a)
	live(s)
	before := a.Snapshot()
	assert.Equal(t, before, a.Snapshot())
	assert.Equal(t, before.String(), a.Snapshot().String())
	text := before.String()
	s.do(&iam.TagUserInput{UserName: aws.String("redis"), Tags: tags("new", "1")}, putSecretOf("s"))
	assert.NotEqual(t, before, a.Snapshot())
	assert.Equal(t, text, before.String())
	before.Users["redis"].Tags["mine"] = "1"
	assert.NotContains(t, a.Snapshot().Users["redis"].Tags, "mine")
}
