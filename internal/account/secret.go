package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/plan"
)

// store stores a value as a version of a secret, or makes the secret with it. When a secret of the
// name was deleted without a recovery window, the name stays blocked for some seconds; and the
// permission to write it may be younger than that.
func (r *run) store(ctx context.Context, slot plan.Slot, version string, value any, first bool) error {
	name := slot.Ref(r.desired.Spec.Names).Name
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode the value of secret %s: %w", name, err)
	}
	text := string(encoded)
	write := calling(r.secrets.PutSecretValue, &secretsmanager.PutSecretValueInput{
		SecretId: &name, ClientRequestToken: &version, SecretString: &text,
	})
	if first {
		write = r.createSecret(slot, version, text)
	}
	blocked := func(err error) bool {
		return denied(err) || hasCode(err, "InvalidRequestException")
	}
	return repeated(ctx, 30*time.Second, blocked, write)
}

func (r *run) createSecret(slot plan.Slot, version, text string) call {
	ref, want := slot.Ref(r.desired.Spec.Names), r.desired.Wanted(slot)
	input := &secretsmanager.CreateSecretInput{
		Name: &ref.Name, ClientRequestToken: &version, SecretString: &text,
		Description: &want.Description, KmsKeyId: optional(want.KmsKeyID), Tags: secretTags(want.Tags),
	}
	return func(ctx context.Context) error {
		out, err := r.secrets.CreateSecret(ctx, input)
		if err != nil || out.ARN == nil {
			return cmp.Or(err, absent(nil, "CreateSecret"))
		}
		r.note(func() { r.wrote.arns[ref] = *out.ARN })
		return nil
	}
}

// makePassword makes a password, stores it, sets it, and names its version on the user at last.
// What the user has is taken away first: its password, which may be unknown, and then the tag that
// tells of it. So wherever this stops, no password is live that the secret does not hold; and as
// long as the user's tag does not name the secret's version, it is done again.
func (r *run) makePassword(ctx context.Context, s plan.MakePassword) error {
	user := plan.User.Ref(r.desired.Spec.Names)
	if s.Replace {
		err := r.delete(ctx, plan.Delete{Ref: plan.Ref{Kind: plan.LoginProfile, Name: s.User, On: s.User}})
		if err == nil {
			err = r.tag(ctx, plan.Tag{Ref: user, Unset: []string{plan.TagPassword}})
		}
		if err != nil {
			return err
		}
	}
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	password, version := newPassword(), plan.PasswordPrefix+hex.EncodeToString(random[:])
	value := struct {
		ConsoleUsername string `json:"consoleUsername"` // the names of Redis Cloud's REST API
		ConsolePassword string `json:"consolePassword"`
		SignInLoginURL  string `json:"signInLoginUrl"`
	}{s.User, password.Reveal(), r.desired.Account.SignInURL()}
	r.note(func() { r.wrote.password = "" }) // the version that holds it may lose its label now
	err := r.store(ctx, plan.ConsoleSecret, version, value, s.NewSecret)
	if err != nil {
		return err
	}
	err = settled(ctx, func(ctx context.Context) error { return r.setPassword(ctx, s.User, password) })
	if err == nil {
		named := plan.Tag{Ref: user, Set: map[string]string{plan.TagPassword: version}}
		err = settled(ctx, func(ctx context.Context) error { return r.tag(ctx, named) })
	}
	switch {
	case hasCode(err, "EntityAlreadyExists"):
		r.note(func() { r.wrote.login = time.Now() }) // which is not shown, and must be replaced
	case settling(err):
		return stale(final{err}) // and not all of this again, which would store another password
	case err == nil:
		r.note(func() { r.wrote.password = version })
	}
	return err
}

func (r *run) setPassword(ctx context.Context, user string, password Sensitive) error {
	text := password.Reveal()
	_, err := r.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: &user, Password: &text})
	if hasCode(err, "PasswordPolicyViolation") {
		return fmt.Errorf("the account's password policy refuses a password of %d letters, digits and symbols; relax it (aws iam update-account-password-policy) or set ConsoleLogin to false: %w", len(text), err)
	}
	return err
}

// newPassword makes a password of 32 characters: 130 random bits, which are capital letters and
// digits, and then each kind of character that an account's password policy can ask for:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
func newPassword() Sensitive { return newSensitive(rand.Text() + "-Rc!0z") }
