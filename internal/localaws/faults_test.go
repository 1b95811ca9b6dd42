package localaws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARefusedCallHasNoEffect(t *testing.T) {
	story(t, func(s teller) {
		s.account.Inject(OnCall(2).Refuse("AccessDenied"), OnAction("CreateRole").ServerError(1), OnAction("CreateSecret").ServerError(1))
		s.do(createUser("one"))
		s.refused("AccessDenied", createUser("two"))
		s.do(createUser("three"))
		s.refused("ServiceFailure", createRole("role"))
		s.do(createRole("role"))
		_, err := s.try(s.Context(), createSecret(1, "x"))
		_, ok := errors.AsType[*secrettypes.InternalServiceError](err)
		assert.True(s, ok, "%v", err)
		held := s.account.Snapshot()
		assert.Len(s, held.Users, 2)
		assert.Len(s, held.Roles, 1)
		assert.Empty(s, held.Secrets)
	})
}

func TestTheErrorsAreTheSDKsTypes(t *testing.T) {
	story(t, func(s teller) {
		s.do(createUser("redis"))
		_, err := s.try(s.Context(), createUser("redis"))
		_, ok := errors.AsType[*iamtypes.EntityAlreadyExistsException](err)
		assert.True(s, ok, "%v", err)
		_, err = s.try(s.Context(), getUser("nobody"))
		_, ok = errors.AsType[*iamtypes.NoSuchEntityException](err)
		assert.True(s, ok, "%v", err)
		_, err = s.try(s.Context(), describeSecret())
		_, ok = errors.AsType[*secrettypes.ResourceNotFoundException](err)
		assert.True(s, ok, "%v", err)
	})
}

func TestThrottlingStaysWithTheCallItStruck(t *testing.T) {
	story(t, func(s teller) {
		s.account.Inject(OnCall(1).Throttle(2), OnAction("CreateSecret").Throttle(1))
		s.refused("Throttling", createUser("redis"))
		s.do(createRole("redis"))
		s.refused("Throttling", createUser("redis"))
		s.do(createUser("redis"))
		s.refused("ThrottlingException", createSecret(1, "x"))
		s.do(createSecret(1, "x"))
	})
}

func TestTheSDKRetriesWhatItShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		client := iam.NewFromConfig(a.Config("", ""))
		a.Inject(OnCall(1).Throttle(2))
		_, err := client.CreateUser(t.Context(), createUser("redis"))
		require.NoError(t, err)
		assert.Len(t, a.Calls(), 3)

		a.Inject(OnCall(1).LoseReply())
		_, err = client.CreateRole(t.Context(), createRole("redis"))
		_, ok := errors.AsType[*iamtypes.EntityAlreadyExistsException](err)
		assert.True(t, ok, "the retry of a call whose reply was lost meets its own effect: %v", err)
	})
}

func TestABrokenReplyHadItsEffect(t *testing.T) {
	for name, broken := range map[string]func(Fault) Fault{"empty": Fault.EmptyReply, "half": Fault.HalfReply} {
		t.Run(name, func(t *testing.T) {
			a := New(Options{})
			config := a.Config("", "")
			var bodies []string
			config.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
				reply, err := transport{a}.RoundTrip(r)
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, reply.StatusCode)
				body, err := io.ReadAll(reply.Body)
				require.NoError(t, err)
				bodies = append(bodies, string(body))
				reply.Body = io.NopCloser(strings.NewReader(string(body)))
				return reply, nil
			})
			s := teller{t, a, clients(config)}
			a.Inject(broken(OnCall(1)), broken(OnAction("CreateSecret")))
			_, _ = s.try(t.Context(), createUser("redis"))
			_, _ = s.try(t.Context(), createSecret(1, "x"))
			assert.Contains(t, a.Snapshot().Users, "redis")
			assert.Contains(t, a.Snapshot().Secrets, secretName)
			s.do(getUser("redis"), describeSecret())
			require.Len(t, bodies, 4)
			if name == "empty" {
				assert.Empty(t, bodies[0]+bodies[1])
				return
			}
			assert.Regexp(t, `^<CreateUserResponse`, bodies[0])
			assert.NotContains(t, bodies[0], "</CreateUserResponse>")
			assert.Regexp(t, `^\{"[^}]+$`, bodies[1])
		})
	}
}

func TestALostReplyHadItsEffect(t *testing.T) {
	story(t, func(s teller) {
		s.account.Inject(OnAction("CreateUser").LoseReply().Times(1))
		_, err := s.try(s.Context(), createUser("redis"))
		require.ErrorIs(s, err, io.ErrUnexpectedEOF)
		assert.Contains(s, s.account.Snapshot().Users, "redis")
		s.refused("EntityAlreadyExists", createUser("redis"))
		assert.Equal(s, "ReplyLost", s.account.Calls()[0].Error)
	})
}

func TestACallThatHangsEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		s := newTeller(t, a)
		a.Inject(EveryCall().Hang())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := s.try(ctx, createUser("redis"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Empty(t, a.Snapshot().Users)
		_, err = s.try(ctx, createUser("redis"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, a.Calls(), 1, "a call whose context had ended was never made")
	})
}

func TestHooksBeforeAndAfterTheEffect(t *testing.T) {
	story(t, func(s teller) {
		ctx, kill := context.WithCancel(s.Context())
		var users []int
		look := func(c Call) {
			assert.Equal(s, "CreateUser", c.Action)
			users = append(users, len(s.account.Snapshot().Users))
		}
		s.account.Inject(OnCall(1).Before(look).After(func(c Call) { look(c); kill() }))
		_, err := s.try(ctx, createUser("redis"))
		require.ErrorIs(s, err, context.Canceled)
		assert.Equal(s, []int{0, 1}, users)

		ctx, kill = context.WithCancel(s.Context())
		s.account.Inject(OnCall(1).Before(func(Call) { kill() }))
		_, err = s.try(ctx, createUser("another"))
		require.ErrorIs(s, err, context.Canceled)
		assert.NotContains(s, s.account.Snapshot().Users, "another", "killed before the effect")
	})
}

func TestRoundTripsAreTheLongestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		a.SetLatency(time.Second)
		a.Inject(OnAction("CreateRole").Before(func(Call) { time.Sleep(500 * time.Millisecond) }))
		start := time.Now()
		s := newTeller(t, a)
		together := func(inputs ...any) {
			var wg sync.WaitGroup
			for _, in := range inputs {
				wg.Go(func() {
					_, err := s.try(t.Context(), in)
					assert.NoError(t, err)
				})
			}
			wg.Wait()
		}
		together(createUser("redis"), createPolicy("read-users"), createRole("redis"))
		together(attachUser("redis", readUsersARN))
		assert.Equal(t, 2, RoundTrips(a.Calls()))
		assert.Equal(t, 2500*time.Millisecond, time.Since(start))
		a.ResetCalls()
		assert.Zero(t, RoundTrips(a.Calls()))
	})
}

func TestInjectedErrorsHaveTheSDKsTypes(t *testing.T) {
	for _, code := range []string{"ServiceFailure", "LimitExceeded", "NoSuchEntity", "EntityAlreadyExists"} {
		story(t, func(s teller) {
			s.account.Inject(EveryCall().Refuse(code))
			_, err := s.try(s.Context(), createUser("redis"))
			api, ok := errors.AsType[smithy.APIError](err)
			require.True(s, ok)
			assert.Equal(s, code, api.ErrorCode())
			_, generic := api.(*smithy.GenericAPIError)
			assert.False(s, generic, "%s is one of the SDK's types", code)
		})
	}
	for _, code := range []string{"InternalServiceError", "LimitExceededException", "ResourceNotFoundException", "InvalidRequestException", "EncryptionFailure"} {
		story(t, func(s teller) {
			s.account.Inject(EveryCall().Refuse(code))
			_, err := s.try(s.Context(), createSecret(1, "x"))
			api, ok := errors.AsType[smithy.APIError](err)
			require.True(s, ok)
			assert.Equal(s, code, api.ErrorCode())
			_, generic := api.(*smithy.GenericAPIError)
			assert.False(s, generic, "%s is one of the SDK's types", code)
		})
	}
}
