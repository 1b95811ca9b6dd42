package localaws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxGroups = 10 // a user may be in

type group struct{ identity }

func (tx *tx) CreateGroup(in *iam.CreateGroupInput, out *iam.CreateGroupOutput) error {
	e, err := tx.made(aGroup, in.Path, in.GroupName, nil)
	if err != nil {
		return err
	}
	tx.state.Groups[fold(e.Name)] = &group{identity{entity: e}}
	listed := shown[iamtypes.Group](&e)
	out.Group = &listed
	return nil
}

// AddUserToGroup makes a user a member; one that is a member already stays so.
func (tx *tx) AddUserToGroup(g *group, u *user) error {
	if slices.Contains(u.Groups, fold(g.Name)) {
		return nil
	}
	if len(u.Groups) >= maxGroups {
		return refuse(limitExceeded, "Cannot exceed quota for GroupsPerUser: %d", maxGroups)
	}
	u.Groups = append(u.Groups, fold(g.Name))
	return nil
}

func (tx *tx) RemoveUserFromGroup(g *group, u *user) error {
	i := slices.Index(u.Groups, fold(g.Name))
	if i < 0 {
		return refuse(noSuchEntity, "User %s is not in group %s.", u.Name, g.Name)
	}
	u.Groups = slices.Delete(u.Groups, i, i+1)
	return nil
}

func (tx *tx) ListGroupsForUser(out *iam.ListGroupsForUserOutput, u *user) {
	out.Groups = each(sorted(u.Groups), func(name string) iamtypes.Group { return shown[iamtypes.Group](&tx.state.Groups[name].entity) })
}
