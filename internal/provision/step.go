package provision

import "context"

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
// then sets it. Replace says that the user has a login profile, whose password nobody may know, or a tag that tells of one.
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
