// Network programs without a web framework: TCP, UDP, TLS, HTTP both sides, WebSockets, mail, pipes, DNS messages, RPC, certificates. MIT licensed.
using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Specialized;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.IO.Compression;
using System.IO.Pipes;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mail;
using System.Net.Mime;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using System.Web;

string dir = Directory.CreateTempSubdirectory("net-").FullName;
using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
CancellationToken stop = limit.Token;

Step.Run("addresses", () =>
{
    string[] texts = ["10.0.0.7", "192.168.1.20", "::1", "fe80::1", "2001:db8::ff00:42:8329", "127.0.0.1", "224.0.0.251", "300.1.1.1", "no address",
        "::ffff:1.2.3.4"];
    var valid = texts.Select(t => (Ok: IPAddress.TryParse(t, out var a), Address: a)).Where(x => x.Ok).Select(x => x.Address!).ToList();
    string Kind(IPAddress a) => IPAddress.IsLoopback(a) ? "loopback" : a.IsIPv6LinkLocal ? "link" : a.IsIPv6Multicast ? "multicast" : a.IsIPv4MappedToIPv6 ? "mapped" : "other";
    foreach (var a in valid) Console.WriteLine($"  {a,-24} {a.AddressFamily,-16} {Kind(a),-10} {Convert.ToHexString(a.GetAddressBytes())} {a.MapToIPv6()}");
    List<IPNetwork> nets = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.168.0.0/16"), new(IPAddress.Parse("2001:db8::"), 32)];
    foreach (var g in valid.GroupBy(a => nets.Where(n => n.Contains(a)).Select(n => (IPNetwork?)n).FirstOrDefault())) Console.WriteLine($"  {g.Key?.ToString() ?? "none"}: {g.Count()}");
    _ = IPNetwork.TryParse("1.2.3.4/33", out _) || nets[0].BaseAddress.Equals(IPAddress.Any) || nets[0] == nets[1];
    Console.WriteLine("  " + string.Join(' ', Net.Hosts(IPNetwork.Parse("192.168.7.8/29"))) + " mask " + Net.Mask(29));
    var hits = new Dictionary<IPAddress, int>(); foreach (var a in valid.Concat(valid.Take(2))) CollectionsMarshal.GetValueRefOrAddDefault(hits, a, out _)++;
    var ends = new SortedDictionary<string, IPEndPoint>(StringComparer.Ordinal) { ["a"] = IPEndPoint.Parse("127.0.0.1:80"),
        ["b"] = IPEndPoint.Parse("[::1]:443"), ["c"] = new(IPAddress.IPv6Any, 0) };
    foreach (var (name, end) in ends)
    {
        var sa = end.Serialize(); Console.WriteLine($"  {name} {end} {sa.Family} {sa.Size} {end.Create(sa)} {end.GetHashCode() != 0}");
    }
    _ = IPEndPoint.TryParse("bad:port", out _) | new DnsEndPoint("example.com", 443).Equals(new DnsEndPoint("example.com", 80));
    _ = new HashSet<EndPoint>(ends.Values).Count;
    Span<char> chars = stackalloc char[64]; Span<byte> bytes = stackalloc byte[16];
    _ = valid[4].TryFormat(chars, out int n) && valid[4].TryWriteBytes(bytes, out n) && IPAddress.TryParse("1.2.3.4".AsSpan(), out _);
    _ = IPAddress.HostToNetworkOrder((short)80) + IPAddress.NetworkToHostOrder(1) + IPAddress.HostToNetworkOrder(5L);
    _ = new IPAddress(0x0100007F).MapToIPv4() + new IPAddress([1, 2, 3, 4]).ToString();
    try { _ = IPAddress.Parse("1.2.3.4.5"); } catch (FormatException e) { Console.WriteLine("  " + e.Message); }
    try { _ = new IPNetwork(IPAddress.Parse("10.0.0.1"), 8); } catch (ArgumentException e) { Console.WriteLine("  " + e.Message); }
    _ = new IPAddress(new byte[16], 3).ScopeId + PhysicalAddress.Parse("00-11-22-33-44-55").ToString() + PhysicalAddress.TryParse("x",
        out _) + Uri.CheckHostName("::1") + Uri.CheckHostName("example.com");
});

Step.Run("uris", () =>
{
    var u = new Uri("http://user:p%40ss@example.com:8080/a/b%20c/../d.html;v=1?q=one+two&x=%C3%A9&x=2&flag#top");
    Console.WriteLine($"  {u.Scheme} {u.Host} {u.Port} {u.Authority} {u.AbsolutePath} {u.PathAndQuery} {u.Fragment} {u.UserInfo} {u.IsDefaultPort} {u.HostNameType} {string.Join('|', u.Segments)} {u.OriginalString.Length}");
    NameValueCollection q = HttpUtility.ParseQueryString(u.Query); q["page"] = "2"; q.Add("x", "3"); q.Remove("flag");
    foreach (string? k in q.AllKeys) Console.WriteLine($"  {k}={string.Join(',', q.GetValues(k) ?? [])}");
    var b = new UriBuilder(u) { Scheme = Uri.UriSchemeHttps, Port = -1, Path = "/x/y z", Query = q.ToString(), UserName = "", Password = "", Fragment = "f" };
    Console.WriteLine($"  {b.Uri.AbsoluteUri} {b}");
    foreach (var (k, v) in Net.Query("?a=1&b=two%20words&c&=d&a=3")) Console.WriteLine($"  [{k}]=[{v}]");
    var root = new Uri("http://example.com/docs/");
    Console.WriteLine($"  {new Uri(root, "../img/a.png")} {new Uri(root, "?p=1")} {root.MakeRelativeUri(new Uri("http://example.com/docs/a/b"))} {root.IsBaseOf(u)} {root.GetLeftPart(UriPartial.Authority)} {u.GetComponents(UriComponents.HostAndPort, UriFormat.Unescaped)}");
    _ = Uri.TryCreate("not a uri", UriKind.Absolute, out _) | Uri.TryCreate("/rel/x?y", UriKind.RelativeOrAbsolute, out var rel) | Uri.TryCreate(root, "z",
        out _) | Uri.IsWellFormedUriString("http://example.com/a b", UriKind.Absolute) | root == new Uri("HTTP://EXAMPLE.COM/docs/");
    Console.WriteLine($"  {rel} {Uri.EscapeDataString("a b&c=d/é")} {Uri.UnescapeDataString("a%20b%26")} {WebUtility.UrlEncode("a b+c")} {WebUtility.UrlDecode("a+b")} {HttpUtility.UrlEncode("ä ö")} {HttpUtility.UrlDecode("%c3%a4")} {HttpUtility.UrlPathEncode("a b")}");
    Console.WriteLine($"  {WebUtility.HtmlEncode("<a href=\"x\">é&</a>")} {WebUtility.HtmlDecode("&lt;b&gt; &amp; &#233; &eacute;")} {HttpUtility.HtmlAttributeEncode("\"<")} {HttpUtility.JavaScriptStringEncode("a\"b\n", true)} {new Uri("http://bücher.example.com/ä").IdnHost} {new Uri("file:///tmp/a%20b").LocalPath} {new Uri("mailto:a@example.com").AbsoluteUri} {new Uri("http://[::1]:5000/").DnsSafeHost}");
    try { _ = new Uri("http://:x/"); } catch (UriFormatException e) { Console.WriteLine("  " + e.Message); }
    _ = Uri.Compare(u, root, UriComponents.Host, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) + u.GetHashCode();
    _ = new Dictionary<Uri, int> { [root] = 1 }.ContainsKey(new Uri("http://example.com/docs/"));
    _ = Uri.HexEscape('ä') + Uri.IsHexDigit('f') + Uri.CheckSchemeName("h+t") + new IdnMapping().GetAscii("bücher.de");
});

await Step.Run("dns names", async () =>
{
    string me = Dns.GetHostName(); var local = await Dns.GetHostAddressesAsync("localhost", stop);
    var v4 = await Dns.GetHostAddressesAsync("localhost", AddressFamily.InterNetwork);
    Console.WriteLine($"  {me.Length > 0} {local.Length > 0} {v4.Contains(IPAddress.Loopback)}");
    IPHostEntry entry = await Dns.GetHostEntryAsync("127.0.0.1");
    _ = entry.HostName + entry.AddressList.Length + entry.Aliases.Length + Dns.GetHostEntry("localhost").HostName + Dns.GetHostAddresses(IPAddress.Loopback.ToString()).Length;
    try { await Dns.GetHostEntryAsync(new string('x', 300)); } catch (ArgumentException e) { Console.WriteLine("  " + e.GetType().Name); }
    try
    {
        await Dns.GetHostAddressesAsync("a..b");
    }
    catch (Exception e) when (e is SocketException or ArgumentException)
    {
        Console.WriteLine("  " + ((e as SocketException)?.SocketErrorCode.ToString() ?? e.GetType().Name));
    }
});

await Step.Run("interfaces", async () =>
{
    foreach (var nic in NetworkInterface.GetAllNetworkInterfaces().OrderBy(n => n.Name, StringComparer.Ordinal).Take(4))
    {
        try
        {
            var p = nic.GetIPProperties(); var s = nic.GetIPStatistics();
            Console.WriteLine($"  {nic.Name,-10} {nic.NetworkInterfaceType} {nic.OperationalStatus} {nic.GetPhysicalAddress()} {nic.Supports(NetworkInterfaceComponent.IPv4)} {s.BytesReceived >= 0} {nic.Description} {nic.Id}");
            foreach (var a in p.UnicastAddresses) _ = $"{a.Address}/{a.PrefixLength} {a.IPv4Mask}";
            _ = p.GatewayAddresses.Select(g => g.Address).Count() + p.DnsAddresses.Count + p.DhcpServerAddresses.Count + p.MulticastAddresses.Count + p.DnsSuffix;
            _ = p.GetIPv4Properties().Mtu + p.GetIPv6Properties().Index + nic.Speed;
        }
        catch (Exception e) when (e is NetworkInformationException or PlatformNotSupportedException) { Console.WriteLine("  " + e.Message); }
    }
    _ = NetworkInterface.GetIsNetworkAvailable(); NetworkAddressChangedEventHandler changed = (_, _) => { }; NetworkChange.NetworkAddressChanged += changed;
    NetworkChange.NetworkAddressChanged -= changed;
    try
    {
        var g = IPGlobalProperties.GetIPGlobalProperties();
        var busy = g.GetActiveTcpListeners().Concat(g.GetActiveUdpListeners()).Select(e => e.Port).ToHashSet(); _ = g.HostName + g.DomainName + busy.Count;
        foreach (var t in g.GetActiveTcpConnections().GroupBy(c => c.State).OrderBy(c => c.Key)) _ = $"{t.Key} {t.Count()}";
        _ = g.GetTcpIPv4Statistics().CurrentConnections + g.GetIPv4GlobalStatistics().ReceivedPackets + g.GetUdpIPv4Statistics().DatagramsSent;
    }
    catch (Exception e) when (e is NetworkInformationException or PlatformNotSupportedException) { Console.WriteLine("  " + e.Message); }
    try
    {
        using var ping = new Ping(); var r = await ping.SendPingAsync(IPAddress.Loopback, 500, "ping"u8.ToArray(), new PingOptions(64, true));
        Console.WriteLine($"  {r.Status} {r.Address} {r.Buffer?.Length}"); _ = r.RoundtripTime + r.Options?.Ttl;
    }
    catch (Exception e) when (e is PingException or PlatformNotSupportedException or SocketException) { Console.WriteLine("  ping: " + e.GetType().Name); }
});

await Step.Run("line protocol", async () =>
{
    await using var server = new StoreServer(); server.Closed += (_, s) => Console.WriteLine($"  closed after {s}");
    async Task<List<string>> Talk(params string[] lines)
    {
        using var client = new TcpClient { NoDelay = true, ReceiveTimeout = 5000, SendTimeout = 5000, LingerState = new(false, 0) };
        await client.ConnectAsync(IPAddress.Loopback, server.EndPoint.Port, stop);
        await using NetworkStream stream = client.GetStream(); using var reader = new StreamReader(stream, Encoding.UTF8, false, 1024, leaveOpen: true);
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n", AutoFlush = true };
        List<string> answers = [(await reader.ReadLineAsync(stop))!];
        foreach (string l in lines) { await writer.WriteLineAsync(l.AsMemory(), stop); answers.Add(await reader.ReadLineAsync(stop) ?? "<end>"); }
        _ = client.Connected && client.Client.RemoteEndPoint is IPEndPoint && client.Available == 0; return answers;
    }
    foreach (string a in await Talk("SET name Zoë Q", "GET name", "INCR n", "INCR n 41", "GET missing", "INCR name", "BOGUS", "", "KEYS", "EXPIRE n 00:00:05",
        "DEL n", "STATS", "QUIT")) Console.WriteLine("  " + a);
    var all = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Talk($"SET k{i} v{i}", $"GET k{i}", "QUIT")));
    Console.WriteLine("  " + string.Join(' ', all.Select(a => a[2]).Order()));
    using (var sync = new TcpClient("127.0.0.1", server.EndPoint.Port))
    {
        using var s = sync.GetStream(); using var r = new StreamReader(s); using var w = new StreamWriter(s) { AutoFlush = true }; r.ReadLine();
        w.WriteLine("GET k1"); w.WriteLine("QUIT"); Console.WriteLine("  " + r.ReadToEnd().ReplaceLineEndings("|"));
    }
    try
    {
        using var none = new TcpClient(); await none.ConnectAsync(IPEndPoint.Parse("127.0.0.1:1"));
    }
    catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
    {
        Console.WriteLine($"  {e.SocketErrorCode} {e.NativeErrorCode != 0} {e.Message}");
    }
});

await Step.Run("framing", async () =>
{
    var (a, b) = await Net.StreamsAsync(); await using var _a = a; await using var _b = b;
    using (var w = new BinaryWriter(a, Encoding.UTF8, true))
    {
        w.Write((byte)1); w.Write(IPAddress.HostToNetworkOrder(77)); w.Write("héllo"); w.Write(2.5); w.Write(7L); w.Write(true); w.Write(1.25m); w.Write('x');
        w.Write7BitEncodedInt(300); w.Write((ushort)9); w.Write([1, 2, 3]); w.Flush();
    }
    using (var r = new BinaryReader(b, Encoding.UTF8,
        true)) Console.WriteLine($"  {r.ReadByte()} {IPAddress.NetworkToHostOrder(r.ReadInt32())} {r.ReadString()} {r.ReadDouble()} {r.ReadInt64()} {r.ReadBoolean()} {r.ReadDecimal()} {r.ReadChar()} {r.Read7BitEncodedInt()} {r.ReadUInt16()} {r.ReadBytes(3).Length}");
    foreach (var m in new Message[] { new(MessageKind.Hello, 1, "hi"u8.ToArray()), new(MessageKind.Data, 2, new byte[5000]),
        new(MessageKind.Bye, 3, default) }) await Frames.WriteAsync(a, m, stop);
    a.Socket.Shutdown(SocketShutdown.Send);
    await foreach (var m in Frames.ReadAllAsync(b, stop)) Console.WriteLine($"  {m.Kind} {m.Id} {m.Body.Length} {m == m with { Id = m.Id }}");
    try { await b.ReadExactlyAsync(new byte[4], stop); } catch (EndOfStreamException e) { Console.WriteLine("  " + e.Message); }
    b.WriteTimeout = b.ReadTimeout = 1000; b.Write([1, 2], 0, 2); b.WriteByte(3); b.Flush();
    Console.WriteLine($"  {a.ReadByte()} {a.Read(new byte[8])} {a.CanRead} {a.CanWrite} {a.CanSeek} {a.CanTimeout} {a.DataAvailable}");
    try { a.ReadTimeout = 30; a.ReadByte(); } catch (IOException e) { Console.WriteLine("  " + (e.InnerException as SocketException)?.SocketErrorCode); }
    b.Close(1); try { _ = await b.ReadAsync(new byte[1]); } catch (ObjectDisposedException e) { Console.WriteLine("  " + e.ObjectName); }
});

await Step.Run("chat and relay", async () =>
{
    await using var chat = new ChatServer(); using var relay = new TcpListener(IPAddress.Loopback, 0); relay.Start(5);
    int port = ((IPEndPoint)relay.LocalEndpoint).Port;
    var forward = Task.Run(async () =>
    {
        using var from = await relay.AcceptTcpClientAsync(stop); using var to = new TcpClient(); await to.ConnectAsync(chat.EndPoint, stop);
        await Net.PumpAsync(from.GetStream(), to.GetStream(), stop);
    });
    using var ann = await ChatClient.ConnectAsync("ann", chat.EndPoint, stop);
    using var bob = await ChatClient.ConnectAsync("bob", new(IPAddress.Loopback, port), stop); await ann.SendAsync("hello all");
    Console.WriteLine("  " + await bob.UntilAsync("hello")); await bob.SendAsync("/who"); Console.WriteLine("  " + await bob.UntilAsync("who"));
    await bob.SendAsync("/msg ann psst"); Console.WriteLine("  " + await ann.UntilAsync("psst"));
    bob.Dispose(); await forward.WaitAsync(TimeSpan.FromSeconds(10)); relay.Stop(); Console.WriteLine("  " + await ann.UntilAsync("left"));
    var open = await Net.ScanAsync(IPAddress.Loopback, [1, 2, chat.EndPoint.Port, 3], stop);
    Console.WriteLine("  " + string.Join(' ', open.Select(o => o.Port == chat.EndPoint.Port ? $"chat {o.Open}" : $"{o.Port} {o.Open} {o.Error}")));
    await using var pool = new ConnectionPool(chat.EndPoint, 2);
    await Parallel.ForEachAsync(Enumerable.Range(0, 4), stop, async (i, ct) =>
    {
        using var lease = await pool.RentAsync(ct); _ = lease.Stream.Socket.LocalEndPoint;
    });
    Console.WriteLine($"  pooled {pool.Opened is >= 1 and <= 2}");
});

await Step.Run("sockets", async () =>
{
    using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    listener.Listen(10); var end = (IPEndPoint)listener.LocalEndPoint!;
    try
    {
        using var second = new Socket(SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
        second.Bind(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), end.Port)); second.Listen();
    }
    catch (SocketException e) { Console.WriteLine("  " + e.SocketErrorCode); }
    using var client = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 8192, ReceiveBufferSize = 8192,
        LingerState = new LingerOption(true, 1), SendTimeout = 5000, ReceiveTimeout = 5000, Ttl = 64, DontFragment = true };
    client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
    client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
    client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    Console.WriteLine($"  {client.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay)} {client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type)} {client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 4).Length} {client.ProtocolType} {client.SocketType}");
    Task<Socket> accepting = listener.AcceptAsync(stop).AsTask(); await client.ConnectAsync(end, stop); using Socket server = await accepting;
    Console.WriteLine($"  {server.RemoteEndPoint!.Equals(client.LocalEndPoint)} {client.Connected} {client.Poll(0, SelectMode.SelectWrite)} {server.Available} {client.Handle != 0} {client.SafeHandle.IsInvalid}");
    _ = await client.SendAsync("one"u8.ToArray().AsMemory(), SocketFlags.None,
        stop) + client.Send([new ArraySegment<byte>([1, 2]), new ArraySegment<byte>([3])]) + client.Send([9, 9], 0, 1, SocketFlags.None,
        out SocketError error) + await client.SendAsync([new ArraySegment<byte>([4])], SocketFlags.None);
    client.Send("end"u8);
    byte[] buffer = new byte[64];
    int peeked = server.Receive(buffer, SocketFlags.Peek), got = 0; while (got < 11) got += await server.ReceiveAsync(buffer.AsMemory(got), SocketFlags.None,
        stop);
    Console.WriteLine($"  {error} {peeked > 0} {Convert.ToHexString(buffer, 0, got)}");
    client.Blocking = false;
    try { client.Receive(buffer); } catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock) { Console.WriteLine("  would block"); }
    client.Blocking = true;
    string file = Path.Combine(dir, "send.bin"); await File.WriteAllBytesAsync(file, new byte[3000]); server.SendFile(file);
    await server.SendFileAsync(file, "pre"u8.ToArray(), "post"u8.ToArray(), TransmitFileOptions.UseDefaultWorkerThread, stop);
    int total = 0; while (total < 6007) total += client.Receive(buffer, 0, buffer.Length, SocketFlags.None); Console.WriteLine("  file " + total);
    var (read, write, fail) = (new List<Socket> { server, listener }, new List<Socket> { client }, new List<Socket> { server }); client.Send([5]);
    Socket.Select(read, write, fail, 1_000_000);
    Console.WriteLine($"  select {read.Contains(server)} {write.Count} {fail.Count} {server.Receive(new List<ArraySegment<byte>> { new(buffer, 0, 4), new(buffer, 4, 4) })}");
    using (var cancel = new CancellationTokenSource(30)) try
    {
        await server.ReceiveAsync(buffer, SocketFlags.None, cancel.Token);
    }
    catch (OperationCanceledException e) { Console.WriteLine("  " + e.GetType().Name + e.CancellationToken.IsCancellationRequested); }
    var state = client.BeginSend(buffer, 0, 2, SocketFlags.None, ar => _ = ((Socket)ar.AsyncState!).Connected, client); client.EndSend(state);
    Console.WriteLine("  apm " + server.EndReceive(server.BeginReceive(buffer, 0, 2, SocketFlags.None, null, null)));
    client.Shutdown(SocketShutdown.Both); Console.WriteLine("  " + await server.ReceiveAsync(buffer, SocketFlags.None));
    try { client.Send(buffer); } catch (SocketException e) { Console.WriteLine("  " + e.SocketErrorCode); } client.Close(); server.Dispose();
    try { server.Receive(buffer); } catch (ObjectDisposedException) { Console.WriteLine("  disposed"); }
});

await Step.Run("socket event args", async () =>
{
    using var server = new EventServer(); using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
    using var args = new SocketAsyncEventArgs { RemoteEndPoint = server.EndPoint, UserToken = "token" };
    void Next(object? s, SocketAsyncEventArgs e)
    {
        if (e.SocketError != SocketError.Success) done.TrySetException(new SocketException((int)e.SocketError));
        else if (e.LastOperation == SocketAsyncOperation.Connect) { e.SetBuffer("shout"u8.ToArray(), 0, 5); if (!client.SendAsync(e)) Next(s, e); }
        else if (e.LastOperation == SocketAsyncOperation.Send) { e.SetBuffer(new byte[32]); if (!client.ReceiveAsync(e)) Next(s, e); }
        else done.TrySetResult($"{Encoding.ASCII.GetString(e.MemoryBuffer.Span[..e.BytesTransferred])} {e.UserToken}");
    }
    args.Completed += Next; if (!client.ConnectAsync(args)) Next(null, args); Console.WriteLine("  " + await done.Task.WaitAsync(TimeSpan.FromSeconds(10)));
    try
    {
        var refused = new TaskCompletionSource<SocketError>();
        using var a = new SocketAsyncEventArgs { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1) };
        a.Completed += (_, e) => refused.TrySetResult(e.SocketError); if (Socket.ConnectAsync(SocketType.Stream, ProtocolType.Tcp, a)) await refused.Task;
        Console.WriteLine($"  {a.SocketError} {a.ConnectByNameError?.Message}");
    }
    catch (SocketException) { }
});

await Step.Run("unix and v6", async () =>
{
    if (Socket.OSSupportsUnixDomainSockets)
    {
        string path = Path.Combine(dir, "s.sock"); var end = new UnixDomainSocketEndPoint(path);
        using var l = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); l.Bind(end); l.Listen();
        using var c = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); await c.ConnectAsync(end);
        using var s = await l.AcceptAsync(); await using var cs = new NetworkStream(c, true);
        await using var ss = new NetworkStream(s, FileAccess.ReadWrite, true); await cs.WriteAsync("unix"u8.ToArray()); byte[] four = new byte[4];
        await ss.ReadExactlyAsync(four); Console.WriteLine($"  {Encoding.UTF8.GetString(four)} {end.ToString().Length > 0} {s.LocalEndPoint?.AddressFamily}");
        File.Delete(path);
    }
    if (Socket.OSSupportsIPv6)
    {
        try
        {
            using var l = TcpListener.Create(0); l.Start(); using var c = new TcpClient(AddressFamily.InterNetworkV6); c.Client.DualMode = true;
            await c.ConnectAsync("::1", ((IPEndPoint)l.LocalEndpoint).Port); using var s = await l.AcceptSocketAsync();
            Console.WriteLine($"  {((IPEndPoint)s.RemoteEndPoint!).Address} {l.Server.DualMode} {l.Pending()}");
        }
        catch (SocketException e) { Console.WriteLine("  no v6: " + e.SocketErrorCode); }
    }
});

await Step.Run("udp", async () =>
{
    using var a = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0)) { DontFragment = true, Ttl = 8, EnableBroadcast = true };
    using var b = new UdpClient(AddressFamily.InterNetwork); b.Client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    var (ea, eb) = ((IPEndPoint)a.Client.LocalEndPoint!, (IPEndPoint)b.Client.LocalEndPoint!);
    await a.SendAsync("ping"u8.ToArray(), eb, stop); UdpReceiveResult r = await b.ReceiveAsync(stop); b.Connect(ea);
    await b.SendAsync(r.Buffer.AsEnumerable().Reverse().ToArray());
    Console.WriteLine($"  {Encoding.ASCII.GetString((await a.ReceiveAsync()).Buffer)} {r.RemoteEndPoint.Equals(ea)} {a.Available}"); a.Send([1, 2], 2, eb);
    IPEndPoint? from = null; Console.WriteLine($"  {b.Receive(ref from).Length} {from}".Split(':')[0]);
    using var s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); s.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    s.ReceiveTimeout = 3000; byte[] buffer = new byte[512]; EndPoint any = new IPEndPoint(IPAddress.Any, 0); s.SendTo("x"u8.ToArray(), s.LocalEndPoint!);
    int n = s.ReceiveFrom(buffer, ref any); await s.SendToAsync("yy"u8.ToArray().AsMemory(), SocketFlags.None, s.LocalEndPoint!, stop);
    var rf = await s.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, any, stop);
    s.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true); await s.SendToAsync("zzz"u8.ToArray(), s.LocalEndPoint!);
    var rm = await s.ReceiveMessageFromAsync(buffer, any);
    Console.WriteLine($"  {n} {rf.ReceivedBytes} {rm.ReceivedBytes} {rm.PacketInformation.Address} {rf.RemoteEndPoint.AddressFamily}");
    s.ReceiveTimeout = 20; try { s.ReceiveFrom(buffer, ref any); } catch (SocketException e) { Console.WriteLine("  " + e.SocketErrorCode); }
    var sa = new SocketAddress(AddressFamily.InterNetwork); s.ReceiveTimeout = 3000;
    s.SendTo([7], SocketFlags.None, ((IPEndPoint)s.LocalEndPoint!).Serialize()); Console.WriteLine("  " + s.ReceiveFrom(buffer, SocketFlags.None, sa));
    var group = IPAddress.Parse("239.1.2.3"); using var m = new UdpClient { MulticastLoopback = true };
    m.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); m.Client.Bind(new IPEndPoint(IPAddress.Any, 0));
    try
    {
        m.Client.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
        m.Client.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        _ = m.Client.GetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback); m.JoinMulticastGroup(group, IPAddress.Loopback);
        m.DropMulticastGroup(group);
    }
    catch (SocketException e) { Console.WriteLine($"  multicast {new MulticastOption(group).Group}: {e.SocketErrorCode}"); }
    try
    {
        m.JoinMulticastGroup(group, 2); m.DropMulticastGroup(group); using var m6 = new UdpClient(0, AddressFamily.InterNetworkV6);
        m6.JoinMulticastGroup(1, IPAddress.Parse("ff02::1234")); m6.DropMulticastGroup(IPAddress.Parse("ff02::1234"), 1);
    }
    catch (SocketException e) { Console.WriteLine($"  multicast: {e.SocketErrorCode} {new IPv6MulticastOption(IPAddress.IPv6Loopback).InterfaceIndex}"); }
    using var clock = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
    var serve = Task.Run(async () =>
    {
        var q = await clock.ReceiveAsync(stop); await clock.SendAsync(Ntp.Answer(q.Buffer, DateTime.UnixEpoch.AddYears(50)), q.RemoteEndPoint, stop);
    });
    Console.WriteLine("  ntp " + (await Ntp.AskAsync((IPEndPoint)clock.Client.LocalEndPoint!, stop)).ToString("yyyy-MM-dd HH:mm:ss.fff",
        CultureInfo.InvariantCulture));
    await serve;
    Console.WriteLine($"  wol {Net.WakePacket(PhysicalAddress.Parse("AABBCCDDEEFF")).Length} {new Syslog(4, 6, "host", "app", "it \"works\"").Format(DateTimeOffset.UnixEpoch)} {Syslog.TryParse("<34>1 2024-01-01T00:00:00Z h app - - - msg", out var log)} {log}");
});

await Step.Run("dns messages", async () =>
{
    await using var server = new DnsServer(new() { [("www.example.com", DnsType.A)] = ["10.1.2.3", "10.1.2.4"],
        [("www.example.com", DnsType.AAAA)] = ["2001:db8::1"], [("example.com", DnsType.MX)] = ["10 mail.example.com"],
        [("example.com", DnsType.TXT)] = ["v=spf1 -all"], [("alias.example.com", DnsType.CNAME)] = ["www.example.com"] });
    var resolver = new DnsResolver(server.EndPoint);
    foreach (var (name, type) in new[] { ("www.example.com", DnsType.A), ("www.example.com", DnsType.AAAA), ("example.com", DnsType.MX),
        ("example.com", DnsType.TXT), ("alias.example.com", DnsType.CNAME),
        ("WWW.example.com", DnsType.A) }) foreach (DnsRecord r in await resolver.AskAsync(name, type,
        stop)) Console.WriteLine($"  {r.Name} {r.Ttl.TotalSeconds} {r.Type} {r.Data}");
    try
    {
        await resolver.AskAsync("none.example.com", DnsType.A, stop);
    }
    catch (DnsException e) { Console.WriteLine($"  {e.Code}: {e.Message} ({resolver.Hits} cached)"); }
    try { DnsMessage.Parse([1, 2, 3]); } catch (FormatException e) { Console.WriteLine("  " + e.Message); }
});

await Step.Run("http parser", async () =>
{
    byte[] raw = Encoding.ASCII.GetBytes("POST /a%20b?x=1&y HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nX-Tag: a\r\nX-Tag:  b \r\n\r\nhelloGET / HTTP/1.0\r\n\r\nGET /partial");
    var sequence = Segment.Split(raw, 7);
    while (HttpParser.TryRead(ref sequence,
        out HttpRequest? r)) Console.WriteLine($"  {r.Method} {r.Path} {r.Version} {string.Join(' ', r.Headers.Select(h => $"{h.Key}={string.Join('/', h.Value)}"))} {Encoding.UTF8.GetString(r.Body)}");
    Console.WriteLine("  left " + Encoding.ASCII.GetString(sequence));
    foreach (string bad in new[] { "NOPE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n" })
    {
        var s = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(bad));
        try { HttpParser.TryRead(ref s, out _); } catch (FormatException e) { Console.WriteLine("  " + e.Message); }
    }
    var reader = new SequenceReader<byte>(Segment.Split([0, 1, 0, 0, 0, 2, (byte)'a', (byte)',', (byte)'b', 0], 3));
    Console.WriteLine($"  {reader.TryReadBigEndian(out short h)} {h} {reader.TryReadBigEndian(out int i)} {i} {reader.TryReadTo(out ReadOnlySpan<byte> token, (byte)',')} {token.Length} {reader.TryPeek(out byte p)} {p} {reader.AdvancePast((byte)'b')} {reader.Remaining} {reader.IsNext(0)} {reader.Consumed} {reader.End} {reader.TryReadExact(1, out var one)} {one.Length}");
    var w = new ArrayBufferWriter<byte>();
    HttpParser.WriteResponse(w, 200, "text/plain", "body"u8, ("X-A", "1"), ("Date", DateTimeOffset.UnixEpoch.ToString("r")));
    Console.WriteLine("  " + Encoding.UTF8.GetString(w.WrittenSpan).ReplaceLineEndings("|"));
#if NET10_0
    var pipe = new System.IO.Pipelines.Pipe(new System.IO.Pipelines.PipeOptions(minimumSegmentSize: 32));
    var fill = Task.Run(async () =>
    {
        foreach (byte[] part in raw.Chunk(20))
        {
            part.CopyTo(pipe.Writer.GetMemory(part.Length)); pipe.Writer.Advance(part.Length); if ((await pipe.Writer.FlushAsync()).IsCompleted) break;
        }
        await pipe.Writer.CompleteAsync();
    });
    while (true)
    {
        var result = await pipe.Reader.ReadAsync(stop);
        var rest = result.Buffer; while (HttpParser.TryRead(ref rest, out var r)) Console.WriteLine("  pipe " + r.Path);
        pipe.Reader.AdvanceTo(rest.Start, rest.End); if (result.IsCompleted) break;
    }
    await pipe.Reader.CompleteAsync(); await fill;
    var ms = new MemoryStream(); var pw = System.IO.Pipelines.PipeWriter.Create(ms, new(leaveOpen: true)); await pw.WriteAsync("x\ny\n"u8.ToArray());
    await pw.CompleteAsync(); ms.Position = 0; var pr = System.IO.Pipelines.PipeReader.Create(ms); _ = await pr.ReadAtLeastAsync(2); await pr.CompleteAsync();
    await JsonSerializer.SerializeAsync(System.IO.Pipelines.PipeWriter.Create(Stream.Null), new[] { 1 });
#endif
});

await Step.Run("json rpc", async () =>
{
    var (a, b) = await Net.StreamsAsync(); await using var server = new RpcPeer(b); await using var client = new RpcPeer(a);
    var notes = Channel.CreateUnbounded<string>();
    server.On("add", (Pair p) => Task.FromResult(p.Left + p.Right));
    server.On("find", async (Find f) =>
    {
        await Task.Yield();
        return f.Id == Guid.Empty ? throw new RpcException(RpcError.NotFound, "no such item", f.Id) : new Item(f.Id, "item", [1.5m, 2], DayOfWeek.Friday,
            new() { ["k"] = 1 });
    });
    server.On("wait", async (int ms) => { await Task.Delay(ms, stop); return ms; });
    client.On("note", (string s) => { notes.Writer.TryWrite(s); return Task.FromResult(true); });
    server.Start(stop); client.Start(stop);
    Console.WriteLine($"  {await client.CallAsync<int>("add", new Pair(20, 22), stop)} {await client.CallAsync<Item>("find", new Find(new Guid(1, 2, 3, new byte[8])), stop)}");
    await server.NotifyAsync("note", "changed", stop); Console.WriteLine("  " + await notes.Reader.ReadAsync(stop));
    foreach (Func<Task> call in new Func<Task>[] { () => client.CallAsync<Item>("find", new Find(Guid.Empty), stop),
        () => client.CallAsync<int>("missing", 1, stop), () => client.CallAsync<int>("add", "text", stop) }) try { await call(); } catch (RpcException e)
    {
        Console.WriteLine($"  {e.Code} {(int)e.Code} {e.Message.Split('.')[0]} {e.Data}");
    }
    using var quick = new CancellationTokenSource(40);
    try { await client.CallAsync<int>("wait", 60000, quick.Token); } catch (OperationCanceledException) { Console.WriteLine("  canceled"); }
    var sums = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.CallAsync<int>("add", new Pair(i, i), stop)));
    Console.WriteLine("  " + sums.Sum());
});

await Step.Run("pipes", async () =>
{
    string name = OperatingSystem.IsWindows() ? Guid.NewGuid().ToString("N") : Path.Combine(dir, "p.pipe");
    await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 2, PipeTransmissionMode.Byte,
        PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly, 4096, 4096);
    var serve = Task.Run(async () =>
    {
        await server.WaitForConnectionAsync(stop); using var r = new StreamReader(server, leaveOpen: true);
        await using (var w = new StreamWriter(server,
            leaveOpen: true) { AutoFlush = true }) while (await r.ReadLineAsync(stop) is { Length: > 0 } line) await w.WriteLineAsync(string.Concat(line.Reverse()));
        server.Disconnect();
    });
    await using (var client = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly))
    {
        await client.ConnectAsync(5000, stop); using var r = new StreamReader(client, leaveOpen: true);
        await using var w = new StreamWriter(client, leaveOpen: true) { AutoFlush = true }; await w.WriteLineAsync("epip");
        Console.WriteLine($"  {await r.ReadLineAsync()} {client.IsConnected} {client.TransmissionMode} {server.CanRead}"); await w.WriteLineAsync();
        await serve;
    }
    server.Dispose();
    try
    {
        using var none = new NamedPipeClientStream(".", name + "x", PipeDirection.Out); none.Connect(10);
    }
    catch (TimeoutException e) { Console.WriteLine("  " + e.GetType().Name); }
    using var output = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
    using var input = new AnonymousPipeClientStream(PipeDirection.In, output.ClientSafePipeHandle);
    var text = Task.Run(() => { using var r = new StreamReader(input); return r.ReadToEnd(); });
    using (var w = new StreamWriter(output)) { w.WriteLine("anonymous"); w.Write(1); } Console.WriteLine("  " + (await text).ReplaceLineEndings(" "));
    using (var child = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable))
    {
        _ = child.GetClientHandleAsString().Length; child.DisposeLocalCopyOfClientHandle(); Console.WriteLine("  " + child.ReadByte());
    }
    using var broken = new AnonymousPipeServerStream(PipeDirection.Out);
    using (var c = new AnonymousPipeClientStream(PipeDirection.In, broken.ClientSafePipeHandle)) broken.WriteByte(1);
    try { broken.Write(new byte[10]); } catch (IOException e) { Console.WriteLine("  " + e.GetType().Name); }
});

using var authority = new Authority();
await Step.Run("certificates", async () =>
{
    using var leaf = authority.Issue("localhost", server: true);
    Console.WriteLine($"  {leaf.Subject} {leaf.Issuer} {leaf.HasPrivateKey} {leaf.SerialNumber.Length > 0} {leaf.Thumbprint.Length} {leaf.SignatureAlgorithm.FriendlyName} {leaf.GetKeyAlgorithm()} {leaf.Version} {leaf.NotAfter > leaf.NotBefore} {leaf.GetNameInfo(X509NameType.DnsName, false)} {leaf.MatchesHostname("localhost")} {leaf.MatchesHostname("other.example")}");
    foreach (X509Extension x in leaf.Extensions) Console.WriteLine("  " + x switch { X509BasicConstraintsExtension b => $"ca {b.CertificateAuthority}",
        X509KeyUsageExtension u => $"use {u.KeyUsages}",
        X509EnhancedKeyUsageExtension e => $"eku {string.Join(',', e.EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value))}",
        X509SubjectAlternativeNameExtension s => $"san {string.Join(',', s.EnumerateDnsNames())} {string.Join(',', s.EnumerateIPAddresses())}",
        X509SubjectKeyIdentifierExtension s => $"ski {s.SubjectKeyIdentifier?.Length}",
        X509AuthorityKeyIdentifierExtension a => $"aki {a.KeyIdentifier?.Length}", _ => $"{x.Oid?.Value} {x.Critical} {x.Format(false).Length}" });
    using (var chain = new X509Chain())
    {
        chain.ChainPolicy = authority.Policy(); bool ok = chain.Build(leaf);
        Console.WriteLine($"  {ok} {chain.ChainElements.Count} {string.Join(" < ", chain.ChainElements.Select(e => e.Certificate.GetNameInfo(X509NameType.SimpleName, false)))}");
    }
    using (var chain = X509Chain.Create())
    {
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = DateTime.Now.AddYears(30); chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        Console.WriteLine($"  {chain.Build(leaf)} {string.Join(' ', chain.ChainStatus.Select(s => s.Status).Order())} {chain.ChainStatus[0].StatusInformation.Length > 0}");
    }
    string pem = leaf.ExportCertificatePem(), key = leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
    using var again = X509Certificate2.CreateFromPem(pem, key); byte[] pfx = leaf.Export(X509ContentType.Pfx, "secret");
    await File.WriteAllTextAsync(Path.Combine(dir, "c.pem"), pem + "\n" + key);
    using var filed = X509Certificate2.CreateFromPemFile(Path.Combine(dir, "c.pem")); using var loaded = Authority.Load(pfx, "secret");
    Console.WriteLine($"  {again.Equals(leaf)} {filed.GetCertHashString() == loaded.GetCertHashString()} {loaded.HasPrivateKey} {loaded.PublicKey.Oid.Value} {X509Certificate2.GetCertContentType(pfx)} {leaf.RawDataMemory.Length > 0} {leaf.GetCertHash(HashAlgorithmName.SHA256).Length} {leaf.ToString(true).Length > 0}");
    try { Authority.Load(pfx, "wrong"); } catch (CryptographicException e) { Console.WriteLine("  " + e.GetType().Name); }
    try { X509Certificate2.CreateFromPem("nothing"); } catch (CryptographicException e) { Console.WriteLine("  " + e.Message); }
    var all = new X509Certificate2Collection { leaf, authority.Root, authority.Intermediate }; all.ImportFromPem(pem);
    Console.WriteLine($"  {all.Count} {all.Find(X509FindType.FindBySubjectName, "localhost", false).Count} {all.Find(X509FindType.FindByThumbprint, leaf.Thumbprint, false).Count} {all.Find(X509FindType.FindByTimeValid, DateTime.Now, false).Count} {all.ExportCertificatePems().Length > 0} {all.OrderBy(c => c.Subject).First().Subject} {all.Export(X509ContentType.Pkcs12)!.Length > 0}");
    using (var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine)) try
    {
        store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly); _ = store.Certificates.Count;
    }
    catch (CryptographicException e) { Console.WriteLine("  " + e.Message); }
    using (var mine = new X509Store(StoreName.My, StoreLocation.CurrentUser,
        OpenFlags.ReadOnly)) _ = mine.Certificates.Find(X509FindType.FindBySubjectDistinguishedName, "CN=none", true).Count + mine.Name;
    using var k = ECDsa.Create(ECCurve.NamedCurves.nistP256); var names = new X500DistinguishedNameBuilder(); names.AddCommonName("csr");
    names.AddOrganizationName("Example, Inc."); names.AddCountryOrRegion("DE");
    string csr = new CertificateRequest(names.Build(), k, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    var read = CertificateRequest.LoadSigningRequestPem(csr, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
    Console.WriteLine($"  {read.SubjectName.Name} {read.SubjectName.Format(false)} {string.Join(';', read.SubjectName.EnumerateRelativeDistinguishedNames().Select(r => r.GetSingleElementType().FriendlyName))} {read.PublicKey.EncodedKeyValue.RawData.Length}");
    var crl = new CertificateRevocationListBuilder(); crl.AddEntry(leaf, DateTimeOffset.UnixEpoch.AddYears(50), X509RevocationReason.KeyCompromise);
    byte[] list = crl.Build(authority.Intermediate, 3, DateTimeOffset.UtcNow.AddDays(7), HashAlgorithmName.SHA256);
    Console.WriteLine($"  {CertificateRevocationListBuilder.Load(list, out var number).RemoveEntry(leaf.SerialNumberBytes.Span)} {number}");
});

await Step.Run("tls", async () =>
{
    using var leaf = authority.Issue("localhost", true); using var other = authority.Issue("other.example.com", true);
    using var person = authority.Issue("ann", false); var seen = new ConcurrentQueue<string>();
    SslServerAuthenticationOptions Server(X509Certificate2 c, bool ask = false) => new() { ServerCertificateContext = SslStreamCertificateContext.Create(c,
        new(authority.Intermediate), true), ClientCertificateRequired = ask, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, new("line/1")], CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, cert, _, e) =>
    {
        seen.Enqueue($"client {cert?.Subject} {e}"); return cert != null || !ask;
    }
    };
    SslClientAuthenticationOptions Client(string host) => new() { TargetHost = host, CertificateChainPolicy = authority.Policy(),
        ApplicationProtocols = [new("line/1")], CertificateRevocationCheckMode = X509RevocationMode.NoCheck };
    async Task Talk(string what, Func<SslStream, Task> server, Func<SslStream, Task> client)
    {
        var (a, b) = await Net.StreamsAsync(); await using var s = new SslStream(b, false); await using var c = new SslStream(a, leaveInnerStreamOpen: false);
        var serving = Task.Run(async () => { try
        {
            await server(s); byte[] q = new byte[5]; await s.ReadExactlyAsync(q, stop); await s.WriteAsync(q.AsEnumerable().Reverse().ToArray(), stop);
            await s.ShutdownAsync();
        }
        catch (Exception e) when (e is AuthenticationException or IOException) { seen.Enqueue($"server {what} {e.GetType().Name}"); s.Close(); } }, stop);
        try
        {
            await client(c); await c.WriteAsync("hello"u8.ToArray(), stop); await c.FlushAsync(stop); using var r = new StreamReader(c, Encoding.ASCII);
            Console.WriteLine($"  {what}: {await r.ReadToEndAsync(stop)} {c.SslProtocol} {c.NegotiatedApplicationProtocol} {c.IsMutuallyAuthenticated} {c.RemoteCertificate?.Subject} {c.TargetHostName} {c.IsEncrypted} {c.IsSigned} {c.CheckCertRevocationStatus} {c.NegotiatedCipherSuite != 0} {s.LocalCertificate?.Subject}");
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            Console.WriteLine($"  {what}: {e.GetType().Name} {e.Message.Split('.', '\n')[0]}"); c.Close();
        }
        await serving.WaitAsync(TimeSpan.FromSeconds(10));
    }
    await Talk("options", s => s.AuthenticateAsServerAsync(Server(leaf), stop), c => c.AuthenticateAsClientAsync(Client("localhost"), stop));
    foreach (string host in new[] { "other.example.com", "localhost" }) await Talk("sni " + host,
        s => s.AuthenticateAsServerAsync(static (_, hello, state, ct) => new(((Func<string, SslServerAuthenticationOptions>)state!)(hello.ServerName)),
        (Func<string, SslServerAuthenticationOptions>)(n =>
    {
        seen.Enqueue("sni " + n); return Server(n == "localhost" ? leaf : other);
    }), stop), c => c.AuthenticateAsClientAsync(Client(host), stop));
    await Talk("mutual", s => s.AuthenticateAsServerAsync(Server(leaf, true), stop), c =>
    {
        var o = Client("localhost"); o.ClientCertificates = [person]; o.LocalCertificateSelectionCallback = (_, host, local, remote, issuers) => local[0];
        return c.AuthenticateAsClientAsync(o, stop);
    });
    await Talk("wrong name", s => s.AuthenticateAsServerAsync(Server(other), stop), c => c.AuthenticateAsClientAsync(Client("localhost"), stop));
    await Talk("untrusted", s => s.AuthenticateAsServerAsync(leaf), c => c.AuthenticateAsClientAsync("localhost"));
    await Talk("callback", s => Task.Run(() => s.AuthenticateAsServer(leaf, false, false)), async c =>
    {
        var o = new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption, AllowRenegotiation = false, RemoteCertificateValidationCallback = (_, cert, chain, errors) =>
        {
            seen.Enqueue($"{errors} {chain?.ChainStatus.Length} {chain?.ChainElements.Count}");
            return new X509Certificate2(cert!).MatchesHostname("localhost") && errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        }
        };
        await Task.Run(() => c.AuthenticateAsClient(o));
    });
    try { using var s = new SslStream(new MemoryStream()); s.ReadByte(); } catch (InvalidOperationException e) { Console.WriteLine("  " + e.Message); }
    foreach (var g in seen.GroupBy(x => x).OrderBy(g => g.Key, StringComparer.Ordinal)) Console.WriteLine($"  {g.Key} x{g.Count()}");
});

await Step.Run("hashes and ciphers", async () =>
{
    byte[] data = Encoding.UTF8.GetBytes("The quick brown fox"), key = RandomNumberGenerator.GetBytes(32), salt = SHA256.HashData("salt"u8)[..16];
    var hashes = new Dictionary<HashAlgorithmName, Func<byte[], byte[]>> { [HashAlgorithmName.SHA256] = SHA256.HashData,
        [HashAlgorithmName.SHA1] = SHA1.HashData, [HashAlgorithmName.MD5] = MD5.HashData, [HashAlgorithmName.SHA384] = SHA384.HashData,
        [HashAlgorithmName.SHA512] = SHA512.HashData };
    if (SHA3_256.IsSupported) hashes[HashAlgorithmName.SHA3_256] = SHA3_256.HashData;
    foreach (var (name, f) in hashes) Console.WriteLine($"  {name,-8} {Convert.ToHexString(f(data)).ToLowerInvariant()[..16]} {CryptographicOperations.FixedTimeEquals(f(data), f(data))}");
    foreach (HMAC mac in new HMAC[] { new HMACSHA256(salt), new HMACSHA512(salt), new HMACSHA1(salt),
        new HMACMD5(salt) }) using (mac) Console.WriteLine($"  {mac.GetType().Name} {Convert.ToBase64String(mac.ComputeHash(data)).TrimEnd('=')[..10]} {mac.HashSize}");
    using (var i = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, salt))
    {
        foreach (byte[] part in data.Chunk(7)) i.AppendData(part); Span<byte> into = stackalloc byte[32];
        _ = i.TryGetCurrentHash(into, out int n) && i.GetHashAndReset().AsSpan().SequenceEqual(HMACSHA256.HashData(salt, data)) && n == i.HashLengthInBytes;
    }
    _ = (await SHA512.HashDataAsync(new MemoryStream(data))).Length + (await HMACSHA256.HashDataAsync(salt, new MemoryStream(data), stop)).Length;
    byte[] box = Sealed.Seal(data, key, "v1"u8); Console.WriteLine($"  gcm {box.Length} {Encoding.UTF8.GetString(Sealed.Open(box, key, "v1"u8))}");
    box[^1] ^= 1; try { Sealed.Open(box, key, "v1"u8); } catch (AuthenticationTagMismatchException e) { Console.WriteLine("  " + e.GetType().Name); }
    if (ChaCha20Poly1305.IsSupported) using (var cc = new ChaCha20Poly1305(key))
    {
        byte[] c = new byte[data.Length], tag = new byte[16]; cc.Encrypt(new byte[12], data, c, tag); cc.Decrypt(new byte[12], c, tag, c);
    }
    if (AesCcm.IsSupported) using (var cc = new AesCcm(key))
    {
        byte[] c = new byte[data.Length], tag = new byte[16]; cc.Encrypt(new byte[12], data, c, tag); cc.Decrypt(new byte[12], c, tag, c);
    }
    using (var aes = Aes.Create())
    {
        aes.KeySize = 256; aes.Key = key; aes.Mode = CipherMode.CBC; aes.Padding = PaddingMode.PKCS7; aes.GenerateIV(); byte[] c = aes.EncryptCbc(data, aes.IV);
        _ = aes.DecryptCbc(c, aes.IV).Length + aes.EncryptEcb(data, PaddingMode.PKCS7).Length + aes.EncryptCfb(data,
            aes.IV).Length + aes.GetCiphertextLengthCbc(10);
        using var t = aes.CreateDecryptor(); _ = t.TransformFinalBlock(c, 0, c.Length).Length; var ms = new MemoryStream();
        await using (var cs = new CryptoStream(ms, aes.CreateEncryptor(key, salt), CryptoStreamMode.Write,
            true)) await using (var w = new StreamWriter(cs)) await w.WriteAsync("streamed");
        ms.Position = 0; using var r = new StreamReader(new CryptoStream(ms, aes.CreateDecryptor(key, salt), CryptoStreamMode.Read));
        Console.WriteLine("  cbc " + await r.ReadToEndAsync());
        try { aes.DecryptCbc(c.AsSpan(1), aes.IV); } catch (CryptographicException e) { Console.WriteLine("  " + e.Message); }
        using var b64 = new CryptoStream(new MemoryStream("aGVsbG8="u8.ToArray()), new FromBase64Transform(), CryptoStreamMode.Read);
        _ = b64.Read(new byte[10]);
    }
    byte[] derived = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, salt, "ctx"u8.ToArray()),
        stretched = Rfc2898DeriveBytes.Pbkdf2("pässword", salt, 1000, HashAlgorithmName.SHA512, 24);
    _ = HKDF.Expand(HashAlgorithmName.SHA256, HKDF.Extract(HashAlgorithmName.SHA256, key, salt), 16).Length; string stored = Password.Hash("hunter2");
    Console.WriteLine($"  kdf {derived.Length} {Convert.ToHexString(stretched)[..8]} {Password.Verify("hunter2", stored)} {Password.Verify("hunter3", stored)} totp {Totp.Code("12345678901234567890"u8, 59)} {Totp.Base32("foobar"u8)}");
    _ = RandomNumberGenerator.GetInt32(1, 7) + RandomNumberGenerator.GetHexString(8, true) + RandomNumberGenerator.GetString("abc",
        5) + RandomNumberGenerator.GetItems<int>([1, 2, 3], 2).Length;
    int[] cards = [1, 2, 3, 4]; RandomNumberGenerator.Shuffle(cards.AsSpan()); RandomNumberGenerator.Fill(key); using var rng = RandomNumberGenerator.Create();
    rng.GetNonZeroBytes(key); CryptographicOperations.ZeroMemory(key);
});

Step.Run("keys and tokens", () =>
{
    byte[] data = "sign me"u8.ToArray(); using RSA rsa = authority.Root.GetRSAPrivateKey()!; using RSA pub = RSA.Create();
    pub.ImportFromPem(rsa.ExportSubjectPublicKeyInfoPem());
    foreach (var pad in new[] { RSASignaturePadding.Pkcs1,
        RSASignaturePadding.Pss }) Console.WriteLine($"  rsa {pad} {pub.VerifyData(data, rsa.SignData(data, HashAlgorithmName.SHA256, pad), HashAlgorithmName.SHA256, pad)} {pub.VerifyHash(SHA256.HashData(data), new byte[256], HashAlgorithmName.SHA256, pad)}");
    byte[] sealedKey = pub.Encrypt(data, RSAEncryptionPadding.OaepSHA256);
    _ = rsa.Decrypt(sealedKey, RSAEncryptionPadding.OaepSHA256).Length + rsa.ExportParameters(false).Modulus!.Length + rsa.KeySize + pub.ExportRSAPublicKey().Length;
    try { rsa.Decrypt(new byte[256], RSAEncryptionPadding.OaepSHA1); } catch (CryptographicException e) { Console.WriteLine("  " + e.GetType().Name); }
    using (var copy = RSA.Create(rsa.ExportParameters(false))) _ = copy.ToXmlString(false).Length;
    using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    string locked = ec.ExportEncryptedPkcs8PrivateKeyPem("pw", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
    using var unlocked = ECDsa.Create(); unlocked.ImportFromEncryptedPem(locked, "pw");
    Console.WriteLine($"  ec {unlocked.VerifyData(data, ec.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)} {ec.VerifyHash(SHA256.HashData(data), ec.SignHash(SHA256.HashData(data)))} {ec.ExportECPrivateKeyPem().Length} {PemEncoding.Find(locked) is var f && f.DecodedDataLength > 0} {PemEncoding.WriteString("DATA", data).Length} {ec.ExportParameters(false).Curve.Oid.FriendlyName}");
    try { unlocked.ImportFromEncryptedPem(locked, "no"); } catch (CryptographicException e) { Console.WriteLine("  " + e.GetType().Name); }
    using var alice = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256); using var bob = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    Console.WriteLine($"  ecdh {alice.DeriveKeyFromHash(bob.PublicKey, HashAlgorithmName.SHA256).SequenceEqual(bob.DeriveKeyFromHash(alice.PublicKey, HashAlgorithmName.SHA256))} {alice.DeriveRawSecretAgreement(bob.PublicKey).Length} {alice.DeriveKeyMaterial(bob.PublicKey).Length} {alice.DeriveKeyFromHmac(bob.PublicKey, HashAlgorithmName.SHA256, data).Length} {alice.PublicKey.ExportSubjectPublicKeyInfo().Length}");
    var now = DateTimeOffset.UnixEpoch.AddYears(55); var claims = new Claims("ann", "example", now.AddHours(1).ToUnixTimeSeconds(), ["admin", "dev"]);
    foreach (var signer in new Jwt[] { Jwt.Hmac("0123456789abcdef0123456789abcdef"u8.ToArray()), Jwt.Rsa(rsa), Jwt.Ec(ec) })
    {
        string t = signer.Write(claims); Console.WriteLine($"  {signer.Algorithm} {signer.Read(t, now)} {t.Split('.').Length}");
        foreach (var (bad, at) in new[] { (t + "x", now), (t, now.AddDays(1)), ("a.b", now) }) try { signer.Read(bad,
            at); } catch (Exception e) when (e is CryptographicException or FormatException or JsonException)
        {
            Console.WriteLine($"  {e.GetType().Name} {e.Message}");
        }
    }
#if NET10_0
    Console.WriteLine($"  {Base64Url.EncodeToString(data)} {Base64Url.DecodeFromChars("c2lnbg").Length} {Convert.ToHexStringLower(data)} {CryptographicOperations.HashData(HashAlgorithmName.SHA256, data).Length} {KeyedHash(data).Length}");
    static byte[] KeyedHash(byte[] d) => CryptographicOperations.HmacData(HashAlgorithmName.SHA256, d, d);
#endif
});

await using var site = Site.Start(stop);
using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All, PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30), MaxConnectionsPerServer = 8, ConnectTimeout = TimeSpan.FromSeconds(5),
    UseProxy = false }) { BaseAddress = site.Address, Timeout = TimeSpan.FromSeconds(20) };
http.DefaultRequestHeaders.UserAgent.ParseAdd("training/1.0 (test)"); http.DefaultRequestHeaders.Add("X-Client", "net");

await Step.Run("http verbs", async () =>
{
    Console.WriteLine($"  {await http.GetStringAsync("hello?name=Zo%C3%AB", stop)} {(await http.GetByteArrayAsync("bytes/100")).Length}");
    await using (Stream s = await http.GetStreamAsync("bytes/5000", stop)) { var ms = new MemoryStream(); await s.CopyToAsync(ms, stop); _ = ms.Length; }
    foreach (HttpMethod m in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch, HttpMethod.Options, HttpMethod.Head,
        HttpMethod.Parse("PURGE") })
    {
        using var q = new HttpRequestMessage(m, $"echo?m={m}") { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        if (m == HttpMethod.Post || m == HttpMethod.Put || m == HttpMethod.Patch) q.Content = new StringContent($"body of {m}", Encoding.UTF8, "text/plain");
        q.Options.Set(new HttpRequestOptionsKey<int>("attempt"), 1);
        using HttpResponseMessage r = await http.SendAsync(q, HttpCompletionOption.ResponseContentRead, stop);
        Console.WriteLine($"  {m} {(int)r.StatusCode} {r.ReasonPhrase} {r.Version} {r.Content.Headers.ContentType} {r.Content.Headers.ContentLength} {await r.Content.ReadAsStringAsync(stop)}");
    }
    using (var r = await http.PostAsync("echo", new StringContent("p"), stop)) _ = r.EnsureSuccessStatusCode().IsSuccessStatusCode;
    using (var r = await http.PutAsync("echo", new ByteArrayContent([1, 2]))) _ = r.ToString();
    using (var r = await http.PatchAsync("echo", null)) _ = r.RequestMessage!.ToString();
    using (var r = await http.DeleteAsync(new Uri("echo", UriKind.Relative))) _ = r.Headers.ToString();
    using (var r = await http.GetAsync("echo", HttpCompletionOption.ResponseHeadersRead)) _ = r.Headers.Server + r.Headers.Date.ToString();
    using (var q = new HttpRequestMessage(HttpMethod.Post, "echo") { Content = new StringContent("sync",
        new MediaTypeHeaderValue("text/csv", "utf-8")) }) using (var r = http.Send(q,
        stop)) using (var reader = new StreamReader(r.Content.ReadAsStream(stop))) Console.WriteLine("  " + reader.ReadToEnd());
    try
    {
        using var q = new HttpRequestMessage(); await http.SendAsync(q); await http.SendAsync(q);
    }
    catch (InvalidOperationException e) { Console.WriteLine("  " + e.GetType().Name); }
});

await Step.Run("http json", async () =>
{
    var web = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    List<Item>? items = await http.GetFromJsonAsync<List<Item>>("items", web, stop);
    Console.WriteLine($"  {items!.Count} {items.MaxBy(i => i.Prices.Sum())!.Name} {string.Join(',', items.ToDictionary(i => i.Id).Values.OrderByDescending(i => i.Day).Select(i => $"{i.Name}:{i.Day}"))}");
    using (var r = await http.PostAsJsonAsync("items", items[0] with { Name = "new", Id = Guid.NewGuid() }, web, stop))
    {
        var made = await r.Content.ReadFromJsonAsync<Item>(web, stop); Console.WriteLine($"  {r.StatusCode} {r.Headers.Location} {made?.Name}");
    }
    using (var r = await http.PutAsJsonAsync("echo", new { a = 1, b = new[] { "x" } })) _ = await r.Content.ReadFromJsonAsync<JsonElement>();
    using (var r = await http.PatchAsJsonAsync("echo", new Dictionary<string,
        object?> { ["n"] = null, ["t"] = true })) _ = await r.Content.ReadFromJsonAsync<JsonNode>();
    await foreach (Item? i in http.GetFromJsonAsAsyncEnumerable<Item>("items", web, stop)) Console.WriteLine($"  {i?.Name} {i?.Extra?["k"]}");
    try { _ = await http.DeleteFromJsonAsync<JsonObject>("hello?name=text"); } catch (JsonException e) { Console.WriteLine($"  {e.Path} {e.LineNumber}"); }
    try { await http.GetFromJsonAsync<Item>("status/404"); } catch (HttpRequestException e) { Console.WriteLine($"  {e.StatusCode} {e.Message}"); }
    using (var r = await http.GetAsync("status/422"))
    {
        var problem = await r.Content.ReadFromJsonAsync<Problem>(web);
        Console.WriteLine($"  {problem!.Title} {problem.Status} {string.Join(';', problem.Errors.Select(e => $"{e.Key}:{string.Join('/', e.Value)}"))}");
    }
    using var doc = JsonDocument.Parse(await http.GetStreamAsync("items"));
    Console.WriteLine("  " + doc.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()).Last()); var page = new List<string>();
    await foreach (string n in Paged(1)) page.Add(n); Console.WriteLine("  pages " + page.Count);
    async IAsyncEnumerable<string> Paged(int from, [EnumeratorCancellation] CancellationToken ct = default) { for (int p = from; ; p++)
    {
        using var r = await http.GetAsync($"page?n={p}", ct); foreach (string s in (await r.Content.ReadFromJsonAsync<string[]>(ct)) ?? []) yield return s;
        if (!r.Headers.TryGetValues("Link", out var links) || !links.Any(l => Regex.IsMatch(l, "rel=\"?next\"?", RegexOptions.IgnoreCase))) yield break;
    }
    }
});

await Step.Run("http contents", async () =>
{
    string file = Path.Combine(dir, "up.txt"); await File.WriteAllTextAsync(file, "file text\n");
    using var form = new MultipartFormDataContent("----b" + Guid.NewGuid().ToString("N")) { { new StringContent("Ann"), "name" },
        { new ByteArrayContent([1, 2, 3]) { Headers = { ContentType = new("application/octet-stream") } }, "blob", "blob.bin" },
        { new StreamContent(File.OpenRead(file), 4096), "file", "ü p.txt" }, { JsonContent.Create(new Pair(1, 2)), "json" } };
    using (var r = await http.PostAsync("upload", form, stop)) Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
    using (var r = await http.PostAsync("form", new FormUrlEncodedContent(new Dictionary<string,
        string> { ["a"] = "1 2", ["b"] = "ä&=" }))) Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
    long sent = 0;
    using (var r = await http.PostAsync("echo", new ProgressContent(new MemoryStream(new byte[100_000]),
        n => sent = n))) Console.WriteLine($"  sent {sent} {(await r.Content.ReadAsStringAsync()).Length > 0}");
    using (var r = await http.PutAsync("echo", new PushContent(async (s, ct) => { for (int i = 0; i < 3; i++)
    {
        await s.WriteAsync(Encoding.UTF8.GetBytes($"line {i}\n"), ct); await s.FlushAsync(ct);
    }
    }))) Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
    var zipped = new MemoryStream(); await using (var gz = new GZipStream(zipped, CompressionLevel.Fastest, true)) await gz.WriteAsync("squeezed"u8.ToArray());
    using (var c = new ReadOnlyMemoryContent(zipped.ToArray()))
    {
        c.Headers.ContentEncoding.Add("gzip"); c.Headers.ContentType = MediaTypeHeaderValue.Parse("text/plain; charset=utf-8");
        c.Headers.ContentMD5 = MD5.HashData(zipped.ToArray()); using var r = await http.PostAsync("echo", c);
        Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
    }
    using (var mixed = new MultipartContent("mixed", "bb") { new StringContent("one"),
        new StringContent("two", Encoding.Latin1, "text/html") }) Console.WriteLine("  " + (await mixed.ReadAsStringAsync()).ReplaceLineEndings("|"));
    using var q = new HttpRequestMessage(HttpMethod.Post, "echo") { Content = new StringContent("expected") }; q.Headers.ExpectContinue = true;
    using (var r = await http.SendAsync(q)) _ = r.StatusCode;
    using (var big = new StringContent("buffer me"))
    {
        await big.LoadIntoBufferAsync(); await big.CopyToAsync(Stream.Null); _ = (await big.ReadAsByteArrayAsync()).Length;
    }
    using var chunked = new HttpRequestMessage(HttpMethod.Post, "echo") { Content = new StringContent("c"), Headers = { TransferEncodingChunked = true } };
    using (var r = await http.SendAsync(chunked)) Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
});

await Step.Run("http headers", async () =>
{
    using var q = new HttpRequestMessage(HttpMethod.Get, "echo"); var h = q.Headers; h.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json", 0.9));
    h.AcceptLanguage.ParseAdd("de-DE,de;q=0.8"); h.AcceptEncoding.Add(new("identity")); h.AcceptCharset.ParseAdd("utf-8");
    h.Authorization = new AuthenticationHeaderValue("Bearer", "abc"); h.CacheControl = new() { NoCache = true, MaxAge = TimeSpan.FromSeconds(5) };
    h.ConnectionClose = false; h.Date = DateTimeOffset.UnixEpoch; h.From = "a@example.com"; h.Host = "localhost"; h.IfMatch.Add(new("\"x\""));
    h.IfModifiedSince = DateTimeOffset.UnixEpoch; h.IfRange = new(new EntityTagHeaderValue("\"r\"")); h.MaxForwards = 3; h.Pragma.ParseAdd("no-cache");
    h.Referrer = new("http://example.com/"); h.TE.ParseAdd("trailers"); h.UserAgent.Add(new("tool", "2.0")); h.Via.Add(new("1.1", "proxy"));
    h.Warning.ParseAdd("199 - \"w\""); h.Upgrade.ParseAdd("h2c"); h.Upgrade.Clear(); h.Range = new(0, 99); h.Add("X-Many", ["1", "2"]);
    h.TryAddWithoutValidation("X-Odd", "a:b;c");
    using var r = await http.SendAsync(q);
    Console.WriteLine($"  {h.Count()} {h.Contains("X-Many")} {h.GetValues("X-Many").Count()} {h.NonValidated["X-Odd"]} {string.Join(' ', r.Headers.OrderBy(x => x.Key).Select(x => x.Key))} {r.Headers.Vary} {r.Headers.Age} {r.Headers.RetryAfter} {r.Headers.TryGetValues("X-Missing", out _)} {r.Content.Headers.Allow.Count} {r.Content.Headers.ContentLanguage} {r.Content.Headers.LastModified} {r.Content.Headers.Expires} {r.Content.Headers.ContentDisposition?.FileNameStar} {r.Headers.ETag?.IsWeak} {r.Headers.CacheControl}");
    foreach (string c in new[] { "public, max-age=60, stale-while-revalidate=5", "no-store",
        "private=\"a\", s-maxage=1" }) Console.WriteLine($"  {CacheControlHeaderValue.Parse(c)} {CacheControlHeaderValue.Parse(c).MaxAge?.TotalSeconds}");
    Console.WriteLine($"  {ContentDispositionHeaderValue.Parse("attachment; filename=\"a b.txt\"").FileName} {ContentRangeHeaderValue.Parse("bytes 0-4/10").Length} {RangeHeaderValue.Parse("bytes=0-4,-5").Ranges.Count} {RetryConditionHeaderValue.Parse("120").Delta} {EntityTagHeaderValue.Parse("W/\"x\"").IsWeak} {ProductInfoHeaderValue.Parse("a/1").Product} {StringWithQualityHeaderValue.Parse("de;q=0.5").Quality} {NameValueHeaderValue.Parse("a=b").Value} {MediaTypeHeaderValue.TryParse("bad", out _)} {AuthenticationHeaderValue.Parse("Basic eA==").Parameter} {TransferCodingHeaderValue.Parse("chunked")} {ViaHeaderValue.Parse("1.1 x").ReceivedBy} {MediaTypeHeaderValue.Parse("text/html; charset=utf-8; q=1").Parameters.Count}");
    foreach (Action bad in new Action[] { () => h.Add("Bad Name", "x"), () => h.Add("Content-Type", "x"), () => h.Accept.ParseAdd("??"),
        () => h.GetValues("None") }) try { bad(); } catch (Exception e) when (e is FormatException or InvalidOperationException)
    {
        Console.WriteLine("  " + e.GetType().Name);
    }
    h.Remove("X-Many"); h.Clear();
});

await Step.Run("http caching and ranges", async () =>
{
    EntityTagHeaderValue tag;
    using (var r = await http.GetAsync("cached"))
    {
        tag = r.Headers.ETag!; Console.WriteLine($"  {r.StatusCode} {tag} {r.Content.Headers.LastModified:u} {r.Headers.CacheControl?.MaxAge}");
    }
    using (var q = new HttpRequestMessage(HttpMethod.Get, "cached"))
    {
        q.Headers.IfNoneMatch.Add(tag); using var r = await http.SendAsync(q); Console.WriteLine("  " + r.StatusCode);
    }
    using (var q = new HttpRequestMessage(HttpMethod.Get,
        "cached") { Headers = { IfModifiedSince = DateTimeOffset.UnixEpoch.AddYears(60) } }) using (var r = await http.SendAsync(q)) Console.WriteLine("  " + r.StatusCode);
    using var caching = new HttpClient(new CacheHandler(new Throttle(2, new SocketsHttpHandler()))) { BaseAddress = site.Address };
    for (int i = 0; i < 3; i++) _ = await caching.GetStringAsync("cached"); Console.WriteLine("  hits " + CacheHandler.Hits); var d = new Downloader(http);
    string file = Path.Combine(dir, "download.bin"); await File.WriteAllBytesAsync(file, new byte[1000]);
    var steps = new SyncProgress<(long Done, long? Total)>(); long n = await d.ResumeAsync("range", file, steps, stop);
    Console.WriteLine($"  {n} {new FileInfo(file).Length} {steps.Last.Done}/{steps.Last.Total} {await d.SegmentsAsync("range", 3, stop)}");
    foreach (string range in new[] { "bytes=0-9", "bytes=-10", "bytes=99990-", "bytes=200000-" })
    {
        using var q = new HttpRequestMessage(HttpMethod.Get, "range"); q.Headers.Range = RangeHeaderValue.Parse(range);
        using var r = await http.SendAsync(q, HttpCompletionOption.ResponseHeadersRead);
        Console.WriteLine($"  {range} {(int)r.StatusCode} {r.Content.Headers.ContentRange} {(await r.Content.ReadAsByteArrayAsync()).Length}");
    }
    foreach (string e in new[] { "gzip", "br", "deflate" }) Console.WriteLine($"  {e} {(await http.GetStringAsync("compressed/" + e)).Length}");
    using var raw = new HttpClient { BaseAddress = site.Address }; raw.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip, br;q=0.5");
    using (var r = await raw.GetAsync("compressed/gzip")) await using (var s = new GZipStream(await r.Content.ReadAsStreamAsync(),
        CompressionMode.Decompress)) using (var t = new StreamReader(s)) Console.WriteLine($"  {r.Content.Headers.ContentEncoding} {(await t.ReadToEndAsync()).Length}");
});

await Step.Run("http cookies and auth", async () =>
{
    var jar = new CookieContainer(); jar.Add(site.Address, new Cookie("mine", "1", "/") { HttpOnly = true, Expires = DateTime.Now.AddDays(1) });
    jar.SetCookies(site.Address, "theirs=2; path=/, third=3");
    using var handler = new HttpClientHandler { CookieContainer = jar, UseCookies = true, AllowAutoRedirect = true, MaxAutomaticRedirections = 4,
        Credentials = new CredentialCache { { site.Address, "Digest", new NetworkCredential("ann", "pw") },
        { new Uri(site.Address, "basic"), "Basic", new NetworkCredential("bob", "secret", "dom") } }, PreAuthenticate = true,
        AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate, UseProxy = false, MaxConnectionsPerServer = 4,
        CheckCertificateRevocationList = false };
    using var client = new HttpClient(handler) { BaseAddress = site.Address };
    Console.WriteLine("  " + await client.GetStringAsync("cookies/set")); Console.WriteLine("  " + await client.GetStringAsync("cookies"));
    foreach (Cookie c in jar.GetCookies(site.Address).OrderBy(c => c.Name)) Console.WriteLine($"  {c} {c.Path} {c.HttpOnly} {c.Secure} {c.Expired} {c.Domain.Length > 0}");
    Console.WriteLine($"  {jar.Count} {jar.GetAllCookies().Count} {jar.GetCookieHeader(site.Address).Length}");
    try { jar.Add(new Cookie("bad name;", "x", "/", "example.com")); } catch (CookieException e) { Console.WriteLine("  " + e.GetType().Name); }
    foreach (string p in new[] { "basic/x", "basic/y", "digest/x",
        "redirect/2" }) using (var r = await client.GetAsync(p)) Console.WriteLine($"  {p} {r.StatusCode} {r.RequestMessage!.RequestUri!.AbsolutePath} {await r.Content.ReadAsStringAsync()}");
    using (var r = await client.GetAsync("redirect/9")) Console.WriteLine($"  {r.StatusCode} {r.Headers.Location}");
    using var still = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = site.Address };
    using (var r = await still.GetAsync("redirect/1")) Console.WriteLine($"  {r.StatusCode} {r.Headers.Location}");
    using (var r = await still.GetAsync("basic/x")) Console.WriteLine($"  {r.StatusCode} {r.Headers.WwwAuthenticate}");
    int tokens = 0;
    using var bearer = new HttpClient(new TokenHandler(async ct =>
    {
        await Task.Yield(); return new Token($"t{++tokens}", DateTimeOffset.UtcNow.AddHours(1));
    }) { InnerHandler = new LoggingHandler(new RetryHandler(3, new SocketsHttpHandler())) }) { BaseAddress = site.Address };
    Console.WriteLine($"  {await bearer.GetStringAsync("bearer")} {await bearer.GetStringAsync("flaky?key=a")} {tokens}");
});

await Step.Run("http streams and failures", async () =>
{
    using (var r = await http.GetAsync("lines", HttpCompletionOption.ResponseHeadersRead,
        stop)) using (var reader = new StreamReader(await r.Content.ReadAsStreamAsync(stop))) while (await reader.ReadLineAsync(stop) is { } line) if (JsonSerializer.Deserialize<Pair>(line) is { } p) Console.WriteLine($"  {p} {r.Headers.TransferEncodingChunked}");
    await foreach (var e in Sse.ReadAsync(await http.GetStreamAsync("events", stop), stop)) Console.WriteLine($"  {e}");
#if NET10_0
    await foreach (var e in System.Net.ServerSentEvents.SseParser.Create(await http.GetStreamAsync("events", stop),
        (type, data) => (type, Encoding.UTF8.GetString(data))).EnumerateAsync(stop)) Console.WriteLine($"  sse {e.EventType} {e.Data} {e.EventId}");
#endif
    using var quick = new HttpClient { BaseAddress = site.Address, Timeout = TimeSpan.FromMilliseconds(100), MaxResponseContentBufferSize = 1000 };
    try { await quick.GetStringAsync("slow"); } catch (TaskCanceledException e) when (e.InnerException is TimeoutException t)
    {
        Console.WriteLine("  " + t.GetType().Name);
    }
    using (var cts = CancellationTokenSource.CreateLinkedTokenSource(stop))
    {
        cts.CancelAfter(50);
        try
        {
            await http.GetAsync("slow", cts.Token);
        }
        catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested) { Console.WriteLine("  canceled"); }
    }
    using var roomy = new HttpClient { BaseAddress = site.Address, MaxResponseContentBufferSize = 1000 }; var failures = new (string, Func<Task>)[]
    {
        ("too big", () => roomy.GetStringAsync("bytes/5000")), ("refused", () => http.GetAsync("http://127.0.0.1:1/")),
            ("status", async () => (await http.GetAsync("status/503")).EnsureSuccessStatusCode()), ("scheme", () => http.GetAsync("ftp://example.com/")),
            ("closed", () => Net.OnceAsync("", u => http.GetAsync(u), stop)), ("garbage", () => Net.OnceAsync("nonsense\r\n\r\n", u => http.GetAsync(u), stop)),
            ("short body", () => Net.OnceAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc", u => http.GetStringAsync(u), stop)),
            ("bad chunk", () => Net.OnceAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", u => http.GetStringAsync(u), stop)),
            ("not tls", () => Net.OnceAsync("HTTP/1.1 400 Bad\r\n\r\n", u => http.GetAsync(u.Replace("http:", "https:")), stop)),
            ("base", () => new HttpClient().GetAsync("relative")),
    };
    foreach (var (name, run) in failures) try
    {
        await run(); Console.WriteLine($"  {name} fine");
    }
    catch (Exception e) when (e is HttpRequestException or HttpIOException or InvalidOperationException or NotSupportedException or IOException)
    {
        Console.WriteLine($"  {name}: {e.GetType().Name} {(e as HttpRequestException)?.HttpRequestError} {(e as HttpRequestException)?.StatusCode} {e.InnerException?.GetType().Name}");
    }
    Console.WriteLine("  " + await Net.OnceAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n", async u =>
    {
        using var r = await http.GetAsync(u, stop); return await r.Content.ReadAsStringAsync(stop) + r.TrailingHeaders;
    }, stop));
    Console.WriteLine("  " + await Net.OnceAsync("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.0 200 Fine\r\nSet-Cookie: a=b\r\n\r\nuntil close", async u =>
    {
        using var r = await http.GetAsync(u, stop); return $"{r.Version} {r.ReasonPhrase} {await r.Content.ReadAsStringAsync(stop)}";
    }, stop));
    await Parallel.ForEachAsync(Enumerable.Range(1, 6), new ParallelOptions { MaxDegreeOfParallelism = 3, CancellationToken = stop },
        async (i, ct) => _ = await http.GetByteArrayAsync($"bytes/{i * 10}", ct));
    var first = await Task.WhenAny(http.GetStringAsync("hello?name=a"), Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => "", TaskScheduler.Default));
    Console.WriteLine("  " + await first); http.CancelPendingRequests();
});

await Step.Run("http transports", async () =>
{
    string path = Path.Combine(dir, "h.sock"); using var l = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    l.Bind(new UnixDomainSocketEndPoint(path)); l.Listen();
    var serve = Task.Run(async () =>
    {
        using var s = new NetworkStream(await l.AcceptAsync(stop), true); await Net.ReadHeadAsync(s, stop);
        await s.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix"u8.ToArray(), stop);
    });
    using (var unix = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (c, ct) =>
    {
        var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); await s.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
        return new NetworkStream(s, true);
    }, PlaintextStreamFilter = (c, ct) => ValueTask.FromResult(c.PlaintextStream) })) Console.WriteLine("  " + await unix.GetStringAsync("http://localhost/info"));
    await serve;
    Console.WriteLine("  " + await Net.OnceAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy", async u =>
    {
        using var c = new HttpClient(new HttpClientHandler { Proxy = new WebProxy(u) { BypassProxyOnLocal = false, BypassList = ["skip\\.example"],
            Credentials = new NetworkCredential("a", "b") }, UseProxy = true });
        return await c.GetStringAsync("http://example.com/through");
    }, stop));
    _ = new WebProxy("http://x:1").GetProxy(new("http://example.com/")) + HttpClient.DefaultProxy.IsBypassed(site.Address).ToString();
    using var leaf = authority.Issue("localhost", true); using var me = authority.Issue("client", false); await using var secure = new TlsSite(leaf, authority);
    using (var c = new HttpClient(new SocketsHttpHandler { SslOptions = new() { CertificateChainPolicy = authority.Policy(), ClientCertificates = [me],
        ApplicationProtocols = [SslApplicationProtocol.Http11] }, ConnectCallback = async (x, ct) =>
    {
        var s = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }; await s.ConnectAsync(IPAddress.Loopback, x.DnsEndPoint.Port, ct);
        return new NetworkStream(s, true);
    }
    })) Console.WriteLine("  " + await c.GetStringAsync(secure.Address));
    var handler = new HttpClientHandler { ClientCertificateOptions = ClientCertificateOption.Manual, SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ServerCertificateCustomValidationCallback = (q, cert, chain, errors) => errors == SslPolicyErrors.None || cert!.Issuer.Contains("Training") };
    handler.ClientCertificates.Add(me); using (var c = new HttpClient(handler)) Console.WriteLine("  " + await c.GetStringAsync(secure.Address));
    using (var c = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator })) _ = await c.GetStringAsync(secure.Address);
    try
    {
        using var c = new HttpClient(); await c.GetStringAsync(secure.Address);
    }
    catch (HttpRequestException e) { Console.WriteLine($"  {e.HttpRequestError} {e.InnerException?.GetType().Name}"); }
    using var h2 = new TcpListener(IPAddress.Loopback, 0); h2.Start();
    var frames = Task.Run(async () => { using var c = await h2.AcceptTcpClientAsync(stop); return await Http2.ServeAsync(c.GetStream(), stop); });
    using (var c = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = false, KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10), InitialHttp2StreamWindowSize = 65535 }) { BaseAddress = new($"http://{h2.LocalEndpoint}"),
        DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact })
    {
        var both = await Task.WhenAll(c.GetStringAsync("/a"), c.PostAsync("/b",
            new StringContent(new string('x',
            20000))).ContinueWith(t => $"{t.Result.Version} {t.Result.Content.Headers.ContentType} {t.Result.TrailingHeaders.Count()}", TaskScheduler.Default));
        using var r = await c.GetAsync("/reset"); Console.WriteLine($"  {string.Join(' ', both)} {r.StatusCode}");
    }
    Console.WriteLine("  frames " + ((await frames).Values.Sum() > 5));
    using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
    using (var r = await invoker.SendAsync(new(HttpMethod.Get, new Uri(site.Address, "hello?name=inv")),
        stop)) Console.WriteLine("  " + await r.Content.ReadAsStringAsync());
    using var fake = new HttpClient(new FakeHandler(q => new(HttpStatusCode.Accepted) { Content = new StringContent(q.RequestUri!.Host), RequestMessage = q,
        Headers = { { "X-Fake", "1" } } }));
    Console.WriteLine("  " + await fake.GetStringAsync("http://example.com/x"));
});

await Step.Run("web sockets", async () =>
{
    using var ws = new ClientWebSocket(); var o = ws.Options; o.AddSubProtocol("chat.v2"); o.AddSubProtocol("chat.v1"); o.SetRequestHeader("X-Token", "t");
    o.KeepAliveInterval = TimeSpan.FromSeconds(20); o.Cookies = new CookieContainer(); o.SetBuffer(4096, 4096); o.CollectHttpResponseDetails = true;
    o.UseDefaultCredentials = false; o.Proxy = null; var address = new UriBuilder(site.Address) { Scheme = "ws", Path = "/ws" }.Uri;
    await ws.ConnectAsync(address, stop); Console.WriteLine($"  {ws.State} {ws.SubProtocol} {ws.HttpStatusCode} {ws.HttpResponseHeaders?.Count > 0}");
    await ws.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, false, stop);
    await ws.SendAsync(new ArraySegment<byte>(" world"u8.ToArray()), WebSocketMessageType.Text, true, stop);
    Console.WriteLine("  " + await Ws.TextAsync(ws, stop));
    await ws.SendAsync(new byte[9000].AsMemory(), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, stop);
    var (kind, size) = (WebSocketMessageType.Text, 0); byte[] buffer = ArrayPool<byte>.Shared.Rent(4096); ValueWebSocketReceiveResult r;
    do { r = await ws.ReceiveAsync(buffer.AsMemory(), stop); (kind, size) = (r.MessageType, size + r.Count); } while (!r.EndOfMessage);
    ArrayPool<byte>.Shared.Return(buffer); Console.WriteLine($"  {kind} {size}");
    foreach (WsCommand c in new WsCommand[] { new WsCommand.Subscribe("news", 3), new WsCommand.Publish("news", DateTimeOffset.UnixEpoch, [1, 2]) })
    {
        await Ws.SendAsync(ws, c, stop); Console.WriteLine("  " + await Ws.TextAsync(ws, stop));
    }
    await ws.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", stop); Console.WriteLine($"  {ws.State} {ws.CloseStatus} {ws.CloseStatusDescription}");
    try
    {
        await ws.SendAsync(new byte[1], WebSocketMessageType.Text, true, stop);
    }
    catch (Exception e) when (e is WebSocketException or InvalidOperationException) { Console.WriteLine("  " + e.GetType().Name); }
    using (var refused = new ClientWebSocket()) try
    {
        await refused.ConnectAsync(new UriBuilder(site.Address) { Scheme = "ws", Path = "/hello" }.Uri, stop);
    }
    catch (WebSocketException e) { Console.WriteLine($"  {e.WebSocketErrorCode} {e.Message}"); }
    using (var abort = new ClientWebSocket())
    {
        await abort.ConnectAsync(address, new HttpMessageInvoker(new SocketsHttpHandler()), stop); using var cts = new CancellationTokenSource(40);
        try { await abort.ReceiveAsync(new byte[10].AsMemory(), cts.Token); } catch (OperationCanceledException) { Console.WriteLine("  " + abort.State); }
        abort.Abort();
    }
    var (a, b) = await Net.StreamsAsync(); var deflate = new WebSocketDeflateOptions { ClientMaxWindowBits = 12, ServerContextTakeover = false };
    using var left = WebSocket.CreateFromStream(a, new WebSocketCreationOptions { IsServer = true, DangerousDeflateOptions = deflate,
        KeepAliveInterval = Timeout.InfiniteTimeSpan });
    using var right = WebSocket.CreateFromStream(b, new WebSocketCreationOptions { DangerousDeflateOptions = deflate });
    await left.SendAsync(new byte[3000], WebSocketMessageType.Binary, true, stop);
    await left.SendAsync("raw"u8.ToArray(), WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage | WebSocketMessageFlags.DisableCompression, stop);
    byte[] into = new byte[4000];
    Console.WriteLine($"  {(await right.ReceiveAsync(into, stop)).Count} {(await right.ReceiveAsync(new ArraySegment<byte>(into), stop)).MessageType}");
    await right.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, stop);
    Console.WriteLine($"  {(await left.ReceiveAsync(into, stop)).MessageType} {left.CloseStatus} {left.State}");
    await left.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "x", stop);
});

await Step.Run("old clients", async () =>
{
    using (var w = new WebClient { BaseAddress = site.Address.ToString(), Encoding = Encoding.UTF8, Headers = { ["X-Old"] = "1" }, Proxy = null,
        QueryString = { ["name"] = "old" } })
    {
        w.DownloadProgressChanged += (_, e) => _ = e.ProgressPercentage + e.BytesReceived; w.DownloadFileCompleted += (_, e) => _ = e.Error;
        Console.WriteLine("  " + w.DownloadString("hello")); w.QueryString.Clear(); string file = Path.Combine(dir, "old.bin");
        w.DownloadFile("bytes/300", file); await w.DownloadFileTaskAsync(new Uri(site.Address, "bytes/400"), file);
        _ = w.DownloadData("bytes/10").Length + (await w.DownloadDataTaskAsync("bytes/20")).Length;
        Console.WriteLine($"  {new FileInfo(file).Length} {Encoding.UTF8.GetString(w.UploadValues("form", new NameValueCollection { ["k"] = "v w" }))} {await w.UploadStringTaskAsync("echo", "PUT", "text")} {w.UploadData("echo", [1, 2]).Length} {w.UploadFile("upload", file).Length} {w.ResponseHeaders?["Content-Type"]}");
        using var s = new StreamReader(w.OpenRead("hello?name=s")); Console.WriteLine("  " + s.ReadToEnd());
        try { w.DownloadString("status/500"); } catch (WebException e) { Console.WriteLine($"  {e.Status} {(e.Response as HttpWebResponse)?.StatusCode}"); }
    }
    var q = WebRequest.CreateHttp(new Uri(site.Address, "echo")); q.Method = WebRequestMethods.Http.Post; q.ContentType = MediaTypeNames.Text.Plain;
    q.UserAgent = "old/1"; q.Accept = "*/*"; q.Timeout = 8000; q.ReadWriteTimeout = 8000; q.KeepAlive = false; q.AllowAutoRedirect = true;
    q.AutomaticDecompression = DecompressionMethods.GZip; q.CookieContainer = new(); q.Headers[HttpRequestHeader.AcceptLanguage] = "en";
    q.Headers.Add("X-A: b"); q.Proxy = null; q.ServicePoint.Expect100Continue = false;
    await using (var s = await q.GetRequestStreamAsync()) await s.WriteAsync("posted"u8.ToArray());
    using (var r = (HttpWebResponse)await q.GetResponseAsync()) using (var t = new StreamReader(r.GetResponseStream())) Console.WriteLine($"  {r.StatusCode} {r.StatusDescription} {r.ContentType} {r.ContentLength > 0} {r.Headers["X-Method"]} {r.Method} {r.ProtocolVersion} {r.Cookies.Count} {r.LastModified.Year > 2000} {t.ReadToEnd()}");
    var g = (HttpWebRequest)WebRequest.Create(new Uri(site.Address, "range")); g.AddRange(5, 14); g.Credentials = new NetworkCredential("a", "b");
    using (var r = g.GetResponse()) Console.WriteLine($"  {r.ContentLength} {r.SupportsHeaders} {r.ResponseUri.AbsolutePath}");
    try { WebRequest.CreateHttp("http://127.0.0.1:1/").GetResponse(); } catch (WebException e) { Console.WriteLine("  " + e.Status); }
    ServicePointManager.DefaultConnectionLimit = 20; ServicePointManager.SecurityProtocol |= SecurityProtocolType.Tls12;
    var f = WebRequest.Create(new Uri(Path.Combine(dir, "up.txt"))); using (var r = f.GetResponse()) Console.WriteLine("  " + r.ContentLength);
});

await Step.Run("mail", async () =>
{
    using var mail = new MailMessage { From = new MailAddress("ann@example.com", "Ann Ä"), Sender = new("list@example.com"), Subject = "Grüße – report",
        SubjectEncoding = Encoding.UTF8, Body = "Plain text, ä.\n.dot line\n", BodyEncoding = Encoding.UTF8, Priority = MailPriority.High,
        DeliveryNotificationOptions = DeliveryNotificationOptions.OnFailure, Headers = { ["X-Mailer"] = "training", ["Message-ID"] = "<1@example.com>" } };
    mail.To.Add("bob@example.com, \"Carl C.\" <carl@example.com>"); mail.CC.Add(new MailAddress("dora@example.com")); mail.Bcc.Add("eve@example.com");
    mail.ReplyToList.Add("reply@example.com");
    var html = AlternateView.CreateAlternateViewFromString("<p>Hi <img src=\"cid:logo\"/></p>", new ContentType("text/html; charset=utf-8"));
    html.LinkedResources.Add(new LinkedResource(new MemoryStream([1, 2, 3]), MediaTypeNames.Image.Png) { ContentId = "logo",
        TransferEncoding = TransferEncoding.Base64 });
    mail.AlternateViews.Add(html); mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString("alt", Encoding.ASCII, "text/plain"));
    mail.Attachments.Add(Attachment.CreateAttachmentFromString("a;b\n1;2\n", "tåble.csv", Encoding.UTF8, "text/csv"));
    var attached = new Attachment(new MemoryStream(new byte[200]), "data.bin",
        MediaTypeNames.Application.Octet) { ContentDisposition = { Inline = false, CreationDate = DateTime.UnixEpoch, FileName = "data.bin", Size = 200 } };
    mail.Attachments.Add(attached);
    Directory.CreateDirectory(Path.Combine(dir, "mail"));
    using (var drop = new SmtpClient { DeliveryMethod = SmtpDeliveryMethod.SpecifiedPickupDirectory,
        PickupDirectoryLocation = Path.Combine(dir, "mail") }) drop.Send(mail);
    string eml = File.ReadAllText(Directory.GetFiles(Path.Combine(dir, "mail"), "*.eml").Single()); var head = MimeReader.Headers(eml);
    Console.WriteLine($"  {head["to"]} | {MimeReader.Decode(head["subject"])} | {head["x-priority"]} | {MimeReader.Parts(eml).Count}");
    await using var server = new SmtpServer();
    using (var smtp = new SmtpClient("127.0.0.1", server.Port) { Credentials = new NetworkCredential("ann", "pw"), EnableSsl = false, Timeout = 8000,
        UseDefaultCredentials = false, DeliveryFormat = SmtpDeliveryFormat.SevenBit })
    {
        smtp.Credentials = new NetworkCredential("ann", "pw"); await smtp.SendMailAsync(mail, stop);
        smtp.Send("ann@example.com", "bob@example.com", "short", "body"); var sent = new TaskCompletionSource<string>();
        smtp.SendCompleted += (_, e) => sent.TrySetResult($"{e.UserState} {e.Error?.Message} {e.Cancelled}");
        smtp.SendAsync(new MailMessage("a@example.com", "b@example.com", "s", "<b>x</b>") { IsBodyHtml = true }, "state");
        Console.WriteLine("  " + await sent.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        foreach (string[] to in new[] { new[] { "nobody@example.com" }, ["nobody@example.com", "bob@example.com"] }) try
        {
            using var m = new MailMessage { From = new("ann@example.com"), Subject = "x" }; foreach (string t in to) m.To.Add(t); await smtp.SendMailAsync(m);
        }
        catch (SmtpFailedRecipientException e) { Console.WriteLine($"  {e.StatusCode} {e.FailedRecipient}"); }
    }
    foreach (var m in server.Mails) Console.WriteLine($"  {m.From} > {string.Join(',', m.To)} {m.User} {m.Data.Length > 50}");
    try
    {
        using var none = new SmtpClient("127.0.0.1", 1); none.Send("a@example.com", "b@example.com", "", "");
    }
    catch (SmtpException e) { Console.WriteLine($"  {e.StatusCode} {e.InnerException?.GetType().Name}"); }
    foreach (string t in new[] { "x@example.com", "Bob <b@example.com>", "bad", "@x", "a@b@c",
        "\"q u\"@example.com" }) Console.WriteLine(MailAddress.TryCreate(t, out var m) ? $"  {m.User} {m.Host} {m.DisplayName} {m.Address} {m}" : $"  not {t}");
    try { _ = new MailAddress("bad address"); } catch (FormatException e) { Console.WriteLine("  " + e.Message); }
    var type = new ContentType("multipart/mixed; boundary=\"x y\"; charset=utf-8") { Name = "n" };
    Console.WriteLine($"  {type.MediaType} {type.Boundary} {type.CharSet} {type.Parameters.Count} {type} {new ContentDisposition("attachment; filename=a.txt; size=5").Size} {new ContentDisposition { FileName = "b c", Inline = true }}");
});

await Step.Run("watching", async () =>
{
    var spans = new ConcurrentBag<string>(); var counts = new ConcurrentDictionary<string, double>();
    using var listener = new ActivityListener { ShouldListenTo = s => s.Name.StartsWith("System.Net", StringComparison.Ordinal) || s.Name == "tool",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        ActivityStopped = a => spans.Add($"{a.OperationName} {a.Kind} {a.Status} {string.Join(' ', a.TagObjects.Select(t => t.Key).Order())}") };
    ActivitySource.AddActivityListener(listener);
    using var meters = new MeterListener { InstrumentPublished = (i, l) =>
    {
        if (i.Meter.Name is "System.Net.Http" or "System.Net.NameResolution") l.EnableMeasurementEvents(i);
    }
    };
    meters.SetMeasurementEventCallback<double>((i, v, tags, _) => counts.AddOrUpdate($"{i.Name} {tags.Length}", v, (_, old) => old + v));
    meters.SetMeasurementEventCallback<long>((i, v, tags, _) => counts.AddOrUpdate(i.Name, v, (_, old) => old + v)); meters.Start();
    using var events = new NetEvents(); using var source = new ActivitySource("tool", "1.0");
    using (var a = source.StartActivity("call"))
    {
        a?.SetTag("n", 1).AddBaggage("who", "me"); using var client = new HttpClient { BaseAddress = new UriBuilder(site.Address) { Host = "localhost" }.Uri };
        using var q = new HttpRequestMessage(HttpMethod.Get, "echo"); using var r = await client.SendAsync(q, stop);
        Console.WriteLine($"  {q.Headers.Contains("traceparent")} {(await r.Content.ReadAsStringAsync()).Length > 0}");
        try { await client.GetAsync("http://127.0.0.1:1/"); } catch (HttpRequestException) { a?.SetStatus(ActivityStatusCode.Error, "refused"); }
    }
    meters.RecordObservableInstruments(); foreach (string s in spans.Order(StringComparer.Ordinal).Take(3)) Console.WriteLine("  " + s);
    Console.WriteLine($"  {counts.Count > 0} {events.Names.Distinct().Count() > 3} {Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp()) < TimeSpan.FromSeconds(5)}");
    using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5)); int beats = 0; while (beats < 2 && await timer.WaitForNextTickAsync(stop)) beats++;
    var bucket = new TokenBucket(2, TimeSpan.FromMilliseconds(5)); for (int i = 0; i < 4; i++) await bucket.TakeAsync(stop); var breaker = new Breaker(2);
    for (int i = 0; i < 4; i++) try
    {
        await breaker.RunAsync<int>(() => Task.FromException<int>(new IOException("down")));
    }
    catch (Exception e) { Console.WriteLine($"  {e.GetType().Name} {breaker.State}"); }
});

await site.DisposeAsync();
Directory.Delete(dir, true);
Console.WriteLine("done");
return Step.Exit;

public record Pair(int Left, int Right);
public record Find(Guid Id);
public record Item(Guid Id, string Name, decimal[] Prices, DayOfWeek Day, Dictionary<string, int>? Extra = null);
public record Problem(string Title, int Status, Dictionary<string, string[]> Errors);
public readonly record struct Token(string Value, DateTimeOffset Until);

public static class Net
{
    public static IEnumerable<IPAddress> Hosts(IPNetwork n)
    {
        uint first = BinaryPrimitives.ReadUInt32BigEndian(n.BaseAddress.GetAddressBytes()), size = 1u << (32 - n.PrefixLength); byte[] b = new byte[4];
        for (uint i = 1; i < size - 1; i++) { BinaryPrimitives.WriteUInt32BigEndian(b, first + i); yield return new IPAddress(b); }
    }
    public static IPAddress Mask(int prefix)
    {
        Span<byte> b = stackalloc byte[4]; BinaryPrimitives.WriteUInt32BigEndian(b, prefix == 0 ? 0 : uint.MaxValue << (32 - prefix)); return new IPAddress(b);
    }
    public static List<KeyValuePair<string, string>> Query(ReadOnlySpan<char> q)
    {
        var all = new List<KeyValuePair<string, string>>();
        q = q.TrimStart('?'); while (!q.IsEmpty)
        {
            int amp = q.IndexOf('&'); var part = amp < 0 ? q : q[..amp]; q = amp < 0 ? default : q[(amp + 1)..]; int eq = part.IndexOf('=');
            all.Add(new(Uri.UnescapeDataString((eq < 0 ? part : part[..eq]).ToString()),
                eq < 0 ? "" : Uri.UnescapeDataString(part[(eq + 1)..].ToString().Replace('+', ' '))));
        }
        return all;
    }
    public static async Task<(NetworkStream, NetworkStream)> StreamsAsync()
    {
        using var l = new TcpListener(IPAddress.Loopback, 0); l.Start(1); var c = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var accept = l.AcceptSocketAsync(); await c.ConnectAsync(l.LocalEndpoint); Socket s = await accept; c.NoDelay = s.NoDelay = true;
        return (new(c, true), new(s, true));
    }
    public static async Task PumpAsync(Stream a, Stream b, CancellationToken ct)
    {
        using var cts = CancellationTokenSource.CreateLinkedTokenSource(ct); await Task.WhenAny(a.CopyToAsync(b, cts.Token), b.CopyToAsync(a, 4096, cts.Token));
        await cts.CancelAsync();
    }
    public static async Task<(int Port, bool Open, SocketError Error)[]> ScanAsync(IPAddress host, int[] ports, CancellationToken ct)
    {
        using var gate = new SemaphoreSlim(2);
        return await Task.WhenAll(ports.Select(async p =>
        {
            await gate.WaitAsync(ct);
            try
            {
                using var cts = CancellationTokenSource.CreateLinkedTokenSource(ct); cts.CancelAfter(2000); using var c = new TcpClient(host.AddressFamily);
                await c.ConnectAsync(host, p, cts.Token); return (p, true, SocketError.Success);
            }
            catch (SocketException e) { return (p, false, e.SocketErrorCode); } catch (OperationCanceledException)
            {
                return (p, false, SocketError.TimedOut);
            }
            finally { gate.Release(); }
        }));
    }
    public static byte[] WakePacket(PhysicalAddress mac) => [.. Enumerable.Repeat((byte)255, 6),
        .. Enumerable.Repeat(mac.GetAddressBytes(), 16).SelectMany(x => x)];
    public static async Task<string> ReadHeadAsync(Stream s, CancellationToken ct)
    {
        var text = new StringBuilder();
        byte[] b = new byte[1024]; while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            int n = await s.ReadAsync(b, ct); if (n == 0) break; text.Append(Encoding.Latin1.GetString(b, 0, n));
        }
        return text.ToString();
    }
    /// <summary>Runs a client against a server that answers one request with the given bytes and closes.</summary>
    public static async Task<T> OnceAsync<T>(string answer, Func<string, Task<T>> client, CancellationToken ct)
    {
        using var l = new TcpListener(IPAddress.Loopback, 0); l.Start(); using var cts = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var serve = Task.Run(async () => { while (true)
        {
            using var c = await l.AcceptTcpClientAsync(cts.Token); await using var s = c.GetStream();
            try
            {
                await s.ReadAtLeastAsync(new byte[16], 16, false, cts.Token); await s.WriteAsync(Encoding.Latin1.GetBytes(answer), cts.Token);
                c.Client.Shutdown(SocketShutdown.Send); while (await s.ReadAsync(new byte[1024], cts.Token) > 0) { }
            }
            catch (Exception e) when (e is IOException or SocketException) { }
        }
        }, cts.Token);
        try
        {
            return await client($"http://{l.LocalEndpoint}/");
        }
        finally { await cts.CancelAsync(); await serve.ContinueWith(_ => { }, TaskScheduler.Default); }
    }
}

/// <summary>Accepts connections until it is disposed and serves each in a task.</summary>
public abstract class TcpService : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0); private readonly ConcurrentDictionary<int, Task> running = new();
    private readonly Task loop; private int next; protected readonly CancellationTokenSource Stop = new();
    protected TcpService() { listener.Start(); loop = Task.Run(AcceptAsync); }
    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;
    protected abstract Task ServeAsync(TcpClient client, CancellationToken ct);
    private async Task AcceptAsync() { while (!Stop.IsCancellationRequested)
    {
        TcpClient client; try { client = await listener.AcceptTcpClientAsync(Stop.Token); } catch (OperationCanceledException) { return; }
        int id = Interlocked.Increment(ref next); running[id] = OneAsync(id, client);
    }
    }
    private async Task OneAsync(int id, TcpClient client)
    {
        await Task.Yield();
        using (client) try { await ServeAsync(client,
            Stop.Token); } catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException or ObjectDisposedException) { } finally { running.TryRemove(id, out _); }
    }
    public virtual async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync(); await loop; await Task.WhenAll(running.Values); listener.Stop(); Stop.Dispose(); GC.SuppressFinalize(this);
    }
}

public sealed class StoreServer : TcpService
{
    private enum Verb { Get, Set, Del, Incr, Keys, Expire, Stats, Quit }
    private sealed record Entry(string Value, DateTimeOffset? Until = null);
    private readonly ConcurrentDictionary<string, Entry> values = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Verb, int> calls = new(); private int sessions;
    public event EventHandler<string>? Closed;
    protected override async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        client.NoDelay = true; int id = Interlocked.Increment(ref sessions); await using var s = client.GetStream(); using var r = new StreamReader(s);
        await using var w = new StreamWriter(s) { NewLine = "\r\n", AutoFlush = true }; await w.WriteLineAsync("+READY"); int n = 0;
        while (await r.ReadLineAsync(ct) is { } line)
        {
            n++; string[] parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries); string answer;
            try { answer = Answer(parts); } catch (FormatException e) { answer = "-ERR " + e.Message; } await w.WriteLineAsync(answer);
            if (answer == "+BYE") break;
        }
        if (id == 1) Closed?.Invoke(this, $"{n} lines");
    }
    private string Answer(string[] p)
    {
        if (p.Length == 0 || !Enum.TryParse(p[0], true,
            out Verb verb) || !Enum.IsDefined(verb)) return $"-ERR unknown {(p.Length == 0 ? "nothing" : p[0])}, use one of {string.Join(' ', Enum.GetNames<Verb>()).ToUpperInvariant()}";
        calls.AddOrUpdate(verb, 1, (_, c) => c + 1);
        return (verb, p) switch
        {
            (Verb.Get, [_, var k, ..]) => values.TryGetValue(k, out var e) ? "$" + e.Value : "$-1",
                (Verb.Set, [_, var k, var v]) => (values[k] = new(v)) is null ? "" : "+OK",
                (Verb.Del, [_, var k]) => ":" + (values.TryRemove(k, out _) ? 1 : 0),
                (Verb.Incr, [_, var k, .. var by]) => ":" + values.AddOrUpdate(k, _ => new((by.Length > 0 ? by[0] : "1")),
                (_, old) => old with { Value = (long.Parse(old.Value,
                CultureInfo.InvariantCulture) + (by.Length > 0 ? int.Parse(by[0]) : 1)).ToString() }).Value,
            (Verb.Expire, [_, var k, var t]) when values.TryGetValue(k, out var e) => values.TryUpdate(k,
                e with { Until = DateTimeOffset.UtcNow + TimeSpan.Parse(t, CultureInfo.InvariantCulture) }, e) ? ":1" : ":0",
                (Verb.Keys, _) => "*" + string.Join(',', values.Keys.Order(StringComparer.OrdinalIgnoreCase)),
                (Verb.Stats, _) => "+" + string.Join(' ', calls.OrderBy(c => c.Key).Select(c => $"{c.Key}={c.Value}")), (Verb.Quit, _) => "+BYE",
                _ => $"-ERR usage of {verb:G}",
        };
    }
}

public sealed class ChatServer : TcpService
{
    private sealed record Member(string Name, Channel<string> Out);
    private readonly ConcurrentDictionary<string, Member> members = new(StringComparer.OrdinalIgnoreCase);
    protected override async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        await using var s = client.GetStream(); using var r = new StreamReader(s);
        var me = new Member((await r.ReadLineAsync(ct)) ?? "?", Channel.CreateBounded<string>(new BoundedChannelOptions(50) { SingleReader = true,
            FullMode = BoundedChannelFullMode.DropOldest }));
        if (!members.TryAdd(me.Name, me)) return;
        var writing = Task.Run(async () =>
        {
            await using var w = new StreamWriter(s, leaveOpen: true);
            await foreach (string l in me.Out.Reader.ReadAllAsync(ct)) { await w.WriteLineAsync(l); await w.FlushAsync(ct); }
        }, ct);
        me.Out.Writer.TryWrite("welcome " + me.Name);
        try { while (await r.ReadLineAsync(ct) is { } line)
        {
            if (line == "/who") me.Out.Writer.TryWrite($"who: {string.Join(", ", members.Values.Select(m => m.Name).Order())}"); else if (line.StartsWith("/msg ", StringComparison.Ordinal) && line.Split(' ', 3) is [_, var to, var text] && members.TryGetValue(to, out var other)) other.Out.Writer.TryWrite($"{me.Name} (private): {text}"); else Broadcast($"{me.Name}: {line}");
        }
        }
        finally
        {
            members.TryRemove(me.Name, out _); Broadcast($"{me.Name} left"); me.Out.Writer.Complete();
            try { await writing; } catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException) { }
        }
    }
    private void Broadcast(string text) { foreach (var (_, m) in members) m.Out.Writer.TryWrite(text); }
}

public sealed class ChatClient : IDisposable
{
    private readonly TcpClient tcp = new(); private StreamReader reader = StreamReader.Null; private StreamWriter writer = StreamWriter.Null;
    public static async Task<ChatClient> ConnectAsync(string name, IPEndPoint end, CancellationToken ct)
    {
        var c = new ChatClient(); await c.tcp.ConnectAsync(end, ct); c.reader = new(c.tcp.GetStream()); c.writer = new(c.tcp.GetStream()) { AutoFlush = true };
        await c.SendAsync(name); await c.UntilAsync("welcome"); return c;
    }
    public Task SendAsync(string text) => writer.WriteLineAsync(text);
    public async Task<string> UntilAsync(string part)
    {
        using var cts = new CancellationTokenSource(TimeSpan.FromSeconds(10)); while (await reader.ReadLineAsync(cts.Token) is { } l) if (l.Contains(part,
            StringComparison.OrdinalIgnoreCase)) return l;
        throw new EndOfStreamException(part);
    }
    public void Dispose() => tcp.Dispose();
}

public sealed class ConnectionPool(IPEndPoint end, int size) : IAsyncDisposable
{
    public sealed record Lease(ConnectionPool Pool, TcpClient Client) : IDisposable
    {
        public NetworkStream Stream => Client.GetStream(); public void Dispose() => Pool.Return(Client);
    }
    private readonly SemaphoreSlim free = new(size, size); private readonly ConcurrentBag<TcpClient> idle = []; private int opened;
    public int Opened => opened;
    public async ValueTask<Lease> RentAsync(CancellationToken ct)
    {
        if (!await free.WaitAsync(TimeSpan.FromSeconds(10), ct)) throw new TimeoutException("no connection");
        if (!idle.TryTake(out var c)) { c = new TcpClient(); await c.ConnectAsync(end, ct); Interlocked.Increment(ref opened); } return new(this, c);
    }
    private void Return(TcpClient c) { if (c.Connected) idle.Add(c); else c.Dispose(); free.Release(); }
    public ValueTask DisposeAsync() { foreach (var c in idle) c.Close(); idle.Clear(); free.Dispose(); return ValueTask.CompletedTask; }
}

public enum MessageKind : byte { Hello = 1, Data, Bye }
public readonly record struct Message(MessageKind Kind, int Id, ReadOnlyMemory<byte> Body);
public static class Frames
{
    public static async ValueTask WriteAsync(Stream s, Message m, CancellationToken ct)
    {
        byte[] head = new byte[9]; BinaryPrimitives.WriteInt32BigEndian(head, m.Body.Length); head[4] = (byte)m.Kind;
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(5), m.Id); await s.WriteAsync(head, ct); await s.WriteAsync(m.Body, ct); await s.FlushAsync(ct);
    }
    public static async IAsyncEnumerable<Message> ReadAllAsync(Stream s, [EnumeratorCancellation] CancellationToken ct)
    {
        byte[] head = new byte[9]; while (await s.ReadAtLeastAsync(head, head.Length, false, ct) == head.Length)
        {
            using var owner = MemoryPool<byte>.Shared.Rent(BinaryPrimitives.ReadInt32BigEndian(head));
            var body = owner.Memory[..BinaryPrimitives.ReadInt32BigEndian(head)]; await s.ReadExactlyAsync(body, ct);
            yield return new((MessageKind)head[4], BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(5)), body);
        }
    }
}

/// <summary>Answers in capitals; one event argument and one piece of a buffer per connection.</summary>
public sealed class EventServer : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] buffers = GC.AllocateArray<byte>(4 * 256, pinned: true); private readonly ConcurrentStack<SocketAsyncEventArgs> pool = new();
    private readonly SocketAsyncEventArgs accept = new(); private volatile bool closed;
    public EventServer()
    {
        for (int i = 0; i < 4; i++) { var e = new SocketAsyncEventArgs(); e.SetBuffer(buffers, i * 256, 256); e.Completed += Done; pool.Push(e); }
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0)); listener.Listen(4); accept.Completed += Accepted;
        if (!listener.AcceptAsync(accept)) Accepted(null, accept);
    }
    public EndPoint EndPoint => listener.LocalEndPoint!;
    private void Accepted(object? s, SocketAsyncEventArgs e)
    {
        if (closed || e.SocketError != SocketError.Success) return; Socket c = e.AcceptSocket!; e.AcceptSocket = null;
        if (pool.TryPop(out var io)) { io.UserToken = c; if (!c.ReceiveAsync(io)) Done(null, io); } else c.Dispose();
        try { if (!listener.AcceptAsync(e)) Accepted(s, e); } catch (ObjectDisposedException) { }
    }
    private void Done(object? s, SocketAsyncEventArgs e)
    {
        var c = (Socket)e.UserToken!;
        if (e.SocketError != SocketError.Success || e.BytesTransferred == 0) { c.Dispose(); e.UserToken = null; pool.Push(e); return; }
        if (e.LastOperation == SocketAsyncOperation.Receive)
        {
            var span = e.Buffer.AsSpan(e.Offset, e.BytesTransferred); Ascii.ToUpperInPlace(span, out _); e.SetBuffer(e.Offset, e.BytesTransferred);
            if (!c.SendAsync(e)) Done(s, e);
        }
        else { e.SetBuffer(e.Offset, 256); if (!c.ReceiveAsync(e)) Done(s, e); }
    }
    public void Dispose() { closed = true; listener.Dispose(); accept.Dispose(); foreach (var e in pool) e.Dispose(); }
}

public static class Ntp
{
    private static readonly DateTime Era = new(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    public static byte[] Answer(ReadOnlySpan<byte> q, DateTime now)
    {
        byte[] a = new byte[48]; a[0] = 0x24; q.Slice(40, 8).CopyTo(a.AsSpan(24)); var t = now - Era;
        BinaryPrimitives.WriteUInt32BigEndian(a.AsSpan(40), (uint)t.TotalSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(a.AsSpan(44), (uint)((t.Ticks % TimeSpan.TicksPerSecond + 2500000) * (1L << 32) / TimeSpan.TicksPerSecond));
        return a;
    }
    public static async Task<DateTime> AskAsync(IPEndPoint server, CancellationToken ct)
    {
        using var s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); await s.ConnectAsync(server, ct); byte[] b = new byte[48];
        b[0] = 0x1B; await s.SendAsync(b, ct); int n = await s.ReceiveAsync(b, ct).AsTask().WaitAsync(TimeSpan.FromSeconds(10), ct);
        if (n < 48) throw new InvalidDataException("short answer"); ulong time = BinaryPrimitives.ReadUInt64BigEndian(b.AsSpan(40));
        return Era.AddSeconds(time >> 32).AddMilliseconds(Math.Round((time & uint.MaxValue) * 1000.0 / (1L << 32)));
    }
}

public sealed record Syslog(int Facility, int Severity, string Host, string App, string Text)
{
    private static readonly Regex Line = new(@"^<(?<pri>\d{1,3})>1 (?<at>\S+) (?<host>\S+) (?<app>\S+) \S+ \S+ (?:-|\[.*\]) (?<text>.*)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);
    public string Format(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture,
        $"<{Facility * 8 + Severity}>1 {at:yyyy-MM-ddTHH:mm:ss.fffK} {Host} {App} - - [meta n=\"{Text.Replace("\"", "\\\"")}\"] {Text}");
    public static bool TryParse(string s, out Syslog? log)
    {
        var m = Line.Match(s);
        log = m.Success && int.TryParse(m.Groups["pri"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int pri) ? new(pri >> 3, pri & 7,
            m.Groups["host"].Value, m.Groups["app"].Value, m.Groups["text"].Value) : null;
        return log is not null;
    }
}

public enum DnsType : ushort { A = 1, CNAME = 5, MX = 15, TXT = 16, AAAA = 28 }
public enum DnsCode { NoError, FormErr, ServFail, NxDomain }
public sealed class DnsException(DnsCode code, string name) : Exception($"{name}: {code}") { public DnsCode Code => code; }
public sealed record DnsRecord(string Name, DnsType Type, TimeSpan Ttl, string Data);
public sealed record DnsMessage(ushort Id, bool IsAnswer, DnsCode Code, IReadOnlyList<(string Name, DnsType Type)> Questions, IReadOnlyList<DnsRecord> Answers)
{
    public byte[] Write()
    {
        var w = new ArrayBufferWriter<byte>(128); var known = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        void Short(int v) { BinaryPrimitives.WriteUInt16BigEndian(w.GetSpan(2), (ushort)v); w.Advance(2); }
        void Name(string name)
        {
            for (string rest = name.TrimEnd('.'); rest.Length > 0; rest = rest.Contains('.') ? rest[(rest.IndexOf('.') + 1)..] : "")
            {
                if (known.TryGetValue(rest, out int at)) { Short(0xC000 | at); return; } known[rest] = w.WrittenCount; string label = rest.Split('.', 2)[0];
                w.Write([(byte)label.Length]); w.Advance(Encoding.ASCII.GetBytes(label, w.GetSpan(label.Length)));
            }
            w.Write("\0"u8);
        }
        Short(Id); Short((IsAnswer ? 0x8180 : 0x0100) | (int)Code); Short(Questions.Count); Short(Answers.Count); Short(0); Short(0);
        foreach (var (n, t) in Questions) { Name(n); Short((int)t); Short(1); }
        foreach (var r in Answers)
        {
            Name(r.Name); Short((int)r.Type); Short(1); BinaryPrimitives.WriteInt32BigEndian(w.GetSpan(4), (int)r.Ttl.TotalSeconds); w.Advance(4);
            switch (r.Type)
            {
                case DnsType.A or DnsType.AAAA: byte[] a = IPAddress.Parse(r.Data).GetAddressBytes(); Short(a.Length); w.Write(a); break;
                case DnsType.TXT: Short(r.Data.Length + 1); w.Write([(byte)r.Data.Length]); w.Write(Encoding.ASCII.GetBytes(r.Data)); break;
                case DnsType.MX: string[] p = r.Data.Split(' '); Short(p[1].Length + 4); Short(int.Parse(p[0], CultureInfo.InvariantCulture)); known.Clear();
                Name(p[1]); break; default: known.Clear(); Short(r.Data.Length + 2); Name(r.Data); break;
            }
        }
        return w.WrittenSpan.ToArray();
    }
    public static DnsMessage Parse(ReadOnlySpan<byte> m)
    {
        var r = new DnsReader(m); var (id, flags, questions, answers) = (r.Short(), r.Short(), r.Short(), r.Short()); r.Skip(4);
        var q = new List<(string, DnsType)>(); var a = new List<DnsRecord>(answers);
        for (int i = 0; i < questions; i++) { q.Add((r.Name(), (DnsType)r.Short())); r.Skip(2); }
        for (int i = 0; i < answers; i++)
        {
            string name = r.Name(); var type = (DnsType)r.Short(); r.Skip(2); var ttl = TimeSpan.FromSeconds(r.Int()); int n = r.Short();
            a.Add(new(name, type, ttl, type switch { DnsType.A or DnsType.AAAA => new IPAddress(r.Bytes(n)).ToString(),
                DnsType.TXT => Encoding.ASCII.GetString(r.Bytes(n)[1..]), DnsType.MX => $"{r.Short()} {r.Name()}", DnsType.CNAME => r.Name(),
                _ => Convert.ToHexString(r.Bytes(n)) }));
        }
        return new(id, (flags & 0x8000) != 0, (DnsCode)(flags & 15), q, a);
    }
    private ref struct DnsReader(ReadOnlySpan<byte> all)
    {
        private readonly ReadOnlySpan<byte> all = all; private int at;
        public ReadOnlySpan<byte> Bytes(int n)
        {
            if (at + n > all.Length) throw new FormatException($"message ends at {all.Length}, wanted {at + n}"); at += n; return all.Slice(at - n, n);
        }
        public ushort Short() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(2)); public int Int() => BinaryPrimitives.ReadInt32BigEndian(Bytes(4));
        public void Skip(int n) => Bytes(n);
        public string Name()
        {
            var b = new StringBuilder(); int back = -1;
            for (int hops = 0; hops < 50; hops++)
            {
                int n = Bytes(1)[0]; if (n == 0) break; if (n >= 0xC0) { int to = (n & 0x3F) << 8 | Bytes(1)[0]; if (back < 0) back = at; at = to; continue; }
                if (b.Length > 0) b.Append('.'); b.Append(Encoding.ASCII.GetString(Bytes(n)));
            }
            if (back >= 0) at = back; return b.ToString();
        }
    }
}
public sealed class DnsServer : IAsyncDisposable
{
    private readonly UdpClient udp = new(new IPEndPoint(IPAddress.Loopback, 0)); private readonly CancellationTokenSource stop = new();
    private readonly Task loop; private readonly Dictionary<(string, DnsType), string[]> zone;
    public DnsServer(Dictionary<(string, DnsType), string[]> zone) { this.zone = zone; loop = Task.Run(RunAsync); }
    public IPEndPoint EndPoint => (IPEndPoint)udp.Client.LocalEndPoint!;
    private async Task RunAsync() { try { while (true)
    {
        var r = await udp.ReceiveAsync(stop.Token); DnsMessage q = DnsMessage.Parse(r.Buffer), a = q with { IsAnswer = true };
        var (name, type) = q.Questions.Single();
        a = zone.TryGetValue((name.ToLowerInvariant(), type), out var found) ? a with { Answers = found.Select(d => new DnsRecord(name, type,
            TimeSpan.FromMinutes(5), d)).ToList() } : a with { Code = DnsCode.NxDomain };
        await udp.SendAsync(a.Write(), r.RemoteEndPoint, stop.Token);
    }
    } catch (OperationCanceledException) { } }
    public async ValueTask DisposeAsync() { stop.Cancel(); await loop; udp.Dispose(); }
}
public sealed class DnsResolver(IPEndPoint server)
{
    private readonly Dictionary<(string Name, DnsType Type), (DateTime Until, IReadOnlyList<DnsRecord> Records)> cache = []; private ushort id = 100;
    public int Hits { get; private set; }
    public async Task<IReadOnlyList<DnsRecord>> AskAsync(string name, DnsType type, CancellationToken ct)
    {
        var key = (name.ToLowerInvariant(), type); if (cache.TryGetValue(key, out var c) && c.Until > DateTime.UtcNow) { Hits++; return c.Records; }
        using var udp = new UdpClient(); udp.Connect(server);
        for (int attempt = 1; ; attempt++) try
        {
            await udp.SendAsync(new DnsMessage(++id, false, 0, [(name, type)], []).Write(), ct);
            var a = DnsMessage.Parse((await udp.ReceiveAsync(ct).AsTask().WaitAsync(TimeSpan.FromSeconds(5), ct)).Buffer); if (a.Id != id) continue;
            if (a.Code != DnsCode.NoError) throw new DnsException(a.Code, name); cache[key] = (DateTime.UtcNow + a.Answers.Min(x => x.Ttl), a.Answers);
            return a.Answers;
        }
        catch (TimeoutException) when (attempt < 3) { }
    }
}

public sealed class Segment : ReadOnlySequenceSegment<byte>
{
    private Segment(ReadOnlyMemory<byte> m, long index) { Memory = m; RunningIndex = index; }
    public static ReadOnlySequence<byte> Split(byte[] all, int size)
    {
        Segment? first = null, last = null;
        for (int i = 0; i < all.Length; i += size)
        {
            var s = new Segment(all.AsMemory(i, Math.Min(size, all.Length - i)), i); if (last != null) last.Next = s; first ??= s; last = s;
        }
        return first is null ? ReadOnlySequence<byte>.Empty : new(first, 0, last!, last!.Memory.Length);
    }
}
public sealed record HttpRequest(string Method, string Path, Version Version, Dictionary<string, List<string>> Headers, byte[] Body);
public static class HttpParser
{
    public static bool TryRead(ref ReadOnlySequence<byte> data, out HttpRequest? request)
    {
        request = null; var r = new SequenceReader<byte>(data); if (!r.TryReadTo(out ReadOnlySequence<byte> first, "\r\n"u8)) return false;
        string[] start = Encoding.ASCII.GetString(first).Split(' ');
        if (start.Length != 3 || !start[2].StartsWith("HTTP/", StringComparison.Ordinal)) throw new FormatException("bad start line");
        if (!Version.TryParse(start[2].AsSpan(5), out var version) || version.Major > 1) throw new FormatException("bad version " + start[2]);
        var headers = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            if (!r.TryReadTo(out ReadOnlySpan<byte> line, "\r\n"u8)) return false; if (line.IsEmpty) break; int colon = line.IndexOf((byte)':');
            if (colon <= 0) throw new FormatException("bad header"); string name = Encoding.ASCII.GetString(line[..colon]);
            if (!headers.TryGetValue(name, out var list)) headers[name] = list = []; list.Add(Encoding.Latin1.GetString(line[(colon + 1)..].Trim((byte)' ')));
        }
        long length = 0;
        if (headers.TryGetValue("content-length", out var n) && !long.TryParse(n[0], NumberStyles.None, CultureInfo.InvariantCulture,
            out length)) throw new FormatException("bad length");
        if (r.Remaining < length) return false; byte[] body = data.Slice(r.Position, length).ToArray(); r.Advance(length);
        request = new(start[0], Uri.UnescapeDataString(start[1].Split('?')[0]), version, headers, body); data = data.Slice(r.Position); return true;
    }
    public static void WriteResponse(IBufferWriter<byte> w, int status, string type, ReadOnlySpan<byte> body, params (string Name, string Value)[] headers)
    {
        w.Write("HTTP/1.1 "u8); Utf8Formatter.TryFormat(status, w.GetSpan(4), out int n); w.Advance(n); w.Write(" OK\r\nContent-Length: "u8);
        body.Length.TryFormat(w.GetSpan(11), out n, default, CultureInfo.InvariantCulture); w.Advance(n); Span<byte> line = w.GetSpan(64);
        System.Text.Unicode.Utf8.TryWrite(line, CultureInfo.InvariantCulture, $"\r\nContent-Type: {type}\r\n", out n); w.Advance(n);
        foreach (var (k, v) in headers) Encoding.UTF8.GetBytes($"{k}: {v}\r\n", w); w.Write("\r\n"u8); w.Write(body);
    }
}

public enum RpcError { Parse = -32700, InvalidRequest = -32600, MethodNotFound = -32601, InvalidParams = -32602, Internal = -32603, NotFound = 404 }
public sealed class RpcException(RpcError code, string message, object? data = null) : Exception(message)
{
    public RpcError Code => code; public new object? Data => data;
}
/// <summary>One side of JSON-RPC 2.0 with Content-Length headers, as editors talk to language servers.</summary>
public sealed class RpcPeer(Stream stream) : IAsyncDisposable
{
    private sealed record Packet([property: JsonPropertyName("jsonrpc")] string Version, int? Id, string? Method, JsonElement? Params, JsonElement? Result,
        Failure? Error);
    private sealed record Failure(RpcError Code, string Message, object? Data);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowReadingFromString };
    private readonly Dictionary<string, Func<JsonElement, Task<object?>>> methods = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> waiting = new(); private readonly SemaphoreSlim gate = new(1, 1);
    private int last; private Task reading = Task.CompletedTask;
    public void On<TIn, TOut>(string name, Func<TIn, Task<TOut>> f) => methods[name] = async p =>
    {
        TIn x; try { x = p.Deserialize<TIn>(Json)!; } catch (JsonException e) { throw new RpcException(RpcError.InvalidParams, e.Message, e.Path); }
        return await f(x);
    };
    public void Start(CancellationToken ct) => reading = Task.Run(() => ReadAsync(ct), ct);
    public Task NotifyAsync<T>(string method, T p, CancellationToken ct) => SendAsync(new("2.0", null, method, JsonSerializer.SerializeToElement(p, Json), null,
        null), ct);
    public async Task<T> CallAsync<T>(string method, object p, CancellationToken ct)
    {
        int id = Interlocked.Increment(ref last); var done = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = done; await using var cancel = ct.Register(() => { if (waiting.TryRemove(id, out var t)) t.TrySetCanceled(ct); });
        await SendAsync(new("2.0", id, method, JsonSerializer.SerializeToElement(p, p.GetType(), Json), null, null), ct);
        return (await done.Task).Deserialize<T>(Json)!;
    }
    private async Task SendAsync(Packet p, CancellationToken ct)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(p, Json); await gate.WaitAsync(ct);
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"), ct); await stream.WriteAsync(body, ct);
            await stream.FlushAsync(ct);
        }
        finally { gate.Release(); }
    }
    private async Task ReadAsync(CancellationToken ct)
    {
        var buffered = new BufferedStream(stream, 4096); var head = new StringBuilder(); byte[] one = new byte[1];
        try
        {
            while (true)
            {
                head.Clear(); while (head.Length < 4 || head[^1] != '\n' || head[^3] != '\n')
                {
                    if (await buffered.ReadAsync(one, ct) == 0) return; head.Append((char)one[0]);
                }
                int n = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(": ")).Where(p => p[0].Equals("content-length",
                    StringComparison.OrdinalIgnoreCase)).Select(p => int.Parse(p[1], CultureInfo.InvariantCulture)).First();
                byte[] body = new byte[n]; await buffered.ReadExactlyAsync(body, ct); var m = JsonSerializer.Deserialize<Packet>(body, Json)!;
                if (m.Method is not null) _ = ServeAsync(m, ct); else if (m.Id is int id && waiting.TryRemove(id, out var t))
                {
                    if (m.Error is { } e) t.TrySetException(new RpcException(e.Code, e.Message, e.Data)); else t.TrySetResult(m.Result ?? default);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            foreach (var t in waiting.Values) t.TrySetException(e);
        }
    }
    private async Task ServeAsync(Packet m, CancellationToken ct)
    {
        Packet answer = new("2.0", m.Id, null, null, null, null);
        try
        {
            answer = methods.TryGetValue(m.Method!, out var f) ? answer with { Result = JsonSerializer.SerializeToElement(await f(m.Params ?? default),
                Json) } : throw new RpcException(RpcError.MethodNotFound, $"no method {m.Method}");
        }
        catch (RpcException e)
        {
            answer = answer with { Error = new(e.Code, e.Message, e.Data) };
        }
        catch (Exception e) { answer = answer with { Error = new(RpcError.Internal, e.Message, null) }; }
        try
        {
            if (m.Id is not null) await SendAsync(answer, ct);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException) { }
    }
    public async ValueTask DisposeAsync() { await stream.DisposeAsync(); await reading; }
}

public sealed class Authority : IDisposable
{
    private readonly ECDsa middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256); private readonly DateTimeOffset now = DateTimeOffset.UtcNow;
    public X509Certificate2 Root { get; } public X509Certificate2 Intermediate { get; }
    public Authority()
    {
        var key = RSA.Create(2048); var r = new CertificateRequest("CN=Training Root, O=Example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        r.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 2, true));
        r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        r.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(r.PublicKey, false)); Root = r.CreateSelfSigned(now.AddDays(-2), now.AddYears(10));
        var m = new CertificateRequest(new X500DistinguishedName("CN=Training Intermediate"), middleKey, HashAlgorithmName.SHA256);
        m.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(1));
        m.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        m.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(m.PublicKey, false));
        m.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, true, false));
        using var made = m.Create(Root.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), now.AddDays(-1), now.AddYears(5),
            [1, 2, 3]);
        Intermediate = made.CopyWithPrivateKey(middleKey);
    }
    public X509Certificate2 Issue(string name, bool server)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256); var q = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        if (server)
        {
            san.AddDnsName(name); san.AddDnsName("*.lan.example.com"); san.AddIpAddress(IPAddress.Loopback); san.AddUri(new("http://example.com/"));
        }
        else san.AddEmailAddress(name + "@example.com");
        q.CertificateExtensions.Add(san.Build()); q.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity());
        q.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        q.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(server ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2")], false));
        q.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Intermediate, true, false));
        q.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(["http://x/ocsp"], null, false));
        using var c = q.Create(Intermediate, now.AddHours(-1), now.AddDays(90), RandomNumberGenerator.GetBytes(8)); using var own = c.CopyWithPrivateKey(key);
        return Load(own.Export(X509ContentType.Pkcs12), null);
    }
    public X509ChainPolicy Policy()
    {
        var p = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            VerificationFlags = X509VerificationFlags.NoFlag, DisableCertificateDownloads = true, UrlRetrievalTimeout = TimeSpan.FromSeconds(1) };
        p.CustomTrustStore.Add(Root); p.ExtraStore.Add(Intermediate); return p;
    }
#if NET10_0
    public static X509Certificate2 Load(byte[] pfx, string? password) => X509CertificateLoader.LoadPkcs12(pfx, password, X509KeyStorageFlags.Exportable);
#else
    public static X509Certificate2 Load(byte[] pfx, string? password) => new(pfx, password, X509KeyStorageFlags.Exportable);
#endif
    public void Dispose() { Root.Dispose(); Intermediate.Dispose(); middleKey.Dispose(); }
}

public static class Sealed
{
    public static byte[] Seal(ReadOnlySpan<byte> plain, byte[] key, ReadOnlySpan<byte> label)
    {
        byte[] all = new byte[12 + 16 + plain.Length]; RandomNumberGenerator.Fill(all.AsSpan(0, 12)); using var g = new AesGcm(key, 16);
        g.Encrypt(all.AsSpan(0, 12), plain, all.AsSpan(28), all.AsSpan(12, 16), label); return all;
    }
    public static byte[] Open(ReadOnlySpan<byte> all, byte[] key, ReadOnlySpan<byte> label)
    {
        byte[] plain = new byte[all.Length - 28]; using var g = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        g.Decrypt(all[..12], all[28..], all[12..28], plain, label); return plain;
    }
}
public static class Password
{
    public static string Hash(string p)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        return $"pbkdf2${1000}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(p), salt, 1000, HashAlgorithmName.SHA256, 32))}";
    }
    public static bool Verify(string p, string stored) => stored.Split('$') is ["pbkdf2", var n, var salt,
        var hash] && CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(hash),
        Rfc2898DeriveBytes.Pbkdf2(p, Convert.FromBase64String(salt), int.Parse(n), HashAlgorithmName.SHA256, 32));
}
public static class Totp
{
    public static string Code(ReadOnlySpan<byte> secret, long time)
    {
        Span<byte> counter = stackalloc byte[8], mac = stackalloc byte[20]; BinaryPrimitives.WriteInt64BigEndian(counter, time / 30);
        HMACSHA1.HashData(secret, counter, mac); int at = mac[19] & 15;
        return ((BinaryPrimitives.ReadInt32BigEndian(mac[at..]) & int.MaxValue) % 1_000_000).ToString("D6");
    }
    public static string Base32(ReadOnlySpan<byte> data)
    {
        const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; var text = new StringBuilder(); int bits = 0, value = 0;
        foreach (byte b in data) { value = value << 8 | b; bits += 8; while (bits >= 5) text.Append(Letters[value >> (bits -= 5) & 31]); }
        if (bits > 0) text.Append(Letters[value << (5 - bits) & 31]); return text.ToString();
    }
}
public sealed record Claims([property: JsonPropertyName("sub")] string Subject, [property: JsonPropertyName("iss")] string Issuer,
    [property: JsonPropertyName("exp")] long Expires, [property: JsonPropertyName("roles")] IReadOnlyList<string> Roles);
public sealed record Jwt(string Algorithm, Func<byte[], byte[]> Sign, Func<byte[], byte[], bool> Check)
{
    public static Jwt Hmac(byte[] key) => new("HS256", d => HMACSHA256.HashData(key, d),
        (d, s) => CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, d), s));
    public static Jwt Rsa(RSA k) => new("RS256", d => k.SignData(d, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        (d, s) => k.VerifyData(d, s, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    public static Jwt Ec(ECDsa k) => new("ES256", d => k.SignData(d, HashAlgorithmName.SHA256), (d, s) => k.VerifyData(d, s, HashAlgorithmName.SHA256));
    private static string Encode(byte[] b) => Convert.ToBase64String(b).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    private static byte[] Decode(string s) => Convert.FromBase64String(s.Replace('-', '+').Replace('_', '/').PadRight((s.Length + 3) / 4 * 4, '='));
    public string Write(Claims c)
    {
        string head = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(new { alg = Algorithm, typ = "JWT" }))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(c))}";
        return $"{head}.{Encode(Sign(Encoding.ASCII.GetBytes(head)))}";
    }
    public string Read(string token, DateTimeOffset now)
    {
        string[] p = token.Split('.'); if (p.Length != 3) throw new FormatException("not a token"); using var head = JsonDocument.Parse(Decode(p[0]));
        if (head.RootElement.GetProperty("alg").GetString() != Algorithm || !Check(Encoding.ASCII.GetBytes($"{p[0]}.{p[1]}"),
            Decode(p[2]))) throw new CryptographicException("bad signature");
        var c = JsonSerializer.Deserialize<Claims>(Decode(p[1]))!;
        return DateTimeOffset.FromUnixTimeSeconds(c.Expires) < now ? throw new CryptographicException("expired") : $"{c.Subject} {string.Join('+', c.Roles)}";
    }
}

/// <summary>The web site that the HTTP steps talk to, on HttpListener.</summary>
public sealed class Site : IAsyncDisposable
{
    private static readonly byte[] Big = Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray(); private readonly HttpListener listener;
    private readonly CancellationToken stop; private readonly Task loop; private readonly ConcurrentDictionary<string, int> visits = new();
    private readonly List<Item> items = Enumerable.Range(1, 3).Select(i => new Item(new Guid(i, 0, 0, new byte[8]), "item" + i, [i, 1.5m], (DayOfWeek)i,
        new() { ["k"] = i })).ToList();
    public Uri Address { get; }
    private Site(HttpListener l, int port, CancellationToken ct)
    {
        listener = l; stop = ct; Address = new Uri($"http://127.0.0.1:{port}/"); loop = Task.Run(RunAsync, ct);
    }
    public static Site Start(CancellationToken ct)
    {
        for (int attempt = 0; ; attempt++)
        {
            int port; using (var probe = new TcpListener(IPAddress.Loopback, 0)) { probe.Start(); port = ((IPEndPoint)probe.LocalEndpoint).Port; }
            var l = new HttpListener { IgnoreWriteExceptions = true, AuthenticationSchemes = AuthenticationSchemes.Anonymous, Realm = "training" };
            l.Prefixes.Add($"http://127.0.0.1:{port}/"); l.Prefixes.Add($"http://localhost:{port}/");
            l.AuthenticationSchemeSelectorDelegate = q => q.Url!.AbsolutePath.StartsWith("/basic",
                StringComparison.Ordinal) ? AuthenticationSchemes.Basic : AuthenticationSchemes.Anonymous;
            l.TimeoutManager.IdleConnection = TimeSpan.FromSeconds(30);
            try { l.Start(); return new(l, port, ct); } catch (HttpListenerException e) when (attempt < 5) { Console.Error.WriteLine(e.ErrorCode); l.Close(); }
        }
    }
    private async Task RunAsync() { while (listener.IsListening) { try
    {
        _ = HandleAsync(await listener.GetContextAsync());
    }
    catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException) { return; } } }
    private async Task HandleAsync(HttpListenerContext x)
    {
        await Task.Yield(); HttpListenerRequest q = x.Request; HttpListenerResponse r = x.Response;
        try
        {
            r.Headers["X-Method"] = q.HttpMethod; await RouteAsync(x, q, r, q.Url!.AbsolutePath.Trim('/').Split('/'));
        }
        catch (Exception e) { Trace.WriteLine(e.Message); try { r.Abort(); } catch (Exception) { } }
    }
    private async Task RouteAsync(HttpListenerContext x, HttpListenerRequest q, HttpListenerResponse r, string[] path)
    {
        switch (path)
        {
            case ["hello"]: await TextAsync(r, $"hello {q.QueryString["name"]}"); break;
            case ["bytes", var n]:
                byte[] part = Big[..int.Parse(n)]; r.ContentLength64 = part.Length; r.ContentType = "application/octet-stream";
                await r.OutputStream.WriteAsync(part); r.Close(); break;
            case ["echo"]:
                {
                    using var t = new StreamReader(q.InputStream, q.ContentEncoding); string body = await t.ReadToEndAsync(); r.AddHeader("Vary", "Accept");
                    r.AppendHeader("Age", "5"); r.Headers.Add("ETag", "W/\"1\""); r.Headers[HttpResponseHeader.CacheControl] = "public, max-age=9";
                    r.Headers[HttpResponseHeader.ContentLanguage] = "en"; r.Headers["Last-Modified"] = DateTimeOffset.UnixEpoch.AddYears(45).ToString("R");
                    r.Headers["Expires"] = "Thu, 01 Jan 2015 00:00:00 GMT"; r.Headers["Content-Disposition"] = "inline; filename*=UTF-8''%C3%A4.txt";
                    await JsonAsync(r, new { q.HttpMethod, query = q.RawUrl, length = body.Length, type = q.ContentType, q.HasEntityBody,
                        accept = q.AcceptTypes, lang = q.UserLanguages, q.KeepAlive, q.IsLocal, agent = q.UserAgent, referrer = q.UrlReferrer,
                        host = q.UserHostName.Length > 0, version = q.ProtocolVersion.ToString(), q.IsSecureConnection, q.IsAuthenticated,
                        remote = q.RemoteEndPoint.Address.ToString(), text = body.Length < 40 ? body : null });
                    break;
                }
            case ["items"] when q.HttpMethod == "POST":
                var made = (await JsonSerializer.DeserializeAsync<Item>(q.InputStream, Web, stop))!;
                lock (items) if (!items.Exists(i => i.Id == made.Id)) visits.AddOrUpdate(made.Name, 1, (_, c) => c + 1);
                r.RedirectLocation = $"/items/{made.Id}"; await JsonAsync(r, made, HttpStatusCode.Created); break;
            case ["items"]: await JsonAsync(r, items); break;
            case ["page"]:
                int page = int.Parse(q.QueryString.Get("n") ?? "1"); if (page < 3) r.AddHeader("Link", $"</page?n={page + 1}>; rel=\"next\"");
                await JsonAsync(r, new[] { $"p{page}a", $"p{page}b" }); break;
            case ["status", "422"]:
                await JsonAsync(r, new Problem("Invalid", 422, new() { ["name"] = ["required", "too short"] }), HttpStatusCode.UnprocessableEntity); break;
            case ["status", var code]: r.StatusCode = int.Parse(code); r.StatusDescription = "Because"; r.Headers["Retry-After"] = "1"; r.Close(); break;
            case ["upload"]: await TextAsync(r, string.Join("; ", await PartsAsync(q))); break;
            case ["form"]:
                {
                    using var t = new StreamReader(q.InputStream); var form = HttpUtility.ParseQueryString(await t.ReadToEndAsync());
                    await TextAsync(r, string.Join(';', form.AllKeys.Select(k => $"{k}={form[k]}"))); break;
                }
            case ["cookies", "set"]:
                r.SetCookie(new Cookie("session", "abc", "/") { HttpOnly = true }); r.AppendCookie(new Cookie("lang", "de", "/"));
                r.Headers.Add("Set-Cookie", "raw=1; Max-Age=60; SameSite=Lax; Path=/"); await TextAsync(r, "set"); break;
            case ["cookies"]: await TextAsync(r, string.Join(';', q.Cookies.Cast<Cookie>().Select(c => $"{c.Name}={c.Value}").Order())); break;
            case ["redirect", "0"]: await TextAsync(r, "arrived"); break;
            case ["redirect", var left]: r.Redirect($"/redirect/{int.Parse(left) - 1}"); r.Close(); break;
            case ["basic", ..]:
                var who = (HttpListenerBasicIdentity)x.User!.Identity!;
                await TextAsync(r, $"{who.Name} {who.Password} {who.AuthenticationType} {x.User.IsInRole("a")}"); break;
            case ["digest", ..] when q.Headers["Authorization"]?.StartsWith("Digest ", StringComparison.Ordinal) != true:
                r.StatusCode = 401;
                r.AddHeader("WWW-Authenticate", $"Digest realm=\"training\", nonce=\"{Guid.NewGuid():N}\", qop=\"auth\", algorithm=MD5, opaque=\"o\"");
                r.Close(); break;
            case ["digest", ..]: await TextAsync(r, Regex.Match(q.Headers["Authorization"]!, "username=\"(\\w+)\"").Groups[1].Value); break;
            case ["bearer"]:
                if (q.Headers["Authorization"] is not "Bearer t2")
                {
                    r.StatusCode = (int)HttpStatusCode.Unauthorized; r.Close();
                }
                else await TextAsync(r, "let in");
                break;
            case ["flaky"]:
                if (visits.AddOrUpdate("flaky" + q.QueryString["key"], 1, (_, c) => c + 1) < 3) { r.StatusCode = 503; r.Close(); } else await TextAsync(r,
                    "at last");
                break;
            case ["cached"]:
                r.Headers["ETag"] = "\"v1\""; r.Headers["Last-Modified"] = "Fri, 01 Jan 2021 00:00:00 GMT"; r.Headers["Cache-Control"] = "private, max-age=60";
                if (q.Headers["If-None-Match"] == "\"v1\"" || DateTimeOffset.TryParseExact(q.Headers["If-Modified-Since"], "r", CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal, out var since) && since.Year > 2021)
                {
                    r.StatusCode = (int)HttpStatusCode.NotModified; r.Close();
                }
                else await TextAsync(r, "cached text");
                break;
            case ["range"]: await RangeAsync(q, r); break;
            case ["compressed", var how]:
                r.AddHeader("Content-Encoding", how); r.SendChunked = true;
                await using (Stream s = how switch { "gzip" => new GZipStream(r.OutputStream, CompressionLevel.Fastest),
                    "br" => new BrotliStream(r.OutputStream, CompressionLevel.Fastest),
                    _ => new ZLibStream(r.OutputStream, CompressionLevel.Fastest) }) await s.WriteAsync(Encoding.UTF8.GetBytes(new string('z', 3000)));
                r.Close(); break;
            case ["lines"]:
                r.SendChunked = true; r.ContentType = "application/x-ndjson";
                for (int i = 0; i < 3; i++)
                {
                    await JsonSerializer.SerializeAsync(r.OutputStream, new Pair(i, i * i)); r.OutputStream.Write("\n"u8); await r.OutputStream.FlushAsync();
                }
                r.Close(); break;
            case ["events"]:
                r.ContentType = "text/event-stream"; r.SendChunked = true;
                await using (var w = new StreamWriter(r.OutputStream))
                {
                    await w.WriteAsync(": comment\n\nevent: tick\nid: 1\ndata: one\ndata: more\n\n"); await w.FlushAsync();
                    await w.WriteAsync("retry: 50\ndata: two\n\n");
                }
                r.Close(); break;
            case ["slow"]: await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(3)); break;
            case ["ws"] when q.IsWebSocketRequest:
                var c = await x.AcceptWebSocketAsync(q.Headers["Sec-WebSocket-Protocol"]?.Split(',')[0].Trim(), 4096, TimeSpan.FromSeconds(30));
                _ = c.SecWebSocketProtocols.Count() + c.Headers.Count + c.Origin + c.SecWebSocketKey.Length + c.RequestUri.AbsolutePath;
                await Ws.ServeAsync(c.WebSocket, stop); r.Close(); break;
            default: r.StatusCode = 404; r.Close("missing"u8.ToArray(), false); break;
        }
    }
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
    private static async Task TextAsync(HttpListenerResponse r, string text)
    {
        byte[] b = Encoding.UTF8.GetBytes(text); r.ContentType = "text/plain; charset=utf-8"; r.ContentEncoding = Encoding.UTF8; r.ContentLength64 = b.Length;
        await r.OutputStream.WriteAsync(b); r.Close();
    }
    private static async Task JsonAsync<T>(HttpListenerResponse r, T value, HttpStatusCode code = HttpStatusCode.OK)
    {
        r.StatusCode = (int)code; r.ContentType = code == HttpStatusCode.UnprocessableEntity ? "application/problem+json" : MediaTypeNames.Application.Json;
        byte[] b = JsonSerializer.SerializeToUtf8Bytes(value, Web); r.ContentLength64 = b.Length;
        await using (r.OutputStream) await r.OutputStream.WriteAsync(b);
    }
    private static async Task<List<string>> PartsAsync(HttpListenerRequest q)
    {
        string mark = "--" + MediaTypeHeaderValue.Parse(q.ContentType!).Parameters.First(p => p.Name == "boundary").Value!.Trim('"');
        var ms = new MemoryStream(); await q.InputStream.CopyToAsync(ms); var found = new List<string>();
        foreach (string part in Encoding.UTF8.GetString(ms.GetBuffer(), 0, (int)ms.Length).Split(mark).Skip(1)) if (part.IndexOf("\r\n\r\n",
            StringComparison.Ordinal) is > 0 and var at && part.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Disposition:",
            StringComparison.OrdinalIgnoreCase)) is { } line)
        {
            var d = System.Net.Http.Headers.ContentDispositionHeaderValue.Parse(line[20..].Trim());
            found.Add($"{d.Name?.Trim('"')} {d.FileNameStar ?? d.FileName} {part.Length - at - 6}");
        }
        return found;
    }
    private static async Task RangeAsync(HttpListenerRequest q, HttpListenerResponse r)
    {
        long from = 0, to = Big.Length - 1; r.AddHeader("Accept-Ranges", "bytes");
        if (RangeHeaderValue.TryParse(q.Headers["Range"], out var range) && range.Ranges.FirstOrDefault() is { } one)
        {
            from = one.From ?? Big.Length - one.To!.Value; to = one.From is null ? to : Math.Min(one.To ?? to, to);
            if (from > to)
            {
                r.StatusCode = (int)HttpStatusCode.RequestedRangeNotSatisfiable;
                r.AddHeader("Content-Range", new ContentRangeHeaderValue(Big.Length).ToString()); r.Close(); return;
            }
            r.StatusCode = (int)HttpStatusCode.PartialContent; r.AddHeader("Content-Range", new ContentRangeHeaderValue(from, to, Big.Length).ToString());
        }
        r.ContentLength64 = to - from + 1; await r.OutputStream.WriteAsync(Big.AsMemory((int)from, (int)(to - from + 1))); r.Close();
    }
    public async ValueTask DisposeAsync() { if (!listener.IsListening) return; listener.Stop(); listener.Close(); await loop; }
}

public sealed class ProgressContent(Stream source, Action<long> report) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream s, TransportContext? c)
    {
        byte[] b = ArrayPool<byte>.Shared.Rent(16384); long total = 0;
        try
        {
            int n; while ((n = await source.ReadAsync(b)) > 0) { await s.WriteAsync(b.AsMemory(0, n)); report(total += n); }
        }
        finally { ArrayPool<byte>.Shared.Return(b); }
    }
    protected override bool TryComputeLength(out long length) { length = source.CanSeek ? source.Length : -1; return source.CanSeek; }
    protected override void Dispose(bool disposing) { if (disposing) source.Dispose(); base.Dispose(disposing); }
}
public sealed class PushContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> write;
    public PushContent(Func<Stream, CancellationToken, Task> write) { this.write = write; Headers.ContentType = new("text/plain"); }
    protected override Task SerializeToStreamAsync(Stream s, TransportContext? c) => write(s, default);
    protected override Task SerializeToStreamAsync(Stream s, TransportContext? c, CancellationToken ct) => write(s, ct);
    protected override bool TryComputeLength(out long length) { length = 0; return false; }
}
public sealed class FakeHandler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct) => Task.FromResult(answer(q));
}
public sealed class Throttle(int size, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly SemaphoreSlim gate = new(size);
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct)
    {
        await gate.WaitAsync(ct); try { return await base.SendAsync(q, ct); } finally { gate.Release(); }
    }
}
public sealed class CacheHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly ConcurrentDictionary<Uri, (byte[] Body, MediaTypeHeaderValue? Type, DateTimeOffset Until)> cache = new(); public static int Hits;
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct)
    {
        if (q.Method == HttpMethod.Get && cache.TryGetValue(q.RequestUri!, out var c) && c.Until > DateTimeOffset.UtcNow)
        {
            Interlocked.Increment(ref Hits);
            return new(HttpStatusCode.OK) { Content = new ByteArrayContent(c.Body) { Headers = { ContentType = c.Type } }, RequestMessage = q };
        }
        var r = await base.SendAsync(q, ct);
        if (r is { IsSuccessStatusCode: true, Headers.CacheControl: { NoStore: false,
            MaxAge: { } age } }) cache[q.RequestUri!] = (await r.Content.ReadAsByteArrayAsync(ct), r.Content.Headers.ContentType, DateTimeOffset.UtcNow + age);
        return r;
    }
}
public sealed class LoggingHandler(HttpMessageHandler inner) : DelegatingHandler(inner) { protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct)
{
    var watch = Stopwatch.StartNew(); var r = await base.SendAsync(q, ct);
    Console.WriteLine($"  > {q.Method} {q.RequestUri!.PathAndQuery} {(int)r.StatusCode} {(watch.ElapsedMilliseconds < 10000 ? "in time" : "late")}"); return r;
}
}
public sealed class RetryHandler(int tries, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly HttpStatusCode[] Transient = [HttpStatusCode.RequestTimeout, HttpStatusCode.TooManyRequests, HttpStatusCode.BadGateway,
        HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout];
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct) { for (int i = 1; ; i++)
    {
        try
        {
            var r = await base.SendAsync(q, ct); if (i == tries || !Transient.Contains(r.StatusCode)) return r; r.Dispose();
        }
        catch (HttpRequestException) when (i < tries) { }
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Pow(2, i) + Random.Shared.Next(3)), ct);
    }
    }
}
public sealed class TokenHandler(Func<CancellationToken, Task<Token>> fetch) : DelegatingHandler
{
    private Token token; private readonly SemaphoreSlim one = new(1, 1);
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage q, CancellationToken ct) { for (int i = 0; ; i++)
    {
        if (i > 0 || token.Until < DateTimeOffset.UtcNow) { await one.WaitAsync(ct); try { token = await fetch(ct); } finally { one.Release(); } }
        q.Headers.Authorization = new("Bearer", token.Value); var r = await base.SendAsync(q, ct);
        if (r.StatusCode != HttpStatusCode.Unauthorized || i == 1) return r; r.Dispose();
    }
    }
}
public sealed class SyncProgress<T> : IProgress<T> { public T? Last { get; private set; } public void Report(T value) => Last = value; }
public sealed class Downloader(HttpClient http)
{
    public async Task<long> ResumeAsync(string url, string file, IProgress<(long, long?)>? progress, CancellationToken ct)
    {
        await using var f = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.None, 81920, useAsync: true);
        using var q = new HttpRequestMessage(HttpMethod.Get, url); q.Headers.Range = new RangeHeaderValue(f.Position, null);
        using var r = await http.SendAsync(q, HttpCompletionOption.ResponseHeadersRead, ct); r.EnsureSuccessStatusCode();
        long? total = r.Content.Headers.ContentRange?.Length ?? r.Content.Headers.ContentLength; await using var s = await r.Content.ReadAsStreamAsync(ct);
        byte[] b = new byte[32768]; long done = f.Position;
        int n; while ((n = await s.ReadAsync(b, ct)) > 0) { await f.WriteAsync(b.AsMemory(0, n), ct); progress?.Report((done += n, total)); } return done;
    }
    public async Task<int> SegmentsAsync(string url, int count, CancellationToken ct)
    {
        using var head = await http.SendAsync(new(HttpMethod.Head, url), ct); long size = head.Content.Headers.ContentLength ?? 99_999;
        var parts = await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            using var q = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new(i * size / count, (i + 1) * size / count - 1) } };
            using var r = await http.SendAsync(q, ct); return await r.Content.ReadAsByteArrayAsync(ct);
        }));
        return parts.Sum(p => p.Length);
    }
}
public sealed record Sse(string Event, string? Id, string Data)
{
    public static async IAsyncEnumerable<Sse> ReadAsync(Stream s, [EnumeratorCancellation] CancellationToken ct)
    {
        using var r = new StreamReader(s);
        var (name, id, data) = ("message", (string?)null, new List<string>()); while (await r.ReadLineAsync(ct) is { } line) { if (line.Length == 0)
        {
            if (data.Count > 0) yield return new(name, id, string.Join('\n', data)); (name, data) = ("message", []);
        }
        else if (line.Split(':', 2) is [{ Length: > 0 } key, var value]) switch (key)
        {
            case "event": name = value.TrimStart(); break; case "id": id = value.TrimStart(); break; case "data": data.Add(value.TrimStart()); break;
        }
        }
    }
}

public sealed class TlsSite(X509Certificate2 cert, Authority authority) : TcpService
{
    public string Address => $"https://localhost:{EndPoint.Port}/";
    protected override async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        await using var s = new SslStream(client.GetStream());
        await s.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(cert,
            new(authority.Intermediate), offline: true), ClientCertificateRequired = true, ApplicationProtocols = [SslApplicationProtocol.Http11],
            RemoteCertificateValidationCallback = (_, c, _, _) => true }, ct);
        if ((await Net.ReadHeadAsync(s, ct)).Length == 0) return; string body = $"tls for {s.RemoteCertificate?.Subject ?? "nobody"}";
        await s.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"), ct);
        await s.ShutdownAsync();
    }
}
/// <summary>As much of HTTP/2 as a client needs to be answered: settings, pings, headers from the static table, data, trailers.</summary>
public static class Http2
{
    public enum Kind : byte { Data, Headers, Priority, Reset, Settings, PushPromise, Ping, GoAway, WindowUpdate, Continuation }
    private static async Task WriteAsync(Stream s, Kind kind, byte flags, int stream, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        byte[] f = new byte[9 + body.Length];
        (f[0], f[1], f[2], f[3], f[4]) = ((byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, (byte)kind, flags);
        BinaryPrimitives.WriteInt32BigEndian(f.AsSpan(5), stream); body.CopyTo(f.AsMemory(9)); await s.WriteAsync(f, ct);
    }
    public static async Task<Dictionary<Kind, int>> ServeAsync(Stream s, CancellationToken ct)
    {
        var seen = new Dictionary<Kind, int>(); await s.ReadExactlyAsync(new byte[24], ct);
        await WriteAsync(s, Kind.Settings, 0, 0, new byte[] { 0, 3, 0, 0, 0, 100 }, ct);
        await WriteAsync(s, Kind.WindowUpdate, 0, 0, new byte[] { 0, 1, 0, 0 }, ct); byte[] head = new byte[9];
        try
        {
            while (await s.ReadAtLeastAsync(head, 9, false, ct) == 9)
            {
                var (kind, flags, id) = ((Kind)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue);
                byte[] body = new byte[head[0] << 16 | head[1] << 8 | head[2]]; await s.ReadExactlyAsync(body, ct);
                CollectionsMarshal.GetValueRefOrAddDefault(seen, kind, out _)++;
                if (kind is Kind.Settings or Kind.Ping && (flags & 1) == 0) await WriteAsync(s, kind, 1, 0,
                    kind == Kind.Ping ? body : default(ReadOnlyMemory<byte>), ct);
                if (kind is not (Kind.Headers or Kind.Data) || (flags & 1) == 0) continue;
                await WriteAsync(s, Kind.Headers, 4, id, (byte[])[0x88, 0x5f, 10, .. "text/plain"u8, 0x40, 3, .. "x-a"u8, 1, (byte)'b'], ct);
                await WriteAsync(s, Kind.Data, 0, id, "two"u8.ToArray(), ct);
                await WriteAsync(s, Kind.Headers, 5, id, (byte[])[0x40, 11, .. "grpc-status"u8, 1, (byte)'0'], ct);
            }
        }
        catch (IOException) { } return seen;
    }
}

[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind"), JsonDerivedType(typeof(Subscribe), "subscribe"), JsonDerivedType(typeof(Publish), "publish")]
public abstract record WsCommand
{
    public sealed record Subscribe(string Topic, int Last) : WsCommand; public sealed record Publish(string Topic, DateTimeOffset At, byte[] Body) : WsCommand;
}
public static class Ws
{
    public static ValueTask SendAsync<T>(WebSocket ws, T value, CancellationToken ct) => ws.SendAsync(JsonSerializer.SerializeToUtf8Bytes(value).AsMemory(),
        WebSocketMessageType.Text, true, ct);
    public static async Task<string> TextAsync(WebSocket ws, CancellationToken ct)
    {
        var ms = new MemoryStream(); byte[] b = new byte[1024]; WebSocketReceiveResult r;
        do { r = await ws.ReceiveAsync(new ArraySegment<byte>(b), ct); ms.Write(b, 0, r.Count); } while (!r.EndOfMessage);
        return Encoding.UTF8.GetString(ms.ToArray());
    }
    public static async Task ServeAsync(WebSocket ws, CancellationToken ct)
    {
        using (ws) try
        {
            byte[] b = new byte[16384]; while (ws.State == WebSocketState.Open)
            {
                int n = 0; WebSocketReceiveResult r;
                do { r = await ws.ReceiveAsync(new ArraySegment<byte>(b, n, b.Length - n), ct); n += r.Count; } while (!r.EndOfMessage);
                switch (r.MessageType)
                {
                    case WebSocketMessageType.Close: await ws.CloseAsync(r.CloseStatus ?? WebSocketCloseStatus.Empty, r.CloseStatusDescription, ct); break;
                    case WebSocketMessageType.Binary: await ws.SendAsync(new ArraySegment<byte>(b, 0, n), r.MessageType, true, ct); break;
                    default: string text = Encoding.UTF8.GetString(b, 0, n);
                    string answer = !text.StartsWith('{') ? text.ToUpperInvariant() : JsonSerializer.Deserialize<WsCommand>(text) switch { WsCommand.Subscribe s => $"subscribed {s.Topic} {s.Last}", WsCommand.Publish p => $"published {p.Topic} {p.At:yyyy} {p.Body.Length}", var other => $"what {other}" };
                    await ws.SendAsync(Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, true, ct); break;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException) { }
    }
}

public sealed record ReceivedMail(string From, string? User) { public List<string> To { get; } = []; public string Data { get; set; } = ""; }
public sealed class SmtpServer : TcpService
{
    public ConcurrentQueue<ReceivedMail> Mails { get; } = new(); public int Port => EndPoint.Port;
    protected override async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        await using var s = client.GetStream(); using var r = new StreamReader(s, Encoding.UTF8);
        await using var w = new StreamWriter(s, Encoding.ASCII) { NewLine = "\r\n", AutoFlush = true }; await w.WriteLineAsync("220 localhost ESMTP");
        string? user = null; ReceivedMail? mail = null;
        while (await r.ReadLineAsync(ct) is { } line)
        {
            string verb = line.Split(' ', ':')[0].ToUpperInvariant(), arg = Regex.Match(line, "<([^>]*)>").Groups[1].Value;
            switch (verb)
            {
                case "EHLO": await w.WriteAsync("250-localhost\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH LOGIN PLAIN\r\n"); break;
                case "AUTH":
                    string first = line.Split(' ') is [_, _, var given] ? given : await Ask("VXNlcm5hbWU6");
                    user = Encoding.UTF8.GetString(Convert.FromBase64String(first)); await Ask("UGFzc3dvcmQ6"); await w.WriteLineAsync("235 welcome"); break;
                case "MAIL": mail = new(arg, user); await w.WriteLineAsync("250 ok"); break;
                case "RCPT" when arg.StartsWith("nobody", StringComparison.Ordinal): await w.WriteLineAsync("550 no such user"); break;
                case "RCPT": mail!.To.Add(arg); await w.WriteLineAsync("250 ok"); break;
                case "DATA":
                    await w.WriteLineAsync("354 go on");
                    var text = new StringBuilder(); while (await r.ReadLineAsync(ct) is { } l && l != ".") text.AppendLine(l.StartsWith("..",
                        StringComparison.Ordinal) ? l[1..] : l);
                    mail!.Data = text.ToString(); Mails.Enqueue(mail); await w.WriteLineAsync("250 queued"); break;
                case "QUIT": await w.WriteLineAsync("221 bye"); return;
                case "RSET" or "NOOP": await w.WriteLineAsync("250 ok"); break;
                default: await w.WriteLineAsync("502 what?"); break;
            }
        }
        async Task<string> Ask(string q) { await w.WriteLineAsync("334 " + q); return (await r.ReadLineAsync(ct)) ?? ""; }
    }
}
public static class MimeReader
{
    public static ILookup<string, string> Fields(string eml) => eml[..eml.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Replace("\r\n ", " ").Replace("\r\n\t",
        " ").Split("\r\n").Select(l => l.Split(':', 2)).Where(p => p.Length == 2).ToLookup(p => p[0].Trim().ToLowerInvariant(), p => p[1].Trim());
    public static Dictionary<string, string> Headers(string eml) => Fields(eml).ToDictionary(g => g.Key, g => string.Join(", ", g),
        StringComparer.OrdinalIgnoreCase);
    public static string Decode(string s) => Regex.Replace(s, @"=\?(?<set>[^?]+)\?(?<how>[BQ])\?(?<text>[^?]*)\?=\s*",
        m => Encoding.GetEncoding(m.Groups["set"].Value).GetString(m.Groups["how"].Value == "B" ? Convert.FromBase64String(m.Groups["text"].Value) : Quoted(m.Groups["text"].Value)), RegexOptions.IgnoreCase);
    private static byte[] Quoted(string s)
    {
        var b = new List<byte>(s.Length);
        for (int i = 0; i < s.Length; i++) if (s[i] == '=' && i + 2 < s.Length)
        {
            b.Add(byte.Parse(s.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)); i += 2;
        }
        else b.Add(s[i] == '_' ? (byte)' ' : (byte)s[i]);
        return [.. b];
    }
    public static List<string> Parts(string eml) => new ContentType(Headers(eml)["content-type"]).Boundary is { }
    mark ? eml.Split("--" + mark).Skip(1).SkipLast(1).Select(p => p.Trim()).ToList() : [];
}

public sealed class NetEvents : EventListener
{
    public ConcurrentBag<string> Names { get; } = [];
    protected override void OnEventSourceCreated(EventSource s)
    {
        if (s.Name is "System.Net.Http" or "System.Net.Sockets" or "System.Net.NameResolution" or "System.Net.Security") EnableEvents(s,
            EventLevel.Informational, EventKeywords.All, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "60" });
    }
    protected override void OnEventWritten(EventWrittenEventArgs e) => Names?.Add($"{e.EventSource.Name}/{e.EventName}({string.Join(',', e.PayloadNames ?? (IEnumerable<string>)[])})");
}
public sealed class TokenBucket(int size, TimeSpan every)
{
    private readonly Queue<TimeSpan> taken = new(); private readonly Stopwatch clock = Stopwatch.StartNew();
    public async ValueTask TakeAsync(CancellationToken ct) { while (true)
    {
        while (taken.TryPeek(out var t) && clock.Elapsed - t > every) taken.Dequeue(); if (taken.Count < size) { taken.Enqueue(clock.Elapsed); return; }
        await Task.Delay(every, ct);
    }
    }
}
public sealed class BrokenException(TimeSpan wait) : Exception($"wait {wait}");
public sealed class Breaker(int limit)
{
    public enum Mode { Closed, Open, HalfOpen } private int failures; public Mode State { get; private set; }
    public async Task<T> RunAsync<T>(Func<Task<T>> f)
    {
        if (State == Mode.Open) throw new BrokenException(TimeSpan.FromSeconds(30));
        try
        {
            T x = await f(); (failures, State) = (0, Mode.Closed); return x;
        }
        catch (Exception e) when (e is not OperationCanceledException) { if (++failures >= limit) State = Mode.Open; throw; }
    }
}
