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
		p.makePassword(login || set != "")
	}
}

func (p *planner) makePassword(replace bool) {
	p.add(link, MakePassword{
		User: p.Spec.User, Secret: p.Spec.ConsolePasswordSecret, NewSecret: p.seen.In(ConsoleSecret) == nil, Replace: replace,
	})
}

// noPassword takes the console password away: first the login profile, then the tag that tells of
// it, then the secret. A login profile that this resource did not make stays, and so does a secret
// that was adopted, with what it held: a roll-back needs it, and a Delete gives it back. A user who
// is adopted loses its password last: if the adoption fails, nobody can restore that.
func (p *planner) noPassword(user, secret *Entity) {
	if p.user != nil && p.adopts(user.Claim) {
		return
	}
	if p.user != nil && (user.Claim.Password != "" || MadePassword(user, secret, p.Owner)) { // shown or not
		p.add(change, Delete{Ref: Ref{LoginProfile, user.Name, user.Name}})
	}
	if user.Claim.Password != "" {
		p.tag(link, user.Ref, nil, TagPassword)
	}
	switch {
	case p.Cancels(p.seen): // an older event may be about to set what it stored
	case secret != nil && secret.Claim.Adopted != "":
		p.restoreCurrent(secret)
	default:
		p.clear(ConsoleSecret)
	}
}

// MadePassword reports whether the login profile of a user is one that this resource made: the tag
// says so, or, if a run died before it wrote the tag, the secret, in which a password is stored
// before it is set.
func MadePassword(user, secret *Entity, owner string) bool {
	tag, current := user.Claim.Password, secret.Version(Current)
	if tag != "" {
		return !user.kept(tag)
	}
	return strings.HasPrefix(current, PasswordPrefix) && secret.Claim.Owner == owner && !secret.kept(current)
}

// restoreCurrent plans that a secret which the owner has adopted holds what it held before, in place
// of what this software has stored, and that our readers do not read it. What people have stored
// since stays. The version may have lost its label. Then Secrets Manager may delete it:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (p *planner) restoreCurrent(secret *Entity) {
	if secret.Claim.Owner != p.Owner {
		return
	}
	if secret.Claim.Readers {
		p.add(change, SetDocument{Ref: secret.Ref})
		p.tag(link, secret.Ref, nil, tagReaders)
	}
	current := secret.Version(Current)
	if !strings.HasPrefix(current, PasswordPrefix) && parseRecord(current).KeyID == "" {
		return
	}
	for _, version := range secret.Claim.Kept {
		if version != current {
			p.restore(secret)
			p.add(link, MoveCurrent{secret.Name, current, version})
		}
	}
}

// restore plans that a secret which stays is not scheduled for deletion.
func (p *planner) restore(secret *Entity) {
	if !secret.Deleted.IsZero() {
		p.add(prepare, Restore{secret.Ref})
	}
}
