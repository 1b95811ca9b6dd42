package localaws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// AttachRolePolicy attaches a managed policy; one that is attached already stays so.
func (c *IAM) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, _ ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.AttachRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.AttachRolePolicyOutput{}, tx.attach(&r.identity, in.PolicyArn, "Role")
	})
}

// DetachRolePolicy detaches a managed policy that is attached.
func (c *IAM) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, _ ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DetachRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.DetachRolePolicyOutput{}, tx.detach(&r.identity, in.PolicyArn)
	})
}

// ListAttachedRolePolicies lists the managed policies attached to a role.
func (c *IAM) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListAttachedRolePoliciesOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		found, truncated, next, err := tx.attached(&r.identity, in.PathPrefix, in.Marker, in.MaxItems)
		return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: found, IsTruncated: truncated, Marker: next}, err
	})
}

const maxInlineRole = 10240

// PutRolePolicy adds or replaces an inline policy.
func (c *IAM) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.PutRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.PutRolePolicyOutput{}, tx.putInline(&r.identity, in.PolicyName, in.PolicyDocument, maxInlineRole, "role")
	})
}

// ListRolePolicies lists the names of a role's inline policies.
func (c *IAM) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListRolePoliciesOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		names, truncated, next, err := tx.inlineNames(&r.identity, in.Marker, in.MaxItems)
		return &iam.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: next}, err
	})
}

// GetRolePolicy returns an inline policy, its document URL-encoded.
func (c *IAM) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, _ ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		document, err := r.inline(in.PolicyName, "role")
		return &iam.GetRolePolicyOutput{RoleName: aws.String(r.Name), PolicyName: in.PolicyName, PolicyDocument: document}, err
	})
}

// DeleteRolePolicy deletes an inline policy.
func (c *IAM) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteRolePolicyOutput, error) {
		r, err := tx.roleNamed(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.DeleteRolePolicyOutput{}, r.deleteInline(in.PolicyName, "role")
	})
}
