package localaws

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxKeys = 2 // access keys of a user

const active = iamtypes.StatusTypeActive

type accessKey struct {
	ID, Secret string
	Status     iamtypes.StatusType
	Created    time.Time
	Used       iamtypes.AccessKeyLastUsed
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
	k.Used = iamtypes.AccessKeyLastUsed{LastUsedDate: stamp(now), Region: &region, ServiceName: &service}
}

// UseKey marks an access key as last used now with a service, such as ec2. It reports whether the
// key exists. IAM knows of the last use alone: a later call to STS hides it.
func (a *Account) UseKey(accessKeyID, service string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, k := a.state.key(accessKeyID)
	if k != nil {
		k.use(service, a.region, time.Now())
	}
	return k != nil
}

// Age makes all users and access keys older by d, as though so much time had passed.
func (a *Account) Age(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.state.Users {
		u.Created = u.Created.Add(-d)
		for _, k := range u.Keys {
			k.Created = k.Created.Add(-d)
			if used := k.Used.LastUsedDate; used != nil {
				k.Used.LastUsedDate = new(used.Add(-d))
			}
		}
	}
}

// CreateAccessKey makes an access key and shows its secret, this once.
func (tx *tx) CreateAccessKey(u *user) error {
	if len(u.Keys) >= maxKeys {
		return refuse(limitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)
	}
	k := &accessKey{ID: uniqueID("AKIA"), Secret: randomSecret(), Status: active, Created: tx.now}
	k.Used.Region, k.Used.ServiceName = new("N/A"), new("N/A")
	u.Keys = append(u.Keys, k)
	tx.out.set(members{"AccessKey": u.shownKey(k)})
	return nil
}

// shownKey is a key as IAM shows it. Only the structure of a new key has a place for the secret.
func (u *user) shownKey(k *accessKey) members {
	return members{
		"AccessKeyId": k.ID, "SecretAccessKey": k.Secret, "UserName": u.Name, "Status": k.Status, "CreateDate": stamp(k.Created),
	}
}

// ListAccessKeys lists a user's access keys, without their secrets.
func (tx *tx) ListAccessKeys(u *user) {
	keys := orderedBy(u.Keys, func(k *accessKey) string { return k.ID })
	tx.out.set(members{"AccessKeyMetadata": each(keys, u.shownKey)})
}

func (tx *tx) UpdateAccessKey(in *iam.UpdateAccessKeyInput, _ *user, k *accessKey) error {
	if in.Status == iamtypes.StatusTypeExpired {
		return refuse(invalidInput, "The status of an access key cannot be set to Expired.")
	}
	k.Status = in.Status
	return nil
}

func (tx *tx) DeleteAccessKey(u *user, k *accessKey) {
	u.Keys = slices.DeleteFunc(u.Keys, func(other *accessKey) bool { return other == k })
}

// keyOf returns a user's key. Like other entities, a key is not found before the replicas have it.
func (tx *tx) keyOf(u *user) (*accessKey, error) {
	id := tx.in.text("AccessKeyId")
	owner, k := tx.state.key(id)
	if _, seen := tx.seen.key(id); owner != u || seen == nil {
		return nil, refuse(noSuchEntity, "The Access Key with id %s cannot be found.", id)
	}
	return k, nil
}

// GetAccessKeyLastUsed tells when and where a key was last used. The page of the operation has no
// error for a key that does not exist, and who may ask is decided on the user that has the key: for
// a key without a user, no caller is allowed to.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html.
func (tx *tx) GetAccessKeyLastUsed(in *iam.GetAccessKeyLastUsedInput) error {
	u, k := tx.state.key(*in.AccessKeyId)
	if k == nil {
		return tx.refuse(accessDenied, "The caller is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key %s", *in.AccessKeyId)
	}
	tx.out.set(members{"UserName": u.Name, "AccessKeyLastUsed": new(k.Used)})
	return nil
}
