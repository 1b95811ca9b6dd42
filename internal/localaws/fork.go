package localaws

import "maps"

// Fork returns an account of its own that holds what this one holds now, without its faults, settings and recorded calls. So a
// history that is long to tell can be told once, and gone on with in many ways.
func (a *Account) Fork() *Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &Account{
		id: a.id, partition: a.partition, region: a.region,
		iamModel: a.iamModel, secretModel: a.secretModel,
		state: clone(a.state), patterns: maps.Clone(a.patterns),
	}
}
