package localaws

import (
	"encoding/json"
	"fmt"
	"net/http"
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

func (p *jsonProtocol) answer(w http.ResponseWriter, op operation, out reflect.Value) {
	object := any(encodable(out, func(t time.Time) any { return float64(t.UnixMilli()) / 1000 }))
	if op.service == "logs" {
		object = lowered(object)
	}
	body, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Sprintf("localaws: an answer cannot be encoded: %v", err))
	}
	send(w, jsonType, http.StatusOK, body)
}

func (p *jsonProtocol) refuse(w http.ResponseWriter, err *refusal) {
	body, _ := json.Marshal(map[string]string{"__type": err.code, "Message": err.text})
	send(w, jsonType, httpStatus(err.code), body)
}

// lowered is an object with names as CloudWatch Logs writes them, such as nextToken.
func lowered(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			object[strings.ToLower(name[:1])+name[1:]] = lowered(member)
		}
		return object
	case []any:
		return each(value, lowered)
	}
	return value
}

const jsonType = "application/x-amz-json-1.1"

// encodable are a structure's members that are there, by name, for an encoder: structures as maps,
// lists as []any, times as the protocol writes them. Empty lists are there, empty texts are not.
func encodable(v reflect.Value, times func(time.Time) any) map[string]any {
	object := map[string]any{}
	for field, member := range v.Fields() {
		absent := member.IsZero() && member.Kind() != reflect.Bool && member.Kind() != reflect.Int32
		if field.IsExported() && field.Name != "ResultMetadata" && !absent {
			object[field.Name] = plain(reflect.Indirect(member), times)
		}
	}
	return object
}

func plain(v reflect.Value, times func(time.Time) any) any {
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		return times(t)
	}
	switch {
	case v.Kind() == reflect.Struct:
		return encodable(v, times)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		list := make([]any, v.Len())
		for i := range v.Len() {
			list[i] = plain(v.Index(i), times)
		}
		return list
	}
	return v.Interface()
}

func send(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // when it fails, there is no client any more
}
