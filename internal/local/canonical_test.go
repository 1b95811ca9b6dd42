package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// canonical takes out of a snapshot what chance decides, so that two accounts with the same history
// have the same canonical state. Unique IDs are left out. An access key is called KEY-user-n
// wherever its ID occurs. In the version IDs of secrets, a key that is deleted is called KEY-gone.
// A secret's ARN ends in -??????, a policy's versions are numbered anew from v1, and a deletion
// date is the zero time.
func canonical(c localaws.State) localaws.State {
	names := map[string]string{}
	for name, u := range c.Users {
		c.Users[name] = canonicalUser(u, name, names)
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
		c.Policies[name] = canonicalPolicy(p)
	}
	for name, s := range c.Secrets {
		c.Secrets[name] = canonicalSecret(s, names)
	}
	return c
}

// canonicalUser notes the names that the user's access keys get.
func canonicalUser(u localaws.User, name string, names map[string]string) localaws.User {
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

func canonicalPolicy(p localaws.Policy) localaws.Policy {
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

func canonicalSecret(s localaws.Secret, names map[string]string) localaws.Secret {
	s.ARN = s.ARN[:len(s.ARN)-6] + "??????"
	versions := map[string][]string{}
	for id, stages := range s.Versions {
		if i := strings.Index(id, "AKIA"); i >= 0 && len(id) >= i+20 {
			id = id[:i] + cmp.Or(names[id[i:i+20]], "KEY-gone") + id[i+20:]
		}
		versions[id] = slices.Sorted(slices.Values(append(versions[id], stages...)))
	}
	s.Versions = versions
	if s.Deletion != nil {
		s.Deletion = &time.Time{}
	}
	return s
}

func TestACanonicalStateHasNothingThatChanceDecides(t *testing.T) {
	state := canonical(localaws.State{
		Users:    map[string]localaws.User{"redis": {ID: "AIDA", Keys: []localaws.Key{{ID: "AKIA0123456789ABCDEF"}}}},
		Policies: map[string]localaws.Policy{"p": {ID: "ANPA", Versions: map[string]string{"v2": "a", "v10": "b"}, Default: "v10"}},
		Secrets: map[string]localaws.Secret{"s": {ARN: "secret:s-Ab1Cd2", Versions: map[string][]string{
			"AKIA0123456789ABCDEF-00000000001": {"AWSCURRENT"}, "AKIAFEDCBA9876543210-00000000001": nil,
		}}},
	})
	assert.Equal(t, localaws.State{
		Users:    map[string]localaws.User{"redis": {Keys: []localaws.Key{{ID: "KEY-redis-1"}}}},
		Policies: map[string]localaws.Policy{"p": {Versions: map[string]string{"v1": "a", "v2": "b"}, Default: "v2"}},
		Secrets: map[string]localaws.Secret{"s": {ARN: "secret:s-??????", Versions: map[string][]string{
			"KEY-redis-1-00000000001": {"AWSCURRENT"}, "KEY-gone-00000000001": nil,
		}}},
	}, state)
}
