// A server of components, written as the Razor compiler writes them: static pages with layouts, forms, streaming and errors, interactive ones over a circuit, and components rendered without a server. MIT licensed.
using System.ComponentModel.DataAnnotations;
using System.Linq.Expressions;
using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Sections;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.JSInterop;

await Step.Run("pages", Pages);
await Step.Run("alone", Alone);
return Step.Exit;

static async Task Pages()
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
    builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Critical);
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Services.AddRazorComponents(o => o.DetailedErrors = true).AddInteractiveServerComponents(o => { o.DetailedErrors = true; o.DisconnectedCircuitMaxRetained = 5; }).AddHubOptions(o => o.MaximumReceiveMessageSize = 1 << 20);
    builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(o => o.LoginPath = "/account/login");
    builder.Services.AddAuthorization(o => o.AddPolicy("admin", p => p.RequireRole("admin")));
    builder.Services.AddCascadingAuthenticationState();
    builder.Services.AddCascadingValue(_ => new Theme("dark")); builder.Services.AddCascadingValue("Culture", _ => "en"); builder.Services.AddCascadingValue(_ => new CascadingValueSource<Counter>(new Counter(), false));
    builder.Services.AddScoped<Todos>(); builder.Services.AddSingleton<Weather>(); builder.Services.AddScoped<CircuitHandler, Watching>(); builder.Services.AddHttpContextAccessor(); builder.Services.AddHttpClient(); builder.Services.AddLocalization(); builder.Services.AddAntiforgery();
    await using var app = builder.Build();
    app.UseExceptionHandler("/error", true); app.UseStatusCodePagesWithReExecute("/missing"); app.UseStaticFiles(); app.UseAuthentication(); app.UseAuthorization(); app.UseAntiforgery();
    app.MapRazorComponents<App>().AddInteractiveServerRenderMode(); app.MapGet("/login", async (HttpContext c) => { await c.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "ada"), new(ClaimTypes.Role, "admin")], "cookie"))); return Results.Redirect("/"); }); app.MapGet("/api/result/{n:int}", (int n) => new RazorComponentResult<Hello>(new { Name = "n" + n })); app.MapGet("/api/result2", () => Results.Extensions.Component());
    await app.StartAsync();
    var address = new Uri(app.Urls.First()); var jar = new CookieContainer(); using var http = new HttpClient(new SocketsHttpHandler { CookieContainer = jar, AllowAutoRedirect = false }) { BaseAddress = address };
    async Task<string> Get(string path) { using var r = await http.GetAsync(path); return await r.Content.ReadAsStringAsync(); }
    async Task<string> Post(string path, string page, params (string, string)[] fields) { var token = Regex.Match(page, "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"").Groups[1].Value; using var r = await http.PostAsync(path, new FormUrlEncodedContent(fields.Append(("__RequestVerificationToken", token)).Select(f => new KeyValuePair<string, string>(f.Item1, f.Item2)))); return await r.Content.ReadAsStringAsync(); }
    string[] paths = ["/", "/todos", "/todos/3", "/todos/3/edit", "/todos?page=2&filter=a&filter=b&done=true&since=2024-01-01&order=Name", "/weather", "/stream", "/values/1/2/1.5/true/0f8fad5b-d9cb-469f-a165-70867728950e/2024-02-29", "/all/a/b/c", "/optional", "/optional/x", "/private", "/admin", "/fails", "/form", "/edit", "/none", "/interactive", "/redirect", "/dynamic", "/api/result/5", "/api/result2", "/list", "/missing", "/account/login?ReturnUrl=x", "/_framework/blazor.web.js", "/counter", "/error"];
    foreach (string p in paths) await Get(p); await Get("/login"); foreach (string p in paths) await Get(p);
    string form = await Get("/form"); await Post("/form", form, ("_handler", "add"), ("Input.Title", "t"), ("Input.Count", "5"), ("Input.Price", "2.5"), ("Input.Due", "2024-02-29"), ("Input.Done", "true"), ("Input.Kind", "Large"), ("Input.Note", "n"), ("Input.Tags[0]", "a"), ("Input.Tags[1]", "b"), ("Input.Address.City", "c"), ("Input.Address.Zip", "7"), ("Input.Map[k]", "v"), ("Input.Key", Guid.Empty.ToString()), ("Input.Radio", "Small"), ("Input.Mail", "a@b.c")); await Post("/form", form, ("_handler", "add"), ("Input.Title", ""), ("Input.Count", "x"), ("Input.Price", "y"), ("Input.Due", "z"), ("Input.Kind", "none")); await Post("/form", form, ("_handler", "other"), ("Text", "t")); await Post("/form", form, ("_handler", "none")); await Post("/form", "", ("_handler", "add")); await Post("/edit", await Get("/edit"), ("_handler", "edit"), ("Item.Title", "edited"), ("Item.Count", "7")); await Post("/todos", await Get("/todos"), ("_handler", "remove-1"), ("Id", "1"));
    using (var upload = new MultipartFormDataContent { { new StringContent("file"), "_handler" }, { new ByteArrayContent(new byte[1000]), "File", "f.bin" }, { new StringContent(Regex.Match(form, "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"").Groups[1].Value), "__RequestVerificationToken" } }) using (var r = await http.PostAsync("/form", upload)) { } using (var m = new HttpRequestMessage(HttpMethod.Get, "/todos") { Headers = { { "Accept", "text/html; blazor-enhanced-nav=on" } } }) using (var r = await http.SendAsync(m)) _ = await r.Content.ReadAsStringAsync(); using (var m = new HttpRequestMessage(HttpMethod.Get, "/redirect") { Headers = { { "blazor-enhanced-nav", "on" } } }) using (var r = await http.SendAsync(m)) { } using (var r = await http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead)) { await using var s = await r.Content.ReadAsStreamAsync(); var b = new byte[500]; while (await s.ReadAsync(b) > 0) { } }
    await Step.Run("circuit", () => Circuit(http, address, jar));
    await app.StopAsync();
}

// Circuit is what the script in the browser does: it starts a circuit with the components of a page, answers their calls and sends events.
static async Task Circuit(HttpClient http, Uri address, CookieContainer jar)
{
    string page = await http.GetStringAsync("/interactive"); var markers = Regex.Matches(page, "<!--Blazor:(\\{.*?\\})-->").Select(m => m.Groups[1].Value).Where(m => m.Contains("\"type\":\"server\"")).ToArray(); string state = Regex.Match(page, "<!--Blazor-Server-Component-State:(.*?)-->").Groups[1].Value; using var n = await http.PostAsync("/_blazor/negotiate?negotiateVersion=1", null); using var d = JsonDocument.Parse(await n.Content.ReadAsStringAsync()); using var ws = new ClientWebSocket(); ws.Options.Cookies = jar; await ws.ConnectAsync(new Uri($"ws://127.0.0.1:{address.Port}/_blazor?id={d.RootElement.GetProperty("connectionToken").GetString()}"), default); await ws.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"blazorpack\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, default); using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30)); var buffer = new byte[1 << 17]; _ = await ws.ReceiveAsync(new Memory<byte>(buffer), limit.Token);
    Task Send(string target, params object?[] arguments) => ws.SendAsync(Pack.Invocation(target, arguments), WebSocketMessageType.Binary, true, limit.Token);
    var receiving = Task.Run(async () => { try { while (ws.State == WebSocketState.Open) { var r = await ws.ReceiveAsync(new Memory<byte>(buffer), limit.Token); if (r.MessageType == WebSocketMessageType.Close) return; int at = buffer.AsSpan(0, r.Count).IndexOf("JS.RenderBatch"u8); if (at >= 0) await Send("OnRenderCompleted", (long)buffer[at + 15], null); } } catch (Exception e) when (e is OperationCanceledException or WebSocketException) { } });
    await Send("StartCircuit", address.ToString(), new Uri(address, "/interactive").ToString(), "[" + string.Join(",", markers) + "]", state); await Task.Delay(300);
    foreach (var (handler, name, args) in new[] { (1, "click", "{\"type\":\"click\",\"detail\":1,\"screenX\":1,\"button\":0}"), (2, "change", "{\"value\":\"t\"}"), (3, "input", "{\"value\":\"7\"}"), (4, "change", "{\"value\":true}"), (5, "change", "{\"value\":\"b\"}"), (6, "keydown", "{\"key\":\"a\",\"code\":\"KeyA\",\"type\":\"keydown\"}") }) { await Send("BeginInvokeDotNetFromJS", handler.ToString(), null, "DispatchEventAsync", 1L, $"[{{\"eventHandlerId\":{handler},\"eventName\":\"{name}\",\"eventFieldInfo\":null}},{args}]"); await Task.Delay(30); }
    await Send("BeginInvokeDotNetFromJS", "9", null, "Add", 2L, "[5]");
    await Send("OnLocationChanged", new Uri(address, "/counter").ToString(), null, true); await Send("EndInvokeJSFromDotNet", 2L, true, "[2,true,\"x\"]"); await Task.Delay(100);
    try { await ws.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token); } catch (WebSocketException) { } limit.Cancel(); await receiving;
}

// Alone renders components to text without a server.
static async Task Alone()
{
    var s = new ServiceCollection(); s.AddLogging(); s.AddSingleton<Weather>(); s.AddSingleton<Todos>(); s.AddSingleton<NavigationManager, Still>(); await using var sp = s.BuildServiceProvider(); await using var renderer = new HtmlRenderer(sp, sp.GetRequiredService<ILoggerFactory>()); await renderer.Dispatcher.InvokeAsync(async () => { var a = await renderer.RenderComponentAsync<Hello>(ParameterView.FromDictionary(new Dictionary<string, object?> { ["Name"] = "x", ["Count"] = 3 })); _ = a.ToHtmlString(); var b = renderer.BeginRenderingComponent<Forecast>(); await b.QuiescenceTask; using var w = new StringWriter(); b.WriteHtmlTo(w); var c = await renderer.RenderComponentAsync(typeof(Table<string>), ParameterView.FromDictionary(new Dictionary<string, object?> { ["Items"] = new[] { "a", "b" }, ["Row"] = (RenderFragment<string>)(i => r => { r.OpenElement(0, "td"); r.AddContent(1, i); r.CloseElement(); }) })); _ = c.ToHtmlString(); try { await renderer.RenderComponentAsync<Failing>(); } catch (InvalidOperationException) { } }); var view = ParameterView.FromDictionary(new Dictionary<string, object?> { ["Name"] = "n" }); _ = view.GetValueOrDefault<string>("Name") + view.TryGetValue<int>("q", out _) + view.ToDictionary().Count; foreach (var p in view) _ = p.Name + p.Value + p.Cascading; var o = new Hello(); view.SetParameterProperties(o); var entry = new Entry(); var context = new EditContext(entry); context.EnableDataAnnotationsValidation(sp); context.OnFieldChanged += (_, e) => _ = e.FieldIdentifier.FieldName; _ = context.Validate(); context.NotifyFieldChanged(context.Field(nameof(Entry.Title))); _ = context.GetValidationMessages().Count() + (context.IsModified() ? 1 : 0); context.MarkAsUnmodified(); var messages = new ValidationMessageStore(context); messages.Add(() => entry.Title!, "x"); messages.Add(context.Field("Count"), ["a", "b"]); context.NotifyValidationStateChanged(); messages.Clear(); _ = new EventCallbackFactory().Create<int>(o, (int _) => { }).HasDelegate; _ = new MarkupString("<b>").Value + BindConverter.FormatValue(1) + BindConverter.FormatValue(DateTime.UnixEpoch, "yyyy") + BindConverter.TryConvertToInt("5", CultureInfo.InvariantCulture, out _) + BindConverter.TryConvertTo<DateOnly>("2024-01-01", CultureInfo.InvariantCulture, out _);
}

/// <summary>Pack is the little of MessagePack that a call of the hub needs.</summary>
public static class Pack
{
    public static byte[] Invocation(string target, object?[] arguments) { var b = new List<byte> { 0x96, 1, 0x80, 0xC0 }; Text(b, target); b.Add((byte)(0x90 | arguments.Length)); foreach (object? a in arguments) switch (a) { case null: b.Add(0xC0); break; case string s: Text(b, s); break; case long n: b.Add(0xD3); b.AddRange(Enumerable.Reverse(BitConverter.GetBytes(n))); break; case bool v: b.Add((byte)(v ? 0xC3 : 0xC2)); break; } b.Add(0x90); var head = new List<byte>(); for (int n = b.Count; ; n >>= 7) { head.Add((byte)(n & 0x7F | (n > 0x7F ? 0x80 : 0))); if (n <= 0x7F) break; } return [.. head, .. b]; }
    private static void Text(List<byte> b, string s) { byte[] t = Encoding.UTF8.GetBytes(s); b.Add(0xDB); b.AddRange(Enumerable.Reverse(BitConverter.GetBytes(t.Length))); b.AddRange(t); }
}
public static class ResultExtensions { public static IResult Component(this IResultExtensions _) => new RazorComponentResult(typeof(Hello), new Dictionary<string, object?> { ["Name"] = "d" }) { PreventStreamingRendering = true, StatusCode = 201 }; }

public record Theme(string Name);
public sealed class Counter { public int N; }
public record Todo(int Id, string Title, bool Done);
public sealed class Todos { public List<Todo> All { get; } = [new(1, "one", false), new(2, "two", true), new(3, "three", false)]; public async Task<List<Todo>> Load() { await Task.Yield(); return All; } }
public sealed class Weather { public async Task<(DateOnly, int)[]> Get() { await Task.Delay(20); return Enumerable.Range(0, 5).Select(i => (new DateOnly(2024, 1, 1).AddDays(i), i * 3)).ToArray(); } }
public sealed class Watching : CircuitHandler { public override Task OnCircuitOpenedAsync(Circuit c, CancellationToken t) => Task.CompletedTask; public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => c => next(c); }
public sealed class Still : NavigationManager { public Still() => Initialize("http://x/", "http://x/y"); protected override void NavigateToCore(string uri, NavigationOptions o) { } }
public enum Size { Small, Large }
public sealed class Address { [Required] public string? City { get; set; } [Range(1, 99)] public int Zip { get; set; } }
public sealed class Entry : IValidatableObject { [Required, StringLength(20)] public string? Title { get; set; } [Range(1, 10)] public int Count { get; set; } = 1; public decimal? Price { get; set; } public DateOnly Due { get; set; } = new(2024, 1, 1); public DateTime? At { get; set; } public bool Done { get; set; } public Size Kind { get; set; } public Size Radio { get; set; } public string? Note { get; set; } public List<string> Tags { get; set; } = []; public Address Address { get; set; } = new(); public Dictionary<string, string>? Map { get; set; } public Guid? Key { get; set; } [EmailAddress] public string? Mail { get; set; } public double Ratio { get; set; } public long Big { get; set; } public TimeOnly? Time { get; set; } public string[] Many { get; set; } = []; public IEnumerable<ValidationResult> Validate(ValidationContext c) { if (Title == "bad") yield return new("bad", [nameof(Title)]); } }

public sealed class App : ComponentBase
{
    [CascadingParameter] private HttpContext? Context { get; set; }
    protected override void BuildRenderTree(RenderTreeBuilder b)
    {
        b.AddMarkupContent(0, "<!DOCTYPE html>\n"); b.OpenElement(1, "html"); b.AddAttribute(2, "lang", "en"); b.OpenElement(3, "head"); b.AddMarkupContent(4, "<meta charset=\"utf-8\">"); b.OpenElement(5, "base"); b.AddAttribute(6, "href", "/"); b.CloseElement(); b.OpenComponent<ImportMap>(7); b.CloseComponent(); b.OpenComponent<HeadOutlet>(8); b.AddComponentRenderMode(Context?.Request.Path == "/interactive" ? RenderMode.InteractiveServer : null); b.CloseComponent(); b.CloseElement(); b.OpenElement(9, "body"); b.OpenComponent<Routes>(10); b.CloseComponent(); b.AddMarkupContent(11, "<script src=\"_framework/blazor.web.js\"></script>"); b.CloseElement(); b.CloseElement();
    }
#if !NET10_0
    private sealed class ImportMap : ComponentBase { }
#endif
}

public sealed class Routes : ComponentBase
{
    protected override void BuildRenderTree(RenderTreeBuilder b)
    {
        b.OpenComponent<Router>(0); b.AddComponentParameter(1, "AppAssembly", typeof(Routes).Assembly); b.AddAttribute(2, "Found", (RenderFragment<Microsoft.AspNetCore.Components.RouteData>)(route => f => { f.OpenComponent<AuthorizeRouteView>(3); f.AddComponentParameter(4, "RouteData", route); f.AddComponentParameter(5, "DefaultLayout", typeof(MainLayout)); f.AddAttribute(6, "NotAuthorized", (RenderFragment<AuthenticationState>)(s => n => n.AddContent(7, "not allowed " + s.User.Identity?.Name))); f.AddAttribute(8, "Authorizing", (RenderFragment)(a => a.AddContent(9, "..."))); f.CloseComponent(); f.OpenComponent<FocusOnNavigate>(10); f.AddComponentParameter(11, "RouteData", route); f.AddComponentParameter(12, "Selector", "h1"); f.CloseComponent(); }));
#if NET10_0
        b.AddComponentParameter(13, "NotFoundPage", typeof(Missing));
#else
        b.AddAttribute(13, "NotFound", (RenderFragment)(n => n.AddContent(14, "nothing")));
#endif
        b.CloseComponent();
    }
}

public sealed class MainLayout : LayoutComponentBase
{
    private ErrorBoundary? boundary;
    protected override void OnParametersSet() => boundary?.Recover();
    protected override void BuildRenderTree(RenderTreeBuilder b)
    {
        b.OpenElement(0, "nav"); foreach (string p in new[] { "", "todos", "weather", "counter" }) { b.OpenComponent<NavLink>(1); b.SetKey(p); b.AddAttribute(2, "href", p); b.AddAttribute(3, "class", "link"); b.AddComponentParameter(4, "Match", p == "" ? NavLinkMatch.All : NavLinkMatch.Prefix); b.AddAttribute(5, "ChildContent", (RenderFragment)(c => c.AddContent(6, p))); b.CloseComponent(); } b.CloseElement(); b.OpenComponent<SectionOutlet>(7); b.AddComponentParameter(8, "SectionName", "top"); b.CloseComponent(); b.OpenComponent<AuthorizeView>(9); b.AddAttribute(10, "Authorized", (RenderFragment<AuthenticationState>)(s => a => a.AddContent(11, "hello " + s.User.Identity!.Name))); b.AddAttribute(12, "NotAuthorized", (RenderFragment<AuthenticationState>)(_ => a => a.AddMarkupContent(13, "<a href=\"login\">log in</a>"))); b.CloseComponent(); b.OpenComponent<CascadingValue<string>>(14); b.AddComponentParameter(15, "Value", "cascaded"); b.AddComponentParameter(16, "Name", "Title"); b.AddComponentParameter(17, "IsFixed", true); b.AddAttribute(18, "ChildContent", (RenderFragment)(v => { v.OpenElement(19, "main"); v.OpenComponent<ErrorBoundary>(20); v.AddAttribute(21, "ChildContent", Body); v.AddAttribute(22, "ErrorContent", (RenderFragment<Exception>)(e => x => x.AddContent(23, "failed: " + e.Message))); v.AddComponentReferenceCapture(24, r => boundary = (ErrorBoundary)r); v.CloseComponent(); v.CloseElement(); })); b.CloseComponent(); b.AddMarkupContent(25, "<footer>end</footer>");
    }
}

[Layout(typeof(MainLayout))] public sealed class SideLayout : LayoutComponentBase { protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenElement(0, "aside"); b.AddContent(1, Body); b.CloseElement(); } }

/// <summary>Page has what pages share: a title, a heading, services.</summary>
public abstract class Page : ComponentBase
{
    [Inject] protected NavigationManager Navigation { get; set; } = null!;
    [Inject] protected ILogger<Page> Log { get; set; } = null!;
    protected void Head(RenderTreeBuilder b, string title) { b.OpenComponent<PageTitle>(0); b.AddAttribute(1, "ChildContent", (RenderFragment)(c => c.AddContent(2, title))); b.CloseComponent(); b.OpenElement(3, "h1"); b.AddContent(4, title); b.CloseElement(); }
}

[Route("/")] public sealed class Home : Page
{
    [CascadingParameter] public Theme? Theme { get; set; }
    [CascadingParameter(Name = "Culture")] public string? Culture { get; set; }
    [CascadingParameter(Name = "Title")] public string? Title { get; set; }
    [CascadingParameter] private Task<AuthenticationState>? State { get; set; }
    private string? user;
    protected override async Task OnInitializedAsync() { if (State is not null) user = (await State).User.Identity?.Name; }
    protected override void BuildRenderTree(RenderTreeBuilder b) { Head(b, "Home"); b.OpenRegion(5); b.AddContent(0, Theme?.Name); b.AddContent(1, Culture + Title + user); b.AddContent(2, 5); b.AddContent(3, (MarkupString)"<i>m</i>"); b.AddContent(4, Part, 3); b.CloseRegion(); b.OpenComponent<SectionContent>(6); b.AddComponentParameter(7, "SectionName", "top"); b.AddAttribute(8, "ChildContent", (RenderFragment)(c => c.AddContent(9, "section"))); b.CloseComponent(); b.OpenComponent<HeadContent>(10); b.AddAttribute(11, "ChildContent", (RenderFragment)(c => c.AddMarkupContent(12, "<meta name=\"x\">"))); b.CloseComponent(); b.OpenComponent<Hello>(13); b.AddComponentParameter(14, "Name", "<&>"); b.AddComponentParameter(15, "Count", 2); b.AddMultipleAttributes(16, new Dictionary<string, object> { ["data-x"] = "1", ["hidden"] = true, ["title"] = "a\"b" }); b.CloseComponent(); }
    private static RenderFragment Part(int n) => b => { b.OpenElement(0, "p"); b.AddContent(1, n); b.CloseElement(); };
}

public sealed class Hello : ComponentBase
{
    [Parameter, EditorRequired] public string? Name { get; set; }
    [Parameter] public int Count { get; set; }
    [Parameter] public EventCallback<int> CountChanged { get; set; }
    [Parameter] public RenderFragment? ChildContent { get; set; }
    [Parameter(CaptureUnmatchedValues = true)] public IReadOnlyDictionary<string, object>? More { get; set; }
    public override Task SetParametersAsync(ParameterView p) => base.SetParametersAsync(p);
    protected override bool ShouldRender() => true;
    protected override void BuildRenderTree(RenderTreeBuilder b) { for (int i = 0; i <= Count; i++) { b.OpenElement(0, "p"); b.SetKey(i); b.AddMultipleAttributes(1, More); b.AddContent(2, "Hello "); b.AddContent(3, Name); b.CloseElement(); } b.AddContent(4, ChildContent); }
}

[Route("/todos"), Route("/todos/{id:int}"), Route("/todos/{id:int}/edit"), StreamRendering(false)] public sealed class TodoPage : Page
{
    [Inject] private Todos Store { get; set; } = null!;
    [Parameter] public int? Id { get; set; }
    [SupplyParameterFromQuery] public int Page { get; set; }
    [SupplyParameterFromQuery(Name = "filter")] public string[]? Filters { get; set; }
    [SupplyParameterFromQuery] public bool? Done { get; set; }
    [SupplyParameterFromQuery] public DateOnly? Since { get; set; }
    [SupplyParameterFromQuery] public string? Order { get; set; }
    [SupplyParameterFromForm(FormName = "remove-1", Name = "Id")] public int Removed { get; set; }
    private List<Todo>? todos;
    protected override async Task OnInitializedAsync() => todos = await Store.Load();
    protected override void OnParametersSet() { if (Removed > 0) Store.All.RemoveAll(t => t.Id == Removed && t.Id > 90); }
    protected override void BuildRenderTree(RenderTreeBuilder b) { Head(b, "Todos " + Page + Order); if (todos is null) { b.AddContent(5, "loading"); return; } b.OpenElement(6, "ul"); foreach (var t in todos.Where(t => Id is null || t.Id == Id)) { b.OpenElement(7, "li"); b.SetKey(t.Id); b.AddAttribute(8, "class", t.Done ? "done" : null); b.AddAttribute(9, "data-id", t.Id); b.AddContent(10, t.Title); b.OpenElement(11, "a"); b.AddAttribute(12, "href", Navigation.GetUriWithQueryParameter("page", Page + 1)); b.CloseElement(); b.OpenElement(13, "form"); b.AddAttribute(14, "method", "post"); b.AddAttribute(15, "onsubmit", EventCallback.Factory.Create(this, () => Store.All.Remove(t))); b.AddNamedEvent("onsubmit", "remove-" + t.Id); b.OpenComponent<AntiforgeryToken>(17); b.CloseComponent(); b.CloseElement(); b.CloseElement(); } b.CloseElement(); b.AddContent(18, Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["page"] = 3, ["filter"] = Filters, ["done"] = Done, ["order"] = null })); b.AddContent(19, Navigation.ToBaseRelativePath(Navigation.Uri)); }
}

[Route("/weather"), StreamRendering] public sealed class Forecast : ComponentBase
{
    [Inject] private Weather Weather { get; set; } = null!;
    private (DateOnly Day, int Degrees)[]? all;
    protected override async Task OnInitializedAsync() => all = await Weather.Get();
    protected override void BuildRenderTree(RenderTreeBuilder b) { if (all is null) { b.AddMarkupContent(0, "<p>loading</p>"); return; } b.OpenElement(1, "table"); foreach (var (day, degrees) in all) { b.OpenElement(2, "tr"); b.OpenElement(3, "td"); b.AddContent(4, day.ToString("O")); b.CloseElement(); b.OpenElement(5, "td"); b.AddContent(6, degrees); b.CloseElement(); b.CloseElement(); } b.CloseElement(); }
}

[Route("/stream"), StreamRendering] public sealed class Streaming : Page { private int n; protected override async Task OnInitializedAsync() { for (; n < 3; n++) { await Task.Delay(10); StateHasChanged(); } } protected override void BuildRenderTree(RenderTreeBuilder b) { Head(b, "Stream"); b.AddContent(5, n); b.OpenComponent<Forecast>(6); b.CloseComponent(); } }
[Route("/values/{i:int}/{l:long}/{d:double}/{b:bool}/{g:guid}/{t:datetime}")] public sealed class Values : Page { [Parameter] public int I { get; set; } [Parameter] public long L { get; set; } [Parameter] public double D { get; set; } [Parameter] public bool B { get; set; } [Parameter] public Guid G { get; set; } [Parameter] public DateTime T { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) => b.AddContent(0, $"{I}{L}{D}{B}{G}{T:O}"); }
[Route("/all/{*rest}")] public sealed class All : Page { [Parameter] public string? Rest { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) => b.AddContent(0, Rest); }
[Route("/optional/{x?}"), Layout(typeof(SideLayout))] public sealed class OptionalPage : Page { [Parameter] public string? X { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) => b.AddContent(0, X); }
[Route("/private"), Authorize] public sealed class Private : Page { protected override void BuildRenderTree(RenderTreeBuilder b) => b.AddContent(0, "private"); }
[Route("/admin"), Authorize(Policy = "admin")] public sealed class Admin : Page { [Inject] private AuthenticationStateProvider Provider { get; set; } = null!; private string? name; protected override async Task OnInitializedAsync() => name = (await Provider.GetAuthenticationStateAsync()).User.Identity?.Name; protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenComponent<AuthorizeView>(0); b.AddComponentParameter(1, "Roles", "admin"); b.AddComponentParameter(2, "Policy", "admin"); b.AddAttribute(3, "ChildContent", (RenderFragment<AuthenticationState>)(_ => c => c.AddContent(4, name))); b.CloseComponent(); } }
[Route("/fails")] public sealed class Fails : Page { protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenComponent<Failing>(0); b.CloseComponent(); } }
public sealed class Failing : ComponentBase { protected override void OnInitialized() => throw new InvalidOperationException("on purpose"); }
[Route("/error")] public sealed class ErrorPage : Page { [CascadingParameter] private HttpContext? Context { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) { Head(b, "Error"); b.AddContent(5, Activity.Current?.Id ?? Context?.TraceIdentifier); } }
[Route("/missing")] public sealed class Missing : Page { protected override void BuildRenderTree(RenderTreeBuilder b) => Head(b, "Missing"); }
[Route("/account/login")] public sealed class LoginPage : Page { [SupplyParameterFromQuery] private string? ReturnUrl { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) => b.AddContent(0, ReturnUrl); }
[Route("/redirect")] public sealed class Redirecting : Page { protected override void OnInitialized() => Navigation.NavigateTo("/todos?page=1", new NavigationOptions { ForceLoad = false, ReplaceHistoryEntry = true }); }
[Route("/dynamic")] public sealed class Dynamic : Page { protected override void BuildRenderTree(RenderTreeBuilder b) { foreach (var t in new[] { typeof(Hello), typeof(Forecast) }) { b.OpenComponent<DynamicComponent>(0); b.AddComponentParameter(1, "Type", t); b.AddComponentParameter(2, "Parameters", t == typeof(Hello) ? new Dictionary<string, object> { ["Name"] = "d" } : null); b.CloseComponent(); } } }
[Route("/list")] public sealed class Listing : Page { protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenComponent<Table<int>>(0); b.AddComponentParameter(1, "Items", Enumerable.Range(0, 5).ToList()); b.AddAttribute(2, "Row", (RenderFragment<int>)(i => r => r.AddContent(3, i))); b.CloseComponent(); b.OpenComponent<Table<Todo>>(4); b.AddComponentParameter(5, "Items", new Todos().All); b.AddAttribute(6, "Row", (RenderFragment<Todo>)(i => r => r.AddContent(7, i.Title))); b.CloseComponent(); b.OpenComponent<Virtualize<int>>(8); b.AddComponentParameter(9, "Items", Enumerable.Range(0, 50).ToList()); b.AddAttribute(10, "ChildContent", (RenderFragment<int>)(i => r => r.AddContent(11, i))); b.CloseComponent(); } }
public sealed class Table<T> : ComponentBase { [Parameter] public IEnumerable<T> Items { get; set; } = []; [Parameter] public RenderFragment<T>? Row { get; set; } protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenElement(0, "table"); foreach (T i in Items) { b.OpenElement(1, "tr"); b.SetKey(i); b.AddContent(2, Row!, i); b.CloseElement(); } b.CloseElement(); } }

[Route("/form")] public sealed class FormPage : Page
{
    [SupplyParameterFromForm(FormName = "add")] public Entry? Input { get; set; }
    [SupplyParameterFromForm(FormName = "other")] public string? Text { get; set; }
    [SupplyParameterFromForm(FormName = "file")] public IFormFile? File { get; set; }
    private string message = "";
    protected override void OnInitialized() => Input ??= new();
    private async Task Submit() { await Task.Yield(); message = "added " + Input!.Title; }
    protected override void BuildRenderTree(RenderTreeBuilder b)
    {
        Head(b, "Form"); b.OpenComponent<EditForm>(5); b.AddComponentParameter(6, "Model", Input); b.AddComponentParameter(7, "FormName", "add"); b.AddComponentParameter(8, "Enhance", true); b.AddComponentParameter(9, "OnValidSubmit", EventCallback.Factory.Create<EditContext>(this, Submit)); b.AddComponentParameter(10, "OnInvalidSubmit", EventCallback.Factory.Create<EditContext>(this, () => message = "invalid")); b.AddAttribute(11, "ChildContent", (RenderFragment<EditContext>)(context => c =>
        {
            c.OpenComponent<DataAnnotationsValidator>(0); c.CloseComponent(); c.OpenComponent<ValidationSummary>(1); c.CloseComponent();
            Field<InputText, string?>(c, 2, Input!.Title, v => Input.Title = v, () => Input.Title); Field<InputNumber<int>, int>(c, 3, Input.Count, v => Input.Count = v, () => Input.Count); Field<InputNumber<decimal?>, decimal?>(c, 4, Input.Price, v => Input.Price = v, () => Input.Price); Field<InputNumber<double>, double>(c, 5, Input.Ratio, v => Input.Ratio = v, () => Input.Ratio); Field<InputNumber<long>, long>(c, 6, Input.Big, v => Input.Big = v, () => Input.Big); Field<InputDate<DateOnly>, DateOnly>(c, 7, Input.Due, v => Input.Due = v, () => Input.Due); Field<InputDate<DateTime?>, DateTime?>(c, 8, Input.At, v => Input.At = v, () => Input.At); Field<InputCheckbox, bool>(c, 9, Input.Done, v => Input.Done = v, () => Input.Done); Field<InputTextArea, string?>(c, 10, Input.Note, v => Input.Note = v, () => Input.Note); Field<InputText, string?>(c, 11, Input.Address.City, v => Input.Address.City = v, () => Input.Address.City);
            c.OpenComponent<InputSelect<Size>>(12); c.AddComponentParameter(13, "Value", Input.Kind); c.AddComponentParameter(14, "ValueChanged", EventCallback.Factory.Create<Size>(this, v => Input.Kind = v)); c.AddComponentParameter(15, "ValueExpression", (Expression<Func<Size>>)(() => Input.Kind)); c.AddAttribute(16, "ChildContent", (RenderFragment)(o => { foreach (var s in Enum.GetValues<Size>()) { o.OpenElement(17, "option"); o.AddAttribute(18, "value", s); o.AddContent(19, s.ToString()); o.CloseElement(); } })); c.CloseComponent();
            c.OpenComponent<InputSelect<string[]>>(20); c.AddComponentParameter(21, "Value", Input.Many); c.AddComponentParameter(22, "ValueExpression", (Expression<Func<string[]>>)(() => Input.Many)); c.CloseComponent();
            c.OpenComponent<InputRadioGroup<Size>>(23); c.AddComponentParameter(24, "Value", Input.Radio); c.AddComponentParameter(25, "ValueExpression", (Expression<Func<Size>>)(() => Input.Radio)); c.AddAttribute(26, "ChildContent", (RenderFragment)(o => { foreach (var s in Enum.GetValues<Size>()) { o.OpenComponent<InputRadio<Size>>(27); o.AddComponentParameter(28, "Value", s); o.CloseComponent(); } })); c.CloseComponent();
            c.OpenComponent<InputFile>(29); c.AddComponentParameter(30, "OnChange", EventCallback.Factory.Create<InputFileChangeEventArgs>(this, e => message = e.FileCount.ToString())); c.CloseComponent(); c.OpenComponent<ValidationMessage<string>>(31); c.AddComponentParameter(32, "For", (Expression<Func<string?>>)(() => Input.Title)); c.CloseComponent(); c.OpenComponent<ValidationMessage<int>>(33); c.AddComponentParameter(34, "For", (Expression<Func<int>>)(() => Input.Count)); c.CloseComponent(); c.AddContent(35, context.GetValidationMessages().Count() + message);
        })); b.CloseComponent();
        b.OpenElement(12, "form"); b.AddAttribute(13, "method", "post"); b.AddAttribute(14, "onsubmit", EventCallback.Factory.Create<EventArgs>(this, () => message = Text ?? "")); b.AddNamedEvent("onsubmit", "other"); b.OpenComponent<AntiforgeryToken>(15); b.CloseComponent(); b.CloseElement(); b.OpenElement(16, "form"); b.AddAttribute(17, "method", "post"); b.AddAttribute(18, "enctype", "multipart/form-data"); b.AddAttribute(19, "onsubmit", EventCallback.Factory.Create(this, () => message = File?.FileName ?? "")); b.AddNamedEvent("onsubmit", "file"); b.CloseElement();
    }
    private void Field<TInput, T>(RenderTreeBuilder b, int n, T value, Action<T> set, Expression<Func<T>> of) where TInput : InputBase<T> { b.OpenComponent<TInput>(n); b.AddComponentParameter(1, "Value", value); b.AddComponentParameter(2, "ValueChanged", EventCallback.Factory.Create(this, set)); b.AddComponentParameter(3, "ValueExpression", of); b.AddAttribute(4, "class", "field"); b.CloseComponent(); }
}

[Route("/edit")] public sealed class EditPage : Page
{
    [SupplyParameterFromForm(Name = "Item")] private Entry Item { get; set; } = new();
    private EditContext? context; private ValidationMessageStore? messages;
    protected override void OnInitialized() { context = new EditContext(Item ??= new()); messages = new(context); context.OnValidationRequested += (_, _) => { messages.Clear(); if (Item.Title == "x") messages.Add(() => Item.Title!, "no"); }; context.SetFieldCssClassProvider(new Css()); }
    protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenComponent<EditForm>(0); b.AddComponentParameter(1, "EditContext", context); b.AddComponentParameter(2, "FormName", "edit"); b.AddComponentParameter(3, "OnSubmit", EventCallback.Factory.Create<EditContext>(this, (EditContext c) => { if (c.Validate()) Navigation.NavigateTo("todos"); })); b.AddAttribute(4, "ChildContent", (RenderFragment<EditContext>)(_ => c => { c.OpenComponent<InputText>(5); c.AddComponentParameter(6, "Value", Item.Title); c.AddComponentParameter(7, "ValueExpression", (Expression<Func<string?>>)(() => Item.Title)); c.CloseComponent(); c.OpenElement(8, "span"); c.AddAttribute(9, "class", context!.FieldCssClass(() => Item.Title!)); c.CloseElement(); })); b.CloseComponent(); }
    private sealed class Css : FieldCssClassProvider { public override string GetFieldCssClass(EditContext c, in FieldIdentifier f) => c.IsValid(f) ? "ok" : "bad"; }
}

[Route("/interactive")] public sealed class Interactive : Page { protected override void BuildRenderTree(RenderTreeBuilder b) { Head(b, "Interactive"); b.OpenComponent<Clicks>(5); b.AddComponentParameter(6, "Start", 3); b.AddComponentRenderMode(RenderMode.InteractiveServer); b.CloseComponent(); b.OpenComponent<Clicks>(7); b.AddComponentParameter(8, "Start", 5); b.AddComponentRenderMode(new InteractiveServerRenderMode(prerender: false)); b.CloseComponent(); } }
[Route("/counter")] public sealed class CounterPage : Page { protected override void BuildRenderTree(RenderTreeBuilder b) { b.OpenComponent<Clicks>(0); b.CloseComponent(); } }
public sealed class Clicks : ComponentBase, IAsyncDisposable
{
    [Parameter] public int Start { get; set; }
    [Inject] private IJSRuntime Script { get; set; } = null!;
    [Inject] private PersistentComponentState State { get; set; } = null!;
    [Inject] private NavigationManager Navigation { get; set; } = null!;
    private PersistingComponentStateSubscription persisting; private int count; private string text = "", chosen = "a"; private bool on; private ElementReference element; private DotNetObjectReference<Clicks>? self;
    protected override async Task OnInitializedAsync() { await Task.Yield(); count = State.TryTakeFromJson<int>("count" + Start, out int n) ? n : Start; persisting = State.RegisterOnPersisting(() => { State.PersistAsJson("count" + Start, count); return Task.CompletedTask; }); Navigation.LocationChanged += Moved; }
    private void Moved(object? s, LocationChangedEventArgs e) => InvokeAsync(StateHasChanged);
    protected override async Task OnAfterRenderAsync(bool first) { if (first) { self = DotNetObjectReference.Create(this); try { await Script.InvokeVoidAsync("console.log", "x", 1, self, element); _ = await Script.InvokeAsync<string>("prompt", TimeSpan.FromSeconds(1), "q"); } catch (Exception e) when (e is JSException or OperationCanceledException or JSDisconnectedException) { } } }
    [JSInvokable] public Task<int> Add(int n) { count += n; StateHasChanged(); return Task.FromResult(count); }
    protected override void BuildRenderTree(RenderTreeBuilder b)
    {
        b.OpenElement(0, "button"); b.AddAttribute(1, "onclick", EventCallback.Factory.Create<MouseEventArgs>(this, e => count += (int)e.Detail)); b.AddEventPreventDefaultAttribute(2, "onclick", true); b.AddEventStopPropagationAttribute(3, "onclick", true); b.AddElementReferenceCapture(4, r => element = r); b.AddContent(5, count); b.CloseElement(); b.OpenElement(6, "input"); b.AddAttribute(7, "value", BindConverter.FormatValue(text)); b.AddAttribute(8, "onchange", EventCallback.Factory.CreateBinder(this, v => text = v, text)); b.SetUpdatesAttributeName("value"); b.CloseElement(); b.OpenElement(9, "input"); b.AddAttribute(10, "type", "number"); b.AddAttribute(11, "value", BindConverter.FormatValue(count)); b.AddAttribute(12, "oninput", EventCallback.Factory.CreateBinder(this, v => count = v, count)); b.CloseElement(); b.OpenElement(13, "input"); b.AddAttribute(14, "type", "checkbox"); b.AddAttribute(15, "checked", BindConverter.FormatValue(on)); b.AddAttribute(16, "onchange", EventCallback.Factory.CreateBinder(this, v => on = v, on)); b.CloseElement(); b.OpenElement(17, "select"); b.AddAttribute(18, "onchange", EventCallback.Factory.CreateBinder<string>(this, v => chosen = v, chosen)); b.CloseElement(); for (int i = 0; i < count % 5 + 1; i++) { b.OpenElement(19, "li"); b.SetKey(i); b.AddAttribute(20, "onkeydown", EventCallback.Factory.Create<KeyboardEventArgs>(this, e => text = e.Key)); b.AddContent(21, i); b.CloseElement(); } if (on) { b.OpenComponent<Hello>(22); b.AddComponentParameter(23, "Name", text); b.AddComponentParameter(24, "CountChanged", EventCallback.Factory.Create<int>(this, v => count = v)); b.CloseComponent(); }
    }
    public ValueTask DisposeAsync() { Navigation.LocationChanged -= Moved; persisting.Dispose(); self?.Dispose(); return default; }
}
