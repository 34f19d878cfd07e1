package common

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

func TestNearest(t *testing.T) {
	for version, want := range map[string]int{
		"8.0.31": 8, "10.0.12": 10, "10.0.0-rc.1": 10, "9.0.19": 10, "6.0.36": 8, "7.0.20": 8, "11.0.0": 10, "12": 10, "": 10, "x.y": 10,
	} {
		p, err := For(version)
		if err != nil || p.Major != want {
			t.Errorf("%q: %v, %v; want %d", version, p, err, want)
		}
	}
}

func TestDigest(t *testing.T) {
	digests := map[string]string{}
	for _, version := range []string{"8.0.31", "8.0.1", "9.0.19", "10.0.12"} {
		p, err := For(version)
		if err != nil || len(p.Digest) != 64 {
			t.Fatal(version, err, p)
		}
		digests[version] = p.Digest
	}
	if digests["8.0.31"] != digests["8.0.1"] || digests["9.0.19"] != digests["10.0.12"] || digests["8.0.31"] == digests["10.0.12"] {
		t.Errorf("digests %v", digests)
	}
}

// No method is carried twice, and all of it is small.
func TestParts(t *testing.T) {
	all, bytes := profile.NewSet(), 0
	for i, name := range append([]string{Shared}, parts()...) {
		data, err := files.ReadFile(FileName(name))
		if err != nil {
			t.Fatal(err)
		}
		bytes += len(data)
		set, err := Decode(data)
		if err != nil || set.Len() == 0 {
			t.Fatal(name, err, set)
		}
		before := all.Len()
		if i == 0 {
			all.Union(set)
			continue
		}
		shared := profile.NewSet(set.Sorted()...)
		shared.Subtract(all)
		if shared.Len() != set.Len() || before == 0 {
			t.Errorf("%s: %d of %d methods are in %s too", name, set.Len()-shared.Len(), set.Len(), Shared)
		}
	}
	if bytes > 700_000 {
		t.Errorf("%d bytes", bytes)
	}
}

func parts() []string {
	var names []string
	for _, m := range Majors {
		names = append(names, strconv.Itoa(m))
	}
	return names
}

// Every method was found in the build that it was trained on, and is found there again.
func TestFoundWhereTrained(t *testing.T) {
	testdata.Slow(t)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		var paths []string
		for _, file := range packs.DLLs(t, packs.Extract(t, version)) {
			paths = append(paths, strings.TrimPrefix(file, "/"))
		}
		scope, release, err := profile.OpenScope(context.Background(), profile.Files{FS: os.DirFS("/"), Paths: paths})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		p, err := For(version)
		if err != nil {
			t.Fatal(err)
		}
		list, err := p.List()
		if err != nil {
			t.Fatal(err)
		}
		set := profile.NewSet(list...)
		if set.Len() != len(list) || !slices.Equal(set.Sorted(), list) {
			t.Errorf("%s: the list of %d methods is not sorted, or has some twice", version, len(list))
		}
		found, missing, err := scope.FindAll(context.Background(), set)
		if err != nil || len(missing) > 0 || len(found) < 40_000 {
			t.Errorf("%s: %d found, %d missing, %v", version, len(found), len(missing), err)
		}
		for _, m := range missing[:min(10, len(missing))] {
			t.Log(m.Ref, m.Err)
		}
	}
}

func TestEncode(t *testing.T) {
	a := profile.MethodRef{Assembly: "A", Type: "T", Name: "F", Signature: "()void"}
	b := profile.MethodRef{Assembly: "A", Type: "T`1", TypeArgs: "int32", Name: "G", Signature: "static(!0)void"}
	one, err := Encode(profile.NewSet(a, b))
	if err != nil {
		t.Fatal(err)
	}
	if two, err := Encode(profile.NewSet(b, a)); err != nil || !bytes.Equal(one, two) {
		t.Error("equal sets give other bytes", err)
	}
	set, err := Decode(one)
	if err != nil || set.Len() != 2 || !set.Has(a) || !set.Has(b) {
		t.Error(set, err)
	}
	for _, bad := range [][]byte{nil, []byte("text"), one[:len(one)-3], bytes.Repeat([]byte{0x28}, 100)} {
		if _, err := Decode(bad); err == nil {
			t.Errorf("% x is taken", bad)
		}
	}
}
