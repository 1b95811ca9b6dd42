package main

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/aws/aws-lambda-go/cfn"
)

// receiver is CloudFormation as it takes answers: a presigned URL that a function PUTs one answer
// to.
type receiver struct{ record[delivery] }

func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	r.add(delivered(request))
}

// delivery is an answer as it came.
type delivery struct {
	cfn.Response
	body  string
	fault string // what is wrong with how it came, or ""
}

func delivered(request *http.Request) (d delivery) {
	const most = 4096
	body, _ := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	d.body = string(body)
	switch {
	case request.Method != http.MethodPut:
		d.fault = "the answer came by " + request.Method + " and not by PUT"
	case request.Header.Get("Content-Type") != "":
		d.fault = "the answer had a Content-Type, which the signature of the URL does not cover"
	case len(body) > most:
		d.fault = "the answer had more than 4,096 bytes"
	case json.Unmarshal(body, &d.Response) != nil:
		d.fault = "the answer was not JSON"
	}
	return d
}
