package crossgen

import (
	"slices"
	"strings"
)

// Recipe is a named way to compile a composite: which options the compiler gets, and what it gets them for unless the
// user says otherwise. Recipes are values; change a copy to deviate from one.
type Recipe struct {
	Name    string
	Summary string // one line for help texts

	Optimize Optimization
	Partial  bool // --partial: exactly the methods of the profiles, nothing implied

	// PackProfile says that the runtime pack's tools/StandardOptimizationData.mibc belongs among the profiles.
	PackProfile bool
	// CommonProfile says that the common startup profile, which the tool carries, belongs among the profiles.
	CommonProfile bool
	// Roots are the simple names of the assemblies whose methods are all compiled; the others are compiled as far as
	// these reach. Empty means that every assembly is a root.
	Roots []string
	// Exclude are the simple names of assemblies that stay out of the composite unless the user wants them in.
	Exclude []string
	// InstructionSets are the defaults by target architecture, in the spelling of InstructionSet.
	InstructionSets map[string][]string
	// Style is how the response file is written; the compilers take both.
	Style ResponseStyle
}

// Optimization is what the compiler optimizes for, in the words of its option.
type Optimization string

// The optimizations. Source: dotnet/runtime, src/coreclr/tools/aot/crossgen2/Crossgen2RootCommand.cs.
const (
	// OptimizeNothing makes debug code, which inlines nothing.
	OptimizeNothing Optimization = ""
	// OptimizeBlended is what the SDK asks for: speed and size.
	OptimizeBlended Optimization = "-O"
	// OptimizeSpace gives the same code as OptimizeBlended in all but a few methods, but methods begin at multiples of
	// 4 bytes instead of 16. As seen in what the compilers of .NET 8 and 10 write.
	OptimizeSpace Optimization = "--Os"
)

// UpgradedByApps are the twelve assemblies of Microsoft.AspNetCore.App that applications often bring in a newer version
// through packages. A composite that holds them ends such an application at start ("MVID mismatch"), so the official
// composites leave them out. Source: dotnet/aspnetcore, Microsoft.AspNetCore.App.Runtime.csproj, _GenerateComposites.
var UpgradedByApps = []string{
	"Microsoft.Extensions.Configuration",
	"Microsoft.Extensions.Configuration.Abstractions",
	"Microsoft.Extensions.Configuration.Binder",
	"Microsoft.Extensions.DependencyInjection",
	"Microsoft.Extensions.DependencyInjection.Abstractions",
	"Microsoft.Extensions.Logging",
	"Microsoft.Extensions.Logging.Abstractions",
	"Microsoft.Extensions.Logging.Configuration",
	"Microsoft.Extensions.Logging.Console",
	"Microsoft.Extensions.Options",
	"Microsoft.Extensions.Options.ConfigurationExtensions",
	"Microsoft.Extensions.Primitives",
}

// officialRoots are the names that the official composites of .NET 8 and 9 compile whole. Seven of them are among
// UpgradedByApps and one is in no framework. Source: dotnet/aspnetcore, PartialCompositeAssemblyList.txt.
var officialRoots = []string{
	"Microsoft.AspNetCore.Connections.Abstractions",
	"Microsoft.AspNetCore.Hosting",
	"Microsoft.AspNetCore.Hosting.Abstractions",
	"Microsoft.AspNetCore.Hosting.Server.Abstractions",
	"Microsoft.AspNetCore.Http",
	"Microsoft.AspNetCore.Http.Abstractions",
	"Microsoft.AspNetCore.Mvc.Core",
	"Microsoft.AspNetCore.Razor.Runtime",
	"Microsoft.AspNetCore.Server.Kestrel",
	"Microsoft.AspNetCore.Server.Kestrel.Core",
	"Microsoft.AspNetCore.Server.Kestrel.Transport.Quic",
	"Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets",
	"Microsoft.EntityFrameworkCore",
	"Microsoft.Extensions.Configuration",
	"Microsoft.Extensions.Configuration.Abstractions",
	"Microsoft.Extensions.Configuration.CommandLine",
	"Microsoft.Extensions.Configuration.EnvironmentVariables",
	"Microsoft.Extensions.Configuration.FileExtensions",
	"Microsoft.Extensions.Configuration.Json",
	"Microsoft.Extensions.DependencyInjection",
	"Microsoft.Extensions.DependencyInjection.Abstractions",
	"Microsoft.Extensions.Features",
	"Microsoft.Extensions.FileProviders.Abstractions",
	"Microsoft.Extensions.FileProviders.Physical",
	"Microsoft.Extensions.Hosting.Abstractions",
	"Microsoft.Extensions.Logging",
	"Microsoft.Extensions.Options",
	"Microsoft.Extensions.Primitives",
	"Microsoft.Win32.Primitives",
	"System.Collections",
	"System.Collections.Concurrent",
	"System.ComponentModel",
	"System.Console",
	"System.Diagnostics.DiagnosticSource",
	"System.Diagnostics.Tracing",
	"System.Linq",
	"System.Memory",
	"System.Net.Primitives",
	"System.Net.Quic",
	"System.Private.CoreLib",
	"System.Runtime",
	"System.Runtime.InteropServices",
	"System.Text.Json",
	"System.Threading",
	"System.Threading.ThreadPool",
}

// Recipes are the recipes, the default one first.
func Recipes() []Recipe {
	return []Recipe{
		{
			Name:          "balanced",
			Summary:       "optimized code for the methods that profiles name, a common startup profile among them: small and fast to start",
			Optimize:      OptimizeSpace,
			Partial:       true,
			PackProfile:   true,
			CommonProfile: true,
			Exclude:       UpgradedByApps,
		},
		{
			Name:        "full",
			Summary:     "optimized code for everything: the largest, and the best for programs that no profile knows",
			Optimize:    OptimizeBlended,
			PackProfile: true,
			Exclude:     UpgradedByApps,
		},
		{
			Name:            "aspnet8",
			Summary:         "what the official composite images of .NET 8 and 9 do, for comparison",
			PackProfile:     true,
			Roots:           officialRoots,
			Exclude:         UpgradedByApps,
			InstructionSets: map[string][]string{"x64": {"x86-64-v3"}, "x86": {"x86-64-v3"}},
			Style:           StyleASPNET,
		},
	}
}

// FindRecipe gives the recipe of that name.
func FindRecipe(name string) (Recipe, bool) {
	all := Recipes()
	i := slices.IndexFunc(all, func(r Recipe) bool { return r.Name == name })
	if i < 0 {
		return Recipe{}, false
	}
	return all[i], true
}

// RecipeNames gives the names of all recipes, for help and error texts.
func RecipeNames() string {
	var names []string
	for _, r := range Recipes() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}
