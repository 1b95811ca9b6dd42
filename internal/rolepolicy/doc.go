// Package rolepolicy tells what a role of a CloudFormation template may do: it reads the role's policies for given
// parameters, and holds requests against them.
//
// It knows as much of CloudFormation and of IAM as template.yaml needs. Whatever else it meets is an error, so that a
// statement that it does not understand is never passed over.
package rolepolicy
