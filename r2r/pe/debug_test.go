package pe

import (
	"os"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

func TestCodeView(t *testing.T) {
	data, err := os.ReadFile(testdata.Path(t, "fixtures", "il", "Fx.Debug.dll"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	id, ok, err := f.CodeView()
	if err != nil || !ok || id.GUID == [16]byte{} || id.Age != 1 {
		t.Fatalf("%x %v %v", id, ok, err)
	}
	at := strings.Index(string(data), "RSDS")
	if got := string(data[at+4 : at+20]); got != string(id.GUID[:]) {
		t.Errorf("GUID %x, the file has % x", id.GUID, got)
	}
	cut := []byte(strings.Replace(string(data), "RSDS", "NB10", 1))
	if f, err = Parse(cut); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.CodeView(); ok || err != nil {
		t.Errorf("other symbols are taken for CodeView: %v", err)
	}
	f.Directories[DirectoryDebug].RVA = 0xFFFFFF0
	if _, _, err := f.CodeView(); err == nil || !strings.Contains(err.Error(), "debug directory") {
		t.Errorf("a directory past the end: %v", err)
	}
	f.Directories[DirectoryDebug] = Directory{}
	if _, ok, err := f.CodeView(); ok || err != nil {
		t.Errorf("no directory: %v %v", ok, err)
	}
}
