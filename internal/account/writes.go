package account

import (
	"fmt"
	"time"

	"redis-cloud-iam/internal/plan"
)

// lag is for how long AWS may not show what was written.
const lag = 15 * time.Second

func fresh(at time.Time) bool { return time.Since(at) < lag }

// writes are what a run has written. They are laid over what AWS shows, so that a plan needs no
// memory. Steps that run side by side change them by [run.note].
type writes struct {
	made     madeKey   // stored; none until then
	password string    // the version that holds the console password that was set; "" until then
	login    time.Time // when AWS said that the user has a login profile
	entities map[plan.Ref]time.Time
	arns     map[plan.Ref]string // of secrets
	tags     []tagging
	// tagLag is for how long tags are laid over. An Update looks again to see what an older event has
	// changed behind it, and what it has itself written must not hide that.
	tagLag time.Duration
}

type tagging struct {
	plan.Tag
	at time.Time
}

// overlay lays the writes over what was seen. If AWS does not show an entity that this run made, or
// does not show that this run adopted it, that is awaited for some seconds. After them somebody has
// removed it or given it back: to make it again would leave it behind when a stack is deleted that
// is still being created.
func (w *writes) overlay(seen *plan.Observed, desired plan.Desired) error {
	for _, slot := range plan.Slots() {
		entity, ref := seen.In(slot), slot.Ref(desired.Spec.Names)
		at, made := w.entities[ref]
		switch {
		case entity != nil:
			for _, t := range w.tags {
				switch {
				case t.Ref != entity.Ref:
				case entity.Lost(t.Tag) && fresh(t.at):
					return stale(fmt.Errorf("%s was adopted a moment ago and AWS does not show it yet", ref))
				case entity.Lost(t.Tag):
					return fmt.Errorf("%s: %w", ref, errOvertaken)
				case time.Since(t.at) < w.tagLag:
					entity.Overlay(t.Tag)
				}
			}
		case fresh(at):
			return stale(fmt.Errorf("%s was made a moment ago and AWS does not show it yet", ref))
		case made:
			return fmt.Errorf("%s: %w", ref, errOvertaken)
		}
	}
	if user := seen.In(plan.User); user != nil {
		w.overlayKey(user, seen.In(plan.KeySecret))
		w.overlayPassword(user, seen.In(plan.ConsoleSecret))
	}
	return nil
}

func (w *writes) overlayKey(user, secret *plan.Entity) {
	made := w.made
	if fresh(made.at) && user.Key(made.KeyID) == nil {
		user.Keys = append(user.Keys, plan.Key{ID: made.KeyID, Active: true, Created: made.at})
	}
	if key := user.Key(made.KeyID); key != nil {
		key.Unproven = !made.proven
	}
	if fresh(made.at) && secret != nil && !secret.Holds(made.KeyID) {
		secret.Store(made.VersionID())
	}
}

// overlayPassword rests on the tag: where it names what this run has set, the rest is there too.
func (w *writes) overlayPassword(user, secret *plan.Entity) {
	user.Login = user.Login || fresh(w.login)
	if w.password == "" || user.Claim.Password != w.password {
		return
	}
	user.Login = true
	if secret != nil && len(secret.Versions[w.password]) == 0 {
		secret.Store(w.password)
	}
}
