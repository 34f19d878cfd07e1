package profile

import (
	"fmt"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// arguments reads a list of arguments.
func (f *Finder) arguments(text string) ([]*Type, error) {
	if text == "" {
		return nil, nil
	}
	return remember(f.args, text, func(text string) ([]*Type, error) {
		p := argParser{f: f, rest: text}
		types := p.list()
		if p.err == nil && p.rest != "" {
			p.fail()
		}
		return types, p.err
	})
}

// argParser reads canonical arguments: __Canon, primitive types, ASSEMBLY:TYPE and TYPE[ARGUMENTS].
type argParser struct {
	f     *Finder
	rest  string
	depth int
	err   error
}

func (p *argParser) fail() {
	if p.err == nil {
		p.err = fmt.Errorf("type arguments are malformed at %q", p.rest)
	}
}

func (p *argParser) list() []*Type {
	if p.depth++; p.depth > maxDepth {
		p.fail()
		return nil
	}
	defer func() { p.depth-- }()
	var types []*Type
	for p.err == nil {
		types = append(types, p.typ())
		rest, more := strings.CutPrefix(p.rest, ",")
		if !more {
			break
		}
		p.rest = rest
	}
	return types
}

func (p *argParser) typ() *Type {
	end := strings.IndexAny(p.rest, "[],")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	var args []*Type
	if inner, generic := strings.CutPrefix(p.rest, "["); generic {
		p.rest = inner
		args = p.list()
		rest, closed := strings.CutPrefix(p.rest, "]")
		if !closed {
			p.fail()
		}
		p.rest = rest
	}
	if p.err != nil {
		return nil
	}
	t, err := p.f.argument(word, args)
	if err != nil && p.err == nil {
		p.err = err
	}
	return t
}

// argument gives the type that a word among arguments means.
func (f *Finder) argument(word string, args []*Type) (*Type, error) {
	if word == canonWord && len(args) == 0 {
		return f.canon()
	}
	if t := wordPrimitives[word]; t != nil && len(args) == 0 {
		return t, nil
	}
	assembly, name, ok := strings.Cut(word, ":")
	if !ok {
		assembly, name = CoreLibrary, word
	}
	def, err := remember(f.types, typeWord{assembly, name}, f.typeNamed)
	if err != nil {
		return nil, err
	}
	if n := def.Assembly.arity(ecma335.NewToken(ecma335.TypeDef, def.RID)); n != len(args) {
		return nil, fmt.Errorf("type %s has %d type parameters, not %d", word, n, len(args))
	}
	if len(args) == 0 {
		return f.typeOf(def)
	}
	return &Type{Kind: ElementGenericInst, Def: def, Args: args}, nil
}
