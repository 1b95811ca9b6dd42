package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// remedy is what the newest report says to do about the finding of a name.
func (w *lookout) remedy(name string) string {
	w.Helper()
	for _, f := range w.report().Found {
		if f.Name == name {
			return f.Remedy
		}
	}
	w.Errorf("there is no finding %s", name)
	return ""
}

// obeys updates the stack as the remedy of a finding says: with the parameters of its command.
func (w *lookout) obeys(name string) {
	w.Helper()
	command := regexp.MustCompile(`scripts/update-stack \S+ ((?:'[^']+'|\w+=\S+)(?: \w+=\w+)*)`).FindStringSubmatch(w.remedy(name))
	require.NotNil(w, command, w.remedy(name))
	props := map[string]any{}
	require.NoError(w, json.Unmarshal([]byte(w.props), &props))
	for _, pair := range regexp.MustCompile(`'[^']+'|\S+`).FindAllString(command[1], -1) {
		key, value, _ := strings.Cut(strings.Trim(pair, "',"), "=")
		props[key] = value
	}
	text, err := json.Marshal(props)
	require.NoError(w, err)
	assert.NotEqual(w, w.props, string(text), "CloudFormation sends an Update only if a property changes")
	w.becomes(string(text))
}

// The normal end of a rotation leaves PreviousAccessKey at Deleted or Inactive, with which a new key
// is refused.
func TestTheRemedyOfAnOldKeyIsAccepted(t *testing.T) {
	for _, state := range []string{deleted, inactive, `"PreviousAccessKey":"Active"`} {
		watched(t, serial(1), func(w *lookout) {
			w.becomes(serial(2))
			w.becomes(serial(2, state))
			key := w.stored(keySecret)["accessKeyId"]
			w.pass(100, key)
			assert.Equal(t, []string{"key-age " + key}, w.finds())
			w.obeys("key-age")
			assert.NotEqual(t, key, w.stored(keySecret)["accessKeyId"])
			assert.Equal(t, []string{}, w.finds())
		})
	}
}

// Drift comes again, also on the same day, and whatever Tags holds.
func TestTheRemedyOfDriftHelpsEachTime(t *testing.T) {
	pattern := tagsPattern(t)
	full := make([]string, 37)
	for i := range full {
		full[i] = fmt.Sprintf("k%02d=v", i)
	}
	for _, tags := range []string{"", "team=data", "Checked=2026-01-01", strings.Join(full, ","), strings.Join(full, ",") + ",checked=no"} {
		watched(t, fmt.Sprintf(`{"Tags":%q}`, tags), func(w *lookout) {
			for range 3 {
				w.detach(policyARN + userPolicy)
				assert.Len(t, w.finds(), 1)
				w.obeys("drift")
				assert.Equal(t, []string{}, w.finds())
				var props struct{ Tags string }
				require.NoError(t, json.Unmarshal([]byte(w.props), &props))
				for pair := range strings.SplitSeq(props.Tags, ",") {
					assert.Regexp(t, pattern, pair)
				}
			}
		})
	}
	watched(t, fmt.Sprintf(`{"Tags":%q}`, strings.Join(full, ",")+",k37=v"), func(w *lookout) {
		w.detach(policyARN + userPolicy)
		w.finds()
		assert.Contains(t, w.remedy("drift"), "scripts/update-stack redis-cloud 'Tags=<all that it has, one of them with another value>'")
	})
}

// tagsPattern is what the template takes as a tag.
func tagsPattern(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(text), "\n  Tags:\n")
	_, after, _ = strings.Cut(after, `AllowedPattern: "`)
	pattern, _, _ := strings.Cut(after, `"`)
	require.Contains(t, pattern, `\u00a0`)
	return strings.NewReplacer(`\u00a0`, "\u00a0", `\ufffd`, "\ufffd").Replace(pattern)
}

// CloudFormation lets nobody change the parameters of a StackSet's stack but through the StackSet.
func TestTheRemediesOfAStackSetsStackNameTheStackSet(t *testing.T) {
	watched(t, "", func(w *lookout) {
		ofSet := strings.Replace(another, "another", "StackSet-redis-0a1b2c3d", 1)
		w.succeed(event{kind: "Create", props: serial(1), stack: ofSet})
		key := w.keys(user)[0]
		l := w.lookout(ofSet, serial(1))
		w.pass(100, key)
		l.detach(policyARN + userPolicy)
		l.must(l.iam.UpdateAccessKey(l.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(user), AccessKeyId: &key, Status: iamtypes.StatusTypeInactive}))
		l.disown(keySecret)
		l.finds()
		for _, name := range []string{"drift", "refused", "key-age", "key-inactive"} {
			assert.Regexp(t, "in the StackSet, or for this account alone by an override", l.remedy(name))
			assert.NotContains(t, l.remedy(name), "update-stack")
		}
		l.must(l.iam.DeleteAccessKey(l.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: &key}))
		l.finds()
		assert.Contains(t, l.remedy("key-gone"), "set AccessKeySerial=2 PreviousAccessKey=Active in the StackSet")
	})
}
