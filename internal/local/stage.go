package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"redis-cloud-iam/internal/localaws"
)

// stage is all that a function needs around it, on this machine alone: an AWS behind a meter,
// CloudFormation's receiver, and Lambda.
type stage struct {
	meter    *meter
	receiver *receiver
	api      *runtimeAPI
	function *function

	cloudURL  string // without the meter
	answerURL string // of the receiver
	servers   []*httptest.Server
}

// newStage starts a built function, with more variables of its environment if there are any.
func newStage(ctx context.Context, bootstrap string, cloud http.Handler, latency time.Duration, region string, more ...string) (*stage, error) {
	s := &stage{meter: &meter{next: cloud, latency: latency}, receiver: &receiver{}, api: newRuntimeAPI()}
	serve := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		s.servers = append(s.servers, server)
		return server.URL
	}
	s.cloudURL, s.answerURL = serve(cloud), serve(s.receiver)
	var err error
	s.function, err = startFunction(ctx, bootstrap, serve(s.api), serve(s.meter), region, more...)
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *stage) stop() {
	if s.function != nil {
		s.function.stop()
	}
	for _, server := range s.servers {
		server.Close()
	}
}

// act is what the function did with one event.
type act struct {
	began   time.Time
	took    time.Duration
	calls   []localaws.Call
	answers []delivery
	logs    []string
	err     error // what Lambda says
}

// answer is the first answer, or an empty one if none came.
func (a act) answer() cfn.Response {
	if len(a.answers) == 0 {
		return cfn.Response{}
	}
	return a.answers[0].Response
}

// play gives the function the event of a scene.
func (s *stage) play(ctx context.Context, scene scene) act {
	return s.invoke(ctx, scene.payload(s.answerURL+"/answer?X-Amz-Signature=local%2Fsignature"))
}

func (s *stage) invoke(ctx context.Context, payload []byte) (a act) {
	a.began = time.Now()
	a.err = s.api.invoke(ctx, payload, s.function.died)
	a.took = time.Since(a.began)
	a.calls, a.logs, a.answers = s.meter.take(), s.function.take(), s.receiver.take()
	return a
}
