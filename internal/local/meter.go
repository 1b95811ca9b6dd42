package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"redis-cloud-iam/internal/localaws"
)

// meter stands before an AWS, in memory or another emulator, and counts.
type meter struct {
	next    http.Handler
	latency time.Duration
	told    func(action string, status int) // of each call, one at a time; nil for nobody

	mu    sync.Mutex
	calls []localaws.Call // of which the action, the times and an error's status are known
}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, "read the request", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	time.Sleep(m.latency)
	reply := &status{ResponseWriter: w, code: http.StatusOK}
	m.next.ServeHTTP(reply, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	call := localaws.Call{Action: action(r, body), Start: start, End: time.Now()}
	if reply.code >= http.StatusBadRequest {
		call.Error = strconv.Itoa(reply.code)
	}
	m.calls = append(m.calls, call)
	if m.told != nil {
		m.told(action(r, body), reply.code)
	}
}

// status remembers the status of a reply.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements [http.ResponseWriter].
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// action is the operation of a request: of the query protocol, or of the JSON protocol.
func action(r *http.Request, body []byte) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "unknown"
	}
	return form.Get("Action")
}

// take returns the calls since the last take.
func (m *meter) take() []localaws.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

// kinds counts the calls that read and those that change something.
func kinds(calls []localaws.Call) (reads, writes int) {
	for _, c := range calls {
		if isRead(c.Action) {
			reads++
		} else {
			writes++
		}
	}
	return reads, writes
}

func isRead(action string) bool {
	return regexp.MustCompile(`^(Get|List|Describe|Filter)`).MatchString(action)
}
