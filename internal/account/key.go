package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
)

// madeKey is an access key that this run made. Its secret is stored and proven, and shown nowhere.
type madeKey struct {
	plan.Record
	secret Sensitive
	at     time.Time
	proven bool // whether AWS has accepted it
}

// makeKey makes a key and stores it. When storing fails, the key is deleted. If AWS is out of reach
// for that too, the next observation finds a key that no secret holds and that was never used, and
// it is deleted then.
func (r *run) makeKey(ctx context.Context, s plan.MakeKey) error {
	key, err := r.createKey(ctx, s)
	if err != nil {
		return err
	}
	value := struct {
		AccessKeyID     string `json:"accessKeyId"` // the names of Redis Cloud's REST API
		AccessSecretKey string `json:"accessSecretKey"`
		UserName        string `json:"userName"`
		IAMRoleName     string `json:"iamRoleName"`
		AccountID       string `json:"accountId"`
	}{key.KeyID, key.secret.Reveal(), s.User, r.desired.Spec.Names.ConsoleRole, r.desired.Account.ID}
	store := func(ctx context.Context) error {
		return r.store(ctx, plan.KeySecret, key.VersionID(), value, s.NewSecret)
	}
	if err := awscall.Guarded(ctx, store); err != nil { // a panic must not leave the key behind either
		return r.discard(ctx, key, err)
	}
	r.note(func() { r.wrote.made = key })
	return nil
}

// discard deletes a key whose storing failed, unless it was stored all the same. The context may
// have ended, which is just when the key must not be left behind.
func (r *run) discard(ctx context.Context, key madeKey, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	if secret, _ := r.bare(ctx, plan.KeySecret); secret.Holds(key.KeyID) {
		r.note(func() { r.wrote.made, r.wrote.arns[secret.Ref] = key, secret.ARN })
		return nil
	}
	lost := r.deleteKey(ctx, key.KeyID)
	switch {
	case lost != nil:
		return fmt.Errorf("%w; and delete access key %s, which could not be stored: %w", cause, key.KeyID, lost)
	case changed(cause) && !denied(cause):
		return stale(final{cause})
	default:
		return final{cause}
	}
}

// deleteKey deletes a key that this run made, if it made any.
func (r *run) deleteKey(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	return r.delete(ctx, plan.Delete{Ref: plan.Ref{Kind: plan.AccessKey, Name: id, On: r.desired.Spec.Names.User}})
}

// createKey makes a key. Where it is not known whether the call had its effect, the account is
// observed anew once IAM should show the key, and one that no secret holds is deleted.
func (r *run) createKey(ctx context.Context, s plan.MakeKey) (madeKey, error) {
	out, err := r.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &s.User})
	switch {
	case refused(err):
		return madeKey{}, afterLimit(err)
	case err == nil && (out.AccessKey == nil || aws.ToString(out.AccessKey.AccessKeyId) == "" || aws.ToString(out.AccessKey.SecretAccessKey) == ""):
		err = absent(nil, "CreateAccessKey")
	}
	if err != nil {
		_ = awscall.Pause(ctx, Courtesy) // if the time is up meanwhile, that is seen after this
		return madeKey{}, stale(err)
	}
	record := plan.Record{KeyID: *out.AccessKey.AccessKeyId, Serial: s.Serial}
	return madeKey{Record: record, secret: newSensitive(*out.AccessKey.SecretAccessKey), at: time.Now()}, nil
}

// proveKey waits until AWS accepts the key that this run made: for STS, which is what Redis Cloud
// asks first, and for iam:GetUser, which the user policy grants the user on itself. Without this
// wait Redis Cloud answers CLOUD_ACCOUNT_INVALID_CREDS for the first 8 to 15 seconds.
func (r *run) proveKey(ctx context.Context, s plan.ProveKey) error {
	const (
		patience   = time.Minute
		policyWait = 20 * time.Second
	)
	key := r.wrote.made
	config := r.config.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(key.KeyID, key.secret.Reveal(), "")
	identity := calling(sts.NewFromConfig(config).GetCallerIdentity, &sts.GetCallerIdentityInput{})
	user := calling(iam.NewFromConfig(config).GetUser, &iam.GetUserInput{UserName: &s.User})
	err := parallel(ctx, func(ctx context.Context) error {
		err := repeated(ctx, patience, notYet, identity)
		if notYet(err) {
			return stale(fmt.Errorf("AWS did not accept access key %s within %s: %w", key.KeyID, patience, err))
		}
		return err
	}, func(ctx context.Context) error {
		err := repeated(ctx, policyWait, notYet, user)
		if notYet(err) {
			// STS accepts the key, so something forbids what the user policy grants.
			r.notice(fmt.Sprintf("access key %s may not call iam:GetUser on its own user, which Redis Cloud needs: "+
				"look at the permissions boundary and at the organization's service control policies", key.KeyID))
			return nil
		}
		return err
	}, func(ctx context.Context) error {
		records := append(slices.DeleteFunc(slices.Clone(s.Earlier), func(r plan.Record) bool { return r == key.Record }), key.Record)
		return r.tag(ctx, plan.Tag{Ref: plan.User.Ref(r.desired.Spec.Names), Set: plan.MadeKeys(records)})
	})
	r.wrote.made.proven = err == nil
	return err
}
