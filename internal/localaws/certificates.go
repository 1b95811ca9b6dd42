package localaws

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxCertificates = 2 // signing certificates of a user

type certificate struct {
	ID, Body string
	Status   iamtypes.StatusType
	Uploaded time.Time
}

func (c *certificate) shown(u *user) iamtypes.SigningCertificate {
	return iamtypes.SigningCertificate{
		CertificateBody: aws.String(c.Body),
		CertificateId:   aws.String(c.ID),
		Status:          c.Status,
		UploadDate:      stamp(c.Uploaded),
		UserName:        aws.String(u.Name),
	}
}

// UploadSigningCertificate gives a user an X.509 certificate in PEM.
func (c *IAM) UploadSigningCertificate(ctx context.Context, in *iam.UploadSigningCertificateInput, _ ...func(*iam.Options)) (*iam.UploadSigningCertificateOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UploadSigningCertificateOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode([]byte(*in.CertificateBody))
		if block == nil {
			return nil, &iamtypes.MalformedCertificateException{Message: aws.String("Certificate is malformed.")}
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, &iamtypes.MalformedCertificateException{Message: aws.String("Certificate is malformed.")}
		}
		if slices.ContainsFunc(u.Certificates, func(c *certificate) bool { return c.Body == *in.CertificateBody }) {
			return nil, &iamtypes.DuplicateCertificateException{Message: aws.String("The certificate is already associated with the user.")}
		}
		if len(u.Certificates) >= maxCertificates {
			return nil, limitExceeded("Cannot exceed quota for CertificatesPerUser: %d", maxCertificates)
		}
		held := &certificate{ID: random(32, base32Alphabet), Body: *in.CertificateBody, Status: active, Uploaded: tx.now}
		u.Certificates = append(u.Certificates, held)
		shown := held.shown(u)
		return &iam.UploadSigningCertificateOutput{Certificate: &shown}, nil
	})
}

// certificateOf finds a user's certificate.
func (tx *tx) certificateOf(name, id *string) (*user, int, error) {
	u, err := tx.userOrCaller(name)
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(u.Certificates, func(c *certificate) bool { return c.ID == *id })
	if i < 0 {
		return nil, 0, noSuchEntity("The Certificate with id %s cannot be found.", *id)
	}
	return u, i, nil
}

// ListSigningCertificates lists a user's certificates.
func (c *IAM) ListSigningCertificates(ctx context.Context, in *iam.ListSigningCertificatesInput, _ ...func(*iam.Options)) (*iam.ListSigningCertificatesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListSigningCertificatesOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := page(tx, u.Certificates, func(c *certificate) string { return c.ID }, in.Marker, in.MaxItems)
		out := &iam.ListSigningCertificatesOutput{IsTruncated: truncated, Marker: next}
		for _, held := range found {
			out.Certificates = append(out.Certificates, held.shown(u))
		}
		return out, err
	})
}

// UpdateSigningCertificate makes a certificate active or inactive.
func (c *IAM) UpdateSigningCertificate(ctx context.Context, in *iam.UpdateSigningCertificateInput, _ ...func(*iam.Options)) (*iam.UpdateSigningCertificateOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateSigningCertificateOutput, error) {
		u, i, err := tx.certificateOf(in.UserName, in.CertificateId)
		if err != nil {
			return nil, err
		}
		if in.Status == iamtypes.StatusTypeExpired {
			return nil, invalidInput("The status of a certificate cannot be set to Expired.")
		}
		u.Certificates[i].Status = in.Status
		return &iam.UpdateSigningCertificateOutput{}, nil
	})
}

// DeleteSigningCertificate deletes a user's certificate.
func (c *IAM) DeleteSigningCertificate(ctx context.Context, in *iam.DeleteSigningCertificateInput, _ ...func(*iam.Options)) (*iam.DeleteSigningCertificateOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteSigningCertificateOutput, error) {
		u, i, err := tx.certificateOf(in.UserName, in.CertificateId)
		if err != nil {
			return nil, err
		}
		u.Certificates = slices.Delete(u.Certificates, i, i+1)
		return &iam.DeleteSigningCertificateOutput{}, nil
	})
}
