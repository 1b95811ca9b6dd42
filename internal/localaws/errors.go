package localaws

import (
	"fmt"
	"net/http"
	"strings"
)

// refusal is an error that a service answers with. The SDK's clients know their own types by its
// code.
type refusal struct{ code, text string }

func (r *refusal) Error() string { return r.code + ": " + r.text }

func refuse(code, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// Codes that IAM and Secrets Manager answer with in many places.
const (
	noSuchEntity    = "NoSuchEntity"
	entityExists    = "EntityAlreadyExists"
	deleteConflict  = "DeleteConflict"
	limitExceeded   = "LimitExceeded"
	invalidInput    = "InvalidInput"
	malformedPolicy = "MalformedPolicyDocument"

	resourceNotFound = "ResourceNotFoundException"
	resourceExists   = "ResourceExistsException"
	invalidParameter = "InvalidParameterException"
	invalidRequest   = "InvalidRequestException"
)

// Every service has its own code for what the others call by another name.

func accessDenied(service, format string, args ...any) error {
	return refuse(either(service, "AccessDeniedException", "AccessDenied"), format, args...)
}

func invalidToken(service string) error {
	return refuse(either(service, "UnrecognizedClientException", "InvalidClientTokenId"),
		"The security token included in the request is invalid.")
}

func badSignature(service string) error {
	return refuse(either(service, "InvalidSignatureException", "SignatureDoesNotMatch"),
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
}

// validationError reports parameters that break their constraints, all of them at once.
func validationError(service string, faults []string) error {
	plural := ""
	if len(faults) > 1 {
		plural = "s"
	}
	code := either(service, "ValidationException", "ValidationError")
	if service == "logs" {
		code = invalidParameter
	}
	return refuse(code, "%d validation error%s detected: %s",
		len(faults), plural, strings.Join(faults, "; "))
}

// either returns what the services that speak JSON call something, or what the others call it.
func either(service, ofJSON, others string) string {
	if service == "secretsmanager" || service == "logs" {
		return ofJSON
	}
	return others
}

// httpStatus returns the status that goes with an error code on the wire.
func httpStatus(code string) int {
	switch code {
	case "NoSuchEntity", "NotSupportedService", "NotFound":
		return http.StatusNotFound
	case "EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "ConcurrentModification",
		"EntityTemporarilyUnmodifiable", "DuplicateCertificate":
		return http.StatusConflict
	case "AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken", "InvalidAuthenticationCode", "AuthorizationError":
		return http.StatusForbidden
	case "ServiceFailure", "InternalServiceError", "InternalFailure", "InternalError":
		return http.StatusInternalServerError
	case "Throttled":
		return http.StatusTooManyRequests
	case "ServiceUnavailable", "ServiceUnavailableException":
		return http.StatusServiceUnavailable
	case "RequestEntityTooLarge":
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
