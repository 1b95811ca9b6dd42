package acceptance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/localaws"
)

// fault is what may happen at the k-th call of an event. Those that end the process call kill.
// Answered, if it is not nil, says how the answer must not be.
type fault struct {
	name     string
	kills    bool
	at       func(k int, kill func()) localaws.Fault
	answered func(struck localaws.Call, e evidence) (wrong string)
}

// faults are all of them, sorted by name.
func faults() []fault {
	plain := map[string]func(localaws.Fault) localaws.Fault{
		"refused":             func(f localaws.Fault) localaws.Fault { return f.Refuse("RefusedForTheTest") },
		"refused for a while": func(f localaws.Fault) localaws.Fault { return f.Refuse("AccessDenied").Times(3) },
		"reply lost":          localaws.Fault.LoseReply,
		"reply empty":         localaws.Fault.EmptyReply,
		"half a reply":        localaws.Fault.HalfReply,
		"panic":               func(f localaws.Fault) localaws.Fault { return f.Before(func(localaws.Call) { panic("hunter2") }) },
		"throttled":           func(f localaws.Fault) localaws.Fault { return f.Throttle(3) },
		"server error":        func(f localaws.Fault) localaws.Fault { return f.ServerError(2) },
		"down":                func(f localaws.Fault) localaws.Fault { return f.ServerError(100) },
		"frozen":              func(f localaws.Fault) localaws.Fault { return f.Hang().Times(1000) },
	}
	answered := map[string]func(localaws.Call, evidence) string{
		"reply empty": brokenReply, "half a reply": brokenReply, "panic": panicked,
	}
	all := []fault{
		{name: "killed before", kills: true, at: func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).Before(func(localaws.Call) { kill() }).Refuse("Killed") // so that it has no effect
		}},
		{name: "killed after", kills: true, at: func(k int, kill func()) localaws.Fault {
			return localaws.OnCall(k).After(func(localaws.Call) { kill() }).LoseReply()
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		all = append(all, fault{
			name: name, answered: answered[name],
			at: func(k int, _ func()) localaws.Fault { return plain[name](localaws.OnCall(k)) },
		})
	}
	return all
}

// brokenReply is what is wrong with the answer to an event where AWS answered a call with status 200
// and an empty body, or half of a document. The event must fail and name the call, but where the
// function can tell what became of it:
//
//   - CreateAccessKey may have made a key that no secret holds. It must not live until the next
//     event, so the account is observed anew, the key is deleted, and another one is made.
//   - After the call that stores a key the function looks whether the key is stored, before it
//     deletes it.
//   - TagResource and UntagResource of Secrets Manager answer with an empty body.
//   - An error has no reply to break, such as that there is no such user.
func brokenReply(struck localaws.Call, e evidence) string {
	answer := e.answers[0]
	tags := struck.Service == "secretsmanager" && (struck.Action == "TagResource" || struck.Action == "UntagResource")
	known := struck.Error != "" || struck.Action == "CreateAccessKey" || storesKey(struck)
	failed := answer.Status == cfn.StatusFailed && answer.Data == nil &&
		strings.Contains(answer.Reason, ": "+struck.Action+", ") && strings.Contains(answer.Reason, "AWS answered with status 200")
	switch {
	case strings.Contains(e.wrote, "xmlns"):
		return "a reply got out"
	case known && answer.Status != cfn.StatusSuccess, !known && !tags && !failed:
		return fmt.Sprintf("%s: %s %s", struck.Action, answer.Status, answer.Reason)
	}
	return ""
}

// storesKey reports whether a call stores an access key.
func storesKey(call localaws.Call) bool {
	switch in := call.Input.(type) {
	case *secretsmanager.CreateSecretInput:
		return !strings.HasPrefix(aws.ToString(in.ClientRequestToken), "console-password-")
	case *secretsmanager.PutSecretValueInput:
		return !strings.HasPrefix(aws.ToString(in.ClientRequestToken), "console-password-")
	}
	return false
}

// panicked is what is wrong with the answer to an event in which a call panicked, in whatever
// goroutine that was. A panic may hold a secret, so its text is not told.
func panicked(_ localaws.Call, e evidence) string {
	answer := e.answers[0]
	if answer.Status != cfn.StatusFailed || !strings.Contains(answer.Reason, "internal error (panic of type string") || strings.Contains(e.wrote, "hunter2") {
		return fmt.Sprintf("%s %s", answer.Status, answer.Reason)
	}
	return ""
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
