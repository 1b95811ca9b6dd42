// Package iampolicy reads IAM policy documents and decides requests by them, as IAM does.
//
// [Parse] knows the whole grammar. [Decide] knows actions and resources with wildcards, their
// opposites, explicit denies, policy variables, and of the condition operators those that are
// listed in conditions.go. A statement whose conditions it cannot decide never allows a request and
// always denies it, so a decision never permits more than IAM would; [Statement.Undecidable] tells
// of it.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
package iampolicy
