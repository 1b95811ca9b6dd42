package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// samEnvironment is the environment that sam local gives the function beside Lambda's own: of the
// variables that the template declares, and no others, those that events/env.json sets.
func samEnvironment(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module, "events", "env.json"))
	require.NoError(t, err)
	var byFunction map[string]map[string]string
	require.NoError(t, json.Unmarshal(text, &byFunction))
	template, err := os.ReadFile(filepath.Join(module, "template.yaml"))
	require.NoError(t, err)
	assert.Len(t, byFunction, 2)
	for function, environment := range byFunction {
		_, declared, ok := strings.Cut(string(template), "\n  "+function+":\n    Type: AWS::Serverless::Function\n")
		require.True(t, ok, function)
		declared, _, _ = strings.Cut(declared, "      LoggingConfig:\n")
		for name := range environment {
			assert.Regexp(t, `(?m)^          `+name+`: (""|!Ref \w+)$`, declared, "the template declares %s", name)
		}
	}
	return byFunction["Provisioner"]
}

func TestTheEventsAndTheEnvironmentLeadToLocalAWS(t *testing.T) {
	assert.Equal(t, fmt.Sprintf("http://host.docker.internal:%d", awsPort), samEnvironment(t)["AWS_ENDPOINT_URL"])
	config, err := os.ReadFile(filepath.Join(module, "samconfig.toml"))
	require.NoError(t, err)
	assert.Contains(t, string(config), `env_vars = "events/env.json"`)
	assert.Contains(t, string(config), `add_host = ["host.docker.internal:host-gateway"]`)
	files, err := filepath.Glob(filepath.Join(module, "events", "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		switch filepath.Base(file) {
		case "env.json":
			var environment map[string]map[string]string
			require.NoError(t, json.Unmarshal(text, &environment))
			assert.Equal(t, map[string]string{
				"AWS_ENDPOINT_URL": samEnvironment(t)["AWS_ENDPOINT_URL"], "ALARM_TOPIC_ARN": topic, "KEY_MAX_AGE_DAYS": "90",
			}, environment["Watcher"])
			continue
		case "watch.json": // nobody waits for an answer to it
			assert.NotContains(t, string(text), "ResponseURL")
			continue
		}
		var event struct{ ResponseURL string }
		require.NoError(t, json.Unmarshal(text, &event), file)
		address, err := url.Parse(event.ResponseURL)
		require.NoError(t, err, file)
		assert.Equal(t, fmt.Sprintf("host.docker.internal:%d", answerPort), address.Host, file)
		assert.NotRegexp(t, `AKIA[A-Z0-9]{16}|(?i)"[^"]*(password|secretkey)": "[^"]{16,}"`, strings.ReplaceAll(string(text), "redis-cloud/console-password", ""), file)
	}
}

// It plays the events against the stand with the environment of sam local, but for the name of the
// host, which only containers know. The credentials are those of a person who has some.
func TestSamLocalInvokeIsServed(t *testing.T) {
	bootstrap, err := build(t.Context(), module, theFunction, t.TempDir())
	require.NoError(t, err)
	var shown bytes.Buffer
	inMemory, receiver := stand(&screen{out: &shown})
	cloud, answers, api := httptest.NewServer(inMemory), httptest.NewServer(receiver), newRuntimeAPI()
	defer cloud.Close()
	defer answers.Close()
	runtime := httptest.NewServer(api)
	defer runtime.Close()
	function, err := startFunction(t.Context(), bootstrap, runtime.Listener.Addr().String(), cloud.URL, "us-east-1",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=made-up", "AWS_SESSION_TOKEN=made-up", "AWS_SAM_LOCAL=true")
	require.NoError(t, err)
	defer function.stop()
	for _, name := range []string{"create", "rotate", "console-on", "delete"} {
		scenes, err := load([]string{filepath.Join(module, "events", name+".json")})
		require.NoError(t, err)
		address, err := url.Parse(scenes[0].text("ResponseURL"))
		require.NoError(t, err)
		payload := scenes[0].payload(answers.URL + address.RequestURI())
		shown.Reset()
		require.NoError(t, api.invoke(t.Context(), payload, function.died))
		assert.Contains(t, shown.String(), "SUCCESS", name)
		assert.NotContains(t, shown.String(), "✗", name)
	}
	assert.Contains(t, shown.String(), "DeleteUser")
}
