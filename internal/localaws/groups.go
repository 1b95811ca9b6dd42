package localaws

import "slices"

const maxGroups = 10 // a user may be in

type group struct{ identity }

func (tx *tx) CreateGroup() error {
	e, err := tx.made(aGroup)
	if err != nil {
		return err
	}
	g := &group{identity{entity: e}}
	tx.state.Groups[fold(g.Name)] = g
	tx.GetEntity(g)
	return nil
}

// AddUserToGroup makes a user a member; one that is a member already stays so.
func (tx *tx) AddUserToGroup(g *group, u *user) error {
	if slices.Contains(u.Groups, g.Name) {
		return nil
	}
	if len(u.Groups) >= maxGroups {
		return refuse(limitExceeded, "Cannot exceed quota for GroupsPerUser: %d", maxGroups)
	}
	u.Groups = append(u.Groups, g.Name)
	return nil
}

func (tx *tx) RemoveUserFromGroup(g *group, u *user) error {
	i := slices.Index(u.Groups, g.Name)
	if i < 0 {
		return refuse(noSuchEntity, "User %s is not in group %s.", u.Name, g.Name)
	}
	u.Groups = slices.Delete(u.Groups, i, i+1)
	return nil
}

func (tx *tx) ListGroupsForUser(u *user) {
	list(tx, "Groups", each(sorted(u.Groups), func(name string) *group { return tx.state.Groups[fold(name)] }))
}
