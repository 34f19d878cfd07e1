package layout

import (
	"maps"
	"slices"
	"strings"
)

// CodeDoc says what a code of a finding means and what to do about it.
type CodeDoc struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Meaning  string   `json:"meaning"`
	Remedy   string   `json:"remedy"`
}

// Codes gives all codes that Verify may find, by name.
func Codes() []CodeDoc {
	return slices.SortedFunc(maps.Values(codeTable), func(a, b CodeDoc) int { return strings.Compare(a.Code, b.Code) })
}

const (
	installAnew  = "lay the framework out anew from its official packs"
	composeAnew  = "compose again from the original frameworks, and take all of the result"
	oneBuildOnly = "take composite and components from one compose run"
)

var codeTable = tableOf(
	CodeDoc{"nothing-found", Error, "The tree has neither a folder shared nor any assembly.", "name a dotnet root, an archive of one, or a folder of assemblies"},

	CodeDoc{"muxer-missing", Warning, "There is no dotnet (dotnet.exe) at the top. Only applications with a host of their own can start.", "add the muxer, for compose with --host"},
	CodeDoc{"muxer-not-executable", Error, "The muxer may not be executed.", "chmod 755 dotnet"},
	CodeDoc{"hostfxr-missing", Error, "There is no host/fxr/VERSION/ with the hostfxr library. Nothing starts.", installAnew},
	CodeDoc{"hostfxr-version", Warning, "The highest hostfxr is not of the version of the highest Microsoft.NETCore.App.", "bring hostfxr and framework from one release"},
	CodeDoc{"framework-missing", Error, "There is no Microsoft.NETCore.App, on which all else stands.", "add the framework"},
	CodeDoc{"framework-alone", Warning, "The tree holds frameworks, but neither Microsoft.NETCore.App nor host nor muxer. Nothing starts before it is laid over a root that has them.", "lay it over a dotnet root, or take the whole root"},
	CodeDoc{"framework-incomplete", Error, "A framework lacks a file without which the host does not see it or programs do not start.", installAnew},
	CodeDoc{"framework-version", Error, "The folder of a framework is not named like a version. The host overlooks it.", "name the folder as line 2 of .version says"},
	CodeDoc{"several-patches", Warning, "A framework is there in several patches of one minor version. The host takes the highest, which the other frameworks were not built with.", "keep one patch"},
	CodeDoc{"mode", Warning, "Files have other Unix modes than official archives give: 755 for shared libraries and files without a dot in their name, 644 for all else.", "pack or compose again; r2rpack sets the modes"},
	CodeDoc{"link-broken", Error, "A symbolic link leads to nothing in the tree.", "put the file itself in its place"},

	CodeDoc{"version-file-missing", Warning, "A framework has no .version file.", installAnew},
	CodeDoc{"version-file-damaged", Error, "A .version file does not hold two lines, a commit and a version.", installAnew},
	CodeDoc{"version-file-mismatch", Error, "Line 2 of a .version file is not the name of its folder.", installAnew},
	CodeDoc{"commit-mismatch", Warning, "Frameworks of one version (10 or later) come from different commits.", "take all frameworks from one release"},

	CodeDoc{"deps-damaged", Error, "A deps.json cannot be understood.", installAnew},
	CodeDoc{"deps-file-missing", Error, "A deps.json lists a file that is not in the folder. The host says nothing; programs fail when they need it.", "put the file back, or take it out of the deps.json"},
	CodeDoc{"deps-optional-missing", Warning, "A deps.json lists an optional native file that is not in the folder. Programs run; what it is for does not work.", "put the file back, or compose with --without so that the deps.json follows"},
	CodeDoc{"deps-file-unlisted", Warning, "A managed file of a framework is not in its deps.json. The host does not tell the runtime about it.", "list it in the deps.json, or remove it"},
	CodeDoc{"deps-file-version", Error, "A deps.json gives a file another version than the file has. The host decides by the deps.json which of two copies wins.", "put the file back that belongs there"},
	CodeDoc{"deps-library", Error, "The library in a deps.json has not the version of the folder.", installAnew},
	CodeDoc{"rid-mismatch", Error, "The deps.json files of the frameworks are for different runtime identifiers.", "take all frameworks for one runtime identifier"},
	CodeDoc{"runtimeconfig-damaged", Error, "A runtimeconfig.json cannot be understood.", installAnew},
	CodeDoc{"framework-unresolved", Error, "A framework needs another in a version that is not there.", "add that framework"},
	CodeDoc{"framework-reference", Warning, "A framework rolls forward to another version than it was built with.", "take all frameworks from one release"},
	CodeDoc{"roll-forward", Warning, "A framework does not say rollForward LatestPatch, as all official ones do.", installAnew},
	CodeDoc{"tfm-mismatch", Warning, "The tfm in a runtimeconfig.json is not that of the folder's version.", installAnew},

	CodeDoc{"image-damaged", Error, "A file cannot be read as the image that it should be.", "put the original file back, or compose again"},
	CodeDoc{"machine-mismatch", Error, "An image is for another processor or system than the rest.", "take all files for one runtime identifier"},
	CodeDoc{"r2r-version", Error, "An image has a ReadyToRun major version that no supported runtime reads (9 is .NET 8, 10 is .NET 9, 16 to 18 are .NET 10 and later).", "compile with the crossgen2 of the framework's version"},
	CodeDoc{"assembly-duplicate", Warning, "Two files in one framework set are the same assembly by name. The host takes one, by the versions in deps.json.", "keep the one that belongs there"},
	CodeDoc{"il-not-compiled", Warning, "An assembly beside a composite has method bodies but no native code. The runtime compiles it when it runs.", "take it into the composite, or put the compiled original back"},

	CodeDoc{"component-orphan", Error, "Components name a composite that is not there, or is none. The runtime ends the process when it loads such a component.", composeAnew},
	CodeDoc{"component-not-member", Error, "A component names a composite whose component table does not have it. The process crashes when it loads the component.", oneBuildOnly},
	CodeDoc{"composite-misplaced", Error, "The composite does not lie where the runtime looks: in the folder of the first component that loads, which is System.Private.CoreLib where it is one. The runtime ends the process.", "move the composite into that folder"},
	CodeDoc{"composite-order", Warning, "Components find their composite only because others load first from another folder.", "make System.Private.CoreLib a component, or give each framework a composite of its own"},
	CodeDoc{"composite-duplicate", Error, "Two composites of one file name differ. The runtime knows composites by file name and uses one for both.", "give each composite a name of its own"},
	CodeDoc{"composite-copy", Warning, "A composite lies in two folders. The runtime uses the first that it meets.", "keep the one beside System.Private.CoreLib"},
	CodeDoc{"composite-stray", Warning, "No component names this composite. It is never loaded.", "remove it, or put its components back"},
	CodeDoc{"mvid-mismatch", Error, "An assembly is another build (MVID) than the one in the composite. The runtime ends the process when it loads it; if the composite was made with --no-mvid-lock, it may run the wrong code instead.", oneBuildOnly},
	CodeDoc{"r2r-mismatch", Error, "Component and composite have different ReadyToRun major versions, so they come from different compilers. The runtime reads the composite's alone.", oneBuildOnly},
	CodeDoc{"member-missing", Warning, "The composite has code of an assembly that is not there.", "put the assembly back, or compose without it"},
	CodeDoc{"member-plain", Warning, "An assembly of the composite is there without being its component: as it was before or, with --no-mvid-lock, as another build. It works; the composite's code of it is dead weight.", "put the component in its place"},
)

func tableOf(docs ...CodeDoc) map[string]CodeDoc {
	table := make(map[string]CodeDoc, len(docs))
	for _, d := range docs {
		table[d.Code] = d
	}
	return table
}
