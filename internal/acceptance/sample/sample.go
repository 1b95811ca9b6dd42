// Package sample decides how much of the exhaustive tests runs. With EXHAUSTIVE=1 in the
// environment, as make test-all sets it, they try every case. Without it, as in make test, they try
// a random sample, and a quarter of that with -short, as under the race detector. A test that fails
// prints the seed of its sample, and SEED=<that number> draws the same one again.
package sample

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// Exhaustive reports whether every case is to be tried. It is the only place that asks.
func Exhaustive() bool { return os.Getenv("EXHAUSTIVE") == "1" }

// Of returns all the cases if the tests are exhaustive. Else it returns few of them, in the order
// that they had: other ones in every run, unless SEED says which.
func Of[T any](t testing.TB, cases []T, few int) []T {
	t.Helper()
	if testing.Short() {
		few = (few + 3) / 4
	}
	if Exhaustive() || len(cases) <= few {
		return cases
	}
	seed := rand.Uint64() //nolint:gosec // no secret
	if text := os.Getenv("SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED=%s is not a number", text)
		}
	}
	name := fnv.New64a()
	name.Write([]byte(t.Name()))
	chosen := rand.New(rand.NewPCG(seed, name.Sum64())).Perm(len(cases))[:few] //nolint:gosec // no secret
	slices.Sort(chosen)
	some := make([]T, few)
	for i, c := range chosen {
		some[i] = cases[c]
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%d of %d cases were tried; SEED=%d tries the same ones again, EXHAUSTIVE=1 all", few, len(cases), seed)
		}
	})
	return some
}

// UpTo returns the numbers from 1 to n.
func UpTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i + 1
	}
	return numbers
}
