package localaws

import "reflect"

// arguments gives the method of an operation what it takes.
func (tx *tx) arguments(effect reflect.Type) ([]reflect.Value, error) {
	arguments := []reflect.Value{reflect.ValueOf(tx)}
	var before any // the subject that the method takes before this one
	for i := 1; i < effect.NumIn(); i++ {
		switch of := effect.In(i); of {
		case reflect.PointerTo(tx.in.Type()):
			arguments = append(arguments, tx.in.Addr())
		case reflect.PointerTo(tx.out.Type()):
			arguments = append(arguments, tx.out.Addr())
		default:
			subject, err := tx.subject(of, before)
			if err != nil {
				return nil, err
			}
			arguments, before = append(arguments, reflect.ValueOf(subject)), subject
		}
	}
	return arguments, nil
}

// subject finds a thing that a call is about. An access key, a login profile or a credential is
// that of the user before it, a version that of the policy. If a call changes a policy itself,
// which is then the first subject, the policy must be the account's own; AWS's own can only be
// attached.
func (tx *tx) subject(of reflect.Type, before any) (any, error) {
	owner, _ := before.(*user)
	switch of {
	case reflect.TypeFor[*secret]():
		return tx.secret()
	case reflect.TypeFor[*mfaDevice]():
		return tx.device()
	case reflect.TypeFor[*accessKey]():
		return tx.keyOf(owner)
	case reflect.TypeFor[*loginProfile]():
		return tx.loginOf(owner)
	case reflect.TypeFor[*credential]():
		return tx.credentialOf(owner)
	case reflect.TypeFor[*policyVersion]():
		p, _ := before.(*policy)
		return p.version(tx.in.text("VersionId"))
	}
	for _, k := range kinds() {
		if !tx.in.has(k.names()) || !k.is(of) {
			continue
		}
		found, err := tx.entity(k, before == nil)
		switch {
		case err != nil:
			return nil, err
		case of == reflect.TypeFor[*entity]():
			return found.header(), nil
		case of == reflect.TypeFor[*identity]():
			whole, _ := found.(interface{ whole() *identity })
			return whole.whole(), nil
		}
		return found, nil
	}
	panic("localaws: an operation takes what its input does not name: " + of.String())
}

// entity finds the entity of a kind that the input names. An input that names no user is about the
// caller, who must be one.
func (tx *tx) entity(k kind, first bool) (holder, error) {
	switch name := tx.in.text(k.names()); {
	case k == aUser && tx.in.pointer("UserName") == nil && tx.caller == nil:
		return nil, refuse(validationError, "Must specify userName when calling with non-User credentials")
	case k == aUser && tx.in.pointer("UserName") == nil:
		return tx.find(aUser, tx.caller.Name)
	case k == aPolicy:
		return tx.policyWith(name, first && !tx.reads())
	default:
		return tx.find(k, name)
	}
}
