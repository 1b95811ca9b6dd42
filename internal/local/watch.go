package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"redis-cloud-iam/internal/localaws"
)

// What events/env.json gives the watcher, and what Lambda sets.
const (
	theWatcher = "./functions/watcher"
	topic      = "arn:aws:sns:us-east-1:123456789012:alarms"
	logGroup   = "redis-cloud-WatcherLogGroup"
)

// watcher is the built watcher, with the AWS that it looks at.
type watcher struct {
	memory   *localaws.Account
	meter    *meter
	api      *runtimeAPI
	function *function

	metered, lambda *httptest.Server
}

func newWatcher(ctx context.Context, bootstrap string, memory *localaws.Account, latency time.Duration) (*watcher, error) {
	memory.CreateTopic(topic, "")
	w := &watcher{memory: memory, meter: &meter{next: memory, latency: latency}, api: newRuntimeAPI()}
	w.metered, w.lambda = httptest.NewServer(w.meter), httptest.NewServer(w.api)
	var err error
	w.function, err = startFunction(ctx, bootstrap, w.lambda.Listener.Addr().String(), w.metered.URL, "us-east-1",
		"ALARM_TOPIC_ARN="+topic, "KEY_MAX_AGE_DAYS=90", "AWS_LAMBDA_LOG_GROUP_NAME="+logGroup)
	if err != nil {
		w.stop()
	}
	return w, err
}

func (w *watcher) stop() {
	if w.function != nil {
		w.function.stop()
	}
	w.metered.Close()
	w.lambda.Close()
}

// sighting is what one run of the watcher did.
type sighting struct {
	took     time.Duration
	calls    []localaws.Call
	logs     []string
	found    []string // names of the findings, sorted
	messages []localaws.Message
}

// run has the watcher look once. What it writes goes to its log group, where the next run finds it.
func (w *watcher) run(ctx context.Context, event map[string]any) (s sighting, err error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return s, err
	}
	sent, begin := len(w.memory.Messages(topic)), time.Now()
	err = w.api.invoke(ctx, payload, time.Minute, w.function.died)
	s.took, s.calls, s.messages = time.Since(begin), w.meter.take(), w.memory.Messages(topic)[sent:]
	// The report may still be on its way through the pipe.
	for reported := false; err == nil && !reported && time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		s.logs = append(s.logs, w.function.take()...)
		s.found, reported = findings(s.logs)
	}
	w.memory.Log(logGroup, s.logs...)
	if err != nil {
		err = fmt.Errorf("the watcher: %w\n%s", err, strings.Join(w.function.take(), "\n"))
	}
	return s, err
}

// findings are the names of what a report in the log has found, sorted.
func findings(logs []string) (names []string, reported bool) {
	for _, line := range logs {
		var report struct {
			Found []struct {
				Name string `json:"name"`
			}
		}
		if json.Unmarshal([]byte(line), &report) != nil || report.Found == nil {
			continue
		}
		reported = true
		for _, finding := range report.Found {
			names = append(names, finding.Name)
		}
	}
	slices.Sort(names)
	return names, reported
}

// day is one day of what is played: what people did, and what the watcher should find.
type day struct {
	title  string
	before string // what people did, for the screen
	people func() error
	found  []string // sorted
	told   string   // how the message's subject ends, or "" for no message
}

// watch plays the watcher: a launch, drift of five kinds, and a rotation that nobody finished.
func (p *play) watch(ctx context.Context, bootstrap string, memory *localaws.Account) error {
	w, err := newWatcher(ctx, bootstrap, memory, p.meter.latency)
	if err != nil {
		return err
	}
	defer w.stop()
	files := map[string]scene{}
	for _, name := range []string{"create", "rotate", "watch"} {
		text, err := read(filepath.Join("events", name+".json"))
		if err != nil {
			return err
		}
		s := scene{title: name}
		if err := json.Unmarshal(text, &s.event); err != nil {
			return err
		}
		files[name] = s
	}
	event := files["watch"].event
	key, err := p.keyOf(ctx, files["create"])
	if err != nil {
		return err
	}

	p.screen.say("")
	p.screen.title("The watcher, which is there with AlarmTopicArn: another launch, and then a look each day")
	for i, d := range p.days(ctx, memory, event, files["rotate"], key) {
		memory.Age(24 * time.Hour)
		if d.people != nil {
			if err := d.people(); err != nil {
				return err
			}
		}
		s, err := w.run(ctx, event)
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
func (p *play) keyOf(ctx context.Context, s scene) (string, error) {
	a, err := p.invoke(ctx, s)
	p.heard = slices.Concat(p.heard, a.logs, a.bodies)
	key, ok := a.answer().Data["AccessKeyId"].(string)
	if err = errors.Join(err, a.err); err == nil && !ok {
		err = fmt.Errorf("%s before the watcher: %s", s.title, a.answer().Reason)
	}
	if err == nil {
		_, values, readErr := p.account.read(ctx)
		p.keep(values)
		err = readErr
	}
	return key, err
}

// days are what is played. The event is that of the schedule, which changes with the stack.
func (p *play) days(ctx context.Context, memory *localaws.Account, event map[string]any, rotate scene, key string) []day {
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
	return []day{
		{title: "clean"},
		{
			title: "drift", found: drifted, told: "5 new findings in stack redis-cloud",
			before: "people change five things by hand",
			people: func() error {
				_, one := client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: admin})
				_, two := client.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Correct-Horse-9-Battery")})
				_, three := client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group})
				_, four := client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: user, GroupName: group})
				_, five := client.UpdateAssumeRolePolicy(ctx, trusting("999999999999"))
				_, six := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: node, PolicyName: inline, PolicyDocument: aws.String(everything)})
				return errors.Join(one, two, three, four, five, six)
			},
		},
		{title: "the next day", found: drifted},
		{
			title: "repaired", told: "all clear in stack redis-cloud", before: "people follow the remedies",
			people: func() error {
				_, one := client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: admin})
				_, two := client.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user})
				_, three := client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: group})
				_, four := client.UpdateAssumeRolePolicy(ctx, trusting("168085023892"))
				_, five := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: node, PolicyName: inline})
				return errors.Join(one, two, three, four, five)
			},
		},
		{
			title: "rotation", found: []string{"unfinished-rotation"}, told: "1 new finding in stack redis-cloud",
			before: "AccessKeySerial becomes 2. Two days later Redis Cloud still has the old key",
			people: func() error {
				properties, _ := event["ResourceProperties"].(map[string]any)
				properties["AccessKeySerial"] = "2"
				_, err := p.keyOf(ctx, rotate)
				memory.Age(48 * time.Hour)
				memory.UseKey(key, "ec2")
				return err
			},
		},
		{
			title: "entered", told: "all clear in stack redis-cloud", before: "people enter the new key in Redis Cloud",
			people: func() error {
				keys, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: user})
				if err != nil {
					return err
				}
				for _, k := range keys.AccessKeyMetadata {
					if aws.ToString(k.AccessKeyId) != key {
						memory.UseKey(*k.AccessKeyId, "ec2")
					}
				}
				return nil
			},
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
	s.say("")
	if d.before != "" {
		s.say("   Before it, %s.", d.before)
		s.say("")
	}
	s.say("%s  %s", s.paint(bold, fmt.Sprintf("day %d  %-14s", number, d.title)), s.paint(style, status))
	reads, messages := kinds(of.calls)
	s.say("   %-10s %s to AWS (%d read, %s) in %s, %.2f s", "cost", count(len(of.calls), "call"), reads, count(messages, "message"), count(localaws.RoundTrips(of.calls), "sequential round trip"), of.took.Seconds())
	if len(of.messages) == 0 {
		s.say("   %-10s nobody: nothing is new", "told")
	}
	for _, m := range of.messages {
		s.message(m)
	}
}

// message shows a message as people get it.
func (s *screen) message(m localaws.Message) {
	s.say("   %-10s %s", "told", s.paint(bold, m.Subject))
	for line := range strings.Lines(strings.TrimSpace(m.Text)) {
		s.say("%s", strings.TrimRight(fmt.Sprintf("   %-10s %s", "", line), " \n"))
	}
}
