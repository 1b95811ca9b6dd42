package localaws

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxSkew is how far a request's date may be from the present.
const maxSkew = 15 * time.Minute

// signer returns the credentials that a request was signed with, by Signature Version 4. Their
// proof recomputes the signature.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
func signer(ctx context.Context, r *http.Request, body []byte) (claim, error) {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return claim{}, refuse("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		given[name] = value
	}
	scope := strings.Split(given["Credential"], "/") // key ID, date, Region, service, aws4_request
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if len(scope) != 5 || err != nil {
		return claim{}, refuse("IncompleteSignature", "The request signature does not conform to AWS standards.")
	}
	return claim{id: scope[0], region: scope[2], proof: func(secret string) bool {
		if time.Since(date).Abs() > maxSkew {
			return false
		}
		signed := onlySigned(ctx, r, strings.Split(given["SignedHeaders"], ";"))
		key := aws.Credentials{AccessKeyID: scope[0], SecretAccessKey: secret}
		digest := sha256.Sum256(body)
		if v4.NewSigner().SignHTTP(ctx, key, signed, hex.EncodeToString(digest[:]), scope[3], scope[2], date) != nil {
			return false
		}
		_, signature, _ := strings.Cut(signed.Header.Get("Authorization"), "Signature=")
		return subtle.ConstantTimeCompare([]byte(signature), []byte(given["Signature"])) == 1
	}}, nil
}

// onlySigned copies a request with those of its headers that were signed.
func onlySigned(ctx context.Context, r *http.Request, names []string) *http.Request {
	signed := r.Clone(ctx)
	signed.Header = http.Header{}
	for _, name := range names {
		if values := r.Header.Values(name); len(values) > 0 && name != "host" {
			signed.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if !slices.Contains(names, "content-length") {
		signed.ContentLength = 0
	}
	signed.URL.Host = r.Host
	signed.Body = http.NoBody
	return signed
}
