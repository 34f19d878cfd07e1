package profile

import (
	"context"
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
)

// nativeImages gives assemblies of a pack as ReadyToRun images, by simple name.
func nativeImages(t testing.TB, version string, names ...string) map[string]*r2r.Image {
	t.Helper()
	images := map[string]*r2r.Image{}
	for _, name := range names {
		files := packFiles(t, "netcore", version)
		for _, p := range files.Paths {
			if pathName(p) != name {
				continue
			}
			data, _, err := tree.Data(files.FS, p)
			if err != nil {
				t.Fatal(err)
			}
			if images[name], err = r2r.Parse(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	return images
}

// Every instance that native code names is found, and has a name that leads back to it.
func TestInstances(t *testing.T) {
	for _, version := range []string{"8.0.31", "10.0.12"} {
		s := packScope(t, version)
		f := s.Finder()
		total := 0
		for name, image := range nativeImages(t, version, CoreLibrary, "System.Linq", "System.Collections.Concurrent") {
			for e, err := range image.InstanceEntries() {
				if err != nil {
					t.Fatal(err)
				}
				total++
				m, err := f.Instance(s.byName[name], e.Signature)
				if err != nil {
					t.Fatalf("%s: % x: %v", name, e.Signature, err)
				}
				ref, err := f.Ref(m)
				if err != nil || ref.TypeArgs == "" && ref.MethodArgs == "" {
					t.Fatalf("%s: % x: %v %v", name, e.Signature, ref, err)
				}
				again, err := f.Method(ref)
				if err != nil || again.Assembly != m.Assembly || again.RID != m.RID {
					t.Fatalf("%s leads to %v %v", ref, again, err)
				}
			}
		}
		if total < 5000 {
			t.Errorf("%d instances", total)
		}
	}
}

func TestKeep(t *testing.T) {
	s := packScope(t, "10.0.12")
	list := MethodRef{"System.Private.CoreLib", "System.Collections.Generic.List`1", "__Canon", "Clear", "()void", ""}
	length := MethodRef{"System.Private.CoreLib", "System.String", "", "Trim", "()string", ""}
	found, missing, err := s.FindAll(context.Background(), NewSet(list, length))
	if err != nil || len(missing) > 0 {
		t.Fatal(err, missing)
	}
	keep, err := s.Keep(found)
	if err != nil {
		t.Fatal(err)
	}
	core := nativeImages(t, "10.0.12", CoreLibrary)[CoreLibrary]
	var instances []MethodRef
	f := s.Finder()
	for e, err := range core.InstanceEntries() {
		if err != nil {
			t.Fatal(err)
		}
		if keep.Has(CoreLibrary, e.Method.RID(), e.Signature) {
			m, err := f.Instance(s.byName[CoreLibrary], e.Signature)
			if err != nil {
				t.Fatal(err)
			}
			ref, err := f.Ref(m)
			if err != nil {
				t.Fatal(err)
			}
			instances = append(instances, ref)
		}
	}
	if len(instances) != 1 || instances[0] != list {
		t.Errorf("instances kept: %v", instances)
	}
	rows := 0
	for e, err := range core.MethodEntries(&core.Components[0]) {
		if err != nil {
			t.Fatal(err)
		}
		if keep.Has(CoreLibrary, e.Method.RID(), nil) {
			rows++
		}
	}
	if rows != 1 {
		t.Errorf("%d methods kept", rows)
	}
	if !keep.Has(CoreLibrary, 1, []byte{0xFF}) || !keep.Has("Nowhere", 1, nil) {
		t.Error("what cannot be read is dropped")
	}
}

// Signatures of native code may hold anything.
func FuzzInstance(f *testing.F) {
	f.Add([]byte{0x44, 0x15, 0x12, 0x08, 0x01, 0x3E, 0x05, 0x01, 0x08})
	f.Add([]byte{0x10, 0x03})
	f.Add([]byte{0x44, 0x15, 0x15, 0x15, 0x15})
	files := packFiles(f, "netcore", "10.0.12")
	files.Paths = slices.DeleteFunc(files.Paths, func(p string) bool { return pathName(p) != CoreLibrary })
	s := openAll(f, files)
	a := s.byName[CoreLibrary]
	f.Fuzz(func(t *testing.T, data []byte) {
		finder := s.Finder()
		if m, err := finder.Instance(a, data); err == nil && !m.IsOpen() {
			_, _ = finder.Ref(m)
		}
	})
}
