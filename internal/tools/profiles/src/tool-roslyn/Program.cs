// A tool on the C# compiler's libraries: parses, formats and rewrites sources, asks the semantic model, compiles to memory, writes a SARIF report. MIT licensed.
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

const string source = """
    using System; using System.Collections.Generic;using System.Linq;
    namespace A.B {
      /// <summary>Doc <see cref="C{T}"/>.</summary>
      [Obsolete("x")] public partial class C<T> : IDisposable where T : class, new() { private readonly Dictionary<string,List<int>> d=new(); public event EventHandler? E; public int P {get;set;}=3;
        public async System.Threading.Tasks.Task<int> M(int a,string? b=null,params object[] r){ if(a>0&&b!=null){ foreach(var x in r){ Console.WriteLine($"{x} {a:N2}"); } } else for(int i=0;i<10;i++) { d[i.ToString()]=new List<int>{1,2,3}; }
          var q=from x in d where x.Value.Count>1 orderby x.Key select new { x.Key, N=x.Value.Sum() }; switch(a){ case 1: return 1; case >5 and <9: return 2; default: break; } try { await System.Threading.Tasks.Task.Delay(1); lock(d) { } } catch(Exception e) when (e.Message=="") { throw; } finally { Dispose(); }
          Func<int,int> f=static z=>z*2; int Local(int z)=>z+1; (int s,string t)=(1,"a"); return q.Count()+f(Local(s))+(a is {} n?n:0)+(t switch { "a"=>1, _=>2 }); }
        public void Dispose(){ E?.Invoke(this,EventArgs.Empty); using var m=new System.IO.MemoryStream(); unchecked { P+=1; } }
        public record struct R(int X,int Y){ public static R operator+(R a,R b)=>new(a.X+b.X,a.Y+b.Y); } enum K { A=1,B }  interface I { int N{get;} void F()=>Console.WriteLine(N); } }
    #if DEBUG
      class Z { }
    #endif
    }
    """;
string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
MetadataReference[] references = [.. Directory.EnumerateFiles(framework, "System.*.dll").Where(f => !f.Contains("Native")).Select(f => MetadataReference.CreateFromFile(f))];
var findings = new List<Finding>();

var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest).WithDocumentationMode(DocumentationMode.Diagnose).WithPreprocessorSymbols("DEBUG");
SyntaxTree[] trees = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => CSharpSyntaxTree.ParseText(SourceText.From(source.Replace("A.B", "A.B" + i), Encoding.UTF8), options, $"f{i}.cs"))));
Step.Run("format", () =>
{
    var root = trees[0].GetCompilationUnitRoot();
    _ = root.NormalizeWhitespace().ToFullString(); _ = new Renamer().Visit(root)!.ToFullString(); var walker = new Walker(); walker.Visit(root);
    _ = root.DescendantNodes().OfType<MethodDeclarationSyntax>().Select(m => m.Identifier.Text).ToList(); _ = root.DescendantTokens().Count(t => t.IsKind(SyntaxKind.IdentifierToken)); _ = root.DescendantTrivia().Count(); _ = root.DescendantNodesAndTokensAndSelf().Count(); var first = root.DescendantNodes().OfType<ClassDeclarationSyntax>().First(); _ = root.ReplaceNode(first, first.WithIdentifier(SyntaxFactory.Identifier("D")).WithLeadingTrivia(SyntaxFactory.Comment("// c"), SyntaxFactory.ElasticLineFeed)).ToFullString(); _ = root.RemoveNode(first.Members[0], SyntaxRemoveOptions.KeepNoTrivia)!.ToFullString(); var annotated = root.WithAdditionalAnnotations(new SyntaxAnnotation("k")); _ = annotated.GetAnnotatedNodes("k").Count(); _ = root.IsEquivalentTo(root) | SyntaxFactory.AreEquivalent(root, root); _ = root.WithUsings(SyntaxFactory.List(root.Usings.OrderBy(u => u.Name!.ToString()))).ToFullString(); _ = root.GetLocation().GetLineSpan().StartLinePosition.Line + root.SyntaxTree.GetText().Lines.Count; _ = root.FindToken(100).Parent!.AncestorsAndSelf().Count(); _ = root.FindNode(new TextSpan(50, 5)).Kind(); _ = trees[0].GetChanges(trees[1]).Count; var text = trees[0].GetText(); _ = trees[0].WithChangedText(text.WithChanges(new TextChange(new(0, 0), "// x\n"))).GetRoot().ToFullString(); _ = SyntaxFactory.ParseExpression("a + b * c").NormalizeWhitespace().ToString() + SyntaxFactory.ParseStatement("if (x) y();") + SyntaxFactory.ParseTypeName("List<int>"); _ = text.ToString(TextSpan.FromBounds(0, 10)) + text.GetSubText(5).Length;
    foreach (var l in text.Lines) if (l.ToString().Length > 160) findings.Add(new("LONG", "line is long", "f0.cs", l.LineNumber + 1));
});
var compilation = CSharpCompilation.Create("x", trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable, concurrentBuild: true, specificDiagnosticOptions: [new("CS0219", ReportDiagnostic.Suppress)]));
Step.Run("semantics", () =>
{
    foreach (var d in compilation.GetDiagnostics()) findings.Add(new(d.Id, d.GetMessage(), d.Location.GetLineSpan().Path ?? "", d.Location.GetLineSpan().StartLinePosition.Line + 1));
    var model = compilation.GetSemanticModel(trees[0]); foreach (var n in trees[0].GetRoot().DescendantNodes()) { if (n is ExpressionSyntax e) { _ = model.GetTypeInfo(e).Type?.ToDisplayString(); _ = model.GetSymbolInfo(e).Symbol?.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat); _ = model.GetConstantValue(e).HasValue; } if (n is MemberDeclarationSyntax or VariableDeclaratorSyntax) _ = model.GetDeclaredSymbol(n)?.GetDocumentationCommentXml(); } _ = model.GetOperation(trees[0].GetRoot().DescendantNodes().OfType<IfStatementSyntax>().First())?.ChildOperations.Count; _ = model.AnalyzeDataFlow(trees[0].GetRoot().DescendantNodes().OfType<ForStatementSyntax>().First())!.ReadInside.Length; _ = model.LookupSymbols(300).Length; var c = compilation.GetTypeByMetadataName("A.B0.C`1")!; _ = c.GetMembers().Select(m => m.Name + m.Kind + m.DeclaredAccessibility).ToList(); _ = c.AllInterfaces.Length + c.GetAttributes().Length; _ = compilation.GetSymbolsWithName("M").Count(); _ = compilation.GlobalNamespace.GetNamespaceMembers().Count(); _ = SymbolEqualityComparer.Default.Equals(c, c); _ = compilation.GetSpecialType(SpecialType.System_String).GetMembers("Length").Length;
});
await Step.Run("analyzers", async () =>
{
    var all = await compilation.WithAnalyzers([new Names()]).GetAnalyzerDiagnosticsAsync(); foreach (var d in all) findings.Add(new(d.Id, d.GetMessage(), "", 0)); CSharpGeneratorDriver.Create(new Generator()).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _); _ = updated.SyntaxTrees.Count();
});
Step.Run("emit", () => { using var pe = new MemoryStream(); using var pdb = new MemoryStream(); var r = compilation.Emit(pe, pdb, options: new Microsoft.CodeAnalysis.Emit.EmitOptions(debugInformationFormat: Microsoft.CodeAnalysis.Emit.DebugInformationFormat.PortablePdb)); if (!r.Success) throw new InvalidOperationException(r.Diagnostics.First(d => d.Severity == DiagnosticSeverity.Error).ToString()); var a = Assembly.Load(pe.ToArray()); _ = a.GetTypes().Length; });
Step.Run("script", () => { var t = CSharpSyntaxTree.ParseText("System.Console.WriteLine(1 + 1);"); var c = CSharpCompilation.Create("y", [t], references, new(OutputKind.ConsoleApplication)); using var pe = new MemoryStream(); if (c.Emit(pe).Success) Assembly.Load(pe.ToArray()).EntryPoint!.Invoke(null, [Array.Empty<string>()]); });
Step.Run("sarif", () => { var log = new Sarif("2.1.0", [new Run(new Tool(new Driver("t", "1.0", [.. findings.Select(f => f.Rule).Distinct().Order().Select(r => new Rule(r, new(r)))])), [.. findings.GroupBy(f => f.File).OrderBy(g => g.Key).SelectMany(g => g.OrderBy(f => f.Line)).Select(f => new Result(f.Rule, "warning", new(f.Text), [new(new Physical(new(f.File), new(f.Line)))]))])]); string json = JsonSerializer.Serialize(log, new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull }); using var d = JsonDocument.Parse(json); _ = d.RootElement.GetProperty("runs")[0].GetProperty("results").GetArrayLength(); _ = JsonSerializer.Deserialize<Sarif>(json, new JsonSerializerOptions(JsonSerializerDefaults.Web))!.Runs[0].Results.GroupBy(r => r.RuleId).ToDictionary(g => g.Key, g => g.Count()); });
return Step.Exit;

public record Finding(string Rule, string Text, string File, int Line);
public record Sarif([property: JsonPropertyName("version")] string Version, List<Run> Runs); public record Run(Tool Tool, List<Result> Results); public record Tool(Driver Driver); public record Driver(string Name, string Version, List<Rule> Rules); public record Rule(string Id, Text ShortDescription); public record Text([property: JsonPropertyName("text")] string Value); public record Result(string RuleId, string Level, Text Message, List<Place> Locations); public record Place(Physical PhysicalLocation); public record Physical(Artifact ArtifactLocation, Region Region); public record Artifact(string Uri); public record Region(int StartLine);
public sealed class Renamer : CSharpSyntaxRewriter { public override SyntaxNode? VisitIdentifierName(IdentifierNameSyntax n) => n.Identifier.Text == "d" ? n.WithIdentifier(SyntaxFactory.Identifier(n.GetLeadingTrivia(), "dd", n.GetTrailingTrivia())) : base.VisitIdentifierName(n); public override SyntaxTrivia VisitTrivia(SyntaxTrivia t) => t.IsKind(SyntaxKind.WhitespaceTrivia) ? SyntaxFactory.Space : base.VisitTrivia(t); public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax n) => base.VisitMethodDeclaration(n.AddModifiers()); }
public sealed class Walker() : CSharpSyntaxWalker(SyntaxWalkerDepth.StructuredTrivia) { private readonly Dictionary<SyntaxKind, int> kinds = []; public override void DefaultVisit(SyntaxNode n) { kinds[n.Kind()] = kinds.GetValueOrDefault(n.Kind()) + 1; base.DefaultVisit(n); } public override void VisitInvocationExpression(InvocationExpressionSyntax n) { _ = n.ArgumentList.Arguments.Select(a => a.ToString()).ToList(); base.VisitInvocationExpression(n); } }
#pragma warning disable RS1036, RS1038, RS2008
[DiagnosticAnalyzer(LanguageNames.CSharp)] public sealed class Names : DiagnosticAnalyzer { private static readonly DiagnosticDescriptor Rule = new("T001", "Name", "Name '{0}' is short", "Naming", DiagnosticSeverity.Warning, true); public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule]; public override void Initialize(AnalysisContext c) { c.EnableConcurrentExecution(); c.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None); c.RegisterSymbolAction(s => { if (s.Symbol.Name.Length < 2) s.ReportDiagnostic(Diagnostic.Create(Rule, s.Symbol.Locations[0], s.Symbol.Name)); }, SymbolKind.Method, SymbolKind.NamedType, SymbolKind.Property); c.RegisterSyntaxNodeAction(s => { if (s.Node is LiteralExpressionSyntax { Token.ValueText: "zz" } l) s.ReportDiagnostic(Diagnostic.Create(Rule, l.GetLocation(), "zz")); }, SyntaxKind.StringLiteralExpression); c.RegisterCompilationStartAction(s => s.RegisterOperationAction(o => { }, OperationKind.Invocation)); } }
public sealed class Generator : IIncrementalGenerator { public void Initialize(IncrementalGeneratorInitializationContext c) { var classes = c.SyntaxProvider.CreateSyntaxProvider((n, _) => n is ClassDeclarationSyntax, (x, _) => x.SemanticModel.GetDeclaredSymbol(x.Node)!.Name).Collect(); c.RegisterSourceOutput(classes, (p, names) => p.AddSource("g.cs", SourceText.From("class G { " + string.Concat(names.Distinct().Select(n => $"int {n}_;")) + " }", Encoding.UTF8))); } }
