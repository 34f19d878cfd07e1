// Package link merges the ReadyToRun code that assemblies already carry into one composite image, without a compiler:
// every method is moved on its own and its operands are patched, every table is rebuilt.
package link

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Input is an assembly with ReadyToRun code of its own. Data must not change while it is linked.
type Input struct {
	Name   string // of its file, such as System.Linq.dll
	Data   []byte
	Folder string // where its file lies; see Images
}

// Method names a compiled method of an input.
type Method struct {
	Component string // simple name of the assembly
	RID       uint32 // MethodDef row
	Instance  []byte // signature in the input's table of instances (section 109); nil if the method is not generic
}

// Options say what the image is to be.
type Options struct {
	// Name is the file name of the composite, which every component names as its owner.
	Name string
	// NoMVIDLock leaves the table of MVIDs (section 118) out: the runtime then accepts other builds of components.
	NoMVIDLock bool
	// Keep says whether a method's native code is carried; a method without it is compiled at run time. Nil keeps all.
	// It is called from several goroutines.
	Keep func(Method) bool
	// Jobs is the number of goroutines; 0 means GOMAXPROCS. It does not change the result.
	Jobs int
}

// Report counts what was linked.
type Report struct {
	Components int // assemblies
	Methods    int // methods with code in the composite, instances among them
	Instances  int // instances of generic code
	Dropped    int // methods that Options.Keep did not keep
	Functions  int // runtime functions: bodies and funclets
	Cells      int // import cells
	Profiles   int // methods with embedded profile data
	Twins      int // instances that needed the name of their module, since another has a method of the same tokens and hash
}

// Result is a composite and the assemblies rewritten to use it.
type Result struct {
	Name       string // of the composite's file
	Composite  []byte
	Components map[string][]byte // by Input.Name
	Report     Report
	Apart      []Apart // inputs that are not in the composite, by name; they stay as they are
}

// Link makes a composite of inputs. What cannot be linked rightly is refused by the name of its file, and nothing is
// given then. The result depends on inputs and options alone, not on the order of inputs.
func Link(ctx context.Context, inputs []Input, o Options) (*Result, error) {
	if o.Name == "" {
		return nil, fault.Usage("composite image", "has no file name")
	}
	l := &linker{ctx: ctx, options: o, jobs: o.Jobs}
	if l.jobs <= 0 {
		l.jobs = runtime.GOMAXPROCS(0)
	}
	for i := range inputs {
		l.members = append(l.members, &member{input: &inputs[i]})
	}
	for _, pass := range passes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := pass.run(l); err != nil {
			return nil, err
		}
	}
	return l.result, nil
}

// passes are the steps of a link. Each finds what the ones before it have left, and leaves what its second line says.
var passes = []struct {
	name string
	run  func(*linker) error
}{
	{"read inputs", (*linker).readInputs},
	// every member's headers are read, members are alike and in their final order
	{"keep layouts", (*linker).keepLayouts},
	// no class of a member is laid out otherwise than in an image of its own
	{"read tables", (*linker).readTables},
	// functions, methods, entries, import cells, profile data of every member are read
	{"check refusals", (*linker).checkRefusals},
	// all members fit each other, and nothing in them is outside of what is known to be movable
	{"choose methods", (*linker).chooseMethods},
	// method.kept is final
	{"scan code", (*linker).scanCode},
	// every operand that leaves its method is listed; each leads to an import cell or to read-only data
	{"merge imports", (*linker).mergeImports},
	// cells that anything kept refers to have their index in the merged import sections, and thunks are chosen
	{"rewrite signatures", (*linker).rewriteSignatures},
	// every cell has a signature that names its module
	{"place methods", (*linker).placeMethods},
	// every kept method, function, piece of read-only data and unwind blob has its offset in its area
	{"entry points", (*linker).writeEntryPoints},
	{"instances", (*linker).writeInstances},
	{"profile data", (*linker).writeProfiles},
	{"debug information", (*linker).writeDebugInfo},
	{"manifest", (*linker).writeManifest},
	// all tables that do not hold addresses are bytes
	{"plan image", (*linker).planImage},
	// every structure has its RVA
	{"write image", (*linker).writeImage},
	// all areas are bytes, at the places planned
	{"emit image", (*linker).emitImage},
	{"rewrite components", (*linker).rewriteComponents},
}

// linker is the state of a link; each pass adds to it.
type linker struct {
	ctx     context.Context
	options Options
	jobs    int
	members []*member
	target  target
	layout  layout
	imports imports
	code    codeArea
	tables  tables
	twins   int
	apart   []Apart
	result  *Result
}

// parallel calls f for 0 to n-1 from several goroutines and gives the error of the lowest number, so that what is told
// does not depend on their timing.
func (l *linker) parallel(n int, f func(int) error) error {
	errs := make([]error, n)
	var g errgroup.Group
	g.SetLimit(l.jobs)
	for i := range n {
		if l.ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			errs[i] = f(i)
			return nil
		})
	}
	_ = g.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return l.ctx.Err()
}

// each calls f for all members from several goroutines; its error names the member's file.
func (l *linker) each(f func(*member) error) error {
	return l.parallel(len(l.members), func(i int) error {
		m := l.members[i]
		return fault.Wrap(f(m), m.input.Name, "cannot be linked")
	})
}
