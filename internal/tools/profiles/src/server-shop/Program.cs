// A line-of-business web back end, a shop: controllers with every kind of binding, validation, filter, formatter and result, caches, sessions, jobs; it asks itself. MIT licensed.
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mime;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using System.Xml.Serialization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.HttpLogging;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ActionConstraints;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Binders;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.Routing;
using Microsoft.AspNetCore.Mvc.ViewEngines;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Rewrite;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Localization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using MediaType = Microsoft.Net.Http.Headers.MediaTypeHeaderValue;

var root = Directory.CreateTempSubdirectory("shop");
var web = root.CreateSubdirectory("wwwroot");
File.WriteAllText(Path.Combine(web.FullName, "index.html"), "<h1>Shop</h1>");
File.WriteAllText(Path.Combine(web.CreateSubdirectory("css").FullName, "site.css"), string.Concat(Enumerable.Repeat("body { margin: 0 }\n", 200)));
File.WriteAllText(Path.Combine(root.CreateSubdirectory("docs").FullName, "terms.foo"), "terms of trade");
File.WriteAllText(Path.Combine(root.FullName, "appsettings.json"), """
    { "Shop": { "Name": "Corner Shop", "Vat": 0.2, "PageSize": 25, "Currencies": [ "EUR", "GBP" ], "OpeningHours": { "Monday": "08:00:00" }, "Mail": { "From": "shop@example.com" } },
      "Logging": { "LogLevel": { "Default": "Information", "Microsoft.AspNetCore": "Debug" }, "Console": { "LogLevel": { "Default": "Critical" } } },
      "Carriers": { "Fast": { "Days": 1 }, "Slow": { "Days": 5 } }, "ConnectionStrings": { "Main": "Data Source=shop.db" }, "AllowedHosts": "*" }
    """);
Environment.SetEnvironmentVariable("ASPNETCORE_TEMP", root.CreateSubdirectory("uploads").FullName);
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = root.FullName, WebRootPath = "wwwroot", EnvironmentName = Environments.Staging });
builder.WebHost.ConfigureKestrel(k =>
{
    k.AddServerHeader = false;
    k.Limits.MaxRequestBodySize = 1 << 20; k.Limits.MaxConcurrentConnections = 100; k.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(1);
    k.Listen(IPAddress.Loopback, 0);
});
builder.Logging.ClearProviders().AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole(o => o.SingleLine = true).AddProvider(new ListLoggerProvider());
builder.Logging.Configure(o => o.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
var services = builder.Services;

// Options, controllers and all that is around them.
services.AddOptions<ShopOptions>().Bind(builder.Configuration.GetSection(ShopOptions.Section)).ValidateDataAnnotations().Validate(o => o.Vat is >= 0 and < 1, "vat").ValidateOnStart();
services.AddSingleton<IValidateOptions<ShopOptions>, ShopOptionsValidator>();
services.PostConfigure<ShopOptions>(o => o.Currencies.Add("CHF"));
foreach (var carrier in builder.Configuration.GetRequiredSection("Carriers").GetChildren()) services.Configure<CarrierOptions>(carrier.Key, carrier);
services.AddLocalization(o => o.ResourcesPath = "Resources");
services.AddControllersWithViews(o =>
    {
        o.ReturnHttpNotAcceptable = true; o.RespectBrowserAcceptHeader = true; o.MaxModelValidationErrors = 50; o.SuppressAsyncSuffixInActionNames = true;
        o.Filters.Add<AuditFilter>(order: 1); o.Filters.Add(new ShopExceptionFilter()); o.Filters.AddService<TransactionFilter>(); o.Filters.Add(new ProducesResponseTypeAttribute(500));
        o.Conventions.Add(new RouteTokenTransformerConvention(new Slugify())); o.Conventions.Add((IApplicationModelConvention)new RoutePrefixConvention()); o.Conventions.Add((IActionModelConvention)new RoutePrefixConvention()); o.Conventions.Add((IParameterModelConvention)new ParameterConvention()); o.Conventions.Add((IControllerModelConvention)new ParameterConvention());
        o.ModelBinderProviders.Insert(0, new MoneyBinderProvider()); o.ValueProviderFactories.Add(new TenantValueProviderFactory());
        o.InputFormatters.Insert(0, new CsvInputFormatter()); o.OutputFormatters.Add(new CsvOutputFormatter());
        o.FormatterMappings.SetMediaTypeMappingForFormat("csv", "text/csv"); o.FormatterMappings.SetMediaTypeMappingForFormat("xml", MediaType.Parse("application/xml"));
        var contract = new XmlDataContractSerializerOutputFormatter(); contract.SupportedMediaTypes.Clear(); contract.SupportedMediaTypes.Add("application/vnd.shop"); o.OutputFormatters.Add(contract);
        var contractIn = new XmlDataContractSerializerInputFormatter(o); contractIn.SupportedMediaTypes.Clear(); contractIn.SupportedMediaTypes.Add("application/vnd.shop"); o.InputFormatters.Add(contractIn);
        o.CacheProfiles.Add("Short", new CacheProfile { Duration = 30, Location = ResponseCacheLocation.Any, VaryByHeader = "Accept" });
        o.ModelBindingMessageProvider.SetValueMustNotBeNullAccessor(f => $"{f} is missing"); o.ModelBindingMessageProvider.SetAttemptedValueIsInvalidAccessor((v, f) => $"'{v}' is no {f}");
        o.ModelMetadataDetailsProviders.Add(new DisplayNames()); o.ModelMetadataDetailsProviders.Add(new SuppressChildValidationMetadataProvider(typeof(Money)));
    })
    .AddXmlSerializerFormatters().AddSessionStateTempDataProvider().AddViewLocalization()
    .AddDataAnnotationsLocalization(o => o.DataAnnotationLocalizerProvider = (type, factory) => factory.Create(typeof(Messages)))
    .ConfigureApplicationPartManager(p => p.FeatureProviders.Add(new LookupControllers())).AddControllersAsServices()
    .AddMvcOptions(o => o.AllowEmptyInputInBodyModelBinding = false)
    .ConfigureApiBehaviorOptions(o =>
    {
        var usual = o.InvalidModelStateResponseFactory;
        o.InvalidModelStateResponseFactory = c => c.ModelState.ContainsKey("teapot") ? new ObjectResult("teapot") { StatusCode = 418 } : usual(c);
        o.ClientErrorMapping[409] = new ClientErrorData { Link = "http://x/conflict", Title = "Somebody was faster." }; o.SuppressMapClientErrors = false;
    })
    .AddJsonOptions(o =>
    {
        var j = o.JsonSerializerOptions;
        j.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)); j.Converters.Add(new MoneyJson()); j.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        j.ReferenceHandler = ReferenceHandler.IgnoreCycles; j.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; j.AllowTrailingCommas = true; j.ReadCommentHandling = JsonCommentHandling.Skip;
    });
services.Configure<MvcViewOptions>(o => o.ViewEngines.Insert(0, new TextViewEngine()));
services.Configure<RouteOptions>(o => { o.LowercaseUrls = true; o.AppendTrailingSlash = false; o.ConstraintMap["sku"] = typeof(SkuConstraint); o.ConstraintMap["slug"] = typeof(Slugify); });
services.AddEndpointsApiExplorer();
services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["instanceId"] = Environment.ProcessId);
services.AddExceptionHandler<StockExceptionHandler>();
services.AddAuthentication("ApiKey").AddScheme<ApiKeyOptions, ApiKeyHandler>("ApiKey", o => o.Keys["k-1"] = "ada");
services.AddAuthorizationBuilder().AddPolicy("staff", p => p.RequireAuthenticatedUser().RequireClaim("dept", "sales")).AddPolicy("boss", p => p.RequireRole("boss").AddRequirements(new Seniority(5)));
services.AddSingleton<IAuthorizationHandler, SeniorityHandler>().AddAntiforgery(o => { o.HeaderName = "X-Csrf"; o.Cookie.Name = "csrf"; o.FormFieldName = "_csrf"; });
services.AddDataProtection().PersistKeysToFileSystem(root.CreateSubdirectory("keys")).SetApplicationName("shop").SetDefaultKeyLifetime(TimeSpan.FromDays(30));
services.AddHsts(o => { o.MaxAge = TimeSpan.FromDays(60); o.IncludeSubDomains = true; o.ExcludedHosts.Clear(); }).AddCors(o =>
{
    o.AddDefaultPolicy(p => p.WithOrigins("http://x").WithMethods("GET", "PUT").WithHeaders("content-type").WithExposedHeaders("X-Total").SetPreflightMaxAge(TimeSpan.FromMinutes(5)));
    o.AddPolicy("partners", p => p.SetIsOriginAllowed(origin => new Uri(origin).Host.EndsWith("example.com")).AllowAnyMethod().AllowAnyHeader().AllowCredentials());
});
services.AddDistributedMemoryCache().AddMemoryCache(o => { o.SizeLimit = 1000; o.CompactionPercentage = 0.2; }).AddResponseCaching(o => o.MaximumBodySize = 1 << 16);
services.AddSession(o => { o.Cookie.Name = ".shop"; o.Cookie.IsEssential = true; o.Cookie.SameSite = SameSiteMode.Strict; o.IdleTimeout = TimeSpan.FromMinutes(20); });
services.AddOutputCache(o =>
{
    o.AddBasePolicy(p => p.Expire(TimeSpan.FromSeconds(30)).With(c => c.HttpContext.Request.Path.StartsWithSegments("/api/reports")));
    o.AddPolicy("byPage", p => p.SetVaryByQuery("page", "size").SetVaryByHeader("Accept").Tag("reports").Expire(TimeSpan.FromMinutes(1)));
    o.AddPolicy("own", new TenantCachePolicy()); o.AddPolicy("none", p => p.NoCache());
});
services.AddResponseCompression(o => { o.EnableForHttps = true; o.Providers.Add<BrotliCompressionProvider>(); o.Providers.Add<GzipCompressionProvider>(); o.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "text/csv"]; });
services.Configure<BrotliCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest).Configure<GzipCompressionProviderOptions>(o => o.Level = CompressionLevel.Optimal).AddRequestDecompression();
services.AddRequestTimeouts(o => { o.DefaultPolicy = new() { Timeout = TimeSpan.FromSeconds(60) }; o.AddPolicy("quick", new RequestTimeoutPolicy { Timeout = TimeSpan.FromMilliseconds(30), TimeoutStatusCode = 504 }); });
services.AddRateLimiter(o =>
{
    o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
    o.AddFixedWindowLimiter("two", f => { f.PermitLimit = 2; f.Window = TimeSpan.FromMinutes(10); f.QueueLimit = 0; });
    o.AddPolicy("tenant", c => RateLimitPartition.GetTokenBucketLimiter(c.Request.Headers["X-Tenant"].ToString(), _ => new() { TokenLimit = 50, TokensPerPeriod = 10, ReplenishmentPeriod = TimeSpan.FromSeconds(1) }));
    o.OnRejected = async (c, stop) => { c.HttpContext.Response.Headers.RetryAfter = c.Lease.TryGetMetadata(MetadataName.RetryAfter, out var t) ? $"{t.TotalSeconds:F0}" : "1"; await c.HttpContext.Response.WriteAsync("slow down", stop); };
});
services.AddHttpLogging(o => { o.LoggingFields = HttpLoggingFields.All; o.RequestHeaders.Add("X-Tenant"); o.MediaTypeOptions.AddText("text/csv"); o.RequestBodyLogLimit = 1000; o.CombineLogs = true; });
services.AddHttpLoggingInterceptor<NoHealthLogging>();
services.Configure<ForwardedHeadersOptions>(o => { o.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto; o.ForwardLimit = 2; });
services.Configure<FormOptions>(o => { o.ValueCountLimit = 100; o.MultipartBodyLengthLimit = 1 << 20; }).Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
services.AddHealthChecks().AddCheck<StockHealth>("stock", HealthStatus.Degraded, ["ready"]).AddAsyncCheck("db", async () => { await Task.Yield(); return HealthCheckResult.Degraded("slow"); }, ["ready"]);

// The shop's own services.
services.AddSingleton(typeof(IRepository<,>), typeof(MemoryRepository<,>)).AddScoped<ICatalog, Catalog>().AddScoped<TransactionFilter>().AddScoped<UnitOfWork>().AddTransient<CorrelationMiddleware>();
services.AddScoped<IOrderService>(sp => new LoggedOrderService(ActivatorUtilities.CreateInstance<OrderService>(sp), sp.GetRequiredService<ILogger<LoggedOrderService>>()));
services.AddKeyedSingleton<IShipping, FastShipping>("fast").AddKeyedSingleton<IShipping, SlowShipping>("slow").AddSingleton<ShopMetrics>().AddSingleton(TimeProvider.System).AddHttpContextAccessor();
services.AddSingleton(Channel.CreateBounded<MailJob>(new BoundedChannelOptions(20) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true })).AddSingleton<ServerAddress>();
services.AddHostedService<MailSender>().AddHostedService<StockWatch>().AddHostedService<Warmup>();
services.TryAddEnumerable([ServiceDescriptor.Singleton<IDiscount, BulkDiscount>(), ServiceDescriptor.Singleton<IDiscount, LoyalDiscount>()]); services.AddLazy<ICatalog>();
services.AddScoped<CampaignTransformer>().AddTransient<TenantHandler>().AddTransient<RetryHandler>();
services.AddHttpClient<ShopClient>((sp, c) => { c.BaseAddress = sp.GetRequiredService<ServerAddress>().Uri; c.DefaultRequestHeaders.UserAgent.ParseAdd("shop/1.0"); c.Timeout = TimeSpan.FromSeconds(60); })
    .AddHttpMessageHandler<TenantHandler>().AddHttpMessageHandler<RetryHandler>().SetHandlerLifetime(TimeSpan.FromMinutes(5))
    .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), MaxConnectionsPerServer = 4 });
services.AddHttpClient("zipped", c => c.DefaultRequestVersion = HttpVersion.Version11).ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All });

var app = builder.Build();
app.UseForwardedHeaders();
app.UseExceptionHandler();
app.UseStatusCodePages();
if (!app.Environment.IsDevelopment()) app.UseHsts();
app.UseHttpsRedirection();
app.UseWhen(c => c.Request.Query.ContainsKey("dev"), b => b.UseDeveloperExceptionPage(new DeveloperExceptionPageOptions { SourceCodeLineCount = 2 }));
app.UseHttpLogging();
app.UseMiddleware<CorrelationMiddleware>();
app.UseMiddleware<TenantMiddleware>("X-Tenant");
app.UseRewriter(new RewriteOptions().AddRedirect("^old/(.*)$", "api/products/$1", 301).AddRewrite("^p/(\\d+)$", "api/products/$1", skipRemainingRules: true));
app.UseResponseCompression();
app.UseRequestDecompression();
app.UseDefaultFiles().UseStaticFiles(new StaticFileOptions { OnPrepareResponse = c => c.Context.Response.GetTypedHeaders().CacheControl = new() { Public = true, MaxAge = TimeSpan.FromDays(7) } });
var types = new FileExtensionContentTypeProvider(); types.Mappings[".foo"] = "text/x-foo";
app.UseFileServer(new FileServerOptions { FileProvider = new PhysicalFileProvider(Path.Combine(root.FullName, "docs")), RequestPath = "/docs", EnableDirectoryBrowsing = true, StaticFileOptions = { ContentTypeProvider = types } });
app.UseCookiePolicy(new CookiePolicyOptions { MinimumSameSitePolicy = SameSiteMode.Lax, HttpOnly = Microsoft.AspNetCore.CookiePolicy.HttpOnlyPolicy.None, CheckConsentNeeded = _ => true });
app.UseRouting();
app.UseRequestLocalization(o =>
{
    string[] cultures = Cultures(); o.SetDefaultCulture(cultures[0]).AddSupportedCultures(cultures).AddSupportedUICultures(cultures); o.ApplyCurrentCultureToResponseHeaders = true;
    o.AddInitialRequestCultureProvider(new CustomRequestCultureProvider(c => Task.FromResult(c.Request.Headers.TryGetValue("X-Culture", out var v) ? new ProviderCultureResult(v.ToString()) : null)));
});
app.UseCors();
app.UseRateLimiter();
app.UseRequestTimeouts();
app.UseAuthentication();
app.UseAuthorization();
app.UseSession();
app.UseResponseCaching();
app.UseOutputCache();
app.UseWhen(c => c.Request.Query.ContainsKey("trace"), b => b.Use(async (c, next) => { c.Response.OnStarting(() => { c.Response.Headers["X-Trace"] = c.TraceIdentifier; return Task.CompletedTask; }); await next(c); }));
app.Map("/ping", b => b.Run(c => c.Response.WriteAsync("pong")));
app.MapControllers();
app.MapAreaControllerRoute("admin", "Admin", "back/{controller:slug=Dashboard}/{action:slug=Index}/{id?}");
app.MapControllerRoute("areas", "{area:exists}/{controller=Dashboard}/{action=Index}/{id?}");
app.MapControllerRoute("shop", "shop/{action=Index}/{id?}", new { controller = "Front" }, new { id = @"\d*" });
app.MapDefaultControllerRoute();
app.MapDynamicControllerRoute<CampaignTransformer>("campaign/{name}");
app.MapFallbackToController("{**path:nonfile}", "Missing", "Front");
app.MapHealthChecks("/health", new HealthCheckOptions { Predicate = c => c.Tags.Contains("ready"), ResponseWriter = (c, r) => c.Response.WriteAsJsonAsync(r.Entries.ToDictionary(e => e.Key, e => e.Value.Status.ToString())) });
app.Lifetime.ApplicationStarted.Register(() => app.Services.GetRequiredService<ServerAddress>().Started.TrySetResult());
app.Lifetime.ApplicationStopping.Register(() => Console.WriteLine("stopping"));
await app.StartAsync();
var address = app.Services.GetRequiredService<ServerAddress>(); address.Uri = new Uri(app.Urls.First());
var jar = new CookieContainer();
using var http = new HttpClient(new HttpClientHandler { CookieContainer = jar, AllowAutoRedirect = false }) { BaseAddress = address.Uri, Timeout = TimeSpan.FromSeconds(60) };

await Step.Run("routes", async () =>
{
    foreach (var (path, status) in new (string, int)[] { ("/api/products/1", 200), ("/api/products/AB-12", 200), ("/api/products/99", 404), ("/api/products/by-date/2024-02-29", 200), ("/api/products/rated/4.5", 200),
        ("/api/products/named/chair", 200), ("/api/products/named/x9", 404), ("/api/products/tree/a/b/c", 200), ("/api/products/5f0c1d4e-58cb-4372-a567-0e02b2c3d479", 200), ("/api/products/page", 200), ("/api/products/page/3", 200),
        ("/old/1", 301), ("/p/2", 200), ("/ping", 200), ("/", 200), ("/css/site.css", 200), ("/docs/", 200), ("/docs/terms.foo", 200), ("/nothing.txt", 404), ("/shop/index/5", 200), ("/Admin/Dashboard", 200), ("/back", 200), ("/back/dashboard/sales-by-day/3", 200),
        ("/campaign/summer", 200), ("/what/ever", 404), ("/health", 200), ("/api/lookup/country/FR", 200), ("/api/lookup/currency", 200), ("/api/order-lines/links", 200), ("/api/products/1?trace=1", 200), ("/api/products/negotiate?api-version=2", 200), ("/api/products/negotiate", 200) }) await Ask("GET", path, status);
    await Ask("HEAD", "/api/products/page", 200); await Ask("PURGE", "/api/products/1", 204); await Ask("POST", "/api/products/page", 400); await Ask("OPTIONS", "/api/products/page", 200);
    var links = app.Services.GetRequiredService<LinkGenerator>(); _ = links.GetPathByAction("Get", "Products", new { id = 4 }) + links.GetPathByName("product", new { id = 1, q = "a b" }) + links.GetUriByAction("Index", "Dashboard", new { area = "Admin" }, "http", new HostString("example.com"));
    var routes = app.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(d => d.Endpoints).OfType<RouteEndpoint>().Select(e => (e.RoutePattern.RawText, e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Count ?? 0, e.Order)).OrderBy(e => e.RawText).ToList();
    var actions = app.Services.GetRequiredService<IActionDescriptorCollectionProvider>().ActionDescriptors.Items.OfType<ControllerActionDescriptor>().GroupBy(a => a.ControllerName).ToDictionary(g => g.Key, g => g.Count());
    var described = app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>().ApiDescriptionGroups.Items.SelectMany(g => g.Items);
    Console.WriteLine($"{routes.Count > 50} {actions.Count} {described.Sum(d => d.ParameterDescriptions.Count + d.SupportedResponseTypes.Count + d.SupportedRequestFormats.Count) > 100} {described.Select(d => d.RelativePath + d.HttpMethod).Distinct().Count() > 40}");
});
await Step.Run("binding", async () =>
{
    await Ask("GET", "/api/binding/query?q=lamp&page=2&tags=a&tags=b&from=2024-01-01&status=paid&channels=Web,Phone&price.min=1.5&price.max=9&sort[0].field=name&sort[0].down=true&extra[a]=1&extra[b]=2&ids=1&ids=2", 200);
    await Ask("GET", "/api/binding/query?page=x&from=never&status=lost", 400); await Ask("GET", "/api/binding/simple?i=1&l=2&d=1.5&m=2.5&f=3.5&b=true&g=0f8fad5b-d9cb-469f-a165-70867728950e&day=2024-02-29&time=10:30&at=2024-02-29T10:00:00Z&span=01:00:00&c=x&u=http://x/&v=1.2&raw=AQID&percent=15%25&sku=AB-12", 200);
    await Ask("GET", "/api/binding/simple?i=a&percent=abc", 400); await Ask("GET", "/api/binding/custom?price=12.50EUR&ids=1|2|3", 200); await Ask("GET", "/api/binding/custom?price=much", 400); await Ask("GET", "/api/binding/required", 400);
    await Ask("GET", "/api/binding/headers", 200, null, ("X-Tenant", "t1"), ("X-Ids", "1,2,3"), ("If-None-Match", "\"a\"")); await Ask("GET", "/api/binding/services/7?tenant=a", 200, null, ("X-Tenant", "t9")); await Ask("GET", "/api/binding/keyed?a[x]=1&a[y]=2&p[0].Key=k&p[0].Value=3&set=1&set=1", 200);
    await Ask("POST", "/api/binding/form", 200, new FormUrlEncodedContent([new("Name", "Ada"), new("Address.Street", "Main St 1"), new("Address.City", "Ulm"), new("Lines[0].ProductId", "1"), new("Lines[0].Quantity", "2"), new("Lines[1].ProductId", "3"), new("Lines[1].Quantity", "4"), new("Accepted", "true"), new("Accepted", "false")]));
    await Ask("POST", "/api/binding/form", 400, new FormUrlEncodedContent([new("Lines[0].ProductId", "1"), new("Lines[0].Quantity", "2000")])); await Ask("POST", "/api/binding/update", 200, new FormUrlEncodedContent([new("p.Name", "new"), new("p.Stock", "3"), new("p.Id", "77")]));
    using var files = new MultipartFormDataContent { { new StringContent("Manual"), "title" }, { new ByteArrayContent("%PDF"u8.ToArray()) { Headers = { ContentType = new("application/pdf") } }, "main", "manual.pdf" }, { new ByteArrayContent(new byte[70000]), "more", "a.bin" }, { new StreamContent(new MemoryStream([1, 2])), "more", "b.bin" } };
    Console.WriteLine(await Ask("POST", "/api/binding/files", 200, files)); await Ask("POST", "/api/binding/files", 400, new MultipartFormDataContent { { new StringContent("x"), "title" } }); await Ask("POST", "/api/binding/form", 400, JsonContent.Create(1)); await Ask("POST", "/api/binding/update", 400, JsonContent.Create(1));
    await Ask("POST", "/api/binding/sections", 200, new MultipartFormDataContent { { new StringContent("v"), "field" }, { new ByteArrayContent(new byte[500]), "f", "c.bin" } }); await Ask("POST", "/api/binding/raw", 200, new StringContent("line 1\nline 2\n")); await Ask("POST", "/api/binding/optional", 200);
    await Ask("POST", "/api/binding/payment", 200, new StringContent("{\"kind\":\"card\",\"number\":\"4111111111111111\",\"amount\":\"12.50 EUR\",}", null, "application/json")); await Ask("POST", "/api/binding/payment", 400, new StringContent("{\"kind\":\"gold\"}", null, "application/json"));
    await Ask("POST", "/api/binding/payment", 400, new StringContent("[1,", null, "application/json")); await Ask("POST", "/api/binding/node", 200, JsonContent.Create(new { a = 1, b = new[] { 1, 2 } })); await Ask("POST", "/api/binding/big", 413, new ByteArrayContent(new byte[5000]) { Headers = { ContentType = new("application/octet-stream") } });
});
await Step.Run("validation", async () =>
{
    var good = new { Email = "a@example.com", Repeat = "a@example.com", Phone = "+49 731 123", Age = 30, Site = "http://x/", Card = "4111111111111111", Code = "AB-12", Colour = "red", Photo = "a.png", Tags = new[] { "a" }, Level = 2, From = "2024-01-01", To = "2024-02-01", Token = "AQID" };
    await Ask("POST", "/api/customers", 201, JsonContent.Create(good)); var wrong = JsonContent.Create(new { Email = "a", Repeat = "b", Phone = "x", Age = 300, Site = "x", Card = "1", Code = "x", Colour = "pink", Photo = "a.exe", Tags = Array.Empty<string>(), Level = 9, From = "2024-03-01", To = "2024-02-01", Token = "?" });
    var problem = JsonSerializer.Deserialize<ValidationProblemDetails>(await Ask("POST", "/api/customers", 400, wrong))!; Console.WriteLine($"{problem.Title} {problem.Status}: {string.Join(" ", problem.Errors.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => e.Key))}");
    await Ask("POST", "/api/customers", 400, JsonContent.Create(new { good.Email, good.Repeat, From = good.To, To = good.From, good.Tags, good.Code })); await Ask("POST", "/api/customers/taken", 409); await Ask("POST", "/api/customers/manual", 400, JsonContent.Create(new { Name = "", Lines = new[] { new { ProductId = 1, Quantity = 0 } } })); await Ask("POST", "/api/customers/teapot", 418);
    await Ask("POST", "/api/customers", 400, new StringContent("{\"age\":\"old\"}", null, "application/json")); await Ask("POST", "/api/customers", 400, new StringContent("", null, "application/json")); await Ask("GET", "/api/customers/unprocessable", 422);
});
await Step.Run("formats", async () =>
{
    foreach (string type in new[] { "application/json", "application/xml", "text/csv", "application/vnd.shop", "text/xml;q=0.9, application/json;q=0.1", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8" }) Console.WriteLine($"{type}: {(await Ask("GET", "/api/products/list", 200, null, ("Accept", type))).Length > 50}");
    await Ask("GET", "/api/products/list", 406, null, ("Accept", "image/png")); foreach (string format in new[] { "json", "xml", "csv" }) await Ask("GET", "/api/products/export." + format, 200); await Ask("GET", "/api/products/export.zip", 404); await Ask("GET", "/api/products/text", 200, null, ("Accept", "text/plain"));
    string xml = await Ask("GET", "/api/products/1", 200, null, ("Accept", "application/xml")); await Ask("POST", "/api/products", 201, new StringContent(xml.Replace(">1<", ">201<"), Encoding.UTF8, "application/xml")); await Ask("POST", "/api/products", 400, new StringContent("<Product><Id>a", Encoding.UTF8, "application/xml"));
    string contract = await Ask("GET", "/api/products/1", 200, null, ("Accept", "application/vnd.shop")); await Ask("PUT", "/api/products/1", 204, new StringContent(contract, Encoding.UTF8, "application/vnd.shop")); await Ask("GET", "/api/products/99", 404, null, ("Accept", "application/xml"));
    await Ask("POST", "/api/products/stock", 200, new StringContent("sku,count\nAB-12,5\nCD-34,7\n", Encoding.UTF8, "text/csv")); await Ask("POST", "/api/products/stock", 400, new StringContent("sku,count\nAB-12,many\n", Encoding.UTF8, "text/csv")); await Ask("PUT", "/api/products/1", 415, new StringContent("a: 1", null, "text/yaml"));
    foreach (string path in new[] { "Camel", "Node", "Document", "Element", "Dynamic", "Tree", "Null" }) await Ask("GET", "/api/results/json/" + path.ToLowerInvariant(), path == "Null" ? 204 : 200); await Ask("GET", "/api/results/problem", 409, null, ("Accept", "application/xml")); await Ask("POST", "/api/customers", 400, JsonContent.Create(new { Age = 3 }), ("Accept", "application/xml"));
});
await Step.Run("results", async () =>
{
    foreach (var (name, status) in new (string, int)[] { ("ok", 200), ("empty", 200), ("created", 201), ("accepted", 202), ("accepted-at", 202), ("none", 204), ("bad", 400), ("unauthorized", 401), ("forbid", 403), ("challenge", 401), ("conflict", 409), ("status", 418), ("object", 206), ("redirect", 302), ("redirect-permanent", 301), ("redirect-keep", 307),
        ("to-action", 302), ("to-route", 302), ("local", 302), ("content", 200), ("bytes", 200), ("stream", 200), ("physical", 200), ("virtual", 200), ("push", 200), ("typed/1", 200), ("typed/9", 404), ("iresult", 200), ("view", 200), ("view-missing", 500), ("async", 200), ("rows", 200), ("events", 200), ("task", 200), ("value-task", 200), ("stock-exception", 409), ("exception", 500), ("not-implemented", 501), ("aborted", 499), ("bad-request", 400) }) await Ask("GET", "/api/results/" + name, status);
    await Ask("GET", "/api/results/physical", 206, null, ("Range", "bytes=0-4")); await Ask("GET", "/api/results/physical", 416, null, ("Range", "bytes=90000-")); await Ask("GET", "/api/results/bytes", 304, null, ("If-None-Match", "\"v1\"")); await Ask("GET", "/api/results/bytes", 412, null, ("If-Match", "\"v0\"")); await Ask("GET", "/api/results/bytes", 304, null, ("If-Modified-Since", "Fri, 01 Mar 2024 00:00:00 GMT"));
    foreach (string type in new[] { "text/html", "text/plain", "application/json" }) await Ask("GET", "/api/results/exception?dev=1", 500, null, ("Accept", type), ("Cookie", "a=b"));
#if NET10_0
    await Ask("GET", "/api/results/sse", 200);
#endif
    await Ask("GET", "/css/site.css", 206, null, ("Range", "bytes=0-9")); using var css = await http.GetAsync("/css/site.css"); await Ask("GET", "/css/site.css", 304, null, ("If-None-Match", css.Headers.ETag!.ToString())); await Ask("HEAD", "/css/site.css", 200);
});
await Step.Run("filters", async () =>
{
    foreach (var (path, status) in new (string, int)[] { ("all", 200), ("service", 200), ("type", 200), ("factory", 200), ("short", 403), ("cached", 200), ("cached", 200), ("secure", 302), ("middleware", 200), ("changed", 200), ("handled", 422), ("quick", 504), ("limited", 200), ("limited", 200), ("limited", 429), ("staff", 401), ("boss", 401), ("tenant", 200) }) await Ask("GET", "/api/filters/" + path, status);
    foreach (var (path, status) in new (string, int)[] { ("staff", 200), ("boss", 403), ("user", 200) }) await Ask("GET", "/api/filters/" + path, status, null, ("X-Api-Key", "k-1")); await Ask("GET", "/api/filters/staff", 401, null, ("X-Api-Key", "nobody"));
});
await Step.Run("cors, caches, compression", async () =>
{
    await Ask("OPTIONS", "/api/products/1", 204, null, ("Origin", "http://x"), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "content-type")); await Ask("GET", "/api/products/1", 200, null, ("Origin", "http://x")); await Ask("OPTIONS", "/api/reports/partner", 204, null, ("Origin", "http://a.example.com"), ("Access-Control-Request-Method", "POST"));
    await Ask("GET", "/api/reports/partner", 200, null, ("Origin", "http://a.example.com")); await Ask("GET", "/api/reports/closed", 200, null, ("Origin", "http://y.example.com"));
    for (int i = 0; i < 2; i++) foreach (string path in new[] { "sales?page=1", "sales?page=2", "output?page=1", "own", "memory", "distributed", "never", "base" }) await Ask("GET", "/api/reports/" + path, 200, null, ("X-Tenant", "t1")); await Ask("GET", "/api/reports/sales?page=1", 200, null, ("Cache-Control", "no-cache")); await Ask("DELETE", "/api/reports/output", 204); await Ask("GET", "/api/reports/output?page=1", 200);
    foreach (string encoding in new[] { "gzip", "br", "gzip;q=0.5, br;q=0.1", "identity" }) { using var r = new HttpRequestMessage(HttpMethod.Get, "/api/reports/large"); r.Headers.AcceptEncoding.ParseAdd(encoding); using var a = await http.SendAsync(r, HttpCompletionOption.ResponseHeadersRead); Console.WriteLine($"{encoding}: {a.Content.Headers.ContentEncoding.FirstOrDefault()} {(await a.Content.ReadAsByteArrayAsync()).Length < 20000}"); }
    var zipped = new MemoryStream(); await using (var gz = new GZipStream(zipped, CompressionMode.Compress, leaveOpen: true)) await JsonSerializer.SerializeAsync(gz, new { name = "zip" }); zipped.Position = 0; await Ask("POST", "/api/binding/node", 200, new StreamContent(zipped) { Headers = { ContentType = new("application/json"), ContentEncoding = { "gzip" } } });
    using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("zipped"); _ = await client.GetStringAsync(new Uri(address.Uri!, "/api/reports/large"));
});
await Step.Run("sessions, forms, languages", async () =>
{
    await Ask("POST", "/api/cart/items?product=1&count=2", 200); await Ask("POST", "/api/cart/items?product=3", 200); await Ask("GET", "/api/cart", 200); await Ask("DELETE", "/api/cart", 204); await Ask("GET", "/shop/save", 302); await Ask("GET", "/shop/saved", 200); await Ask("GET", "/shop/saved", 200); await Ask("GET", "/api/cart/cookies", 200); await Ask("GET", "/api/cart/cookies", 200);
    string token = await Ask("GET", "/shop/token", 200); await Ask("POST", "/shop/order", 400, new FormUrlEncodedContent([new("name", "x")])); await Ask("POST", "/shop/order", 200, new FormUrlEncodedContent([new("_csrf", token), new("name", "Ada")])); await Ask("POST", "/shop/order", 200, new FormUrlEncodedContent([new("name", "Bob")]), ("X-Csrf", token)); await Ask("POST", "/shop/hook", 200);
    foreach (var (path, header, value) in new[] { ("/api/texts", "Accept-Language", "de-DE,de;q=0.9,en;q=0.5"), ("/api/texts?culture=fr&ui-culture=fr", "X-None", "1"), ("/api/texts", "X-Culture", "de"), ("/api/texts", "Cookie", CookieRequestCultureProvider.DefaultCookieName + "=c=de|uic=de") }) await Ask("GET", path, 200, null, (header, value)); await Ask("POST", "/api/texts/de", 204);
});
await Step.Run("client", async () =>
{
    await using var scope = app.Services.CreateAsyncScope(); var shop = scope.ServiceProvider.GetRequiredService<ShopClient>(); var all = await shop.All(); var chair = await shop.Find(1); _ = await shop.Find(4711); int id = await shop.Add(new Product { Id = 300, Sku = "ZZ-99", Name = "Stool", Price = 19.9m, Tags = ["wood"] });
    await shop.Change(id, new { name = "Bar stool", price = 25 }); await shop.Merge(id, "{\"tags\":[\"new\"],\"stock\":9,\"note\":null}"); _ = await shop.Remove(id); var order = await shop.Order(new OrderRequest("Ada", [new(1, 2), new(2, 1)], new("Main St 1", "Ulm", "89073"))); Console.WriteLine($"{all.Count > 3} {chair?.Name} {order?.Total} {order?.Status} {order?.Lines.Count}");
    try { await shop.Order(new OrderRequest("", [], null)); } catch (ShopApiException e) when (e.Status == HttpStatusCode.BadRequest) { Console.WriteLine($"{e.Message} {e.Errors.Count}"); } try { await shop.Broken(); } catch (HttpRequestException e) { Console.WriteLine(e.StatusCode); } try { await shop.Slow(TimeSpan.FromMilliseconds(50)); } catch (OperationCanceledException) { Console.WriteLine("cancelled"); }
    int rows = 0; await foreach (var row in shop.Rows()) rows += row!.Id > 0 ? 1 : 0; int events = 0; await foreach (string e in shop.Events()) events++; await Task.WhenAll(Enumerable.Range(1, 6).Select(i => shop.Find(i))); await app.Services.GetRequiredService<ServerAddress>().MailSent.Task.WaitAsync(TimeSpan.FromSeconds(30)); Console.WriteLine($"{rows} {events} {await shop.Flaky()}");
});
Step.Run("options", () =>
{
    var monitor = app.Services.GetRequiredService<IOptionsMonitor<ShopOptions>>(); int changes = 0; using var on = monitor.OnChange(o => changes++); ((IConfigurationRoot)app.Configuration).Reload(); app.Configuration["Shop:Vat"] = "0.19"; using var scope = app.Services.CreateScope(); var carriers = scope.ServiceProvider.GetRequiredService<IOptionsSnapshot<CarrierOptions>>();
    Console.WriteLine($"{changes > 0} {monitor.CurrentValue.Name} {carriers.Get("Fast").Days} {carriers.Get("Slow").Days} {app.Configuration.GetConnectionString("Main")} {app.Configuration.GetValue<decimal>("Shop:Vat")} {app.Environment.IsStaging()} {app.Environment.WebRootFileProvider.GetFileInfo("index.html").Length}"); try { _ = new ServiceCollection().AddOptions<ShopOptions>().ValidateDataAnnotations().Services.BuildServiceProvider().GetRequiredService<IOptions<ShopOptions>>().Value; } catch (OptionsValidationException e) { Console.WriteLine(e.Failures.Count()); }
});
await app.StopAsync(TimeSpan.FromSeconds(5));
Console.WriteLine($"{ListLoggerProvider.Count > 100} {ListLoggerProvider.ByLevel.ContainsKey(LogLevel.Error)}");
await app.DisposeAsync();
root.Delete(true);
return Step.Exit;

async Task<string> Ask(string method, string path, int status, HttpContent? content = null, params (string Name, string Value)[] headers)
{
    using var request = new HttpRequestMessage(HttpMethod.Parse(method), path) { Content = content };
    foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
    using var response = await http.SendAsync(request);
    string body = await response.Content.ReadAsStringAsync();
    return (int)response.StatusCode == status ? body : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {body}");
}
static string[] Cultures() { try { _ = new CultureInfo("de"); return ["en", "de", "fr"]; } catch (CultureNotFoundException) { return [""]; } }

// What the shop deals in.
public enum OrderStatus { Draft, Placed, Paid, Shipped, Cancelled }
[Flags] public enum Outlets { None = 0, Web = 1, Store = 2, Phone = 4 }
public interface IEntity<TKey> { TKey Id { get; } }
public readonly record struct Money(decimal Amount, string Currency)
{
    public static bool TryRead(string? text, out Money money)
    {
        bool good = decimal.TryParse(text.AsSpan(0, Math.Max(0, (text?.Length ?? 0) - 3)), NumberStyles.Number, CultureInfo.InvariantCulture, out decimal amount);
        money = good ? new(amount, text![^3..].ToUpperInvariant()) : default;
        return good;
    }
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Amount:0.00} {Currency}");
}
[TypeConverter(typeof(SkuConverter))] public readonly record struct Sku(string Text) { public override string ToString() => Text; }
public readonly record struct Percent(int Value) : IParsable<Percent>
{
    public static Percent Parse(string s, IFormatProvider? p) => TryParse(s, p, out var r) ? r : throw new FormatException(s);
    public static bool TryParse([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? s, IFormatProvider? p, out Percent r) { bool ok = int.TryParse(s?.TrimEnd('%'), p, out int n); r = new(n); return ok; }
}
public class Product : IEntity<int>
{
    [Range(1, int.MaxValue)] public int Id { get; set; }
    [Required, RegularExpression("^[A-Z]{2}-[0-9]{2}$", ErrorMessage = "{0} is like AB-12")] public string Sku { get; set; } = "";
    [Required, StringLength(50, MinimumLength = 2), Display(Name = "Product name", Description = "as in the catalogue")] public string Name { get; set; } = "";
    [Range(typeof(decimal), "0", "99999")] public decimal Price { get; set; }
    public OrderStatus? Last { get; set; }
    public List<string> Tags { get; set; } = [];
    [BindNever, JsonPropertyOrder(9)] public int Stock { get; set; }
    public DateTime Added { get; set; } = DateTime.UnixEpoch;
    [XmlIgnore, JsonIgnore, ValidateNever, System.Runtime.Serialization.IgnoreDataMember] public Dictionary<string, object> Extra { get; } = [];
}
public record OrderLine([Range(1, 1000)] int ProductId, [Range(1, 100)] int Quantity = 1);
public record Address([property: Display(Name = "Street")] string Street, string City, string? Zip = null, [ValidateNever] string? Country = "DE");
public record OrderRequest([Required] string Name, [MinLength(1)] List<OrderLine> Lines, Address? Address);
public record Order(Guid Id, string Name, OrderStatus Status, decimal Total, IReadOnlyList<OrderLine> Lines, DateTimeOffset Placed) : IEntity<Guid> { [JsonExtensionData] public Dictionary<string, JsonElement>? Rest { get; init; } }
public record StockLevel(string Sku, int Count);
public record Country(string Code, string Name) : IEntity<string> { string IEntity<string>.Id => Code; }
public record Currency(string Code, int Digits) : IEntity<string> { string IEntity<string>.Id => Code; }
public record Page<T>(IReadOnlyList<T> Items, int Total, int Number, int Size) { public int Pages => (Total + Size - 1) / Size; public bool HasNext => Number < Pages; }
public record MailJob(string To, string Subject, DateTimeOffset At);
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind"), JsonDerivedType(typeof(CardPayment), "card"), JsonDerivedType(typeof(TransferPayment), "transfer")] public abstract record Payment { public Money Amount { get; init; } }
public record CardPayment : Payment { [JsonRequired] public string Number { get; init; } = ""; }
public record TransferPayment(string Iban) : Payment;
public class Node { public string Name { get; set; } = ""; public Node? Parent { get; set; } public List<Node> Children { get; } = []; }
public class ProductPatch { [StringLength(50)] public string? Name { get; set; } [Range(0, 9999)] public decimal? Price { get; set; } [JsonPropertyName("tags")] public List<string>? Tags { get; set; } }
public class SearchQuery
{
    [FromQuery(Name = "q"), MaxLength(30)] public string? Text { get; set; }
    [Range(1, 100)] public int Page { get; set; } = 1;
    public string[] Tags { get; set; } = []; public HashSet<int> Ids { get; set; } = []; public DateOnly? From { get; set; } public OrderStatus Status { get; set; } public Outlets Channels { get; set; }
    public PriceRange Price { get; set; } = new(); public List<SortBy> Sort { get; set; } = []; public Dictionary<string, int> Extra { get; set; } = [];
}
public class PriceRange { public decimal? Min { get; set; } public decimal? Max { get; set; } }
public record SortBy(string Field, bool Down = false);
public class OrderForm { [BindRequired, Required] public string? Name { get; set; } public Address? Address { get; set; } public IList<OrderLine> Lines { get; set; } = []; public bool Accepted { get; set; } }
public class ManualForm { [Required] public string Title { get; set; } = ""; [Required] public IFormFile? Main { get; set; } public IFormFileCollection? More { get; set; } }
public class Customer : IValidatableObject
{
    [Required(AllowEmptyStrings = false), EmailAddress, NotTaken] public string Email { get; set; } = "";
    [Compare(nameof(Email))] public string? Repeat { get; set; }
    [Phone] public string? Phone { get; set; } [Range(18, 130)] public int? Age { get; set; } [Url] public string? Site { get; set; } [CreditCard] public string? Card { get; set; }
    [CustomValidation(typeof(Customer), nameof(CheckCode))] public string? Code { get; set; } [AllowedValues("red", "blue", null), DeniedValues("pink")] public string? Colour { get; set; }
    [FileExtensions(Extensions = "png,jpg")] public string? Photo { get; set; } [Length(1, 5)] public List<string> Tags { get; set; } = []; [EnumDataType(typeof(OrderStatus))] public int Level { get; set; }
    [DataType(DataType.Date)] public DateOnly? From { get; set; } public DateOnly? To { get; set; } [Base64String] public string? Token { get; set; } [Remote("Free", "Customers")] public string? Nick { get; set; }
    public static ValidationResult? CheckCode(string? code, ValidationContext context) => code is null || SkuConverter.Form.IsMatch(code) ? ValidationResult.Success : new($"{context.DisplayName} is no code", [context.MemberName!]);
    public IEnumerable<ValidationResult> Validate(ValidationContext c) { if (From > To) yield return new("ends before it begins", [nameof(From), nameof(To)]); }
}
public sealed class NotTakenAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext c) => c.GetRequiredService<ICatalog>().Knows(value as string) ? new ValidationResult(FormatErrorMessage(c.DisplayName)) : ValidationResult.Success;
    public override string FormatErrorMessage(string name) => $"{name} is taken";
}
public sealed class SkuConverter : TypeConverter
{
    internal static readonly Regex Form = new("^[A-Z]{2}-[0-9]{2}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
    public override bool CanConvertFrom(ITypeDescriptorContext? c, Type t) => t == typeof(string) || base.CanConvertFrom(c, t);
    public override object? ConvertFrom(ITypeDescriptorContext? c, CultureInfo? i, object v) => v is string s && Form.IsMatch(s) ? new Sku(s) : throw new FormatException("no sku");
}
public sealed class MoneyJson : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader r, Type t, JsonSerializerOptions o) => Money.TryRead(r.GetString()?.Replace(" ", ""), out var m) ? m : throw new JsonException("no money");
    public override void Write(Utf8JsonWriter w, Money m, JsonSerializerOptions o) => w.WriteStringValue(m.ToString());
}
public class Messages;
public class ShopOptions
{
    public const string Section = "Shop";
    [Required, MinLength(3)] public string Name { get; set; } = ""; [Range(0, 1)] public double Vat { get; set; } [Range(1, 100)] public int PageSize { get; set; }
    public List<string> Currencies { get; set; } = []; public Dictionary<DayOfWeek, TimeSpan> OpeningHours { get; set; } = []; public MailOptions Mail { get; set; } = new();
}
public class MailOptions { [EmailAddress] public string From { get; set; } = "a@example.com"; }
public class CarrierOptions { public int Days { get; set; } }
public sealed class ShopOptionsValidator : IValidateOptions<ShopOptions> { public ValidateOptionsResult Validate(string? n, ShopOptions o) { var b = new ValidateOptionsResultBuilder(); if (o.Currencies.Count == 0) b.AddError("no currency", nameof(o.Currencies)); return b.Build(); } }

// Controllers.
[ApiController, Route("[controller]"), Produces("application/json", "application/xml", "text/csv", "application/vnd.shop", "application/problem+json", "application/problem+xml"), ProducesErrorResponseType(typeof(ProblemDetails))]
public abstract class ApiBase : ControllerBase { protected string Tenant => HttpContext.Features.Get<ITenantFeature>()?.Name ?? "none"; }

[Tags("catalogue"), ApiConventionType(typeof(DefaultApiConventions))]
public class ProductsController(ICatalog catalog, ILogger<ProductsController> log, LinkGenerator links) : ApiBase
{
    [HttpGet("{id:int:min(1)}", Name = "product"), ProducesResponseType<Product>(200), ProducesResponseType(404)] public async Task<ActionResult<Product>> Get(int id, CancellationToken stop)
    {
        using var scope = log.BeginScope("product {Id}", id);
        if (await catalog.Find(id, stop) is not { } product) { log.LogWarning("no product {Id} for {Tenant}", id, Tenant); return NotFound(); }
        Response.GetTypedHeaders().LastModified = product.Added; Response.Headers.ETag = $"\"{product.Id}\"";
        return product;
    }
    [HttpGet("{sku:sku}")] public ActionResult<Product> Get(Sku sku) => catalog.All().FirstOrDefault(p => p.Sku == sku.Text) is { } p ? Ok(p) : Problem(statusCode: 404, title: "No such product", detail: sku.Text, instance: Request.Path);
    [HttpGet("{key:guid}")] public string ByKey(Guid key) => key.ToString("N");
    [HttpGet("by-date/{day:datetime}")] public object ByDate(DateTime day) => catalog.All().Where(p => p.Added < day).GroupBy(p => p.Added.Year).Select(g => new { Year = g.Key, Count = g.Count(), Sum = g.Sum(p => p.Price) }).ToList();
    [HttpGet("rated/{stars:decimal=3}"), HttpGet("starred/{stars:double}")] public string Rated(decimal stars) => $"{stars:F2}";
    [HttpGet("named/{name:alpha:length(2,20):regex(^[[a-z]]+$)}")] public IEnumerable<string> Named(string name) => from p in catalog.All() where p.Name.Contains(name, StringComparison.OrdinalIgnoreCase) orderby p.Name select p.Name;
    [HttpGet("tree/{**path}")] public string Tree(string path) => string.Join(" > ", path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select((p, i) => $"{i}:{p}"));
    [AcceptVerbs("GET", "HEAD", "OPTIONS", Route = "page/{number:int:range(1,1000)?}", Order = 2)] public Page<Product> Paged(int number = 1, int size = 2)
    {
        var all = catalog.All().OrderBy(p => p.Price).ThenByDescending(p => p.Name, StringComparer.Ordinal).ToList(); Response.Headers.Append("X-Total", all.Count.ToString());
        Response.Headers.Link = links.GetUriByAction(HttpContext, nameof(Paged), null, new { number = number + 1, size }) is { } next ? $"<{next}>; rel=\"next\"" : StringValues.Empty;
        return new(all.Skip((number - 1) * size).Take(size).ToList(), all.Count, number, size);
    }
    [HttpGet("list")] public IEnumerable<Product> List() => catalog.All().ToList();
    [HttpGet("export.{format}"), FormatFilter] public List<Product> Export() => [.. catalog.All()];
    [HttpGet("text"), Produces("text/plain")] public string Text() => "as text";
    [HttpGet("negotiate"), ApiVersion("2")] public string Second() => "v2";
    [HttpGet("negotiate"), ApiVersion("")] public string First() => "v1";
    [AcceptVerbs("PURGE", Route = "{id:int}")] public IActionResult Purge(int id) => NoContent();
    [HttpPost, Consumes("application/json", "application/xml")] public ActionResult<Product> Post(Product p) { catalog.Save(p); return CreatedAtAction(nameof(Get), new { id = p.Id }, p); }
    [HttpPost("stock"), Consumes("text/csv")] public int Stock(List<StockLevel> levels) => levels.Sum(l => l.Count);
    [HttpPut("{id:int}")] public IActionResult Put([FromRoute] int id, [FromBody] Product p) { if (id != p.Id) return BadRequest(new ProblemDetails { Title = "ids differ" }); catalog.Save(p); return NoContent(); }
    [HttpPatch("{id:int}")] public async Task<ActionResult<Product>> Patch(int id, ProductPatch patch)
    {
        if (await catalog.Find(id) is not { } p) return NotFound(id);
        p.Name = patch.Name ?? p.Name; p.Price = patch.Price ?? p.Price; p.Tags = patch.Tags ?? p.Tags;
        return TryValidateModel(p) ? p : ValidationProblem();
    }
    [HttpPatch("{id:int}/merge"), Consumes("application/merge-patch+json")] public async Task<IActionResult> Merge(int id, [FromBody] JsonObject changes, [FromServices] IOptions<JsonOptions> json)
    {
        var options = json.Value.JsonSerializerOptions; var target = JsonSerializer.SerializeToNode(await catalog.Find(id), options)!.AsObject();
        foreach (var (name, value) in changes) if (value is null) target.Remove(name); else target[name] = value.DeepClone();
        catalog.Save(target.Deserialize<Product>(options)!); return Ok(target);
    }
    [HttpDelete("{id:int}"), ApiConventionMethod(typeof(DefaultApiConventions), nameof(DefaultApiConventions.Delete))] public ActionResult<Product> Delete(int id) => catalog.Remove(id) is { } p ? p : NotFound();
}
public class OrderLinesController(IOrderService orders, IUrlHelperFactory urls, LinkGenerator links) : ApiBase
{
    [HttpPost("/api/orders")] public async Task<ActionResult<Order>> Place(OrderRequest request, CancellationToken stop) { var o = await orders.Place(request, stop); return CreatedAtRoute("order", new { o.Id }, o); }
    [HttpGet("/api/orders/{id:guid}", Name = "order")] public ActionResult<Order> Find(Guid id) => orders.Find(id) is { } o ? o : NotFound();
    [HttpGet("[action]")] public object Links()
    {
        var url = urls.GetUrlHelper(ControllerContext);
        return new { a = Url.Action("Get", "Products", new { id = 1 }), b = Url.Action("Index", "Dashboard", new { area = "Admin" }, Request.Scheme, "example.com", "top"), c = Url.RouteUrl("product", new { id = 2 }), d = Url.Link("order", new { id = Guid.Empty }), e = url.Content("~/css/site.css"), f = url.IsLocalUrl("/a"),
            g = Url.ActionLink(nameof(Links)), h = links.GetPathByRouteValues(HttpContext, "product", new { id = 3, page = 2 }), i = Request.GetDisplayUrl(), j = Request.GetEncodedPathAndQuery(), k = QueryHelpers.AddQueryString("/a", new Dictionary<string, string?> { ["x"] = "1 2" }), l = new QueryBuilder { { "a", "b" }, { "c", ["1", "2"] } }.ToString(), m = UriHelper.BuildRelative("/base", "/p", QueryString.Create("q", "1")), n = RouteData.Values.Count };
    }
}
public class BindingController : ApiBase
{
    [FromHeader(Name = "X-Tenant")] public string? Header { get; set; }
    [BindProperty(SupportsGet = true, Name = "tenant")] public string? Bound { get; set; }
    [HttpGet("query")] public ActionResult<SearchQuery> Query([FromQuery] SearchQuery query) => query;
    [HttpGet("simple")] public object Simple(int i, long l, double d, decimal m, float f, bool b, Guid g, DateOnly day, TimeOnly time, DateTimeOffset at, TimeSpan span, char c, Uri? u, Version? v, [FromQuery] byte[]? raw, Percent percent, Sku sku, int? none, short s = 3) => new { i, l, d, m, f, b, g, day, time, at, span, c, u, v = v?.Major, raw, percent = percent.Value, sku = sku.Text, none, s };
    [HttpGet("custom")] public string Custom([FromQuery] Money price, [ModelBinder(typeof(DelimitedBinder), Name = "ids")] int[] ids) => $"{price} {ids?.Sum()}";
    [HttpGet("required")] public string Needed([FromQuery, BindRequired] string must, [Required, FromQuery] int? number) => must + number;
    [HttpGet("headers")] public object Headers([FromHeader(Name = "X-Ids")] int[] ids, [FromHeader] string? userAgent, [FromHeader(Name = "If-None-Match")] string[] tags) => new { ids, userAgent, tags, Header, typed = Request.GetTypedHeaders().IfNoneMatch.Count, host = Request.Host.Port > 0, Request.ContentType, Request.Protocol };
    [HttpGet("services/{id}")] public object Services(int id, [FromServices] ICatalog catalog, [FromKeyedServices("fast")] IShipping fast, [FromServices] IEnumerable<IDiscount> discounts, [FromServices] Lazy<ICatalog> lazy, IHttpContextAccessor accessor, [FromQuery] string? origin, CancellationToken stop) => new { id, fast.Days, count = discounts.Count(), lazy.Value.All().First().Name, same = accessor.HttpContext == HttpContext, Bound, Header, origin, stop.CanBeCanceled };
    [HttpGet("keyed")] public object Keyed([FromQuery] Dictionary<string, int> a, [FromQuery] List<KeyValuePair<string, int>> p, [FromQuery] IReadOnlyCollection<int> set) => new { a, p, set };
    [HttpPost("form")] public object Form([FromForm] OrderForm form) => new { form.Name, form.Accepted, form.Address?.City, Sum = form.Lines.Sum(l => l.Quantity), Keys = Request.Form.Keys.Order().ToList() };
    [HttpPost("update"), Consumes("application/x-www-form-urlencoded")] public async Task<IActionResult> Update() { var p = new Product { Id = 1, Sku = "AB-12" }; bool done = await TryUpdateModelAsync(p, "p", x => x.Name, x => x.Stock); ModelState.SetModelValue("own", "raw", "tried"); return Ok(new { done, p.Name, p.Stock, ModelState.ErrorCount, valid = ModelState.GetFieldValidationState("p.Name"), values = ModelState.Select(e => e.Key).ToList() }); }
    [HttpPost("files"), RequestFormLimits(MultipartBodyLengthLimit = 500000), RequestSizeLimit(600000)] public async Task<string> Files([FromForm] ManualForm form, List<IFormFile> more)
    {
        string target = Path.Combine(Environment.GetEnvironmentVariable("ASPNETCORE_TEMP")!, Path.ChangeExtension(Path.GetRandomFileName(), Path.GetExtension(form.Main!.FileName)));
        await using (var file = System.IO.File.Create(target, 4096, FileOptions.DeleteOnClose)) { await form.Main.CopyToAsync(file); foreach (var f in more) await f.CopyToAsync(file, HttpContext.RequestAborted); using var r = form.Main.OpenReadStream(); _ = await SHA256.HashDataAsync(r); return $"{form.Title} {form.Main.ContentType} {form.Main.Length} {form.Main.Name} {more.Sum(f => f.Length)} {form.More?.GetFiles("more").Count} {file.Length}"; }
    }
    [HttpPost("sections"), NoFormBinding, DisableRequestSizeLimit] public async Task<object> Sections()
    {
        string boundary = Microsoft.Net.Http.Headers.HeaderUtilities.RemoveQuotes(MediaType.Parse(Request.ContentType).Boundary).Value!; var reader = new MultipartReader(boundary, Request.Body); var found = new List<(string Name, long Size)>();
        while (await reader.ReadNextSectionAsync(HttpContext.RequestAborted) is { } section) if (section.GetContentDispositionHeader() is { } d && Microsoft.Net.Http.Headers.ContentDispositionHeaderValueIdentityExtensions.IsFileDisposition(d)) { var m = new MemoryStream(); await section.AsFileSection()!.FileStream!.CopyToAsync(m); found.Add((d.FileName.Value!, m.Length)); } else found.Add((section.AsFormDataSection()!.Name, (await section.ReadAsStringAsync()).Length));
        return found.Select(f => $"{f.Name}={f.Size}");
    }
    [HttpPost("raw")] public async Task<object> Raw() { Request.EnableBuffering(); using var text = new StreamReader(Request.Body, leaveOpen: true); string all = await text.ReadToEndAsync(); Request.Body.Position = 0; var read = await Request.BodyReader.ReadAsync(); long n = read.Buffer.Length; Request.BodyReader.AdvanceTo(read.Buffer.End); Request.Body.Seek(0, SeekOrigin.Begin); return new { lines = all.Split('\n').Length, n, Request.ContentLength }; }
    [HttpPost("optional")] public bool Optional([FromBody(EmptyBodyBehavior = Microsoft.AspNetCore.Mvc.ModelBinding.EmptyBodyBehavior.Allow)] Product? p) => p is null;
    [HttpPost("payment")] public ActionResult<Payment> Pay(Payment payment) => payment is CardPayment { Number.Length: > 10 } c ? c with { Number = c.Number[^4..].PadLeft(8, '*') } : payment;
    [HttpPost("node")] public string Json(JsonNode node) => $"{node.GetValueKind()} {node.AsObject().Count}";
    [HttpPost("big"), RequestSizeLimit(1000)] public async Task<long> Big() { var m = new MemoryStream(); await Request.Body.CopyToAsync(m); return m.Length; }
}
public class CustomersController(IStringLocalizer<Messages> texts) : ApiBase
{
    [HttpPost, ProducesResponseType(typeof(ValidationProblemDetails), 400)] public IActionResult Post([FromBody] Customer c) => Created($"/api/customers/{WebUtility.UrlEncode(c.Email)}", c);
    [HttpPost("taken")] public IActionResult Taken() => Conflict();
    [HttpPost("manual")] public IActionResult Manual([FromBody, ValidateNever] OrderRequest request)
    {
        ModelState.ClearValidationState(""); if (!TryValidateModel(request, "order")) ModelState.AddModelError("order", texts["Wrong order {0}", 1].Value); ModelState.TryAddModelException("x", new FormatException("bad")); _ = ModelState.Values.SelectMany(v => v.Errors).Select(e => e.ErrorMessage).ToArray();
        return ValidationProblem(title: "Cannot be ordered", detail: "see errors", modelStateDictionary: ModelState);
    }
    [HttpPost("teapot")] public IActionResult Tea([FromServices] IOptions<ApiBehaviorOptions> o) { ModelState.AddModelError("teapot", "short"); return o.Value.InvalidModelStateResponseFactory(ControllerContext); }
    [HttpGet("unprocessable")] public IActionResult Unprocessable() => UnprocessableEntity(new ValidationProblemDetails(new Dictionary<string, string[]> { ["a"] = ["b"] }) { Status = 422 });
}
public class ResultsController(IWebHostEnvironment env, ProblemDetailsFactory problems) : ApiBase
{
    [HttpGet("json/{kind}")] public object? Json(string kind) => kind switch
    {
        "camel" => new JsonResult(new { AbC = 1, When = DateTime.UnixEpoch }, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true }), "node" => new JsonObject { ["a"] = 1, ["b"] = new JsonArray(1, "x", null), ["c"] = JsonValue.Create(2.5m) },
        "document" => JsonDocument.Parse("{\"a\":[1,2]}"), "element" => JsonSerializer.SerializeToElement(new { x = 1 }), "dynamic" => new Dictionary<string, object?> { ["a"] = 1, ["b"] = new[] { "x" }, ["c"] = OrderStatus.Paid, ["d"] = null, ["e"] = Guid.Empty },
        "tree" => Tree(), _ => null
    };
    private static Node Tree() { var n = new Node { Name = "root" }; n.Children.Add(new() { Name = "leaf", Parent = n }); return n; }
    [HttpGet("problem")] public IActionResult Wrong() => new ObjectResult(problems.CreateProblemDetails(HttpContext, 409, "Conflict", "http://x/p", "twice")) { ContentTypes = { "application/problem+json", "application/problem+xml" }, StatusCode = 409 };
    [HttpGet("ok")] public OkObjectResult Fine() => Ok(new { Tenant });
    [HttpGet("empty")] public IActionResult Nothing() => new EmptyResult();
    [HttpGet("created")] public IActionResult Made() => Created(new Uri("http://x/1"), new Country("FR", "France"));
    [HttpGet("accepted")] public IActionResult Later() => Accepted(new Uri("/api/results/ok", UriKind.Relative), "soon");
    [HttpGet("accepted-at")] public IActionResult LaterAt() => AcceptedAtAction(nameof(Fine), null, new { job = 1 });
    [HttpGet("none")] public IActionResult None() => NoContent();
    [HttpGet("bad")] public IActionResult Bad() => BadRequest("bad");
    [HttpGet("unauthorized")] public IActionResult NotKnown() => Unauthorized();
    [HttpGet("forbid")] public IActionResult No() => Forbid();
    [HttpGet("challenge")] public IActionResult Who() => Challenge("ApiKey");
    [HttpGet("conflict")] public IActionResult Clash() => Conflict(new { version = 2 });
    [HttpGet("status")] public IActionResult Tea() => StatusCode(418, new { tea = true });
    [HttpGet("object")] public IActionResult Some() => new ObjectResult(new[] { 1, 2 }) { StatusCode = 206, DeclaredType = typeof(int[]) };
    [HttpGet("redirect")] public IActionResult Away() => Redirect("http://x/");
    [HttpGet("redirect-permanent")] public IActionResult Moved() => RedirectPermanent("/api/results/ok");
    [HttpGet("redirect-keep")] public IActionResult Keep() => RedirectPreserveMethod("/api/results/ok");
    [HttpGet("to-action")] public IActionResult ToAction() => RedirectToAction(nameof(ProductsController.Paged), "Products", new { number = 2 }, "top");
    [HttpGet("to-route")] public IActionResult ToRoute() => RedirectToRoute("product", new { id = 1 });
    [HttpGet("local")] public IActionResult Local() => LocalRedirect("~/shop/index");
    [HttpGet("content")] public IActionResult Text() => Content("<a>é</a>", "text/html", Encoding.UTF8);
    [HttpGet("bytes")] public IActionResult Bytes() => File("a;b\n"u8.ToArray(), MediaTypeNames.Text.Csv, "räport.csv", new DateTimeOffset(2024, 2, 1, 0, 0, 0, TimeSpan.Zero), new("\"v1\""), true);
    [HttpGet("stream")] public FileStreamResult Streamed() => new(new MemoryStream(new byte[5000]), MediaTypeNames.Application.Octet) { FileDownloadName = "data.bin", EnableRangeProcessing = true };
    [HttpGet("physical")] public PhysicalFileResult Physical() => PhysicalFile(Path.Combine(env.WebRootPath, "css", "site.css"), "text/css", enableRangeProcessing: true);
    [HttpGet("virtual")] public VirtualFileResult Virtual() => File("~/index.html", "text/html");
    [HttpGet("push")] public IActionResult Push() => new PushResult(async (s, stop) => { await using var w = new StreamWriter(s, leaveOpen: true); for (int i = 0; i < 3; i++) { await w.WriteLineAsync($"line {i}"); await w.FlushAsync(stop); } });
    [HttpGet("typed/{id}")] public Results<Ok<Country>, NotFound, ProblemHttpResult> Typed(int id) => id switch { 1 => TypedResults.Ok(new Country("IT", "Italy")), 2 => TypedResults.Problem("two"), _ => TypedResults.NotFound() };
    [HttpGet("iresult")] public IResult Minimal() => Results.Json(new { a = 1 }, statusCode: 200);
    [HttpGet("view")] public IActionResult Page() => new ViewResult { ViewName = "receipt", ContentType = "text/html", ViewData = new(new EmptyModelMetadataProvider(), ModelState) { Model = 5, ["Title"] = "Receipt" } };
    [HttpGet("view-missing")] public IActionResult NoPage() => new ViewResult { ViewName = "nowhere" };
    [HttpGet("async")] public async Task<IActionResult> Async() { await Task.Delay(1); return Ok(); }
    [HttpGet("slow")] public async Task<bool> Slow(CancellationToken stop) { await Task.Delay(TimeSpan.FromSeconds(20), stop); return true; }
    [HttpGet("task")] public async Task TaskOnly() { Response.ContentType = "application/json"; await Response.WriteAsJsonAsync(new { done = true }); await Response.CompleteAsync(); }
    [HttpGet("value-task")] public ValueTask<ActionResult<List<int>>> Value() => new(new ActionResult<List<int>>([1, 2]));
    [HttpGet("rows")] public async IAsyncEnumerable<Product> Rows([EnumeratorCancellation] CancellationToken stop) { for (int i = 1; i <= 3; i++) { await Task.Delay(1, stop); yield return new Product { Id = i, Name = $"row {i}" }; } }
    [HttpGet("events")] public async Task Events(CancellationToken stop)
    {
        Response.Headers.ContentType = "text/event-stream"; HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        foreach (var s in Enum.GetValues<OrderStatus>()) { await Response.WriteAsync($"event: status\ndata: {JsonSerializer.Serialize(new { s })}\n\n", stop); await Response.Body.FlushAsync(stop); }
    }
#if NET10_0
    [HttpGet("sse")] public IResult Sse(CancellationToken stop) => TypedResults.ServerSentEvents(Rows(stop), eventType: "row");
#endif
    [HttpGet("stock-exception")] public IActionResult Out() => throw new OutOfStockException("AB-12", 3);
    [HttpGet("exception")] public async Task<IActionResult> Fail() { await Task.Yield(); throw new InvalidOperationException("on purpose", new TimeoutException()); }
    [HttpGet("not-implemented")] public IActionResult Todo() => throw new NotImplementedException();
    [HttpGet("aborted")] public IActionResult Aborted() => throw new OperationCanceledException();
    [HttpGet("bad-request")] public IActionResult BadRequestThrown() => throw new BadHttpRequestException("odd request", 400);
}
public class FiltersController : ApiBase
{
    private static int flaky;
    [HttpGet("all"), AllFilters(Order = 2), AddHeader("X-A", "1"), AddHeader("X-B", "2")] public string All() => "all";
    [HttpGet("service"), ServiceFilter<TransactionFilter>(Order = 5)] public string Service() => "s";
    [HttpGet("type"), TypeFilter(typeof(RoleFilter), Arguments = ["guest", 3], IsReusable = false)] public string Typed() => "t";
    [HttpGet("factory"), Throttled(10)] public string Made() => "f";
    [HttpGet("short"), TypeFilter<RoleFilter>(Arguments = ["admin", 1])] public string Short() => "never";
    [HttpGet("cached"), ResourceCache] public string Cached() => Guid.NewGuid().ToString();
    [HttpGet("secure"), RequireHttps(Permanent = false)] public string Secure() => "https";
    [HttpGet("middleware"), MiddlewareFilter<LanguagePipeline>] public string Piped() => CultureInfo.CurrentUICulture.Name;
    [HttpGet("changed"), Wrap] public object Changed() => new { a = 1 };
    [HttpGet("handled"), HandleError(typeof(KeyNotFoundException), 422)] public string Handled() => new Dictionary<string, string>()["none"];
    [HttpGet("quick"), RequestTimeout("quick")] public async Task<string> Quick(CancellationToken stop) { await Task.Delay(TimeSpan.FromSeconds(20), HttpContext.RequestAborted); return "slow"; }
    [HttpGet("limited"), EnableRateLimiting("two")] public string Limited() => "ok";
    [HttpGet("tenant"), EnableRateLimiting("tenant"), DisableRequestTimeout] public string PerTenant() => Tenant;
    [HttpGet("staff"), Authorize("staff")] public string Staff() => User.Identity!.Name!;
    [HttpGet("boss"), Authorize(Policy = "boss", AuthenticationSchemes = "ApiKey")] public string Boss() => "boss";
    [HttpGet("user"), Authorize(Roles = "clerk,boss")] public async Task<object> Who([FromServices] IAuthorizationService auth) => new { User.Identity?.Name, clerk = User.IsInRole("clerk"), dept = User.FindFirstValue("dept"), boss = (await auth.AuthorizeAsync(User, null, "boss")).Succeeded };
    [HttpGet("flaky")] public IActionResult Flaky() => Interlocked.Increment(ref flaky) < 3 ? StatusCode(503) : Ok("third time");
}
[EnableCors("partners")]
public class ReportsController(IMemoryCache memory, IDistributedCache distributed, IOutputCacheStore store) : ApiBase
{
    [HttpGet("partner"), HttpPost("partner")] public string Partner() => "p";
    [HttpGet("closed"), DisableCors] public string Closed() => "c";
    [HttpGet("sales"), ResponseCache(CacheProfileName = "Short", VaryByQueryKeys = ["page"])] public object Sales(int page) => new { page, at = Stopwatch.GetTimestamp() };
    [HttpGet("output"), OutputCache(PolicyName = "byPage")] public object Output(int page) => new { page };
    [HttpDelete("output")] public async Task<IActionResult> Evict(CancellationToken stop) { await store.EvictByTagAsync("reports", stop); return NoContent(); }
    [HttpGet("own"), OutputCache(PolicyName = "own")] public string Own() => Tenant;
    [HttpGet("base"), OutputCache(Duration = 10, VaryByHeaderNames = ["Accept"], Tags = ["base"])] public string Base() => "base";
    [HttpGet("never"), ResponseCache(NoStore = true, Location = ResponseCacheLocation.None)] public string Never() => "n";
    [HttpGet("large")] public object Large() => Enumerable.Range(1, 400).Select(i => new { i, name = $"customer {i}", total = i * 1.25m, when = DateTime.UnixEpoch.AddDays(i) });
    [HttpGet("memory")] public async Task<object> Memory()
    {
        var totals = await memory.GetOrCreateAsync(("totals", Tenant), async e => { e.SetSize(1).SetSlidingExpiration(TimeSpan.FromMinutes(1)).SetPriority(CacheItemPriority.Low).RegisterPostEvictionCallback((k, v, r, s) => { }); await Task.Yield(); return new Dictionary<OrderStatus, decimal> { [OrderStatus.Paid] = 10 }; });
        using var stop = new CancellationTokenSource(); memory.Set("x", 1, new MemoryCacheEntryOptions().SetSize(1).AddExpirationToken(new CancellationChangeToken(stop.Token))); stop.Cancel(); return new { totals, gone = !memory.TryGetValue("x", out int _), (memory as MemoryCache)?.Count };
    }
    [HttpGet("distributed")] public async Task<object?> Distributed(CancellationToken stop)
    {
        if (await distributed.GetAsync("report", stop) is { } bytes) { await distributed.RefreshAsync("report", stop); return JsonSerializer.Deserialize<Page<string>>(bytes); }
        var made = new Page<string>(["a", "b"], 2, 1, 10); await distributed.SetAsync("report", JsonSerializer.SerializeToUtf8Bytes(made), new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) }, stop); await distributed.SetStringAsync("s", "text", stop); return made;
    }
}
public class CartController : ApiBase
{
    [HttpGet] public async Task<object> Get() { await HttpContext.Session.LoadAsync(); var s = HttpContext.Session; return new { cart = s.Load<Dictionary<int, int>>("cart"), visits = s.GetInt32("visits"), last = s.GetString("last"), keys = s.Keys.Count(), s.IsAvailable }; }
    [HttpPost("items")] public async Task<Dictionary<int, int>> Add(int product, int count = 1) { var s = HttpContext.Session; var cart = s.Load<Dictionary<int, int>>("cart") ?? []; cart[product] = CollectionExtensions.GetValueOrDefault(cart, product) + count; s.Save("cart", cart); s.SetInt32("visits", (s.GetInt32("visits") ?? 0) + 1); s.SetString("last", "now"); s.Set("raw", [1]); await s.CommitAsync(); return cart; }
    [HttpDelete] public IActionResult Clear() { HttpContext.Session.Remove("cart"); _ = HttpContext.Session.TryGetValue("cart", out _); HttpContext.Session.Clear(); return NoContent(); }
    [HttpGet("cookies")] public object Cookies()
    {
        var consent = HttpContext.Features.Get<ITrackingConsentFeature>(); consent?.GrantConsent(); string? seen = Request.Cookies["seen"]; Response.Cookies.Append("seen", DateTime.UnixEpoch.ToString("o"), new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = TimeSpan.FromDays(1), Path = "/", Expires = DateTimeOffset.UtcNow.AddDays(1) });
        Response.Cookies.Delete("old"); return new { seen, consent?.CanTrack, Request.Cookies.Count, has = Request.Cookies.ContainsKey("seen") };
    }
}
public class TextsController(IStringLocalizer<TextsController> texts, IStringLocalizerFactory factory, Microsoft.AspNetCore.Mvc.Localization.IHtmlLocalizer<Messages> html) : ApiBase
{
    [HttpGet] public object Get() => new { hello = texts["Hello"].Value, named = texts["Hello {0}", "Ada"].Value, texts["x"].ResourceNotFound, other = factory.Create("Messages", "server-shop")["Bye"].Name, safe = html["<b>{0}</b>", "<"].Value, price = 1234.5m.ToString("C", CultureInfo.CurrentCulture), day = DateTime.UnixEpoch.ToString("D"), culture = HttpContext.Features.Get<IRequestCultureFeature>()?.RequestCulture.UICulture.Name };
    [HttpPost("{culture}")] public IActionResult Choose(string culture) { Response.Cookies.Append(CookieRequestCultureProvider.DefaultCookieName, CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(CultureInfo.CurrentCulture)), new() { IsEssential = true }); return NoContent(); }
}
[Route("lookup/[controller]"), LookupName]
public class LookupController<T>(IRepository<string, T> items) : ApiBase where T : class, IEntity<string>
{
    [HttpGet] public IEnumerable<T> All() => items.All();
    [HttpGet("{code}")] public ActionResult<T> One(string code) => items.Find(code) is { } item ? item : NotFound();
}
[AutoValidateAntiforgeryToken]
public class FrontController(IAntiforgery antiforgery) : Controller
{
    [TempData] public string? Notice { get; set; }
    [ViewData] public string Title { get; set; } = "Shop";
    public IActionResult Index(int? id) => View("receipt", id ?? 0);
    [ActionName("save")] public IActionResult SaveIt() { Notice = "saved"; TempData["count"] = 3; TempData["list"] = new[] { "a", "b" }; return RedirectToAction(nameof(Saved)); }
    public IActionResult Saved() { var seen = new { Notice, count = TempData["count"], peek = TempData.Peek("list") }; TempData.Keep("list"); return Json(seen); }
    public ContentResult Token() => Content(antiforgery.GetAndStoreTokens(HttpContext).RequestToken!);
    [HttpPost] public IActionResult Order([Bind("Name", "Address")] OrderForm form) => ModelState.IsValid ? Json(form) : BadRequest(ModelState);
    [HttpPost, IgnoreAntiforgeryToken] public IActionResult Hook() => Ok();
    [NonAction] public string Helper() => "";
    public IActionResult Campaign(string name) => Content(HtmlEncoder.Default.Encode($"<{name}>"), "text/html");
    public IActionResult Missing(string path) => StatusCode(404);
    public override void OnActionExecuted(ActionExecutedContext c) { ViewBag.Done = true; base.OnActionExecuted(c); }
}
[Area("Admin")]
public class DashboardController : Controller
{
    public object Index() => new { area = RouteData.Values["area"], action = ControllerContext.ActionDescriptor.ActionName };
    public IActionResult SalesByDay(int id) => Json(Enumerable.Range(0, id).ToDictionary(i => DateOnly.FromDayNumber(i).ToString("o"), i => i * 2.5));
}

// Filters, binders, formatters, conventions.
public sealed class AuditFilter(ILogger<AuditFilter> log, ShopMetrics metrics) : IAsyncActionFilter, IAsyncResultFilter
{
    public async Task OnActionExecutionAsync(ActionExecutingContext c, ActionExecutionDelegate next)
    {
        long start = Stopwatch.GetTimestamp(); var done = await next();
        log.LogInformation("{Action} with {Arguments} took {Elapsed}: {Result}", c.ActionDescriptor.DisplayName, string.Join(", ", c.ActionArguments.Select(a => $"{a.Key}={a.Value}")), Stopwatch.GetElapsedTime(start), done.Exception?.GetType().Name ?? done.Result?.ToString());
        metrics.Count(c.RouteData.Values["controller"] as string ?? "?");
    }
    public async Task OnResultExecutionAsync(ResultExecutingContext c, ResultExecutionDelegate next) { if (c.Result is ObjectResult { Value: not null } o) c.HttpContext.Response.Headers["X-Type"] = o.Value.GetType().Name.Split('`')[0].Where(char.IsAsciiLetter).Aggregate("", (a, b) => a + b); await next(); }
}
public sealed class ShopExceptionFilter : IExceptionFilter
{
    public void OnException(ExceptionContext c)
    {
        (int Status, string Title)? known = c.Exception switch { NotImplementedException => (501, "not yet"), OperationCanceledException when !c.HttpContext.RequestAborted.IsCancellationRequested && c.RouteData.Values["action"] is "Aborted" => (499, "gone"), _ => null };
        if (known is var (status, title)) { c.Result = new ObjectResult(new ProblemDetails { Status = status, Title = title, Extensions = { ["trace"] = c.HttpContext.TraceIdentifier } }) { StatusCode = status }; c.ExceptionHandled = true; }
    }
}
public sealed class TransactionFilter(UnitOfWork work) : IAsyncActionFilter { public async Task OnActionExecutionAsync(ActionExecutingContext c, ActionExecutionDelegate next) { work.Begin(); var r = await next(); if (r.Exception is null || r.ExceptionHandled) await work.CommitAsync(); } }
public sealed class AllFiltersAttribute : Attribute, IAuthorizationFilter, IResourceFilter, IActionFilter, IResultFilter, IAlwaysRunResultFilter, IOrderedFilter
{
    public int Order { get; set; }
    public void OnAuthorization(AuthorizationFilterContext c) => c.HttpContext.Items["filters"] = new List<string> { "auth" };
    public void OnResourceExecuting(ResourceExecutingContext c) => c.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
    public void OnResourceExecuted(ResourceExecutedContext c) => _ = c.Canceled;
    public void OnActionExecuting(ActionExecutingContext c) => (c.HttpContext.Items["filters"] as List<string>)?.Add(((ControllerBase)c.Controller).GetType().Name);
    public void OnActionExecuted(ActionExecutedContext c) => c.HttpContext.Response.OnCompleted(s => Task.CompletedTask, this);
    public void OnResultExecuting(ResultExecutingContext c) => c.HttpContext.Response.Headers.TryAdd("X-Filters", string.Join(",", (List<string>)c.HttpContext.Items["filters"]!));
    public void OnResultExecuted(ResultExecutedContext c) { }
}
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)] public sealed class AddHeaderAttribute(string name, string value) : ResultFilterAttribute { public override void OnResultExecuting(ResultExecutingContext c) { c.HttpContext.Response.Headers.Append(name, value); base.OnResultExecuting(c); } }
public sealed class RoleFilter(string role, int level, IWebHostEnvironment env) : IAsyncAuthorizationFilter { public Task OnAuthorizationAsync(AuthorizationFilterContext c) { if (role == "admin" && level > 0 && !c.HttpContext.User.IsInRole(role) && !env.IsDevelopment()) c.Result = new StatusCodeResult(403); return Task.CompletedTask; } }
public sealed class ThrottledAttribute(int perMinute) : Attribute, IFilterFactory
{
    public bool IsReusable => true;
    public IFilterMetadata CreateInstance(IServiceProvider sp) => new Inner(sp.GetRequiredService<IMemoryCache>(), perMinute);
    private sealed class Inner(IMemoryCache cache, int limit) : IAsyncResourceFilter { public async Task OnResourceExecutionAsync(ResourceExecutingContext c, ResourceExecutionDelegate next) { int n = cache.TryGetValue(c.ActionDescriptor.Id, out int was) ? was + 1 : 1; using (var e = cache.CreateEntry(c.ActionDescriptor.Id)) { e.Value = n; e.Size = 1; e.AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1); } if (n > limit) c.Result = new StatusCodeResult(429); else await next(); } }
}
public sealed class ResourceCacheAttribute : Attribute, IResourceFilter
{
    private static readonly ConcurrentDictionary<string, IActionResult> Kept = new(StringComparer.OrdinalIgnoreCase);
    public void OnResourceExecuting(ResourceExecutingContext c) { if (Kept.TryGetValue(c.HttpContext.Request.Path, out var r)) c.Result = r; }
    public void OnResourceExecuted(ResourceExecutedContext c) { if (c.Result is ObjectResult o) Kept.TryAdd(c.HttpContext.Request.Path, o); }
}
public sealed class WrapAttribute : ActionFilterAttribute { public override void OnActionExecuted(ActionExecutedContext c) { if (c.Result is ObjectResult o) c.Result = new OkObjectResult(new { data = o.Value, at = DateTime.UnixEpoch }); } public override Task OnResultExecutionAsync(ResultExecutingContext c, ResultExecutionDelegate next) => base.OnResultExecutionAsync(c, next); }
public sealed class HandleErrorAttribute(Type type, int status) : ExceptionFilterAttribute { public override Task OnExceptionAsync(ExceptionContext c) { if (type.IsInstanceOfType(c.Exception)) { c.Result = new ObjectResult(new { c.Exception.Message }) { StatusCode = status }; c.ExceptionHandled = true; } return Task.CompletedTask; } }
public sealed class LanguagePipeline { public void Configure(IApplicationBuilder b) => b.Use((c, next) => { CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture; return next(c); }); }
public sealed class NoFormBindingAttribute : Attribute, IResourceFilter { public void OnResourceExecuting(ResourceExecutingContext c) { c.ValueProviderFactories.RemoveType<FormValueProviderFactory>(); c.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>(); c.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>(); } public void OnResourceExecuted(ResourceExecutedContext c) { } }
public sealed class ApiVersionAttribute(string version) : Attribute, IActionConstraint { public int Order => 0; public bool Accept(ActionConstraintContext c) => c.RouteContext.HttpContext.Request.Query["api-version"].ToString() == version; }
public sealed class MoneyBinderProvider : IModelBinderProvider { public IModelBinder? GetBinder(ModelBinderProviderContext c) => c.Metadata.ModelType == typeof(Money) && c.BindingInfo.BindingSource != BindingSource.Body ? new BinderTypeModelBinder(typeof(MoneyBinder)) : null; }
public sealed class MoneyBinder(ILogger<MoneyBinder> log) : IModelBinder
{
    public Task BindModelAsync(ModelBindingContext c)
    {
        var value = c.ValueProvider.GetValue(c.ModelName); if (value == ValueProviderResult.None) return Task.CompletedTask;
        c.ModelState.SetModelValue(c.ModelName, value); log.LogDebug("money from {Value}", value.FirstValue);
        if (Money.TryRead(value.FirstValue, out var m)) c.Result = ModelBindingResult.Success(m); else c.ModelState.TryAddModelError(c.ModelName, c.ModelMetadata.ModelBindingMessageProvider.AttemptedValueIsInvalidAccessor(value.ToString(), c.FieldName));
        return Task.CompletedTask;
    }
}
public sealed class DelimitedBinder : IModelBinder { public Task BindModelAsync(ModelBindingContext c) { var parts = c.ValueProvider.GetValue(c.ModelName).FirstValue?.Split('|') ?? []; c.Result = ModelBindingResult.Success(Array.ConvertAll(parts, int.Parse)); return Task.CompletedTask; } }
public sealed class TenantValueProviderFactory : IValueProviderFactory { public Task CreateValueProviderAsync(ValueProviderFactoryContext c) { c.ValueProviders.Add(new Provider(c.ActionContext.HttpContext.Request.Headers)); return Task.CompletedTask; } private sealed class Provider(IHeaderDictionary headers) : BindingSourceValueProvider(BindingSource.Query) { public override bool ContainsPrefix(string prefix) => prefix == "origin"; public override ValueProviderResult GetValue(string key) => key == "origin" ? new(headers["X-Tenant"]) : ValueProviderResult.None; } }
public sealed class DisplayNames : IDisplayMetadataProvider, IBindingMetadataProvider, IValidationMetadataProvider
{
    public void CreateDisplayMetadata(DisplayMetadataProviderContext c) { if (c.Key.MetadataKind == ModelMetadataKind.Property && c.Key.Name is { } n && c.DisplayMetadata.DisplayName is null) c.DisplayMetadata.DisplayName = () => Regex.Replace(n, "(?<=[a-z])([A-Z])", " $1"); }
    public void CreateBindingMetadata(BindingMetadataProviderContext c) { if (c.Key.ModelType == typeof(UnitOfWork)) c.BindingMetadata.IsBindingAllowed = false; }
    public void CreateValidationMetadata(ValidationMetadataProviderContext c) { foreach (var a in c.ValidationMetadata.ValidatorMetadata.OfType<PhoneAttribute>()) a.ErrorMessage ??= "{0} is no telephone"; }
}
public sealed class CsvInputFormatter : TextInputFormatter
{
    public CsvInputFormatter() { SupportedMediaTypes.Add(MediaType.Parse("text/csv")); SupportedEncodings.Add(UTF8EncodingWithoutBOM); SupportedEncodings.Add(UTF16EncodingLittleEndian); }
    protected override bool CanReadType(Type type) => type.IsAssignableFrom(typeof(List<StockLevel>));
    public override async Task<InputFormatterResult> ReadRequestBodyAsync(InputFormatterContext c, Encoding encoding)
    {
        using var reader = c.ReaderFactory(c.HttpContext.Request.Body, encoding); var levels = new List<StockLevel>(); await reader.ReadLineAsync();
        while (await reader.ReadLineAsync() is { Length: > 0 } line) { if (line.Split(',') is [var sku, var n] && int.TryParse(n, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count)) levels.Add(new(sku.Trim(), count)); else { c.ModelState.TryAddModelError(c.ModelName, $"line {levels.Count + 2}: {line}"); return await InputFormatterResult.FailureAsync(); } }
        return await InputFormatterResult.SuccessAsync(levels);
    }
}
public sealed class CsvOutputFormatter : TextOutputFormatter
{
    public CsvOutputFormatter() { SupportedMediaTypes.Add("text/csv"); SupportedEncodings.Add(Encoding.UTF8); SupportedEncodings.Add(Encoding.Unicode); }
    protected override bool CanWriteType(Type? type) => typeof(IEnumerable<Product>).IsAssignableFrom(type);
    public override void WriteResponseHeaders(OutputFormatterWriteContext c) { c.HttpContext.Response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = "products.csv" }.ToString(); base.WriteResponseHeaders(c); }
    public override async Task WriteResponseBodyAsync(OutputFormatterWriteContext c, Encoding encoding)
    {
        var properties = typeof(Product).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.PropertyType == typeof(string) || p.PropertyType.IsValueType).ToArray(); var text = new StringBuilder().AppendJoin(',', properties.Select(p => p.Name)).AppendLine();
        foreach (var product in (IEnumerable<Product>)c.Object!) text.AppendJoin(',', properties.Select(p => p.GetValue(product) switch { string s when s.Contains(',') => $"\"{s.Replace("\"", "\"\"")}\"", IFormattable f => f.ToString(null, CultureInfo.InvariantCulture), var o => o?.ToString() })).AppendLine();
        await c.HttpContext.Response.WriteAsync(text.ToString(), encoding);
    }
}
public sealed partial class Slugify : IOutboundParameterTransformer { public string? TransformOutbound(object? value) => value is null ? null : Regex.Replace(value.ToString()!, "([a-z0-9])([A-Z])", "$1-$2").ToLowerInvariant(); }
public sealed class SkuConstraint : IRouteConstraint { public bool Match(HttpContext? c, IRouter? r, string key, RouteValueDictionary values, RouteDirection d) => values.TryGetValue(key, out object? v) && Convert.ToString(v, CultureInfo.InvariantCulture) is { } s && SkuConverter.Form.IsMatch(s); }
public sealed class RoutePrefixConvention : IApplicationModelConvention, IActionModelConvention
{
    private readonly AttributeRouteModel prefix = new(new RouteAttribute("api"));
    public void Apply(ApplicationModel a) { foreach (var s in a.Controllers.Where(c => typeof(ApiBase).IsAssignableFrom(c.ControllerType)).SelectMany(c => c.Selectors).Where(s => s.AttributeRouteModel is not null)) s.AttributeRouteModel = AttributeRouteModel.CombineAttributeRouteModel(prefix, s.AttributeRouteModel); }
    public void Apply(ActionModel a) { if (a.ActionName == "Hidden") a.ApiExplorer.IsVisible = false; a.Properties["seen"] = true; }
}
public sealed class ParameterConvention : IParameterModelConvention, IControllerModelConvention { public void Apply(ParameterModel p) { if (p.ParameterType == typeof(UnitOfWork)) p.BindingInfo = new() { BindingSource = BindingSource.Services }; } public void Apply(ControllerModel c) => c.ApiExplorer.GroupName ??= c.ControllerType.Namespace ?? "v1"; }
public sealed class LookupNameAttribute : Attribute, IControllerModelConvention { public void Apply(ControllerModel c) { if (c.ControllerType.IsGenericType) c.ControllerName = c.ControllerType.GenericTypeArguments[0].Name; } }
public sealed class LookupControllers : IApplicationFeatureProvider<ControllerFeature> { public void PopulateFeature(IEnumerable<ApplicationPart> parts, ControllerFeature f) { foreach (var t in new[] { typeof(Country), typeof(Currency) }) f.Controllers.Add(typeof(LookupController<>).MakeGenericType(t).GetTypeInfo()); } }
public sealed class CampaignTransformer : DynamicRouteValueTransformer { public override ValueTask<RouteValueDictionary> TransformAsync(HttpContext c, RouteValueDictionary v) => new(new RouteValueDictionary { ["controller"] = "Front", ["action"] = "Campaign", ["name"] = v["name"] }); }
public sealed class PushResult(Func<Stream, CancellationToken, Task> write) : ActionResult { public override async Task ExecuteResultAsync(ActionContext c) { c.HttpContext.Response.ContentType = "text/plain; charset=utf-8"; await write(c.HttpContext.Response.Body, c.HttpContext.RequestAborted); } }
public sealed class TextViewEngine : IViewEngine
{
    public ViewEngineResult FindView(ActionContext c, string name, bool main) => name == "receipt" ? ViewEngineResult.Found(name, new View()) : ViewEngineResult.NotFound(name, [$"text/{name}"]);
    public ViewEngineResult GetView(string? from, string path, bool main) => ViewEngineResult.NotFound(path, []);
    private sealed class View : IView { public string Path => "receipt"; public async Task RenderAsync(ViewContext c) { var b = new TagBuilder("p") { Attributes = { ["class"] = "receipt" } }; b.InnerHtml.AppendFormat("{0}: {1}", c.ViewData["Title"], c.ViewData.Model).AppendHtml("<br>"); b.WriteTo(c.Writer, HtmlEncoder.Default); await c.Writer.FlushAsync(); } }
}
public sealed class TenantCachePolicy : IOutputCachePolicy
{
    public ValueTask CacheRequestAsync(OutputCacheContext c, CancellationToken stop) { c.EnableOutputCaching = c.AllowCacheLookup = c.AllowCacheStorage = c.AllowLocking = true; c.CacheVaryByRules.HeaderNames = "X-Tenant"; c.CacheVaryByRules.VaryByValues["a"] = "b"; c.Tags.Add("own"); c.ResponseExpirationTimeSpan = TimeSpan.FromSeconds(20); return default; }
    public ValueTask ServeFromCacheAsync(OutputCacheContext c, CancellationToken stop) => default;
    public ValueTask ServeResponseAsync(OutputCacheContext c, CancellationToken stop) { if (c.HttpContext.Response.StatusCode != 200) c.AllowCacheStorage = false; return default; }
}
public sealed class ApiKeyOptions : AuthenticationSchemeOptions { public Dictionary<string, string> Keys { get; } = []; }
public sealed class ApiKeyHandler(IOptionsMonitor<ApiKeyOptions> o, ILoggerFactory l, UrlEncoder e) : AuthenticationHandler<ApiKeyOptions>(o, l, e)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!Request.Headers.TryGetValue("X-Api-Key", out var key)) return Task.FromResult(AuthenticateResult.NoResult());
        if (!Options.Keys.TryGetValue(key.ToString(), out string? name)) return Task.FromResult(AuthenticateResult.Fail("unknown key"));
        var user = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, name), new("dept", "sales"), new("years", "3", ClaimValueTypes.Integer), new(ClaimTypes.Role, "clerk"), new(ClaimTypes.Role, "boss")], Scheme.Name)); return Task.FromResult(AuthenticateResult.Success(new(user, Scheme.Name)));
    }
    protected override async Task HandleChallengeAsync(AuthenticationProperties p) { await base.HandleChallengeAsync(p); Response.Headers.WWWAuthenticate = "ApiKey"; }
}
public sealed record Seniority(int Years) : IAuthorizationRequirement;
public sealed class SeniorityHandler : AuthorizationHandler<Seniority> { protected override Task HandleRequirementAsync(AuthorizationHandlerContext c, Seniority s) { if (int.TryParse(c.User.FindFirst("years")?.Value, out int y) && y >= s.Years) c.Succeed(s); return Task.CompletedTask; } }
public sealed class OutOfStockException(string sku, int wanted) : Exception($"{wanted} of {sku} are not there") { public string Sku => sku; }
public sealed class StockExceptionHandler(IProblemDetailsService problems, ILogger<StockExceptionHandler> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext c, Exception e, CancellationToken stop)
    {
        log.LogError(e, "at {Path} ({Endpoint})", c.Features.Get<IExceptionHandlerPathFeature>()?.Path, c.GetEndpoint()?.DisplayName); int status = e switch { OutOfStockException => 409, BadHttpRequestException b => b.StatusCode, _ => 0 }; if (status == 0) return false;
        c.Response.StatusCode = status; return await problems.TryWriteAsync(new() { HttpContext = c, Exception = e, ProblemDetails = { Title = e.Message, Status = status, Extensions = { ["sku"] = (e as OutOfStockException)?.Sku } } });
    }
}
public interface ITenantFeature { string Name { get; } }
public sealed record TenantFeature(string Name) : ITenantFeature;
public sealed class TenantMiddleware(RequestDelegate next, string header) { public async Task InvokeAsync(HttpContext c, ILogger<TenantMiddleware> log) { c.Features.Set<ITenantFeature>(new TenantFeature(c.Request.Headers[header].FirstOrDefault() ?? "none")); using (log.BeginScope(new Dictionary<string, object?> { ["Tenant"] = c.Request.Headers[header].ToString(), ["Remote"] = c.Connection.RemoteIpAddress })) await next(c); } }
public sealed class CorrelationMiddleware(TimeProvider time) : IMiddleware { public async Task InvokeAsync(HttpContext c, RequestDelegate next) { long start = time.GetTimestamp(); string id = c.Request.Headers["X-Correlation-Id"].FirstOrDefault() ?? Activity.Current?.TraceId.ToString() ?? Guid.NewGuid().ToString("N"); c.Response.OnStarting(s => { ((HttpContext)s).Response.Headers["X-Correlation-Id"] = id; return Task.CompletedTask; }, c); await next(c); _ = time.GetElapsedTime(start); } }
public sealed class NoHealthLogging : IHttpLoggingInterceptor { public ValueTask OnRequestAsync(HttpLoggingInterceptorContext c) { if (c.HttpContext.Request.Path == "/health") c.LoggingFields = HttpLoggingFields.None; else c.AddParameter("tenant", "t"); return default; } public ValueTask OnResponseAsync(HttpLoggingInterceptorContext c) => default; }

// Services, jobs, clients.
public static class Extensions
{
    public static void Save<T>(this ISession s, string key, T value) => s.SetString(key, JsonSerializer.Serialize(value));
    public static T? Load<T>(this ISession s, string key) => s.GetString(key) is { } text ? JsonSerializer.Deserialize<T>(text) : default;
    public static IServiceCollection AddLazy<T>(this IServiceCollection s) where T : class => s.AddTransient(sp => new Lazy<T>(sp.GetRequiredService<T>));
}
public interface IRepository<TKey, T> where T : class, IEntity<TKey> where TKey : notnull { IEnumerable<T> All(); T? Find(TKey id); void Save(T item); T? Remove(TKey id); }
public sealed class MemoryRepository<TKey, T> : IRepository<TKey, T> where T : class, IEntity<TKey> where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, T> items = new(Seed().Select(i => KeyValuePair.Create(i.Id, i)));
    private static IEnumerable<T> Seed() => typeof(T) == typeof(Country) ? new Country[] { new("FR", "France"), new("IT", "Italy") }.Cast<T>() : typeof(T) == typeof(Currency) ? new Currency[] { new("EUR", 2), new("JPY", 0) }.OfType<T>() : [];
    public IEnumerable<T> All() => items.Values;
    public T? Find(TKey id) => items.TryGetValue(id, out var item) ? item : null;
    public void Save(T item) => items.AddOrUpdate(item.Id, item, (k, old) => item);
    public T? Remove(TKey id) => items.TryRemove(id, out var item) ? item : null;
}
public interface ICatalog { IQueryable<Product> All(); ValueTask<Product?> Find(int id, CancellationToken stop = default); void Save(Product p); Product? Remove(int id); bool Knows(string? mail); }
public sealed class Catalog(IRepository<int, Product> products, ILogger<Catalog> log) : ICatalog
{
    private static readonly Action<ILogger, int, string, Exception?> saved = LoggerMessage.Define<int, string>(LogLevel.Information, new EventId(1, "Saved"), "saved {Id} as {Name}");
    private static readonly string[] names = ["Chair", "Table", "Lamp, large", "Shelf", "Bed"];
    public IQueryable<Product> All() { if (!products.All().Any()) foreach (var (name, i) in names.Select((n, i) => (n, i + 1))) Save(new() { Id = i, Name = name, Sku = i == 1 ? "AB-12" : $"XY-{i:00}", Price = i * 9.99m, Tags = ["home", name.ToLowerInvariant()], Stock = 10 * i, Added = new DateTime(2020 + i % 3, 1, i, 0, 0, 0, DateTimeKind.Utc), Last = (OrderStatus)(i % 5) }); return products.All().AsQueryable(); }
    public async ValueTask<Product?> Find(int id, CancellationToken stop = default) { _ = All(); await Task.Yield(); stop.ThrowIfCancellationRequested(); return products.Find(id); }
    public void Save(Product p) { products.Save(p); saved(log, p.Id, p.Name, null); }
    public Product? Remove(int id) => products.Remove(id);
    public bool Knows(string? mail) => string.Equals(mail, "taken@example.com", StringComparison.OrdinalIgnoreCase);
}
public interface IOrderService { Task<Order> Place(OrderRequest r, CancellationToken stop); Order? Find(Guid id); }
public sealed class OrderService(ICatalog catalog, IRepository<Guid, Order> orders, IEnumerable<IDiscount> discounts, IOptionsSnapshot<ShopOptions> options, Channel<MailJob> mails, TimeProvider time, IServiceProvider services) : IOrderService
{
    public async Task<Order> Place(OrderRequest r, CancellationToken stop)
    {
        var priced = await Task.WhenAll(r.Lines.Select(async l => (Line: l, Product: await catalog.Find(l.ProductId, stop)))); if (priced.FirstOrDefault(p => p.Product is null) is { Line: { } missing }) throw new OutOfStockException($"product {missing.ProductId}", missing.Quantity);
        decimal net = priced.Sum(p => p.Product!.Price * p.Line.Quantity), total = discounts.Aggregate(net, (sum, d) => d.Apply(sum, r)) * (1 + (decimal)options.Value.Vat); var shipping = services.GetRequiredKeyedService<IShipping>(total > 20 ? "fast" : "slow");
        var order = new Order(Guid.NewGuid(), r.Name, OrderStatus.Placed, decimal.Round(total + shipping.Days, 2, MidpointRounding.AwayFromZero), r.Lines, time.GetUtcNow().AddDays(shipping.Days)); orders.Save(order); await mails.Writer.WriteAsync(new(options.Value.Mail.From, $"Order {order.Id:N}", order.Placed), stop); return order;
    }
    public Order? Find(Guid id) => orders.Find(id);
}
public sealed class LoggedOrderService(IOrderService inner, ILogger<LoggedOrderService> log) : IOrderService { public async Task<Order> Place(OrderRequest r, CancellationToken stop) { try { var o = await inner.Place(r, stop); log.LogInformation("{@Order} for {Total:C}", o.Id, o.Total); return o; } catch (OutOfStockException e) { log.LogWarning(e, "not placed"); throw; } } public Order? Find(Guid id) => inner.Find(id); }
public interface IDiscount { decimal Apply(decimal sum, OrderRequest r); }
public sealed class BulkDiscount : IDiscount { public decimal Apply(decimal sum, OrderRequest r) => r.Lines.Sum(l => l.Quantity) switch { > 10 => sum * 0.9m, > 2 => sum * 0.95m, _ => sum }; }
public sealed class LoyalDiscount : IDiscount { public decimal Apply(decimal sum, OrderRequest r) => r is { Name: "Ada", Address.City: "Ulm" } ? sum - 1 : sum; }
public interface IShipping { int Days { get; } }
public sealed class FastShipping(IOptionsMonitor<CarrierOptions> o) : IShipping { public int Days => o.Get("Fast").Days; }
public sealed class SlowShipping(IOptionsMonitor<CarrierOptions> o) : IShipping { public int Days => o.Get("Slow").Days; }
public sealed class UnitOfWork : IAsyncDisposable { private bool open; public void Begin() => open = true; public async Task CommitAsync() { await Task.Yield(); open = false; } public ValueTask DisposeAsync() => open ? new(CommitAsync()) : ValueTask.CompletedTask; }
public sealed class ShopMetrics { private readonly Counter<long> calls; private readonly Histogram<double> sizes; public ShopMetrics(IMeterFactory f) { var m = f.Create("Shop"); calls = m.CreateCounter<long>("shop.calls", "{call}", "calls"); sizes = m.CreateHistogram<double>("shop.sizes"); } public void Count(string what) { calls.Add(1, new KeyValuePair<string, object?>("what", what)); sizes.Record(what.Length, new TagList { { "what", what } }); } }
public sealed class StockHealth(IServiceScopeFactory scopes) : IHealthCheck { public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext c, CancellationToken stop = default) { await using var s = scopes.CreateAsyncScope(); int n = s.ServiceProvider.GetRequiredService<ICatalog>().All().Count(p => p.Stock > 0); return n > 0 ? HealthCheckResult.Healthy($"{n} in stock", new Dictionary<string, object> { ["n"] = n }) : new(c.Registration.FailureStatus); } }
public sealed class ServerAddress { public Uri? Uri { get; set; } public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously); public TaskCompletionSource MailSent { get; } = new(); }
public sealed class MailSender(Channel<MailJob> mails, ServerAddress address, ILogger<MailSender> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        await address.Started.Task.WaitAsync(stop);
        try { await foreach (var mail in mails.Reader.ReadAllAsync(stop)) { log.LogInformation("to {To}: {Subject} at {At:u}", mail.To, mail.Subject, mail.At); address.MailSent.TrySetResult(); } } catch (OperationCanceledException) { log.LogInformation("no more mails"); }
    }
}
public sealed class StockWatch(IServiceScopeFactory scopes, ILogger<StockWatch> log) : IHostedService, IDisposable
{
    private Timer? timer;
    public Task StartAsync(CancellationToken stop) { timer = new(_ => { using var s = scopes.CreateScope(); var low = s.ServiceProvider.GetRequiredService<ICatalog>().All().Where(p => p.Stock < 20).Select(p => p.Sku).ToHashSet(); log.LogDebug("low: {Low}", low); }, null, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1)); return Task.CompletedTask; }
    public Task StopAsync(CancellationToken stop) { timer?.Change(Timeout.Infinite, 0); return Task.CompletedTask; }
    public void Dispose() => timer?.Dispose();
}
public sealed class Warmup(ILogger<Warmup> log) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken c) => Say("starting"); public Task StartAsync(CancellationToken c) => Say("start"); public Task StartedAsync(CancellationToken c) => Say("started");
    public Task StoppingAsync(CancellationToken c) => Say("stopping"); public Task StopAsync(CancellationToken c) => Say("stop"); public Task StoppedAsync(CancellationToken c) => Say("stopped");
    private Task Say(string what) { log.LogInformation("warm-up: {What}", what); return Task.CompletedTask; }
}
public sealed class TenantHandler : DelegatingHandler { protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage r, CancellationToken stop) { r.Headers.TryAddWithoutValidation("X-Tenant", "self"); r.Headers.Add("X-Correlation-Id", Guid.NewGuid().ToString()); return base.SendAsync(r, stop); } }
public sealed class RetryHandler(ILogger<RetryHandler> log) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage r, CancellationToken stop) { for (int i = 1; ; i++) { var a = await base.SendAsync(r, stop); if (a.StatusCode != HttpStatusCode.ServiceUnavailable || i == 3) return a; log.LogWarning("retry {N} of {Uri}", i, r.RequestUri); a.Dispose(); await Task.Delay(i, stop); } }
}
public sealed class ShopApiException(HttpStatusCode status, ValidationProblemDetails? problem) : Exception(problem?.Title) { public HttpStatusCode Status => status; public IDictionary<string, string[]> Errors => problem?.Errors ?? new Dictionary<string, string[]>(); }
public sealed class ShopClient(HttpClient http)
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
    public async Task<IReadOnlyList<Product>> All() => await http.GetFromJsonAsync<List<Product>>("api/products/list", json) ?? [];
    public async Task<Product?> Find(int id) { try { return await http.GetFromJsonAsync<Product>($"api/products/{id}", json); } catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.NotFound) { return null; } }
    public async Task<int> Add(Product p) { using var r = await http.PostAsJsonAsync("api/products", p, json); r.EnsureSuccessStatusCode(); return int.Parse(r.Headers.Location!.Segments[^1]); }
    public async Task<Product?> Change(int id, object patch) { using var r = await http.PatchAsJsonAsync($"api/products/{id}", patch); return await r.Content.ReadFromJsonAsync<Product>(json); }
    public async Task Merge(int id, string patch) { using var content = new StringContent(patch, Encoding.UTF8, "application/merge-patch+json"); using var r = await http.PatchAsync($"api/products/{id}/merge", content); r.EnsureSuccessStatusCode(); using var put = await http.PutAsJsonAsync($"api/products/{id + 1}", new Product { Id = id, Sku = "AA-11", Name = "other" }); }
    public Task<Product?> Remove(int id) => http.DeleteFromJsonAsync<Product>($"api/products/{id}", json);
    public async Task<Order?> Order(OrderRequest o) { using var r = await http.PostAsJsonAsync("api/orders", o); if (r.StatusCode == HttpStatusCode.BadRequest) throw new ShopApiException(r.StatusCode, await r.Content.ReadFromJsonAsync<ValidationProblemDetails>()); return r.Headers.Location is { } at ? await http.GetFromJsonAsync<Order>(at, json) : null; }
    public async Task Broken() { using var r = await http.GetAsync("api/results/exception"); _ = r.IsSuccessStatusCode ? null : await r.Content.ReadFromJsonAsync<ProblemDetails>(); r.EnsureSuccessStatusCode(); }
    public async Task Slow(TimeSpan limit) { using var stop = new CancellationTokenSource(limit); _ = await http.GetStringAsync("api/results/slow", stop.Token); }
    public IAsyncEnumerable<Product?> Rows() => http.GetFromJsonAsAsyncEnumerable<Product>("api/results/rows", json);
    public async IAsyncEnumerable<string> Events() { using var r = await http.GetAsync("api/results/events", HttpCompletionOption.ResponseHeadersRead); using var text = new StreamReader(await r.Content.ReadAsStreamAsync()); while (await text.ReadLineAsync() is { } line) if (line.StartsWith("data: ", StringComparison.Ordinal)) yield return line[6..]; }
    public Task<string> Flaky() => http.GetStringAsync("api/filters/flaky");
}
public sealed class ListLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    private static readonly ConcurrentQueue<(LogLevel Level, string Category, string Text)> lines = new();
    private IExternalScopeProvider? scopes;
    public static int Count => lines.Count;
    public static Dictionary<LogLevel, int> ByLevel => lines.GroupBy(l => l.Level).ToDictionary(g => g.Key, g => g.Count());
    public ILogger CreateLogger(string category) => new ListLogger(this, category);
    public void SetScopeProvider(IExternalScopeProvider p) => scopes = p;
    public void Dispose() => lines.Clear();
    private sealed class ListLogger(ListLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => owner.scopes?.Push(state);
        public bool IsEnabled(LogLevel level) => level != LogLevel.None;
        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? e, Func<TState, Exception?, string> format)
        {
            var text = new StringBuilder(format(state, e)); owner.scopes?.ForEachScope((s, b) => b.Append(" => ").Append(s), text);
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values) foreach (var (key, value) in values.Take(2)) text.Append(' ').Append(key).Append('=').Append(value); if (e != null) text.Append(e.Message); lines.Enqueue((level, category, text.ToString()));
        }
    }
}
