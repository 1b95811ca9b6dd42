package main

import "sync"

// record gathers what comes from many goroutines, until it is taken.
type record[T any] struct {
	mu  sync.Mutex
	all []T
}

func (r *record[T]) add(one T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, one)
}

// take returns what has come since the last take.
func (r *record[T]) take() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}
