package extract

import (
	"reflect"

	"github.com/itchyny/gojq"
)

// refusedNames are functions and variables that have no place where nobody sees a program end, and where there is no environment. Those
// that the library lacks anyway, such as debug and input_filename, need no mention.
//
// Source: dynamic-sources.md section 5.
var refusedNames = map[string]bool{"halt": true, "halt_error": true, "env": true, "$ENV": true, "input": true, "inputs": true}

// refused returns the first of the refused names that query calls, or nothing.
func refused(query *gojq.Query) string { return refusedIn(reflect.ValueOf(query)) }

// refusedIn walks the syntax tree, which is made of structs, pointers and slices.
func refusedIn(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		if f, ok := v.Interface().(*gojq.Func); ok && refusedNames[f.Name] {
			return f.Name
		}
		return refusedIn(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if name := refusedIn(v.Field(i)); name != "" {
					return name
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if name := refusedIn(v.Index(i)); name != "" {
				return name
			}
		}
	}
	return ""
}
