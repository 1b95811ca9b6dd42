package localaws

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxServiceCredentials = 2 // of a user, for one service

type serviceCredential struct {
	ID, Service, UserName string // the name under which the user signs in to the service
	Created               time.Time
}

func (c *serviceCredential) id() string { return c.ID }

// checkService says whether a service takes credentials of its own.
func checkService(name string) error {
	if !slices.Contains([]string{"codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com"}, name) {
		return &iamtypes.ServiceNotSupportedException{Message: aws.String("No such service " + name + " is supported for Service Specific Credentials.")}
	}
	return nil
}

// CreateServiceSpecificCredential makes a user name and a password for one service and shows the password, this once.
func (c *IAM) CreateServiceSpecificCredential(ctx context.Context, in *iam.CreateServiceSpecificCredentialInput, _ ...func(*iam.Options)) (*iam.CreateServiceSpecificCredentialOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateServiceSpecificCredentialOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		if err := checkService(*in.ServiceName); err != nil {
			return nil, err
		}
		if held := u.credentialsFor(in.ServiceName); len(held) >= maxServiceCredentials {
			return nil, limitExceeded("Cannot exceed quota for ServiceSpecificCredentialsPerUser: %d", maxServiceCredentials)
		}
		held := &serviceCredential{
			ID:       uniqueID("ACCA"),
			Service:  *in.ServiceName,
			UserName: fmt.Sprintf("%s-at-%s", u.Name, tx.id),
			Created:  tx.now,
		}
		u.Credentials = append(u.Credentials, held)
		return &iam.CreateServiceSpecificCredentialOutput{ServiceSpecificCredential: &iamtypes.ServiceSpecificCredential{
			CreateDate:                  stamp(held.Created),
			ServiceName:                 in.ServiceName,
			ServicePassword:             aws.String(random(40, base64Alphabet)),
			ServiceSpecificCredentialId: aws.String(held.ID),
			ServiceUserName:             aws.String(held.UserName),
			Status:                      active,
			UserName:                    aws.String(u.Name),
		}}, nil
	})
}

// credentialsFor returns a user's credentials for one service, or for all when none is named.
func (u *user) credentialsFor(service *string) []*serviceCredential {
	return slices.DeleteFunc(slices.Clone(u.Credentials), func(c *serviceCredential) bool {
		return service != nil && c.Service != *service
	})
}

// ListServiceSpecificCredentials lists a user's credentials for single services, without their passwords.
func (c *IAM) ListServiceSpecificCredentials(ctx context.Context, in *iam.ListServiceSpecificCredentialsInput, _ ...func(*iam.Options)) (*iam.ListServiceSpecificCredentialsOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListServiceSpecificCredentialsOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := page(tx, u.credentialsFor(in.ServiceName), (*serviceCredential).id, in.Marker, in.MaxItems)
		out := &iam.ListServiceSpecificCredentialsOutput{IsTruncated: truncated, Marker: next}
		for _, held := range found {
			out.ServiceSpecificCredentials = append(out.ServiceSpecificCredentials, iamtypes.ServiceSpecificCredentialMetadata{
				CreateDate:                  stamp(held.Created),
				ServiceName:                 aws.String(held.Service),
				ServiceSpecificCredentialId: aws.String(held.ID),
				ServiceUserName:             aws.String(held.UserName),
				Status:                      active,
				UserName:                    aws.String(u.Name),
			})
		}
		return out, err
	})
}

// DeleteServiceSpecificCredential deletes a user's credential for one service.
func (c *IAM) DeleteServiceSpecificCredential(ctx context.Context, in *iam.DeleteServiceSpecificCredentialInput, _ ...func(*iam.Options)) (*iam.DeleteServiceSpecificCredentialOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteServiceSpecificCredentialOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(u.Credentials, func(c *serviceCredential) bool { return c.ID == *in.ServiceSpecificCredentialId })
		if i < 0 {
			return nil, noSuchEntity("Credential %s does not exist for user %s.", *in.ServiceSpecificCredentialId, u.Name)
		}
		u.Credentials = slices.Delete(u.Credentials, i, i+1)
		return &iam.DeleteServiceSpecificCredentialOutput{}, nil
	})
}
