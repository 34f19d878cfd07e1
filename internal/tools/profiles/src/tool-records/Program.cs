// A batch job on business records: imports, checks, converts, reports and exports them, as XML, JSON, tables, delimited text and packed files. MIT licensed.
using System.Buffers;
using System.Buffers.Text;
using System.Collections.Frozen;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Data;
using System.Data.Common;
using System.Data.SqlTypes;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;
using System.IO.Compression;
using System.IO.Enumeration;
using System.IO.MemoryMappedFiles;
#if NET10_0
using System.IO.Pipelines;
#endif
using System.Linq.Expressions;
using System.Numerics;
using System.Resources;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using System.Threading.Channels;
using System.Transactions;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using System.Xml.Serialization;
using System.Xml.XPath;
using System.Xml.Xsl;

var dir = Directory.CreateTempSubdirectory("records-").FullName;
Step.Run("xml serializer", XmlRecords.Serializer);
Step.Run("xml serializer, unusual", XmlRecords.Unusual);
Step.Run("data contracts", ContractRecords.Xml);
Step.Run("data contracts as JSON", ContractRecords.Json);
Step.Run("data contract shapes", ContractShapes.Run);
Step.Run("xml readers and writers", () => XmlTools.Streams(dir));
await Step.Run("xml trees", () => XmlTools.Trees(dir));
Step.Run("xml schemas and style sheets", XmlTools.Checks);
Step.Run("xml rewritten", XmlRewriting.Run);
Step.Run("json serializer", JsonRecords.Serializer);
Step.Run("json shapes", JsonRecords.Shapes);
await Step.Run("json streams", () => JsonRecords.Streams(dir));
Step.Run("json tokens", JsonRecords.Tokens);
Step.Run("json with written metadata", RecordsContext.Use);
Step.Run("tables", () => Tables.Work(dir));
Step.Run("table queries", Tables.Query);
Step.Run("typed tables", SalesTable.Use);
await Step.Run("connections", Connections.Work);
await Step.Run("readers of lists", RecordReader.Use);
await Step.Run("delimited text", () => TextFiles.Work(dir));
Step.Run("reports", Reports.Lists);
Step.Run("report keys", Reports.Keys);
await Step.Run("report streams", ReportStreams.Run);
Step.Run("selectors", Mapping.Selectors);
Step.Run("mappers", Mapping.Mappers);
Step.Run("type converters", Binding.Converters);
Step.Run("validation", Binding.Validation);
Step.Run("bound lists", Binding.Lists);
Step.Run("resources and settings", () => Binding.Settings(dir));
Step.Run("numbers and dates", Formats.Cultures);
Step.Run("texts", Texts.Run);
Step.Run("patterns", Formats.Patterns);
Step.Run("encodings", () => Formats.Encodings(dir));
await Step.Run("packed files", () => Files.Packed(dir));
await Step.Run("hashes and maps", () => Files.Hashes(dir));
await Step.Run("job", () => Job.Run(dir));
Directory.Delete(dir, true);
return Step.Exit;

// ---- XML serializer ----
internal static class XmlRecords
{
    public static void Serializer()
    {
        var order = Order.Sample();
        var serializer = new XmlSerializer(typeof(Order));
        serializer.UnknownElement += (_, e) => _ = e.Element.Name + e.ExpectedElements + e.LineNumber;
        serializer.UnknownAttribute += (_, e) => _ = e.Attr.Name + e.ExpectedAttributes;
        serializer.UnknownNode += (_, e) => _ = e.Name + e.NodeType + e.Text;
        var names = new XmlSerializerNamespaces(); names.Add("o", "http://x/orders"); names.Add("", "");
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true })) serializer.Serialize(writer, order,
            names);
        var back = (Order)serializer.Deserialize(new StringReader(text.ToString()))!;
        Must(back.Lines.Count == 2 && back.Payments[1] is CashPayment && back.Rebate == 1.5m && back.Total.Amount == 12.5m);
        string odd = text.ToString().Replace("<Weight>", "<surprise a=\"1\">x</surprise><Weight>").Replace("id=\"7\"", "id=\"7\" odd=\"1\"");
        using (var reader = XmlReader.Create(new StringReader(odd))) { Must(serializer.CanDeserialize(reader)); _ = serializer.Deserialize(reader); }
        var memory = new MemoryStream(); serializer.Serialize(memory, order); memory.Position = 0; _ = serializer.Deserialize(memory);
        using (var writer = new StringWriter()) serializer.Serialize(writer, new RushOrder { Id = 8, Courier = "bike", Deadline = new DateTime(2024, 5, 1) });
        try { serializer.Deserialize(new StringReader("<order xmlns='http://x/orders' id='x'/>"));
            } catch (InvalidOperationException e) { _ = e.InnerException!.Message; }
        try { serializer.Deserialize(new StringReader("<other/>")); } catch (InvalidOperationException e) { _ = e.ToString(); }
        var settings = new XmlSerializer(typeof(AppSettings), new XmlRootAttribute("settings"));
        using (var reader = new StringReader("<settings version='2'><Servers><add name='a' port='1'/><add name='b' port='2'/></Servers><Timeout>PT5S</Timeout><Level>Warning</Level></settings>"))
            Must(((AppSettings)settings.Deserialize(reader)!).Servers.Length == 2);
        using var list = new StringWriter(CultureInfo.InvariantCulture);
        new XmlSerializer(typeof(List<ServerEntry>), new XmlRootAttribute("servers")).Serialize(list, new List<ServerEntry> { new() { Name = "a" } });
    }

    public static void Unusual()
    {
        var overrides = new XmlAttributeOverrides(); var attributes = new XmlAttributes { XmlRoot = new XmlRootAttribute("Entry"),
            XmlType = new XmlTypeAttribute("EntryType") };
        overrides.Add(typeof(ServerEntry), attributes);
        overrides.Add(typeof(ServerEntry), nameof(ServerEntry.Port), new XmlAttributes { XmlIgnore = true });
        overrides.Add(typeof(ServerEntry), nameof(ServerEntry.Name), new XmlAttributes { XmlElements = { new XmlElementAttribute("n") } });
        var text = new StringWriter(); new XmlSerializer(typeof(ServerEntry), overrides).Serialize(text, new ServerEntry { Name = "a", Port = 1 });
        Must(text.ToString().Contains("<n>a</n>"));
        var shapes = new XmlSerializer(typeof(object[]), [typeof(ServerEntry), typeof(Level)]); text = new();
        shapes.Serialize(text, new object?[] { 1, "a", null, 2.5, new ServerEntry { Name = "z" }, Level.Warning, DateTime.UnixEpoch, new byte[] { 1, 2 }, 3m,
                true });
        Must(((object[])shapes.Deserialize(new StringReader(text.ToString()))!)[4] is ServerEntry);
        foreach (var (type, value) in new (Type, object)[] { (typeof(int[]), new[] { 1, 2 }), (typeof(string), "a"), (typeof(DateTime), DateTime.UnixEpoch) })
        { var s = new XmlSerializer(type); var w = new StringWriter(); s.Serialize(w, value); _ = s.Deserialize(new StringReader(w.ToString())); }
        var importer = new XmlReflectionImporter("http://x/orders"); var schemas = new XmlSchemas();
        new XmlSchemaExporter(schemas).ExportTypeMapping(importer.ImportTypeMapping(typeof(AppSettings)));
        foreach (XmlSchema schema in schemas) { var w = new StringWriter(); schema.Write(w); }
        var soap = new XmlSerializer(new SoapReflectionImporter().ImportTypeMapping(typeof(ServerEntry))); text = new();
        soap.Serialize(text, new ServerEntry { Name = "s" });
        try { _ = new XmlSerializer(typeof(Dictionary<string, int>)); } catch (NotSupportedException) { }
        try { _ = new XmlSerializer(typeof(NoConstructor)); } catch (InvalidOperationException) { }
        Must(XmlConvert.ToDateTime("2024-02-29T10:00:00Z", XmlDateTimeSerializationMode.Utc).Hour == 10 && XmlConvert.ToTimeSpan("P1DT2H").TotalHours == 26
            && XmlConvert.ToBoolean("1"));
        _ = XmlConvert.ToString(DateTime.UnixEpoch, XmlDateTimeSerializationMode.RoundtripKind) + XmlConvert.ToString(1.5) + XmlConvert.ToString(2m)
            + XmlConvert.ToString(TimeSpan.FromMinutes(1)) + XmlConvert.ToString(Guid.Empty) + XmlConvert.EncodeName("a b") + XmlConvert.DecodeName("a_x0020_b")
            + XmlConvert.ToInt32("5") + XmlConvert.ToDecimal("1.5") + XmlConvert.ToDouble("INF") + XmlConvert.ToDateTimeOffset("2024-01-01T00:00:00+01:00");
        try { XmlConvert.VerifyNCName("a:b"); } catch (XmlException) { }
    }

    public static void Must(bool condition, [CallerArgumentExpression(nameof(condition))] string text = "") {
        if (!condition) throw new InvalidDataException(text); }
}

public enum OrderState { [XmlEnum("new")] New, [XmlEnum("open")] Open, [XmlEnum("closed")] Closed }
[Flags] public enum OrderFlags { None = 0, Gift = 1, Fragile = 2, Foreign = 4 }
[DataContract] public enum Level { [EnumMember(Value = "info")] Info, [EnumMember(Value = "warning")] Warning, [EnumMember] Error }
[XmlType(IncludeInSchema = false)] public enum RemarkKind { note, code }
public class NoConstructor(int x) { public int X { get; set; } = x; }

[XmlRoot("order", Namespace = "http://x/orders"), XmlType("OrderType", Namespace = "http://x/orders"), XmlInclude(typeof(RushOrder))]
public class Order
{
    [XmlAttribute("id")] public int Id { get; set; }
    [XmlAttribute("state")] public OrderState State { get; set; }
    [XmlAttribute("flags")] public OrderFlags Flags { get; set; }
    [XmlAttribute("day", DataType = "date")] public DateTime Day { get; set; }
    [XmlAttribute("tags")] public string[]? Tags { get; set; }
    [XmlElement("customer")] public Party? Customer { get; set; }
    [XmlArray("lines"), XmlArrayItem("line", typeof(OrderLine)), XmlArrayItem("discount", typeof(DiscountLine))] public List<OrderLine> Lines { get; set;
        } = [];
    [XmlElement("card", typeof(CardPayment)), XmlElement("cash", typeof(CashPayment))] public List<Payment> Payments { get; set; } = [];
    [XmlElement("note", typeof(string)), XmlElement("code", typeof(int)), XmlChoiceIdentifier(nameof(RemarkKind))] public object? Remark;
    [XmlIgnore] public RemarkKind RemarkKind;
    [XmlElement(IsNullable = true)] public decimal? Rebate { get; set; }
    [XmlElement(IsNullable = true)] public string? Comment { get; set; }
    public int? Priority { get; set; }
    [XmlElement(DataType = "hexBinary")] public byte[]? Stamp { get; set; }
    public byte[]? Scan { get; set; }
    public Guid Key { get; set; }
    public DateTimeOffset Made { get; set; }
    [XmlElement(DataType = "time")] public DateTime Clock { get; set; }
    public TimeSpan Took { get; set; }
    public char Grade { get; set; }
    public double Weight { get; set; }
    public float Volume { get; set; }
    public bool Paid { get; set; }
    public long Serial { get; set; }
    public ulong Mask { get; set; }
    public short Zone { get; set; }
    public byte Tax { get; set; }
    [DefaultValue("EUR")] public string Currency { get; set; } = "EUR";
    public int Retries { get; set; }
    [XmlIgnore] public bool RetriesSpecified { get; set; }
    public string? Secret { get; set; }
    public bool ShouldSerializeSecret() => false;
    public Money Total { get; set; } = new();
    public XmlQualifiedName? Kind { get; set; }
    public int[][]? Matrix { get; set; }
    [XmlArrayItem("day", DataType = "date")] public DateTime[]? Days { get; set; }
    public Collection<OrderState>? History { get; set; }
    public XElement? Extra { get; set; }
    [XmlAnyElement] public XmlElement[]? More { get; set; }
    [XmlAnyAttribute] public XmlAttribute[]? MoreAttributes { get; set; }

    public static Order Sample() => new()
    {
        Id = 7, State = OrderState.Open, Flags = OrderFlags.Gift | OrderFlags.Foreign, Day = new(2024, 2, 29), Tags = ["a", "b"], Remark = 5,
            RemarkKind = RemarkKind.code, Rebate = 1.5m, Priority = 2,
        Customer = new() { Name = "Ann & Co", Address = new() { City = "Oslo", Zip = "0150" } }, Lines = [new() { Sku = "A-1", Count = 2, Price = 3.25m,
                Text = "pens" }, new DiscountLine { Sku = "D", Percent = 5 }],
        Payments = [new CardPayment { Number = "4111", Amount = 5 }, new CashPayment { Amount = 1 }], Stamp = [1, 0xAB], Scan = new byte[100],
            Key = new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"), Made = new(2024, 2, 29, 8, 0, 0, TimeSpan.FromHours(1)),
        Clock = new(1, 1, 1, 8, 30, 0), Took = TimeSpan.FromSeconds(90), Grade = 'A', Weight = 1.25, Volume = 0.5f, Paid = true,
            Serial = 1L << 40, Mask = 5, Zone = -3, Tax = 25, Retries = 3, RetriesSpecified = true, Secret = "s",
        Total = new() { Amount = 12.5m, Currency = "NOK" }, Kind = new("kind", "http://x/kinds"), Matrix = [[1, 2], [3]], Days = [new(2024, 1, 1)],
            History = [OrderState.New, OrderState.Open], Extra = new XElement("x", new XAttribute("a", 1), "t"),
    };
}
public class RushOrder : Order { public DateTime Deadline { get; set; } public string? Courier { get; set; } }
public class Party { [XmlAttribute("name")] public string Name { get; set; } = ""; public Address? Address { get; set;
        } [XmlElement("phone")] public string[]? Phones { get; set; } }
public class Address { public string City { get; set; } = ""; [XmlAttribute("zip")] public string? Zip { get; set; } }
public class OrderLine { [XmlAttribute("sku")] public string Sku { get; set; } = ""; [XmlAttribute("n")] public int Count { get; set;
        } [XmlAttribute("price")] public decimal Price { get; set; } [XmlText] public string? Text { get; set; } }
public class DiscountLine : OrderLine { [XmlAttribute("percent")] public double Percent { get; set; } }
public abstract class Payment { [XmlAttribute("amount")] public decimal Amount { get; set; } }
public class CardPayment : Payment { public string? Number { get; set; } }
public class CashPayment : Payment { }
public class AppSettings { [XmlAttribute("version")] public int Version { get; set; } [XmlArrayItem("add")] public ServerEntry[] Servers { get; set; } = [];
    [XmlElement(DataType = "duration")] public string? Timeout { get; set; } public Level Level { get; set; } }
public class ServerEntry { [XmlAttribute("name")] public string? Name { get; set; } [XmlAttribute("port")] public int Port { get; set; } }
public class Money : IXmlSerializable
{
    public decimal Amount { get; set; }
    public string Currency { get; set; } = "";
    public XmlSchema? GetSchema() => null;
    public void ReadXml(XmlReader reader)
    {
        Currency = reader.GetAttribute("currency") ?? "";
        if (reader.IsEmptyElement) { reader.Read(); return; }
        reader.ReadStartElement(); Amount = reader.ReadContentAsDecimal(); reader.ReadEndElement();
    }
    public void WriteXml(XmlWriter writer) { writer.WriteAttributeString("currency", Currency); writer.WriteValue(Amount); }
}

// ---- data contracts ----
internal static class ContractRecords
{
    public static void Xml()
    {
        var person = Employee.Sample(); var serializer = new DataContractSerializer(typeof(Person), [typeof(Level)]);
        var text = new StringBuilder(); using (var w = XmlWriter.Create(text, new() { Indent = true })) serializer.WriteObject(w, person);
        using (var r = XmlReader.Create(new StringReader(text.ToString()))) { var back = (Employee)serializer.ReadObject(r, true)!;
            Must(ReferenceEquals(back, back.Reports[0].Boss) && back.Scores["b"] == 2); }
        var memory = new MemoryStream(); using (var w = XmlDictionaryWriter.CreateBinaryWriter(memory, null, null, false)) serializer.WriteObject(w, person);
        memory.Position = 0; using (var r = XmlDictionaryReader.CreateBinaryReader(memory, XmlDictionaryReaderQuotas.Max)) _ = serializer.ReadObject(r);
        memory = new(); using (var w = XmlDictionaryWriter.CreateTextWriter(memory, Encoding.UTF8, false)) { serializer.WriteStartObject(w, person);
            serializer.WriteObjectContent(w, person); serializer.WriteEndObject(w); }
        memory.Position = 0; using (var r = XmlDictionaryReader.CreateTextReader(memory, new XmlDictionaryReaderQuotas { MaxDepth = 30 })) {
            Must(serializer.IsStartObject(r)); _ = serializer.ReadObject(r, false); }
        var settings = new DataContractSerializerSettings { RootName = new XmlDictionary().Add("people"), RootNamespace = XmlDictionaryString.Empty,
            PreserveObjectReferences = true, MaxItemsInObjectGraph = 1000, KnownTypes = [typeof(Employee)] };
        var shared = new ContractNote { Text = "n", When = DateTimeOffset.UnixEpoch }; var pair = new DataContractSerializer(typeof(ContractNote[]), settings);
        memory = new(); pair.WriteObject(memory, new[] { shared, shared }); memory.Position = 0;
        var notes = (ContractNote[])pair.ReadObject(memory)!; Must(ReferenceEquals(notes[0], notes[1]));
        foreach (object o in new object[] { new Dictionary<int, string> { [1] = "a" }, new List<DateTime> { DateTime.UnixEpoch }, new HashSet<Guid> {
                    Guid.Empty }, new PhoneBook { ["a"] = "1" }, new[] { 1.5m }, Level.Error, new KeyValuePair<string, int>("a", 1), new Tags { "x", "y" },
                new SortedList<string, double> { ["a"] = 1 } })
        { var s = new DataContractSerializer(o.GetType()); var m = new MemoryStream(); s.WriteObject(m, o); m.Position = 0; _ = s.ReadObject(m); }
        try { new DataContractSerializer(typeof(Person)).WriteObject(Stream.Null, new Stranger()); } catch (SerializationException e) { _ = e.Message; }
        try { serializer.ReadObject(new MemoryStream("<Person/>"u8.ToArray())); } catch (SerializationException e) { _ = e.Message; }
        var exporter = new XsdDataContractExporter(); exporter.Export(typeof(Person)); _ = exporter.GetSchemaTypeName(typeof(Person));
        foreach (XmlSchema s in exporter.Schemas.Schemas()) s.Write(new StringWriter());
        var net = new DataContractSerializer(typeof(Holder), new DataContractSerializerSettings { DataContractResolver = new ByName() }); memory = new();
        net.WriteObject(memory, new Holder { Any = new Stranger { Name = "q" } }); memory.Position = 0; Must(((Holder)net.ReadObject(memory)!).Any is Stranger);
    }

    public static void Json()
    {
        var serializer = new DataContractJsonSerializer(typeof(ContractNote), new DataContractJsonSerializerSettings
            { DateTimeFormat = new System.Runtime.Serialization.DateTimeFormat("yyyy-MM-dd HH:mm"), UseSimpleDictionaryFormat = true,
                EmitTypeInformation = EmitTypeInformation.AsNeeded, KnownTypes = [typeof(ServerEntry)] });
        var memory = new MemoryStream(); serializer.WriteObject(memory, new ContractNote { Text = "ä\"\n", At = DateTime.UnixEpoch, Map = { ["k"] = 1 },
                Level = Level.Warning, Blob = [1, 2], Amount = 1.5m, Id = Guid.Empty, Link = new("http://x/"), Took = TimeSpan.FromSeconds(1),
                Any = new ServerEntry(), List = [1, 2] });
        memory.Position = 0; Must(((ContractNote)serializer.ReadObject(memory)!).Map["k"] == 1);
        var plain = new DataContractJsonSerializer(typeof(Dictionary<string, ContractNote>)); memory = new();
        using (var w = JsonReaderWriterFactory.CreateJsonWriter(memory, Encoding.UTF8, false, true)) plain.WriteObject(w, new Dictionary<string, ContractNote> {
                ["a"] = new() { Text = "t" } });
        using (var r = JsonReaderWriterFactory.CreateJsonReader(memory.ToArray(), XmlDictionaryReaderQuotas.Max)) _ = XDocument.Load(r).Descendants().Count();
        memory.Position = 0; _ = plain.ReadObject(memory);
        try { serializer.ReadObject(new MemoryStream("{ \"Text\": "u8.ToArray())); } catch (SerializationException) { }
        foreach (object o in new object[] { new[] { 1, 2 }, new List<string> { "a" }, 5, "x", new ServerEntry { Name = "a" },
                new List<Dictionary<string, object>> { new() { ["a"] = 1, ["b"] = "c", ["d"] = true } } })
        { var s = new DataContractJsonSerializer(o.GetType()); var m = new MemoryStream(); s.WriteObject(m, o); m.Position = 0; _ = s.ReadObject(m); }
    }

    private static void Must(bool ok) => XmlRecords.Must(ok);

    private sealed class ByName : DataContractResolver
    {
        public override Type? ResolveName(string name, string? ns, Type? declared, DataContractResolver known) => known.ResolveName(name, ns, declared,
            null!) ?? Type.GetType(name);
        public override bool TryResolveType(Type type, Type? declared, DataContractResolver known, out XmlDictionaryString? name, out XmlDictionaryString? ns)
        {
            if (known.TryResolveType(type, declared, null!, out name, out ns)) return true;
            var d = new XmlDictionary(); name = d.Add(type.FullName!); ns = d.Add("http://x/clr"); return true;
        }
    }
}
[DataContract(Name = "person", Namespace = "http://x/people", IsReference = true), KnownType(nameof(More))]
public class Person : IExtensibleDataObject
{
    [DataMember(Name = "name", Order = 1)] public string Name { get; set; } = "";
    [DataMember(Order = 2, EmitDefaultValue = false)] public DateTime? Born { get; set; }
    [DataMember(Order = 3)] public Level Level { get; set; }
    [IgnoreDataMember] public int Loads { get; set; }
    public ExtensionDataObject? ExtensionData { get; set; }
    [OnSerializing] private void Before(StreamingContext c) => Loads = 1;
    [OnDeserialized] private void After(StreamingContext c) => Loads = 2;
    [OnDeserializing] private void Begin(StreamingContext c) => Level = Level.Error;
    private static IEnumerable<Type> More() => [typeof(Employee), typeof(List<int>)];
}
[DataContract(IsReference = true)]
public class Employee : Person
{
    [DataMember] public Employee? Boss { get; set; }
    [DataMember] public List<Employee> Reports { get; set; } = [];
    [DataMember] public Dictionary<string, int> Scores { get; set; } = [];
    [DataMember] public object? Extra { get; set; }
    [DataMember] private decimal salary = 5;
    public static Employee Sample() { var e = new Employee { Name = "Bo", Born = new(1980, 1, 1), Level = Level.Warning, Scores = { ["a"] = 1, ["b"] = 2 },
            Extra = new List<int> { 1 } }; e.Reports.Add(new() { Name = "Cy", Boss = e }); return e; }
}
[DataContract] public class Holder { [DataMember] public object? Any { get; set; } }
[DataContract] public class Stranger : Person { }
[CollectionDataContract(Name = "book", ItemName = "entry", KeyName = "who", ValueName = "number")] public class PhoneBook : Dictionary<string, string> { }
[CollectionDataContract(ItemName = "tag")] public class Tags : List<string> { }
[DataContract]
public class ContractNote
{
    [DataMember(IsRequired = true)] public string? Text { get; set; }
    [DataMember] public DateTime At { get; set; } = DateTime.UnixEpoch;
    [DataMember] public DateTimeOffset When { get; set; }
    [DataMember] public Dictionary<string, int> Map { get; set; } = [];
    [DataMember] public Level Level { get; set; }
    [DataMember] public byte[]? Blob { get; set; }
    [DataMember] public decimal Amount { get; set; }
    [DataMember] public Guid Id { get; set; }
    [DataMember] public Uri? Link { get; set; }
    [DataMember] public TimeSpan Took { get; set; }
    [DataMember] public object? Any { get; set; }
    [DataMember] public List<int>? List { get; set; }
    [DataMember] public int? Maybe { get; set; }
    [DataMember] public double Ratio { get; set; }
    [DataMember] public char Mark { get; set; } = 'm';
}

// ---- XML without serializers ----
internal static class XmlTools
{
    private const string Stock = "<?xml version=\"1.0\"?><!DOCTYPE stock [<!ENTITY co 'Co'>]><stock xmlns:p='http://x/p'><!--c--><?pi d?><item id='1' p:q='2'>A &amp; <b>b</b></item><item id='2'><![CDATA[<x>]]></item><item id='3' price='1.50'/></stock>";

    public static void Streams(string dir)
    {
        string file = Path.Combine(dir, "stock.xml");
        using (var w = XmlWriter.Create(file, new XmlWriterSettings { Indent = true, IndentChars = "\t", NewLineOnAttributes = true,
                    Encoding = new UTF8Encoding(false), CheckCharacters = true }))
        {
            w.WriteStartDocument(true); w.WriteDocType("stock", null, null, "<!ENTITY co 'Co'>"); w.WriteComment("made");
            w.WriteProcessingInstruction("pi", "x"); w.WriteStartElement("s", "stock", "http://x/s"); w.WriteAttributeString("xmlns", "p", null, "http://x/p");
            for (int i = 0; i < 3; i++) { w.WriteStartElement("item", "http://x/s"); w.WriteAttributeString("id", XmlConvert.ToString(i));
                w.WriteStartAttribute("p", "q", "http://x/p"); w.WriteValue(i * 1.5); w.WriteEndAttribute(); w.WriteElementString("name", "n" + i);
                w.WriteStartElement("at"); w.WriteValue(DateTime.UnixEpoch); w.WriteEndElement(); w.WriteEndElement(); }
            w.WriteStartElement("raw"); w.WriteCData("<x>"); w.WriteEntityRef("co"); w.WriteCharEntity('é'); w.WriteBase64([1, 2, 3], 0, 3);
            w.WriteString("a<b"); w.WriteRaw("<r/>"); w.WriteWhitespace(" "); w.WriteValue(true); w.WriteValue(5L); w.WriteFullEndElement();
            w.WriteEndElement(); w.WriteEndDocument();
        }
        var settings = new XmlReaderSettings { IgnoreComments = true, IgnoreWhitespace = true, DtdProcessing = DtdProcessing.Parse, MaxCharactersFromEntities
            = 1000, CloseInput = true, NameTable = new NameTable() };
        using (var r = XmlReader.Create(file, settings))
            while (r.Read())
            {
                if (r.NodeType == XmlNodeType.Element && r.LocalName == "item") { _ = r.GetAttribute("id") + r["q", "http://x/p"] + r.Depth + r.Prefix
                    + r.NamespaceURI; while (r.MoveToNextAttribute()) _ = r.Name + r.ReadContentAsString(); r.MoveToElement(); using var sub = r.ReadSubtree();
                    sub.MoveToContent(); if (sub.ReadToDescendant("at")) _ = sub.ReadElementContentAsDateTime(); }
                else if (r is IXmlLineInfo at && at.HasLineInfo()) _ = r.NodeType.ToString() + at.LineNumber + r.Value;
            }
        using (var r = XmlReader.Create(new StringReader("<a><n>1</n><d>2.5</d><m>3.5</m><b>true</b><l>1 2</l><x>AQI=</x><i><y/></i><o>t</o></a>")))
        {
            r.ReadStartElement("a"); _ = r.ReadElementContentAsInt() + r.ReadElementContentAsDouble() + (double)r.ReadElementContentAsDecimal();
            _ = r.ReadElementContentAsBoolean(); r.ReadStartElement(); _ = ((int[])r.ReadContentAs(typeof(int[]), null)).Length; r.ReadEndElement();
            _ = r.ReadElementContentAsBase64(new byte[10], 0, 10); r.MoveToContent(); while (r.LocalName != "i") r.Read(); _ = r.ReadInnerXml();
            _ = r.ReadOuterXml(); if (r.IsStartElement("o")) r.Skip(); r.ReadEndElement();
        }
        foreach (string bad in new[] { "<a><b></a>", "<a b='1' b='2'/>", "<a>&x;</a>", "<p:a/>", "<!DOCTYPE a []><a/>" }) try {
            using var r = XmlReader.Create(new StringReader(bad)); while (r.Read()) { } }
        catch (XmlException e) { _ = e.LineNumber + e.LinePosition + e.Message; }
        using var fragments = XmlReader.Create(new StringReader("<a/>t<b/>"), new XmlReaderSettings { ConformanceLevel = ConformanceLevel.Fragment });
        while (fragments.Read()) { }
        using var old = new XmlTextReader(new StringReader(Stock)) { WhitespaceHandling = WhitespaceHandling.None, DtdProcessing = DtdProcessing.Parse,
            XmlResolver = null }; while (old.Read()) _ = old.Name; using var oldWriter = new XmlTextWriter(new StringWriter()) {
            Formatting = Formatting.Indented }; oldWriter.WriteElementString("a", "b");
    }

    public static async Task Trees(string dir)
    {
        var doc = new XmlDocument { PreserveWhitespace = false }; doc.LoadXml(Stock); var root = doc.DocumentElement!;
        var names = new XmlNamespaceManager(doc.NameTable); names.AddNamespace("p", "http://x/p");
        var item = doc.CreateElement("item"); item.SetAttribute("id", "4"); item.InnerText = "new"; item.AppendChild(doc.CreateCDataSection("<c>"));
        item.AppendChild(doc.CreateComment("k")); root.AppendChild(item); root.InsertBefore(doc.CreateElement("e", "first", "http://x/e"), root.FirstChild);
        foreach (XmlElement e in root.SelectNodes("item[@id > 1]")!) _ = e.GetAttribute("id") + e.OuterXml;
        _ = root.SelectSingleNode("//item[@p:q='2']/b", names)!.InnerXml; root.RemoveChild(root.LastChild!); root["item"]!.Attributes.RemoveNamedItem("id");
        doc.NodeChanged += (_, e) => _ = e.Action; root.SelectSingleNode("item[2]")!.InnerXml = "<z/>"; var other = new XmlDocument();
        other.AppendChild(other.ImportNode(root, true));
        foreach (XmlNode n in other.GetElementsByTagName("item")) _ = n.ParentNode!.Name + n.NextSibling?.NodeType; doc.Save(Path.Combine(dir, "dom.xml"));
        doc.Load(Path.Combine(dir, "dom.xml")); _ = doc.CloneNode(true).HasChildNodes;
        doc.CreateNavigator()!.SelectSingleNode("/stock/item")!.AppendChild("<more/>");
        XNamespace ns = "http://x/s"; var report = new XDocument(new XDeclaration("1.0", "utf-8", "yes"), new XComment("r"), new XElement(ns + "report",
                new XAttribute(XNamespace.Xmlns + "s", ns), new XAttribute("day", new DateTime(2024, 1, 1)),
            from s in Sale.All group s by s.Region into g orderby g.Key select new XElement(ns + "region", new XAttribute("name", g.Key),
                new XElement(ns + "total", g.Sum(s => s.Amount)), new XElement(ns + "n", g.Count()), g.Select(s => new XElement("sale", new XAttribute("id",
                        s.Id), s.Product, new XCData("x"))))));
        _ = report.Root!.Elements(ns + "region").Where(e => (decimal)e.Element(ns + "total")! > 10).Select(e => ((string?)e.Attribute("name"),
                (int)e.Element(ns + "n")!, (double?)e.Attribute("none"), (DateTime)report.Root!.Attribute("day")!)).ToList();
        _ = report.Descendants("sale").Attributes("id").Select(a => (int)a).Max() + report.ToString(SaveOptions.DisableFormatting).Length;
        var first = report.Descendants("sale").First(); first.SetAttributeValue("id", null); first.SetElementValue("k", true);
        first.AddAfterSelf(new XElement("after")); first.AddBeforeSelf("text"); first.ReplaceNodes(new XElement("i", Guid.Empty));
        first.Add(new XProcessingInstruction("p", "d")); first.Changed += (_, e) => _ = e.ObjectChange; first.Value = "v";
        _ = first.Ancestors().Count() + first.ElementsAfterSelf().Count() + first.NodesBeforeSelf().Count() + first.GetPrefixOfNamespace(ns); first.Remove();
        report.Descendants("after").Remove();
        _ = report.XPathSelectElements("//sale[position() mod 2 = 1]").Count() + (double)report.XPathEvaluate("sum(//@id)");
        _ = XNode.DeepEquals(report, new XDocument(report)); report.Save(Path.Combine(dir, "report.xml"));
        await using (var f = File.Create(Path.Combine(dir, "async.xml"))) { await report.SaveAsync(f, SaveOptions.None, default); f.Position = 0;
            _ = await XDocument.LoadAsync(f, LoadOptions.SetLineInfo | LoadOptions.PreserveWhitespace, default);
            } await using (var w = XmlWriter.Create(Path.Combine(dir, "w.xml"), new() { Async = true })) { await w.WriteStartElementAsync(null, "a", null);
            await w.WriteAttributeStringAsync(null, "b", null, "c"); await w.WriteStringAsync("t"); await w.WriteEndElementAsync(); await w.FlushAsync(); }
        using (var r = XmlReader.Create(File.OpenRead(Path.Combine(dir, "async.xml")), new() { Async = true, CloseInput = true })) {
            await r.MoveToContentAsync(); while (await r.ReadAsync()) if (r.NodeType == XmlNodeType.Element && r.LocalName == "total") _
            = await r.ReadElementContentAsStringAsync(); }
        using (var r = XmlReader.Create(Path.Combine(dir, "report.xml"))) { r.MoveToContent(); r.Read();
            while (!r.EOF) if (r.NodeType == XmlNodeType.Element && r.LocalName == "region") _ = ((XElement)XNode.ReadFrom(r)).Elements().Count();
            else r.Read(); } var stream = new XStreamingElement("all", Sale.All.Select(s => new XElement("s", s.Id))); stream.Save(Path.Combine(dir, "s.xml"));
        try { XElement.Parse("<a>"); } catch (XmlException) { } _ = XElement.Parse("<a>\n<b/></a>", LoadOptions.SetLineInfo).Element("b") is IXmlLineInfo {
            LineNumber: 2 };
        var nav = new XPathDocument(new StringReader(Stock.Replace("<!DOCTYPE stock [<!ENTITY co 'Co'>]>", ""))).CreateNavigator();
        var expression = nav.Compile("/stock/item[contains(., 'A') or @price]"); expression.AddSort("@id", XmlSortOrder.Descending, XmlCaseOrder.None, "",
            XmlDataType.Number); foreach (XPathNavigator n in nav.Select(expression)) _ = n.GetAttribute("id", "") + n.Value;
        _ = (double)nav.Evaluate("count(//item) + string-length(normalize-space(' a ')) + number('2') + round(1.6) * floor(2.5)")
            + (string)nav.Evaluate("concat(substring-before('a=b','='), translate('x','x','y'), name(/*))"); nav.MoveToFirstChild(); nav.MoveToFirstChild();
        _ = nav.MoveToNext() | nav.MoveToParent() | nav.Matches("/stock"); try { nav.Compile("//["); } catch (XPathException) { }
    }

    public static void Checks()
    {
        const string xsd = """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"><xs:simpleType name="sku"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]-\d+"/><xs:maxLength value="9"/></xs:restriction></xs:simpleType>
            <xs:simpleType name="size"><xs:restriction base="xs:token"><xs:enumeration value="S"/><xs:enumeration value="L"/></xs:restriction></xs:simpleType><xs:complexType name="base"><xs:sequence><xs:element name="price" type="xs:decimal"/></xs:sequence><xs:attribute name="sku" type="sku" use="required"/></xs:complexType>
            <xs:element name="stock"><xs:complexType><xs:sequence><xs:element name="item" maxOccurs="unbounded"><xs:complexType><xs:complexContent><xs:extension base="base"><xs:choice><xs:element name="n" type="xs:positiveInteger"/><xs:element name="at" type="xs:dateTime"/></xs:choice><xs:attribute name="size" type="size" default="S"/></xs:extension></xs:complexContent></xs:complexType></xs:element>
            <xs:any minOccurs="0" processContents="lax" namespace="##other"/></xs:sequence></xs:complexType><xs:unique name="u"><xs:selector xpath="item"/><xs:field xpath="@sku"/></xs:unique></xs:element></xs:schema>
            """;
        const string good = "<stock><item sku='A-1'><price>1.5</price><n>2</n></item><item sku='A-2' size='L'><price>2</price><at>2024-01-01T00:00:00</at></item></stock>";
        var set = new XmlSchemaSet(); set.ValidationEventHandler += (_, e) => _ = e.Severity; set.Add(null, XmlReader.Create(new StringReader(xsd)));
        set.Compile();
        foreach (XmlSchemaElement e in set.GlobalElements.Values) if (e.ElementSchemaType is XmlSchemaComplexType {
                ContentTypeParticle: XmlSchemaSequence q }) _ = q.Items.OfType<XmlSchemaElement>().Select(x => x.Name + x.MinOccurs
            + x.MaxOccursString).ToList();
        foreach (string text in new[] { good, good.Replace("1.5", "x"), good.Replace("A-2", "A-1"), good.Replace("sku='A-1'", "sku='bad'"),
                good.Replace("<n>2</n>", "<q/>"), good.Replace("'L'", "'M'") }) { var errors = new List<(XmlSeverityType, string, int)>();
            var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = set,
                ValidationFlags = XmlSchemaValidationFlags.ReportValidationWarnings | XmlSchemaValidationFlags.ProcessIdentityConstraints };
            settings.ValidationEventHandler += (_, e) => errors.Add((e.Severity, e.Message, e.Exception.LineNumber));
            using var r = XmlReader.Create(new StringReader(text), settings); while (r.Read()) _ = r.SchemaInfo?.SchemaType?.Name;
            XDocument.Parse(text).Validate(set, (_, e) => errors.Add((e.Severity, e.Message, 0)), true); XmlRecords.Must(errors.Count == 0 == (text == good)); }
        var doc = new XmlDocument { Schemas = set }; doc.LoadXml(good); doc.Validate((_, e) => throw e.Exception);
        try { XDocument.Parse("<stock/>").Validate(set, null); } catch (XmlSchemaValidationException e) { _ = e.Message;
            } _ = new XmlSchemaInference().InferSchema(XmlReader.Create(new StringReader(good))).Count;
        var made = new XmlSchema { TargetNamespace = "http://x/m" };
        made.Items.Add(new XmlSchemaElement { Name = "m", SchemaTypeName = new("int", XmlSchema.Namespace) }); made.Write(new StringWriter());
        const string xsl = """
            <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:f="urn:f" exclude-result-prefixes="f"><xsl:output method="html" indent="yes"/><xsl:param name="title" select="'none'"/><xsl:key name="bysize" match="item" use="@size"/><xsl:decimal-format name="eu" decimal-separator="," grouping-separator="."/>
            <xsl:template match="/"><html><h1><xsl:value-of select="$title"/></h1><xsl:call-template name="sum"><xsl:with-param name="n" select="count(//item)"/></xsl:call-template><table><xsl:apply-templates select="stock/item"><xsl:sort select="price" data-type="number" order="descending"/></xsl:apply-templates></table><xsl:copy-of select="key('bysize','L')/price"/></html></xsl:template>
            <xsl:template match="item" priority="1"><xsl:variable name="p" select="price * 2"/><tr class="{@sku}"><xsl:attribute name="n"><xsl:number/></xsl:attribute><xsl:if test="@size"><b/></xsl:if><xsl:choose><xsl:when test="$p &gt; 3"><xsl:value-of select="format-number($p, '#.##0,00', 'eu')"/></xsl:when><xsl:otherwise><xsl:text>-</xsl:text></xsl:otherwise></xsl:choose><xsl:for-each select="*"><xsl:element name="{name()}"><xsl:value-of select="f:Up(string(.))"/></xsl:element></xsl:for-each></tr></xsl:template>
            <xsl:template name="sum"><xsl:param name="n"/><xsl:message>n</xsl:message><xsl:comment><xsl:value-of select="$n"/></xsl:comment></xsl:template></xsl:stylesheet>
            """;
        var transform = new XslCompiledTransform(); transform.Load(XmlReader.Create(new StringReader(xsl)), XsltSettings.Default, null);
        var arguments = new XsltArgumentList(); arguments.AddParam("title", "", "Stock"); arguments.AddExtensionObject("urn:f", new Functions());
        arguments.XsltMessageEncountered += (_, e) => _ = e.Message; var result = new StringWriter();
        transform.Transform(new XPathDocument(new StringReader(good)), arguments, result); XmlRecords.Must(result.ToString().Contains("4,00"));
        try { new XslCompiledTransform().Load(XmlReader.Create(new
                    StringReader("<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:bad/></xsl:stylesheet>")));
            } catch (XsltException e) { _ = e.LineNumber; }
    }
    public sealed class Functions { public string Up(string s) => s.ToUpperInvariant(); }
}

// ---- JSON ----
internal static class JsonRecords
{
    public static void Serializer()
    {
        var web = new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = {
                new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new AmountConverter(), new PairConverterFactory() },
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
            Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };
        var invoice = Invoice.Sample(); string text = JsonSerializer.Serialize(invoice, web); var back = JsonSerializer.Deserialize<Invoice>(text, web)!;
        XmlRecords.Must(back.Lines.Count == 2 && back.Shapes[1] is Square && back.Rest!.Count == 0 && back.Total.Value == 9.5m);
        _ = JsonSerializer.Deserialize<Invoice>(text.Replace("\"number\"", "/* c */ \"surprise\": [1, {\"a\": null}], \"number\""),
            web)!.Rest!["surprise"].GetArrayLength();
        foreach (string bad in new[] { "{", "{\"number\": \"x\"}", "{\"number\": 1}", "[]", "{\"number\": 1, \"customer\": {\"id\": \"q\"}}",
                text.Replace("\"circle\"", "\"cube\""), "nul", "{\"shapes\": [{\"radius\": 1}]}" }) try { JsonSerializer.Deserialize<Invoice>(bad, web);
            } catch (JsonException e) { _ = e.Path + e.LineNumber + e.BytePositionInLine + e.Message; } catch (NotSupportedException e) { _ = e.Message; }
        foreach (var policy in new[] { JsonNamingPolicy.SnakeCaseLower, JsonNamingPolicy.KebabCaseUpper, JsonNamingPolicy.SnakeCaseUpper,
                JsonNamingPolicy.KebabCaseLower }) _ = policy.ConvertName("OrderLineId2X");
        var snake = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonNamingPolicy.CamelCase,
            NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString, IncludeFields = true, PropertyNameCaseInsensitive
            = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };
        _ = JsonSerializer.Serialize(new { OrderId = 1, Price = 1.5m, Lines = new[] { new { Sku = "a", Qty = 2L } }, Map = new Dictionary<string, object?> {
                    ["KeyName"] = 1, ["N"] = null }, Pair = (1, "a") }, snake);
        try { JsonSerializer.Deserialize<ServerEntry>("{\"Name\":\"a\",\"PORT\":\"5\",\"other\":1}", snake); } catch (JsonException e) { _ = e.Message; }
        var tree = new TreeNode { Name = "root" }; tree.Children.Add(new() { Name = "c", Parent = tree });
        var preserve = new JsonSerializerOptions { ReferenceHandler = ReferenceHandler.Preserve };
        var again = JsonSerializer.Deserialize<TreeNode>(JsonSerializer.Serialize(tree, preserve), preserve)!;
        XmlRecords.Must(ReferenceEquals(again.Children[0].Parent, again)); _ = JsonSerializer.Serialize(tree, new JsonSerializerOptions {
                ReferenceHandler = ReferenceHandler.IgnoreCycles }); try { JsonSerializer.Serialize(tree); } catch (JsonException) { }
        var contract = new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { t => {
                    if (t.Kind != JsonTypeInfoKind.Object) return; foreach (var p in t.Properties) if (p.PropertyType == typeof(string)) { var get = p.Get;
                    p.Get = o => get?.Invoke(o) is string s ? s.Trim() : null; p.ShouldSerialize = (_, v) => v is not null;
                    } var extra = t.CreateJsonPropertyInfo(typeof(int), "version"); extra.Get = _ => 3; t.Properties.Add(extra); } } } };
        XmlRecords.Must(JsonSerializer.Serialize(new ServerEntry { Name = " a " }, contract) == "{\"Name\":\"a\",\"Port\":0,\"version\":3}");
        contract.MakeReadOnly(); _ = contract.GetTypeInfo(typeof(ServerEntry)).Properties.Count; try { JsonSerializer.Serialize(new { T = typeof(int) });
            } catch (NotSupportedException) { } _ = JsonSerializer.SerializeToUtf8Bytes<Shape>(new Circle(1)).Length;
        _ = JsonSerializer.Deserialize<Settings>("{\"Tags\":[\"b\"],\"Nested\":{\"x\":2}}")!.Tags.Count;
        _ = JsonSerializer.Serialize<object>(new Circle(2)) + JsonSerializer.Serialize(invoice, typeof(Invoice),
            web) + JsonSerializer.Serialize<IEnumerable<Shape>>([new Circle(1)]);
#if NET10_0
        _ = System.Text.Json.Schema.JsonSchemaExporter.GetJsonSchemaAsNode(web, typeof(Invoice)).ToJsonString();
        try { JsonSerializer.Deserialize<ServerEntry>("{\"Name\":\"a\",\"Name\":\"b\"}", JsonSerializerOptions.Strict); } catch (JsonException) { }
#endif
    }

    public static void Shapes()
    {
        var o = new JsonSerializerOptions { IncludeFields = true, UnknownTypeHandling = JsonUnknownTypeHandling.JsonNode };
        object[] all = [new[] { 1, 2 }, new List<string> { "a" }, new List<int?> { 1, null }, new Dictionary<string, int> {
                ["a"] = 1 }, new Dictionary<int, string> { [1] = "a" }, new Dictionary<Guid, decimal> { [Guid.Empty] = 1 }, new Dictionary<DateTime, double> {
                [DateTime.UnixEpoch] = 1 }, new Dictionary<OrderState, int> { [OrderState.Open] = 1 }, new Dictionary<long, bool> { [1] = true },
            new Dictionary<string, List<int>> { ["a"] = [1] },
            new SortedDictionary<string, decimal> { ["a"] = 1 }, ImmutableArray.Create(1, 2), ImmutableList.Create("a"),
                ImmutableDictionary<string, int>.Empty.Add("a", 1), ImmutableHashSet.Create(1), new HashSet<string> { "a" }, new Queue<int>([1]),
                new Stack<string>(["a"]), new ConcurrentDictionary<string, int> { ["a"] = 1 }, new LinkedList<int>([1]), new SortedSet<string> {
                "a" }, new ObservableCollection<int> { 1 }, new Collection<string> { "a" }, new int[][] { [1], [2] }, new List<double[]> { new[] { 1.5 }
                }, new KeyValuePair<string, int>("a", 1), (1, "a"), (Id: 1, Price: 1.5m, Day: DateTime.UnixEpoch), Tuple.Create(1, "a"),
            new ArrayList { 1, "a" }, new Hashtable { ["a"] = 1 }, new List<(int, string)> { (1, "a") }, new List<Guid> { Guid.Empty }, new List<DateTime> {
                DateTime.UnixEpoch }, new List<decimal> { 1.5m }, new[] { 1.5f }, new List<long> { 1 }, new[] { true }, new Dictionary<string, object?> {
                ["a"] = 1, ["b"] = null, ["c"] = new[] { "x" } }, new Dictionary<string, string?> { ["a"] = null }, new Dictionary<string, double> {
                ["a"] = 1 }, new Dictionary<string, bool> { ["a"] = true }, new Dictionary<string, DateTime> { ["a"] = default },
                new Dictionary<string, Dictionary<string, int>> { ["a"] = new() { ["b"] = 1 } }, new ReadOnlyCollection<int>([1]), new Memory<byte>([1]),
                new AllKinds(), new BitVector(3), DayOfWeek.Friday, new DateOnly?[] { null, new(2024, 1, 1) }];
        foreach (object value in all) { string text = JsonSerializer.Serialize(value, value.GetType(), o);
            try { _ = JsonSerializer.Deserialize(text, value.GetType(), o); } catch (NotSupportedException) { } }
        _ = JsonSerializer.Deserialize<IReadOnlyList<int>>("[1]")!.Count + JsonSerializer.Deserialize<IReadOnlyDictionary<string, int>>("{\"a\":1}")!.Count
            + JsonSerializer.Deserialize<IEnumerable<string>>("[\"a\"]")!.Count() + JsonSerializer.Deserialize<ISet<int>>("[1]")!.Count
            + JsonSerializer.Deserialize<IList<decimal>>("[1]")!.Count + JsonSerializer.Deserialize<IDictionary<string, JsonElement>>("{\"a\":{}}")!.Count
            + JsonSerializer.Deserialize<FrozenData>("{\"Map\":{\"a\":1},\"Lines\":[{\"Sku\":\"a\",\"Count\":1}]}")!.Map.Count;
        _ = JsonSerializer.Deserialize<object>("{\"a\":1}") is JsonElement { ValueKind: JsonValueKind.Object };
        foreach (var (type, text) in new (Type, string)[] { (typeof(int), "1.5"), (typeof(byte), "300"), (typeof(DateTime), "\"x\""), (typeof(Guid), "\"1\""),
                (typeof(OrderState), "\"Open\""), (typeof(bool), "1"), (typeof(string), "1"), (typeof(TimeSpan), "\"1\""), (typeof(char), "\"ab\""),
                (typeof(decimal), "\"1\""), (typeof(byte[]), "\"*\""), (typeof(int[]), "{}"), (typeof(Dictionary<int, int>), "{\"a\":1}"), (typeof(Uri), "5"),
                (typeof(Version), "\"a\""), (typeof(DateOnly), "\"2024-13-01\"") }) try { JsonSerializer.Deserialize(text, type);
            } catch (JsonException e) { _ = e.Message; }
    }

    public static async Task Streams(string dir)
    {
        string file = Path.Combine(dir, "sales.json"); await using (var f = File.Create(file)) await JsonSerializer.SerializeAsync(f, Sale.All,
            new JsonSerializerOptions { WriteIndented = true, DefaultBufferSize = 64 });
        await using (var f = File.OpenRead(file)) XmlRecords.Must((await JsonSerializer.DeserializeAsync<List<Sale>>(f, new JsonSerializerOptions {
                    DefaultBufferSize = 32 }))!.SequenceEqual(Sale.All)); await using (var f = File.OpenRead(file)) { decimal sum = 0;
            await foreach (var s in JsonSerializer.DeserializeAsyncEnumerable<Sale>(f)) sum += s!.Amount; }
        async IAsyncEnumerable<Sale> Later() { foreach (var s in Sale.All) { await Task.Yield(); yield return s; } } await using (var m = new MemoryStream()) {
            await JsonSerializer.SerializeAsync(m, Later()); m.Position = 0; using var d = await JsonDocument.ParseAsync(m);
            _ = d.RootElement.EnumerateArray().Sum(e => e.GetProperty("Amount").GetDecimal()); m.Position = 0;
            _ = (await JsonNode.ParseAsync(m))!.AsArray().Count;
            } await using (var lines = new StreamWriter(Path.Combine(dir,
                    "l.jsonl"))) foreach (var s in Sale.All) await lines.WriteLineAsync(JsonSerializer.Serialize(s));
        await foreach (string line in File.ReadLinesAsync(Path.Combine(dir, "l.jsonl"))) _ = JsonSerializer.Deserialize<Sale>(line)!.With(1);
        try { await using var f = new MemoryStream("[{\"Id\":1},{\"Id\":"u8.ToArray()); await JsonSerializer.DeserializeAsync<List<ServerEntry>>(f);
            } catch (JsonException) { } using var stream = new MemoryStream(); JsonSerializer.Serialize(stream, Sale.All[0]); stream.Position = 0;
        _ = JsonSerializer.Deserialize<Sale>(stream); var node = JsonSerializer.SerializeToNode(Sale.All[0])!; _ = node.Deserialize<Sale>() == Sale.All[0];
        _ = JsonSerializer.SerializeToElement(Sale.All[0]).Deserialize<Sale>(); using var document = JsonSerializer.SerializeToDocument(Sale.All);
        _ = document.Deserialize<Sale[]>()!.Length;
    }

    public static void Tokens()
    {
        var buffer = new ArrayBufferWriter<byte>(); using (var w = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true,
                    Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            w.WriteStartObject(); w.WriteString("s", "a\"b\u00e9\n"); w.WriteNumber("i", 1); w.WriteNumber("l", 1L << 40); w.WriteNumber("d", 1.5);
            w.WriteNumber("m", 2.5m); w.WriteNumber("f", 1.5f); w.WriteBoolean("b", true); w.WriteNull("n"); w.WriteString("g", Guid.Empty);
            w.WriteString("t", DateTime.UnixEpoch); w.WriteString("o", DateTimeOffset.UnixEpoch); w.WriteBase64String("x", [1, 2]); w.WriteStartArray("a");
            w.WriteNumberValue(1); w.WriteStringValue("v"); w.WriteNullValue(); w.WriteBooleanValue(false); w.WriteRawValue("{\"r\":1}");
            w.WriteCommentValue("c"); w.WriteNumberValue(1.5m); w.WriteStringValue(DateTime.UnixEpoch); w.WriteEndArray(); w.WritePropertyName("p"u8);
            w.WriteStartObject(); w.WriteEndObject(); w.WriteEndObject(); w.Flush(); _ = w.BytesCommitted + w.CurrentDepth; try { w.WriteEndArray();
                } catch (InvalidOperationException) { }
        }
        var reader = new Utf8JsonReader(buffer.WrittenSpan, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Allow });
        while (reader.Read()) switch (reader.TokenType) { case JsonTokenType.PropertyName: if (reader.ValueTextEquals("g")) { reader.Read();
                _ = reader.GetGuid(); } else if (reader.ValueTextEquals("t"u8)) { reader.Read(); _ = reader.TryGetDateTime(out _);
                } else if (reader.GetString() == "p") { reader.Read(); reader.Skip(); } else if (reader.ValueTextEquals("x")) { reader.Read();
                _ = reader.GetBytesFromBase64(); } else if (reader.ValueTextEquals("o")) { reader.Read(); _ = reader.GetDateTimeOffset(); } break;
            case JsonTokenType.Number: _ = reader.TryGetInt32(out _) | reader.TryGetInt64(out _) | reader.TryGetDecimal(out _) | reader.TryGetByte(out _);
            _ = reader.GetDouble(); break; case JsonTokenType.String: _ = reader.CopyString(new char[50]); break;
            case JsonTokenType.Comment: _ = reader.GetComment(); break; case JsonTokenType.True: _ = reader.GetBoolean(); break;
            default: _ = reader.TokenStartIndex + reader.CurrentDepth; break; }
        byte[] bytes = buffer.WrittenSpan.ToArray(); var state = new JsonReaderState(new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        for (int at = 0, size = 20; at < bytes.Length;) { var part = new Utf8JsonReader(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)),
                at + size >= bytes.Length, state); while (part.Read()) { } at += (int)part.BytesConsumed; if (part.BytesConsumed == 0) size += 20;
            state = part.CurrentState; if (at + size >= bytes.Length && part.BytesConsumed == 0) break; }
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, MaxDepth = 10 });
        var root = document.RootElement; foreach (var p in root.EnumerateObject()) _ = p.Name + p.Value.ValueKind + p.Value.GetRawText() + p.NameEquals("s")
            + p.Value; _ = root.TryGetProperty("none", out _);
        _ = root.GetProperty("a")[1].GetString() + root.GetProperty("g").GetGuid() + root.GetProperty("t").GetDateTime() + root.GetProperty("l").GetInt64()
            + root.GetProperty("d").GetDouble() + root.GetProperty("i").TryGetInt16(out _) + root.GetProperty("b").GetBoolean();
        foreach (var e in root.GetProperty("a").EnumerateArray()) _ = e.ToString(); try { root.GetProperty("zz"); } catch (KeyNotFoundException) { }
        try { root.GetProperty("s").GetInt32(); } catch (InvalidOperationException) { } var clone = root.Clone();
        using (var w = new Utf8JsonWriter(Stream.Null)) clone.WriteTo(w);
        var node = JsonNode.Parse("{\"a\":{\"b\":[1,2,{\"c\":\"x\"}]},\"d\":1.5,\"e\":null,\"f\":true}", new JsonNodeOptions {
                PropertyNameCaseInsensitive = true })!.AsObject(); node["new"] = new JsonObject { ["x"] = 1, ["y"] = new JsonArray(1, "a", null, true),
            ["z"] = JsonValue.Create(DateTime.UnixEpoch), ["q"] = Guid.Empty, ["m"] = 1.5m }; var list = node["a"]!["b"]!.AsArray(); list.Add(5);
        list.Insert(0, "first"); list.RemoveAt(1);
        _ = (int)list[1]! + list[2]!["c"]!.GetValue<string>() + list[2]!["c"]!.GetPath() + node["D"]!.GetValue<double>() + (bool)node["f"]!; node.Remove("e");
        node["d"]!.ReplaceWith(7); foreach (var (key, value) in node) _ = key + value?.GetValueKind() + value?.ToJsonString();
        _ = JsonNode.DeepEquals(node, node.DeepClone()) | node.ContainsKey("a") | node.TryGetPropertyValue("a",
            out _) | list[1]!.AsValue().TryGetValue(out int _); _ = list.Select(x => x?.ToString()).ToList(); try { node["new"]!["x"]!.GetValue<string>();
            } catch (InvalidOperationException) { } try { _ = node["a"]!["b"]!["k"]; } catch (InvalidOperationException) { }
        _ = node.ToJsonString(new(JsonSerializerOptions.Default) { WriteIndented = true }); try { JsonNode.Parse("{]"); } catch (JsonException) { }
        try { node["twice"] = node["a"]; } catch (InvalidOperationException) { }
    }

    private sealed class AmountConverter : JsonConverter<Amount>
    {
        public override Amount Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.String
            ? Amount.Parse(reader.GetString()!) : throw new JsonException("amount expected");
        public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
        public override Amount ReadAsPropertyName(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Amount.Parse(reader.GetString()!);
        public override void WriteAsPropertyName(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options)
            => writer.WritePropertyName(value.ToString());
    }
    private sealed class PairConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Span2<>);
        public override JsonConverter CreateConverter(Type type, JsonSerializerOptions options)
            => (JsonConverter)Activator.CreateInstance(typeof(PairConverter<>).MakeGenericType(type.GetGenericArguments()), options)!;
    }
    private sealed class PairConverter<T>(JsonSerializerOptions options) : JsonConverter<Span2<T>>
    {
        private readonly JsonConverter<T> item = (JsonConverter<T>)options.GetConverter(typeof(T));
        public override Span2<T> Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions o) { reader.Read();
            var a = item.Read(ref reader, typeof(T), o); reader.Read(); var b = item.Read(ref reader, typeof(T), o); reader.Read(); return new(a!, b!); }
        public override void Write(Utf8JsonWriter writer, Span2<T> value, JsonSerializerOptions o) { writer.WriteStartArray();
            item.Write(writer, value.From, o); item.Write(writer, value.To, o); writer.WriteEndArray(); }
    }
}
public sealed record Span2<T>(T From, T To);
public readonly record struct Amount(decimal Value, string Currency) : IComparable<Amount>
{
    public static Amount Parse(string s) => s.Split(' ') is [var v, var c] && decimal.TryParse(v, CultureInfo.InvariantCulture, out decimal d) ? new(d,
        c) : throw new FormatException(s);
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.00} {Currency}");
    public int CompareTo(Amount other) => Value.CompareTo(other.Value);
}
[JsonPolymorphic(TypeDiscriminatorPropertyName = "$kind", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FallBackToNearestAncestor),
    JsonDerivedType(typeof(Circle), "circle"), JsonDerivedType(typeof(Square), "square")] public abstract record Shape;
public sealed record Circle(double Radius) : Shape;
public sealed record Square(double Side) : Shape { [JsonIgnore] public double Area => Side * Side; }
public sealed record Customer(int Id, string Name, [property: JsonPropertyName("mail")] string? Email = null) { public required string Country { get; init;
        } public IReadOnlyList<string> Tags { get; init; } = []; }
public sealed record FrozenData(ImmutableDictionary<string, int> Map, ImmutableList<OrderLine> Lines);
public sealed class TreeNode { public string Name { get; set; } = ""; public TreeNode? Parent { get; set; } public List<TreeNode> Children { get; set; } = []; }
[JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)] public sealed class Settings { public List<string> Tags { get; } = ["a"];
    public Dictionary<string, int> Nested { get; } = new() { ["y"] = 1 }; }
public readonly struct BitVector { [JsonConstructor] public BitVector(int bits) => Bits = bits; public int Bits { get; } }
public sealed class Invoice : IJsonOnDeserialized, IJsonOnSerializing
{
    [JsonPropertyOrder(-1)] public int Number { get; set; }
    public required Customer Customer { get; init; }
    public List<(int Id, decimal Price)>? Pairs { get; set; }
    public List<Line> Lines { get; set; } = [];
    public List<Shape> Shapes { get; set; } = [];
    public Amount Total { get; set; }
    public Dictionary<Amount, OrderState> ByAmount { get; set; } = [];
    public Span2<DateOnly>? Period { get; set; }
    public Level? Level { get; set; }
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] public double Ratio { get; set; } = double.NaN;
    [JsonInclude] private string code = "c";
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public int Skipped { get; set; }
    [JsonExtensionData] public Dictionary<string, JsonElement>? Rest { get; set; }
    [JsonConverter(typeof(JsonStringEnumConverter<DayOfWeek>))] public DayOfWeek Day { get; set; }
    public void OnDeserialized() => Rest ??= [];
    public void OnSerializing() => Skipped = 0;
    public readonly record struct Line(string Sku, int Quantity, decimal Price, DateOnly? Due = null);
    public static Invoice Sample() => new() { Number = 1, Customer = new(1, "Åse", null) { Country = "NO", Tags = ["x"] }, Lines = [new("a", 1, 2.5m), new("b",
                2, 3.5m, new(2024, 1, 1))], Shapes = [new Circle(1), new Square(2)], Total = new(9.5m, "EUR"), ByAmount = { [new(1, "EUR")] = OrderState.Open },
        Period = new(new(2024, 1, 1), new(2024, 12, 31)), Level = global::Level.Warning, Day = DayOfWeek.Friday };
}
public sealed class AllKinds
{
    public bool A { get; set; } = true; public byte B { get; set; } = 1; public sbyte C { get; set; } = -1; public short D { get; set; } public ushort E { get;
        set; } public int F { get; set; } public uint G { get; set; } public long H { get; set; } public ulong I { get; set; } public float J { get; set;
        } = 1.5f; public double K { get; set; } = 1e100; public decimal L { get; set; } = 1.10m; public char M { get; set; } = 'm'; public string N { get; set;
        } = "n"; public DateTime O { get; set; } = new(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc); public DateTimeOffset P { get; set; } public DateOnly Q { get;
        set; } public TimeOnly R { get; set; } = new(1, 2, 3); public TimeSpan S { get; set; } = TimeSpan.FromDays(1.5); public Guid T { get; set;
        } public Uri U { get; set; } = new("http://x/a"); public Version V { get; set; } = new(1, 2); public byte[] W { get; set; } = [1, 2, 3];
    public object X { get; set; } = 1; public JsonElement? Y { get; set; } public JsonNode? Z { get; set; } = JsonNode.Parse("[1]");
    public bool? A1 { get; set; } = false; public int? F1 { get; set; } public long? H1 { get; set; } = 1; public double? K1 { get; set; } = 2;
    public decimal? L1 { get; set; } = 3; public DateTime? O1 { get; set; } = DateTime.UnixEpoch; public DateTimeOffset? P1 { get; set;
        } public DateOnly? Q1 { get; set; } public TimeSpan? S1 { get; set; } = TimeSpan.Zero; public Guid? T1 { get; set; } = Guid.Empty;
    public OrderState? E1 { get; set; } = OrderState.Open; public Int128 Big { get; set; } = 1; public Half Half { get; set; } = (Half)1;
    public (int, string) Field = (1, "a"); public KeyValuePair<int, string> Pair { get; set; }
}

// ---- tables ----
public sealed record Sale(int Id, string Region, string Product, DateOnly Day, decimal Amount, int Quantity, Guid Customer, OrderState State)
{
    public static readonly List<Sale> All = [.. Enumerable.Range(1, 12).Select(i => new Sale(i, (i % 3) switch { 0 => "North", 1 => "South", _ => "East" },
                "P" + i % 4, new DateOnly(2024, 1 + i % 5, 1 + i), i * 2.25m, i % 5 + 1, new Guid(i % 4, 0, 0, new byte[8]), (OrderState)(i % 3)))];
    public Sale With(int id) => this with { Id = id };
    public double Weight => Quantity * 0.75;
    public int? Rating => Id % 4 == 0 ? null : Id % 5;
}
internal static class Tables
{
    public static DataSet Sample()
    {
        var set = new DataSet("shop") { Namespace = "http://x/shop", Locale = CultureInfo.InvariantCulture, EnforceConstraints = true };
        var customers = set.Tables.Add("customer"); customers.Columns.Add(new DataColumn("id", typeof(int)) { AutoIncrement = true, AutoIncrementSeed = 1,
                ReadOnly = true, Unique = true }); customers.Columns.Add("name", typeof(string)).AllowDBNull = false;
        customers.Columns.Add("born", typeof(DateTime)); customers.Columns.Add("code", typeof(Guid)); customers.PrimaryKey = [customers.Columns["id"]!];
        var orders = set.Tables.Add("order"); foreach (var (name, type) in new (string, Type)[] { ("id", typeof(int)), ("customer", typeof(int)), ("amount",
                    typeof(decimal)), ("qty", typeof(short)), ("weight", typeof(double)), ("paid", typeof(bool)), ("made", typeof(DateTimeOffset)), ("took",
                    typeof(TimeSpan)), ("scan", typeof(byte[])), ("big", typeof(long)), ("mark", typeof(char)), ("any", typeof(object)), ("sql",
                    typeof(SqlDecimal)) }) orders.Columns.Add(name, type); orders.Columns["qty"]!.DefaultValue = (short)1;
        orders.Columns["customer"]!.ColumnMapping = MappingType.Attribute; orders.Columns.Add("total", typeof(decimal), "amount * qty");
        orders.Constraints.Add("pk", orders.Columns["id"]!, true);
        var relation = set.Relations.Add("orders", customers.Columns["id"]!, orders.Columns["customer"]!);
        relation.ChildKeyConstraint!.DeleteRule = Rule.Cascade; relation.Nested = true;
        customers.Columns.Add("sum", typeof(decimal), "Sum(Child(orders).amount)");
        customers.Columns.Add("label", typeof(string), "IIF(id > 1, 'n' + id, Substring(name, 1, 2)) + IsNull(born, '-') + Len(Trim(name))");
        orders.Columns.Add("who", typeof(string), "Parent(orders).name");
        foreach (string n in new[] { "Ann", "Bo", "Cy" }) customers.Rows.Add(null, n, n == "Bo" ? DBNull.Value : new DateTime(1990, 1, n.Length),
            new Guid(n.Length, 0, 0, new byte[8])); for (int i = 1; i <= 6; i++) orders.Rows.Add(i, i % 3 + 1, i * 1.5m, (short)i, i * 0.5, i % 2 == 0,
            DateTimeOffset.UnixEpoch, TimeSpan.FromMinutes(i), new byte[] { 1 }, (long)i, 'x', i, new SqlDecimal(1.5m)); set.AcceptChanges(); return set;
    }

    public static void Work(string dir)
    {
        var set = Sample(); DataTable customers = set.Tables["customer"]!, orders = set.Tables["order"]!; var events = new List<string>();
        orders.RowChanged += (_, e) => events.Add(e.Action.ToString()); orders.ColumnChanging += (_, e) => events.Add(e.Column!.ColumnName);
        orders.RowDeleting += (_, e) => events.Add("x"); orders.TableNewRow += (_, e) => events.Add("n"); customers.RowDeleted += (_, e) => events.Add("d");
        var row = orders.NewRow(); row["id"] = 7; row["customer"] = 1; row["amount"] = 9.99m; orders.Rows.Add(row); row.BeginEdit(); row["amount"] = 5m;
        row.EndEdit(); row.BeginEdit(); row["qty"] = (short)3; row.CancelEdit(); row.SetColumnError("amount", "low"); row.RowError = "r";
        XmlRecords.Must(orders.HasErrors && row.GetColumnsInError().Length == 1 && row.RowState == DataRowState.Added); row.ClearErrors();
        orders.Rows[0]["amount"] = 100m; _ = orders.Rows[0]["amount", DataRowVersion.Original].ToString() + orders.Rows[0].HasVersion(DataRowVersion.Current)
            + row.IsNull("weight"); orders.Rows[1].Delete(); customers.Rows.Find(3)!.Delete();
        var changes = set.GetChanges(DataRowState.Modified | DataRowState.Added)!;
        XmlRecords.Must(set.HasChanges() && changes.Tables["order"]!.Rows.Count == 2);
        set.WriteXml(Path.Combine(dir, "diff.xml"), XmlWriteMode.DiffGram); set.WriteXmlSchema(Path.Combine(dir, "s.xsd")); set.RejectChanges();
        set.WriteXml(Path.Combine(dir, "set.xml"), XmlWriteMode.WriteSchema); var copy = new DataSet(); copy.ReadXml(Path.Combine(dir, "set.xml"));
        XmlRecords.Must(copy.Tables["order"]!.Rows.Count == 6); var diff = set.Clone(); diff.ReadXmlSchema(Path.Combine(dir, "s.xsd"));
        var plain = new DataSet("plain"); var pairs = plain.Tables.Add("pair"); pairs.PrimaryKey = [pairs.Columns.Add("k", typeof(int))];
        pairs.Columns.Add("v", typeof(string)); pairs.Rows.Add(1, "a"); pairs.Rows.Add(2, "b"); plain.AcceptChanges(); pairs.Rows[0]["v"] = "c";
        pairs.Rows[1].Delete(); pairs.Rows.Add(3, "d"); var gram = new StringWriter(); plain.GetChanges()!.WriteXml(gram, XmlWriteMode.DiffGram);
        var target = plain.Clone(); target.ReadXml(new StringReader(gram.ToString()), XmlReadMode.DiffGram);
        XmlRecords.Must(target.Tables[0].Rows.Count == 3 && target.Tables[0].Rows[0]["v", DataRowVersion.Original] is "a"); var inferred = new DataSet();
        try
        {
            inferred.ReadXml(new StringReader("<shop><item id='1'><name>a</name><part n='2'/><part n='3'/></item></shop>"));
            _ = inferred.GetXmlSchema() + inferred.GetXml() + inferred.Relations.Count;
            inferred.InferXmlSchema(new StringReader("<shop><other z='1'/></shop>"), null);
        }
        catch (CultureNotFoundException) { }
        set.Merge(changes, false, MissingSchemaAction.Add); set.AcceptChanges(); try { orders.ImportRow(copy.Tables["order"]!.Rows[2]);
            } catch (ConstraintException) { } foreach (var (column, value) in new (string, object)[] { ("id", 1), ("customer", 99), ("amount", "x"), ("total",
                    1m) }) try { orders.Rows[1][column] = value;
            } catch (Exception e) when (e is ConstraintException or InvalidConstraintException or ArgumentException or ReadOnlyException or
            NoNullAllowedException) { _ = e.Message; } try { customers.Rows.Add(null, null); } catch (NoNullAllowedException) { }
        try { _ = orders.Rows[0]["nope"]; } catch (ArgumentException) { } try { orders.Select("bad ="); } catch (SyntaxErrorException) { } try { _ = row["id"];
            customers.Rows.Find("x"); } catch (Exception e) when (e is FormatException or RowNotInTableException or ArgumentException) { }
        try { set.EnforceConstraints = false; orders.Rows[1]["customer"] = 50; set.EnforceConstraints = true;
            } catch (ConstraintException) { set.EnforceConstraints = false; orders.RejectChanges(); }
        using var reader = new DataTableReader([customers, orders]);
        do { while (reader.Read()) { _ = reader.GetInt32(0) + reader.FieldCount + reader.GetName(1) + reader.IsDBNull(1) + reader.GetValues(new object[4])
                + reader.GetFieldType(1) + reader.GetOrdinal("id") + reader["id"]; } _ = reader.GetSchemaTable().Rows.Count; } while (reader.NextResult());
        var loaded = new DataTable("l"); loaded.Load(orders.CreateDataReader(), LoadOption.OverwriteChanges); loaded.BeginLoadData();
        loaded.LoadDataRow([10, 1, 2m], LoadOption.Upsert); loaded.EndLoadData(); loaded.WriteXml(new StringWriter(), true);
        using var memory = new MemoryStream(); loaded.WriteXml(memory, XmlWriteMode.WriteSchema); memory.Position = 0; new DataTable().ReadXml(memory);
        _ = new DataTable { TableName = "t", MinimumCapacity = 5 }.Columns.CanRemove(null); loaded.Columns["weight"]!.SetOrdinal(1);
        loaded.Columns.Remove("any"); loaded.Clear(); loaded.Reset(); orders.ExtendedProperties["k"] = 1;
        foreach (ForeignKeyConstraint c in orders.Constraints.OfType<ForeignKeyConstraint>()) _ = c.RelatedTable.TableName + c.UpdateRule + c.AcceptRejectRule;
        set.Relations.Clear();
    }

    public static void Query()
    {
        var set = Sample(); DataTable customers = set.Tables["customer"]!, orders = set.Tables["order"]!;
        foreach (string filter in new[] { "amount > 3 AND paid = true", "qty IN (1, 2, 3) OR NOT paid", "who LIKE 'A%'", "made >= #2020-01-01#",
                "amount BETWEEN 1 AND 2", "Convert(amount, 'System.Int32') % 2 = 1", "who IS NOT NULL", "amount * 2 - 1 >= qty / 2",
                "amount = Max(amount)" }) try { _ = orders.Select(filter, "amount DESC, id ASC", DataViewRowState.CurrentRows).Length;
            } catch (Exception e) when (e is EvaluateException or SyntaxErrorException) { _ = e.Message;
            } _ = orders.Compute("Avg(amount) + Min(qty)", "paid = true").ToString() + orders.Compute("Count(id)", "") + orders.Compute("StDev(weight)",
            null) + orders.Compute("Var(weight)", null);
        var view = new DataView(orders, "amount > 2", "customer, amount DESC", DataViewRowState.CurrentRows) { AllowNew = true, ApplyDefaultSort = false };
        foreach (DataRowView v in view) { _ = v["amount"].ToString() + v.IsNew + v.Row.GetParentRow("orders")!.Field<string>("name");
            _ = ((ICustomTypeDescriptor)v).GetProperties().Count; } view.ListChanged += (_, e) => _ = e.ListChangedType; orders.Rows[0]["amount"] = 50m;
        _ = view.FindRows(new object[] { 1, 4.5m }).Length + view.Find(new object[] { 1, 4.5m }); var added = view.AddNew(); added["id"] = 70;
        added["customer"] = 1; added["amount"] = 7m; added.EndEdit(); view.RowFilter = "id < 5"; view.RowStateFilter = DataViewRowState.ModifiedCurrent;
        _ = view.ToTable("part", true, "customer", "amount").Rows.Count; var manager = new DataViewManager(set); manager.DataViewSettings["order"]!.Sort = "id";
        _ = manager.CreateDataView(orders).Count; customers.DefaultView.Sort = "name";
        foreach (DataRowView v in customers.DefaultView) _ = v.CreateChildView("orders").Count; ((IBindingListView)view).RemoveSort();
        foreach (DataRow c in customers.Rows) _ = c.GetChildRows("orders").Sum(o => o.Field<decimal>("amount")) + c.Field<int>("id")
            + (c.Field<DateTime?>("born")?.Year ?? 0);
        var total = from o in orders.AsEnumerable() join c in customers.AsEnumerable() on o.Field<int>("customer") equals c.Field<int>("id") where
            !o.IsNull("amount") group o by c.Field<string>("name") into g orderby g.Sum(o => o.Field<decimal>("amount")) descending select (g.Key, g.Count(),
            g.Average(o => o.Field<double?>("weight")));
        XmlRecords.Must(total.ToList().Count == 3); _ = orders.AsEnumerable().Where(o => o.Field<bool?>("paid") == true).CopyToDataTable().AsDataView().Count
            + orders.AsEnumerable().OrderBy(o => o.Field<decimal?>("amount")).ThenBy(o => o["id"]).AsDataView().Count; orders.Rows[0].SetField("weight", 2.5);
        orders.Rows[0].SetField<double?>("weight", null);
        _ = orders.AsEnumerable().Distinct(DataRowComparer.Default).Count() + orders.AsEnumerable().Except(set.Copy().Tables["order"]!.AsEnumerable(),
            DataRowComparer.Default).Count() + orders.AsEnumerable().Select(r => r.ItemArray).Count(a => a.Length > 0);
        try { orders.Rows[0].Field<int>("weight"); } catch (InvalidCastException) { } _ = (SqlInt32.Parse("5") + new SqlInt32(2)).Value + SqlString.Concat("a",
            "b").Value + (SqlDateTime.Null.IsNull ? 1 : 0) + SqlDecimal.Round(new SqlDecimal(1.255m), 2) + new SqlMoney(1.5m) + (new SqlBoolean(true)
            & SqlBoolean.False) + new SqlGuid(Guid.Empty);
    }
}

// ---- connections over memory ----
internal static class Connections
{
    public static async Task Work()
    {
        DbProviderFactories.RegisterFactory("Memory", MemoryFactory.Instance); var factory = DbProviderFactories.GetFactory("Memory");
        _ = DbProviderFactories.TryGetFactory("None", out _) | DbProviderFactories.GetProviderInvariantNames().Any();
        var text = factory.CreateConnectionStringBuilder()!; text.ConnectionString = "Data Source=memory;Mode='read write'"; text["Timeout"] = 5;
        text.Remove("Mode"); _ = text.ContainsKey("timeout") | text.TryGetValue("x", out _); try { text.ConnectionString = "broken;=;";
            } catch (ArgumentException) { }
        await using var connection = factory.CreateConnection()!; connection.ConnectionString = text.ConnectionString;
        connection.StateChange += (_, e) => _ = e.CurrentState; await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted);
        await using (var insert = connection.CreateCommand()) { insert.CommandText = "insert customer"; insert.Transaction = transaction;
            insert.CommandTimeout = 3; var p = insert.CreateParameter(); p.ParameterName = "@name"; p.DbType = DbType.String; p.Size = 20; p.Value = "Di";
            p.Direction = ParameterDirection.Input; insert.Parameters.Add(p); insert.Parameters.AddRange(new[] { new MemoryParameter { ParameterName = "@born",
                    DbType = DbType.DateTime, Value = DBNull.Value } }); await insert.PrepareAsync();
            XmlRecords.Must(await insert.ExecuteNonQueryAsync() == 1 && insert.Parameters.Contains("@name") && insert.Parameters.IndexOf("@born") == 1
                && (string)insert.Parameters["@name"].Value! == "Di"); } await transaction.CommitAsync();
        await using var select = connection.CreateCommand(); select.CommandText = "select order"; select.CommandType = CommandType.Text;
        await using (var reader = await select.ExecuteReaderAsync(CommandBehavior.SequentialAccess)) { var rows = new List<(int Id, decimal Amount,
                DateTimeOffset? Made)>(); while (await reader.ReadAsync()) { rows.Add((reader.GetInt32("id"), reader.GetDecimal("amount"),
                    await reader.IsDBNullAsync("made") ? null : await reader.GetFieldValueAsync<DateTimeOffset>("made")));
                _ = reader.GetFieldValue<bool>("paid") | reader.GetBoolean("paid");
                _ = reader.GetInt64("big") + reader.GetInt16("qty") + reader.GetDouble("weight") + reader["who"].ToString() + reader.GetValue("took")
                + reader.GetString("who") + reader.GetDataTypeName("id") + reader.GetProviderSpecificValue(0);
                } XmlRecords.Must(rows.Count == 6 && rows.Sum(r => r.Amount) > 0); try { reader.GetString("none");
                } catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException) { } await reader.NextResultAsync(); }
        using (var reader = select.ExecuteReader()) { var map = RowMapper<OrderRow>.Build(reader); var list = new List<OrderRow>();
            while (reader.Read()) list.Add(map(reader)); XmlRecords.Must(list[1].Amount == 3m);
            } using (var reader = await select.ExecuteReaderAsync()) for (var rows = new DbEnumerator(reader, false);
            rows.MoveNext();) _ = ((IDataRecord)rows.Current).GetInt32(0) + ((IDataRecord)rows.Current).GetName(0);
        using (var reader = select.ExecuteReader()) _ = reader.Cast<DbDataRecord>().Select(r => (r.GetInt32(0), r.GetValue(2))).ToList();
        using (var reader = select.ExecuteReader()) { var table = new DataTable(); table.Load(reader); _ = reader.CanGetColumnSchema();
            } _ = await select.ExecuteScalarAsync();
        var adapter = factory.CreateDataAdapter()!; adapter.SelectCommand = select; adapter.MissingSchemaAction = MissingSchemaAction.AddWithKey;
        adapter.TableMappings.Add("Table", "orders").ColumnMappings.Add("amount", "price"); var set = new DataSet(); XmlRecords.Must(adapter.Fill(set) == 6);
        adapter.FillSchema(set, SchemaType.Mapped); set.Tables["orders"]!.Rows[0]["price"] = 77m; var update = connection.CreateCommand();
        update.CommandText = "update order"; update.UpdatedRowSource = UpdateRowSource.None;
        update.Parameters.Add(new MemoryParameter { ParameterName = "@amount", SourceColumn = "price", SourceVersion = DataRowVersion.Current });
        adapter.UpdateCommand = update; try { _ = adapter.Update(set); set.Tables["orders"]!.Rows[1].Delete(); adapter.Update(set);
            } catch (Exception e) when (e is InvalidOperationException or DBConcurrencyException) { _ = e.Message; }
        select.CommandText = "fail"; try { await select.ExecuteReaderAsync(); } catch (DbException e) { _ = e.Message + e.IsTransient + e.SqlState;
            } try { using var t = connection.BeginTransaction(); using (t) throw new InvalidOperationException("roll back");
            } catch (InvalidOperationException) { } try { await connection.OpenAsync(new CancellationToken(true)); } catch (OperationCanceledException) { }
        await using var source = factory.CreateDataSource("Data Source=m"); await using (var c = await source.OpenConnectionAsync()) _ = c.Database;
        await using var command = source.CreateCommand("select customer");
        await using (var reader = await command.ExecuteReaderAsync()) while (await reader.ReadAsync()) _ = reader.GetValue(1);
        _ = connection.GetSchema().Rows.Count; await connection.CloseAsync();
        using (var scope = new TransactionScope(TransactionScopeOption.Required, new TransactionOptions {
                    IsolationLevel = System.Transactions.IsolationLevel.ReadCommitted, Timeout = TimeSpan.FromSeconds(30) },
                TransactionScopeAsyncFlowOption.Enabled)) { var ambient = Transaction.Current!; ambient.EnlistVolatile(new Journal(), EnlistmentOptions.None);
            ambient.TransactionCompleted += (_, e) => _ = e.Transaction!.TransactionInformation.Status; await Task.Yield();
            using (var inner = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled)) inner.Complete();
            using (new TransactionScope(TransactionScopeOption.Suppress)) { } scope.Complete(); } try { using var scope = new TransactionScope();
            Transaction.Current!.EnlistVolatile(new Journal(), EnlistmentOptions.None); Transaction.Current.Rollback(); scope.Complete();
            } catch (TransactionAbortedException) { }
    }

    private sealed class OrderRow { public int Id { get; set; } public decimal Amount { get; set; } public string? Who { get; init;
            } public DateTimeOffset? Made { get; set; } }
    private sealed class Journal : IEnlistmentNotification
    {
        public void Prepare(PreparingEnlistment e) => e.Prepared(); public void Commit(Enlistment e) => e.Done();
        public void Rollback(Enlistment e) => e.Done(); public void InDoubt(Enlistment e) => e.Done();
    }
    private static class RowMapper<T> where T : new()
    {
        public static Func<DbDataReader, T> Build(DbDataReader reader)
        {
            var row = Expression.Parameter(typeof(DbDataReader), "row"); var bindings = new List<MemberBinding>();
            foreach (var p in typeof(T).GetProperties().Where(p => p.CanWrite))
            {
                var at = Expression.Constant(reader.GetOrdinal(p.Name));
                var get = typeof(DbDataReader).GetMethod(nameof(DbDataReader.GetFieldValue))!.MakeGenericMethod(Nullable.GetUnderlyingType(p.PropertyType)
                    ?? p.PropertyType);
                bindings.Add(Expression.Bind(p, Expression.Condition(Expression.Call(row, nameof(DbDataReader.IsDBNull), null, at),
                            Expression.Default(p.PropertyType), Expression.Convert(Expression.Call(row, get, at), p.PropertyType))));
            }
            return Expression.Lambda<Func<DbDataReader, T>>(Expression.MemberInit(Expression.New(typeof(T)), bindings), row).Compile();
        }
    }
}
internal sealed class MemoryFactory : DbProviderFactory
{
    public static readonly MemoryFactory Instance = new();
    public override DbConnection CreateConnection() => new MemoryConnection();
    public override DbCommand CreateCommand() => new MemoryCommand();
    public override DbParameter CreateParameter() => new MemoryParameter();
    public override DbConnectionStringBuilder CreateConnectionStringBuilder() => new();
    public override DbDataAdapter CreateDataAdapter() => new MemoryAdapter();
    private sealed class MemoryAdapter : DbDataAdapter { protected override int Fill(DataTable[] t, IDataReader r, int start, int max) => base.Fill(t, r, start,
            max); }
}
internal sealed class MemoryConnection : DbConnection
{
    public readonly DataSet Data = Tables.Sample(); private ConnectionState state;
    [AllowNull] public override string ConnectionString { get; set; } = "";
    public override string Database => "memory";
    public override string DataSource => ConnectionString;
    public override string ServerVersion => "1.0";
    public override ConnectionState State => state;
    public override void ChangeDatabase(string name) => throw new NotSupportedException();
    public override void Open() { if (state == ConnectionState.Open) throw new InvalidOperationException("open"); Move(ConnectionState.Open); }
    public override void Close() => Move(ConnectionState.Closed);
    public override DataTable GetSchema() => Data.Clone().Tables[0];
    private void Move(ConnectionState next) { if (state == next) return; var e = new StateChangeEventArgs(state, next); state = next; OnStateChange(e); }
    protected override DbTransaction BeginDbTransaction(System.Data.IsolationLevel level) => new MemoryTransaction(this, level);
    protected override DbCommand CreateDbCommand() => new MemoryCommand { Connection = this };
    protected override void Dispose(bool disposing) { if (disposing) Close(); base.Dispose(disposing); }
}
internal sealed class MemoryTransaction(MemoryConnection connection, System.Data.IsolationLevel level) : DbTransaction
{
    private bool done;
    public override System.Data.IsolationLevel IsolationLevel => level;
    protected override DbConnection DbConnection => connection;
    public override void Commit() { connection.Data.AcceptChanges(); done = true; }
    public override void Rollback() { connection.Data.RejectChanges(); done = true; }
    protected override void Dispose(bool disposing) { if (!done) Rollback(); base.Dispose(disposing); }
}
internal sealed class MemoryException(string message) : DbException(message, -5) { public override bool IsTransient => true;
    public override string SqlState => "42000"; }
internal sealed class MemoryCommand : DbCommand
{
    private readonly MemoryParameters parameters = [];
    [AllowNull] public override string CommandText { get; set; } = "";
    public override int CommandTimeout { get; set; } = 30;
    public override CommandType CommandType { get; set; } = CommandType.Text;
    public override bool DesignTimeVisible { get; set; }
    public override UpdateRowSource UpdatedRowSource { get; set; }
    protected override DbConnection? DbConnection { get; set; }
    protected override DbParameterCollection DbParameterCollection => parameters;
    protected override DbTransaction? DbTransaction { get; set; }
    private DataTable Table => CommandText.Split(' ') is [_, var name] && ((MemoryConnection)Connection!).Data.Tables[name] is { }
    t ? t : throw new MemoryException("no such table: " + CommandText);
    public override void Cancel() { }
    public override void Prepare() { }
    protected override DbParameter CreateDbParameter() => new MemoryParameter();
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Table.CreateDataReader();
    public override object? ExecuteScalar() { using var r = ExecuteDbDataReader(CommandBehavior.SingleRow); return r.Read() ? r.GetValue(0) : null; }
    public override int ExecuteNonQuery()
    {
        var row = CommandText.StartsWith("insert", StringComparison.Ordinal) ? Table.NewRow() : Table.Rows[0];
        foreach (DbParameter p in parameters) row[p.ParameterName.TrimStart('@')] = p.Value ?? DBNull.Value;
        if (row.RowState == DataRowState.Detached) Table.Rows.Add(row);
        return 1;
    }
}
internal sealed class MemoryParameter : DbParameter
{
    public override DbType DbType { get; set; }
    public override ParameterDirection Direction { get; set; } = ParameterDirection.Input;
    public override bool IsNullable { get; set; }
    [AllowNull] public override string ParameterName { get; set; } = "";
    public override int Size { get; set; }
    [AllowNull] public override string SourceColumn { get; set; } = "";
    public override bool SourceColumnNullMapping { get; set; }
    public override DataRowVersion SourceVersion { get; set; } = DataRowVersion.Current;
    public override object? Value { get; set; }
    public override void ResetDbType() => DbType = DbType.String;
}
internal sealed class MemoryParameters : DbParameterCollection
{
    private readonly List<DbParameter> items = [];
    public override int Count => items.Count;
    public override object SyncRoot => items;
    public override int Add(object value) { items.Add((DbParameter)value); return items.Count - 1; }
    public override void AddRange(Array values) => items.AddRange(values.Cast<DbParameter>());
    public override void Clear() => items.Clear();
    public override bool Contains(object value) => items.Contains((DbParameter)value);
    public override bool Contains(string value) => IndexOf(value) >= 0;
    public override void CopyTo(Array array, int index) => ((ICollection)items).CopyTo(array, index);
    public override IEnumerator GetEnumerator() => items.GetEnumerator();
    public override int IndexOf(object value) => items.IndexOf((DbParameter)value);
    public override int IndexOf(string name) => items.FindIndex(p => string.Equals(p.ParameterName, name, StringComparison.OrdinalIgnoreCase));
    public override void Insert(int index, object value) => items.Insert(index, (DbParameter)value);
    public override void Remove(object value) => items.Remove((DbParameter)value);
    public override void RemoveAt(int index) => items.RemoveAt(index);
    public override void RemoveAt(string name) => items.RemoveAt(IndexOf(name));
    protected override DbParameter GetParameter(int index) => items[index];
    protected override DbParameter GetParameter(string name) => items[IndexOf(name)];
    protected override void SetParameter(int index, DbParameter value) => items[index] = value;
    protected override void SetParameter(string name, DbParameter value) => items[IndexOf(name)] = value;
}

// ---- delimited and fixed-width text ----
internal static class TextFiles
{
    public static async Task Work(string dir)
    {
        string file = Path.Combine(dir, "sales.csv"), tabs = Path.Combine(dir, "sales.tsv");
        await using (var w = new StreamWriter(file, false, new UTF8Encoding(true)) { NewLine = "\r\n", AutoFlush = false }) {
            await w.WriteLineAsync("Id;Region;Product;Day;Amount;Quantity;Customer;State");
            foreach (var s in Sale.All) await w.WriteLineAsync(string.Join(';', new object?[] { s.Id, Quote(s.Region + (s.Id == 2 ? ";\"x\"" : "")), s.Product,
                    s.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), s.Amount.ToString(CultureInfo.InvariantCulture), s.Quantity, s.Customer,
                    s.State }.Select(v => Convert.ToString(v, CultureInfo.InvariantCulture)))); w.Write("bad;line\r\n"); w.Write('#'); w.Write(" end {0}", 1);
            await w.WriteLineAsync("x".AsMemory()); await w.FlushAsync(); }
        var sales = new List<Sale>(); var errors = new SortedDictionary<int, string>();
        using (var reader = new StreamReader(file, Encoding.UTF8, true, new FileStreamOptions {
                    Options = FileOptions.Asynchronous | FileOptions.SequentialScan })) { var header = Split(await reader.ReadLineAsync() ?? "",
                ';').Select((name, i) => (name, i)).ToDictionary(p => p.name, p => p.i, StringComparer.OrdinalIgnoreCase); for (int line = 2;
                await reader.ReadLineAsync() is { } text; line++) { if (text.StartsWith('#') || string.IsNullOrWhiteSpace(text)) continue;
                try { var f = Split(text, ';'); sales.Add(new(int.Parse(f[header["id"]]), f[1], f[2], DateOnly.ParseExact(f[3], "yyyy-MM-dd",
                    CultureInfo.InvariantCulture), decimal.Parse(f[4], NumberStyles.Number, CultureInfo.InvariantCulture), int.Parse(f[5], NumberStyles.Integer,
                    CultureInfo.InvariantCulture), Guid.Parse(f[6]), Enum.Parse<OrderState>(f[7], true)));
                    } catch (Exception e) when (e is FormatException or IndexOutOfRangeException or ArgumentException) {
                    errors[line] = $"line {line}: {e.GetType().Name}"; } } _ = reader.EndOfStream;
            } XmlRecords.Must(sales.Count == 12 && errors.Count == 1 && sales[1].Region == "East;\"x\"");
        await File.WriteAllLinesAsync(tabs, sales.Select(s => $"{s.Id}\t{s.Region,-12}\t{s.Amount,10:F2}\t{s.Day:O}"), Encoding.Latin1);
        await File.AppendAllTextAsync(tabs, "end\n"); foreach (string line in await File.ReadAllLinesAsync(tabs)) if (line.Split('\t',
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [var id, var region, var amount, ..] && int.TryParse(id,
                out int n)) _ = (n, region, double.Parse(amount, CultureInfo.InvariantCulture));
        _ = File.ReadLines(tabs).Skip(1).TakeWhile(l => l.Length > 3).Select(l => l.Split('\t', 2)).ToLookup(p => p[1][..3], p => p[0]).Count;
        var fixedText = new StringBuilder(); foreach (var s in sales)
            fixedText.Append(s.Id.ToString("D5")).Append(s.Region.PadRight(10)[..10]).Append(CultureInfo.InvariantCulture,
            $"{s.Amount * 100:00000000}").AppendFormat(CultureInfo.InvariantCulture, "{0:yyyyMMdd}{1,4}", s.Day, s.Quantity).AppendJoin(',', "a",
            "b").AppendLine(); foreach (ReadOnlySpan<char> line in fixedText.ToString().AsSpan().EnumerateLines()) if (line.Length > 30) _
            = int.Parse(line[..5], NumberStyles.None) + line[5..15].TrimEnd().Length + long.Parse(line.Slice(15, 8)) + DateTime.ParseExact(line.Slice(23, 8),
            "yyyyMMdd", CultureInfo.InvariantCulture).Day; fixedText.Replace("North", "N").Insert(0, "H").Remove(0, 1);
        foreach (var chunk in fixedText.GetChunks()) _ = chunk.Length;
        const string sample = "a,b,,c"; foreach (Range r in Ranges(sample)) _ = sample[r]; 
#if NET10_0
        using var pipe = File.OpenRead(file); var pipeReader = PipeReader.Create(pipe, new StreamPipeReaderOptions(bufferSize: 64)); int lines = 0;
        while (true) { var result = await pipeReader.ReadAsync(); var buffer = result.Buffer; while (buffer.PositionOf((byte)'\n') is { }
                at) { var row = buffer.Slice(0, at); lines += Fields(row) > 0 ? 1 : 0; buffer = buffer.Slice(buffer.GetPosition(1, at));
                } pipeReader.AdvanceTo(buffer.Start, buffer.End); if (result.IsCompleted) break; } await pipeReader.CompleteAsync(); 
#endif
        using var block = new StringReader("a\nb"); _ = block.ReadLine() + block.Peek() + await block.ReadToEndAsync(); var binary = new MemoryStream();
        using (var w = new BinaryWriter(binary, Encoding.UTF8, true)) { w.Write(1); w.Write("name"); w.Write(1.5m); w.Write(2.5); w.Write(true);
            w.Write((short)3); w.Write(new byte[] { 1 }); w.Write7BitEncodedInt(300); w.Write('c'); w.Write(DateTime.UnixEpoch.ToBinary());
            } binary.Position = 0; using var b = new BinaryReader(binary);
        _ = b.ReadInt32() + b.ReadString() + b.ReadDecimal() + b.ReadDouble() + b.ReadBoolean() + b.ReadInt16() + b.ReadBytes(1).Length + b.Read7BitEncodedInt()
            + b.ReadChar() + DateTime.FromBinary(b.ReadInt64()); try { b.ReadInt32(); } catch (EndOfStreamException) { }
        try { await File.ReadAllTextAsync(Path.Combine(dir, "none", "x")); } catch (DirectoryNotFoundException e) { _ = e.Message;
            } try { File.OpenRead(Path.Combine(dir, "none")); } catch (FileNotFoundException e) { _ = e.FileName; }
    }

    private static Range[] Ranges(string line) { Span<Range> r = stackalloc Range[8];
        return r[..line.AsSpan().Split(r, ',', StringSplitOptions.RemoveEmptyEntries)].ToArray(); }
    private static int Fields(ReadOnlySequence<byte> row) { var r = new SequenceReader<byte>(row); int n = 0;
        while (r.TryReadTo(out ReadOnlySequence<byte> field, (byte)';')) { n++; if (field.IsSingleSegment && Utf8Parser.TryParse(field.FirstSpan, out int id,
                out _)) n += id > 0 ? 0 : 1; else _ = Encoding.UTF8.GetString(field); } return n; }
    private static string Quote(string s) => s.AsSpan().IndexOfAny(";\"\n") < 0 ? s : $"\"{s.Replace("\"", "\"\"")}\"";
    private static string[] Split(string line, char separator)
    {
        var fields = new List<string>(); var field = new StringBuilder(); bool quoted = false;
        for (int i = 0; i < line.Length; i++)
            if (quoted) { if (line[i] != '"') field.Append(line[i]); else if (i + 1 < line.Length && line[i + 1] == '"') field.Append(line[i++]);
                else quoted = false; }
            else if (line[i] == '"') quoted = true;
            else if (line[i] == separator) { fields.Add(field.ToString()); field.Clear(); }
            else field.Append(line[i]);
        fields.Add(field.ToString()); return [.. fields];
    }
}

// ---- reports ----
internal static class Reports
{
    private static readonly List<Sale> Sales = Sale.All;

    public static void Lists()
    {
        foreach (var g in Sales.GroupBy(s => s.Region).OrderByDescending(g => g.Sum(s => s.Amount)).ThenBy(g => g.Key, StringComparer.Ordinal)) _
            = $"{g.Key,-8}|{g.Count(),4}|{g.Sum(s => s.Amount),10:N2}|{g.Average(s => s.Quantity),6:F1}|{g.Min(s => s.Day):d}|{g.Max(s => s.Rating)}|{g.Average(s => s.Rating)}|{g.Sum(s => s.Weight):0.0}|{g.MaxBy(s => s.Amount)?.Id}|{g.MinBy(s => s.Day)?.Product}";
        var regions = new[] { new { Code = "North", Manager = "Ann" }, new { Code = "South", Manager = "Bo" }, new { Code = "West", Manager = "Cy" } };
        _ = Sales.Join(regions, s => s.Region, r => r.Code, (s, r) => new { s.Id, r.Manager, s.Amount }).OrderBy(x => x.Manager).ThenByDescending(x
            => x.Amount).Take(3).ToList(); _ = (from r in regions join s in Sales on r.Code equals s.Region into found from s in found.DefaultIfEmpty() let
            amount = s?.Amount ?? 0 where amount >= 0 orderby amount descending, r.Code select (r.Code, amount)).ToArray();
        _ = regions.GroupJoin(Sales, r => r.Code, s => s.Region, (r, found) => (r.Code, N: found.Count(), Total: found.Sum(f => f.Amount))).Where(t
            => t.N > 0).ToDictionary(t => t.Code, t => (t.N, t.Total));
        _ = Sales.Zip(Sales.Skip(1), (a, b) => b.Amount - a.Amount).Average() + Sales.Zip([1, 2, 3]).Count() + Sales.Select(s => s.Id).Zip(Sales.Select(s
                => s.Region), Sales.Select(s => s.Amount)).Count(t => t.Third > 5);
        _ = Sales.ToLookup(s => s.State, s => s.Id)[OrderState.Open].Sum() + Sales.ToLookup(s => (s.Region, s.Product)).Count(l => l.Skip(1).Any());
        _ = Sales.Aggregate(0m, (sum, s) => sum + s.Amount) + Sales.Select(s => s.Amount).Aggregate(Math.Max) + Sales.Aggregate(new StringBuilder(),
            (b, s) => b.Append(s.Id), b => b.Length); foreach (var page in Sales.Chunk(5)) _ = page.Length + page.First().Id + page[^1].Id;
        _ = Sales.DistinctBy(s => s.Product).Count() + Sales.UnionBy(Sales, s => s.Id).Count() + Sales.ExceptBy(["P1"], s => s.Product).Count()
            + Sales.IntersectBy([1, 2], s => s.Id).Count();
        var years = Sales.GroupBy(s => new { s.Day.Year, s.Day.Month }).Select(g => new { g.Key.Year, g.Key.Month, Total = g.Sum(s => s.Amount),
                Share = (double)(g.Sum(s => s.Amount) / Sales.Sum(s => s.Amount)) }).OrderBy(x => x.Year).ThenBy(x => x.Month).ToList(); decimal running = 0;
        var cumulative = years.Select((y, i) => (Index: i, y.Month, Sum: running += y.Total)).ToList();
        _ = cumulative.Last().Sum + cumulative.Max(c => c.Sum) + cumulative.MaxBy(c => c.Sum).Month + cumulative.Single(c => c.Index == 0).Month
            + cumulative.ElementAtOrDefault(99).Month; var pivot = Sales.Select(s => s.Product).Distinct().Order().ToDictionary(p => p,
            p => Sales.Where(s => s.Product == p).GroupBy(s => s.Region).ToDictionary(g => g.Key, g => g.Sum(s => s.Amount)));
        foreach (var (product, byRegion) in pivot) _ = product + string.Join('|', byRegion.OrderByDescending(p => p.Value).Select(p
                => $"{p.Key}={p.Value:N1}"));
        try { Sales.First(s => s.Id > 99); } catch (InvalidOperationException) { } try { Sales.Single(s => s.Quantity > 0);
            } catch (InvalidOperationException) { } try { Sales.ToDictionary(s => s.Region); } catch (ArgumentException) { }
        try { Enumerable.Empty<decimal>().Average(); } catch (InvalidOperationException) { }
        _ = Sales.FirstOrDefault(s => s.Id == 99)?.Id ?? Sales.LastOrDefault(s => s.Amount < 5)?.Id;
        _ = Sales.SkipWhile(s => s.Id < 5).SkipLast(1).TakeLast(4).Append(Sales[0]).Prepend(Sales[1]).Concat(Sales.Take(1..3)).AsEnumerable().Reverse().SelectMany(s
            => new[] { s.Id, s.Quantity }, (s, n) => (s.Region, n)).Sum(t => t.n);
        _ = Sales.Any(s => s.Amount > 20) && Sales.All(s => s.Id > 0) && Sales.Select(s => s.Region).Contains("north", StringComparer.OrdinalIgnoreCase)
            && Sales.TryGetNonEnumeratedCount(out _) && Sales.OfType<object>().Cast<Sale>().SequenceEqual(Sales);
        _ = Sales.AsParallel().WithDegreeOfParallelism(2).Where(s => s.Id > 2).GroupBy(s => s.Region).Select(g => (g.Key, g.Sum(s => s.Amount))).OrderBy(t
            => t.Key).ToList(); _ = Sales.AsQueryable().Where(s => s.Amount > 3).OrderBy(s => s.Region).ThenByDescending(s => s.Id).Select(s => new {
                s.Id, s.Region }).Skip(1).Take(3).ToList(); _ = Sales.AsQueryable().GroupBy(s => s.Region).Select(g => new {
                g.Key, Total = g.Sum(s => s.Amount) }).Count(x => x.Total > 1) + Sales.AsQueryable().Max(s => s.Quantity);
#if NET10_0
        _ = Sales.CountBy(s => s.Region).ToDictionary() .Count + Sales.AggregateBy(s => s.Product, 0m, (sum, s) => sum + s.Amount).Max(p => p.Value)
            + Sales.Index().Sum(t => t.Index) + Sales.LeftJoin(regions, s => s.Region, r => r.Code, (s, r) => (s.Id, r?.Manager)).Count()
            + regions.RightJoin(Sales, r => r.Code, s => s.Region, (r, s) => s.Id).Sum() + Sales.Shuffle().Count();
#endif
    }

    public static void Keys()
    {
        var byId = Sales.ToDictionary(s => s.Id); var byDay = Sales.GroupBy(s => s.Day).ToDictionary(g => g.Key, g => g.Sum(s => s.Amount));
        var byCustomer = Sales.GroupBy(s => s.Customer).ToDictionary(g => g.Key, g => g.ToList());
        var byState = Sales.GroupBy(s => s.State, s => s.Amount).Select(g => (g.Key, Total: g.Sum())).ToList();
        var byPair = Sales.GroupBy(s => (s.Region, s.State)).ToDictionary(g => g.Key, g => g.Count());
        var byMonth = Sales.GroupBy(s => (s.Day.Year, s.Day.Month)).OrderBy(g => g.Key).Select(g => (g.Key.Month, N: g.Count(),
                Total: g.Sum(s => s.Amount))).ToList(); var byWeekday = Sales.GroupBy(s => s.Day.DayOfWeek).OrderBy(g => g.Key).ToDictionary(g => g.Key,
            g => g.Average(s => s.Amount)); var byTime = Sales.GroupBy(s => s.Day.ToDateTime(TimeOnly.MinValue)).ToDictionary(g => g.Key, g => g.Count());
        var byRating = Sales.GroupBy(s => s.Rating).OrderBy(g => g.Key).Select(g => (g.Key, g.Count())).ToList();
        var byFirst = Sales.GroupBy(s => s.Product[0], (c, g) => new KeyValuePair<char, decimal>(c, g.Sum(s => s.Amount))).ToDictionary(p => p.Key,
            p => p.Value);
        var sums = new Dictionary<string, decimal>(StringComparer.OrdinalIgnoreCase);
        var counts = new SortedDictionary<string, (int N, decimal Sum)>(StringComparer.Ordinal); var names = new SortedList<DateOnly, string>();
        foreach (var s in Sales) { sums[s.Region] = sums.GetValueOrDefault(s.Region) + s.Amount;
            counts[s.Product] = counts.TryGetValue(s.Product, out var c) ? (c.N + 1, c.Sum + s.Amount) : (1, s.Amount); names.TryAdd(s.Day, s.Region);
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(sums, s.Product, out _) += s.Quantity;
            } var best = new PriorityQueue<Sale, decimal>(Sales.Select(s => (s, -s.Amount))); _ = best.Dequeue().Id + best.EnqueueDequeue(Sales[0], 0).Id;
        foreach (var (key, (n, sum)) in counts) _ = $"{key}: {n} {sum:C}"; var frozen = sums.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        var codes = Sales.Select(s => s.Id).ToFrozenSet();
        _ = (double)frozen["NORTH"] + (codes.Contains(4) ? 1 : 0) + (double)Sales.ToImmutableDictionary(s => s.Id,
            s => s.Amount)[1] + Sales.ToImmutableSortedDictionary(s => s.Day.DayNumber, s => s.Region).Count + Sales.ToImmutableArray().Length + Sales.Select(s
            => (s.Id, s.Region)).ToHashSet().Count + Sales.Select(s => s.Day).ToHashSet().Count + Sales.Select(s => s.Customer).Distinct().Count();
        var list = Sales.Select(s => (s.Region, s.Amount)).ToList();
        list.Sort((a, b) => string.CompareOrdinal(a.Region, b.Region) is var c && c != 0 ? c : b.Amount.CompareTo(a.Amount));
        var times = Sales.Select(s => (s.Day, s.Id)).ToArray(); Array.Sort(times, (a, b) => b.CompareTo(a));
        Array.Sort(Sales.Select(s => s.Amount).ToArray(), Sales.Select(s => s.Id).ToArray());
        _ = list.FindIndex(t => t.Amount > 5) + list.BinarySearch(list[2], Comparer<(string, decimal)>.Create((a, b) => string.CompareOrdinal(a.Item1,
                    b.Item1))) + list.RemoveAll(t => t.Amount < 3) + list.ConvertAll(t => t.Amount).Count; list.ForEach(t => _ = t.Region);
        _ = list.GetRange(0, 2).Exists(t => t.Amount > 1) | list.TrueForAll(t => t.Region.Length > 0);
        var (low, high) = list.Aggregate((Low: decimal.MaxValue, High: decimal.MinValue), (a, t) => (Math.Min(a.Low, t.Amount), Math.Max(a.High, t.Amount)));
        var matrix = Sales.GroupBy(s => s.Region).Select(g => g.OrderBy(s => s.Id).Select(s => (double)s.Amount).ToArray()).ToArray();
        double[] flat = matrix.SelectMany(r => r).Order().ToArray(); double mean = flat.Average(), deviation = Math.Sqrt(flat.Sum(v => Math.Pow(v - mean,
                    2)) / flat.Length), median = flat[flat.Length / 2];
        var histogram = flat.GroupBy(v => (int)(v / 5) * 5).OrderBy(g => g.Key).Select(g => (From: g.Key, Count: g.Count())).ToList();
        foreach (var (from, count) in histogram) _ = $"{from,4}-{from + 5,-4} {new string('#', count)}";
        _ = Sales.Where(s => s.Day >= new DateOnly(2024, 2, 1)).Select(s => s.Day).Min().AddDays(1).ToString("dd MMM yyyy", CultureInfo.InvariantCulture)
            + Sales.Select(s => s.Rating).Where(r => r.HasValue).Select(r => r!.Value).DefaultIfEmpty(-1).Max() + Sales.Sum(s => (long)s.Quantity) + Sales.Max(s
            => s.Day) + Sales.Min(s => (decimal?)s.Amount) + Sales.Sum(s => (double?)s.Weight) + Sales.OrderBy(s => s.Customer).ThenBy(s => s.Day).ThenBy(s
            => s.State).ThenByDescending(s => s.Rating).First().Id + Sales.OrderBy(s => s.Weight).Select(s => s.Weight).Last() + Sales.GroupBy(s
            => s.Amount > 10).ToDictionary(g => g.Key, g => g.Count())[true] + Sales.Order(Comparer<Sale>.Create((a, b) => a.Id - b.Id)).Last().Id;
        _ = Sales.Select(s => new DateTimeOffset(s.Day, TimeOnly.MinValue, TimeSpan.Zero)).OrderDescending().First();
        _ = Sales.Select(s => TimeSpan.FromHours(s.Quantity)).Aggregate(TimeSpan.Zero, (a, b) => a + b);
        _ = Enumerable.Range(0, 3).Select(i => DateTime.UnixEpoch.AddDays(i)).ToDictionary(d => d, d => d.DayOfWeek).Count + Enumerable.Repeat(1.5,
            3).Sum() + Enumerable.Range(0, 5).ToDictionary(i => (long)i, i => i * 1.5).Values.Sum(); var table = new OrderedDictionary { ["b"] = 1, ["a"] = 2 };
        table.Insert(0, "z", 0); _ = table[0]; var options = new NameValueCollection { { "a", "1" }, { "a", "2" } };
        _ = options.GetValues("a")!.Length + options.AllKeys.Length;
    }
}

// ---- selectors and mappers ----
internal static class Mapping
{
    public static void Selectors()
    {
        var sale = Expression.Parameter(typeof(Sale), "s"); foreach (var (property, op, value) in new (string, ExpressionType, object)[] {
                ("Amount", ExpressionType.GreaterThan, 5m), ("Region", ExpressionType.Equal, "North"), ("Day", ExpressionType.LessThanOrEqual,
                    new DateOnly(2024, 3, 1)), ("Quantity", ExpressionType.NotEqual, 2), ("State", ExpressionType.Equal, OrderState.Open), ("Rating",
                    ExpressionType.GreaterThanOrEqual, 2), ("Customer", ExpressionType.Equal, Guid.Empty) }) { var member = Expression.Property(sale, property);
            var body = Expression.MakeBinary(op, member, Expression.Convert(Expression.Constant(value), member.Type));
            var filter = Expression.Lambda<Func<Sale, bool>>(body, sale); _ = Sale.All.Count(filter.Compile()) + filter.ToString();
            _ = Sale.All.AsQueryable().Where(filter).Count(); }
        Expression<Func<Sale, bool>> big = s => s.Amount > 5, north = s => s.Region.StartsWith("N") || s.Region.Length > 4;
        var both = Expression.Lambda<Func<Sale, bool>>(Expression.AndAlso(big.Body, new Swap(north.Parameters[0], big.Parameters[0]).Visit(north.Body)),
            big.Parameters); _ = Sale.All.Where(both.Compile(preferInterpretation: true)).Count(); string column = "Amount";
        var key = Expression.Lambda<Func<Sale, object>>(Expression.Convert(Expression.PropertyOrField(sale, column), typeof(object)), sale).Compile();
        _ = Sale.All.OrderBy(key).First(); var sorted = (IQueryable<Sale>)typeof(Queryable).GetMethods().First(m => m.Name == "OrderByDescending"
            && m.GetParameters().Length == 2).MakeGenericMethod(typeof(Sale), typeof(DateOnly)).Invoke(null, [Sale.All.AsQueryable(),
                Expression.Lambda(Expression.Property(sale, "Day"), sale)])!; _ = sorted.ToList();
        Expression<Func<Sale, object?>>[] columns = [s => s.Id, s => s.Region, s => s.Rating, s => s.Day.Year, s => $"{s.Id}-{s.Product}", s => s.Rating ?? 0,
            s => s.Quantity > 2 ? "many" : null]; foreach (var c in columns) _ = Name(c.Body) + c.Compile()(Sale.All[0]);
        var total = Expression.Variable(typeof(decimal), "t"); var item = Expression.Variable(typeof(int), "i");
        var list = Expression.Parameter(typeof(List<Sale>)); var exit = Expression.Label(typeof(decimal));
        var loop = Expression.Lambda<Func<List<Sale>, decimal>>(Expression.Block([total, item], Expression.Loop(Expression.IfThenElse(Expression.LessThan(item,
                    Expression.Property(list, "Count")), Expression.Block(Expression.AddAssign(total, Expression.Property(Expression.Property(list, "Item",
                    item), "Amount")), Expression.PostIncrementAssign(item)), Expression.Break(exit, total)), exit)), list);
        XmlRecords.Must(loop.Compile()(Sale.All) == Sale.All.Sum(s => s.Amount));
        var safe = Expression.Lambda<Func<string, int>>(Expression.TryCatch(Expression.Call(typeof(int), "Parse", null, Text),
                Expression.Catch(typeof(FormatException), Expression.Constant(-1))), Text); _ = safe.Compile()("x");
        var pick = Expression.Lambda<Func<int, string>>(Expression.Switch(Number, Expression.Constant("?"), Expression.SwitchCase(Expression.Constant("one"),
                    Expression.Constant(1))), Number).Compile()(1); _ = Expression.Lambda<Func<object, string>>(Expression.Coalesce(Expression.TypeAs(Any,
                    typeof(string)), Expression.Call(Any, "ToString", null)),
            Any).Compile()(5) + Expression.Lambda<Func<int[]>>(Expression.NewArrayInit(typeof(int), Expression.Constant(1))).Compile()().Length
            + Expression.Lambda<Func<List<int>>>(Expression.ListInit(Expression.New(typeof(List<int>)), Expression.Constant(1))).Compile()().Count;
        try { Expression.Property(sale, "Nope"); } catch (ArgumentException) { } try { Expression.Add(Expression.Constant(1), Expression.Constant("a"));
            } catch (InvalidOperationException) { }
    }

    private static readonly ParameterExpression Text = Expression.Parameter(typeof(string)), Number = Expression.Parameter(typeof(int)),
        Any = Expression.Parameter(typeof(object));
    private static string Name(Expression e) => e switch { UnaryExpression u => Name(u.Operand), MemberExpression m => (m.Expression is MemberExpression p
            ? Name(p) + "." : "") + m.Member.Name, MethodCallExpression c => c.Method.Name, ConditionalExpression c => Name(c.Test),
        BinaryExpression b => b.NodeType.ToString(), _ => e.NodeType.ToString() };
    private sealed class Swap(ParameterExpression from, ParameterExpression to) : ExpressionVisitor {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : base.VisitParameter(node); }

    public static void Mappers()
    {
        var row = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["id"] = "5", ["priority"] = 3L, ["day"] = "2024-02-29",
            ["state"] = "Open", ["key"] = Guid.Empty.ToString(), ["weight"] = 1, ["rebate"] = null, ["made"] = "2024-01-01T00:00:00+01:00", ["currency"] = 7,
            ["took"] = "00:01:00", ["paid"] = "true", ["flags"] = 3, ["grade"] = "A" }; var order = new Order();
        foreach (var p in typeof(Order).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite && row.ContainsKey(p.Name)).OrderBy(p
                => p.MetadataToken)) p.SetValue(order, To(row[p.Name], p.PropertyType));
        XmlRecords.Must(order.Id == 5 && order.Priority == 3 && order.State == OrderState.Open && order.Took.TotalMinutes == 1);
        var copy = Copy<Order, RushOrder>(order); XmlRecords.Must(copy.Id == 5);
        var constructor = typeof(Sale).GetConstructors().Single(c => c.GetParameters().Length > 1);
        object?[] values = constructor.GetParameters().Select(p => p.HasDefaultValue ? p.DefaultValue : p.ParameterType.IsValueType
            ? Activator.CreateInstance(p.ParameterType) : "v").ToArray(); var made = (Sale)constructor.Invoke(values);
        _ = made.ToString() + made.GetHashCode() + (made == made with { });
        foreach (var p in typeof(Invoice).GetProperties()) _ = p.GetCustomAttribute<JsonPropertyOrderAttribute>()?.Order + p.PropertyType.Name
            + new NullabilityInfoContext().Create(p).ReadState + p.GetSetMethod()?.ReturnParameter.GetRequiredCustomModifiers().Length
            + p.IsDefined(typeof(RequiredMemberAttribute)); var get = typeof(Order).GetProperty("Id")!.GetMethod!.CreateDelegate<Func<Order, int>>();
        var set = (Action<Order, int>)Delegate.CreateDelegate(typeof(Action<Order, int>), typeof(Order).GetProperty("Id")!.SetMethod!);
        set(order, get(order) + 1); _ = typeof(Order).GetField("Remark")!.GetValue(order);
        typeof(Employee).GetField("salary", BindingFlags.NonPublic | BindingFlags.Instance)!.SetValue(new Employee(), 7m);
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(typeof(Sale)))!; list.Add(made);
        _ = typeof(Dictionary<string, Sale>).GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))
            | typeof(RushOrder).IsSubclassOf(typeof(Order)) | typeof(Order).IsAssignableFrom(typeof(RushOrder));
        try { typeof(Order).GetProperty("Id")!.SetValue(order, "x"); } catch (ArgumentException) { }
        try { typeof(Amount).GetMethod("Parse")!.Invoke(null, ["bad"]); } catch (TargetInvocationException e) { _ = e.InnerException!.Message;
            } try { Activator.CreateInstance(typeof(NoConstructor)); } catch (MissingMethodException) { }
        _ = typeof(Mapping).GetMethod("Copy", BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(typeof(Address), typeof(Address)).Invoke(null,
            [new Address { City = "x" }]); dynamic bag = new System.Dynamic.ExpandoObject(); ((IDictionary<string, object?>)bag)["Total"] = 5;
        _ = ((IDictionary<string, object?>)bag).Keys.Count; RuntimeHelpers.RunClassConstructor(typeof(Sale).TypeHandle);
        foreach (Type t in Assembly.GetExecutingAssembly().GetTypes().Where(t => t is { IsClass: true, IsAbstract: false }
                && typeof(Payment).IsAssignableFrom(t))) _ = t.FullName;
    }

    private static object? To(object? value, Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner) { if (value is null or "") return null; type = inner; }
        return value switch { null => type.IsValueType ? Activator.CreateInstance(type) : null, string s when type.IsEnum => Enum.Parse(type, s, true),
            _ when type.IsEnum => Enum.ToObject(type, value), string s when type != typeof(string) && TypeDescriptor.GetConverter(type) is var c
            && c.CanConvertFrom(typeof(string)) => c.ConvertFromInvariantString(s), _ => Convert.ChangeType(value, type, CultureInfo.InvariantCulture) };
    }
    private static TTarget Copy<TSource, TTarget>(TSource source) where TTarget : new()
    {
        var origin = Expression.Parameter(typeof(TSource));
        var common = from t in typeof(TTarget).GetProperties() where t.CanWrite join s in typeof(TSource).GetProperties() on (t.Name,
            t.PropertyType) equals (s.Name, s.PropertyType) select Expression.Bind(t, Expression.Property(origin, s));
        return Expression.Lambda<Func<TSource, TTarget>>(Expression.MemberInit(Expression.New(typeof(TTarget)), common), origin).Compile()(source);
    }
}

// ---- component model ----
internal static class Binding
{
    public static void Converters()
    {
        foreach (var (type, text) in new (Type, string)[] { (typeof(int), "5"), (typeof(long), "6"), (typeof(decimal), "1.5"), (typeof(double), "2.5"),
                (typeof(float), "1"), (typeof(byte), "#F"), (typeof(bool), "true"), (typeof(DateTime), "2024-01-01"), (typeof(DateTimeOffset), "2024-01-01"),
                (typeof(DateOnly), "2024-01-01"), (typeof(TimeOnly), "10:00"), (typeof(TimeSpan), "1:00"), (typeof(Guid), Guid.Empty.ToString()), (typeof(Uri),
                    "http://x/"), (typeof(Version), "1.2"), (typeof(OrderState), "Open"), (typeof(OrderFlags), "Gift, Foreign"), (typeof(int?), "5"),
                (typeof(char), "c"), (typeof(CultureInfo), ""), (typeof(System.Drawing.Point), "1, 2"), (typeof(System.Drawing.Color), "Red"),
                (typeof(Temperature), "20 C"), (typeof(string), "s"), (typeof(Half), "1"), (typeof(short), "1") }) { var c = TypeDescriptor.GetConverter(type);
            if (!c.CanConvertFrom(typeof(string))) continue; object value = c.ConvertFromInvariantString(text)!;
            _ = c.ConvertToInvariantString(value) + c.ConvertToString(null, CultureInfo.InvariantCulture, value) + c.IsValid(text)
            + c.GetStandardValuesSupported(); try { c.ConvertFromInvariantString("\u0001");
                } catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException) { _ = e.Message; } }
        var product = new Product { Name = "pen", Price = 1 };
        foreach (PropertyDescriptor p in TypeDescriptor.GetProperties(product)) _ = p.Name + p.DisplayName + p.Description + p.Category + p.PropertyType.Name
            + p.GetValue(product) + p.CanResetValue(product) + p.ShouldSerializeValue(product) + p.IsReadOnly + p.IsBrowsable + p.Converter;
        var price = TypeDescriptor.GetProperties(typeof(Product)).Find("price", true)!; price.AddValueChanged(product, (_, _) => { });
        price.SetValue(product, 5m); _ = TypeDescriptor.GetAttributes(product).OfType<DisplayNameAttribute>().FirstOrDefault()?.DisplayName
            + TypeDescriptor.GetDefaultProperty(product)?.Name + TypeDescriptor.GetEvents(product).Count + TypeDescriptor.GetClassName(product)
            + TypeDescriptor.GetProperties(product, [new CategoryAttribute("Money")]).Count;
        TypeDescriptor.AddAttributes(typeof(Address), new DescriptionAttribute("d"), new TypeConverterAttribute(typeof(ExpandableObjectConverter)));
        _ = TypeDescriptor.GetConverter(typeof(Address)).GetProperties(new Address())!.Count + TypeDescriptor.CreateProperty(typeof(Address), "City",
            typeof(string)).Name; TypeDescriptor.Refresh(typeof(Address));
        _ = new System.ComponentModel.EnumConverter(typeof(OrderState)).GetStandardValues()!.Count
            + TypeDescriptor.GetConverter(typeof(int[])).ConvertToString(new[] { 1 }) + new CollectionConverter().GetPropertiesSupported()
            + new ArrayConverter().GetProperties(null, new[] { 1 }, null)!.Count;
    }

    public static void Validation()
    {
        foreach (var product in new[] { new Product { Name = "pen", Price = 2, Sku = "A-1", Email = "a@example.com", Low = 1, High = 2 }, new Product {
                    Name = "", Price = -1, Sku = "a1", Email = "a", Phone = "x", Url = "q", Card = "1", Tags = ["a", "b", "c", "d"], Low = 3, High = 1,
                    State = (OrderState)9 }, new Product { Name = new string('x', 30) } }) { var results = new List<ValidationResult>();
            var context = new ValidationContext(product, null, new Dictionary<object, object?> { ["k"] = 1 }) { MemberName = null };
            bool ok = Validator.TryValidateObject(product, context, results, true);
            foreach (var r in results) _ = r.ErrorMessage + string.Join(',', r.MemberNames); XmlRecords.Must(ok == (product.Sku == "A-1"));
            _ = Validator.TryValidateProperty(product.Price, new ValidationContext(product) { MemberName = nameof(Product.Price) }, results);
            try { Validator.ValidateObject(product, context, true); } catch (System.ComponentModel.DataAnnotations.ValidationException e) {
                _ = e.ValidationResult.ErrorMessage + e.ValidationAttribute?.GetType().Name + e.Value;
                } } _ = Validator.TryValidateValue(5, new ValidationContext(1), null, [new RangeAttribute(1, 3) { ErrorMessage = "{0} from {1} to {2}" },
                new RequiredAttribute()]); foreach (var a in new ValidationAttribute[] { new AllowedValuesAttribute("a", "b"), new DeniedValuesAttribute("x"),
                new LengthAttribute(1, 2), new Base64StringAttribute(), new EmailAddressAttribute(), new FileExtensionsAttribute { Extensions = "csv,txt" },
                new RangeAttribute(typeof(DateTime), "2024-01-01", "2024-12-31"), new RegularExpressionAttribute("^a"), new MinLengthAttribute(2),
                new MaxLengthAttribute(3), new StringLengthAttribute(5) { MinimumLength = 2 }, new EnumDataTypeAttribute(typeof(OrderState)),
                new CompareAttribute("Name"), new UrlAttribute(), new PhoneAttribute(), new CreditCardAttribute(), new DataTypeAttribute(DataType.Date) }) try {
            _ = a.IsValid("b") + a.FormatErrorMessage("field"); } catch (Exception) { }
        _ = new DisplayAttribute { Name = "N", Order = 1, GroupName = "g" }.GetName()
            + typeof(Product).GetProperty("Name")!.GetCustomAttribute<DisplayAttribute>()!.GetPrompt();
    }

    public static void Lists()
    {
        var a = new Product { Name = "a" }; var changes = new List<string?>(); a.PropertyChanged += (_, e) => changes.Add(e.PropertyName);
        a.PropertyChanging += (_, e) => changes.Add(e.PropertyName); a.ErrorsChanged += (_, e) => changes.Add(e.PropertyName); a.Price = 3; a.Price = 3;
        a.Name = "b"; a.Price = -4; XmlRecords.Must(a.HasErrors && a.GetErrors("Price").Cast<string>().Count() == 1 && changes.Count > 4);
        var list = new BindingList<Product>([a]) { AllowNew = true, AllowRemove = true, RaiseListChangedEvents = true };
        list.ListChanged += (_, e) => changes.Add($"{e.ListChangedType} {e.NewIndex} {e.PropertyDescriptor?.Name}");
        list.AddingNew += (_, e) => e.NewObject = new Product { Name = "new" }; list.AddNew(); list.EndNew(1); list.Add(new()); list[0].Price = 9;
        list.CancelNew(2); list.RemoveAt(1); list[0] = new(); list.ResetBindings(); list.ResetItem(0);
        ((IBindingList)list).AddIndex(TypeDescriptor.GetProperties(typeof(Product))[0]);
        try { ((IBindingList)list).ApplySort(TypeDescriptor.GetProperties(typeof(Product))[0], ListSortDirection.Ascending); } catch (NotSupportedException) { }
        var seen = new ObservableCollection<Product>(list);
        seen.CollectionChanged += (_, e) => changes.Add($"{e.Action} {e.OldStartingIndex} {e.NewItems?.Count} {e.OldItems?.Count}");
        ((INotifyPropertyChanged)seen).PropertyChanged += (_, e) => changes.Add(e.PropertyName); seen.Add(a); seen.Insert(0, new()); seen.Move(0, 1);
        seen[0] = a; seen.Remove(a); seen.RemoveAt(0); var view = new ReadOnlyObservableCollection<Product>(seen);
        ((INotifyCollectionChanged)view).CollectionChanged += (_, e) => changes.Add("v"); seen.Clear();
        try { seen.CollectionChanged += (_, _) => { if (seen.Count < 3) seen.Add(new()); }; seen.CollectionChanged += (_, _) => { }; seen.Add(a);
            } catch (InvalidOperationException) { } try { ((IList<Product>)view).Add(a); } catch (NotSupportedException) { }
        using var container = new Container(); var part = new Part(); container.Add(part, "part"); part.Disposed += (_, _) => changes.Add("disposed");
        _ = part.Site!.Name + container.Components.Count; using var worker = new BackgroundWorker { WorkerReportsProgress = true, WorkerSupportsCancellation
            = true }; using var finished = new ManualResetEventSlim(); worker.DoWork += (_, e) => { worker.ReportProgress(50, "half"); e.Result = 5; };
        worker.RunWorkerCompleted += (_, e) => { _ = e.Result; finished.Set(); }; worker.RunWorkerAsync(1); finished.Wait();
        var events = new EventHandlerList(); events.AddHandler("k", new EventHandler((_, _) => { })); _ = events["k"];
    }

    public static void Settings(string dir)
    {
        string file = Path.Combine(dir, "texts.resources"); using (var w = new ResourceWriter(file)) { w.AddResource("hello", "Hello {0}");
            w.AddResource("size", 5); w.AddResource("blob", new byte[] { 1 }); w.AddResource("when", DateTime.UnixEpoch); w.AddResource("price", 1.5m);
            w.AddResource("stream", new MemoryStream([1, 2]), true); w.AddResource("none", (object?)null); w.AddResource("span", TimeSpan.FromSeconds(1));
            w.Generate(); } using (var r = new ResourceReader(file)) foreach (DictionaryEntry e in r) _ = e.Key + "=" + e.Value;
        using (var set = new ResourceSet(file)) _ = set.GetString("HELLO", true) + set.GetObject("size");
        var manager = ResourceManager.CreateFileBasedResourceManager("texts", dir, null); manager.IgnoreCase = true;
        _ = string.Format(CultureInfo.InvariantCulture, manager.GetString("hello", CultureInfo.InvariantCulture)!, "x") + manager.GetObject("size")
            + manager.GetString("nope") + manager.GetResourceSet(CultureInfo.InvariantCulture, true, true); manager.ReleaseAllResources();
        try { new ResourceManager("No.Such", typeof(Binding).Assembly).GetString("x"); } catch (MissingManifestResourceException) { }
        _ = typeof(Binding).Assembly.GetManifestResourceNames().Length;
        string settings = Path.Combine(dir, "settings.json");
        File.WriteAllText(settings, "{ \"Job\": { \"Name\": \"nightly\", \"Retry\": 3, \"Wait\": \"00:00:01\", \"Levels\": [\"Info\"], \"Map\": {\"a\": \"1\"} }, \"ConnectionStrings\": {\"main\": \"x=${HOME}\"} }");
        var flat = new SortedDictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        using (var doc = JsonDocument.Parse(File.ReadAllBytes(settings))) Flatten(doc.RootElement, new Stack<string>());
        void Flatten(JsonElement e, Stack<string> path) { switch (e.ValueKind) { case JsonValueKind.Object: foreach (var p in e.EnumerateObject()) {
                    path.Push(p.Name); Flatten(p.Value, path); path.Pop(); } break;
                case JsonValueKind.Array: foreach (var (item, i) in e.EnumerateArray().Select((x, i) => (x, i))) { path.Push(i.ToString()); Flatten(item, path);
                    path.Pop(); } break; default: flat[string.Join(':', path.Reverse())] = e.ToString(); break;
                } } foreach (string arg in new[] { "--job:retry=5", "/job:name", "--dry-run" }) if (arg.Split('=', 2) is [var k, var v]) flat[k.TrimStart('-')]
            = v; foreach (DictionaryEntry e in Environment.GetEnvironmentVariables()) if (e.Key is string n && n.StartsWith("RECORDS__",
                StringComparison.OrdinalIgnoreCase)) flat[n[9..].Replace("__", ":")] = e.Value as string; XmlRecords.Must(flat["Job:Retry"] == "5");
        var ini = new Dictionary<string, Dictionary<string, string>>(StringComparer.OrdinalIgnoreCase); string section = "";
        foreach (string line in "; c\n[main]\na = 1\nb=2\n[other]\nc=3".Split('\n').Select(l => l.Trim()).Where(l => l is not ("" or [';',
                    ..]))) if (line is ['[', .. var name, ']']) ini[section = name] = [];
        else if (line.IndexOf('=') is > 0 and var at) ini[section][line[..at].TrimEnd()] = line[(at + 1)..].TrimStart();
        _ = AppContext.TryGetSwitch("Records.Fast", out _) | AppContext.GetData("none") is null; AppContext.SetSwitch("Records.Fast", true);
        _ = Environment.GetEnvironmentVariable("RECORDS_HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify);
    }
    private sealed class Part : Component { }
}
[TypeConverter(typeof(TemperatureConverter))] public readonly record struct Temperature(double Degrees);
public sealed class TemperatureConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? c, Type source) => source == typeof(string) || base.CanConvertFrom(c, source);
    public override object? ConvertFrom(ITypeDescriptorContext? c, CultureInfo? culture, object value) => value is string s
        ? new Temperature(double.Parse(s.TrimEnd('C', ' '), culture)) : base.ConvertFrom(c, culture, value);
    public override object? ConvertTo(ITypeDescriptorContext? c, CultureInfo? culture, object? value, Type type) => value is Temperature t && type
        == typeof(string) ? t.Degrees.ToString("0 C", culture) : base.ConvertTo(c, culture, value, type);
}
[AttributeUsage(AttributeTargets.Property)] public sealed class EvenAttribute : ValidationAttribute {
    protected override ValidationResult? IsValid(object? value, ValidationContext c) => value is int n && n % 2 != 0
    ? new ValidationResult($"{c.DisplayName} is odd", [c.MemberName!]) : ValidationResult.Success; }
[DisplayName("A product"), DefaultProperty("Name"), DefaultEvent("PropertyChanged")]
public sealed class Product : INotifyPropertyChanged, INotifyPropertyChanging, INotifyDataErrorInfo, IValidatableObject, IDataErrorInfo
{
    private string name = "x"; private decimal price = 1; private readonly Dictionary<string, List<string>> errors = [];
    [Required(AllowEmptyStrings = false), StringLength(20, MinimumLength = 1), Display(Name = "The name", Prompt = "p"), Description("d"),
        Category("Text")] public string Name { get => name; set => Set(ref name, value); }
    [Range(0.01, 1000), DefaultValue(typeof(decimal), "1"), Category("Money"), DisplayFormat(DataFormatString = "{0:C}")] public decimal Price { get => price;
        set { if (Set(ref price, value)) Check(value > 0, "must be positive"); } }
    [RegularExpression(@"^[A-Z]-\d+$", ErrorMessage = "bad {0}")] public string? Sku { get; set; } = "B-2";
    [EmailAddress] public string? Email { get; set; } [Phone] public string? Phone { get; set; } [Url] public string? Url { get; set;
        } [CreditCard] public string? Card { get; set; } [MaxLength(3), MinLength(0)] public List<string> Tags { get; set; } = [];
    [Even, Browsable(false)] public int Count { get; set; } [EnumDataType(typeof(OrderState))] public OrderState State { get; set; } public int Low { get; set;
        } public int High { get; set; } [Compare(nameof(Low)), ReadOnly(true)] public int Same => Low;
    public event PropertyChangedEventHandler? PropertyChanged; public event PropertyChangingEventHandler? PropertyChanging;
    public event EventHandler<DataErrorsChangedEventArgs>? ErrorsChanged;
    public bool HasErrors => errors.Count > 0; public string Error => "";
    public string this[string column] => errors.TryGetValue(column, out var e) ? e[0] : "";
    public IEnumerable GetErrors(string? property) => errors.TryGetValue(property ?? "", out var e) ? e : [];
    public IEnumerable<ValidationResult> Validate(ValidationContext context) { if (High < Low) yield return new("high below low", [nameof(High), nameof(Low)]);
        if (Sku != "A-1") yield return new("sku"); }
    private bool Set<T>(ref T field, T value, [CallerMemberName] string property = "") { if (EqualityComparer<T>.Default.Equals(field, value)) return false;
        PropertyChanging?.Invoke(this, new(property)); field = value; PropertyChanged?.Invoke(this, new(property)); return true; }
    private void Check(bool ok, string message, [CallerMemberName] string property = "") { if (ok) errors.Remove(property); else errors[property] = [message];
        ErrorsChanged?.Invoke(this, new(property)); }
}

// ---- formats, patterns, encodings ----
internal static class Formats
{
    private static CultureInfo Culture(string name) { try { return CultureInfo.GetCultureInfo(name);
            } catch (CultureNotFoundException) { return CultureInfo.InvariantCulture; } }

    public static void Cultures()
    {
        var day = new DateTime(2024, 2, 29, 13, 5, 9, 120, DateTimeKind.Utc); foreach (string name in new[] { "", "en-US", "de-DE", "fr-FR", "ja-JP", "ar-SA",
                "hi-IN", "sv-SE", "tr-TR", "pt-BR" }) { var c = Culture(name);
            string all = string.Join('|', 1234.5m.ToString("C", c), (-1234567.891).ToString("N2", c), 0.256.ToString("P1", c), 1e20.ToString("R", c),
                255.ToString("X4", c), 12345L.ToString("#,##0.00;(#,##0.00);zero", c), day.ToString("D", c), day.ToString("g", c), day.ToString("MMMM yyyy", c),
                day.ToString("ddd dd MMM", c), DateOnly.FromDateTime(day).ToString(c), TimeOnly.FromDateTime(day).ToString("t", c),
                TimeSpan.FromSeconds(3661.5).ToString("g", c), new DateTimeOffset(day).ToString("f", c), 1.5f.ToString("E2", c), 5.ToString("D3", c),
                string.Format(c, "{0,10:N1}|{1,-8}|{2:d}|{{}}", 1.25, "x", day), string.Create(c,
                    $"{day:T} {1.5:F3} {7,4} {true} {(object?)null} {'c'} {DayOfWeek.Friday:G}"), ((FormattableString)$"{1.5} {day:d}").ToString(c));
            _ = double.Parse(1234.5.ToString("N", c), NumberStyles.Number, c) + (double)decimal.Parse(12.5m.ToString("C", c), NumberStyles.Currency, c);
            _ = DateTime.TryParse(day.ToString("G", c), c, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out _) | DateTime.TryParse(day.ToString("d", c), c, out _) | "ÄIi".ToUpper(c) == "ÄIİ" | string.Compare("a", "B", c,
                CompareOptions.IgnoreCase) < 0 | c.CompareInfo.IsPrefix("Straße", "strasse", CompareOptions.IgnoreNonSpace | CompareOptions.IgnoreCase)
            | "résumé".IndexOf("e", StringComparison.InvariantCultureIgnoreCase) > 0;
            _ = c.CompareInfo.GetSortKey("abc").KeyData.Length + c.NumberFormat.CurrencySymbol + c.DateTimeFormat.FirstDayOfWeek
            + c.DateTimeFormat.GetMonthName(2) + c.TextInfo.ListSeparator + c.Calendar.GetYear(day) + c.EnglishName + c.Parent.Name
            + c.TextInfo.ToTitleCase("a title") + c.Calendar.GetWeekOfYear(day, CalendarWeekRule.FirstFourDayWeek, DayOfWeek.Monday) + all.Length;
            _ = new[] { "z", "Ä", "a", "b" }.OrderBy(s => s, StringComparer.Create(c, true)).First(); }
        foreach (string s in new[] { "d", "D", "f", "F", "g", "G", "M", "o", "R", "s", "t", "T", "u", "U", "Y", "yyyy-MM-dd'T'HH:mm:ss.fffzzz", "h:mm tt",
                "dddd", "%d", "gg yy", "HHmmss.FFF K" }) { string text = day.ToString(s, CultureInfo.InvariantCulture);
            _ = DateTime.TryParseExact(text, s, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _);
            } foreach (string s in new[] { "c", "g", "G", @"d\.hh\:mm\:ss", "%h", @"mm\:ss\.fff" }) _
            = TimeSpan.TryParseExact(TimeSpan.FromSeconds(93784.5).ToString(s, CultureInfo.InvariantCulture), s, CultureInfo.InvariantCulture, out _);
        foreach (string s in new[] { "C2", "D8", "E3", "F1", "G5", "N0", "P", "R", "X", "B8", "00.00", "#,#", "0.0%", "0.###E+0", "+0;-0;0" }) try {
            _ = 1234.ToString(s, CultureInfo.InvariantCulture) + 1234.5m.ToString(s, CultureInfo.InvariantCulture) + 1e-5.ToString(s,
                CultureInfo.InvariantCulture) + ((short)-5).ToString(s) + 9UL.ToString(s) + new BigInteger(1e20).ToString(s, CultureInfo.InvariantCulture)
            + ((Int128)5).ToString(s); } catch (FormatException) { } foreach (string s in new[] { "1,234.50", "(5)", "1e3", " 7 ", "0x1F", "$5", "abc", "", "-",
                "99999999999999999999", "1_0", "+5" }) _ = int.TryParse(s, NumberStyles.Any, CultureInfo.InvariantCulture, out _) | decimal.TryParse(s,
            NumberStyles.Currency, CultureInfo.InvariantCulture, out _) | double.TryParse(s, NumberStyles.Float | NumberStyles.AllowThousands,
            CultureInfo.InvariantCulture, out _) | long.TryParse(s, out _) | BigInteger.TryParse(s, out _) | byte.TryParse(s, NumberStyles.HexNumber, null,
            out _) | Guid.TryParse(s, out _) | bool.TryParse(s, out _) | DateTimeOffset.TryParse(s, out _) | TimeSpan.TryParse(s, out _) | Enum.TryParse(s,
            out DayOfWeek _) | DateOnly.TryParse(s, out _) | TimeOnly.TryParse(s, out _) | Version.TryParse(s, out _) | float.TryParse(s,
            out _) | uint.TryParse(s, out _);
        try { int.Parse("x"); } catch (FormatException) { } try { byte.Parse("300"); } catch (OverflowException) { } try { DateTime.ParseExact("x", "d", null);
            } catch (FormatException) { } try { _ = string.Format("{1}", 1); } catch (FormatException) { } try { checked { int big = int.MaxValue;
                big += day.Day; } } catch (OverflowException) { } _ = Convert.ToInt32("12") + Convert.ToDecimal(1.5) + Convert.ToInt32("ff",
            16) + Convert.ToString(5, 2) + Convert.ToBoolean("true") + Convert.ToDateTime("2024-01-01", CultureInfo.InvariantCulture) + Convert.ToDouble(5m)
            + Convert.ToString(1.5, CultureInfo.InvariantCulture) + Convert.ToChar("a") + Convert.ToByte(3.7) + Convert.ChangeType("5", TypeCode.Int64);
        _ = Math.Round(2.5m, MidpointRounding.AwayFromZero) + decimal.Truncate(1.7m) + Math.Ceiling(1.2m) + decimal.Round(1.255m, 2) + decimal.GetBits(1.50m)[3]
            + decimal.Remainder(5, 3) + decimal.ToInt32(4.9m); _ = TimeZoneInfo.Utc.DisplayName + TimeZoneInfo.ConvertTime(new DateTimeOffset(day),
            TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromHours(2), "X", "X")) + TimeZoneInfo.Local.GetUtcOffset(day);
        try { TimeZoneInfo.FindSystemTimeZoneById("Nowhere/Land"); } catch (TimeZoneNotFoundException) { }
        _ = ISOWeek.GetWeekOfYear(day) + day.AddMonths(-1).Day + DateTime.DaysInMonth(2024, 2) + (day - DateTime.UnixEpoch).Days + (int)day.DayOfWeek
            + new DateTimeOffset(day).ToUnixTimeMilliseconds() + DateTimeOffset.FromUnixTimeSeconds(5).Year + day.ToOADate() + day.AddDays(1).CompareTo(day)
            + day.Date.DayOfYear + DateTime.SpecifyKind(day, DateTimeKind.Local).ToUniversalTime().Hour + new GregorianCalendar().GetDaysInYear(2024)
            + new JulianCalendar().GetEra(day) + new HijriCalendar().GetMonth(day); var custom = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        custom.NumberFormat.NumberDecimalSeparator = ","; custom.NumberFormat.NumberGroupSeparator = "."; custom.DateTimeFormat.ShortDatePattern = "dd.MM.yyyy";
        XmlRecords.Must(1234.5.ToString("N2", custom) == "1.234,50" && DateTime.Parse("29.02.2024", custom).Month == 2); var old = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = custom; _ = $"{1.5} {day:d}"; CultureInfo.CurrentCulture = old; Span<char> span = stackalloc char[64];
        _ = 5.TryFormat(span, out _) | day.TryFormat(span, out _, "o") | 1.5m.TryFormat(span, out _, "N2", custom) | Guid.Empty.TryFormat(span, out _,
            "N") | span.TryWrite(custom, $"{1.5:N1} {"x"}", out _) | MemoryExtensions.Equals("A", "a", StringComparison.OrdinalIgnoreCase);
        _ = string.Format(new Unit(), "{0:kg} {0:N1} {1}", 2.5, "x") + string.Format(null, CompositeFormat.Parse("{0:N1} {1}"), 1.5, "a");
        _ = Utf8Formatter.TryFormat(5.5m, new byte[20], out _, new StandardFormat('F', 2)) | 5.TryFormat(new byte[9], out _,
            "D3") | System.Text.Unicode.Utf8.TryWrite(new byte[30], CultureInfo.InvariantCulture, $"{1.5:F2}|{"x"}|{day:yyyy}", out _);
    }
    private sealed class Unit : IFormatProvider, ICustomFormatter { public object? GetFormat(Type? t) => t == typeof(ICustomFormatter) ? this : null;
        public string Format(string? format, object? arg, IFormatProvider? p) => format == "kg" ? arg + " kg" : arg is IFormattable f ? f.ToString(format,
            CultureInfo.InvariantCulture) : arg?.ToString() ?? ""; }

    public static void Patterns()
    {
        const string text = "2024-02-29 10:00:01 ERROR [ab-12] user=ann@example.com amount=1,250.00 took=15ms\n2024-03-01 INFO [cd-3] ok\n";
        var line = new Regex(@"^(?<day>\d{4}-\d{2}-\d{2})\s+(?:(?<time>[\d:]+)\s+)?(?<level>[A-Z]+)\s+\[(?<id>[a-z]{2}-\d+)\]\s*(?<rest>.*)$",
            RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(2));
        foreach (Match m in line.Matches(text)) _ = m.Groups["day"].Value + m.Groups["time"].Success + m.Index + m.Groups.Cast<Group>().Sum(g
            => g.Captures.Count) + m.Result("${level}"); _ = line.GetGroupNames().Length + Regex.Replace(text, @"(\w+)@(\w+)\.com",
            "$2 at $1") + Regex.Replace(text, @"\d+", m => (int.Parse(m.Value) + 1).ToString()) + Regex.Split("a1b22c", @"(\d+)").Length + Regex.IsMatch("Abc",
            "^[a-z]+$", RegexOptions.IgnoreCase) + Regex.Escape("a.b") + Regex.Unescape(@"a\.b") + Regex.Match("aXbX", "X", RegexOptions.RightToLeft).Index
            + Regex.Count(text, "a") + new Regex("(a+)(?=b)(?!c)|(?<!x)y|\\bz\\b|(?i:q)|(\\d)\\1|[\\p{Lu}-[A-C]]{2,3}?").Replace("aab y z Q 11 DDE", "_", 3);
        var compiled = new Regex(@"(?<key>\w+)=(?<value>""[^""]*""|\S+)", RegexOptions.Compiled);
        _ = compiled.Matches(text).ToDictionary(m => m.Groups["key"].Value, m => m.Groups["value"].Value).Count;
        var fast = new Regex(@"(ab|cd)-\d{1,3}", RegexOptions.NonBacktracking); foreach (ValueMatch v in fast.EnumerateMatches(text)) _ = v.Index + v.Length;
        _ = new Regex(@"(?x) \d+ # digits", RegexOptions.IgnorePatternWhitespace).Match("a12").NextMatch().Success; try { new Regex("(a");
            } catch (RegexParseException e) { _ = e.Error.ToString() + e.Offset;
            } try { new Regex("^(a+)+$", RegexOptions.None, TimeSpan.FromMilliseconds(5)).IsMatch(new string('a', 26) + "!");
            } catch (RegexMatchTimeoutException e) { _ = e.MatchTimeout; }
#if NET10_0
        foreach (Range r in Regex.EnumerateSplits("a,b", ",")) _ = r.Start;
#endif
    }

    public static void Encodings(string dir)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance); foreach (string name in new[] { "windows-1252", "iso-8859-15", "ibm850", "shift_jis",
                "gb18030", "koi8-r", "big5", "euc-kr", "euc-jp", "windows-1251", "macintosh", "utf-8", "utf-16", "utf-16BE", "utf-32", "us-ascii", "latin1",
                "iso-2022-jp" }) { var e = Encoding.GetEncoding(name); byte[] bytes = e.GetBytes("Prix: 5 € é 日本 я");
            _ = e.GetString(bytes) + e.EncodingName + e.WebName + e.CodePage + e.GetMaxByteCount(3) + e.IsSingleByte;
            string file = Path.Combine(dir, "enc.txt"); File.WriteAllText(file, "é я\n", e); using var r = new StreamReader(file, e, true);
            _ = r.ReadToEnd() + r.CurrentEncoding.WebName; } try { Encoding.GetEncoding("us-ascii", EncoderFallback.ExceptionFallback,
                DecoderFallback.ExceptionFallback).GetBytes("é"); } catch (EncoderFallbackException e) { _ = e.Index + e.CharUnknown;
            } try { new UTF8Encoding(false, true).GetString([0xC3, 0x28]); } catch (DecoderFallbackException e) { _ = e.BytesUnknown!.Length;
            } try { Encoding.GetEncoding("none"); } catch (ArgumentException) { } _ = Encoding.GetEncoding(1252, new EncoderReplacementFallback("?"),
            new DecoderReplacementFallback("?")).GetBytes("я")[0] + Encoding.Convert(Encoding.Latin1, Encoding.UTF8, [0xE9]).Length;
        var decoder = Encoding.UTF8.GetDecoder(); char[] chars = new char[4]; _ = decoder.GetChars([0xC3], 0, 1, chars, 0) + decoder.GetChars([0xA9], 0, 1,
            chars, 0, true); var encoder = Encoding.Unicode.GetEncoder(); encoder.Convert("ab", new byte[8], true, out _, out _, out _);
        using var transcode = Encoding.CreateTranscodingStream(new MemoryStream([0xE9, 0x41]), Encoding.Latin1, Encoding.UTF8); _ = transcode.ReadByte();
        _ = Encoding.GetEncodings().Length + "e\u0301".Normalize(NormalizationForm.FormC).Length
            + string.Concat("Åse".Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark))
            + new StringInfo("👍é").LengthInTextElements + "a👍".EnumerateRunes().Count(r => Rune.IsLetter(r)) + Convert.ToBase64String(new byte[60],
            Base64FormattingOptions.InsertLineBreaks) + Convert.FromBase64String("AQI=").Length + Convert.ToHexString([1,
                2]) + Convert.FromHexString("0A").Length + Uri.EscapeDataString("a b&é") + Uri.UnescapeDataString("a%20b")
            + System.Net.WebUtility.HtmlEncode("<é>") + System.Net.WebUtility.HtmlDecode("&lt;&eacute;") + System.Net.WebUtility.UrlEncode("a b")
            + HtmlEncoder.Default.Encode("<é>") + JavaScriptEncoder.Default.Encode("'é'") + UrlEncoder.Default.Encode("a b") + Ascii.IsValid("abc"u8)
            + Base64.EncodeToUtf8(new byte[3], new byte[8], out _, out _); try { Convert.FromBase64String("*"); } catch (FormatException) { }
    }
}

// ---- files ----
internal static class Files
{
    private struct IndexEntry { public int Id; public double Amount; }

    public static async Task Packed(string dir)
    {
        string root = Path.Combine(dir, "export"), zip = Path.Combine(dir, "e.zip");
        foreach (string d in new[] { "2024/01", "2024/02", "old" }) Directory.CreateDirectory(Path.Combine(root, d));
        foreach (var s in Sale.All) await File.WriteAllTextAsync(Path.Combine(root, s.Id % 2 == 0 ? "2024/01" : "old",
                $"{s.Id:D3}.{(s.Id % 3 == 0 ? "json" : "csv")}"), JsonSerializer.Serialize(s));
        ZipFile.CreateFromDirectory(root, zip, CompressionLevel.Fastest, false, Encoding.UTF8); using (var z = ZipFile.Open(zip, ZipArchiveMode.Update)) {
            z.Comment = "export"; var e = z.CreateEntry("report/index.txt", CompressionLevel.Optimal); e.Comment = "c";
            e.LastWriteTime = new DateTime(2024, 1, 1); await using (var s = e.Open()) await JsonSerializer.SerializeAsync(s, Sale.All);
            z.CreateEntryFromFile(Path.Combine(root, "old", "001.csv"), "copy.csv"); z.Entries.First(x => x.Name.EndsWith(".json")).Delete();
            } using (var z = ZipFile.OpenRead(zip)) { foreach (var g in z.Entries.GroupBy(e => Path.GetExtension(e.Name)).OrderBy(g => g.Key)) _
            = $"{g.Key} {g.Sum(e => e.Length)} {g.Sum(e => e.CompressedLength)}"; using var r = new StreamReader(z.GetEntry("report/index.txt")!.Open());
            XmlRecords.Must(JsonSerializer.Deserialize<Sale[]>(await r.ReadToEndAsync())!.Length == 12); z.ExtractToDirectory(Path.Combine(dir, "un"), true);
            z.Entries[0].ExtractToFile(Path.Combine(dir, "one"), true); } try { ZipFile.ExtractToDirectory(zip, Path.Combine(dir, "un"));
            } catch (IOException) { } try { ZipFile.OpenRead(Path.Combine(dir, "sales.csv")); } catch (InvalidDataException) { }
        foreach (var (pack, unpack) in new (Func<Stream, Stream>, Func<Stream, Stream>)[] { (s => new GZipStream(s, CompressionLevel.SmallestSize, true),
                    s => new GZipStream(s, CompressionMode.Decompress)), (s => new BrotliStream(s, (CompressionLevel)1, true), s => new BrotliStream(s,
                    CompressionMode.Decompress)), (s => new ZLibStream(s, CompressionMode.Compress, true), s => new ZLibStream(s, CompressionMode.Decompress)),
                (s => new DeflateStream(s, CompressionLevel.Fastest, true), s => new DeflateStream(s, CompressionMode.Decompress)) }) {
            var m = new MemoryStream(); await using (var p = pack(m)) { await using var w = new StreamWriter(p, leaveOpen: true);
                foreach (var s in Sale.All) await w.WriteLineAsync($"{s.Id};{s.Region}"); } m.Position = 0; using var r = new StreamReader(unpack(m));
            int n = 0; while (await r.ReadLineAsync(default) is not null) n++; XmlRecords.Must(n == 12);
            try { using var broken = unpack(new MemoryStream([9, 9, 9, 9, 9, 9, 9, 9])); broken.CopyTo(Stream.Null);
                } catch (Exception e) when (e is InvalidDataException or InvalidOperationException) { } }
        await TarFile.CreateFromDirectoryAsync(root, Path.Combine(dir, "e.tar"), true);
        await using (var t = new TarReader(File.OpenRead(Path.Combine(dir, "e.tar")))) while (await t.GetNextEntryAsync(true) is { }
            e) { _ = e.Name + e.Uid + e.Mode; if (e.EntryType == TarEntryType.RegularFile) await e.ExtractToFileAsync(Path.Combine(dir, "x.bin"), true);
            } Directory.CreateDirectory(Path.Combine(dir, "t")); await TarFile.ExtractToDirectoryAsync(Path.Combine(dir, "e.tar"), Path.Combine(dir, "t"),
            false);
        var info = new DirectoryInfo(root); foreach (var f in info.EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true,
                    IgnoreInaccessible = true, MatchCasing = MatchCasing.CaseInsensitive, AttributesToSkip = FileAttributes.Hidden,
                    MaxRecursionDepth = 5 }).OrderBy(f => f.FullName, StringComparer.Ordinal)) _ = f switch { FileInfo { Length: > 10 }
            x => $"{x.Name} {x.Length} {x.DirectoryName} {x.Extension} {x.IsReadOnly}", DirectoryInfo d => d.Name + d.GetFiles("*.csv").Length + d.Parent!.Name,
            _ => f.Attributes.ToString() + f.CreationTimeUtc };
        _ = Directory.GetFiles(root, "*.csv", SearchOption.AllDirectories).Select(f => (Name: Path.GetFileNameWithoutExtension(f),
                Size: new FileInfo(f).Length)).MaxBy(f => f.Size).Name + Directory.EnumerateDirectories(root).Count() + Directory.GetFileSystemEntries(root,
            "20*").Length; var sizes = new FileSystemEnumerable<(string Ext, long Size)>(root,
            (ref FileSystemEntry e) => (Path.GetExtension(e.FileName).ToString(), e.Length)) { ShouldIncludePredicate = (ref FileSystemEntry e)
            => !e.IsDirectory, ShouldRecursePredicate = (ref FileSystemEntry e) => !e.FileName.SequenceEqual("old") }.GroupBy(t => t.Ext).ToDictionary(g
            => g.Key, g => g.Sum(t => t.Size)); string csv = Directory.GetFiles(root, "*.csv", SearchOption.AllDirectories)[0];
        File.SetLastWriteTimeUtc(csv, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc)); File.SetAttributes(csv, FileAttributes.Normal);
        File.Copy(csv, csv + ".bak", true); File.Move(csv + ".bak", csv + ".old", true); File.Replace(csv + ".old", csv, csv + ".bak");
        try { File.Copy(csv, csv + ".bak"); } catch (IOException) { } using (new FileStream(csv, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) try {
            File.OpenWrite(csv).Dispose(); } catch (IOException e) { _ = e.HResult; } File.Delete(csv + ".bak");
        _ = Path.ChangeExtension(csv, ".x") + Path.GetRelativePath(dir, csv) + Path.GetFullPath("a/../b", dir) + Path.HasExtension(csv)
            + Path.GetRandomFileName() + Path.IsPathRooted(csv) + Path.Join("a", "b") + Path.GetInvalidFileNameChars().Length
            + Path.TrimEndingDirectorySeparator("a/") + Path.GetTempPath() + File.GetLastWriteTime(csv).Year + File.Exists(csv);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(csv, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var watcher = new FileSystemWatcher(root, "*.csv") { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName,
            IncludeSubdirectories = true }; watcher.Created += (_, e) => _ = e.FullPath; watcher.Renamed += (_, e) => _ = e.OldName;
        try { watcher.EnableRaisingEvents = true; } catch (IOException) { }
#if NET10_0
        await ZipFile.ExtractToDirectoryAsync(zip, Path.Combine(dir, "una"), true); await using var za = await ZipFile.OpenReadAsync(zip);
        await using var zs = await za.Entries[0].OpenAsync();
#endif
    }

    public static async Task Hashes(string dir)
    {
        string file = Path.Combine(dir, "sales.csv"); byte[] data = await File.ReadAllBytesAsync(file);
        foreach (var make in new Func<HashAlgorithm>[] { SHA256.Create, SHA1.Create, MD5.Create, SHA512.Create, SHA384.Create, () => new HMACSHA256([1, 2]),
                () => new HMACSHA512([1]) }) { using var h = make(); _ = Convert.ToHexString(h.ComputeHash(data)).ToLowerInvariant() + h.HashSize;
            h.Initialize(); h.TransformBlock(data, 0, 10, null, 0); h.TransformFinalBlock(data, 10, data.Length - 10);
            _ = BitConverter.ToString(h.Hash!).Replace("-", ""); } await using (var f = File.OpenRead(file)) { _ = await SHA256.HashDataAsync(f);
            f.Position = 0; using var md5 = MD5.Create(); _ = await md5.ComputeHashAsync(f); f.Position = 0;
            using var c = new CryptoStream(f, SHA256.Create(), CryptoStreamMode.Read); await c.CopyToAsync(Stream.Null);
            } using var inc = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, [1]); inc.AppendData("a"u8);
        _ = CryptographicOperations.FixedTimeEquals(inc.GetCurrentHash(), inc.GetHashAndReset());
        _ = Convert.ToBase64String(HMACSHA1.HashData("k"u8, data)) + new HashCode().ToHashCode() + HashCode.Combine(1, "a", 1.5m) + BitOperations.RotateLeft(5u,
            3) + StringComparer.OrdinalIgnoreCase.GetHashCode("A"); using (var aes = Aes.Create()) { aes.Key = Rfc2898DeriveBytes.Pbkdf2("pw", new byte[8], 100,
                HashAlgorithmName.SHA256, 32); byte[] secret = aes.EncryptCbc(data, aes.IV); try { aes.DecryptCbc(secret.AsSpan(0, 17), aes.IV);
                } catch (CryptographicException) { } using var c = new CryptoStream(new MemoryStream(secret), aes.CreateDecryptor(), CryptoStreamMode.Read);
            using var r = new StreamReader(c); XmlRecords.Must((await r.ReadToEndAsync()).Contains("North")); }
        string index = Path.Combine(dir, "index.bin"); using (var map = MemoryMappedFile.CreateFromFile(index, FileMode.Create, null, 12 * 16,
                MemoryMappedFileAccess.ReadWrite)) { using (var v = map.CreateViewAccessor()) for (int i = 0; i < 12; i++) { v.Write(i * 16L, Sale.All[i].Id);
                v.Write(i * 16L + 8, (double)Sale.All[i].Amount); } using (var v = map.CreateViewAccessor(32, 16, MemoryMappedFileAccess.Read)) {
                v.Read(0, out IndexEntry pair); XmlRecords.Must(v.ReadInt32(0) == 3 && v.ReadDouble(8) > 1 && pair.Id == 3); var array = new byte[8];
                v.ReadArray(0, array, 0, 8); } using (var s = map.CreateViewStream(0, 16)) using (var r = new BinaryReader(s)) _ = r.ReadInt32();
            } using (var map = MemoryMappedFile.CreateNew(null, 100)) using (var v = map.CreateViewAccessor()) { v.Write(0, true); v.Write(4, 1.5m);
            v.WriteArray(20, new[] { 1, 2 }, 0, 2); v.Flush(); } try { MemoryMappedFile.CreateFromFile(Path.Combine(dir, "none.bin"));
            } catch (FileNotFoundException) { } using var handle = File.OpenHandle(index, FileMode.Open, FileAccess.ReadWrite, FileShare.Read,
            FileOptions.Asynchronous); byte[] record = new byte[16]; _ = await RandomAccess.ReadAsync(handle, record, 16) + RandomAccess.GetLength(handle);
        await RandomAccess.WriteAsync(handle, record, 0);
        _ = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(record) + BitConverter.ToDouble(record,
            8) + System.Runtime.InteropServices.MemoryMarshal.Read<int>(record) + System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(record).Length;
        byte[] rented = ArrayPool<byte>.Shared.Rent(100); ArrayPool<byte>.Shared.Return(rented, true);
        await using var stream = new FileStream(index, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite,
                BufferSize = 0 }); stream.Seek(-4, SeekOrigin.End); stream.WriteByte(1); stream.SetLength(100); await stream.FlushAsync();
        _ = await stream.ReadAtLeastAsync(new byte[10], 5, false); try { stream.ReadExactly(new byte[500]); } catch (EndOfStreamException) { }
    }
}

// ---- the job itself ----
internal static class Job
{
    private sealed class JobException(string message, int line, Exception? inner = null) : Exception(message, inner) { public int Line => line; }
    private readonly record struct Outcome(int Done, int Failed, decimal Total) { public static Outcome operator +(Outcome a, Outcome b) => new(a.Done + b.Done,
            a.Failed + b.Failed, a.Total + b.Total); }

    public static async Task Run(string dir)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1)); var clock = Stopwatch.StartNew();
        var channel = Channel.CreateBounded<(int Line, string Text)>(new BoundedChannelOptions(4) { SingleWriter = true,
                FullMode = BoundedChannelFullMode.Wait }); var problems = new ConcurrentQueue<JobException>();
        var totals = new ConcurrentDictionary<string, decimal>(); using var gate = new SemaphoreSlim(2); var reading = Task.Run(async () => { try { int n = 0;
                    await foreach (string line in File.ReadLinesAsync(Path.Combine(dir, "l.jsonl"),
                    stop.Token).ConfigureAwait(false)) await channel.Writer.WriteAsync((++n, n == 5 ? "{" : line), stop.Token);
                    } finally { channel.Writer.Complete(); } }); var workers = Enumerable.Range(0, 2).Select(async _ => { var sum = new Outcome();
                await foreach (var (line, text) in channel.Reader.ReadAllAsync(stop.Token)) { await gate.WaitAsync(stop.Token);
                    try { var sale = JsonSerializer.Deserialize<Sale>(text) ?? throw new JobException("empty", line);
                    totals.AddOrUpdate(sale.Region, sale.Amount, (_, old) => old + sale.Amount); sum += new Outcome(1, 0, sale.Amount);
                    } catch (JsonException e) { problems.Enqueue(new JobException($"line {line}", line, e)); sum += new Outcome(0, 1, 0);
                    } finally { gate.Release(); } } return sum; }).ToArray(); var outcome = (await Task.WhenAll(workers)).Aggregate((a, b) => a + b);
        await reading; XmlRecords.Must(outcome is { Done: 11, Failed: 1 } && problems.TryPeek(out var first) && first.Line == 5);
        await Parallel.ForEachAsync(Sale.All.Chunk(4), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = stop.Token }, async (part,
                token) => { await Task.Delay(1, token); Interlocked.Add(ref done, part.Length); }); async Task<T> Retry<T>(Func<int, Task<T>> work, int times) {
            for (int i = 1; ; i++) try { return await work(i); } catch (Exception e) when (i < times && e is IOException or TimeoutException) {
                await Task.Delay(i); } } _ = await Retry(async i => { await Task.Yield(); return i < 3 ? throw new IOException("try " + i) : i; }, 4);
        try { await Task.WhenAll(Task.FromException(new JobException("a", 1)), Task.FromException<int>(new TimeoutException()));
            } catch (JobException e) { _ = e.Line; } try { Task.WaitAll(Task.Run(() => throw new JobException("b", 2)), Task.CompletedTask);
            } catch (AggregateException e) { e.Flatten().Handle(x => x is JobException);
            _ = new AggregateException("all", e.InnerExceptions).GetBaseException().ToString(); } try { await Task.Delay(-1, new CancellationToken(true));
            } catch (TaskCanceledException) { } var progress = new Progress<(int Done, int All)>(p => { }); ((IProgress<(int, int)>)progress).Report((1, 2));
        using var listener = new StringWriterTrace(); Trace.Listeners.Add(listener); Trace.TraceInformation("job {0}", 1); Trace.WriteLine("x", "cat");
        var source = new TraceSource("job", SourceLevels.All); source.Listeners.Add(listener); source.TraceEvent(TraceEventType.Warning, 5, "w {0}", 1);
        Trace.Listeners.Remove(listener); var log = new StringBuilder().AppendLine($"{"Region",-10}{"Total",12}");
        foreach (var (region, total) in totals.OrderBy(t => t.Key)) log.AppendLine(CultureInfo.InvariantCulture, $"{region,-10}{total,12:N2}");
        log.Append('-', 22).AppendLine().Append($"{"all",-10}{outcome.Total,12:N2}");
        var html = new StringBuilder("<table>").AppendJoin("\n",
            totals.Select(t => $"<tr><td>{System.Net.WebUtility.HtmlEncode(t.Key)}</td><td>{t.Value:C}</td></tr>")).Append("</table>");
        await File.WriteAllTextAsync(Path.Combine(dir, "report.html"), html.ToString()); await using var writer = TextWriter.Synchronized(new StringWriter());
        await writer.WriteLineAsync(log, stop.Token); Console.Error.Write("");
        _ = clock.Elapsed.ToString(@"mm\:ss") + clock.ElapsedMilliseconds + GC.GetTotalMemory(false) + Environment.WorkingSet;
        XmlRecords.Must(totals.Count == 3); ArgumentException.ThrowIfNullOrEmpty(dir); ArgumentNullException.ThrowIfNull(writer);
        ArgumentOutOfRangeException.ThrowIfNegative(outcome.Done); try { ArgumentOutOfRangeException.ThrowIfGreaterThan(5, 3);
            } catch (ArgumentOutOfRangeException e) { _ = e.Message; } try { ArgumentException.ThrowIfNullOrWhiteSpace(" ");
            } catch (ArgumentException e) { _ = e.ParamName; }
    }
    private static int done;
    private sealed class StringWriterTrace() : TextWriterTraceListener(new StringWriter()) { }
}

// ---- less usual ways of the areas above ----
internal static class ContractShapes
{
    public static void Run()
    {
        Trip(new Shelf<int> { Items = [1, 2], Named = new() { ["a"] = [1] } });
        Trip(new Shelf<Person> { Items = [new Employee { Name = "n" }], Owner = new Person { Name = "o" } });
        Trip(new Measure { Value = 1.5, Unit = 'm', Maybe = null, Day = DayOfWeek.Friday }); Trip(new Version1Error("bad", 5));
        Trip(new List<Measure?> { new Measure(), null }); Trip(new Dictionary<Level, Guid?> { [Level.Info] = null }); Trip(XElement.Parse("<a><b/></a>"));
        Trip(new Queue<string>(["a"])); Trip(new int[][] { [1], [2, 3] }); Trip((1, "a")); Trip(Tuple.Create(1, 2.5m));
        Trip(new ArrayList { 1, "a", DateTime.UnixEpoch, 1.5m, Guid.Empty, TimeSpan.Zero, new Uri("http://x/") }); Trip(new Hashtable { ["a"] = 1 });
        Trip(new ObservableCollection<Level> { Level.Error }); Trip(new LinkedList<int>([1])); Trip(new Plain { Id = 1, Name = "p", Child = new Plain() });
        var surrogate = new DataContractSerializer(typeof(Wrapped)); surrogate.SetSerializationSurrogateProvider(new Surrogates()); var m = new MemoryStream();
        surrogate.WriteObject(m, new Wrapped { Range = new Span2<int>(1, 2) }); m.Position = 0;
        XmlRecords.Must(((Wrapped)surrogate.ReadObject(m)!).Range!.To == 2);
        var limited = new DataContractSerializer(typeof(List<int>), new DataContractSerializerSettings { MaxItemsInObjectGraph = 2 });
        try { limited.WriteObject(Stream.Null, new List<int> { 1, 2, 3 }); } catch (SerializationException) { }
        try { new DataContractSerializer(typeof(TreeLoop)).WriteObject(Stream.Null, TreeLoop.Make()); } catch (SerializationException e) { _ = e.Message;
            } try { new DataContractSerializer(typeof(IDisposable)).WriteObject(Stream.Null, new MemoryStream());
            } catch (Exception e) when (e is SerializationException or InvalidDataContractException) { }
        foreach (string old in new[] { "<person xmlns='http://x/people' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><name>a</name><future>1</future></person>",
                "<person xmlns='http://x/people'><Level>nope</Level></person>" }) try {
            var person = (Person)new DataContractSerializer(typeof(Person)).ReadObject(XmlReader.Create(new StringReader(old)))!; var w = new StringWriter();
            using (var x = XmlWriter.Create(w)) new DataContractSerializer(typeof(Person)).WriteObject(x, person); _ = w.ToString().Contains("future");
            } catch (SerializationException e) { _ = e.Message; }
        var doc = new XDocument(); using (var w = doc.CreateWriter()) new DataContractSerializer(typeof(Plain)).WriteObject(w, new Plain { Id = 3 });
        using (var reader = doc.CreateReader()) _ = new DataContractSerializer(typeof(Plain)).ReadObject(reader); var session = new XmlBinaryWriterSession();
        var dictionary = new XmlDictionary(); dictionary.Add("Id"); m = new();
        using (var w = XmlDictionaryWriter.CreateBinaryWriter(m, dictionary, session)) new DataContractSerializer(typeof(Plain)).WriteObject(w, new Plain());
        var sheet = new XmlSerializer(typeof(Sheet)); var text = new StringWriter();
        sheet.Serialize(text, new Sheet { Rows = [new() { Cells = { 1, "a", 2.5, true, null, DateTime.UnixEpoch } }], Names = ["n"], Corner = new Corner {
                    X = 1 }, Maybe = new Corner(), Styles = [DayOfWeek.Monday], Body = new XmlDocument().CreateCDataSection("<x>"), Flags = [true],
                Blocks = [[1], [2]], Ids = [Guid.Empty], Amounts = [1.5m, 2], Times = [TimeSpan.FromHours(1)], Links = new("a") });
        XmlRecords.Must(((Sheet)sheet.Deserialize(XmlReader.Create(new StringReader(text.ToString())))!).Rows[0].Cells.Count >= 5);
    }
    private static void Trip<T>(T value) where T : notnull { var s = new DataContractSerializer(typeof(T), [typeof(Employee), typeof(Level), typeof(Guid),
                typeof(Uri)]); var m = new MemoryStream(); s.WriteObject(m, value); m.Position = 0; _ = s.ReadObject(m); }
    private sealed class Surrogates : ISerializationSurrogateProvider { public Type GetSurrogateType(Type t) => t == typeof(Span2<int>) ? typeof(RangeData) : t;
        public object GetObjectToSerialize(object o, Type t) => o is Span2<int> s ? new RangeData { From = s.From, To = s.To } : o;
        public object GetDeserializedObject(object o, Type t) => o is RangeData d ? new Span2<int>(d.From, d.To) : o; }
}
[DataContract(Name = "ShelfOf{0}{#}")] public class Shelf<T> { [DataMember] public IList<T> Items { get; set; } = [];
    [DataMember] public Dictionary<string, T[]>? Named { get; set; } [DataMember] public Person? Owner { get; set; } }
[DataContract] public struct Measure { [DataMember] public double Value; [DataMember] public char Unit; [DataMember] public float? Maybe;
    [DataMember] public DayOfWeek Day; [DataMember] public sbyte Small; [DataMember] public ushort U; [DataMember] public uint V; [DataMember] public ulong W;
    [DataMember] public short S; [DataMember] public bool B; }
[Serializable] public class Version1Error : Exception, ISerializable { public Version1Error(string m, int code) : base(m) => Code = code;
    protected Version1Error(SerializationInfo i, StreamingContext c) => Code = i.GetInt32("code"); public int Code { get;
        } public override void GetObjectData(SerializationInfo i, StreamingContext c) { i.AddValue("code", Code); i.AddValue("text", Message); } }
public class Plain { public int Id { get; set; } public string? Name { get; set; } public Plain? Child { get; set; } public DateTime? When { get; set;
        } = DateTime.UnixEpoch; public Level Level { get; set; } public double[]? Values { get; set; } = [1.5]; }
[DataContract] public class Wrapped { [DataMember] public Span2<int>? Range { get; set; } }
[DataContract] public class RangeData { [DataMember] public int From; [DataMember] public int To; }
[DataContract] public class TreeLoop { [DataMember] public TreeLoop? Next; public static TreeLoop Make() { var t = new TreeLoop(); t.Next = t; return t; } }
public struct Corner { [XmlAttribute] public int X; public int Y { get; set; } }
public class SheetRow { [XmlElement("i", typeof(int)), XmlElement("s", typeof(string)), XmlElement("d", typeof(double)), XmlElement("b", typeof(bool)),
        XmlElement("t", typeof(DateTime)), XmlElement("n", typeof(Corner))] public ArrayList Cells { get; } = []; }
public class LinkSet : IEnumerable<string> { private readonly List<string> all = []; public LinkSet() { } public LinkSet(string a) => Add(a);
    public void Add(string s) => all.Add(s); public IEnumerator<string> GetEnumerator() => all.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator(); }
public class Sheet { [XmlElement("row")] public List<SheetRow> Rows { get; set; } = []; public HashSet<string>? Names; public Corner Corner;
    public Corner? Maybe; [XmlArrayItem("style")] public DayOfWeek[]? Styles; public XmlCDataSection? Body; [XmlElement("flag")] public List<bool>? Flags;
    [XmlArrayItem("block"), XmlArrayItem("n", NestingLevel = 1)] public int[][]? Blocks; public Guid[]? Ids; [XmlAttribute] public decimal[]? Amounts;
    public List<TimeSpan>? Times; public LinkSet? Links; }

internal static class XmlRewriting
{
    public static void Run()
    {
        const string sheet = """
            <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:ms="urn:schemas-microsoft-com:xslt"><xsl:import href="base.xsl"/><xsl:strip-space elements="*"/><xsl:output method="xml" omit-xml-declaration="yes" cdata-section-elements="note"/><xsl:variable name="rows" select="//row"/><xsl:attribute-set name="mark"><xsl:attribute name="by">job</xsl:attribute></xsl:attribute-set>
            <xsl:template match="row[@n &gt; 1]"><xsl:copy use-attribute-sets="mark"><xsl:apply-templates select="@*"/><xsl:apply-imports/><pos><xsl:value-of select="position()"/>/<xsl:value-of select="last()"/> <xsl:value-of select="generate-id()  != ''"/></pos><xsl:apply-templates select="." mode="short"/></xsl:copy></xsl:template><xsl:template match="row" mode="short"><s><xsl:value-of select="substring(@n, 1, 1)"/><xsl:value-of select="sum($rows/@n) div count($rows)"/><xsl:number value="position()" format="I"/></s></xsl:template>
            <xsl:template match="/*"><xsl:variable name="tree"><a>1</a><a>2</a></xsl:variable><out><xsl:for-each select="ms:node-set($tree)/a"><xsl:sort order="descending"/><xsl:copy-of select="."/></xsl:for-each><xsl:for-each select="row[not(@k = preceding-sibling::row/@k)]"><group k="{@k}"/></xsl:for-each><xsl:apply-templates/></out></xsl:template></xsl:stylesheet>
            """;
        const string common = "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:template match='@*|node()'><xsl:copy><xsl:apply-templates select='@*|node()'/></xsl:copy></xsl:template></xsl:stylesheet>";
        var resolver = new Memory { ["base.xsl"] = common,
            ["part.xsd"] = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:group name='g'><xs:all><xs:element name='a' type='xs:int' minOccurs='0'/><xs:element name='b' type='xs:date' nillable='true'/></xs:all></xs:group><xs:attributeGroup name='ag'><xs:attribute name='k' type='xs:NMTOKEN'/></xs:attributeGroup></xs:schema>"
            }; var transform = new XslCompiledTransform(); transform.Load(XmlReader.Create(new StringReader(sheet), null, "mem:/main.xsl"),
            new XsltSettings(true, false), resolver); var output = new StringBuilder();
        using (var w = XmlWriter.Create(output, transform.OutputSettings))
            transform.Transform(XDocument.Parse("<rows><row n='1' k='a'/><row n='2' k='b'><note>x</note></row><row n='3' k='a'/></rows>").CreateReader(), null,
            w); XmlRecords.Must(output.ToString().Contains("by=\"job\""));
        var set = new XmlSchemaSet { XmlResolver = resolver };
        set.Add("http://x/k", XmlReader.Create(new
                StringReader("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='http://x/k' targetNamespace='http://x/k' elementFormDefault='qualified'><xs:include schemaLocation='part.xsd'/><xs:simpleType name='list'><xs:list itemType='xs:int'/></xs:simpleType><xs:simpleType name='either'><xs:union memberTypes='xs:int list'/></xs:simpleType><xs:element name='head' abstract='true'/><xs:element name='one' substitutionGroup='head' type='either'/><xs:element name='k'><xs:complexType mixed='true'><xs:sequence><xs:element name='x'><xs:complexType><xs:group ref='g'/><xs:attributeGroup ref='ag'/></xs:complexType></xs:element><xs:element ref='head' minOccurs='0'/></xs:sequence><xs:anyAttribute processContents='skip'/></xs:complexType><xs:key name='kk'><xs:selector xpath='.//*'/><xs:field xpath='@k'/></xs:key></xs:element></xs:schema>"),
                null, "mem:/k.xsd")); set.Compile(); foreach (string doc in new[] { "<k xmlns='http://x/k'>t<x k='a'><b>2024-01-01</b></x><one>1 2</one></k>",
                "<k xmlns='http://x/k'><x/><one>q</one></k>" }) { int errors = 0; var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema,
                Schemas = set }; settings.ValidationEventHandler += (_, e) => errors++; using var r = XmlReader.Create(new StringReader(doc), settings);
            while (r.Read()) if (r.SchemaInfo is { Validity: XmlSchemaValidity.Valid } i) _ = i.SchemaElement?.QualifiedName + i.MemberType?.Name; }
        try { set.Add(null, XmlReader.Create(new StringReader("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='a' type='none'/></xs:schema>")));
            set.Compile(); } catch (XmlSchemaException e) { _ = e.LineNumber;
            } using (var dtd = XmlReader.Create(new StringReader("<!DOCTYPE a [<!ELEMENT a (b+,c?)><!ELEMENT b (#PCDATA)><!ELEMENT c EMPTY><!ATTLIST b k ID #REQUIRED t (x|y) 'x'>]><a><b k='i'/><c/></a>"),
                new() { DtdProcessing = DtdProcessing.Parse, ValidationType = ValidationType.DTD })) while (dtd.Read()) _ = dtd.IsDefault;
        var nav = XDocument.Parse("<o xmlns:p='http://x/p'><p:i v='1'/><i v='2'><j/></i></o>").CreateNavigator();
        var names = new XmlNamespaceManager(nav.NameTable); names.AddNamespace("p", "http://x/p"); names.PushScope();
        _ = nav.SelectSingleNode("//p:i/@v", names)!.ValueAsInt + nav.Select("//*[following-sibling::i or ancestor::o or self::j or descendant::j]").Count;
        var edit = new XmlDocument(); edit.LoadXml("<a><b/></a>"); var cursor = edit.CreateNavigator()!; cursor.MoveToFollowing("b", "");
        cursor.CreateAttribute("", "k", "", "v"); cursor.InsertAfter("<c/>"); cursor.SetValue("t"); cursor.ReplaceSelf("<d/>");
        using (var w = cursor.AppendChild()) w.WriteElementString("e", "x");
        _ = cursor.OuterXml + cursor.MoveToNext(XPathNodeType.Element) + cursor.ComparePosition(edit.CreateNavigator()!); names.PopScope();
    }
    private sealed class Memory : XmlResolver, IEnumerable { private readonly Dictionary<string, string> files = [];
        public string this[string name] { get => files[name]; set => files[name] = value;
            } public override Uri ResolveUri(Uri? b, string? r) => new("mem:/" + r);
        public override object? GetEntity(Uri uri, string? role, Type? t) => new MemoryStream(Encoding.UTF8.GetBytes(files[uri.AbsolutePath.TrimStart('/')]));
        public IEnumerator GetEnumerator() => files.GetEnumerator(); }
}

// What a source generator would write for two types.
internal sealed class RecordsContext(JsonSerializerOptions options) : JsonSerializerContext(options)
{
    protected override JsonSerializerOptions? GeneratedSerializerOptions => null;
    public override JsonTypeInfo? GetTypeInfo(Type type) => Options.TryGetTypeInfo(type, out var info) ? info : null;
    public static void Use() { var options = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            TypeInfoResolver = JsonTypeInfoResolver.Combine(new Resolver(), new DefaultJsonTypeInfoResolver()) };
        string text = JsonSerializer.Serialize([new ServerEntry { Name = "a", Port = 1 }],
            (JsonTypeInfo<List<ServerEntry>>)options.GetTypeInfo(typeof(List<ServerEntry>)));
        XmlRecords.Must(text == "[{\"name\":\"a\",\"port\":1}]" && JsonSerializer.Deserialize<List<ServerEntry>>(text, options)![0].Port == 1);
        var pairs = JsonSerializer.Serialize(new Dictionary<string, ServerEntry> { ["k"] = new() }, options);
        _ = JsonSerializer.Deserialize(pairs, (JsonTypeInfo<Dictionary<string, ServerEntry>>)options.GetTypeInfo(typeof(Dictionary<string, ServerEntry>)))!.Count;
        _ = JsonSerializer.Deserialize<ServerEntry[]>("[{}]", options)!.Length; }
    private sealed class Resolver : IJsonTypeInfoResolver
    {
        public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions o)
        {
            if (type == typeof(string)) return JsonMetadataServices.CreateValueInfo<string>(o, JsonMetadataServices.StringConverter!);
            if (type == typeof(int)) return JsonMetadataServices.CreateValueInfo<int>(o, JsonMetadataServices.Int32Converter);
            if (type == typeof(List<ServerEntry>)) return JsonMetadataServices.CreateListInfo<List<ServerEntry>, ServerEntry>(o, new() {
                    ObjectCreator = () => [] }); if (type == typeof(ServerEntry[])) return JsonMetadataServices.CreateArrayInfo<ServerEntry>(o, new() {
                    ObjectCreator = null }); if (type == typeof(Dictionary<string, ServerEntry>)) return
                JsonMetadataServices.CreateDictionaryInfo<Dictionary<string, ServerEntry>, string, ServerEntry>(o, new() { ObjectCreator = () => [] });
            return type != typeof(ServerEntry) ? null : JsonMetadataServices.CreateObjectInfo<ServerEntry>(o, new() { ObjectCreator = () => new(),
                    PropertyMetadataInitializer = _ => [JsonMetadataServices.CreatePropertyInfo<string?>(o, new() { IsProperty = true, IsPublic = true,
                        DeclaringType = typeof(ServerEntry), PropertyName = "Name", Getter = x => ((ServerEntry)x).Name, Setter = (x,
                        v) => ((ServerEntry)x).Name = v }), JsonMetadataServices.CreatePropertyInfo<int>(o, new() { IsProperty = true, IsPublic = true,
                        DeclaringType = typeof(ServerEntry), PropertyName = "Port", Getter = x => ((ServerEntry)x).Port, Setter = (x,
                        v) => ((ServerEntry)x).Port = v })] });
        }
    }
}

internal sealed class SalesTable : TypedTableBase<SalesTable.Row>
{
    public SalesTable() { TableName = "sales"; PrimaryKey = [Columns.Add("id", typeof(int))]; Columns.Add("region", typeof(string)).MaxLength = 10;
        Columns.Add("amount", typeof(decimal)); Columns.Add("day", typeof(DateTime)); }
    public sealed class Row : DataRow { internal Row(DataRowBuilder b) : base(b) { } public int Id { get => (int)this["id"]; set => this["id"] = value;
            } public string Region { get => this.Field<string>("region")!; set => this["region"] = value;
            } public decimal? Amount { get => IsNull("amount") ? null : (decimal)this["amount"]; set => this["amount"] = value ?? (object)DBNull.Value; } }
    protected override DataRow NewRowFromBuilder(DataRowBuilder b) => new Row(b);
    protected override Type GetRowType() => typeof(Row);
    protected override DataTable CreateInstance() => new SalesTable();
    public static void Use() { var table = new SalesTable(); table.ColumnChanged += (_, e) => _ = e.ProposedValue; table.BeginLoadData();
        foreach (var s in Sale.All) { var row = (Row)table.NewRow(); row.Id = s.Id; row.Region = s.Region; row.Amount = s.Id == 3 ? null : s.Amount;
            row["day"] = s.Day.ToDateTime(default); table.Rows.Add(row); } table.EndLoadData(); table.AcceptChanges();
        XmlRecords.Must(table.Where(r => r.Amount > 3).Sum(r => r.Amount) > 0 && table.OrderBy(r => r.Region).ThenByDescending(r => r.Amount).First().Id > 0
            && table.Select(r => r.Region).Distinct().Count() == 3 && table.Cast<Row>().Any()); try { table.First().Region = new string('x', 20);
            table.AcceptChanges(); } catch (ArgumentException e) { _ = e.Message;
            } _ = table.GroupBy(r => r.Region).Select(g => (g.Key, g.Average(r => r.Amount))).ToList(); var part = (SalesTable)table.Clone();
        foreach (DataRow r in table.Select("amount > 10", "day DESC")) part.ImportRow(r); part.Merge(table, true); _ = part.GetChanges()?.Rows.Count;
        var json = part.Rows.Cast<DataRow>().Select(r => part.Columns.Cast<DataColumn>().ToDictionary(c => c.ColumnName, c => r[c] is DBNull ? null
                : r[c])).ToList(); _ = JsonSerializer.Serialize(json);
        foreach (DataColumn c in part.Columns) _ = c.ColumnName + c.DataType + c.Ordinal + c.Caption + c.MaxLength;
        part.Rows.InsertAt(part.NewRow() is Row n && (n.Id = 99) > 0 ? n : null!, 0); part.Rows.RemoveAt(1); part.PrimaryKey = []; part.Constraints.Clear();
        part.Columns["day"]!.DateTimeMode = DataSetDateTime.UnspecifiedLocal; _ = part.Rows.IndexOf(part.Rows[0]) + (part.Rows[0].ItemArray = [98, "x", 1m,
                DBNull.Value]).Length; part.Rows[0].SetAdded2(); }
}
internal static class RowExtensions { public static void SetAdded2(this DataRow row) { row.AcceptChanges(); row.SetModified(); row.RejectChanges();
        row.AcceptChanges(); row.SetAdded(); row.Delete(); } }

// The reader that bulk copies and table loads take, over any list of objects.
internal sealed class RecordReader(IEnumerable<Sale> sales) : DbDataReader, IDbColumnSchemaGenerator
{
    private static readonly (string Name, Type Type, Func<Sale, object> Get)[] Fields = [("Id", typeof(int), s => s.Id), ("Region", typeof(string),
            s => s.Region), ("Amount", typeof(decimal), s => s.Amount), ("Day", typeof(DateTime), s => s.Day.ToDateTime(TimeOnly.MinValue)), ("Customer",
            typeof(Guid), s => s.Customer), ("Rating", typeof(int), s => s.Rating ?? (object)DBNull.Value), ("Weight", typeof(double), s => s.Weight), ("Blob",
            typeof(byte[]), s => new byte[] { 1, 2, 3 })];
    private readonly IEnumerator<Sale> rows = sales.GetEnumerator(); private bool closed;
    public override int FieldCount => Fields.Length; public override bool HasRows => true; public override bool IsClosed => closed;
    public override int Depth => 0; public override int RecordsAffected => -1;
    public override object this[int i] => GetValue(i); public override object this[string name] => GetValue(GetOrdinal(name));
    public override bool Read() => rows.MoveNext(); public override bool NextResult() => false; public override void Close() { closed = true; rows.Dispose(); }
    public override string GetName(int i) => Fields[i].Name; public override Type GetFieldType(int i) => Fields[i].Type;
    public override string GetDataTypeName(int i) => Fields[i].Type.Name;
    public override int GetOrdinal(string name) => Array.FindIndex(Fields, f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is >= 0 and var i ? i
        : throw new IndexOutOfRangeException(name);
    public override object GetValue(int i) => Fields[i].Get(rows.Current); public override bool IsDBNull(int i) => GetValue(i) is DBNull;
    public override int GetValues(object[] values) { int n = Math.Min(values.Length, FieldCount); for (int i = 0; i < n; i++) values[i] = GetValue(i); return n;
        }
    public override bool GetBoolean(int i) => (bool)GetValue(i); public override byte GetByte(int i) => (byte)GetValue(i);
    public override char GetChar(int i) => (char)GetValue(i); public override DateTime GetDateTime(int i) => (DateTime)GetValue(i);
    public override decimal GetDecimal(int i) => (decimal)GetValue(i); public override double GetDouble(int i) => (double)GetValue(i);
    public override float GetFloat(int i) => (float)GetValue(i); public override Guid GetGuid(int i) => (Guid)GetValue(i);
    public override short GetInt16(int i) => (short)GetValue(i); public override int GetInt32(int i) => (int)GetValue(i);
    public override long GetInt64(int i) => Convert.ToInt64(GetValue(i)); public override string GetString(int i) => (string)GetValue(i);
    public override long GetBytes(int i, long at, byte[]? buffer, int offset, int length) { var all = (byte[])GetValue(i);
        if (buffer is null) return all.Length; int n = Math.Min(length, all.Length - (int)at); Array.Copy(all, at, buffer, offset, n); return n;
        } public override long GetChars(int i, long at, char[]? buffer, int offset, int length) { string all = GetString(i);
        if (buffer is null) return all.Length; int n = Math.Min(length, all.Length - (int)at); all.CopyTo((int)at, buffer, offset, n); return n; }
    public override IEnumerator GetEnumerator() => new DbEnumerator(this, true);
    public ReadOnlyCollection<DbColumn> GetColumnSchema() => Fields.Select((f, i) => (DbColumn)new Column(f.Name, f.Type, i)).ToList().AsReadOnly();
    public override DataTable GetSchemaTable() { var t = new DataTable("SchemaTable");
        foreach (var (n, type) in new (string, Type)[] { (SchemaTableColumn.ColumnName, typeof(string)), (SchemaTableColumn.ColumnOrdinal, typeof(int)),
                (SchemaTableColumn.DataType, typeof(Type)), (SchemaTableColumn.AllowDBNull, typeof(bool)), (SchemaTableColumn.ColumnSize,
                typeof(int)) }) t.Columns.Add(n, type); for (int i = 0; i < Fields.Length; i++) t.Rows.Add(Fields[i].Name, i, Fields[i].Type, true, -1);
        return t; }
    private sealed class Column : DbColumn { public Column(string name, Type type, int i) { ColumnName = name; DataType = type; ColumnOrdinal = i;
            AllowDBNull = type == typeof(int); DataTypeName = type.Name; } }
    public static async Task Use() { await using (var r = new RecordReader(Sale.All)) while (await r.ReadAsync()) { _ = await r.GetFieldValueAsync<decimal>(2)
            + await r.GetFieldValueAsync<int>("Id"); _ = await r.IsDBNullAsync(5) ? 0 : r.GetFieldValue<int>(5);
            _ = r.GetDateTime("Day").Year + r.GetGuid("Customer").ToString() + r.GetDouble("Weight") + r.GetInt64(0) + r.GetBytes(7, 0, new byte[2], 0,
                2) + r.GetChars(1, 0, new char[2], 0, 2) + r.VisibleFieldCount + r["Region"]; using var s = r.GetStream(7); using var t = r.GetTextReader(1);
            _ = s.ReadByte() + await t.ReadToEndAsync(); } var table = new DataTable("bulk"); table.Load(new RecordReader(Sale.All));
        XmlRecords.Must(table.Rows.Count == 12 && table.Columns["Amount"]!.DataType == typeof(decimal));
        using (var r = new RecordReader(Sale.All)) _ = r.GetColumnSchema().Select(c => (c.ColumnName, c.DataType?.Name, c.AllowDBNull,
                c["DataTypeName"])).ToList().Count + (await r.GetColumnSchemaAsync()).Count;
        using (var r = new RecordReader(Sale.All)) foreach (IDataRecord d in r) _ = d["Id"].ToString() + d.GetDecimal(2);
        using (var r = new RecordReader(Sale.All)) { var mapped = new List<Dictionary<string, object?>>();
            while (r.Read()) mapped.Add(Enumerable.Range(0, r.FieldCount).ToDictionary(r.GetName, i => r.IsDBNull(i) ? null : r.GetValue(i),
                StringComparer.OrdinalIgnoreCase)); _ = mapped.Count; } try { using var r = new RecordReader(Sale.All); r.Read(); r.GetBoolean(0);
            } catch (InvalidCastException) { } }
}

internal static class ReportStreams
{
    public static async Task Run()
    {
        async IAsyncEnumerable<Sale> All([EnumeratorCancellation] CancellationToken token = default) { foreach (var s in Sale.All) {
                token.ThrowIfCancellationRequested(); if (s.Id % 4 == 0) await Task.Yield(); yield return s;
                } } async IAsyncEnumerable<(string Region, decimal Sum)> Running(IAsyncEnumerable<Sale> source) { var sums = new Dictionary<string, decimal>();
            await foreach (var s in source.ConfigureAwait(false)) { sums[s.Region] = sums.GetValueOrDefault(s.Region) + s.Amount;
                yield return (s.Region, sums[s.Region]); } } async IAsyncEnumerable<List<T>> Batch<T>(IAsyncEnumerable<T> source, int size) {
            var batch = new List<T>(size); await foreach (var item in source) { batch.Add(item); if (batch.Count == size) { yield return batch;
                    batch = new(size); } } if (batch.Count > 0) yield return batch; }
        decimal last = 0; await foreach (var (_, sum) in Running(All())) last = sum; await foreach (var part in Batch(All(), 5)) last += part.Count;
        await foreach (var part in Batch(Running(All()), 5)) last += part[0].Sum; using var stop = new CancellationTokenSource();
        try { await foreach (var s in All().WithCancellation(stop.Token)) if (s.Id == 3) stop.Cancel(); } catch (OperationCanceledException) { }
        await using (var e = All().GetAsyncEnumerator()) while (await e.MoveNextAsync()) last += e.Current.Quantity; _ = All().ToBlockingEnumerable().Count();
        var groups = ImmutableSortedDictionary.CreateBuilder<string, ImmutableList<decimal>>(StringComparer.Ordinal);
        foreach (var s in Sale.All) groups[s.Region] = groups.GetValueOrDefault(s.Region, []).Add(s.Amount);
        foreach (var (region, amounts) in groups.ToImmutable()) _ = region + amounts.Sum(); var array = ImmutableArray.CreateBuilder<(int, decimal)>();
        array.Add((1, 2)); array.AddRange(Sale.All.Select(s => (s.Id, s.Amount))); _ = array.ToImmutable().Sort((a, b) => b.Item2.CompareTo(a.Item2))[0].Item1;
        _ = ImmutableList.CreateRange(Sale.All).RemoveAll(s => s.Id > 3).SetItem(0, Sale.All[5]).Insert(1,
            Sale.All[6]).Count + ImmutableStack.Create(1).Push(2).Peek() + ImmutableQueue.Create("a").Enqueue("b").Peek() + ImmutableSortedSet.Create(3, 1).Min;
        var rolled = new List<(string Level, string Key, decimal Sum)>(); foreach (var r in Sale.All.GroupBy(s => s.Region)) {
            rolled.Add(("region", r.Key, r.Sum(s => s.Amount))); rolled.AddRange(r.GroupBy(s => s.Product).OrderBy(g => g.Key).Select(g => ("product",
                    r.Key + "/" + g.Key, g.Sum(s => s.Amount)))); } rolled.Add(("all", "", Sale.All.Sum(s => s.Amount)));
        foreach (var (level, key, sum) in rolled.OrderBy(t => t.Level switch { "all" => 2, "region" => 0, _ => 1 }).ThenByDescending(t => t.Sum)) last
            += $"{level,-8} {key,-12} {sum,10:N2} {sum / rolled[^1].Sum,7:P1}".Length;
        var ranked = Sale.All.OrderByDescending(s => s.Amount).Select((s, i) => new { Rank = i + 1, s.Id, s.Amount,
                Moving = Sale.All.Where(o => Math.Abs(o.Id - s.Id) <= 1).Average(o => o.Amount), Change = i == 0 ? (decimal?)null : s.Amount }).ToDictionary(x
            => x.Rank); XmlRecords.Must(ranked[1].Change is null && ranked.Count == 12);
        var days = from d in Enumerable.Range(0, 10).Select(i => new DateOnly(2024, 1,
                1).AddDays(i)) join s in Sale.All on d equals s.Day into g select (Day: d, Total: g.Sum(s => s.Amount), Any: g.Any());
        _ = days.Where(d => d.Any).MaxBy(d => d.Total).Day.DayOfYear + days.GroupBy(d => d.Day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday).Count();
        var cross = from a in Sale.All from b in Sale.All where a.Id < b.Id && a.Product == b.Product let gap
            = b.Day.DayNumber - a.Day.DayNumber where gap > 0 orderby gap, a.Id descending select (a.Id, b.Id, gap);
        _ = cross.Take(5).ToList().Count + cross.ToLookup(c => c.gap).Count;
#if NET10_0
        _ = await All().Where(s => s.Amount > 3).Select(s => (s.Region, s.Amount)).OrderBy(t => t.Amount).Take(4).ToListAsync() is { Count: 4 };
        _ = await All().Select(s => s.Amount).SumAsync() + await All().CountAsync() + (await All().GroupBy(s => s.Region).ToDictionaryAsync(g => g.Key,
                g => g.Count())).Count; await foreach (var c in All().Chunk(5)) last += c.Length; var ordered = new OrderedDictionary<string, decimal> {
            ["b"] = 1, ["a"] = 2 }; ordered.Insert(0, "z", 3); _ = ordered.GetAt(0).Key;
        _ = new Dictionary<string, int> { ["a"] = 1 }.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue("a", out _); _ = Guid.CreateVersion7();
        _ = Convert.ToHexStringLower([1]); _ = Base64Url.EncodeToString([1, 2]);
        await foreach (var t in Task.WhenEach(Task.FromResult(1), Task.FromResult(2))) _ = await t;
#endif
    }
}

internal static class Texts
{
    private static readonly SearchValues<char> Special = SearchValues.Create(",;\"\r\n");
    private static T Sum<T>(IEnumerable<string> texts) where T : INumber<T> => texts.Aggregate(T.Zero, (a, s) => a + T.Parse(s, NumberStyles.Number,
            CultureInfo.InvariantCulture));
    public static void Run()
    {
        const string s = "  Order No. 15, Ann; total: 1,250.50 EUR \r\n";
        _ = s.Trim().TrimEnd('R').TrimStart(' ', 'O').Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries).Length + s.Split(": ", 2)[1].Substring(0,
            5) + s.IndexOf("ann", StringComparison.OrdinalIgnoreCase) + s.LastIndexOf(' ') + s.IndexOfAny([';', ',']) + s.Replace("EUR", "€",
            StringComparison.Ordinal).Replace(' ', '_') + s.Contains("total") + s.Contains('x') + s.StartsWith(' ') + s.EndsWith("\n", StringComparison.Ordinal)
            + s.Insert(2, "x").Remove(3, 1).PadLeft(60).PadRight(70, '.') + s.ToUpperInvariant().ToLower(CultureInfo.InvariantCulture)
            + s.ReplaceLineEndings("|") + string.Join(", ", new List<int> { 1, 2 }) + string.Join('-', "a", "b") + string.Concat(s.Where(char.IsLetterOrDigit))
            + string.Concat(s.Reverse().Take(3)) + new string('=', 5) + string.Create(4, 7, (span, n) => span.Fill((char)('0' + n)))
            + s.AsSpan().IndexOfAny(Special) + s.AsSpan().Trim().ToString() + s.Count(c => c == ' ') + string.CompareOrdinal("a", "b") + string.Compare("a",
            "A", true, CultureInfo.InvariantCulture) + "a".CompareTo("b") + string.Equals("a", "A", StringComparison.InvariantCultureIgnoreCase)
            + string.IsNullOrEmpty("") + s[3..8] + s[^3] + string.Intern("x") + s.ToCharArray().Length + "a{0}b{1,4:D3}".Length
            + string.Format("{0} {1} {2} {3}", 1, "b", 2.5m, 'c') + char.IsDigit('5') + char.ToUpperInvariant('a') + char.GetNumericValue('5')
            + char.IsWhiteSpace(' ') + char.IsPunctuation(',') + (Ascii.EqualsIgnoreCase("a", "A") ? 1 : 0);
        _ = Sum<decimal>(["1.5", "2"]) + (decimal)Sum<double>(["1.5"]) + Sum<int>(["1", "2"]) + Sum<long>(["3"]); var builder = new StringBuilder("abc", 100);
        builder.Append('x', 3).Append(1.5).Append(true).Append("abcdef", 1, 2).AppendFormat("{0:N1}", 2).AppendJoin("; ", [1, 2]).Insert(0, 5).Replace('x', 'y',
            0, 5).AppendLine().Append(1m).Append(2L).Append(DateTime.UnixEpoch.Year).Append($"{1.5:F1}").Append(new StringBuilder("z")); builder.Length -= 2;
        builder[0] = 'q'; _ = builder.ToString(1, 3) + builder.Equals(new StringBuilder()) + builder.Capacity;
        using var writer = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" }; writer.WriteLine("{0}|{1}", 1.5, "a"); writer.Write(2.5m);
        writer.Write(true); writer.WriteLine('c'); writer.Write("{0} {1} {2}", 1, 2, 3);
        using (var indented = new System.CodeDom.Compiler.IndentedTextWriter(writer, "  ")) { indented.Indent++; indented.WriteLine("in"); indented.Write(5);
            } try { _ = new RegionInfo("NO").CurrencySymbol + RegionInfo.CurrentRegion.TwoLetterISORegionName; } catch (ArgumentException) { }
        _ = new IdnMapping().GetAscii("bücher.example.com") + CultureInfo.GetCultures(CultureTypes.NeutralCultures).Length + CultureInfo.CurrentUICulture.Name
            + CultureInfo.InstalledUICulture.LCID; var uri = new UriBuilder("http://example.com/a b?x=1#f") {
            Port = 81, Query = "q=" + Uri.EscapeDataString("ä&b") }.Uri; _ = uri.AbsoluteUri + uri.PathAndQuery + uri.Host + uri.Segments.Length + new Uri(uri,
            "../c").LocalPath + Uri.TryCreate("x:y", UriKind.RelativeOrAbsolute, out _) + Uri.IsWellFormedUriString("a b", UriKind.Relative) + string.Join('&',
            new Dictionary<string, string> { ["a"] = "1 2" }.Select(p => $"{WebUtility(p.Key)}={WebUtility(p.Value)}")); try { _ = new Uri("::");
            } catch (UriFormatException) { } var query = System.Web.HttpUtility.ParseQueryString("?a=1&b=%20x&a=2"); query["c"] = "d e";
        _ = query.ToString() + query["a"] + query.GetValues("a")!.Length; var mail = new System.Net.Mail.MailAddress("Ann <ann@example.com>");
        _ = mail.DisplayName + mail.Host; static string WebUtility(string s) => System.Net.WebUtility.UrlEncode(s); var version = new Version("1.2.3");
        _ = version > new Version(1, 2) && version.ToString(2) == "1.2";
        _ = Enum.GetValues<OrderState>().Length + Enum.GetName(OrderState.Open) + Enum.GetNames<Level>().Length + Enum.IsDefined(OrderState.New)
            + (OrderFlags.Gift | OrderFlags.Foreign).HasFlag(OrderFlags.Gift) + Enum.Format(typeof(OrderFlags), OrderFlags.Gift,
            "X") + OrderFlags.Fragile.ToString("F") + Enum.Parse<OrderFlags>("Gift,Fragile"); try { Enum.Parse<Level>("?"); } catch (ArgumentException) { }
    }
}
