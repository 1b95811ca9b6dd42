package localaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"
)

// jsonProtocol is the AWS JSON protocol, version 1.1. The SDK's structures have the wire's names.
type jsonProtocol struct{ body []byte }

func (p *jsonProtocol) unknown(action string) error {
	return refuse("UnknownOperationException", "The operation %s is not known.", action)
}

func (p *jsonProtocol) decode(in reflect.Value) error {
	if err := json.Unmarshal(p.body, in.Addr().Interface()); err != nil {
		return refuse("SerializationException", "The body cannot be read.")
	}
	return nil
}

func (p *jsonProtocol) answer(w http.ResponseWriter, _ operation, out reflect.Value) {
	object := map[string]any{}
	if out.IsValid() {
		object = members(out.Elem())
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

const jsonType = "application/x-amz-json-1.1"

// members are a structure's members that are there, by name, times as seconds since 1970.
func members(v reflect.Value) map[string]any {
	object := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" || v.Field(i).IsZero() {
			continue
		}
		object[field.Name] = plain(reflect.Indirect(v.Field(i)))
	}
	return object
}

func plain(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case time.Time:
		return float64(value.UnixMilli()) / 1000
	case []byte:
		return value
	}
	switch v.Kind() {
	case reflect.Struct:
		return members(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range v.Len() {
			list[i] = plain(v.Index(i))
		}
		return list
	default:
		return v.Interface()
	}
}
