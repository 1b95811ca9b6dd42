// Package plan decides what to do. It is pure: from what is desired and what was observed it makes
// a [Plan], steps as plain data, or an error that names everything in the way. It imports nothing
// that could talk to AWS.
//
// [Ensure] plans Create and Update, [Clear] plans Delete. Both range over the [Slot]s, the eight
// things that the resource has, and look at each [Entity] and its [Claim], the meaning of its tags.
// The access keys stand in a [Ledger].
package plan
