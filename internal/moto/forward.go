package moto

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
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
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(w, "read the request", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == unknown {
			emptyList.ServeHTTP(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}), nil
}
