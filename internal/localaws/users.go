package localaws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type user struct {
	identity
	Groups      []string // folded names
	Keys        []*accessKey
	Login       *loginProfile
	Credentials []*credential
}

// CreateUser makes a user, tags and boundary included, or nothing.
func (tx *tx) CreateUser(in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	if _, taken := tx.state.Users[fold(*in.UserName)]; taken {
		return nil, refuse(entityExists, "User with name %s already exists.", *in.UserName)
	}
	id, err := tx.identified(aUser, in.Path, in.UserName, in.Tags, in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	u := &user{identity: id}
	tx.state.Users[fold(u.Name)] = u
	return &iam.CreateUserOutput{User: u.shown()}, nil
}

// shown is a user as GetUser returns it.
func (u *user) shown() *iamtypes.User {
	shown := u.listed()
	shown.Tags = iamTags(u.Tags)
	shown.PermissionsBoundary = shownBoundary(u.Boundary)
	return &shown
}

// listed is a user as ListUsers returns it, without tags and boundary.
func (u *user) listed() iamtypes.User {
	return iamtypes.User{
		Arn:        aws.String(u.ARN),
		CreateDate: stamp(u.Created),
		Path:       aws.String(u.Path),
		UserId:     aws.String(u.ID),
		UserName:   aws.String(u.Name),
	}
}

// GetUser returns a user; without a name, the one who calls.
func (tx *tx) GetUser(_ *iam.GetUserInput, u *user) (*iam.GetUserOutput, error) {
	return &iam.GetUserOutput{User: u.shown()}, nil
}

// DeleteUser deletes a user from which everything has been taken away.
func (tx *tx) DeleteUser(_ *iam.DeleteUserInput, u *user) error {
	if err := tx.stripped(u); err != nil {
		return err
	}
	delete(tx.state.Users, fold(u.Name))
	return nil
}

// stripped reports the delete conflict of a user that still has something.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html.
func (tx *tx) stripped(u *user) error {
	var first string
	switch {
	case len(u.Keys) > 0:
		first = "delete access keys"
	case len(u.Credentials) > 0:
		first = "delete signing certificates, SSH public keys and service specific credentials"
	case len(tx.state.devicesOf(u)) > 0:
		first = "delete MFA device"
	case len(u.Groups) > 0:
		first = "remove user from all groups"
	case u.Login != nil:
		first = "delete login profile"
	default:
		return u.bare()
	}
	return refuse(deleteConflict, "Cannot delete entity, must %s first.", first)
}

// ListUsers lists the users.
func (tx *tx) ListUsers(_ *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	out := &iam.ListUsersOutput{}
	for _, u := range ordered(tx.state.Users) {
		out.Users = append(out.Users, u.listed())
	}
	return out, nil
}

// AttachUserPolicy attaches a managed policy.
func (tx *tx) AttachUserPolicy(_ *iam.AttachUserPolicyInput, u *user, p *policy) error {
	return u.attach(p)
}

// DetachUserPolicy detaches a managed policy that is attached.
func (tx *tx) DetachUserPolicy(in *iam.DetachUserPolicyInput, u *user) error {
	return tx.detach(&u.identity, in.PolicyArn)
}

// ListAttachedUserPolicies lists the managed policies that are attached.
func (tx *tx) ListAttachedUserPolicies(_ *iam.ListAttachedUserPoliciesInput, u *user) (*iam.ListAttachedUserPoliciesOutput, error) {
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: tx.attached(&u.identity)}, nil
}

// PutUserPolicy adds or replaces an inline policy.
func (tx *tx) PutUserPolicy(in *iam.PutUserPolicyInput, u *user) error {
	return tx.putInline(&u.identity, in.PolicyName, in.PolicyDocument)
}

// ListUserPolicies lists the names of the inline policies.
func (tx *tx) ListUserPolicies(_ *iam.ListUserPoliciesInput, u *user) (*iam.ListUserPoliciesOutput, error) {
	return &iam.ListUserPoliciesOutput{PolicyNames: u.inlineNames()}, nil
}

// DeleteUserPolicy deletes an inline policy.
func (tx *tx) DeleteUserPolicy(in *iam.DeleteUserPolicyInput, u *user) error {
	return u.deleteInline(in.PolicyName)
}

// PutUserPermissionsBoundary sets the permissions boundary.
func (tx *tx) PutUserPermissionsBoundary(in *iam.PutUserPermissionsBoundaryInput, u *user) error {
	return tx.bound(&u.identity, in.PermissionsBoundary)
}

// DeleteUserPermissionsBoundary takes the permissions boundary away.
func (tx *tx) DeleteUserPermissionsBoundary(_ *iam.DeleteUserPermissionsBoundaryInput, u *user) error {
	return u.unbound()
}
