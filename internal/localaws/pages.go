package localaws

import (
	"cmp"
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const defaultPage = 100

// cut leaves of a list's output the page that the input asks for. An operation lists all that there
// is, in an order that stays; the members of an input and an output that say what page it is have
// the same names in all of a service's operations.
func (tx *tx) cut() error {
	if !strings.HasPrefix(tx.action, "List") {
		return nil
	}
	marker, most := "Marker", "MaxItems"
	if tx.service == "secretsmanager" {
		marker, most = "NextToken", "MaxResults"
	}
	first, err := tx.position(tx.in.pointer(marker))
	if err != nil {
		return err
	}
	size := defaultPage
	if asked := tx.in.FieldByName(most); !asked.IsNil() {
		size = int(asked.Elem().Int())
	}
	end := first + min(size, cmp.Or(tx.settings.pageSize, size))
	seen := 0 // by the lists before this one: an output may have several
	for _, list := range tx.out.Fields() {
		if list.Kind() == reflect.Slice {
			if list.IsNil() { // AWS sends a list that holds nothing, and does not leave it out
				list.Set(reflect.MakeSlice(list.Type(), 0, 0))
			}
			n := list.Len()
			list.Set(list.Slice(between(0, first-seen, n), between(0, end-seen, n)))
			seen += n
		}
	}
	if seen > end {
		tx.out.set(members{marker: markerAfter(end), "IsTruncated": true})
	}
	return nil
}

func between(least, n, most int) int { return max(least, min(n, most)) }

// markerAfter is the marker of the page that begins after so many items.
func markerAfter(items int) *string {
	return new(base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(items))))
}

// position reads a marker: how many items the pages before held.
func (o operation) position(marker *string) (int, error) {
	if marker == nil {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(*marker)
	if err == nil {
		if n, err := strconv.Atoi(string(text)); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, o.refuse("InvalidMarker", "Invalid Marker.")
}

// ordered returns the values of a map in the order of its keys.
func ordered[T any](items map[string]T) []T {
	return each(slices.Sorted(maps.Keys(items)), func(key string) T { return items[key] })
}

// orderedBy returns a list in the order of what key returns.
func orderedBy[T any](items []T, key func(T) string) []T {
	return slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
