package acceptance

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
)

// The default names, and what they are called in ARNs.
const (
	user          = "redislabs-user"
	nodeRole      = "redislabs-cluster-node-role"
	consoleRole   = "redislabs-role"
	nodePolicy    = "RedisLabsInstanceRolePolicy"
	userPolicy    = "RedislabsIAMUserRestrictedPolicy"
	keySecret     = "redis-cloud/access-key"
	consoleSecret = "redis-cloud/console-password"

	policyARN   = "arn:aws:iam::123456789012:policy/"
	adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"
	readOnly    = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	kmsKey      = "arn:aws:kms:us-east-1:123456789012:key/0f0e0d0c-1111-2222-3333-444455556666"
)

// isEmpty asserts that the account holds nothing but the boundaries of the stacks.
func (w *world) isEmpty() {
	w.Helper()
	empty := w.aws.Snapshot()
	maps.DeleteFunc(empty.Policies, func(name string, _ localaws.Policy) bool { return isBoundary(name) })
	assert.Equal(w, localaws.New(localaws.Options{}).Snapshot(), empty, "the account is empty")
}

// isStill asserts that the last event called nothing that changes anything.
func (w *world) isStill(why ...any) {
	w.Helper()
	assert.Empty(w, w.changes(), why...)
}

// changes are the calls of the last event that change something.
func (w *world) changes() []string {
	var actions []string
	for _, call := range w.calls {
		if !isRead(call.Action) {
			actions = append(actions, call.Action)
		}
	}
	return actions
}

func isRead(action string) bool {
	return strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List") || strings.HasPrefix(action, "Describe")
}

// stored is what a secret holds.
func (w *world) stored(secret string) map[string]string { return w.labelled(secret, "AWSCURRENT") }

// holds asserts what the version of a secret with this label holds.
func (w *world) holds(secret, label, value string, why ...any) {
	w.Helper()
	held, _ := w.aws.SecretString(secret, label)
	assert.Equal(w, value, held, why...)
}

func (w *world) labelled(secret, label string) map[string]string {
	w.Helper()
	text, ok := w.aws.SecretString(secret, label)
	require.True(w, ok, "secret %s holds a value", secret)
	var value map[string]string
	require.NoError(w, json.Unmarshal([]byte(text), &value))
	return value
}

// live reports whether AWS accepts the key that is stored. It asks a copy of the account, since to
// ask is to use the key.
func (w *world) live(value map[string]string) bool {
	users := iam.NewFromConfig(w.aws.Fork().Config(value["accessKeyId"], value["accessSecretKey"]))
	_, err := users.GetUser(w.Context(), &iam.GetUserInput{})
	return err == nil
}

// currentKeyWorks asserts that AWS accepts the key that the default secret holds.
func (w *world) currentKeyWorks() {
	w.Helper()
	assert.True(w, w.live(w.stored(keySecret)), "AWS accepts the key that the secret holds")
}

// keys are the IDs of a user's access keys, as IAM shows them.
func (w *world) keys(user string) []string {
	w.Helper()
	out, err := w.iam.ListAccessKeys(w.Context(), &iam.ListAccessKeysInput{UserName: &user})
	require.NoError(w, err)
	var ids []string
	for _, key := range out.AccessKeyMetadata {
		ids = append(ids, aws.ToString(key.AccessKeyId))
	}
	return ids
}

// keyStatus is the status of each of a user's keys, by its ID.
func (w *world) keyStatus(user string) map[string]string {
	all := map[string]string{}
	for _, key := range w.aws.Snapshot().Users[user].Keys {
		all[key.ID] = key.Status
	}
	return all
}

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

// same compares secrets: an assertion that compares would print them when it fails.
func same(a, b string) bool { return a == b }

// account is what the account holds, in canonical form.
func (w *world) account() string { return canonical(w.aws.Snapshot()) }

// canonical is a state without what differs from run to run: the identifiers that AWS makes up, the
// dates, and the versions of secrets, of which the invariants say what must hold.
func canonical(state localaws.State) string {
	state.Secrets, state.Policies = maps.Clone(state.Secrets), maps.Clone(state.Policies)
	for name, secret := range state.Secrets {
		secret.Versions = nil
		state.Secrets[name] = secret
	}
	for name, policy := range state.Policies { // a reply that is lost may cost a version
		policy.Versions = map[string]string{policy.Default: policy.Versions[policy.Default]}
		state.Policies[name] = policy
	}
	return normal(state.String())
}

// inventory is what an account holds without what giving an adopted entity back leaves changed: the
// documents, descriptions and tags that the adoption repaired.
func (w *world) inventory() map[string][]string {
	state := w.aws.Snapshot()
	all := map[string][]string{
		"users": keysOf(state.Users), "roles": keysOf(state.Roles), "policies": keysOf(state.Policies),
		"profiles": keysOf(state.Profiles), "secrets": keysOf(state.Secrets), "owners": nil,
	}
	for name, user := range state.Users {
		for _, key := range user.Keys {
			all["keys of "+name] = append(all["keys of "+name], key.ID+" "+key.Status)
		}
	}
	for entity, tags := range tagsOf(state) {
		for key := range tags {
			if strings.HasPrefix(key, ownTags) {
				all["owners"] = append(all["owners"], entity+" "+key)
			}
		}
	}
	slices.Sort(all["owners"])
	return all
}

// pattern is what normal replaces.
type pattern struct {
	expression *regexp.Regexp
	with       string
}

// patterns are the identifiers that AWS makes up. They are compiled once: the exhaustive tests use
// them a lot.
var patterns = []pattern{
	{regexp.MustCompile(`A(KIA|IDA|ROA|NPA|IPA)[A-Z0-9]{16,17}`), "ID"},
	{regexp.MustCompile(`(secret:[\w/-]+)-\w{6}\b`), "$1"},
	{regexp.MustCompile(`\bv\d+\b`), "v"},
	{regexp.MustCompile(`console-password-[0-9a-f]{24}`), "console-password-ID"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`"Used": \w+`), `"Used": "?"`}, // whether a key was proven is not part of the state
}

// normal is a text without the identifiers that AWS makes up.
func normal(text string) string {
	for _, p := range patterns {
		text = p.expression.ReplaceAllString(text, p.with)
	}
	return text
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
