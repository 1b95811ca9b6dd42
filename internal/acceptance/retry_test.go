package acceptance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With --disable-rollback a Create that failed stays, and an update of the stack tries it again.
// AWS does not say whether CloudFormation deletes the failed one before the retry, in its clean-up
// after it, or not at all. So the failed one has a physical ID of its own.
func TestRetryOfAFailedCreateIsSafeWheneverTheFailedOneIsDeleted(t *testing.T) {
	for _, order := range []string{"before the retry", "after the retry", "not at all", "after a retry that failed too"} {
		t.Run(order, func(t *testing.T) {
			story(t, func(t *testing.T, w *world) {
				first := event{kind: "Create", props: bare}.at(time.Minute)
				retry := event{kind: "Create", props: bare}.at(10 * time.Minute)
				time.Sleep(time.Minute)
				var id string
				w.whileRefused(func() { id = w.fail(first).PhysicalResourceID }, "AddRoleToInstanceProfile")
				require.NotEqual(t, idOf(bare), id)
				remove := deleteOf(bare).withID(id)

				time.Sleep(9 * time.Minute)
				if order == "before the retry" {
					w.succeed(remove.at(9 * time.Minute))
					w.isEmpty()
				}
				if order == "after a retry that failed too" {
					var second string
					w.whileRefused(func() { second = w.fail(retry).PhysicalResourceID }, "AddRoleToInstanceProfile")
					require.NotEqual(t, id, second)
					w.succeed(remove.at(11 * time.Minute))
					w.succeed(deleteOf(bare).withID(second).at(11*time.Minute + time.Second))
					w.isEmpty()
					return
				}
				answer := w.succeed(retry)
				assert.Equal(t, idOf(bare), answer.PhysicalResourceID)
				if order == "after the retry" {
					before := w.account()
					w.succeed(remove.at(11 * time.Minute))
					assert.Equal(t, before, w.account(), "what the retry has made stays")
				}
				w.currentKeyWorks()
				time.Sleep(24 * time.Hour)
				w.succeed(deleteOf(bare).at(24*time.Hour + 11*time.Minute))
				w.isEmpty()
			})
		})
	}
}
