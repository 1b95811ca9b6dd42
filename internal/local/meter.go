package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// meter stands before an AWS, in memory or another emulator, and counts.
type meter struct {
	next    http.Handler
	latency time.Duration

	mu    sync.Mutex
	calls []call
}

// call is one call to AWS.
type call struct {
	action     string
	start, end time.Time
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
	m.next.ServeHTTP(w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call{action(r, body), start, time.Now()})
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
func (m *meter) take() []call {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

// roundTrips is the length of the longest chain of calls each of which began after the one before ended.
func roundTrips(calls []call) int {
	byEnd := slices.SortedFunc(slices.Values(calls), func(a, b call) int { return a.end.Compare(b.end) })
	var last time.Time
	trips := 0
	for _, c := range byEnd {
		if !c.start.Before(last) {
			trips++
			last = c.end
		}
	}
	return trips
}

// kinds counts the calls that read and those that change something.
func kinds(calls []call) (reads, writes int) {
	for _, c := range calls {
		if strings.HasPrefix(c.action, "Get") || strings.HasPrefix(c.action, "List") || strings.HasPrefix(c.action, "Describe") {
			reads++
		} else {
			writes++
		}
	}
	return reads, writes
}
