package fit

import (
	"slices"
	"strings"
	"testing"
)

func TestMentions(t *testing.T) {
	for text, want := range map[string][]mention{
		"":                               nil,
		"System.Uri":                     nil,
		"a, b":                           {{"a", "b"}},
		"System.Console, System.Console": {{"System.Console", "System.Console"}},
		"System.Uri, System.Private.Uri, Version=8.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a": {{"System.Uri", "System.Private.Uri"}},
		"N.Outer+Inner`2,Lib": {{"N.Outer+Inner`2", "Lib"}},
		"N.T[], Lib":          {{"N.T", "Lib"}},
		"N.T[,]&, Lib":        {{"N.T&", "Lib"}},
		"N.G`1[[A.B, C]], D":  {{"A.B", "C"}, {"N.G`1", "D"}},
		"N.G`2[[A.B, C, Version=1.0.0.0],[E`1[[F, G]], H]], D": {{"A.B", "C"}, {"F", "G"}, {"E`1", "H"}, {"N.G`2", "D"}},
		"red, green, blue":      nil,
		"no type, at all":       nil,
		"Type, not an assembly": nil,
		"1, 2":                  nil,
		"[":                     nil, "]]],": nil, "[[a, b": nil,
		strings.Repeat("x", maxText) + ", y": nil,
	} {
		if got := appendMentions(nil, text); !slices.Equal(got, want) {
			t.Errorf("%.80q names %q, want %q", text, got, want)
		}
	}
}

func TestDisplayName(t *testing.T) {
	for text, want := range map[string]string{
		"System.Xml": "System.Xml", "System.Xml, Version=4.0.0.0": "System.Xml", "a-b_c.d": "a-b_c.d",
		"": "", "two words": "", "a, b": "", "9lives": "", "System.Xml.dll;": "", strings.Repeat("x", maxText+1): "",
	} {
		if got := displayName(text); got != want {
			t.Errorf("%.80q may be %q, want %q", text, got, want)
		}
	}
}

func TestAttributes(t *testing.T) {
	value := func(texts ...string) []byte {
		out := []byte{1, 0}
		for _, s := range texts {
			out = append(append(out, byte(len(s))), s...)
		}
		return append(out, 0, 0)
	}
	for _, c := range []struct {
		value []byte
		want  mention
	}{
		{value("System.Drawing.PointConverter, System.Drawing"), mention{"System.Drawing.PointConverter", "System.Drawing"}},
		// Where two texts follow each other, the length of the second, here a letter, is no part of its text.
		{value("System.A, System.B, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
			"System.Drawing.Design.UITypeEditor, System.Drawing, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"),
			mention{"System.Drawing.Design.UITypeEditor", "System.Drawing"}},
	} {
		if got := appendAttribute(nil, c.value); !slices.Contains(got, c.want) {
			t.Errorf("%q names %q, not %q", c.value, got, c.want)
		}
	}
	for _, none := range [][]byte{nil, {1, 0}, {1, 0, 0xff, ','}, {1, 0, 9, 'a', ',', 'b'}, value("a, \xff")} {
		if got := appendAttribute(nil, none); got != nil {
			t.Errorf("%q names %q", none, got)
		}
	}
}

func FuzzMentions(f *testing.F) {
	f.Add("N.G`2[[A.B, C, Version=1.0.0.0],[E`1[[F, G]], H]], D")
	f.Add("[[[[,],],],]")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range appendMentions(nil, text) {
			if !strings.Contains(text, m.assembly) {
				t.Errorf("%q names %q, which it does not hold", text, m.assembly)
			}
		}
		appendAttribute(nil, []byte(text))
		displayName(text)
	})
}
