package localaws

import (
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fields is an input or an output of the SDK, whose members are read and set by name, without
// regard to whether they are there.
type fields struct{ reflect.Value }

// text returns a member that is a text, or "".
func (f fields) text(name string) string {
	return aws.ToString(f.pointer(name))
}

// has reports whether the input can have a member.
func (f fields) has(name string) bool { return f.FieldByName(name).IsValid() }

func (f fields) value(name string) any {
	if v := f.FieldByName(name); v.IsValid() {
		return v.Interface()
	}
	return nil
}

// pointer returns a member that is a text, or nil where it is not there.
func (f fields) pointer(name string) *string {
	pointer, _ := f.value(name).(*string)
	return pointer
}

// list returns the structures in a member that is a list of them.
func (f fields) list(name string) (list []fields) {
	if f.has(name) {
		for _, element := range f.FieldByName(name).Seq2() {
			list = append(list, fields{element})
		}
	}
	return list
}

// redacted copies the input without the secret values in it.
func (f fields) redacted() any {
	copied := reflect.New(f.Type())
	copied.Elem().Set(f.Value)
	for _, name := range []string{"SecretString", "Password"} {
		if field := copied.Elem().FieldByName(name); field.IsValid() && !field.IsNil() {
			field.Set(reflect.ValueOf(aws.String("[redacted]")))
		}
	}
	return copied.Interface()
}

// members are values for a structure's members, by name: members for one that is a structure
// itself, a list of them for a list of structures, a text for a pointer to one. An empty text is
// left out.
type members map[string]any

// set sets those of the members that the structure has.
func (f fields) set(all members) {
	for name, value := range all {
		member := f.FieldByName(name)
		if !member.IsValid() {
			continue
		}
		switch value := value.(type) {
		case members:
			member.Set(reflect.New(member.Type().Elem()))
			fields{member.Elem()}.set(value)
		case []members:
			if value != nil { // or else the list stays absent
				member.Set(reflect.MakeSlice(member.Type(), len(value), len(value)))
			}
			for i, element := range value {
				fields{member.Index(i)}.set(element)
			}
		case string:
			if value != "" {
				member.Set(reflect.ValueOf(&value))
			}
		default:
			member.Set(reflect.ValueOf(value))
		}
	}
}

// each shows the items of a list one by one.
func each[From, To any](list []From, show func(From) To) (shown []To) {
	for _, item := range list {
		shown = append(shown, show(item))
	}
	return shown
}

// first returns the first item of a list that fits, or nil.
func first[T any](list []*T, fits func(*T) bool) *T {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return list[i]
	}
	return nil
}
