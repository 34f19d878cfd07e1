package crossgen

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ResponseStyle is one of the two ways in which .NET's own builds write a response file. All compilers take both; they
// differ in the order of options and in whether inputs are quoted.
type ResponseStyle int

// The styles.
const (
	// StyleSDK is that of the SDK's PublishReadyToRunComposite (dotnet/sdk, RunReadyToRunCompiler.cs): options first,
	// rooted inputs without quotes.
	StyleSDK ResponseStyle = iota
	// StyleASPNET is that of the official composite archives of .NET 8 and 9 (dotnet/aspnetcore,
	// Microsoft.AspNetCore.App.Runtime.csproj, _GenerateComposites): everything quoted, unrooted inputs first.
	StyleASPNET
)

// response is what a response file says, with every path absolute.
type response struct {
	style           ResponseStyle
	os, arch        string
	optimize        Optimization
	partial         bool
	instructionSets []string // as this compiler spells them
	profiles        []string // written in this order; all other lists are sorted
	rooted          []string
	unrooted        []string
	references      []string
	bubble          []string
	rootPath        string
	out             string
	parallelism     int
}

// String gives the text: one option or input a line, in an order that depends on nothing but the values.
func (r response) String() string {
	var lines []string
	switch r.style {
	case StyleASPNET:
		lines = r.aspnetLines()
	default:
		lines = r.sdkLines()
	}
	return strings.Join(lines, "\n") + "\n"
}

func (r response) aspnetLines() []string {
	lines := []string{"--composite", "--targetarch:" + r.arch, "--targetos:" + r.os}
	lines = append(lines, each("-u:", r.unrooted)...)
	lines = append(lines, each("", r.rooted)...)
	lines = append(lines, each("-r:", r.references)...)
	lines = append(lines, option("--out:", r.out))
	for _, set := range r.instructionSets {
		lines = append(lines, "--instruction-set:+"+set)
	}
	lines = append(lines, inOrder("-m:", r.profiles)...)
	return append(lines, r.common()...)
}

func (r response) sdkLines() []string {
	lines := []string{"--targetos:" + r.os, "--targetarch:" + r.arch}
	lines = append(lines, r.common()...)
	lines = append(lines, inOrder("-m:", r.profiles)...)
	for _, set := range r.instructionSets {
		lines = append(lines, "--instruction-set:"+set)
	}
	lines = append(lines, "--composite", option("--out:", r.out))
	lines = append(lines, each("-r:", r.references)...)
	lines = append(lines, byName(r.rooted)...)
	return append(lines, each("-u:", r.unrooted)...)
}

// common gives the options that neither style prescribes a place for.
func (r response) common() []string {
	lines := []string{"--verbose", option("--compositerootpath:", r.rootPath)}
	if r.optimize != OptimizeNothing {
		lines = append(lines, string(r.optimize))
	}
	if r.partial {
		lines = append(lines, "--partial")
	}
	if r.parallelism > 0 {
		lines = append(lines, "--parallelism:"+strconv.Itoa(r.parallelism))
	}
	if len(r.bubble) > 0 {
		lines = append(lines, "--inputbubble")
		lines = append(lines, each("--inputbubbleref:", r.bubble)...)
	}
	return lines
}

func each(prefix string, paths []string) []string { return inOrder(prefix, byName(paths)) }

func inOrder(prefix string, paths []string) []string {
	var lines []string
	for _, p := range paths {
		lines = append(lines, option(prefix, p))
	}
	return lines
}

func option(prefix, path string) string { return fmt.Sprintf(`%s"%s"`, prefix, path) }

// byName sorts paths by file name: the order of inputs shows in the composite, the folders they lie in must not.
func byName(paths []string) []string {
	return slices.SortedFunc(slices.Values(paths), func(a, b string) int {
		return cmp.Or(strings.Compare(filepath.Base(a), filepath.Base(b)), strings.Compare(a, b))
	})
}
