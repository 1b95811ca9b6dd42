package plan

import (
	"cmp"
	"strings"
)

// password plans the console password. A tag of the user names the version of the secret that holds
// the password of its login profile. The tag is written last. So where tag, profile and a labelled
// version do not go together, nobody can say what the password is, and it is replaced.
func (p *planner) password() {
	user, secret := cmp.Or(p.user, &Entity{}), p.seen.In(ConsoleSecret)
	if !p.Spec.ConsoleLogin {
		p.noPassword(user, secret)
		return
	}
	login, set := user.Login, user.Claim.Password
	switch current := secret.Version(Current); {
	case login && set != "" && current == set:
	case login && set != "" && secret.Version(Previous) == set:
		p.add(change, MoveCurrent{secret.Name, current, set}) // the secret was changed out of band
	case set != "" && !p.sure(User, ConsoleSecret): // it is stored, then set, and then the tag names it
	default:
		if secret != nil && secret.Claim.Owner == p.Owner {
			p.restoreCurrent(secret) // or the version that was there would lose the second label too
		}
		p.makePassword(login || set != "")
	}
}

func (p *planner) makePassword(replace bool) {
	p.add(link, MakePassword{
		User: p.Spec.User, Secret: p.Spec.ConsolePasswordSecret, NewSecret: p.seen.In(ConsoleSecret) == nil, Replace: replace,
	})
}

// noPassword takes the console password away: first the login profile, then the tag that tells of
// it, then the secret. A login profile that this resource did not make stays.
func (p *planner) noPassword(user, secret *Entity) {
	if !p.Cancels(p.seen) { // an older event may be about to set what it stored
		p.clear(ConsoleSecret)
	}
	if p.user != nil && (user.Claim.Password != "" || MadePassword(user, secret, p.Owner)) { // shown or not
		p.add(change, Delete{Ref: Ref{LoginProfile, user.Name, user.Name}})
	}
	if user.Claim.Password != "" {
		p.tag(link, user.Ref, nil, TagPassword)
	}
}

// MadePassword reports whether the login profile of a user is one that this resource made: the tag
// says so, or, if a run died before it wrote the tag, the secret, in which a password is stored
// before it is set.
func MadePassword(user, secret *Entity, owner string) bool {
	if tag := user.Claim.Password; tag != "" {
		return !user.kept(tag)
	}
	if secret == nil || secret.Claim.Owner != owner {
		return false
	}
	for version := range secret.Versions { // current or previous
		if strings.HasPrefix(version, PasswordPrefix) && !secret.kept(version) {
			return true
		}
	}
	return false
}

// restoreCurrent plans that a secret that was adopted has the label Current where it had it before.
func (p *planner) restoreCurrent(secret *Entity) {
	current := secret.Version(Current)
	for version := range secret.Versions {
		if secret.kept(version) && version != current {
			p.add(change, MoveCurrent{secret.Name, current, version})
			return
		}
	}
}
