package account

import (
	"fmt"
	"sync"
	"time"

	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

// lag is for how long AWS may not show what was written.
const lag = 15 * time.Second

// writes are what a run has written. They are laid over what AWS shows, so that a plan needs no memory.
type writes struct {
	mu       sync.Mutex
	made     *madeKey // stored; nil until then
	password string   // the version that holds the console password that was set; "" until then
	entities map[plan.Ref]time.Time
	arns     map[plan.Ref]string // of secrets
	tags     []tagging
}

type tagging struct {
	plan.Tag
	at time.Time
}

// created notes an entity that was made.
func (w *writes) created(ref plan.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.entities == nil {
		w.entities = map[plan.Ref]time.Time{}
	}
	w.entities[ref] = time.Now()
}

// secret notes the ARN of a secret that was made.
func (w *writes) secret(ref plan.Ref, arn string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.arns == nil {
		w.arns = map[plan.Ref]string{}
	}
	w.arns[ref] = arn
}

func (w *writes) arn(ref plan.Ref) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.arns[ref]
}

// key notes a key that was made and stored.
func (w *writes) key(key madeKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made = &key
}

// set notes the version of the console password that was set.
func (w *writes) set(version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.password = version
}

// tagged notes tags that were set and removed.
func (w *writes) tagged(step plan.Tag) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tags = append(w.tags, tagging{step, time.Now()})
}

// overlay lays the writes over what was seen. An entity that this run made and that AWS does not show is
// awaited for some seconds. If it still is not there after that, somebody has removed it: to make it again
// would leave it behind when a stack is deleted that is still being created.
func (w *writes) overlay(seen *plan.Observed, names spec.Names) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, slot := range plan.Slots() {
		ref := slot.Ref(names)
		at, made := w.entities[ref]
		switch {
		case !made || seen.In(slot) != nil:
		case time.Since(at) < lag:
			return stale{fmt.Errorf("%s was made a moment ago and AWS does not show it yet", ref)}
		default:
			return fmt.Errorf("%s: %w", ref, errOvertaken)
		}
		if entity := seen.In(slot); entity != nil {
			w.overlayTags(entity)
		}
	}
	if user := seen.In(plan.User); user != nil {
		w.overlayKey(user, seen.In(plan.KeySecret))
		w.overlayPassword(user, seen.In(plan.ConsoleSecret))
	}
	return nil
}

func (w *writes) overlayTags(entity *plan.Entity) {
	for _, t := range w.tags {
		if t.Ref == entity.Ref && time.Since(t.at) < lag {
			entity.Overlay(t.Tag)
		}
	}
}

func (w *writes) overlayKey(user, secret *plan.Entity) {
	if w.made == nil {
		return
	}
	fresh := time.Since(w.made.at) < lag
	if fresh && user.Key(w.made.KeyID) == nil {
		user.Keys = append(user.Keys, plan.Key{ID: w.made.KeyID, Active: true, Created: w.made.at})
	}
	if key := user.Key(w.made.KeyID); key != nil {
		key.Unproven = !w.made.proven
	}
	if fresh && secret != nil && !secret.Holds(w.made.KeyID) {
		secret.Store(w.made.VersionID())
	}
}

// overlayPassword rests on the tag: where it names what this run has set, the rest is there too.
func (w *writes) overlayPassword(user, secret *plan.Entity) {
	if w.password == "" || user.Claim.Password != w.password {
		return
	}
	user.Login = true
	if secret != nil && len(secret.Versions[w.password]) == 0 {
		secret.Store(w.password)
	}
}
