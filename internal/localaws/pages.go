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
func (a *Account) cut(op operation, in fields, out reflect.Value) error {
	if !strings.HasPrefix(op.action, "List") {
		return nil
	}
	marker, most := "Marker", "MaxItems"
	if op.service == "secretsmanager" {
		marker, most = "NextToken", "MaxResults"
	}
	first, err := position(op, in.pointer(marker))
	if err != nil {
		return err
	}
	size := defaultPage
	if asked := in.FieldByName(most); !asked.IsNil() {
		size = int(asked.Elem().Int())
	}
	if limit := a.settings.pageSize; limit > 0 {
		size = min(size, limit)
	}
	end := first + size
	seen := 0 // by the lists before this one: an output may have several
	for _, list := range out.Fields() {
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
		out.FieldByName(marker).Set(reflect.ValueOf(markerAfter(end)))
		if truncated := out.FieldByName("IsTruncated"); truncated.IsValid() {
			truncated.SetBool(true)
		}
	}
	return nil
}

func between(least, n, most int) int { return max(least, min(n, most)) }

// markerAfter is the marker of the page that begins after so many items.
func markerAfter(items int) *string {
	text := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(items)))
	return &text
}

// position reads a marker: how many items the pages before held.
func position(op operation, marker *string) (int, error) {
	if marker == nil {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(*marker)
	if err == nil {
		if n, err := strconv.Atoi(string(text)); err == nil && n >= 0 {
			return n, nil
		}
	}
	if op.service == "secretsmanager" {
		return 0, refuse("InvalidNextTokenException", "Invalid Marker.")
	}
	return 0, op.refuse(validationError, "Invalid Marker.")
}

// ordered returns the values of a map in the order of its keys.
func ordered[T any](items map[string]T) []T {
	var list []T
	for _, key := range slices.Sorted(maps.Keys(items)) {
		list = append(list, items[key])
	}
	return list
}

// orderedBy returns a list in the order of what key returns.
func orderedBy[T any](items []T, key func(T) string) []T {
	return slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
