package customresource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/customresource"
)

// Every request type × every way to end × every physical ID in the event: one answer, with
// the status and the ID that CloudFormation needs to go on.
func TestEveryOutcomeIsAnsweredOnceUnderTheRightID(t *testing.T) {
	type answer = customresource.Answer
	given := answer{PhysicalResourceID: "given-id"}
	outcomes := map[string]struct {
		provision func(context.Context) (answer, error)
		ok        bool
		gives     bool
	}{
		"success":              {func(context.Context) (answer, error) { return answer{}, nil }, true, false},
		"success with an ID":   {func(context.Context) (answer, error) { return given, nil }, true, true},
		"error":                {func(context.Context) (answer, error) { return answer{}, errors.New("no") }, false, false},
		"error with an ID":     {func(context.Context) (answer, error) { return given, errors.New("no") }, false, true},
		"error without a text": {func(context.Context) (answer, error) { return answer{}, errors.New("") }, false, false},
		"error that panics":    {func(context.Context) (answer, error) { return answer{}, (*badError)(nil) }, false, false},
		"panic":                {func(context.Context) (answer, error) { panic("no") }, false, false},
		"nil map":              {func(context.Context) (answer, error) { return answer{}, writeToNilMap(nil) }, false, false},
		"end of the goroutine": {func(context.Context) (answer, error) { runtime.Goexit(); return answer{}, nil }, false, false},
		"deadline obeyed":      {func(ctx context.Context) (answer, error) { <-ctx.Done(); return answer{}, ctx.Err() }, false, false},
		"deadline ignored":     {func(context.Context) (answer, error) { time.Sleep(time.Hour); return given, nil }, false, false},
		"success in the grace": {func(ctx context.Context) (answer, error) { <-ctx.Done(); return answer{}, nil }, true, false},
		"data and reason, fine": {func(context.Context) (answer, error) {
			return answer{Data: map[string]string{"k": "v"}, Reason: "r"}, nil
		}, true, false},
	}
	// The answer's ID, where "event" is the event's own, if CloudFormation could have sent it.
	ids := map[cfn.RequestType]struct{ success, successGiven, failure, failureGiven string }{
		cfn.RequestCreate: {"new-id", "given-id", "new-id", "given-id"},
		cfn.RequestUpdate: {"new-id", "given-id", "event", "event"},
		cfn.RequestDelete: {"event", "event", "event", "event"},
	}
	events := map[string]struct {
		id   any
		kept string
	}{
		"an ID":          {"old-id", "old-id"},
		"the longest ID": {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"no ID":          {nil, "new-id"},
		"an empty ID":    {"", "new-id"},
		"too long an ID": {strings.Repeat("x", 1025), "new-id"},
		"a numeric ID":   {7, "new-id"},
		"an escaped ID":  {strings.Repeat("\x01", 1024), "new-id"},
	}
	for requestType, id := range ids {
		for how, o := range outcomes {
			for with, e := range events {
				t.Run(fmt.Sprintf("%s, %s, %s", requestType, how, with), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newStage(t, thing{provision: func(ctx context.Context, _ customresource.Request) (answer, error) {
							return o.provision(ctx)
						}})
						require.NoError(t, s.invoke(within(t, 5*time.Minute), event(requestType, map[string]any{"PhysicalResourceId": e.id})))

						want, wantStatus := id.success, cfn.StatusSuccess
						switch {
						case o.ok && o.gives:
							want = id.successGiven
						case !o.ok && o.gives:
							want, wantStatus = id.failureGiven, cfn.StatusFailed
						case !o.ok:
							want, wantStatus = id.failure, cfn.StatusFailed
						}
						if want == "event" {
							want = e.kept
						}
						got := s.answer()
						assert.Equal(t, want, got.PhysicalResourceID)
						assert.Equal(t, wantStatus, got.Status, got.Reason)
						assert.Equal(t, "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1", got.StackID)
						assert.Equal(t, "request-1", got.RequestID)
						assert.Equal(t, "Thing", got.LogicalResourceID)
						assert.Contains(t, s.log.String(), `"status":"`+string(wantStatus)+`"`)
						assert.Contains(t, s.log.String(), `"answeredPhysicalResourceId":"`+want+`"`)
						time.Sleep(2 * time.Hour) // an abandoned Provision ends, and nothing more is sent
						s.answer()
					})
				})
			}
		}
	}
}

func writeToNilMap(m map[string]int) error {
	m["x"] = 1
	return nil
}

type badError struct{ text string }

func (e *badError) Error() string { return e.text }

func TestTheResourceGetsTheEventAsItWasSent(t *testing.T) {
	var got customresource.Request
	s := newStage(t, thing{provision: func(_ context.Context, r customresource.Request) (customresource.Answer, error) {
		got = r
		return customresource.Answer{Data: map[string]string{"Key": "<value> & more"}, Reason: "well done"}, nil
	}})
	payload := event(cfn.RequestUpdate, map[string]any{
		"ResourceProperties": []any{1, "two", nil}, "OldResourceProperties": "any shape",
	})
	require.NoError(t, s.invoke(t.Context(), payload))
	clear(payload) // as Lambda's runtime may, while an abandoned Provision still reads
	assert.Equal(t, customresource.Request{
		Type:               cfn.RequestUpdate,
		RequestID:          "request-1",
		StackID:            "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1",
		ResourceType:       "Custom::Thing",
		LogicalResourceID:  "Thing",
		PhysicalResourceID: "old-id", Sent: time.Unix(1, 0).Add(-2 * time.Hour).UTC(),
		Properties:    json.RawMessage(`[1,"two",null]`),
		OldProperties: json.RawMessage(`"any shape"`),
	}, got)
	assert.Equal(t, map[string]any{"Key": "<value> & more"}, s.answer().Data)
	assert.Equal(t, "well done", s.answer().Reason)
	assert.Contains(t, string(s.bodies[0]), "<value> & more", "no HTML escapes")

	require.NoError(t, s.invoke(t.Context(), event(cfn.RequestDelete, map[string]any{"ResourceProperties": nil})))
	assert.Nil(t, got.Properties)
	assert.Nil(t, got.OldProperties)
}

func TestAnEventThatIsNotCloudFormationsFailsWithAllItsFaults(t *testing.T) {
	tests := map[string]struct {
		changes map[string]any
		want    string
	}{
		"unknown type": {
			map[string]any{"RequestType": "Upsert"},
			`its RequestType "Upsert" is none of Create, Update and Delete`,
		},
		"everything missing": {
			map[string]any{"RequestType": nil, "StackId": nil, "RequestId": nil, "LogicalResourceId": nil},
			`its RequestType "" is none of Create, Update and Delete; it has no usable StackId, RequestId, LogicalResourceId`,
		},
		"wrong types": {
			map[string]any{"StackId": 1, "RequestId": []string{"x"}, "LogicalResourceId": map[string]any{"x": 1}},
			`it has no usable StackId, RequestId, LogicalResourceId`,
		},
		"null":          {map[string]any{"StackId": json.RawMessage("null")}, `it has no usable StackId`},
		"too long":      {map[string]any{"RequestId": strings.Repeat("r", 600)}, `it has no usable RequestId`},
		"too many \\u":  {map[string]any{"LogicalResourceId": strings.Repeat("\x01", 100)}, `it has no usable LogicalResourceId`},
		"case differs":  {map[string]any{"StackId": nil, "stackid": "x"}, `it has no usable StackId`},
		"a long type":   {map[string]any{"RequestType": strings.Repeat("C", 600)}, `its RequestType "" is none`},
		"a signed type": {map[string]any{"RequestType": true}, `its RequestType "" is none`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
				t.Error("nothing is provisioned")
				return customresource.Answer{}, nil
			}})
			require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, test.changes)))
			assert.Equal(t, cfn.StatusFailed, s.answer().Status)
			assert.Contains(t, s.answer().Reason, test.want)
		})
	}
}

// The longest identifiers that are echoed still leave room for a reason and a long ID.
func TestTheLongestIdentifiersAreEchoed(t *testing.T) {
	long := strings.Repeat("é", 255)
	s := newStage(t, thing{
		id: func(customresource.Request) string { return strings.Repeat(`"`, 5000) },
		provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
			return customresource.Answer{}, errors.New(strings.Repeat(`\`, 5000))
		},
	})
	require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, map[string]any{
		"StackId": long, "RequestId": long, "LogicalResourceId": long,
	})))
	got := s.answer()
	assert.Equal(t, []string{long, long, long}, []string{got.StackID, got.RequestID, got.LogicalResourceID})
	assert.Equal(t, strings.Repeat(`"`, 1023), got.PhysicalResourceID)
	assert.Greater(t, len(got.Reason), 150)
}

func TestWithoutAResponseURLNothingIsProvisioned(t *testing.T) {
	payloads := map[string][]byte{
		"empty":           {},
		"not JSON":        []byte(`{"ResponseURL":"` + responseURL),
		"null":            []byte(`null`),
		"array":           []byte(`[{"ResponseURL":"` + responseURL + `"}]`),
		"string":          []byte(`"` + responseURL + `"`),
		"too deep":        []byte(strings.Repeat(`{"x":`, 100_000)),
		"absent":          event(cfn.RequestCreate, map[string]any{"ResponseURL": nil}),
		"a number":        event(cfn.RequestCreate, map[string]any{"ResponseURL": 5}),
		"no scheme":       event(cfn.RequestCreate, map[string]any{"ResponseURL": strings.TrimPrefix(responseURL, "https:")}),
		"other scheme":    event(cfn.RequestCreate, map[string]any{"ResponseURL": strings.Replace(responseURL, "https", "ftp", 1)}),
		"no host":         event(cfn.RequestCreate, map[string]any{"ResponseURL": "https:///x?" + signature}),
		"port, no host":   event(cfn.RequestCreate, map[string]any{"ResponseURL": "https://:443/x?" + signature}),
		"opaque":          event(cfn.RequestCreate, map[string]any{"ResponseURL": "https:" + signature}),
		"a bad escape":    event(cfn.RequestCreate, map[string]any{"ResponseURL": responseURL[:30] + "%zz" + signature}),
		"line break":      event(cfn.RequestCreate, map[string]any{"ResponseURL": responseURL + "\r\nX: y"}),
		"other-case name": event(cfn.RequestCreate, map[string]any{"ResponseURL": nil, "responseURL": responseURL}),
	}
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			called := func() { t.Error("the resource is not asked") }
			s := newStage(t, thing{
				id: func(customresource.Request) string { called(); return "" },
				provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
					called()
					return customresource.Answer{}, nil
				},
			})
			require.Error(t, s.invoke(t.Context(), payload))
			assert.Empty(t, s.bodies)
		})
	}
}

func TestAPanicIsToldWithoutItsValue(t *testing.T) {
	tests := map[string]struct {
		panics func()
		want   string
	}{
		"runtime error": {
			func() { var r *customresource.Request; _ = r.StackID },
			"internal error (runtime error: invalid memory address or nil pointer dereference)",
		},
		"error":                   {func() { panic(errors.New("hush")) }, "internal error (panic of type *errors.errorString)"},
		"string":                  {func() { panic("hush") }, "internal error (panic of type string)"},
		"no panic, but no return": {runtime.Goexit, "internal error (Provision ended its goroutine)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
				test.panics()
				return customresource.Answer{}, nil
			}})
			require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, nil)), "an error would bring a second answer")
			assert.Equal(t, test.want, s.answer().Reason)
			assert.NotContains(t, s.log.String(), "hush")
			if name != "no panic, but no return" {
				assert.Contains(t, s.log.String(), "TestAPanicIsToldWithoutItsValue", "the stack is in the log")
			}

			require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, nil)), "and the next event finds the way free")
		})
	}
}

func TestAPhysicalIDThatIsOfNoUseIsReplaced(t *testing.T) {
	tests := map[string]struct {
		id         func(customresource.Request) string
		want       string
		wantStatus cfn.StatusType
	}{
		"panic":           {func(customresource.Request) string { panic("hush") }, "Thing", cfn.StatusFailed},
		"empty":           {func(customresource.Request) string { return "" }, "Thing", cfn.StatusSuccess},
		"too long":        {func(customresource.Request) string { return strings.Repeat("€", 400) }, strings.Repeat("€", 341), cfn.StatusSuccess},
		"not UTF-8":       {func(customresource.Request) string { return "a\xffb" }, "a\uFFFDb", cfn.StatusSuccess},
		"long, not UTF-8": {func(customresource.Request) string { return strings.Repeat("\xffa", 512) }, strings.Repeat("\uFFFDa", 256), cfn.StatusSuccess},
		"all escape":      {func(customresource.Request) string { return strings.Repeat("\x01", 1024) }, strings.Repeat("\x01", 341), cfn.StatusSuccess},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, thing{id: test.id})
			require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, nil)))
			assert.Equal(t, test.want, s.answer().PhysicalResourceID)
			assert.Equal(t, test.wantStatus, s.answer().Status)
		})
	}

	t.Run("nothing to name it by", func(t *testing.T) {
		s := newStage(t, thing{id: func(customresource.Request) string { return "" }})
		require.NoError(t, s.invoke(t.Context(), event(cfn.RequestDelete, map[string]any{"LogicalResourceId": nil, "PhysicalResourceId": nil})))
		assert.Equal(t, "unknown", s.answer().PhysicalResourceID)
	})
	t.Run("an answer's ID is cut too", func(t *testing.T) {
		s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
			return customresource.Answer{PhysicalResourceID: strings.Repeat("€", 400)}, nil
		}})
		require.NoError(t, s.invoke(t.Context(), event(cfn.RequestUpdate, nil)))
		assert.Equal(t, strings.Repeat("€", 341), s.answer().PhysicalResourceID)
	})
}

func TestTheLogHoldsIdentifiersAndTheOutcome(t *testing.T) {
	s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
		return customresource.Answer{}, errors.New("create user: denied")
	}}, status(http.StatusServiceUnavailable), status(http.StatusOK))
	require.NoError(t, s.invoke(t.Context(), event(cfn.RequestUpdate, nil)))

	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	require.Len(t, lines, 2)
	for _, line := range lines {
		var record struct{ Request map[string]string }
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		assert.Equal(t, map[string]string{
			"type":               "Update",
			"requestId":          "request-1",
			"stackId":            "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1",
			"logicalResourceId":  "Thing",
			"physicalResourceId": "old-id",
		}, record.Request)
	}
	for _, want := range []string{`"level":"ERROR"`, `"reason":"create user: denied"`, `"attempts":2`, `"delivered":true`, `"duration":`} {
		assert.Contains(t, lines[1], want)
	}
}

func TestTheLogHasAllOfAReasonThatWasCut(t *testing.T) {
	reason := strings.Repeat("a fault; ", 1000) + "the last one"
	s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
		return customresource.Answer{}, errors.New(reason)
	}})
	require.NoError(t, s.invoke(t.Context(), event(cfn.RequestUpdate, nil)))
	assert.NotContains(t, s.answer().Reason, "the last one")
	assert.Contains(t, s.log.String(), reason)
}

func TestValuesOfDataThatDidNotFitAreInTheLogByName(t *testing.T) {
	s := newStage(t, thing{provision: func(context.Context, customresource.Request) (customresource.Answer, error) {
		return customresource.Answer{Data: map[string]string{"Small": "s", "Large": strings.Repeat("x", 5000)}}, nil
	}})
	require.NoError(t, s.invoke(t.Context(), event(cfn.RequestCreate, nil)))
	assert.Equal(t, map[string]any{"Small": "s", "Large": ""}, s.answer().Data)
	assert.Contains(t, s.log.String(), `"keys":["Large"]`)
	assert.NotContains(t, s.log.String(), "xxx")
}
