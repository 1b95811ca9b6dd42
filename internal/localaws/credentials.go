package localaws

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
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

// credentialKind is a kind of credential, as the SDK names it.
type credentialKind string

const (
	certificates       credentialKind = "Certificate"
	sshKeys            credentialKind = "SSHPublicKey"
	serviceCredentials credentialKind = "ServiceSpecificCredential"
)

// credentials is the kind of credential that an operation is about.
func (o operation) credentials() credentialKind {
	for _, k := range []credentialKind{certificates, sshKeys, serviceCredentials} {
		if strings.Contains(o.action, string(k)) {
			return k
		}
	}
	return ""
}

// credentialsOf returns a user's credentials of one kind.
func (u *user) credentialsOf(k credentialKind) []*credential {
	of := slices.DeleteFunc(slices.Clone(u.Credentials), func(c *credential) bool { return c.Kind != k })
	return orderedBy(of, func(c *credential) string { return c.ID })
}

// credentialOf returns the credential of a user that the input names.
func (tx *tx) credentialOf(u *user) (*credential, error) {
	id := tx.in.text(string(tx.credentials()) + "Id")
	found := first(u.credentialsOf(tx.credentials()), func(c *credential) bool { return c.ID == id })
	if found == nil {
		return nil, refuse(noSuchEntity, "%s: %s cannot be found.", tx.credentials(), id)
	}
	return found, nil
}

// shownCredential is a credential as IAM shows it: each structure of the SDK has the members of its
// kind. Only that of a new one has the password for a service, with which nobody signs in here.
func (tx *tx) shownCredential(u *user, c *credential) members {
	return members{
		string(c.Kind) + "Id": c.ID, "UserName": u.Name, "Status": active,
		"UploadDate": stamp(c.Created), "CreateDate": stamp(c.Created),
		"CertificateBody": c.Of, "SSHPublicKeyBody": c.Of, "ServiceName": c.Of,
		"ServiceUserName": u.Name + "-at-" + tx.id, "ServicePassword": randomSecret(),
	}
}

// addCredential gives a user a new credential and shows it, this once with its password. A
// certificate and an SSH key come once, and at most so many of each; credentials at most so many
// for each service.
func (tx *tx) addCredential(u *user, id, of string, most int) error {
	kind := tx.credentials()
	beside := u.credentialsOf(kind)
	alike := slices.DeleteFunc(slices.Clone(beside), func(c *credential) bool { return c.Of != of })
	switch {
	case kind == serviceCredentials:
		beside = alike
	case len(alike) > 0:
		return refuse("Duplicate"+string(kind), "The %s is already associated with the user.", kind)
	}
	if len(beside) >= most {
		return refuse(limitExceeded, "Cannot exceed quota for %ss per user: %d", kind, most)
	}
	c := &credential{Kind: kind, ID: id, Of: of, Created: tx.now}
	u.Credentials = append(u.Credentials, c)
	tx.out.set(members{string(kind): tx.shownCredential(u, c)})
	return nil
}

// ListCredentials lists a user's credentials of one kind: SSH keys without their bodies, those for
// services without passwords.
func (tx *tx) ListCredentials(u *user) {
	tx.out.set(members{string(tx.credentials()) + "s": each(u.credentialsOf(tx.credentials()), func(c *credential) members {
		return tx.shownCredential(u, c)
	})})
}

func (tx *tx) DeleteCredential(u *user, c *credential) {
	u.Credentials = slices.DeleteFunc(u.Credentials, func(other *credential) bool { return other == c })
}

// UploadSigningCertificate gives a user an X.509 certificate in PEM.
func (tx *tx) UploadSigningCertificate(in *iam.UploadSigningCertificateInput, u *user) error {
	if block, _ := pem.Decode([]byte(*in.CertificateBody)); block != nil {
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			return tx.addCredential(u, random(32), *in.CertificateBody, 2)
		}
	}
	return refuse("MalformedCertificate", "Certificate is malformed.")
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
func (tx *tx) UploadSSHPublicKey(in *iam.UploadSSHPublicKeyInput, u *user) error {
	if err := checkPublicKey(*in.SSHPublicKeyBody); err != nil {
		return err
	}
	return tx.addCredential(u, uniqueID("APKA"), *in.SSHPublicKeyBody, 5)
}

// CreateServiceSpecificCredential makes a user name and a password for one service.
func (tx *tx) CreateServiceSpecificCredential(in *iam.CreateServiceSpecificCredentialInput, u *user) error {
	if !slices.Contains([]string{"codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com"}, *in.ServiceName) {
		return refuse("NotSupportedService", "No such service %s is supported for Service Specific Credentials.", *in.ServiceName)
	}
	return tx.addCredential(u, uniqueID("ACCA"), *in.ServiceName, 2)
}
