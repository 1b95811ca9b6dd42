package customresource

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// Request is one event. It is decoded so tolerantly that every event with a usable ResponseURL can
// be answered: a string that is absent, of another type or longer than CloudFormation could send is
// empty here. The ResponseURL itself is not part of it.
type Request struct {
	Type               cfn.RequestType // Create, Update or Delete
	RequestID          string
	StackID            string // an ARN
	ResourceType       string // such as Custom::Thing
	LogicalResourceID  string
	PhysicalResourceID string // at most 1,024 bytes; empty in a Create

	// Sent is when CloudFormation sent the event, to the second; zero if that is not known. A
	// request is not carried out if a newer one of the same resource has begun.
	Sent time.Time

	// ResourceProperties and OldResourceProperties as they were sent, of any JSON shape; nil if
	// they were not. A Resource checks them.
	Properties, OldProperties json.RawMessage
}

// LogValue is the request's identifiers and no more: properties may hold anything.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("type", string(r.Type)),
		slog.String("requestId", r.RequestID),
		slog.String("stackId", r.StackID),
		slog.String("logicalResourceId", r.LogicalResourceID),
		slog.String("physicalResourceId", r.PhysicalResourceID),
	)
}

// An answer must have room for the identifiers that it echoes, however they are escaped.
// CloudFormation's own are far shorter than this: a stack ARN has some 250 bytes, a logical ID at
// most 255, a request ID 36.
const (
	maxIdentifierJSON = 512               // bytes, written as JSON
	maxPhysicalID     = 1024              // bytes, "Custom resource response objects"
	maxPhysicalIDJSON = 2 * maxPhysicalID // bytes, written as JSON
)

// decode reads an event and the URL that its answer goes to. The request shares no memory with the
// payload, whose buffer Lambda's runtime may use again. No error quotes the event, since a part of
// it might be the signed URL.
func decode(payload []byte) (Request, *url.URL, error) {
	var fields map[string]json.RawMessage // not a struct: names that differ by case are other names
	if err := json.Unmarshal(payload, &fields); err != nil {
		return Request{}, nil, errors.New("decode the event: it is not a JSON object")
	}
	to, err := url.Parse(text(fields["ResponseURL"]))
	if err != nil || to.Scheme != "https" && to.Scheme != "http" || to.Hostname() == "" {
		return Request{}, nil, errors.New("decode the event: it has no usable ResponseURL, so there is nobody to answer")
	}
	r := Request{
		Type:               cfn.RequestType(identifier(fields["RequestType"])),
		RequestID:          identifier(fields["RequestId"]),
		StackID:            identifier(fields["StackId"]),
		ResourceType:       identifier(fields["ResourceType"]),
		LogicalResourceID:  identifier(fields["LogicalResourceId"]),
		PhysicalResourceID: text(fields["PhysicalResourceId"]),
		Sent:               sentAt(to),
		Properties:         fields["ResourceProperties"],
		OldProperties:      fields["OldResourceProperties"],
	}
	if clipID(r.PhysicalResourceID) != r.PhysicalResourceID {
		r.PhysicalResourceID = ""
	}
	return r, to, nil
}

// identifier is the string that raw holds, or "" if it is none or too long to echo.
func identifier(raw json.RawMessage) string {
	s := text(raw)
	if prefix(s, len(s), maxIdentifierJSON) != s {
		return ""
	}
	return s
}

// text is the string that raw holds, or "" if it is none.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// faults says everything that keeps the request from being carried out, or nothing.
func (r Request) faults() string {
	var faults, missing []string
	if !slices.Contains([]cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete}, r.Type) {
		faults = append(faults, fmt.Sprintf("its RequestType %q is none of Create, Update and Delete", r.Type))
	}
	for _, id := range [][2]string{{"StackId", r.StackID}, {"RequestId", r.RequestID}, {"LogicalResourceId", r.LogicalResourceID}} {
		if id[1] == "" {
			missing = append(missing, id[0])
		}
	}
	if len(missing) > 0 {
		faults = append(faults, "it has no usable "+strings.Join(missing, ", "))
	}
	if len(faults) == 0 {
		return ""
	}
	return "this is not an event of CloudFormation, and nothing was done: " + strings.Join(faults, "; ")
}
