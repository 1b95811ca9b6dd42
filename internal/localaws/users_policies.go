package localaws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// AttachUserPolicy attaches a managed policy; one that is attached already stays so.
func (c *IAM) AttachUserPolicy(ctx context.Context, in *iam.AttachUserPolicyInput, _ ...func(*iam.Options)) (*iam.AttachUserPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.AttachUserPolicyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.AttachUserPolicyOutput{}, tx.attach(&u.identity, in.PolicyArn, "User")
	})
}

// DetachUserPolicy detaches a managed policy that is attached.
func (c *IAM) DetachUserPolicy(ctx context.Context, in *iam.DetachUserPolicyInput, _ ...func(*iam.Options)) (*iam.DetachUserPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DetachUserPolicyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.DetachUserPolicyOutput{}, tx.detach(&u.identity, in.PolicyArn)
	})
}

// ListAttachedUserPolicies lists the managed policies attached to a user.
func (c *IAM) ListAttachedUserPolicies(ctx context.Context, in *iam.ListAttachedUserPoliciesInput, _ ...func(*iam.Options)) (*iam.ListAttachedUserPoliciesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListAttachedUserPoliciesOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := tx.attached(&u.identity, in.PathPrefix, in.Marker, in.MaxItems)
		return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: found, IsTruncated: truncated, Marker: next}, err
	})
}

const maxInlineUser = 2048

// PutUserPolicy adds or replaces an inline policy.
func (c *IAM) PutUserPolicy(ctx context.Context, in *iam.PutUserPolicyInput, _ ...func(*iam.Options)) (*iam.PutUserPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.PutUserPolicyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.PutUserPolicyOutput{}, tx.putInline(&u.identity, in.PolicyName, in.PolicyDocument, maxInlineUser, "user")
	})
}

// ListUserPolicies lists the names of a user's inline policies.
func (c *IAM) ListUserPolicies(ctx context.Context, in *iam.ListUserPoliciesInput, _ ...func(*iam.Options)) (*iam.ListUserPoliciesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListUserPoliciesOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		names, truncated, next, err := tx.inlineNames(&u.identity, in.Marker, in.MaxItems)
		return &iam.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: next}, err
	})
}

// GetUserPolicy returns an inline policy, its document URL-encoded.
func (c *IAM) GetUserPolicy(ctx context.Context, in *iam.GetUserPolicyInput, _ ...func(*iam.Options)) (*iam.GetUserPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetUserPolicyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		document, err := u.inline(in.PolicyName, "user")
		return &iam.GetUserPolicyOutput{UserName: aws.String(u.Name), PolicyName: in.PolicyName, PolicyDocument: document}, err
	})
}

// DeleteUserPolicy deletes an inline policy.
func (c *IAM) DeleteUserPolicy(ctx context.Context, in *iam.DeleteUserPolicyInput, _ ...func(*iam.Options)) (*iam.DeleteUserPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteUserPolicyOutput, error) {
		u, err := tx.userNamed(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.DeleteUserPolicyOutput{}, u.deleteInline(in.PolicyName, "user")
	})
}
