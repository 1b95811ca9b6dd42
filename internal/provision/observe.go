package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// observer reads an account. Every method reads one thing; what is not there is no error.
type observer struct {
	iam     *iam.Client
	secrets *secretsmanager.Client
}

// toEnsure reads what Ensure must know: one round trip where nothing bears the names, a second one for what
// hangs on the entities that do. A third is needed for the last use of keys: see lastUses.
func (o observer) toEnsure(ctx context.Context, d Desired) (*Observed, error) {
	seen := &Observed{Renamed: &Observed{}, At: time.Now()}
	names, before := d.Spec.Names, d.renamed()
	if !d.Spec.ConsoleLogin && !d.hadConsoleLogin() {
		names.ConsolePasswordSecret = ""
	}
	reads := append(o.entities(d.Account, names, seen), o.entities(d.Account, before, seen.Renamed)...)
	if err := parallel(ctx, reads...); err != nil {
		return nil, err
	}

	var details []func(context.Context) error
	detail := func(read func(context.Context) error) { details = append(details, read) }
	for _, policy := range []*Policy{seen.InstancePolicy, seen.UserPolicy} {
		if policy != nil {
			detail(func(ctx context.Context) error { return o.document(ctx, policy) })
			detail(func(ctx context.Context) error { return o.versions(ctx, policy) })
		}
	}
	for _, role := range []*Role{seen.InstanceRole, seen.ConsoleRole} {
		if role != nil {
			detail(func(ctx context.Context) error { return o.attachedToRole(ctx, role) })
		}
	}
	for _, user := range []*User{seen.User, seen.Renamed.User} {
		if user != nil {
			detail(func(ctx context.Context) error { return o.keys(ctx, user) })
		}
	}
	if user := seen.User; user != nil {
		detail(func(ctx context.Context) error { return o.attachedToUser(ctx, user) })
		if names.ConsolePasswordSecret != "" {
			detail(func(ctx context.Context) error { return o.login(ctx, user) })
		}
	}
	for _, secret := range []*Secret{seen.Secret, seen.ConsoleSecret} {
		if secret != nil && secret.Deleted.IsZero() && (len(d.Spec.readersOf(secret.Name)) > 0 || d.hadReaders(secret.Name)) {
			detail(func(ctx context.Context) error { return o.readers(ctx, secret) })
		}
	}
	if err := parallel(ctx, details...); err != nil {
		return nil, err
	}
	return seen, o.lastUses(ctx, seen, d.mustKnowUse(seen))
}

// toRemove reads what Remove must know, all in one round trip: what hangs on an entity is read beside the
// entity itself, since what is not there has nothing hung on it. A second one is for the last use of keys.
func (o observer) toRemove(ctx context.Context, owned Owned) (*Observed, error) {
	account, names, seen := owned.Account, owned.Names, &Observed{At: time.Now()}
	var (
		policies [2]Policy
		roles    [2]Role
		user     = User{Name: names.User}
	)
	reads := o.entities(account, names, seen)
	for i, name := range []string{names.InstancePolicy, names.UserPolicy} {
		if policy := &policies[i]; name != "" {
			policy.ARN = account.iamARN("policy", name)
			reads = append(reads,
				func(ctx context.Context) error { return o.versions(ctx, policy) },
				func(ctx context.Context) error { return o.attachments(ctx, policy) })
		}
	}
	for i, name := range []string{names.InstanceRole, names.ConsoleRole} {
		if role := &roles[i]; name != "" {
			role.Name = name
			reads = append(reads,
				func(ctx context.Context) error { return o.attachedToRole(ctx, role) },
				func(ctx context.Context) error { return o.inlineOfRole(ctx, role) },
				func(ctx context.Context) error { return o.profilesOfRole(ctx, role) })
		}
	}
	if names.User != "" {
		reads = append(reads, func(ctx context.Context) error { return o.hungOnUser(ctx, &user) })
	}
	if err := parallel(ctx, reads...); err != nil {
		return nil, err
	}

	for i, policy := range []*Policy{seen.InstancePolicy, seen.UserPolicy} {
		if policy != nil {
			policy.OtherVersions, policy.AttachedTo = policies[i].OtherVersions, policies[i].AttachedTo
		}
	}
	for i, role := range []*Role{seen.InstanceRole, seen.ConsoleRole} {
		if role != nil {
			role.Attached, role.Inline, role.Profiles = roles[i].Attached, roles[i].Inline, roles[i].Profiles
		}
	}
	if seen.User != nil {
		seen.User.Attached, seen.User.Keys = user.Attached, user.Keys
		seen.User.Hung, seen.User.MFA = user.Hung, user.MFA
	}
	return seen, o.lastUses(ctx, seen, owned.mustKnowUse(seen))
}

// entities reads those that have names, as one function each.
func (o observer) entities(account Account, names Names, seen *Observed) []func(context.Context) error {
	var reads []func(context.Context) error
	read := func(name string, function func(context.Context) error) {
		if name != "" {
			reads = append(reads, function)
		}
	}
	read(names.InstancePolicy, func(ctx context.Context) (err error) {
		seen.InstancePolicy, err = o.policy(ctx, account.iamARN("policy", names.InstancePolicy))
		return err
	})
	read(names.UserPolicy, func(ctx context.Context) (err error) {
		seen.UserPolicy, err = o.policy(ctx, account.iamARN("policy", names.UserPolicy))
		return err
	})
	read(names.InstanceRole, func(ctx context.Context) (err error) {
		seen.InstanceRole, err = o.role(ctx, names.InstanceRole)
		return err
	})
	read(names.ConsoleRole, func(ctx context.Context) (err error) {
		seen.ConsoleRole, err = o.role(ctx, names.ConsoleRole)
		return err
	})
	read(names.InstanceRole, func(ctx context.Context) (err error) {
		seen.Profile, err = o.profile(ctx, names.InstanceRole)
		return err
	})
	read(names.User, func(ctx context.Context) (err error) {
		seen.User, err = o.user(ctx, names.User)
		return err
	})
	read(names.AccessKeySecret, func(ctx context.Context) (err error) {
		seen.Secret, err = o.secret(ctx, names.AccessKeySecret)
		return err
	})
	read(names.ConsolePasswordSecret, func(ctx context.Context) (err error) {
		seen.ConsoleSecret, err = o.secret(ctx, names.ConsolePasswordSecret)
		return err
	})
	return reads
}

func (o observer) policy(ctx context.Context, arn string) (*Policy, error) {
	out, err := o.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read policy %s: %w", arn, err)
	}
	return &Policy{
		Name:           aws.ToString(out.Policy.PolicyName),
		ARN:            aws.ToString(out.Policy.Arn),
		Tags:           iamTags(out.Policy.Tags),
		DefaultVersion: aws.ToString(out.Policy.DefaultVersionId),
	}, nil
}

func (o observer) role(ctx context.Context, name string) (*Role, error) {
	out, err := o.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read role %s: %w", name, err)
	}
	return &Role{
		Name:        aws.ToString(out.Role.RoleName),
		ARN:         aws.ToString(out.Role.Arn),
		Description: aws.ToString(out.Role.Description),
		Trust:       decodeDocument(aws.ToString(out.Role.AssumeRolePolicyDocument)),
		Boundary:    boundaryARN(out.Role.PermissionsBoundary),
		MaxSession:  aws.ToInt32(out.Role.MaxSessionDuration),
		Tags:        iamTags(out.Role.Tags),
	}, nil
}

func (o observer) profile(ctx context.Context, name string) (*Profile, error) {
	out, err := o.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read instance profile %s: %w", name, err)
	}
	profile := &Profile{
		Name: aws.ToString(out.InstanceProfile.InstanceProfileName),
		ARN:  aws.ToString(out.InstanceProfile.Arn),
		Tags: iamTags(out.InstanceProfile.Tags),
	}
	for _, role := range out.InstanceProfile.Roles {
		profile.Roles = append(profile.Roles, aws.ToString(role.RoleName))
	}
	return profile, nil
}

func (o observer) user(ctx context.Context, name string) (*User, error) {
	out, err := o.iam.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", name, err)
	}
	return &User{
		Name:     aws.ToString(out.User.UserName),
		ARN:      aws.ToString(out.User.Arn),
		Boundary: boundaryARN(out.User.PermissionsBoundary),
		Tags:     iamTags(out.User.Tags),
	}, nil
}

func (o observer) secret(ctx context.Context, name string) (*Secret, error) {
	out, err := o.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	secret := &Secret{
		Name:        aws.ToString(out.Name),
		ARN:         aws.ToString(out.ARN),
		Description: aws.ToString(out.Description),
		KmsKeyID:    aws.ToString(out.KmsKeyId),
		Tags:        map[string]string{},
		Deleted:     aws.ToTime(out.DeletedDate),
		Versions:    out.VersionIdsToStages,
	}
	for _, tag := range out.Tags {
		secret.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return secret, nil
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
