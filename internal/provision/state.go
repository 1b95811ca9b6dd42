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
	ConsoleSecret              *Secret // observed to remove, or where there is or was a console password

	Renamed *Observed // what bears the names that an Update changes, under those that they had; nil for nothing
	At      time.Time
}

// renamed is what an Update replaces, empty where that is nothing.
func (o *Observed) renamed() *Observed {
	if o.Renamed == nil {
		return &Observed{}
	}
	return o.Renamed
}

// Tagged is an entity with its tags. A policy is named by its ARN.
type Tagged struct {
	Entity Entity
	Tags   map[string]string
}

// entities are all that were observed, in the order in which people are told of them.
func (o *Observed) entities() []Tagged {
	var all []Tagged
	for _, p := range []*Policy{o.InstancePolicy, o.UserPolicy} {
		if p != nil {
			all = append(all, Tagged{Entity{KindPolicy, p.ARN}, p.Tags})
		}
	}
	for _, r := range []*Role{o.InstanceRole, o.ConsoleRole} {
		if r != nil {
			all = append(all, Tagged{Entity{KindRole, r.Name}, r.Tags})
		}
	}
	if o.Profile != nil {
		all = append(all, Tagged{Entity{KindProfile, o.Profile.Name}, o.Profile.Tags})
	}
	if o.User != nil {
		all = append(all, Tagged{Entity{KindUser, o.User.Name}, o.User.Tags})
	}
	for _, s := range []*Secret{o.Secret, o.ConsoleSecret} {
		if s != nil {
			all = append(all, Tagged{Entity{KindSecret, s.Name}, s.Tags})
		}
	}
	return all
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
	Created   time.Time
	Boundary  string // ARN of its permissions boundary, or ""
	Tags      map[string]string
	Attached  []string // ARNs of managed policies
	Keys      []Key
	Login     bool     // whether it has a login profile; observed where there is or was a console password
	Hung      []Strip  // what others may have hung on it; observed to remove, not to ensure
	MFA       []string // serial numbers of virtual MFA devices, which outlive their user; likewise
}

// Key is an access key of the user.
type Key struct {
	ID      string
	Active  bool
	Created time.Time
	// Its last use, observed only where a plan must know it: zero where there was none.
	LastUsed time.Time
	UsedFor  string // the AWS service, such as ec2
	UsedIn   string // the Region
}

// used says whether the key was ever used, as far as that was observed.
func (k Key) used() bool { return !k.LastUsed.IsZero() }

// keyIDs are the IDs of the user's keys.
func (u *User) keyIDs() map[string]bool {
	ids := map[string]bool{}
	if u != nil {
		for _, key := range u.Keys {
			ids[key.ID] = true
		}
	}
	return ids
}

// Secret is a secret of Secrets Manager, without its value.
type Secret struct {
	Name, ARN, Description string
	KmsKeyID               string // "" for the account's aws/secretsmanager
	Tags                   map[string]string
	Deleted                time.Time           // when it was scheduled for deletion, or zero
	Versions               map[string][]string // staging labels by version ID
	Replicas               []string            // Regions that it is replicated to
	Policy                 string              // resource policy; observed where there are or were readers
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

// labels reports whether the version holds a label, and so is kept.
func (s *Secret) labels(version string) bool {
	return s != nil && len(s.Versions[version]) > 0
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
