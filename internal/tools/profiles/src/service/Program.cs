// A worker service: host, configuration from every source, options, logging of every kind, background work, HTTP clients, metrics. MIT licensed.
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.ObjectPool;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

var dir = Directory.CreateTempSubdirectory();
File.WriteAllText(Path.Combine(dir.FullName, "a.ini"), "[Section]\nKey=ini\n");
File.WriteAllText(Path.Combine(dir.FullName, "a.xml"), "<c><Xml Name=\"n\"><Key>xml</Key></Xml></c>");
File.WriteAllText(Path.Combine(dir.FullName, "a.json"), """
    { "Work": { "Name": "worker", "Count": 3, "Big": 5000000000, "Rate": 1.5, "Price": 2.50, "On": true, "Wait": "00:00:01", "When": "2024-02-29T10:00:00Z", "Id": "0f8fad5b-d9cb-469f-a165-70867728950e", "Day": "Friday", "Uri": "http://localhost/", "Maybe": null, "Letter": "x",
      "Names": [ "a", "b" ], "Numbers": [ 1, 2 ], "Map": { "a": "1" }, "Sizes": { "a": 1 }, "Inner": { "Name": "i", "Count": 2 }, "Inners": [ { "Name": "j" } ], "ByName": { "k": { "Count": 7 } }, "Days": [ "Monday" ], "Flags": { "x": true } } }
    """);
var builder = Host.CreateApplicationBuilder(args);
builder.Configuration.AddIniFile(Path.Combine(dir.FullName, "a.ini")).AddXmlFile(Path.Combine(dir.FullName, "a.xml")).AddJsonFile(Path.Combine(dir.FullName, "a.json"), optional: false, reloadOnChange: true).AddEnvironmentVariables("TRAIN_").AddCommandLine(["--x=1", "/y", "2", "-z=3"], new Dictionary<string, string> { ["-z"] = "zed" }).AddInMemoryCollection([new("m", "n")]).AddKeyPerFile(dir.FullName, true);
builder.Logging.ClearProviders().AddConsole().AddDebug().AddEventSourceLogger().AddFilter("Noisy", LogLevel.Error).AddFilter<ConsoleLoggerProvider>("Training", LogLevel.Information).SetMinimumLevel(LogLevel.Debug);
builder.Logging.AddProvider(new Memory());
string format = args.FirstOrDefault() ?? "simple";
if (format == "json") builder.Logging.AddJsonConsole(o => { o.IncludeScopes = true; o.TimestampFormat = "HH:mm:ss "; o.JsonWriterOptions = new() { Indented = true }; });
else if (format == "systemd") builder.Logging.AddSystemdConsole(o => o.IncludeScopes = true);
else builder.Logging.AddSimpleConsole(o => { o.SingleLine = true; o.IncludeScopes = true; o.TimestampFormat = "HH:mm:ss.fff "; o.ColorBehavior = LoggerColorBehavior.Enabled; });
var s = builder.Services;
s.AddOptions<WorkOptions>().BindConfiguration("Work").ValidateDataAnnotations().Validate(o => o.Count > 0).ValidateOnStart().PostConfigure<IConfiguration>((o, c) => o.Name += c["m"]);
s.Configure<WorkOptions>("other", builder.Configuration.GetSection("Work")); s.ConfigureAll<WorkOptions>(o => o.Extra = "e"); s.AddSingleton<IValidateOptions<WorkOptions>, WorkValidator>(); s.Configure<HostOptions>(o => { o.ShutdownTimeout = TimeSpan.FromSeconds(5); o.ServicesStartConcurrently = true; });
s.AddSingleton(Channel.CreateBounded<Job>(10)); s.AddHostedService<Producer>(); s.AddHostedService<Consumer>(); s.AddHostedService<Life>();
s.AddScoped<Unit>(); s.AddTransient<Unit2>(); s.AddSingleton<IPlug, PlugA>(); s.AddSingleton<IPlug, PlugB>(); s.TryAddSingleton<IPlug, PlugA>(); s.TryAddEnumerable(ServiceDescriptor.Singleton<IPlug, PlugB>()); s.AddKeyedSingleton<IPlug, PlugA>("a"); s.AddKeyedScoped<IPlug>("b", (sp, k) => new PlugB()); s.AddSingleton(typeof(Store<>)); s.AddTransient(typeof(IHandler<>), typeof(Handler<>)); s.AddSingleton<Func<string, IPlug>>(sp => n => sp.GetRequiredKeyedService<IPlug>(n)); s.AddSingleton(sp => ActivatorUtilities.CreateInstance<Made>(sp, "arg")); s.AddSingleton<Lazy<Made>>(sp => new(() => sp.GetRequiredService<Made>())); s.Replace(ServiceDescriptor.Singleton(new Settings(3)));
s.AddHttpClient(); s.AddHttpClient<Api>(c => { c.BaseAddress = new("http://localhost/"); c.DefaultRequestHeaders.Accept.ParseAdd("application/json"); }).ConfigurePrimaryHttpMessageHandler(() => new Fake()).AddHttpMessageHandler<Retry>().SetHandlerLifetime(TimeSpan.FromMinutes(2)); s.AddTransient<Retry>();
s.AddMemoryCache(o => o.SizeLimit = 100); s.AddDistributedMemoryCache(); s.AddHealthChecks().AddCheck("ok", () => HealthCheckResult.Healthy()); s.AddMetrics(); s.AddLocalization();
using var host = builder.Build();
await host.StartAsync();
var services = host.Services;
await Step.Run("services", async () =>
{
    using (var scope = services.CreateScope()) { _ = scope.ServiceProvider.GetRequiredService<Unit>(); _ = scope.ServiceProvider.GetRequiredService<Unit2>(); _ = scope.ServiceProvider.GetKeyedService<IPlug>("b"); _ = scope.ServiceProvider.GetRequiredService<IHandler<string>>().Handle("x"); _ = scope.ServiceProvider.GetRequiredService<IHandler<int>>().Handle(1); _ = scope.ServiceProvider.GetServices<IPlug>().Count(); _ = scope.ServiceProvider.GetService<IEnumerable<IPlug>>(); _ = scope.ServiceProvider.GetService<Missing>(); }
    await using (var scope = services.CreateAsyncScope()) { _ = scope.ServiceProvider.GetRequiredService<Store<int>>(); _ = scope.ServiceProvider.GetRequiredService<Store<string>>(); }
    for (int i = 0; i < 4; i++) using (var scope = services.CreateScope()) { _ = scope.ServiceProvider.GetRequiredService<Unit>(); _ = scope.ServiceProvider.GetRequiredService<Lazy<Made>>().Value; _ = scope.ServiceProvider.GetRequiredService<Func<string, IPlug>>()("a"); }
    try { _ = services.GetRequiredService<Missing>(); } catch (InvalidOperationException) { }
    _ = services.GetRequiredService<IServiceProviderIsService>().IsService(typeof(Unit)); _ = ActivatorUtilities.GetServiceOrCreateInstance<Made2>(services); var f = ActivatorUtilities.CreateFactory<Made>([typeof(string)]); _ = f(services, ["q"]);
    var own = new ServiceCollection().AddLogging().AddSingleton<Settings>(new Settings(1)).AddTransient<Unit2>().BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }); _ = own.GetRequiredService<Unit2>(); await own.DisposeAsync();
});
await Step.Run("configuration", async () =>
{
    var c = services.GetRequiredService<IConfiguration>(); _ = c["Work:Name"]; _ = c.GetValue<int>("Work:Count"); _ = c.GetValue<bool>("Work:On"); _ = c.GetValue("Work:None", 4L); _ = c.GetValue<TimeSpan>("Work:Wait"); _ = c.GetValue<double?>("Work:Rate"); _ = c.GetValue<DayOfWeek>("Work:Day"); _ = c.GetValue<string>("m"); _ = c.GetSection("Work").Exists(); _ = c.GetSection("Work:Names").Get<string[]>(); _ = c.GetSection("Work:Numbers").Get<List<int>>(); _ = c.GetSection("Work:Sizes").Get<Dictionary<string, int>>(); _ = c.GetSection("Work").Get<WorkOptions>(); c.GetSection("Work").Bind(new WorkOptions()); _ = c.GetConnectionString("x"); _ = c.AsEnumerable().Count(); _ = ((IConfigurationRoot)c).GetDebugView().Length; _ = c.GetRequiredSection("Work").GetChildren().Select(x => x.Key).ToList(); ((IConfigurationRoot)c).Reload();
    using var watch = ChangeToken.OnChange(c.GetReloadToken, () => { }); var m = services.GetRequiredService<IOptionsMonitor<WorkOptions>>(); using var on = m.OnChange((o, n) => { }); _ = m.Get("other").Name; _ = services.GetRequiredService<IOptions<WorkOptions>>().Value.Inners.Count; using (var scope = services.CreateScope()) _ = scope.ServiceProvider.GetRequiredService<IOptionsSnapshot<WorkOptions>>().Value; await File.AppendAllTextAsync(Path.Combine(dir.FullName, "a.json"), "\n"); await Task.Delay(400); try { _ = Options.Create(new WorkOptions()).Value; } catch (OptionsValidationException) { }
});
await Step.Run("logging", async () =>
{
    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Training"); using (log.BeginScope("scope {A}", 1)) using (log.BeginScope(new Dictionary<string, object> { ["k"] = "v" })) { log.LogTrace("t"); log.LogDebug("d {A}", 1); log.LogInformation("i {A} {B:N2} {C}", "a", 1.5, DateTime.UnixEpoch); log.LogWarning(new EventId(3, "w"), "w {A}", [new[] { 1, 2 }]); log.LogError(new InvalidOperationException("x"), "e {A}", Guid.Empty); log.LogCritical("c {A} {B} {C} {D}", 1, 2L, true, null); log.Log(LogLevel.Information, "l"); }
    var define = LoggerMessage.Define<int, string>(LogLevel.Information, new EventId(1), "defined {A} {B}"); define(log, 1, "b", null); LoggerMessage.Define(LogLevel.Debug, 2, "none")(log, null); LoggerMessage.Define<string>(LogLevel.Information, 3, "one {A}")(log, "x", null); LoggerMessage.DefineScope<int>("s {A}")(log, 1)?.Dispose(); _ = log.IsEnabled(LogLevel.Trace); services.GetRequiredService<ILogger<Unit>>().LogInformation("typed"); using var f = LoggerFactory.Create(b => b.AddConsole().SetMinimumLevel(LogLevel.Warning)); f.CreateLogger<Job>().LogWarning("own"); await Task.Delay(20);
});
await Step.Run("http", async () =>
{
    var api = services.GetRequiredService<Api>(); _ = await api.Get(); _ = await api.Post(); using var plain = services.GetRequiredService<IHttpClientFactory>().CreateClient(); try { await plain.GetAsync("http://127.0.0.1:1/"); } catch (HttpRequestException) { }
});
await Step.Run("caches", async () =>
{
    var m = services.GetRequiredService<IMemoryCache>(); using (var e = m.CreateEntry("a")) { e.Value = 1; e.Size = 1; e.SlidingExpiration = TimeSpan.FromMinutes(1); e.RegisterPostEvictionCallback((k, v, r, x) => { }); } _ = m.TryGetValue("a", out int _); _ = await m.GetOrCreateAsync("b", async e => { e.Size = 1; await Task.Yield(); return "v"; }); m.Remove("a"); _ = m.Get<string>("b"); m.Set("c", 1, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1), Priority = CacheItemPriority.High }); var d = services.GetRequiredService<IDistributedCache>(); await d.SetAsync("k", [1], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(1) }); _ = await d.GetStringAsync("k"); await d.RemoveAsync("k"); _ = (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status; var pool = new DefaultObjectPoolProvider().CreateStringBuilderPool(); var sb = pool.Get(); pool.Return(sb);
});
Step.Run("files", () => { using var p = new PhysicalFileProvider(dir.FullName); _ = p.GetDirectoryContents("").Select(f => f.Name).ToList(); using var r = p.GetFileInfo("a.ini").CreateReadStream(); _ = p.Watch("*.json").HasChanged; var matcher = new Matcher(); matcher.AddInclude("**/*.json").AddExclude("x/**"); _ = matcher.GetResultsInFullPath(dir.FullName).Count(); StringValues v = new(["a", "b"]); _ = v.Count + v.ToString() + new StringSegment("a,b").Split([',']).Count(); foreach (string? x in v) _ = x; });
Step.Run("diagnostics", () =>
{
    using var meter = new Meter("t"); var counter = meter.CreateCounter<long>("c"); var histogram = meter.CreateHistogram<double>("h"); meter.CreateObservableGauge("g", () => 1); using var l = new MeterListener { InstrumentPublished = (i, x) => x.EnableMeasurementEvents(i) }; l.SetMeasurementEventCallback<long>((i, m, t, o) => { }); l.SetMeasurementEventCallback<double>((i, m, t, o) => { }); l.SetMeasurementEventCallback<int>((i, m, t, o) => { }); l.Start(); counter.Add(1, new KeyValuePair<string, object?>("a", 1)); histogram.Record(1.5); l.RecordObservableInstruments();
    using var source = new ActivitySource("t"); using var al = new ActivityListener { ShouldListenTo = _ => true, Sample = (ref ActivityCreationOptions<ActivityContext> o) => ActivitySamplingResult.AllDataAndRecorded }; ActivitySource.AddActivityListener(al); using (var a = source.StartActivity("op", ActivityKind.Client)) { a?.SetTag("k", 1).AddEvent(new("e")).SetBaggage("b", "c"); _ = a?.Id; } using var dl = new DiagnosticListener("d"); using var sub = dl.Subscribe(new Watch()); if (dl.IsEnabled("x")) dl.Write("x", new { a = 1 }); using var el = new Listener(); Events.Log.Happened(1, "a");
});
await host.StopAsync();
dir.Delete(true);
Console.WriteLine("done");
return Step.Exit;

public class WorkOptions { [Required] public string Name { get; set; } = ""; [Range(1, 10)] public int Count { get; set; } public long Big { get; set; } public double Rate { get; set; } public decimal Price { get; set; } public bool On { get; set; } public TimeSpan Wait { get; set; } public DateTimeOffset When { get; set; } public Guid Id { get; set; } public DayOfWeek Day { get; set; } public Uri? Uri { get; set; } public int? Maybe { get; set; } public char Letter { get; set; } public string[] Names { get; set; } = []; public List<int> Numbers { get; set; } = []; public Dictionary<string, string> Map { get; set; } = []; public IDictionary<string, int> Sizes { get; set; } = new Dictionary<string, int>(); public Inner? Inner { get; set; } public List<Inner> Inners { get; set; } = []; public Dictionary<string, Inner> ByName { get; set; } = []; public HashSet<DayOfWeek> Days { get; set; } = []; public Dictionary<string, bool> Flags { get; set; } = []; public string Extra { get; set; } = ""; }
public class Inner { public string Name { get; set; } = ""; public int Count { get; set; } }
public sealed class WorkValidator : IValidateOptions<WorkOptions> { public ValidateOptionsResult Validate(string? n, WorkOptions o) => o.Name == "" ? ValidateOptionsResult.Fail("name") : ValidateOptionsResult.Success; }
public record Job(int Id, string Name);
public record Settings(int Depth);
public sealed class Missing;
public interface IPlug; public sealed class PlugA : IPlug; public sealed class PlugB : IPlug, IDisposable { public void Dispose() { } }
public sealed class Unit(ILogger<Unit> log, IConfiguration c, IEnumerable<IPlug> plugs, Settings s) : IAsyncDisposable, IDisposable { public int Depth => s.Depth + plugs.Count() + (c["m"] ?? "").Length + (log.IsEnabled(LogLevel.Debug) ? 1 : 0); public ValueTask DisposeAsync() => default; public void Dispose() { } }
public sealed class Unit2(Settings s, [FromKeyedServices("a")] IPlug? p = null) { public int Depth => s.Depth + (p is null ? 0 : 1); }
public sealed class Store<T>(ILogger<Store<T>> log) { public ILogger Log => log; }
public interface IHandler<T> { string Handle(T x); } public sealed class Handler<T>(IServiceProvider p) : IHandler<T> { public string Handle(T x) => x + p.GetType().Name; }
public sealed class Made(string arg, Settings s) { public string Arg => arg + s.Depth; } public sealed class Made2(Settings s) { public int D => s.Depth; }
public sealed class Producer(Channel<Job> ch) : BackgroundService { protected override async Task ExecuteAsync(CancellationToken stop) { for (int i = 0; i < 20; i++) await ch.Writer.WriteAsync(new(i, "j" + i), stop); ch.Writer.Complete(); } }
public sealed class Consumer(Channel<Job> ch, ILogger<Consumer> log, IServiceScopeFactory f) : BackgroundService { protected override async Task ExecuteAsync(CancellationToken stop) { await foreach (var j in ch.Reader.ReadAllAsync(stop)) { using var scope = f.CreateScope(); log.LogInformation("job {Id} {Name} {Depth}", j.Id, j.Name, scope.ServiceProvider.GetRequiredService<Unit>().Depth); } } }
public sealed class Life(IHostApplicationLifetime life, IHostEnvironment env, ILogger<Life> log) : IHostedLifecycleService { public Task StartingAsync(CancellationToken c) => Task.CompletedTask; public Task StartAsync(CancellationToken c) { life.ApplicationStarted.Register(() => log.LogInformation("started {Env}", env.EnvironmentName)); return Task.CompletedTask; } public Task StartedAsync(CancellationToken c) => Task.CompletedTask; public Task StoppingAsync(CancellationToken c) => Task.CompletedTask; public Task StopAsync(CancellationToken c) => Task.CompletedTask; public Task StoppedAsync(CancellationToken c) => Task.CompletedTask; }
public sealed class Retry : DelegatingHandler { protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage r, CancellationToken c) { for (int i = 0; ; i++) { var x = await base.SendAsync(r, c); if (x.IsSuccessStatusCode || i == 1) return x; x.Dispose(); await Task.Delay(1, c); } } }
public sealed class Fake : HttpMessageHandler { private int n; protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage r, CancellationToken c) { await Task.Yield(); if (r.Content != null) _ = await r.Content.ReadAsStringAsync(c); return n++ % 2 == 0 ? new(HttpStatusCode.ServiceUnavailable) : new(HttpStatusCode.OK) { Content = JsonContent.Create(new Job(1, "x")) }; } }
public sealed class Api(HttpClient http) { public Task<Job?> Get() => http.GetFromJsonAsync<Job>("jobs/1"); public async Task<int> Post() { using var r = await http.PostAsJsonAsync("jobs", new Job(2, "y")); r.EnsureSuccessStatusCode(); return (await r.Content.ReadFromJsonAsync<Job>())!.Id; } }
public sealed class Memory : ILoggerProvider, ISupportExternalScope { private readonly ConcurrentQueue<string> lines = new(); private IExternalScopeProvider? scopes; public ILogger CreateLogger(string name) => new Sink(this, name); public void SetScopeProvider(IExternalScopeProvider p) => scopes = p; public void Dispose() { } private sealed class Sink(Memory m, string name) : ILogger { public IDisposable? BeginScope<T>(T s) where T : notnull => m.scopes?.Push(s); public bool IsEnabled(LogLevel l) => l >= LogLevel.Information; public void Log<T>(LogLevel l, EventId id, T s, Exception? e, Func<T, Exception?, string> f) { if (!IsEnabled(l)) return; var text = new StringBuilder(name).Append(' ').Append(f(s, e)); if (s is IReadOnlyList<KeyValuePair<string, object?>> values) foreach (var v in values) text.Append(v.Key).Append('=').Append(v.Value); m.scopes?.ForEachScope((x, t) => t.Append(x), text); m.lines.Enqueue(text.ToString()); } } }
public sealed class Watch : IObserver<KeyValuePair<string, object?>> { public void OnCompleted() { } public void OnError(Exception e) { } public void OnNext(KeyValuePair<string, object?> v) { } }
[EventSource(Name = "Training")] public sealed class Events : EventSource { public static readonly Events Log = new(); [Event(1)] public void Happened(int n, string text) => WriteEvent(1, n, text); }
public sealed class Listener : EventListener { protected override void OnEventSourceCreated(EventSource s) { if (s.Name == "Training") EnableEvents(s, EventLevel.Verbose); } protected override void OnEventWritten(EventWrittenEventArgs e) => _ = e.PayloadNames?.Count + e.Payload?.Count; }
