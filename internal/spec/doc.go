// Package spec reads the properties of Custom::RedisCloudIAM into a [Spec], and knows all that
// follows from them alone: the names and the ID of the resource, the account's ARNs and addresses,
// the policy documents. It talks to nothing.
package spec
