package acceptance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"redis-cloud-iam/internal/localaws"
)

// TestAnAccountAsTheStackMadeItHasNoFinding: also after each change that CloudFormation makes.
func TestAnAccountAsTheStackMadeItHasNoFinding(t *testing.T) {
	for name, lived := range map[string][]string{
		"launched":                         {bare},
		"after an Update":                  {bare, tagged},
		"after a rotation":                 {serial(1), serial(2)},
		"after a rotation and a roll-back": {serial(1), serial(2), serial(1)},
		"after the end of a rotation":      {serial(1), serial(2), serial(2, deleted)},
		"with the previous key inactive":   {serial(1), serial(2), serial(2, inactive)},
		"with a console password":          {console},
		"after a console password":         {console, bare},
		"with readers":                     {withReaders},
		"to be retained":                   {retainAll},
		"bound by an organization":         {`{"PermissionsBoundary":"` + readOnly + `"}`},
		"no more bound by it":              {`{"PermissionsBoundary":"` + readOnly + `"}`, bare},
	} {
		t.Run(name, func(t *testing.T) {
			watched(t, lived[0], func(w *lookout) {
				for _, next := range lived[1:] {
					w.becomes(next)
				}
				assert.Equal(t, []string{}, w.finds())
				assert.LessOrEqual(t, localaws.RoundTrips(w.calls), 2)
				r := w.report()
				assert.Equal(t, []int{0, 0, 0, 0}, []int{r.Drift, r.KeyAgeDays, r.PreviousKeyInUse, r.Findings})
				assert.Equal(t, w.stored(keySecret)["accessKeyId"], r.AccessKeyID)
				assert.Empty(t, w.news())
				w.pass(10, r.AccessKeyID)
				assert.Equal(t, []string{}, w.finds())
				assert.Equal(t, 10, w.report().KeyAgeDays)
			})
		})
	}
}

// The vendor's template gives the user a console password too, and an adoption leaves it.
func TestAfterAnAdoptionWhatItLeftIsFound(t *testing.T) {
	for name, prepare := range byHand() {
		t.Run(name, func(t *testing.T) {
			watched(t, "", func(w *lookout) {
				kept := w.use(prepare(w.world))
				w.props = adopt
				w.create(adopt)
				time.Sleep(time.Hour)
				expected := []string{"kept-key " + kept}
				if w.aws.Snapshot().Users[user].LoginProfile {
					expected = append([]string{"login-profile the login profile of user redislabs-user"}, expected...)
				}
				assert.Equal(t, expected, w.finds())
				assert.Equal(t, len(expected)-1, w.report().Drift, "a key that is kept does not count as drift")
				assert.Equal(t, len(expected), w.report().Findings)
				w.pass(60, kept)
				assert.Equal(t, expected, w.finds(), "Redis Cloud still uses it, and so the account is in use")
			})
		})
	}
}

func TestARunAfterAnUpdateWaitsForItsEndAndTellsNobody(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		assert.Equal(t, []string{}, w.finds())
		sent := time.Now()
		w.succeed(event{kind: "Update", id: idOf(bare), old: bare, props: tagged, sent: sent})
		time.Sleep(time.Minute)
		assert.NotEmpty(t, w.finds(), "its own event has the properties of before")
		assert.GreaterOrEqual(t, time.Since(sent), timeout-time.Second, "an event has its time in whole seconds")
		assert.Empty(t, w.news())
		assert.Contains(t, w.lines[len(w.lines)-1], `"CloudWatchMetrics":[]`, "no alarm on Drift fires")
		w.props = tagged
		assert.Equal(t, []string{}, w.finds())
		assert.Less(t, time.Since(sent), timeout+time.Second)
		assert.Empty(t, w.news())
	})
}

func TestARunDuringAnUpdateDoesNotReportWhatTheUpdateDoes(t *testing.T) {
	watched(t, bare, func(w *lookout) {
		w.aws.SetLatency(10 * time.Second)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.twin().succeed(event{kind: "Update", id: idOf(bare), old: bare, props: tagged, sent: time.Now()})
		}()
		w.props = tagged
		time.Sleep(35 * time.Second)
		assert.Equal(t, []string{}, w.finds())
		<-done
	})
}
