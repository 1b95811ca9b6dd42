package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"redis-cloud-iam/internal/byhand"
	"redis-cloud-iam/internal/localaws"
)

// trip is what each call takes: so much that the rest is nothing beside it.
const trip = 50 * time.Millisecond

// depths counts the calls of each event and how many of them wait for one another, and confirms it
// by the time that it takes. Beside Create it measures the same work as a person would do it: one
// call after the other.
func (b *bench) depths(ctx context.Context) error {
	bootstrap, err := b.compile(ctx, theFunction, false)
	if err != nil {
		return err
	}
	stage, err := newStage(ctx, bootstrap, localaws.New(localaws.Options{}), trip, "us-east-1")
	if err != nil {
		return err
	}
	defer stage.stop()
	straight, err := straightLine(ctx)
	if err != nil {
		return err
	}
	targets := map[string]string{"create": "≤ 5", "update-noop": "≤ 2", "rotate": "≤ 4", "delete": "≤ 4", "delete-unprotected": "≤ 3"}
	for i, name := range []string{
		"create", "update-noop", "rotate", "rotate-back", "update-in-place", "delete", "create", "delete-unprotected",
	} {
		scenes, err := load([]string{filepath.Join("events", name+".json")})
		if err != nil {
			return err
		}
		a, err := stage.invoke(ctx, scenes[0])
		if err := errors.Join(err, a.err); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(a.answers) != 1 || a.answer().Status != cfn.StatusSuccess {
			return fmt.Errorf("%s: the answer is not one SUCCESS", name)
		}
		if name == "create" && i > 0 {
			continue // for the Delete that follows
		}
		b.trips(name+", in trips of "+trip.String(), fmt.Sprintf("%d trips, %d calls", localaws.RoundTrips(a.calls), len(a.calls)), a.took, targets[name])
		if name == "create" {
			b.trips("  the same in a straight line", fmt.Sprintf("%d calls in a row", len(straight.calls)), straight.took, "")
			if peak := memoryOf(stage.function.command.Process.Pid, "VmHWM"); peak > 0 {
				b.add("memory at the peak of Create", fmt.Sprintf("%.1f MB", float64(peak)/1024), "", "", "")
			}
		}
	}
	return nil
}

// looks counts the calls of a run of the watcher: one that finds nothing, and one that tells people.
func (b *bench) looks(ctx context.Context) error {
	memory := localaws.New(localaws.Options{})
	bootstrap, err := b.compile(ctx, theFunction, false)
	if err != nil {
		return err
	}
	stage, err := newStage(ctx, bootstrap, memory, 0, "us-east-1")
	if err != nil {
		return err
	}
	defer stage.stop()
	scenes, err := load([]string{filepath.Join("events", "create.json"), filepath.Join("events", "rotate.json")})
	if err != nil {
		return err
	}
	if bootstrap, err = b.compile(ctx, theWatcher, false); err != nil {
		return err
	}
	w, err := newWatcher(ctx, bootstrap, memory, trip)
	if err != nil {
		return err
	}
	defer w.stop()
	text, err := read(filepath.Join("events", "watch.json"))
	if err != nil {
		return err
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		return err
	}
	for i, name := range []string{"a run of the watcher", "  one that tells people"} {
		// To a watcher whose event is that of before it, a rotation is drift.
		if _, err := stage.invoke(ctx, scenes[i]); err != nil {
			return err
		}
		memory.Age(time.Hour)
		s, err := w.run(ctx, event)
		if err != nil {
			return err
		}
		if len(s.messages) != i {
			return fmt.Errorf("%s: %d messages were sent", name, len(s.messages))
		}
		b.trips(name+", in trips of "+trip.String(), fmt.Sprintf("%d trips, %d calls", localaws.RoundTrips(s.calls), len(s.calls)), s.took, "≤ 3")
	}
	return nil
}

// trips adds a row about something that took some trips.
func (b *bench) trips(what, ours string, took time.Duration, target string) {
	b.add(what, ours, trip.String(), ratio(took.Seconds(), trip.Seconds()), target)
}

// straightLine does the work of a Create one call after the other, without a look at what is there,
// without tags of ownership, and without a thought of what happens when it stops in the middle.
func straightLine(ctx context.Context) (act, error) {
	meter := &meter{next: localaws.New(localaws.Options{}), latency: trip}
	server := httptest.NewServer(meter)
	defer server.Close()
	account := newInventory(server.URL, "us-east-1")
	begin := time.Now()
	key, err := byhand.FiveSteps(ctx, account.iam, "123456789012")
	name, user := "straight-line", "redislabs-user"
	if err == nil {
		_, err = account.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &key})
	}
	if err == nil {
		_, err = account.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	}
	if err == nil {
		_, err = account.iam.GetUser(ctx, &iam.GetUserInput{UserName: &user})
	}
	if err != nil {
		return act{}, fmt.Errorf("the straight line: %w", err)
	}
	return act{took: time.Since(begin), calls: meter.take()}, nil
}
