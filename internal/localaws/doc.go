// Package localaws is a strict, in-memory AWS account: the parts of IAM, STS, Secrets
// Manager, SNS and CloudWatch Logs that this project and its tests touch, with the rules that AWS
// enforces and the errors that AWS returns.
//
// It speaks the services' own protocols ([Account.ServeHTTP]), so that the SDK's clients, and a
// binary started with AWS_ENDPOINT_URL, talk to it unchanged. [Account.Config] gives the SDK's
// clients such an account in process, without a socket.
//
// What it promises:
//   - It refuses what AWS refuses: delete conflicts, limits, names that differ by case alone,
//     malformed policy documents, values that break a parameter's constraints. Where AWS's own
//     documentation is silent, a comment says what decided.
//   - It refuses, with InternalFailure, a parameter that it would otherwise pass over.
//   - It decides a user's calls by the user's policies, groups and permissions boundary.
//   - It fails on request: see [Fault], [Account.StaleReads], [Account.KeyDelay],
//     [Account.SecretNameBlock].
//   - It records every call ([Account.Calls]), and the whole account can be compared
//     ([Account.Snapshot]).
//   - It takes the time from the time package alone, so tests may run it in a testing/synctest
//     bubble.
//   - No record, snapshot or error holds a secret value.
//
// It is for tests and for local runs. It keeps secrets in memory, and it believes every caller who
// does not sign with the access key of one of its users.
package localaws
