package provision

import (
	"slices"
	"time"
)

// Observed is what bears the names: nil where there is nothing.
type Observed struct {
	InstancePolicy, UserPolicy *Policy
	InstanceRole, ConsoleRole  *Role
	Profile                    *Profile
	User                       *User
	Secret                     *Secret
	FormerSecret               *Secret // the secret of the former name, where an Update changes it
	FormerKeys                 []Key   // the keys of the user of the former name, likewise
}

// Policy is a managed policy.
type Policy struct {
	Name, ARN      string
	Tags           map[string]string
	Document       string // of the default version; observed to ensure, not to remove
	DefaultVersion string
	OtherVersions  []string // IDs, the oldest first
	AttachedTo     []Entity // users, roles and groups; observed to remove, not to ensure
}

// Role is an IAM role.
type Role struct {
	Name, ARN, Description string
	Trust                  string // its trust policy
	Boundary               string // ARN of its permissions boundary, or ""
	MaxSession             int32  // seconds
	Tags                   map[string]string
	Attached               []string // ARNs of managed policies
	Inline                 []string // names; observed to remove, not to ensure
	Profiles               []string // names of the instance profiles that hold it; likewise
}

// Profile is an instance profile.
type Profile struct {
	Name, ARN string
	Tags      map[string]string
	Roles     []string // names; AWS allows one
}

// User is an IAM user.
type User struct {
	Name, ARN string
	Boundary  string // ARN of its permissions boundary, or ""
	Tags      map[string]string
	Attached  []string // ARNs of managed policies
	Keys      []Key
	Hung      []Strip  // what others may have hung on it; observed to remove, not to ensure
	MFA       []string // serial numbers of virtual MFA devices, which outlive their user; likewise
}

// Key is an access key of the user.
type Key struct {
	ID      string
	Active  bool
	Used    bool // whether it was ever used; observed only where no secret records it
	Created time.Time
}

// Secret is a secret of Secrets Manager, without its value.
type Secret struct {
	Name, ARN, Description string
	KmsKeyID               string // "" for the account's aws/secretsmanager
	Tags                   map[string]string
	Deleted                time.Time           // when it was scheduled for deletion, or zero
	Versions               map[string][]string // staging labels by version ID
}

// holds returns the ID of the version that holds the label, or "".
func (s *Secret) holds(label string) string {
	if s == nil {
		return ""
	}
	for id, labels := range s.Versions {
		if slices.Contains(labels, label) {
			return id
		}
	}
	return ""
}

// key returns the user's key of this ID, or nil.
func (u *User) key(id string) *Key {
	if u == nil {
		return nil
	}
	for i := range u.Keys {
		if u.Keys[i].ID == id {
			return &u.Keys[i]
		}
	}
	return nil
}
