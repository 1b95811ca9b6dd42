package customresource

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSchedule(t *testing.T) {
	const second = time.Second
	tests := map[string]struct {
		lifetime             time.Duration
		work, grace, deliver time.Duration // work and deliver since the start
	}{
		"the longest Lambda":   {900 * second, 894 * second, 1500 * time.Millisecond, 899 * second},
		"a usual one":          {300 * second, 294 * second, 1500 * time.Millisecond, 299 * second},
		"just long enough":     {12 * second, 6 * second, 1500 * time.Millisecond, 11 * second},
		"short":                {6 * second, 3 * second, 750 * time.Millisecond, 5 * second},
		"Lambda's own default": {3 * second, 1500 * time.Millisecond, 375 * time.Millisecond, 2500 * time.Millisecond},
		"nothing":              {0, 0, 0, 0},
		"over":                 {-second, -second, 0, -second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithDeadline(t.Context(), start.Add(test.lifetime))
			defer cancel()
			s := newSchedule(ctx, start)
			assert.Equal(t, test.work, s.work.Sub(start))
			assert.Equal(t, test.grace, s.grace)
			assert.Equal(t, test.deliver, s.deliver.Sub(start))
		})
	}
}
