package localaws

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type loginProfile struct {
	iamtypes.LoginProfile
	Password string
}

// Password returns the console password of a user. It is for tests, and does not count as a call.
func (a *Account) Password(userName string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.state.Users[fold(userName)]; u != nil && u.Login != nil {
		return u.Login.Password, true
	}
	return "", false
}

// checkPassword reports a PasswordPolicyViolation. It does not say the password. While an account
// has no password policy, passwords must have eight characters at least, of three of the four
// kinds, and not be the user's name.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html.
func (tx *tx) checkPassword(u *user, password string) error {
	upper, lower := strings.ContainsFunc(password, unicode.IsUpper), strings.ContainsFunc(password, unicode.IsLower)
	digit, symbol := strings.ContainsFunc(password, unicode.IsDigit), strings.ContainsAny(password, `!@#$%^&*()_+-=[]{}|'`)
	least, kinds := 8, 0
	for _, has := range []bool{upper, lower, digit, symbol} {
		if has {
			kinds++
		}
	}
	conforms := kinds >= 3 && !strings.EqualFold(password, u.Name)
	if p := tx.state.PasswordPolicy; p != nil {
		least = int(cmp.Or(aws.ToInt32(p.MinimumPasswordLength), 6))
		conforms = (upper || !p.RequireUppercaseCharacters) && (lower || !p.RequireLowercaseCharacters) &&
			(digit || !p.RequireNumbers) && (symbol || !p.RequireSymbols)
	}
	if !conforms || utf8.RuneCountInString(password) < least {
		return refuse("PasswordPolicyViolation", "Password does not conform to the account password policy.")
	}
	return nil
}

// CreateLoginProfile gives a user a console password.
func (tx *tx) CreateLoginProfile(in *iam.CreateLoginProfileInput, u *user) error {
	if u.Login != nil {
		return refuse(entityExists, "Login Profile for user %s already exists.", u.Name)
	}
	if in.Password == nil {
		return refuse(validationError, "A password must be given.")
	}
	if err := tx.checkPassword(u, *in.Password); err != nil {
		return err
	}
	u.Login = &loginProfile{Password: *in.Password, LoginProfile: iamtypes.LoginProfile{
		CreateDate: stamp(tx.now), PasswordResetRequired: in.PasswordResetRequired, UserName: &u.Name,
	}}
	tx.GetLoginProfile(u, u.Login)
	return nil
}

// loginOf returns a user's login profile. A write that comes before the replicas have the profile
// finds it EntityTemporarilyUnmodifiable, as in AWS for some seconds after it was made.
func (tx *tx) loginOf(u *user) (*loginProfile, error) {
	if u.Login == nil {
		return nil, refuse(noSuchEntity, "Login Profile for User %s cannot be found.", u.Name)
	}
	if seen := tx.seen.Users[fold(u.Name)]; seen == nil || seen.Login == nil {
		return nil, refuse("EntityTemporarilyUnmodifiable",
			"Login Profile for User %s cannot be modified while login profile is being created.", u.Name)
	}
	return u.Login, nil
}

// GetLoginProfile tells whether a user has a console password, and since when.
func (tx *tx) GetLoginProfile(_ *user, l *loginProfile) {
	tx.out.set(members{"LoginProfile": new(l.LoginProfile)})
}

// UpdateLoginProfile changes a console password, or whether it must be changed at the next sign-in.
func (tx *tx) UpdateLoginProfile(in *iam.UpdateLoginProfileInput, u *user, l *loginProfile) error {
	if in.Password != nil {
		if err := tx.checkPassword(u, *in.Password); err != nil {
			return err
		}
		l.Password = *in.Password
	}
	if in.PasswordResetRequired != nil {
		l.PasswordResetRequired = *in.PasswordResetRequired
	}
	return nil
}

func (tx *tx) DeleteLoginProfile(u *user, _ *loginProfile) { u.Login = nil }

// UpdateAccountPasswordPolicy replaces the account's password policy: what is not given goes back
// to its default.
func (tx *tx) UpdateAccountPasswordPolicy(in *iam.UpdateAccountPasswordPolicyInput) {
	tx.state.PasswordPolicy = in
}
