package parity

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// keywords make the runtime tell of every method that it looks up or compiles, and who it is exactly.
const keywords = nettrace.KeywordLoader | nettrace.KeywordJIT | nettrace.KeywordType | nettrace.KeywordCompilation | nettrace.KeywordMethodDiagnostic

// method is one method, the same in every process: by its name and, unless it was made at run time, by its identity,
// which tells apart instances of generic methods and methods of one name in several assemblies.
type method struct{ name, identity string }

// observation is what one run shows of a method. Both may be true, when an assembly is loaded twice.
type observation struct {
	found    bool // its code comes from a ReadyToRun image
	compiled bool // the JIT had to make code for it: there was none in an image, or none that fits
}

// usage is what one run shows.
type usage struct {
	methods map[method]observation
	dynamic map[string]int // methods made at run time, such as stubs, by name: how many
}

// trace runs the application under EventPipe and reads the trace.
func (p program) trace(ctx context.Context, root string) (outcome, usage, error) {
	dir, err := os.MkdirTemp("", "parity-trace")
	if err != nil {
		return outcome{}, usage{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "trace.nettrace")
	out, err := p.run(ctx, root, Traced(file)...)
	if err != nil {
		return outcome{}, usage{}, err
	}
	u, err := readTrace(ctx, file)
	return out, u, fault.Wrap(err, root, "tracing %s (%s)", p.app, out.exit)
}

// Traced gives the settings, as NAME=VALUE, under which the runtime writes a trace that can be compared.
func Traced(file string) []string {
	return []string{"DOTNET_EnableEventPipe=1", "DOTNET_EventPipeRundown=0", "DOTNET_EventPipeOutputPath=" + file,
		"DOTNET_EventPipeConfig=" + nettrace.RuntimeProvider + ":0x" + strconv.FormatUint(keywords, 16) + ":5"}
}

func readTrace(ctx context.Context, file string) (usage, error) {
	f, err := os.Open(file)
	if err != nil {
		return usage{}, err
	}
	defer f.Close()
	u, err := nettrace.Methods(ctx, f)
	switch {
	case err != nil:
		return usage{}, err
	case u.Dropped > 0:
		return usage{}, fault.New("", "%d events were lost", u.Dropped)
	case u.Events[nettrace.IDMethodDetails] == 0:
		return usage{}, fault.New("", "the trace tells of no method")
	}
	return observe(u), nil
}

// address is what the names of methods made at run time contain of addresses of the process.
var address = regexp.MustCompile(`0x[0-9a-f]+`)

func observe(u *nettrace.Usage) usage {
	out := usage{methods: map[method]observation{}, dynamic: map[string]int{}}
	for m, fate := range u.Methods {
		name := m.Namespace + "." + m.Name + " " + m.Signature
		identity, ok := u.Identity(m.ID)
		if !ok {
			out.dynamic[address.ReplaceAllString(name, "0x")]++
			continue
		}
		o := out.methods[method{name, identity}]
		if fate&nettrace.Found != 0 {
			o.found = true // what the JIT makes of it later is tiering
		} else {
			o.compiled = true
		}
		out.methods[method{name, identity}] = o
	}
	return out
}
