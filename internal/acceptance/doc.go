// Package acceptance tests the whole function, from the event to the answer, against the AWS of
// internal/localaws. It holds nothing but tests.
//
//   - A story tells one fact: world_test.go is the function between CloudFormation and an account,
//     in virtual time; event_test.go, account_test.go and people_test.go hold the words that
//     stories are told in.
//   - invariants_test.go is what must hold after every event of every test.
//   - The exhaustive tests go through all the cases of scenarios_test.go: crash_test.go disturbs
//     every call with every fault, twice_test.go delivers every event to two processes at once,
//     moto_test.go asks moto for a second opinion. model_test.go plays random lives of stacks. make
//     test tries a sample of their cases, make test-all tries all of them: package sample.
//   - permissions_*_test.go prove that the role in template.yaml allows what the function needs,
//     and no more.
package acceptance
