package provision

import (
	"log/slog"
	"testing"

	"redis-cloud-iam/internal/localaws"
)

func BenchmarkParse(b *testing.B) {
	properties := []byte(`{"ServiceToken":"arn:aws:lambda:us-east-1:123456789012:function:f","UserName":"redislabs-user","Tags":["a=b","c=d"],"AccessKeySerial":"2"}`)
	for b.Loop() {
		if _, err := Parse(properties, Account{"aws", "123456789012", "us-east-1"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	d := Desired{Spec: parsed(b), Account: Account{"aws", "123456789012", "us-east-1"}, Stack: stack, Owner: ID(stack, "RedisCloudIAM", []byte(`{}`))}
	for name, seen := range map[string]*Observed{"of a Create": {}, "of nothing to do": standing(d)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := planEnsure(d, seen, memory{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("of a Delete", func(b *testing.B) {
		owned := Owned{Names: d.Spec.Names, Account: d.Account, Owners: []string{d.Owner}, Protect: true}
		seen := laden(d)
		for b.Loop() {
			if _, err := planRemove(owned, seen); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkObserve is dominated by the SDK and by the AWS in memory: it shows what is spent on a look at an account apart
// from waiting.
func BenchmarkObserve(b *testing.B) {
	d := Desired{Spec: parsed(b), Account: Account{"aws", "123456789012", "us-east-1"}, Stack: stack, Owner: ID(stack, "RedisCloudIAM", []byte(`{}`))}
	p := New(localaws.New(localaws.Options{}).Config("", ""), slog.New(slog.DiscardHandler))
	if _, err := p.Ensure(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	observer := p.applier(d)
	for b.Loop() {
		if _, err := observer.toEnsure(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}

func parsed(b *testing.B) Spec {
	b.Helper()
	spec, err := Parse([]byte(`{}`), Account{"aws", "123456789012", "us-east-1"})
	if err != nil {
		b.Fatal(err)
	}
	return spec
}
