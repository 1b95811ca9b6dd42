package acceptance

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"redis-cloud-iam/internal/localaws"
)

// model is CloudFormation, with what it knows of its stacks, around a world.
type model struct {
	*world
	order      *order
	references map[string]reference
	stacks     []*modelStack
	found      localaws.State // the account before there was a stack
	refusable  bool           // a Delete may be refused until Redis Cloud uses no key any more
	requests   int
	stuck      bool // what people did keeps a stack where nothing that CloudFormation sends gets it out

	story  []string
	events [][]byte
}

// modelStack is what CloudFormation knows of a stack: whether it has the resource, and then its
// physical ID and its properties.
type modelStack struct {
	name, arn string
	template  map[string]any
	live      bool
	id, props string
	// last is the event that was sent to it last, and before the one before that.
	last, before event
}

func newModel(t *testing.T, s surroundings, references map[string]reference) *model {
	m := &model{world: newWorld(t, localaws.New(localaws.Options{})), order: newOrder(), references: references}
	m.strangers()
	m.aws.StaleReads(s.stale)
	m.lagging = s.stale > 0
	m.aws.KeyDelay(s.keyDelay)
	m.found = m.aws.Snapshot()
	for i := range s.stacks {
		stack := &modelStack{name: string(rune('A' + i)), template: map[string]any{}, arn: m.newARN()}
		if i > 0 && s.apart {
			for _, name := range nameProperties() {
				stack.template[name] = "apart-" + name
			}
		}
		m.stacks = append(m.stacks, stack)
	}
	m.fresh()
	return m
}

// newARN is the ARN of a stack that has its boundaries already.
func (m *model) newARN() string {
	m.requests++
	arn := fmt.Sprintf("arn:aws:cloudformation:us-east-1:123456789012:stack/redis-cloud/%08d-5b1e-4c0a-9a63-2f8f5f1c9e10", m.requests)
	m.makeBoundaries(arn)
	return arn
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
		create := event{kind: "Create", props: props}
		answer := m.send(s, create, c.Fault)
		if answer.Status == cfn.StatusSuccess {
			s.live, s.id, s.props, s.template = true, answer.PhysicalResourceID, props, to
			m.settled(s, answer, c)
			return
		}
		m.tell("%s rolls back", s.name)
		m.insist(s, event{kind: "Delete", id: answer.PhysicalResourceID, props: props}, c.Then)
		m.adoptRetained(s, to) // it stood, and its answer got lost
	case props != s.props:
		m.tell("%s is updated", s.name)
		m.update(s, to, event{kind: "Update", id: s.id, props: props, old: s.props}, c)
	}
}

// update sends an Update. Where it, or another resource of the stack, fails, CloudFormation sends
// one that goes back.
func (m *model) update(s *modelStack, to map[string]any, there event, c command) {
	answer := m.send(s, there, c.Fault)
	if answer.Status == cfn.StatusSuccess && answer.PhysicalResourceID != s.id {
		m.broken("an Update keeps the physical ID", "%s, not %s", answer.PhysicalResourceID, s.id)
	}
	if answer.Status == cfn.StatusSuccess && !c.RollBack {
		s.props, s.template = there.props, to
		m.settled(s, answer, c)
		return
	}
	m.rollBack(s, there, c)
}

func (m *model) rollBack(s *modelStack, there event, c command) {
	m.tell("%s rolls back", s.name)
	back := event{kind: "Update", id: s.id, props: there.old, old: there.props}
	answer := m.insist(s, back, c.Then)
	if m.stuck {
		return
	}
	if answer.PhysicalResourceID != s.id {
		m.broken("a roll-back keeps the physical ID", "%s, not %s", answer.PhysicalResourceID, s.id)
	}
	m.settled(s, answer, c)
}

// rename updates a stack to other names, which is refused, and rolled back.
func (m *model) rename(s *modelStack, to map[string]any, c command) {
	props := m.properties(to)
	if idIn(s.arn, props) == s.id {
		return
	}
	m.tell("%s is renamed", s.name)
	there := event{kind: "Update", id: s.id, props: props, old: s.props}
	answer := m.send(s, there, c.Fault)
	if answer.Status == cfn.StatusSuccess {
		m.broken("an Update that changes a name is refused", "%+v", answer)
	}
	if changes := m.changes(); len(changes) > 0 {
		m.broken("what is refused is refused before anything is changed", "%v", changes)
	}
	m.rollBack(s, there, c)
}

func (m *model) deleteStack(s *modelStack, c command) {
	m.tell("%s is deleted", s.name)
	gone := event{kind: "Delete", id: s.id, props: s.props}
	m.refusable = true
	answer := m.insist(s, gone, c.Fault)
	if m.stuck && refusedForHolders(answer) {
		m.tell("%s: people take user and role out of what others have", s.name)
		m.takeOut(s)
		answer = m.insist(s, gone, disturbance{})
	}
	m.refusable = false
	if m.stuck && refusedForUse(answer) {
		m.tell("%s: people wait for a day", s.name)
		time.Sleep(25 * time.Hour)
		answer = m.insist(s, gone, disturbance{})
	}
	if c.Again && !m.stuck {
		m.again(s, answer)
	}
	s.live = false
	m.adoptRetained(s, s.template)
}

// adoptRetained lets another stack adopt what a stack has left, if it has, and deletes that one a
// day later.
func (m *model) adoptRetained(s *modelStack, template map[string]any) {
	retained := maps.Clone(m.known.freed)
	maps.DeleteFunc(retained, func(entity string, _ bool) bool {
		tags, there := tagsOf(m.aws.Snapshot())[entity]
		return !there || tags[ownerTag] != ""
	})
	if len(retained) == 0 || m.stuck {
		return
	}
	s.arn, s.last, s.before = m.newARN(), event{}, event{}
	s.template = maps.Clone(template)
	delete(s.template, "OnDelete")
	s.template["ExistingEntities"] = "Adopt"
	if s.template["PermissionsBoundary"] == nil { // an adoption refuses a boundary that people put on
		_, _ = m.iam.DeleteUserPermissionsBoundary(m.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String(m.spec(s.props).User)})
		time.Sleep(time.Minute) // IAM may show it for a moment
	}
	m.tell("%s is created by another stack, which adopts", s.name)
	adopt := event{kind: "Create", props: m.properties(s.template)}
	answer := m.insist(s, adopt, disturbance{})
	if m.stuck {
		return
	}
	s.live, s.id, s.props = true, answer.PhysicalResourceID, adopt.props
	clear(m.known.freed)
	m.settled(s, answer, command{Again: true, Late: true})
	time.Sleep(25 * time.Hour)
	m.deleteStack(s, command{})
}

// insist sends an event that in the end must succeed: people repeat what failed, undisturbed. Where
// it cannot, for what people did out of band, the stack is stuck.
func (m *model) insist(s *modelStack, e event, d disturbance) cfn.Response {
	answer := m.send(s, e, d)
	if answer.Status != cfn.StatusSuccess && d.Name != "" {
		answer = m.send(s, e, disturbance{})
	}
	m.stuck = answer.Status != cfn.StatusSuccess
	return answer
}

// settled is where a Create or an Update has come to its end, with all that CloudFormation does
// after it.
func (m *model) settled(s *modelStack, answer cfn.Response, c command) {
	m.current(s, answer)
	if c.Again {
		m.again(s, answer)
	}
	if c.Late {
		m.late(s)
	}
}
