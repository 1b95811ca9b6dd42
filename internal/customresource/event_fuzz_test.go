package customresource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/require"
)

// FuzzEvent plays any payload to a resource that succeeds and to one that fails, with any
// text as their data or reason. Exactly one answer is delivered if there is a URL to send it
// to, else none, with an error; receiver checks each answer, and newStage that neither the
// signature nor a property comes to light.
func FuzzEvent(f *testing.F) {
	for _, requestType := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete, "", "Upsert"} {
		f.Add(event(requestType, nil), "no")
	}
	for _, name := range []string{"RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId", "ResourceProperties"} {
		for _, value := range []any{nil, 0, true, "", []any{}, map[string]any{"x": nil}, 1e300, "\xff\x00€\u2028", strings.Repeat("x", 5000), json.RawMessage("null")} {
			f.Add(event(cfn.RequestUpdate, map[string]any{name: value}), strings.Repeat("€\x01", 3000))
		}
	}
	f.Add([]byte(`{"ResponseURL":"http://h","ResponseURL":5}`), "")
	f.Add([]byte(strings.Repeat("[", 20_000)), "\xff")
	f.Add([]byte("\xef\xbb\xbf{}"), "")

	samples, err := filepath.Glob("../../events/*.json")
	require.NoError(f, err)
	for _, sample := range samples {
		payload, err := os.ReadFile(sample)
		require.NoError(f, err)
		f.Add(payload, "no")
	}

	f.Fuzz(func(t *testing.T, payload []byte, words string) {
		var fields map[string]any
		var target string
		numbers := json.NewDecoder(bytes.NewReader(payload))
		numbers.UseNumber() // no number is too large to be in an event
		if json.Valid(payload) && numbers.Decode(&fields) == nil {
			target, _ = fields["ResponseURL"].(string)
		}
		to, err := url.Parse(target)
		usable := err == nil && (to.Scheme == "http" || to.Scheme == "https") && to.Hostname() != ""

		for _, secret := range []string{"ResponseURL", "ResourceProperties", "OldResourceProperties"} {
			delete(fields, secret)
		}
		if public := fmt.Sprint(fields, words); strings.Contains(public, "signature") || strings.Contains(public, "property-value") {
			t.Skip("what is to be hidden was also where it may be seen")
		}

		succeeds := func(context.Context, request) (answer, error) {
			return answer{PhysicalResourceID: words, Data: map[string]string{words: "v", "k": words}, Reason: words}, nil
		}
		fails := func(context.Context, request) (answer, error) { return answer{}, errors.New(words) }
		for _, provision := range []func(context.Context, request) (answer, error){succeeds, fails} {
			synctest.Test(t, func(t *testing.T) {
				id := func(request) string { return words }
				s := newStage(t, thing{id: id, provision: provision}, status(http.StatusBadGateway), status(http.StatusOK))
				err := s.invoke(within(t, time.Minute), payload)
				if (err == nil) != usable {
					t.Fatalf("usable URL: %t, error: %v", usable, err)
				}
				if usable != (len(s.delivered) == 1) || len(s.delivered) > 1 {
					t.Fatalf("%d answers delivered, usable URL: %t", len(s.delivered), usable)
				}
			})
		}
	})
}
