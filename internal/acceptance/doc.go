// Package acceptance tests the whole function, from the event to the answer, against the AWS of internal/localaws. It
// holds nothing but tests.
package acceptance
