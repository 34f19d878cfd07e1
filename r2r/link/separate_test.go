package link

import (
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// TestSeparateBubble proves what crossgen.SeparateBubble says of its assemblies: of all their classes, the only ones that
// would be laid out otherwise if the assemblies were one unit are private parts of Partitioner.
func TestSeparateBubble(t *testing.T) {
	testdata.Slow(t)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		inputs := slices.DeleteFunc(framework(t, version), func(in Input) bool {
			return !slices.Contains(crossgen.SeparateBubble, strings.TrimSuffix(in.Name, ".dll"))
		})
		l := &linker{ctx: t.Context(), options: Options{Name: "x.dll"}, workers: newWorkers(0), members: membersOf(inputs)}
		if err := l.readInputs(); err != nil || len(inputs) != len(crossgen.SeparateBubble) {
			t.Fatalf("%d assemblies, %v", len(inputs), err)
		}
		layouts, err := newFieldLayouts(l.members)
		if err != nil {
			t.Fatal(err)
		}
		moved := layouts.movedClasses()
		if len(moved) == 0 {
			t.Errorf("%s: no class would move", version)
		}
		for _, m := range moved {
			name, err := l.members[m.class.module].image.Metadata.FullName(ecma335.NewToken(ecma335.TypeDef, m.class.rid))
			if err != nil || !strings.HasPrefix(name, "System.Collections.Concurrent.Partitioner+") {
				t.Errorf("%s: %s would move, %v", version, name, err)
			}
		}
	}
}
