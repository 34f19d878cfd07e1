// A server of pages: Razor Pages and views as the Razor compiler writes them, tag helpers, layouts, partial views and view components, forms with validation, sessions, cultures, formatters and filters; a client walks through. MIT licensed.
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.Localization;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using Microsoft.AspNetCore.Mvc.Razor;
using Microsoft.AspNetCore.Mvc.Razor.Internal;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.TagHelpers;
using Microsoft.AspNetCore.Mvc.ViewComponents;
using Microsoft.AspNetCore.Mvc.ViewEngines;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.AspNetCore.Razor.Hosting;
using Microsoft.AspNetCore.Razor.Runtime.TagHelpers;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Localization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

[assembly: Microsoft.AspNetCore.Mvc.ApplicationParts.ProvideApplicationPartFactory("Microsoft.AspNetCore.Mvc.ApplicationParts.ConsolidatedAssemblyApplicationPartFactory, Microsoft.AspNetCore.Mvc.Razor")]
[assembly: RazorCompiledItem(typeof(Views.Start), "mvc.1.0.view", "/Views/_ViewStart.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Start), "mvc.1.0.view", "/Pages/_ViewStart.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Layout), "mvc.1.0.view", "/Views/Shared/_Layout.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Row), "mvc.1.0.view", "/Views/Shared/_Row.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.ErrorView), "mvc.1.0.view", "/Views/Shared/Error.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Index), "mvc.1.0.view", "/Views/Shop/Index.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Edit), "mvc.1.0.view", "/Views/Shop/Edit.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Cart), "mvc.1.0.view", "/Views/Shared/Components/Cart/Default.cshtml")]
[assembly: RazorCompiledItem(typeof(Views.Money), "mvc.1.0.view", "/Views/Shared/DisplayTemplates/Money.cshtml")]
[assembly: RazorCompiledItem(typeof(PagesOf.Index), "mvc.1.0.razor-page", "/Pages/Index.cshtml")]
[assembly: RazorCompiledItem(typeof(PagesOf.Contact), "mvc.1.0.razor-page", "/Pages/Contact.cshtml")]
[assembly: RazorCompiledItem(typeof(PagesOf.Item), "mvc.1.0.razor-page", "/Pages/Items/Detail.cshtml")]

await Step.Run("site", Site);
return Step.Exit;

static async Task Site()
{
    var files = Directory.CreateTempSubdirectory(); File.WriteAllText(Path.Combine(files.FullName, "site.css"), "body{}"); File.WriteAllText(Path.Combine(files.FullName, "site.js"), "//"); File.WriteAllText(Path.Combine(files.FullName, "a.html"), "<p>static</p>");
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", WebRootPath = files.FullName });
    builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Critical);
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Services.AddLocalization(o => o.ResourcesPath = "Resources");
    builder.Services.AddControllersWithViews(o => { o.Filters.Add<Timing>(); o.Filters.Add(new AutoValidateAntiforgeryTokenAttribute()); o.ModelBinderProviders.Insert(0, new RangeBinderProvider()); o.ModelMetadataDetailsProviders.Add(new Labels()); o.OutputFormatters.Add(new CsvOutput()); o.InputFormatters.Add(new CsvInput()); o.RespectBrowserAcceptHeader = true; o.CacheProfiles.Add("short", new CacheProfile { Duration = 5, VaryByHeader = "Accept" }); o.Conventions.Add(new RouteTokenTransformerConvention(new Slug())); o.ValueProviderFactories.Add(new CookieValues()); o.MaxModelValidationErrors = 50; o.ModelBindingMessageProvider.SetValueMustNotBeNullAccessor(n => n + " is needed"); o.EnableEndpointRouting = true; })
        .AddViewLocalization(LanguageViewLocationExpanderFormat.Suffix).AddDataAnnotationsLocalization(o => o.DataAnnotationLocalizerProvider = (t, f) => f.Create(t)).AddXmlSerializerFormatters().AddXmlDataContractSerializerFormatters().AddFormatterMappings(m => m.SetMediaTypeMappingForFormat("csv", "text/csv")).AddSessionStateTempDataProvider().AddJsonOptions(o => o.JsonSerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower).AddMvcOptions(o => o.AllowEmptyInputInBodyModelBinding = true).ConfigureApiBehaviorOptions(o => o.SuppressMapClientErrors = false);
    builder.Services.AddRazorPages(o => { o.Conventions.AddPageRoute("/Contact", "write-to-us"); o.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute()); o.Conventions.AddPageApplicationModelConvention("/Index", m => m.Filters.Add(new PageTiming())); o.Conventions.AddFolderRouteModelConvention("/", m => { }); o.RootDirectory = "/Pages"; });
    builder.Services.AddSession(); builder.Services.AddDistributedMemoryCache(); builder.Services.AddHttpContextAccessor(); builder.Services.AddResponseCaching(); builder.Services.AddSingleton<Stock>(); builder.Services.AddScoped<Audit>(); builder.Services.AddRouting(o => { o.LowercaseUrls = true; o.ConstraintMap["slug"] = typeof(Slug); }); builder.Services.Configure<RequestLocalizationOptions>(o => { o.SetDefaultCulture("en-US").AddSupportedCultures("en-US", "de-DE", "fr").AddSupportedUICultures("en-US", "de-DE", "fr"); o.ApplyCurrentCultureToResponseHeaders = true; o.RequestCultureProviders.Insert(0, new CustomRequestCultureProvider(c => Task.FromResult(c.Request.Headers.ContainsKey("X-Culture") ? new ProviderCultureResult(c.Request.Headers["X-Culture"].ToString()) : null))); }); builder.Services.Configure<RazorViewEngineOptions>(o => { o.ViewLocationFormats.Add("/Views/Other/{0}.cshtml"); o.ViewLocationExpanders.Add(new Expander()); }); builder.Services.Configure<HtmlHelperOptions>(o => { o.ClientValidationEnabled = true; o.Html5DateRenderingMode = Html5DateRenderingMode.Rfc3339; }); builder.Services.AddAntiforgery(o => o.HeaderName = "X-XSRF"); builder.Services.AddWebEncoders(); builder.Services.AddDirectoryBrowser();
    await using var app = builder.Build();
    app.UseExceptionHandler("/shop/error"); app.UseStatusCodePagesWithReExecute("/shop/status", "?code={0}"); app.UseDefaultFiles(); app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = c => c.Context.Response.Headers.CacheControl = "max-age=5" }); app.UseRequestLocalization(); app.UseRouting(); app.UseResponseCaching(); app.UseAuthorization(); app.UseSession(); app.MapControllerRoute("areas", "{area:exists}/{controller=Home}/{action=Index}/{id?}"); app.MapControllerRoute("blog", "blog/{*article}", new { controller = "Shop", action = "Article" }); app.MapControllerRoute("default", "{controller=Shop}/{action=Index}/{id?}"); app.MapRazorPages(); app.MapFallbackToPage("/old/{*path}", "/Index"); app.MapDefaultControllerRoute();
    await app.StartAsync();
    using var http = new HttpClient(new SocketsHttpHandler { CookieContainer = new(), AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.First()) }; http.DefaultRequestHeaders.Accept.ParseAdd("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"); http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("de-DE, en;q=0.5");
    async Task<string> Get(string path, string? accept = null) { using var m = new HttpRequestMessage(HttpMethod.Get, path); if (accept is not null) m.Headers.TryAddWithoutValidation("Accept", accept); using var r = await http.SendAsync(m); return await r.Content.ReadAsStringAsync(); }
    async Task<string> Send(string path, HttpContent c, string? token = null) { using var m = new HttpRequestMessage(HttpMethod.Post, path) { Content = c }; if (token is not null) m.Headers.Add("X-XSRF", token); using var r = await http.SendAsync(m); return await r.Content.ReadAsStringAsync(); }
    Task<string> Post(string path, string page, params (string, string)[] f) => Send(path, new FormUrlEncodedContent(f.Append(("__RequestVerificationToken", Regex.Match(page, "name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]+)\"").Groups[1].Value)).Select(x => new KeyValuePair<string, string>(x.Item1, x.Item2))));
    foreach (string p in new[] { "/shop", "/shop/index/3", "/shop?sort=price&page=2&tags=a&tags=b", "/shop/edit/1", "/shop/edit/99", "/shop/helpers", "/shop/partial", "/shop/component", "/shop/json", "/shop/file", "/shop/bytes", "/shop/redirect", "/shop/local", "/shop/permanent", "/shop/content", "/shop/empty", "/shop/status?code=404", "/shop/throw", "/shop/temp", "/shop/tempread", "/shop/tempread", "/shop/session", "/shop/session", "/shop/cached", "/shop/cached", "/shop/culture", "/shop/culture?culture=fr&ui-culture=fr", "/shop/bind?range=1-5&d=1,5&when=29.02.2024&flag=true&items[0].name=a&items[0].count=2&items[1].name=b&map[x]=1&map[y]=2&size=large&sizes=small&sizes=large&g=0f8fad5b-d9cb-469f-a165-70867728950e&n=&span=01:02", "/shop/bind?range=x&d=y&when=z&g=q", "/shop/links", "/shop/list", "/shop/list.csv", "/shop/resource", "/blog/a/b/c", "/admin/home", "/admin/home/index/5", "/", "/contact", "/write-to-us", "/items/detail/5", "/items/detail/5?handler=More", "/items/detail/x", "/old/x/y", "/site.css", "/a.html", "/none", "/shop/wait", "/shop/challenge" }) await Get(p);
    foreach (string a in new[] { "application/json", "application/xml", "text/xml", "text/csv", "text/plain", "application/none" }) { await Get("/shop/list", a); await Get("/shop/one", a); } string edit = await Get("/shop/edit/1"); await Post("/shop/edit/1", edit, ("Id", "1"), ("Name", "new"), ("Price", "2,5"), ("Count", "3"), ("Made", "2024-02-29"), ("Size", "Large"), ("Active", "true"), ("Address.City", "c"), ("Tags[0]", "a"), ("Mail", "a@b.c"), ("Secret", "s"), ("Again", "s")); await Post("/shop/edit/1", edit, ("Id", "x"), ("Name", ""), ("Price", "-1"), ("Mail", "no"), ("Secret", "s"), ("Again", "t"), ("Address.City", "")); await Post("/shop/edit/1", "", ("Id", "1")); string contact = await Get("/contact"); await Post("/contact", contact, ("Message.Name", "n"), ("Message.Text", "text"), ("Message.Rating", "5")); await Post("/contact", contact, ("Message.Name", "")); await Post("/contact?handler=Quick", contact, ("text", "t")); await Post("/contact?handler=Json", contact); await Post("/items/detail/5", contact, ("Note", "n"));
    string token = Regex.Match(edit, "name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]+)\"").Groups[1].Value; await Send("/shop/body", JsonContent.Create(new { name = "j", price = 1 }), token); await Send("/shop/body", new StringContent("<Thing><Name>x</Name></Thing>", Encoding.UTF8, "application/xml"), token); await Send("/shop/lines", new StringContent("a;1\nb;2", Encoding.UTF8, "text/csv"), token); await Send("/shop/body", new StringContent("", Encoding.UTF8, "application/json"), token); await Send("/shop/upload", new MultipartFormDataContent { { new ByteArrayContent(new byte[2000]), "file", "f.txt" }, { new ByteArrayContent(new byte[10]), "files", "g.txt" }, { new StringContent("t"), "title" }, { new StringContent(token), "__RequestVerificationToken" } }); await Send("/shop/body", new StringContent("x", Encoding.UTF8, "text/none"), token); using (var m = new HttpRequestMessage(HttpMethod.Get, "/shop") { Headers = { { "X-Culture", "fr" }, { "X-Requested-With", "XMLHttpRequest" } } }) using (var r = await http.SendAsync(m)) { } using (var m = new HttpRequestMessage(HttpMethod.Get, "/site.css") { Headers = { { "If-Modified-Since", DateTime.UtcNow.ToString("R") }, { "Range", "bytes=0-2" } } }) using (var r = await http.SendAsync(m)) { }
    string text = await app.Services.CreateScope().ServiceProvider.GetRequiredService<IServiceScopeFactory>().Render("Shop/Index"); await app.StopAsync(); files.Delete(true);
}

public enum Size { [Display(Name = "small")] Small, Large }
public sealed class Address { [Required, Display(Name = "Town")] public string? City { get; set; } public string? Street { get; set; } }
public sealed class Thing : IValidatableObject
{
    [HiddenInput] public int Id { get; set; }
    [Required(ErrorMessage = "name please"), StringLength(30, MinimumLength = 2), Display(Name = "Name of it", Prompt = "name", Description = "d", Order = 1)] public string? Name { get; set; }
    [Range(0.5, 1000), DataType(DataType.Currency), DisplayFormat(DataFormatString = "{0:N2}", ApplyFormatInEditMode = true), UIHint("Money")] public decimal Price { get; set; }
    public int? Count { get; set; }
    [DataType(DataType.Date)] public DateTime Made { get; set; }
    public Size Size { get; set; }
    public bool Active { get; set; }
    [EmailAddress] public string? Mail { get; set; }
    [DataType(DataType.Password)] public string? Secret { get; set; }
    [Compare(nameof(Secret))] public string? Again { get; set; }
    [DataType(DataType.MultilineText), MaxLength(100)] public string? Note { get; set; }
    [RegularExpression("[a-z]*"), Remote("Check", "Shop")] public string? Code { get; set; }
    public Address? Address { get; set; } = new();
    public List<string> Tags { get; set; } = [];
    [BindNever] public string? Inner { get; set; }
    [Phone] public string? Phone { get; set; }
    [Url] public string? Link { get; set; }
    [Odd] public int Odd { get; set; } = 1;
    public IEnumerable<ValidationResult> Validate(ValidationContext c) { if (Name == "bad") yield return new("bad name", [nameof(Name)]); }
}
public sealed class OddAttribute : ValidationAttribute, IClientModelValidator { protected override ValidationResult? IsValid(object? v, ValidationContext c) => v is int n && n % 2 == 1 ? ValidationResult.Success : new(FormatErrorMessage(c.DisplayName)); public void AddValidation(ClientModelValidationContext c) => c.Attributes.TryAdd("data-val-odd", "odd"); }
public readonly record struct Span2(int From, int To);
public sealed class Stock { public List<Thing> All { get; } = [.. Enumerable.Range(1, 5).Select(i => new Thing { Id = i, Name = "thing " + i, Price = i * 1.5m, Made = DateTime.UnixEpoch, Tags = ["t" + i] })]; }
public sealed class Audit(ILogger<Audit> log) { public void Note(string what) => log.LogDebug("did {What}", what); }
public sealed class Slug : IOutboundParameterTransformer, IRouteConstraint { public string? TransformOutbound(object? v) => v is null ? null : Regex.Replace(v.ToString()!, "([a-z])([A-Z])", "$1-$2").ToLowerInvariant(); public bool Match(HttpContext? c, IRouter? r, string k, RouteValueDictionary v, RouteDirection d) => true; }
public sealed class RangeBinderProvider : IModelBinderProvider { public IModelBinder? GetBinder(ModelBinderProviderContext c) => c.Metadata.ModelType == typeof(Span2) ? new RangeBinder() : null; }
public sealed class RangeBinder : IModelBinder { public Task BindModelAsync(ModelBindingContext c) { var v = c.ValueProvider.GetValue(c.ModelName); if (v == ValueProviderResult.None) return Task.CompletedTask; c.ModelState.SetModelValue(c.ModelName, v); string[] p = (v.FirstValue ?? "").Split('-'); if (p.Length == 2 && int.TryParse(p[0], out int a) && int.TryParse(p[1], out int b)) c.Result = ModelBindingResult.Success(new Span2(a, b)); else c.ModelState.TryAddModelError(c.ModelName, "no range"); return Task.CompletedTask; } }
public sealed class Labels : IDisplayMetadataProvider { public void CreateDisplayMetadata(DisplayMetadataProviderContext c) { if (c.Key.MetadataKind == ModelMetadataKind.Property && c.DisplayMetadata.DisplayName is null) c.DisplayMetadata.Placeholder = () => c.Key.Name!; } }
public sealed class CookieValues : IValueProviderFactory { public Task CreateValueProviderAsync(ValueProviderFactoryContext c) { c.ValueProviders.Add(new Cookies(c.ActionContext.HttpContext.Request.Cookies)); return Task.CompletedTask; } private sealed class Cookies(IRequestCookieCollection all) : BindingSourceValueProvider(new BindingSource("Cookie", "Cookie", false, true)) { public override bool ContainsPrefix(string p) => all.ContainsKey("v." + p); public override ValueProviderResult GetValue(string k) => all.TryGetValue("v." + k, out string? v) ? new(v) : ValueProviderResult.None; } }
public sealed class CsvOutput : TextOutputFormatter { public CsvOutput() { SupportedMediaTypes.Add("text/csv"); SupportedEncodings.Add(Encoding.UTF8); } protected override bool CanWriteType(Type? t) => typeof(IEnumerable<Thing>).IsAssignableFrom(t); public override async Task WriteResponseBodyAsync(OutputFormatterWriteContext c, Encoding e) { await using var w = c.WriterFactory(c.HttpContext.Response.Body, e); foreach (var t in (IEnumerable<Thing>)c.Object!) await w.WriteLineAsync($"{t.Id};{t.Name};{t.Price}"); await w.FlushAsync(); } }
public sealed class CsvInput : TextInputFormatter { public CsvInput() { SupportedMediaTypes.Add("text/csv"); SupportedEncodings.Add(Encoding.UTF8); } protected override bool CanReadType(Type t) => t == typeof(List<string>); public override async Task<InputFormatterResult> ReadRequestBodyAsync(InputFormatterContext c, Encoding e) { using var r = c.ReaderFactory(c.HttpContext.Request.Body, e); return await InputFormatterResult.SuccessAsync((await r.ReadToEndAsync()).Split('\n').ToList()); } }
public sealed class Expander : IViewLocationExpander { public IEnumerable<string> ExpandViewLocations(ViewLocationExpanderContext c, IEnumerable<string> l) => l.Append("/Views/Extra/{0}.cshtml"); public void PopulateValues(ViewLocationExpanderContext c) => c.Values["theme"] = "plain"; }
public sealed class Timing(Audit audit) : IAsyncActionFilter, IAsyncResultFilter, IOrderedFilter { public int Order => 1; public async Task OnActionExecutionAsync(ActionExecutingContext c, ActionExecutionDelegate next) { var done = await next(); audit.Note(c.ActionDescriptor.DisplayName + done.Canceled); } public async Task OnResultExecutionAsync(ResultExecutingContext c, ResultExecutionDelegate next) { c.HttpContext.Response.Headers["X-Timed"] = "1"; await next(); } }
public sealed class PageTiming : IAsyncPageFilter { public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext c) => Task.CompletedTask; public async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext c, PageHandlerExecutionDelegate next) { c.HttpContext.Items["args"] = c.HandlerArguments.Count; await next(); } }
public sealed class CatchAttribute : ExceptionFilterAttribute { public override void OnException(ExceptionContext c) { if (c.Exception is NotSupportedException) { c.Result = new ObjectResult(new ProblemDetails { Title = "no", Status = 400 }) { StatusCode = 400 }; c.ExceptionHandled = true; } } }
public sealed class ModelFilter : ActionFilterAttribute { public override void OnActionExecuting(ActionExecutingContext c) { if (!c.ModelState.IsValid) c.HttpContext.Items["invalid"] = c.ModelState.ErrorCount; } public override void OnResultExecuting(ResultExecutingContext c) { if (c.Controller is Controller x) x.ViewData["filtered"] = true; } }
public sealed class GateFilter : IAuthorizationFilter, IResourceFilter { public void OnAuthorization(AuthorizationFilterContext c) { } public void OnResourceExecuted(ResourceExecutedContext c) { } public void OnResourceExecuting(ResourceExecutingContext c) { } }
public static class Rendering { public static async Task<string> Render(this IServiceScopeFactory f, string view) { using var s = f.CreateScope(); var sp = s.ServiceProvider; var a = new ActionContext(new DefaultHttpContext { RequestServices = sp }, new() { Values = { ["controller"] = "Shop" } }, new()); var found = sp.GetRequiredService<ICompositeViewEngine>().FindView(a, "_Row", false); await using var w = new StringWriter(); var d = new ViewDataDictionary<Thing>(new EmptyModelMetadataProvider(), new()) { Model = new() { Name = view } }; await found.View!.RenderAsync(new ViewContext(a, found.View, d, new TempDataDictionary(a.HttpContext, sp.GetRequiredService<ITempDataProvider>()), w, new())); return w.ToString(); } }

public class ShopController(Stock stock, Audit audit, IStringLocalizer<ShopController> text, IHtmlLocalizer<ShopController> html) : Controller
{
    [TempData] public string? Flash { get; set; }
    [ViewData] public string? Title { get; set; }
    [ModelFilter, TypeFilter(typeof(GateFilter))] public IActionResult Index(int? id, string? sort, [FromQuery] string[] tags, int page = 1) { Title = "Shop"; ViewBag.Sort = sort; ViewData["Tags"] = tags; audit.Note("index"); return View(stock.All.Where(t => id is null || t.Id == id).ToList()); }
    [HttpGet] public IActionResult Edit(int id) => stock.All.Find(t => t.Id == id) is { } t ? View(t) : NotFound();
    [HttpPost, ValidateAntiForgeryToken] public async Task<IActionResult> Edit(int id, [Bind("Id,Name,Price,Count,Made,Size,Active,Mail,Secret,Again,Address,Tags,Odd")] Thing t) { if (!ModelState.IsValid) { ModelState.AddModelError("", "see above"); return View(t); } var own = stock.All.First(x => x.Id == id); if (!await TryUpdateModelAsync(own, "", x => x.Name!, x => x.Price)) return BadRequest(ModelState); Flash = "saved"; TempData["when"] = DateTime.UnixEpoch; return RedirectToAction(nameof(Index), new { id }); }
    public IActionResult Partial() => PartialView("_Row", stock.All[0]);
    public IActionResult Component() => ViewComponent("Cart", new { max = 2 });
    public IActionResult Helpers() => View("Edit", new Thing { Name = "h" });
    public IActionResult Json() => Json(new { a = 1, things = stock.All });
    public new IActionResult File() => File(Encoding.UTF8.GetBytes("abc"), "text/plain", "a.txt", DateTimeOffset.UnixEpoch, new("\"e\""));
    public IActionResult Bytes() => new FileStreamResult(new MemoryStream(new byte[5000]), "application/octet-stream") { EnableRangeProcessing = true };
    public new IActionResult Redirect() => RedirectToRoute("default", new { action = "Index" });
    public IActionResult Local() => LocalRedirect("~/shop");
    public IActionResult Permanent() => RedirectToPagePermanent("/Contact");
    public new IActionResult Content() => Content("text", "text/plain", Encoding.UTF8);
    public IActionResult Empty() => new EmptyResult();
    public IActionResult Status(int code) => base.StatusCode(code, "status " + HttpContext.Features.Get<IStatusCodeReExecuteFeature>()?.OriginalPath);
    [Catch] public IActionResult Throw() => throw new NotSupportedException("on purpose");
    [ResponseCache(NoStore = true)] public IActionResult Error() => View("Error", HttpContext.Features.Get<IExceptionHandlerPathFeature>()?.Path);
    public IActionResult Wait(CancellationToken c) => throw new InvalidOperationException("on purpose");
    public new IActionResult Challenge() => StatusCode(401);
    public IActionResult Temp() { TempData["a"] = "b"; TempData["n"] = 5; TempData["list"] = new[] { "x" }; return RedirectToAction("TempRead"); }
    public IActionResult TempRead() { TempData.Keep("a"); return base.Content($"{TempData.Peek("a")} {TempData["n"]} {Flash}"); }
    public IActionResult Session() { HttpContext.Session.SetString("k", "v"); HttpContext.Session.SetInt32("n", (HttpContext.Session.GetInt32("n") ?? 0) + 1); return base.Content(HttpContext.Session.GetInt32("n").ToString()!); }
    [ResponseCache(CacheProfileName = "short")] public IActionResult Cached() => base.Content("cached");
    public IActionResult Culture() => base.Content(CultureInfo.CurrentCulture.Name + 1.5 + DateTime.UnixEpoch.ToString("D") + text["hello {0}", 5].Value + html["<b>{0}</b>", "x"].Value + HttpContext.Features.Get<IRequestCultureFeature>()!.RequestCulture.UICulture);
    public IActionResult Bind(Span2 range, double? d, DateTime? when, bool flag, Part[] items, Dictionary<string, int> map, Size size, List<Size> sizes, Guid? g, int? n, TimeSpan? span, [FromHeader(Name = "Accept-Language")] string? language, [FromServices] Stock s, [FromRoute] string action, decimal m = 2, char c = 'x', long l = 1, float f = 1) => base.Json(new { range, d, when, flag, items, map, size, sizes, g, errors = ModelState.Where(e => e.Value!.Errors.Count > 0).ToDictionary(e => e.Key, e => e.Value!.Errors[0].ErrorMessage) });
    public IActionResult Links([FromServices] LinkGenerator links) => base.Content(Url.Action("Edit", "Shop", new { id = 5 }) + Url.Page("/Contact", "Quick") + Url.RouteUrl("blog", new { article = "x" }) + Url.Content("~/a") + Url.IsLocalUrl("/x") + Url.ActionLink("Index") + links.GetPathByAction("Index", "Shop") + links.GetUriByPage(HttpContext, "/Index"));
    [HttpGet("shop/list"), HttpGet("shop/list.{format}"), FormatFilter] public List<Thing> List() => stock.All;
    public ActionResult<Thing> One() => stock.All[0];
    public IActionResult Resource() => base.Ok(text["none"].ResourceNotFound);
    public IActionResult Article(string article) => base.Content(article);
    [AcceptVerbs("GET", "POST")] public IActionResult Check(string code) => base.Json(code != "x");
    [HttpPost] public IActionResult Body([FromBody] Thing? t) => base.Ok(t?.Name);
    [HttpPost] public IActionResult Lines([FromBody] List<string> l) => base.Ok(l.Count);
    [HttpPost, RequestSizeLimit(1 << 20)] public async Task<IActionResult> Upload(IFormFile file, List<IFormFile> files, string title) { await using var s = file.OpenReadStream(); return base.Content(file.FileName + file.Length + files.Count + title + file.ContentType); }
    [NonAction] public void Not() { }
    public override void OnActionExecuting(ActionExecutingContext c) { ViewBag.Started = true; base.OnActionExecuting(c); }
}
[Area("Admin")] public class HomeController : Controller { [ActionName("Index")] public IActionResult Show(int id = 0) => Content("admin " + id); }
[ApiController, Route("api/[controller]/[action]"), IgnoreAntiforgeryToken, Produces("application/json")] public class PingController : ControllerBase { [HttpGet] public string Pong() => "pong"; }
public record Part(string Name, int Count);
public sealed class CartViewComponent(Stock stock) : ViewComponent { public async Task<IViewComponentResult> InvokeAsync(int max) { await Task.Yield(); return View(stock.All.Take(max).ToList()); } }
[ViewComponent(Name = "Plain")] public sealed class PlainComponent : ViewComponent { public IViewComponentResult Invoke() => Content("plain & simple"); }

public sealed class IndexModel(Stock stock, ILogger<IndexModel> log) : PageModel { public List<Thing> Things { get; private set; } = []; public void OnGet() { log.LogDebug("index"); Things = stock.All; ViewData["Title"] = "Home"; } }
public sealed class ContactModel : PageModel { [BindProperty] public Letter Message { get; set; } = new(); [BindProperty(SupportsGet = true)] public string? From { get; set; } [TempData] public string? Sent { get; set; } public SelectList Ratings { get; } = new(new[] { 1, 2, 3, 4, 5 }); public IActionResult OnGet() => Page(); public async Task<IActionResult> OnPostAsync() { await Task.Yield(); if (!ModelState.IsValid) return Page(); Sent = "sent"; return RedirectToPage("/Index", null, new { from = Message.Name }); } public IActionResult OnPostQuick(string text) => Content(text); public JsonResult OnPostJson() => new(new { ok = true }); public override void OnPageHandlerExecuting(PageHandlerExecutingContext c) => base.OnPageHandlerExecuting(c); }
public sealed class Letter { [Required] public string? Name { get; set; } [Required, StringLength(200)] public string? Text { get; set; } [Range(1, 5)] public int Rating { get; set; } }
public sealed class ItemModel : PageModel { [FromRoute] public int Id { get; set; } [BindProperty] public string? Note { get; set; } public async Task OnGetAsync() => await Task.Yield(); public IActionResult OnGetMore() => new ContentResult { Content = "more" }; public Task<IActionResult> OnPostAsync(int id) => Task.FromResult<IActionResult>(RedirectToPage(new { id })); }

[HtmlTargetElement("badge", Attributes = "text")] public sealed class BadgeHelper(IHtmlGenerator g) : TagHelper { public string? Text { get; set; } [ViewContext, HtmlAttributeNotBound] public ViewContext View { get; set; } = null!; public override async Task ProcessAsync(TagHelperContext c, TagHelperOutput o) { o.TagName = "span"; o.Attributes.SetAttribute("class", "badge"); o.PreContent.SetHtmlContent("<i>"); var inner = await o.GetChildContentAsync(); o.Content.SetContent(Text + inner.GetContent() + (g is null)); o.PostContent.AppendHtml("</i>"); } }

namespace Views
{
    /// <summary>Helped runs tag helpers as generated code does.</summary>
    public abstract class Helped<T> : RazorPage<T>
    {
        private readonly TagHelperRunner runner = new(); private TagHelperScopeManager? scopes;
        [RazorInject] public IModelExpressionProvider Expressions { get; set; } = null!;
        [RazorInject] public IUrlHelper? Url { get; set; }
        [RazorInject] public IViewComponentHelper Component { get; set; } = null!;
        [RazorInject] public IJsonHelper Json { get; set; } = null!;
        [RazorInject] public IHtmlHelper<T> Html { get; set; } = null!;
        protected async Task Help<H>(string tag, Action<H> set, (string, object?)[] attributes, Func<Task>? inner = null, TagMode mode = TagMode.StartTagAndEndTag) where H : class, ITagHelper
        {
            scopes ??= new(StartTagHelperWritingScope, EndTagHelperWritingScope); var c = scopes.Begin(tag, mode, tag + attributes.Length, inner ?? (() => Task.CompletedTask)); var h = CreateTagHelper<H>(); c.Add(h); set(h); foreach (var (n, v) in attributes) if (n[0] == '@') c.AddTagHelperAttribute(n[1..], v, HtmlAttributeValueStyle.DoubleQuotes); else c.AddHtmlAttribute(n, v, HtmlAttributeValueStyle.DoubleQuotes); BeginAddHtmlAttributeValues(c, "title", 1, HtmlAttributeValueStyle.DoubleQuotes); AddHtmlAttributeValue("", 0, "t", 0, 1, true); EndAddHtmlAttributeValues(c); await runner.RunAsync(c); if (!c.Output.IsContentModified) await c.SetOutputContentAsync(); Write(c.Output); scopes.End();
        }
        protected ModelExpression For<V>(System.Linq.Expressions.Expression<Func<T, V>> e) => Expressions.CreateModelExpression(ViewData, e);
    }
    public sealed class Start : RazorPage<object> { public override Task ExecuteAsync() { Layout = "/Views/Shared/_Layout.cshtml"; return Task.CompletedTask; } }
    public sealed class Layout : Helped<object>
    {
        public override async Task ExecuteAsync()
        {
            WriteLiteral("<!DOCTYPE html>\n<html><head><title>"); Write(ViewData["Title"]); WriteLiteral("</title>"); await Help<LinkTagHelper>("link", h => { h.Href = "~/site.css"; h.AppendVersion = true; }, [("rel", new HtmlString("stylesheet")), ("@href", "~/site.css")], null, TagMode.SelfClosing); await Help<ScriptTagHelper>("script", h => { h.Src = "~/site.js"; h.AppendVersion = true; }, [("@src", "~/site.js")]); await Help<EnvironmentTagHelper>("environment", h => h.Names = "Production", [], () => { WriteLiteral("<meta>"); return Task.CompletedTask; }); WriteLiteral("</head><body>"); await Help<AnchorTagHelper>("a", h => { h.Controller = "Shop"; h.Action = "Index"; h.RouteValues["id"] = "1"; }, [("class", new HtmlString("nav"))], () => { WriteLiteral("Shop"); return Task.CompletedTask; }); await Help<AnchorTagHelper>("a", h => { h.Page = "/Contact"; }, [], () => { WriteLiteral("Contact"); return Task.CompletedTask; }); await Help<CacheTagHelper>("cache", h => h.ExpiresAfter = TimeSpan.FromSeconds(5), [], () => { Write(DateTime.UnixEpoch); return Task.CompletedTask; }); await Help<ImageTagHelper>("img", h => { h.Src = "~/a.html"; h.AppendVersion = true; }, [("@src", "~/a.html")], null, TagMode.SelfClosing); Write(RenderBody()); Write(await RenderSectionAsync("scripts", false)); if (IsSectionDefined("more")) Write(RenderSection("more")); WriteLiteral("</body></html>");
        }
    }
    public sealed class Row : Helped<Thing> { public override Task ExecuteAsync() { WriteLiteral("<tr><td>"); Write(Model?.Name); WriteLiteral("</td><td>"); Write(Html.DisplayFor(m => m.Price)); WriteLiteral("</td><td>"); BeginWriteAttribute("class", " class=\"", 0, "\"", 0, 2); WriteAttributeValue("", 0, "row", 0, 3, true); WriteAttributeValue(" ", 4, Model?.Id, 4, 3, false); EndWriteAttribute(); WriteLiteral("</td></tr>"); return Task.CompletedTask; } }
    public sealed class ErrorView : RazorPage<string> { public override Task ExecuteAsync() { ViewData["Title"] = "Error"; WriteLiteral("<h1>error</h1>"); Write(Model); return Task.CompletedTask; } }
    public sealed class Money : RazorPage<decimal> { public override Task ExecuteAsync() { WriteLiteral("<b>"); Write(Model.ToString("C")); WriteLiteral("</b>"); return Task.CompletedTask; } }
    public sealed class Cart : RazorPage<List<Thing>> { public override Task ExecuteAsync() { foreach (var t in Model) { WriteLiteral("<li>"); Write(t.Name); } return Task.CompletedTask; } }
    public sealed class Index : Helped<List<Thing>>
    {
        [RazorInject] public IViewLocalizer Text { get; set; } = null!;
        public override async Task ExecuteAsync()
        {
            ViewData["Title"] = "Index"; WriteLiteral("<h1>"); Write(ViewBag.Sort); Write(Text["Things {0}", Model.Count]); WriteLiteral("</h1><table>"); foreach (var t in Model) { await Help<PartialTagHelper>("partial", h => { h.Name = "_Row"; h.Model = t; }, [], null, TagMode.SelfClosing); Write(Html.ActionLink(t.Name!, "Edit", "Shop", new { id = t.Id }, new { @class = "x" })); } WriteLiteral("</table>"); Write(await Html.PartialAsync("_Row", Model[0])); await Html.RenderPartialAsync("_Row", Model[0], ViewData); Write(await Component.InvokeAsync("Cart", new { max = 3 })); Write(await Component.InvokeAsync(typeof(PlainComponent))); Write(Json.Serialize(Model.Select(m => new { m.Id }))); Write(Html.Raw("<hr>")); Write(Html.Encode("<>")); await Help<BadgeHelper>("badge", h => h.Text = "new", [("id", new HtmlString("b"))], () => { WriteLiteral("inner"); return Task.CompletedTask; }); Write(new HtmlString("<i>")); Write(5); Write(1.5m); Write((object?)null); DefineSection("scripts", () => { WriteLiteral("<script></script>"); return Task.CompletedTask; }); Func<object, IHtmlContent> template = i => new HelperResult(async w => { await w.WriteAsync(i.ToString()); }); Write(template("t")); Write(new HtmlContentBuilder().AppendHtml("<p>").Append("&").AppendFormat("{0}", 1).AppendLine()); var tag = new TagBuilder("div") { TagRenderMode = TagRenderMode.Normal }; tag.AddCssClass("c"); tag.MergeAttribute("id", "d"); tag.InnerHtml.Append("x"); Write(tag); await FlushAsync2();
        }
        private static Task FlushAsync2() => Task.CompletedTask;
    }
    public sealed class Edit : Helped<Thing>
    {
        public override async Task ExecuteAsync()
        {
            await Help<FormTagHelper>("form", h => { h.Action = "Edit"; h.Method = "post"; h.RouteValues["id"] = "1"; }, [("method", new HtmlString("post"))], async () =>
            {
                await Help<ValidationSummaryTagHelper>("div", h => h.ValidationSummary = ValidationSummary.All, []); await Input(m => m.Id); await Input(m => m.Name); await Input(m => m.Price); await Input(m => m.Count); await Input(m => m.Made); await Input(m => m.Active); await Input(m => m.Mail); await Input(m => m.Secret); await Input(m => m.Again); await Input(m => m.Code); await Input(m => m.Address!.City); await Input(m => m.Phone); await Input(m => m.Odd);
                await Help<TextAreaTagHelper>("textarea", h => h.For = For(m => m.Note), []); await Help<SelectTagHelper>("select", h => { h.For = For(m => m.Size); h.Items = Html.GetEnumSelectList<Size>(); }, [], async () => await Help<OptionTagHelper>("option", h => h.Value = "", [("@value", "")], () => { WriteLiteral("choose"); return Task.CompletedTask; })); await Help<SelectTagHelper>("select", h => { h.For = For(m => m.Tags); h.Items = new MultiSelectList(new[] { new { K = "a", V = "A" } }, "K", "V", new[] { "a" }); }, []); await Help<ButtonTagHelper2>("button", _ => { }, []);
            }); using (Html.BeginForm("Edit", "Shop", new { id = 1 }, FormMethod.Post, true, new { @class = "f" })) { Write(Html.LabelFor(m => m.Name)); Write(Html.TextBoxFor(m => m.Name, new { placeholder = "p" })); Write(Html.ValidationMessageFor(m => m.Name)); Write(Html.EditorFor(m => m.Price)); Write(Html.CheckBoxFor(m => m.Active)); Write(Html.DropDownListFor(m => m.Size, Html.GetEnumSelectList<Size>(), "-")); Write(Html.HiddenFor(m => m.Id)); Write(Html.PasswordFor(m => m.Secret)); Write(Html.TextAreaFor(m => m.Note, 3, 20, null)); Write(Html.RadioButtonFor(m => m.Size, Size.Large)); Write(Html.ListBoxFor(m => m.Tags, new[] { new SelectListItem("a", "b", true) })); Write(Html.DisplayNameFor(m => m.Name)); Write(Html.ValueFor(m => m.Price)); Write(Html.AntiForgeryToken()); Write(Html.ValidationSummary(true)); Write(Html.IdFor(m => m.Address!.City)); Write(Html.TextBox("free", 5)); Write(Html.Hidden("h", 1)); Write(Html.DropDownList("dd", new[] { new SelectListItem { Text = "x", Group = new() { Name = "g" } } })); } Write(Html.EditorForModel()); Write(Html.DisplayForModel()); Write(Html.DisplayFor(m => m.Address)); Write(Html.EditorFor(m => m.Tags)); Write(Html.RouteLink("r", "default", new { action = "Index" }));
        }
        private async Task Input<V>(System.Linq.Expressions.Expression<Func<Thing, V>> e) { await Help<LabelTagHelper>("label", h => h.For = For(e), []); await Help<InputTagHelper>("input", h => h.For = For(e), [("class", new HtmlString("field"))], null, TagMode.SelfClosing); await Help<ValidationMessageTagHelper>("span", h => h.For = For(e), []); }
    }
    public sealed class ButtonTagHelper2 : TagHelper { public override void Process(TagHelperContext c, TagHelperOutput o) { o.Attributes.Add("type", "submit"); o.Content.Append("save"); } }
}

namespace PagesOf
{
    public abstract class PageOf<T> : Page { public T Model => (T)ViewData.Model!; public new ViewDataDictionary<T> ViewData => (ViewDataDictionary<T>)PageContext?.ViewData!; [RazorInject] public IHtmlHelper<T> Html { get; set; } = null!; [RazorInject] public IUrlHelper? Link { get; set; } }
    public sealed class Index : PageOf<IndexModel> { public override async Task ExecuteAsync() { WriteLiteral("<h1>Home</h1>"); foreach (var t in Model.Things) { Write(t.Name); Write(Html.DisplayFor(m => t.Price)); Write(await Html.PartialAsync("/Views/Shared/_Row.cshtml", t)); } DefineSection("more", () => { WriteLiteral("more"); return Task.CompletedTask; }); } }
    public sealed class Contact : PageOf<ContactModel> { public override Task ExecuteAsync() { WriteLiteral("<form method=\"post\">"); Write(Html.AntiForgeryToken()); Write(Html.LabelFor(m => m.Message.Name)); Write(Html.TextBoxFor(m => m.Message.Name)); Write(Html.ValidationMessageFor(m => m.Message.Name)); Write(Html.TextAreaFor(m => m.Message.Text)); Write(Html.DropDownListFor(m => m.Message.Rating, Model.Ratings)); Write(Html.ValidationSummary()); WriteLiteral("</form>"); Write(Model.Sent); return Task.CompletedTask; } }
    [RazorCompiledItemMetadata("RouteTemplate", "{id:int}/{handler?}")] public sealed class Item : PageOf<ItemModel> { public override Task ExecuteAsync() { Layout = null; Write(Model.Id); Write(Link!.Page("/Index")); return Task.CompletedTask; } }
}
