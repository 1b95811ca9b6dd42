package moto

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Forward sends the calls to another emulator.
//
// One call that every Delete makes is unknown to the best of them, moto: it answers 500. Where that
// happens the answer is an empty list, since nothing can have made such a credential there.
func Forward(endpoint string) (http.Handler, error) {
	target, err := url.Parse(endpoint)
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL %q is not the URL of an emulator, such as http://127.0.0.1:5000", endpoint)
	}
	const (
		unknown = "ListServiceSpecificCredentials"
		none    = "<" + unknown + "Response><" + unknown + "Result><ServiceSpecificCredentials/></" + unknown + "Result></" + unknown + "Response>"
	)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = cmp.Or(r.In.Host, target.Host)
	}}
	emptyList := *proxy
	emptyList.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode < http.StatusInternalServerError {
			return nil
		}
		_ = r.Body.Close()
		r.StatusCode, r.Header = http.StatusOK, http.Header{"Content-Type": {"text/xml"}}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(none))), int64(len(none))
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch action, err := Action(r); {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case action == unknown:
			emptyList.ServeHTTP(w, r)
		default:
			proxy.ServeHTTP(w, r)
		}
	}), nil
}

// Action is the operation of a call to AWS, in the query protocol or the JSON protocol. The call's
// body can be read again.
func Action(r *http.Request) (string, error) {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("read the request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "unknown", nil //nolint:nilerr // another protocol
	}
	return form.Get("Action"), nil
}
