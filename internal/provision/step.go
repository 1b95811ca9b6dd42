package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is one change, as plain data: it can be compared, logged and shown to a person before it is made.
// Every step is idempotent: what is already so is success.
type Step interface {
	// Effect says what kind of change it is.
	Effect() Effect
	// String says the change in words, such as "create user redislabs-user". It holds no secret.
	String() string

	apply(ctx context.Context, a *applier) error
}

// Effect is the kind of a change, as the sign that people know from other tools.
type Effect string

// The effects.
const (
	Create Effect = "+"
	Change Effect = "~"
	Delete Effect = "-"
	Check  Effect = "?"
)

// Kind is the kind of an entity.
type Kind string

// The kinds of entities.
const (
	KindPolicy  Kind = "policy"
	KindRole    Kind = "role"
	KindProfile Kind = "instance profile"
	KindUser    Kind = "user"
	KindGroup   Kind = "group"
	KindSecret  Kind = "secret"
)

// Entity names something in the account. A policy is named by its ARN where a call wants that.
type Entity struct {
	Kind Kind
	Name string
}

func (e Entity) String() string { return string(e.Kind) + " " + e.Name }

// name is the name of an entity, also of a policy that is named by its ARN.
func (e Entity) name() string {
	if e.Kind == KindPolicy {
		return lastOf(e.Name)
	}
	return e.Name
}

// short is the entity in words, a policy by its name alone.
func (e Entity) short() string { return string(e.Kind) + " " + e.name() }

// The steps that make entities. What they make carries its tags, and so its owner, from the first call.
type (
	// CreatePolicy makes a managed policy.
	CreatePolicy struct {
		Name, Description, Document string
		Tags                        map[string]string
	}
	// CreateRole makes a role.
	CreateRole struct {
		Name, Description, Trust, Boundary string
		Tags                               map[string]string
	}
	// CreateProfile makes an empty instance profile.
	CreateProfile struct {
		Name string
		Tags map[string]string
	}
	// CreateUser makes a user without credentials.
	CreateUser struct {
		Name, Boundary string
		Tags           map[string]string
	}
)

// The steps that repair or change entities in place.
type (
	// UpdatePolicy makes a document the new default version of a policy. Drop is the version that makes
	// room where there are five, or "".
	UpdatePolicy struct{ ARN, Document, Drop string }
	// UpdateTrust replaces the trust policy of a role.
	UpdateTrust struct{ Role, Document string }
	// Describe changes the description of a role, keeping its maximum session duration (in seconds, which
	// the same call would otherwise reset).
	Describe struct {
		Role, Description string
		MaxSession        int32
	}
	// SetBoundary puts a permissions boundary on a user or a role, or takes it away where ARN is "".
	SetBoundary struct {
		Entity Entity
		ARN    string
	}
	// Tag sets tags and removes others. Of a policy or a secret, the entity is named by its ARN.
	Tag struct {
		Entity Entity
		Set    map[string]string
		Unset  []string
	}
	// Attach attaches a managed policy to a user or a role.
	Attach struct {
		Entity Entity
		Policy string // ARN
	}
	// AddRole puts a role into an instance profile.
	AddRole struct{ Profile, Role string }
	// UpdateSecret changes the description and the encryption key of a secret, not its value.
	UpdateSecret struct{ Name, Description, KmsKeyID string }
	// RestoreSecret takes a secret back that is scheduled for deletion.
	RestoreSecret struct{ Name string }
	// SetReaders makes a document the resource policy of a secret, or takes the policy away where it is "".
	SetReaders struct{ Secret, Document string }
	// Remember writes on a user that is adopted who adopts it, and the keys that it has.
	Remember struct{ User, Value string }
)

// The steps of the access key.
type (
	// MakeKey makes an access key and stores it: as a new secret, or as a new version of the one that is
	// there.
	MakeKey struct {
		User, Secret string
		Serial       int
		NewSecret    bool
	}
	// MoveCurrent moves the label AWSCURRENT between two stored versions.
	MoveCurrent struct{ Secret, From, To string }
	// SetKey activates or deactivates a key.
	SetKey struct {
		User, ID string
		Active   bool
	}
	// ProveKey waits until AWS accepts the key that this run made.
	ProveKey struct{ User string }
	// DeleteKey deletes an access key. Where Unless names a secret, the key stays if that secret has come to
	// hold it since: another run may be about to store it.
	DeleteKey struct{ User, ID, Why, Unless string }
)

// MakePassword makes a console password, stores it, as a new secret or as a new version of the one that is there, and
// then sets it. Replace says that the user has a login profile, whose password nobody may know.
type MakePassword struct {
	User, Secret       string
	NewSecret, Replace bool
}

// The steps that remove.
type (
	// Detach detaches a managed policy from a user, a role or a group.
	Detach struct {
		Entity Entity
		Policy string // ARN
	}
	// RemoveRole takes a role out of an instance profile.
	RemoveRole struct{ Profile, Role string }
	// DeleteInline deletes an inline policy of a role.
	DeleteInline struct{ Role, Policy string }
	// DeleteVersion deletes a version of a policy that is not the default.
	DeleteVersion struct{ Policy, Version string }
	// DeleteEntity deletes an entity that nothing hangs on any more. A policy is named by its ARN.
	DeleteEntity struct{ Entity Entity }
	// DeleteVirtualMFA deletes a virtual MFA device that was a user's.
	DeleteVirtualMFA struct{ Serial string }
	// Strip takes from a user what others hung on it.
	Strip struct {
		User string
		What Hung
		ID   string
	}
)

// Hung is something that may hang on a user and keeps it from being deleted.
type Hung string

// What may hang on a user, besides attached policies and access keys.
const (
	LoginProfile       Hung = "login profile"
	MFADevice          Hung = "MFA device"
	SigningCertificate Hung = "signing certificate"
	SSHPublicKey       Hung = "SSH public key"
	ServiceCredential  Hung = "service-specific credential"
	InlinePolicy       Hung = "inline policy"
	Membership         Hung = "group"
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
