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

	cloud, metered, answers, lambda *httptest.Server
}

func newStage(ctx context.Context, bootstrap string, cloud http.Handler, latency time.Duration, region string) (*stage, error) {
	s := &stage{meter: &meter{next: cloud, latency: latency}, receiver: &receiver{}, api: newRuntimeAPI()}
	s.cloud, s.metered = httptest.NewServer(cloud), httptest.NewServer(s.meter)
	s.answers, s.lambda = httptest.NewServer(s.receiver), httptest.NewServer(s.api)
	var err error
	s.function, err = startFunction(ctx, bootstrap, s.lambda.Listener.Addr().String(), s.metered.URL, region)
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
	for _, server := range []*httptest.Server{s.cloud, s.metered, s.answers, s.lambda} {
		server.Close()
	}
}

// act is what the function did with one event.
type act struct {
	began                time.Time
	took                 time.Duration
	calls                []localaws.Call
	answers              []cfn.Response
	logs, bodies, faults []string
	err                  error // what Lambda says
}

// answer is the first answer, or an empty one if none came.
func (a act) answer() cfn.Response {
	if len(a.answers) == 0 {
		return cfn.Response{}
	}
	return a.answers[0]
}

// invoke gives the function the event of a scene.
func (s *stage) invoke(ctx context.Context, scene scene) (a act, err error) {
	const timeout = 5 * time.Minute
	payload, err := scene.payload(s.answers.URL + "/answer?X-Amz-Signature=local%2Fsignature")
	if err != nil {
		return a, err
	}
	a.began = time.Now()
	a.err = s.api.invoke(ctx, payload, timeout, s.function.died)
	a.took = time.Since(a.began)
	a.calls, a.logs = s.meter.take(), s.function.take()
	a.answers, a.bodies, a.faults = s.receiver.take()
	return a, ctx.Err()
}
