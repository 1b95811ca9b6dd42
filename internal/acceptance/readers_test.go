package acceptance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

func TestReadersOfOtherAccountsAreLetInAndShutOut(t *testing.T) {
	const (
		key     = `"KmsKeyId":"` + kmsKey + `"`
		none    = `{"ConsoleLogin":"true",` + key + `}`
		readers = `{"ConsoleLogin":"true",` + key + `,"SecretReaders":["arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:role/vault"]}`
		other   = `{"ConsoleLogin":"true",` + key + `,"SecretReaders":["arn:aws:iam::222222222222:root"]}`
	)
	policies := func(w *world) []string {
		state := w.aws.Snapshot()
		return []string{state.Secrets[keySecret].Policy, state.Secrets[consoleSecret].Policy}
	}
	story(t, func(t *testing.T, w *world) {
		w.create(readers)
		for _, policy := range policies(w) {
			assert.Contains(t, policy, "arn:aws:iam::111111111111:role/vault")
			assert.Contains(t, policy, "secretsmanager:GetSecretValue")
		}
		w.updated(readers, readers)
		w.isStill()
		w.updated(readers, other)
		for _, policy := range policies(w) {
			assert.Contains(t, policy, "222222222222")
			assert.NotContains(t, policy, "111111111111")
		}
		w.updated(other, none)
		assert.Equal(t, []string{"", ""}, policies(w))
		w.updated(none, readers)
		w.updated(readers, `{"Tags":["a=b"]}`)
		assert.Empty(t, policies(w)[0], "the key and the readers go together")
	})
}

func TestReadersWithoutAKMSKeyOfOnesOwnAreRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		answer := w.createFails(`{"SecretReaders":["arn:aws:iam::111111111111:root"]}`)
		assert.Contains(t, answer.Reason, "SecretReaders: needs a KMS key of your own")
		assert.Contains(t, answer.Reason, "set KmsKeyId")
		assert.Empty(t, w.calls)
	})
}

// The role is that of the stack as it is by now.
func TestLateRepeatOfAnEventWithoutReadersIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		create, update := event{kind: "Create", props: `{"KmsKeyId":"` + kmsKey + `"}`}, changeOf(`{"KmsKeyId":"`+kmsKey+`"}`, withReaders)
		create, update = create.at(time.Minute), update.at(2*time.Minute)
		w.succeed(create)
		w.succeed(update)
		w.restart()
		assert.Contains(t, w.fail(create).Reason, "a newer event has begun")
		w.isStill()
	})
}

func TestReadersWhoDoNotExistAreNamed(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.aws.Inject(localaws.OnAction("PutResourcePolicy").Refuse("MalformedPolicyDocumentException").Times(100))
		assert.Contains(t, w.createFails(withReaders).Reason, "SecretReaders must name accounts, roles and users that exist")
	})
}

// Whom a stack lets in does not read what people had stored before, once that is given back.
func TestSecretThatIsGivenBackHasNoReadersOfOurs(t *testing.T) {
	const props = `{"ExistingEntities":"Adopt","ConsoleLogin":"true","KmsKeyId":"` + kmsKey + `","SecretReaders":["arn:aws:iam::111111111111:root"]}`
	story(t, func(t *testing.T, w *world) {
		for _, secret := range []string{keySecret, consoleSecret} {
			w.put(secret, "theirs")
		}
		w.create(props)
		w.succeed(deleteOf(props).withID(invented))
		for _, secret := range []string{keySecret, consoleSecret} {
			w.holds(secret, "AWSCURRENT", "theirs")
			assert.Empty(t, w.aws.Snapshot().Secrets[secret].Policy)
		}
	})
}

func TestAdoptedConsoleSecretThatIsNotUsedAnyMoreHasNoReadersOfOurs(t *testing.T) {
	const (
		off = `{"ExistingEntities":"Adopt","KmsKeyId":"` + kmsKey + `","SecretReaders":["arn:aws:iam::111111111111:root"]}`
		on  = `{"ConsoleLogin":"true","ExistingEntities":"Adopt","KmsKeyId":"` + kmsKey + `","SecretReaders":["arn:aws:iam::111111111111:root"]}`
	)
	story(t, func(t *testing.T, w *world) {
		w.put(consoleSecret, "theirs")
		w.create(on)
		w.updated(on, off)
		w.holds(consoleSecret, "AWSCURRENT", "theirs")
		assert.Empty(t, w.aws.Snapshot().Secrets[consoleSecret].Policy)
		w.updated(off, on)
		assert.NotEmpty(t, w.aws.Snapshot().Secrets[consoleSecret].Policy)
	})
}
