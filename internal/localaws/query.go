package localaws

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// queryProtocol is the AWS query protocol: a form in, XML out. The SDK's structures have the wire's
// names.
type queryProtocol struct{ form url.Values }

func (p *queryProtocol) unknown(action string) error {
	return refuse("InvalidAction", "Could not find operation %s for version %s", action, p.form.Get("Version"))
}

func (p *queryProtocol) decode(in reflect.Value) error { return p.fill(in, "") }

// fill reads the form's values that begin with a prefix into a structure.
func (p *queryProtocol) fill(v reflect.Value, prefix string) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if err := p.value(v.Field(i), prefix+field.Name); err != nil {
			return err
		}
	}
	return nil
}

// value reads one value under its key. Lists are written Key.member.1, Key.member.2 and so on.
func (p *queryProtocol) value(v reflect.Value, key string) error {
	switch v.Kind() {
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
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
	if p.form.Has(key) {
		return true
	}
	for other := range p.form {
		if len(other) > len(key) && other[:len(key)+1] == key+"." {
			return true
		}
	}
	return false
}

// scan reads a text into a simple value.
func scan(v reflect.Value, key, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
	default:
		err = fmt.Errorf("a %s", v.Type())
	}
	if err != nil {
		return refuse("MalformedInput", "The value of %s cannot be read.", key)
	}
	return nil
}

func (p *queryProtocol) answer(w http.ResponseWriter, op operation, out reflect.Value) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<%sResponse xmlns="%s"><%sResult>`, op.action, namespace(op.service), op.action)
	if out.IsValid() {
		writeXML(&b, out.Elem())
	}
	fmt.Fprintf(&b, `</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, op.action, uuid(), op.action)
	send(w, "text/xml", http.StatusOK, b.Bytes())
}

func (p *queryProtocol) refuse(w http.ResponseWriter, err *refusal) {
	fault, status := "Sender", httpStatus(err.code)
	if status >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>`, namespace(queryService(p.form.Get("Version"))), fault)
	escape(&b, err.code)
	b.WriteString("</Code><Message>")
	escape(&b, err.text)
	fmt.Fprintf(&b, "</Message></Error><RequestId>%s</RequestId></ErrorResponse>", uuid())
	send(w, "text/xml", status, b.Bytes())
}

func namespace(service string) string {
	if service == "sts" {
		return "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	return "https://iam.amazonaws.com/doc/2010-05-08/"
}

func send(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // when it fails, there is no client any more
}

func escape(b *bytes.Buffer, text string) {
	_ = xml.EscapeText(b, []byte(text)) // writing to a buffer never fails
}

// writeXML writes a structure's members. What is nil is left out; an empty list is written.
func writeXML(b *bytes.Buffer, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		writeElement(b, field.Name, v.Field(i))
	}
}

func writeElement(b *bytes.Buffer, name string, v reflect.Value) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
		if v.IsNil() {
			return
		}
	}
	v = reflect.Indirect(v)
	if v.Kind() == reflect.String && v.Type().Name() != "string" && v.Len() == 0 {
		return // an enumeration without a value
	}
	fmt.Fprintf(b, "<%s>", name)
	switch value := v.Interface().(type) {
	case time.Time:
		b.WriteString(value.Format(time.RFC3339))
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(value))
	default:
		switch v.Kind() {
		case reflect.Struct:
			writeXML(b, v)
		case reflect.Slice:
			for i := range v.Len() {
				writeElement(b, "member", v.Index(i))
			}
		default:
			escape(b, fmt.Sprint(value))
		}
	}
	fmt.Fprintf(b, "</%s>", name)
}
