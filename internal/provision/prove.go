package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// notYet reports whether AWS answered as it does while it has not heard of a key everywhere, or of the policy
// that its user was given.
func notYet(err error) bool {
	return denied(err) || missing(err) || hasCode(err,
		"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure")
}

// apply waits until AWS accepts the key that this run made: for STS, which is what Redis Cloud asks first,
// and for iam:GetUser, which the user policy grants the user on itself. Without this wait Redis Cloud
// answers CLOUD_ACCOUNT_INVALID_CREDS for the first 8 to 15 seconds.
func (s ProveKey) apply(ctx context.Context, a *applier) error {
	const (
		patience   = time.Minute
		policyWait = 20 * time.Second
	)
	config := a.config.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(a.made.id, a.made.secret.Reveal(), "")
	tokens, users := sts.NewFromConfig(config), iam.NewFromConfig(config)
	err := parallel(
		ctx,
		func(ctx context.Context) error {
			err := accepted(ctx, patience, func() error {
				_, err := tokens.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
				return err
			})
			if notYet(err) {
				return surprise{fmt.Errorf("AWS did not accept access key %s within %s: %w", a.made.id, patience, err)}
			}
			return err
		},
		func(ctx context.Context) error {
			err := accepted(ctx, policyWait, func() error {
				_, err := users.GetUser(ctx, &iam.GetUserInput{UserName: &s.User})
				return err
			})
			if notYet(err) {
				// The key is good, as STS says; something forbids what the user policy grants.
				a.notice(fmt.Sprintf("access key %s may not call iam:GetUser on its own user, which Redis Cloud needs: "+
					"look at the permissions boundary and at the organization's service control policies", a.made.id))
				return nil
			}
			return err
		},
	)
	a.proven = err == nil
	return err
}

// accepted repeats the call while AWS answers "not yet", for as long as patience lasts.
func accepted(ctx context.Context, patience time.Duration, call func() error) error {
	start := time.Now()
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := call()
		if err == nil || !notYet(err) || time.Since(start)+wait > patience {
			return err
		}
		if pauseErr := pause(ctx, wait); pauseErr != nil {
			return err
		}
	}
}

func (a *applier) notice(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notices = append(a.notices, text)
}
