package localaws

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
)

const maxBody = 1 << 20

// queryService tells the service of the query protocol by the API version that a request names.
func queryService(version string) string {
	switch version {
	case "2010-05-08":
		return "iam"
	case "2011-06-15":
		return "sts"
	}
	return ""
}

// ServeHTTP answers as the endpoints of IAM, STS and Secrets Manager do, all at one address. IAM and STS take forms and answer
// XML (the AWS query protocol), Secrets Manager takes and answers JSON (version 1.1, X-Amz-Target).
//
// Requests signed with a user's access key have their signature verified; other credentials are taken at their
// word. A reply that a [Fault] loses ends the connection.
//
// See https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", uuid())
	exchange, err := a.receive(r.Context(), w, r)
	if err == nil {
		var out any
		reply := &broken{ResponseWriter: w}
		if out, err = exchange.perform(context.WithValue(r.Context(), brokenKey{}, reply)); err == nil {
			exchange.protocol.answer(reply, exchange.operation, out)
			return
		}
	}
	if lostReply(err) || r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client sees its connection end
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		api = &smithy.GenericAPIError{Code: "InternalFailure", Message: err.Error(), Fault: smithy.FaultServer}
	}
	exchange.protocol.refuse(w, api)
}

// protocol is how a service's requests and answers are written.
type protocol interface {
	// decode reads a request's parameters into an SDK input.
	decode(in reflect.Value) error
	// answer writes an SDK output.
	answer(w http.ResponseWriter, op operation, out any)
	// refuse writes an error.
	refuse(w http.ResponseWriter, err smithy.APIError)
	// unknown is the error for an action that the service does not have.
	unknown(action string) error
}

// exchange is one request on its way to the typed front.
type exchange struct {
	operation
	protocol protocol
	front    front
}

// receive reads a request up to its action and its credentials. The exchange it returns can always refuse.
func (a *Account) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (*exchange, error) {
	e := &exchange{protocol: &queryProtocol{}, front: front{account: a}}
	target, isJSON := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	if isJSON {
		e.operation = operation{"secretsmanager", target}
		e.protocol = &jsonProtocol{}
	}
	if r.Method != http.MethodPost {
		return e, apiError("InvalidRequest", "Only POST is supported, not %s.", r.Method)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return e, apiError("RequestEntityTooLarge", "The request could not be read, or is longer than %d bytes.", maxBody)
	}
	if isJSON {
		e.protocol = &jsonProtocol{body}
	} else if err := e.readForm(r, body); err != nil {
		return e, err
	}
	e.front.caller, err = signer(ctx, r, body)
	return e, err
}

func (e *exchange) readForm(r *http.Request, body []byte) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return apiError("MalformedInput", "The body must be a form.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return apiError("MalformedQueryString", "The form cannot be read.")
	}
	e.operation = operation{queryService(form.Get("Version")), form.Get("Action")}
	e.protocol = &queryProtocol{form}
	if e.service == "" {
		return apiError("NoSuchVersion", "The requested version (%s) of the API is not known.", form.Get("Version"))
	}
	return nil
}

// perform hands the request to the method of the typed front that bears the action's name.
func (e *exchange) perform(ctx context.Context) (any, error) {
	var service any
	switch e.service {
	case "iam":
		service = &IAM{e.front}
	case "sts":
		service = &STS{e.front}
	default:
		service = &SecretsManager{e.front}
	}
	method := reflect.ValueOf(service).MethodByName(e.action)
	if !method.IsValid() {
		return nil, e.protocol.unknown(e.action)
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := e.protocol.decode(in.Elem()); err != nil {
		return nil, err
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	err, _ := reflect.TypeAssert[error](results[1])
	return results[0].Interface(), err
}
