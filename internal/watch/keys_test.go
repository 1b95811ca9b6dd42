package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/plan"
)

// IAM shows a key's first use hours later. Until then a young key looks like one that nobody has
// ever used.
func TestAKeyWhoseFirstUseIsNotShownYetIsNotUnused(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for age, found := range map[time.Duration]int{time.Hour: 0, unused: 0, unused + time.Second: 1} {
		seen := &plan.Observed{At: now}
		key := plan.Record{KeyID: "AKIAIOSFODNN7EXAMPLE", Serial: 1}
		user := &plan.Entity{Keys: []plan.Key{{ID: key.KeyID, Active: true, Created: now.Add(-age), UseKnown: true}}}
		secret := &plan.Entity{Versions: map[string][]string{key.VersionID(): {plan.Current}}}
		for slot, entity := range map[plan.Slot]*plan.Entity{plan.User: user, plan.KeySecret: secret} {
			entity.SetTags(map[string]string{"redis-cloud-iam:owner": "owner"})
			seen.Put(slot, entity)
		}
		r := find(order{Desired: plan.Desired{Owner: "owner"}}, seen, plan.Plan{}, nil)
		assert.Len(t, r.Found, found, "%s", age)
	}
}
