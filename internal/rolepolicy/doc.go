// Package rolepolicy tells what a role of a CloudFormation template may do: it reads the policies
// of the role for given parameters, and decides requests by them.
//
// It knows as much of CloudFormation as template.yaml needs, and decides by package iampolicy.
// Whatever else it meets is an error, so that a statement that it does not understand is never
// passed over.
package rolepolicy
