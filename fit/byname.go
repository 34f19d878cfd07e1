package fit

import (
	"slices"
	"strings"
)

// ByName is a row of the table of what the runtime and the frameworks load by a name that stands in a text.
type ByName struct {
	From   string   // the assembly that has the text
	To     string   // the assembly that is loaded
	When   []string // only if another assembly in reach names one of these types or members; empty: always
	Reason string   // what is loaded, and what for
}

// Table gives all rows: what string literals and attributes of the frameworks of 8.0.31 and 10.0.12 name, found by
// reading them all; what each is for is from the sources of dotnet/runtime. A name that is not in the table is followed
// as if it were there without a condition. libcoreclr and libhostpolicy load no assembly by name but the core library.
func Table() []ByName { return slices.Clone(byNames) }

var byNames = []ByName{
	{From: "System.Private.CoreLib", To: "System.Diagnostics.StackTrace",
		Reason: "StackTraceSymbols: files and lines in stack traces"},
	{From: "System.Private.CoreLib", To: "System.Reflection.Metadata",
		Reason: "MetadataReader: AssemblyName.GetAssemblyName; StackTrace reads symbols with it"},
	{From: "System.Private.CoreLib", To: "System.Diagnostics.DiagnosticSource",
		Reason: "MetricsEventSource: meters for EventPipe and dotnet-counters"},
	{From: "System.Private.CoreLib", To: "System.Console",
		Reason: "Console: ILGenerator.EmitWriteLine"},
	{From: "System.Private.CoreLib", To: "System.Resources.Writer",
		Reason: "ResourceWriter: ResourceSet.GetDefaultWriter"},
	{From: "System.Private.CoreLib", To: "System.Runtime.Serialization.Formatters",
		Reason: "BinaryFormatter: ResourceReader, for objects in resources"},
	{From: "System.Private.CoreLib", To: "System.Security.Claims",
		Reason: "GenericPrincipal: Thread.CurrentPrincipal"},
	{From: "System.Private.CoreLib", To: "System.Security.Principal.Windows",
		Reason: "WindowsPrincipal (8): Thread.CurrentPrincipal, where an application asks for it"},
	{From: "System.Private.CoreLib", To: "System.ComponentModel.TypeConverter", When: []string{"DefaultValueAttribute"},
		Reason: "TypeDescriptor: DefaultValueAttribute with the value as a text"},
	{From: "System.ComponentModel.Primitives", To: "System.ComponentModel.TypeConverter",
		Reason: "ComponentConverter: converter of components"},
	{From: "System.Drawing.Primitives", To: "System.ComponentModel.TypeConverter",
		Reason: "ColorConverter, PointConverter and the like, through the facade System.Drawing"},
	{From: "System.Private.Xml.Linq", To: "System.ComponentModel.TypeConverter",
		Reason: "description provider of XElement and XAttribute"},
	{From: "System.Resources.Writer", To: "System.Private.CoreLib",
		Reason: "ResourceReader, through the facade mscorlib: the reader that resource files name"},
	{From: "System.Security.Cryptography", To: "System.Private.Xml.Linq", When: []string{"FromXmlString", "ToXmlString"},
		Reason: "XDocument, XElement: keys from XML"},
	{From: "System.Security.Cryptography", To: "System.Net.Http", When: []string{"X509Chain", "X509Certificate2"},
		Reason: "HttpClient: certificates of issuers and revocation lists"},
	{From: "System.Net.Security", To: "System.Net.Http",
		Reason: "HttpClient: OCSP answers for server certificates"},
	{From: "System.Security.Cryptography", To: "System.Security.Cryptography.Pkcs",
		Reason: "Pkcs9SigningTime and others: CryptoConfig by object identifier, where the framework has it"},
	{From: "System.Text.Json", To: "System.Collections.NonGeneric",
		Reason: "Stack, Queue: told from other collections"},
}

// conditions are all identifiers that rows depend on.
func conditions() []string {
	var out []string
	for _, row := range byNames {
		out = append(out, row.When...)
	}
	return out
}

// condition gives what must be named elsewhere for an assembly to load another one, empty for no condition.
func condition(from, to string) []string {
	for _, row := range byNames {
		if strings.EqualFold(row.From, from) && strings.EqualFold(row.To, to) {
			return row.When
		}
	}
	return nil
}
