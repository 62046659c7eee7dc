package alert

import "github.com/rsigma-go/rsigma/rtlib"

// appendOptional appends s as a JSON string, or null if it is empty.
func appendOptional(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return rtlib.AppendJSONString(dst, s)
}

func appendStrings(dst []byte, ss []string) []byte {
	dst = append(dst, '[')
	for i, s := range ss {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rtlib.AppendJSONString(dst, s)
	}
	return append(dst, ']')
}
