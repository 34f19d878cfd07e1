package verify

import (
	"fmt"
	"reflect"
	"strings"
)

// Difference is a place where linked images do not say what the originals said, or say what the runtime would refuse.
type Difference struct {
	Component string `json:"component,omitempty"` // simple name of the assembly; empty for the composite as a whole
	What      string `json:"what"`                // what was compared, such as "code"
	Where     string `json:"where,omitempty"`     // the method, cell or structure
	Detail    string `json:"detail"`
}

// String gives one line.
func (d Difference) String() string {
	var parts []string
	for _, p := range []string{d.Component, d.What, d.Where, d.Detail} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Counts say how much was compared.
type Counts struct {
	Components      int `json:"components"`
	MethodEntries   int `json:"methodEntries"`   // code of methods by MethodDef row
	InstanceEntries int `json:"instanceEntries"` // code of instantiations
	LeftOut         int `json:"leftOut"`         // entries of either kind that a pruned composite does not have
	Functions       int `json:"functions"`       // bodies and funclets
	CodeBytes       int `json:"codeBytes"`
	Operands        int `json:"operands"` // that lead out of their method
	ReadOnlyBytes   int `json:"readOnlyBytes"`
	FixupLists      int `json:"fixupLists"`
	Fixups          int `json:"fixups"`
	Cells           int `json:"cells"` // of the originals
	CompositeCells  int `json:"compositeCells"`
	LazyCells       int `json:"lazyCells"`
	GCRefMaps       int `json:"gcRefMaps"`
	Unwinds         int `json:"unwinds"`
	GCInfoBytes     int `json:"gcInfoBytes"`
	EHClauses       int `json:"ehClauses"`
	DebugInfos      int `json:"debugInfos"`
	Profiles        int `json:"profiles"`
	Sections        int `json:"sections"` // of one component each
	Relocations     int `json:"relocations"`
	MVIDs           int `json:"mvids"`
	MetadataBytes   int `json:"metadataBytes"`
	ILBodies        int `json:"ilBodies"`
	FieldData       int `json:"fieldData"`
	ResourceBytes   int `json:"resourceBytes"`
}

// add adds the counts of a part of the work.
func (c *Counts) add(other *Counts) {
	to, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(other).Elem()
	for i := range to.NumField() {
		to.Field(i).SetInt(to.Field(i).Int() + from.Field(i).Int())
	}
}

// Report is the outcome of a check.
type Report struct {
	// Differences are some of them: those of the whole image first, then by component in the manifest's order, then
	// what is in no original. Total counts all.
	Differences []Difference `json:"differences"`
	Total       int          `json:"total"`
	Counts      Counts       `json:"counts"`
}

// findings collects the differences of a part of the work.
type findings struct {
	component string
	most      int
	list      []Difference
	total     int
}

func (f *findings) add(what, where, detail string, args ...any) {
	f.total++
	if len(f.list) < f.most {
		f.list = append(f.list, Difference{f.component, what, where, fmt.Sprintf(detail, args...)})
	}
}

// full says whether one more difference would only be counted, so that it need not be described.
func (f *findings) full() bool { return len(f.list) >= f.most }

// failed adds an error, if there is one, and says whether.
func (f *findings) failed(what, where string, err error) bool {
	if err != nil {
		f.add(what, where, "%v", err)
	}
	return err != nil
}

func (r *Report) take(f *findings, most int) {
	r.Total += f.total
	r.Differences = append(r.Differences, f.list[:min(len(f.list), most-len(r.Differences))]...)
}
