package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is one change, as plain data: it can be compared, logged and shown to a person before it is
// made. Every step is idempotent: what is already so is success. Package account carries it out.
type Step interface {
	// String says the change in words, such as "create user redislabs-user". It holds no secret.
	String() string
}

// Effect returns the kind of a change, as the sign that people know from other tools: + ~ - or ?
// for a check.
func Effect(step Step) string {
	switch step.(type) {
	case Create, Attach, MakeKey, MakePassword:
		return "+"
	case Delete, Detach:
		return "-"
	case ProveKey:
		return "?"
	default:
		return "~"
	}
}

// Create makes an entity that is no secret. It has its tags, and so its owner, from the first call.
type Create struct {
	Ref
	Wanted
}

func (s Create) String() string { return "create " + s.Ref.String() }

// SetDocument gives a policy a new default version, a role another trust policy, or a secret
// another resource policy ("" for none). Drop is the version of a policy that makes room, or "".
type SetDocument struct {
	Ref
	Document, Drop string
}

func (s SetDocument) String() string {
	switch {
	case s.Kind == Role:
		return "replace the trust policy of role " + s.Name
	case s.Document == "":
		return "remove the readers of secret " + s.Name
	case s.Kind == Secret:
		return "set the readers of secret " + s.Name
	case s.Drop != "":
		return fmt.Sprintf("give policy %s a new default version, in place of %s", s.Name, s.Drop)
	default:
		return fmt.Sprintf("give policy %s a new default version", s.Name)
	}
}

// Describe changes the description of a role or a secret. The same call would reset a role's
// maximum session duration (in seconds), so that goes with it, and sets a secret's encryption key.
type Describe struct {
	Ref
	Description, KmsKeyID string
	MaxSession            int32
}

func (s Describe) String() string {
	if s.Kind == Secret {
		return "change the description or key of secret " + s.Name
	}
	return "change the description of role " + s.Name
}

// SetBoundary puts a permissions boundary on a user or a role, or removes it where ARN is "".
type SetBoundary struct {
	Ref
	ARN string
}

func (s SetBoundary) String() string {
	if s.ARN == "" {
		return fmt.Sprintf("remove the permissions boundary of %s", s.Ref)
	}
	return fmt.Sprintf("put permissions boundary %s on %s", lastOf(s.ARN), s.Ref)
}

// Tag sets tags and removes others.
type Tag struct {
	Ref
	Set   map[string]string
	Unset []string
}

func (s Tag) String() string {
	var parts []string
	if len(s.Set) > 0 {
		parts = append(parts, "set "+strings.Join(slices.Sorted(maps.Keys(s.Set)), ", "))
	}
	if len(s.Unset) > 0 {
		parts = append(parts, "remove "+strings.Join(s.Unset, ", "))
	}
	return fmt.Sprintf("tag %s: %s", s.Ref, strings.Join(parts, "; "))
}

// Attach attaches a policy, by its ARN, to a user or a role, or puts a role into an instance
// profile.
type Attach struct {
	Ref
	What string
}

func (s Attach) String() string {
	if s.Kind == Profile {
		return fmt.Sprintf("add role %s to %s", s.What, s.Ref)
	}
	return fmt.Sprintf("attach policy %s to %s", lastOf(s.What), s.Ref)
}

// Detach undoes [Attach]. A policy may be attached to a group too.
type Detach struct {
	Ref
	What string
}

func (s Detach) String() string {
	if s.Kind == Profile {
		return fmt.Sprintf("remove role %s from %s", s.What, s.Ref)
	}
	return fmt.Sprintf("detach policy %s from %s", lastOf(s.What), s.Ref)
}

// Restore takes a secret back that is scheduled for deletion.
type Restore struct{ Ref }

func (s Restore) String() string {
	return "restore " + s.Ref.String() + ", which was scheduled for deletion"
}

// MakeKey makes an access key and stores it: in a new secret, or as a new version of the one that
// is there.
type MakeKey struct {
	User, Secret string
	Serial       int
	NewSecret    bool
}

func (s MakeKey) String() string {
	where := "secret "
	if s.NewSecret {
		where = "the new secret "
	}
	return fmt.Sprintf("make an access key of user %s and store it in %s%s", s.User, where, s.Secret)
}

// ProveKey waits until AWS accepts the key that this run made. It remembers on the user that it is
// stored, beside the earlier ones.
type ProveKey struct {
	User    string
	Earlier []Record
}

func (s ProveKey) String() string {
	return "prove that AWS accepts the new access key of user " + s.User
}

// SetKey activates or deactivates a key.
type SetKey struct {
	User, ID string
	Active   bool
}

func (s SetKey) String() string {
	if s.Active {
		return fmt.Sprintf("activate access key %s of user %s", s.ID, s.User)
	}
	return fmt.Sprintf("deactivate access key %s of user %s", s.ID, s.User)
}

// MoveCurrent moves the label AWSCURRENT to another stored version. AWSPREVIOUS follows by itself,
// to the version that had AWSCURRENT.
type MoveCurrent struct{ Secret, From, To string }

func (s MoveCurrent) String() string {
	return fmt.Sprintf("move %s of secret %s to version %s", Current, s.Secret, s.To)
}

// MakePassword makes a console password, stores it, as a new secret or as a new version of the one
// that is there, and then sets it. Replace says that the user has a login profile whose password
// may be unknown, or a tag that tells of one.
type MakePassword struct {
	User, Secret       string
	NewSecret, Replace bool
}

func (s MakePassword) String() string {
	text := fmt.Sprintf("make a console password of user %s and store it in secret %s", s.User, s.Secret)
	if s.Replace {
		text += ", in place of the one that it has"
	}
	return text
}

// Delete deletes an entity that nothing hangs on any more, or something that hangs on one.
type Delete struct {
	Ref
	Why string
}

func (s Delete) String() string {
	text := "delete " + s.Ref.String()
	if s.Kind == MFADevice {
		text = "deactivate " + s.Ref.String()
	}
	if s.Why != "" {
		text += ": " + s.Why
	}
	return text
}

// lastOf is the name at the end of an ARN.
func lastOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
