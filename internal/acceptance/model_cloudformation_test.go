package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/require"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/provision"
)

// model is CloudFormation, with what it knows of its stacks, around a world.
type model struct {
	*world
	order      *order
	stale      time.Duration
	references map[string]reference
	stacks     []*modelStack
	before     localaws.State  // the account before there was a stack
	adopted    map[string]bool // what was there and that a stack was told to take over, such as "user taken"
	freed      map[string]bool // what a stack was told to retain
	refusable  bool            // whether people may be told to wait until Redis Cloud uses no key any more
	requests   int
	stuck      bool // a stack that other hands have brought where nothing that CloudFormation sends gets it out

	byHand map[string]bool // access keys that other hands have made, or whose secret they have deleted
	story  []string
	events [][]byte
}

// modelStack is what CloudFormation knows of a stack: whether it has the resource, and then its physical ID and its
// properties.
type modelStack struct {
	name, arn string
	template  map[string]any
	live      bool
	id, props string
	ids       map[string]bool // all that it ever had, or would have been given
}

func newModel(t *testing.T, s surroundings, references map[string]reference) *model {
	m := &model{world: newWorld(t, localaws.New(localaws.Options{})), order: newOrder(), stale: s.stale, references: references, byHand: map[string]bool{}, adopted: map[string]bool{}, freed: map[string]bool{}}
	m.strangers()
	m.aws.StaleReads(s.stale)
	m.aws.KeyDelay(s.keyDelay)
	m.before = m.aws.Snapshot()
	for i := range s.stacks {
		stack := &modelStack{
			name: string(rune('A' + i)), template: map[string]any{}, ids: map[string]bool{},
			arn: fmt.Sprintf("arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/%08d-5b1e-4c0a-9a63-2f8f5f1c9e10", i),
		}
		if i > 0 && s.apart {
			for _, name := range nameSettings() {
				stack.template[name] = "apart-" + name
			}
		}
		m.stacks = append(m.stacks, stack)
	}
	m.fresh()
	return m
}

// fresh gives the function a fresh process, whose calls come in order.
func (m *model) fresh() {
	m.process.dead.Store(true)
	m.restart()
	m.process.next = inOrder{m.order, m.process.next}
}

func (m *model) tell(format string, args ...any) {
	m.story = append(m.story, fmt.Sprintf(format, args...))
}

// deploy creates the stack, or updates it where its properties change.
func (m *model) deploy(s *modelStack, to map[string]any, c command) {
	props := m.properties(to)
	switch {
	case !s.live:
		m.tell("%s is created", s.name)
		answer := m.send(s, event{kind: "Create", props: props}, c.Fault)
		if answer.Status == cfn.StatusSuccess {
			s.live, s.id, s.props, s.template = true, answer.PhysicalResourceID, props, to
			m.settled(s, event{kind: "Create", props: props}, answer, c)
			return
		}
		m.tell("%s rolls back", s.name)
		m.insist(s, event{kind: "Delete", id: answer.PhysicalResourceID, props: props}, c.Then)
		m.noLooseKeys()
		m.adoptRetained(s, to) // it stood, and its answer got lost
	case props != s.props:
		m.tell("%s is updated", s.name)
		m.update(s, to, event{kind: "Update", id: s.id, props: props, old: s.props}, c)
	}
}

// update sends an Update. Where it, or another resource of the stack, fails, CloudFormation sends one that goes back.
// Where the physical ID has changed, it deletes at last the one that the stack no longer has.
func (m *model) update(s *modelStack, to map[string]any, there event, c command) {
	answer := m.send(s, there, c.Fault)
	if answer.Status == cfn.StatusSuccess && !c.RollBack {
		s.id, s.props, s.template = answer.PhysicalResourceID, there.props, to
		m.current(s, answer)
		if c.Again && answer.PhysicalResourceID != there.id {
			m.again(s, there, answer) // Lambda may deliver it again until the clean-up
		}
		if answer.PhysicalResourceID != there.id {
			m.tell("%s cleans up", s.name)
			m.insist(s, event{kind: "Delete", id: there.id, props: there.old}, c.Then)
			c.Again = false
		}
		m.settled(s, there, answer, c)
		return
	}
	m.tell("%s rolls back", s.name)
	back := event{kind: "Update", id: there.id, props: there.old, old: there.props}
	if answer.Status == cfn.StatusSuccess {
		back.id = answer.PhysicalResourceID
	}
	returned := m.insist(s, back, c.Then)
	if m.stuck {
		return
	}
	if returned.PhysicalResourceID != s.id {
		m.broken("a roll-back brings the stack back to the physical ID that it had", "%s, not %s", returned.PhysicalResourceID, s.id)
	}
	m.current(s, returned)
	if c.Again {
		m.again(s, back, returned)
		c.Again = false
	}
	if back.id != s.id {
		m.tell("%s cleans up", s.name)
		m.insist(s, event{kind: "Delete", id: back.id, props: back.old}, disturbance{})
	}
	m.settled(s, back, returned, c)
}

func (m *model) deleteStack(s *modelStack, c command) {
	m.tell("%s is deleted", s.name)
	gone := event{kind: "Delete", id: s.id, props: s.props}
	m.refusable = true
	answer := m.insist(s, gone, c.Fault)
	m.refusable = false
	if m.stuck && strings.Contains(answer.Reason, "so Redis Cloud works with this account") {
		m.tell("%s: people wait for a day", s.name)
		time.Sleep(25 * time.Hour)
		answer = m.insist(s, gone, disturbance{})
	}
	if c.Again && !m.stuck {
		m.again(s, gone, answer)
	}
	s.live = false
	m.noLooseKeys()
	m.adoptRetained(s, s.template)
}

// adoptRetained lets another stack take over what a stack has left, if it has, and deletes that one a day later.
func (m *model) adoptRetained(s *modelStack, template map[string]any) {
	retained := maps.Clone(m.freed)
	maps.DeleteFunc(retained, func(entity string, _ bool) bool {
		tags, there := tagsOf(m.aws.Snapshot())[entity]
		return !there || tags[ownerTag] != ""
	})
	if len(retained) == 0 || m.stuck {
		return
	}
	m.requests++
	s.arn = fmt.Sprintf("arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/1%07d-5b1e-4c0a-9a63-2f8f5f1c9e10", m.requests)
	s.template = maps.Clone(template)
	delete(s.template, "OnDelete")
	s.template["ExistingEntities"] = "Adopt"
	m.tell("%s is created by another stack, which adopts", s.name)
	adopt := event{kind: "Create", props: m.properties(s.template)}
	answer := m.insist(s, adopt, disturbance{})
	if m.stuck {
		return
	}
	s.live, s.id, s.props = true, answer.PhysicalResourceID, adopt.props
	clear(m.freed)
	m.settled(s, adopt, answer, command{Again: true})
	time.Sleep(25 * time.Hour)
	m.deleteStack(s, command{})
}

// insist sends an event that in the end must succeed: people repeat what failed, undisturbed. Where it cannot, for
// what other hands have done, the stack is stuck.
func (m *model) insist(s *modelStack, e event, d disturbance) cfn.Response {
	answer := m.send(s, e, d)
	if answer.Status != cfn.StatusSuccess && d.Name != "" {
		answer = m.send(s, e, disturbance{})
	}
	m.stuck = answer.Status != cfn.StatusSuccess
	return answer
}

// send delivers an event and returns the answer that CloudFormation has in the end. If the process dies, Lambda
// delivers the event again; or it does not, and CloudFormation waits in vain and takes the event for failed.
func (m *model) send(s *modelStack, e event, d disturbance) cfn.Response {
	m.requests++
	e.stack, e.requestID = s.arn, fmt.Sprintf("0b7c1d52-6f0e-4b7f-8a55-%012d", m.requests)
	s.ids[provision.ID(s.arn, "RedisCloudIAM", []byte(e.props))] = true
	m.events = append(m.events, e.payload(m.T))
	m.tell("%4d. %s %s, %s", len(m.events), e.kind, e.props, d)

	dying := m.process
	if d.Name != "" {
		m.aws.Inject(faults()[d.Name](d.Call, func() { dying.dead.Store(true) }))
	}
	answer, killed := m.invoke(s, e)
	m.aws.Inject()
	switch {
	case killed && d.TimedOut:
		m.tell("      the process died, and no answer came")
		answer = cfn.Response{Status: cfn.StatusFailed, PhysicalResourceID: e.id}
		if e.kind == "Create" {
			answer.PhysicalResourceID = "redis-cloud_RedisCloudIAM_8XLBS3NTPGAX" // CloudFormation invents one
		}
		return answer
	case killed:
		m.tell("      the process died, and the event is delivered again")
		if answer, killed = m.invoke(s, e); killed {
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

// invoke runs the function once, to its answer or its death, and leaves a fresh process and a quiet account.
func (m *model) invoke(s *modelStack, e event) (answer cfn.Response, killed bool) {
	before := m.aws.Snapshot()
	m.adopts(s, e, before)
	dying := m.process
	m.bodies = nil
	m.aws.ResetCalls()
	ctx, cancel := context.WithTimeout(m.Context(), timeout)
	defer cancel()
	start := time.Now()
	_, err := m.handler.Invoke(ctx, e.payload(m.T))
	took := time.Since(start)
	cancel()
	m.calls, killed = m.aws.Calls(), dying.dead.Load()
	m.aws.Inject()
	m.fresh()
	// A minute, as Lambda waits before it delivers an event again. What comes sooner is told in TestOldTagsMisleadNobody.
	time.Sleep(time.Minute)
	m.noSecretGotOut()
	m.othersAreUntouched(s, before)
	m.noUnknownPassword()
	if killed {
		return cfn.Response{}, true
	}
	m.oneAnswer(err, took)
	require.NoError(m, json.Unmarshal([]byte(m.bodies[0]), &answer))
	m.itsOwnAnswer(s, e, answer)
	return answer, false
}

// again delivers an event again that has succeeded, and nothing was sent since.
func (m *model) again(s *modelStack, e event, first cfn.Response) {
	m.tell("      Lambda delivers it again")
	e.stack, e.requestID = s.arn, fmt.Sprintf("0b7c1d52-6f0e-4b7f-8a55-%012d", m.requests)
	second, _ := m.invoke(s, e)
	if changes := m.changes(); len(changes) > 0 {
		m.broken("an event that comes a second time changes nothing", "%v", changes)
	}
	if second.Status != first.Status || second.PhysicalResourceID != first.PhysicalResourceID || !maps.Equal(second.Data, first.Data) {
		m.broken("an event that comes a second time gets the same answer", "%+v, not %+v", second, first)
	}
}

// settled is where a Create or an Update has come to its end, with all that CloudFormation does after it.
func (m *model) settled(s *modelStack, e event, answer cfn.Response, c command) {
	m.current(s, answer)
	m.noLooseKeys()
	if c.Again {
		m.again(s, e, answer)
	}
}
