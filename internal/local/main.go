// Command local is a stand-in for "sam local invoke" where there is no Docker: it plays
// CloudFormation, Lambda and AWS around the built function, on this machine alone, and shows what
// happened.
//
//	go run ./internal/local [event.json ...]
//	go run ./internal/local -serve
//	go run ./internal/local -bench
//
// Without arguments it plays the life of a stack from the events folder. With AWS_ENDPOINT_URL set
// it works against that emulator instead of its own. The exit status is 0 only if every answer was
// what it should be.
//
// With -serve it serves the AWS and the receiver alone, for "sam local invoke", until it is
// interrupted. With -bench it measures the binary, and prints a table.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	switch screen := newScreen(os.Stdout); {
	case slices.Equal(os.Args[1:], []string{"-serve"}):
		err = newStand(screen).serve(ctx, screen)
	case slices.Equal(os.Args[1:], []string{"-bench"}):
		err = runBench(ctx, os.Stdout)
	default:
		err = run(ctx, os.Args[1:], os.Getenv("AWS_ENDPOINT_URL"))
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "make local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string, endpoint string) error {
	scenes, err := load(files)
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "redis-cloud-iam-")
	if err != nil {
		return fmt.Errorf("make a folder for the function: %w", err)
	}
	defer os.RemoveAll(directory)
	screen := newScreen(os.Stdout)
	screen.title("Building the function")
	bootstrap, err := build(ctx, ".", directory)
	if err != nil {
		return err
	}
	return perform(ctx, screen, bootstrap, scenes, len(files) == 0, endpoint)
}

// perform plays scenes with the built function; the whole says that they are the life of a stack.
func perform(ctx context.Context, screen *screen, bootstrap string, scenes []scene, whole bool, endpoint string) error {
	cloud := http.Handler(localaws.New(localaws.Options{
		AccountID: scenes[0].account.ID, Partition: scenes[0].account.Partition, Region: scenes[0].account.Region,
	}))
	name := "an AWS in memory"
	if endpoint != "" {
		forward, err := moto.Forward(endpoint)
		if err != nil {
			return err
		}
		cloud, name = forward, endpoint
	}
	meter := &meter{next: cloud, latency: latency}
	receiver := newReceiver()
	api := newRuntimeAPI()
	servers := []*server{{handler: cloud}, {handler: meter}, {handler: receiver}, {handler: api}}
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for _, s := range servers {
		if err := s.start(); err != nil {
			return err
		}
	}
	account := newInventory(servers[0].url(), scenes[0].account.Region)

	function, err := startFunction(ctx, bootstrap, servers[3].address(), servers[1].url(), scenes[0].account.Region)
	if err != nil {
		return err
	}
	defer function.stop()

	play := play{
		screen: screen, meter: meter, receiver: receiver, receiverURL: servers[2].url(),
		api: api, function: function, account: account,
	}
	screen.say("The function runs against %s. Every call takes %v, as a call to AWS may.", name, latency)
	return play.all(ctx, scenes, whole)
}

// latency is what each call to AWS takes: enough for calls that go out side by side to be seen as
// that.
const latency = 30 * time.Millisecond

// build builds the function as it ships, but for the machine that this runs on, and without
// -trimpath, so that what the tests have compiled is of use. The module is the folder that holds
// go.mod.
func build(ctx context.Context, module, directory string) (string, error) {
	bootstrap := filepath.Join(directory, "bootstrap")
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc,nethttpomithttp2", "-o", bootstrap, "./functions/provisioner")
	command.Dir, command.Stdout, command.Stderr = module, os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build the function (from the folder that holds go.mod): %w", err)
	}
	return bootstrap, nil
}

// server serves on a port of 127.0.0.1 that the system picks.
type server struct {
	handler  http.Handler
	listener net.Listener
	http     http.Server
}

func (s *server) start() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen on 127.0.0.1: %w", err)
	}
	s.listener = listener
	s.http = http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "make local: serve:", err)
		}
	}()
	return nil
}

func (s *server) address() string { return s.listener.Addr().String() }
func (s *server) url() string     { return "http://" + s.address() }
func (s *server) stop()           { _ = s.http.Close() }
