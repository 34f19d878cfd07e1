package profile

import (
	"cmp"
	"fmt"
	"strings"
)

// MethodRef names a method by what survives a servicing release: no tokens, no versions. Its fields are words of the
// text form (see WriteText): they hold no spaces, and what has a meaning in them is escaped. MethodRefs are comparable,
// and two that are equal mean the same method.
type MethodRef struct {
	Assembly string // simple name of the assembly that defines the type
	Type     string // full name with the types around it, such as System.Collections.Generic.List`1+Enumerator
	TypeArgs string // canonical arguments of the type, such as __Canon,int32; empty if it is not generic
	Name     string // of the method
	// Signature is the open signature, such as (!0,System.Span`1[!!0]&)void, or static(int32)void for a method without
	// this. Types in it have no assembly.
	Signature  string
	MethodArgs string // canonical arguments of the method
}

// String gives the reference in one line, such as [System.Private.CoreLib]System.Array::Resize[__Canon]static`1(!!0[]&,int32)void.
func (m MethodRef) String() string {
	return fmt.Sprintf("[%s]%s%s::%s%s%s", m.Assembly, m.Type, bracketed(m.TypeArgs), m.Name, bracketed(m.MethodArgs), m.Signature)
}

func bracketed(args string) string {
	if args == "" {
		return ""
	}
	return "[" + args + "]"
}

// Compare orders references by assembly, type, name, signature and arguments.
func (m MethodRef) Compare(o MethodRef) int {
	return cmp.Or(strings.Compare(m.Assembly, o.Assembly), strings.Compare(m.Type, o.Type), strings.Compare(m.TypeArgs, o.TypeArgs),
		strings.Compare(m.Name, o.Name), strings.Compare(m.Signature, o.Signature), strings.Compare(m.MethodArgs, o.MethodArgs))
}

// The characters that have a meaning in names of types, and those that separate words.
const (
	typeSpecials = `\,+&*[]()!:`
	wordSpecials = `\`
)

// escape writes a name so that none of the special characters, no space and no control character is left in it: each
// becomes a backslash and two hexadecimal digits.
func escape(name, specials string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return isSpecial(r, specials) }) {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c < 0x80 && isSpecial(rune(c), specials) {
			fmt.Fprintf(&b, `\%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isSpecial(r rune, specials string) bool {
	return r <= ' ' || r == 0x7F || strings.ContainsRune(specials, r)
}

// unescape is the inverse of escape; a backslash without two digits is an error.
func unescape(word string) (string, error) {
	if !strings.Contains(word, `\`) {
		return word, nil
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] != '\\' {
			b.WriteByte(word[i])
			continue
		}
		var c byte
		if len(word) < i+3 {
			return "", fmt.Errorf("%q ends in the middle of an escape", word)
		}
		if _, err := fmt.Sscanf(word[i+1:i+3], "%02x", &c); err != nil {
			return "", fmt.Errorf("%q has a malformed escape", word)
		}
		b.WriteByte(c)
		i += 2
	}
	return b.String(), nil
}
