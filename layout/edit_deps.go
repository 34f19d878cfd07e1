package layout

import (
	"bytes"
	"encoding/json"
	"path"
)

// DepsWithout gives the bytes of a framework's deps.json without the files that gone names, by their path in the
// framework's folder; all else stays in its order. file names the deps.json in errors.
func DepsWithout(file string, data []byte, gone func(name string) bool) ([]byte, error) {
	top, err := parseJSON(file, data)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{file: file}
	targets := r.object(top, "", "targets")
	for _, target := range targets.keys {
		libraries := r.object(targets, "targets", target)
		for _, library := range libraries.keys {
			groups := r.object(libraries, target, library)
			for group, inFolder := range assetGroups {
				removeAssets(r.object(groups, library, group), func(asset string) bool { return gone(inFolder(asset)) })
			}
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	var out bytes.Buffer
	if err := writeJSON(&out, top, ""); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// assetGroups says where the files of a group lie in the framework's folder: satellites in the one of their culture.
var assetGroups = map[string]func(asset string) string{
	"runtime":   path.Base,
	"native":    path.Base,
	"resources": func(asset string) string { return path.Join(path.Base(path.Dir(asset)), path.Base(asset)) },
}

func removeAssets(group *jsonObject, gone func(asset string) bool) {
	var left []string
	for _, key := range group.keys {
		if !gone(key) {
			left = append(left, key)
		} else {
			delete(group.values, key)
		}
	}
	group.keys = left
}

// writeJSON writes a value with two spaces a level, keys in their order, as official builds do.
func writeJSON(out *bytes.Buffer, v any, indent string) error {
	switch v := v.(type) {
	case *jsonObject:
		return writeItems(out, "{}", indent, len(v.keys), func(i int, indent string) error {
			if err := writeScalar(out, v.keys[i]); err != nil {
				return err
			}
			out.WriteString(": ")
			return writeJSON(out, v.values[v.keys[i]], indent)
		})
	case []any:
		return writeItems(out, "[]", indent, len(v), func(i int, indent string) error { return writeJSON(out, v[i], indent) })
	}
	return writeScalar(out, v)
}

func writeItems(out *bytes.Buffer, brackets, indent string, n int, item func(i int, indent string) error) error {
	if n == 0 {
		out.WriteString(brackets)
		return nil
	}
	deeper := indent + "  "
	out.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + deeper)
		if err := item(i, deeper); err != nil {
			return err
		}
	}
	out.WriteString("\n" + indent)
	out.WriteByte(brackets[1])
	return nil
}

// writeScalar writes a text, number, boolean or null; texts without the escapes that only HTML needs.
func writeScalar(out *bytes.Buffer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1)
	return nil
}
