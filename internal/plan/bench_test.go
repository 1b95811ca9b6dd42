package plan

import "testing"

func BenchmarkPlan(b *testing.B) {
	d := desired(b, `{}`)
	for name, seen := range map[string]*Observed{"of a Create": {At: present}, "of nothing to do": standing(d)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ensured(b, d, seen)
			}
		})
	}
	b.Run("of a Delete", func(b *testing.B) {
		seen := laden(d)
		for b.Loop() {
			cleared(b, removal(d), seen)
		}
	})
}
