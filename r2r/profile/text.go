package profile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// textHead is the first line of the text form.
const textHead = "r2rpack methods 1"

// maxLine bounds a line of the text form, in bytes; the longest of a framework has some 2,000.
const maxLine = 64 << 10

// WriteText writes the text form of a set: the line textHead, a line [ASSEMBLY] before the types of each assembly, a line
// TYPE or TYPE[ARGUMENTS] before the methods of each, and for each method a line that begins with a space: name,
// signature and, of a generic one, [ARGUMENTS]. Lines are sorted, so that equal sets are equal texts.
func (s *Set) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, textHead)
	var last MethodRef
	for _, m := range s.Sorted() {
		if m.Assembly != last.Assembly {
			fmt.Fprintf(out, "[%s]\n", m.Assembly)
		}
		if m.Assembly != last.Assembly || m.Type != last.Type || m.TypeArgs != last.TypeArgs {
			fmt.Fprintf(out, "%s%s\n", m.Type, bracketed(m.TypeArgs))
		}
		fmt.Fprintf(out, " %s %s", m.Name, m.Signature)
		if m.MethodArgs != "" {
			fmt.Fprintf(out, " [%s]", m.MethodArgs)
		}
		fmt.Fprintln(out)
		last = m
	}
	return out.Flush()
}

// IsText says whether data begins as the text form does.
func IsText(data []byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), len(textHead))]), textHead)
}

// ReadText reads what WriteText writes. Its errors give the number of the line.
func ReadText(r io.Reader) (*Set, error) {
	s := NewSet()
	return s, readText(r, s.Add)
}

// ReadList reads what WriteText writes, into a list in the order of MethodRef.Compare. A text in another order is an
// error.
func ReadList(r io.Reader) ([]MethodRef, error) {
	var list []MethodRef
	if err := readText(r, func(m MethodRef) { list = append(list, m) }); err != nil {
		return nil, err
	}
	if !slices.IsSortedFunc(list, MethodRef.Compare) {
		return nil, fmt.Errorf("the methods are not sorted")
	}
	return list, nil
}

func readText(r io.Reader, add func(MethodRef)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() || lines.Text() != textHead {
		return errors.Join(lines.Err(), fmt.Errorf("line 1 is not %q", textHead))
	}
	var at MethodRef
	for n := 2; lines.Scan(); n++ {
		if err := readLine(add, &at, lines.Text()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

// readLine takes one line: the assembly or type of those that follow it, or a method.
func readLine(add func(MethodRef), at *MethodRef, line string) error {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return fmt.Errorf("holds a control character")
	}
	switch method, is := strings.CutPrefix(line, " "); {
	case is:
		return readMethod(add, *at, method)
	case strings.HasPrefix(line, "["):
		name, args := cutArgs(line)
		if name != "" || args == "" {
			return fmt.Errorf("names no assembly")
		}
		*at = MethodRef{Assembly: args}
	default:
		at.Type, at.TypeArgs = cutArgs(line)
		if at.Type == "" || at.Assembly == "" || strings.Contains(line, " ") {
			return fmt.Errorf("names no type of an assembly")
		}
	}
	return nil
}

func readMethod(add func(MethodRef), m MethodRef, line string) error {
	words := strings.Split(line, " ")
	if m.Type == "" || len(words) < 2 || len(words) > 3 || words[0] == "" || words[1] == "" {
		return fmt.Errorf("names no method of a type")
	}
	m.Name, m.Signature = words[0], words[1]
	if len(words) == 3 {
		name, args := cutArgs(words[2])
		if name != "" || args == "" {
			return fmt.Errorf("has no arguments in brackets at its end")
		}
		m.MethodArgs = args
	}
	add(m)
	return nil
}

// cutArgs splits NAME[ARGUMENTS]. What is not of that form is all name.
func cutArgs(text string) (name, args string) {
	name, rest, ok := strings.Cut(text, "[")
	args, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return text, ""
	}
	return name, args
}
