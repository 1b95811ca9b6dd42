package localaws

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Canonical returns the state without what chance decides, so that two accounts with the same
// history have the same canonical state. Unique IDs are left out. An access key is called
// KEY-user-n wherever its ID occurs. In the version IDs of secrets, a key that is deleted is called
// KEY-gone. A secret's ARN ends in -??????, a policy's versions are numbered anew from v1, and a
// deletion date is the zero time.
func (s State) Canonical() State {
	c := clone(s)
	names := map[string]string{}
	for name, u := range c.Users {
		c.Users[name] = u.canonical(name, names)
	}
	for name, g := range c.Groups {
		g.ID = ""
		c.Groups[name] = g
	}
	for name, r := range c.Roles {
		r.ID = ""
		c.Roles[name] = r
	}
	for name, p := range c.Profiles {
		p.ID = ""
		c.Profiles[name] = p
	}
	for name, p := range c.Policies {
		c.Policies[name] = p.canonical()
	}
	for name, held := range c.Secrets {
		c.Secrets[name] = held.canonical(names)
	}
	return c
}

// canonical notes the names that the user's access keys get.
func (u User) canonical(name string, names map[string]string) User {
	u.ID = ""
	for i, k := range u.Keys {
		u.Keys[i].ID = fmt.Sprintf("KEY-%s-%d", name, i+1)
		names[k.ID] = u.Keys[i].ID
	}
	for kind, list := range map[string][]string{"CERTIFICATE": u.Certificates, "SSH": u.SSHKeys, "CREDENTIAL": u.Credentials} {
		for i := range list {
			list[i] = fmt.Sprintf("%s-%d", kind, i+1)
		}
	}
	return u
}

func (p Policy) canonical() Policy {
	p.ID = ""
	byNumber := func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }
	versions, standing := map[string]string{}, p.Default
	for i, id := range slices.SortedFunc(maps.Keys(p.Versions), byNumber) {
		number := fmt.Sprintf("v%d", i+1)
		versions[number] = p.Versions[id]
		if id == standing {
			p.Default = number
		}
	}
	p.Versions = versions
	return p
}

func (s Secret) canonical(names map[string]string) Secret {
	s.ARN = s.ARN[:len(s.ARN)-6] + "??????"
	versions := map[string][]string{}
	for id, stages := range s.Versions {
		if i := strings.Index(id, "AKIA"); i >= 0 && len(id) >= i+20 {
			id = id[:i] + cmp.Or(names[id[i:i+20]], "KEY-gone") + id[i+20:]
		}
		versions[id] = sorted(append(versions[id], stages...))
	}
	s.Versions = versions
	if s.Deletion != nil {
		s.Deletion = &time.Time{}
	}
	return s
}
