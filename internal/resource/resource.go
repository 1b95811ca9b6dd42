// Package resource is Custom::RedisCloudIAM: it turns an event's properties into a Spec, and what
// stands afterwards into Data.
package resource

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"

	"redis-cloud-iam/internal/account"
	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// Resource implements [customresource.Resource].
type Resource struct{ account *account.Account }

// New returns the resource in the account that config has credentials for.
func New(config aws.Config, log *slog.Logger) Resource {
	return Resource{account.New(config, log)}
}

// PhysicalID is what a Create that fails is known by: the owner of what it made, and when
// CloudFormation sent it. A retry is another Create of the same owner, and CloudFormation does not
// say whether the Delete of the failed one comes before it or after it. So that Delete must not be
// one for what the retry has made.
func (Resource) PhysicalID(r customresource.Request) string {
	if r.Type == cfn.RequestCreate && !r.Sent.IsZero() {
		return fmt.Sprintf("%s-%d", owner(r), r.Sent.Unix())
	}
	return owner(r)
}

// owner is the physical ID of a resource that stands, under which it owns its entities.
func owner(r customresource.Request) string {
	return spec.ID(r.StackID, r.LogicalResourceID, r.Properties)
}

// attempt takes the physical ID of a Create that failed apart. The time is zero for any other ID.
func attempt(id string) (owner string, sent time.Time) {
	i := strings.LastIndex(id, "-")
	seconds, err := strconv.ParseInt(id[i+1:], 10, 64)
	if i < 0 || err != nil || !spec.IsID(id[:i]) {
		return id, time.Time{}
	}
	return id[:i], time.Unix(seconds, 0).UTC()
}

// Provision answers a request. Nothing was ever made under faulty properties, or for a faulty stack
// ID, so they do not make a Delete fail.
func (c Resource) Provision(ctx context.Context, r customresource.Request) (customresource.Answer, error) {
	where, err := spec.ParseStackID(r.StackID)
	if r.Type == cfn.RequestDelete && err != nil {
		return customresource.Answer{}, nil //nolint:nilerr // see above
	}
	properties, invalid := spec.Parse(r.Properties, where)
	switch {
	case r.Type == cfn.RequestDelete:
		return customresource.Answer{}, c.remove(ctx, r, where, properties)
	case err != nil || invalid != nil:
		return customresource.Answer{}, cmp.Or(err, invalid)
	default:
		return c.ensure(ctx, r, where, properties)
	}
}

func (c Resource) ensure(ctx context.Context, r customresource.Request, where spec.Account, properties spec.Spec) (customresource.Answer, error) {
	owner, update := owner(r), r.Type == cfn.RequestUpdate
	if update && r.PhysicalResourceID != owner {
		return customresource.Answer{}, cmp.Or(spec.Renamed(r.OldProperties, r.Properties),
			fmt.Errorf("the physical resource ID is %s, and these properties give %s: names are for life, and nothing was changed", r.PhysicalResourceID, owner))
	}
	result, err := c.account.Ensure(ctx, plan.Desired{
		Spec: properties, Account: where, Stack: r.StackID, Owner: owner, Update: update, Event: r.Sent,
	})
	if err != nil {
		return customresource.Answer{}, err
	}
	return customresource.Answer{
		PhysicalResourceID: owner, Data: data(properties, where, result), Reason: strings.Join(result.Notices, "; "),
	}, nil
}

// remove removes what the resource owns under these properties.
func (c Resource) remove(ctx context.Context, r customresource.Request, where spec.Account, properties spec.Spec) error {
	owner, watch := owner(r), time.Duration(0)
	id, failed := attempt(r.PhysicalResourceID)
	answered := spec.IsID(id)
	if !answered && strings.Contains(strings.ToLower(r.PhysicalResourceID), strings.ToLower(r.LogicalResourceID)) {
		// CloudFormation makes up an ID where it no longer awaits the answer to a Create, which may
		// be running still. The form is not documented. Those that are known hold the logical ID:
		// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814
		watch = account.Courtesy
	}
	found, err := c.account.Clear(ctx, plan.Removal{
		Names: properties.Names, Account: where, Owner: owner,
		Retain: properties.Retain, Protect: properties.Protect, Undo: !answered, Event: r.Sent,
		Boundaries: properties.StackBoundaries, PermissionsBoundary: properties.PermissionsBoundary, Unbound: properties.Adopt || properties.Retain, AdoptStack: properties.AdoptStack, Attempt: failed,
	}, watch)
	if err == nil && !found && answered && id != owner && failed.IsZero() {
		return fmt.Errorf("nothing was deleted: the physical resource ID is %s, and the names in these properties give %s. "+
			"Continue the roll-back of the update that changed the names, and delete then", r.PhysicalResourceID, owner)
	}
	return err
}

// data is what Fn::GetAtt reads: every key always, and never a secret.
func data(s spec.Spec, where spec.Account, result account.Result) map[string]string {
	all := map[string]string{
		"AccessKeyId":              result.AccessKeyID,
		"AccessKeySecretArn":       result.AccessKeySecretARN,
		"AccessKeySecretUrl":       where.SecretURL(s.AccessKeySecret),
		"ConsoleUsername":          "",
		"ConsolePasswordSecretArn": "",
		"ConsolePasswordSecretUrl": "",
		"SignInLoginUrl":           where.SignInURL(),
		"ConsoleRoleName":          s.ConsoleRole,
		"ConsoleRoleArn":           where.IAMARN("role", s.ConsoleRole),
		"InstanceRoleArn":          where.IAMARN("role", s.InstanceRole),
		"InstanceProfileArn":       where.IAMARN("instance-profile", s.InstanceRole),
		"InstancePolicyArn":        where.IAMARN("policy", s.InstancePolicy),
		"UserArn":                  where.IAMARN("user", s.User),
		"UserPolicyArn":            where.IAMARN("policy", s.UserPolicy),
		"PolicyRevision":           s.PolicyRevision,
	}
	if s.ConsoleLogin {
		all["ConsoleUsername"] = s.User
		all["ConsolePasswordSecretArn"] = result.ConsoleSecretARN
		all["ConsolePasswordSecretUrl"] = where.SecretURL(s.ConsolePasswordSecret)
	}
	return all
}
