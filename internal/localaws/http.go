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
)

const maxBody = 1 << 20

// queryService tells the service of the query protocol by the API version that a request names, and
// the namespace of its answers.
func queryService(version string) (service, namespace string) {
	switch version {
	case "2010-05-08":
		return "iam", "https://iam.amazonaws.com/doc/2010-05-08/"
	case "2011-06-15":
		return "sts", "https://sts.amazonaws.com/doc/2011-06-15/"
	case "2010-03-31":
		return "sns", "http://sns.amazonaws.com/doc/2010-03-31/"
	}
	return "", ""
}

// ServeHTTP answers as the endpoints of all services do, at one address. IAM, STS and SNS take
// forms and answer XML (the AWS query protocol), Secrets Manager and CloudWatch Logs take and
// answer JSON (version 1.1, X-Amz-Target).
//
// Requests signed with a user's access key have their signature verified; other credentials are
// taken at their word. A reply that a [Fault] loses ends the connection.
//
// See https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	exchange, err := a.receive(r.Context(), w, r)
	status, body := http.StatusOK, []byte(nil)
	if err == nil {
		body, err = exchange.perform(r.Context())
	}
	if errors.Is(err, errReplyLost) || errors.Is(err, errCanceled) || r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client sees its connection end
	}
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			refused = &refusal{"InternalFailure", err.Error()}
		}
		status, body = httpStatus(refused.code), exchange.protocol.refuse(refused)
	}
	w.Header().Set("X-Amzn-Requestid", uuid())
	w.Header().Set("Content-Type", exchange.protocol.contentType())
	w.WriteHeader(status)
	_, _ = w.Write(body) // when it fails, there is no client any more
}

// protocol is how a service's requests and answers are written.
type protocol interface {
	// decode reads a request's parameters into an SDK input.
	decode(in reflect.Value) error
	// answer writes an SDK output.
	answer(op operation, out reflect.Value) []byte
	// refuse writes an error.
	refuse(err *refusal) []byte
	// contentType is that of both.
	contentType() string
}

// exchange is one request on its way to its effect.
type exchange struct {
	operation
	account  *Account
	protocol protocol
	caller   claim
}

// receive reads a request up to its action and its credentials. The exchange that it returns can
// always refuse.
func (a *Account) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (*exchange, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	e := &exchange{account: a, protocol: &queryProtocol{}}
	prefix, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	service, isJSON := map[string]string{"secretsmanager": "secretsmanager", "Logs_20140328": "logs"}[prefix]
	if isJSON {
		e.operation, e.protocol = operation{service, target}, &jsonProtocol{body}
	}
	switch {
	case r.Method != http.MethodPost:
		return e, refuse("InvalidRequest", "Only POST is supported, not %s.", r.Method)
	case err != nil:
		return e, refuse("RequestEntityTooLarge", "The request could not be read, or is longer than %d bytes.", maxBody)
	case !isJSON:
		if err := e.readForm(r, body); err != nil {
			return e, err
		}
	}
	e.caller, err = signer(ctx, r, body)
	return e, err
}

func (e *exchange) readForm(r *http.Request, body []byte) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return refuse("MalformedInput", "The body must be a form.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return refuse("MalformedQueryString", "The form cannot be read.")
	}
	service, namespace := queryService(form.Get("Version"))
	e.operation, e.protocol = operation{service, form.Get("Action")}, &queryProtocol{form, namespace}
	if e.service == "" {
		return refuse("NoSuchVersion", "The requested version (%s) of the API is not known.", form.Get("Version"))
	}
	return nil
}

// perform gives the request to the operation that it names.
func (e *exchange) perform(ctx context.Context) ([]byte, error) {
	input, _, ok := e.api()
	if !ok || e.account.models[e.service][e.action] == nil {
		return nil, e.refuse("InvalidAction", "Could not find operation %s.", e.action)
	}
	in := reflect.New(input).Elem()
	if err := e.protocol.decode(in); err != nil {
		return nil, err
	}
	out, kept, err := e.account.call(ctx, e.caller, e.operation, fields{in})
	if err != nil {
		return nil, err
	}
	return kept(e.protocol.answer(e.operation, out)), nil
}
