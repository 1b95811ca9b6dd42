package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"redis-cloud-iam/internal/localaws"
)

// The ports of "make local-aws". events/env.json and the ResponseURLs of the events name them.
const (
	awsPort    = 8998
	answerPort = 8999
)

// stand is what "make local-aws" serves for "sam local invoke": an AWS in memory, and
// CloudFormation's receiver. They tell what happens on the screen, and never a secret.
func stand(screen *screen) (cloud, answers http.Handler) {
	// Of the events. sam local gives the function the credentials of the person who runs it, or
	// made-up ones.
	memory := localaws.New(localaws.Options{AccountID: "123456789012", Region: "us-east-1", AnyCaller: true})
	memory.CreateTopic(topic, "")
	var mu sync.Mutex // of the screen
	cloud = &meter{next: memory, told: func(call localaws.Call) {
		mu.Lock()
		defer mu.Unlock()
		screen.call(call)
		if messages := memory.Messages(topic); call.Action == "Publish" && len(messages) > 0 {
			screen.message(messages[len(messages)-1])
		}
	}}
	answers = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		answer := delivered(r)
		mu.Lock()
		defer mu.Unlock()
		screen.say("")
		if answer.fault != "" {
			screen.bad(answer.fault)
		}
		screen.answer(answer.Response)
		screen.say("")
	})
	return cloud, answers
}

// call shows one call to AWS.
func (s *screen) call(call localaws.Call) {
	style := green
	switch {
	case call.Error != "":
		style = amber // such as "there is no such entity", which is no failure
	case isRead(call.Action):
		style = faint
	}
	s.say("   %s  %s  %s", call.End.Format(time.TimeOnly), s.paint(style, cmp.Or(call.Error, "200")), call.Action)
}

// serve serves the stand until the context ends.
func serve(ctx context.Context, screen *screen) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	cloud, answers := stand(screen)
	hosts := addresses()
	failed := make(chan error, 2*len(hosts))
	for port, handler := range map[int]http.Handler{awsPort: cloud, answerPort: answers} {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		for _, host := range hosts {
			listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, fmt.Sprint(port)))
			if err != nil {
				return fmt.Errorf("listen (is another make local-aws running?): %w", err)
			}
			go func() { failed <- server.Serve(listener) }()
		}
	}
	screen.title("An AWS in memory, and a receiver for the function's answers")
	screen.say("   AWS      http://127.0.0.1:%d   (account 123456789012, us-east-1; empty at first, gone when this ends)", awsPort)
	screen.say("   answers  http://127.0.0.1:%d", answerPort)
	screen.say("   topic    %s, whose messages are shown here", topic)
	if len(hosts) > 1 {
		screen.say("   also at  %s, where containers find this machine", strings.Join(hosts[1:], ", "))
	}
	screen.say("\nIn another terminal:\n\n   sam build && sam local invoke Provisioner -e events/create.json\n   sam local invoke Watcher -e events/watch.json\n\nCtrl-C ends it.\n")
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	}
}

// addresses are those that containers reach this machine at, and nobody from outside: Docker Desktop
// leads host.docker.internal to 127.0.0.1, and on Linux it is the address of the bridge docker0.
func addresses() []string {
	all := []string{"127.0.0.1"}
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		return all
	}
	found, _ := bridge.Addrs()
	for _, address := range found {
		if ip, _, err := net.ParseCIDR(address.String()); err == nil && ip.To4() != nil {
			all = append(all, ip.String())
		}
	}
	return all
}
