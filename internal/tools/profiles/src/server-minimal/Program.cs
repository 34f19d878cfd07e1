// Small servers in other styles than MVC: minimal APIs over all parameter and result types, raw middleware, HTTPS, HTTP/2 streams as gRPC has them. MIT licensed.
using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

await Step.Run("api", Api);
await Step.Run("startup", Classic);
await Step.Run("streams", Streams);
return Step.Exit;

// Api is a server with HTTPS whose handlers take and give every type.
static async Task Api()
{
    using var key = RSA.Create(2048);
    using var made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    using var certificate = new X509Certificate2(made.Export(X509ContentType.Pfx));
    var builder = WebApplication.CreateSlimBuilder();
    builder.WebHost.UseKestrelHttpsConfiguration();
    builder.WebHost.ConfigureKestrel(k => { k.Listen(IPAddress.Loopback, 0); k.Listen(IPAddress.Loopback, 0, l => { l.Protocols = HttpProtocols.Http1AndHttp2; l.UseHttps(certificate); }); k.Limits.MaxConcurrentConnections = 100; k.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2); k.Limits.MinRequestBodyDataRate = new(100, TimeSpan.FromSeconds(10)); });
    builder.Services.ConfigureHttpJsonOptions(o => { o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower; o.SerializerOptions.WriteIndented = true; o.SerializerOptions.TypeInfoResolverChain.Add(new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver()); });
    builder.Services.AddAuthentication("key").AddScheme<AuthenticationSchemeOptions, KeyHandler>("key", o => { });
    builder.Services.AddAuthorizationBuilder().AddPolicy("writer", p => p.RequireClaim("scope", "write")).SetDefaultPolicy(new AuthorizationPolicyBuilder("key").RequireAuthenticatedUser().Build());
    builder.Services.AddProblemDetails().AddSingleton<Items>().AddScoped<Request>().AddRouting(o => o.ConstraintMap["even"] = typeof(Even));
    await using var app = builder.Build();
    app.UseExceptionHandler(); app.UseStatusCodePages(); app.UseAuthentication(); app.UseAuthorization();
    app.Use(async (c, next) => { long t = Stopwatch.GetTimestamp(); c.Response.OnStarting(s => { ((HttpContext)s).Response.Headers["X-T"] = "1"; return Task.CompletedTask; }, c); await next(c); app.Logger.LogDebug("{Method} {Path} {Code} {Time}", c.Request.Method, c.Request.Path, c.Response.StatusCode, Stopwatch.GetElapsedTime(t)); });
    app.UseMiddleware<Counting>();
    var g = app.MapGroup("/v{version:int}").AddEndpointFilter<Filter>().AddEndpointFilter(async (c, n) => await n(c));
    g.MapGet("/types/{i:int}/{l:long}/{d:double}/{f:float}/{m:decimal}/{b:bool}/{g:guid}/{t:datetime}/{s:alpha}", (int version, int i, long l, double d, float f, decimal m, bool b, Guid g, DateTime t, string s) => Results.Ok(new { version, i, l, d, f, m, b, g, t, s }));
    g.MapGet("/query", (int? i, long? l, double? d, bool? b, Guid? g, DateTime? t, DateTimeOffset? o, DateOnly? day, TimeOnly? time, TimeSpan? span, DayOfWeek? week, decimal? m, char? c, byte? by, short? sh, uint? u, ulong? ul, ushort? us, float? f, Uri? uri, string? s, string[]? a, int[]? n, StringValues v, IPAddress? ip, Version? ver) => new { i, l, d, b, g, t, o, day, time, span, week, m, c, by, sh, u, ul, us, f, s, a, n, ver = ver?.ToString() });
    g.MapGet("/int", () => 1); g.MapGet("/bool", () => true); g.MapGet("/long", () => 1L); g.MapGet("/double", () => 1.5); g.MapGet("/string", () => "s"); g.MapGet("/guid", () => Guid.Empty); g.MapGet("/date", () => DateTime.UnixEpoch); g.MapGet("/decimal", () => 1.5m); g.MapGet("/enum", () => DayOfWeek.Friday); g.MapGet("/nullable", () => (int?)null); g.MapGet("/array", () => new[] { 1, 2 }); g.MapGet("/list", () => new List<string> { "a" }); g.MapGet("/map", () => new Dictionary<string, object> { ["a"] = 1, ["b"] = new[] { 1.5 } }); g.MapGet("/tuple", () => (1, "a")); g.MapGet("/struct", () => new Spot(1, 2)); g.MapGet("/void", () => { }); g.MapGet("/task", async () => await Task.Yield()); g.MapGet("/vtask", async ValueTask () => await Task.Yield());
    g.MapGet("/taskint", async () => { await Task.Yield(); return 1; }); g.MapGet("/taskbool", () => Task.FromResult(true)); g.MapGet("/taskstring", async () => { await Task.Yield(); return "s"; }); g.MapGet("/taskitem", async (Items items) => { await Task.Yield(); return items.All[0]; }); g.MapGet("/vtaskint", async ValueTask<int> () => { await Task.Yield(); return 1; }); g.MapGet("/vtaskitem", ValueTask<Item> (Items items) => new(items.All[0])); g.MapGet("/vtaskstring", async ValueTask<string> () => { await Task.Yield(); return "s"; }); g.MapGet("/taskresult", async () => { await Task.Yield(); return Results.Json(new Spot(1, 2), statusCode: 201); }); g.MapGet("/taskobject", Task<object> () => Task.FromResult<object>(new Spot(1, 1))); g.MapGet("/taskdate", async () => { await Task.Yield(); return DateTime.UnixEpoch; }); g.MapGet("/taskguid", async () => { await Task.Yield(); return Guid.Empty; }); g.MapGet("/tasklong", async () => { await Task.Yield(); return 1L; }); g.MapGet("/taskstruct", async () => { await Task.Yield(); return new Spot(1, 1); });
    g.MapGet("/union/{n:even}", Results<Ok<Item>, NotFound, Conflict<string>, UnprocessableEntity, NoContent, ProblemHttpResult> (int n, Items items) => n switch { 0 => TypedResults.Ok(items.All[0]), 2 => TypedResults.NotFound(), 4 => TypedResults.Conflict("c"), 6 => TypedResults.UnprocessableEntity(), 8 => TypedResults.NoContent(), _ => TypedResults.Problem("p") });
    g.MapGet("/results/{n}", (int n) => n switch { 0 => Results.Text("t"), 1 => Results.Bytes(new byte[10]), 2 => Results.Stream(new MemoryStream(new byte[5000])), 3 => Results.Redirect("/"), 4 => Results.Unauthorized(), 5 => Results.Forbid(), 6 => Results.Challenge(), 7 => Results.ValidationProblem(new Dictionary<string, string[]> { ["a"] = ["b"] }), 8 => Results.Created("/x", new Spot(1, 2)), 9 => Results.Content("<a/>", "text/xml"), 10 => Results.StatusCode(418), 11 => Results.Stream(async s => await s.WriteAsync(new byte[3])), _ => Results.BadRequest(new { n }) });
    g.MapPost("/item", (Item item, Items items, Request r) => { items.All.Add(item); return Results.Created("/" + r.Id, item); }); g.MapPost("/items", (List<Item> all) => all.Count); g.MapPost("/element", (JsonElement e) => e.GetRawText()); g.MapPost("/node", (System.Text.Json.Nodes.JsonNode n) => n["a"]!.ToString()); g.MapPut("/item/{id}", ([FromRoute] int id, [FromBody] Item item, [FromHeader(Name = "X-A")] string? a, [FromServices] Items items, CancellationToken ct) => Results.NoContent()); g.MapPost("/params", ([AsParameters] Params p) => p); g.MapPost("/pipe", async (PipeReader r) => { var x = await r.ReadAsync(); long n = x.Buffer.Length; r.AdvanceTo(x.Buffer.End); return n; });
    g.MapGet("/secret", (ClaimsPrincipal u) => u.Identity!.Name).RequireAuthorization(); g.MapGet("/write", () => "w").RequireAuthorization("writer"); g.MapGet("/throw", string () => throw new InvalidOperationException("on purpose")); g.MapGet("/bad", string () => throw new Microsoft.AspNetCore.Http.BadHttpRequestException("bad", 400)); g.MapGet("/aborted", async (HttpContext c) => { await c.Response.StartAsync(); c.Abort(); });
    g.MapGet("/events", async (HttpContext c, CancellationToken ct) => { c.Response.ContentType = "text/event-stream"; for (int i = 0; i < 3; i++) { await c.Response.WriteAsync($"data: {i}\n\n", ct); await c.Response.Body.FlushAsync(ct); } }); g.MapGet("/stream", Stream); g.MapGet("/writer", async (HttpResponse r) => { r.BodyWriter.Write("abc"u8); await r.BodyWriter.FlushAsync(); await r.WriteAsync("text"); });
    app.MapFallback(() => Results.NotFound());
    await app.StartAsync();
    string[] urls = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
    foreach (string url in urls)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true }, PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { BaseAddress = new Uri(url + "/v1/"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Key", "k");
        foreach (string p in new[] { "types/1/2/1.5/2.5/3.5/true/0f8fad5b-d9cb-469f-a165-70867728950e/2024-02-29/abc", "types/x/2/1.5/2.5/3.5/true/y/z/abc", "query", "query?i=1&l=2&d=1.5&b=true&g=0f8fad5b-d9cb-469f-a165-70867728950e&t=2024-02-29&o=2024-02-29&day=2024-02-29&time=10:00&span=01:00:00&week=Friday&m=1.5&c=x&by=1&sh=1&u=1&ul=1&us=1&f=1&s=s&a=a&a=b&n=1&n=2&v=1&ip=127.0.0.1&ver=1.2", "query?i=x", "int", "bool", "long", "double", "string", "guid", "date", "decimal", "enum", "nullable", "array", "list", "map", "tuple", "struct", "void", "task", "vtask", "taskint", "taskbool", "taskstring", "taskitem", "vtaskint", "vtaskitem", "vtaskstring", "taskresult", "taskobject", "taskdate", "taskguid", "tasklong", "taskstruct", "union/0", "union/2", "union/3", "union/4", "union/6", "union/8", "union/10", "results/0", "results/1", "results/2", "results/3", "results/4", "results/5", "results/6", "results/7", "results/8", "results/9", "results/10", "results/11", "results/12", "secret", "write", "throw", "bad", "events", "stream", "writer", "none", "../none" })
            using (var r = await http.GetAsync(p)) _ = await r.Content.ReadAsStringAsync();
        try { using var r = await http.GetAsync("aborted"); _ = await r.Content.ReadAsStringAsync(); } catch (HttpRequestException) { }
        var item = new Item(1, "one", 1.5m, [1, 2], new() { ["a"] = 1 }, DateTime.UnixEpoch, null);
        foreach (var (p, c) in new (string, HttpContent)[] { ("item", JsonContent.Create(item)), ("item", new StringContent("[", Encoding.UTF8, "application/json")), ("item", new StringContent("x")), ("items", JsonContent.Create(new[] { item })), ("element", JsonContent.Create(new { a = 1 })), ("node", JsonContent.Create(new { a = 1 })), ("params?a=1&b=x", JsonContent.Create(item)), ("pipe", new ByteArrayContent(new byte[20000])) }) using (var r = await http.PostAsync(p, c)) _ = await r.Content.ReadAsByteArrayAsync();
        using (var r = await http.PutAsJsonAsync("item/3", item)) { } using (var r = await http.DeleteAsync("item/3")) { } using (var r = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "int"))) { }
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => http.GetStringAsync("taskint")));
        using var slow = await http.GetAsync("results/2", HttpCompletionOption.ResponseHeadersRead); await using var body = await slow.Content.ReadAsStreamAsync(); await body.CopyToAsync(System.IO.Stream.Null);
        http.DefaultRequestHeaders.Authorization = null; using (var r = await http.GetAsync("secret")) { }
        http.CancelPendingRequests();
    }
    await app.StopAsync();
    static async IAsyncEnumerable<Item> Stream(Items items, [EnumeratorCancellation] CancellationToken ct) { foreach (var i in items.All.ToArray()) { await Task.Yield(); yield return i; } }
}

// Classic is a host with a startup class and endpoints of plain delegates.
static async Task Classic()
{
    using var host = Host.CreateDefaultBuilder().ConfigureLogging(l => l.SetMinimumLevel(LogLevel.Information)).ConfigureAppConfiguration(c => c.AddInMemoryCollection([new("a", "b")])).ConfigureWebHostDefaults(w => w.UseUrls("http://127.0.0.1:0").UseStartup<Startup>().UseSetting("x", "y")).ConfigureServices((c, s) => s.AddHostedService<Idle>()).UseConsoleLifetime().Build();
    await host.StartAsync();
    using var http = new HttpClient { BaseAddress = new Uri(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    foreach (string p in new[] { "/", "/plain", "/json", "/branch/a", "/none", "/header", "/items/5", "/static/a.txt" }) using (var r = await http.GetAsync(p)) _ = await r.Content.ReadAsStringAsync();
    using (var r = await http.PostAsync("/echo", new StringContent(new string('x', 100000)))) _ = await r.Content.ReadAsStringAsync();
    using (var r = await http.PostAsync("/form", new FormUrlEncodedContent([new("a", "1"), new("b", "2")]))) _ = await r.Content.ReadAsStringAsync();
    await host.StopAsync();
}

// Streams is HTTP/2 without TLS, frames in both directions and trailers.
static async Task Streams()
{
    var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
    builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
    builder.Services.AddRoutingCore(); builder.Services.AddLogging();
    await using var app = builder.Build();
    app.UseRouting(); app.UseEndpoints(_ => { });
    app.MapPost("/service/unary", async (HttpContext c) => { var m = await Frame(c.Request.BodyReader); c.Response.ContentType = "application/grpc"; c.Response.DeclareTrailer("grpc-status"); Write(c.Response.BodyWriter, m!); await c.Response.BodyWriter.FlushAsync(); c.Response.AppendTrailer("grpc-status", "0"); });
    app.MapPost("/service/duplex", async (HttpContext c) => { c.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>()!.MinDataRate = null; c.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null; c.Response.ContentType = "application/grpc"; await c.Response.StartAsync(); while (await Frame(c.Request.BodyReader) is { } m) { Write(c.Response.BodyWriter, m); await c.Response.BodyWriter.FlushAsync(c.RequestAborted); } c.Response.AppendTrailer("grpc-status", "0"); c.Response.AppendTrailer("grpc-message", "ok"); await c.Response.CompleteAsync(); });
    app.MapPost("/service/reset", (HttpContext c) => { c.Features.Get<IHttpResetFeature>()!.Reset(2); return Task.CompletedTask; });
    await app.StartAsync();
    using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, KeepAlivePingDelay = TimeSpan.FromMinutes(1) }; using var invoker = new HttpMessageInvoker(handler);
    string url = app.Urls.FirstOrDefault() ?? app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    foreach (string p in new[] { "/service/unary", "/service/duplex", "/service/reset", "/service/none" })
    {
        using var m = new HttpRequestMessage(HttpMethod.Post, url + p) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new Frames(), Headers = { { "te", "trailers" }, { "grpc-timeout", "10S" } } };
        try { using var r = await invoker.SendAsync(m, default); _ = await r.Content.ReadAsByteArrayAsync(); _ = r.TrailingHeaders.TryGetValues("grpc-status", out _); } catch (HttpRequestException) { }
    }
    await app.StopAsync();
    static async Task<byte[]?> Frame(PipeReader r) { while (true) { var x = await r.ReadAsync(); var b = x.Buffer; if (b.Length >= 5) { var h = new byte[5]; b.Slice(0, 5).CopyTo(h); int n = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(h.AsSpan(1)); if (b.Length >= 5 + n) { var m = b.Slice(5, n).ToArray(); r.AdvanceTo(b.GetPosition(5 + n)); return m; } } r.AdvanceTo(b.Start, b.End); if (x.IsCompleted) return null; } }
    static void Write(PipeWriter w, byte[] m) { var s = w.GetSpan(5); s[0] = 0; System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(s[1..], m.Length); w.Advance(5); w.Write(m); }
}

public record Item(int Id, string Name, decimal Price, int[] Sizes, Dictionary<string, int> Map, DateTime When, Item? Next);
public readonly record struct Spot(int X, int Y);
public record struct Params(int A, string? B, HttpContext Context, Items Items, Item Item, CancellationToken Token) { public override string ToString() => "p"; }
public sealed class Items { public List<Item> All { get; } = [new(0, "zero", 0, [], [], DateTime.UnixEpoch, null)]; }
public sealed class Request { public Guid Id { get; } = Guid.NewGuid(); }
public sealed class Even : IRouteConstraint { public bool Match(HttpContext? c, IRouter? r, string k, RouteValueDictionary v, RouteDirection d) => v.TryGetValue(k, out var x) && int.TryParse(Convert.ToString(x, CultureInfo.InvariantCulture), out int n) && n % 2 == 0; }
public sealed class Filter(ILogger<Filter> log) : IEndpointFilter { public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext c, EndpointFilterDelegate next) { log.LogDebug("{N}", c.Arguments.Count); return await next(c); } }
public sealed class Counting(RequestDelegate next) { private int n; public async Task InvokeAsync(HttpContext c, Items items) { Interlocked.Increment(ref n); c.Items["n"] = n; await next(c); } }
public sealed class KeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> o, ILoggerFactory l, UrlEncoder e) : AuthenticationHandler<AuthenticationSchemeOptions>(o, l, e) { protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out var h) && h.Scheme == "Key" ? AuthenticateResult.Success(new(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "n"), new("scope", "write")], Scheme.Name)), Scheme.Name)) : AuthenticateResult.NoResult()); }
public sealed class Startup(IConfiguration configuration, IWebHostEnvironment env)
{
    public void ConfigureServices(IServiceCollection s) { s.AddRouting(); s.AddSingleton<Items>(); s.AddCors(); s.AddHealthChecks(); s.AddResponseCaching(); s.AddOptions(); }
    public void Configure(IApplicationBuilder app, ILogger<Startup> log) { if (env.IsDevelopment()) app.UseDeveloperExceptionPage(); app.UseStaticFiles(); app.UseRouting(); app.UseCors(); app.Map("/branch", b => b.Run(c => c.Response.WriteAsync(configuration["a"]!))); app.UseEndpoints(e => { e.MapGet("/", c => c.Response.WriteAsync("root")); e.MapGet("/plain", async c => { c.Response.ContentType = "text/plain; charset=utf-8"; c.Response.ContentLength = 5; await c.Response.Body.WriteAsync("hello"u8.ToArray()); }); e.MapGet("/json", c => c.Response.WriteAsJsonAsync(new { a = 1, b = "c" })); e.MapGet("/items/{id:int}", c => c.Response.WriteAsync((string)c.GetRouteValue("id")!)); e.MapGet("/header", c => { foreach (var h in c.Request.Headers) log.LogTrace("{K} {V}", h.Key, h.Value.ToString()); return c.Response.WriteAsync(c.Request.Headers.UserAgent.ToString() + c.Connection.RemoteIpAddress + c.Request.Host + c.TraceIdentifier.Length); }); e.MapPost("/echo", async c => { using var r = new StreamReader(c.Request.Body); await c.Response.WriteAsync(await r.ReadToEndAsync()); }); e.MapPost("/form", async c => { var f = await c.Request.ReadFormAsync(); await c.Response.WriteAsync(string.Join(",", f.Select(x => x.Key + x.Value))); }); e.MapHealthChecks("/health"); }); }
}
public sealed class Idle : IHostedService { public Task StartAsync(CancellationToken c) => Task.CompletedTask; public Task StopAsync(CancellationToken c) => Task.CompletedTask; }
public sealed class Frames : HttpContent { public Frames() => Headers.ContentType = new("application/grpc"); protected override async Task SerializeToStreamAsync(System.IO.Stream s, TransportContext? c) { for (int i = 0; i < 3; i++) { await s.WriteAsync(new byte[] { 0, 0, 0, 0, 3, 1, 2, 3 }); await s.FlushAsync(); await Task.Delay(1); } } protected override bool TryComputeLength(out long n) { n = 0; return false; } }
