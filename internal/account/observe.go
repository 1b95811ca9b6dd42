package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// observer reads an account. What is not there is no error.
type observer struct {
	account spec.Account
	names   spec.Names
	iam     *iam.Client
	secrets *secretsmanager.Client
	// removal says that all that keeps an entity from being deleted is read too, and no policy document.
	removal bool
	// expected says that the entities are probably there. Then what hangs on them is read beside them, in
	// one round trip, and else only once they were found.
	expected bool
	// readers says of which secrets the resource policy is read.
	readers func(plan.Slot, plan.Claim) bool
}

// observe reads all slots, or those that are given into what was seen before.
func (o *observer) observe(ctx context.Context, seen *plan.Observed, slots ...plan.Slot) error {
	var reads []func(context.Context) error
	entities := make([]*plan.Entity, len(slots))
	for i, slot := range slots {
		if slot.Ref(o.names).Name == "" { // a Delete with faulty properties
			continue
		}
		reads = append(reads, func(ctx context.Context) (err error) {
			entities[i], err = o.entity(ctx, slot)
			return err
		})
	}
	err := parallel(ctx, reads...)
	for i, slot := range slots {
		seen.Put(slot, entities[i])
	}
	return err
}

// entity reads what stands in a slot, with what hangs on it, or nil.
func (o *observer) entity(ctx context.Context, slot plan.Slot) (*plan.Entity, error) {
	r := reading{observer: o, name: slot.Ref(o.names).Name, entity: &plan.Entity{Ref: slot.Ref(o.names)}}
	itself, details := r.policy, []func(context.Context) error{r.policyVersions}
	switch slot.Kind() {
	case plan.Policy:
		if o.removal {
			details = append(details, r.policyHolders)
		} else {
			details = append(details, r.firstDocument)
		}
	case plan.Role:
		itself, details = r.role, []func(context.Context) error{r.rolePolicies}
		if o.removal {
			details = append(details, r.roleInline, r.roleProfiles)
		}
	case plan.Profile:
		itself, details = r.profile, nil
	case plan.Person:
		itself, details = r.user, []func(context.Context) error{r.userPolicies, r.keys, r.login}
		if o.removal {
			details = append(details, r.userInline, r.groups, r.devices, r.certificates, r.sshKeys, r.credentials)
		}
	default:
		itself, details = r.secret, nil
	}
	var err error
	if o.expected {
		err = parallel(ctx, append(details, itself)...)
	} else if err = itself(ctx); err == nil && r.found {
		err = parallel(ctx, details...)
	}
	switch {
	case err != nil || !r.found:
		return nil, err
	case slot.Kind() == plan.Policy && !o.removal && r.entity.DefaultVersion != firstVersion:
		err = r.document(ctx, r.entity.DefaultVersion)
	case slot.Kind() == plan.Secret && o.readers != nil && o.readers(slot, r.entity.Claim) && r.entity.Deleted.IsZero():
		err = r.resourcePolicy(ctx)
	}
	slices.SortFunc(r.entity.Hung, func(a, b plan.Ref) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	return r.entity, err
}

// reading reads one entity. Its methods run side by side: each writes fields of its own, and takes the name
// from here.
type reading struct {
	*observer
	name   string
	entity *plan.Entity
	found  bool
	mu     sync.Mutex // guards entity.Hung
}

// have notes what was found: the entity's name as AWS spells it, its ARN and its tags.
func (r *reading) have(name, arn *string, tags []iamtypes.Tag) {
	r.found, r.entity.Name, r.entity.ARN = true, aws.ToString(name), aws.ToString(arn)
	all := make(map[string]string, len(tags))
	for _, tag := range tags {
		all[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	r.entity.SetTags(all)
}

// hang notes something that hangs on the entity.
func (r *reading) hang(kind plan.Kind, name *string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entity.Hung = append(r.entity.Hung, plan.Ref{Kind: kind, Name: aws.ToString(name), On: r.name})
}

func (r *reading) arn() *string { return aws.String(r.account.IAMARN("policy", r.name)) }

func (r *reading) policy(ctx context.Context) error {
	out, err := r.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: r.arn()})
	if err != nil || out.Policy == nil {
		return absent(err, "read policy "+r.name)
	}
	r.have(out.Policy.PolicyName, out.Policy.Arn, out.Policy.Tags)
	r.entity.DefaultVersion = aws.ToString(out.Policy.DefaultVersionId)
	return nil
}

// firstVersion is the default one of a policy until its document is changed. So it is read beside the
// policy, and another one after it.
const firstVersion = "v1"

func (r *reading) firstDocument(ctx context.Context) error { return r.document(ctx, firstVersion) }

func (r *reading) document(ctx context.Context, version string) error {
	r.entity.Document = ""
	out, err := r.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: r.arn(), VersionId: &version})
	if err != nil || out.PolicyVersion == nil {
		return absent(err, fmt.Sprintf("read version %s of policy %s", version, r.name))
	}
	r.entity.Document = plan.DecodeDocument(aws.ToString(out.PolicyVersion.Document))
	return nil
}

func (r *reading) policyVersions(ctx context.Context) error {
	pages := iam.NewListPolicyVersionsPaginator(r.iam, &iam.ListPolicyVersionsInput{PolicyArn: r.arn()})
	return list(ctx, pages, "list the versions of policy "+r.name, func(page *iam.ListPolicyVersionsOutput) {
		for _, version := range page.Versions {
			if !version.IsDefaultVersion {
				r.entity.OtherVersions = append(r.entity.OtherVersions, aws.ToString(version.VersionId))
			}
		}
		slices.SortFunc(r.entity.OtherVersions, func(a, b string) int { return cmp.Compare(versionNumber(a), versionNumber(b)) })
	})
}

// versionNumber is the 12 of v12: IAM counts a policy's versions up and never uses a number again.
func versionNumber(id string) int {
	number, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return number
}

// policyHolders reads to whom a policy is attached. Those who have it as their permissions boundary are not
// among them: to take a boundary off would raise their permissions.
func (r *reading) policyHolders(ctx context.Context) error {
	pages := iam.NewListEntitiesForPolicyPaginator(r.iam, &iam.ListEntitiesForPolicyInput{
		PolicyArn: r.arn(), PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsPolicy,
	})
	hold := func(kind plan.Kind, name *string) {
		r.entity.Holders = append(r.entity.Holders, plan.Ref{Kind: kind, Name: aws.ToString(name)})
	}
	return list(ctx, pages, "list the attachments of policy "+r.name, func(page *iam.ListEntitiesForPolicyOutput) {
		for _, user := range page.PolicyUsers {
			hold(plan.Person, user.UserName)
		}
		for _, role := range page.PolicyRoles {
			hold(plan.Role, role.RoleName)
		}
		for _, group := range page.PolicyGroups {
			hold(plan.Group, group.GroupName)
		}
	})
}

func (r *reading) role(ctx context.Context) error {
	out, err := r.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
	if err != nil || out.Role == nil {
		return absent(err, "read role "+r.name)
	}
	r.have(out.Role.RoleName, out.Role.Arn, out.Role.Tags)
	r.entity.Description = aws.ToString(out.Role.Description)
	r.entity.Document = plan.DecodeDocument(aws.ToString(out.Role.AssumeRolePolicyDocument))
	r.entity.Boundary = boundary(out.Role.PermissionsBoundary)
	r.entity.MaxSession = aws.ToInt32(out.Role.MaxSessionDuration)
	if out.Role.RoleLastUsed != nil {
		r.entity.LastUsed = aws.ToTime(out.Role.RoleLastUsed.LastUsedDate)
	}
	return nil
}

func boundary(b *iamtypes.AttachedPermissionsBoundary) string {
	if b == nil {
		return ""
	}
	return aws.ToString(b.PermissionsBoundaryArn)
}

func (r *reading) attached(policies []iamtypes.AttachedPolicy) {
	for _, policy := range policies {
		r.entity.Attached = append(r.entity.Attached, aws.ToString(policy.PolicyArn))
	}
}

func (r *reading) rolePolicies(ctx context.Context) error {
	pages := iam.NewListAttachedRolePoliciesPaginator(r.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name})
	return list(ctx, pages, "list the policies attached to role "+r.name, func(page *iam.ListAttachedRolePoliciesOutput) {
		r.attached(page.AttachedPolicies)
	})
}

func (r *reading) roleInline(ctx context.Context) error {
	pages := iam.NewListRolePoliciesPaginator(r.iam, &iam.ListRolePoliciesInput{RoleName: &r.name})
	return list(ctx, pages, "list the inline policies of role "+r.name, func(page *iam.ListRolePoliciesOutput) {
		for _, name := range page.PolicyNames {
			r.hang(plan.RoleInlinePolicy, &name)
		}
	})
}

func (r *reading) roleProfiles(ctx context.Context) error {
	pages := iam.NewListInstanceProfilesForRolePaginator(r.iam, &iam.ListInstanceProfilesForRoleInput{RoleName: &r.name})
	return list(ctx, pages, "list the instance profiles of role "+r.name, func(page *iam.ListInstanceProfilesForRoleOutput) {
		for _, profile := range page.InstanceProfiles {
			r.hang(plan.Profile, profile.InstanceProfileName)
		}
	})
}

func (r *reading) profile(ctx context.Context) error {
	out, err := r.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &r.name})
	if err != nil || out.InstanceProfile == nil {
		return absent(err, "read instance profile "+r.name)
	}
	r.have(out.InstanceProfile.InstanceProfileName, out.InstanceProfile.Arn, out.InstanceProfile.Tags)
	for _, role := range out.InstanceProfile.Roles {
		r.entity.Attached = append(r.entity.Attached, aws.ToString(role.RoleName))
	}
	return nil
}

func (r *reading) secret(ctx context.Context) error {
	out, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &r.name})
	if err != nil || out.Name == nil {
		return absent(err, "read secret "+r.name)
	}
	var tags []iamtypes.Tag
	for _, tag := range out.Tags {
		tags = append(tags, iamtypes.Tag{Key: tag.Key, Value: tag.Value})
	}
	r.have(out.Name, out.ARN, tags)
	r.entity.Description, r.entity.KmsKeyID = aws.ToString(out.Description), aws.ToString(out.KmsKeyId)
	r.entity.Deleted, r.entity.Versions = aws.ToTime(out.DeletedDate), out.VersionIdsToStages
	for _, replica := range out.ReplicationStatus {
		r.entity.Replicas = append(r.entity.Replicas, aws.ToString(replica.Region))
	}
	return nil
}

func (r *reading) resourcePolicy(ctx context.Context) error {
	out, err := r.secrets.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &r.name})
	if err != nil || out.Name == nil {
		return absent(err, "read the resource policy of secret "+r.name)
	}
	r.entity.Document = aws.ToString(out.ResourcePolicy)
	return nil
}

// lastUse reads when a key was last used, and for what.
func (o *observer) lastUse(ctx context.Context, key *plan.Key) error {
	out, err := o.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.ID})
	if err != nil || out.AccessKeyLastUsed == nil {
		key.UseKnown = err != nil && missing(err)
		return absent(err, "read the last use of access key "+key.ID)
	}
	last := out.AccessKeyLastUsed
	key.UseKnown, key.LastUsed = true, aws.ToTime(last.LastUsedDate)
	key.UsedFor, key.UsedIn = aws.ToString(last.ServiceName), aws.ToString(last.Region)
	return nil
}

// ask reads the last use of the user's keys that a plan must know.
func (o *observer) ask(ctx context.Context, user *plan.Entity, ids []string) error {
	var reads []func(context.Context) error
	for _, id := range ids {
		reads = append(reads, func(ctx context.Context) error { return o.lastUse(ctx, user.Key(id)) })
	}
	return parallel(ctx, reads...)
}

// pager is what all of the SDK's paginators are.
type pager[Page any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*iam.Options)) (Page, error)
}

// list hands every page to take. If the entity is not there, there are no pages.
func list[Page any](ctx context.Context, pages pager[Page], doing string, take func(Page)) error {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return absent(err, doing)
		}
		take(page)
	}
	return nil
}

// now is the moment of an observation. Later than it is what a concurrent run makes meanwhile.
func now() *plan.Observed { return &plan.Observed{At: time.Now()} }
