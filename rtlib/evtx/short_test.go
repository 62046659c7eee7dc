package evtx_test

import (
	"encoding/binary"

	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

// Short names, as the tables of the tests are full of them.
type (
	part      = evtxtest.Part
	attribute = evtxtest.Attribute
)

var (
	text, cdata, char, entity = evtxtest.Text, evtxtest.CDATA, evtxtest.Char, evtxtest.Entity
	sub, optional, raw        = evtxtest.Sub, evtxtest.Optional, evtxtest.Raw
	instruction, attr         = evtxtest.Instruction, evtxtest.Attr
	elem, elemAttrs, data     = evtxtest.Elem, evtxtest.ElemAttrs, evtxtest.Data
	val, str                  = evtxtest.NewValue, evtxtest.String
	instance, nested          = evtxtest.Instance, evtxtest.Nested
	newChunk, logOf, utf16le  = evtxtest.NewChunk, evtxtest.Log, evtxtest.UTF16
	le                        = binary.LittleEndian
)
