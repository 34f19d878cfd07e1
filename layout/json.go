package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Bounds of a JSON file. The largest real one, the deps.json of an SDK, has 0.4 MB, some 10 000 values and six levels.
const (
	maxJSONBytes  = 4 << 20
	maxJSONValues = 200_000
	maxJSONDepth  = 64
)

// jsonObject is an object with its keys in file order.
type jsonObject struct {
	keys   []string
	values map[string]any
}

// parseJSON reads what the .NET host takes for JSON (hostfxr's json_parser.cpp, tried on 8.0.31 and 10.0.12): a byte
// order mark and // and /* */ comments are skipped, whatever follows the value is ignored, a trailing comma is refused.
// Stricter than the host: a key that occurs twice in an object is refused, for readers disagree on which one counts.
// Values are *jsonObject, []any, string, json.Number, bool or nil; the outermost is an object.
func parseJSON(file string, data []byte) (*jsonObject, error) {
	if len(data) > maxJSONBytes {
		return nil, fault.New(file, "has %d bytes, more than the %d that are read of a JSON file", len(data), maxJSONBytes)
	}
	data = blankComments(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	p := jsonParser{tokens: json.NewDecoder(bytes.NewReader(data)), left: maxJSONValues}
	p.tokens.UseNumber()
	v, err := p.value("", 0)
	if err != nil {
		line := 1 + bytes.Count(data[:min(int(p.tokens.InputOffset()), len(data))], []byte("\n"))
		return nil, fault.Wrap(jsonCause(err), file, "is not JSON that the .NET host reads, line %d", line)
	}
	object, ok := v.(*jsonObject)
	if !ok {
		return nil, fault.New(file, "holds %s where the .NET host wants an object", jsonKind(v))
	}
	return object, nil
}

func jsonCause(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle")
	}
	return err
}

type jsonParser struct {
	tokens *json.Decoder
	left   int // values that may still come
}

func (p *jsonParser) value(key string, depth int) (any, error) {
	token, err := p.tokens.Token()
	if err != nil {
		return nil, err
	}
	if p.left--; p.left < 0 {
		return nil, fmt.Errorf("more than %d values", maxJSONValues)
	}
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("more than %d levels", maxJSONDepth)
	}
	switch token {
	case json.Delim('{'):
		return p.object(key, depth)
	case json.Delim('['):
		return p.array(key, depth)
	}
	return token, nil
}

func (p *jsonParser) object(path string, depth int) (*jsonObject, error) {
	o := &jsonObject{values: map[string]any{}}
	for p.tokens.More() {
		token, err := p.tokens.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // the decoder lets nothing else stand here
		if _, ok := o.values[key]; ok {
			return nil, fmt.Errorf("the key %q occurs twice", join(path, key))
		}
		v, err := p.value(join(path, key), depth+1)
		if err != nil {
			return nil, err
		}
		o.keys = append(o.keys, key)
		o.values[key] = v
	}
	_, err := p.tokens.Token()
	return o, err
}

func (p *jsonParser) array(path string, depth int) ([]any, error) {
	items := []any{}
	for p.tokens.More() {
		v, err := p.value(path, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := p.tokens.Token()
	return items, err
}

// blankComments gives data with every comment outside a string turned into spaces; offsets and lines stay. An
// unterminated comment stays as it is.
func blankComments(data []byte) []byte {
	if !bytes.Contains(data, []byte("/")) {
		return data
	}
	out := bytes.Clone(data)
	for i := 0; i < len(out); {
		switch {
		case out[i] == '"':
			i = endOfString(out, i)
		case bytes.HasPrefix(out[i:], []byte("//")):
			i = blank(out, i, bytes.IndexByte(out[i:], '\n'))
		case bytes.HasPrefix(out[i:], []byte("/*")):
			end := bytes.Index(out[i+2:], []byte("*/"))
			if end < 0 {
				return out
			}
			i = blank(out, i, end+4)
		default:
			i++
		}
	}
	return out
}

// endOfString gives the index behind the string that opens at start.
func endOfString(data []byte, start int) int {
	for i := start + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// blank overwrites n bytes, or the rest for a negative n, keeping line ends, and gives the index behind them.
func blank(data []byte, start, n int) int {
	end := start + n
	if n < 0 {
		end = len(data)
	}
	for i := start; i < end; i++ {
		if data[i] != '\n' {
			data[i] = ' '
		}
	}
	return end
}

// jsonReader takes typed values out of a parsed file and keeps the first error, which names the file and the key.
type jsonReader struct {
	file string
	err  error
}

func (r *jsonReader) fail(key string, v any, want string) {
	r.failf(key, "is %s, not %s", jsonKind(v), want)
}

func (r *jsonReader) failf(key, format string, args ...any) {
	if r.err == nil {
		r.err = fault.New(r.file, "the key %q %s", key, fmt.Sprintf(format, args...))
	}
}

// object gives the object under key, or an empty one when it is absent or null.
func (r *jsonReader) object(o *jsonObject, path, key string) *jsonObject {
	v := o.values[key]
	child, ok := v.(*jsonObject)
	if ok {
		return child
	}
	if v != nil {
		r.fail(join(path, key), v, "an object")
	}
	return &jsonObject{}
}

// text gives the string under key, or "" when it is absent or null.
func (r *jsonReader) text(o *jsonObject, path, key string) string {
	v := o.values[key]
	s, ok := v.(string)
	if !ok && v != nil {
		r.fail(join(path, key), v, "a string")
	}
	return s
}

// list gives the items under key, or none when it is absent or null.
func (r *jsonReader) list(o *jsonObject, path, key string) []any {
	v := o.values[key]
	items, ok := v.([]any)
	if !ok && v != nil {
		r.fail(join(path, key), v, "an array")
	}
	return items
}

// join makes the way to a key, as "runtimeOptions.framework.name".
func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

func jsonKind(v any) string {
	switch v.(type) {
	case *jsonObject:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "null"
}
