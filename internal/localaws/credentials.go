package localaws

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
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

type credentialKind string

const (
	certificates       credentialKind = "SigningCertificates"
	sshKeys            credentialKind = "SSHPublicKeys"
	serviceCredentials credentialKind = "ServiceSpecificCredentials"
)

// credentialsOf returns a user's credentials of one kind.
func (u *user) credentialsOf(k credentialKind) []*credential {
	of := slices.DeleteFunc(slices.Clone(u.Credentials), func(c *credential) bool { return c.Kind != k })
	return orderedBy(of, func(c *credential) string { return c.ID })
}

// addCredential gives a user a credential, if it has less than so many of the kind.
func (tx *tx) addCredential(u *user, c credential, most int) error {
	if len(u.credentialsOf(c.Kind)) >= most {
		return refuse(limitExceeded, "Cannot exceed quota for %sPerUser: %d", c.Kind, most)
	}
	c.Created = tx.now
	u.Credentials = append(u.Credentials, &c)
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
func (tx *tx) UploadSigningCertificate(in *iam.UploadSigningCertificateInput, u *user) (*iam.UploadSigningCertificateOutput, error) {
	block, _ := pem.Decode([]byte(*in.CertificateBody))
	if block == nil {
		return nil, refuse("MalformedCertificate", "Certificate is malformed.")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return nil, refuse("MalformedCertificate", "Certificate is malformed.")
	}
	if u.has(certificates, *in.CertificateBody) {
		return nil, refuse("DuplicateCertificate", "The certificate is already associated with the user.")
	}
	c := credential{Kind: certificates, ID: random(32, base32Alphabet), Of: *in.CertificateBody}
	if err := tx.addCredential(u, c, 2); err != nil {
		return nil, err
	}
	return &iam.UploadSigningCertificateOutput{Certificate: &iamtypes.SigningCertificate{
		CertificateBody: in.CertificateBody, CertificateId: &c.ID, Status: active, UploadDate: stamp(tx.now), UserName: &u.Name,
	}}, nil
}

// ListSigningCertificates lists a user's certificates.
func (tx *tx) ListSigningCertificates(_ *iam.ListSigningCertificatesInput, u *user) (*iam.ListSigningCertificatesOutput, error) {
	out := &iam.ListSigningCertificatesOutput{}
	for _, c := range u.credentialsOf(certificates) {
		out.Certificates = append(out.Certificates, iamtypes.SigningCertificate{
			CertificateBody: &c.Of, CertificateId: &c.ID, Status: active, UploadDate: stamp(c.Created), UserName: &u.Name,
		})
	}
	return out, nil
}

// DeleteSigningCertificate deletes a user's certificate.
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
func (tx *tx) UploadSSHPublicKey(in *iam.UploadSSHPublicKeyInput, u *user) (*iam.UploadSSHPublicKeyOutput, error) {
	if err := checkPublicKey(*in.SSHPublicKeyBody); err != nil {
		return nil, err
	}
	if u.has(sshKeys, *in.SSHPublicKeyBody) {
		return nil, refuse("DuplicateSSHPublicKey", "The SSH public key is already associated with the user.")
	}
	c := credential{Kind: sshKeys, ID: uniqueID("APKA"), Of: *in.SSHPublicKeyBody}
	if err := tx.addCredential(u, c, 5); err != nil {
		return nil, err
	}
	return &iam.UploadSSHPublicKeyOutput{SSHPublicKey: &iamtypes.SSHPublicKey{
		SSHPublicKeyBody: in.SSHPublicKeyBody,
		SSHPublicKeyId:   &c.ID,
		Status:           active,
		UploadDate:       stamp(tx.now),
		UserName:         &u.Name,
	}}, nil
}

// ListSSHPublicKeys lists a user's SSH keys, without their bodies.
func (tx *tx) ListSSHPublicKeys(_ *iam.ListSSHPublicKeysInput, u *user) (*iam.ListSSHPublicKeysOutput, error) {
	out := &iam.ListSSHPublicKeysOutput{}
	for _, c := range u.credentialsOf(sshKeys) {
		out.SSHPublicKeys = append(out.SSHPublicKeys, iamtypes.SSHPublicKeyMetadata{
			SSHPublicKeyId: &c.ID, Status: active, UploadDate: stamp(c.Created), UserName: &u.Name,
		})
	}
	return out, nil
}

// DeleteSSHPublicKey deletes a user's SSH key.
func (tx *tx) DeleteSSHPublicKey(in *iam.DeleteSSHPublicKeyInput, u *user) error {
	return u.deleteCredential(sshKeys, in.SSHPublicKeyId)
}

// CreateServiceSpecificCredential makes a user name and a password for one service and shows the
// password, this once. A user has at most two for a service.
func (tx *tx) CreateServiceSpecificCredential(in *iam.CreateServiceSpecificCredentialInput, u *user) (*iam.CreateServiceSpecificCredentialOutput, error) {
	if !slices.Contains([]string{"codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com"}, *in.ServiceName) {
		return nil, refuse("NotSupportedService", "No such service %s is supported for Service Specific Credentials.", *in.ServiceName)
	}
	others := 0
	for _, c := range u.credentialsOf(serviceCredentials) {
		if c.Of != *in.ServiceName {
			others++
		}
	}
	c := credential{Kind: serviceCredentials, ID: uniqueID("ACCA"), Of: *in.ServiceName}
	if err := tx.addCredential(u, c, others+2); err != nil {
		return nil, err
	}
	return &iam.CreateServiceSpecificCredentialOutput{ServiceSpecificCredential: &iamtypes.ServiceSpecificCredential{
		CreateDate:                  stamp(tx.now),
		ServiceName:                 in.ServiceName,
		ServicePassword:             aws.String(random(40, base64Alphabet)),
		ServiceSpecificCredentialId: &c.ID,
		ServiceUserName:             tx.serviceUserName(u),
		Status:                      active,
		UserName:                    &u.Name,
	}}, nil
}

// serviceUserName is the name under which a user signs in to a single service.
func (a *Account) serviceUserName(u *user) *string {
	return aws.String(fmt.Sprintf("%s-at-%s", u.Name, a.id))
}

// ListServiceSpecificCredentials lists a user's credentials for single services, without passwords.
func (tx *tx) ListServiceSpecificCredentials(_ *iam.ListServiceSpecificCredentialsInput, u *user) (*iam.ListServiceSpecificCredentialsOutput, error) {
	out := &iam.ListServiceSpecificCredentialsOutput{}
	for _, c := range u.credentialsOf(serviceCredentials) {
		out.ServiceSpecificCredentials = append(out.ServiceSpecificCredentials, iamtypes.ServiceSpecificCredentialMetadata{
			CreateDate:                  stamp(c.Created),
			ServiceName:                 &c.Of,
			ServiceSpecificCredentialId: &c.ID,
			ServiceUserName:             tx.serviceUserName(u),
			Status:                      active,
			UserName:                    &u.Name,
		})
	}
	return out, nil
}

// DeleteServiceSpecificCredential deletes a user's credential for one service.
func (tx *tx) DeleteServiceSpecificCredential(in *iam.DeleteServiceSpecificCredentialInput, u *user) error {
	return u.deleteCredential(serviceCredentials, in.ServiceSpecificCredentialId)
}
