// An edge gateway before two small services: forwarding, load balancing, health, resilience, policies, tokens, caching, binding, metrics. MIT licensed.
using System.Buffers;
using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mime;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.HttpLogging;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.RequestDecompression;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Rewrite;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using EntityTagHeaderValue = Microsoft.Net.Http.Headers.EntityTagHeaderValue;
using SameSiteMode = Microsoft.AspNetCore.Http.SameSiteMode;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

string temp = Directory.CreateTempSubdirectory("gw").FullName;
var lines = new RingLogs();
await using var one = await Backend.Start("one", Path.Combine(temp, "1.s"), lines);
await using var two = await Backend.Start("two", Path.Combine(temp, "2.s"), lines);
string[] first = [.. one.Urls], second = [.. two.Urls];

using var activities = new ActivityListener
{
    ShouldListenTo = s => s.Name is "Gateway" or "Microsoft.AspNetCore" or "System.Net.Http", ActivityStopped = a => lines.Add($"{a.OperationName} {a.Status} {a.Duration > TimeSpan.Zero} {a.TagObjects.Count()}"),
    Sample = (ref ActivityCreationOptions<ActivityContext> o) => ActivitySamplingResult.AllDataAndRecorded,
};
ActivitySource.AddActivityListener(activities);
var measured = new ConcurrentDictionary<(string Meter, string Instrument), (long Count, double Sum)>();
using var meters = new MeterListener { InstrumentPublished = (i, l) => { if (i.Meter.Name is "Gateway" || i.Meter.Name.StartsWith("Microsoft.AspNetCore") || i.Meter.Name == "System.Net.Http") l.EnableMeasurementEvents(i, i.Name); } };
void Measure(Instrument i, double v) => measured.AddOrUpdate((i.Meter.Name, i.Name), (1, v), (_, old) => (old.Count + 1, old.Sum + v));
meters.SetMeasurementEventCallback<long>((i, v, tags, state) => Measure(i, v)); meters.SetMeasurementEventCallback<int>((i, v, tags, state) => Measure(i, v));
meters.SetMeasurementEventCallback<double>((i, v, tags, state) => { foreach (var t in tags) _ = t.Key; Measure(i, v); });
meters.Start();

using var certificateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var request = new CertificateRequest("CN=localhost, O=Gateway", certificateKey, HashAlgorithmName.SHA256);
var names = new SubjectAlternativeNameBuilder(); names.AddDnsName("localhost"); names.AddIpAddress(IPAddress.Loopback);
request.CertificateExtensions.Add(names.Build()); request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = temp, EnvironmentName = Environments.Production });
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["AllowedHosts"] = "localhost;127.0.0.1;*.example.com", ["Gateway:ActivityTimeout"] = "00:00:30", ["Gateway:MaxRetries"] = "2",
    ["Gateway:Clusters:catalog:Policy"] = "RoundRobin", ["Gateway:Clusters:catalog:Destinations:one"] = first[0], ["Gateway:Clusters:catalog:Destinations:two"] = second[0],
    ["Gateway:Clusters:modern:Policy"] = "LeastRequests", ["Gateway:Clusters:modern:HttpVersion"] = "2.0", ["Gateway:Clusters:modern:Destinations:one"] = first[1],
    ["Gateway:Clusters:sticky:Policy"] = "Sticky", ["Gateway:Clusters:sticky:Destinations:one"] = first[0], ["Gateway:Clusters:sticky:Destinations:two"] = second[0],
    ["Gateway:Clusters:dead:Policy"] = "PowerOfTwo", ["Gateway:Clusters:dead:Destinations:none"] = "http://127.0.0.1:1",
    ["Gateway:Routes:0:Id"] = "catalog", ["Gateway:Routes:0:Path"] = "/catalog/{**rest}", ["Gateway:Routes:0:Cluster"] = "catalog", ["Gateway:Routes:0:Order"] = "1",
    ["Gateway:Routes:1:Id"] = "modern", ["Gateway:Routes:1:Path"] = "/modern/{**rest}", ["Gateway:Routes:1:Cluster"] = "modern", ["Gateway:Routes:1:Methods:0"] = "GET", ["Gateway:Routes:1:Methods:1"] = "POST",
    ["Gateway:Routes:2:Id"] = "sticky", ["Gateway:Routes:2:Path"] = "/sticky/{**rest}", ["Gateway:Routes:2:Cluster"] = "sticky", ["Gateway:Routes:2:Transforms:X-Gateway"] = "edge",
    ["Gateway:Routes:3:Id"] = "dead", ["Gateway:Routes:3:Path"] = "/dead/{**rest}", ["Gateway:Routes:3:Cluster"] = "dead",
    ["Gateway:Routes:4:Id"] = "beta", ["Gateway:Routes:4:Path"] = "/catalog/{**rest}", ["Gateway:Routes:4:Cluster"] = "modern", ["Gateway:Routes:4:Header"] = "X-Beta", ["Gateway:Routes:4:Order"] = "1",
});
builder.Logging.ClearProviders().AddProvider(lines).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft.AspNetCore.Server", LogLevel.Information)
    .Configure(o => o.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId | ActivityTrackingOptions.Baggage);
builder.WebHost.ConfigureKestrel(k =>
{
    k.AddServerHeader = false; k.Limits.MaxRequestBodySize = 1 << 20; k.Limits.MaxConcurrentConnections = 500; k.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(1); k.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
    k.Limits.Http2.MaxStreamsPerConnection = 50; k.Limits.Http2.InitialStreamWindowSize = 1 << 18; k.Limits.MinRequestBodyDataRate = new(50, TimeSpan.FromSeconds(20)); k.Limits.MaxRequestHeaderCount = 60; k.AllowSynchronousIO = false;
    k.Listen(IPAddress.Loopback, 0, l => l.Use(next => async connection => { connection.Items["accepted"] = connection.RemoteEndPoint; await next(connection); }));
    k.Listen(IPAddress.Loopback, 0, l => { l.Protocols = HttpProtocols.Http2; l.UseConnectionLogging("wire"); });
    k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(h =>
    {
        h.ServerCertificateSelector = (c, name) => certificate; h.ClientCertificateMode = ClientCertificateMode.AllowCertificate; h.CheckCertificateRevocation = false;
        h.ClientCertificateValidation = (c, chain, errors) => c.Subject.Contains("Gateway"); h.OnAuthenticate = (c, o) => o.AllowRenegotiation = false;
    }));
    k.Listen(IPAddress.Loopback, 0, l => l.UseConnectionHandler<TcpTunnel>());
});
var s = builder.Services;
s.AddOptions<GatewayOptions>().BindConfiguration("Gateway").ValidateDataAnnotations().Validate(o => o.Routes.All(r => o.Clusters.ContainsKey(r.Cluster)), "unknown cluster").ValidateOnStart();
s.AddSingleton(new TunnelTarget(new Uri(first[0]))); s.AddSingleton<GatewayMetrics>(); s.AddSingleton<Forwarder>(); s.AddSingleton<ClusterTable>(); s.AddSingleton<GatewayEndpoints>();
s.AddKeyedSingleton<IBalancer, RoundRobin>("RoundRobin"); s.AddKeyedSingleton<IBalancer, LeastRequests>("LeastRequests"); s.AddKeyedSingleton<IBalancer, PowerOfTwo>("PowerOfTwo"); s.AddKeyedSingleton<IBalancer, Sticky>("Sticky");
s.AddHostedService<HealthProber>(); s.TryAddSingleton(TimeProvider.System); s.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, HeaderMatcherPolicy>());
s.Configure<ForwardedHeadersOptions>(o =>
{
    o.ForwardedHeaders = ForwardedHeaders.All; o.ForwardLimit = 2; o.AllowedHosts.Add("*.example.com"); o.KnownProxies.Clear(); o.KnownProxies.Add(IPAddress.Loopback); o.KnownProxies.Add(IPAddress.IPv6Loopback);
#if NET10_0
    o.KnownIPNetworks.Add(System.Net.IPNetwork.Parse("10.0.0.0/8"));
#else
    o.KnownNetworks.Add(new(IPAddress.Parse("10.0.0.0"), 8));
#endif
});
s.AddHttpLogging(o => { o.LoggingFields = HttpLoggingFields.All; o.RequestHeaders.Add("X-Tenant"); o.ResponseHeaders.Add("X-Instance"); o.MediaTypeOptions.AddText("application/json"); o.RequestBodyLogLimit = 512; o.CombineLogs = true; });
s.AddHttpLoggingInterceptor<QuietLogging>();
s.AddResponseCompression(o => { o.EnableForHttps = true; o.Providers.Add<BrotliCompressionProvider>(); o.Providers.Add<GzipCompressionProvider>(); o.MimeTypes = ResponseCompressionDefaults.MimeTypes.Append("application/x-report"); });
s.Configure<BrotliCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest); s.Configure<GzipCompressionProviderOptions>(o => o.Level = CompressionLevel.Optimal);
s.AddRequestDecompression(o => o.DecompressionProviders.Add("rot", new PlainDecompression()));
s.AddProblemDetails(o => o.CustomizeProblemDetails = c => { c.ProblemDetails.Instance = c.HttpContext.Request.Path; c.ProblemDetails.Extensions["traceId"] = Activity.Current?.Id ?? c.HttpContext.TraceIdentifier; });
s.AddExceptionHandler<UpstreamFailures>(); s.ConfigureHttpJsonOptions(o => Backend.Configure(o.SerializerOptions)); s.AddCors(o => { o.AddDefaultPolicy(p => p.WithOrigins("http://x", "https://*.example.com").SetIsOriginAllowedToAllowWildcardSubdomains().AllowAnyHeader().WithMethods("GET", "POST").AllowCredentials().WithExposedHeaders("ETag").SetPreflightMaxAge(TimeSpan.FromMinutes(5))); o.AddPolicy("open", p => p.AllowAnyOrigin().AllowAnyMethod()); });
s.AddRequestTimeouts(o =>
{
    o.DefaultPolicy = new RequestTimeoutPolicy { Timeout = TimeSpan.FromSeconds(60) };
    o.AddPolicy("short", new RequestTimeoutPolicy { Timeout = TimeSpan.FromMilliseconds(40), TimeoutStatusCode = 504, WriteTimeoutResponse = c => c.Response.WriteAsync("too slow") }).AddPolicy("long", TimeSpan.FromMinutes(2));
});
s.AddOutputCache(o =>
{
    o.MaximumBodySize = 1 << 16; o.SizeLimit = 1 << 22; o.DefaultExpirationTimeSpan = TimeSpan.FromMinutes(1); o.AddBasePolicy(p => p.With(c => c.HttpContext.Request.Path.StartsWithSegments("/cached")).Tag("all"));
    o.AddPolicy("query", p => p.SetVaryByQuery("page", "size").SetVaryByHeader("Accept-Language").Expire(TimeSpan.FromMinutes(5)).Tag("pages")); o.AddPolicy("route", p => p.SetVaryByRouteValue("id").SetVaryByHost(false).SetLocking(true));
    o.AddPolicy("value", p => p.VaryByValue((c, t) => ValueTask.FromResult(new KeyValuePair<string, string>("tenant", c.Request.Headers["X-Tenant"].ToString()))).SetCacheKeyPrefix("v-")); o.AddPolicy("post", new CachePosts()); o.AddPolicy("none", p => p.NoCache());
});
s.AddRateLimiter(o =>
{
    o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
    o.OnRejected = async (c, token) =>
    {
        if (c.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after)) c.HttpContext.Response.Headers.RetryAfter = ((int)after.TotalSeconds).ToString(NumberFormatInfo.InvariantInfo);
        await Results.Problem("slow down", statusCode: 429).ExecuteAsync(c.HttpContext);
    };
    o.GlobalLimiter = PartitionedRateLimiter.CreateChained(
        PartitionedRateLimiter.Create<HttpContext, IPAddress>(c => RateLimitPartition.GetConcurrencyLimiter(c.Connection.RemoteIpAddress ?? IPAddress.None, _ => new() { PermitLimit = 500, QueueLimit = 10 })),
        PartitionedRateLimiter.Create<HttpContext, string>(c => c.Request.Headers.UserAgent.ToString() is { Length: > 0 } agent ? RateLimitPartition.GetFixedWindowLimiter(agent, _ => new() { PermitLimit = 10000, Window = TimeSpan.FromMinutes(1) }) : RateLimitPartition.GetNoLimiter("")));
    o.AddFixedWindowLimiter("fixed", f => { f.PermitLimit = 2; f.Window = TimeSpan.FromHours(1); f.QueueProcessingOrder = QueueProcessingOrder.OldestFirst; });
    o.AddSlidingWindowLimiter("sliding", f => { f.PermitLimit = 2; f.Window = TimeSpan.FromHours(1); f.SegmentsPerWindow = 4; });
    o.AddTokenBucketLimiter("token", f => { f.TokenLimit = 2; f.TokensPerPeriod = 1; f.ReplenishmentPeriod = TimeSpan.FromHours(1); f.AutoReplenishment = true; });
    o.AddConcurrencyLimiter("one-at-a-time", f => { f.PermitLimit = 1; f.QueueLimit = 5; });
    o.AddPolicy<string, PlanLimiter>("plan"); o.AddPolicy("tenant", c => RateLimitPartition.Get(c.Request.Headers["X-Tenant"].ToString(), k => new TokenBucketRateLimiter(new() { TokenLimit = k == "big" ? 100 : 1, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromHours(1), QueueLimit = 0 })));
});
using var signer = new TokenSigner();
s.AddSingleton(signer); s.AddSingleton<IUserStore, UserStore>();
s.AddAuthentication("smart").AddPolicyScheme("smart", "by header", o => o.ForwardDefaultSelector = c => c.Request.Headers.Authorization.ToString() switch { ['B', 'e', ..] => "Token", ['B', 'a', ..] => "Basic", _ => c.Request.Headers.ContainsKey("X-Api-Key") ? "ApiKey" : CookieAuthenticationDefaults.AuthenticationScheme })
    .AddScheme<ApiKeyOptions, ApiKeyHandler>("ApiKey", "API key", o => o.Keys["k-1"] = ("robot", ["reader"])).AddScheme<AuthenticationSchemeOptions, BasicHandler>("Basic", null).AddScheme<AuthenticationSchemeOptions, TokenHandler>("Token", null)
    .AddCookie(o => { o.Cookie.Name = "edge"; o.Cookie.SameSite = SameSiteMode.Strict; o.ExpireTimeSpan = TimeSpan.FromHours(1); o.SlidingExpiration = true; o.LoginPath = "/login"; o.AccessDeniedPath = "/denied"; o.Events.OnRedirectToAccessDenied = c => { c.Response.StatusCode = 403; return Task.CompletedTask; }; o.Events.OnValidatePrincipal = c => { if (c.Principal?.HasClaim("revoked", "true") == true) c.RejectPrincipal(); return Task.CompletedTask; }; o.Events.OnSigningIn = c => { c.Properties.Items["device"] = "d"; return Task.CompletedTask; }; });
s.AddAuthorizationBuilder().AddPolicy("reader", p => p.RequireRole("reader", "admin")).AddPolicy("token-only", p => p.AddAuthenticationSchemes("Token").RequireAuthenticatedUser().RequireClaim("scope", "write", "all"))
    .AddPolicy("adult", p => p.AddRequirements(new MinimumAge(18))).AddPolicy("named", p => p.RequireUserName("ann").RequireAssertion(c => c.User.Identity is { IsAuthenticated: true })).AddPolicy("owner", p => p.Requirements.Add(new OperationAuthorizationRequirement { Name = "Edit" }));
s.AddSingleton<IAuthorizationHandler, MinimumAgeHandler>(); s.AddSingleton<IAuthorizationHandler, OwnerHandler>(); s.AddSingleton<IAuthorizationHandler, ScopeHandler>(); s.AddTransient<IClaimsTransformation, AddPlan>(); s.AddSingleton<IAuthorizationPolicyProvider, ScopePolicies>(); s.AddSingleton<IAuthorizationMiddlewareResultHandler, ExplainDenied>();
s.AddDataProtection(o => o.ApplicationDiscriminator = "edge").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(temp, "keys"))).SetDefaultKeyLifetime(TimeSpan.FromDays(14)).SetApplicationName("gateway"); s.AddAntiforgery(o => o.HeaderName = "X-Csrf");
s.AddHealthChecks().AddCheck<UpstreamCheck>("upstream", HealthStatus.Degraded, ["ready"]).AddCheck("self", () => HealthCheckResult.Healthy("fine", new Dictionary<string, object> { ["threads"] = 1 }), ["live"]).AddAsyncCheck("broken", _ => throw new TimeoutException("db"), ["all"]); s.Configure<HealthCheckPublisherOptions>(o => o.Delay = TimeSpan.FromMinutes(5));
s.ConfigureHttpClientDefaults(b => b.ConfigureHttpClient(c => c.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("edge", "1.0"))).RedactLoggedHeaders(["Authorization"]));
s.AddTransient<RetryHandler>(); s.AddTransient<BearerHandler>(); s.AddSingleton(new CircuitBreaker(3, TimeSpan.FromSeconds(30), TimeProvider.System)); s.AddTransient<BreakerHandler>();
s.AddHttpClient<CatalogClient>(c => { c.BaseAddress = new Uri(first[0]); c.Timeout = TimeSpan.FromSeconds(30); }).AddHttpMessageHandler<RetryHandler>().AddHttpMessageHandler(p => p.GetRequiredService<BearerHandler>()).SetHandlerLifetime(TimeSpan.FromMinutes(5)).UseSocketsHttpHandler((h, p) => { h.PooledConnectionLifetime = TimeSpan.FromMinutes(2); h.AutomaticDecompression = DecompressionMethods.All; });
s.AddHttpClient("stock", (p, c) => c.BaseAddress = new Uri(second[0])).AddHttpMessageHandler<BreakerHandler>().ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler { UseProxy = false, MaxConnectionsPerServer = 4 }).RemoveAllLoggers().AddLogger<ClientLog>(wrapHandlersPipeline: true); s.AddSingleton<ClientLog>(); s.AddHttpClient<IPrices, Prices>("prices").ConfigureHttpClient(c => c.BaseAddress = new Uri(second[0])).ConfigureAdditionalHttpMessageHandlers((list, p) => list.Insert(0, new LimitHandler(new ConcurrencyLimiter(new() { PermitLimit = 4, QueueLimit = 100 }))));
#if NET10_0
s.AddHttpClient("keyed", c => c.BaseAddress = new Uri(first[0])).AddAsKeyed();
#endif
await using var edge = builder.Build();
edge.UseForwardedHeaders(); edge.UseHttpLogging(); edge.UseExceptionHandler(); edge.UseStatusCodePages();
edge.UseRewriter(new RewriteOptions().AddRewrite("^v1/(.*)", "catalog/$1", skipRemainingRules: true).AddRedirect("^old/(.*)$", "catalog/$1", 308).Add(c => { if (c.HttpContext.Request.Path.StartsWithSegments("/gone")) { c.HttpContext.Response.StatusCode = 410; c.Result = RuleResult.EndResponse; } }));
edge.UsePathBase("/edge"); edge.UseWebSockets(new() { KeepAliveInterval = TimeSpan.FromMinutes(1) }); edge.UseRouting(); edge.UseCors(); edge.UseAuthentication(); edge.UseAuthorization(); edge.UseAntiforgery(); edge.UseRateLimiter(); edge.UseRequestTimeouts(); edge.UseResponseCompression(); edge.UseOutputCache(); edge.UseRequestDecompression();
edge.UseMiddleware<CorrelationMiddleware>("X-Correlation-Id");
edge.UseWhen(c => c.Request.Query.ContainsKey("trace"), b => b.Use(async (c, next) => { var clock = Stopwatch.StartNew(); c.Response.OnStarting(state => { ((HttpContext)state).Response.Headers["Server-Timing"] = $"edge;dur={clock.Elapsed.TotalMilliseconds:F1}"; return Task.CompletedTask; }, c); await next(c); }));
edge.MapWhen(c => c.Request.Headers.Host.ToString().StartsWith("shop."), b => b.Run(c => c.Response.WriteAsync("shop " + c.Request.GetDisplayUrl()))); edge.Map("/branch", b => { b.UsePathBase("/deep"); b.Run(c => c.Response.WriteAsync(c.Request.PathBase + "|" + c.Request.Path)); });
((IEndpointRouteBuilder)edge).DataSources.Add(edge.Services.GetRequiredService<GatewayEndpoints>());
edge.MapHealthChecks("/health/ready", new() { Predicate = c => c.Tags.Contains("ready"), ResponseWriter = (c, r) => c.Response.WriteAsJsonAsync(new { status = r.Status, entries = r.Entries.ToDictionary(e => e.Key, e => e.Value.Status.ToString()) }) }); edge.MapHealthChecks("/health/all", new() { ResultStatusCodes = { [HealthStatus.Degraded] = 218 }, AllowCachingResponses = false }).ShortCircuit(); edge.MapShortCircuit(404, "robots.txt", "favicon.ico");
EdgeApi.Map(edge); EdgeApi.MapSecurity(edge);
await edge.StartAsync();
string[] urls = [.. edge.Urls]; string web = urls[0], h2c = urls[1], tls = urls[2];
using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = new Uri(web), Timeout = TimeSpan.FromSeconds(60) };
async Task<string> Ask(string url, int status = 200, HttpMethod? method = null, HttpContent? content = null, params (string Name, string Value)[] headers)
{
    using var m = new HttpRequestMessage(method ?? (content == null ? HttpMethod.Get : HttpMethod.Post), url) { Content = content };
    foreach (var (name, value) in headers) m.Headers.TryAddWithoutValidation(name, value);
    using var r = await http.SendAsync(m, HttpCompletionOption.ResponseHeadersRead);
    string text = await r.Content.ReadAsStringAsync();
    if ((int)r.StatusCode != status) throw new InvalidOperationException($"{method} {url}: {(int)r.StatusCode} {text}");
    return r.Headers.TryGetValues("Set-Cookie", out var cookies) && status != 302 ? string.Join(';', cookies.Select(c => c.Split(';')[0])) : text;
}
await Scenarios.Forward(Ask, http, web, h2c, edge);
await Scenarios.Binding(Ask, new Uri(first[0]));
await Scenarios.Policies(Ask, edge);
await Scenarios.Security(Ask, edge, signer, http);
await Scenarios.Contents(Ask, edge, first[0], web);
await Scenarios.Clients(edge, first, second, web, tls, certificate, Path.Combine(temp, "1.s"));
await Scenarios.Sockets(web, h2c, urls[3]);
Scenarios.Pieces(edge.Services);
await Step.Run("metrics", () => { meters.RecordObservableInstruments(); foreach (var g in measured.GroupBy(m => m.Key.Meter).OrderBy(g => g.Key, StringComparer.Ordinal)) lines.Add($"{g.Key,-40} {g.Count(),3} {g.Max(m => m.Value.Count)}"); if (measured.Count < 8 || lines.Count == 0) throw new InvalidOperationException("nothing measured"); return Task.CompletedTask; });
await Step.Run("reload", async () =>
{
    var b = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = temp }); b.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").UseShutdownTimeout(TimeSpan.FromSeconds(2)); b.Services.AddRoutingCore().AddMetrics().AddHttpContextAccessor().AddCors(o => o.AddDefaultPolicy(p => p.AllowAnyOrigin()));
    b.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Gateway:ActivityTimeout"] = "00:01:00", ["Gateway:Clusters:c:Destinations:one"] = first[0], ["Gateway:Routes:0:Id"] = "a", ["Gateway:Routes:0:Path"] = "/a/{**rest}", ["Gateway:Routes:0:Cluster"] = "c" });
    b.Services.Configure<GatewayOptions>(b.Configuration.GetSection("Gateway")); b.Services.AddSingleton<GatewayMetrics>().AddSingleton<Forwarder>().AddSingleton<ClusterTable>().AddSingleton<GatewayEndpoints>().AddKeyedSingleton<IBalancer, RoundRobin>("RoundRobin");
    await using var small = b.Build(); small.UseCors(); ((IEndpointRouteBuilder)small).DataSources.Add(small.Services.GetRequiredService<GatewayEndpoints>()); await small.StartAsync(); string at = small.Urls.Single(); await Ask(at + "/a/items/1"); await Ask(at + "/late/items/1", 404);
    foreach (var (key, value) in new[] { ("Id", "late"), ("Path", "/late/{**rest}"), ("Cluster", "c") }) small.Configuration["Gateway:Routes:1:" + key] = value; ((IConfigurationRoot)small.Configuration).Reload(); await Ask(at + "/late/items/1"); await small.StopAsync();
});
await edge.StopAsync(); await one.StopAsync(); await two.StopAsync();
Directory.Delete(temp, true);
return Step.Exit;

internal delegate Task<string> Asker(string url, int status = 200, HttpMethod? method = null, HttpContent? content = null, params (string Name, string Value)[] headers);

internal static class Scenarios
{
#if NET10_0
    private const int challenged = 401;
#else
    private const int challenged = 302;
#endif

    public static async Task Forward(Asker ask, HttpClient http, string web, string h2c, WebApplication edge)
    {
        await Step.Run("forward", async () =>
        {
            var seen = new HashSet<string>();
            for (int i = 0; i < 4; i++) { using var r = await http.GetAsync("/catalog/items/1?trace=1"); seen.Add(r.Headers.GetValues("X-Instance").Single()); _ = await r.Content.ReadFromJsonAsync<Item>(Backend.Json); }
            _ = seen.Order().ToList(); await ask("/v1/items?page=2&tag=a&tag=b%20c"); await ask("/old/items", 308); await ask("/gone", 410); await ask("/edge/catalog/items/2"); await ask("/branch/deep/x"); await ask("/catalog/items/999", 404); await ask("/catalog/nothing", 404);
            await ask("/catalog/items/1", headers: ("X-Beta", "1")); await ask("/modern/items", 405, HttpMethod.Delete); await ask("/dead/items", 502); await ask("/catalog/slow?ms=1"); await ask("/robots.txt", 404); await ask("/catalog/redirect", 302);
            await ask("/catalog/echo", 200, HttpMethod.Put, new StringContent("put", Encoding.UTF8, "text/plain"), ("X-Tenant", "t"), ("Accept-Language", "de, en;q=0.5"), ("X-Forwarded-For", "203.0.113.7, 10.1.2.3"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "www.example.com"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("baggage", "user=ann"));
            await ask("/catalog/echo", 200, HttpMethod.Patch, JsonContent.Create(new { a = 1, b = new[] { 1.5, 2 } })); await ask("/catalog/echo", 200, HttpMethod.Options); await ask("/catalog/echo", 200, HttpMethod.Head); await ask("/catalog/echo", 200, new HttpMethod("REPORT"), new FormUrlEncodedContent([new("k", "v w"), new("k", "ü")]));
            string sticky = await ask("/sticky/echo"); await ask("/sticky/echo", headers: ("Cookie", sticky)); await ask("/sticky/echo", headers: ("Cookie", "edge-affinity=forged"));
            await ask("/catalog/download", 206, headers: ("Range", "bytes=10-19")); await ask("/catalog/download", 304, headers: ("If-None-Match", "\"v1\"")); await ask("/catalog/download", 416, headers: ("Range", "bytes=90000-")); await ask("/catalog/items", headers: ("Accept-Encoding", "br;q=0.9, gzip"));
        });
        await Step.Run("streams", async () =>
        {
            using var upload = new StreamContent(new SlowStream(40_000)); upload.Headers.ContentType = new(MediaTypeNames.Application.Octet); await ask("/catalog/length", 200, HttpMethod.Post, upload);
            using var form = new MultipartFormDataContent("xx-boundary") { { new StringContent("title"), "title" }, { new ByteArrayContent(new byte[3000]) { Headers = { ContentType = new("image/png") } }, "file", "a.png" } }; await ask("/catalog/upload", 200, HttpMethod.Post, form);
            using (var big = new HttpRequestMessage(HttpMethod.Post, "/catalog/length") { Content = new ByteArrayContent(new byte[100_000]), Headers = { ExpectContinue = true, TransferEncodingChunked = true } }) using (var r = await http.SendAsync(big)) r.EnsureSuccessStatusCode();
            await foreach (var reading in http.GetFromJsonAsAsyncEnumerable<Reading>("/catalog/stream?count=20", Backend.Json)) _ = reading?.Value;
            await using (var events = await http.GetStreamAsync("/catalog/sse")) using (var reader = new StreamReader(events)) while (await reader.ReadLineAsync() is { } line) _ = line.StartsWith("data:");
            using var two = new HttpRequestMessage(HttpMethod.Get, h2c + "/modern/trailers") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Headers = { TE = { new("trailers") } } };
            using (var r = await http.SendAsync(two, HttpCompletionOption.ResponseHeadersRead)) { _ = await r.Content.ReadAsByteArrayAsync(); if (!r.TrailingHeaders.TryGetValues("x-checksum", out var sums)) throw new InvalidDataException("no trailer"); _ = sums.First(); }
            await Parallel.ForEachAsync(Enumerable.Range(0, 6), new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (i, t) => { using var m = new HttpRequestMessage(HttpMethod.Post, h2c + "/modern/length") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher, Content = new PushContent(i * 1000) }; using var r = await http.SendAsync(m, t); r.EnsureSuccessStatusCode(); });
            using var cancel = new CancellationTokenSource(30); try { await http.GetStringAsync("/catalog/slow?ms=5000", cancel.Token); } catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested) { }
            try { await http.GetStringAsync("/catalog/abort"); } catch (HttpRequestException e) { _ = e.HttpRequestError.ToString() + e.StatusCode; }
        });
        await Step.Run("aggregate", async () => { await ask("/dashboard/1"); await ask("/merge"); await ask("/fastest"); await ask("/price/7"); await ask("/partial"); await ask("/report"); await ask("/raw"); await ask("/links"); });
    }

    public static Task Binding(Asker any, Uri backend) => Step.Run("binding", async () =>
    {
        Task<string> ask(string url, int status = 200, HttpMethod? method = null, HttpContent? content = null, params (string Name, string Value)[] headers) => any(new Uri(backend, url).AbsoluteUri, status, method, content, headers);
        string id = Guid.Empty.ToString();
        await ask($"/bind/scalars/5?big=5000000000&rate=1.5&price=2.50&on=true&id={id}&day=Friday&date=2024-02-29&time=10:30&at=2024-02-29T10:00:00Z&off=2024-02-29T10:00:00%2B02:00&span=01:02:03&link=http://x/&small=3&tiny=255&f=1.25&v=1.2.3&ip=127.0.0.1"); await ask("/bind/scalars/5?big=x", 400); await ask("/bind/nullable"); await ask($"/bind/nullable?n=1&day=Monday&id={id}&date=2024-01-01&price=1.5&on=false&point=1,2");
        await ask($"/bind/arrays?n=1&n=2&s=a&s=b&day=Sunday&id={id}&d=2024-01-01&p=1,2&p=3,4&maybe=&maybe=4&sv=q", headers: [("X-Numbers", "1"), ("X-Name", "n")]); await ask("/bind/arrays?n=x", 400); await ask("/bind/own?point=3,4&page=2&size=5", headers: ("X-Tenant", "t9")); await ask("/bind/own?point=zz", 400);
        await ask("/bind/all/7?q=find&page=1", headers: ("X-Trace", "a")); await ask("/bind/context"); await ask("/bind/keyed"); await ask("/bind/body", 200, null, JsonContent.Create(new NewOrder("ann", 3, DayOfWeek.Friday))); await ask("/bind/body", 400, null, new StringContent("{bad", null, "application/json")); await ask("/bind/body", 415, null, new StringContent("x"));
        await ask("/bind/optional", 200, HttpMethod.Post); await ask("/bind/stream", 200, null, new StringContent("raw")); await ask("/bind/pipe", 200, null, new StringContent("a\nb\nc\n")); await ask("/bind/struct?Name=a&Size=2&When=2024-01-01"); await ask("/bind/dictionary", 200, null, JsonContent.Create(new Dictionary<string, int[]> { ["a"] = [1] }));
        await ask("/bind/form", 200, null, new FormUrlEncodedContent([new("name", "n"), new("age", "4"), new("n", "7"), new("tags", "a"), new("tags", "b")])); await ask("/bind/order", 200, null, new FormUrlEncodedContent([new("Customer", "n"), new("Lines[0].Sku", "s"), new("Lines[0].Count", "2"), new("Notes[k]", "v"), new("Due", "2024-05-06"), new("Kind", "Express")]));
        using var files = new MultipartFormDataContent { { new StringContent("label"), "label" }, { new ByteArrayContent([1, 2, 3]), "file", "a.bin" }, { new StringContent("text"), "more", "b.txt" }, { new StringContent("text"), "more", "c.txt" } }; await ask("/bind/files", 200, null, files); await ask("/bind/files", 415, null, new FormUrlEncodedContent([]));
        foreach (string path in new[] { "bool/true", "long/5", "guid/" + id, "date/2024-02-29", "decimal/1.5", "double/2.5", "float/1.5", "alpha/abc", "len/abcd", "between/abc", "min/20", "max/3", "range/15", "regex/ab-12", "required/x", "file/a.txt", "nonfile/b", "even/4", "slug/HelloWorld", "opt", "opt/3", "many/a/b/c", "def", "a-b.json", "SHOUT/x" }) await ask("/route/" + path);
        foreach (string path in new[] { "bool/x", "even/3", "range/100", "regex/zz", "len/a" }) await ask("/route/" + path, 404);
        foreach (var (kind, status) in new (string, int)[] { ("ok", 200), ("created", 201), ("at-route", 201), ("accepted", 202), ("accepted-at", 202), ("none", 204), ("bad", 400), ("unprocessable", 422), ("conflict", 409), ("missing", 404), ("text", 200), ("html", 200), ("json", 200), ("bytes", 200), ("stream", 200), ("push", 200), ("pipe", 200), ("file", 200), ("redirect", 301), ("local", 302), ("to-route", 302), ("status", 418), ("problem", 503), ("validation", 400), ("empty", 200), ("own", 200), ("null", 200), ("string", 200), ("tuple", 200), ("value-task", 200), ("object", 200), ("unknown", 404) }) await ask("/result/" + kind, status);
        foreach (int n in new[] { 0, 1, 2, 3 }) await ask("/union/" + n, n switch { 0 => 200, 1 => 404, 2 => 400, _ => 409 }); await ask("/filter/1?name=ann"); await ask("/filter/0?name=ann", 400); await ask("/filter/order", 400, null, JsonContent.Create(new NewOrder("", -1, default))); await ask("/filter/order", 200, null, JsonContent.Create(new NewOrder("bob", 1, default)));
        await ask("/items", 201, null, JsonContent.Create<Item>(new Book(7, "b", "isbn"), options: Backend.Json)); await ask("/items", 400, null, new StringContent("""{"kind":"ghost","id":1}""", null, "application/json")); await ask("/throw/argument", 400); await ask("/throw/other", 500);
    });

    public static async Task Policies(Asker ask, WebApplication edge)
    {
        await Step.Run("limits", async () =>
        {
            foreach (string kind in new[] { "fixed", "sliding", "token" }) for (int i = 0; i < 3; i++) await ask("/limited/" + kind, i < 2 ? 200 : 429);
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ask("/limited/queue"))); await ask("/limited/tenant", headers: ("X-Tenant", "big")); await ask("/limited/tenant"); await ask("/limited/tenant", 429); await ask("/limited/plan", headers: ("X-Api-Key", "k-1")); await ask("/limited/plan"); await ask("/limited/plan", 429); await ask("/limited/off");
        });
        await Step.Run("caching", async () =>
        {
            string a = await ask("/cached/query?page=1&junk=1"), b = await ask("/cached/query?page=1&junk=2"); if (a != b) throw new InvalidOperationException("not cached"); await ask("/cached/query?page=2", headers: ("Accept-Language", "fr")); await ask("/cached/route/1"); await ask("/cached/route/1"); await ask("/cached/value", headers: ("X-Tenant", "a")); await ask("/cached/value", headers: ("X-Tenant", "a")); await ask("/cached/post", 200, null, new StringContent("q")); await ask("/cached/post", 200, null, new StringContent("q")); await ask("/cached/none"); await ask("/cached/etag"); await ask("/cached/etag", 304, headers: ("If-None-Match", "\"e1\"")); await ask("/cached/etag", headers: ("Cache-Control", "no-cache"));
            await edge.Services.GetRequiredService<IOutputCacheStore>().EvictByTagAsync("pages", default); if (await ask("/cached/query?page=1") == a) throw new InvalidOperationException("not evicted");
        });
        await Step.Run("edge", async () =>
        {
            await ask("/timeout/short", 504); await ask("/timeout/attribute", 504); await ask("/timeout/off"); await ask("/timeout/changed"); await ask("/compressed", headers: ("Accept-Encoding", "br")); await ask("/compressed", headers: ("Accept-Encoding", "gzip, *;q=0.1")); await ask("/compressed", headers: ("Accept-Encoding", "identity"));
            foreach (var (coding, wrap) in new Dictionary<string, Func<Stream, Stream>> { ["gzip"] = x => new GZipStream(x, CompressionLevel.Fastest, true), ["br"] = x => new BrotliStream(x, CompressionLevel.Fastest, true), ["deflate"] = x => new ZLibStream(x, CompressionLevel.Fastest, true), ["rot"] = x => new BufferedStream(x) })
            {
                var packed = new MemoryStream(); await using (var z = wrap(packed)) await z.WriteAsync("{\"customer\":\"c\",\"count\":1,\"day\":\"Monday\"}"u8.ToArray());
                using var content = new ByteArrayContent(packed.ToArray()) { Headers = { ContentType = new("application/json"), ContentEncoding = { coding } } }; await ask("/inflate", 200, null, content);
            }
            await ask("/inflate", 400, null, new ByteArrayContent([1, 2, 3]) { Headers = { ContentType = new("application/json"), ContentEncoding = { "gzip" } } }); await ask("/inflate", 400, null, new ByteArrayContent([1]) { Headers = { ContentType = new("application/json"), ContentEncoding = { "zstd" } } });
            await ask("/small", 413, null, new ByteArrayContent(new byte[200])); await ask("/health/ready", headers: ("Host", "localhost")); await ask("/health/all", 503); await ask("/", 400, headers: ("Host", "evil.invalid")); await ask("/x", headers: ("Host", "shop.example.com")); await ask("/nowhere", 404, headers: ("Accept", "application/json")); await ask("/nowhere", 404, headers: ("Accept", "text/plain")); await ask("/fail/http", 502); await ask("/fail/timeout", 504); await ask("/fail/bug", 500); await ask("/fail/begun");
            await ask("/catalog/items", 204, HttpMethod.Options, null, ("Origin", "https://a.example.com"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-a")); await ask("/open", headers: ("Origin", "http://y")); await ask("/compressed", headers: ("Origin", "http://x")); await ask("/features"); await ask("/scopes");
        });
    }

    public static async Task Security(Asker ask, WebApplication edge, TokenSigner signer, HttpClient http)
    {
        await Step.Run("authentication", async () =>
        {
            await ask("/me", challenged); await ask("/me", headers: ("X-Api-Key", "k-1")); await ask("/me", 401, headers: ("X-Api-Key", "bad")); await ask("/me", headers: ("Authorization", "Basic " + Convert.ToBase64String("ann:secret"u8))); await ask("/me", 401, headers: ("Authorization", "Basic " + Convert.ToBase64String("ann:wrong"u8))); await ask("/me", 401, headers: ("Authorization", "Basic ***"));
            foreach (string algorithm in new[] { "HS256", "RS256", "ES256", "PS256" })
            {
                string token = signer.Sign(algorithm, new Claims("ann", ["reader", "admin"], "write", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(), new() { ["age"] = JsonSerializer.SerializeToElement(44) })); var bearer = ("Authorization", "Bearer " + token);
                await ask("/me", 200, null, null, bearer); await ask("/admin/reader", headers: bearer); await ask("/admin/token", headers: bearer); await ask("/me", 401, headers: ("Authorization", "Bearer " + token[..^4] + "AAAA"));
            }
            string all = "Bearer " + signer.Sign("ES256", new("ann", ["reader"], "write", 4102444800, new() { ["age"] = JsonSerializer.SerializeToElement(30), ["plan"] = JsonSerializer.SerializeToElement("gold") })); foreach (string path in new[] { "adult", "named", "scope", "data", "either", "doc/ann" }) await ask("/admin/" + path, headers: ("Authorization", all));
            string little = "Bearer " + signer.Sign("HS256", new("bob", [], "read", 4102444800, [])); foreach (string path in new[] { "reader", "token", "adult", "named", "scope", "data", "doc/ann" }) await ask("/admin/" + path, 403, headers: ("Authorization", little)); await ask("/me", 401, headers: ("Authorization", "Bearer " + signer.Sign("HS256", new("old", [], "", 1, [])))); await ask("/me", 401, headers: ("Authorization", "Bearer a.b"));
            string cookie = await ask("/login", 200, null, new FormUrlEncodedContent([new("name", "ann"), new("password", "secret")])); await ask("/me", headers: ("Cookie", cookie)); await ask("/admin/named", headers: ("Cookie", cookie)); await ask("/admin/token", 401, headers: ("Cookie", cookie)); await ask("/login", 401, null, new FormUrlEncodedContent([new("name", "ann"), new("password", "no")])); await ask("/logout", 200, HttpMethod.Post, null, ("Cookie", cookie)); await ask("/me", challenged, headers: ("Cookie", "edge=tampered"));
            using var page = await http.GetAsync("/csrf"); string csrf = await page.Content.ReadAsStringAsync(), jar = string.Join("; ", page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0])); await ask("/csrf", 200, null, new FormUrlEncodedContent([new("amount", "5")]), ("X-Csrf", csrf), ("Cookie", jar)); await ask("/csrf", 400, null, new FormUrlEncodedContent([new("amount", "5")]));
        });
        await Step.Run("protection", async () =>
        {
            var root = edge.Services.GetRequiredService<IDataProtectionProvider>(); var p = root.CreateProtector("Gateway", "Tickets", "v1"); string text = p.Protect("secret"); _ = p.Unprotect(text) + edge.Services.GetDataProtector("a", "b").Protect([1, 2]).Length; try { root.CreateProtector("other").Unprotect(text); } catch (CryptographicException) { } try { p.Unprotect(text[..^2]); } catch (Exception e) when (e is CryptographicException or FormatException) { }
            var limited = p.ToTimeLimitedDataProtector(); string brief = limited.Protect("t", TimeSpan.FromHours(1)); _ = limited.Unprotect(brief, out var until) + until.Offset; try { limited.Unprotect(limited.Protect("t", DateTimeOffset.UtcNow.AddHours(-1))); } catch (CryptographicException) { }
            var ring = edge.Services.GetRequiredService<IKeyManager>(); var key = ring.CreateNewKey(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(3)); ring.RevokeKey(key.KeyId, "test"); _ = ring.GetAllKeys().Count(k => k.IsRevoked); _ = ((IPersistedDataProtector)p).DangerousUnprotect(p.Protect([3]), true, out bool migrate, out bool revoked).Length; _ = new EphemeralDataProtectionProvider().CreateProtector("x").Protect("y").Length; _ = DataProtectionProvider.Create(new DirectoryInfo(Path.Combine(edge.Environment.ContentRootPath, "other"))).CreateProtector("z").Protect("y");
            using var scope = edge.Services.CreateScope(); var authorize = scope.ServiceProvider.GetRequiredService<IAuthorizationService>(); var user = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "ann"), new("age", "12", ClaimValueTypes.Integer)], "test")); var answer = await authorize.AuthorizeAsync(user, null, "adult"); _ = answer.Failure?.FailureReasons.Select(f => f.Message).FirstOrDefault(); _ = (await authorize.AuthorizeAsync(user, new Document("ann"), new OperationAuthorizationRequirement { Name = "Edit" })).Succeeded; _ = user.FindFirstValue("age") + user.HasClaim(c => c.Type == "x") + user.IsInRole("r");
            foreach (var scheme in await edge.Services.GetRequiredService<IAuthenticationSchemeProvider>().GetAllSchemesAsync()) _ = scheme.DisplayName; var clone = user.Clone(); ((ClaimsIdentity)clone.Identity!).AddClaim(new("role", "x")); using var ms = new MemoryStream(); using (var w = new BinaryWriter(ms, Encoding.UTF8, true)) clone.WriteTo(w); ms.Position = 0; _ = new ClaimsPrincipal(new BinaryReader(ms)).Claims.ToLookup(c => c.Type, c => c.Value).Count; _ = TicketSerializer.Default.Serialize(new AuthenticationTicket(user, new AuthenticationProperties { IsPersistent = true, ExpiresUtc = DateTimeOffset.UnixEpoch }, "c")).Length;
        });
    }

    public static Task Contents(Asker ask, WebApplication edge, string backend, string web) => Step.Run("contents", async () =>
    {
        using var listening = DiagnosticListener.AllListeners.Subscribe(new Watcher()); using var c = new HttpClient { BaseAddress = new Uri(backend) };
        using (var m = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = new ReadOnlyMemoryContent(new byte[100]) }) using (var r = c.Send(m, HttpCompletionOption.ResponseContentRead)) using (var reader = new StreamReader(r.Content.ReadAsStream())) _ = reader.ReadToEnd();
        using var parts = new MultipartContent("mixed") { new StringContent("a", new System.Net.Http.Headers.MediaTypeHeaderValue("text/plain", "utf-8")), JsonContent.Create(new Point(1, 2), options: Backend.Json), new StringContent("c") { Headers = { ContentLanguage = { "en" }, ContentMD5 = MD5.HashData("c"u8), Expires = DateTimeOffset.UnixEpoch, ContentDisposition = new("inline") { Size = 1, FileName = "c.txt" }, Allow = { "GET" } } } };
        await parts.LoadIntoBufferAsync(); using var copy = new MemoryStream(); await parts.CopyToAsync(copy); using (var r = await c.PostAsync("/length", parts)) _ = await r.Content.ReadFromJsonAsync<long>(); _ = c.GetByteArrayAsync("/download").Result.Length; c.CancelPendingRequests(); try { await c.GetAsync("ftp://x/"); } catch (NotSupportedException) { }
        await ask("/challenge", 401); await ask("/admin/open"); await ask("/sent"); await ask("/cookies", 200, null, null, ("Cookie", "a=1; b=\"2\"; bad")); await ask("/negotiated", headers: ("Accept", "text/csv;q=0.9, application/json;q=0.5")); await ask("/negotiated", 406, headers: ("Accept", "image/png"));
        var life = edge.Services.GetRequiredService<IHostApplicationLifetime>(); using var on = life.ApplicationStopping.Register(() => { }); _ = life.ApplicationStarted.IsCancellationRequested; var report = await edge.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(r => r.Name != "broken"); _ = report.TotalDuration + report.Status.ToString();
#if NET10_0
        await ask("/failed", 500); await foreach (var done in Task.WhenEach(c.GetStringAsync("/text"), c.GetStringAsync("/price/3"))) _ = (await done).Length;
        using var socket = new ClientWebSocket(); await socket.ConnectAsync(new Uri(web.Replace("http", "ws") + "/catalog/ws"), default); await using (var stream = WebSocketStream.Create(socket, WebSocketMessageType.Text, closeTimeout: TimeSpan.FromSeconds(5))) { await stream.WriteAsync("ping"u8.ToArray()); byte[] back = new byte[4]; await stream.ReadExactlyAsync(back); }
#endif
    });

    public static async Task Clients(WebApplication edge, string[] first, string[] second, string web, string tls, X509Certificate2 certificate, string socket)
    {
        await Step.Run("clients", async () =>
        {
            var jar = new CookieContainer { PerDomainCapacity = 10 }; jar.Add(new Uri(first[0]), new Cookie("a", "1", "/") { HttpOnly = true });
            using (var c = new HttpClient(new HttpClientHandler { CookieContainer = jar, AllowAutoRedirect = true, MaxAutomaticRedirections = 5, AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Brotli, UseProxy = false }) { BaseAddress = new Uri(first[0]) }) { _ = await c.GetStringAsync("cookie"); _ = await c.GetStringAsync("echo"); _ = await c.GetStringAsync("redirect"); _ = await c.GetStringAsync("packed"); foreach (Cookie x in jar.GetAllCookies()) _ = x.Name + x.Expires; try { await c.GetStringAsync("loop"); } catch (HttpRequestException) { } try { (await c.GetAsync("none")).EnsureSuccessStatusCode(); } catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.NotFound) { } try { await c.GetFromJsonAsync<Book>("text"); } catch (Exception e) when (e is JsonException or NotSupportedException) { } }
            using (var c = new HttpClient { BaseAddress = new Uri(first[0]), MaxResponseContentBufferSize = 100 }) try { await c.GetStringAsync("download"); } catch (HttpRequestException e) { _ = e.HttpRequestError; }
            using (var c = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy(web) { BypassProxyOnLocal = false, Credentials = new NetworkCredential("u", "p") }, PreAuthenticate = true })) { _ = await c.GetStringAsync("http://shop.example.com/anything?x=1"); _ = HttpClient.DefaultProxy.IsBypassed(new Uri("http://x/")); _ = new WebProxy("http://x/", true, [@"\.local$"]).IsBypassed(new Uri("http://a.local/")); } using (var c = new HttpClient(new HttpClientHandler { Credentials = new CredentialCache { { new Uri(web), "Basic", new NetworkCredential("ann", "secret") } }, UseProxy = false })) _ = (await c.GetAsync(web + "/admin/basic")).StatusCode;
            using (var c = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (x, t) => { var u = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); await u.ConnectAsync(new UnixDomainSocketEndPoint(socket), t); return new NetworkStream(u, true); } })) _ = await c.GetStringAsync("http://localhost/items/1"); using (var c = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, _) => throw new SocketException((int)SocketError.HostUnreachable) })) try { await c.GetAsync("http://x/"); } catch (HttpRequestException e) { _ = e.HttpRequestError; }
            using (var c = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, cert, chain, errors) => errors != SslPolicyErrors.None && cert != null, ClientCertificates = [certificate], TargetHost = "localhost" } }) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower }) { using var r = await c.GetAsync(tls + "/features"); _ = r.Version + await r.Content.ReadAsStringAsync(); } using (var c = new HttpClient()) try { await c.GetAsync(tls); } catch (HttpRequestException e) when (e.InnerException is System.Security.Authentication.AuthenticationException) { } using (var c = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator }) { DefaultRequestVersion = HttpVersion.Version11 }) _ = await c.GetStringAsync(tls + "/links");
            using (var c = new HttpClient { Timeout = TimeSpan.FromMilliseconds(30) }) try { await c.GetAsync(first[0] + "/slow?ms=5000"); } catch (TaskCanceledException e) when (e.InnerException is TimeoutException) { } using var handler = new SocketsHttpHandler(); using var invoker = new HttpMessageInvoker(handler, false); using (var m = new HttpRequestMessage(HttpMethod.Get, first[0] + "/items/2")) { m.Options.Set(new HttpRequestOptionsKey<string>("route"), "r"); m.Headers.IfModifiedSince = DateTimeOffset.UnixEpoch; m.Headers.CacheControl = new() { NoCache = true, MaxAge = TimeSpan.Zero }; m.Headers.Range = new(0, 5); m.Headers.AcceptEncoding.ParseAdd("gzip;q=0.5"); m.Headers.Authorization = new("Bearer", "x"); m.Headers.Date = DateTimeOffset.UnixEpoch; m.Headers.Via.Add(new("1.1", "edge")); m.Headers.Warning.ParseAdd("199 - \"w\""); foreach (var h in m.Headers) _ = string.Join(",", h.Value); foreach (var h in m.Headers.NonValidated) _ = h.Value.Count; using var r = await invoker.SendAsync(m, default); _ = r.ToString().Length + m.ToString().Length; }
        });
        await Step.Run("factory", async () =>
        {
            var f = edge.Services.GetRequiredService<IHttpClientFactory>(); _ = edge.Services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("stock"); using var stock = f.CreateClient("stock"); _ = await stock.GetStringAsync("/items"); for (int i = 0; i < 5; i++) try { (await stock.GetAsync("/throw/other")).EnsureSuccessStatusCode(); } catch (Exception e) when (e is HttpRequestException or BrokenCircuitException) { }
            using var scope = edge.Services.CreateScope(); var catalog = scope.ServiceProvider.GetRequiredService<CatalogClient>(); _ = await catalog.Get(1); _ = await catalog.Get(999); _ = await catalog.Flaky(); _ = await catalog.Create(new Disc(9, "d", 60)); await foreach (var r in catalog.Readings(5)) _ = r.At; _ = await catalog.Replace(1, new Book(1, "n", "i")); await catalog.Remove(2); _ = await catalog.Patch(1, new JsonObject { ["title"] = "p", ["tags"] = new JsonArray("x", 1) }); _ = await scope.ServiceProvider.GetRequiredService<IPrices>().Of([1, 2, 3], default);
#if NET10_0
            _ = await scope.ServiceProvider.GetRequiredKeyedService<HttpClient>("keyed").GetStringAsync("/items");
#endif
        });
    }

    public static Task Sockets(string web, string h2c, string tunnel) => Step.Run("sockets", async () =>
    {
        async Task Talk(Uri uri, Action<ClientWebSocketOptions> set, HttpMessageInvoker? invoker = null)
        {
            using var ws = new ClientWebSocket(); ws.Options.AddSubProtocol("chat.v2"); ws.Options.AddSubProtocol("chat.v1"); ws.Options.SetRequestHeader("X-Tenant", "t"); ws.Options.KeepAliveInterval = TimeSpan.FromSeconds(30); set(ws.Options); await ws.ConnectAsync(uri, invoker, default); _ = ws.SubProtocol + ws.HttpStatusCode;
            await ws.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, false, default); await ws.SendAsync(Encoding.UTF8.GetBytes(" world").AsMemory(), WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, default); await ws.SendAsync(new ArraySegment<byte>(new byte[9000]), WebSocketMessageType.Binary, true, default);
            var text = new ArrayBufferWriter<byte>(); for (int messages = 0; messages < 2;) { var r = await ws.ReceiveAsync(text.GetMemory(4096), default); text.Advance(r.Count); if (r.EndOfMessage) messages++; } await ws.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default); _ = $"{ws.CloseStatus} {ws.CloseStatusDescription} {ws.State}"; if (text.WrittenCount != 9011) throw new InvalidDataException("echo " + text.WrittenCount);
        }
        string host = web.Replace("http://", "ws://"); await Talk(new Uri(host + "/catalog/ws"), o => { }); await Talk(new Uri(host + "/pump"), o => o.DangerousDeflateOptions = new() { ClientMaxWindowBits = 12, ServerContextTakeover = false }); using (var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false })) await Talk(new Uri(h2c.Replace("http://", "ws://") + "/pump"), o => { o.HttpVersion = HttpVersion.Version20; o.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact; }, invoker);
        using (var ws = new ClientWebSocket()) try { await ws.ConnectAsync(new Uri(host + "/links"), default); } catch (WebSocketException e) { _ = e.WebSocketErrorCode; } using (var ws = new ClientWebSocket()) { await ws.ConnectAsync(new Uri(host + "/pump"), default); ws.Abort(); _ = ws.State; }
        async Task<string> Raw(string url, string text) { var u = new Uri(url); using var c = new TcpClient { NoDelay = true }; await c.ConnectAsync(u.Host, u.Port); var stream = c.GetStream(); await stream.WriteAsync(Encoding.Latin1.GetBytes(text)); try { c.Client.Shutdown(SocketShutdown.Send); using var r = new StreamReader(stream, Encoding.Latin1); return await r.ReadToEndAsync(); } catch (Exception e) when (e is IOException or SocketException) { return e.Message; } }
        foreach (string bad in new[] { "GET / HTTP/1.1\r\n\r\n", "BAD\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET /links HTTP/1.0\r\nHost: localhost\r\n\r\n", "GET /links HTTP/1.1\r\nHost: localhost\r\n\r\nGET /links HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "POST /raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", "POST /inflate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "GET /a%2fb/%zz HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n" }) _ = (await Raw(web, bad)).Split('\n')[0];
        string through = await Raw(tunnel, "PROXY TCP4 203.0.113.1 203.0.113.2 1234 80\r\nGET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); if (!through.Contains("200 OK")) throw new InvalidDataException(through); _ = await Raw(tunnel, "HELLO nobody\r\n");
    });

    public static void Pieces(IServiceProvider services)
    {
        Step.Run("limiters", () =>
        {
            using var bucket = new TokenBucketRateLimiter(new() { TokenLimit = 3, TokensPerPeriod = 2, ReplenishmentPeriod = TimeSpan.FromMilliseconds(1), AutoReplenishment = false, QueueLimit = 2 }); using (var lease = bucket.AttemptAcquire(3)) _ = lease.IsAcquired; using (var lease = bucket.AttemptAcquire()) foreach (string n in lease.MetadataNames) lease.TryGetMetadata(n, out _); var queued = bucket.AcquireAsync(1); Thread.Sleep(2); _ = bucket.TryReplenish(); _ = bucket.GetStatistics()?.TotalFailedLeases + bucket.IdleDuration?.Ticks;
            using var window = new FixedWindowRateLimiter(new() { PermitLimit = 1, Window = TimeSpan.FromHours(1), AutoReplenishment = false }); _ = window.AttemptAcquire(0).IsAcquired; try { window.AttemptAcquire(5); } catch (ArgumentOutOfRangeException) { } using var slide = new SlidingWindowRateLimiter(new() { PermitLimit = 4, Window = TimeSpan.FromHours(1), SegmentsPerWindow = 2, AutoReplenishment = false }); _ = slide.AttemptAcquire(4).IsAcquired; _ = slide.GetStatistics()?.CurrentAvailablePermits;
            using var gate = new ConcurrencyLimiter(new() { PermitLimit = 1, QueueLimit = 1, QueueProcessingOrder = QueueProcessingOrder.NewestFirst }); var held = gate.AttemptAcquire(); using var stop = new CancellationTokenSource(); var waiting = gate.AcquireAsync(1, stop.Token).AsTask(); var evicting = gate.AcquireAsync(1).AsTask(); _ = waiting.Result.IsAcquired; held.Dispose(); evicting.Result.Dispose(); using var each = PartitionedRateLimiter.Create<string, char>(k => RateLimitPartition.GetSlidingWindowLimiter(k[0], _ => new() { PermitLimit = 1, Window = TimeSpan.FromHours(1), SegmentsPerWindow = 1 })); _ = each.AttemptAcquire("ab").IsAcquired | each.AttemptAcquire("ac").IsAcquired; using var mapped = each.WithTranslatedKey<int>(i => "k" + i, false); _ = mapped.AttemptAcquire(3).IsAcquired;
        });
        Step.Run("breaker", () =>
        {
            var time = new ManualTime(); var b = new CircuitBreaker(2, TimeSpan.FromSeconds(10), time); b.Failed(); b.Failed(); if (b.Allows()) throw new InvalidOperationException("closed"); time.Advance(TimeSpan.FromSeconds(11)); _ = b.Allows() && !b.Allows(); b.Succeeded(); _ = b.ToString(); int ticks = 0; using var timer = time.CreateTimer(_ => ticks++, null, TimeSpan.Zero, TimeSpan.FromSeconds(1)); _ = time.GetElapsedTime(time.GetTimestamp()); foreach (int weight in Enumerable.Range(1, 4)) _ = RetryHandler.Backoff(weight);
        });
        Step.Run("links", () =>
        {
            var links = services.GetRequiredService<LinkGenerator>(); _ = links.GetPathByName("dashboard", new { id = 3, q = "a b" }) + links.GetUriByName("dashboard", new { id = 3 }, "https", new HostString("www.example.com", 8443), "/base", new FragmentString("#f")) + links.GetPathByName("dashboard", new RouteValueDictionary { ["id"] = "x" }) + links.GetPathByName("none", null); _ = services.GetRequiredService<LinkParser>().ParsePathByEndpointName("dashboard", "/dashboard/5")?["id"];
            foreach (var e in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().OrderBy(e => e.RoutePattern.RawText, StringComparer.Ordinal)) _ = $"{e.RoutePattern.RawText} {e.DisplayName} {string.Join(',', e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])} {e.Metadata.GetOrderedMetadata<IAuthorizeData>().Count} {e.Metadata.OfType<IProducesResponseTypeMetadata>().Count()}";
            var p = RoutePatternFactory.Parse("/a/{id:int}/{*rest}", new { id = 1 }, new { id = new IntRouteConstraint() }); _ = p.Parameters.Count + p.PathSegments.Count + p.InboundPrecedence; var t = new RouteValueDictionary(new { a = 1 }) { ["b"] = null }; _ = t.TryGetValue("A", out _) | t.Remove("b"); var q = QueryHelpers.ParseQuery("?a=1&a=2&b"); _ = QueryHelpers.AddQueryString("/p#f", q.SelectMany(x => x.Value, (x, v) => KeyValuePair.Create(x.Key, v))) + new QueryBuilder { { "k", ["1", "2"] } }.ToQueryString() + QueryString.Create("k", "v w").Add("z", "ü") + UriHelper.BuildRelative("/b", "/p", new("?q")) + new PathString("/a/b").Add("/c").ToUriComponent(); _ = new PathString("/a/b/c").StartsWithSegments("/A", StringComparison.OrdinalIgnoreCase, out var matched, out var rest) + matched + rest; foreach (var pair in new QueryStringEnumerable("?x=%20y")) _ = pair.DecodeName().ToString() + pair.DecodeValue(); _ = HostString.FromUriComponent("h:80").Port; UriHelper.FromAbsolute("http://x/p?q#f", out _, out _, out _, out _, out _);
            _ = Microsoft.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/json; charset=utf-8").IsSubsetOf(new("*/*")) | EntityTagHeaderValue.Parse("W/\"1\"").Compare(new("\"1\""), false); _ = Microsoft.Net.Http.Headers.SetCookieHeaderValue.Parse("a=b; path=/; secure; samesite=lax; max-age=5").ToString() + Microsoft.Net.Http.Headers.ContentDispositionHeaderValue.Parse("form-data; name=f; filename*=UTF-8''%c3%bc.txt").FileNameStar + StringWithQualityHeaderValueComparer.QualityComparer + Microsoft.Net.Http.Headers.CacheControlHeaderValue.Parse("public, max-age=60").MaxAge; _ = AuthenticationHeaderValue.TryParse("Digest a=\"b\"", out var auth) ? auth.Scheme : ""; _ = HeaderUtilities.RemoveQuotes("\"q\"") + HeaderUtilities.FormatDate(DateTimeOffset.UnixEpoch) + ReasonPhrases.GetReasonPhrase(429); _ = StatusCodes.Status200OK;
        });
        Step.Run("json", () =>
        {
            var options = Backend.Json; Item[] items = [new Book(1, "b", "i") { Tags = ["x"] }, new Disc(2, "d", 70)]; string text = JsonSerializer.Serialize(items, options); _ = JsonSerializer.Deserialize<List<Item>>(text, options)!.OfType<Disc>().Sum(d => d.Minutes); try { JsonSerializer.Deserialize<Book>("{\"title\":\"t\"}", options); } catch (JsonException e) { _ = e.Path + e.LineNumber; } _ = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<Priority, DateOnly> { [Priority.High] = new(2024, 1, 1) }, options).Length; _ = JsonSerializer.SerializeToNode(items[0], typeof(Item), options)!["title"]!.GetValue<string>(); _ = JsonSerializer.Deserialize<(int, string)>("{\"Item1\":1}", new JsonSerializerOptions { IncludeFields = true }); _ = options.GetTypeInfo(typeof(Book)).Properties.Count;
            var problem = new HttpValidationProblemDetails(new Dictionary<string, string[]> { ["a"] = ["b"] }) { Title = "t", Extensions = { ["x"] = 1 } }; _ = JsonSerializer.Deserialize<HttpValidationProblemDetails>(JsonSerializer.Serialize(problem, new JsonSerializerOptions(JsonSerializerDefaults.Web)))!.Errors.Count; using var doc = JsonDocument.Parse(text); foreach (var e in doc.RootElement.EnumerateArray()) foreach (var p in e.EnumerateObject()) _ = p.Name + p.Value.ValueKind; var merged = JsonNode.Parse(text)!.AsArray(); merged.Add(new JsonObject { ["n"] = JsonValue.Create(1.5m) }); _ = merged.DeepClone().ToJsonString(options) + JsonNode.DeepEquals(merged, merged);
        });
    }
}

internal static class Backend
{
    public static readonly JsonSerializerOptions Json = Configure(new(JsonSerializerDefaults.Web));
    private static readonly ConcurrentDictionary<string, int> tries = new();

    public static JsonSerializerOptions Configure(JsonSerializerOptions o)
    {
        o.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)); o.Converters.Add(new PointConverter()); o.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull; o.NumberHandling = JsonNumberHandling.AllowReadingFromString; o.AllowTrailingCommas = true; o.ReadCommentHandling = JsonCommentHandling.Skip; o.AllowOutOfOrderMetadataProperties();
        o.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { t => { if (t.Kind == JsonTypeInfoKind.Object) foreach (var p in t.Properties) if (p.PropertyType == typeof(string) && p.Name == "secret") p.ShouldSerialize = (_, _) => false; } } };
        return o;
    }

    private static void AllowOutOfOrderMetadataProperties(this JsonSerializerOptions o)
    {
#if NET10_0
        o.AllowOutOfOrderMetadataProperties = true; o.AllowDuplicateProperties = false;
#endif
    }

    public static async Task<WebApplication> Start(string name, string socket, ILoggerProvider logs)
    {
        var b = WebApplication.CreateSlimBuilder(); b.Logging.ClearProviders().AddProvider(logs); b.WebHost.ConfigureKestrel(k => { k.Listen(IPAddress.Loopback, 0); k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2); k.ListenUnixSocket(socket); });
        b.Services.Configure<RouteOptions>(o => { o.SetParameterPolicy<RegexInlineRouteConstraint>("regex"); o.ConstraintMap["even"] = typeof(EvenConstraint); o.ConstraintMap["slug"] = typeof(Slug); o.LowercaseUrls = true; o.AppendTrailingSlash = false; }); b.Services.ConfigureHttpJsonOptions(o => Configure(o.SerializerOptions)); b.Services.AddProblemDetails(); b.Services.AddKeyedSingleton<IGreeter>("loud", new Greeter("!")); b.Services.AddKeyedSingleton<IGreeter>("calm", (_, k) => new Greeter("." + k)); b.Services.AddSingleton(new Catalog()); b.Services.AddAntiforgery();
        var app = b.Build(); app.UseExceptionHandler(new ExceptionHandlerOptions { AllowStatusCode404Response = true, ExceptionHandler = async c => { var e = c.Features.Get<IExceptionHandlerPathFeature>(); c.Response.StatusCode = e?.Error is ArgumentException ? 400 : 500; await c.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new() { HttpContext = c, ProblemDetails = { Title = e?.Error.GetType().Name, Detail = e?.Path, Status = c.Response.StatusCode } }); } });
        app.UseWebSockets(); app.Use((c, next) => { c.Response.Headers["X-Instance"] = name; return next(c); }); app.MapGet("/probe", () => TypedResults.Text("up")).ExcludeFromDescription().WithMetadata(new HttpMethodMetadata(["GET"])); MapItems(app.MapGroup("/items").WithTags("items")); MapTraffic(app); if (name == "one") { MapBinding(app.MapGroup("/bind").DisableAntiforgery()); MapResults(app); MapRoutes(app.MapGroup("/route")); } else app.MapGet("/throw/{what}", string (string what) => throw new InvalidOperationException(what)); await app.StartAsync(); return app;
    }

    private static void MapItems(RouteGroupBuilder items)
    {
        items.MapGet("/", (Catalog c, int? page, string[]? tag) => c.All.Where(i => tag is not { Length: > 0 } || true).Skip(((page ?? 1) - 1) * 2).Take(10)).WithName("items").WithSummary("all").Produces<List<Item>>();
        items.MapGet("/{id:int:min(1)}", Results<Ok<Item>, NotFound<ProblemDetails>> (int id, Catalog c) => c.Find(id) is { } i ? TypedResults.Ok(i) : TypedResults.NotFound(new ProblemDetails { Title = "no item", Status = 404 })).WithName("item"); items.MapPost("/", (Item item, Catalog c) => TypedResults.CreatedAtRoute(c.Put(item), "item", new { id = item.Id }));
        items.MapPut("/{id:int}", (int id, Book book, Catalog c) => TypedResults.Ok(c.Put(book with { Id = id }))); items.MapDelete("/{id:int}", Results<NoContent, NotFound> (int id, Catalog c) => c.Remove(id) ? TypedResults.NoContent() : TypedResults.NotFound()); items.MapPatch("/{id:int}", (int id, [FromBody] JsonElement patch) => patch.TryGetProperty("title", out var t) ? Results.Ok(t.GetString()) : Results.BadRequest()); items.MapMethods("/{id:int}", ["HEAD", "LOCK"], (int id) => Results.Ok());
    }

    private static void MapTraffic(WebApplication app)
    {
        app.Map("/echo", async (HttpContext c) => { if (HttpMethods.IsHead(c.Request.Method)) { c.Response.ContentLength = 5; return; } using var r = new StreamReader(c.Request.Body); string body = await r.ReadToEndAsync(); await c.Response.WriteAsJsonAsync(new { c.Request.Method, url = c.Request.GetEncodedPathAndQuery(), body, headers = c.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToArray()), length = c.Request.ContentLength, cookies = c.Request.Cookies.Count }); });
        app.MapPost("/length", async (HttpRequest r) => { long n = 0; while (true) { var read = await r.BodyReader.ReadAsync(); n += read.Buffer.Length; r.BodyReader.AdvanceTo(read.Buffer.End); if (read.IsCompleted) break; } return n; }); app.MapPost("/upload", async (HttpRequest r) => { var reader = new MultipartReader(r.GetMultipartBoundary(), r.Body); long total = 0; while (await reader.ReadNextSectionAsync() is { } section) { if (section.GetContentDispositionHeader() is { } d && d.IsFileDisposition()) { var target = new MemoryStream(); await section.AsFileSection()!.FileStream!.CopyToAsync(target); total += target.Length; } else total += (await section.AsFormDataSection()!.GetValueAsync()).Length; } return Results.Ok(total); });
        app.MapGet("/slow", async (int ms, CancellationToken t) => { try { await Task.Delay(ms, t); return "done"; } catch (OperationCanceledException) { return "cancelled"; } }); app.MapGet("/redirect", () => TypedResults.Redirect("/echo")); app.MapGet("/loop", () => Results.Redirect("/loop", preserveMethod: true)); app.MapGet("/text", () => "plain"); app.MapGet("/flaky", (string key, HttpContext c) => { if (tries.AddOrUpdate(key, 1, (_, n) => n + 1) >= 3) return Results.Ok(key); c.Response.Headers.RetryAfter = "0"; return Results.StatusCode(503); });
        app.MapGet("/cookie", (HttpResponse r) => { r.Cookies.Append("session", "s", new CookieOptions { HttpOnly = true, MaxAge = TimeSpan.FromHours(1), SameSite = SameSiteMode.Lax, Path = "/" }); r.Cookies.Append("b", "2"); r.Cookies.Delete("c"); return Results.NoContent(); }); app.MapGet("/packed", async c => { c.Response.Headers.ContentEncoding = "gzip"; await using var z = new GZipStream(c.Response.Body, CompressionLevel.Fastest); await z.WriteAsync(new byte[2000]); });
        app.MapGet("/download", () => TypedResults.File(new byte[5000], "application/octet-stream", "data.bin", enableRangeProcessing: true, lastModified: DateTimeOffset.UnixEpoch, entityTag: new EntityTagHeaderValue("\"v1\""))); app.MapGet("/stream", (int count, CancellationToken t) => Readings(count, t)); app.MapGet("/price/{id}", (int id) => new Price(id, id * 1.25m));
#if NET10_0
        app.MapGet("/sse", (CancellationToken t) => TypedResults.ServerSentEvents(Readings(3, t), "reading"));
#else
        app.MapGet("/sse", async (HttpContext c, CancellationToken t) => { c.Response.ContentType = "text/event-stream"; c.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering(); await foreach (var r in Readings(3, t)) { await c.Response.WriteAsync($"event: reading\ndata: {JsonSerializer.Serialize(r, Json)}\n\n", t); await c.Response.Body.FlushAsync(t); } });
#endif
        app.MapGet("/trailers", async c => { if (c.Response.SupportsTrailers()) c.Response.DeclareTrailer("x-checksum"); byte[] data = RandomNumberGenerator.GetBytes(3000); await c.Response.StartAsync(); await c.Response.BodyWriter.WriteAsync(data); if (c.Response.SupportsTrailers()) c.Response.AppendTrailer("x-checksum", Convert.ToHexString(SHA256.HashData(data))); await c.Response.CompleteAsync(); }); app.MapGet("/abort", async c => { c.Response.ContentLength = 100; await c.Response.WriteAsync("part"); await c.Response.Body.FlushAsync(); c.Abort(); });
        app.MapGet("/ws", async c => { if (!c.WebSockets.IsWebSocketRequest) { c.Response.StatusCode = 400; return; } using var ws = await c.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = c.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(), DangerousEnableCompression = true }); byte[] buffer = new byte[2048]; while (true) { var r = await ws.ReceiveAsync(buffer, default); if (r.MessageType == WebSocketMessageType.Close) break; await ws.SendAsync(buffer.AsMemory(0, r.Count), r.MessageType, r.EndOfMessage, default); } await ws.CloseOutputAsync(ws.CloseStatus ?? WebSocketCloseStatus.Empty, ws.CloseStatusDescription, default); });
    }

    private static async IAsyncEnumerable<Reading> Readings(int count, [EnumeratorCancellation] CancellationToken t) { for (int i = 0; i < count; i++) { if (i % 8 == 0) await Task.Delay(1, t); yield return new(DateTimeOffset.UnixEpoch.AddMinutes(i), i * 0.5, new(i, -i)); } }

    private static void MapBinding(RouteGroupBuilder g)
    {
        g.MapGet("/scalars/{n:int}", (int n, long big, double rate, decimal price, bool on, Guid id, DayOfWeek day, DateOnly date, TimeOnly time, DateTime at, DateTimeOffset off, TimeSpan span, Uri link, short small, byte tiny, float f) => $"{n} {big} {rate} {price} {on} {id} {day} {date:O} {time:O} {at:O} {off:O} {span} {link} {small} {tiny} {f}"); g.MapGet("/nullable", (int? n, DayOfWeek? day, Guid? id, DateOnly? date, decimal? price, bool? on, Point? point, string? s, long limit = 10, string sort = "name") => new { n, day, id, date, price, on, point, s, limit, sort });
        g.MapGet("/arrays", (int[] n, string[] s, DayOfWeek[] day, Guid[] id, DateOnly[] d, Point[] p, int?[] maybe, StringValues sv, [FromHeader(Name = "X-Numbers")] int[] h, [FromHeader(Name = "X-Name")] string? name, [FromQuery(Name = "n")] long[] longs) => n.Sum() + s.Length + day.Length + id.Length + d.Length + p.Sum(x => x.X) + maybe.Count(x => x == null) + sv.Count + h.Length + longs.Length);
        g.MapGet("/own", (Point point, Paging paging, Tenant tenant, Version? v) => new { point, paging, tenant.Name }); g.MapGet("/all/{id}", ([AsParameters] SearchRequest r) => $"{r.Id} {r.Q} {r.Page} {r.Trace} {r.Catalog.All.Count()} {r.Cancel.CanBeCanceled}"); g.MapGet("/struct", ([AsParameters] Filter f) => TypedResults.Ok(f)); g.MapGet("/context", (HttpContext c, HttpRequest q, HttpResponse r, ClaimsPrincipal u, CancellationToken t, IServiceProvider sp, [FromServices] Catalog k, ILogger<Catalog> log) => { log.LogInformation("context of {Path}", q.Path); return u.Identity?.Name ?? q.Path.Value; });
        g.MapGet("/keyed", ([FromKeyedServices("loud")] IGreeter a, [FromKeyedServices("calm")] IGreeter b) => a.Greet("x") + b.Greet("y")); g.MapPost("/body", (NewOrder o) => o with { Count = o.Count + 1 }).Accepts<NewOrder>("application/json").Produces<NewOrder>().ProducesProblem(400).ProducesValidationProblem(); g.MapPost("/optional", ([FromBody(EmptyBodyBehavior = Microsoft.AspNetCore.Mvc.ModelBinding.EmptyBodyBehavior.Allow)] NewOrder? o) => o?.Customer ?? "nobody"); g.MapPost("/dictionary", (Dictionary<string, int[]> d) => d.Values.SelectMany(v => v).Sum());
        g.MapPost("/stream", async (Stream body) => { using var m = new MemoryStream(); await body.CopyToAsync(m); return m.Length; }); g.MapPost("/pipe", async (PipeReader body) => { int rows = 0; while (true) { var r = await body.ReadAsync(); var rest = r.Buffer; while (rest.PositionOf((byte)'\n') is { } at) { rows++; rest = rest.Slice(rest.GetPosition(1, at)); } body.AdvanceTo(rest.Start, rest.End); if (r.IsCompleted) return rows; } });
        g.MapPost("/form", ([FromForm] string name, [FromForm] int age, [FromForm] StringValues tags, [FromForm(Name = "n")] long[] ages, IFormCollection all) => $"{name} {age} {tags.Count} {ages.Length} {all.Count}"); g.MapPost("/order", ([FromForm] FormOrder o) => TypedResults.Ok(o)).WithFormOptions(bufferBody: true, valueCountLimit: 100).WithFormMappingOptions(maxCollectionSize: 20); g.MapPost("/files", async (IFormFile file, IFormFileCollection all, [FromForm] string label) => { using var r = new StreamReader(all["more"]?.OpenReadStream() ?? Stream.Null); return $"{file.FileName} {file.Length} {all.GetFiles("more").Count} {label} {await r.ReadToEndAsync()}"; });
    }

    private static void MapRoutes(RouteGroupBuilder g)
    {
        foreach (string pattern in new[] { "bool/{v:bool}", "long/{v:long}", "guid/{v:guid}", "date/{v:datetime}", "decimal/{v:decimal}", "double/{v:double}", "float/{v:float}", "alpha/{v:alpha:minlength(2)}", "len/{v:length(4)}", "between/{v:length(2,5):maxlength(9)}", "min/{v:min(10)}", "max/{v:max(10)}", "range/{v:range(10,20)}", @"regex/{v:regex(^[a-z]+-\d{{2}}$)}", "required/{v:required}", "file/{v:file}", "nonfile/{v:nonfile}", "even/{v:even}", "slug/{v:slug}", "opt/{v:int?}", "many/{*v}", "def/{v=standard}", "{v}.{ext}" }) g.MapGet(pattern, c => c.Response.WriteAsync(c.GetRouteValue("v")?.ToString() ?? "none")).WithDisplayName(pattern).WithOrder(0);
        g.MapGet("shout/{v}", (string v) => v).WithOrder(-1).WithGroupName("g").WithDescription("d");
    }

    private static void MapResults(WebApplication app)
    {
        app.MapGet("/result/{kind}", IResult (string kind, HttpContext c) => kind switch
        {
            "ok" => TypedResults.Ok(new Price(1, 2)), "created" => TypedResults.Created(new Uri("/x", UriKind.Relative), new Price(1, 2)), "at-route" => Results.CreatedAtRoute("item", new { id = 1 }, "v"), "accepted" => TypedResults.Accepted("/x", 1), "accepted-at" => TypedResults.AcceptedAtRoute("item", new { id = 2 }), "none" => TypedResults.NoContent(), "bad" => TypedResults.BadRequest("why"), "unprocessable" => TypedResults.UnprocessableEntity(new[] { "e" }), "conflict" => TypedResults.Conflict(new { v = 1 }), "missing" => TypedResults.NotFound("what"),
            "text" => TypedResults.Text("ü", "text/plain", Encoding.Unicode), "html" => TypedResults.Content("<p>", MediaTypeHeaderValueText), "json" => TypedResults.Json(new Point(1, 2), new JsonSerializerOptions { WriteIndented = true }, "application/vnd.point+json", 200), "bytes" => TypedResults.Bytes(new byte[] { 1, 2 }.AsMemory(), "x/y"), "stream" => TypedResults.Stream(new MemoryStream(new byte[10]), fileDownloadName: "s.bin"), "push" => Results.Stream(async s => await s.WriteAsync(new byte[5]), "x/y"), "pipe" => TypedResults.Stream(PipeReader.Create(new ReadOnlySequence<byte>(new byte[4]))), "file" => TypedResults.PhysicalFile(typeof(Backend).Assembly.Location, "application/octet-stream", "p.dll"),
            "redirect" => TypedResults.Redirect("http://example.com/", permanent: true), "local" => TypedResults.LocalRedirect("~/text"), "to-route" => TypedResults.RedirectToRoute("items", new { page = 2 }), "status" => TypedResults.StatusCode(418), "problem" => TypedResults.Problem("detail", "/i", 503, "title", "about:blank", new Dictionary<string, object?> { ["retry"] = true }), "validation" => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["name"] = ["required"] }), "empty" => TypedResults.Empty, "own" => new CsvResult<Price>([new(1, 1.5m), new(2, 3m)]), "null" => TypedResults.Ok<Price>(null), "string" => Results.Ok("s"), "object" => Results.Json((object)new Book(1, "t", "i")), "tuple" => TypedResults.Ok(new ValueTuple<int, string>(1, "a")), "value-task" => TypedResults.Ok(ImmutableArray.Create(1, 2)), _ => Results.NotFound(),
        });
        app.MapGet("/union/{n:int}", async Task<Results<Ok<Price>, NotFound, ValidationProblem, Conflict<ProblemDetails>>> (int n) => { await Task.Yield(); return n switch { 0 => TypedResults.Ok(new Price(0, 0)), 1 => TypedResults.NotFound(), 2 => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["n"] = ["two"] }), _ => TypedResults.Conflict(new ProblemDetails { Title = "c" }) }; }); app.MapGet("/throw/{what}", (string what) => what == "argument" ? throw new ArgumentException("bad") : ValueTask.FromException<string>(new InvalidOperationException(what)));
        var filters = app.MapGroup("/filter").AddEndpointFilter<TimingFilter>().AddEndpointFilterFactory((f, next) => f.MethodInfo.GetParameters() is [{ ParameterType: var t }, ..] && t == typeof(int) ? async i => i.GetArgument<int>(0) == 0 ? Results.BadRequest("zero") : await next(i) : next); filters.MapGet("/{id:int}", (int id, string name) => name + id).AddEndpointFilter(async (i, next) => { i.Arguments[1] = i.GetArgument<string>(1).ToUpperInvariant(); return await next(i) is string s ? s + "!" : "?"; }); filters.MapPost("/order", (NewOrder o) => o.Customer).AddEndpointFilter<ValidationFilter<NewOrder>>();
    }

    private const string MediaTypeHeaderValueText = "text/html; charset=utf-8";
}

internal static class EdgeApi
{
    private static int generation;

    public static void Map(WebApplication app)
    {
        app.MapGet("/dashboard/{id:int}", async (int id, CatalogClient catalog, IPrices prices, CancellationToken t) => { var (item, price) = (catalog.Get(id), prices.Of([id], t)); await Task.WhenAll(item, price); return TypedResults.Ok(new Dashboard((await item)!, (await price).FirstOrDefault(), [.. new[] { 3, 1, 2 }.Order()])); }).WithName("dashboard").RequireRateLimiting("one-at-a-time");
        app.MapGet("/merge", async (IHttpClientFactory f, CatalogClient c) => { using var stock = f.CreateClient("stock"); var parts = await Task.WhenAll(stock.GetFromJsonAsync<JsonArray>("/items"), c.Nodes()); var all = new JsonObject(); foreach (var (part, i) in parts.Select((p, i) => (p, i))) all["part" + i] = part?.DeepClone(); return Results.Json(all, contentType: "application/json"); });
        app.MapGet("/fastest", async (CatalogClient c, IHttpClientFactory f) => { using var stop = new CancellationTokenSource(); using var other = f.CreateClient("stock"); var race = new List<Task<string>> { c.Text("slow?ms=500", stop.Token), other.GetStringAsync("/items", stop.Token) }; var won = await Task.WhenAny(race); race.Remove(won); await stop.CancelAsync(); try { await Task.WhenAll(race).WaitAsync(TimeSpan.FromSeconds(30)); } catch (OperationCanceledException) { } return (await won).Length; }); app.MapGet("/price/{id}", async ValueTask<Price> (int id, IPrices p) => (await p.Of([id, id + 1], default)).MaxBy(x => x.Amount)!);
        app.MapGet("/partial", async (CatalogClient c, ILogger<CatalogClient> log) => { var results = new ConcurrentDictionary<string, object?>(StringComparer.OrdinalIgnoreCase); await Parallel.ForEachAsync(new[] { "items", "none", "text" }, async (path, t) => { try { results[path] = (await c.Text(path, t)).Length; } catch (HttpRequestException e) { log.LogWarning(e, "Part {Path} failed with {Status}", path, e.StatusCode); results[path] = new { error = (int?)e.StatusCode }; } }); return results.OrderBy(r => r.Key).ToDictionary(r => r.Key, r => r.Value); });
        app.MapGet("/report", async (HttpContext c, CatalogClient catalog) => { c.Response.ContentType = "application/json"; await using var w = new Utf8JsonWriter(c.Response.BodyWriter, new JsonWriterOptions { Indented = true }); w.WriteStartObject(); w.WriteString("at", DateTimeOffset.UnixEpoch); w.WriteStartArray("readings"); await foreach (var r in catalog.Readings(4)) { w.WriteStartObject(); w.WriteNumber("value", r.Value); w.WriteBoolean("high", r.Value > 1); w.WriteEndObject(); } w.WriteEndArray(); w.WriteNull("none"); w.WriteEndObject(); await w.FlushAsync(); }); app.Map("/raw", async (HttpContext c, Forwarder f, ClusterTable t) => { await f.Send(c, t.Pick("catalog", c)!, "items", t.Options.Clusters["catalog"], null); }); app.MapGet("/links", (LinkGenerator l, HttpContext c) => new[] { l.GetPathByName(c, "dashboard", new { id = 1 }), l.GetUriByName(c, "dashboard", new { id = 2, q = "x" }), c.Request.GetDisplayUrl() });
        var limited = app.MapGroup("/limited"); foreach (string kind in new[] { "fixed", "sliding", "token", "tenant", "plan" }) limited.MapGet(kind, () => kind).RequireRateLimiting(kind); limited.MapGet("queue", async () => { await Task.Delay(2); return "q"; }).RequireRateLimiting("one-at-a-time"); limited.MapGet("off", [DisableRateLimiting] () => "off");
        var cached = app.MapGroup("/cached"); cached.MapGet("query", (int page) => $"{page} {Interlocked.Increment(ref generation)}").CacheOutput("query"); cached.MapGet("route/{id}", (string id) => id).CacheOutput("route"); cached.MapGet("value", [OutputCache(PolicyName = "value", Duration = 60)] () => "v"); cached.MapPost("post", () => "p").CacheOutput("post"); cached.MapGet("none", () => "n").CacheOutput("none"); cached.MapGet("etag", (HttpResponse r) => { r.Headers.ETag = "\"e1\""; r.GetTypedHeaders().LastModified = DateTimeOffset.UnixEpoch; r.GetTypedHeaders().CacheControl = new() { Public = true, MaxAge = TimeSpan.FromMinutes(1) }; return "e"; }).CacheOutput(p => p.Expire(TimeSpan.FromHours(1)).SetVaryByHeader("X-None"));
        var timed = app.MapGroup("/timeout"); timed.MapGet("short", async (CancellationToken t) => { await Task.Delay(30000, t); return "late"; }).WithRequestTimeout("short"); timed.MapGet("attribute", [RequestTimeout(20)] async (HttpContext c) => { await Task.Delay(30000, c.RequestAborted); }); timed.MapGet("off", () => "off").DisableRequestTimeout(); timed.MapGet("changed", async (HttpContext c) => { c.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout(); await Task.Delay(1); return "ok"; }).WithRequestTimeout(TimeSpan.FromMinutes(1));
        app.MapGet("/compressed", () => TypedResults.Text(string.Join(',', Enumerable.Range(0, 2000)), "application/x-report")); app.MapPost("/inflate", (NewOrder o) => o.Customer).WithMetadata(new RequestSizeLimitAttribute(5000)); app.MapPost("/small", async (HttpRequest r) => { r.EnableBuffering(); var max = r.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>(); if (max is { IsReadOnly: false }) max.MaxRequestBodySize = 100; await r.Body.CopyToAsync(Stream.Null); return "ok"; }); app.MapGet("/open", () => "o").RequireCors("open"); app.MapGet("/health/live", (HealthCheckService h, CancellationToken t) => h.CheckHealthAsync(c => c.Tags.Contains("live"), t)).DisableHttpMetricsWhenKnown();
        app.MapGet("/fail/{how}", async (string how, HttpContext c) => { switch (how) { case "http": throw new HttpRequestException(HttpRequestError.ConnectionError, "upstream", null, HttpStatusCode.BadGateway); case "timeout": throw new TimeoutException(how); case "begun": await c.Response.WriteAsync("begun"); return; default: throw new AggregateException(new InvalidOperationException(how)); } });
        app.MapGet("/features", (HttpContext c) => { var tags = c.Features.Get<IHttpMetricsTagsFeature>(); tags?.Tags.Add(new("tenant", "t")); var activity = c.Features.Get<IHttpActivityFeature>()?.Activity; activity?.SetTag("tenant", "t").AddEvent(new("seen", tags: new() { ["n"] = 1 })); _ = c.Features.Get<ITlsConnectionFeature>()?.ClientCertificate?.Subject + c.Features.Get<ITlsHandshakeFeature>()?.Protocol + c.Features.Get<IHttpRequestIdentifierFeature>()?.TraceIdentifier + c.Features.Get<IConnectionItemsFeature>()?.Items.Count; c.Features.Set(new Marker(1)); foreach (var f in c.Features) _ = f.Key.Name; c.Response.OnCompleted(() => Task.CompletedTask); c.Items[typeof(Marker)] = c.Features.GetRequiredFeature<Marker>(); return $"{c.Request.Protocol} {c.Connection.RemotePort > 0} {c.Request.IsHttps} {c.GetEndpoint()?.DisplayName}"; });
        app.MapGet("/scopes", (ILoggerFactory f, GatewayMetrics m) => { var log = f.CreateLogger("Edge.Scopes"); using var a = log.BeginScope("order {Order}", 5); using var b = log.BeginScope(new Dictionary<string, object> { ["tenant"] = "t", ["n"] = 1 }); using (var activity = m.Source.StartActivity("work", ActivityKind.Internal, null, [new("k", 1)], [new ActivityLink(ActivityContext.Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null))])) { activity?.AddBaggage("b", "c").SetStatus(ActivityStatusCode.Error, "x").SetCustomProperty("p", 1); log.LogInformation("In {Activity} {Count:N0} {List}", activity?.Id, 1234, new[] { 1, 2 }); log.LogError(new EventId(7, "Oops"), new InvalidOperationException("x"), "failed"); } LogTexts.Forwarded(log, "catalog", 3, null); return "ok"; });
        app.Map("/pump", async (HttpContext c, ClusterTable t) => { if (!c.WebSockets.IsWebSocketRequest) return Results.BadRequest(); using var server = new ClientWebSocket(); foreach (string p in c.WebSockets.WebSocketRequestedProtocols) server.Options.AddSubProtocol(p); var target = new UriBuilder(t.Pick("catalog", c)!.Address) { Scheme = "ws", Path = "/ws" }; await server.ConnectAsync(target.Uri, c.RequestAborted); using var client = await c.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = server.SubProtocol, DangerousEnableCompression = c.Request.Headers.ContainsKey("Sec-WebSocket-Extensions") }); try { await Task.WhenAll(Copy(client, server), Copy(server, client)); } catch (WebSocketException) { client.Abort(); server.Abort(); } catch (OperationCanceledException) { } return Results.Empty; });
        app.MapGet("/sent", async (HttpContext c, IWebHostEnvironment e) => { string file = Path.Combine(e.ContentRootPath, "sent.txt"); await File.WriteAllTextAsync(file, "sent"); c.Response.ContentType = "text/plain"; await c.Response.SendFileAsync(file); }); app.MapGet("/cookies", (HttpRequest q) => q.Cookies.ToDictionary(x => x.Key, x => x.Value));
        app.MapGet("/negotiated", (HttpRequest q) => { var wanted = q.GetTypedHeaders().Accept.OrderByDescending(a => a.Quality ?? 1).ToList(); return wanted.Any(a => a.MediaType == "text/csv") ? new CsvResult<Price>([new(1, 1)]) : wanted.Any(a => a.MatchesMediaType("application/json")) ? Results.Json(new Price(1, 1)) : Results.StatusCode(406); });
#if NET10_0
        app.MapGet("/failed", () => TypedResults.InternalServerError("failed"));
#endif
        app.MapFallback("/late/{**rest}", () => Results.NotFound());
    }

    private static async Task Copy(WebSocket from, WebSocket to)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (true)
            {
                var r = await from.ReceiveAsync(buffer.AsMemory(), default);
                if (r.MessageType == WebSocketMessageType.Close) { if (to.State is WebSocketState.Open or WebSocketState.CloseReceived) await to.CloseOutputAsync(from.CloseStatus ?? WebSocketCloseStatus.NormalClosure, from.CloseStatusDescription, default); return; }
                await to.SendAsync(buffer.AsMemory(0, r.Count), r.MessageType, r.EndOfMessage, default);
            }
        }
        catch (WebSocketException) { to.Abort(); throw; }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    public static void MapSecurity(WebApplication app)
    {
        app.MapGet("/me", (ClaimsPrincipal u) => u.Claims.Select(c => new { c.Type, c.Value }).Append(new { Type = "scheme", Value = u.Identity?.AuthenticationType ?? "" })).RequireAuthorization();
        var admin = app.MapGroup("/admin").RequireAuthorization(); admin.MapGet("reader", () => "r").RequireAuthorization("reader"); admin.MapGet("token", [Authorize(Policy = "token-only")] () => "t"); admin.MapGet("adult", () => "a").RequireAuthorization("adult"); admin.MapGet("named", () => "n").RequireAuthorization("named"); admin.MapGet("scope", () => "s").RequireAuthorization("scope:write"); admin.MapGet("data", [NeedsScope("write")] () => "d"); admin.MapGet("basic", [Authorize(AuthenticationSchemes = "Basic")] () => "b"); admin.MapGet("either", () => "e").RequireAuthorization(p => p.RequireRole("reader", "x").RequireClaim(ClaimTypes.Name)); admin.MapGet("open", [AllowAnonymous] () => "open");
        admin.MapGet("doc/{owner}", async (string owner, ClaimsPrincipal user, IAuthorizationService a) => (await a.AuthorizeAsync(user, new Document(owner), "owner")).Succeeded ? Results.Ok(owner) : Results.Forbid());
        app.MapPost("/login", async (HttpContext c, [FromForm] string name, [FromForm] string password, IUserStore users) => { if (users.Check(name, password) is not { } roles) return Results.Problem("wrong", statusCode: 401); var id = new ClaimsIdentity(CookieAuthenticationDefaults.AuthenticationScheme); id.AddClaim(new(ClaimTypes.Name, name)); id.AddClaims(roles.Select(r => new Claim(ClaimTypes.Role, r))); var p = new AuthenticationProperties { IsPersistent = true, AllowRefresh = true }; p.StoreTokens([new() { Name = "refresh", Value = "r" }]); await c.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new(id), p); return Results.Ok(name); }).AllowAnonymous().DisableAntiforgery();
        app.MapPost("/logout", async (HttpContext c) => { _ = await c.GetTokenAsync(CookieAuthenticationDefaults.AuthenticationScheme, "refresh"); var r = await c.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme); _ = r.Ticket?.Properties.GetTokens().Count() + r.Principal?.Identities.Count(); return TypedResults.SignOut(authenticationSchemes: [CookieAuthenticationDefaults.AuthenticationScheme]); }); app.MapGet("/challenge", () => Results.Challenge(authenticationSchemes: ["Basic"]));
        app.MapGet("/csrf", (IAntiforgery a, HttpContext c) => a.GetAndStoreTokens(c).RequestToken); app.MapPost("/csrf", ([FromForm] decimal amount) => amount);
    }
}

public sealed record RouteConfig { [Required] public string Id { get; init; } = ""; [Required, RegularExpression("^/.*")] public string Path { get; init; } = "/"; public string Cluster { get; init; } = ""; public int Order { get; init; } public string? Header { get; init; } public string[]? Methods { get; init; } public Dictionary<string, string> Transforms { get; init; } = []; }
public sealed record ClusterConfig { public string Policy { get; init; } = "RoundRobin"; public Version HttpVersion { get; init; } = System.Net.HttpVersion.Version11; public Dictionary<string, Uri> Destinations { get; init; } = []; }
public sealed class GatewayOptions { public TimeSpan ActivityTimeout { get; set; } [Range(0, 10)] public int MaxRetries { get; set; } public List<RouteConfig> Routes { get; set; } = []; public Dictionary<string, ClusterConfig> Clusters { get; set; } = new(StringComparer.OrdinalIgnoreCase); }
public sealed record HeaderRule(string Name);
public sealed record TunnelTarget(Uri Address);
public enum Health { Unknown, Healthy, Unhealthy }
public enum ForwardError { None, NoDestination, Request, Timeout, Cancelled, Body }

public sealed class Destination(string name, Uri address)
{
    private int active, failures;
    public string Name => name;
    public Uri Address => address;
    public Health Health { get; private set; }
    public int Active => Volatile.Read(ref active);
    public IDisposable Use() { Interlocked.Increment(ref active); return new Lease(this); }
    public void Report(bool ok) => Health = ok ? (Interlocked.Exchange(ref failures, 0) >= 0 ? Health.Healthy : Health) : Interlocked.Increment(ref failures) >= 5 ? Health.Unhealthy : Health;
    private sealed class Lease(Destination d) : IDisposable { public void Dispose() => Interlocked.Decrement(ref d.active); }
}

public interface IBalancer { Destination? Pick(HttpContext c, IReadOnlyList<Destination> from); }
public sealed class RoundRobin : IBalancer { private readonly ConditionalWeakTable<IReadOnlyList<Destination>, StrongBox<int>> next = new(); public Destination? Pick(HttpContext c, IReadOnlyList<Destination> from) => from.Count == 0 ? null : from[(int)((uint)Interlocked.Increment(ref next.GetOrCreateValue(from).Value) % (uint)from.Count)]; }
public sealed class LeastRequests : IBalancer { public Destination? Pick(HttpContext c, IReadOnlyList<Destination> from) => from.MinBy(d => (d.Active, d.Name)); }
public sealed class PowerOfTwo : IBalancer { public Destination? Pick(HttpContext c, IReadOnlyList<Destination> from) { if (from.Count == 0) return null; Destination a = from[Random.Shared.Next(from.Count)], b = from[Random.Shared.Next(from.Count)]; return a.Active <= b.Active ? a : b; } }
public sealed class Sticky(IDataProtectionProvider protection) : IBalancer
{
    private readonly IDataProtector protector = protection.CreateProtector("Affinity");
    public Destination? Pick(HttpContext c, IReadOnlyList<Destination> from)
    {
        if (c.Request.Cookies.TryGetValue("edge-affinity", out string? value) && value != null)
            try { string name = protector.Unprotect(value); if (from.FirstOrDefault(d => d.Name == name) is { } known) return known; } catch (CryptographicException) { c.Response.Cookies.Delete("edge-affinity"); }
        uint hash = BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{c.Connection.RemoteIpAddress}")));
        var chosen = from.OrderBy(d => (uint)d.Name[0] ^ hash).FirstOrDefault(); if (chosen != null) c.Response.Cookies.Append("edge-affinity", protector.Protect(chosen.Name), new() { HttpOnly = true, IsEssential = true, Secure = c.Request.IsHttps }); return chosen;
    }
}

public sealed class ClusterTable : IDisposable
{
    private readonly ConcurrentDictionary<(string Cluster, string Name), Destination> all = new();
    private readonly IServiceProvider services;
    private readonly IDisposable? watch;
    private FrozenDictionary<string, ImmutableArray<Destination>> clusters = FrozenDictionary<string, ImmutableArray<Destination>>.Empty;
    private readonly ConditionalWeakTable<object, IReadOnlyList<Destination>> lists = new();

    public ClusterTable(IOptionsMonitor<GatewayOptions> options, IServiceProvider services) { this.services = services; Options = options.CurrentValue; Load(Options); watch = options.OnChange((o, _) => Load(o)); }
    public GatewayOptions Options { get; private set; }
    public IEnumerable<Destination> Destinations => clusters.Values.SelectMany(d => d);
    public Destination? Pick(string cluster, HttpContext c)
    {
        if (!clusters.TryGetValue(cluster, out var list)) return null;
        var healthy = list.RemoveAll(d => d.Health == Health.Unhealthy);
        return services.GetRequiredKeyedService<IBalancer>(Options.Clusters[cluster].Policy).Pick(c, lists.GetValue(cluster, _ => list) is { } known && healthy.Length == known.Count ? known : healthy);
    }
    private void Load(GatewayOptions o) { Options = o; clusters = o.Clusters.ToFrozenDictionary(c => c.Key, c => c.Value.Destinations.Select(d => all.GetOrAdd((c.Key, d.Key), k => new(k.Name, d.Value))).ToImmutableArray(), StringComparer.OrdinalIgnoreCase); }
    public void Dispose() => watch?.Dispose();
}

public sealed class GatewayEndpoints : EndpointDataSource, IDisposable
{
    private readonly object gate = new();
    private readonly Forwarder forwarder;
    private readonly ClusterTable table;
    private readonly IDisposable? watch;
    private CancellationTokenSource changed = new();
    private IReadOnlyList<Endpoint> endpoints;
    private HashSet<(string Id, string Path, string Cluster, int Order)> known;

    public GatewayEndpoints(IOptionsMonitor<GatewayOptions> options, Forwarder forwarder, ClusterTable table) { (this.forwarder, this.table) = (forwarder, table); endpoints = Make(options.CurrentValue); known = Key(options.CurrentValue); watch = options.OnChange(Reload); }
    private void Reload(GatewayOptions o)
    {
        CancellationTokenSource old;
        lock (gate) { if (Key(o).SetEquals(known)) return; known = Key(o); endpoints = Make(o); (old, changed) = (changed, new()); }
        old.Cancel();
    }
    private static HashSet<(string Id, string Path, string Cluster, int Order)> Key(GatewayOptions o) => [.. o.Routes.Select(r => (r.Id, r.Path, r.Cluster, r.Order))];
    public override IReadOnlyList<Endpoint> Endpoints => endpoints;
    public override IChangeToken GetChangeToken() => new CancellationChangeToken(changed.Token);
    private List<Endpoint> Make(GatewayOptions o) => o.Routes.ConvertAll(Make);
    private Endpoint Make(RouteConfig r)
    {
        var b = new RouteEndpointBuilder(c => Handle(c, r), RoutePatternFactory.Parse(r.Path), r.Order) { DisplayName = "route " + r.Id, Metadata = { r, new EndpointNameMetadata("gateway-" + r.Id), new CorsMetadata() } };
        if (r.Methods is { Length: > 0 } methods) b.Metadata.Add(new HttpMethodMetadata(methods)); if (r.Header is { } h) b.Metadata.Add(new HeaderRule(h)); return b.Build();
    }
    private async Task Handle(HttpContext c, RouteConfig r)
    {
        using var destination = table.Pick(r.Cluster, c) is { } d ? new Chosen(d) : null; var error = destination == null ? ForwardError.NoDestination : await forwarder.Send(c, destination.Destination, c.GetRouteValue("rest") as string ?? "", table.Options.Clusters[r.Cluster], r.Transforms);
        destination?.Destination.Report(error is ForwardError.None or ForwardError.Cancelled);
        if (error != ForwardError.None && !c.Response.HasStarted) { c.Response.Clear(); await TypedResults.Problem(title: error.ToString(), statusCode: error switch { ForwardError.Timeout => 504, ForwardError.NoDestination => 503, ForwardError.Cancelled => 499, _ => 502 }).ExecuteAsync(c); }
    }
    public void Dispose() { watch?.Dispose(); changed.Dispose(); }
    private sealed record Chosen(Destination Destination) : IDisposable { private readonly IDisposable lease = Destination.Use(); public void Dispose() => lease.Dispose(); }
    private sealed class CorsMetadata : Microsoft.AspNetCore.Cors.Infrastructure.IEnableCorsAttribute { public string? PolicyName { get; set; } }
}

public sealed class Forwarder(GatewayMetrics metrics, ILogger<Forwarder> log, IOptionsMonitor<GatewayOptions> options) : IDisposable
{
    private static readonly FrozenSet<string> hopByHop = new[] { "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Host", "Content-Length" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private readonly HttpMessageInvoker invoker = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false, EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(15), PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator(), KeepAlivePingDelay = TimeSpan.FromSeconds(60), KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests, RequestHeaderEncodingSelector = (n, _) => n.StartsWith("X-") ? Encoding.UTF8 : null, ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1, MaxResponseHeadersLength = 64, ResponseDrainTimeout = TimeSpan.FromSeconds(2) });

    public async Task<ForwardError> Send(HttpContext c, Destination d, string rest, ClusterConfig cluster, IReadOnlyDictionary<string, string>? transforms)
    {
        var upgrade = c.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } u && c.Request.Headers.Upgrade.Contains("websocket", StringComparer.OrdinalIgnoreCase) ? u : null;
        using var scope = log.BeginScope("{Destination}", d.Name); using var activity = metrics.Source.StartActivity("forward", ActivityKind.Producer); activity?.SetTag("destination", d.Name).SetTag("upgrade", upgrade != null);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(c.RequestAborted); stop.CancelAfter(options.CurrentValue.ActivityTimeout); long began = Stopwatch.GetTimestamp();
        try
        {
            using var m = new HttpRequestMessage(HttpMethod.Parse(c.Request.Method), new Uri(d.Address, Uri.EscapeDataString(rest).Replace("%2F", "/") + c.Request.QueryString.ToUriComponent())) { Version = upgrade != null ? HttpVersion.Version11 : cluster.HttpVersion, VersionPolicy = cluster.HttpVersion.Major > 1 && upgrade == null ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower };
            if (upgrade == null && (c.Request.ContentLength > 0 || c.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } && c.Request.ContentLength == null)) m.Content = new CopyContent(c.Request.Body, c.Request.ContentLength, stop.Token);
            foreach (var (name, values) in c.Request.Headers)
            {
                if (name.StartsWith(':') || hopByHop.Contains(name)) continue;
                if (!m.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) m.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
            if (upgrade != null) { m.Headers.TryAddWithoutValidation("Connection", "Upgrade"); m.Headers.TryAddWithoutValidation("Upgrade", "websocket"); }
            if (c.Request.Headers.TE.ToString().Contains("trailers")) m.Headers.TE.Add(new("trailers"));
            m.Headers.TryAddWithoutValidation("X-Forwarded-For", c.Connection.RemoteIpAddress?.ToString()); m.Headers.TryAddWithoutValidation("X-Forwarded-Proto", c.Request.Scheme); m.Headers.TryAddWithoutValidation("X-Forwarded-Host", c.Request.Host.Value); if (c.Request.PathBase.HasValue) m.Headers.TryAddWithoutValidation("X-Forwarded-Prefix", c.Request.PathBase.Value);
            if (transforms != null) foreach (var t in transforms) { m.Headers.Remove(t.Key); m.Headers.Add(t.Key, t.Value); }
            HttpMetricsEnrich(m); using var r = await invoker.SendAsync(m, stop.Token); c.Response.StatusCode = (int)r.StatusCode;
            Copy(r.Headers.NonValidated, c.Response); Copy(r.Content.Headers.NonValidated, c.Response);
            if (upgrade != null && r.StatusCode == HttpStatusCode.SwitchingProtocols) { c.Response.Headers.Connection = "Upgrade"; c.Response.Headers.Upgrade = r.Headers.Upgrade.ToString(); await using var client = await upgrade.UpgradeAsync(); await using var server = await r.Content.ReadAsStreamAsync(stop.Token); await Task.WhenAny(client.CopyToAsync(server, stop.Token), server.CopyToAsync(client, stop.Token)).Unwrap(); return ForwardError.None; }
            if (r.Content.Headers.ContentLength is { } length && !HttpMethods.IsHead(c.Request.Method) && r.StatusCode != HttpStatusCode.NotModified) c.Response.ContentLength = length;
            bool trailers = c.Response.SupportsTrailers(); foreach (string t in r.Headers.Trailer) if (trailers) c.Response.DeclareTrailer(t);
            await using (var body = await r.Content.ReadAsStreamAsync(stop.Token)) await Pump(body, c.Response, stop);
            if (trailers) foreach (var (name, values) in r.TrailingHeaders) c.Response.AppendTrailer(name, values.ToArray());
            LogTexts.Forwarded(log, d.Name, (int)r.StatusCode, null); return ForwardError.None;
        }
        catch (OperationCanceledException) { return c.RequestAborted.IsCancellationRequested ? ForwardError.Cancelled : ForwardError.Timeout; }
        catch (HttpRequestException e) { log.LogWarning(e, "Request to {Address} failed with {Error}", d.Address, e.HttpRequestError); activity?.SetStatus(ActivityStatusCode.Error, e.Message); metrics.Failed.Add(1, new KeyValuePair<string, object?>("error", e.HttpRequestError.ToString())); return ForwardError.Request; }
        catch (IOException e) { log.LogWarning(e, "Body was cut"); if (c.Response.HasStarted) c.Abort(); return ForwardError.Body; }
        finally { metrics.Duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, new TagList { { "destination", d.Name }, { "status", c.Response.StatusCode } }); }
    }

    private static void HttpMetricsEnrich(HttpRequestMessage m) => System.Net.Http.Metrics.HttpMetricsEnrichmentContext.AddCallback(m, static x => x.AddCustomTag("route", x.Request.Method.Method));
    private static void Copy(HttpHeadersNonValidated from, HttpResponse to) { foreach (var h in from) if (!hopByHop.Contains(h.Key)) to.Headers.Append(h.Key, new StringValues([.. h.Value])); }
    private static async Task Pump(Stream from, HttpResponse to, CancellationTokenSource stop)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(16384);
        try { for (int n; (n = await from.ReadAsync(buffer, stop.Token)) > 0; stop.CancelAfter(TimeSpan.FromSeconds(30))) { await to.Body.WriteAsync(buffer.AsMemory(0, n), stop.Token); await to.Body.FlushAsync(stop.Token); } }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }
    public void Dispose() => invoker.Dispose();
}

public sealed class CopyContent(Stream source, long? length, CancellationToken stop) : HttpContent { protected override Task SerializeToStreamAsync(Stream s, TransportContext? c) => SerializeToStreamAsync(s, c, stop); protected override async Task SerializeToStreamAsync(Stream s, TransportContext? c, CancellationToken t) { await s.FlushAsync(t); await source.CopyToAsync(s, 8192, t); } protected override bool TryComputeLength(out long n) { n = length ?? 0; return length != null; } }
public sealed class PushContent(int size) : HttpContent { protected override async Task SerializeToStreamAsync(Stream s, TransportContext? c) { var w = PipeWriter.Create(s, new StreamPipeWriterOptions(leaveOpen: true)); for (int left = size; left > 0; left -= 500) { w.GetSpan(500)[..500].Clear(); w.Advance(500); await w.FlushAsync(); } await w.CompleteAsync(); } protected override bool TryComputeLength(out long n) { n = size; return false; } }
public sealed class SlowStream(int size) : Stream { private int left = size; public override bool CanRead => true; public override bool CanSeek => false; public override bool CanWrite => false; public override long Length => throw new NotSupportedException(); public override long Position { get => size - left; set => throw new NotSupportedException(); } public override int Read(byte[] b, int o, int c) { int n = Math.Min(Math.Min(c, 7000), left); left -= n; return n; } public override async ValueTask<int> ReadAsync(Memory<byte> b, CancellationToken t = default) { await Task.Yield(); int n = Math.Min(Math.Min(b.Length, 7000), left); b.Span[..n].Fill(1); left -= n; return n; } public override void Flush() { } public override long Seek(long o, SeekOrigin s) => throw new NotSupportedException(); public override void SetLength(long v) => throw new NotSupportedException(); public override void Write(byte[] b, int o, int c) => throw new NotSupportedException(); }

public sealed class HeaderMatcherPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => -100;
    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(e => e.Metadata.GetMetadata<HeaderRule>() != null);
    public Task ApplyAsync(HttpContext c, CandidateSet candidates) { bool found = false; for (int pass = 0; pass < 2; pass++) for (int i = 0; i < candidates.Count; i++) { if (!candidates.IsValidCandidate(i)) continue; var rule = candidates[i].Endpoint.Metadata.GetMetadata<HeaderRule>(); if (pass == 0 && rule != null) { if (c.Request.Headers.ContainsKey(rule.Name)) found = true; else candidates.SetValidity(i, false); } else if (pass == 1 && found && rule == null) candidates.SetValidity(i, false); } return Task.CompletedTask; }
}
public sealed class HealthProber(ClusterTable table, IHttpClientFactory clients, ILogger<HealthProber> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1)); var rounds = Channel.CreateBounded<Destination>(new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        try
        {
            do { foreach (var d in table.Destinations.Where(d => d.Name != "none").DistinctBy(d => d.Address).Take(8)) rounds.Writer.TryWrite(d); while (rounds.Reader.TryRead(out var d)) { using var c = clients.CreateClient("probe"); c.Timeout = TimeSpan.FromSeconds(10); try { using var m = new HttpRequestMessage(HttpMethod.Get, new Uri(d.Address, "probe")) { VersionPolicy = HttpVersionPolicy.RequestVersionOrLower }; using var r = await c.SendAsync(m, HttpCompletionOption.ResponseHeadersRead, stop); d.Report(r.IsSuccessStatusCode); } catch (HttpRequestException e) { log.LogDebug(e, "{Destination} is away", d.Name); } } }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) { log.LogInformation("Probing ends"); rounds.Writer.TryComplete(); }
    }
}
public sealed class UpstreamCheck(ClusterTable table) : IHealthCheck { public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext c, CancellationToken t) { int bad = table.Destinations.Count(d => d.Health == Health.Unhealthy); return Task.FromResult(bad == 0 ? HealthCheckResult.Healthy() : new HealthCheckResult(c.Registration.FailureStatus, $"{bad} away", data: new Dictionary<string, object> { ["bad"] = bad })); } }

public sealed class GatewayMetrics : IDisposable
{
    private readonly Meter meter;
    public GatewayMetrics(IMeterFactory f, IServiceProvider services) { meter = f.Create(new MeterOptions("Gateway") { Version = "1.0", Tags = [new("site", "a")] }); Failed = meter.CreateCounter<long>("gateway.failed", "{request}", "Requests that failed"); Duration = meter.CreateHistogram<double>("gateway.duration", "s"); Open = meter.CreateUpDownCounter<int>("gateway.open"); meter.CreateObservableGauge("gateway.active", () => services.GetRequiredService<ClusterTable>().Destinations.Select(d => new Measurement<int>(d.Active, new KeyValuePair<string, object?>("name", d.Name)))); meter.CreateObservableCounter("gateway.gc", () => (long)GC.CollectionCount(0)); meter.CreateObservableUpDownCounter("gateway.threads", () => ThreadPool.ThreadCount); }
    public ActivitySource Source { get; } = new("Gateway", "1.0");
    public Counter<long> Failed { get; }
    public Histogram<double> Duration { get; }
    public UpDownCounter<int> Open { get; }
    public void Dispose() => Source.Dispose();
}
public static class LogTexts
{
    public static readonly Action<ILogger, string, int, Exception?> Forwarded = LoggerMessage.Define<string, int>(LogLevel.Information, new EventId(1, nameof(Forwarded)), "Forwarded to {Destination}: {Status}");
    public static TBuilder DisableHttpMetricsWhenKnown<TBuilder>(this TBuilder b) where TBuilder : IEndpointConventionBuilder
    {
#if NET10_0
        b.DisableHttpMetrics();
#endif
        return b;
    }
}
public sealed class CorrelationMiddleware(RequestDelegate next, string header, ILogger<CorrelationMiddleware> log, GatewayMetrics metrics)
{
    public async Task InvokeAsync(HttpContext c, IOptionsSnapshot<GatewayOptions> options)
    {
        string id = c.Request.Headers[header] is [{ Length: > 0 and < 64 } given] ? given : Guid.NewGuid().ToString("N"); c.TraceIdentifier = id; metrics.Open.Add(1); using var scope = log.BeginScope(new[] { KeyValuePair.Create<string, object>("CorrelationId", id), new("Retries", options.Value.MaxRetries) });
        c.Response.OnStarting(() => { c.Response.Headers[header] = id; return Task.CompletedTask; }); try { await next(c); } finally { metrics.Open.Add(-1); }
    }
}
public sealed class QuietLogging : IHttpLoggingInterceptor { public ValueTask OnRequestAsync(HttpLoggingInterceptorContext c) { if (c.HttpContext.Request.Path.StartsWithSegments("/health")) c.LoggingFields = HttpLoggingFields.None; else c.AddParameter("site", "a"); if (c.HttpContext.WebSockets.IsWebSocketRequest || c.HttpContext.Request.Path.StartsWithSegments("/catalog")) c.Disable(HttpLoggingFields.RequestBody | HttpLoggingFields.ResponseBody); return default; } public ValueTask OnResponseAsync(HttpLoggingInterceptorContext c) { c.TryDisable(HttpLoggingFields.Duration); return default; } }
public sealed class UpstreamFailures(IProblemDetailsService problems, ILogger<UpstreamFailures> log) : IExceptionHandler { public async ValueTask<bool> TryHandleAsync(HttpContext c, Exception e, CancellationToken t) { c.Response.StatusCode = e switch { HttpRequestException { StatusCode: { } status } => (int)status, BrokenCircuitException => 503, TimeoutException => 504, BadHttpRequestException b => b.StatusCode, InvalidDataException => 400, _ => 500 }; log.LogError(e, "Failed with {Status}", c.Response.StatusCode); return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = c, Exception = e, ProblemDetails = { Title = e.GetType().Name, Detail = e.GetBaseException().Message } }); } }
public sealed class PlainDecompression : IDecompressionProvider { public Stream GetDecompressionStream(Stream s) => s; }
public sealed class Watcher : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private readonly ConcurrentBag<IDisposable> subscriptions = [];
    public void OnNext(DiagnosticListener l) { if (l.Name is "HttpHandlerDiagnosticListener") subscriptions.Add(l.Subscribe(this, name => name.EndsWith("Stop"))); }
    public void OnNext(KeyValuePair<string, object?> e) => _ = e.Value?.GetType().GetProperty("Response")?.GetValue(e.Value);
    public void OnError(Exception e) { }
    public void OnCompleted() { foreach (var s in subscriptions) s.Dispose(); }
}
public sealed class ClientLog(ILogger<ClientLog> log) : Microsoft.Extensions.Http.Logging.IHttpClientLogger
{
    public object? LogRequestStart(HttpRequestMessage m) => log.BeginScope("{Method} {Host}", m.Method, m.RequestUri?.Host);
    public void LogRequestStop(object? context, HttpRequestMessage m, HttpResponseMessage r, TimeSpan t) { log.LogInformation("{Status} after {Time:F1} ms", (int)r.StatusCode, t.TotalMilliseconds); (context as IDisposable)?.Dispose(); }
    public void LogRequestFailed(object? context, HttpRequestMessage m, HttpResponseMessage? r, Exception e, TimeSpan t) { log.LogWarning(e, "{Uri} failed", m.RequestUri); (context as IDisposable)?.Dispose(); }
}
public sealed class CachePosts : IOutputCachePolicy { public ValueTask CacheRequestAsync(OutputCacheContext c, CancellationToken t) { c.EnableOutputCaching = c.AllowCacheLookup = c.AllowCacheStorage = c.AllowLocking = true; c.CacheVaryByRules.QueryKeys = "*"; c.CacheVaryByRules.VaryByValues["m"] = c.HttpContext.Request.Method; c.Tags.Add("posts"); c.ResponseExpirationTimeSpan = TimeSpan.FromMinutes(1); return default; } public ValueTask ServeFromCacheAsync(OutputCacheContext c, CancellationToken t) => default; public ValueTask ServeResponseAsync(OutputCacheContext c, CancellationToken t) { c.AllowCacheStorage &= c.HttpContext.Response.StatusCode == 200; return default; } }
public sealed class PlanLimiter(ILogger<PlanLimiter> log) : IRateLimiterPolicy<string> { public Func<OnRejectedContext, CancellationToken, ValueTask>? OnRejected => (c, t) => { log.LogInformation("rejected"); c.HttpContext.Response.StatusCode = 429; return default; }; public RateLimitPartition<string> GetPartition(HttpContext c) => c.User.FindFirst("plan")?.Value is { } plan ? RateLimitPartition.GetTokenBucketLimiter(plan, _ => new() { TokenLimit = 50, TokensPerPeriod = 10, ReplenishmentPeriod = TimeSpan.FromHours(1) }) : RateLimitPartition.GetFixedWindowLimiter("anyone", _ => new() { PermitLimit = 1, Window = TimeSpan.FromHours(1) }); }

public sealed class TcpTunnel(TunnelTarget target, ILogger<TcpTunnel> log) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext c)
    {
        while (true)
        {
            var r = await c.Transport.Input.ReadAsync(); var reader = new SequenceReader<byte>(r.Buffer);
            if (reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8)) { string text = Encoding.ASCII.GetString(line); c.Transport.Input.AdvanceTo(reader.Position); if (text.Split(' ') is not ["PROXY", "TCP4" or "TCP6", var from, _, var port, _] || !IPEndPoint.TryParse($"{from}:{port}", out var client)) { log.LogWarning("No proxy header: {Text}", text); await c.Transport.Output.WriteAsync("ERR\r\n"u8.ToArray()); return; } c.Items["client"] = client; break; }
            c.Transport.Input.AdvanceTo(r.Buffer.Start, r.Buffer.End); if (r.IsCompleted) return;
        }
        using var server = new TcpClient(); await server.ConnectAsync(target.Address.Host, target.Address.Port); await using var stream = server.GetStream(); var up = c.Transport.Input.CopyToAsync(stream); await stream.CopyToAsync(c.Transport.Output); await up; await c.Transport.Output.CompleteAsync();
    }
}

public sealed class ApiKeyOptions : AuthenticationSchemeOptions { public string Header { get; set; } = "X-Api-Key"; public Dictionary<string, (string Name, string[] Roles)> Keys { get; } = new(StringComparer.Ordinal); public override void Validate() { if (Keys.Count == 0) throw new InvalidOperationException("no keys"); } }
public sealed class ApiKeyHandler(IOptionsMonitor<ApiKeyOptions> o, ILoggerFactory l, UrlEncoder u) : AuthenticationHandler<ApiKeyOptions>(o, l, u) { protected override Task<AuthenticateResult> HandleAuthenticateAsync() { if (!Request.Headers.TryGetValue(Options.Header, out var given)) return Task.FromResult(AuthenticateResult.NoResult()); foreach (var (key, (name, roles)) in Options.Keys) if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(given.ToString()))) return Task.FromResult(AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.Name, name), .. roles.Select(r => new Claim(ClaimTypes.Role, r))], Scheme.Name)), Scheme.Name))); return Task.FromResult(AuthenticateResult.Fail("unknown key")); } protected override async Task HandleChallengeAsync(AuthenticationProperties p) { Response.StatusCode = 401; Response.Headers.WWWAuthenticate = "ApiKey"; await Response.WriteAsJsonAsync(new ProblemDetails { Status = 401, Title = (await HandleAuthenticateOnceSafeAsync()).Failure?.Message }, options: null, contentType: "application/problem+json"); } }
public sealed class BasicHandler(IOptionsMonitor<AuthenticationSchemeOptions> o, ILoggerFactory l, UrlEncoder u, IUserStore users) : AuthenticationHandler<AuthenticationSchemeOptions>(o, l, u) { protected override async Task<AuthenticateResult> HandleAuthenticateAsync() { await Task.Yield(); if (!AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out var h) || h.Parameter == null) return AuthenticateResult.NoResult(); try { if (Encoding.UTF8.GetString(Convert.FromBase64String(h.Parameter)).Split(':', 2) is [var name, var password] && users.Check(name, password) is { } roles) { var id = new ClaimsIdentity(Scheme.Name, ClaimTypes.Name, "role"); id.AddClaim(new("name", name)); foreach (string r in roles) id.AddClaim(new("role", r, ClaimValueTypes.String, "edge")); return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(id), Scheme.Name)); } return AuthenticateResult.Fail(new UnauthorizedAccessException("wrong")); } catch (FormatException e) { return AuthenticateResult.Fail(e); } } protected override Task HandleChallengeAsync(AuthenticationProperties p) { Response.Headers.Append(HeaderNames.WWWAuthenticate, "Basic realm=\"edge\", charset=\"UTF-8\""); return base.HandleChallengeAsync(p); } protected override Task HandleForbiddenAsync(AuthenticationProperties p) { Response.StatusCode = 403; return Task.CompletedTask; } }
public sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> o, ILoggerFactory l, UrlEncoder u, TokenSigner signer, TimeProvider time) : AuthenticationHandler<AuthenticationSchemeOptions>(o, l, u) { protected override Task<AuthenticateResult> HandleAuthenticateAsync() { string text = Request.Headers.Authorization.ToString(); if (!text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return Task.FromResult(AuthenticateResult.NoResult()); try { var c = signer.Read(text[7..]) ?? throw new CryptographicException("bad signature"); if (DateTimeOffset.FromUnixTimeSeconds(c.Exp) < time.GetUtcNow()) return Task.FromResult(AuthenticateResult.Fail("expired")); var id = new ClaimsIdentity(c.Roles.Select(r => new Claim(ClaimTypes.Role, r)).Prepend(new(ClaimTypes.Name, c.Sub)).Concat(c.Scope.Split(' ').Select(s => new Claim("scope", s))).Concat(c.Extra.Select(e => new Claim(e.Key, e.Value.ToString()))), Scheme.Name); return Task.FromResult(AuthenticateResult.Success(new(new(id), new AuthenticationProperties { ExpiresUtc = DateTimeOffset.FromUnixTimeSeconds(c.Exp) }, Scheme.Name))); } catch (Exception e) when (e is CryptographicException or FormatException or JsonException) { Logger.LogInformation(e, "Token refused"); return Task.FromResult(AuthenticateResult.Fail(e)); } } }
public sealed record Claims(string Sub, string[] Roles, string Scope, long Exp, [property: JsonExtensionData] Dictionary<string, JsonElement> Extra);
public sealed record TokenHeader([property: JsonPropertyName("alg")] string Algorithm, [property: JsonPropertyName("typ")] string Type = "JWT");
public sealed class TokenSigner : IDisposable
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web);
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32); private readonly RSA rsa = RSA.Create(2048); private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    public string Sign(string algorithm, Claims c) { string text = WebEncoders.Base64UrlEncode(JsonSerializer.SerializeToUtf8Bytes(new TokenHeader(algorithm), json)) + "." + WebEncoders.Base64UrlEncode(JsonSerializer.SerializeToUtf8Bytes(ToNode(c), json)); byte[] data = Encoding.ASCII.GetBytes(text); return text + "." + WebEncoders.Base64UrlEncode(algorithm switch { "HS256" => HMACSHA256.HashData(secret, data), "RS256" => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), "PS256" => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss), _ => ec.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation) }); }
    public Claims? Read(string token)
    {
        if (token.Split('.') is not [var head, var body, var sign]) throw new FormatException("parts"); var h = JsonSerializer.Deserialize<TokenHeader>(WebEncoders.Base64UrlDecode(head), json)!; byte[] data = Encoding.ASCII.GetBytes(head + "." + body), signature = WebEncoders.Base64UrlDecode(sign);
        using var publicKey = RSA.Create(rsa.ExportParameters(false)); using var publicPoint = ECDsa.Create(); publicPoint.ImportSubjectPublicKeyInfo(ec.ExportSubjectPublicKeyInfo(), out _); using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret); mac.AppendData(data);
        bool good = h.Algorithm switch { "HS256" => CryptographicOperations.FixedTimeEquals(mac.GetHashAndReset(), signature), "RS256" => publicKey.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), "PS256" => publicKey.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss), "ES256" => publicPoint.VerifyData(data, signature, HashAlgorithmName.SHA256), _ => throw new CryptographicException("algorithm") };
        using var doc = JsonDocument.Parse(WebEncoders.Base64UrlDecode(body)); var r = doc.RootElement; return good ? new(r.GetProperty("sub").GetString()!, [.. r.GetProperty("roles").EnumerateArray().Select(x => x.GetString()!)], r.TryGetProperty("scope", out var s) ? s.GetString()! : "", r.GetProperty("exp").GetInt64(), r.GetProperty("ext").Deserialize<Dictionary<string, JsonElement>>(json)!) : null;
    }
    private static JsonObject ToNode(Claims c) => new() { ["sub"] = c.Sub, ["roles"] = new JsonArray([.. c.Roles.Select(r => JsonValue.Create(r))]), ["scope"] = c.Scope, ["exp"] = c.Exp, ["ext"] = JsonSerializer.SerializeToNode(c.Extra, json) };
    public void Dispose() { rsa.Dispose(); ec.Dispose(); }
}
public interface IUserStore { string[]? Check(string name, string password); }
public sealed class UserStore : IUserStore { private static readonly byte[] salt = RandomNumberGenerator.GetBytes(16); private readonly FrozenDictionary<string, (byte[] Hash, string[] Roles)> users = new Dictionary<string, (byte[], string[])> { ["ann"] = (Hash("secret"), ["admin", "reader"]) }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase); public string[]? Check(string name, string password) => users.TryGetValue(name, out var u) && CryptographicOperations.FixedTimeEquals(u.Hash, Hash(password)) ? u.Roles : null; private static byte[] Hash(string p) => Rfc2898DeriveBytes.Pbkdf2(p, salt, 1000, HashAlgorithmName.SHA256, 32); }
public sealed record MinimumAge(int Years) : IAuthorizationRequirement;
public sealed class MinimumAgeHandler : AuthorizationHandler<MinimumAge> { protected override Task HandleRequirementAsync(AuthorizationHandlerContext c, MinimumAge r) { if (int.TryParse(c.User.FindFirstValue("age"), CultureInfo.InvariantCulture, out int age) && age >= r.Years) c.Succeed(r); else c.Fail(new AuthorizationFailureReason(this, "too young")); return Task.CompletedTask; } }
public sealed record Document(string Owner);
public sealed class OwnerHandler : AuthorizationHandler<OperationAuthorizationRequirement, Document> { protected override Task HandleRequirementAsync(AuthorizationHandlerContext c, OperationAuthorizationRequirement r, Document d) { if (r.Name == "Edit" && c.User.Identity?.Name == d.Owner) c.Succeed(r); return Task.CompletedTask; } }
[AttributeUsage(AttributeTargets.Method)] public sealed class NeedsScopeAttribute(string scope) : AuthorizeAttribute, IAuthorizationRequirement, IAuthorizationRequirementData { public string Scope => scope; public IEnumerable<IAuthorizationRequirement> GetRequirements() { yield return this; } }
public sealed class ScopeHandler : AuthorizationHandler<NeedsScopeAttribute> { protected override async Task HandleRequirementAsync(AuthorizationHandlerContext c, NeedsScopeAttribute r) { await Task.Yield(); if (c.User.HasClaim("scope", r.Scope)) c.Succeed(r); } }
public sealed class ScopePolicies(IOptions<AuthorizationOptions> o) : DefaultAuthorizationPolicyProvider(o) { public override async Task<AuthorizationPolicy?> GetPolicyAsync(string name) => name.StartsWith("scope:", StringComparison.Ordinal) ? new AuthorizationPolicyBuilder().AddRequirements(new ClaimsAuthorizationRequirement("scope", [name[6..]])).RequireAuthenticatedUser().Build() : await base.GetPolicyAsync(name); }
public sealed class ExplainDenied : IAuthorizationMiddlewareResultHandler { private readonly AuthorizationMiddlewareResultHandler usual = new(); public Task HandleAsync(RequestDelegate next, HttpContext c, AuthorizationPolicy p, PolicyAuthorizationResult r) { if (r.Forbidden && r.AuthorizationFailure is { } f) c.Response.Headers["X-Denied"] = string.Join(',', f.FailedRequirements.Select(x => x.GetType().Name).Concat(f.FailureReasons.Select(x => x.Message))); return usual.HandleAsync(next, c, p, r); } }
public sealed class AddPlan : IClaimsTransformation { public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal p) { if (p.HasClaim(c => c.Type == "plan")) return Task.FromResult(p); var extra = new ClaimsIdentity(); extra.AddClaim(new("plan", p.IsInRole("admin") ? "gold" : "basic")); p.AddIdentity(extra); return Task.FromResult(p); } }

public sealed class BrokenCircuitException(string message) : Exception(message);
public sealed class CircuitBreaker(int limit, TimeSpan pause, TimeProvider time) { private readonly object gate = new(); private int failures; private DateTimeOffset? until; private bool trial; public bool Allows() { lock (gate) { if (until is not { } u) return true; if (time.GetUtcNow() < u || trial) return false; return trial = true; } } public void Failed() { lock (gate) if (++failures >= limit) { until = time.GetUtcNow() + pause; trial = false; } } public void Succeeded() { lock (gate) { failures = 0; until = null; trial = false; } } public override string ToString() => $"{failures} {until:O} {trial}"; }
public sealed class ManualTime : TimeProvider { private DateTimeOffset now = DateTimeOffset.UnixEpoch; public override DateTimeOffset GetUtcNow() => now; public override long GetTimestamp() => now.Ticks; public override long TimestampFrequency => TimeSpan.TicksPerSecond; public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc; public void Advance(TimeSpan by) => now += by; }
public sealed class BreakerHandler(CircuitBreaker breaker) : DelegatingHandler { protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage m, CancellationToken t) { if (!breaker.Allows()) throw new BrokenCircuitException(m.RequestUri!.Host); try { var r = await base.SendAsync(m, t); if ((int)r.StatusCode >= 500) breaker.Failed(); else breaker.Succeeded(); return r; } catch (HttpRequestException) { breaker.Failed(); throw; } } }
public sealed class BearerHandler(TokenSigner signer) : DelegatingHandler { private static readonly SemaphoreSlim gate = new(1, 1); private static (string Token, long Until)? cached; protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage m, CancellationToken t) { await gate.WaitAsync(t); try { cached ??= (signer.Sign("HS256", new("edge", ["service"], "all", 4102444800, [])), 4102444800); } finally { gate.Release(); } m.Headers.Authorization = new AuthenticationHeaderValue("Bearer", cached.Value.Token); return await base.SendAsync(m, t); } protected override HttpResponseMessage Send(HttpRequestMessage m, CancellationToken t) => base.Send(m, t); }
public sealed class LimitHandler(RateLimiter limiter) : DelegatingHandler { protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage m, CancellationToken t) { using var lease = await limiter.AcquireAsync(1, t); if (lease.IsAcquired) return await base.SendAsync(m, t); var r = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { RequestMessage = m }; r.Headers.RetryAfter = new(TimeSpan.FromSeconds(1)); return r; } protected override void Dispose(bool d) { if (d) limiter.Dispose(); base.Dispose(d); } }
public sealed class RetryHandler(ILogger<RetryHandler> log, IOptions<GatewayOptions> options) : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<int> attempt = new("attempt");
    public static TimeSpan Backoff(int n) => TimeSpan.FromMilliseconds(Math.Min(50, Math.Pow(2, n)) + Random.Shared.NextDouble());
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage m, CancellationToken t)
    {
        if (m.Content != null) await m.Content.LoadIntoBufferAsync();
        for (int n = 1; ; n++)
        {
            m.Options.Set(attempt, n);
            try { var r = await base.SendAsync(m, t); if (n > options.Value.MaxRetries || r.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)) return r; var pause = r.Headers.RetryAfter switch { { Delta: { } d } => d, { Date: { } at } => at - DateTimeOffset.UtcNow, _ => Backoff(n) }; r.Dispose(); log.LogInformation("Attempt {Attempt} of {Uri} again after {Pause}", m.Options.TryGetValue(attempt, out int a) ? a : 0, m.RequestUri, pause); await Task.Delay(pause, t); }
            catch (HttpRequestException e) when (n <= options.Value.MaxRetries && m.Method == HttpMethod.Get && e.StatusCode == null) { await Task.Delay(Backoff(n), t); }
        }
    }
}
public sealed class CatalogClient(HttpClient http)
{
    public async Task<Item?> Get(int id) { using var r = await http.GetAsync($"items/{id}"); if (r.StatusCode == HttpStatusCode.NotFound) { _ = (await r.Content.ReadFromJsonAsync<ProblemDetails>())?.Title; return null; } r.EnsureSuccessStatusCode(); return await r.Content.ReadFromJsonAsync<Item>(Backend.Json); }
    public async Task<Item?> Create(Item i) { using var r = await http.PostAsJsonAsync("items", i, Backend.Json); _ = r.Headers.Location?.ToString(); return await r.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Item>(Backend.Json); }
    public async Task<bool> Replace(int id, Book b) { using var r = await http.PutAsJsonAsync($"items/{id}", b, Backend.Json); return r.IsSuccessStatusCode; }
    public async Task<string> Patch(int id, JsonObject patch) { using var r = await http.PatchAsJsonAsync($"items/{id}", patch); return await r.Content.ReadAsStringAsync(); }
    public async Task Remove(int id) { using var r = await http.DeleteAsync($"items/{id}"); }
    public Task<string> Flaky() => http.GetStringAsync("flaky?key=" + Guid.NewGuid()); public Task<string> Text(string path, CancellationToken t) => http.GetStringAsync(path, t); public Task<JsonArray?> Nodes() => http.GetFromJsonAsync<JsonArray>("items");
    public async IAsyncEnumerable<Reading> Readings(int n, [EnumeratorCancellation] CancellationToken t = default) { using var r = await http.GetAsync("stream?count=" + n, HttpCompletionOption.ResponseHeadersRead, t); await using var s = await r.Content.ReadAsStreamAsync(t); await foreach (var x in JsonSerializer.DeserializeAsyncEnumerable<Reading>(s, Backend.Json, t)) if (x != null) yield return x; }
}
public interface IPrices { Task<Price[]> Of(IReadOnlyCollection<int> ids, CancellationToken t); }
public sealed class Prices(HttpClient http) : IPrices { public async Task<Price[]> Of(IReadOnlyCollection<int> ids, CancellationToken t) => (await Task.WhenAll(ids.Select(id => http.GetFromJsonAsync<Price>($"price/{id}", t)))).OfType<Price>().ToArray(); }

[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)] [JsonDerivedType(typeof(Book), "book")] [JsonDerivedType(typeof(Disc), "disc")]
public abstract record Item(int Id, string Title) { public string[]? Tags { get; init; } public string Secret => "s"; [JsonIgnore] public bool Hidden { get; init; } }
public sealed record Book(int Id, string Title, [property: JsonRequired] string Isbn) : Item(Id, Title) { public Priority Priority { get; init; } = Priority.Normal; public DateOnly? Printed { get; init; } }
public sealed record Disc(int Id, string Title, int Minutes) : Item(Id, Title) { public TimeSpan Length => TimeSpan.FromMinutes(Minutes); [JsonPropertyName("label"), JsonPropertyOrder(-1)] public string? Publisher { get; init; } }
public enum Priority { Low, Normal, High, Express }
public sealed record Reading(DateTimeOffset At, double Value, Point Where);
public sealed record Price(int Id, decimal Amount);
public sealed record Dashboard(Item Item, Price? Price, ImmutableArray<int> Order);
public sealed record Marker(int N);
public sealed record NewOrder([property: Required, StringLength(20, MinimumLength = 1)] string Customer, [property: Range(1, 100)] int Count, DayOfWeek Day) : IValidatableObject { public IEnumerable<ValidationResult> Validate(ValidationContext c) { if (Day == DayOfWeek.Saturday) yield return new("closed", [nameof(Day)]); } }
public sealed class FormOrder { public string Customer { get; set; } = ""; public List<FormLine> Lines { get; set; } = []; public Dictionary<string, string> Notes { get; set; } = []; public DateOnly Due { get; set; } public Priority Kind { get; set; } }
public sealed record FormLine(string Sku, int Count);
public readonly record struct Point(int X, int Y) : IParsable<Point> { public static Point Parse(string s, IFormatProvider? p) => TryParse(s, p, out var r) ? r : throw new FormatException(s); public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? p, out Point r) { if (s?.Split(',') is [var x, var y] && int.TryParse(x, p, out int a) && int.TryParse(y, p, out int b)) { r = new(a, b); return true; } r = default; return false; } }
public sealed class PointConverter : JsonConverter<Point> { public override Point Read(ref Utf8JsonReader r, Type t, JsonSerializerOptions o) => r.TokenType == JsonTokenType.String ? Point.Parse(r.GetString()!, CultureInfo.InvariantCulture) : throw new JsonException("point"); public override void Write(Utf8JsonWriter w, Point v, JsonSerializerOptions o) => w.WriteStringValue($"{v.X},{v.Y}"); }
public sealed record Paging(int Page, int Size) { public static ValueTask<Paging?> BindAsync(HttpContext c, ParameterInfo p) => ValueTask.FromResult<Paging?>(new(int.TryParse(c.Request.Query["page"], out int n) ? n : 1, int.TryParse(c.Request.Query["size"], out int s) ? s : 10)); }
public sealed class Tenant : IBindableFromHttpContext<Tenant> { public string Name { get; private init; } = ""; public static async ValueTask<Tenant?> BindAsync(HttpContext c, ParameterInfo p) { await Task.Yield(); return new() { Name = c.Request.Headers["X-Tenant"].ToString() }; } }
public sealed record SearchRequest([FromRoute] int Id, string? Q, int? Page, [FromHeader(Name = "X-Trace")] string? Trace, Catalog Catalog, CancellationToken Cancel);
public struct Filter { public string Name { get; set; } public int? Size { get; set; } public DateOnly When { get; set; } [FromQuery(Name = "z")] public string? Zone { get; set; } }
public interface IGreeter { string Greet(string n); }
public sealed class Greeter(string end) : IGreeter { public string Greet(string n) => n + end; }
public sealed class Catalog { private readonly SortedDictionary<int, Item> items = new() { [1] = new Book(1, "one", "111") { Tags = ["a"], Printed = new(2020, 1, 1) }, [2] = new Disc(2, "two", 60) }; public IEnumerable<Item> All { get { lock (items) return [.. items.Values]; } } public Item? Find(int id) { lock (items) return items.GetValueOrDefault(id); } public Item Put(Item i) { lock (items) return items[i.Id] = i; } public bool Remove(int id) { lock (items) return items.Remove(id); } }
public sealed class EvenConstraint : IRouteConstraint { public bool Match(HttpContext? c, IRouter? r, string key, RouteValueDictionary values, RouteDirection d) => values.TryGetValue(key, out object? v) && long.TryParse(Convert.ToString(v, CultureInfo.InvariantCulture), out long n) && n % 2 == 0; }
public sealed class Slug : IOutboundParameterTransformer, IParameterPolicy { public string? TransformOutbound(object? v) => v == null ? null : System.Text.RegularExpressions.Regex.Replace(v.ToString()!, "([a-z])([A-Z])", "$1-$2").ToLowerInvariant(); }
public sealed class TimingFilter(ILogger<TimingFilter> log) : IEndpointFilter { public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext c, EndpointFilterDelegate next) { long t = Stopwatch.GetTimestamp(); object? r = await next(c); log.LogDebug("{Arguments} took {Time}", c.Arguments.Count, Stopwatch.GetElapsedTime(t)); return r; } }
public sealed class ValidationFilter<T> : IEndpointFilter where T : class { public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext c, EndpointFilterDelegate next) { var found = new List<ValidationResult>(); return c.Arguments.OfType<T>().FirstOrDefault() is { } x && !Validator.TryValidateObject(x, new ValidationContext(x, c.HttpContext.RequestServices, null), found, true) ? TypedResults.ValidationProblem(found.SelectMany(f => f.MemberNames, (f, m) => (m, f.ErrorMessage)).GroupBy(f => f.m, f => f.ErrorMessage ?? "").ToDictionary(g => g.Key, g => g.ToArray())) : await next(c); } }
public sealed class CsvResult<T>(IReadOnlyList<T> rows) : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IContentTypeHttpResult { public int? StatusCode => 200; public string ContentType => "text/csv"; public async Task ExecuteAsync(HttpContext c) { c.Response.ContentType = ContentType; await using var w = new StreamWriter(c.Response.Body, leaveOpen: true); var properties = typeof(T).GetProperties(); await w.WriteLineAsync(string.Join(';', properties.Select(p => p.Name))); foreach (var r in rows) await w.WriteLineAsync(string.Join(';', properties.Select(p => Convert.ToString(p.GetValue(r), CultureInfo.InvariantCulture)))); } public static void PopulateMetadata(MethodInfo m, EndpointBuilder b) => b.Metadata.Add(new ProducesResponseTypeMetadata(200, typeof(string), ["text/csv"])); }
public sealed class RingLogs : ILoggerProvider, ISupportExternalScope { private readonly Queue<string> lines = new(); private IExternalScopeProvider? scopes; public int Count => lines.Count; public void Add(string line) { lock (lines) { lines.Enqueue(line); while (lines.Count > 200) lines.Dequeue(); } } public ILogger CreateLogger(string category) => new Sink(this, category); public void SetScopeProvider(IExternalScopeProvider p) => scopes = p; public void Dispose() { } private sealed class Sink(RingLogs ring, string category) : ILogger { public IDisposable? BeginScope<T>(T s) where T : notnull => ring.scopes?.Push(s); public bool IsEnabled(LogLevel l) => l >= LogLevel.Information; public void Log<T>(LogLevel level, EventId id, T state, Exception? e, Func<T, Exception?, string> format) { if (!IsEnabled(level)) return; var b = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{level,-11} {category}[{id.Id}] {format(state, e)}"); ring.scopes?.ForEachScope((s, x) => { if (s is IEnumerable<KeyValuePair<string, object>> pairs) foreach (var p in pairs) x.Append(' ').Append(p.Key).Append('=').Append(p.Value); else x.Append(' ').Append(s); }, b); ring.Add(b.ToString()); } } }
