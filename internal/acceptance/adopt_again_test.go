package acceptance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// AWS does not show yet what a Create wrote a moment before it failed.
func TestDeleteAtOnceAfterAFailedAdoptionGivesAllBack(t *testing.T) {
	for _, action := range []string{"CreateSecret", "GetCallerIdentity"} {
		staleFor(t, action, func(t *testing.T, w *world, stale time.Duration) {
			w.vendorsTemplate()
			time.Sleep(time.Minute)
			before := w.inventory()
			w.aws.StaleReads(stale)
			w.whileRefused(func() { w.createFails(adopt) }, action)
			w.delete(adopt)
			w.aws.StaleReads(0)
			assert.Equal(t, before, w.inventory())
		})
	}
}
