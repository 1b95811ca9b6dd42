package localaws

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// apiError returns an error that the SDK does not model: it knows it by its code.
func apiError(code, format string, args ...any) error {
	fault := smithy.FaultClient
	if httpStatus(code) >= 500 {
		fault = smithy.FaultServer
	}
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: fault}
}

func message(format string, args []any) *string { return aws.String(fmt.Sprintf(format, args...)) }

func noSuchEntity(format string, args ...any) error {
	return &iamtypes.NoSuchEntityException{Message: message(format, args)}
}

func entityExists(format string, args ...any) error {
	return &iamtypes.EntityAlreadyExistsException{Message: message(format, args)}
}

func deleteConflict(format string, args ...any) error {
	return &iamtypes.DeleteConflictException{Message: message(format, args)}
}

func limitExceeded(format string, args ...any) error {
	return &iamtypes.LimitExceededException{Message: message(format, args)}
}

func invalidInput(format string, args ...any) error {
	return &iamtypes.InvalidInputException{Message: message(format, args)}
}

func malformedPolicy(format string, args ...any) error {
	return &iamtypes.MalformedPolicyDocumentException{Message: message(format, args)}
}

func resourceNotFound(format string, args ...any) error {
	return &secrettypes.ResourceNotFoundException{Message: message(format, args)}
}

func resourceExists(format string, args ...any) error {
	return &secrettypes.ResourceExistsException{Message: message(format, args)}
}

func invalidParameter(format string, args ...any) error {
	return &secrettypes.InvalidParameterException{Message: message(format, args)}
}

func invalidRequest(text string) error {
	return &secrettypes.InvalidRequestException{Message: &text}
}

// namedError returns the error of a service with the given code: the SDK's type where a test may want to meet
// it, else the generic one.
func namedError(service, code string) error {
	text := aws.String("Injected fault: " + code + ".")
	switch service + " " + code {
	case "iam ServiceFailure":
		return &iamtypes.ServiceFailureException{Message: text}
	case "iam ConcurrentModification":
		return &iamtypes.ConcurrentModificationException{Message: text}
	case "iam EntityTemporarilyUnmodifiable":
		return &iamtypes.EntityTemporarilyUnmodifiableException{Message: text}
	case "iam LimitExceeded":
		return &iamtypes.LimitExceededException{Message: text}
	case "iam NoSuchEntity":
		return &iamtypes.NoSuchEntityException{Message: text}
	case "iam EntityAlreadyExists":
		return &iamtypes.EntityAlreadyExistsException{Message: text}
	case "iam DeleteConflict":
		return &iamtypes.DeleteConflictException{Message: text}
	case "secretsmanager InternalServiceError":
		return &secrettypes.InternalServiceError{Message: text}
	case "secretsmanager LimitExceededException":
		return &secrettypes.LimitExceededException{Message: text}
	case "secretsmanager ResourceNotFoundException":
		return &secrettypes.ResourceNotFoundException{Message: text}
	case "secretsmanager InvalidRequestException":
		return &secrettypes.InvalidRequestException{Message: text}
	case "secretsmanager EncryptionFailure":
		return &secrettypes.EncryptionFailure{Message: text}
	}
	return apiError(code, "%s", *text)
}

// httpStatus returns the status that goes with an error code on the wire.
func httpStatus(code string) int {
	switch code {
	case "NoSuchEntity", "NotSupportedService":
		return 404
	case "EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "ConcurrentModification",
		"EntityTemporarilyUnmodifiable", "DuplicateCertificate":
		return 409
	case "AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken", "InvalidAuthenticationCode":
		return 403
	case "ServiceFailure", "InternalServiceError", "InternalFailure":
		return 500
	case "ServiceUnavailable":
		return 503
	case "RequestEntityTooLarge":
		return 413
	}
	return 400
}

// Every service has its own code for what the others call by another name.
func accessDenied(service, format string, args ...any) error {
	return apiError(either(service, "AccessDeniedException", "AccessDenied"), format, args...)
}

func invalidToken(service string) error {
	return apiError(either(service, "UnrecognizedClientException", "InvalidClientTokenId"),
		"The security token included in the request is invalid.")
}

func badSignature(service string) error {
	return apiError(either(service, "InvalidSignatureException", "SignatureDoesNotMatch"),
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
}

// validationError reports parameters that break their constraints, all of them at once.
func validationError(service string, faults []string) error {
	plural := ""
	if len(faults) > 1 {
		plural = "s"
	}
	return apiError(either(service, "ValidationException", "ValidationError"), "%d validation error%s detected: %s",
		len(faults), plural, strings.Join(faults, "; "))
}

func either(service, secretsManager, others string) string {
	if service == "secretsmanager" {
		return secretsManager
	}
	return others
}
