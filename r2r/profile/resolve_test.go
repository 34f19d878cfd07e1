package profile

import (
	"archive/zip"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile/profiletest"
)

// scopeOf gives a scope of two small libraries and the core library.
func scopeOf(t *testing.T) *Scope {
	t.Helper()
	s := NewScope()
	for _, name := range []string{"Fx.Core", "Fx.Facade"} {
		data, err := os.ReadFile(testdata.Path(t, "fixtures", "il", name+".dll"))
		if err != nil {
			t.Fatal(err)
		}
		add(t, s, name, data)
	}
	add(t, s, CoreLibrary, coreLibrary(t))
	return s
}

func add(t *testing.T, s *Scope, name string, data []byte) {
	t.Helper()
	file, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := file.CLI()
	if err != nil {
		t.Fatal(err)
	}
	root, err := file.In(cli.MetaData)
	if err != nil {
		t.Fatal(err)
	}
	md, err := ecma335.Parse(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(name, md); err != nil {
		t.Fatal(err)
	}
}

func coreLibrary(t *testing.T) []byte {
	t.Helper()
	archive, err := zip.OpenReader(testdata.Path(t, "packs", "microsoft.netcore.app.runtime.linux-x64.10.0.12.nupkg"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/"+CoreLibrary+".dll") {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatal("the pack has no core library")
	return nil
}

// in names a method of an assembly by "Namespace.Type" and name.
func in(assembly, typ, name string, sig ...byte) profiletest.Method {
	dot := strings.LastIndexByte(typ, '.')
	return profiletest.Method{Assembly: assembly, Namespace: typ[:dot], Type: typ[dot+1:], Name: name, Signature: sig}
}

func over(m profiletest.Method, args ...byte) profiletest.Method {
	m.TypeArgs = args
	return m
}

func TestResolve(t *testing.T) {
	scope := scopeOf(t)
	greet := in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 1, 0x0E, 0x0E)
	resize := in(CoreLibrary, "System.Array", "Resize", 0x10, 1, 2, 0x01, 0x10, 0x1D, 0x1E, 0, 0x08)
	resized, twice := resize, resize
	resized.MethodArgs, twice.MethodArgs = []byte{profiletest.Canon}, []byte{0x08, 0x08}
	for _, test := range []struct {
		name    string
		method  profiletest.Method
		want    string // "Type.Method" that has the body, or part of the error
		generic bool
		open    bool
	}{
		{"plain", greet, "IGreeter.Greet", false, false},
		{"through a forward", in("Fx.Facade", "Fx.Core.IGreeter", "Greet", 0x20, 1, 0x0E, 0x0E), "IGreeter.Greet", false, false},
		{"of a primitive", in(CoreLibrary, "System.Int32", "GetHashCode", 0x20, 0, 0x08), "Int32.GetHashCode", false, false},
		{"inherited", in(CoreLibrary, "System.IO.MemoryStream", "Close", 0x20, 0, 0x01), "Stream.Close", false, false},
		{"inherited by an instance", over(in(CoreLibrary, "System.Threading.Tasks.Task`1", "get_IsCompleted", 0x20, 0, 0x02), 0x08), "Task.get_IsCompleted", false, false},
		{"inherited from an instance", over(in(CoreLibrary, "System.Threading.Tasks.ContinuationResultTaskFromResultTask`2", "get_Result", 0x20, 0, 0x13, 1), 0x0E, 0x0A), "Task`1.get_Result", true, false},
		{"generic type", over(in("Fx.Core", "Fx.Core.Base`1", "get_Kind", 0x20, 0, 0x0E), 0x08), "Base`1.get_Kind", true, false},
		{"generic type, open", in("Fx.Core", "Fx.Core.Base`1", "get_Kind", 0x20, 0, 0x0E), "Base`1.get_Kind", false, true},
		{"generic method", resized, "Array.Resize", true, false},
		{"generic method, open", resize, "Array.Resize", false, true},

		{"missing assembly", in("Fx.Nowhere", "N.T", "M", 0, 0, 1), "there is no assembly Fx.Nowhere", false, false},
		{"missing type", in("Fx.Core", "Fx.Core.Vec4", "Dot", 0x20, 0, 0x0D), "[Fx.Core] has no type Fx.Core.Vec4", false, false},
		{"missing method", in("Fx.Core", "Fx.Core.IGreeter", "Great", 0x20, 1, 0x0E, 0x0E), "[Fx.Core]Fx.Core.IGreeter has no method Great of that signature", false, false},
		{"other signature", in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 1, 0x0E, 0x08), "no method Greet of that signature", false, false},
		{"static instead of instance", in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x00, 1, 0x0E, 0x0E), "no method Greet of that signature", false, false},
		{"constructor of the base", in(CoreLibrary, "System.IO.MemoryStream", ".ctor", 0x20, 2, 0x01, 0x0E, 0x0E), "no method .ctor of that signature", false, false},
		{"signature too short", in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 3, 0x0D), "a signature ends too early", false, false},
		{"signature of garbage", in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 0, 0x7F, 0xFF), "no element type 0x7f", false, false},
		{"type out of range", in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 0, 0x12, 0x7D), "TypeRef", false, false},
		{"arguments of what is not generic", over(in("Fx.Core", "Fx.Core.IGreeter", "Greet", 0x20, 1, 0x0E, 0x0E), 0x08), "a generic type has 1 arguments", false, false},
		{"too many method arguments", twice, "a method of 1 type parameters has 2 arguments", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse("x", profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{{Method: test.method}}}))
			if err != nil {
				t.Fatal(err)
			}
			m, err := scope.Resolver(p).Method(p.Groups[0].Records[0].Method)
			if err != nil {
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("got error %v, want %q", err, test.want)
				}
				return
			}
			if got := describe(t, m); got != test.want {
				t.Errorf("found %s, want %s", got, test.want)
			}
			if m.IsGeneric() != test.generic || m.IsOpen() != test.open {
				t.Errorf("generic %v, open %v", m.IsGeneric(), m.IsOpen())
			}
		})
	}
}

// describe gives the name of the method and of the type that defines it.
func describe(t *testing.T, m Method) string {
	t.Helper()
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := m.Assembly.Metadata.String(row.Name)
	owner, err := m.Assembly.Metadata.MethodOwner(m.RID)
	if err != nil {
		t.Fatal(err)
	}
	typ, _, _ := m.Assembly.Metadata.TypeName(ecma335.NewToken(ecma335.TypeDef, owner))
	return typ.Name + "." + name
}

func TestSignatureOfInstance(t *testing.T) {
	p, err := Parse("x", profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{
		{Method: over(in(CoreLibrary, "System.Threading.Tasks.ContinuationResultTaskFromResultTask`2", "get_Result", 0x20, 0, 0x13, 1), 0x0E, 0x0A)}}}))
	if err != nil {
		t.Fatal(err)
	}
	r := scopeOf(t).Resolver(p)
	m, err := r.Method(p.Groups[0].Records[0].Method)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := r.Signature(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&Sig{Convention: 0x20, Return: &Type{Kind: 0x0A}}); !sig.Equal(want) {
		t.Errorf("signature %+v of %+v", sig, sig.Return)
	}
}

func TestTwoOfOneName(t *testing.T) {
	s := NewScope()
	if _, err := s.Add("A", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add("A", nil); err == nil || !strings.Contains(err.Error(), "A: is given twice") {
		t.Errorf("got %v", err)
	}
}
