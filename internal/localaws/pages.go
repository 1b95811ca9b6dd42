package localaws

import (
	"cmp"
	"encoding/base64"
	"iter"
	"slices"
	"strings"
)

const defaultPage = 100

// page returns the items that follow a marker, in the order of their keys, at most as many as asked for; and the marker of
// the next page where there are more.
func page[T any](tx *tx, items []T, key func(T) string, marker *string, most *int32) (found []T, truncated bool, next *string, err error) {
	items = slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	if marker != nil {
		after, err := base64.StdEncoding.DecodeString(*marker)
		if err != nil {
			return nil, false, nil, apiError(either(tx.service, "InvalidNextTokenException", "ValidationError"), "Invalid Marker.")
		}
		items = slices.DeleteFunc(items, func(item T) bool { return key(item) <= string(after) })
	}
	size := defaultPage
	if most != nil {
		size = int(*most)
	}
	if limit := tx.settings.pageSize; limit > 0 {
		size = min(size, limit)
	}
	if len(items) <= size {
		return items, false, nil, nil
	}
	last := base64.StdEncoding.EncodeToString([]byte(key(items[size-1])))
	return items[:size], true, &last, nil
}

// under keeps the entities whose path begins with a prefix.
func under[T interface{ header() *entity }](entities iter.Seq[T], prefix *string) []T {
	var kept []T
	for e := range entities {
		if prefix == nil || strings.HasPrefix(e.header().Path, *prefix) {
			kept = append(kept, e)
		}
	}
	return kept
}

func (e *entity) header() *entity { return e }

// byName orders entities of one kind.
func byName[T interface{ header() *entity }](e T) string { return fold(e.header().Name) }

func itself(s string) string { return s }
