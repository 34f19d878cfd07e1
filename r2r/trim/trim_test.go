package trim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
)

// The debug information of composites of all versions and machines is understood. They are small: there is nothing to
// gain, and so they stay. Those for Windows are refused.
func TestVariablesOfSmallComposites(t *testing.T) {
	files, err := filepath.Glob(testdata.Path(t, "fixtures", "composite", "*", "*", "*", "*.r2r.dll"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d composites: %v", len(files), err)
	}
	for _, file := range files {
		name, err := filepath.Rel(testdata.Path(t, "fixtures", "composite"), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out, report, err := Variables(data, nil)
			if strings.Contains(file, "win-") {
				if err == nil || !strings.Contains(err.Error(), "windows") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || !bytes.Equal(out, data) || report.Functions < 3 || report.Before != len(data) || report.After != len(data) {
				t.Errorf("%+v: %v", report, err)
			}
		})
	}
}

// tiny is the smallest composite that there is.
func tiny(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "fixtures", "composite", "10", "linux-x64", "tiny", "tiny.r2r.dll"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVariablesRefuses(t *testing.T) {
	component, err := os.ReadFile(testdata.Path(t, "fixtures", "composite", "10", "linux-x64", "plain", "Fx.Core.dll"))
	if err != nil {
		t.Fatal(err)
	}
	later := tiny(t)
	at := bytes.Index(later, []byte("RTR\x00"))
	binary.LittleEndian.PutUint16(later[at+4:], lastMajor+1)
	cases := map[string]struct {
		data []byte
		want string
	}{
		"no image":        {[]byte("MZ"), ""},
		"a component":     {component, "is no composite"},
		"a later version": {later, "is no composite of a version up to 16"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := Variables(c.data, nil)
			var malformed *r2r.FormatError
			if !errors.As(err, &malformed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The methods of a component are those of its own table.
func TestFunctionsOf(t *testing.T) {
	im, err := r2r.Parse(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	all, err := functionsOf(im, func(string) bool { return true })
	if err != nil || len(all) < 3 {
		t.Errorf("%v, %v", all, err)
	}
	for _, nothing := range []func(string) bool{nil, func(string) bool { return false }} {
		if none, err := functionsOf(im, nothing); err != nil || len(none) > 0 {
			t.Errorf("%v, %v", none, err)
		}
	}
}

func FuzzVariables(f *testing.F) {
	f.Add(tiny(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		_, _, err := Variables(data, func(component string) bool { return len(component)%2 == 0 })
		var malformed *r2r.FormatError
		if err != nil && !errors.As(err, &malformed) {
			t.Errorf("%T: %v", err, err)
		}
		if !bytes.Equal(before, data) {
			t.Error("the image was changed")
		}
	})
}
