package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Effect implements [Step].
func (CreatePolicy) Effect() Effect     { return Create }
func (CreateRole) Effect() Effect       { return Create }
func (CreateProfile) Effect() Effect    { return Create }
func (CreateUser) Effect() Effect       { return Create }
func (UpdatePolicy) Effect() Effect     { return Change }
func (UpdateTrust) Effect() Effect      { return Change }
func (Describe) Effect() Effect         { return Change }
func (SetBoundary) Effect() Effect      { return Change }
func (Tag) Effect() Effect              { return Change }
func (Attach) Effect() Effect           { return Create }
func (AddRole) Effect() Effect          { return Create }
func (UpdateSecret) Effect() Effect     { return Change }
func (RestoreSecret) Effect() Effect    { return Change }
func (SetReaders) Effect() Effect       { return Change }
func (Remember) Effect() Effect         { return Change }
func (MakeKey) Effect() Effect          { return Create }
func (MoveCurrent) Effect() Effect      { return Change }
func (SetKey) Effect() Effect           { return Change }
func (ProveKey) Effect() Effect         { return Check }
func (MakePassword) Effect() Effect     { return Create }
func (DeleteKey) Effect() Effect        { return Delete }
func (Detach) Effect() Effect           { return Delete }
func (RemoveRole) Effect() Effect       { return Delete }
func (DeleteInline) Effect() Effect     { return Delete }
func (DeleteVersion) Effect() Effect    { return Delete }
func (DeleteEntity) Effect() Effect     { return Delete }
func (DeleteVirtualMFA) Effect() Effect { return Delete }
func (Strip) Effect() Effect            { return Delete }

func (s CreatePolicy) String() string  { return "create policy " + s.Name }
func (s CreateRole) String() string    { return "create role " + s.Name }
func (s CreateProfile) String() string { return "create instance profile " + s.Name }
func (s CreateUser) String() string    { return "create user " + s.Name }

func (s UpdatePolicy) String() string {
	text := "give policy " + lastOf(s.ARN) + " a new default version"
	if s.Drop != "" {
		text += ", in the place of " + s.Drop
	}
	return text
}
func (s UpdateTrust) String() string { return "replace the trust policy of role " + s.Role }
func (s Describe) String() string    { return "describe role " + s.Role }
func (s SetBoundary) String() string {
	if s.ARN == "" {
		return fmt.Sprintf("remove the permissions boundary of %s", s.Entity)
	}
	return fmt.Sprintf("put permissions boundary %s on %s", lastOf(s.ARN), s.Entity)
}

func (s Tag) String() string {
	var parts []string
	if len(s.Set) > 0 {
		parts = append(parts, "set "+strings.Join(slices.Sorted(maps.Keys(s.Set)), ", "))
	}
	if len(s.Unset) > 0 {
		parts = append(parts, "remove "+strings.Join(s.Unset, ", "))
	}
	return fmt.Sprintf("tag %s: %s", s.Entity.short(), strings.Join(parts, "; "))
}

func (s Attach) String() string {
	return fmt.Sprintf("attach policy %s to %s", lastOf(s.Policy), s.Entity)
}

func (s AddRole) String() string {
	return fmt.Sprintf("add role %s to instance profile %s", s.Role, s.Profile)
}
func (s UpdateSecret) String() string { return "change the description or key of secret " + s.Name }
func (s RestoreSecret) String() string {
	return "restore secret " + s.Name + ", which was scheduled for deletion"
}

func (s SetReaders) String() string {
	if s.Document == "" {
		return "take the readers of secret " + s.Secret + " away"
	}
	return "set the readers of secret " + s.Secret
}

func (s Remember) String() string {
	return fmt.Sprintf("remember on user %s the access keys that it has", s.User)
}

func (s MakeKey) String() string {
	if s.NewSecret {
		return fmt.Sprintf("make an access key of user %s and store it in the new secret %s", s.User, s.Secret)
	}
	return fmt.Sprintf("make an access key of user %s and store it in secret %s", s.User, s.Secret)
}

func (s MoveCurrent) String() string {
	return fmt.Sprintf("move %s of secret %s to version %s", current, s.Secret, s.To)
}

func (s SetKey) String() string {
	if s.Active {
		return fmt.Sprintf("activate access key %s of user %s", s.ID, s.User)
	}
	return fmt.Sprintf("deactivate access key %s of user %s", s.ID, s.User)
}

func (s MakePassword) String() string {
	text := fmt.Sprintf("make a console password of user %s and store it in secret %s", s.User, s.Secret)
	if s.Replace {
		text += ", in the place of the one that it has"
	}
	return text
}

func (s ProveKey) String() string {
	return "prove that AWS accepts the new access key of user " + s.User
}

func (s DeleteKey) String() string {
	return fmt.Sprintf("delete access key %s of user %s: %s", s.ID, s.User, s.Why)
}

func (s Detach) String() string {
	return fmt.Sprintf("detach policy %s from %s", lastOf(s.Policy), s.Entity)
}

func (s RemoveRole) String() string {
	return fmt.Sprintf("remove role %s from instance profile %s", s.Role, s.Profile)
}

func (s DeleteInline) String() string {
	return fmt.Sprintf("delete inline policy %s of role %s", s.Policy, s.Role)
}

func (s DeleteVersion) String() string {
	return fmt.Sprintf("delete version %s of policy %s", s.Version, lastOf(s.Policy))
}

func (s DeleteEntity) String() string     { return "delete " + s.Entity.short() }
func (s DeleteVirtualMFA) String() string { return "delete virtual MFA device " + s.Serial }
func (s Strip) String() string {
	switch s.What {
	case LoginProfile:
		return "delete the login profile of user " + s.User
	case MFADevice:
		return fmt.Sprintf("deactivate MFA device %s of user %s", s.ID, s.User)
	case Membership:
		return fmt.Sprintf("remove user %s from group %s", s.User, s.ID)
	default:
		return fmt.Sprintf("delete %s %s of user %s", s.What, s.ID, s.User)
	}
}

// lastOf is the name in an ARN: what follows the last slash.
func lastOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
