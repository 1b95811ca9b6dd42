package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// runtimeAPI is Lambda as its functions see it: they ask for the next event and post what became of it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	*http.ServeMux
	invocations chan []byte
	outcomes    chan error // nil for a response
}

// timeout is the function's in template.yaml. The watcher has more.
const timeout = 5 * time.Minute

func newRuntimeAPI() *runtimeAPI {
	const root = "/2018-06-01/runtime/"
	api := &runtimeAPI{ServeMux: http.NewServeMux(), invocations: make(chan []byte), outcomes: make(chan error, 1)}
	api.HandleFunc("GET "+root+"invocation/next", api.next)
	api.HandleFunc("POST "+root+"invocation/{id}/response", api.post(false))
	api.HandleFunc("POST "+root+"invocation/{id}/error", api.post(true))
	api.HandleFunc("POST "+root+"init/error", api.post(true))
	return api
}

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case payload := <-api.invocations:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "local-"+rand.Text())
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(timeout).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:local")
		_, _ = w.Write(payload)
	}
}

func (api *runtimeAPI) post(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var outcome error
		if body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)); failed {
			outcome = errors.New(strings.TrimSpace(string(body)))
		}
		select {
		case api.outcomes <- outcome:
		default:
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// invoke gives the function an event, as an asynchronous invocation: where the function returns an error,
// Lambda runs it again, twice.
func (api *runtimeAPI) invoke(ctx context.Context, payload []byte, died <-chan struct{}) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		select {
		case api.invocations <- payload:
		case <-died:
			return fmt.Errorf("the function ended")
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case err := <-api.outcomes:
			if err == nil {
				return nil
			}
			if attempt == attempts {
				return fmt.Errorf("the function returned an error %d times: %w", attempts, err)
			}
		case <-died:
			return fmt.Errorf("the function ended in the middle of an event")
		case <-time.After(timeout + time.Second):
			return fmt.Errorf("the function did not end within its timeout of %v", timeout)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
