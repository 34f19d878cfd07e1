package fit

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// small is a framework of a few assemblies.
func small() (scope, map[string]*member) {
	list := []*assembly{
		{name: "System.Private.CoreLib", mentions: []mention{{"T", "Lines"}, {"Converter", "System.ComponentModel.TypeConverter"}}},
		{name: "Lines", types: map[string]bool{"T": true}, references: []string{"Facade"}},
		{name: "Facade", facade: true, references: []string{"One", "Two", "Nowhere"}, forwards: map[string]string{"A": "One", "B": "Two", "C": "Nowhere", "Loop": "Facade"}},
		{name: "Old", facade: true, references: []string{"One", "Two"}, forwards: map[string]string{"A": "Facade", "B": "Two"}, says: []string{"DefaultValueAttribute"}},
		{name: "One", types: map[string]bool{"A": true}},
		{name: "Two", types: map[string]bool{"B": true}, says: []string{"DefaultValueAttribute"}},
		{name: "System.ComponentModel.TypeConverter", types: map[string]bool{"Converter": true}},
		{name: "Alone", references: []string{"Two"}},
	}
	s, byName := scope{}, map[string]*member{}
	for _, a := range list {
		a.path = "shared/F/1.0.0/" + a.name + ".dll"
		m := &member{assembly: a}
		byName[a.name] = m
		s[strings.ToLower(a.name)] = m
	}
	return s, byName
}

func TestClosure(t *testing.T) {
	for _, c := range []struct {
		name string
		app  assembly
		want []string
	}{
		{"nothing", assembly{}, nil},
		{"a reference", assembly{references: []string{"one", "Mine"}}, []string{"One"}},
		{"a facade by reference, with all it forwards", assembly{references: []string{"Facade"}},
			[]string{"Facade", "One", "System.ComponentModel.TypeConverter", "Two"}},
		{"a type by name", assembly{mentions: []mention{{"A", "One"}}}, []string{"One"}},
		{"a type by name through two facades", assembly{mentions: []mention{{"A", "Old"}}}, []string{"Facade", "Old", "One"}},
		{"a type that is not there", assembly{mentions: []mention{{"Z", "One"}, {"Z", "Facade"}, {"C", "Facade"}, {"Loop", "Facade"}, {"A", "None"}}}, nil},
		{"an assembly by name", assembly{literals: []string{"Alone", "Mine"}}, []string{"Alone", "System.ComponentModel.TypeConverter", "Two"}},
		{"the prefix of a namespace", assembly{literals: []string{"Old"}}, []string{"Old"}},
		{"the application meets a condition", assembly{name: "app", says: []string{"DefaultValueAttribute"}}, []string{"System.ComponentModel.TypeConverter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := small()
			delete(s, "lines") // which would bring the rest
			got := names(reach(s, &c.app))
			if !slices.Equal(got, append([]string{}, c.want...)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCoreLibraryBringsWhatItNames(t *testing.T) {
	s, _ := small()
	want := []string{"Facade", "Lines", "One", "System.ComponentModel.TypeConverter", "Two"}
	if got := names(reach(s, &assembly{})); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func reach(s scope, app *assembly) map[*member]bool {
	c := newClosure(s)
	c.reach(s.find("System.Private.CoreLib"))
	c.add(app)
	c.run()
	return c.reached
}

// names gives the names of members but for the core library, sorted.
func names(reached map[*member]bool) []string {
	out := []string{}
	for m := range maps.Keys(reached) {
		if m.name != "System.Private.CoreLib" {
			out = append(out, m.name)
		}
	}
	slices.Sort(out)
	return out
}

func TestGaps(t *testing.T) {
	for _, c := range []struct {
		name string
		used map[string][]string
		gone []string
		want []string
	}{
		{"nothing is missing", map[string][]string{"Old": {"A", "B"}}, nil, nil},
		{"a type of a facade", map[string][]string{"Facade": {"A"}}, []string{"Two"}, nil},
		{"the type of a facade", map[string][]string{"Facade": {"B"}}, []string{"Two"}, []string{"Two"}},
		{"a facade on the way", map[string][]string{"Old": {"A"}}, []string{"Facade"}, []string{"Facade"}},
		{"an assembly", map[string][]string{"One": {"A"}, "Two": {"B"}}, []string{"One", "Two"}, []string{"One", "Two"}},
		{"around for ever", map[string][]string{"Facade": {"Loop"}}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := small()
			for _, name := range c.gone {
				delete(s, strings.ToLower(name))
			}
			var got []string
			for _, g := range s.gaps([]*assembly{{name: "app", used: c.used}}) {
				got = append(got, g.name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
