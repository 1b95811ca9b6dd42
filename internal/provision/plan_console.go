package provision

// console plans the console password. The user's tag names the version of the secret that holds the password of its
// login profile. It is set last; so where the tag, the profile and a labelled version do not go together, nobody can say
// what the password of the profile is, and it is replaced.
func (e *ensurer) console(run memory) {
	user, secret := e.seen.User, e.seen.ConsoleSecret
	if !e.Spec.ConsoleLogin {
		if e.hadConsoleLogin() {
			e.noConsole()
		}
		return
	}
	e.secret(e.Spec.ConsolePasswordSecret, consoleSecretDescription, secret)
	login, set, tagged := false, run.password, false
	if user != nil {
		login = user.Login || set != ""
		if _, tagged = user.Tags[tagPassword]; set == "" {
			set = user.Tags[tagPassword]
		}
	}
	switch from := secret.holds(current); {
	case login && set != "" && from == set:
	case login && set != "" && secret.holds(previous) == set:
		e.change = append(e.change, MoveCurrent{secret.Name, from, set}) // a rename of the user is rolled back
	default:
		// A version that was never set must not push the one out of the two labels that holds the password of the
		// user that an Update replaces.
		if former := e.seen.renamed().User; former != nil && former.Tags[tagPassword] != "" && secret.holds(previous) == former.Tags[tagPassword] {
			e.change = append(e.change, MoveCurrent{secret.Name, from, former.Tags[tagPassword]})
		}
		e.link = append(e.link, MakePassword{User: e.Spec.User, Secret: e.Spec.ConsolePasswordSecret, NewSecret: secret == nil, Replace: login || tagged})
	}
}

// noConsole takes the console password away: first from the user, then the tag that tells of it, then the secret. A login
// profile that this resource did not make stays: its password is stored before it is set, and its version named after that.
func (e *ensurer) noConsole() {
	user, secret := e.seen.User, e.seen.ConsoleSecret
	owned := func(secret *Secret) bool { return secret != nil && ownedBy(secret.Tags, e.owners()...) }
	if user != nil {
		_, set := user.Tags[tagPassword]
		// Stored for this user, under either of the secret's names, and perhaps set.
		stored := e.Former.Spec.User == e.Spec.User && (owned(secret) || owned(e.seen.renamed().ConsoleSecret))
		if user.Login && (set || stored) {
			e.change = append(e.change, Strip{user.Name, LoginProfile, user.Name})
		}
		if set {
			e.link = append(e.link, Tag{Entity: Entity{KindUser, user.Name}, Unset: []string{tagPassword}})
		}
	}
	// One of another owner goes with the Delete that cleans up after a rename, and so do its user and its password.
	if owned(secret) && secret.Tags[tagOwner] == e.Owner {
		e.retire = append(e.retire, DeleteEntity{Entity{KindSecret, secret.Name}})
	}
}
