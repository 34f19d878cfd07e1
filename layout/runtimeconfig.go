package layout

import (
	"fmt"
	"slices"
)

// RuntimeConfig is what NAME.runtimeconfig.json of a framework or application says.
type RuntimeConfig struct {
	TFM         string // such as net10.0
	RollForward string // LatestPatch in all official frameworks; empty means Minor
	// Frameworks are those that must be there as well, lower ones: "framework" or "frameworks".
	Frameworks []FrameworkReference
	// Included are the frameworks inside a self-contained application: "includedFrameworks".
	Included []FrameworkReference
}

// Needs says whether a framework is one of Frameworks.
func (c *RuntimeConfig) Needs(framework string) bool {
	return slices.ContainsFunc(c.Frameworks, func(f FrameworkReference) bool { return f.Name == framework })
}

// FrameworkReference is a framework that is needed, in at least this version.
type FrameworkReference struct {
	Name        string
	Version     string
	RollForward string // overrides that of the file when not empty
}

// ParseRuntimeConfig reads a runtimeconfig.json; file names it in errors. The keys are those of hostfxr's
// runtime_config.cpp; others are left alone. A value of a wrong type, or a reference without name or version, is an error.
func ParseRuntimeConfig(file string, data []byte) (*RuntimeConfig, error) {
	top, err := parseJSON(file, data)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{file: file}
	const path = "runtimeOptions"
	options := r.object(top, "", path)
	config := &RuntimeConfig{TFM: r.text(options, path, "tfm"), RollForward: r.text(options, path, "rollForward")}
	if options.values["framework"] != nil {
		single := r.object(options, path, "framework")
		config.Frameworks = append(config.Frameworks, r.reference(single, path+".framework"))
	}
	config.Frameworks = append(config.Frameworks, r.references(options, path, "frameworks")...)
	config.Included = r.references(options, path, "includedFrameworks")
	if r.err != nil {
		return nil, r.err
	}
	return config, nil
}

func (r *jsonReader) references(o *jsonObject, path, key string) []FrameworkReference {
	var out []FrameworkReference
	for i, item := range r.list(o, path, key) {
		place := fmt.Sprintf("%s.%s[%d]", path, key, i)
		object, ok := item.(*jsonObject)
		if !ok {
			r.fail(place, item, "an object")
			return nil
		}
		out = append(out, r.reference(object, place))
	}
	return out
}

func (r *jsonReader) reference(o *jsonObject, path string) FrameworkReference {
	ref := FrameworkReference{Name: r.text(o, path, "name"), Version: r.text(o, path, "version"),
		RollForward: r.text(o, path, "rollForward")}
	if ref.Name == "" {
		r.failf(path+".name", "is missing or empty")
	}
	if !ValidVersion(ref.Version) {
		r.failf(path+".version", "is %q, which is no version", ref.Version)
	}
	return ref
}
