package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/cfn"
)

// receiver is CloudFormation as it takes answers: a presigned URL that a function PUTs one answer
// to.
type receiver struct {
	mu      sync.Mutex
	bodies  []string
	faults  []string
	answers []cfn.Response
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	const most = 4096
	body, _ := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	r.mu.Lock()
	defer r.mu.Unlock()
	var answer cfn.Response
	switch {
	case request.Method != http.MethodPut:
		r.faults = append(r.faults, "the answer came by "+request.Method+" and not by PUT")
	case request.Header.Get("Content-Type") != "":
		r.faults = append(r.faults, "the answer had a Content-Type, which the signature of the URL does not cover")
	case len(body) > most:
		r.faults = append(r.faults, "the answer had more than 4,096 bytes")
	case json.Unmarshal(body, &answer) != nil:
		r.faults = append(r.faults, "the answer was not JSON")
	}
	r.bodies = append(r.bodies, string(body))
	r.answers = append(r.answers, answer)
	w.WriteHeader(http.StatusOK)
}

// take returns what has come since the last take.
func (r *receiver) take() (answers []cfn.Response, bodies, faults []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answers, bodies, faults = r.answers, r.bodies, r.faults
	r.answers, r.bodies, r.faults = nil, nil, nil
	return answers, bodies, faults
}
