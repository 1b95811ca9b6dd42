// Package resource is Custom::RedisCloudIAM: it turns an event's properties into a Spec, and what
// stands afterwards into Data.
package resource

import (
	"cmp"
	"context"
	"errors"
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
// CloudFormation sent it, in seconds. So its Delete can tell that the resource never stood, and gives
// back what was adopted. And it removes nothing of a retry, which is another Create of the same owner:
// CloudFormation does not say which of the two comes first.
func (Resource) PhysicalID(r customresource.Request) string {
	if r.Type == cfn.RequestCreate {
		return fmt.Sprintf("%s-%d", owner(r), max(0, r.Sent.Unix())) // 0: that is not known
	}
	return owner(r)
}

// owner is the physical ID of a resource that stands, under which it owns its entities.
func owner(r customresource.Request) string {
	return spec.ID(r.StackID, r.LogicalResourceID, r.Properties)
}

// attempt is when the Create was sent that failed and is to be cleared; zero if that is not known.
func attempt(r customresource.Request) time.Time {
	text, _ := strings.CutPrefix(r.PhysicalResourceID, owner(r)+"-")
	seconds, _ := strconv.ParseInt(text, 10, 64)
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Provision answers a request. Nothing was ever made under faulty properties, or for a faulty stack
// ID, so they do not make a Delete fail.
func (c Resource) Provision(ctx context.Context, r customresource.Request) (customresource.Answer, error) {
	where, err := spec.ParseStackID(r.StackID)
	if r.Type == cfn.RequestDelete && err != nil {
		return customresource.Answer{}, nil //nolint:nilerr // see above
	}
	properties, invalid := spec.Parse(r.Properties, where)
	desired := plan.Desired{
		Spec: properties, Account: where, Stack: r.StackID, Owner: owner(r), Update: r.Type == cfn.RequestUpdate, Event: r.Sent,
	}
	if r.Type == cfn.RequestDelete {
		return customresource.Answer{}, c.remove(ctx, r, desired)
	}
	var renamed error
	if desired.Update && r.PhysicalResourceID != desired.Owner {
		renamed = cmp.Or(spec.Renamed(r.OldProperties, r.Properties),
			fmt.Errorf("the physical resource ID is %s, and these properties give %s: names are for life, and nothing was changed", r.PhysicalResourceID, desired.Owner))
	}
	if err := cmp.Or(err, errors.Join(renamed, invalid)); err != nil {
		return customresource.Answer{}, err
	}
	result, err := c.account.Ensure(ctx, desired)
	if err != nil {
		return customresource.Answer{}, err
	}
	return customresource.Answer{
		PhysicalResourceID: desired.Owner, Data: data(properties, where, result), Reason: strings.Join(result.Notices, "; "),
	}, nil
}

// remove removes what the resource owns under these properties.
func (c Resource) remove(ctx context.Context, r customresource.Request, desired plan.Desired) error {
	watch, stood := time.Duration(0), spec.IsID(r.PhysicalResourceID)
	if !stood {
		// AWS may not show yet what the Create has written:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
		// And the Create may be running still: CloudFormation makes up an ID where it no longer awaits
		// the answer.
		watch = account.Courtesy
	}
	found, err := c.account.Clear(ctx, plan.Removal{Desired: desired, Undo: !stood, Attempt: attempt(r)}, watch)
	if err == nil && !found && stood && r.PhysicalResourceID != desired.Owner {
		return fmt.Errorf("nothing was deleted: the physical resource ID is %s, and the names in these properties give %s. "+
			"Continue the roll-back of the update that changed the names, and delete then", r.PhysicalResourceID, desired.Owner)
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
