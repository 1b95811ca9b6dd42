package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

// play plays events through the function and shows what each one did.
type play struct {
	*stage
	screen  *screen
	account inventory
	memory  *localaws.Account // the AWS, unless it is another emulator

	faults  []string
	looks   int      // of the watcher
	secrets []string // that there were, to look whether one got out; some are empty
	heard   []string // all that the function wrote: log lines and answers
}

// dataKeys is every key of Data, which are always all there.
func dataKeys() []string {
	return []string{
		"AccessKeyId", "AccessKeySecretArn", "AccessKeySecretUrl", "ConsolePasswordSecretArn", "ConsolePasswordSecretUrl",
		"ConsoleRoleArn", "ConsoleRoleName", "ConsoleUsername", "InstancePolicyArn", "InstanceProfileArn", "InstanceRoleArn",
		"PolicyRevision", "SignInLoginUrl", "UserArn", "UserPolicyArn",
	}
}

// all plays the scenes. whole says that they are the whole life of a stack, which must end where it
// began.
func (p *play) all(ctx context.Context, scenes []scene, whole bool) error {
	before, _, err := p.account.read(ctx)
	if err != nil {
		return err
	}
	var answers []cfn.Response
	for i, s := range scenes {
		answer, held, err := p.one(ctx, i+1, s)
		if err != nil {
			return err
		}
		answers = append(answers, answer)
		last := i == len(scenes)-1
		if last || s.text("RequestType") == "Create" && !s.calm {
			p.screen.holds(held)
		}
		if whole && last && !slices.Equal(held, before) {
			p.fault("the account does not hold what it held before")
		}
	}
	if whole {
		p.story(answers)
	}
	return nil
}

// one plays one scene, and returns its answer and what the account holds then.
func (p *play) one(ctx context.Context, number int, s scene) (answer cfn.Response, held []entry, err error) {
	if s.byHand {
		if _, err := byhand.FiveSteps(ctx, p.account.iam, s.account.ID); err != nil {
			return answer, nil, err
		}
		p.memory.Age(24 * time.Hour) // a key that is seconds old may be a concurrent run's, which is waited for
	}
	a := p.play(ctx, s)
	if ctx.Err() != nil {
		return answer, nil, ctx.Err()
	}
	p.heard = append(p.heard, a.logs...)
	p.screen.scene(number, s, a)
	stages := 0
	for _, plan := range logged(a.logs, func(p plan) bool { return p.Message == "plan" }) {
		p.screen.plan(plan, stages)
		stages += len(plan.Stages)
	}
	p.screen.answer(a.answer())
	if a.err != nil {
		p.fault("%s: %v", s.title, a.err)
		p.screen.say("   %s", p.screen.paint(faint, strings.Join(a.logs, "\n   ")))
	}
	for _, d := range a.answers {
		p.heard = append(p.heard, d.body)
		if d.fault != "" {
			p.fault("%s: %s", s.title, d.fault)
		}
	}
	p.check(s, a, stages)
	held, values, err := p.account.read(ctx)
	p.keep(values)
	return a.answer(), held, err
}

// check holds an answer against what it should be.
func (p *play) check(s scene, a act, stages int) {
	if len(a.answers) != 1 {
		p.fault("%s: %d answers came, not one", s.title, len(a.answers))
		return
	}
	answer := a.answer()
	if answer.Status != s.expected {
		p.fault("%s: the answer is %s, not %s: %s", s.title, answer.Status, s.expected, answer.Reason)
	}
	if answer.PhysicalResourceID == "" || answer.StackID != s.text("StackId") || answer.RequestID != s.text("RequestId") ||
		answer.LogicalResourceID != s.text("LogicalResourceId") {
		p.fault("%s: the answer does not carry the identifiers of the event", s.title)
	}
	if answer.Status == cfn.StatusFailed && answer.Reason == "" {
		p.fault("%s: the answer gives no reason", s.title)
	}
	if answer.Status == cfn.StatusSuccess && s.text("RequestType") != "Delete" {
		if keys := slices.Sorted(maps.Keys(answer.Data)); !slices.Equal(keys, dataKeys()) {
			p.fault("%s: Data has the keys %s", s.title, strings.Join(keys, ", "))
		}
	}
	if s.calm && changes(a.calls)+stages > 0 {
		p.fault("%s: something was changed, and nothing should be", s.title)
	}
}

// story checks what must hold between the answers of a stack's life: the physical ID never changes,
// and a rotation alone, or another stack, gives another key.
func (p *play) story(answers []cfn.Response) {
	for i, name := range life() {
		if answers[i].PhysicalResourceID != answers[0].PhysicalResourceID {
			p.fault("%s: the physical ID is not the one that Create answered", name)
		}
		key, given := answers[i].Data["AccessKeyId"]
		another := key != answers[0].Data["AccessKeyId"]
		if given && another != (name == "rotate" || name == "adopt") {
			p.fault("%s: the key is the one that Create answered, and should not be, or the other way round", name)
		}
	}
}

// keep remembers the secrets in the values of the account's secrets.
func (p *play) keep(values []string) {
	for _, value := range values {
		var held struct{ AccessSecretKey, ConsolePassword string }
		_ = json.Unmarshal([]byte(value), &held) // what people made may be anything
		p.secrets = append(p.secrets, held.AccessSecretKey, held.ConsolePassword)
	}
}

// silence checks that no secret and no signed URL is in anything that the functions wrote.
func (p *play) silence() {
	heard := strings.Join(p.heard, "\n")
	for _, secret := range p.secrets {
		if secret != "" && strings.Contains(heard, secret) {
			p.fault("a secret is in what the function wrote")
		}
	}
	if strings.Contains(heard, "X-Amz-Signature") {
		p.fault("a signed URL is in what the function wrote")
	}
}

func (p *play) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// verdict says how all of it went.
func (p *play) verdict(answers int) error {
	p.silence()
	p.screen.say("")
	if len(p.faults) == 0 {
		played := count(answers, "answer")
		if p.looks > 0 {
			played += " and " + count(p.looks, "look") + " of the watcher"
		}
		played += fmt.Sprintf(", as expected; no secret in %d log lines, answers and messages.", len(p.heard))
		p.screen.say("%s", p.screen.paint(green, played))
		return nil
	}
	for _, fault := range p.faults {
		p.screen.bad(fault)
	}
	return fmt.Errorf("%s not as expected", count(len(p.faults), "thing"))
}
