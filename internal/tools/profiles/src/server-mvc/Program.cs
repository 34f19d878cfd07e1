// A server as it is usually set up: MVC with controllers, cookies, sessions, SignalR, JSON; one client asks it. MIT licensed.
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

var keys = Directory.CreateTempSubdirectory();
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddControllersWithViews(o => { o.Filters.Add<TimingFilter>(); o.Filters.Add(new ResponseCacheAttribute { NoStore = true }); }).AddJsonOptions(o => { o.JsonSerializerOptions.Converters.Add(new JsonStringEnumConverter()); o.JsonSerializerOptions.WriteIndented = false; });
builder.Services.AddRazorPages();
builder.Services.AddSignalR(o => o.EnableDetailedErrors = true).AddJsonProtocol();
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(o => { o.LoginPath = "/account/login"; o.ExpireTimeSpan = TimeSpan.FromHours(1); o.SlidingExpiration = true; o.Events.OnRedirectToLogin = c => { c.Response.StatusCode = 401; return Task.CompletedTask; }; });
builder.Services.AddAuthorization(o => { o.AddPolicy("admin", p => p.RequireRole("admin").RequireClaim("level", "1", "2")); o.AddPolicy("adult", p => p.RequireAssertion(c => c.User.HasClaim(x => x.Type == "age"))); });
builder.Services.AddDataProtection().PersistKeysToFileSystem(keys).SetApplicationName("training");
builder.Services.AddDistributedMemoryCache();
builder.Services.AddSession(o => { o.Cookie.HttpOnly = true; o.Cookie.IsEssential = true; o.IdleTimeout = TimeSpan.FromMinutes(5); });
builder.Services.AddMemoryCache();
builder.Services.AddHttpContextAccessor();
builder.Services.AddHttpClient("self", c => c.Timeout = TimeSpan.FromSeconds(20)).AddHttpMessageHandler(() => new StampHandler());
builder.Services.AddCors();
builder.Services.AddHealthChecks();
builder.Services.AddResponseCompression(o => o.EnableForHttps = true);
builder.Services.AddScoped<IOrders, Orders>();
builder.Services.AddSingleton<Clock>();
builder.Services.AddTransient<IMailer, Mailer>();
builder.Services.AddSingleton(typeof(IRepository<>), typeof(Repository<>));
builder.Services.AddHostedService<Ticker>();
builder.Services.Configure<SiteOptions>(builder.Configuration.GetSection("Site"));
builder.Services.AddProblemDetails();
builder.Services.AddEndpointsApiExplorer();

var app = builder.Build();
if (!app.Environment.IsDevelopment()) { app.UseExceptionHandler("/api/things/error"); app.UseHsts(); }
app.UseResponseCompression();
app.UseStaticFiles();
app.UseRouting();
app.UseCors(p => p.AllowAnyOrigin().AllowAnyHeader());
app.UseAuthentication();
app.UseAuthorization();
app.UseSession();
app.MapControllers();
app.MapControllerRoute("default", "{controller=Home}/{action=Index}/{id?}");
app.MapRazorPages();
app.MapHub<ChatHub>("/chat");
app.MapHealthChecks("/health");
app.MapGet("/", () => "home");
app.MapGet("/me", (ClaimsPrincipal user) => user.Identity?.Name ?? "nobody").RequireAuthorization();
app.MapGet("/admin", [Authorize(Policy = "admin")] () => "admin");
await app.StartAsync();

var baseAddress = new Uri(app.Urls.First());
var cookies = new CookieContainer();
using var http = new HttpClient(new HttpClientHandler { CookieContainer = cookies, AllowAutoRedirect = false }) { BaseAddress = baseAddress };
int answered = 0;
foreach (string path in new[] { "/", "/health", "/me", "/admin", "/missing", "/home/index", "/home/text/5", "/home/redirect", "/api/things", "/api/things/3", "/api/things/77", "/api/things/abc", "/api/things/search?q=a&page=2&size=10&sort=Name&active=true&from=2024-01-01&ids=1&ids=2&tags=a&tags=b", "/api/things/values?i=1&l=2&s=3&b=4&f=1.5&d=2.5&m=3.5&flag=true&g=0f8fad5b-d9cb-469f-a165-70867728950e&t=2024-02-29T10:00:00&o=2024-02-29T10:00:00Z&span=01:00:00&day=Friday&only=2024-02-29&time=10:30&u=http%3A%2F%2Fx%2F&c=x", "/api/things/values", "/api/things/number", "/api/things/flag", "/api/things/text", "/api/things/none", "/api/things/list", "/api/things/dictionary", "/api/things/stream", "/api/things/fail", "/api/things/problem", "/api/things/file", "/api/things/content", "/api/things/tuple", "/api/things/async", "/api/things/valuetask", "/api/things/header", "/api/things/services", "/api/things/cache", "/api/things/link", "/api/things/claims", "/api/things/secret", "/api/things/cookies", "/api/things/session", "/api/things/session", "/api/things/protect", "/api/things/html" })
{
    using var r = await http.GetAsync(path);
    answered += (int)r.StatusCode > 0 && (await r.Content.ReadAsStringAsync()).Length >= 0 ? 1 : 0;
}
var thing = new Thing { Id = 9, Name = "nine", Kind = Kind.Large, Price = 9.5m, Created = DateTime.UnixEpoch, Tags = ["x"], Sizes = new() { ["a"] = 1 }, Owner = new("Ada", 36) };
await Post("/api/things", JsonContent.Create(thing));
await Post("/api/things", JsonContent.Create(new { id = -1 }));
await Post("/api/things", new StringContent("{", Encoding.UTF8, "application/json"));
await Post("/api/things", new StringContent("<a/>", Encoding.UTF8, "application/xml"));
await Post("/api/things/batch", JsonContent.Create(new[] { thing, thing }));
await Post("/api/things/map", JsonContent.Create(new Dictionary<string, int> { ["a"] = 1 }));
await Post("/api/things/element", JsonContent.Create(new { a = new[] { 1, 2 }, b = (string?)null }));
await Post("/api/things/form", new FormUrlEncodedContent(new Dictionary<string, string> { ["Id"] = "4", ["Name"] = "four", ["Kind"] = "Small", ["Price"] = "1.5", ["Tags[0]"] = "t", ["Owner.Name"] = "Bob", ["Owner.Age"] = "4", ["Sizes[k]"] = "5" }));
await Post("/api/things/upload", new MultipartFormDataContent { { new StringContent("t"), "title" }, { new ByteArrayContent(new byte[3000]), "file", "a.bin" } });
using (var r = await http.PutAsJsonAsync("/api/things/9", thing)) answered++;
using (var r = await http.PatchAsync("/api/things/9", JsonContent.Create(new { name = "x" }))) answered++;
using (var r = await http.DeleteAsync("/api/things/9")) answered++;
using (var r = await http.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/things") { Headers = { { "Origin", "http://x" }, { "Access-Control-Request-Method", "GET" } } })) answered++;
await Post("/account/login", new FormUrlEncodedContent(new Dictionary<string, string> { ["User"] = "ada", ["Password"] = "secret", ["Remember"] = "true" }));
foreach (string path in new[] { "/me", "/admin", "/api/things/claims", "/api/things/secret", "/account/logout", "/me" }) using (var r = await http.GetAsync(path)) answered++;
string token = await http.GetStringAsync("/api/things/antiforgery");
using (var guarded = new HttpRequestMessage(HttpMethod.Post, "/api/things/guarded") { Headers = { { "RequestVerificationToken", token } }, Content = JsonContent.Create(new { }) }) using (var r = await http.SendAsync(guarded)) answered += r.IsSuccessStatusCode ? 1 : 0;
var json = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } }; _ = await http.GetFromJsonAsync<List<Thing>>("/api/things", json); _ = await http.GetFromJsonAsync<Dictionary<string, int>>("/api/things/dictionary"); _ = await http.GetFromJsonAsync<JsonElement>("/api/things/list"); await foreach (var x in http.GetFromJsonAsAsyncEnumerable<int>("/api/things/stream")) answered++;
using (var compressed = new HttpRequestMessage(HttpMethod.Get, "/api/things/content") { Headers = { AcceptEncoding = { new("gzip"), new("br") } } }) using (var r = await http.SendAsync(compressed)) answered++;
using (var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("self")) _ = await client.GetStringAsync(new Uri(baseAddress, "/"));
await Task.WhenAll(Enumerable.Range(0, 20).Select(i => http.GetAsync("/api/things/" + i)));
await Step.Run("signalr", Chat);
await app.StopAsync();
await app.DisposeAsync();
keys.Delete(true);
Console.WriteLine(answered > 60 ? "done" : "few answers");
return Step.Exit;

async Task Post(string path, HttpContent content)
{
    using var r = await http.PostAsync(path, content);
    _ = await r.Content.ReadAsStringAsync();
    answered++;
}

async Task Chat()
{
    using var n = await http.PostAsync("/chat/negotiate?negotiateVersion=1", null);
    using var doc = JsonDocument.Parse(await n.Content.ReadAsStreamAsync());
    using var ws = new ClientWebSocket();
    await ws.ConnectAsync(new Uri($"ws://127.0.0.1:{baseAddress.Port}/chat?id={doc.RootElement.GetProperty("connectionToken").GetString()}"), default);
    int wanted = 0;
    foreach (string m in new[] { "{\"protocol\":\"json\",\"version\":1}", "{\"type\":6}", Call("Send", 1, "\"u\"", "\"hello\""), Call("Add", 2, "1", "2"), Call("Echo", 3, "{\"text\":\"t\",\"when\":\"2024-01-01T00:00:00Z\",\"n\":3}"), Call("Join", 4, "\"room\""), Call("Fail", 5), Call("Nothing", 6), "{\"type\":4,\"invocationId\":\"7\",\"target\":\"Count\",\"arguments\":[3]}", "{\"type\":1,\"target\":\"Quiet\",\"arguments\":[]}", Call("Late", 8, "true"), Call("Unknown", 9) })
    {
        await ws.SendAsync(Encoding.UTF8.GetBytes(m + "\u001e"), WebSocketMessageType.Text, true, default);
        wanted++;
    }
    var buffer = new byte[8192];
    var text = new StringBuilder();
    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
    while (!text.ToString().Contains("\"invocationId\":\"9\"")) { var r = await ws.ReceiveAsync(new Memory<byte>(buffer), limit.Token); text.Append(Encoding.UTF8.GetString(buffer, 0, r.Count)); if (r.MessageType == WebSocketMessageType.Close) break; }
    await app.Services.GetRequiredService<IHubContext<ChatHub>>().Clients.All.SendAsync("news", 1, "x", new { a = 1 });
    await ws.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
    using var poll = await http.PostAsync("/chat/negotiate?negotiateVersion=0", null);
}

static string Call(string target, int id, params string[] arguments) => $"{{\"type\":1,\"invocationId\":\"{id}\",\"target\":\"{target}\",\"arguments\":[{string.Join(",", arguments)}]}}";

public enum Kind { Small, Large }
public record Owner(string Name, int Age);
public class Thing : IValidatableObject
{
    [Range(0, 1000)] public int Id { get; set; }
    [Required, StringLength(40, MinimumLength = 2)] public string Name { get; set; } = "";
    public Kind Kind { get; set; }
    [Range(0, 1e6)] public decimal Price { get; set; }
    public DateTime Created { get; set; }
    public DateTimeOffset? Changed { get; set; }
    public Guid Key { get; set; }
    public List<string> Tags { get; set; } = [];
    public Dictionary<string, int> Sizes { get; set; } = [];
    public Owner? Owner { get; set; }
    [EmailAddress] public string? Mail { get; set; }
    [RegularExpression("^[a-z]*$")] public string? Code { get; set; }
    [Url] public string? Link { get; set; }
    public long? Count { get; set; }
    public bool Active { get; set; }
    public IEnumerable<ValidationResult> Validate(ValidationContext context) { if (Name == "bad") yield return new ValidationResult("bad name", [nameof(Name)]); }
}
public record Search(string? Q, int Page = 1, int Size = 20, string? Sort = null, bool? Active = null, DateTime? From = null);
public class SiteOptions { public string Title { get; set; } = "site"; public int Depth { get; set; } }
public class Login { [Required] public string User { get; set; } = ""; [Required, DataType(DataType.Password)] public string Password { get; set; } = ""; public bool Remember { get; set; } }

[ApiController, Route("api/[controller]")]
public class ThingsController(IOrders orders, ILogger<ThingsController> log, IMemoryCache cache) : ControllerBase
{
    [HttpGet] public ActionResult<IEnumerable<Thing>> Get() => Ok(orders.All());
    [HttpGet("{id:int}", Name = "thing")] public async Task<ActionResult<Thing>> Get(int id, CancellationToken ct) { await Task.Yield(); log.LogInformation("get {Id} {When}", id, DateTime.UnixEpoch); return orders.All().FirstOrDefault(t => t.Id == id) is { } t ? t : NotFound(); }
    [HttpGet("search")] public IActionResult Find([FromQuery] Search s, [FromQuery] int[] ids, [FromQuery] List<string> tags) => Ok(new { s, ids, tags, total = 3, items = orders.All() });
    [HttpGet("values")] public IActionResult Values(int i, long l, short s, byte b, float f, double d, decimal m, bool flag, Guid g, DateTime t, DateTimeOffset o, TimeSpan span, DayOfWeek day, DateOnly only, TimeOnly time, Uri? u, char? c, int? missing, string? text = "x") => Ok(new { i, l, s, b, f, d, m, flag, g, t, o, span, day, only, time, u, c, missing, text });
    [HttpGet("number")] public int Number() => 42;
    [HttpGet("flag")] public bool Flag() => true;
    [HttpGet("text")] public string Text() => "text";
    [HttpGet("none")] public void None() { }
    [HttpGet("list")] public List<int> List() => [1, 2, 3];
    [HttpGet("dictionary")] public Dictionary<string, int> Dictionary() => new() { ["a"] = 1 };
    [HttpGet("stream")] public async IAsyncEnumerable<int> Stream() { for (int i = 0; i < 3; i++) { await Task.Yield(); yield return i; } }
    [HttpGet("fail")] public IActionResult Fail() => throw new InvalidOperationException("on purpose");
    [HttpGet("error"), ApiExplorerSettings(IgnoreApi = true)] public IActionResult Error() => Problem();
    [HttpGet("problem")] public IActionResult Wrong() { ModelState.AddModelError("a", "wrong"); return ValidationProblem(ModelState); }
    [HttpGet("file")] public IActionResult Download() => File(Encoding.UTF8.GetBytes("a,b\n1,2\n"), "text/csv", "a.csv");
    [HttpGet("content")] public IActionResult Long() => Content(new string('x', 4000), "text/plain");
    [HttpGet("tuple")] public object Anonymous() => new { a = 1, b = new[] { 1.5, 2.5 }, c = new { d = DateTime.UnixEpoch, e = Guid.Empty, f = (int?)null }, k = Kind.Large };
    [HttpGet("async")] public async Task<IActionResult> Later() { await Task.Delay(1); return StatusCode(202, "later"); }
    [HttpGet("valuetask")] public async ValueTask<Thing> Value() { await Task.Yield(); return orders.All()[0]; }
    [HttpGet("header")] public IActionResult Header([FromHeader(Name = "User-Agent")] string? agent, [FromHeader] string? accept) { Response.Headers["X-Thing"] = "1"; return Ok(agent + accept); }
    [HttpGet("services")] public IActionResult Services([FromServices] IMailer mailer, [FromServices] IRepository<Thing> repository, [FromServices] IOptions<SiteOptions> options) => Ok(mailer.Send("a") + repository.Name + options.Value.Title);
    [HttpGet("cache")] public async Task<int> Cached() => await cache.GetOrCreateAsync("k", async e => { e.AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1); await Task.Yield(); return 5; });
    [HttpGet("link")] public string? Link() => Url.Action(nameof(Number)) + Url.RouteUrl("thing", new { id = 1 }) + Url.Link("default", new { controller = "Home" });
    [HttpGet("claims")] public IActionResult Claims() => Ok(User.Claims.Select(c => new { c.Type, c.Value }));
    [HttpGet("secret"), Authorize] public string Secret() => User.Identity!.Name!;
    [HttpGet("cookies")] public IActionResult Cookies() { Response.Cookies.Append("seen", "1", new CookieOptions { MaxAge = TimeSpan.FromHours(1), SameSite = SameSiteMode.Lax, Secure = false }); return Ok(Request.Cookies.Count); }
    [HttpGet("session")] public IActionResult Session() { int n = (HttpContext.Session.GetInt32("n") ?? 0) + 1; HttpContext.Session.SetInt32("n", n); HttpContext.Session.SetString("s", "v"); return Ok(n); }
    [HttpGet("protect")] public string Protect([FromServices] IDataProtectionProvider p) { var x = p.CreateProtector("a"); return x.Unprotect(x.Protect("text")); }
    [HttpGet("antiforgery")] public string Token([FromServices] IAntiforgery a) => a.GetAndStoreTokens(HttpContext).RequestToken!;
    [HttpPost("guarded")] public async Task<IActionResult> Guarded([FromServices] IAntiforgery a) { await a.ValidateRequestAsync(HttpContext); return NoContent(); }
    [HttpGet("html")] public IActionResult Html([FromServices] IHtmlHelper h) { var tag = new TagBuilder("a"); tag.AddCssClass("x"); tag.MergeAttribute("href", "/"); tag.InnerHtml.Append("t<"); using var w = new StringWriter(); tag.WriteTo(w, System.Text.Encodings.Web.HtmlEncoder.Default); return Content(w.ToString(), "text/html"); }
    [HttpPost] public IActionResult Post(Thing t) => CreatedAtRoute("thing", new { id = t.Id }, t);
    [HttpPost("batch")] public ActionResult<int> Batch([FromBody] List<Thing> all) => all.Count;
    [HttpPost("map")] public IActionResult Map([FromBody] Dictionary<string, int> map) => Ok(map.Sum(p => p.Value));
    [HttpPost("element")] public IActionResult Element([FromBody] JsonElement e) => Ok(e.ValueKind.ToString());
    [HttpPost("form")] public IActionResult Form([FromForm] Thing t) => Ok(t);
    [HttpPost("upload")] public async Task<IActionResult> Upload(IFormFile file, [FromForm] string title) { using var ms = new MemoryStream(); await file.CopyToAsync(ms); return Ok(new { file.FileName, ms.Length, title }); }
    [HttpPut("{id:int}")] public IActionResult Put(int id, Thing t) => t.Id == id ? NoContent() : BadRequest("id");
    [HttpPatch("{id:int}")] public IActionResult Patch(int id, [FromBody] Dictionary<string, JsonElement> changes) => Accepted(changes.Count);
    [HttpDelete("{id:int}")] public async Task<IActionResult> Delete(int id) { await Task.Yield(); return NoContent(); }
}

public class HomeController : Controller
{
    public IActionResult Index() => Json(new { title = ViewData["Title"] });
    public IActionResult Text(int? id) { TempData["a"] = "b"; ViewBag.Id = id; return Content("text " + id); }
    public IActionResult Redirect() => RedirectToAction(nameof(Index), "Home", new { id = 1 });
    public override void OnActionExecuting(ActionExecutingContext context) => ViewData["Title"] = "home";
}

public class AccountController : Controller
{
    [HttpPost] public async Task<IActionResult> Login(Login model, string? returnUrl = null)
    {
        if (!ModelState.IsValid) return BadRequest(ModelState);
        var identity = new ClaimsIdentity([new(ClaimTypes.Name, model.User), new(ClaimTypes.Role, "admin"), new("level", "1"), new("age", "36")], CookieAuthenticationDefaults.AuthenticationScheme);
        await HttpContext.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = model.Remember, ExpiresUtc = DateTimeOffset.UtcNow.AddHours(1) });
        return LocalRedirect(returnUrl ?? "/");
    }
    public async Task<IActionResult> Logout() { await HttpContext.SignOutAsync(); return RedirectToAction("Index", "Home"); }
}

public class ChatHub(ILogger<ChatHub> log) : Hub
{
    public override async Task OnConnectedAsync() { log.LogInformation("connected {Id}", Context.ConnectionId.Length); await Groups.AddToGroupAsync(Context.ConnectionId, "all"); await base.OnConnectedAsync(); }
    public Task Send(string user, string text) => Clients.All.SendAsync("message", user, text);
    public int Add(int a, int b) => a + b;
    public Message Echo(Message m) => m with { N = m.N + 1 };
    public async Task<bool> Join(string room) { await Groups.AddToGroupAsync(Context.ConnectionId, room); await Clients.Group(room).SendAsync("joined", Context.ConnectionId); await Clients.Caller.SendAsync("welcome", 1); return true; }
    public string Fail() => throw new HubException("on purpose");
    public void Nothing() { }
    public async IAsyncEnumerable<int> Count(int n) { for (int i = 0; i < n; i++) { await Task.Yield(); yield return i; } }
    public Task Quiet() => Clients.Others.SendAsync("quiet");
    public async Task<string> Late(bool x) { await Task.Delay(1); return x.ToString(); }
}
public record Message(string Text, DateTime When, int N);

public sealed class TimingFilter(ILogger<TimingFilter> log) : IAsyncActionFilter, IExceptionFilter, IResultFilter
{
    public async Task OnActionExecutionAsync(ActionExecutingContext c, ActionExecutionDelegate next) { long t = Stopwatch.GetTimestamp(); await next(); log.LogDebug("{Action} took {Time}", c.ActionDescriptor.DisplayName, Stopwatch.GetElapsedTime(t)); }
    public void OnException(ExceptionContext c) { if (c.Exception is NotImplementedException) { c.Result = new StatusCodeResult(501); c.ExceptionHandled = true; } }
    public void OnResultExecuting(ResultExecutingContext c) => c.HttpContext.Response.Headers["X-Time"] = "1";
    public void OnResultExecuted(ResultExecutedContext c) { }
}
public sealed class StampHandler : DelegatingHandler { protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage r, CancellationToken c) { r.Headers.Add("X-Stamp", "1"); return await base.SendAsync(r, c); } }
public interface IOrders { List<Thing> All(); }
public sealed class Orders(Clock clock, IRepository<Thing> repository) : IOrders { public List<Thing> All() => [.. Enumerable.Range(1, 5).Select(i => new Thing { Id = i, Name = "thing" + i, Kind = (Kind)(i % 2), Price = i * 1.5m, Created = clock.Now, Tags = [repository.Name], Owner = new("o", i) })]; }
public sealed class Clock { public DateTime Now => DateTime.UnixEpoch; }
public interface IMailer { string Send(string to); }
public sealed class Mailer(IConfiguration configuration, IWebHostEnvironment env) : IMailer { public string Send(string to) => to + configuration["AllowedHosts"] + env.EnvironmentName; }
public interface IRepository<T> { string Name { get; } }
public sealed class Repository<T> : IRepository<T> { public string Name => typeof(T).Name; }
public sealed class Ticker(ILogger<Ticker> log, IServiceScopeFactory scopes) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        try { while (await timer.WaitForNextTickAsync(stop)) { using var scope = scopes.CreateScope(); log.LogDebug("tick {N}", scope.ServiceProvider.GetRequiredService<IOrders>().All().Count); } }
        catch (OperationCanceledException) { log.LogInformation("stopped"); }
    }
}
