// Command local is a stand-in for "sam local invoke" where there is no Docker: it plays
// CloudFormation, Lambda and AWS around the built function, on this machine alone, and shows what
// happened. make local and, with -serve, make local-aws call it: help says how. The exit status is 0
// only if every answer was what it should be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	name, err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

const help = `make local plays CloudFormation events through the function, on this machine alone.

  make local                                  the life of a stack, and then the watcher
  make local EVENTS="events/create.json ..."  events of your choice: events/README.md
  make local CALLS=1                          and each call to AWS
  make local-aws                              an AWS in memory for "sam local invoke"

With AWS_ENDPOINT_URL set, make local plays against that emulator, and without the watcher.

`

// command does what the arguments say, and returns the name under which people know it.
func command(ctx context.Context, args []string, out *os.File) (name string, err error) {
	const local = "make local"
	screen := newScreen(out)
	flags := flag.NewFlagSet(local, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is told in main
	flags.BoolVar(&screen.calls, "calls", false, "")
	serving := flags.Bool("serve", false, "")
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help)
	case err == nil && *serving:
		return "make local-aws", serve(ctx, screen)
	case err == nil:
		err = run(ctx, screen, flags.Args(), os.Getenv("AWS_ENDPOINT_URL"))
	}
	return local, err
}

func run(ctx context.Context, screen *screen, files []string, endpoint string) error {
	scenes, err := load(files)
	if err != nil {
		return err
	}
	if endpoint != "" {
		if err := reach(ctx, endpoint); err != nil {
			return err
		}
	}
	directory, err := os.MkdirTemp("", "redis-cloud-iam-")
	if err != nil {
		return fmt.Errorf("make a folder for the function: %w", err)
	}
	defer os.RemoveAll(directory)
	screen.title("Building the function")
	bootstrap, err := build(ctx, ".", theFunction, directory)
	if err != nil {
		return err
	}
	return perform(ctx, screen, bootstrap, scenes, len(files) == 0, endpoint)
}

// reach returns an error if no emulator answers at an address.
func reach(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
	if err != nil {
		return fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no emulator answers at AWS_ENDPOINT_URL; start one there, or unset it for the AWS in memory: %w", err)
	}
	return response.Body.Close()
}

// perform plays scenes with the built function; the whole says that they are the life of a stack.
func perform(ctx context.Context, screen *screen, bootstrap string, scenes []scene, whole bool, endpoint string) error {
	account := scenes[0].account
	memory := localaws.New(localaws.Options{AccountID: account.ID, Partition: account.Partition, Region: account.Region})
	cloud, name := http.Handler(memory), "an AWS in memory"
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
	screen.say("The function runs against %s. Every call takes %v, as a call to AWS may.\n"+
		"In a plan: + make  ~ change  - remove  ? check", name, latency)
	play := play{stage: stage, screen: screen, account: newInventory(stage.cloudURL, account.Region), memory: memory}
	watched, watcher := whole && endpoint == "", ""
	if watched {
		if watcher, err = build(ctx, ".", theWatcher, filepath.Dir(bootstrap)); err != nil {
			return err
		}
	}
	if err := play.all(ctx, scenes, whole); err != nil {
		return err
	}
	if watched {
		if err := play.watch(ctx, watcher); err != nil {
			return err
		}
	}
	return play.verdict(len(scenes))
}
