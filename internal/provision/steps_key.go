package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// apply makes a key and stores it. Whatever happens, the key is stored when it returns nil, and deleted when
// it returns an error, unless AWS is out of reach for that too; then the next observation finds a key that
// no secret holds and that was never used, and deletes it.
func (s MakeKey) apply(ctx context.Context, a *applier) error {
	key, err := a.createKey(ctx, s.User)
	if err != nil {
		return err
	}
	versionID := newRecord(key.id, a.desired.Spec).versionID()
	if err := a.storeKey(ctx, s, key, versionID); err != nil {
		// The context may have ended, which is just when the key must not be left behind.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		defer cancel()
		if !a.isStored(ctx, s.Secret, versionID) {
			if deleteErr := (DeleteKey{User: s.User, ID: key.id}).apply(ctx, a); deleteErr != nil {
				return fmt.Errorf("%w; and delete access key %s, which could not be stored: %w", err, key.id, deleteErr)
			}
			if changed(err) && !denied(err) {
				return surprise{opaqueError{err}}
			}
			return opaqueError{err}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made, a.proven = &key, false
	return nil
}

// createKey makes a key. Where it is not known whether a call had its effect, the account is observed
// anew, and a key that nobody knows is deleted.
func (a *applier) createKey(ctx context.Context, user string) (madeKey, error) {
	out, err := a.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	switch {
	case err == nil:
		return madeKey{aws.ToString(out.AccessKey.AccessKeyId), newSensitive(aws.ToString(out.AccessKey.SecretAccessKey)), time.Now()}, nil
	case ctx.Err() != nil:
		return madeKey{}, err
	case refused(err):
		return madeKey{}, afterLimit(err)
	default:
		return madeKey{}, surprise{err}
	}
}

// refused reports whether AWS answered with an error that says that nothing was done.
func refused(err error) bool {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && response.HTTPStatusCode() >= http.StatusBadRequest && response.HTTPStatusCode() < http.StatusInternalServerError
}

// opaqueError hides the code of an AWS error: the step has waited and has cleaned up after itself, and doing
// all of it again at once would meet the same.
type opaqueError struct{ error }

// storeKey stores the key under its version ID, which makes the call safe to repeat.
func (a *applier) storeKey(ctx context.Context, s MakeKey, key madeKey, versionID string) error {
	value, err := secretValue(key.id, key.secret, a.desired)
	if err != nil {
		return err
	}
	arn, err := a.store(ctx, version{s.Secret, secretDescription, versionID, value, s.NewSecret})
	a.stored(arn)
	return err
}

// stored remembers the secret that this run has made.
func (a *applier) stored(arn string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secretARN = cmp.Or(arn, a.secretARN)
}

// isStored asks whether the version landed although the call that stored it failed.
func (a *applier) isStored(ctx context.Context, secret, versionID string) bool {
	var seen Secret
	if found, err := a.secret(ctx, secret, &seen); err != nil || !found {
		return false
	}
	if _, ok := seen.Versions[versionID]; !ok {
		return false
	}
	a.stored(seen.ARN)
	return true
}

func (s SetKey) apply(ctx context.Context, a *applier) error {
	status := iamtypes.StatusTypeInactive
	if s.Active {
		status = iamtypes.StatusTypeActive
	}
	_, err := a.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &s.User, AccessKeyId: &s.ID, Status: status})
	return err
}
