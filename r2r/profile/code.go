package profile

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// The IL opcodes that profiles consist of (ECMA-335 III).
const (
	opLdcI4M1 = 0x15
	opLdcI4_8 = 0x1E
	opLdcI4S  = 0x1F
	opLdcI4   = 0x20
	opLdcI8   = 0x21
	opLdcR4   = 0x22
	opLdcR8   = 0x23
	opPop     = 0x26
	opRet     = 0x2A
	opLdstr   = 0x72
	opLdtoken = 0xD0
)

// operandSize gives the bytes behind an opcode, or -1 for an opcode that has no place in a profile.
func operandSize(op byte) int {
	switch {
	case op >= opLdcI4M1 && op <= opLdcI4_8, op == opPop, op == opRet:
		return 0
	case op == opLdcI4S:
		return 1
	case op == opLdcI4, op == opLdcR4, op == opLdstr, op == opLdtoken:
		return 4
	case op == opLdcI8, op == opLdcR8:
		return 8
	}
	return -1
}

// cursor reads the instructions of one body. The first failure ends it.
type cursor struct {
	code []byte
	pos  uint32
	what string
	err  error
}

// more says whether another instruction is to be read; a ret ends the code.
func (c *cursor) more() bool {
	return c.err == nil && int(c.pos) < len(c.code) && c.code[c.pos] != opRet
}

// next reads an instruction; operand is that of the opcodes with four bytes, 0 for all others.
func (c *cursor) next() (op byte, operand uint32) {
	if c.err != nil {
		return 0, 0
	}
	if int(c.pos) >= len(c.code) {
		c.fail("the code ends in the middle of a record")
		return 0, 0
	}
	op = c.code[c.pos]
	size := operandSize(op)
	switch rest := c.code[c.pos+1:]; {
	case size < 0:
		c.fail("opcode %#02x has no place in a profile", op)
		return 0, 0
	case size > len(rest):
		c.fail("the code ends in the middle of an instruction")
		return 0, 0
	case size == 4:
		operand = binary.LittleEndian.Uint32(rest)
	}
	c.pos += 1 + uint32(size)
	return op, operand
}

// take reads an instruction that must have this opcode.
func (c *cursor) take(want byte) uint32 {
	at := c.pos
	op, operand := c.next()
	if c.err == nil && op != want {
		c.pos = at
		c.fail("opcode %#02x where %#02x belongs", op, want)
	}
	return operand
}

func (c *cursor) fail(reason string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s at offset %#x of the code: %s", c.what, c.pos, fmt.Sprintf(reason, args...))
	}
}

// decoder reads the bodies of one profile.
type decoder struct {
	file    *pe.File
	md      *ecma335.Metadata
	strings map[uint32]string
}

func newDecoder(file *pe.File, md *ecma335.Metadata) *decoder {
	return &decoder{file: file, md: md, strings: map[uint32]string{}}
}

// body finds the body at an RVA.
func (d *decoder) body(rva uint32) (bodyPlace, error) {
	data, err := d.file.From(rva)
	if err != nil {
		return bodyPlace{}, err
	}
	b, err := ecma335.ParseBody(data)
	if err != nil {
		return bodyPlace{}, err
	}
	at, err := d.file.Offset(rva, uint32(b.HeaderSize+len(b.Code)))
	if err != nil {
		return bodyPlace{}, err
	}
	return bodyPlace{at: at, header: uint32(b.HeaderSize), size: uint32(len(b.Code))}, nil
}

func (d *decoder) userString(token uint32) (string, error) {
	if text, ok := d.strings[token]; ok {
		return text, nil
	}
	if token>>24 != 0x70 {
		return "", fmt.Errorf("token %08x is no string", token)
	}
	text, err := d.md.UserString(token & 0xFFFFFF)
	if err == nil {
		d.strings[token] = text
	}
	return text, err
}

// The names of the data that can follow the method in a record; what else there is stays as it is.
const (
	instrumentationStart = "InstrumentationDataStart"
	instrumentationEnd   = "InstrumentationDataEnd"
)

// records reads the code of a group: for each record ldtoken METHOD, any data, pop.
func (d *decoder) records(g *Group) error {
	c := cursor{code: g.body.code(d.file.Data()), what: "record"}
	for c.more() {
		first := len(g.parts)
		r, err := d.record(&c, g)
		if err != nil {
			return err
		}
		r.parts = uint32(len(g.parts) - first)
		g.Records = append(g.Records, r)
	}
	return c.err
}

func (d *decoder) record(c *cursor, g *Group) (Record, error) {
	from := c.pos
	r := Record{Method: ecma335.Token(c.take(opLdtoken))}
	if c.err == nil && !d.isMethod(r.Method) {
		c.fail("token %s is no method", r.Method)
	}
	instrumented := false
	for c.err == nil {
		at := c.pos
		op, operand := c.next()
		if op == opPop && !instrumented {
			g.parts = append(g.parts, span{from, c.pos})
			break
		}
		if op != opLdstr {
			continue
		}
		text, err := d.userString(operand)
		switch {
		case err != nil:
			return r, err
		case text == instrumentationStart && !instrumented:
			instrumented, r.Instrumented = true, true
			g.parts = append(g.parts, span{from, at})
		case text == instrumentationEnd && instrumented:
			instrumented = false
			from = c.pos
		}
	}
	return r, c.err
}

// isMethod says whether a token is a method's, of a row that exists. (A MemberRef may turn out to be a field.)
func (d *decoder) isMethod(t ecma335.Token) bool {
	switch t.Table() {
	case ecma335.MethodDef, ecma335.MemberRef, ecma335.MethodSpec:
		return !t.IsNil() && t.RID() <= d.md.Rows(t.Table())
	}
	return false
}
