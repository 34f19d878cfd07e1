package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// A common profile must be small. It has
//
//   - all that the measured programs need, since they are known;
//   - small methods that code compiled at run time calls (see isCallee);
//   - what one server of src does alone, the large and the odd apart (see isServerCode);
//   - of what only the programs of src need, the part that another program is likeliest to need for its bytes. That is
//     counted: each measured program in turn is taken for unknown, and of every class of methods that none of the other
//     measured programs needs it is seen how many this one does.

// room is how many bytes, as codeBytes estimates them, the methods of a profile may take, by major version. It is what
// makes the default root as large as it may be, 0.70 of the official one.
var room = map[string]int{"8": 17_450_000, "10": 19_500_000}

// class is what methods of one chance have in common.
type class struct {
	who     string // the program that alone needs them if it is no server, or what programs do
	generic bool
	unusual bool
	size    int // the least of sizes that is not below the bytes of their IL
}

func (c class) String() string {
	kind := "plain"
	if c.generic {
		kind = "instances"
	}
	if c.unusual {
		kind = "unusual instances"
	}
	return fmt.Sprintf("%s, %s up to %d bytes", c.who, kind, c.size)
}

// sizes of IL that are told apart, in bytes.
var sizes = []int{24, 42, 65, 120, 220, 1 << 16}

// severalAre is from how many programs on it is no longer told apart how many there are.
const severalAre = 4

// chances are the counts of a class, over all measured programs.
type chances struct {
	tried, needed int
	saved         int // microseconds that compiling those needed takes
	bytes         int // what those tried take in a composite
}

// add counts one more method that was tried.
func (c *chances) add(il int, needed bool) {
	c.tried++
	c.bytes += codeBytes(il)
	if needed {
		c.needed++
		c.saved += compileTime(il)
	}
}

// worth gives the microseconds that a class saves a program for each kilobyte that the class takes.
func (c *chances) worth() float64 { return 1000 * float64(c.saved) / float64(c.bytes) }

// table has the chances of all classes.
type table map[class]*chances

func (t table) of(k class) *chances {
	if t[k] == nil {
		t[k] = &chances{}
	}
	return t[k]
}

// codeBytes gives what a method takes in a composite on average, by the bytes of its IL: code, unwind and GC
// information, tables, import cells. Measured by composing with and without some thousand methods.
func codeBytes(il int) int { return 80 + 14*il/5 }

// compileTime gives what the JIT takes for a method at first on average, in microseconds, by the bytes of its IL. Measured
// in traces of 8,000 methods of programs that start.
func compileTime(il int) int { return 70 + 11*il/10 }

// choice is what is known where the methods for a common profile are chosen.
type choice struct {
	names    []string                     // of the programs
	measured uint64                       // which of them are measured, a bit for each
	needs    map[profile.MethodRef]uint64 // which programs look for a method
	called   map[profile.MethodRef]uint64 // which call it where nothing is inlined
	sizes    map[profile.MethodRef]int    // bytes of IL
}

// newChoice brings together what all programs but one need.
func (f *trained) newChoice(without string) (*choice, error) {
	c := &choice{needs: map[profile.MethodRef]uint64{}, called: map[profile.MethodRef]uint64{}, sizes: map[profile.MethodRef]int{}}
	for _, p := range f.programs {
		if p.name == without {
			continue
		}
		bit := uint64(1) << len(c.names)
		if c.names = append(c.names, p.name); bit == 0 {
			return nil, fmt.Errorf("more than 64 programs")
		}
		if p.measured() {
			c.measured |= bit
		}
		for _, m := range f.needs[p.name].asked.Sorted() {
			c.needs[m] |= bit
		}
		for _, m := range f.needs[p.name].called.Sorted() {
			c.called[m] |= bit
		}
	}
	return c, c.measure(f.sizes)
}

// measure finds the sizes of all methods.
func (c *choice) measure(s *sizer) (err error) {
	for _, methods := range []map[profile.MethodRef]uint64{c.needs, c.called} {
		for m := range methods {
			if _, known := c.sizes[m]; known {
				continue
			}
			if c.sizes[m], err = s.size(m); err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
		}
	}
	return nil
}

// oneServer is who needs methods that a server of src alone does.
const oneServer = "one server"

// isServerCode says whether a method that one server alone needs is taken uncounted: if it is not large, nor an instance
// over arguments that the server chose. What a server of some kind does, such as Blazor, nobody needs until another of
// that kind comes, and then all of it; of a dozen measured programs one is of the kind, or none.
func (c *choice) isServerCode(m profile.MethodRef) bool {
	if generic(m) {
		return c.sizes[m] <= 80 && !unusual(m)
	}
	return c.sizes[m] <= 220
}

// class gives the class of a method that some of the programs need, given as bits.
func (c *choice) class(m profile.MethodRef, programs uint64) class {
	n := bits.OnesCount64(programs)
	who := strconv.Itoa(min(n, severalAre)) + " programs"
	if n == 1 {
		who = c.names[bits.TrailingZeros64(programs)]
		if strings.HasPrefix(who, "server-") {
			who = oneServer
		}
	}
	i, _ := slices.BinarySearch(sizes, c.sizes[m])
	return class{who, generic(m), unusual(m), sizes[min(i, len(sizes)-1)]}
}

// count takes each measured program in turn for unknown.
func (c *choice) count() table {
	all := table{}
	for m, programs := range c.needs {
		for rest := c.measured; rest != 0; rest &= rest - 1 {
			unknown := rest & -rest
			known := programs &^ unknown
			if known == 0 || known&c.measured != 0 {
				continue
			}
			all.of(c.class(m, known)).add(c.sizes[m], programs&unknown != 0)
		}
	}
	return all
}

// choose gives what measured programs need, callees, and of the rest the classes that are worth most for their bytes, as
// long as there is room.
func (c *choice) choose(room int) *profile.Set {
	set := profile.NewSet()
	classes := map[class][]profile.MethodRef{}
	add := func(m profile.MethodRef) {
		set.Add(m)
		room -= codeBytes(c.sizes[m])
	}
	for m, programs := range c.needs {
		switch k := c.class(m, programs); {
		case programs&c.measured != 0, k.who == oneServer && c.isServerCode(m):
			add(m)
		default:
			classes[k] = append(classes[k], m)
		}
	}
	for m, programs := range c.called {
		if c.needs[m] == 0 && c.isCallee(m, programs) {
			add(m)
		}
	}
	for _, k := range c.count().byWorth() {
		if room < 0 {
			break
		}
		for _, m := range classes[k] {
			add(m)
		}
	}
	return set
}

// byWorth gives the classes, those first that are worth most for their bytes.
func (t table) byWorth() []class {
	return slices.SortedFunc(maps.Keys(t), func(a, b class) int {
		return cmp.Or(cmp.Compare(t[b].worth(), t[a].worth()), cmp.Compare(a.String(), b.String()))
	})
}

// calleeSize is the most IL, in bytes, of a method that is taken because of who calls it.
const calleeSize = 65

// instructions is what the names of types begin with whose methods stand for instructions of a processor: each is one
// wherever it is called, and the compiler passes over those that not every processor has.
const instructions = "System.Runtime.Intrinsics."

// isCallee says whether a method that no program looks for may be needed all the same. Code of the framework has it
// inlined. But what is compiled at run time, such as a method that the profile lacks, calls it: the JIT inlines nothing at
// first. Of unseen programs that lacked 250 methods, each compiled 400 such callees besides. What is called in two
// programs is worth some 300 of them for each megabyte, what is called in one is worth 20.
func (c *choice) isCallee(m profile.MethodRef, programs uint64) bool {
	return !generic(m) && !strings.HasPrefix(m.Type, instructions) && c.sizes[m] <= calleeSize && bits.OnesCount64(programs) > 1
}

// print tells what each class is worth, the best first.
func (c *choice) print(w io.Writer) {
	counts := c.count()
	programs := float64(bits.OnesCount64(c.measured))
	var bytes, saved float64
	fmt.Fprintln(w, "us/KB   needed      MB  ms saved, all above  class")
	for _, k := range counts.byWorth() {
		n := counts[k]
		bytes, saved = bytes+float64(n.bytes)/programs/1e6, saved+float64(n.saved)/programs/1e3
		fmt.Fprintf(w, "%5.0f  %5.1f %%  %6.2f  %19.0f  %s\n", n.worth(), 100*float64(n.needed)/float64(n.tried), bytes, saved, k)
	}
}
