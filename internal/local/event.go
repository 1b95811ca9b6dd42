package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/spec"
)

// scene is one event and what is expected of it.
type scene struct {
	title    string
	event    map[string]any
	account  spec.Account
	expected cfn.StatusType // of the answer
	calm     bool           // whether nothing may be changed
	byHand   bool           // whether people have made the entities before it
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
// an event that must be refused, unless it is a Delete: that one must never stop a stack from
// going.
func load(files []string) ([]scene, error) {
	var scenes []scene
	if len(files) == 0 {
		for _, name := range life() {
			files = append(files, filepath.Join("events", name+".json"))
		}
	}
	for _, file := range files {
		event, err := decode(file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		s := scene{title: name, event: event, expected: cfn.StatusSuccess, byHand: name == "adopt"}
		if s.text("RequestType") == "" {
			return nil, fmt.Errorf(`%s is no event of CloudFormation: the RequestType must be "Create", "Update" or "Delete"; `+
				"without one it is for the watcher, which make local plays after the life of a stack", file)
		}
		if s.account, err = spec.ParseStackID(s.text("StackId")); err != nil && len(scenes) == 0 {
			return nil, fmt.Errorf("read the account from the event %s: %w", file, err)
		}
		if strings.HasPrefix(name, "bad-") && s.text("RequestType") != "Delete" {
			s.expected = cfn.StatusFailed
		}
		s.calm = s.expected == cfn.StatusFailed || name == "create-again" || name == "update-noop"
		scenes = append(scenes, s)
	}
	return scenes, nil
}

// decode reads an event from a file, numbers as they are written.
func decode(file string) (event map[string]any, err error) {
	text, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("decode the event %s%s: %w", file, position(text, err), err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&event) != nil || event == nil {
		return nil, fmt.Errorf("%s is no event: an event is a JSON object, as in events/create.json", file)
	}
	return event, nil
}

// read reads a file of EVENTS. The error says what may have been meant.
func read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		for _, folder := range []string{filepath.Dir(file), "events"} {
			var names []string
			found, _ := filepath.Glob(filepath.Join(folder, "*.json"))
			for _, other := range found {
				names = append(names, filepath.Base(other))
			}
			if nearest, ok := spec.Nearest(strings.TrimSuffix(filepath.Base(file), ".json")+".json", names); ok {
				return nil, fmt.Errorf("there is no file %s; did you mean %s?", file, filepath.Join(folder, nearest))
			}
		}
		return nil, fmt.Errorf("there is no file %s; events/README.md lists the events", file)
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory; name the files in it, such as %s", file, filepath.Join(file, "create.json"))
	}
	return os.ReadFile(file)
}

// position says where in a text decoding failed.
func position(text []byte, err error) string {
	offset := int64(len(text))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	before := text[:max(0, offset-1)]
	return fmt.Sprintf(":%d:%d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// payload is the event with the ResponseURL of this run.
func (s scene) payload(responseURL string) []byte {
	event := maps.Clone(s.event)
	event["ResponseURL"] = responseURL
	return encode(event)
}

// encode is decode's opposite. It cannot fail: the event was JSON.
func encode(event map[string]any) []byte {
	text, _ := json.Marshal(event)
	return text
}
