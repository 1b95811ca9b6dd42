package customresource

import (
	"context"
	"time"
)

// schedule divides the time that Lambda gives an event.
type schedule struct {
	work    time.Time     // when Provision's context ends
	grace   time.Duration // how long Provision may take to return after that
	deliver time.Time     // when the last attempt to deliver the answer ends
}

// newSchedule keeps six seconds before Lambda's deadline for the answer, and leaves at least half
// of the time to Provision:
//
//	start ──── Provision ────▶ −6 s ── its clean-up ──▶ −4.5 s ── the answer ──▶ −1 s
//
// A context without a deadline, which Lambda never makes, gets five minutes.
func newSchedule(ctx context.Context, start time.Time) schedule {
	end, ok := ctx.Deadline()
	if !ok {
		end = start.Add(5 * time.Minute)
	}
	reserve := min(6*time.Second, max(0, end.Sub(start))/2)
	return schedule{
		work:    end.Add(-reserve),
		grace:   reserve / 4,
		deliver: end.Add(-min(time.Second, reserve/3)),
	}
}
