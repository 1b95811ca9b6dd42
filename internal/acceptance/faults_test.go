package acceptance

import (
	"maps"
	"slices"

	"redis-cloud-iam/internal/localaws"
)

// fault is what may happen at the k-th call of an event. Those that end the process call kill.
type fault struct {
	name  string
	kills bool
	at    func(k int, kill func()) localaws.Fault
}

// faults are all of them, sorted by name.
func faults() []fault {
	plain := map[string]func(localaws.Fault) localaws.Fault{
		"refused":             func(f localaws.Fault) localaws.Fault { return f.Refuse("RefusedForTheTest") },
		"refused for a while": func(f localaws.Fault) localaws.Fault { return f.Refuse("AccessDenied").Times(3) },
		"reply lost":          localaws.Fault.LoseReply,
		"throttled":           func(f localaws.Fault) localaws.Fault { return f.Throttle(3) },
		"server error":        func(f localaws.Fault) localaws.Fault { return f.ServerError(2) },
		"down":                func(f localaws.Fault) localaws.Fault { return f.ServerError(100) },
		"frozen":              func(f localaws.Fault) localaws.Fault { return f.Hang().Times(1000) },
	}
	all := []fault{
		{"killed before", true, func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).Before(func(localaws.Call) { kill() }).Refuse("Killed") // so that it has no effect
		}},
		{"killed after", true, func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).After(func(localaws.Call) { kill() }).LoseReply()
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		all = append(all, fault{name, false, func(k int, _ func()) localaws.Fault { return plain[name](localaws.OnCall(k)) }})
	}
	return all
}

// disturbed delivers an event of which the k-th call meets a fault.
func (w *world) disturbed(e event, k int, f fault) evidence {
	w.Helper()
	dying := w.process
	w.aws.ResetCalls()
	w.aws.Inject(f.at(k, func() { dying.dead.Store(true) }))
	seen := w.deliver(e)
	dying.dead.Store(true)
	w.aws.Inject()
	return seen
}
