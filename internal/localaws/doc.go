// Package localaws is a strict, in-memory AWS account: the parts of IAM, STS and Secrets Manager that
// this project and its tests touch, with the rules that AWS enforces and the errors that AWS returns.
//
// It has two fronts over one state. The typed front ([Account.IAM], [Account.STS],
// [Account.SecretsManager]) has the methods of the SDK's clients. The HTTP front ([Account.ServeHTTP])
// speaks the services' own protocols, so that the SDK's clients, and a binary started with AWS_ENDPOINT_URL,
// talk to it unchanged; [Account.Config] gives such clients in process, without a socket.
//
// What it promises:
//   - it refuses what AWS refuses: delete conflicts, limits, names that differ by case alone, malformed policy
//     documents, the parameters' constraints; where AWS's own documentation is silent, a comment says what decided;
//   - its errors are the SDK's types on both fronts, and generic API errors with AWS's code where the SDK has none;
//   - it fails on request: see [Fault], [Account.StaleReads], [Account.KeyDelay], [Account.SecretNameBlock];
//   - every call is recorded ([Account.Calls]) and the whole account can be compared ([Account.Snapshot]);
//   - it takes the time from the time package alone, so that tests may run it in a testing/synctest bubble;
//   - neither a record, nor a snapshot, nor an error holds a secret value.
//
// It is for tests and for local runs. It keeps secrets in memory and accepts the word of anybody who does
// not sign with the access key of one of its users.
package localaws
