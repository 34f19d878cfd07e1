package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// Use is what became of a file that names methods. Told = Found + Dynamic + all of Outside + Unresolved, but that several
// records of a file may mean one method.
type Use struct {
	Path       string         `json:"path"`
	Kind       Kind           `json:"kind"`
	Told       int            `json:"told"`    // methods that the file names
	Found      int            `json:"found"`   // those that are in the assemblies at hand
	Dynamic    int            `json:"dynamic"` // made at run time
	Outside    map[string]int `json:"outside"` // need an assembly that is not at hand, by its name
	Unresolved int            `json:"unresolved"`
	Why        []string       `json:"why,omitempty"`       // the first hundred that are unresolved
	Truncated  bool           `json:"truncated,omitempty"` // the trace has no end; what is whole was used
	Dropped    uint64         `json:"dropped,omitempty"`   // events that the traced process could not write
}

// Kind is what a file that names methods is.
type Kind string

// The kinds.
const (
	KindTrace Kind = "trace"   // of EventPipe, plain or gzipped
	KindMIBC  Kind = "mibc"    // a profile for the compiler
	KindText  Kind = "methods" // the text form
)

// maxWhy bounds Use.Why.
const maxWhy = 100

// maxFile bounds what is read into memory of a profile or a text, in bytes. Traces are read as a stream.
const maxFile = 256 << 20

// Input is a file that names methods, as it was read: what it means is looked up in a Scope.
type Input struct {
	use     Use
	trace   *nettrace.Usage // of these three, the one of the file's kind
	profile *Profile
	set     *Set
}

// Read reads a file that names methods: a trace, a .mibc or the text form.
func Read(ctx context.Context, path string) (*Input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), path, "cannot be read")
	}
	defer f.Close()
	in := &Input{use: Use{Path: path, Outside: map[string]int{}}}
	return in, loadFault(in.read(ctx, f), path)
}

// Find finds the methods of an input. A trace must come from the builds that are in the scope, unless byName says to go
// by names. An input that names no method of the scope is an error.
func (s *Scope) Find(ctx context.Context, in *Input, byName bool) (*Set, Use, error) {
	use := in.use
	set, err := s.findInput(ctx, in, byName, &use)
	if err != nil {
		return nil, use, loadFault(err, use.Path)
	}
	use.Found = set.Len()
	if use.Found == 0 {
		return nil, use, fault.New(use.Path, "names no method of the assemblies at hand: %s", use.nothing()).
			WithHint("take the trace with the framework that it is for")
	}
	return set, use, nil
}

// Load reads a file and finds the methods that it names.
func (s *Scope) Load(ctx context.Context, path string, byName bool) (*Set, Use, error) {
	in, err := Read(ctx, path)
	if err != nil {
		return nil, Use{}, err
	}
	return s.Find(ctx, in, byName)
}

// nothing says in what way a file named no method.
func (u Use) nothing() string {
	outside := 0
	for _, n := range u.Outside {
		outside += n
	}
	text := fmt.Sprintf("%d made at run time, %d of other assemblies, %d that do not exist", u.Dynamic, outside, u.Unresolved)
	if len(u.Why) > 0 {
		text += " (the first: " + u.Why[0] + ")"
	}
	return text
}

// loadFault gives an error about a file its name, and leaves alone what has one and what ended the work.
func loadFault(err error, path string) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var f *fault.Error
	if errors.As(err, &f) {
		if f.Where == "" {
			named := *f
			named.Where = path
			return &named
		}
		return err
	}
	return fault.Wrap(fault.Cause(err), path, "cannot be read")
}

func (in *Input) read(ctx context.Context, f io.ReadSeeker) (err error) {
	if in.use.Kind, err = sniff(f); err != nil {
		return err
	}
	if in.use.Kind == KindTrace {
		return in.readTrace(ctx, f)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return err
	case len(data) > maxFile:
		return fault.New("", "has more than %d MB", maxFile>>20)
	case in.use.Kind == KindText:
		in.set, err = ReadText(bytes.NewReader(data))
		return fault.Wrap(err, "", "is a malformed list of methods")
	}
	in.profile, err = Parse(in.use.Path, data)
	return err
}

func (s *Scope) findInput(ctx context.Context, in *Input, byName bool, use *Use) (*Set, error) {
	switch use.Kind {
	case KindTrace:
		return s.findTraced(ctx, in.trace, byName, use)
	case KindText:
		return s.findNamed(ctx, in.set, use)
	}
	return s.findRecords(ctx, in.profile, use)
}

// sniff tells the kind of a file by how it begins.
func sniff(f io.ReadSeeker) (Kind, error) {
	head := make([]byte, len(textHead))
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	head = head[:n]
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	switch {
	case n == 0:
		return "", fault.New("", "is empty").WithHint("a traced process writes its trace when it ends; it must not be killed")
	case bytes.HasPrefix(head, []byte("Nettrace")), bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		return KindTrace, nil
	case bytes.HasPrefix(head, []byte("MZ")), bytes.HasPrefix(head, []byte("PK")):
		return KindMIBC, nil
	case IsText(head):
		return KindText, nil
	}
	return "", fault.New("", "is no EventPipe trace, no .mibc profile and no list of methods").WithHint("r2rpack trace makes a trace")
}

func (in *Input) readTrace(ctx context.Context, f io.Reader) error {
	u, err := nettrace.Methods(ctx, f)
	if err != nil {
		return &fault.Error{What: "cannot be read as a trace", Err: err, Hint: "take the trace again, with r2rpack trace"}
	}
	in.trace, in.use.Truncated, in.use.Dropped = u, u.Truncated, u.Dropped
	return complete(u)
}

func (s *Scope) findTraced(ctx context.Context, u *nettrace.Usage, byName bool, use *Use) (*Set, error) {
	t, err := s.Trace(ctx, u, byName)
	if err != nil {
		return nil, err
	}
	use.Told, use.Dynamic, use.Outside, use.Unresolved = t.Told, t.Dynamic, t.Outside, len(t.Unresolved)
	use.Why = t.Unresolved[:min(maxWhy, len(t.Unresolved))]
	return t.Set, nil
}

// complete refuses a trace that was taken without a setting that a profile needs, and says which.
func complete(u *nettrace.Usage) error {
	if len(u.Events) == 0 {
		return fault.New("", "holds no events of the .NET runtime%s", endsEarly(u)).WithHint("%s", traceHint)
	}
	seen := func(ids ...uint32) bool {
		for _, id := range ids {
			if u.Events[id] > 0 {
				return true
			}
		}
		return false
	}
	native := false
	for _, m := range u.Modules {
		native = native || m.ReadyToRun
	}
	for _, need := range []struct {
		there   bool
		keyword uint64
		what    string
	}{
		{seen(nettrace.IDModuleLoad) && seen(nettrace.IDAssemblyLoad), nettrace.KeywordLoader, "Loader"},
		{seen(nettrace.IDMethodJittingStarted), nettrace.KeywordJIT, "Jit"},
		{seen(nettrace.IDR2RGetEntryPoint) || !native, nettrace.KeywordCompilation, "CompilationDiagnostic"},
		{seen(nettrace.IDMethodDetails), nettrace.KeywordMethodDiagnostic, "MethodDiagnostic"},
		{seen(nettrace.IDBulkType), nettrace.KeywordType, "Type"},
	} {
		if !need.there {
			return fault.New("", "was taken without the keyword %#x (%s) of the .NET runtime, or not at level 5%s", need.keyword, need.what, endsEarly(u)).
				WithHint("%s", traceHint)
		}
	}
	return nil
}

func endsEarly(u *nettrace.Usage) string {
	if u.Truncated {
		return ", and its end is missing"
	}
	return ""
}

// traceHint tells how to take a trace that has everything.
const traceHint = "r2rpack trace sets what is needed: DOTNET_EventPipeConfig=" + nettrace.RuntimeProvider + ":0x6000080018:5"

func (s *Scope) findNamed(ctx context.Context, set *Set, use *Use) (*Set, error) {
	methods, missing, err := s.FindAll(ctx, set)
	if err != nil {
		return nil, err
	}
	use.Told = set.Len()
	for _, m := range missing {
		use.unresolved(fmt.Sprintf("%s: %v", m.Ref, m.Err))
	}
	return s.names(methods, use)
}

// names gives the set of methods that were found.
func (s *Scope) names(methods []Method, use *Use) (*Set, error) {
	f, set := s.Finder(), NewSet()
	for _, m := range methods {
		if ref, err := f.Ref(m); err != nil {
			use.unresolved(err.Error())
		} else {
			set.Add(ref)
		}
	}
	return set, nil
}

func (u *Use) unresolved(why string) {
	u.Unresolved++
	if len(u.Why) < maxWhy {
		u.Why = append(u.Why, why)
	}
}

func (s *Scope) findRecords(ctx context.Context, p *Profile, use *Use) (*Set, error) {
	use.Told = p.Count()
	r := s.Resolver(p)
	var methods []Method
	for _, g := range p.Groups {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, record := range g.Records {
			m, err := r.Method(record.Method)
			if err == nil && m.IsOpen() {
				err = fmt.Errorf("%s: lacks type arguments", record.Method)
			}
			if err != nil {
				use.unresolved(err.Error())
				continue
			}
			methods = append(methods, m)
		}
	}
	return s.names(methods, use)
}
