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
	screen      *screen
	meter       *meter
	receiver    *receiver
	receiverURL string
	api         *runtimeAPI
	function    *function
	account     inventory

	faults  []string
	secrets []string // values of the secrets that there were, to look whether one got out
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

// all plays the scenes. whole says that they are the whole life of a stack, which must end where it began.
func (p *play) all(ctx context.Context, scenes []scene, whole bool) error {
	before, err := p.account.read(ctx)
	if err != nil {
		return err
	}
	var answers []cfn.Response
	for i, s := range scenes {
		answer, err := p.one(ctx, i+1, s)
		if err != nil {
			return err
		}
		answers = append(answers, answer)
		held, err := p.account.read(ctx)
		if err != nil {
			return err
		}
		values, err := p.account.stored(ctx)
		if err != nil {
			return err
		}
		p.keep(values)
		if s.text("RequestType") == "Create" && !s.calm || i == len(scenes)-1 {
			p.screen.holds(held)
		}
		if whole && i == len(scenes)-1 && !slices.Equal(held, before) {
			p.fault("the account does not hold what it held before")
		}
	}
	if whole {
		p.story(answers)
	}
	p.silence()
	return p.verdict(len(scenes))
}

// one plays one scene.
func (p *play) one(ctx context.Context, number int, s scene) (cfn.Response, error) {
	const timeout = 5 * time.Minute
	path := fmt.Sprintf("/answer/%d?X-Amz-Signature=local%%2Fsignature", number)
	payload, err := s.payload(p.receiverURL + path)
	if err != nil {
		return cfn.Response{}, err
	}
	if s.byHand {
		if _, err := byhand.FiveSteps(ctx, p.account.iam, s.account.ID); err != nil {
			return cfn.Response{}, err
		}
	}
	start := time.Now()
	invokeErr := p.api.invoke(ctx, payload, timeout, p.function.died)
	took := time.Since(start)
	if ctx.Err() != nil {
		return cfn.Response{}, ctx.Err()
	}

	calls, logs := p.meter.take(), p.function.take()
	answers, bodies, faults := p.receiver.take()
	p.heard = append(append(p.heard, logs...), bodies...)
	var answer cfn.Response
	if len(answers) > 0 {
		answer = answers[0]
	}
	p.screen.scene(number, s, answer, calls, took)
	changes := 0
	for _, plan := range plans(logs) {
		changes += len(plan.Stages)
		p.screen.plan(plan)
	}
	p.screen.answer(answer)
	if invokeErr != nil {
		p.fault("%s: %v", s.title, invokeErr)
		p.screen.logs(logs)
	}
	for _, fault := range faults {
		p.fault("%s: %s", s.title, fault)
	}
	p.check(s, answers, calls, changes)
	return answer, nil
}

// check holds an answer against what it should be.
func (p *play) check(s scene, answers []cfn.Response, calls []localaws.Call, changes int) {
	if len(answers) != 1 {
		p.fault("%s: %d answers came, not one", s.title, len(answers))
		return
	}
	answer := answers[0]
	expected := cfn.StatusSuccess
	if s.fails {
		expected = cfn.StatusFailed
	}
	if answer.Status != expected {
		p.fault("%s: the answer is %s, not %s: %s", s.title, answer.Status, expected, answer.Reason)
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
	if _, writes := kinds(calls); s.calm && (writes > 0 || changes > 0) {
		p.fault("%s: something was changed, and nothing should be", s.title)
	}
}

// story checks what must hold between the answers of a stack's life.
func (p *play) story(answers []cfn.Response) {
	byName := map[string]cfn.Response{}
	for i, name := range life() {
		byName[name] = answers[i]
	}
	key := func(name string) any { return byName[name].Data["AccessKeyId"] }
	id := func(name string) string { return byName[name].PhysicalResourceID }
	for _, name := range []string{"create-again", "update-noop", "rotate-back", "console-on", "console-off", "update-in-place"} {
		if id(name) != id("create") || key(name) != key("create") {
			p.fault("%s: the physical ID or the key is not the one that Create answered", name)
		}
	}
	if id("rotate") != id("create") || key("rotate") == key("create") {
		p.fault("rotate: the physical ID is not the one that Create answered, or the key still is")
	}
	if id("rename") == id("create") || key("rename") == key("create") {
		p.fault("rename: the physical ID or the key is still the one that Create answered")
	}
}

func (p *play) keep(values []string) {
	for _, value := range values {
		var fields map[string]string
		if json.Unmarshal([]byte(value), &fields) != nil {
			continue
		}
		for _, field := range []string{"accessSecretKey", "consolePassword"} {
			if fields[field] != "" {
				p.secrets = append(p.secrets, fields[field])
			}
		}
	}
}

// silence checks that no secret and no signed URL is in anything that the function wrote.
func (p *play) silence() {
	for _, text := range p.heard {
		for _, secret := range p.secrets {
			if strings.Contains(text, secret) {
				p.fault("a secret is in what the function wrote")
			}
		}
		if strings.Contains(text, "X-Amz-Signature") {
			p.fault("a signed URL is in what the function wrote")
		}
	}
}

func (p *play) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

func (p *play) verdict(count int) error {
	p.screen.say("")
	if len(p.faults) == 0 {
		p.screen.good("All %d answers are what they should be; no secret in %d log lines and answers.", count, len(p.heard))
		return nil
	}
	for _, fault := range p.faults {
		p.screen.bad(fault)
	}
	return fmt.Errorf("%d things are not what they should be", len(p.faults))
}
