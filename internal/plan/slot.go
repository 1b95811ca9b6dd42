package plan

import "redis-cloud-iam/internal/spec"

// Kind is the kind of something in the account.
type Kind string

// The kinds of entities, and of what may hang on one.
const (
	Policy  Kind = "policy"
	Role    Kind = "role"
	Profile Kind = "instance profile"
	Person  Kind = "user"
	Group   Kind = "group"
	Secret  Kind = "secret"

	AccessKey          Kind = "access key"
	LoginProfile       Kind = "login profile"
	MFADevice          Kind = "MFA device"
	SigningCertificate Kind = "signing certificate"
	SSHPublicKey       Kind = "SSH public key"
	ServiceCredential  Kind = "service-specific credential"
	UserInlinePolicy   Kind = "inline user policy"
	RoleInlinePolicy   Kind = "inline role policy"
	PolicyVersion      Kind = "policy version"
)

// Ref names something in the account.
type Ref struct {
	Kind Kind
	Name string
	On   string // what it hangs on, by name; "" for an entity
}

func (r Ref) String() string {
	switch r.Kind {
	case LoginProfile:
		return "the login profile of user " + r.On
	case UserInlinePolicy:
		return "inline policy " + r.Name + " of user " + r.On
	case RoleInlinePolicy:
		return "inline policy " + r.Name + " of role " + r.On
	case PolicyVersion:
		return "version " + r.Name + " of policy " + r.On
	case AccessKey, MFADevice, SigningCertificate, SSHPublicKey, ServiceCredential:
		return string(r.Kind) + " " + r.Name + " of user " + r.On
	default:
		return string(r.Kind) + " " + r.Name
	}
}

// Slot is one of the eight things that the resource has.
type Slot int

// The slots, in the order in which people are told of them.
const (
	InstancePolicy Slot = iota
	InstanceRole
	InstanceProfile
	UserPolicy
	User
	ConsoleRole
	KeySecret
	ConsoleSecret
	slotCount int = iota
)

// slotRow says what a slot is: the property that names it, and how AWS describes it. A managed
// policy's description can never be changed, so these are final.
type slotRow struct {
	kind                  Kind
	property, description string
}

func (s Slot) row() slotRow {
	return [slotCount]slotRow{
		InstancePolicy:  {Policy, "InstancePolicyName", "Instance role policy used by Redis Cloud for its cluster members"},
		InstanceRole:    {Role, "InstanceRoleName", "Role of the EC2 instances that are Redis Cloud's cluster members"},
		InstanceProfile: {Profile, "InstanceRoleName", ""},
		UserPolicy:      {Policy, "UserPolicyName", "Policy of the user and the console role that Redis Cloud uses to manage this account"},
		User:            {Person, "UserName", ""},
		ConsoleRole:     {Role, "ConsoleRoleName", "Role that Redis Cloud's staff assume, with MFA, in the console of this account"},
		KeySecret:       {Secret, "AccessKeySecretName", "Access key that Redis Cloud uses to manage this account"},
		ConsoleSecret:   {Secret, "ConsolePasswordSecretName", "Console password of the user that Redis Cloud uses to manage this account"},
	}[s]
}

// Slots returns all slots.
func Slots() []Slot {
	all := make([]Slot, slotCount)
	for i := range all {
		all[i] = Slot(i)
	}
	return all
}

// Kind returns the kind of what has the slot.
func (s Slot) Kind() Kind { return s.row().kind }

// Ref names what has the slot.
func (s Slot) Ref(names spec.Names) Ref {
	row := s.row()
	return Ref{Kind: row.kind, Name: names.Of(row.property)}
}
