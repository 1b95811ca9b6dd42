package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/awscall"
	"redis-cloud-iam/internal/plan"
)

// version is a value on its way into a secret. It is never logged.
type version struct {
	id, value string
	first     bool // whether the secret is made with it
}

// store stores a version. When a secret of the name was deleted without a recovery window, the name stays
// blocked for some seconds; and the permission to write it may be younger than that.
func (r *run) store(ctx context.Context, slot plan.Slot, v version) error {
	const patience = 30 * time.Second
	for start := time.Now(); ; {
		err := r.put(ctx, slot, v)
		blocked := v.first && hasCode(err, "InvalidRequestException")
		if err == nil || !blocked && !denied(err) || time.Since(start) > patience {
			return err
		}
		if awscall.Pause(ctx, 2*time.Second) != nil {
			return err
		}
	}
}

func (r *run) put(ctx context.Context, slot plan.Slot, v version) error {
	secret := slot.Ref(r.names)
	if !v.first {
		_, err := r.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &secret.Name, ClientRequestToken: &v.id, SecretString: &v.value,
		})
		return err
	}
	want := r.desired.Wanted(slot)
	out, err := r.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &secret.Name, ClientRequestToken: &v.id, SecretString: &v.value,
		Description: &want.Description, KmsKeyId: optional(want.KmsKeyID), Tags: secretTags(want.Tags),
	})
	if err != nil || out.ARN == nil {
		return cmp.Or(err, absent(nil, "CreateSecret"))
	}
	r.wrote.secret(secret, *out.ARN)
	return nil
}

// makePassword makes a password, stores it, sets it, and names its version on the user at last. What the
// user has is taken away first: its password, which may be unknown, and then the tag that tells of it. So
// wherever this stops, no password is live that the secret does not hold; and as long as the user's tag does
// not name the secret's version, it is done again.
func (r *run) makePassword(ctx context.Context, s plan.MakePassword) error {
	user := plan.User.Ref(r.names)
	if s.Replace {
		if err := gone(r.delete(ctx, plan.Delete{Ref: plan.Ref{Kind: plan.LoginProfile, Name: s.User, On: s.User}})); err != nil {
			return err
		}
		if err := r.tag(ctx, plan.Tag{Ref: user, Unset: plan.PasswordTag()}); err != nil {
			return err
		}
	}
	password, id := newPassword(), newPasswordVersion()
	value, err := json.Marshal(struct {
		ConsoleUsername string `json:"consoleUsername"` // the names of Redis Cloud's REST API
		ConsolePassword string `json:"consolePassword"`
		SignInLoginURL  string `json:"signInLoginUrl"`
	}{s.User, password.Reveal(), r.account.SignInURL()})
	if err != nil {
		return fmt.Errorf("encode the value of secret %s: %w", s.Secret, err)
	}
	if err := r.store(ctx, plan.ConsoleSecret, version{id, string(value), s.NewSecret}); err != nil {
		return err
	}
	err = settled(ctx, func() error { return r.setPassword(ctx, s.User, password) })
	if err == nil {
		err = settled(ctx, func() error { return r.tag(ctx, plan.Tag{Ref: user, Set: plan.PasswordSet(id)}) })
	}
	switch {
	case settling(err):
		return stale{final{err}} // and not all of this again, which would store another password
	case err == nil:
		r.wrote.set(id)
	}
	return err
}

func (r *run) setPassword(ctx context.Context, user string, password Sensitive) error {
	text := password.Reveal()
	_, err := r.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: &user, Password: &text})
	if hasCode(err, "PasswordPolicyViolation") {
		return fmt.Errorf("the account's password policy refuses a password of %d letters, digits and symbols; relax it (aws iam update-account-password-policy) or set ConsoleLogin to false: %w", passwordLength, err)
	}
	return err
}

func newPasswordVersion() string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return plan.PasswordPrefix + hex.EncodeToString(random)
}

const passwordLength = 32

// newPassword makes a password with each kind of character that an account's password policy can ask for, of
// the symbols that it counts: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
func newPassword() Sensitive {
	kinds := []string{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789", "!@#$%^*()_+-=[]{}|"}
	var seed [32]byte
	_, _ = rand.Read(seed[:])                         // never fails
	random := mathrand.New(mathrand.NewChaCha8(seed)) //nolint:gosec // ChaCha8 with a secret seed is of cryptographic strength
	password := make([]byte, passwordLength)
	for i := range password {
		from := strings.Join(kinds, "")
		if i < len(kinds) {
			from = kinds[i]
		}
		password[i] = from[random.IntN(len(from))]
	}
	random.Shuffle(len(password), func(i, j int) { password[i], password[j] = password[j], password[i] })
	return newSensitive(string(password))
}
