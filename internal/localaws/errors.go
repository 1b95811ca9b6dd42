package localaws

import (
	"cmp"
	"fmt"
	"net/http"
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
	accessDenied    = "AccessDenied"
	validationError = "ValidationError"
	throttling      = "Throttling"
	serverError     = "ServerError" // which every service calls by another name

	resourceNotFound = "ResourceNotFoundException"
	resourceExists   = "ResourceExistsException"
	invalidParameter = "InvalidParameterException"
	invalidRequest   = "InvalidRequestException"
)

// refuse returns an error with the code that the operation's service has in the place of this one.
func (o operation) refuse(code, format string, args ...any) error {
	own := map[string]map[string]string{
		accessDenied:            {"secretsmanager": "AccessDeniedException", "logs": "AccessDeniedException"},
		"InvalidAction":         {"secretsmanager": "UnknownOperationException", "logs": "UnknownOperationException"},
		"InvalidClientTokenId":  {"secretsmanager": "UnrecognizedClientException", "logs": "UnrecognizedClientException"},
		"SignatureDoesNotMatch": {"secretsmanager": "InvalidSignatureException", "logs": "InvalidSignatureException"},
		throttling:              {"secretsmanager": "ThrottlingException", "logs": "ThrottlingException", "sns": "Throttled"},
		"InvalidMarker":         {"iam": validationError, "secretsmanager": "InvalidNextTokenException", "logs": invalidParameter},
		validationError:         {"secretsmanager": "ValidationException", "logs": invalidParameter},
		malformedPolicy:         {"secretsmanager": "MalformedPolicyDocumentException"},
		invalidInput:            {"secretsmanager": invalidParameter},
		limitExceeded:           {"secretsmanager": invalidParameter}, // of tags
		serverError: {
			"iam": "ServiceFailure", "secretsmanager": "InternalServiceError", "sts": "InternalFailure",
			"sns": "InternalError", "logs": "ServiceUnavailableException",
		},
	}
	return refuse(cmp.Or(own[code][o.service], code), format, args...)
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
