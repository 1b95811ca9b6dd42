package acceptance

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
