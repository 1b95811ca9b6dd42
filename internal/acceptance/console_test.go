package acceptance

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

const console = `{"ConsoleLogin":"true"}`

func TestConsolePasswordIsStoredAndSet(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.must(w.iam.UpdateAccountPasswordPolicy(t.Context(), &iam.UpdateAccountPasswordPolicyInput{
			MinimumPasswordLength: aws.Int32(32), RequireLowercaseCharacters: true, RequireNumbers: true, RequireSymbols: true, RequireUppercaseCharacters: true,
		}))
		answer := w.create(console)
		assert.Equal(t, 6*latency, w.took, "one more than without: stored, set, and named on the user")
		password := w.password(user)
		assert.Len(t, password, 32)
		symbol := func(r rune) bool { return strings.ContainsRune("!@#$%^*()_+-=[]{}|", r) }
		for _, is := range []func(rune) bool{unicode.IsUpper, unicode.IsLower, unicode.IsDigit, symbol} {
			assert.True(t, strings.ContainsFunc(password, is))
		}
		assert.Equal(t, user, answer.Data["ConsoleUsername"])
		assert.Contains(t, answer.Data["ConsolePasswordSecretArn"], ":secret:"+consoleSecret+"-")
		assert.Contains(t, answer.Data["ConsolePasswordSecretUrl"], "name=redis-cloud%2Fconsole-password")
		w.create(console)
		w.isStill()
		w.delete(console)
		assert.Empty(t, w.aws.Snapshot().Secrets)
	})
}

func TestConsolePasswordIsSwitchedOnAndOffAndOnAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.account()
		w.updated(bare, console)
		first := w.password(user)
		answer := w.succeed(changeOf(console, bare))
		assert.Empty(t, answer.Data["ConsoleUsername"])
		assert.Empty(t, answer.Data["ConsolePasswordSecretArn"])
		assert.Equal(t, before, w.account())
		w.updated(bare, console)
		assert.False(t, same(first, w.password(user)), "it is another one")
	})
}

// An Update looks again after two seconds, and AWS may not show the password yet.
func TestConsolePasswordThatIsNotShownYetIsKnown(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.create(bare)
		w.aws.StaleReads(3 * time.Second)
		update := changeOf(bare, console)
		update.sent = time.Now()
		w.succeed(update)
	})
}

func TestConsolePasswordThatPeopleDeletedIsMadeAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		w.must(w.iam.DeleteLoginProfile(t.Context(), &iam.DeleteLoginProfileInput{UserName: aws.String(user)}))
		w.updated(console, console)
		w.password(user)
	})
}

func TestLoginThatPeopleMadeStays(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		w.must(w.iam.CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{UserName: aws.String(user), Password: aws.String(byhand.Password)}))
		w.updated(bare, `{"Tags":["a=b"]}`)
		live, _ := w.aws.Password(user)
		assert.Equal(t, byhand.Password, live)
	})
}

func TestPasswordPolicyThatDemandsMoreIsExplained(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.must(w.iam.UpdateAccountPasswordPolicy(t.Context(), &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(64)}))
		answer := w.createFails(console)
		assert.Contains(t, answer.Reason, "password policy refuses a password of 32")
		assert.Contains(t, answer.Reason, "set ConsoleLogin to false")
		w.delete(console)
		assert.Empty(t, w.aws.Snapshot().Users)
		assert.Empty(t, w.aws.Snapshot().Secrets)
	})
}

func TestForeignSecretOfTheConsoleSecretsNameIsAConflict(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(bare)
		answer := w.updateFails(bare, console)
		assert.Contains(t, answer.Reason, "secret "+consoleSecret+" exists")
		assert.NotContains(t, answer.Reason, "ConsolePasswordSecretName", "names are for life")
		w.updated(console, bare)
		w.delete(bare)
		text, _ := w.aws.SecretString(consoleSecret, "AWSCURRENT")
		assert.Equal(t, "theirs", text)
		assert.Equal(t, []string{consoleSecret}, keysOf(w.aws.Snapshot().Secrets))
	})
}

func TestConsoleLoginWorksInAnEventuallyConsistentAccount(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.StaleReads(3 * time.Second)
		w.create(console)
		w.password(user)
		w.updated(console, bare)
		w.updated(bare, console)
		w.password(user)
		w.delete(console)
		w.isEmpty()
	})
}

// The new user may be stale for longer than the step that sets its password waits.
func TestPasswordOfAUserThatIAMDoesNotShowYetIsKnown(t *testing.T) {
	for _, action := range []string{"CreateLoginProfile", "TagUser"} {
		t.Run(action, func(t *testing.T) {
			story(t, func(_ *testing.T, w *world) {
				w.aws.Inject(localaws.OnAction(action).Refuse("NoSuchEntity").Times(5))
				w.create(console)
				w.password(user)
			})
		})
	}
}

func TestConsolePasswordIsSwitchedOffThoughPeopleDeletedTheUser(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		w.must(w.iam.DeleteLoginProfile(t.Context(), &iam.DeleteLoginProfileInput{UserName: aws.String(user)}))
		w.deleteUser()
		w.updated(console, bare)
		assert.Equal(t, []string{keySecret}, keysOf(w.aws.Snapshot().Secrets))
	})
}
