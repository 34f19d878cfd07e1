package fit

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// mention is the name of a type with that of its assembly, as Type.GetType takes it: "Type, Assembly, Version=...".
type mention struct{ typ, assembly string }

// maxText bounds the texts that are looked into: a type with all its arguments takes less.
const maxText = 4096

var (
	bracketed = regexp.MustCompile(`\[[^\[\]]*\]`)
	// typeForm and nameForm are what compilers make of names; others cannot be told from prose.
	typeForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.+]*(` + "`" + `[0-9]+)?[A-Za-z0-9_.+` + "`" + `]*[&*]?$`)
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
)

// appendMentions adds the types that a text names together with their assemblies, type arguments too: brackets are
// taken off from the innermost outwards.
func appendMentions(list []mention, text string) []mention {
	if !strings.Contains(text, ",") || len(text) > maxText {
		return list
	}
	for {
		inner := bracketed.FindString(text)
		if inner == "" {
			return appendQualified(list, text)
		}
		list = appendQualified(list, inner[1:len(inner)-1])
		text = strings.Replace(text, inner, "", 1)
	}
}

// appendQualified adds "Type, Assembly" or "Type, Assembly, Version=...", and nothing for any other text.
func appendQualified(list []mention, text string) []mention {
	parts := strings.Split(text, ",")
	if len(parts) < 2 || len(parts) > 2 && !strings.Contains(parts[2], "=") {
		return list
	}
	typ, assembly := strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1])
	if !typeForm.MatchString(typ) || !nameForm.MatchString(assembly) {
		return list
	}
	return append(list, mention{typ, assembly})
}

// displayName gives the name of the assembly that a text may be the display name of: "Name" or "Name, Version=...".
func displayName(text string) string {
	if len(text) > maxText {
		return ""
	}
	name, rest, qualified := strings.Cut(text, ",")
	if qualified && !strings.Contains(rest, "=") || !nameForm.MatchString(name) {
		return ""
	}
	return name
}

// appendAttribute adds what the strings in the value of an attribute name (ECMA-335 II.23.3). Without the attribute's
// constructor nothing says where the strings lie: every place is tried that reads as the length of a text.
func appendAttribute(list []mention, value []byte) []mention {
	if bytes.IndexByte(value, ',') < 0 {
		return list
	}
	for i := 2; i < len(value); i++ {
		length, n, ok := ecma335.CompressedUint(value[i:])
		if !ok || length < 3 || length > maxText || uint64(length) > uint64(len(value)-i-n) {
			continue
		}
		text := value[i+n : i+n+int(length)]
		if utf8.Valid(text) {
			list = appendMentions(list, string(text))
		}
	}
	return list
}
