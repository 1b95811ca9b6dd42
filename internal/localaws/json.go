package localaws

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// jsonProtocol is the AWS JSON protocol, version 1.1. The SDK's structures have the wire's names.
type jsonProtocol struct{ body []byte }

func (p *jsonProtocol) decode(in reflect.Value) error {
	if err := json.Unmarshal(p.body, in.Addr().Interface()); err != nil {
		return refuse("SerializationException", "The body cannot be read.")
	}
	return nil
}

func (p *jsonProtocol) answer(op operation, out reflect.Value) []byte {
	style := wire{name: same, time: func(t time.Time) any { return float64(t.UnixMilli()) / 1000 }}
	if op.service == "logs" {
		style.name = lowered
	}
	body, err := json.Marshal(style.object(out))
	if err != nil {
		panic(fmt.Sprintf("localaws: an answer cannot be encoded: %v", err))
	}
	return body
}

func (p *jsonProtocol) refuse(err *refusal) []byte {
	body, _ := json.Marshal(map[string]string{"__type": err.code, "Message": err.text})
	return body
}

const jsonType = "application/x-amz-json-1.1"

func (p *jsonProtocol) contentType() string { return jsonType }

func same(name string) string { return name }

// lowered is a name as CloudWatch Logs writes it, such as nextToken.
func lowered(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// wire is how a protocol writes names and times.
type wire struct {
	name func(string) string
	time func(time.Time) any
}

// object has a structure's members that are there, for an encoder: structures as maps, lists as
// []any. Empty lists are there, empty texts are not.
func (w wire) object(v reflect.Value) map[string]any {
	object := map[string]any{}
	for field, member := range v.Fields() {
		absent := member.IsZero() && member.Kind() != reflect.Bool && member.Kind() != reflect.Int32
		if field.IsExported() && field.Name != "ResultMetadata" && !absent {
			object[w.name(field.Name)] = w.plain(reflect.Indirect(member))
		}
	}
	return object
}

func (w wire) plain(v reflect.Value) any {
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		return w.time(t)
	}
	switch {
	case v.Kind() == reflect.Struct:
		return w.object(v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		list := make([]any, v.Len())
		for i := range v.Len() {
			list[i] = w.plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}
