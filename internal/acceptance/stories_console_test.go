package acceptance

import (
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

const (
	console       = `{"ConsoleLogin":"true"}`
	consoleSecret = "redis-cloud/console-password"
)

// same compares secrets: an assertion that compares would print them when it fails.
func same(a, b string) bool { return a == b }

// password is the one that the console secret holds, which must be the one that the user has.
func (w *world) password(user string) string {
	w.Helper()
	value := w.stored(consoleSecret)
	assert.Equal(w, user, value["consoleUsername"])
	assert.Equal(w, "https://123456789012.signin.aws.amazon.com/console", value["signInLoginUrl"])
	live, ok := w.aws.Password(user)
	require.True(w, ok, "the user has a console password")
	require.True(w, same(live, value["consolePassword"]), "the secret holds the password that is live")
	return live
}

func TestAConsolePasswordIsStoredAndSet(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		_, err := w.iam.UpdateAccountPasswordPolicy(t.Context(), &iam.UpdateAccountPasswordPolicyInput{
			MinimumPasswordLength: aws.Int32(32), RequireLowercaseCharacters: true, RequireNumbers: true, RequireSymbols: true, RequireUppercaseCharacters: true,
		})
		require.NoError(t, err)
		answer := w.create(console)
		assert.Equal(t, 6*latency, w.took, "one more than without: stored, set, and named on the user")
		password := w.password("redislabs-user")
		assert.Len(t, password, 32)
		for _, is := range []func(rune) bool{unicode.IsUpper, unicode.IsLower, unicode.IsDigit, func(r rune) bool { return strings.ContainsRune("!@#$%^*()_+-=[]{}|", r) }} {
			assert.True(t, strings.ContainsFunc(password, is))
		}
		assert.Equal(t, "redislabs-user", answer.Data["ConsoleUsername"])
		assert.Contains(t, answer.Data["ConsolePasswordSecretArn"], ":secret:"+consoleSecret+"-")
		assert.Contains(t, answer.Data["ConsolePasswordSecretUrl"], "name=redis-cloud%2Fconsole-password")
		w.succeed(event{kind: "Create", props: console})
		assert.Empty(t, w.changes())
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: console})
		assert.Empty(t, w.aws.Snapshot().Secrets)
	})
}

func TestAConsolePasswordComesAndGoesAndComesAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.account()
		w.updated(bare, console)
		first := w.password("redislabs-user")
		answer := w.update(console, bare)
		assert.Equal(t, cfn.StatusSuccess, answer.Status, answer.Reason)
		assert.Empty(t, answer.Data["ConsoleUsername"])
		assert.Empty(t, answer.Data["ConsolePasswordSecretArn"])
		assert.Equal(t, before, w.account())
		w.updated(bare, console)
		assert.False(t, same(first, w.password("redislabs-user")), "it is another one")
	})
}

func TestAConsolePasswordThatSomebodyTookAwayIsMadeAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		_, err := w.iam.DeleteLoginProfile(t.Context(), &iam.DeleteLoginProfileInput{UserName: aws.String("redislabs-user")})
		require.NoError(t, err)
		w.updated(console, console)
		w.password("redislabs-user")
	})
}

func TestALoginThatPeopleMadeStays(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		_, err := w.iam.CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{UserName: aws.String("redislabs-user"), Password: aws.String(byhand.Password)})
		require.NoError(t, err)
		w.updated(bare, `{"Tags":["a=b"]}`)
		live, _ := w.aws.Password("redislabs-user")
		assert.Equal(t, byhand.Password, live)
	})
}

func TestARolledBackRenameOfTheUserRestoresThePasswordToo(t *testing.T) {
	const other = `{"ConsoleLogin":"true","UserName":"other"}`
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		first := w.password("redislabs-user")
		w.succeed(event{kind: "Update", id: idOf(console), props: other, old: console})
		w.password("other")
		w.succeed(event{kind: "Update", id: idOf(other), props: console, old: other})
		w.succeed(event{kind: "Delete", id: idOf(other), props: other})
		assert.True(t, same(first, w.password("redislabs-user")))
	})
}

// While the user of a rolled back rename still lives, so does the secret that holds its password.
func TestAPasswordThatCameWithARenameGoesWithItsUser(t *testing.T) {
	const other = `{"ConsoleLogin":"true","UserName":"other"}`
	story(t, func(t *testing.T, w *world) {
		w.create(bare)
		before := w.account()
		w.succeed(event{kind: "Update", id: idOf(bare), props: other, old: bare})
		w.succeed(event{kind: "Update", id: idOf(other), props: bare, old: other})
		w.password("other")
		w.succeed(event{kind: "Delete", id: idOf(other), props: other})
		assert.Equal(t, before, w.account())

		w.aws.Inject(localaws.OnAction("GetCallerIdentity").Refuse("RefusedForTheTest").Times(100))
		w.fail(event{kind: "Update", id: idOf(bare), props: other, old: bare})
		w.aws.Inject()
		w.succeed(event{kind: "Update", id: idOf(bare), props: bare, old: other})
		assert.Equal(t, before, w.account())
	})
}

func TestTheConsoleSecretIsRenamedAndBack(t *testing.T) {
	const other = `{"ConsoleLogin":"true","ConsolePasswordSecretName":"elsewhere"}`
	story(t, func(t *testing.T, w *world) {
		w.create(console)
		w.succeed(event{kind: "Update", id: idOf(console), props: other, old: console})
		live, _ := w.aws.Password("redislabs-user")
		assert.True(t, same(live, w.stored("elsewhere")["consolePassword"]))
		w.succeed(event{kind: "Update", id: idOf(other), props: console, old: other})
		w.password("redislabs-user")
		w.succeed(event{kind: "Delete", id: idOf(other), props: other})
		w.password("redislabs-user")
	})
}

func TestAPasswordPolicyThatAsksForMoreIsSaid(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		_, err := w.iam.UpdateAccountPasswordPolicy(t.Context(), &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(64)})
		require.NoError(t, err)
		answer := w.fail(event{kind: "Create", props: console})
		assert.Contains(t, answer.Reason, "password policy refuses a password of 32")
		assert.Contains(t, answer.Reason, "set ConsoleLogin to false")
		w.succeed(event{kind: "Delete", id: answer.PhysicalResourceID, props: console})
		assert.Empty(t, w.aws.Snapshot().Users)
		assert.Empty(t, w.aws.Snapshot().Secrets)
	})
}

func TestASecretOfTheConsoleSecretsNameIsAConflict(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(bare)
		answer := w.update(bare, console)
		assert.Equal(t, cfn.StatusFailed, answer.Status)
		assert.Contains(t, answer.Reason, "secret "+consoleSecret+" exists")
		assert.Contains(t, answer.Reason, "ConsolePasswordSecretName")
		w.updated(console, bare)
		w.succeed(event{kind: "Delete", id: idOf(bare), props: bare})
		text, _ := w.aws.SecretString(consoleSecret, "AWSCURRENT")
		assert.Equal(t, "theirs", text)
		assert.Equal(t, []string{consoleSecret}, keysOf(w.aws.Snapshot().Secrets))
	})
}

func TestAConsoleLoginInAnEventuallyConsistentAccount(t *testing.T) {
	story(t, func(_ *testing.T, w *world) {
		w.aws.StaleReads(3 * 1e9)
		w.create(console)
		w.password("redislabs-user")
		w.updated(console, bare)
		w.updated(bare, console)
		w.password("redislabs-user")
		w.succeed(event{kind: "Delete", id: idOf(bare), props: console})
		assert.Equal(w, localaws.New(localaws.Options{}).Snapshot(), w.aws.Snapshot())
	})
}

// The new user may not be seen for longer than the step that sets its password waits. What the step does then must not push the
// password of the user that is replaced out of the secret, who lives until the clean-up.
func TestAnEventuallyConsistentRenameKeepsThePasswordThatWorks(t *testing.T) {
	for _, action := range []string{"CreateLoginProfile", "TagUser"} {
		t.Run(action, func(_ *testing.T) {
			story(t, func(_ *testing.T, w *world) {
				w.create(console)
				w.aws.Inject(localaws.OnAction(action).Refuse("NoSuchEntity").Times(5))
				const to = `{"ConsoleLogin":"true","UserName":"other"}`
				w.succeed(event{kind: "Update", id: idOf(console), props: to, old: console})
				w.noUnknownPassword()
				w.password("other")
			})
		})
	}
}
