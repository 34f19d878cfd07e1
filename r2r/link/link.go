// Package link merges the ReadyToRun code that assemblies already carry into one composite image, without a compiler:
// every method is moved on its own and its operands are patched, every table is rebuilt.
package link

import (
	"context"
	"runtime"
	"sync"

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
	// Layered has Images put each folder, and what stands on little, into images of their own.
	Layered bool
	// NoMVIDLock leaves the table of MVIDs (section 118) out: the runtime then accepts other builds of components. A part of
	// a hash of them comes into the image's name instead.
	NoMVIDLock bool
	// Keep says whether a method's native code is carried; a method without it is compiled at run time. Nil keeps all.
	// It is called from several goroutines.
	Keep func(Method) bool
	// Jobs is how many members are worked on at a time; 0 means GOMAXPROCS. It does not change the result.
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
	l, err := begin(ctx, membersOf(inputs), o, newWorkers(o.Jobs))
	if err != nil {
		return nil, err
	}
	return l.finish()
}

func membersOf(inputs []Input) []*member {
	var members []*member
	for i := range inputs {
		members = append(members, &member{input: &inputs[i]})
	}
	return members
}

// begin reads what is to be linked and settles what stays apart.
func begin(ctx context.Context, members []*member, o Options, w workers) (*linker, error) {
	if o.Name == "" {
		return nil, fault.Usage("composite image", "has no file name")
	}
	l := &linker{ctx: ctx, options: o, workers: w, members: members}
	return l, l.run(reading)
}

// finish makes the image.
func (l *linker) finish() (*Result, error) {
	if err := l.run(linking); err != nil {
		return nil, err
	}
	return l.result, nil
}

// step is one or more passes that do not need each other and run side by side. Each step finds what the ones before it
// have left, and leaves what the line behind it says.
type step []func(*linker) error

var reading = []step{
	{(*linker).readInputs},
	// every member's headers are read, members are alike and in their final order
	{(*linker).keepLayouts, (*linker).readTables},
	// functions, methods, entries, import cells, profile data of every member are read
	{(*linker).takeOut},
	// no class of a member is laid out otherwise than in an image of its own
	{(*linker).nameImage},
	// options.Name is final
}

var linking = []step{
	{(*linker).checkRefusals},
	// all members fit each other, and nothing in them is outside of what is known to be movable
	{(*linker).chooseMethods},
	// method.kept is final
	{(*linker).scanCode},
	// every operand that leaves its method is listed; each leads to an import cell or to read-only data
	{(*linker).mergeImports},
	// cells that anything kept refers to have their index in the merged import sections, and thunks are chosen
	{(*linker).placeMethods},
	// every kept method, function and piece of read-only data has its offset in its area
	{(*linker).writeDebugInfo, (*linker).placeUnwind, (*linker).writeInstances, (*linker).rewriteSignatures,
		(*linker).writeEntryPoints, (*linker).writeProfiles, (*linker).writeManifest, (*linker).rewriteComponents},
	// every cell has a signature that names its module, every unwind blob has its offset; all tables that do not hold
	// addresses, and the components, are bytes
	{(*linker).planImage},
	// every structure has its RVA
	{(*linker).writeImage},
	// all areas are bytes, at the places planned
	{(*linker).emitImage},
}

// run runs steps. Of the errors of one step it gives that of the first pass.
func (l *linker) run(steps []step) error {
	for _, passes := range steps {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if err := sideBySide(len(passes), func(i int) error { return passes[i](l) }); err != nil {
			return err
		}
	}
	return nil
}

// sideBySide calls f for 0 to n-1, each from a goroutine of its own, and gives the error of the lowest number.
func sideBySide(n int, f func(int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = f(i) })
	}
	group.Wait()
	return first(errs)
}

// first gives the first error there is.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// linker is the state of a link; each pass adds to it.
type linker struct {
	ctx        context.Context
	options    Options
	mvid       [16]byte // of the image
	workers    workers
	members    []*member
	gone       []bool    // by member.index: stays apart
	taken      []*member // those that stay apart
	apart      []Apart
	target     target
	layout     layout
	imports    imports
	code       codeArea
	tables     tables
	twins      [2]int            // of instances and of profile data
	components map[string][]byte // by Input.Name
	result     *Result
}

// workers bounds how many goroutines of one or more links work on parts of a pass at a time.
type workers chan struct{}

func newWorkers(n int) workers {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return make(workers, n)
}

// parallel calls f for 0 to n-1 from several goroutines and gives the error of the lowest number, so that what is told
// does not depend on their timing.
func (l *linker) parallel(n int, f func(int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		if l.ctx.Err() != nil {
			break
		}
		l.workers <- struct{}{}
		group.Go(func() {
			errs[i] = f(i)
			<-l.workers
		})
	}
	group.Wait()
	if err := first(errs); err != nil {
		return err
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
