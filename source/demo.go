package source

import "github.com/r2rpack/r2rpack/fixtures"

// Demo is the spec of the sample framework that the tool brings with it; a folder of that name is ./demo.
const Demo = "demo"

// openDemo opens the sample framework. Nothing is read for it.
func openDemo() *Tree {
	return &Tree{FS: fixtures.Framework(), Spec: Demo, Kind: KindDemo,
		Inputs: []Input{{Name: fixtures.FrameworkName, Version: fixtures.FrameworkVersion}}}
}
