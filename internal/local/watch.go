package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

// What events/env.json gives the watcher, and what Lambda sets.
const (
	topic    = "arn:aws:sns:us-east-1:123456789012:alarms"
	logGroup = "redis-cloud-WatcherLogGroup"
)

// watcher is the built watcher on a stage of its own, with the AWS that it looks at.
type watcher struct {
	*stage
	memory *localaws.Account
}

func newWatcher(ctx context.Context, bootstrap string, memory *localaws.Account, latency time.Duration) (watcher, error) {
	memory.CreateTopic(topic, "")
	s, err := newStage(ctx, bootstrap, memory, latency, "us-east-1",
		"ALARM_TOPIC_ARN="+topic, "KEY_MAX_AGE_DAYS=90", "LOG_GROUP="+logGroup)
	return watcher{s, memory}, err
}

// sighting is what one run of the watcher did.
type sighting struct {
	act
	found    []string // names of the findings, sorted
	messages []localaws.Message
}

// report is what the watcher logs of what it found.
type report struct {
	Found []struct {
		Name string `json:"name"`
	}
}

// look has the watcher look once. What it writes goes to its log group, where the next run finds
// it.
func (w watcher) look(ctx context.Context, event map[string]any) (s sighting, err error) {
	sent := len(w.memory.Messages(topic))
	s.act = w.invoke(ctx, encode(event))
	s.messages = w.memory.Messages(topic)[sent:]
	var reports []report
	// The report may still be on its way through the pipe.
	for s.err == nil && len(reports) == 0 && time.Since(s.began) < time.Minute {
		time.Sleep(time.Millisecond)
		s.logs = append(s.logs, w.function.take()...)
		reports = logged(s.logs, func(r report) bool { return r.Found != nil })
	}
	for _, r := range reports {
		for _, finding := range r.Found {
			s.found = append(s.found, finding.Name)
		}
	}
	slices.Sort(s.found)
	w.memory.Log(logGroup, s.logs...)
	if s.err != nil {
		err = fmt.Errorf("the watcher: %w\n%s", s.err, strings.Join(s.logs, "\n"))
	}
	return s, err
}

// day is one day of what is played: what people did, and what the watcher should find.
type day struct {
	title  string
	before string // what people did, for the screen
	people func()
	found  []string // sorted
	told   string   // how the message's subject ends, or "" for no message
}

// watch plays the watcher: a launch, drift of five kinds, and a rotation that nobody finished.
func (p *play) watch(ctx context.Context, bootstrap string) error {
	w, err := newWatcher(ctx, bootstrap, p.memory, p.meter.latency)
	if err != nil {
		return err
	}
	defer w.stop()
	event, err := decode(filepath.Join("events", "watch.json"))
	if err != nil {
		return err
	}
	do := &byhand.Calls{Ctx: ctx}
	first := p.keyOf(do, "create")
	p.screen.say("")
	p.screen.title("The watcher, which is there with AlarmTopicArn: another launch, and then a look each day")
	for i, d := range p.days(do, event, first) {
		p.memory.Age(24 * time.Hour)
		if d.people != nil {
			d.people()
		}
		if do.Err != nil {
			return do.Err
		}
		s, err := w.look(ctx, event)
		if err != nil {
			return err
		}
		p.heard, p.looks = slices.Concat(p.heard, s.logs), p.looks+1
		p.screen.sighting(i+1, d, s)
		p.checkDay(d, s)
	}
	return nil
}

// keyOf plays an event in silence, and returns the ID of the access key in its answer.
func (p *play) keyOf(do *byhand.Calls, name string) (key string) {
	shown := p.screen
	defer func() { p.screen = shown }()
	p.screen = &screen{out: io.Discard}
	scenes, err := load([]string{filepath.Join("events", name+".json")})
	if err == nil {
		var answer cfn.Response
		answer, _, err = p.one(do.Ctx, 0, scenes[0])
		key, _ = answer.Data["AccessKeyId"].(string)
	}
	do.Err = errors.Join(do.Err, err)
	return key
}

// days are what is played after the stack made its first key. The event is that of the schedule,
// which changes with the stack.
func (p *play) days(do *byhand.Calls, event map[string]any, first string) []day {
	client := p.account.iam
	user, node, staff, group, inline := aws.String("redislabs-user"), aws.String("redislabs-cluster-node-role"), aws.String("redislabs-role"), aws.String("operators"), aws.String("debug")
	admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	const (
		everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
		trust      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`
	)
	trusting := func(account string) *iam.UpdateAssumeRolePolicyInput {
		return &iam.UpdateAssumeRolePolicyInput{RoleName: staff, PolicyDocument: aws.String(fmt.Sprintf(trust, account))}
	}
	drifted := []string{"drift", "extra-policy", "group", "inline-policy", "login-profile"}
	var second string // the key of the rotation
	return []day{
		{title: "clean"},
		{
			title: "drift", found: drifted, told: "5 new findings in stack redis-cloud",
			before: "people change five things by hand",
			people: func() {
				byhand.Call(do, client.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: admin})
				byhand.Call(do, client.CreateLoginProfile, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String(byhand.Password)})
				byhand.Call(do, client.CreateGroup, &iam.CreateGroupInput{GroupName: group})
				byhand.Call(do, client.AddUserToGroup, &iam.AddUserToGroupInput{UserName: user, GroupName: group})
				byhand.Call(do, client.UpdateAssumeRolePolicy, trusting("999999999999"))
				byhand.Call(do, client.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: node, PolicyName: inline, PolicyDocument: aws.String(everything)})
			},
		},
		{title: "the next day", found: drifted},
		{
			title: "repaired", told: "all clear in stack redis-cloud", before: "people follow the remedies",
			people: func() {
				byhand.Call(do, client.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: admin})
				byhand.Call(do, client.DeleteLoginProfile, &iam.DeleteLoginProfileInput{UserName: user})
				byhand.Call(do, client.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: group})
				byhand.Call(do, client.UpdateAssumeRolePolicy, trusting("168085023892"))
				byhand.Call(do, client.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: node, PolicyName: inline})
			},
		},
		{
			title: "rotation", found: []string{"unfinished-rotation"}, told: "1 new finding in stack redis-cloud",
			before: "AccessKeySerial becomes 2. Two days later Redis Cloud still has the old key",
			people: func() {
				properties, _ := event["ResourceProperties"].(map[string]any)
				properties["AccessKeySerial"] = "2"
				second = p.keyOf(do, "rotate")
				p.memory.Age(48 * time.Hour)
				p.memory.UseKey(first, "ec2")
			},
		},
		{
			title: "entered", told: "all clear in stack redis-cloud", before: "people enter the new key in Redis Cloud",
			people: func() { p.memory.UseKey(second, "ec2") },
		},
	}
}

// checkDay holds what the watcher did against what it should.
func (p *play) checkDay(d day, s sighting) {
	if !slices.Equal(s.found, d.found) {
		p.fault("watch, %s: the watcher found %v, and not %v", d.title, s.found, d.found)
	}
	for _, call := range s.calls {
		if !isRead(call.Action) && call.Action != "Publish" {
			p.fault("watch, %s: the watcher called %s", d.title, call.Action)
		}
	}
	switch {
	case d.told == "" && len(s.messages) > 0, d.told != "" && len(s.messages) != 1:
		p.fault("watch, %s: %d messages were sent", d.title, len(s.messages))
	case d.told != "" && !strings.HasSuffix(s.messages[0].Subject, d.told):
		p.fault("watch, %s: the subject is %q", d.title, s.messages[0].Subject)
	}
	for _, m := range s.messages {
		p.heard = append(p.heard, m.Subject, m.Text)
	}
}

// sighting shows a run of the watcher, and the message as people get it.
func (s *screen) sighting(number int, d day, of sighting) {
	style, status := green, "nothing found"
	if n := len(of.found); n > 0 {
		style, status = amber, fmt.Sprintf("%d found: %s", n, strings.Join(of.found, ", "))
	}
	s.head(d.before, fmt.Sprintf("day %d  %-14s", number, d.title), style, status)
	s.cost("", of.act, count(changes(of.calls), "message"))
	if len(of.messages) == 0 {
		s.rows("told", "nobody: nothing is new")
	}
	for _, m := range of.messages {
		s.message(m)
	}
}

// message shows a message as people get it.
func (s *screen) message(m localaws.Message) {
	s.rows("told", append([]string{s.paint(bold, m.Subject)}, strings.Split(strings.TrimSpace(m.Text), "\n")...)...)
}
