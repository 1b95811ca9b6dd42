// Package customresource speaks the protocol between CloudFormation and a Lambda function behind a
// custom resource. It knows nothing of what the resource is.
//
// What it promises:
//
//   - Every event with a usable ResponseURL gets exactly one answer: on success, error
//     and panic, for an event that makes no sense, and before Lambda's deadline.
//   - Each answer is valid: it fits, it has a physical resource ID, and a reason if it failed.
//   - An answer that could not be delivered is an error to Lambda, which then sends the
//     event again. One that was delivered never is, so that no second answer follows.
//   - The ResponseURL, which is a capability, is in no log line, error or [Request].
//
// Source: "Custom resource request objects" and "Custom resource response objects",
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html.
package customresource

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
)

// Resource is what the protocol needs of a custom resource.
//
// The same event may come more than once, and Provision may be stopped anywhere: it must go on from
// whatever is already there, and Delete must meet what is absent as success.
type Resource interface {
	// PhysicalID names the resource that a Create or Update of this request would make. It is pure,
	// is asked before any side effect, and does not fail. Of a longer ID the first 1,024 bytes are
	// used.
	PhysicalID(Request) string

	// Provision carries the request out. The text of its error is shown to people and logged, so it
	// holds no secret. ctx ends well before Lambda's deadline; Provision then has a second and a
	// half to clean up and return, or it is abandoned. It never runs twice at the same time.
	Provision(ctx context.Context, r Request) (Answer, error)
}

// Answer is what a successful Provision says.
type Answer struct {
	// PhysicalResourceID replaces [Resource.PhysicalID] in the answer to a Create, and to an Update
	// that succeeded; to CloudFormation a new one is a replacement, and it will delete the old one.
	// Empty means PhysicalID. A Delete, or an Update that failed, cannot change it.
	PhysicalResourceID string

	// Data is what Fn::GetAtt reads. It is not sent with a failure, and never holds a secret.
	Data map[string]string

	// Reason is an optional remark for people.
	Reason string
}

// Handler makes a Lambda handler of a resource, which delivers its answers by transport; nil is the
// one to use in Lambda. Its Invoke returns nil once CloudFormation has the answer, whatever that
// says, and an error if there was nobody to answer or the answer could not be delivered.
func Handler(resource Resource, log *slog.Logger, transport http.RoundTripper) lambda.Handler {
	if transport == nil {
		// Lambda freezes the process between two events, and a connection kept that long is dead.
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	}
	return &handler{resource: resource, transport: transport, log: log, busy: make(chan struct{}, 1)}
}
