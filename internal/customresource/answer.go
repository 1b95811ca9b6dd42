package customresource

import (
	"cmp"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
)

// outcome is how a request ended: with a failure, or if that is empty, well.
type outcome struct {
	answer  Answer
	failure string
}

// respond writes the answer to a request. own is the resource's PhysicalID for it.
//
// A Create makes a new physical resource, even where it fails: CloudFormation deletes that one
// next. An Update does so only where it succeeds: a new ID in a failed one would have
// CloudFormation delete it, and take the old one for lost. A Delete never does.
func respond(r Request, own string, o outcome) cfn.Response {
	id := cmp.Or(r.PhysicalResourceID, own)
	if r.Type == cfn.RequestCreate || r.Type == cfn.RequestUpdate && o.failure == "" {
		id = cmp.Or(clipID(o.answer.PhysicalResourceID), own)
	}
	response := cfn.Response{
		StackID:            r.StackID,
		RequestID:          r.RequestID,
		LogicalResourceID:  r.LogicalResourceID,
		PhysicalResourceID: id,
	}
	if o.failure != "" {
		response.Status, response.Reason = cfn.StatusFailed, o.failure
		return response
	}
	response.Status, response.Reason = cfn.StatusSuccess, o.answer.Reason
	response.Data = make(map[string]any, len(o.answer.Data))
	for key, value := range o.answer.Data {
		response.Data[key] = value
	}
	return response
}

// clipID cuts a physical resource ID to the length that CloudFormation takes. A mark where it was
// cut would be of no use: nobody reads on.
func clipID(id string) string {
	return prefix(strings.ToValidUTF8(id, "\uFFFD"), maxPhysicalID, maxPhysicalIDJSON)
}
