package localaws

import (
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
func (tx *tx) CreateUser(in *iam.CreateUserInput, out *iam.CreateUserOutput) error {
	id, err := tx.identified(aUser, in.Path, in.UserName, in.Tags, in.PermissionsBoundary)
	if err != nil {
		return err
	}
	u := &user{identity: id}
	tx.state.Users[fold(u.Name)] = u
	out.User = u.shown()
	return nil
}

// shown is a user as GetUser returns it.
func (u *user) shown() *iamtypes.User {
	shown := u.listed()
	shown.Tags = iamTags(u.Tags)
	shown.PermissionsBoundary = shownBoundary(u.Boundary)
	return &shown
}

// listed is a user as ListUsers returns it, without tags and boundary.
func (u *user) listed() iamtypes.User { return shown[iamtypes.User](&u.entity) }

// GetUser returns a user; without a name, the one who calls.
func (tx *tx) GetUser(out *iam.GetUserOutput, u *user) {
	out.User = u.shown()
}

// DeleteUser deletes a user from which everything has been taken away.
func (tx *tx) DeleteUser(u *user) error {
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

func (tx *tx) ListUsers(out *iam.ListUsersOutput) {
	out.Users = each(ordered(tx.state.Users), (*user).listed)
}
