package localaws

type profile struct {
	entity
	Role string // a profile holds at most one
}

// CreateInstanceProfile makes an instance profile without a role.
func (tx *tx) CreateInstanceProfile() error {
	e, err := tx.made(aProfile)
	if err != nil {
		return err
	}
	p := &profile{entity: e}
	tx.state.Profiles[fold(p.Name)] = p
	tx.GetEntity(p)
	return nil
}

// listed has a list of roles even if it holds none.
func (p *profile) listed(s *state) members {
	shown, roles := p.entity.listed(s), []members{}
	if p.Role != "" {
		roles = append(roles, s.Roles[fold(p.Role)].listed(s))
	}
	shown["Roles"] = roles
	return shown
}

// DeleteInstanceProfile deletes an instance profile that holds no role.
func (tx *tx) DeleteInstanceProfile(p *profile) error {
	if p.Role != "" {
		return refuse(deleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(tx.state.Profiles, fold(p.Name))
	return nil
}

func (tx *tx) ListInstanceProfiles() { list(tx, "InstanceProfiles", ordered(tx.state.Profiles)) }

func (tx *tx) ListInstanceProfilesForRole(r *role) { list(tx, "InstanceProfiles", tx.profilesWith(r)) }

// AddRoleToInstanceProfile puts a role into an instance profile that holds none. One that holds a
// role answers LimitExceeded, even if it is the same role.
func (tx *tx) AddRoleToInstanceProfile(p *profile, r *role) error {
	if p.Role != "" {
		return refuse(limitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = r.Name
	return nil
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile that holds it.
func (tx *tx) RemoveRoleFromInstanceProfile(p *profile, r *role) error {
	if p.Role != r.Name {
		return refuse(noSuchEntity, "The role with name %s cannot be found in instance profile %s.", r.Name, p.Name)
	}
	p.Role = ""
	return nil
}
