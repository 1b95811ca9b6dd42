package localaws

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type loginProfile struct {
	Password string
	Reset    bool
	Created  time.Time
}

// passwordPolicy is what an account asks of its users' passwords.
type passwordPolicy struct{ Rules iamtypes.PasswordPolicy }

// defaultRules hold while an account has no password policy: eight characters at least, three of four kinds, not the
// user's name.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html.
const (
	defaultLength = 8
	defaultKinds  = 3
)

// Password returns the console password of a user. It is for tests, and does not count as a call.
func (a *Account) Password(userName string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.state.Users[fold(userName)]; u != nil && u.Login != nil {
		return u.Login.Password, true
	}
	return "", false
}

// kinds tells what kinds of characters a password has.
type kinds struct{ upper, lower, digit, symbol bool }

func kindsOf(password string) (k kinds) {
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			k.upper = true
		case unicode.IsLower(r):
			k.lower = true
		case unicode.IsDigit(r):
			k.digit = true
		case strings.ContainsRune(`!@#$%^&*()_+-=[]{}|'`, r):
			k.symbol = true
		}
	}
	return k
}

func (k kinds) count() int {
	n := 0
	for _, has := range []bool{k.upper, k.lower, k.digit, k.symbol} {
		if has {
			n++
		}
	}
	return n
}

// checkPassword reports a PasswordPolicyViolation. It does not say the password.
func (tx *tx) checkPassword(u *user, password string) error {
	least, k := defaultLength, kindsOf(password)
	violation := ""
	if p := tx.state.PasswordPolicy; p != nil {
		least = int(aws.ToInt32(p.Rules.MinimumPasswordLength))
		switch {
		case p.Rules.RequireUppercaseCharacters && !k.upper:
			violation = "Password should have at least one uppercase letter"
		case p.Rules.RequireLowercaseCharacters && !k.lower:
			violation = "Password should have at least one lowercase letter"
		case p.Rules.RequireNumbers && !k.digit:
			violation = "Password should have at least one number"
		case p.Rules.RequireSymbols && !k.symbol:
			violation = "Password should have at least one symbol"
		}
	} else if k.count() < defaultKinds || strings.EqualFold(password, u.Name) {
		violation = "Password must have at least three of: uppercase letter, lowercase letter, number, symbol, and not be the user's name"
	}
	if len([]rune(password)) < least {
		violation = "Password should have a minimum length of the account's password policy"
	}
	if violation != "" {
		return &iamtypes.PasswordPolicyViolationException{Message: &violation}
	}
	return nil
}

// CreateLoginProfile gives a user a console password.
func (c *IAM) CreateLoginProfile(ctx context.Context, in *iam.CreateLoginProfileInput, _ ...func(*iam.Options)) (*iam.CreateLoginProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.CreateLoginProfileOutput, error) {
		u, err := tx.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		if u.Login != nil {
			return nil, entityExists("Login Profile for user %s already exists.", u.Name)
		}
		if in.Password == nil {
			return nil, apiError("ValidationError", "A password must be given.")
		}
		if err := tx.checkPassword(u, *in.Password); err != nil {
			return nil, err
		}
		u.Login = &loginProfile{Password: *in.Password, Reset: in.PasswordResetRequired, Created: tx.now}
		return &iam.CreateLoginProfileOutput{LoginProfile: u.shownLogin()}, nil
	})
}

func (u *user) shownLogin() *iamtypes.LoginProfile {
	return &iamtypes.LoginProfile{
		CreateDate:            stamp(u.Login.Created),
		PasswordResetRequired: u.Login.Reset,
		UserName:              aws.String(u.Name),
	}
}

// withLogin returns a user that has a login profile. A write that comes before the replicas have the profile finds it
// EntityTemporarilyUnmodifiable, as one does in AWS for some seconds after it was made.
func (tx *tx) withLogin(name *string) (*user, error) {
	u, err := tx.userOrCaller(name)
	if err != nil {
		return nil, err
	}
	if u.Login == nil {
		return nil, noSuchEntity("Login Profile for User %s cannot be found.", u.Name)
	}
	if seen := tx.seen.Users[fold(u.Name)]; seen == nil || seen.Login == nil {
		return nil, &iamtypes.EntityTemporarilyUnmodifiableException{
			Message: aws.String("Login Profile for User " + u.Name + " cannot be modified while login profile is being created."),
		}
	}
	return u, nil
}

// GetLoginProfile tells whether a user has a console password, and since when.
func (c *IAM) GetLoginProfile(ctx context.Context, in *iam.GetLoginProfileInput, _ ...func(*iam.Options)) (*iam.GetLoginProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetLoginProfileOutput, error) {
		u, err := tx.withLogin(in.UserName)
		if err != nil {
			return nil, err
		}
		return &iam.GetLoginProfileOutput{LoginProfile: u.shownLogin()}, nil
	})
}

// UpdateLoginProfile changes a console password, or whether it must be changed at the next sign-in.
func (c *IAM) UpdateLoginProfile(ctx context.Context, in *iam.UpdateLoginProfileInput, _ ...func(*iam.Options)) (*iam.UpdateLoginProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateLoginProfileOutput, error) {
		u, err := tx.withLogin(in.UserName)
		if err != nil {
			return nil, err
		}
		if in.Password != nil {
			if err := tx.checkPassword(u, *in.Password); err != nil {
				return nil, err
			}
			u.Login.Password = *in.Password
		}
		if in.PasswordResetRequired != nil {
			u.Login.Reset = *in.PasswordResetRequired
		}
		return &iam.UpdateLoginProfileOutput{}, nil
	})
}

// DeleteLoginProfile takes a user's console password away.
func (c *IAM) DeleteLoginProfile(ctx context.Context, in *iam.DeleteLoginProfileInput, _ ...func(*iam.Options)) (*iam.DeleteLoginProfileOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.DeleteLoginProfileOutput, error) {
		u, err := tx.withLogin(in.UserName)
		if err != nil {
			return nil, err
		}
		u.Login = nil
		return &iam.DeleteLoginProfileOutput{}, nil
	})
}

// GetAccountPasswordPolicy returns the account's password policy, if it has one.
func (c *IAM) GetAccountPasswordPolicy(ctx context.Context, in *iam.GetAccountPasswordPolicyInput, _ ...func(*iam.Options)) (*iam.GetAccountPasswordPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.GetAccountPasswordPolicyOutput, error) {
		p := tx.state.PasswordPolicy
		if p == nil {
			return nil, noSuchEntity("The Password Policy with domain name %s cannot be found.", tx.id)
		}
		rules := clone(p.Rules)
		return &iam.GetAccountPasswordPolicyOutput{PasswordPolicy: &rules}, nil
	})
}

// UpdateAccountPasswordPolicy replaces the account's password policy: what is not given goes back to its default.
func (c *IAM) UpdateAccountPasswordPolicy(ctx context.Context, in *iam.UpdateAccountPasswordPolicyInput, _ ...func(*iam.Options)) (*iam.UpdateAccountPasswordPolicyOutput, error) {
	return call(ctx, c.front, in, func(tx *tx) (*iam.UpdateAccountPasswordPolicyOutput, error) {
		rules := clone(iamtypes.PasswordPolicy{
			AllowUsersToChangePassword: in.AllowUsersToChangePassword,
			ExpirePasswords:            in.MaxPasswordAge != nil,
			HardExpiry:                 in.HardExpiry,
			MaxPasswordAge:             in.MaxPasswordAge,
			MinimumPasswordLength:      in.MinimumPasswordLength,
			PasswordReusePrevention:    in.PasswordReusePrevention,
			RequireLowercaseCharacters: in.RequireLowercaseCharacters,
			RequireNumbers:             in.RequireNumbers,
			RequireSymbols:             in.RequireSymbols,
			RequireUppercaseCharacters: in.RequireUppercaseCharacters,
		})
		if rules.MinimumPasswordLength == nil {
			rules.MinimumPasswordLength = aws.Int32(6)
		}
		tx.state.PasswordPolicy = &passwordPolicy{rules}
		return &iam.UpdateAccountPasswordPolicyOutput{}, nil
	})
}
