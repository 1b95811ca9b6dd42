package account

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

const stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/7d2f6c10-5b1e-4c0a-9a63-2f8f5f1c9e10"

func desired(t testing.TB, properties string) plan.Desired {
	t.Helper()
	where, err := spec.ParseStackID(stack)
	require.NoError(t, err)
	parsed, err := spec.Parse([]byte(properties), where)
	require.NoError(t, err)
	return plan.Desired{Spec: parsed, Account: where, Stack: stack, Owner: spec.ID(stack, "RedisCloudIAM", []byte(properties))}
}

// quiet is an Account in an AWS, without a log.
func quiet(config aws.Config) *Account { return New(config, slog.New(slog.DiscardHandler)) }

// What is observed after an Ensure is what was desired: a plan of it is empty.
func TestWhatIsEnsuredIsObservedAsDesired(t *testing.T) {
	for _, properties := range []string{
		`{}`, `{"Tags":["a=b"],"PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`,
		`{"ConsoleLogin":"true","KmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/0f0e0d0c-1111-2222-3333-444455556666","SecretReaders":["arn:aws:iam::111111111111:root"]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			local := localaws.New(localaws.Options{})
			local.PageSize(1) // so that every list has several pages
			a, d := quiet(local.Config("", "")), desired(t, properties)
			result, err := a.Ensure(t.Context(), d)
			require.NoError(t, err)
			assert.NotEmpty(t, result.AccessKeyID)

			r := a.ensuring(d)
			seen := &plan.Observed{At: time.Now()}
			require.NoError(t, r.observe(t.Context(), seen, plan.Slots()...))
			p, err := plan.Ensure(d, seen)
			require.NoError(t, err)
			assert.True(t, p.Empty(), p.Stages)
			assert.Equal(t, result.AccessKeyID, p.KeyID)

			found, err := a.Clear(t.Context(), plan.Removal{Desired: d}, 0)
			require.NoError(t, err)
			assert.True(t, found)
			found, err = a.Clear(t.Context(), plan.Removal{Desired: d}, 0)
			require.NoError(t, err)
			assert.False(t, found, "nothing is left")
		})
	}
}

// What this run wrote is laid over what AWS shows, for a while.
func TestOwnWritesAreLaidOverStaleReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desired(t, `{}`)
		user := plan.User.Ref(d.Spec.Names)
		secret := plan.KeySecret.Ref(d.Spec.Names)
		record := plan.Record{KeyID: "AKIAIOSFODNN7EXAMPLE", Serial: 1}
		tag := plan.Tag{Ref: user, Set: map[string]string{"a": "new"}, Unset: []string{"b"}}
		wrote := writes{
			tagLag:   lag,
			entities: map[plan.Ref]time.Time{user: time.Now()},
			made:     madeKey{Record: record, at: time.Now()},
			tags:     []tagging{{tag, time.Now()}},
		}

		seen := &plan.Observed{At: time.Now()}
		require.ErrorContains(t, wrote.overlay(seen, d), "AWS does not show it yet")

		entity := &plan.Entity{Ref: user}
		entity.SetTags(map[string]string{"a": "old", "b": "old"})
		seen.Put(plan.User, entity)
		seen.Put(plan.KeySecret, &plan.Entity{Ref: secret})
		require.NoError(t, wrote.overlay(seen, d))
		assert.Equal(t, map[string]string{"a": "new"}, entity.Tags)
		require.Len(t, entity.Keys, 1)
		assert.True(t, entity.Keys[0].Unproven)
		assert.True(t, seen.In(plan.KeySecret).Holds(record.KeyID))

		time.Sleep(lag)
		require.ErrorIs(t, wrote.overlay(&plan.Observed{At: time.Now()}, d), errOvertaken, "somebody has removed it")
		late := &plan.Observed{At: time.Now()}
		late.Put(plan.User, &plan.Entity{Ref: user})
		require.NoError(t, wrote.overlay(late, d))
		assert.Empty(t, late.In(plan.User).Keys, "the key is gone, and not just not shown")
	})
}

func TestSeveralErrorsShowTheOneThatSaysMost(t *testing.T) {
	err := parallel(
		t.Context(),
		func(context.Context) error { return context.DeadlineExceeded },
		func(ctx context.Context) error {
			return parallel(ctx,
				func(context.Context) error { return errors.New("connection refused") },
				func(context.Context) error { return errors.New("connection refused, too") })
		},
	)
	require.EqualError(t, err, "connection refused (and 2 more errors beside it)")
	assert.NoError(t, parallel(t.Context(), func(context.Context) error { return nil }))
}

func TestPanicIsAnErrorThatHoldsNoSecret(t *testing.T) {
	err := parallel(t.Context(), func(context.Context) error { panic("hunter2") })
	require.ErrorContains(t, err, "internal error (panic of type string, at account_test.go:")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestPasswordsHaveEveryKindOfCharacter(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		password := newPassword().Reveal()
		assert.Len(t, password, 32)
		for _, kind := range []string{"[A-Z]", "[a-z]", "[0-9]", `[^A-Za-z0-9]`} {
			assert.Regexp(t, kind, password)
		}
		seen[password] = true
	}
	assert.Len(t, seen, 100)
}

// BenchmarkObserve is dominated by the SDK and by the AWS in memory: it shows what is spent on a
// look at an account apart from waiting.
func BenchmarkObserve(b *testing.B) {
	a, d := quiet(localaws.New(localaws.Options{}).Config("", "")), desired(b, `{}`)
	if _, err := a.Ensure(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	r := a.ensuring(d)
	r.expected = true
	for b.Loop() {
		if err := r.observe(b.Context(), &plan.Observed{At: time.Now()}, plan.Slots()...); err != nil {
			b.Fatal(err)
		}
	}
}
