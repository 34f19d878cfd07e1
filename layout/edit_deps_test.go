package layout

import (
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
)

const smallDeps = `{
  "runtimeTarget": {
    "name": ".NETCoreApp,Version=v10.0/linux-x64",
    "signature": ""
  },
  "compilationOptions": {},
  "targets": {
    ".NETCoreApp,Version=v10.0/linux-x64": {
      "Fx/1.0.0": {
        "runtime": {
          "A.dll": {
            "assemblyVersion": "1.0.0.0"
          },
          "lib/net10.0/B<&>.dll": {}
        },
        "resources": {
          "lib/de/A.resources.dll": {
            "locale": "de"
          }
        },
        "native": {
          "libx.so": {
            "fileVersion": "0.0.0.0"
          }
        }
      }
    }
  },
  "libraries": {},
  "runtimes": {
    "linux-x64": [
      "linux",
      1.50,
      true,
      null
    ]
  }
}`

func TestDepsWithout(t *testing.T) {
	cut := func(parts ...string) string {
		text := smallDeps
		for _, p := range parts {
			if !strings.Contains(text, p) {
				t.Fatalf("%q is not there", p)
			}
			text = strings.Replace(text, p, "", 1)
		}
		return text
	}
	aDLL := "          \"A.dll\": {\n            \"assemblyVersion\": \"1.0.0.0\"\n          },\n"
	b := ",\n          \"lib/net10.0/B<&>.dll\": {}"
	for _, c := range []struct {
		name string
		gone []string
		want string
	}{
		{"nothing", nil, smallDeps},
		{"first", []string{"A.dll"}, cut(aDLL)},
		{"last, by file name", []string{"B<&>.dll"}, cut(b)},
		{"satellite, by culture", []string{"de/A.resources.dll"}, strings.Replace(smallDeps,
			"{\n          \"lib/de/A.resources.dll\": {\n            \"locale\": \"de\"\n          }\n        }", "{}", 1)},
		{"all of a group", []string{"libx.so"}, strings.Replace(smallDeps,
			"{\n          \"libx.so\": {\n            \"fileVersion\": \"0.0.0.0\"\n          }\n        }", "{}", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DepsWithout("Fx.deps.json", []byte(smallDeps), func(name string) bool {
				for _, g := range c.gone {
					if g == name {
						return true
					}
				}
				return false
			})
			if err != nil || string(got) != c.want {
				t.Errorf("%v:\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

func TestDepsWithoutRefusesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "{", "a list": "[]", "targets": `{"targets":[]}`, "assets": `{"targets":{"t":{"l/1.0.0":{"runtime":7}}}}`} {
		_, err := DepsWithout("Fx.deps.json", []byte(text), func(string) bool { return false })
		if err == nil || !strings.HasPrefix(err.Error(), "Fx.deps.json: ") || fault.IsUsage(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An official deps.json comes out byte for byte when nothing is taken off.
func TestDepsWithoutKeepsOfficialForm(t *testing.T) {
	for _, version := range []string{"8.0.31", "10.0.12"} {
		root := stock(t, version)
		model, err := Read(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range model.Frameworks {
			data := read1(t, root, f.Path(f.DepsFile()))
			got, err := DepsWithout(f.DepsFile(), data, func(string) bool { return false })
			if err != nil || string(got) != string(data) {
				t.Errorf("%s of %s changed: %v", f.DepsFile(), version, err)
			}
		}
	}
}

func TestOptionalFeature(t *testing.T) {
	for file, want := range map[string]string{
		"libcoreclrtraceptprovider.so": "lttng", "libmscordbi.so": "debugger", "mscordaccore.dll": "debugger",
		"mscordaccore_amd64_amd64_10.0.1226.5001.dll": "debugger", "libmscordbi.dylib": "debugger",
		"libclrgc.so": "altgc", "libclrgcexp.so": "altgc", "createdump": "createdump", "createdump.exe": "createdump",
		"libcoreclr.so": "", "libclrjit.so": "", "libhostpolicy.so": "", "libSystem.Native.so": "", "clrgc.txt": "",
	} {
		if f, ok := OptionalFeature("shared/Fx/1.0.0/" + file); f.Name != want || ok != (want != "") {
			t.Errorf("%s belongs to %q", file, f.Name)
		}
	}
}
