package localaws

type user struct {
	identity
	Groups      []string
	Keys        []*accessKey
	Login       *loginProfile
	Credentials []*credential
}

// CreateUser makes a user, tags and boundary included, or nothing.
func (tx *tx) CreateUser() error {
	id, err := tx.identified(aUser)
	if err != nil {
		return err
	}
	u := &user{identity: id}
	tx.state.Users[fold(u.Name)] = u
	tx.GetEntity(u)
	return nil
}

// DeleteUser deletes a user from which everything has been taken away.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html.
func (tx *tx) DeleteUser(u *user) error {
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
		if err := u.bare(); err != nil {
			return err
		}
		delete(tx.state.Users, fold(u.Name))
		return nil
	}
	return refuse(deleteConflict, "Cannot delete entity, must %s first.", first)
}

func (tx *tx) ListUsers() { list(tx, "Users", ordered(tx.state.Users)) }
