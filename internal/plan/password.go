package plan

import "strings"

// password plans the console password. A tag of the user names the version of the secret that holds the
// password of its login profile. The tag is written last. So where tag, profile and a labelled version do
// not go together, nobody can say what the password is, and it is replaced.
func (p *planner) password() {
	user, secret := p.seen.In(User), p.seen.In(ConsoleSecret)
	if !p.Spec.ConsoleLogin {
		p.noPassword()
		return
	}
	login, set := false, ""
	if user != nil {
		login, set = user.Login, user.Claim.Password
	}
	switch current := secret.Version(Current); {
	case login && set != "" && current == set:
	case login && set != "" && secret.Version(Previous) == set:
		p.change = append(p.change, MoveCurrent{secret.Name, current, set}) // the secret was changed out of band
	default:
		p.link = append(p.link, MakePassword{
			User: p.Spec.User, Secret: p.Spec.ConsolePasswordSecret, NewSecret: secret == nil, Replace: login || set != "",
		})
	}
}

// noPassword takes the console password away: first the login profile, then the tag that tells of it, then
// the secret. A login profile that this resource did not make stays.
func (p *planner) noPassword() {
	user, secret := p.seen.In(User), p.seen.In(ConsoleSecret)
	if secret != nil && secret.Claim.Owner == p.Owner {
		p.retire = append(p.retire, Delete{Ref: secret.Ref})
	}
	if user == nil {
		return
	}
	if user.Login && madePassword(user, secret, p.Owner) {
		p.change = append(p.change, Delete{Ref: Ref{LoginProfile, user.Name, user.Name}})
	}
	if user.Claim.Password != "" {
		p.change = append(p.change, takenBack(user, secret)...)
		p.link = append(p.link, Tag{Ref: user.Ref, Unset: []string{tagPassword}})
	}
}

// madePassword reports whether the login profile of a user is one that this resource made: the tag says so,
// or, if a run died before it wrote the tag, the password is stored in the resource's secret.
func madePassword(user, secret *Entity, owner string) bool {
	stored := isPassword(secret.Version(Current))
	return user.Claim.Password != "" || stored && secret.Claim.Owner == owner
}

// takenBack plans that an unowned secret, whose adoption did not come to its end, holds what it held before
// the user's console password was stored in it.
func takenBack(user, secret *Entity) []Step {
	if secret == nil || secret.Claim.Owner != "" {
		return nil
	}
	return unstored(secret, user.Claim.Password)
}

// unstored plans that a secret has the label Current where it had it before a version was stored.
func unstored(secret *Entity, version string) []Step {
	current, before := secret.Version(Current), secret.Version(Previous)
	if current == "" || current != version || before == "" {
		return nil
	}
	return []Step{MoveCurrent{secret.Name, current, before}}
}

// isPassword reports whether a version holds a console password that this software made.
func isPassword(version string) bool { return strings.HasPrefix(version, PasswordPrefix) }
