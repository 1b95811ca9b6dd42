package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// observer reads an account. Every method reads one thing, the entity itself or one of the things that hang on it, into the
// entity that it is given; what is not there is no error.
type observer struct {
	account Account
	iam     *iam.Client
	secrets *secretsmanager.Client
}

// toEnsure reads what Ensure must know. On Create that is one round trip where nothing bears the names, and a second one for
// what hangs on the entities that do. On Update it is one for all, and a second one for the document of a policy that was changed,
// and for the readers of a secret. Another one is needed for the last use of keys: see lastUses.
func (o observer) toEnsure(ctx context.Context, d Desired) (*Observed, error) {
	seen := &Observed{Renamed: &Observed{}, At: time.Now()}
	names, before, expected := d.Spec.Names, d.renamed(), d.Former != nil
	if !d.Spec.ConsoleLogin && !d.hadConsoleLogin() {
		names.ConsolePasswordSecret = ""
	}
	policy := func(name string, into **Policy) read {
		if expected {
			return whole(name, into, expected, o.documentedPolicy, o.versions)
		}
		return whole(name, into, expected, o.policy, o.document, o.versions)
	}
	onUser := []detail[User]{o.attachedToUser, o.keys}
	if names.ConsolePasswordSecret != "" {
		onUser = append(onUser, o.login)
	}
	reads := []read{
		policy(names.InstancePolicy, &seen.InstancePolicy),
		policy(names.UserPolicy, &seen.UserPolicy),
		whole(names.InstanceRole, &seen.InstanceRole, expected, o.role, o.attachedToRole),
		whole(names.ConsoleRole, &seen.ConsoleRole, expected, o.role, o.attachedToRole),
		whole(names.InstanceRole, &seen.Profile, expected, o.profile),
		whole(names.User, &seen.User, expected, o.user, onUser...),
		o.secretAndReaders(d, names.AccessKeySecret, &seen.Secret),
		o.secretAndReaders(d, names.ConsolePasswordSecret, &seen.ConsoleSecret),

		whole(before.InstancePolicy, &seen.Renamed.InstancePolicy, expected, o.policy),
		whole(before.UserPolicy, &seen.Renamed.UserPolicy, expected, o.policy),
		whole(before.InstanceRole, &seen.Renamed.InstanceRole, expected, o.role),
		whole(before.ConsoleRole, &seen.Renamed.ConsoleRole, expected, o.role),
		whole(before.InstanceRole, &seen.Renamed.Profile, expected, o.profile),
		whole(before.User, &seen.Renamed.User, expected, o.user, o.keys),
		whole(before.AccessKeySecret, &seen.Renamed.Secret, expected, o.secret),
		whole(before.ConsolePasswordSecret, &seen.Renamed.ConsoleSecret, expected, o.secret),
	}
	if err := parallel(ctx, reads...); err != nil {
		return nil, err
	}
	return seen, o.agree(ctx, d, seen)
}

// agree reads the last uses that must be known, and reads again what another run, at work on the same event, may have
// changed between two reads:
//
//   - A key is made before it is stored: so one that the secret has as the current one and its user does not list may be
//     listed by now. If it still is not, it is gone.
//   - A console password is stored before it is set, and set before a tag of the user names it: so where there is the tag,
//     there may be the other two by now.
//   - A user's keys are remembered before one is made beside them: so of a user that is not remembered, when asked
//     after its keys, they are those of before.
//   - A key is stored before it is used: so one that was used and that no secret held may be held by now. If it still is
//     not, it is somebody's.
func (o observer) agree(ctx context.Context, d Desired, seen *Observed) error {
	user := seen.User
	if user == nil {
		return o.lastUses(ctx, seen, d.mustKnowUse(seen))
	}
	var again []read
	if cur := seen.Secret.keyOf(current); cur != "" && user.key(cur) == nil && seen.renamed().User.key(cur) == nil {
		user.Keys = nil
		again = append(again, func(ctx context.Context) error { return o.keys(ctx, d.Spec.User, user) })
	}
	if set := user.Tags[tagPassword]; set != "" && d.Spec.ConsoleLogin {
		if !user.Login {
			again = append(again, func(ctx context.Context) error { return o.login(ctx, d.Spec.User, user) })
		}
		if !seen.ConsoleSecret.labels(set) {
			again = append(again, o.secretAndReaders(d, d.Spec.ConsolePasswordSecret, &seen.ConsoleSecret))
		}
	}
	if err := parallel(ctx, again...); err != nil {
		return err
	}

	ask := d.mustKnowUse(seen)
	again = []read{func(ctx context.Context) error { return o.lastUses(ctx, seen, ask) }}
	if d.adopts(user.Tags) && adopter(user) == "" {
		again = append(again, func(ctx context.Context) error {
			_, err := o.user(ctx, d.Spec.User, user)
			return err
		})
	}
	if err := parallel(ctx, again...); err != nil {
		return err
	}

	recorded, kept := d.recorded(seen), keptKeys(user)
	if !slices.ContainsFunc(user.Keys, func(key Key) bool { return key.used() && !recorded[key.ID] && !kept[key.ID] }) {
		return nil
	}
	return o.secretAndReaders(d, d.Spec.AccessKeySecret, &seen.Secret)(ctx)
}

// secretAndReaders reads a secret, and its readers after it, where there are or were some, or may be since it is adopted.
func (o observer) secretAndReaders(d Desired, name string, into **Secret) read {
	return whole(name, into, false, o.secret, func(ctx context.Context, name string, secret *Secret) error {
		adopted := d.adopts(secret.Tags) && (name == d.Spec.AccessKeySecret || d.Spec.ConsoleLogin)
		if adopted || len(d.Spec.readersOf(name)) > 0 || d.hadReaders(name) {
			return o.readers(ctx, name, secret)
		}
		return nil
	})
}

// toRemove reads what Remove must know, all in one round trip. A second one is for the last use of keys.
func (o observer) toRemove(ctx context.Context, owned Owned) (*Observed, error) {
	const expected = true
	names, seen := owned.Names, &Observed{At: time.Now()}
	err := parallel(
		ctx,
		whole(names.InstancePolicy, &seen.InstancePolicy, expected, o.policy, o.versions, o.attachments),
		whole(names.UserPolicy, &seen.UserPolicy, expected, o.policy, o.versions, o.attachments),
		whole(names.InstanceRole, &seen.InstanceRole, expected, o.role, o.attachedToRole, o.inlineOfRole, o.profilesOfRole),
		whole(names.ConsoleRole, &seen.ConsoleRole, expected, o.role, o.attachedToRole, o.inlineOfRole, o.profilesOfRole),
		whole(names.InstanceRole, &seen.Profile, expected, o.profile),
		whole(names.User, &seen.User, expected, o.user, o.hungOnUser),
		whole(names.AccessKeySecret, &seen.Secret, expected, o.secret),
		whole(names.ConsolePasswordSecret, &seen.ConsoleSecret, expected, o.secret),
	)
	if err != nil {
		return nil, err
	}
	return seen, o.lastUses(ctx, seen, owned.mustKnowUse(seen))
}

// read reads something into where it belongs.
type read = func(context.Context) error

// detail reads what hangs on the entity of that name. It may run beside the one that reads the entity itself: so it writes no
// field but its own, and reads none unless it says that the entity must be known.
type detail[E any] = func(ctx context.Context, name string, entity *E) error

// whole reads an entity, and what hangs on it: beside it where it is expected to be there, else once it was found.
// There is nothing to read where the name is "".
func whole[E any](name string, into **E, expected bool, itself func(context.Context, string, *E) (bool, error), hung ...detail[E]) read {
	return func(ctx context.Context) error {
		if name == "" {
			return nil
		}
		entity, found := new(E), false
		first := func(ctx context.Context) (err error) {
			found, err = itself(ctx, name, entity)
			return err
		}
		var rest []read
		for _, detail := range hung {
			rest = append(rest, func(ctx context.Context) error { return detail(ctx, name, entity) })
		}
		var err error
		if expected {
			err = parallel(ctx, append(rest, first)...)
		} else if err = first(ctx); err == nil && found {
			err = parallel(ctx, rest...)
		}
		if found {
			*into = entity
		}
		return err
	}
}

func (o observer) policy(ctx context.Context, name string, policy *Policy) (bool, error) {
	arn := o.account.iamARN("policy", name)
	out, err := o.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read policy %s: %w", arn, err)
	}
	policy.Name = aws.ToString(out.Policy.PolicyName)
	policy.ARN = aws.ToString(out.Policy.Arn)
	policy.Tags = iamTags(out.Policy.Tags)
	policy.DefaultVersion = aws.ToString(out.Policy.DefaultVersionId)
	return true, nil
}

func (o observer) role(ctx context.Context, name string, role *Role) (bool, error) {
	out, err := o.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read role %s: %w", name, err)
	}
	role.Name = aws.ToString(out.Role.RoleName)
	role.ARN = aws.ToString(out.Role.Arn)
	role.Description = aws.ToString(out.Role.Description)
	role.Trust = decodeDocument(aws.ToString(out.Role.AssumeRolePolicyDocument))
	role.Boundary = boundaryARN(out.Role.PermissionsBoundary)
	role.MaxSession = aws.ToInt32(out.Role.MaxSessionDuration)
	role.Tags = iamTags(out.Role.Tags)
	return true, nil
}

func (o observer) profile(ctx context.Context, name string, profile *Profile) (bool, error) {
	out, err := o.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read instance profile %s: %w", name, err)
	}
	profile.Name = aws.ToString(out.InstanceProfile.InstanceProfileName)
	profile.ARN = aws.ToString(out.InstanceProfile.Arn)
	profile.Tags = iamTags(out.InstanceProfile.Tags)
	for _, role := range out.InstanceProfile.Roles {
		profile.Roles = append(profile.Roles, aws.ToString(role.RoleName))
	}
	return true, nil
}

func (o observer) user(ctx context.Context, name string, user *User) (bool, error) {
	out, err := o.iam.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read user %s: %w", name, err)
	}
	user.Name = aws.ToString(out.User.UserName)
	user.ARN = aws.ToString(out.User.Arn)
	user.Created = aws.ToTime(out.User.CreateDate)
	user.Boundary = boundaryARN(out.User.PermissionsBoundary)
	user.Tags = iamTags(out.User.Tags)
	return true, nil
}

func (o observer) secret(ctx context.Context, name string, secret *Secret) (bool, error) {
	out, err := o.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read secret %s: %w", name, err)
	}
	secret.Name = aws.ToString(out.Name)
	secret.ARN = aws.ToString(out.ARN)
	secret.Description = aws.ToString(out.Description)
	secret.KmsKeyID = aws.ToString(out.KmsKeyId)
	secret.Tags = map[string]string{}
	secret.Deleted = aws.ToTime(out.DeletedDate)
	secret.Versions = out.VersionIdsToStages
	for _, replica := range out.ReplicationStatus {
		secret.Replicas = append(secret.Replicas, aws.ToString(replica.Region))
	}
	for _, tag := range out.Tags {
		secret.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return true, nil
}

// missing reports whether AWS answered that there is no such thing.
func missing(err error) bool {
	if _, ok := errors.AsType[*iamtypes.NoSuchEntityException](err); ok {
		return true
	}
	_, ok := errors.AsType[*smtypes.ResourceNotFoundException](err)
	return ok
}

func iamTags(list []iamtypes.Tag) map[string]string {
	tags := make(map[string]string, len(list))
	for _, tag := range list {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

func boundaryARN(boundary *iamtypes.AttachedPermissionsBoundary) string {
	if boundary == nil {
		return ""
	}
	return aws.ToString(boundary.PermissionsBoundaryArn)
}
