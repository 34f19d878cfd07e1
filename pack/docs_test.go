package pack

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The table of findings in the documentation is the table in the code.
func TestDocumentedCodes(t *testing.T) {
	doc, err := os.ReadFile("../docs/archives.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Codes() {
		row := fmt.Sprintf("| `%s` | %s | %s |\n", c.Code, c.Severity, c.Meaning)
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/archives.md lacks %s", row)
		}
	}
	if got, want := strings.Count(string(doc), "| error |")+strings.Count(string(doc), "| warning |"), len(Codes()); got != want {
		t.Errorf("docs/archives.md has %d codes, want %d", got, want)
	}
}
