package provision

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// apply makes a password, stores it, sets it, and at last names its version on the user. What the user has is taken
// away first, its password, which may be one that nobody knows, and then the tag that tells of it. So wherever this stops, no password is live that the
// secret does not hold; and as long as the user's tag does not name the secret's version, it is done again.
func (s MakePassword) apply(ctx context.Context, a *applier) error {
	if s.Replace {
		if err := (Strip{s.User, LoginProfile, s.User}).apply(ctx, a); err != nil {
			return err
		}
		if err := (Tag{Entity: Entity{KindUser, s.User}, Unset: []string{tagPassword}}).apply(ctx, a); err != nil {
			return err
		}
	}
	password := newPassword()
	value, err := consoleValue(password, a.desired)
	if err != nil {
		return err
	}
	id := newPasswordVersion()
	arn, err := a.store(ctx, version{s.Secret, consoleSecretDescription, id, value, s.NewSecret})
	if err != nil {
		return err
	}
	switch err := a.setPassword(ctx, s.User, password, id); {
	case settling(err):
		return surprise{opaqueError{err}} // and not all of this again, which would store another password
	case err != nil:
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.password, a.consoleARN = id, arn
	return nil
}

// setPassword sets a password that is stored, and names its version on the user, who may have been made moments ago.
func (a *applier) setPassword(ctx context.Context, user string, password Sensitive, id string) error {
	text := password.Reveal()
	err := settled(ctx, func() error {
		_, err := a.iam.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: &user, Password: &text})
		return err
	})
	if hasCode(err, "PasswordPolicyViolation") {
		return fmt.Errorf("the account's password policy refuses a password of %d letters, digits and symbols; relax it (aws iam update-account-password-policy) or set ConsoleLogin to false: %w", passwordLength, err)
	}
	if err != nil {
		return err
	}
	return settled(ctx, func() error {
		_, err := a.iam.TagUser(ctx, &iam.TagUserInput{UserName: &user, Tags: toIAMTags(map[string]string{tagPassword: id})})
		return err
	})
}

// passwordPrefix begins the ID of every version that holds a password made here.
const passwordPrefix = "console-password-"

func newPasswordVersion() string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return passwordPrefix + hex.EncodeToString(random)
}

const passwordLength = 32

// newPassword makes a password with each kind of character that an account's password policy can ask for, of the
// symbols that it counts: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
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

// consoleValue is the JSON that the secret of the console password holds. Its names are those of Redis Cloud's REST API.
func consoleValue(password Sensitive, d Desired) (string, error) {
	text, err := json.Marshal(struct {
		ConsoleUsername string `json:"consoleUsername"`
		ConsolePassword string `json:"consolePassword"`
		SignInLoginURL  string `json:"signInLoginUrl"`
	}{d.Spec.User, password.Reveal(), d.Account.SignInURL()})
	if err != nil {
		return "", fmt.Errorf("encode the value of secret %s: %w", d.Spec.ConsolePasswordSecret, err)
	}
	return string(text), nil
}
