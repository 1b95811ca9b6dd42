package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"redis-cloud-iam/internal/spec"
)

// scene is one event and what is expected of it.
type scene struct {
	title   string
	event   map[string]any
	account spec.Account
	fails   bool // whether FAILED is the right answer
	calm    bool // whether nothing may be changed
	byHand  bool // whether people have made the entities before it
}

func (s scene) text(field string) string {
	text, _ := s.event[field].(string)
	return text
}

// life is a stack's life, as "make local" plays it.
func life() []string {
	return []string{
		"create", "create-again", "update-noop", "rotate", "rotate-back", "console-on", "console-off", "update-in-place",
		"bad-rename", "delete", "adopt", "delete-adopted",
	}
}

// load reads the events: the named files, or a stack's life. By convention a file named bad-* holds
// an event that must be refused, unless it is a Delete: that one must never stop a stack from going.
func load(files []string) ([]scene, error) {
	var scenes []scene
	if len(files) == 0 {
		for _, name := range life() {
			files = append(files, filepath.Join("events", name+".json"))
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the event: %w", err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		s := scene{title: name}
		if err := json.Unmarshal(text, &s.event); err != nil {
			return nil, fmt.Errorf("decode the event %s: %w", file, err)
		}
		if s.account, err = spec.ParseStackID(s.text("StackId")); err != nil && len(scenes) == 0 {
			return nil, fmt.Errorf("read the account from the event %s: %w", file, err)
		}
		s.fails = strings.HasPrefix(name, "bad-") && s.text("RequestType") != "Delete"
		s.calm = s.fails || name == "create-again" || name == "update-noop"
		s.byHand = name == "adopt"
		scenes = append(scenes, s)
	}
	return scenes, nil
}

// payload is the event with the ResponseURL of this run.
func (s scene) payload(responseURL string) ([]byte, error) {
	event := maps.Clone(s.event)
	event["ResponseURL"] = responseURL
	text, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	return text, nil
}
