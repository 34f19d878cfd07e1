// A live service: SignalR on every transport, WebSockets, server-sent events, streaming bodies, HTTP/2, raw TCP on Kestrel, rate limits, shutdown. MIT licensed.
using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using HeaderNames = Microsoft.Net.Http.Headers.HeaderNames;

string dir = Directory.CreateTempSubdirectory("live").FullName, socketFile = Path.Combine(dir, "live.sock");
await File.WriteAllTextAsync(Path.Combine(dir, "data.txt"), string.Join('\n', Enumerable.Range(1, 2000).Select(i => $"line {i:D5}")));
using var certificate = Certificates.Create("localhost", dir);
using var telemetry = new Telemetry();
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = dir, EnvironmentName = Environments.Production });
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["Kestrel:Endpoints:Extra:Url"] = "http://127.0.0.1:0", ["Kestrel:Endpoints:Extra:Protocols"] = "Http1", ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
    ["Live:History"] = "20", ["Live:Interval"] = "00:00:00.020", ["Live:Symbols:0"] = "ABC", ["Live:Symbols:1"] = "XYZ", ["Live:Overflow"] = "DropOldest",
});
builder.Logging.ClearProviders().AddSimpleConsole(o => { o.SingleLine = true; o.IncludeScopes = true; });
builder.Logging.AddFilter<LogFeed>("Microsoft.AspNetCore.SignalR", LogLevel.Debug).AddFilter<LogFeed>("Microsoft.AspNetCore.Http.Connections", LogLevel.Debug);
builder.WebHost.UseSockets(o => { o.Backlog = 128; o.NoDelay = true; o.IOQueueCount = 2; }).ConfigureKestrel((context, kestrel) =>
{
    kestrel.AddServerHeader = false;
    kestrel.ConfigureEndpointDefaults(o => o.Use(next => connection => { connection.Items["at"] = Stopwatch.GetTimestamp(); return next(connection); }));
    kestrel.ConfigureHttpsDefaults(o => { o.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13; o.ServerCertificate = certificate; o.HandshakeTimeout = TimeSpan.FromSeconds(5); });
    kestrel.Limits.MaxConcurrentConnections = 200; kestrel.Limits.MaxConcurrentUpgradedConnections = 100; kestrel.Limits.MaxRequestBodySize = 1 << 20;
    kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(30); kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    kestrel.Limits.MaxRequestBufferSize = 64 << 10;
    kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(50, TimeSpan.FromSeconds(10)); kestrel.Limits.MinResponseDataRate = null;
    kestrel.Limits.Http2.MaxStreamsPerConnection = 50; kestrel.Limits.Http2.InitialConnectionWindowSize = 256 << 10;
    kestrel.Limits.Http2.InitialStreamWindowSize = 96 << 10;
    kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(10); kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
    kestrel.Listen(IPAddress.Loopback, 0, o => { o.Protocols = HttpProtocols.Http1; o.Use(ConnectionCounter.Count); });
    kestrel.Listen(IPAddress.Loopback, 0, o => { o.Protocols = HttpProtocols.Http2; o.UseConnectionLogging("Wire"); });
    kestrel.Listen(new IPEndPoint(IPAddress.Loopback, 0), o => o.UseHttps(https =>
    {
        https.ServerCertificateSelector = (connection, name) => certificate; https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        https.AllowAnyClientCertificate();
        https.OnAuthenticate = (connection, ssl) => ssl.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
    }));
    kestrel.Listen(IPAddress.Loopback, 0, o => o.UseConnectionHandler<LineServer>());
    kestrel.Listen(IPAddress.Loopback, 0, o => 
    {
        o.UseHttps(new TlsHandshakeCallbackOptions { HandshakeTimeout = TimeSpan.FromSeconds(5), OnConnectionState = certificate, OnConnection = c => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = (X509Certificate2)c.State!, ClientCertificateRequired = c.ClientHelloInfo.ServerName == "strict" }) });
        o.UseConnectionHandler<FrameServer>();
    });
    kestrel.ListenUnixSocket(socketFile, o => o.Protocols = HttpProtocols.Http1);
});
var s = builder.Services;
s.AddOptions<LiveOptions>().BindConfiguration("Live").Validate(o => o.History > 0, "history").ValidateOnStart();
s.Configure<HostOptions>(o => { o.ShutdownTimeout = TimeSpan.FromMilliseconds(400); o.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore; });
s.ConfigureHttpJsonOptions(o => { o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)); o.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull; });
s.AddSingleton<ILoggerProvider, LogFeed>().AddSingleton<Presence>().AddSingleton<Rooms>().AddSingleton<Probe>().AddSingleton(typeof(Broadcaster<>)).AddSingleton(TimeProvider.System);
s.AddSingleton(Channel.CreateBounded<Job>(new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true, SingleWriter = false }));
s.AddSingleton(sp => sp.GetRequiredService<Channel<Job>>().Reader).AddSingleton(sp => sp.GetRequiredService<Channel<Job>>().Writer).AddKeyedSingleton<IGreeter, Polite>("polite");
s.AddHostedService<Ticker>().AddHostedService<JobWorker>().AddScoped<RequestState>();
s.AddSignalR(o =>
{
    o.EnableDetailedErrors = false; o.KeepAliveInterval = TimeSpan.FromMilliseconds(150); o.ClientTimeoutInterval = TimeSpan.FromSeconds(20);
    o.HandshakeTimeout = TimeSpan.FromSeconds(5);
    o.MaximumReceiveMessageSize = 64 << 10; o.StreamBufferCapacity = 8; o.MaximumParallelInvocationsPerClient = 4; o.AddFilter<AuditFilter>();
}).AddHubOptions<ChatHub>(o => { o.EnableDetailedErrors = true; o.AddFilter(new TimingFilter()); o.StatefulReconnectBufferSize = 50_000; }).AddJsonProtocol(o =>
{
    o.PayloadSerializerOptions.Converters.Add(new JsonStringEnumConverter());
    o.PayloadSerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
});
s.AddSingleton<AuditFilter>().AddSingleton(typeof(HubLifetimeManager<>), typeof(CountingManager<>)).AddSingleton<IUserIdProvider, NameUserIdProvider>();
s.AddAuthentication("Token").AddScheme<AuthenticationSchemeOptions, TokenHandler>("Token", o => { });
s.AddAuthorizationBuilder().AddPolicy("admin", p => p.RequireRole("admin")).AddPolicy("member", p => p.RequireAuthenticatedUser().RequireAssertion(c => c.User.Identity?.Name != "banned"))
    .AddPolicy("method", p => p.AddRequirements(new NotMuted()));
s.AddSingleton<IAuthorizationHandler, NotMutedHandler>();
s.AddCors(o => o.AddDefaultPolicy(p => p.WithOrigins("http://x").AllowAnyHeader().AllowAnyMethod().AllowCredentials().WithExposedHeaders("X-Id")));
s.AddRateLimiter(Limits.Configure);
s.AddRequestTimeouts(o => { o.DefaultPolicy = new RequestTimeoutPolicy { Timeout = TimeSpan.FromSeconds(10) }; o.AddPolicy("short", new RequestTimeoutPolicy { Timeout = TimeSpan.FromMilliseconds(30), TimeoutStatusCode = 504, WriteTimeoutResponse = c => c.Response.WriteAsync("late") }); });
s.AddResponseCompression(o => { o.EnableForHttps = true; o.MimeTypes = ["text/plain", "application/x-ndjson"]; }).AddRequestDecompression();
s.AddExceptionHandler<LiveErrors>().AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["node"] = "a").AddHealthChecks().AddCheck<LiveHealth>("live", tags: ["ready"]);
s.Configure<Microsoft.AspNetCore.Builder.WebSocketOptions>(o => { o.KeepAliveInterval = TimeSpan.FromMilliseconds(60); o.AllowedOrigins.Add("*"); });

await using var app = builder.Build();
app.UseExceptionHandler().UseWebSockets().UseResponseCompression().UseRequestDecompression().UseRouting().UseCors().UseAuthentication().UseAuthorization().UseRateLimiter().UseRequestTimeouts();
app.Use(async (context, next) =>
{
    context.Response.OnStarting(state => { ((HttpContext)state).Response.Headers["X-Id"] = context.TraceIdentifier; return Task.CompletedTask; }, context);
    context.Response.OnCompleted(() => { Interlocked.Increment(ref ConnectionCounter.Requests); return Task.CompletedTask; });
    context.Response.RegisterForDispose(new MemoryStream()); context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("live", true));
    await next(context);
});
app.UseWhen(c => c.Request.Path.StartsWithSegments("/legacy"), branch => branch.UseMiddleware<SocketMiddleware>("legacy"));
app.MapWhen(c => c.Request.Headers.ContainsKey("X-Plain"), branch => branch.Run(c => c.Response.WriteAsync("plain")));
app.MapHub<ChatHub>("/chat", o => { o.Transports = HttpTransportType.WebSockets | HttpTransportType.ServerSentEvents | HttpTransportType.LongPolling; o.ApplicationMaxBufferSize = 128 << 10;
    o.TransportMaxBufferSize = 128 << 10; o.LongPolling.PollTimeout = TimeSpan.FromSeconds(2); o.WebSockets.CloseTimeout = TimeSpan.FromSeconds(1);
    o.CloseOnAuthenticationExpiration = true; o.AllowStatefulReconnects = true; }).RequireAuthorization("member");
app.MapHub<FeedHub>("/feed").AllowAnonymous().WithMetadata(new Tag("feed")).RequireCors();
app.MapConnectionHandler<LineServer>("/lines", o => o.WebSockets.SubProtocolSelector = list => list.FirstOrDefault());
app.MapConnections("/frames", new HttpConnectionDispatcherOptions { MinimumProtocolVersion = 0 }, c => c.Run(async connection => { while (await connection.Transport.Input.ReadAsync() is { IsCompleted: false } r) connection.Transport.Input.AdvanceTo(r.Buffer.End); }));
Endpoints.Map(app, dir);
var lifetime = app.Lifetime; var stages = new ConcurrentQueue<string>();
lifetime.ApplicationStarted.Register(() => stages.Enqueue("started"));
lifetime.ApplicationStopping.Register(s => ((ConcurrentQueue<string>)s!).Enqueue("stopping"), stages);
lifetime.ApplicationStopped.Register(() => stages.Enqueue("stopped"));
await app.StartAsync();
var urls = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Where(a => !a.Contains("unix")).Select(BindingAddress.Parse).ToList();
Console.WriteLine(string.Join(" ", app.Urls.Select(u => u[..u.IndexOf(':')])));
var ports = new Ports(urls[0].Port, urls[1].Port, urls[2].Port, urls[3].Port, urls[4].Port, urls[^1].Port, socketFile);
await Client.RunAsync(ports, app.Services, certificate);
await Step.Run("shutdown", () => Client.ShutdownAsync(app, ports, stages));
Directory.Delete(dir, true);
return Step.Exit;

public enum Priority { Low, Normal, High }
internal sealed record Ports(int Http, int Http2, int Https, int Lines, int Frames, int Extra, string Unix);
public sealed record Said(Guid Id, string Room, string User, string Text, DateTimeOffset At, string[]? Tags = null);
public sealed record Member(string User, int Connections, TimeSpan Online);
public sealed record Reading(string Device, double Value, long Sequence);
public sealed record Summary(int Count, double Average, double Max, Dictionary<string, int> PerDevice);
public readonly record struct Tick(string Symbol, decimal Price, int Volume, DateTime At);
internal sealed record Job(int Id, Priority Priority, TaskCompletionSource<string> Done);
internal sealed record Tag(string Name);
internal sealed class RequestState : IAsyncDisposable { public int Hits; public ValueTask DisposeAsync() => ValueTask.CompletedTask; }
public sealed class LiveOptions { public int History { get; set; } = 10; public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1); public List<string> Symbols { get; set; } = []; public BoundedChannelFullMode Overflow { get; set; } }
public interface IGreeter { string Greet(string name); }
public sealed class Polite : IGreeter { public string Greet(string name) => $"good day, {name}"; }

/// <summary>What goes over the rooms' WebSockets: kinds of frames, told apart by a property.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(JoinFrame), "join"), JsonDerivedType(typeof(SayFrame), "say"), JsonDerivedType(typeof(ListFrame), "list"), JsonDerivedType(typeof(ErrorFrame), "error")]
internal abstract record Frame { [JsonPropertyName("seq")] public int Sequence { get; init; } }
internal sealed record JoinFrame(string User) : Frame;
internal sealed record SayFrame(string User, string Text, Priority Priority = Priority.Normal) : Frame;
internal sealed record ListFrame(IReadOnlyCollection<string> Users, Dictionary<Priority, int> Counts) : Frame;
internal sealed record ErrorFrame(string Reason) : Frame;

public interface IChatClient
{
    Task Receive(Said message);
    Task Joined(string user, string room);
    Task Left(string user, string room, string? reason);
    Task Typing(string user, bool on);
    Task Counts(Dictionary<string, int> counts, IEnumerable<Member> members);
    Task Bye();
    Task<string> Ask(string question, CancellationToken ct);
}

[Authorize]
public sealed class ChatHub(Presence presence, Broadcaster<Tick> ticks, ILogger<ChatHub> log) : Hub<IChatClient>
{
    private string Me => Context.User?.Identity?.Name ?? Context.UserIdentifier ?? "nobody";

    public override async Task OnConnectedAsync()
    {
        presence.Add(Me, Context.ConnectionId);
        Context.Items["joined"] = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var http = Context.GetHttpContext();
        log.LogInformation("{User} on {Transport} from {Address}", Me, Context.Features.Get<IHttpTransportFeature>()?.TransportType, http?.Connection.RemoteIpAddress);
        Context.ConnectionAborted.Register(() => presence.Touch(Me)); Context.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(_ => { }, this);
        await Clients.Others.Joined(Me, "lobby"); await Groups.AddToGroupAsync(Context.ConnectionId, "lobby"); await base.OnConnectedAsync();
    }

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        if (presence.Remove(Me, Context.ConnectionId)) await Clients.All.Left(Me, "lobby", exception?.Message);
        foreach (string room in (HashSet<string>)Context.Items["joined"]!) await Groups.RemoveFromGroupAsync(Context.ConnectionId, room);
        await base.OnDisconnectedAsync(exception);
    }

    public async Task<IReadOnlyList<Member>> Join(string room)
    {
        if (string.IsNullOrWhiteSpace(room)) throw new HubException("a room needs a name");
        await Groups.AddToGroupAsync(Context.ConnectionId, room); ((HashSet<string>)Context.Items["joined"]!).Add(room);
        await Clients.OthersInGroup(room).Joined(Me, room); await Clients.GroupExcept(room, Context.ConnectionId).Typing(Me, false);
        return presence.List();
    }

    public async Task Leave(string room) { await Groups.RemoveFromGroupAsync(Context.ConnectionId, room); await Clients.Group(room).Left(Me, room, null); }

    [HubMethodName("say")]
    public async Task<Guid> SayAsync(string room, string text, string[]? tags = null)
    {
        var said = new Said(Guid.NewGuid(), room, Me, text, DateTimeOffset.UtcNow, tags); presence.Remember(said);
        await Clients.Group(room).Receive(said); await Clients.Groups(room, "none").Typing(Me, false);
        return said.Id;
    }

    public async Task<bool> Whisper(string user, string text)
    {
        if (presence.ConnectionsOf(user) is not { Count: > 0 } ids) return false;
        var said = new Said(Guid.NewGuid(), "@" + user, Me, text, DateTimeOffset.UtcNow);
        await Clients.User(user).Receive(said); await Clients.Users(user, Me).Typing(Me, true); await Clients.Client(ids[0]).Receive(said);
        await Clients.Clients(ids).Typing(Me, false);
        await Clients.AllExcept(Context.ConnectionId).Counts(presence.Counts(), presence.List()); await Clients.Caller.Receive(said);
        return true;
    }

    public async Task<string> Quiz(string question) { using var cts = new CancellationTokenSource(5000); return "answer: " + await Clients.Client(Context.ConnectionId).Ask(question, cts.Token); }
    public string Greet(string name, [FromKeyedServices("polite")] IGreeter greeter, [FromServices] TimeProvider time) => greeter.Greet(name) + (time.GetUtcNow().Year > 2000);
    public ValueTask<Summary?> Nothing(int? a, DateTime at, Guid id, decimal price, byte[] data, DayOfWeek day) => ValueTask.FromResult(a is null ? null : new Summary(data.Length, (double)price, a.Value, []));
    public Task Crash(int kind) => kind switch { 0 => throw new HubException("told"), 1 => throw new InvalidOperationException("inner"), _ => Task.FromException(new ArgumentOutOfRangeException(nameof(kind))) };
    [Authorize("admin")] public int Kick(string user) => presence.ConnectionsOf(user).Count;
    [Authorize(Policy = "method")] public void Mutter() { }
    public void Quit() => Context.Abort();
    public Dictionary<Priority, List<string>> Sort(List<Said> all, IReadOnlyDictionary<string, Priority> ranks, JsonElement extra, object? any = null) => all.GroupBy(x => ranks.TryGetValue(x.User, out var r) ? r : extra.ValueKind == JsonValueKind.Object ? Priority.High : Priority.Low).ToDictionary(g => g.Key, g => g.Select(x => x.Text).ToList());
    public (DateOnly Day, TimeSpan Length) Plan(DateOnly day, TimeOnly at, TimeSpan length, Uri? uri, Priority? priority, float f, long l, char c) => (day.AddDays(1), length + at.ToTimeSpan() + TimeSpan.FromTicks(l + c));
    public async Task<ChannelReader<string>> Tail(string user) { var c = Channel.CreateUnbounded<string>(); await c.Writer.WriteAsync(user); foreach (var g in presence.History(null)) foreach (var x in g) c.Writer.TryWrite($"{g.Key}: {x.Text}"); c.Writer.Complete(user == "!" ? new HubException("no tail") : null); return c.Reader; }
    public Task<IAsyncEnumerable<Said>> Since(DateTimeOffset at) => Task.FromResult(Latest(at));
    private async IAsyncEnumerable<Said> Latest(DateTimeOffset at) { foreach (var x in presence.History(null).SelectMany(g => g).Where(x => x.At >= at)) { await Task.Yield(); yield return x; } }
    protected override void Dispose(bool disposing) { log.LogTrace("hub goes"); base.Dispose(disposing); }

    public async IAsyncEnumerable<int> Count(int count, int delay, [EnumeratorCancellation] CancellationToken ct)
    {
        for (int i = 0; i < count; i++) { ct.ThrowIfCancellationRequested(); yield return i; if (delay > 0) await Task.Delay(delay, ct); }
    }

    public ChannelReader<Tick> Ticks(string[] symbols, CancellationToken ct)
    {
        var channel = Channel.CreateBounded<Tick>(8); _ = Fill(); return channel.Reader;
        async Task Fill()
        {
            Exception? error = null;
            try { await foreach (var t in ticks.Subscribe(ct)) if (symbols.Length == 0 || symbols.Contains(t.Symbol)) await channel.Writer.WriteAsync(t, ct); }
            catch (OperationCanceledException e) { error = e; }
            finally { channel.Writer.TryComplete(error); }
        }
    }

    public async Task<Summary> Upload(IAsyncEnumerable<Reading> readings, string unit)
    {
        var all = new List<Reading>(); await foreach (var r in readings.WithCancellation(Context.ConnectionAborted)) all.Add(r);
        return new(all.Count, all.Average(r => r.Value), all.Max(r => r.Value), all.GroupBy(r => r.Device).ToDictionary(g => g.Key + unit, g => g.Count()));
    }

    public async Task<int> UploadText(ChannelReader<string> lines) { int n = 0; while (await lines.WaitToReadAsync()) while (lines.TryRead(out string? line)) n += line.Length; return n; }

    public async IAsyncEnumerable<double> Smooth(IAsyncEnumerable<double> values, int window)
    {
        var last = new Queue<double>();
        await foreach (double v in values) { last.Enqueue(v); if (last.Count > window) last.Dequeue(); yield return Math.Round(last.Average(), 2); }
    }
}

public sealed class FeedHub(IOptionsMonitor<LiveOptions> options) : Hub
{
    public async Task Subscribe(params string[] symbols)
    {
        await Task.WhenAll(symbols.Select(x => Groups.AddToGroupAsync(Context.ConnectionId, x, Context.ConnectionAborted)));
        var snapshot = symbols.Select((x, i) => new Tick(x, 10 + i, 100, DateTime.UnixEpoch)).ToDictionary(t => t.Symbol);
        await Clients.Caller.SendAsync("snapshot", snapshot, symbols.Length, options.CurrentValue.History); await Clients.Caller.SendAsync("ready");
        await Clients.Groups(symbols).SendAsync("watchers", symbols.Length); await Clients.All.SendCoreAsync("news", ["open", 1, true, null]);
        await Clients.Others.SendAsync("joined", Context.ConnectionId, DateTimeOffset.UtcNow, Guid.NewGuid(), 2.5m);
    }
    public async Task<int> Ask() => await Clients.Client(Context.ConnectionId).InvokeAsync<int>("number", 5, CancellationToken.None) + (await Clients.Caller.InvokeCoreAsync<List<int>>("numbers", [1, 2], default)).Sum();
}

internal sealed class AuditFilter(ILogger<AuditFilter> log) : IHubFilter
{
    private readonly ConcurrentDictionary<(string Hub, string Method), int> calls = new();
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext c, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        calls.AddOrUpdate((c.Hub.GetType().Name, c.HubMethodName), 1, (_, n) => n + 1);
        try { return await next(c); }
        catch (Exception e) when (e is not HubException) { log.LogError(e, "{Method} failed with {Count} arguments", c.HubMethod.Name, c.HubMethodArguments.Count); throw; }
    }
    public Task OnConnectedAsync(HubLifetimeContext c, Func<HubLifetimeContext, Task> next) => next(c);
    public Task OnDisconnectedAsync(HubLifetimeContext c, Exception? e, Func<HubLifetimeContext, Exception?, Task> next) => next(c, e);
}

internal sealed class CountingManager<THub>(ILogger<CountingManager<THub>> log) : DefaultHubLifetimeManager<THub>(log) where THub : Hub
{
    private int open;
    public override Task OnConnectedAsync(HubConnectionContext c) { log.LogDebug("{Open} open, {Protocol}", Interlocked.Increment(ref open), c.Protocol?.Name); return base.OnConnectedAsync(c); }
    public override Task OnDisconnectedAsync(HubConnectionContext c) { Interlocked.Decrement(ref open); return base.OnDisconnectedAsync(c); }
}

internal sealed class TimingFilter : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext c, Func<HubInvocationContext, ValueTask<object?>> next) { long at = Stopwatch.GetTimestamp(); var r = await next(c); c.Context.Items["last"] = Stopwatch.GetElapsedTime(at); return r; }
}

internal sealed class NameUserIdProvider : IUserIdProvider { public string? GetUserId(HubConnectionContext c) => c.User.FindFirst(ClaimTypes.Name)?.Value ?? c.User.Identity?.Name; }
internal sealed class NotMuted : IAuthorizationRequirement;
internal sealed class NotMutedHandler : AuthorizationHandler<NotMuted, HubInvocationContext>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, NotMuted requirement, HubInvocationContext c)
    {
        if (c.HubMethodName != "none" && context.User.HasClaim(x => x.Type == ClaimTypes.Role)) context.Succeed(requirement); else context.Fail(new AuthorizationFailureReason(this, "muted"));
        return Task.CompletedTask;
    }
}

/// <summary>Tokens are a name and, after a colon, a role; browsers cannot set headers of WebSockets, so that those come with the query.</summary>
internal sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string? token = Request.Query["access_token"];
        if (token is null && AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out var header) && header.Scheme == "Bearer") token = header.Parameter;
        if (string.IsNullOrEmpty(token)) return Task.FromResult(AuthenticateResult.NoResult());
        if (token == "bad") return Task.FromResult(AuthenticateResult.Fail("bad token"));
        string[] parts = token.Split(':', 2); var claims = new List<Claim> { new(ClaimTypes.Name, parts[0]), new("jti", Guid.NewGuid().ToString("N")) };
        if (parts.Length > 1) claims.Add(new(ClaimTypes.Role, parts[1]));
        var ticket = new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name)), new AuthenticationProperties { ExpiresUtc = TimeProvider.GetUtcNow().AddMinutes(5) }, Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(ticket));
    }
}

/// <summary>Who is connected, with how many connections, and what was said last.</summary>
public sealed class Presence(TimeProvider time, IOptions<LiveOptions> options)
{
    private readonly ConcurrentDictionary<string, ImmutableHashSet<string>> connections = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, DateTimeOffset> since = new();
    private readonly ConcurrentQueue<Said> history = new(); private readonly object gate = new();
    private readonly Dictionary<string, SortedSet<string>> rooms = [];
    public void Add(string user, string id) { connections.AddOrUpdate(user, (_, i) => [i], (_, set, i) => set.Add(i), id); since.TryAdd(user, time.GetUtcNow()); }
    public void Touch(string user) => since.AddOrUpdate(user, static (_, t) => t, static (_, old, t) => t > old ? t : old, time.GetUtcNow());
    public bool Remove(string user, string id)
    {
        while (connections.TryGetValue(user, out var set))
        {
            var less = set.Remove(id); if (!less.IsEmpty) { if (connections.TryUpdate(user, less, set)) return false; continue; }
            if (connections.TryRemove(KeyValuePair.Create(user, set))) { since.TryRemove(user, out _); return true; }
        }
        return false;
    }
    public List<string> ConnectionsOf(string user) => connections.GetValueOrDefault(user)?.Order().ToList() ?? [];
    public List<Member> List() => [.. connections.Select(c => new Member(c.Key, c.Value.Count, time.GetUtcNow() - since.GetOrAdd(c.Key, time.GetUtcNow()))).OrderByDescending(m => m.Connections).ThenBy(m => m.User)];
    public Dictionary<string, int> Counts() => connections.ToArray().ToDictionary(c => c.Key, c => c.Value.Count);
    public void Remember(Said said)
    {
        history.Enqueue(said); while (history.Count > options.Value.History && history.TryDequeue(out _)) { }
        lock (gate) { if (!rooms.TryGetValue(said.Room, out var users)) rooms[said.Room] = users = new(StringComparer.Ordinal); users.Add(said.User); }
    }
    public IEnumerable<IGrouping<string, Said>> History(string? user) => history.Where(x => user == null || x.User == user).OrderByDescending(x => x.At).Take(10).GroupBy(x => x.Room);
}

/// <summary>Gives each of its subscribers all that is published, dropping the oldest of those that are slow.</summary>
public sealed class Broadcaster<T>(ILogger<Broadcaster<T>> log, IOptions<LiveOptions> options)
{
    private readonly ConcurrentDictionary<Guid, ChannelWriter<T>> subscribers = new(); private long dropped;
    public int Count => subscribers.Count;
    public long Dropped => Interlocked.Read(ref dropped);
    public void Publish(T item) { foreach (var (id, w) in subscribers) if (!w.TryWrite(item)) subscribers.TryRemove(id, out _); }
    public void Complete() { foreach (var w in subscribers.Values) w.TryComplete(); }
    public async IAsyncEnumerable<T> Subscribe([EnumeratorCancellation] CancellationToken ct = default)
    {
        var id = Guid.NewGuid();
        var channel = Channel.CreateBounded<T>(new BoundedChannelOptions(16) { FullMode = options.Value.Overflow, SingleReader = true, AllowSynchronousContinuations = false }, _ => Interlocked.Increment(ref dropped));
        subscribers[id] = channel.Writer; log.LogDebug("{Id} subscribes", id);
        try { await foreach (var item in channel.Reader.ReadAllAsync(ct).ConfigureAwait(false)) yield return item; }
        finally { subscribers.TryRemove(id, out _); }
    }
}

internal sealed class Ticker(IHubContext<FeedHub> feed, IHubContext<ChatHub, IChatClient> chat, Broadcaster<Tick> ticks, IOptionsMonitor<LiveOptions> options, TimeProvider time, ILogger<Ticker> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(options.CurrentValue.Interval, time); var random = new Random(5); int n = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                foreach (string symbol in options.CurrentValue.Symbols)
                {
                    var tick = new Tick(symbol, Math.Round(100m + (decimal)random.NextDouble(), 2), random.Next(1, 500), time.GetUtcNow().UtcDateTime);
                    ticks.Publish(tick); await feed.Clients.Group(symbol).SendAsync("tick", tick, stop);
                }
                if (++n % 10 == 0) { await chat.Clients.All.Counts(new() { ["n"] = n }, []); await chat.Clients.Group("lobby").Typing("server", n % 20 == 0); }
            }
        }
        catch (OperationCanceledException) { log.LogInformation("stopped after {Count} rounds", n); }
        finally { ticks.Complete(); await chat.Clients.All.Bye(); }
    }
}

internal sealed class JobWorker(ChannelReader<Job> jobs, IServiceScopeFactory scopes, ILogger<JobWorker> log) : BackgroundService, IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken ct) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken ct) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken ct) { log.LogInformation("draining {Count}", jobs.CanCount ? jobs.Count : -1); return Task.CompletedTask; }
    public Task StoppedAsync(CancellationToken ct) => Task.CompletedTask;
    protected override Task ExecuteAsync(CancellationToken stop) => Parallel.ForEachAsync(jobs.ReadAllAsync(stop), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = stop }, async (job, ct) =>
    {
        await using var scope = scopes.CreateAsyncScope(); var state = scope.ServiceProvider.GetRequiredService<RequestState>();
        Interlocked.Increment(ref state.Hits);
        try { if (job.Priority == Priority.Low) throw new TimeoutException("low"); await Task.Delay(1, ct); job.Done.TrySetResult($"job {job.Id}"); }
        catch (TimeoutException e) { log.LogWarning(e, "job {Id} fails", job.Id); job.Done.TrySetException(e); }
        catch (OperationCanceledException) { job.Done.TrySetCanceled(ct); }
    });
}

/// <summary>Rooms of plain WebSockets: frames of JSON to all in a room, one writer at a time.</summary>
internal sealed class Rooms(ILogger<Rooms> log)
{
    private sealed class Room { public readonly ConcurrentDictionary<Guid, (string User, WebSocket Socket)> Users = new(); public readonly SemaphoreSlim Writing = new(1, 1); public readonly Dictionary<Priority, int> Counts = []; public int Sequence; }
    private readonly ConcurrentDictionary<string, Room> rooms = new();
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    public async Task RunAsync(string name, string user, WebSocket socket, CancellationToken ct)
    {
        var room = rooms.GetOrAdd(name, static _ => new()); var id = Guid.NewGuid(); room.Users[id] = (user, socket);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
        try
        {
            await SendAsync(room, new JoinFrame(user), ct);
            var message = new ArrayBufferWriter<byte>();
            while (socket.State == WebSocketState.Open)
            {
                var r = await socket.ReceiveAsync(buffer.AsMemory(), ct);
                if (r.MessageType == WebSocketMessageType.Close) { await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, ct); break; }
                message.Write(buffer.AsSpan(0, r.Count)); if (!r.EndOfMessage) continue;
                try
                {
                    Frame answer = JsonSerializer.Deserialize<Frame>(message.WrittenSpan, json) switch
                    {
                        SayFrame { Text.Length: > 200 } => new ErrorFrame("too long"),
                        SayFrame f => Counted(room, f with { User = user }),
                        JoinFrame => new ListFrame([.. room.Users.Values.Select(u => u.User).Distinct()], room.Counts),
                        var f => new ErrorFrame($"what is {f?.GetType().Name ?? "null"}?"),
                    };
                    await SendAsync(room, answer with { Sequence = Interlocked.Increment(ref room.Sequence) }, ct);
                }
                catch (JsonException e) { await SendAsync(room, new ErrorFrame(e.Path ?? "json"), ct); }
                message.Clear();
            }
        }
        catch (WebSocketException e) { log.LogWarning("{User} is gone: {Error}", user, e.WebSocketErrorCode); }
        finally { room.Users.TryRemove(id, out _); ArrayPool<byte>.Shared.Return(buffer); if (room.Users.IsEmpty) rooms.TryRemove(name, out _); }
    }

    private static Frame Counted(Room room, SayFrame f) { lock (room.Counts) room.Counts[f.Priority] = room.Counts.GetValueOrDefault(f.Priority) + 1; return f; }
    private static async Task SendAsync(Room room, Frame frame, CancellationToken ct)
    {
        byte[] data = JsonSerializer.SerializeToUtf8Bytes(frame, json); if (!await room.Writing.WaitAsync(TimeSpan.FromSeconds(3), ct)) return;
        try { await Task.WhenAll(room.Users.Values.Where(u => u.Socket.State == WebSocketState.Open).Select(u => u.Socket.SendAsync(data, WebSocketMessageType.Text, true, ct))); }
        finally { room.Writing.Release(); }
    }
}

/// <summary>The older form: a middleware takes the sockets of a path, hands them to others, and waits for their end.</summary>
internal sealed class SocketMiddleware(RequestDelegate next, string protocol, ILogger<SocketMiddleware> log)
{
    private readonly List<(WebSocket Socket, TaskCompletionSource Done)> sockets = [];
    public async Task InvokeAsync(HttpContext context, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest) { await next(context); return; }
        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(protocol)) { context.Response.StatusCode = StatusCodes.Status400BadRequest; return; }
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol); var done = new TaskCompletionSource();
        lock (sockets) sockets.Add((socket, done)); log.LogInformation("{Count} sockets", sockets.Count);
        _ = Task.Factory.StartNew(() => ServeAsync(socket, done), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        await done.Task.WaitAsync(lifetime.ApplicationStopping); lock (sockets) sockets.RemoveAll(x => x.Done == done);
    }
    private static async Task ServeAsync(WebSocket socket, TaskCompletionSource done)
    {
        using var owner = MemoryPool<byte>.Shared.Rent(256);
        try
        {
            var hello = await socket.ReceiveAsync(owner.Memory, default);
            await socket.SendAsync(owner.Memory[..hello.Count], hello.MessageType, hello.EndOfMessage, default);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "served", default); done.TrySetResult();
        }
        catch (Exception e) { done.TrySetException(e); }
    }
}

/// <summary>The older form of a program: a host with a class for its start, endpoints of its configuration, and few connections.</summary>
internal sealed class Startup(IConfiguration configuration, IWebHostEnvironment environment)
{
    public void ConfigureServices(IServiceCollection services)
    {
        services.Configure<LiveOptions>(configuration.GetSection("Live"));
        services.AddSignalR().AddHubOptions<FeedHub>(o => o.DisableImplicitFromServicesParameters = true); services.AddRouting(o => o.LowercaseUrls = true);
        services.AddHttpContextAccessor();
        services.AddHttpLogging(o => { o.LoggingFields = Microsoft.AspNetCore.HttpLogging.HttpLoggingFields.All; o.RequestHeaders.Add("X-Key"); o.MediaTypeOptions.AddText("text/plain"); o.CombineLogs = true; });
        services.AddMemoryCache(); services.AddCors(o => o.AddPolicy("any", p => p.AllowAnyOrigin().WithMethods("GET")));
    }
    public void Configure(IApplicationBuilder app, IHostApplicationLifetime lifetime, ILogger<Startup> log)
    {
        if (environment.IsDevelopment()) app.UseDeveloperExceptionPage(); else app.UseExceptionHandler(b => b.Run(c => c.Response.WriteAsync(c.Features.Get<IExceptionHandlerPathFeature>()?.Path + " failed")));
        app.UseHttpLogging(); app.UseRouting(); app.UseCors("any"); lifetime.ApplicationStopping.Register(() => log.LogInformation("classic stops"));
        app.Map("/branch", b => b.Run(async c => { using var r = new StreamReader(c.Request.Body); await c.Response.WriteAsync((await r.ReadToEndAsync()).ToUpperInvariant()); }));
        app.UseEndpoints(e => { e.MapHub<FeedHub>("/feed"); e.MapConnectionHandler<LineServer>("/lines"); e.MapGet("/", c => c.Response.WriteAsync(environment.EnvironmentName)); e.MapGet("/fail", c => throw new InvalidOperationException()); e.MapGet("/cert", async c => await c.Response.WriteAsync((await c.Connection.GetClientCertificateAsync())?.Subject ?? "none")); });
    }
}

/// <summary>A protocol of lines over TCP or over a transport of the web: each line is a command.</summary>
internal sealed class LineServer(ILogger<LineServer> log) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext c)
    {
        var input = c.Transport.Input; var output = c.Transport.Output; using var gone = c.ConnectionClosed.Register(() => log.LogDebug("closed"));
        using var scope = log.BeginScope("{Id} {Remote} {Local}", c.ConnectionId, c.RemoteEndPoint, c.LocalEndPoint);
        using var asked = c.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested.Register(static s => ((PipeReader)s!).CancelPendingRead(), input);
        c.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static s => ((ConnectionContext)s).Items["beat"] = DateTime.UtcNow, c);
        _ = c.Features.Get<IMemoryPoolFeature>()?.MemoryPool.MaxBufferSize + c.Features.Get<IConnectionSocketFeature>()?.Socket.Available;
        while (true)
        {
            ReadResult r;
            try { r = await input.ReadAsync(); } catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or OperationCanceledException) { break; }
            var buffer = r.Buffer;
            while (TryLine(ref buffer, out var line)) if (!Answer(Encoding.UTF8.GetString(line), output, c)) { await output.FlushAsync(); return; }
            input.AdvanceTo(buffer.Start, buffer.End);
            if ((await output.FlushAsync()).IsCompleted || r.IsCompleted || r.IsCanceled) break;
        }
        await output.CompleteAsync();
    }

    private static bool TryLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end) { line = default; return false; }
        line = buffer.Slice(0, end); buffer = buffer.Slice(buffer.GetPosition(1, end)); return true;
    }

    private static bool Answer(string line, IBufferWriter<byte> output, ConnectionContext c)
    {
        switch (line.TrimEnd('\r').Split(' ', 2, StringSplitOptions.RemoveEmptyEntries))
        {
            case ["QUIT", ..]: output.Write("bye\n"u8); return false;
            case ["ABORT"]: c.Abort(new ConnectionAbortedException("asked")); return false;
            case ["UPPER", var text]: Encoding.UTF8.GetBytes(text.ToUpperInvariant() + "\n", output); break;
            case ["TIME"]: Encoding.UTF8.GetBytes($"{DateTimeOffset.UtcNow:O}\n", output); break;
            case [var x, ..]: Encoding.UTF8.GetBytes($"? {x}\n", output); break;
            default: output.Write("?\n"u8); break;
        }
        return true;
    }
}

/// <summary>A binary protocol: frames with their length before them, over TLS.</summary>
internal sealed class FrameServer : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext c)
    {
        _ = c.Features.Get<ITlsHandshakeFeature>()?.Protocol.ToString() + c.Features.Get<ITlsConnectionFeature>()?.ClientCertificate?.Subject;
        while (true)
        {
            var r = await c.Transport.Input.ReadAtLeastAsync(4, c.ConnectionClosed); var b = r.Buffer; if (b.Length < 4) break;
            int length = Length(b); if (length > 1 << 16) throw new ProtocolViolationException("frame of " + length);
            if (b.Length < 4 + length) { c.Transport.Input.AdvanceTo(b.Start, b.End); if (r.IsCompleted) break; continue; }
            byte[] payload = b.Slice(4, length).ToArray(); c.Transport.Input.AdvanceTo(b.GetPosition(4 + length)); Array.Reverse(payload);
            Write(c.Transport.Output, payload); await c.Transport.Output.FlushAsync();
        }
    }
    public static int Length(ReadOnlySequence<byte> b) { var reader = new SequenceReader<byte>(b); return reader.TryReadBigEndian(out int n) ? n : 0; }
    public static void Write(PipeWriter w, ReadOnlySpan<byte> payload) { BinaryPrimitives.WriteInt32BigEndian(w.GetSpan(4), payload.Length); w.Advance(4); w.Write(payload); }
}

internal static class ConnectionCounter
{
    private static int open; public static int Requests; public static int Open => Volatile.Read(ref open);
    public static ConnectionDelegate Count(ConnectionDelegate next) => async connection =>
    {
        Interlocked.Increment(ref open); connection.Features.Get<IConnectionLifetimeFeature>()?.ConnectionClosed.Register(() => { });
        connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new("listener", "main"));
        try { await next(connection); } finally { Interlocked.Decrement(ref open); }
    };
}

internal sealed class LiveErrors(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext c, Exception e, CancellationToken ct)
    {
        c.Response.StatusCode = e switch { Microsoft.AspNetCore.Http.BadHttpRequestException b => b.StatusCode, TimeoutException => 504, KeyNotFoundException => 404, _ => 500 };
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = c, Exception = e, ProblemDetails = { Title = "live", Detail = e.Message, Type = e.GetType().Name } });
    }
}
internal sealed class LiveHealth(Presence presence, Broadcaster<Tick> ticks) : Microsoft.Extensions.Diagnostics.HealthChecks.IHealthCheck
{
    public Task<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckResult> CheckHealthAsync(Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckContext c, CancellationToken ct = default)
        => Task.FromResult(Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckResult.Healthy("up", new Dictionary<string, object> { ["users"] = presence.List().Count, ["subscribers"] = ticks.Count }));
}
internal sealed class Probe { private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> all = new(); public TaskCompletionSource<bool> this[string name] => all.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)); }

/// <summary>Keeps the last lines of the log for those that follow it live.</summary>
[ProviderAlias("Feed")]
internal sealed class LogFeed : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> lines = new(); private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();
    public ILogger CreateLogger(string category) => new Feed(this, category);
    public void SetScopeProvider(IExternalScopeProvider p) => scopes = p;
    public void Dispose() => lines.Clear();
    private sealed class Feed(LogFeed owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => owner.scopes.Push(state);
        public bool IsEnabled(LogLevel level) => level != LogLevel.None;
        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? e, Func<TState, Exception?, string> format)
        {
            var text = new StringBuilder().Append($"{level,-11} {category}[{id.Id}] ").Append(format(state, e));
            owner.scopes.ForEachScope(static (s, b) => b.Append(" => ").Append(s), text);
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values) text.Append(values.Count); if (e != null) text.AppendLine().Append(e.GetType());
            owner.lines.Enqueue(text.ToString()); while (owner.lines.Count > 100) owner.lines.TryDequeue(out _);
        }
    }
}

/// <summary>What tools that show counters do.</summary>
internal sealed class Counters : System.Diagnostics.Tracing.EventListener
{
    private readonly ConcurrentDictionary<string, int> events = new(); public int Kinds => events.Count;
    protected override void OnEventSourceCreated(System.Diagnostics.Tracing.EventSource s)
    {
        if (s.Name is "Microsoft-AspNetCore-Server-Kestrel" or "Microsoft.AspNetCore.Hosting" or "Microsoft.AspNetCore.Http.Connections" or "System.Net.Http" or "System.Net.Security" or "System.Net.Sockets") EnableEvents(s, System.Diagnostics.Tracing.EventLevel.Informational, System.Diagnostics.Tracing.EventKeywords.All, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "1" });
    }
    protected override void OnEventWritten(System.Diagnostics.Tracing.EventWrittenEventArgs e) => events?.AddOrUpdate($"{e.EventSource.Name}/{e.EventName} {e.Payload?.Count}", 1, static (_, n) => n + 1);
}

/// <summary>An answer of an own kind: lines that are written as they come.</summary>
internal sealed class LinesResult(IAsyncEnumerable<string> lines) : IResult, IStatusCodeHttpResult, IContentTypeHttpResult, IEndpointMetadataProvider
{
    public int? StatusCode => 200; public string ContentType => "text/plain";
    public async Task ExecuteAsync(HttpContext c)
    {
        c.Response.StatusCode = 200; c.Response.ContentType = ContentType; c.Response.Headers["X-Lines"] = "yes";
        await using var w = new StreamWriter(c.Response.BodyWriter.AsStream(), leaveOpen: true);
        await foreach (string line in lines.WithCancellation(c.RequestAborted)) await w.WriteLineAsync(line);
    }
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder b) => b.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(string), ["text/plain"]));
}

/// <summary>A parameter of an own kind: where in a stream to go on.</summary>
internal readonly record struct Position(int Page, long Offset)
{
    public static bool TryParse(string? text, IFormatProvider? provider, out Position p) { p = default; if (text?.Split('.') is not [var a, var b] || !int.TryParse(a, provider, out int page) || !long.TryParse(b, provider, out long offset)) return false; p = new(page, offset); return true; }
}
internal sealed record Since(DateTimeOffset At, string[] Rooms) { public static ValueTask<Since?> BindAsync(HttpContext c) => ValueTask.FromResult<Since?>(new(DateTimeOffset.FromUnixTimeSeconds(long.TryParse(c.Request.Query["since"], out long s) ? s : 0), [.. c.Request.Query["room"].OfType<string>()])); }
internal readonly record struct Page([FromQuery(Name = "n")] int Size, [FromRoute] string Room, [FromHeader(Name = "X-Key")] string? Key, HttpContext Context);

/// <summary>What an exporter of telemetry does: listens to the meters and the activities of the server and the client.</summary>
internal sealed class Telemetry : IDisposable
{
    private readonly MeterListener meters = new(); private readonly ActivityListener activities;
    private readonly ConcurrentDictionary<string, double> sums = new(); public static readonly ActivitySource Source = new("Live", "1.0");
    public static readonly Meter Meter = new("Live");
    public Telemetry()
    {
        meters.InstrumentPublished = (i, l) => { if (i.Meter.Name.StartsWith("Microsoft.AspNetCore") || i.Meter.Name is "System.Net.Http" or "Live") l.EnableMeasurementEvents(i); };
        meters.SetMeasurementEventCallback<long>((i, v, tags, _) => Sum(i, v, tags));
        meters.SetMeasurementEventCallback<double>((i, v, tags, _) => Sum(i, v, tags));
        meters.SetMeasurementEventCallback<int>((i, v, tags, _) => Sum(i, v, tags)); meters.Start();
        activities = new ActivityListener { ShouldListenTo = a => a.Name is "Live" or "Microsoft.AspNetCore" or "Microsoft.AspNetCore.SignalR.Server" or "System.Net.Http", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, ActivityStopped = a => Sum(a.OperationName, a.Duration.TotalMilliseconds) };
        ActivitySource.AddActivityListener(activities);
    }
    private void Sum(Instrument i, double v, ReadOnlySpan<KeyValuePair<string, object?>> tags) { foreach (var (k, x) in tags) _ = k + x; Sum(i.Name, v); }
    private void Sum(string name, double v) => sums.AddOrUpdate(name, v, (_, old) => old + v);
    public void Dispose() { meters.RecordObservableInstruments(); meters.Dispose(); activities.Dispose(); }
}

internal static class Certificates
{
    public static X509Certificate2 Create(string name, string dir)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256); var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder(); names.AddDnsName(name); names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build()); request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(dir, "c.pem"), made.ExportCertificatePem());
        File.WriteAllText(Path.Combine(dir, "k.pem"), key.ExportPkcs8PrivateKeyPem());
        using var read = X509Certificate2.CreateFromPemFile(Path.Combine(dir, "c.pem"), Path.Combine(dir, "k.pem"));
        byte[] pfx = read.Export(X509ContentType.Pfx, "p");
#if NET10_0
        return X509CertificateLoader.LoadPkcs12(pfx, "p");
#else
        return new X509Certificate2(pfx, "p");
#endif
    }
}

internal static class Limits
{
    public static void Configure(RateLimiterOptions o)
    {
        o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        o.OnRejected = async (c, ct) =>
        {
            if (c.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after)) c.HttpContext.Response.Headers.RetryAfter = ((int)Math.Ceiling(after.TotalSeconds)).ToString(NumberFormatInfo.InvariantInfo);
            if (c.Lease.TryGetMetadata(MetadataName.ReasonPhrase, out string? reason)) c.HttpContext.Response.Headers["X-Reason"] = reason;
            c.HttpContext.RequestServices.GetService<ILoggerFactory>()?.CreateLogger("Limits").LogDebug("{Path} is limited", c.HttpContext.Request.Path);
            await c.HttpContext.Response.WriteAsJsonAsync(new { error = "slow down" }, ct);
        };
        o.AddFixedWindowLimiter("fixed", x => { x.PermitLimit = 1; x.Window = TimeSpan.FromSeconds(30); x.QueueLimit = 0; });
        o.AddSlidingWindowLimiter("sliding", x => { x.PermitLimit = 2; x.Window = TimeSpan.FromSeconds(30); x.SegmentsPerWindow = 3; x.QueueProcessingOrder = QueueProcessingOrder.OldestFirst; });
        o.AddTokenBucketLimiter("token", x => { x.TokenLimit = 1; x.TokensPerPeriod = 1; x.ReplenishmentPeriod = TimeSpan.FromMilliseconds(20); x.QueueLimit = 2; x.AutoReplenishment = true; });
        o.AddConcurrencyLimiter("concurrent", x => { x.PermitLimit = 1; x.QueueLimit = 1; x.QueueProcessingOrder = QueueProcessingOrder.NewestFirst; });
        o.AddPolicy("user", c => c.User.Identity is { IsAuthenticated: true, Name: var name } ? RateLimitPartition.GetNoLimiter(name!) : RateLimitPartition.GetFixedWindowLimiter(c.Connection.RemoteIpAddress?.ToString() ?? "?", _ => new FixedWindowRateLimiterOptions { PermitLimit = 1, Window = TimeSpan.FromMinutes(1) }));
        o.AddPolicy<string, KeyPolicy>("key");
        o.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, IPAddress>(c => RateLimitPartition.GetConcurrencyLimiter(c.Connection.RemoteIpAddress ?? IPAddress.None, _ => new ConcurrencyLimiterOptions { PermitLimit = 100, QueueLimit = 10 })),
            PartitionedRateLimiter.Create<HttpContext, string>(c => c.Request.Path.StartsWithSegments("/limited") ? RateLimitPartition.GetTokenBucketLimiter("limited", _ => new() { TokenLimit = 500, TokensPerPeriod = 100, ReplenishmentPeriod = TimeSpan.FromSeconds(1) }) : RateLimitPartition.GetNoLimiter("")));
    }
    private sealed class KeyPolicy(ILogger<KeyPolicy> log) : IRateLimiterPolicy<string>
    {
        public Func<OnRejectedContext, CancellationToken, ValueTask>? OnRejected => (c, _) => { log.LogDebug("rejected"); c.HttpContext.Response.StatusCode = 429; return ValueTask.CompletedTask; };
        public RateLimitPartition<string> GetPartition(HttpContext c) => RateLimitPartition.GetSlidingWindowLimiter(c.Request.Headers["X-Key"].ToString(), _ => new() { PermitLimit = 1, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = 2 });
    }
}

internal static class Endpoints
{
    public static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public static void Map(WebApplication app, string dir)
    {
        app.MapHealthChecks("/health").DisableRateLimiting().DisableRequestTimeout();
        app.MapGet("/presence", (Presence p, string? user) => TypedResults.Ok(new { members = p.List(), history = p.History(user).ToDictionary(g => g.Key, g => g.Select(x => x.Text).ToArray()) }));
        app.MapPost("/notify/{user}", async Task<Results<Accepted, NotFound<string>, ValidationProblem>> (string user, Said said, IHubContext<ChatHub, IChatClient> hub, Presence p) =>
        {
            if (said.Text is not { Length: > 0 }) return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["text"] = ["is empty"] });
            if (p.ConnectionsOf(user) is not [var first, ..]) return TypedResults.NotFound(user);
            await hub.Clients.User(user).Receive(said); await hub.Groups.AddToGroupAsync(first, "notified");
            await hub.Clients.Groups(["notified"]).Typing("api", true); await hub.Groups.RemoveFromGroupAsync(first, "notified");
            return TypedResults.Accepted($"/presence?user={user}");
        });
        app.MapPost("/ask/{id}", async (string id, IHubContext<ChatHub, IChatClient> hub, CancellationToken ct) => { try { return Results.Text(await hub.Clients.Client(id).Ask("from outside", ct)); } catch (Exception e) when (e is IOException or HubException) { return Results.NotFound(e.Message); } });
        app.MapPost("/jobs", async (int count, ChannelWriter<Job> jobs, CancellationToken ct) =>
        {
            var all = Enumerable.Range(0, count).Select(i => new Job(i, (Priority)(i % 3), new(TaskCreationOptions.RunContinuationsAsynchronously))).ToList();
            int waited = 0;
            foreach (var job in all) if (!jobs.TryWrite(job)) { waited++; while (await jobs.WaitToWriteAsync(ct) && !jobs.TryWrite(job)) { } }
            var done = await Task.WhenAll(all.Select(async j => { try { return await j.Done.Task.WaitAsync(TimeSpan.FromSeconds(5), ct); } catch (TimeoutException e) { return e.Message; } }));
            return Results.Json(new { waited = waited > 0, done });
        });
        MapSockets(app.MapGroup("/ws")); MapStreams(app, dir); MapFeatures(app);
        var limited = app.MapGroup("/limited").WithTags("limited");
        foreach (string name in new[] { "fixed", "sliding", "token", "user", "key" }) limited.MapGet(name, () => "ok").RequireRateLimiting(name);
        limited.MapGet("concurrent", async (CancellationToken ct) => { await Task.Delay(60, ct); return "ok"; }).RequireRateLimiting("concurrent");
        limited.MapGet("attribute", [EnableRateLimiting("fixed")] () => "ok"); limited.MapGet("free", [DisableRateLimiting] () => "ok");
    }

    private static void MapSockets(RouteGroupBuilder ws)
    {
        ws.AddEndpointFilter(async (c, next) => c.HttpContext.WebSockets.IsWebSocketRequest ? await next(c) : Results.Problem("WebSockets only", statusCode: StatusCodes.Status426UpgradeRequired));
        ws.Map("/room/{name:alpha}", async (string name, string? user, HttpContext c, Rooms rooms) => { using var socket = await c.WebSockets.AcceptWebSocketAsync(); await rooms.RunAsync(name, user ?? c.Connection.Id, socket, c.RequestAborted); });
        ws.Map("/echo", async (HttpContext c, IHostApplicationLifetime life) =>
        {
            var accept = new WebSocketAcceptContext { SubProtocol = c.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(p => p == "echo.v2"), KeepAliveInterval = TimeSpan.FromMilliseconds(30), DangerousEnableCompression = true, ServerMaxWindowBits = 12 };
            using var socket = await c.WebSockets.AcceptWebSocketAsync(accept); var buffer = new byte[512]; using var timeout = new CancellationTokenSource();
            using var stopping = life.ApplicationStopping.Register(async () => { timeout.CancelAfter(300); try { await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "stopping", timeout.Token); } catch (Exception) { } });
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(c.RequestAborted, timeout.Token);
            try
            {
                while (true)
                {
                    var r = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), stop.Token);
                    if (r.CloseStatus is { } status) { if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(status, r.CloseStatusDescription, CancellationToken.None); break; }
                    if (r.MessageType == WebSocketMessageType.Binary && buffer[0] == 0xff) { socket.Abort(); break; }
                    await socket.SendAsync(new ArraySegment<byte>(buffer, 0, r.Count), r.MessageType, r.EndOfMessage, stop.Token);
                }
            }
            catch (OperationCanceledException) { socket.Abort(); }
            catch (WebSocketException e) when (e.WebSocketErrorCode is WebSocketError.ConnectionClosedPrematurely or WebSocketError.InvalidState) { }
            finally { if (c.RequestServices.GetRequiredService<Probe>() is var probe && socket.State == WebSocketState.Aborted) probe["gone"].TrySetResult(true); }
        });
        ws.Map("/ticks", async (HttpContext c, Broadcaster<Tick> ticks, int take) =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DisableServerContextTakeover = true });
            using var done = new CancellationTokenSource(); var reading = Drain();
            var buffer = new ArrayBufferWriter<byte>(); int n = 0;
            await foreach (var t in ticks.Subscribe(done.Token))
            {
                buffer.ResetWrittenCount();
                using (var w = new Utf8JsonWriter(buffer)) { w.WriteStartObject(); w.WriteString("s"u8, t.Symbol); w.WriteNumber("p"u8, t.Price); w.WriteNumber("v", t.Volume); w.WriteString("at", t.At); w.WriteEndObject(); }
                await socket.SendAsync(buffer.WrittenMemory, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage | WebSocketMessageFlags.DisableCompression, c.RequestAborted);
                if (++n == take) break;
            }
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "enough", c.RequestAborted); await reading;
            async Task Drain() { var rest = new byte[64]; while (socket.State is WebSocketState.Open or WebSocketState.CloseSent) { try { if ((await socket.ReceiveAsync(rest.AsMemory(), c.RequestAborted)).MessageType == WebSocketMessageType.Close) return; } catch (WebSocketException) { return; } } }
        });
    }

    private static void MapStreams(WebApplication app, string dir)
    {
        app.MapGet("/sse/ticks", async (HttpContext c, Broadcaster<Tick> ticks, int take, [FromHeader(Name = "Last-Event-ID")] int? last) =>
        {
            c.Response.ContentType = "text/event-stream"; c.Response.Headers.CacheControl = "no-cache,no-store";
            c.Response.Headers["X-Accel-Buffering"] = "no"; c.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
            await c.Response.WriteAsync($"retry: 500\n: hello\n\n"); await c.Response.Body.FlushAsync(); int id = last ?? 0;
            await foreach (var t in ticks.Subscribe(c.RequestAborted))
            {
                await c.Response.WriteAsync($"id: {++id}\nevent: tick\ndata: {JsonSerializer.Serialize(t, Web)}\n\n", c.RequestAborted);
                await c.Response.Body.FlushAsync(c.RequestAborted);
                if (id - (last ?? 0) >= take) break;
            }
        });
        app.MapGet("/sse/lines", async (HttpResponse response, CancellationToken ct) =>
        {
            response.Headers.Append(HeaderNames.ContentType, "text/event-stream");
            await using var w = new StreamWriter(response.Body, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = false, NewLine = "\n" };
            for (int i = 0; i < 3; i++) { await w.WriteLineAsync("event: line".AsMemory(), ct); await w.WriteLineAsync($"data: {i}"); await w.WriteLineAsync("data: more"); await w.WriteLineAsync(); await w.FlushAsync(); }
        });
#if NET10_0
        app.MapGet("/sse/typed", (Broadcaster<Tick> ticks, CancellationToken ct) => TypedResults.ServerSentEvents(Items(ticks, ct)));
        app.MapGet("/sse/plain", () => Results.ServerSentEvents(Names(3), "name"));
        app.MapGet("/sse/objects", () => TypedResults.ServerSentEvents(Readings(2, 0, default), eventType: "reading"));
        static async IAsyncEnumerable<System.Net.ServerSentEvents.SseItem<Tick>> Items(Broadcaster<Tick> ticks, [EnumeratorCancellation] CancellationToken ct) { int i = 0; await foreach (var t in ticks.Subscribe(ct)) { yield return new(t, "tick") { EventId = $"{++i}", ReconnectionInterval = TimeSpan.FromSeconds(1) }; if (i == 2) yield break; } }
#endif
        app.MapGet("/stream/readings", (int count, CancellationToken ct) => Readings(count, 1, ct));
        app.MapGet("/stream/typed", (int count) => TypedResults.Ok(Readings(count, 0, default))); app.MapGet("/stream/names", () => Names(4));
        app.MapGet("/stream/lines", async (HttpContext c, int count) =>
        {
            c.Response.ContentType = "application/x-ndjson"; await c.Response.StartAsync(c.RequestAborted); var w = c.Response.BodyWriter;
            await foreach (var r in Readings(count, 0, c.RequestAborted)) { using (var j = new Utf8JsonWriter(w)) JsonSerializer.Serialize(j, r, Web); w.Write("\n"u8); if ((await w.FlushAsync(c.RequestAborted)).IsCanceled) break; }
            await c.Response.CompleteAsync();
        });
        app.MapGet("/stream/own", () => new LinesResult(Names(3)));
        app.MapGet("/stream/from/{at}", (Position at, Since since) => TypedResults.Json(new { at.Page, at.Offset, since.Rooms.Length, since.At }, Web));
        app.MapGet("/stream/room/{room}", ([AsParameters] Page page, Presence p) => p.History(null).Where(g => g.Key == page.Room).SelectMany(g => g).Take(page.Size).ToAsync());
        app.MapGet("/stream/channel", (CancellationToken ct) => { var c = Channel.CreateUnbounded<Tick>(); foreach (int i in Enumerable.Range(1, 3)) c.Writer.TryWrite(new("C", i, i, DateTime.UnixEpoch)); c.Writer.Complete(); return c.Reader.ReadAllAsync(ct); });
        app.MapGet("/stream/broken", (CancellationToken ct) => Broken());
        app.MapPost("/upload/pipe", async (PipeReader body, CancellationToken ct) =>
        {
            int lines = 0; long bytes = 0;
            while (true) { var r = await body.ReadAsync(ct); bytes += r.Buffer.Length; lines += Lines(r.Buffer); body.AdvanceTo(r.Buffer.End); if (r.IsCompleted) break; }
            await body.CompleteAsync(); return new { lines, bytes };
            static int Lines(ReadOnlySequence<byte> b) { var reader = new SequenceReader<byte>(b); int n = 0; while (reader.TryReadTo(out ReadOnlySpan<byte> _, (byte)'\n', true)) n++; return n; }
        });
        app.MapPost("/upload/stream", async (Stream body, HttpRequest request) => { using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256); var buffer = new byte[4096]; int n; while ((n = await body.ReadAsync(buffer)) > 0) hash.AppendData(buffer, 0, n); return Convert.ToHexString(hash.GetHashAndReset()); });
        app.MapPost("/upload/readings", async (HttpContext c) => { var all = new List<Reading>(); await foreach (var r in JsonSerializer.DeserializeAsyncEnumerable<Reading>(c.Request.Body, Web, c.RequestAborted)) if (r != null) all.Add(r); return all.Aggregate((Sum: 0.0, Count: 0), (a, r) => (a.Sum + r.Value, a.Count + 1)).ToString(); });
        app.MapPost("/upload/parts", async (HttpRequest request) =>
        {
            var type = Microsoft.Net.Http.Headers.MediaTypeHeaderValue.Parse(request.ContentType!);
            var reader = new MultipartReader(HeaderUtilities.RemoveQuotes(type.Boundary).Value!, request.Body);
            var found = new SortedDictionary<string, long>();
            while (await reader.ReadNextSectionAsync() is { } section)
            {
                if (section.GetContentDispositionHeader() is not { } disposition) continue;
                if (disposition.IsFileDisposition()) { string to = Path.Combine(dir, Path.GetRandomFileName()); await using (var f = File.Create(to)) await section.Body.CopyToAsync(f); found[section.AsFileSection()!.FileName] = new FileInfo(to).Length; File.Delete(to); }
                else found[section.AsFormDataSection()!.Name] = (await section.AsFormDataSection()!.GetValueAsync()).Length;
            }
            return found;
        }).WithMetadata(new RequestSizeLimitAttribute(500_000));
        app.MapPost("/upload/form", async (IFormFile file, IFormFileCollection files, [FromForm] string note) => { await using var s = file.OpenReadStream(); using var r = new StreamReader(s); return TypedResults.Ok($"{files.Count} {file.FileName} {file.Length} {note} {(await r.ReadToEndAsync()).Length}"); }).DisableAntiforgery();
        app.MapPost("/upload/small", async (HttpContext c) => { c.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = 10; c.Features.Get<IHttpMinRequestBodyDataRateFeature>()!.MinDataRate = null; using var r = new StreamReader(c.Request.Body); return await r.ReadToEndAsync(); });
        app.MapPost("/upload/twice", async (HttpRequest r) => { r.EnableBuffering(bufferThreshold: 1024); await r.Body.DrainAsync(default); r.Body.Position = 0; using var reader = new StreamReader(r.Body, Encoding.UTF8, true, 1024, true); return (await reader.ReadToEndAsync()).Length; });
        app.MapGet("/download/pipe", () =>
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 2048, useSynchronizationContext: false));
            _ = Task.Run(async () =>
            {
                try { for (int i = 0; i < 20; i++) { var m = pipe.Writer.GetMemory(1024); m.Span[..1024].Fill((byte)('a' + i)); pipe.Writer.Advance(1024); if ((await pipe.Writer.FlushAsync()).IsCompleted) break; } await pipe.Writer.CompleteAsync(); }
                catch (Exception e) { await pipe.Writer.CompleteAsync(e); }
            });
            return Results.Stream(pipe.Reader, "application/octet-stream", "pipe.bin");
        });
        app.MapGet("/download/push", () => Results.Stream(async s => { await using var gzip = new GZipStream(s, CompressionLevel.Fastest, true); await gzip.WriteAsync(new byte[5000]); await gzip.FlushAsync(); }, "application/gzip", fileDownloadName: "zeros.gz"));
        app.MapMethods("/download/file", [HttpMethods.Get, HttpMethods.Head], () => TypedResults.PhysicalFile(Path.Combine(dir, "data.txt"), "text/csv", lastModified: DateTimeOffset.UnixEpoch, entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue("\"v1\""), enableRangeProcessing: true));
        app.MapGet("/download/stream", () => Results.File(File.OpenRead(Path.Combine(dir, "data.txt")), "text/csv", "data.csv", enableRangeProcessing: true));
        app.MapGet("/download/bytes", () => TypedResults.Bytes(new byte[100].AsMemory(), "image/png"));
        app.MapGet("/download/send", async (HttpContext c) => { c.Response.ContentLength = 100; await c.Response.SendFileAsync(Path.Combine(dir, "data.txt"), 10, 100, c.RequestAborted); });
        app.MapGet("/download/text", async (HttpContext c) => { for (int i = 0; i < 5; i++) { await c.Response.WriteAsync(new string('x', 2000)); await c.Response.Body.FlushAsync(); } });
    }

    private static void MapFeatures(WebApplication app)
    {
        app.MapPost("/trailers", async (HttpContext c) =>
        {
            c.Response.DeclareTrailer("X-Hash"); int n = 0; ReadResult r;
            do { r = await c.Request.BodyReader.ReadAsync(); n += (int)r.Buffer.Length; c.Request.BodyReader.AdvanceTo(r.Buffer.End); } while (!r.IsCompleted);
            string sent = c.Request.SupportsTrailers() && c.Request.CheckTrailersAvailable() ? c.Request.GetTrailer("x-sum").ToString() : "-";
            string declared = c.Request.GetDeclaredTrailers().ToString();
            await c.Response.WriteAsync($"{n} {sent} {declared}"); if (c.Response.SupportsTrailers()) c.Response.AppendTrailer("X-Hash", n.ToString("x8"));
        });
        app.MapPost("/rpc", async (HttpContext c) =>
        {
            c.Response.ContentType = "application/grpc"; c.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
            c.Response.DeclareTrailer("grpc-status"); await c.Response.StartAsync(); int count = 0;
            while (true)
            {
                var r = await c.Request.BodyReader.ReadAsync(c.RequestAborted); var b = r.Buffer;
                while (b.Length >= 4 && FrameServer.Length(b) is var length && b.Length >= 4 + length) { FrameServer.Write(c.Response.BodyWriter, b.Slice(4, length).ToArray()); b = b.Slice(4 + length); count++; await c.Response.BodyWriter.FlushAsync(); }
                c.Request.BodyReader.AdvanceTo(b.Start, b.End); if (r.IsCompleted) break;
            }
            c.Response.AppendTrailer("grpc-status", "0"); c.Response.AppendTrailer("x-count", count.ToString());
        });
        app.MapGet("/reset", (HttpContext c) => { if (c.Features.Get<IHttpResetFeature>() is { } reset) reset.Reset(0x8); else c.Abort(); });
        app.MapGet("/features", (HttpContext c) => new
        {
            c.Request.Protocol, c.Request.Scheme, c.TraceIdentifier, Connection = c.Connection.Id, Local = c.Connection.LocalPort > 0, Remote = $"{c.Connection.RemoteIpAddress}",
            Tls = c.Features.Get<ITlsHandshakeFeature>()?.Protocol.ToString(), Cipher = c.Features.Get<ITlsConnectionFeature>() is { ClientCertificate: null }, Stream = c.Features.Get<IStreamIdFeature>()?.StreamId, Http2 = c.Features.Get<IHttp2StreamIdFeature>()?.StreamId,
            Upgrade = c.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest, Extended = c.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect, Body = c.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody,
            Raw = c.Features.Get<IHttpRequestFeature>()?.RawTarget, Endpoint = c.GetEndpoint()?.DisplayName, Route = c.GetRouteData().Values.Count, At = c.Features.Get<IConnectionItemsFeature>()?.Items.Count, Sync = c.Features.Get<IHttpBodyControlFeature>()?.AllowSynchronousIO,
            Activity = c.Features.Get<IHttpActivityFeature>()?.Activity.OperationName, Keep = c.Features.Get<IConnectionLifetimeNotificationFeature>() != null, Name = c.Features.Get<ITlsHandshakeFeature>()?.HostName, Persist = c.Features.Get<IPersistentStateFeature>()?.State.Count,
            All = c.Features.Count(f => f.Value != null), Services = c.Features.Get<IServiceProvidersFeature>() != null, Timeout = c.Features.Get<IHttpRequestTimeoutFeature>()?.RequestTimeoutToken.CanBeCanceled, Open = ConnectionCounter.Open > 0,
        });
        app.MapGet("/slow", async (HttpContext c, Probe probe) =>
        {
            using var registration = c.RequestAborted.Register(() => probe["aborted"].TrySetResult(true)); await c.Response.WriteAsync("starts");
            await c.Response.Body.FlushAsync();
            try { await Task.Delay(Timeout.Infinite, c.RequestAborted); } catch (OperationCanceledException) when (c.RequestAborted.IsCancellationRequested) { probe["slow"].TrySetResult(true); }
        }).DisableRequestTimeout();
        app.MapGet("/late", async (HttpContext c) => { await Task.Delay(3000, c.RequestAborted); return "never"; }).WithRequestTimeout("short");
        app.MapGet("/later", async (CancellationToken ct) => { await Task.Delay(3000, ct); return "never"; }).WithRequestTimeout(TimeSpan.FromMilliseconds(20));
        app.MapGet("/more", async (HttpContext c) => { c.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout(); await Task.Delay(60); return "in time"; }).WithRequestTimeout("short");
        app.MapGet("/throw/{kind}", (string kind) => { throw kind switch { "missing" => new KeyNotFoundException("no such room"), "timeout" => new TimeoutException(), _ => new NotSupportedException(kind) }; });
        app.MapGet("/abort", async (HttpContext c) => { await c.Response.WriteAsync("half"); await c.Response.Body.FlushAsync(); c.Abort(); });
        app.MapGet("/sync", (HttpContext c) => { c.Features.Get<IHttpBodyControlFeature>()!.AllowSynchronousIO = true; c.Response.Body.Write("sync"u8); using var w = new StreamWriter(c.Response.Body); w.WriteLine("!"); });
        app.MapGet("/own", async (HttpContext c) =>
        {
            if (c.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade) { c.Response.StatusCode = 400; return; }
            c.Response.Headers.Upgrade = "own"; await using var s = await upgrade.UpgradeAsync(); using var reader = new StreamReader(s, leaveOpen: true);
            string? line = await reader.ReadLineAsync(); await s.WriteAsync(Encoding.ASCII.GetBytes($"own {line}\n")); await s.FlushAsync();
        });
        app.MapGet("/cookies", (HttpContext c) => { c.Response.Cookies.Append("seen", "1", new CookieOptions { HttpOnly = true, SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict, MaxAge = TimeSpan.FromMinutes(1) }); c.Response.Headers.Append("X-Many", new StringValues(["a", "b"])); c.Response.GetTypedHeaders().CacheControl = new() { NoStore = true }; return Results.Redirect("/health"); });
        app.MapMethods("/early", ["PUT"], async (HttpContext c) => { c.Response.StatusCode = 413; c.Response.Headers.Connection = "close"; await c.Response.CompleteAsync(); });
        app.MapFallback((HttpContext c) => TypedResults.NotFound(c.Request.Path.Value));
    }

    public static async IAsyncEnumerable<Reading> Readings(int count, int delay, [EnumeratorCancellation] CancellationToken ct)
    {
        for (int i = 0; i < count; i++) { if (delay > 0) await Task.Delay(delay, ct); else await Task.Yield(); yield return new($"d{i % 3}", Math.Sin(i) * 10, i); }
    }
    private static async IAsyncEnumerable<T> ToAsync<T>(this IEnumerable<T> items) { foreach (var x in items) { await Task.Yield(); yield return x; } }
    private static async IAsyncEnumerable<string> Names(int count) { foreach (int i in Enumerable.Range(1, count)) { await Task.Yield(); yield return $"name {i}\nand more"; } }
    private static async IAsyncEnumerable<int> Broken() { yield return 1; await Task.Delay(1); throw new InvalidDataException("in the middle"); }
}

/// <summary>How a client of a hub talks to it: all that comes is written into a pipe.</summary>
internal abstract class HubTransport(HttpClient http, string url) : IAsyncDisposable
{
    protected HttpClient Http => http; protected string Url { get; set; } = url;
    public string? ConnectionId { get; private set; }
    public async Task NegotiateAsync(string transport, bool stateful = false)
    {
        using var r = await Http.PostAsync(Url + "/negotiate?negotiateVersion=1" + (stateful ? "&useStatefulReconnect=true" : ""), null);
        r.EnsureSuccessStatusCode(); using var d = await JsonDocument.ParseAsync(await r.Content.ReadAsStreamAsync());
        if (!d.RootElement.GetProperty("availableTransports").EnumerateArray().Any(t => t.GetProperty("transport").ValueEquals(transport))) throw new NotSupportedException(transport);
        ConnectionId = d.RootElement.GetProperty("connectionId").GetString();
        Url = QueryHelpers.AddQueryString(Url, "id", d.RootElement.GetProperty("connectionToken").GetString()!);
    }
    public abstract Task StartAsync(CancellationToken ct);
    public abstract Task ReceiveAsync(PipeWriter into, CancellationToken ct);
    public virtual async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct) { using var r = await Http.PostAsync(Url, new ReadOnlyMemoryContent(data), ct); r.EnsureSuccessStatusCode(); }
    public abstract ValueTask DisposeAsync();
}

internal sealed class SocketTransport(HttpClient http, string url, bool negotiate = true, string? token = null, bool stateful = false) : HubTransport(http, url)
{
    private readonly ClientWebSocket socket = new();
    public override async Task StartAsync(CancellationToken ct)
    {
        if (negotiate) await NegotiateAsync("WebSockets", stateful);
        if (token != null) Url = QueryHelpers.AddQueryString(Url, new Dictionary<string, string?> { ["access_token"] = token });
        else if (Http.DefaultRequestHeaders.Authorization is { } a) socket.Options.SetRequestHeader("Authorization", a.ToString());
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        await socket.ConnectAsync(new UriBuilder(new Uri(Http.BaseAddress!, Url)) { Scheme = "ws" }.Uri, ct);
    }
    public override async Task ReceiveAsync(PipeWriter into, CancellationToken ct)
    {
        while (true) { var r = await socket.ReceiveAsync(into.GetMemory(2048), ct); if (r.MessageType == WebSocketMessageType.Close) { if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ct); return; } into.Advance(r.Count); await into.FlushAsync(ct); }
    }
    public override async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct) => await socket.SendAsync(data, WebSocketMessageType.Text, true, ct);
    public override async ValueTask DisposeAsync() { if (socket.State == WebSocketState.Open) try { await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default); } catch (WebSocketException) { } socket.Dispose(); }
}

internal sealed class EventsTransport(HttpClient http, string url) : HubTransport(http, url)
{
    private HttpResponseMessage? response;
    public override async Task StartAsync(CancellationToken ct)
    {
        await NegotiateAsync("ServerSentEvents");
        using var q = new HttpRequestMessage(HttpMethod.Get, Url) { Headers = { Accept = { new("text/event-stream") }, CacheControl = new() { NoCache = true } } };
        response = (await Http.SendAsync(q, HttpCompletionOption.ResponseHeadersRead, ct)).EnsureSuccessStatusCode();
    }
    public override async Task ReceiveAsync(PipeWriter into, CancellationToken ct)
    {
        using var reader = new StreamReader(await response!.Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line) if (line.StartsWith("data: ", StringComparison.Ordinal)) { Encoding.UTF8.GetBytes(line.AsSpan(6), into); await into.FlushAsync(ct); }
    }
    public override ValueTask DisposeAsync() { response?.Dispose(); return default; }
}

internal sealed class PollTransport(HttpClient http, string url) : HubTransport(http, url)
{
    public override async Task StartAsync(CancellationToken ct) { await NegotiateAsync("LongPolling"); using var first = await Http.GetAsync(Url, ct); first.EnsureSuccessStatusCode(); }
    public override async Task ReceiveAsync(PipeWriter into, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested) { using var r = await Http.GetAsync($"{Url}&_={Stopwatch.GetTimestamp()}", ct); if (r.StatusCode != HttpStatusCode.OK) return; await into.WriteAsync(await r.Content.ReadAsByteArrayAsync(ct), ct); }
    }
    public override async ValueTask DisposeAsync() { using var r = await Http.DeleteAsync(Url); }
}

/// <summary>A client of hubs: the JSON protocol, whose messages end with a separator.</summary>
internal sealed class HubClient(HubTransport transport) : IAsyncDisposable
{
    private const byte Separator = 0x1e;
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
    private readonly ConcurrentDictionary<string, Channel<JsonElement>> calls = new();
    private readonly Dictionary<string, Func<JsonElement, object?>> handlers = new(StringComparer.OrdinalIgnoreCase);
    private readonly TaskCompletionSource<string?> handshake = new(TaskCreationOptions.RunContinuationsAsynchronously), closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stop = new(); private readonly SemaphoreSlim sending = new(1); private Task running = Task.CompletedTask;
    private int last;
    public HubTransport Transport => transport; public Task<string?> Closed => closed.Task;
    public ConcurrentDictionary<string, int> Seen { get; } = new();

    public async Task<HubClient> StartAsync()
    {
        await transport.StartAsync(stop.Token); var pipe = new Pipe(); running = Task.WhenAll(Receive(pipe.Writer), Read(pipe.Reader));
        await SendAsync(new { protocol = "json", version = 1 });
        if (await handshake.Task.WaitAsync(TimeSpan.FromSeconds(10)) is { } error) throw new InvalidOperationException(error); return this;
    }
    public HubClient On(string target, Func<JsonElement, object?> handler) { handlers[target] = handler; return this; }
    public async Task<T?> InvokeAsync<T>(string target, params object?[] arguments) => await Finish<T>(await Begin(1, target, arguments));
    public Task FireAsync(string target, params object?[] arguments) => SendAsync(new { type = 1, target, arguments });
    public async IAsyncEnumerable<T> StreamAsync<T>(string target, object?[] arguments, [EnumeratorCancellation] CancellationToken ct = default)
    {
        var (id, items) = await Begin(4, target, arguments); using var cancel = ct.Register(() => _ = SendAsync(new { type = 5, invocationId = id }));
        await foreach (var e in items.ReadAllAsync(CancellationToken.None)) { if (e.GetProperty("type").GetInt32() == 2) yield return e.GetProperty("item").Deserialize<T>(json)!; else { ThrowIfFailed(e); break; } }
        calls.TryRemove(id, out _);
    }
    public async Task<T?> UploadAsync<TItem, T>(string target, IAsyncEnumerable<TItem> items, params object?[] arguments)
    {
        string stream = $"s{Interlocked.Increment(ref last)}"; var call = await Begin(1, target, arguments, stream);
        await foreach (var item in items) await SendAsync(new { type = 2, invocationId = stream, item });
        await SendAsync(new { type = 3, invocationId = stream }); return await Finish<T>(call);
    }
    public Task SendRawAsync(string text) => transport.SendAsync(Encoding.UTF8.GetBytes(text + (char)Separator), stop.Token);

    private async Task<(string Id, ChannelReader<JsonElement> Items)> Begin(int type, string target, object?[] arguments, string? stream = null)
    {
        string id = Interlocked.Increment(ref last).ToString(CultureInfo.InvariantCulture);
        var channel = calls[id] = Channel.CreateUnbounded<JsonElement>(new() { SingleReader = true, SingleWriter = true });
        var message = new Dictionary<string, object?> { ["type"] = type, ["invocationId"] = id, ["target"] = target, ["arguments"] = arguments };
        if (stream != null) message["streamIds"] = new[] { stream };
        await SendAsync(message); return (id, channel.Reader);
    }
    private async Task<T?> Finish<T>((string Id, ChannelReader<JsonElement> Items) call)
    {
        var e = await call.Items.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)); calls.TryRemove(call.Id, out _); ThrowIfFailed(e);
        return e.TryGetProperty("result", out var r) ? r.Deserialize<T>(json) : default;
    }
    private static void ThrowIfFailed(JsonElement e) { if (e.TryGetProperty("error", out var error)) throw new HubException(error.GetString()); }
    private async Task SendAsync<T>(T message)
    {
        var buffer = new ArrayBufferWriter<byte>(); using (var w = new Utf8JsonWriter(buffer)) JsonSerializer.Serialize(w, message, json);
        buffer.Write([Separator]);
        await sending.WaitAsync(); try { await transport.SendAsync(buffer.WrittenMemory, stop.Token); } finally { sending.Release(); }
    }
    private async Task Receive(PipeWriter w)
    {
        try { await transport.ReceiveAsync(w, stop.Token); await w.CompleteAsync(); } catch (Exception e) when (e is OperationCanceledException or WebSocketException or HttpRequestException or IOException or ObjectDisposedException) { await w.CompleteAsync(); }
    }
    private async Task Read(PipeReader reader)
    {
        while (true)
        {
            var r = await reader.ReadAsync(); var b = r.Buffer; while (Next(ref b) is { } message) await Handle(message); reader.AdvanceTo(b.Start, b.End);
            if (r.IsCompleted) break;
        }
        handshake.TrySetResult("closed"); closed.TrySetResult(null);
        foreach (var c in calls.Values) c.Writer.TryComplete(new HubException("the connection is gone"));
        static JsonElement? Next(ref ReadOnlySequence<byte> b) { var s = new SequenceReader<byte>(b); if (!s.TryReadTo(out ReadOnlySequence<byte> m, Separator)) return null; b = b.Slice(s.Position); var j = new Utf8JsonReader(m); return JsonElement.ParseValue(ref j); }
    }
    private async Task Handle(JsonElement e)
    {
        if (!e.TryGetProperty("type", out var type)) { handshake.TrySetResult(e.TryGetProperty("error", out var x) ? x.GetString() : null); return; }
        switch (type.GetInt32())
        {
            case 1:
                string target = e.GetProperty("target").GetString()!; Seen.AddOrUpdate(target, 1, (_, n) => n + 1);
                object? result = handlers.TryGetValue(target, out var f) ? f(e.GetProperty("arguments")) : null;
                if (e.TryGetProperty("invocationId", out var id)) await SendAsync(f is null ? new Dictionary<string, object?> { ["type"] = 3, ["invocationId"] = id, ["error"] = "no handler" } : new() { ["type"] = 3, ["invocationId"] = id, ["result"] = result });
                break;
            case 2 or 3: if (calls.TryGetValue(e.GetProperty("invocationId").GetString()!, out var c)) c.Writer.TryWrite(e); break;
            case 6: Seen.AddOrUpdate("ping", 1, (_, n) => n + 1); break;
            case 7: closed.TrySetResult(e.TryGetProperty("error", out var why) ? why.GetString() : "closed"); break;
        }
    }
    public async ValueTask DisposeAsync() { await transport.DisposeAsync(); stop.Cancel(); await running; stop.Dispose(); }
}

/// <summary>A body that is written while the answer is read.</summary>
internal sealed class DuplexContent(Func<Stream, Task> write) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);
    protected override bool TryComputeLength(out long length) { length = -1; return false; }
}

internal sealed class Segment : ReadOnlySequenceSegment<byte>
{
    public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;
    public Segment Append(ReadOnlyMemory<byte> memory) { var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length }; Next = next; return next; }
}
internal sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

/// <summary>The older form of work beside the requests: a timer.</summary>
internal sealed class Beat(Probe probe, ILogger<Beat> log) : IHostedService, IDisposable
{
    private Timer? timer;
    public Task StartAsync(CancellationToken ct) { timer = new Timer(Tick, null, TimeSpan.Zero, TimeSpan.FromMilliseconds(50)); return Task.CompletedTask; }
    private void Tick(object? state) { log.LogDebug("beats at {At:HH:mm:ss}", DateTime.Now); probe["beat"].TrySetResult(true); }
    public Task StopAsync(CancellationToken ct) { timer?.Change(Timeout.Infinite, 0); return Task.CompletedTask; }
    public void Dispose() => timer?.Dispose();
}

internal static class Client
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);
    private static HttpClient Http(int port, string? token = null, Version? version = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectTimeout = patience, PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { BaseAddress = new($"http://127.0.0.1:{port}/"), Timeout = patience };
        if (version != null) { client.DefaultRequestVersion = version; client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact; }
        if (token != null) client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public static async Task RunAsync(Ports ports, IServiceProvider services, X509Certificate2 certificate)
    {
        using var http = Http(ports.Http); using var ann = Http(ports.Http, "ann"); using var bob = Http(ports.Http, "bob:admin");
        using var h2 = Http(ports.Http2, null, HttpVersion.Version20);
        await Step.Run("hub over WebSockets", async () =>
        {
            var heard = Channel.CreateUnbounded<Said>();
            await using var a = await new HubClient(new SocketTransport(ann, "chat")).On("ask", e => e[0].GetString() + "!").On("receive", e => heard.Writer.TryWrite(e[0].Deserialize<Said>(Endpoints.Web)!)).StartAsync();
            await using var b = await new HubClient(new SocketTransport(bob, "chat", false, "bob:admin")).StartAsync();
            _ = await a.InvokeAsync<List<Member>>("Join", "news"); await b.InvokeAsync<Member[]>("join", "news");
            var id = await b.InvokeAsync<Guid>("say", "news", "hello", new[] { "a", "b" });
            if ((await heard.Reader.ReadAsync().AsTask().WaitAsync(patience)).Id != id) throw new InvalidDataException("another message");
            _ = await b.InvokeAsync<bool>("Whisper", "ann", "psst") & await b.InvokeAsync<bool>("Whisper", "zoe", "psst");
            Console.WriteLine($"  {await a.InvokeAsync<string>("Quiz", "ready?")} {await a.InvokeAsync<string>("Greet", "ann")} {await b.InvokeAsync<int>("Kick", "ann")}");
            await b.InvokeAsync<object>("Mutter"); await a.InvokeAsync<object>("Leave", "news"); await a.FireAsync("say", "news", "gone", null);
            _ = await a.InvokeAsync<Summary>("Nothing", 3, DateTime.UnixEpoch, Guid.NewGuid(), 2.5m, new byte[] { 1, 2 }, DayOfWeek.Friday);
            _ = await a.InvokeAsync<Summary>("Nothing", null, DateTime.UnixEpoch, Guid.Empty, 0, Array.Empty<byte>(), "Monday");
            foreach (var (target, args) in new (string, object?[])[] { ("Crash", [0]), ("Crash", [1]), ("Crash", [2]), ("Kick", ["x"]), ("Mutter", []), ("none", []), ("Crash", ["x"]), ("Crash", []), ("Join", [""]), ("Count", [1]) }) try { await a.InvokeAsync<int>(target, args); } catch (HubException e) { _ = e.Message.Length; }
            using var say = await http.PostAsJsonAsync("notify/ann", new Said(Guid.NewGuid(), "x", "api", "note", DateTimeOffset.UnixEpoch));
            using var none = await http.PostAsJsonAsync("notify/zoe", new Said(Guid.Empty, "x", "api", "note", default));
            using var bad = await http.PostAsJsonAsync("notify/ann", new Said(Guid.Empty, "x", "api", "", default));
            var manager = services.GetRequiredService<HubLifetimeManager<ChatHub>>(); await manager.SendAllAsync("Bye", [], default);
            await manager.SendUserAsync("ann", "Typing", ["x", true], default); var hubs = services.GetRequiredService<IHubContext<ChatHub>>();
            await hubs.Clients.AllExcept("none").SendAsync("Typing", "y", false);
            await hubs.Clients.GroupExcept("news", ["none"]).SendAsync("Left", "z", "news", null); await hubs.Clients.Users(["ann", "bob"]).SendAsync("Bye");
            using var asked = await http.PostAsync($"ask/{a.Transport.ConnectionId}", null); using var unasked = await http.PostAsync("ask/nobody", null);
            _ = await http.GetStringAsync("presence?user=bob"); await a.SendRawAsync("{\"type\":6}");
            Console.WriteLine($"  {(int)say.StatusCode} {(int)none.StatusCode} {(int)bad.StatusCode} {(int)asked.StatusCode} {(int)unasked.StatusCode}");
            await b.FireAsync("Quit"); await b.Closed.WaitAsync(patience);
        });
        await Step.Run("hub streams", async () =>
        {
            await using var c = await new HubClient(new SocketTransport(ann, "chat")).StartAsync(); var all = new List<int>();
            await foreach (int i in c.StreamAsync<int>("Count", [5, 0])) all.Add(i); using var cts = new CancellationTokenSource();
            try { await foreach (int i in c.StreamAsync<int>("Count", [1000, 5], cts.Token)) if (i == 2) cts.Cancel(); } catch (HubException) { }
            using var cts2 = new CancellationTokenSource(); int n = 0;
            try { await foreach (var t in c.StreamAsync<Tick>("Ticks", [new[] { "ABC" }], cts2.Token)) if (++n == 2) cts2.Cancel(); } catch (HubException) { }
            var sum = await c.UploadAsync<Reading, Summary>("Upload", Endpoints.Readings(6, 0, default), "C");
            int length = await c.UploadAsync<string, int>("UploadText", Words("a", "bcd"));
            Console.WriteLine($"  {all.Count} {n} {sum?.Count} {sum?.PerDevice.Count} {length}");
            try { await foreach (int i in c.StreamAsync<int>("Crash", [0])) { } } catch (HubException) { }
            var said = new Said(Guid.NewGuid(), "r", "ann", "text", DateTimeOffset.UnixEpoch, ["t"]);
            var sorted = await c.InvokeAsync<Dictionary<Priority, List<string>>>("Sort", new[] { said, said with { User = "bob" } }, new Dictionary<string, Priority> { ["ann"] = Priority.Low }, new { deep = new[] { 1.5 } }, null);
            await c.InvokeAsync<JsonElement>("Plan", "2024-02-29", "10:30:00", TimeSpan.FromHours(1), "http://x/", Priority.High, 1.5f, long.MaxValue / 1000, 'c');
            await foreach (string x in c.StreamAsync<string>("Tail", ["me"])) n += x.Length;
            await foreach (var x in c.StreamAsync<Said>("Since", [DateTimeOffset.UnixEpoch])) n += x.Text.Length;
            Console.WriteLine($"  {sorted!.Count} {n > 0}");
            try { await foreach (string x in c.StreamAsync<string>("Tail", ["!"])) { } } catch (HubException) { }
            try { await foreach (var x in c.StreamAsync<double>("Missing", [])) { } } catch (HubException) { }
            var smooth = await c.UploadAsync<double, object>("Smooth", Numbers(), 2).ContinueWith(t => t.IsFaulted);
            try { await c.UploadAsync<string, Summary>("Upload", Words("x"), "C"); } catch (HubException) { }
            await using var stateful = await new HubClient(new SocketTransport(ann, "chat", stateful: true)).StartAsync();
            for (int i = 1; i < 3; i++) { await stateful.InvokeAsync<string>("Greet", $"no {i}"); await stateful.SendRawAsync($"{{\"type\":8,\"sequenceId\":{i}}}"); }
            await stateful.SendRawAsync("{\"type\":7,\"error\":\"leaving\"}");
            await using var wrong = await new HubClient(new SocketTransport(ann, "chat")).StartAsync(); await wrong.SendRawAsync("{\"type\":\"x\"}");
            await wrong.Closed.WaitAsync(patience);
        });
        await Step.Run("hub over events and polls", async () =>
        {
            await using (var e = await new HubClient(new EventsTransport(http, "feed")).On("number", a => a[0].GetInt32()).On("numbers", a => new[] { 1, 2 }).StartAsync()) { await e.InvokeAsync<object>("Subscribe", (object)new[] { "ABC" }); Console.WriteLine($"  {await e.InvokeAsync<int>("Ask")} {e.Seen.ContainsKey("snapshot")}"); await Task.Delay(40); }
            await using var p = await new HubClient(new PollTransport(ann, "chat")).StartAsync(); _ = await p.InvokeAsync<List<Member>>("Join", "polls");
            var all = new List<int>(); await foreach (int i in p.StreamAsync<int>("Count", [3, 1])) all.Add(i); Console.WriteLine($"  {all.Sum()}");
            using var refused = await http.PostAsync("chat/negotiate?negotiateVersion=1", null); using var without = await http.GetAsync("feed");
            using var unknown = await http.GetAsync("feed?id=none"); using var q = new HttpRequestMessage(HttpMethod.Options, "feed/negotiate");
            q.Headers.Add("Origin", "http://x"); q.Headers.Add("Access-Control-Request-Method", "POST"); using var preflight = await http.SendAsync(q);
            using var failed = await http.PostAsync("chat/negotiate?access_token=bad", null);
            Console.WriteLine($"  {refused.StatusCode} {without.StatusCode} {unknown.StatusCode} {preflight.StatusCode} {failed.StatusCode}");
            using var ws = new ClientWebSocket(); await ws.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/feed"), default);
            await ws.SendAsync("{\"protocol\":\"other\",\"version\":1}\u001e"u8.ToArray(), WebSocketMessageType.Text, true, default);
            _ = await ws.ReceiveAsync(new byte[500].AsMemory(), default); await ws.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
            using var lines = new ClientWebSocket(); lines.Options.AddSubProtocol("v1");
            await lines.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/lines"), default);
            await lines.SendAsync("UPPER abc\n"u8.ToArray(), WebSocketMessageType.Binary, true, default); var got = new byte[50];
            var r = await lines.ReceiveAsync(got, default); Console.Write("  " + Encoding.UTF8.GetString(got, 0, r.Count));
            await lines.SendAsync("QUIT\n"u8.ToArray(), WebSocketMessageType.Binary, true, default);
            while ((await lines.ReceiveAsync(got, default)).MessageType != WebSocketMessageType.Close) { }
            await lines.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        });
        await Step.Run("sockets", async () =>
        {
            using var a = await Socket(ports.Http, "ws/room/blue?user=ann"); using var b = await Socket(ports.Extra, "ws/room/blue?user=bob");
            var web = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
            foreach (Frame f in new Frame[] { new SayFrame("", "hi", Priority.High), new JoinFrame("ann"), new SayFrame("", new string('x', 300)), new ListFrame([], []) }) await a.SendAsync(JsonSerializer.SerializeToUtf8Bytes(f, web), WebSocketMessageType.Text, true, default);
            await a.SendAsync("{oops"u8.ToArray(), WebSocketMessageType.Text, true, default);
            var frames = new List<Frame>();
            while (frames.OfType<ErrorFrame>().Count() < 3) frames.Add(JsonSerializer.Deserialize<Frame>(await Message(b), web)!);
            Console.WriteLine("  " + string.Join(",", frames.Select(f => f.GetType().Name).Distinct().Order()));
            await b.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default); a.Abort();
            using var e = new ClientWebSocket { Options = { KeepAliveInterval = TimeSpan.FromMilliseconds(20), DangerousDeflateOptions = new() { ClientMaxWindowBits = 12 }, CollectHttpResponseDetails = true } };
            e.Options.AddSubProtocol("echo.v1"); e.Options.AddSubProtocol("echo.v2"); e.Options.SetRequestHeader("X-Key", "k");
            await e.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/ws/echo"), default);
            byte[] part = Encoding.UTF8.GetBytes("part "); for (int i = 0; i < 3; i++) await e.SendAsync(part, WebSocketMessageType.Text, i == 2, default);
            await e.SendAsync(new byte[2000], WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, default);
            Console.WriteLine($"  {(await Message(e)).Length} {(await Message(e)).Length} {e.SubProtocol} {e.HttpStatusCode}");
            await Task.Delay(70); await e.CloseAsync(WebSocketCloseStatus.PolicyViolation, "done", default);
            Console.WriteLine($"  {e.State} {e.CloseStatus} {e.CloseStatusDescription}"); using var t = await Socket(ports.Http, "ws/ticks?take=2");
            _ = await Message(t); _ = await Message(t); while (t.State == WebSocketState.Open) await Message(t);
            await t.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
            using var gone = await Socket(ports.Http, "ws/echo"); await gone.SendAsync(new byte[] { 0xff }, WebSocketMessageType.Binary, true, default);
            try { await Message(gone); } catch (WebSocketException x) { _ = x.WebSocketErrorCode; }
            using (var drop = await Socket(ports.Http, "ws/echo")) drop.Abort(); await services.GetRequiredService<Probe>()["gone"].Task.WaitAsync(patience);
            using var refused = new ClientWebSocket();
            try { await refused.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/health"), default); } catch (WebSocketException x) { _ = x.Message; }
            using var upgrade = await http.GetAsync("ws/room/blue");
            using var two = new ClientWebSocket { Options = { HttpVersion = HttpVersion.Version20, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact } };
            using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
            await two.ConnectAsync(new($"ws://127.0.0.1:{ports.Http2}/ws/echo"), invoker, default);
            await two.SendAsync(part, WebSocketMessageType.Text, true, default); _ = await Message(two);
            await two.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default); Console.WriteLine($"  {upgrade.StatusCode} {two.State}");
        });
        await Step.Run("events", async () =>
        {
            using var q = new HttpRequestMessage(HttpMethod.Get, "sse/ticks?take=3") { Headers = { { "Last-Event-ID", "41" } } };
            using var r = await http.SendAsync(q, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await r.Content.ReadAsStreamAsync()); var events = new List<(string? Id, string? Name, string Data)>();
            string? id = null, name = null; var data = new StringBuilder();
            while (await reader.ReadLineAsync() is { } line)
            {
                int colon = line.IndexOf(':'); var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].TrimStart());
                switch (field) { case "id": id = value; break; case "event": name = value; break; case "data": data.Append(value).Append('\n'); break; case "" when data.Length > 0: events.Add((id, name, data.ToString().TrimEnd('\n'))); data.Clear(); break; }
            }
            Console.WriteLine($"  {events.Count} {events[^1].Id} {JsonSerializer.Deserialize<Tick>(events[0].Data, Endpoints.Web).Symbol.Length} {(await http.GetStringAsync("sse/lines")).Length}");
            using var abandoned = await http.GetStreamAsync("sse/ticks?take=1000"); _ = await abandoned.ReadAsync(new byte[100]);
#if NET10_0
            foreach (string path in new[] { "sse/typed", "sse/plain", "sse/objects" }) { await using var s = await http.GetStreamAsync(path); await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(s).EnumerateAsync()) _ = item.EventType + item.Data + item.EventId; }
            await using var ticks = await http.GetStreamAsync("sse/typed");
            await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(ticks, (type, bytes) => JsonSerializer.Deserialize<Tick>(bytes, Endpoints.Web)).EnumerateAsync()) _ = item.Data.Price;
#endif
        });
        await Step.Run("downloads", async () =>
        {
            int n = 0; await foreach (var r in http.GetFromJsonAsAsyncEnumerable<Reading>("stream/readings?count=5")) n += r!.Device.Length;
            _ = await http.GetFromJsonAsync<List<Reading>>("stream/typed?count=3"); _ = await http.GetFromJsonAsync<string[]>("stream/names");
            _ = await http.GetStringAsync("stream/own") + await http.GetStringAsync("stream/from/2.77?since=5&room=a&room=b");
            await foreach (var x in http.GetFromJsonAsAsyncEnumerable<Said>("stream/room/news?n=2", Endpoints.Web)) n += x!.Text.Length;
            _ = await http.GetFromJsonAsync<Tick[]>("stream/channel", Endpoints.Web); using var unbound = await http.GetAsync("stream/from/oops");
            using var missing = await http.GetAsync("stream/readings");
            try { _ = await http.GetStringAsync("stream/broken"); } catch (HttpRequestException e) { _ = e.HttpRequestError; } catch (HttpIOException) { }
            using (var lines = new StreamReader(await http.GetStreamAsync("stream/lines?count=3"))) while (await lines.ReadLineAsync() is { } line) n += JsonSerializer.Deserialize<Reading>(line, Endpoints.Web)!.Device.Length;
            using (var zip = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All }) { BaseAddress = http.BaseAddress }) n += (await zip.GetStringAsync("stream/lines?count=20")).Length + (await zip.GetStringAsync("download/text")).Length;
            var pipe = PipeReader.Create(await http.GetStreamAsync("download/pipe"));
            while (true) { var r = await pipe.ReadAsync(); n += (int)r.Buffer.Length; pipe.AdvanceTo(r.Buffer.End); if (r.IsCompleted) break; }
            await pipe.CompleteAsync();
            await using (var gz = new GZipStream(await http.GetStreamAsync("download/push"), CompressionMode.Decompress)) { using var m = new MemoryStream(); await gz.CopyToAsync(m); n += (int)m.Length; }
            foreach (var (path, range, tag) in new[] { ("file", "bytes=0-9", ""), ("file", "bytes=-5", ""), ("file", "bytes=90000-", ""), ("file", "", "\"v1\""), ("stream", "bytes=5-", ""), ("bytes", "", ""), ("send", "", "") }) { using var q = new HttpRequestMessage(HttpMethod.Get, "download/" + path); if (range != "") q.Headers.Range = System.Net.Http.Headers.RangeHeaderValue.Parse(range); if (tag != "") q.Headers.IfNoneMatch.Add(new(tag)); using var r = await http.SendAsync(q); n += (int)r.StatusCode + (await r.Content.ReadAsByteArrayAsync()).Length; }
            using var head = await http.SendAsync(new(HttpMethod.Head, "download/file")); Console.WriteLine($"  {n} {head.Content.Headers.ContentLength}");
        });
        await Step.Run("uploads", async () =>
        {
            string text = string.Concat(Enumerable.Range(0, 300).Select(i => $"line {i}\n"));
            async Task<string> Post(string path, HttpContent content, bool expect = false) { using var q = new HttpRequestMessage(HttpMethod.Post, "upload/" + path) { Content = content }; q.Headers.ExpectContinue = expect; if (content is DuplexContent) q.Headers.TransferEncodingChunked = true; using var r = await http.SendAsync(q); return $"{(int)r.StatusCode} {await r.Content.ReadAsStringAsync()}"; }
            Console.WriteLine($"  {await Post("pipe", new StringContent(text))} {await Post("pipe", new DuplexContent(async s => { foreach (var chunk in text.Chunk(500)) { await s.WriteAsync(Encoding.UTF8.GetBytes(chunk)); await s.FlushAsync(); } }))} {await Post("stream", new StreamContent(new MemoryStream(new byte[20000])), true)}");
            _ = await Post("readings", JsonContent.Create(Endpoints.Readings(20, 0, default))) + await Post("readings", new StringContent("[{\"device\":1}]"));
            var packed = new MemoryStream(); using (var z = new BrotliStream(packed, CompressionLevel.Fastest, true)) z.Write(Encoding.UTF8.GetBytes(text));
            packed.Position = 0; _ = await Post("pipe", new StreamContent(packed) { Headers = { ContentEncoding = { "br" } } });
            _ = await Post("pipe", new ByteArrayContent([1]) { Headers = { ContentEncoding = { "zip" } } });
            MultipartFormDataContent Form() => new() { { new StringContent("a note"), "note" }, { new ByteArrayContent(new byte[3000]) { Headers = { ContentType = new("application/octet-stream") } }, "file", "a.bin" } };
            Console.WriteLine($"  {await Post("parts", Form())} {await Post("form", Form())} {await Post("twice", new StringContent(text))}");
            foreach (var (path, size) in new[] { ("small", 100), ("stream", 2 << 20), ("parts", 10) }) try { _ = await Post(path, new ByteArrayContent(new byte[size])); } catch (HttpRequestException) { }
            try { _ = await Post("small", new DuplexContent(s => s.WriteAsync(new byte[100]).AsTask())); } catch (HttpRequestException) { }
            try { _ = await Post("stream", new DuplexContent(async s => { await s.WriteAsync(new byte[100]); throw new IOException("the disk is gone"); })); } catch (Exception e) when (e is HttpRequestException or IOException) { }
            using var early = await http.PutAsync("early", new StringContent("x")); using var jobs = await http.PostAsync("jobs?count=9", null);
            Console.WriteLine($"  {early.StatusCode} {await jobs.Content.ReadAsStringAsync()}");
        });
        await Step.Run("HTTP/2", async () =>
        {
            using var body = new StringContent("0123456789"); using var r = await h2.PostAsync("trailers", body); _ = await r.Content.ReadAsStringAsync();
            Console.WriteLine($"  {r.Version} {r.TrailingHeaders.GetValues("X-Hash").Single()}"); var ready = new SemaphoreSlim(0);
            using var q = new HttpRequestMessage(HttpMethod.Post, "rpc") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new DuplexContent(async s => { var w = PipeWriter.Create(s, new StreamPipeWriterOptions(leaveOpen: true)); for (int i = 0; i < 3; i++) { FrameServer.Write(w, Encoding.UTF8.GetBytes($"call {i}")); await w.FlushAsync(); await ready.WaitAsync(patience); } }) };
            q.Content.Headers.ContentType = new("application/grpc"); q.Headers.TE.Add(new("trailers"));
            using var rpc = await h2.SendAsync(q, HttpCompletionOption.ResponseHeadersRead); await using var stream = await rpc.Content.ReadAsStreamAsync();
            var head = new byte[4];
            while (await stream.ReadAtLeastAsync(head, 4, false) == 4) { var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head)]; await stream.ReadExactlyAsync(payload); ready.Release(); }
            Console.WriteLine($"  {string.Join(";", rpc.TrailingHeaders.Select(h => $"{h.Key}={h.Value.First()}"))}");
            var many = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => h2.GetStringAsync(i % 2 == 0 ? "features" : "stream/names")));
            try { await h2.GetStringAsync("reset"); } catch (HttpRequestException e) { _ = e.InnerException is HttpProtocolException { ErrorCode: 8 }; }
            try { await http.GetStringAsync("reset"); } catch (HttpRequestException) { } using var cts = new CancellationTokenSource();
            using var slow = await h2.GetAsync("slow", HttpCompletionOption.ResponseHeadersRead, cts.Token); _ = await h2.GetByteArrayAsync("download/file");
            try { using var one = new HttpClient(); await one.GetStringAsync($"http://127.0.0.1:{ports.Http2}/health"); } catch (HttpRequestException) { }
            _ = many.Length; using var cookies = await h2.GetAsync("cookies"); _ = await h2.GetStringAsync("sync");
            using var tls = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, c, chain, errors) => c!.GetCertHashString() == certificate.GetCertHashString() && errors != SslPolicyErrors.None, TargetHost = "localhost" } }) { BaseAddress = new($"https://127.0.0.1:{ports.Https}/"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
            using var secure = await tls.GetAsync("features");
            var features = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await secure.Content.ReadAsStringAsync())!;
            Console.WriteLine($"  {features["protocol"]} {features["tls"]} {features["scheme"]}");
            using var older = await tls.SendAsync(new(HttpMethod.Get, "features") { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact });
            try { using var strict = new HttpClient(); await strict.GetAsync(tls.BaseAddress); } catch (HttpRequestException e) { _ = e.InnerException is AuthenticationException; }
            using var wss = new ClientWebSocket(); wss.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            await wss.ConnectAsync(new($"wss://127.0.0.1:{ports.Https}/ws/echo"), default);
            await wss.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
        });
        await Step.Run("cancelled and limited", async () =>
        {
            using var cts = new CancellationTokenSource(); var probe = services.GetRequiredService<Probe>();
            using (var slow = await http.GetAsync("slow", HttpCompletionOption.ResponseHeadersRead, cts.Token)) { }
            await probe["slow"].Task.WaitAsync(patience); cts.CancelAfter(20);
            try { await http.GetStringAsync("slow", cts.Token); } catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested) { }
            using (var hasty = new HttpClient { BaseAddress = http.BaseAddress, Timeout = TimeSpan.FromMilliseconds(30) }) try { await hasty.GetStringAsync("slow"); } catch (TaskCanceledException e) when (e.InnerException is TimeoutException) { }
            try { await http.GetStringAsync("abort"); } catch (Exception e) when (e is HttpRequestException or HttpIOException) { }
            var codes = new Dictionary<string, List<int>>();
            foreach (string path in new[] { "late", "later", "more", "throw/missing", "throw/timeout", "throw/other", "nowhere", "cookies", "health", "limited/fixed", "limited/fixed", "limited/sliding", "limited/sliding", "limited/sliding", "limited/user", "limited/user", "limited/key", "limited/key", "limited/attribute", "limited/free" })
            { using var r = await http.GetAsync(path); if (!codes.TryGetValue(path, out var list)) codes.Add(path, list = []); list.Add((int)r.StatusCode); if (r.Headers.RetryAfter?.Delta is { } d) _ = d.TotalSeconds; _ = await r.Content.ReadAsStringAsync(); }
            Console.WriteLine("  " + string.Join(" ", codes.Select(c => $"{c.Key}:{string.Join('/', c.Value)}")));
            var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i => { using var r = await http.GetAsync(i == 3 ? "limited/token" : "limited/concurrent"); return r.StatusCode; }));
            Console.WriteLine("  " + string.Join(" ", together.CountBy()));
            await using var bucket = new TokenBucketRateLimiter(new() { TokenLimit = 1, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromMilliseconds(10), QueueLimit = 1, AutoReplenishment = true });
            using (var lease = bucket.AttemptAcquire()) _ = lease.IsAcquired;
            using (var lease = await bucket.AcquireAsync(1)) _ = lease.MetadataNames.Count(); _ = bucket.GetStatistics()?.TotalSuccessfulLeases;
            await using var single = new ConcurrencyLimiter(new() { PermitLimit = 1, QueueLimit = 0 }); using var held = single.AttemptAcquire();
            using var refused = await single.AcquireAsync(); _ = refused.TryGetMetadata(MetadataName.ReasonPhrase, out _);
        });
        await Step.Run("raw connections", async () =>
        {
            using (var tcp = new TcpClient { NoDelay = true }) { await tcp.ConnectAsync(IPAddress.Loopback, ports.Lines); using var s = tcp.GetStream(); using var reader = new StreamReader(s); await using var writer = new StreamWriter(s) { NewLine = "\n", AutoFlush = true }; foreach (string line in new[] { "UPPER x y", "TIME", "what", "" }) { await writer.WriteLineAsync(line); _ = await reader.ReadLineAsync(); } await writer.WriteLineAsync("QUIT"); _ = await reader.ReadToEndAsync(); }
            using (var tcp = new TcpClient("127.0.0.1", ports.Lines)) { tcp.Client.Send("ABORT\n"u8); try { while (await tcp.Client.ReceiveAsync(new byte[10]) > 0) { } } catch (SocketException e) { _ = e.SocketErrorCode; } }
            using (var tcp = new TcpClient()) { await tcp.ConnectAsync("127.0.0.1", ports.Frames); await using var ssl = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true); await ssl.AuthenticateAsClientAsync("localhost"); var output = PipeWriter.Create(ssl); var input = PipeReader.Create(ssl); FrameServer.Write(output, "stressed"u8); await output.FlushAsync(); var r = await input.ReadAtLeastAsync(12); Console.WriteLine($"  {Encoding.ASCII.GetString(r.Buffer.Slice(4))} {ssl.SslProtocol}"); input.AdvanceTo(r.Buffer.End); await output.CompleteAsync(); }
            using (var unix = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (c, ct) => { var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); await socket.ConnectAsync(new UnixDomainSocketEndPoint(ports.Unix), ct); return new NetworkStream(socket, ownsSocket: true); } })) _ = await unix.GetStringAsync("http://x/features");
            foreach (string request in new[] { "POST /trailers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\nConnection: close\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nx-sum: 42\r\n\r\n", "GET /features HTTP/1.1\r\nHost: x\r\n\r\nGET http://x/sync HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "POST /upload/pipe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", $"GET / HTTP/1.1\r\nHost: x\r\nX-Big: {new string('x', 40000)}\r\n\r\n", $"GET /{new string('y', 9000)} HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%e2%82%ac/a+b/../c?q=%20&r HTTP/1.1\r\nHost: x\r\nAccept: text/*;q=0.5\r\nCookie: a=b; c=d\r\nConnection: close\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /own HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\nhi\r\n", "POST /upload/stream HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello" })
            { using var tcp = new TcpClient(); await tcp.ConnectAsync(IPAddress.Loopback, ports.Http); await using var s = tcp.GetStream(); await s.WriteAsync(Encoding.ASCII.GetBytes(request)); using var reader = new StreamReader(s); string answer = ""; try { answer = await reader.ReadToEndAsync(); } catch (IOException e) when (e.InnerException is SocketException) { } _ = answer.Split("\r\n\r\n", 2)[0].Split("\r\n").Skip(1).Select(l => l.Split(": ", 2)).Where(p => p.Length == 2).ToLookup(p => p[0], p => p[1]); Console.Write("  " + answer.Split("\r\n")[0]); }
            Console.WriteLine();
            var factory = new SocketTransportFactory(Options.Create(new SocketTransportOptions { WaitForDataBeforeAllocatingBuffer = false }), services.GetRequiredService<ILoggerFactory>());
            await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
            var accepted = Task.Run(async () => { await using var c = await listener.AcceptAsync(); var r = await c!.Transport.Input.ReadAsync(); await c.Transport.Output.WriteAsync(r.Buffer.ToArray()); c.Transport.Input.AdvanceTo(r.Buffer.End); });
            using (var own = new Socket(SocketType.Stream, ProtocolType.Tcp)) { await own.ConnectAsync(listener.EndPoint); await own.SendAsync("abc"u8.ToArray()); _ = await own.ReceiveAsync(new byte[8].AsMemory(), SocketFlags.None); own.Shutdown(SocketShutdown.Both); }
            await accepted; await listener.UnbindAsync(); using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
            await udp.SendAsync("beacon"u8.ToArray(), (IPEndPoint)udp.Client.LocalEndPoint!); _ = (await udp.ReceiveAsync()).RemoteEndPoint.Port;
        });
        await Step.Run("pipes", async () =>
        {
            var json = new Pipe(new PipeOptions(MemoryPool<byte>.Shared, PipeScheduler.ThreadPool, PipeScheduler.Inline, 2048, 1024, 512, false));
            var writing = Task.Run(async () => { await JsonSerializer.SerializeAsync(json.Writer.AsStream(true), Enumerable.Range(0, 50).Select(i => new Reading($"d{i}", i, i)), Endpoints.Web); await json.Writer.CompleteAsync(); });
            var read = await JsonSerializer.DeserializeAsync<List<Reading>>(json.Reader.AsStream(), Endpoints.Web); await writing;
            var first = new Segment("GET key\r\n*2;12"u8.ToArray()); var end = first.Append("34,-5,"u8.ToArray()).Append(new byte[] { 1, 0, 0, 0, 0, 7 });
            var whole = new ReadOnlySequence<byte>(first, 0, end, end.Memory.Length); int n = Parse(whole);
            Console.WriteLine($"  {read!.Count} {n} {whole.Length} {whole.IsSingleSegment} {Encoding.ASCII.GetString(whole.Slice(0, 7))}");
            var cut = PipeReader.Create(whole); var r = await cut.ReadAsync(); cut.AdvanceTo(r.Buffer.GetPosition(3), r.Buffer.End); _ = cut.TryRead(out r);
            cut.AdvanceTo(r.Buffer.End); await cut.CompleteAsync();
            var file = PipeReader.Create(new MemoryStream(new byte[9000]), new StreamPipeReaderOptions(bufferSize: 1024, minimumReadSize: 256, leaveOpen: true));
            var sink = new MemoryStream(); await file.CopyToAsync(sink); var to = new Pipe();
            var copying = PipeReader.Create(new MemoryStream(new byte[3000])).CopyToAsync(to.Writer).ContinueWith(_ => to.Writer.Complete());
            while ((r = await to.Reader.ReadAtLeastAsync(2000)) is { Buffer.IsEmpty: false }) { foreach (var m in r.Buffer) n += m.Length; to.Reader.AdvanceTo(r.Buffer.End); if (r.IsCompleted) break; }
            await to.Reader.CompleteAsync(); await copying; to.Reset(); to.Writer.Write("x"u8); await to.Writer.FlushAsync(); to.Reader.CancelPendingRead();
            _ = (await to.Reader.ReadAsync()).IsCanceled; to.Writer.CancelPendingFlush(); to.Writer.Complete(new IOException("cut"));
            var there = new Pipe(); var back = new Pipe();
            await using var connection = new DefaultConnectionContext("memory", new Duplex(there.Reader, back.Writer), new Duplex(back.Reader, there.Writer)) { RemoteEndPoint = new DnsEndPoint("example.com", 80), ConnectionClosed = default };
            var serve = new ConnectionBuilder(services).Use(next => async c => { c.Items["memory"] = true; await next(c); }).UseConnectionHandler<LineServer>().Build();
            var served = serve(connection); await there.Writer.WriteAsync("UPPER in memory\nQU"u8.ToArray());
            await there.Writer.WriteAsync("IT\n"u8.ToArray()); await served; r = await back.Reader.ReadAsync();
            Console.Write("  " + Encoding.UTF8.GetString(r.Buffer));
            var limited = new ArrayBufferWriter<byte>(16); _ = System.Buffers.Text.Utf8Formatter.TryFormat(12.5m, limited.GetSpan(32), out int written);
            limited.Advance(written); _ = System.Buffers.Text.Utf8Parser.TryParse(limited.WrittenSpan, out decimal price, out _); limited.Clear();
            Span<byte> base64 = stackalloc byte[16]; _ = System.Buffers.Text.Base64.EncodeToUtf8("frame"u8, base64, out _, out int count);
            BinaryPrimitives.WriteUInt16LittleEndian(base64, 7);
            _ = BinaryPrimitives.ReadInt64BigEndian(base64) + BinaryPrimitives.ReadUInt32LittleEndian(base64) + count + (double)price;
#if NET10_0
            var direct = new Pipe();
            await JsonSerializer.SerializeAsync(direct.Writer, new Dictionary<string, Tick> { ["a"] = new("A", 1, 2, default) }, Endpoints.Web);
            await direct.Writer.CompleteAsync(); _ = await JsonSerializer.DeserializeAsync<Dictionary<string, Tick>>(direct.Reader, Endpoints.Web);
            var top = await services.GetRequiredService<Broadcaster<Tick>>().Subscribe().Where(t => t.Price > 0).Select(t => (t.Symbol, t.Volume)).Take(3).ToListAsync();
            _ = await top.ToAsyncEnumerable().GroupBy(t => t.Symbol).OrderBy(g => g.Key).ToDictionaryAsync(g => g.Key, g => g.Sum(t => t.Volume));
#endif
            static int Parse(ReadOnlySequence<byte> s) { var reader = new SequenceReader<byte>(s); if (!reader.IsNext("GET "u8, true) || !reader.TryReadTo(out ReadOnlySequence<byte> key, "\r\n"u8)) return -1; reader.AdvancePast((byte)'*'); _ = reader.TryRead(out byte digit) & reader.TryAdvanceTo((byte)';'); _ = reader.TryReadToAny(out ReadOnlySpan<byte> number, ",;"u8); int n = int.Parse(number, CultureInfo.InvariantCulture) + (int)key.Length + digit; _ = reader.TryReadTo(out ReadOnlySpan<byte> negative, (byte)','); _ = reader.TryReadLittleEndian(out int little) & reader.TryReadBigEndian(out short big); return n + little + big + int.Parse(negative) + (reader.End ? 1 : 0) + (int)reader.Consumed; }
        });
        await Step.Run("classic host", async () =>
        {
            string dir = Path.GetDirectoryName(ports.Unix)!;
            File.WriteAllText(Path.Combine(dir, "appsettings.json"), JsonSerializer.Serialize(new { Kestrel = new { EndpointDefaults = new { Protocols = "Http1AndHttp2" }, Limits = new { MaxConcurrentConnections = 5 }, Endpoints = new Dictionary<string, object> { ["Plain"] = new { Url = "http://127.0.0.1:0", Protocols = "Http1" }, ["Secure"] = new { Url = "https://127.0.0.1:0", ClientCertificateMode = "AllowCertificate", SslProtocols = new[] { "Tls12", "Tls13" }, Certificate = new { Path = "c.pem", KeyPath = "k.pem" } } } }, Live = new { History = 3 }, AllowedHosts = "*", Logging = new { LogLevel = new Dictionary<string, string> { ["Default"] = "Warning", ["Microsoft.AspNetCore.HttpLogging"] = "Information" } } }));
            using var counters = new Counters();
            using var host = Host.CreateDefaultBuilder().UseContentRoot(dir).UseEnvironment("Development").ConfigureAppConfiguration((c, b) => b.AddInMemoryCollection([new("extra", c.HostingEnvironment.EnvironmentName)])).ConfigureLogging(l => l.AddConsole()).ConfigureWebHostDefaults(w => w.UseStartup<Startup>().ConfigureKestrel(k => k.Limits.MaxConcurrentConnections = 5)).ConfigureServices(x => x.AddHostedService<Beat>().AddSingleton<Probe>()).Build();
            await host.StartAsync(); var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            var plain = new Uri(addresses.First(a => a.StartsWith("http:"))); var secure = new Uri(addresses.First(a => a.StartsWith("https:")));
            using var client = Http(plain.Port); await host.Services.GetRequiredService<Probe>()["beat"].Task.WaitAsync(patience);
            using var branch = await client.PostAsync("branch", new StringContent("abc")); using var fail = await client.GetAsync("fail");
            _ = await client.GetStringAsync(""); using var own = X509Certificate2.CreateFromPemFile(Path.Combine(dir, "c.pem"), Path.Combine(dir, "k.pem"));
            using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator, ClientCertificateOptions = ClientCertificateOption.Manual, ClientCertificates = { own } };
            using var tls = new HttpClient(handler); string cert;
            try { cert = await tls.GetStringAsync(new Uri(secure, "cert")); } catch (HttpRequestException e) { cert = e.StatusCode?.ToString() ?? "refused"; }
            await using (var hub = await new HubClient(new SocketTransport(client, "feed", negotiate: false)).StartAsync()) { await hub.InvokeAsync<object>("Subscribe", (object)new[] { "ABC" }); await hub.InvokeAsync<int>("Ask").ContinueWith(t => t.Exception?.InnerException?.Message); }
            var many = new List<TcpClient>(); for (int i = 0; i < 6; i++) many.Add(new TcpClient("127.0.0.1", plain.Port));
            try { using var over = many[^1].GetStream(); over.Write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8); over.ReadTimeout = 500; _ = over.Read(new byte[10]); } catch (IOException) { }
            many.ForEach(c => c.Dispose());
            Console.WriteLine($"  {branch.StatusCode} {fail.StatusCode} {cert} {counters.Kinds > 5}"); using var cts = new CancellationTokenSource(500);
            await host.StopAsync(cts.Token); var slim = WebApplication.CreateSlimBuilder(); slim.Logging.ClearProviders();
            slim.WebHost.UseUrls("http://127.0.0.1:0").UseKestrelHttpsConfiguration();
            slim.Services.AddRequestTimeouts().AddRateLimiter(o => o.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(c => RateLimitPartition.GetSlidingWindowLimiter(c.Request.Method, _ => new() { PermitLimit = 1, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = 1 })));
            await using var small = slim.Build(); small.UseRateLimiter();
            small.Run(c => c.Response.WriteAsJsonAsync(new Tick("S", 1.5m, 2, DateTime.UnixEpoch))); await small.StartAsync();
            using var last = new HttpClient { BaseAddress = new(small.Urls.Single()) }; _ = await last.GetFromJsonAsync<Tick>("/");
            using var rejected = await last.GetAsync("/"); await small.StopAsync(); Console.WriteLine($"  {rejected.StatusCode}");
        });
        await Step.Run("time", async () =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            using var timer = time.CreateTimer(s => ((SemaphoreSlim)s!).Release(), new SemaphoreSlim(0), TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
            using var cts = new CancellationTokenSource(TimeSpan.FromMilliseconds(20), time);
            try { await Task.Delay(Timeout.InfiniteTimeSpan, time, cts.Token); } catch (OperationCanceledException) { } long at = time.GetTimestamp();
            _ = timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _ = time.GetElapsedTime(at).TotalMilliseconds + time.GetLocalNow().Offset.TotalHours;
            try { await new TaskCompletionSource<int>().Task.WaitAsync(TimeSpan.FromMilliseconds(1), time); } catch (TimeoutException) { }
            var sessions = new ConcurrentDictionary<Guid, (string User, DateTimeOffset Seen)>();
            foreach (string u in new[] { "a", "b", "c" }) sessions.TryAdd(Guid.NewGuid(), (u, time.GetUtcNow().AddMinutes(u == "a" ? -5 : 0)));
            foreach (var (id, x) in sessions.Where(x => x.Value.Seen < time.GetUtcNow().AddMinutes(-1)).ToList()) if (sessions.TryRemove(id, out var gone)) _ = gone.User + x.Seen;
            var days = new ConcurrentDictionary<DateOnly, ConcurrentBag<int>>();
            await Parallel.ForEachAsync(Enumerable.Range(0, 6), async (i, ct) => { await Task.Yield(); days.GetOrAdd(new DateOnly(2024, 1, 1 + i % 2), _ => []).Add(i); });
            await Parallel.ForAsync(0, 4, (i, ct) => { days.AddOrUpdate(DateOnly.MinValue, _ => [i], (_, bag) => bag); return default; });
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(2), time); await beat.WaitForNextTickAsync();
            beat.Period = TimeSpan.FromMilliseconds(3); await beat.WaitForNextTickAsync(); var latest = ImmutableDictionary<string, Tick>.Empty;
            ImmutableInterlocked.AddOrUpdate(ref latest, "ABC", new Tick("ABC", 1, 1, default), (_, t) => t with { Volume = t.Volume + 1 });
            ImmutableInterlocked.Update(ref latest, d => d.SetItem("XYZ", new Tick("XYZ", 2, 2, default)));
            using var rw = new ReaderWriterLockSlim(); rw.EnterReadLock(); rw.ExitReadLock(); rw.EnterWriteLock(); rw.ExitWriteLock();
            var debounce = new CancellationTokenSource();
            var pending = Task.Delay(500, debounce.Token).ContinueWith(t => t.IsCanceled, TaskScheduler.Default); await debounce.CancelAsync(); int tries = 0;
            while (true) try { tries++; if (tries < 3) throw new HttpRequestException("again", null, HttpStatusCode.ServiceUnavailable); break; } catch (HttpRequestException e) when (e.StatusCode is HttpStatusCode.ServiceUnavailable) { await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(10, Math.Pow(2, tries)) + Random.Shared.NextDouble())); }
            Console.WriteLine($"  {sessions.Count} {days.Count} {latest.Count} {await pending} {tries}");
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cts.Token, debounce.Token, default);
            try { linked.Token.ThrowIfCancellationRequested(); } catch (OperationCanceledException e) { _ = e.CancellationToken == linked.Token; }
            await foreach (var done in Race(Task.Delay(2), Task.FromResult(1), Task.FromCanceled(debounce.Token))) _ = done.Status;
            var gate = new AsyncLocal<string?> { Value = "request 7" }; await Task.Run(() => gate.Value?.Length); using var countdown = new CountdownEvent(2);
            ThreadPool.QueueUserWorkItem(_ => countdown.Signal()); ThreadPool.UnsafeQueueUserWorkItem<CountdownEvent>(c => c.Signal(), countdown, true);
            _ = countdown.Wait(1000);
            using var legacy = new ClientWebSocket(); legacy.Options.AddSubProtocol("legacy");
            await legacy.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/legacy"), default);
            await legacy.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, true, default); _ = await Message(legacy);
            var ending = await legacy.ReceiveAsync(new byte[10].AsMemory(), default);
            await legacy.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default); using var wrong = new ClientWebSocket();
            try { await wrong.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/legacy"), default); } catch (WebSocketException) { }
            using var q = new HttpRequestMessage(HttpMethod.Get, "x") { Headers = { { "X-Plain", "1" } } }; using var r = await http.SendAsync(q);
            using var notSocket = await http.GetAsync("legacy");
            static async IAsyncEnumerable<Task> Race(params Task[] all) { var left = all.ToList(); while (left.Count > 0) { var first = await Task.WhenAny(left); left.Remove(first); yield return first; } }
        });
        await Step.Run("channels", async () =>
        {
            var bounded = Channel.CreateBounded<(int Id, DateTime At)>(2);
            var produced = Task.Run(async () => { for (int i = 0; i < 6; i++) await bounded.Writer.WriteAsync((i, DateTime.UnixEpoch.AddSeconds(i))); bounded.Writer.Complete(new InvalidOperationException("end")); });
            int n = 0;
            try { while (await bounded.Reader.WaitToReadAsync()) while (bounded.Reader.TryPeek(out _) && bounded.Reader.TryRead(out var x)) n += x.Id; } catch (InvalidOperationException) { }
            await produced; try { await bounded.Reader.Completion; } catch (InvalidOperationException) { }
            try { bounded.Writer.TryWrite((1, default)); await bounded.Writer.WriteAsync((1, default)); } catch (ChannelClosedException e) { _ = e.InnerException; }
            var stages = Channel.CreateUnbounded<Reading>();
            var squares = Channel.CreateUnbounded<KeyValuePair<string, double>>(new UnboundedChannelOptions { SingleWriter = false });
            var workers = Enumerable.Range(0, 2).Select(async w => { await foreach (var r in stages.Reader.ReadAllAsync()) await squares.Writer.WriteAsync(KeyValuePair.Create(r.Device, r.Value * r.Value)); }).ToArray();
            await foreach (var r in Endpoints.Readings(10, 0, default)) stages.Writer.TryWrite(r); stages.Writer.Complete();
            _ = Task.WhenAll(workers).ContinueWith(t => squares.Writer.Complete(t.Exception)); var sums = new SortedDictionary<string, double>();
            await foreach (var (k, v) in squares.Reader.ReadAllAsync()) sums[k] = sums.GetValueOrDefault(k) + v;
            var ticks = services.GetRequiredService<Broadcaster<Tick>>(); var window = new List<Tick>();
            using var cts = new CancellationTokenSource(patience);
            await foreach (var t in ticks.Subscribe(cts.Token)) { window.Add(t); if (window.Count == 4) break; }
            foreach (var g in window.GroupBy(t => t.Symbol).Select(g => (g.Key, Low: g.Min(t => t.Price), High: g.Max(t => t.Price), Volume: g.Sum(t => t.Volume))).OrderBy(g => g.Key, StringComparer.Ordinal)) _ = $"{g.Key,-5}{g.Low,10:F2}{g.High,10:F2}{g.Volume,6:N0}";
            using var beats = new Timer(s => Interlocked.Increment(ref ((StrongBox<int>)s!).Value), new StrongBox<int>(), 0, 5);
            using var activity = Telemetry.Source.StartActivity("channels", ActivityKind.Producer);
            activity?.SetTag("n", n).AddEvent(new ActivityEvent("end"));
            Telemetry.Meter.CreateCounter<long>("read").Add(n, new KeyValuePair<string, object?>("kind", "tuple"));
            var either = await Task.WhenAny(bounded.Reader.Completion, Task.Delay(1)); await Task.Delay(8); beats.Change(Timeout.Infinite, Timeout.Infinite);
            Console.WriteLine($"  {n} {sums.Count} {either.Status}");
#if NET10_0
            var urgent = Channel.CreateUnboundedPrioritized(new UnboundedPrioritizedChannelOptions<Said> { Comparer = Comparer<Said>.Create((a, b) => b.Text.Length.CompareTo(a.Text.Length)) });
            foreach (string t in new[] { "b", "aaa", "cc" }) urgent.Writer.TryWrite(new(Guid.NewGuid(), "r", "u", t, default));
            _ = (await urgent.Reader.ReadAsync()).Text;
            using var ws = new ClientWebSocket(); await ws.ConnectAsync(new($"ws://127.0.0.1:{ports.Http}/ws/echo"), default);
            await using (var s = WebSocketStream.Create(ws, WebSocketMessageType.Text, ownsWebSocket: true)) { await s.WriteAsync("stream"u8.ToArray()); _ = await s.ReadAsync(new byte[10]); }
#endif
        });
    }

    public static async Task ShutdownAsync(WebApplication app, Ports ports, ConcurrentQueue<string> stages)
    {
        using var http = Http(ports.Http); using var ann = Http(ports.Http, "ann");
        await using var hub = await new HubClient(new SocketTransport(ann, "chat")).StartAsync(); using var echo = await Socket(ports.Http, "ws/echo");
        using var events = await http.GetStreamAsync("sse/ticks?take=100000");
        using var idle = new TcpClient("127.0.0.1", ports.Lines); var closing = echo.ReceiveAsync(new byte[10].AsMemory(), default).AsTask();
        app.Lifetime.StopApplication(); var waited = app.WaitForShutdownAsync(); var stopped = app.StopAsync(TimeSpan.FromSeconds(1));
        try { if ((await closing.WaitAsync(patience)).MessageType == WebSocketMessageType.Close) await echo.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default); } catch (WebSocketException e) { _ = e.Message; }
        await stopped;
        Console.WriteLine($"  {echo.State is WebSocketState.Closed or WebSocketState.Aborted} {echo.CloseStatus} hub {await hub.Closed.WaitAsync(patience)}");
        try { while (await events.ReadAsync(new byte[4096]) > 0) { } } catch (IOException) { } await waited;
        try { await http.GetAsync("health"); } catch (HttpRequestException e) { _ = e.StatusCode + e.Message; }
        Console.WriteLine($"  {string.Join(' ', stages)} {ConnectionCounter.Requests > 50}");
    }

    private static async Task<ClientWebSocket> Socket(int port, string path) { var s = new ClientWebSocket(); await s.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/{path}"), CancellationToken.None); return s; }
    private static async Task<byte[]> Message(WebSocket s)
    {
        using var all = new MemoryStream(); var buffer = new byte[256]; using var cts = new CancellationTokenSource(patience); WebSocketReceiveResult r;
        do { r = await s.ReceiveAsync(new ArraySegment<byte>(buffer), cts.Token); all.Write(buffer, 0, r.Count); } while (!r.EndOfMessage);
        return all.ToArray();
    }
    private static async IAsyncEnumerable<double> Numbers() { for (int i = 0; i < 3; i++) { await Task.Yield(); yield return i; } }
    private static async IAsyncEnumerable<string> Words(params string[] words) { foreach (string w in words) { await Task.Yield(); yield return w; } }
    private static IEnumerable<string> CountBy(this IEnumerable<HttpStatusCode> codes) => codes.GroupBy(c => c).OrderBy(g => g.Key).Select(g => $"{(int)g.Key}*{g.Count()}");
}
