package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"time"

	"redis-cloud-iam/internal/localaws"
	"redis-cloud-iam/internal/moto"
)

// meter stands before an AWS, in memory or another emulator, and records the calls: of each, its
// action, its times and the status of its error.
type meter struct {
	record[localaws.Call]
	next    http.Handler
	latency time.Duration
	told    func(localaws.Call) // of each call, from many goroutines; nil for nobody
}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	action, err := moto.Action(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	time.Sleep(m.latency)
	reply := httptest.NewRecorder()
	m.next.ServeHTTP(reply, r)
	call := localaws.Call{Action: action, Start: start, End: time.Now()}
	if reply.Code >= http.StatusBadRequest {
		call.Error = strconv.Itoa(reply.Code)
	}
	m.add(call)
	if m.told != nil {
		m.told(call)
	}
	maps.Copy(w.Header(), reply.Header())
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body.Bytes())
}

// changes counts the calls that do not only read.
func changes(calls []localaws.Call) (n int) {
	for _, c := range calls {
		if !isRead(c.Action) {
			n++
		}
	}
	return n
}

func isRead(action string) bool {
	return regexp.MustCompile(`^(Get|List|Describe|Filter)`).MatchString(action)
}
