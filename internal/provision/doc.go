// Package provision makes, keeps and removes what Redis Cloud needs in an AWS account: two managed
// policies, an EC2 role with its instance profile, a user with an access key, a console role, and the
// secret that holds the key.
//
// There is one way through it, for making as for removing:
//
//	Spec → observe → plan → apply
//
// observe reads all that bears the names of the Spec. The plan is plain data that a pure function makes
// of what is desired and what was observed: either all the conflicts, with nothing touched, or steps in
// stages. apply carries the stages out in order, the steps of a stage in parallel. When the account
// turns out not to be as it was observed (IAM is eventually consistent, events are delivered twice,
// replies get lost), the way is walked again: every surprise has that one answer.
//
// The package promises:
//
//   - an entity belongs to the owner that its tag names, and no other is ever changed or deleted;
//   - whatever is made carries its owner's tag from the call that makes it;
//   - an access key that lives is held by the secret, or deleted before the call returns, or, if the
//     process dies in between, recognised and deleted by the next call;
//   - no secret is in any result, error, log line, tag or plan.
package provision
