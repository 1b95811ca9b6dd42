package localaws

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// CreateUser makes a user, tags and boundary included, or nothing.
func (c *IAM) CreateUser(ctx context.Context, in *iam.CreateUserInput, _ ...func(*iam.Options)) (*iam.CreateUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateUserOutput, error) {
		if _, taken := tx.state.Users[fold(*in.UserName)]; taken {
			return nil, entityExists("User with name %s already exists.", *in.UserName)
		}
		u := &user{identity: identity{entity: tx.named("user", "AIDA", in.Path, in.UserName)}}
		if err := tx.dress(&u.identity, in.Tags, in.PermissionsBoundary); err != nil {
			return nil, err
		}
		tx.state.Users[fold(u.Name)] = u
		return &iam.CreateUserOutput{User: u.shown()}, nil
	})
}

// dress gives a new user or role its tags and its boundary.
func (tx *tx) dress(id *identity, tags []iamtypes.Tag, arn *string) (err error) {
	if id.Boundary, err = tx.bound(arn); err != nil {
		return err
	}
	return id.tag(tags, equalFold)
}

// shown is a user as GetUser returns it.
func (u *user) shown() *iamtypes.User {
	shown := u.listed()
	shown.Tags = iamTags(u.Tags)
	shown.PermissionsBoundary = boundary(u.Boundary)
	return &shown
}

// listed is a user as ListUsers returns it, without tags and boundary.
func (u *user) listed() iamtypes.User {
	return iamtypes.User{
		Arn:        aws.String(u.ARN),
		CreateDate: stamp(u.Created),
		Path:       aws.String(u.Path),
		UserId:     aws.String(u.ID),
		UserName:   aws.String(u.Name),
	}
}

// GetUser returns a user; without a name, the one who calls.
func (c *IAM) GetUser(ctx context.Context, in *iam.GetUserInput, _ ...func(*iam.Options)) (*iam.GetUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetUserOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.GetUserOutput{User: u.shown()}, nil
	})
}

// DeleteUser deletes a user from which everything has been taken away.
func (c *IAM) DeleteUser(ctx context.Context, in *iam.DeleteUserInput, _ ...func(*iam.Options)) (*iam.DeleteUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteUserOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		if err := tx.stripped(u); err != nil {
			return nil, err
		}
		delete(tx.state.Users, fold(u.Name))
		return &iam.DeleteUserOutput{}, nil
	})
}

// stripped reports the delete conflict of a user that still has something.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html.
func (tx *tx) stripped(u *user) error {
	for _, held := range []struct {
		what  string
		count int
	}{
		{"delete access keys", len(u.Keys)},
		{"delete signing certificates", len(u.Certificates)},
		{"delete SSH public keys", len(u.SSHKeys)},
		{"delete service specific credentials", len(u.Credentials)},
		{"delete MFA device", len(tx.state.devicesOf(u))},
		{"remove user from all groups", len(u.Groups)},
	} {
		if held.count > 0 {
			return deleteConflict("Cannot delete entity, must %s first.", held.what)
		}
	}
	if u.Login != nil {
		return deleteConflict("Cannot delete entity, must delete login profile first.")
	}
	return u.bare()
}

// ListUsers lists the users under a path.
func (c *IAM) ListUsers(ctx context.Context, in *iam.ListUsersInput, _ ...func(*iam.Options)) (*iam.ListUsersOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListUsersOutput, error) {
		users, truncated, next, err := page(tx, under(maps.Values(tx.state.Users), in.PathPrefix), byName, in.Marker, in.MaxItems)
		out := &iam.ListUsersOutput{IsTruncated: truncated, Marker: next}
		for _, u := range users {
			out.Users = append(out.Users, u.listed())
		}
		return out, err
	})
}

// TagUser adds tags or overwrites them.
func (c *IAM) TagUser(ctx context.Context, in *iam.TagUserInput, _ ...func(*iam.Options)) (*iam.TagUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.TagUserOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.TagUserOutput{}, u.tag(in.Tags, equalFold)
	})
}

// UntagUser removes tags; keys that are not there do not matter.
func (c *IAM) UntagUser(ctx context.Context, in *iam.UntagUserInput, _ ...func(*iam.Options)) (*iam.UntagUserOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UntagUserOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		u.untag(in.TagKeys, equalFold)
		return &iam.UntagUserOutput{}, nil
	})
}

// ListUserTags lists a user's tags.
func (c *IAM) ListUserTags(ctx context.Context, in *iam.ListUserTagsInput, _ ...func(*iam.Options)) (*iam.ListUserTagsOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListUserTagsOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		tags, truncated, next, err := page(tx, u.Tags, tag.key, in.Marker, in.MaxItems)
		return &iam.ListUserTagsOutput{Tags: iamTags(tags), IsTruncated: truncated, Marker: next}, err
	})
}

// PutUserPermissionsBoundary sets a user's boundary.
func (c *IAM) PutUserPermissionsBoundary(ctx context.Context, in *iam.PutUserPermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.PutUserPermissionsBoundaryOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.PutUserPermissionsBoundaryOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		arn, err := tx.bound(in.PermissionsBoundary)
		if err == nil {
			u.Boundary = arn
		}
		return &iam.PutUserPermissionsBoundaryOutput{}, err
	})
}

// DeleteUserPermissionsBoundary takes a user's boundary away.
func (c *IAM) DeleteUserPermissionsBoundary(ctx context.Context, in *iam.DeleteUserPermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.DeleteUserPermissionsBoundaryOutput{}, u.unbound("User")
	})
}
