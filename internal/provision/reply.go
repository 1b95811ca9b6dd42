package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// brokenReplyError is the error of a call that AWS answered with status 200 and not with what it
// promises. Whether the call had its effect is not known. Such a call is not repeated.
type brokenReplyError struct{ is string }

func (e *brokenReplyError) Error() string {
	return "AWS answered with status 200 and a reply that " + e.is + ", so it is not known whether the call had its effect"
}

// wholeReplies makes a broken reply an error of every call of a client. Without it the SDK takes
// an empty body for an output without members: an entity that is nil, a user without access keys.
func wholeReplies(stack *middleware.Stack) error {
	return errors.Join(
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("WholeReply", wholeReply), middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("WholeOutput", wholeOutput), middleware.Before),
	)
}

// wholeReply reads a reply before the SDK does.
func wholeReply(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode != http.StatusOK {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case err != nil && ctx.Err() != nil:
		return out, metadata, &smithy.CanceledError{Err: ctx.Err()}
	case err != nil: // the connection broke: to the caller that is the same as a reply that never came
		return out, metadata, &smithyhttp.RequestSendError{Err: err}
	}
	if fault := faultOf(body, middleware.GetServiceID(ctx), middleware.GetOperationName(ctx)); fault != "" {
		return out, metadata, &brokenReplyError{fault}
	}
	return out, metadata, nil
}

// faultOf says what is wrong with the body of a reply, or "". Secrets Manager answers in JSON, IAM
// and STS in XML whose root is named after the call. It quotes nothing: there may be a secret in
// it.
func faultOf(body []byte, service, operation string) string {
	if service == secretsmanager.ServiceID {
		return faultOfJSON(body, operation)
	}
	return faultOfXML(body, operation)
}

func faultOfJSON(body []byte, operation string) string {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0 && (operation == "TagResource" || operation == "UntagResource"):
		// These two answer "with an empty HTTP body":
		// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
		return ""
	case len(body) == 0:
		return "is empty"
	case body[0] != '{' || !json.Valid(body):
		return "is no whole JSON object"
	}
	return ""
}

func faultOfXML(body []byte, operation string) string {
	decoder, root := xml.NewDecoder(bytes.NewReader(body)), ""
	for {
		token, err := decoder.Token()
		start, starts := token.(xml.StartElement)
		switch {
		case errors.Is(err, io.EOF) && root == "":
			return "is empty"
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return "is no whole XML document"
		case starts && root == "":
			if root = start.Name.Local; root != operation+"Response" {
				return "is not from AWS"
			}
		}
	}
}

// wholeOutput looks whether the output of a call has what this package takes out of it.
func wholeOutput(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	if err == nil {
		if member := lacking(out.Result); member != "" {
			err = &brokenReplyError{"lacks " + member}
		}
	}
	return out, metadata, err
}

// lacking names the member that an output must have and has not, or "".
func lacking(output any) string {
	member, has := "", true
	switch out := output.(type) {
	case *iam.GetPolicyOutput:
		member, has = "Policy", out.Policy != nil
	case *iam.GetPolicyVersionOutput:
		member, has = "PolicyVersion", out.PolicyVersion != nil
	case *iam.GetRoleOutput:
		member, has = "Role", out.Role != nil
	case *iam.GetInstanceProfileOutput:
		member, has = "InstanceProfile", out.InstanceProfile != nil
	case *iam.GetUserOutput:
		member, has = "User", out.User != nil
	case *iam.GetLoginProfileOutput:
		member, has = "LoginProfile", out.LoginProfile != nil
	case *iam.GetAccessKeyLastUsedOutput: // without it a key that is in use would count as never used
		member, has = "AccessKeyLastUsed", out.AccessKeyLastUsed != nil
	case *iam.CreateAccessKeyOutput:
		key := out.AccessKey
		member, has = "AccessKey", key != nil && aws.ToString(key.AccessKeyId) != "" && aws.ToString(key.SecretAccessKey) != ""
	case *secretsmanager.DescribeSecretOutput:
		member, has = "ARN", out.ARN != nil && out.Name != nil
	case *secretsmanager.CreateSecretOutput:
		member, has = "ARN", out.ARN != nil
	}
	if has {
		return ""
	}
	return member
}
