package localaws

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// A credential is something else than an access key, a password or an MFA device by which a user is
// known: a signing certificate, an SSH public key for CodeCommit, a user name and password for a
// single service.
type credential struct {
	Kind    credentialKind
	ID      string
	Of      string // the certificate, the public key, or the service
	Created time.Time
}

// credentialKind is a kind of credential, as IAM names its ID.
type credentialKind string

const (
	certificates       credentialKind = "CertificateId"
	sshKeys            credentialKind = "SSHPublicKeyId"
	serviceCredentials credentialKind = "ServiceSpecificCredentialId"
)

// credentialsOf returns a user's credentials of one kind.
func (u *user) credentialsOf(k credentialKind) []*credential {
	of := slices.DeleteFunc(slices.Clone(u.Credentials), func(c *credential) bool { return c.Kind != k })
	return orderedBy(of, func(c *credential) string { return c.ID })
}

// shownCredentials are a user's credentials of one kind as a structure of the SDK shows them.
func shownCredentials[T any](tx *tx, u *user, k credentialKind) []T {
	return each(u.credentialsOf(k), func(c *credential) T { return shownCredential[T](tx, u, c) })
}

func shownCredential[T any](tx *tx, u *user, c *credential) T {
	return show[T](map[string]any{
		string(c.Kind): &c.ID, "UserName": &u.Name, "Status": active,
		"UploadDate": stamp(c.Created), "CreateDate": stamp(c.Created),
		"CertificateBody": &c.Of, "SSHPublicKeyBody": &c.Of, "ServiceName": &c.Of,
		"ServiceUserName": aws.String(u.Name + "-at-" + tx.id),
	})
}

// addCredential gives a user a credential, if it has less than so many of the kind.
func (tx *tx) addCredential(u *user, c *credential, most int) error {
	if len(u.credentialsOf(c.Kind)) >= most {
		return refuse(limitExceeded, "Cannot exceed quota for %ss per user: %d", c.Kind, most)
	}
	c.Created = tx.now
	u.Credentials = append(u.Credentials, c)
	return nil
}

func (u *user) deleteCredential(k credentialKind, id *string) error {
	i := slices.IndexFunc(u.Credentials, func(c *credential) bool { return c.Kind == k && c.ID == *id })
	if i < 0 {
		return refuse(noSuchEntity, "%s: %s cannot be found.", k, *id)
	}
	u.Credentials = slices.Delete(u.Credentials, i, i+1)
	return nil
}

// has reports whether a user has a credential of a kind with this content.
func (u *user) has(k credentialKind, of string) bool {
	return slices.ContainsFunc(u.Credentials, func(c *credential) bool { return c.Kind == k && c.Of == of })
}

// UploadSigningCertificate gives a user an X.509 certificate in PEM.
func (tx *tx) UploadSigningCertificate(in *iam.UploadSigningCertificateInput, out *iam.UploadSigningCertificateOutput, u *user) error {
	block, _ := pem.Decode([]byte(*in.CertificateBody))
	if block == nil {
		return refuse("MalformedCertificate", "Certificate is malformed.")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return refuse("MalformedCertificate", "Certificate is malformed.")
	}
	if u.has(certificates, *in.CertificateBody) {
		return refuse("DuplicateCertificate", "The certificate is already associated with the user.")
	}
	c := &credential{Kind: certificates, ID: random(32), Of: *in.CertificateBody}
	if err := tx.addCredential(u, c, 2); err != nil {
		return err
	}
	shown := shownCredential[iamtypes.SigningCertificate](tx, u, c)
	out.Certificate = &shown
	return nil
}

func (tx *tx) ListSigningCertificates(out *iam.ListSigningCertificatesOutput, u *user) {
	out.Certificates = shownCredentials[iamtypes.SigningCertificate](tx, u, certificates)
}

func (tx *tx) DeleteSigningCertificate(in *iam.DeleteSigningCertificateInput, u *user) error {
	return u.deleteCredential(certificates, in.CertificateId)
}

// checkPublicKey checks an RSA public key in the ssh-rsa or the PEM encoding.
func checkPublicKey(body string) error {
	if block, _ := pem.Decode([]byte(body)); block != nil {
		return nil
	}
	fields := strings.Fields(body)
	if len(fields) < 2 || fields[0] != "ssh-rsa" {
		return refuse("UnrecognizedPublicKeyEncoding", "The public key must be encoded in ssh-rsa or PEM format.")
	}
	if _, err := base64.StdEncoding.DecodeString(fields[1]); err != nil {
		return refuse("InvalidPublicKey", "The public key is malformed or otherwise invalid.")
	}
	return nil
}

// UploadSSHPublicKey gives a user an SSH key for CodeCommit.
func (tx *tx) UploadSSHPublicKey(in *iam.UploadSSHPublicKeyInput, out *iam.UploadSSHPublicKeyOutput, u *user) error {
	if err := checkPublicKey(*in.SSHPublicKeyBody); err != nil {
		return err
	}
	if u.has(sshKeys, *in.SSHPublicKeyBody) {
		return refuse("DuplicateSSHPublicKey", "The SSH public key is already associated with the user.")
	}
	c := &credential{Kind: sshKeys, ID: uniqueID("APKA"), Of: *in.SSHPublicKeyBody}
	if err := tx.addCredential(u, c, 5); err != nil {
		return err
	}
	shown := shownCredential[iamtypes.SSHPublicKey](tx, u, c)
	out.SSHPublicKey = &shown
	return nil
}

// ListSSHPublicKeys lists a user's SSH keys, without their bodies.
func (tx *tx) ListSSHPublicKeys(out *iam.ListSSHPublicKeysOutput, u *user) {
	out.SSHPublicKeys = shownCredentials[iamtypes.SSHPublicKeyMetadata](tx, u, sshKeys)
}

func (tx *tx) DeleteSSHPublicKey(in *iam.DeleteSSHPublicKeyInput, u *user) error {
	return u.deleteCredential(sshKeys, in.SSHPublicKeyId)
}

// CreateServiceSpecificCredential makes a user name and a password for one service and shows the
// password, this once. A user has at most two for a service.
func (tx *tx) CreateServiceSpecificCredential(in *iam.CreateServiceSpecificCredentialInput, out *iam.CreateServiceSpecificCredentialOutput, u *user) error {
	if !slices.Contains([]string{"codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com"}, *in.ServiceName) {
		return refuse("NotSupportedService", "No such service %s is supported for Service Specific Credentials.", *in.ServiceName)
	}
	others := 0
	for _, c := range u.credentialsOf(serviceCredentials) {
		if c.Of != *in.ServiceName {
			others++
		}
	}
	c := &credential{Kind: serviceCredentials, ID: uniqueID("ACCA"), Of: *in.ServiceName}
	if err := tx.addCredential(u, c, others+2); err != nil {
		return err
	}
	shown := shownCredential[iamtypes.ServiceSpecificCredential](tx, u, c)
	shown.ServicePassword = aws.String(randomSecret())
	out.ServiceSpecificCredential = &shown
	return nil
}

// ListServiceSpecificCredentials lists a user's credentials for single services, without passwords.
func (tx *tx) ListServiceSpecificCredentials(out *iam.ListServiceSpecificCredentialsOutput, u *user) {
	out.ServiceSpecificCredentials = shownCredentials[iamtypes.ServiceSpecificCredentialMetadata](tx, u, serviceCredentials)
}

func (tx *tx) DeleteServiceSpecificCredential(in *iam.DeleteServiceSpecificCredentialInput, u *user) error {
	return u.deleteCredential(serviceCredentials, in.ServiceSpecificCredentialId)
}
