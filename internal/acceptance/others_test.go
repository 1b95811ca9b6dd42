package acceptance

import (
	"maps"
	"strings"

	"redis-cloud-iam/internal/localaws"
)

// given reports whether a stack was told to adopt an entity, or to retain it. Then it is not one of
// others, nor what was there before.
func (k *knowledge) given(entity string) bool { return k.adopted[entity] || k.freed[entity] }

// withoutGiven is a state without what stacks were told to adopt or to retain, and without the
// boundaries, which CloudFormation makes.
func (k *knowledge) withoutGiven(s localaws.State) localaws.State {
	s.Users = without(s.Users, func(name string, _ localaws.User) bool { return k.given("user " + name) })
	s.Roles = without(s.Roles, func(name string, _ localaws.Role) bool { return k.given("role " + name) })
	s.Profiles = without(s.Profiles, func(name string, _ localaws.Profile) bool { return k.given("profile " + name) })
	s.Policies = without(s.Policies, func(name string, _ localaws.Policy) bool { return k.given("policy "+name) || isBoundary(name) })
	s.Secrets = without(s.Secrets, func(name string, _ localaws.Secret) bool { return k.given("secret " + name) })
	return s
}

func without[V any](all map[string]V, drop func(string, V) bool) map[string]V {
	left := maps.Clone(all)
	maps.DeleteFunc(left, drop)
	return left
}

// others is what the event's stack does not own. What links it to what the stack owned before is
// left out too: IAM deletes nothing from which something of others hangs.
func (e evidence) others(s localaws.State) localaws.State {
	k, was := e.known, e.before
	foreign := func(attached []string) (left []string) {
		for _, arn := range attached {
			_, name, _ := strings.Cut(arn, ":policy/")
			if !e.own(was.Policies[name].Tags) && !k.given("policy "+name) {
				left = append(left, arn)
			}
		}
		return left
	}
	s = k.withoutGiven(s)
	s.Users = without(s.Users, func(_ string, x localaws.User) bool { return e.own(x.Tags) })
	for name, x := range s.Users {
		x.Attached = foreign(x.Attached)
		s.Users[name] = x
	}
	s.Groups = maps.Clone(s.Groups)
	for name, x := range s.Groups {
		x.Attached = foreign(x.Attached)
		s.Groups[name] = x
	}
	s.MFADevices = maps.Clone(s.MFADevices)
	for device, user := range s.MFADevices {
		if e.own(was.Users[user].Tags) || k.given("user "+user) {
			s.MFADevices[device] = "" // it stays when its user goes
		}
	}
	s.Profiles = without(s.Profiles, func(_ string, x localaws.Profile) bool { return e.own(x.Tags) })
	for name, x := range s.Profiles {
		if e.own(was.Roles[x.Role].Tags) || k.given("role "+x.Role) {
			x.Role = ""
		}
		s.Profiles[name] = x
	}
	s.Roles = without(s.Roles, func(_ string, x localaws.Role) bool { return e.own(x.Tags) })
	for name, x := range s.Roles {
		x.Attached = foreign(x.Attached)
		s.Roles[name] = x
	}
	s.Policies = without(s.Policies, func(_ string, x localaws.Policy) bool { return e.own(x.Tags) })
	s.Secrets = without(s.Secrets, func(_ string, x localaws.Secret) bool { return e.own(x.Tags) })
	return s
}

// differences are the lines that one text has and the other has not.
func differences(was, is string) string {
	var lines []string
	only := func(sign, text, other string) {
		have := map[string]bool{}
		for line := range strings.SplitSeq(other, "\n") {
			have[line] = true
		}
		for line := range strings.SplitSeq(text, "\n") {
			if !have[line] {
				lines = append(lines, sign+line)
			}
		}
	}
	only("- ", was, is)
	only("+ ", is, was)
	return strings.Join(lines, "\n")
}
