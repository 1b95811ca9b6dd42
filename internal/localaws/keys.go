package localaws

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	maxKeys = 2 // access keys of a user

	active = iamtypes.StatusTypeActive
	never  = "N/A" // the service and Region of a key that was not used
)

type accessKey struct {
	ID, Secret  string
	Status      iamtypes.StatusType
	Created     time.Time
	Used        time.Time // zero while it was not
	UsedService string
	UsedRegion  string
}

// key finds an access key and its user.
func (s *state) key(id string) (*user, *accessKey) {
	for _, u := range s.Users {
		for _, k := range u.Keys {
			if k.ID == id {
				return u, k
			}
		}
	}
	return nil, nil
}

func (k *accessKey) use(service, region string, now time.Time) {
	k.Used, k.UsedService, k.UsedRegion = now, service, region
}

// UseKey marks an access key as used with a service, such as ec2, as though somebody had. It reports whether the
// key exists.
func (a *Account) UseKey(accessKeyID, service string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, k := a.state.key(accessKeyID)
	if k != nil {
		k.use(service, a.region, time.Now())
	}
	return k != nil
}

// Age lets all users and access keys have been made d earlier, as though so much time had passed.
func (a *Account) Age(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.state.Users {
		u.Created = u.Created.Add(-d)
		for _, k := range u.Keys {
			k.Created = k.Created.Add(-d)
		}
	}
}

// CreateAccessKey makes an access key and shows its secret, this once.
func (c *IAM) CreateAccessKey(ctx context.Context, in *iam.CreateAccessKeyInput, _ ...func(*iam.Options)) (*iam.CreateAccessKeyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateAccessKeyOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		if len(u.Keys) >= maxKeys {
			return nil, limitExceeded("Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)
		}
		k := &accessKey{ID: uniqueID("AKIA"), Secret: random(40, base64Alphabet), Status: active, Created: tx.now}
		u.Keys = append(u.Keys, k)
		return &iam.CreateAccessKeyOutput{AccessKey: &iamtypes.AccessKey{
			AccessKeyId:     aws.String(k.ID),
			CreateDate:      stamp(k.Created),
			SecretAccessKey: aws.String(k.Secret),
			Status:          k.Status,
			UserName:        aws.String(u.Name),
		}}, nil
	})
}

// ListAccessKeys lists a user's access keys, without their secrets.
func (c *IAM) ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput, _ ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.ListAccessKeysOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		keys, truncated, next, err := page(tx, u.Keys, func(k *accessKey) string { return k.ID }, in.Marker, in.MaxItems)
		out := &iam.ListAccessKeysOutput{IsTruncated: truncated, Marker: next}
		for _, k := range keys {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, iamtypes.AccessKeyMetadata{
				AccessKeyId: aws.String(k.ID),
				CreateDate:  stamp(k.Created),
				Status:      k.Status,
				UserName:    aws.String(u.Name),
			})
		}
		return out, err
	})
}

// UpdateAccessKey makes a key active or inactive.
func (c *IAM) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput, _ ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateAccessKeyOutput, error) {
		_, k, err := tx.keyOf(in.UserName, in.AccessKeyId)
		if err != nil {
			return nil, err
		}
		if in.Status == iamtypes.StatusTypeExpired {
			return nil, invalidInput("The status of an access key cannot be set to Expired.")
		}
		k.Status = in.Status
		return &iam.UpdateAccessKeyOutput{}, nil
	})
}

// DeleteAccessKey deletes a user's key.
func (c *IAM) DeleteAccessKey(ctx context.Context, in *iam.DeleteAccessKeyInput, _ ...func(*iam.Options)) (*iam.DeleteAccessKeyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteAccessKeyOutput, error) {
		u, k, err := tx.keyOf(in.UserName, in.AccessKeyId)
		if err != nil {
			return nil, err
		}
		u.Keys = slices.DeleteFunc(u.Keys, func(other *accessKey) bool { return other == k })
		return &iam.DeleteAccessKeyOutput{}, nil
	})
}

// keyOf returns a user's key. Like other fresh entities, a fresh key is not found while the replicas do not have it.
func (tx *tx) keyOf(name, id *string) (*user, *accessKey, error) {
	u, err := tx.userOrCaller(name)
	if err != nil {
		return nil, nil, err
	}
	owner, k := tx.state.key(*id)
	if _, seen := tx.seen.key(*id); owner != u || seen == nil {
		return nil, nil, noSuchEntity("The Access Key with id %s cannot be found.", *id)
	}
	return u, k, nil
}

// GetAccessKeyLastUsed tells when and where a key was last used. The page of the operation has no error for a key that does
// not exist, and who may ask is decided on the user that has the key. So there is nobody who may ask for one that nobody has.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html.
func (c *IAM) GetAccessKeyLastUsed(ctx context.Context, in *iam.GetAccessKeyLastUsedInput, _ ...func(*iam.Options)) (*iam.GetAccessKeyLastUsedOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetAccessKeyLastUsedOutput, error) {
		u, k := tx.state.key(*in.AccessKeyId)
		if k == nil {
			return nil, accessDenied("iam", "The caller is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key %s", *in.AccessKeyId)
		}
		last := &iamtypes.AccessKeyLastUsed{ServiceName: aws.String(never), Region: aws.String(never)}
		if !k.Used.IsZero() {
			last = &iamtypes.AccessKeyLastUsed{
				LastUsedDate: stamp(k.Used),
				ServiceName:  aws.String(k.UsedService),
				Region:       aws.String(k.UsedRegion),
			}
		}
		return &iam.GetAccessKeyLastUsedOutput{UserName: aws.String(u.Name), AccessKeyLastUsed: last}, nil
	})
}
