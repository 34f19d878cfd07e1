// Collections, LINQ and spans over the value types that programs use most. MIT licensed.
using System.Collections.Frozen;
using System.Collections.ObjectModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

Guid g = new("0f8fad5b-d9cb-469f-a165-70867728950e");
DateTime day = new(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc);

// What is a key, is sorted and searched.
Whole<int>([3, 1, 2, 3]);
Whole<string>(["c", "a", "b", "c"]);
Keys<long>([3, 1, 2, 3]);
Keys<Guid>([g, Guid.Empty, g]);

// What is put in lists, and seldom is a key.
Lists<DateTime>([day, DateTime.MinValue]);
Lists<(string, string)>([("a", "b"), ("c", "d")]);
Lists<(string, int)>([("a", 2), ("b", 1)]);

// Dictionaries of the usual pairs.
Pairs(1, "a"); Pairs(1, 2); Pairs(1L, "a"); Pairs(g, "a"); Pairs('a', 1); Pairs("a", 1); Pairs("a", true); Pairs("a", "b"); Pairs(("a", "b"), "c");

Aggregates();
Buffers();
Console.WriteLine("done");
return Step.Exit;

// Whole is everything there is.
static void Whole<T>(T[] v) where T : notnull, IComparable<T>, IEquatable<T>
{
    Keys(v);
    Lists(v);
    var tree = new SortedDictionary<T, string>(); foreach (T x in v) tree[x] = "s"; foreach (var p in tree) Use(p.Key);
    var list = new SortedList<T, string>(); foreach (T x in v) list[x] = "s"; foreach (var p in list) Use(p.Key);
    var sorted = new SortedSet<T>(v); _ = sorted.Min; foreach (T x in sorted) Use(x);
    var queue = new PriorityQueue<string, T>(); foreach (T x in v) queue.Enqueue("q", x); while (queue.TryDequeue(out _, out T? y)) Use(y);
    var set = v.ToImmutableHashSet(); _ = set.Contains(v[0]); _ = set.Add(v[0]);
    var dictionary = v.Distinct().ToImmutableDictionary(x => x, x => "a"); _ = dictionary.ContainsKey(v[0]); _ = v.Distinct().ToImmutableSortedDictionary(x => x, x => "a").Count;
    var frozen = v.ToFrozenSet(); _ = frozen.Contains(v[0]); var fd = v.Distinct().ToFrozenDictionary(x => x, x => "a"); _ = fd.TryGetValue(v[0], out _);
    var il = ImmutableList.CreateRange(v); il = il.Add(v[0]); foreach (T x in il) Use(x); _ = ImmutableQueue.CreateRange(v).Peek(); _ = ImmutableStack.CreateRange(v).Peek();
    var bag = new ConcurrentBag<T>(v); _ = bag.TryTake(out _); var cs = new ConcurrentStack<T>(); cs.Push(v[0]); _ = cs.TryPop(out _); var linked = new LinkedList<T>(v); linked.AddLast(v[0]); foreach (T x in linked) Use(x);
    var seg = new ArraySegment<T>(v); _ = seg[0]; foreach (T x in seg) Use(x); var oc = new ObservableCollection<T>(v); oc.Add(v[0]); var tl = new ThreadLocal<T>(() => v[0]); _ = tl.Value; var al = new AsyncLocal<T> { Value = v[0] }; _ = al.Value; _ = new StrongBox<T>(v[0]).Value; _ = Tuple.Create(v[0], v[0]); _ = string.Join(",", v);
    _ = v.Union(v).ToArray(); _ = v.Intersect(v).ToList(); _ = v.Except(v).Any(); _ = v.ToLookup(x => x).Count; _ = v.MaxBy(x => x); _ = v.Zip(v).ToArray(); _ = v.Chunk(2).ToList(); _ = v.Skip(1).Take(1).ToArray(); _ = v.Append(v[0]).Prepend(v[0]).ToList(); _ = v.TakeWhile(x => true).ToArray(); _ = v.Aggregate((a, b) => b); _ = v.DefaultIfEmpty().ToList(); _ = Enumerable.Reverse(v).ToArray(); _ = Enumerable.Repeat(v[0], 2).ToArray();
}

// Keys is what is done with a type that compares.
static void Keys<T>(T[] v) where T : notnull, IComparable<T>, IEquatable<T>
{
    var set = new HashSet<T>(v) { v[0] }; set.UnionWith(v); _ = set.Contains(v[0]) | set.Remove(v[0]) | set.Add(v[0]); foreach (T x in set) Use(x);
    var list = new List<T>(v) { v[0] }; list.AddRange(v); list.Sort(); list.Insert(0, v[0]); list.RemoveAt(0); _ = list.IndexOf(v[0]) + list.Count; _ = list.Contains(v[0]) | list.Remove(v[0]); foreach (T x in list) Use(x); foreach (T x in (IEnumerable<T>)list) Use(x); _ = list.ToArray(); _ = list[0]; list[0] = v[0]; list.Clear();
    T[] copy = [.. v]; Array.Sort(copy); _ = Array.BinarySearch(copy, v[0]); Array.Sort(copy, (a, b) => b.CompareTo(a)); Array.Reverse(copy); _ = v.Contains(v[0]); _ = Array.IndexOf(v, v[0]); _ = v.AsSpan().SequenceEqual(copy); _ = v.AsSpan().IndexOf(v[0]); foreach (T x in (IEnumerable<T>)v) Use(x);
    _ = v.Min(); _ = v.Max(); _ = v.Distinct().ToList(); _ = v.OrderBy(x => x).ToArray(); _ = v.OrderByDescending(x => x).ToList(); _ = v.GroupBy(x => x).Select(x => x.Key).ToList(); _ = v.ToHashSet(); _ = v.Distinct().ToDictionary(x => x, x => "a"); _ = v.SequenceEqual(copy); _ = v.Select(x => x).ToList(); _ = v.Select(x => x.ToString()).ToArray(); _ = v.Where(x => true).ToList(); _ = v.First(); _ = v.FirstOrDefault(x => true); _ = v.Any(x => true); _ = v.All(x => true); _ = v.Last(); _ = v.ToArray(); _ = v.ToList();
    _ = new[] { "a", "b" }.OrderBy(x => v[0]).ToList(); _ = new[] { "a", "b" }.OrderBy(x => x).ThenByDescending(x => v[0]).ToList(); _ = new[] { "a", "b" }.GroupBy(x => v[0]).ToDictionary(x => x.Key, x => x.Count()); _ = new[] { "a" }.ToDictionary(x => v[0]); _ = new[] { "a" }.ToLookup(x => v[0]); _ = new[] { "a" }.Select(x => v[0]).ToArray(); _ = new List<string> { "a" }.Select(x => v[0]).ToList(); _ = new[] { "a" }.Max(x => v[0]); _ = new[] { "a" }.MaxBy(x => v[0]);
    _ = EqualityComparer<T>.Default.Equals(v[0], v[0]); _ = Comparer<T>.Default.Compare(v[0], v[0]); _ = v[0].Equals((object)v[0]); _ = HashCode.Combine(v[0], v[0]); _ = $"{v[0]} {v[0],5}"; _ = new StringBuilder().Append($"{v[0]}");
}

// Lists is what is done with the elements of lists.
static void Lists<T>(T[] v)
{
    var list = new List<T>(v) { v[0] }; list.AddRange(v); list.AddRange(list.ToArray().AsEnumerable()); list.Insert(0, v[0]); list.RemoveAt(0); list.RemoveAll(x => false); list.Reverse(); _ = list.Find(x => true); _ = list.Exists(x => true); list.ForEach(x => Use(x)); list.Sort((a, b) => 0); _ = list.ToArray(); _ = list.AsReadOnly().Count; _ = list[0]; list[0] = v[0]; _ = CollectionsMarshal.AsSpan(list).Length; foreach (T x in list) Use(x); foreach (T x in (IEnumerable<T>)list) Use(x); foreach (T x in (IEnumerable<T>)v) Use(x); IReadOnlyList<T> ro = list; _ = ro[0]; _ = ro.Count;
    var queue = new Queue<T>(v); queue.Enqueue(v[0]); _ = queue.Dequeue(); _ = queue.TryPeek(out _); foreach (T x in queue) Use(x); var stack = new Stack<T>(v); stack.Push(v[0]); _ = stack.Pop(); foreach (T x in stack) Use(x); var cq = new ConcurrentQueue<T>(v); cq.Enqueue(v[0]); _ = cq.TryDequeue(out _);
    _ = v.Select(x => x).ToList(); _ = list.Select(x => 1).ToArray(); _ = v.Where(x => true).ToList(); _ = list.Where(x => true).Select(x => "a").ToList(); _ = v.Select(x => "a").ToArray(); _ = new[] { "a" }.Select(x => v[0]).ToArray(); _ = new List<string> { "a" }.Select(x => v[0]).ToList(); _ = new[] { "a" }.SelectMany(x => v).ToList(); _ = Iterate(v).ToList(); _ = v.First(); _ = v.FirstOrDefault(x => true); _ = list.Last(); _ = v.Any(); _ = v.Any(x => true); _ = v.Count(x => true); _ = v.Concat(list).ToArray(); _ = v.OrderBy(x => "a").ToList(); _ = v.GroupBy(x => "a").Count(); _ = v.ToDictionary(x => new object(), x => x); _ = v.ToList(); _ = Enumerable.Empty<T>().ToArray();
    var ia = v.ToImmutableArray(); ia = ia.Add(v[0]); foreach (T x in ia) Use(x); var b = ImmutableArray.CreateBuilder<T>(); b.Add(v[0]); _ = b.ToImmutable(); Span<T> s = v; s = s[..1]; _ = s.ToArray(); ReadOnlySpan<T> r = v; _ = r[0]; Memory<T> m = v; _ = m.Span[0]; T[]? grown = (T[])v.Clone(); Array.Resize(ref grown, 10); Array.Fill(grown, v[0]); Array.Clear(grown); _ = Array.Find(v, x => true); _ = Array.Exists(v, x => true); _ = Array.Empty<T>(); T[] rented = System.Buffers.ArrayPool<T>.Shared.Rent(10); System.Buffers.ArrayPool<T>.Shared.Return(rented); _ = new Lazy<T>(() => v[0]).Value; Func<T> f = () => v[0]; _ = f();
}

static void Pairs<K, V>(K key, V value) where K : notnull
{
    var d = new Dictionary<K, V> { [key] = value }; _ = d.TryGetValue(key, out _); _ = d.ContainsKey(key); _ = d[key]; d.Remove(key); d.Add(key, value); _ = d.TryAdd(key, value); _ = d.GetValueOrDefault(key); d.Remove(key, out _); d[key] = value; foreach (var p in d) Use(p.Value); foreach (var (k, v) in d) Use(k); foreach (K k in d.Keys) Use(k); foreach (V v in d.Values) Use(v); _ = d.OrderBy(p => "a").ToList(); _ = d.Select(p => p.Key).ToArray(); _ = d.Where(p => true).Select(p => p.Value).ToList(); _ = d.ToDictionary(p => p.Key, p => p.Value); IReadOnlyDictionary<K, V> r = d; _ = r.TryGetValue(key, out _); foreach (var p in (IEnumerable<KeyValuePair<K, V>>)d) Use(p);
    var c = new ConcurrentDictionary<K, V>(); _ = c.GetOrAdd(key, k => value); c[key] = value; _ = c.AddOrUpdate(key, value, (k, v) => v); _ = c.TryGetValue(key, out _); _ = c.TryAdd(key, value); foreach (var p in c) Use(p.Key); _ = c.TryRemove(key, out _);
}

static void Aggregates()
{
    int[] i = [1, 2, 3]; long[] l = [1, 2]; double[] d = [1, 2]; decimal[] m = [1, 2]; float[] f = [1, 2]; int?[] n = [1, null]; string[] s = ["a", "bb"];
    _ = i.Sum() + i.Average() + i.Max() + i.Min(); _ = l.Sum() + l.Average() + l.Max(); _ = d.Sum() + d.Average() + d.Min(); _ = m.Sum() + m.Average(); _ = f.Sum() + f.Max(); _ = n.Sum() + n.Max();
    _ = s.Sum(x => x.Length); _ = s.Sum(x => (long)x.Length); _ = s.Sum(x => (double)x.Length); _ = s.Sum(x => (decimal)x.Length); _ = s.Average(x => x.Length); _ = s.Max(x => x.Length); _ = s.Min(x => x.Length); _ = s.Max(); _ = s.Average(x => (double)x.Length);
    _ = Enumerable.Range(0, 10).Where(x => x % 2 == 0).Select(x => x * 2).ToArray(); _ = Enumerable.Range(0, 10).ToList(); _ = Enumerable.Range(0, 4).Select(x => "a" + x).ToDictionary(x => x); _ = Enumerable.Range(0, 5).Aggregate(0, (a, b) => a + b); _ = s.SelectMany((x, y) => x.ToCharArray()).ToList(); _ = s.SelectMany(x => x).Distinct().Count(); _ = (from x in s join y in s on x equals y into z from w in z.DefaultIfEmpty() orderby x, w descending select new { x, w }).ToList(); _ = s.GroupJoin(i, x => x.Length, x => x, (x, y) => y.Count()).ToList(); _ = s.ToLookup(x => x[0]).Select(x => x.Key).ToList(); _ = s.Select(x => new { x, x.Length }).GroupBy(x => x.Length).OrderByDescending(x => x.Count()).ThenBy(x => x.Key).Take(2).ToList(); _ = s.Select(x => x.Length).Distinct().OrderBy(x => x).ToList();
}

static void Buffers()
{
    var w = new System.Buffers.ArrayBufferWriter<byte>(); System.Buffers.BuffersExtensions.Write<byte>(w, [1, 2]); w.GetSpan(10); w.Advance(2); var c = new System.Buffers.ArrayBufferWriter<char>(); System.Buffers.BuffersExtensions.Write<char>(c, "ab");
    var seq = new System.Buffers.ReadOnlySequence<byte>(w.WrittenMemory); var r = new System.Buffers.SequenceReader<byte>(seq); _ = r.TryRead(out _); _ = r.TryReadTo(out System.Buffers.ReadOnlySequence<byte> _, (byte)3); _ = System.Buffers.BuffersExtensions.ToArray(seq).Length; _ = seq.Slice(1).Length; using var o = System.Buffers.MemoryPool<byte>.Shared.Rent(10); o.Memory.Span.Clear();
    ReadOnlySpan<char> t = "one, two;three"; _ = t.IndexOfAny(",;") + t.IndexOfAnyExcept("one") + t.LastIndexOfAny(',', ';') + t.Count('e'); _ = t.Trim().ToString() + t.TrimStart("o").ToString(); Span<Range> parts = stackalloc Range[4]; _ = t.Split(parts, ',') + t.SplitAny(parts, ",;"); _ = MemoryExtensions.Equals(t, "x", StringComparison.OrdinalIgnoreCase); _ = t.StartsWith("one", StringComparison.Ordinal); _ = t.ContainsAny(System.Buffers.SearchValues.Create(";,")); _ = MemoryMarshal.Cast<char, byte>(t).Length; _ = MemoryMarshal.AsBytes(t)[0]; Span<int> ints = stackalloc int[4]; ints.Fill(3); ints.Reverse(); _ = BitConverter.ToInt32(new byte[4]); System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(new byte[8], 4);
}

static IEnumerable<T> Iterate<T>(T[] v) { foreach (T x in v) yield return x; }

[MethodImpl(MethodImplOptions.NoInlining)]
static void Use<T>(T value) { if (value is string { Length: 99 }) Console.WriteLine(value); }
