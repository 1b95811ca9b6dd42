package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/plan"
)

// observer reads an account. What is not there is no error.
type observer struct {
	desired plan.Desired
	iam     *iam.Client
	secrets *secretsmanager.Client
	// documents says that the policies' documents are read, and the secrets' resource policies: with
	// hung of every secret that the resource is to have, and else where they matter.
	documents bool
	// hung says that all that hangs on an entity is read, and who has a policy. Without it, what an
	// Ensure looks at.
	hung bool
	// uses says that the last use of the user's keys is read with them.
	uses bool
	// expected says that the entities are probably there. Then what hangs on them is read beside
	// them, in one round trip, and else only once they were found.
	expected bool
}

// observe reads the slots into what was seen.
func (o *observer) observe(ctx context.Context, seen *plan.Observed, slots ...plan.Slot) error {
	var reads []call
	for _, slot := range slots {
		reads = append(reads, func(ctx context.Context) error {
			entity, err := o.entity(ctx, slot)
			seen.Put(slot, entity)
			return err
		})
	}
	return parallel(ctx, reads...)
}

// entity reads what is in a slot, with what hangs on it, or nil.
func (o *observer) entity(ctx context.Context, slot plan.Slot) (*plan.Entity, error) {
	r, itself, details := o.reading(slot)
	if r.name == "" { // a Delete with faulty properties
		return nil, nil
	}
	var err error
	if o.expected {
		err = parallel(ctx, append(details, itself)...)
	} else if err = itself(ctx); r.found {
		err = parallel(ctx, details...)
	}
	e := r.entity
	switch {
	case err != nil || !r.found:
		return nil, err
	case e.Kind == plan.Policy && o.documents && e.DefaultVersion != firstVersion:
		err = r.document(ctx, e.DefaultVersion)
	case e.Kind == plan.Secret && o.documents && (o.hung && o.desired.Has(slot) || o.desired.ReadersMatter(slot, e.Claim)) && e.Deleted.IsZero():
		err = r.resourcePolicy(ctx)
	}
	slices.SortFunc(e.Hung, func(a, b plan.Ref) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(e.OtherVersions, func(a, b string) int { // IAM counts them up: v10 comes after v9
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return e, err
}

// reading reads one entity. Its methods run side by side: each writes fields of its own, and takes
// the name from here.
type reading struct {
	*observer
	name   string
	entity *plan.Entity
	found  bool
	mu     sync.Mutex // guards entity.Hung
}

// reading begins to read a slot, with the calls that read the entity itself and what hangs on it.
func (o *observer) reading(slot plan.Slot) (r *reading, itself call, details []call) {
	ref := slot.Ref(o.desired.Spec.Names)
	r = &reading{observer: o, name: ref.Name, entity: &plan.Entity{Ref: ref}}
	switch ref.Kind {
	case plan.Policy:
		itself, details = r.policy, r.onPolicy()
	case plan.Role:
		itself, details = r.role, r.onRole()
	case plan.Profile:
		itself = r.profile
	case plan.Person:
		itself, details = r.user, r.onUser()
	default:
		itself = r.secret
	}
	return r, itself, details
}

// bare reads what is in a slot without what hangs on it. It is empty if nothing does.
func (o *observer) bare(ctx context.Context, slot plan.Slot) (*plan.Entity, error) {
	r, itself, _ := o.reading(slot)
	err := itself(ctx)
	return r.entity, err
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

func (o *observer) policyARN(name string) *string {
	return aws.String(o.desired.Account.IAMARN("policy", name))
}

func (r *reading) policy(ctx context.Context) error {
	out, err := r.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: r.policyARN(r.name)})
	if err != nil || out.Policy == nil {
		return absent(err, "read policy "+r.name)
	}
	r.have(out.Policy.PolicyName, out.Policy.Arn, out.Policy.Tags)
	r.entity.DefaultVersion = aws.ToString(out.Policy.DefaultVersionId)
	return nil
}

// firstVersion is the default one of a policy until its document is changed. So it is read beside
// the policy, and another one after it.
const firstVersion = "v1"

func (r *reading) document(ctx context.Context, version string) error {
	r.entity.Document = ""
	out, err := r.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: r.policyARN(r.name), VersionId: &version})
	if err != nil || out.PolicyVersion == nil {
		return absent(err, fmt.Sprintf("read version %s of policy %s", version, r.name))
	}
	r.entity.Document = plan.DecodeDocument(aws.ToString(out.PolicyVersion.Document))
	return nil
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

func (r *reading) user(ctx context.Context) error {
	out, err := r.iam.GetUser(ctx, &iam.GetUserInput{UserName: &r.name})
	if err != nil || out.User == nil {
		return absent(err, "read user "+r.name)
	}
	r.have(out.User.UserName, out.User.Arn, out.User.Tags)
	r.entity.Boundary = boundary(out.User.PermissionsBoundary)
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

// ask reads when the user's keys that a plan must know about were last used, and for what.
func (o *observer) ask(ctx context.Context, user *plan.Entity, ids []string) error {
	var reads []call
	for _, id := range ids {
		reads = append(reads, func(ctx context.Context) error { return o.lastUse(ctx, user.Key(id)) })
	}
	return parallel(ctx, reads...)
}

func (o *observer) lastUse(ctx context.Context, key *plan.Key) error {
	out, err := o.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.ID})
	if err != nil || out.AccessKeyLastUsed == nil {
		key.UseKnown = missing(err)
		return absent(err, "read the last use of access key "+key.ID)
	}
	last := out.AccessKeyLastUsed
	key.UseKnown, key.LastUsed = true, aws.ToTime(last.LastUsedDate)
	key.UsedFor, key.UsedIn = aws.ToString(last.ServiceName), aws.ToString(last.Region)
	return nil
}
