package localaws

import (
	"cmp"
	"encoding/json"
	"maps"
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
		s.Groups[g.Name] = Group{ARN: g.ARN, ID: g.ID, Attached: sorted(g.Attached)}
	}
	for _, r := range a.state.Roles {
		s.Roles[r.Name] = Role{
			ARN: r.ARN, ID: r.ID, Trust: r.Trust, Description: r.Description, MaxSession: r.MaxSession,
			Tags: tagMap(r.Tags), Boundary: r.Boundary, Attached: sorted(r.Attached), Inline: inlineMap(r.Inline),
		}
	}
	for _, p := range a.state.Profiles {
		held := ""
		if p.Role != "" {
			held = a.state.Roles[p.Role].Name
		}
		s.Profiles[p.Name] = Profile{ARN: p.ARN, ID: p.ID, Role: held, Tags: tagMap(p.Tags)}
	}
	for _, p := range a.state.Policies {
		if !p.AWS {
			s.Policies[p.Name] = snapshotPolicy(p)
		}
	}
	for _, d := range a.state.MFADevices {
		s.MFADevices[d.Serial] = d.User
	}
	for _, held := range a.state.Secrets {
		s.Secrets[held.Name] = snapshotSecret(held)
	}
	return s
}

func (a *Account) snapshotUser(u *user) User {
	s := User{
		ARN: u.ARN, ID: u.ID, Tags: tagMap(u.Tags), Boundary: u.Boundary, Attached: sorted(u.Attached),
		Inline: inlineMap(u.Inline), LoginProfile: u.Login != nil,
	}
	for _, name := range u.Groups {
		s.Groups = append(s.Groups, a.state.Groups[name].Name)
	}
	for _, k := range u.Keys {
		s.Keys = append(s.Keys, Key{ID: k.ID, Status: string(k.Status), Used: !k.Used.IsZero()})
	}
	for _, d := range a.state.devicesOf(u) {
		s.MFADevices = append(s.MFADevices, d.Serial)
	}
	slices.Sort(s.Groups)
	s.Certificates, s.SSHKeys, s.Credentials = u.idsOf(certificates), u.idsOf(sshKeys), u.idsOf(serviceCredentials)
	return s
}

func (u *user) idsOf(k credentialKind) (ids []string) {
	for _, c := range u.credentialsOf(k) {
		ids = append(ids, c.ID)
	}
	return ids
}

func snapshotPolicy(p *policy) Policy {
	s := Policy{
		ARN: p.ARN, ID: p.ID, Description: p.Description, Tags: tagMap(p.Tags),
		Versions: map[string]string{}, Default: p.Default,
	}
	for _, v := range p.Versions {
		s.Versions[v.ID] = v.Document
	}
	return s
}

func snapshotSecret(held *secret) Secret {
	s := Secret{
		ARN: held.ARN, Description: held.Description, KMSKey: held.KMSKey, Tags: tagMap(held.Tags),
		Versions: map[string][]string{}, Policy: held.Policy, Replicas: slices.Clone(held.Replicas),
	}
	for _, v := range held.Versions {
		s.Versions[v.ID] = sorted(v.Stages)
	}
	if !held.Deletion.IsZero() {
		s.Deletion = stamp(held.Deletion)
	}
	return s
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func tagMap(tags []tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// inlineMap copies an identity's inline policies. It is nil where there are none, whether or not
// there once were some.
func inlineMap(inline map[string]string) map[string]string {
	m := maps.Clone(inline)
	if len(m) == 0 {
		return nil
	}
	return m
}

// String is the state as indented JSON, the same for equal states.
func (s State) String() string {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Dump is all that the account holds as JSON, with times, secret values and what AWS alone knows, so
// that tests can tell whether two accounts will go on in the same way.
func (a *Account) Dump() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, err := json.Marshal(a.state)
	if err != nil {
		return err.Error()
	}
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
