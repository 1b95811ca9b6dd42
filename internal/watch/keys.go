package watch

import (
	"fmt"
	"slices"
	"time"

	"redis-cloud-iam/internal/plan"
	"redis-cloud-iam/internal/spec"
)

const (
	// entering is how much time people have after a rotation to enter the new key in Redis Cloud. A
	// use of the previous key in that time is not reported, however late AWS shows it.
	entering = time.Hour
	// unused is after how long without any use the account is reported as unused.
	unused = 30 * 24 * time.Hour
)

// strange reports keys of the user that the stack did not make. A key that nobody has used is
// reported as drift already, since an Update deletes it.
func (f *finder) strange(keys plan.Ledger) {
	for _, key := range keys {
		what := fmt.Sprintf("access key %s of user %s, which was %s,", key.ID, f.Spec.User, key.LastUse())
		remove := fmt.Sprintf("aws iam delete-access-key --user-name %s --access-key-id %s", f.Spec.User, key.ID)
		told := slices.ContainsFunc(f.plan, func(step plan.Step) bool {
			deletes, ok := step.(plan.Delete)
			return ok && deletes.Kind == plan.AccessKey && deletes.Name == key.ID
		})
		switch {
		case !key.Listed || key.Made || told:
		case key.Kept:
			f.add("kept-key", key.ID, what+" was there before the adoption and is kept", "enter the current key in Redis Cloud, and delete this one when nobody uses it any more: "+remove)
		default:
			f.Drift++
			f.add("foreign-key", key.ID, what+" is not the stack's", "find out who made it and who uses it, and delete it: "+remove)
		}
	}
}

// current reports on the current access key, and on whether the previous one is used in its place.
// Without a current key, the secret is gone or was changed out of band, which is drift.
func (f *finder) current(keys plan.Ledger) {
	key, previous := keys.Labelled(plan.Current), keys.Labelled(plan.Previous)
	previousInUse := previous != nil && previous.Listed && previous.InUse(f.seen.At) // or was, before it was deactivated
	if previousInUse && previous.Active {
		f.PreviousKeyInUse = 1
	}
	if key == nil {
		return
	}
	f.AccessKeyID = key.ID
	current := fmt.Sprintf("access key %s of user %s, the current one,", key.ID, f.Spec.User)
	replace := f.change(fmt.Sprintf("AccessKeySerial=%d PreviousAccessKey=Active", key.Serial+1)) + ", and enter the new key in Redis Cloud (docs/key-rotation.md)"
	if !key.Listed {
		f.add("key-gone", key.ID, current+" is gone", "make a new one: "+replace)
		return
	}
	f.KeyAgeDays = int(f.seen.At.Sub(key.Created).Hours() / 24)
	if !key.Active {
		f.add("key-inactive", key.ID, current+" is inactive", fmt.Sprintf("find out who deactivated it, and activate it (aws iam update-access-key --user-name %s --access-key-id %s --status Active) or make a new one: %s",
			f.Spec.User, key.ID, replace))
	}
	if f.keyMaxAge > 0 && f.KeyAgeDays >= f.keyMaxAge {
		f.add("key-age", key.ID, fmt.Sprintf("%s is %d days old, and KeyMaxAgeDays is %d", current, f.KeyAgeDays, f.keyMaxAge), "rotate it: "+replace)
	}
	if previousInUse && !key.InUse(f.seen.At) {
		f.unfinished(current, *key, *previous)
	}
	// While nodes run, the account is in use, and the advice to delete the stack would be wrong.
	lately := func(t time.Time) bool { return f.seen.At.Sub(t) <= unused } // as far as AWS tells
	role := f.mine(plan.InstanceRole)
	nodes := role != nil && lately(role.LastUsed)
	if !lately(key.Created) && !nodes && !slices.ContainsFunc(keys, func(k plan.Row) bool { return lately(k.LastUsed) }) {
		f.add("unused-keys", key.ID, fmt.Sprintf("nothing has used an access key of user %s or role %s for %d days", f.Spec.User, f.Spec.InstanceRole, int(unused.Hours()/24)),
			"if Redis Cloud has no cloud account for this AWS account any more, delete the stack (if a StackSet made it, take this account out of the StackSet); if it is to have one, enter the current key there")
	}
}

// unfinished reports that the previous key is in use, or was, and the current one is not.
func (f *finder) unfinished(current string, key, previous plan.Row) {
	rotated := slices.MaxFunc([]time.Time{key.Created, previous.Created}, time.Time.Compare) // the older one is current after a roll-back
	if previous.LastUsed.Sub(rotated) <= entering {
		return
	}
	is, remedy := "is", fmt.Sprintf("enter the current key in Redis Cloud: secret %s holds it", f.Spec.AccessKeySecret)
	if !previous.Active {
		is = "was until it was deactivated, so that Redis Cloud may be cut off"
		activate := fmt.Sprintf("aws iam update-access-key --user-name %s --access-key-id %s --status Active", f.Spec.User, previous.ID)
		if f.Spec.PreviousAccessKey != spec.KeyActive {
			activate = f.change("PreviousAccessKey=Active")
		}
		remedy += ". Until then, activate the previous one: " + activate
	}
	f.add("unfinished-rotation", key.ID, fmt.Sprintf("%s is not in use (%s), and the previous one %s %s (%s)",
		current, key.LastUse(), previous.ID, is, previous.LastUse()), remedy)
}
