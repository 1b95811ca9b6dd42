package localaws

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// queryProtocol is the AWS query protocol: a form in, XML out. The SDK's structures have the wire's
// names.
type queryProtocol struct {
	form      url.Values
	namespace string
}

func (p *queryProtocol) decode(in reflect.Value) error { return p.fill(in, "") }

// fill reads the form's values that begin with a prefix into a structure.
func (p *queryProtocol) fill(v reflect.Value, prefix string) error {
	for field, member := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		if err := p.value(member, prefix+field.Name); err != nil {
			return err
		}
	}
	return nil
}

// value reads one value under its key. Lists are written Key.member.1, Key.member.2 and so on.
func (p *queryProtocol) value(v reflect.Value, key string) error {
	switch v.Kind() {
	case reflect.Slice:
		for n := 1; p.has(fmt.Sprintf("%s.member.%d", key, n)); n++ {
			element := reflect.New(v.Type().Elem()).Elem()
			if err := p.value(element, fmt.Sprintf("%s.member.%d", key, n)); err != nil {
				return err
			}
			v.Set(reflect.Append(v, element))
		}
		return nil
	case reflect.Struct:
		return p.fill(v, key+".")
	default:
	}
	if !p.form.Has(key) {
		return nil
	}
	return scan(v, key, p.form.Get(key))
}

// has reports whether the form has a key, or one under it.
func (p *queryProtocol) has(key string) bool {
	for given := range p.form {
		if given == key || strings.HasPrefix(given, key+".") {
			return true
		}
	}
	return false
}

// scan reads a text into a simple value. Numbers and booleans are written as in JSON.
func scan(v reflect.Value, key, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	if text == "null" || json.Unmarshal([]byte(text), v.Addr().Interface()) != nil {
		return refuse("MalformedInput", "The value of %s cannot be read.", key)
	}
	return nil
}

func (p *queryProtocol) answer(op operation, out reflect.Value) []byte {
	style := wire{name: same, time: func(t time.Time) any { return t.Format(time.RFC3339) }}
	return p.document(op.action+"Response", map[string]any{
		op.action + "Result": style.object(out), "ResponseMetadata": map[string]any{"RequestId": uuid()},
	})
}

func (p *queryProtocol) refuse(err *refusal) []byte {
	fault := "Sender"
	if httpStatus(err.code) >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	return p.document("ErrorResponse", map[string]any{
		"Error": map[string]any{"Type": fault, "Code": err.code, "Message": err.text}, "RequestId": uuid(),
	})
}

func (p *queryProtocol) contentType() string { return "text/xml" }

func (p *queryProtocol) document(root string, object map[string]any) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<%s xmlns="%s">`, root, p.namespace)
	writeXML(&b, object)
	fmt.Fprintf(&b, "</%s>", root)
	return b.Bytes()
}

// writeXML writes what wire.object returns.
func writeXML(b *bytes.Buffer, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			fmt.Fprintf(b, "<%s>", name)
			writeXML(b, value[name])
			fmt.Fprintf(b, "</%s>", name)
		}
	case []any:
		for _, element := range value {
			writeXML(b, map[string]any{"member": element})
		}
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(value))
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(value))) // writing to a buffer never fails
	}
}
