package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/customresource"
	"redis-cloud-iam/internal/provision"
)

// resource is Custom::RedisCloudIAM: it turns properties into a Spec, and a Result into Data.
type resource struct{ provisioner *provision.Provisioner }

// PhysicalID is the owner of what this request makes.
func (resource) PhysicalID(r customresource.Request) string {
	return provision.ID(r.StackID, r.LogicalResourceID, r.Properties)
}

// Provision implements [customresource.Resource].
func (c resource) Provision(ctx context.Context, r customresource.Request) (customresource.Answer, error) {
	if r.Type == cfn.RequestDelete {
		return customresource.Answer{}, c.remove(ctx, r)
	}
	return c.ensure(ctx, r)
}

func (c resource) ensure(ctx context.Context, r customresource.Request) (customresource.Answer, error) {
	account, err := provision.ParseStackID(r.StackID)
	if err != nil {
		return customresource.Answer{}, err
	}
	spec, err := provision.Parse(r.Properties, account)
	if err != nil {
		return customresource.Answer{}, err
	}
	desired := provision.Desired{Spec: spec, Account: account, Stack: r.StackID, Owner: c.PhysicalID(r)}
	former := provision.Owned{Keep: spec.Names, Kin: []string{desired.Owner}, Account: account, Undo: true}
	if !spec.ConsoleLogin {
		former.Keep.ConsolePasswordSecret = ""
	}
	if r.Type == cfn.RequestUpdate {
		// What was there before is read leniently: it may be what an Update failed on that is now
		// rolled back.
		before, _ := provision.Parse(r.OldProperties, account)
		formerID := provision.ID(r.StackID, r.LogicalResourceID, r.OldProperties)
		desired.Former = &provision.Former{Spec: before, Owners: []string{r.PhysicalResourceID, formerID}}
		former.Names, former.Owners = before.Names, []string{formerID}
	}
	result, err := c.provisioner.Ensure(ctx, desired)
	if err != nil {
		return customresource.Answer{}, err
	}
	// An Update to another ID that failed never told CloudFormation that ID. So no Delete comes for it, and
	// the Update that rolls it back removes what it made.
	if r.Type == cfn.RequestUpdate && r.PhysicalResourceID == desired.Owner && former.Owners[0] != desired.Owner {
		if err := c.provisioner.Remove(ctx, former); err != nil {
			return customresource.Answer{}, fmt.Errorf("remove what the failed update made: %w", err)
		}
	}
	return customresource.Answer{
		PhysicalResourceID: desired.Owner,
		Data:               data(spec, account, result),
		Reason:             strings.Join(result.Notices, "; "),
	}, nil
}

// remove removes what the physical resource ID owns, and what this stack's logical ID owns under these
// properties: where Create never answered, CloudFormation invents an ID. Properties that are faulty do not
// stop it, since nothing was ever made under them.
func (c resource) remove(ctx context.Context, r customresource.Request) error {
	account, err := provision.ParseStackID(r.StackID)
	if err != nil {
		return nil //nolint:nilerr // no Create of such a stack ever got as far as to make something
	}
	spec, _ := provision.Parse(r.Properties, account)
	owned := provision.Owned{
		Names:   spec.Names,
		Account: account,
		Owners:  []string{r.PhysicalResourceID, c.PhysicalID(r)},
		Retain:  spec.Retain,
		Protect: spec.Protect,
	}
	owned.Undo = !provision.IsID(r.PhysicalResourceID) // a Create that never answered
	if invented(r) {
		owned.Watch = 10 * time.Second // it may still be running
	}
	return c.provisioner.Remove(ctx, owned)
}

// invented says whether CloudFormation may have made up the physical ID of a Delete. It does so where
// it no longer waits for the answer to a Create, which may still be running in another process: when
// it was cancelled because another resource failed, or when it timed out. AWS does not document how
// such an ID looks. Those that are known hold the logical ID, as all names do that CloudFormation makes
// up; an ID without it was sent by somebody else.
//
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814
func invented(r customresource.Request) bool {
	return !provision.IsID(r.PhysicalResourceID) &&
		strings.Contains(strings.ToLower(r.PhysicalResourceID), strings.ToLower(r.LogicalResourceID))
}

// data is what Fn::GetAtt reads: every key always, and never a secret.
func data(spec provision.Spec, account provision.Account, result provision.Result) map[string]string {
	all := map[string]string{
		"AccessKeyId":              result.AccessKeyID,
		"AccessKeySecretArn":       result.AccessKeySecretARN,
		"AccessKeySecretUrl":       account.SecretURL(spec.AccessKeySecret),
		"ConsoleUsername":          "",
		"ConsolePasswordSecretArn": "",
		"ConsolePasswordSecretUrl": "",
		"SignInLoginUrl":           account.SignInURL(),
		"ConsoleRoleName":          spec.ConsoleRole,
		"ConsoleRoleArn":           result.ConsoleRoleARN,
		"InstanceRoleArn":          result.InstanceRoleARN,
		"InstanceProfileArn":       result.InstanceProfileARN,
		"InstancePolicyArn":        result.InstancePolicyARN,
		"UserArn":                  result.UserARN,
		"UserPolicyArn":            result.UserPolicyARN,
		"PolicyRevision":           spec.PolicyRevision,
	}
	if spec.ConsoleLogin {
		all["ConsoleUsername"] = spec.User
		all["ConsolePasswordSecretArn"] = result.ConsoleSecretARN
		all["ConsolePasswordSecretUrl"] = account.SecretURL(spec.ConsolePasswordSecret)
	}
	return all
}
