package acceptance

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// send delivers an event and returns the answer that CloudFormation has in the end. If the process
// dies, Lambda delivers the event again; or it does not, and CloudFormation waits in vain and takes
// the event for failed.
func (m *model) send(s *modelStack, e event, d disturbance) cfn.Response {
	m.requests++
	e.stack, e.requestID, e.sent = s.arn, fmt.Sprintf("0b7c1d52-6f0e-4b7f-8a55-%012d", m.requests), time.Now()
	s.before, s.last = s.last, e
	m.events = append(m.events, e.payload(m.T))
	m.tell("%4d. %s %s, %s", len(m.events), e.kind, e.props, d)

	dying := m.process
	if d.Name != "" {
		all := faults()
		f := all[slices.IndexFunc(all, func(f fault) bool { return f.name == d.Name })]
		m.aws.Inject(f.at(d.Call, func() { dying.dead.Store(true) }))
	}
	answer, killed := m.invoke(e)
	switch {
	case killed && d.TimedOut:
		m.tell("      the process died, and no answer came")
		answer = cfn.Response{Status: cfn.StatusFailed, PhysicalResourceID: e.id}
		if e.kind == "Create" {
			answer.PhysicalResourceID = invented
		}
		return answer
	case killed:
		m.tell("      the process died, and the event is delivered again")
		if answer, killed = m.invoke(e); killed {
			m.broken("an event gets one answer", "an undisturbed process died")
		}
		d = disturbance{}
	}
	m.tell("      %s %s", answer.Status, answer.Reason)
	if d.Name == "" && answer.Status == cfn.StatusFailed {
		m.failedForAReason(s, e, answer)
	}
	return answer
}

// invoke runs the function once, to its answer or its death, asks the invariants, and leaves a
// fresh process and a quiet account.
func (m *model) invoke(e event) (answer cfn.Response, killed bool) {
	seen := m.deliver(e)
	m.aws.Inject()
	m.fresh()
	time.Sleep(time.Minute) // as Lambda waits before it delivers an event again
	for _, broken := range Violations(seen) {
		m.broken(broken.invariant, "%s", broken.details)
	}
	if seen.killed {
		return cfn.Response{}, true
	}
	return seen.answers[0], false
}

// again delivers an event again that has succeeded, and nothing was sent since.
func (m *model) again(s *modelStack, first cfn.Response) {
	m.tell("      Lambda delivers it again")
	second, _ := m.invoke(s.last)
	if changes := m.changes(); len(changes) > 0 {
		m.broken("an event that comes a second time changes nothing", "%v", changes)
	}
	if second.Status != first.Status || second.PhysicalResourceID != first.PhysicalResourceID || !maps.Equal(second.Data, first.Data) {
		m.broken("an event that comes a second time gets the same answer", "%+v, not %+v", second, first)
	}
}

// late delivers the event before the last one again, now that the last one has succeeded.
func (m *model) late(s *modelStack) {
	if s.before.kind == "" || idIn(s.arn, s.before.props) != s.id {
		return // it was of other entities
	}
	m.tell("      Lambda delivers the event before it again")
	answer, _ := m.invoke(s.before)
	if changes := m.changes(); len(changes) > 0 || answer.Status == cfn.StatusSuccess {
		m.broken("an event that comes again after a newer one fails and changes nothing", "%s %v", answer.Status, changes)
	}
}

// broken ends the sequence. The invariant is the same text in every run, the details may hold
// identifiers that AWS makes up.
func (m *model) broken(invariant, format string, args ...any) {
	panic(&failure{violation: violation{invariant, fmt.Sprintf(format, args...)}})
}
