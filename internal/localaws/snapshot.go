package localaws

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"
)

// State is all that an account holds, as plain data that can be compared: maps by name, sorted
// lists, no times but a secret's deletion date, and no secret value at all. AWS's own policies are
// left out.
type State struct {
	Users          map[string]User
	Groups         map[string]Group
	Roles          map[string]Role
	Profiles       map[string]Profile
	Policies       map[string]Policy
	MFADevices     map[string]string // serial number → user's name, empty while unassigned
	PasswordPolicy bool
	Secrets        map[string]Secret
}

// User is a user in a [State].
type User struct {
	ARN, ID      string
	Tags         map[string]string
	Boundary     string
	Attached     []string
	Inline       map[string]string
	Groups       []string
	Keys         []Key // in the order in which they were made
	LoginProfile bool
	MFADevices   []string
	Certificates []string
	SSHKeys      []string
	Credentials  []string // of single services
}

// Key is an access key in a [State]; its secret is not in it.
type Key struct {
	ID     string
	Status string
	Used   bool
}

// Group is a group in a [State].
type Group struct {
	ARN, ID  string
	Attached []string
}

// Role is a role in a [State].
type Role struct {
	ARN, ID     string
	Trust       string
	Description string
	MaxSession  int32
	Tags        map[string]string
	Boundary    string
	Attached    []string
	Inline      map[string]string
}

// Profile is an instance profile in a [State].
type Profile struct {
	ARN, ID string
	Role    string
	Tags    map[string]string
}

// Policy is a managed policy in a [State].
type Policy struct {
	ARN, ID     string
	Description string
	Tags        map[string]string
	Versions    map[string]string // documents by version ID
	Default     string
}

// Secret is a secret in a [State]; its values are not in it.
type Secret struct {
	ARN, Description string
	KMSKey           string
	Tags             map[string]string
	Versions         map[string][]string // staging labels by version ID; a version without labels has none
	Policy           string
	Replicas         []string // Regions
	Deletion         *time.Time
}

// Snapshot returns a copy of all that the account holds, as it really is and not as stale reads
// show it.
func (a *Account) Snapshot() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := State{
		Users: map[string]User{}, Groups: map[string]Group{}, Roles: map[string]Role{}, Profiles: map[string]Profile{},
		Policies: map[string]Policy{}, MFADevices: map[string]string{}, Secrets: map[string]Secret{},
		PasswordPolicy: a.state.PasswordPolicy != nil,
	}
	for _, u := range a.state.Users {
		s.Users[u.Name] = a.snapshotUser(u)
	}
	for _, g := range a.state.Groups {
		s.Groups[g.Name] = copied[Group](g)
	}
	for _, r := range a.state.Roles {
		s.Roles[r.Name] = copied[Role](r)
	}
	for _, p := range a.state.Profiles {
		s.Profiles[p.Name] = copied[Profile](p)
	}
	for _, p := range a.state.Policies {
		if !p.AWS {
			shown := copied[Policy](p)
			shown.Versions = map[string]string{}
			for _, v := range p.Versions {
				shown.Versions[v.ID] = v.Document
			}
			s.Policies[p.Name] = shown
		}
	}
	for _, d := range a.state.MFADevices {
		s.MFADevices[d.Serial] = d.User
	}
	for _, held := range a.state.Secrets {
		shown := copied[Secret](held)
		shown.Versions = map[string][]string{}
		for _, v := range held.Versions {
			shown.Versions[v.ID] = sorted(v.Stages)
		}
		s.Secrets[held.Name] = shown
	}
	return s
}

func (a *Account) snapshotUser(u *user) User {
	s := copied[User](u)
	s.LoginProfile = u.Login != nil
	s.Keys = each(u.Keys, func(k *accessKey) Key {
		return Key{ID: k.ID, Status: string(k.Status), Used: k.Used.LastUsedDate != nil}
	})
	s.MFADevices = each(a.state.devicesOf(u), func(d *mfaDevice) string { return d.Serial })
	id := func(c *credential) string { return c.ID }
	s.Certificates, s.SSHKeys = each(u.credentialsOf(certificates), id), each(u.credentialsOf(sshKeys), id)
	s.Credentials = each(u.credentialsOf(serviceCredentials), id)
	return s
}

// copied is a structure with copies of those members that another one has under the same names and
// with the same types. Lists are sorted.
func copied[T any](of any) (out T) {
	from := reflect.ValueOf(of).Elem()
	for field, member := range reflect.ValueOf(&out).Elem().Fields() {
		same := from.FieldByName(field.Name)
		if !same.IsValid() || same.Type() != field.Type {
			continue
		}
		switch value := same.Interface().(type) {
		case []string:
			member.Set(reflect.ValueOf(sorted(value)))
		case map[string]string:
			member.Set(reflect.ValueOf(maps.Clone(value)))
		default:
			member.Set(same)
		}
	}
	return out
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// String is the state as indented JSON, the same for equal states.
func (s State) String() string {
	text, _ := json.MarshalIndent(s, "", "  ") // plain data can always be written
	return string(text)
}

// Dump is all that the account holds as JSON, with times, secret values and what AWS alone knows,
// so that tests can tell whether two accounts will go on in the same way.
func (a *Account) Dump() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, _ := json.Marshal(a.state) // plain data can always be written
	return string(text)
}

// SecretString returns the text of the version of a secret that has a staging label; of AWSCURRENT
// when none is named. It is for tests, and does not count as a call.
func (a *Account) SecretString(name, stage string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.secretCalled(name); s != nil {
		if v := s.holder(cmp.Or(stage, current)); v != nil {
			return v.Text, true
		}
	}
	return "", false
}
