package sample

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExhaustiveTestsTryEveryCase(t *testing.T) {
	t.Setenv("EXHAUSTIVE", "1")
	assert.Equal(t, UpTo(100), Of(t, UpTo(100), 3))
}

func TestTheSameSeedDrawsTheSameSample(t *testing.T) {
	t.Setenv("EXHAUSTIVE", "")
	t.Setenv("SEED", "42")
	first := Of(t, UpTo(1000), 5)
	if testing.Short() {
		assert.Len(t, first, 2, "a quarter, and something more")
	} else {
		assert.Len(t, first, 5)
	}
	assert.IsIncreasing(t, first)
	assert.Equal(t, first, Of(t, UpTo(1000), 5))
	t.Setenv("SEED", "43")
	assert.NotEqual(t, first, Of(t, UpTo(1000), 5))
}

func TestASampleIsNeverLargerThanTheWhole(t *testing.T) {
	t.Setenv("EXHAUSTIVE", "")
	assert.Equal(t, []string{"a", "b"}, Of(t, []string{"a", "b"}, 8))
}
