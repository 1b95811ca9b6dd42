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
	"fmt"
	"net/http"
	"os"
	"os/signal"
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
	account := scenes[0].account
	cloud := http.Handler(localaws.New(localaws.Options{AccountID: account.ID, Partition: account.Partition, Region: account.Region}))
	name := "an AWS in memory"
	if endpoint != "" {
		forward, err := moto.Forward(endpoint)
		if err != nil {
			return err
		}
		cloud, name = forward, endpoint
	}
	// Enough for calls that go out side by side to be seen as that.
	const latency = 30 * time.Millisecond
	stage, err := newStage(ctx, bootstrap, cloud, latency, account.Region)
	if err != nil {
		return err
	}
	defer stage.stop()
	screen.say("The function runs against %s. Every call takes %v, as a call to AWS may.", name, latency)
	play := play{stage: stage, screen: screen, account: newInventory(stage.cloud.URL, account.Region)}
	return play.all(ctx, scenes, whole)
}
