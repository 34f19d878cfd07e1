// A simulation and number-crunching tool: parallel queries and loops, dataflow, tasks, channels, locks, timers, pools, vectors, numbers, graphs. MIT licensed.
#define TRACE
using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Numerics;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Threading.Channels;
using System.Threading.Tasks.Dataflow;
using System.Threading.Tasks.Sources;
using static Kit;

var watch = Stopwatch.StartNew();
TaskScheduler.UnobservedTaskException += (_, e) => e.SetObserved();
AppDomain.CurrentDomain.UnhandledException += (_, e) => Console.Error.WriteLine(e.ExceptionObject);
var orders = Enumerable.Range(1, 200).Select(i => new Order(i, "customer" + i % 7, i * 1.25m, new DateTime(2024, 1, 1).AddHours(i), (Region)(i % 3))).ToArray();
var samples = Enumerable.Range(0, 300).Select(i => new Sample(i, Math.Sin(i) * 10, i % 4 == 0 ? "hot" : "cold")).ToList();

Step.Run("queries in parallel: filters, projections, order", () =>
{
    var q = orders.AsParallel().WithDegreeOfParallelism(2).Where(o => o.Amount > 10).Select(o => new { o.Id, o.Customer, Total = o.Amount * 2 });
    Console.WriteLine(q.Count() + " " + q.Max(x => x.Total) + " " + q.Sum(x => x.Total) + " " + q.Average(x => x.Total));
    int[] even = ParallelEnumerable.Range(0, 1000).AsOrdered().Where(i => i % 2 == 0).Select(i => i * i).Skip(3).Take(20).ToArray();
    var primes = Enumerable.Range(2, 500).AsParallel().WithExecutionMode(ParallelExecutionMode.ForceParallelism).Where(IsPrime).OrderBy(n => n).ToList();
    _ = samples.AsParallel().AsOrdered().TakeWhile(s => s.Id < 100).SkipWhile(s => s.Id < 10).Select((s, i) => (s.Id, i)).ToList();
    _ = samples.AsParallel().OrderByDescending(s => s.Value).ThenBy(s => s.Kind, StringComparer.Ordinal).ThenByDescending(s => s.Id).Take(5).ToArray();
    _ = orders.AsParallel().SelectMany(o => new[] { o.Id, -o.Id }, (o, n) => (o.Customer, n)).Where((p, i) => i % 2 == 0).Distinct().ToHashSet();
    _ = ParallelEnumerable.Repeat("x", 10).Concat(ParallelEnumerable.Empty<string>()).DefaultIfEmpty("none").Reverse().ToArray();
    _ = even.AsParallel().AsUnordered().WithMergeOptions(ParallelMergeOptions.FullyBuffered).Union(primes.AsParallel()).Except(new[] { 4 }.AsParallel()).Count();
    foreach (int n in primes.AsParallel().WithMergeOptions(ParallelMergeOptions.NotBuffered).Intersect(even.AsParallel()).AsSequential().Order()) Console.Write(n);
    _ = orders.AsParallel().OfType<object>().Cast<Order>().Zip(even.AsParallel().AsOrdered(), (o, n) => o.Id + n).ToArray().SequenceEqual(even);
});
Step.Run("queries in parallel: groups, joins, folds", () =>
{
    var byRegion = orders.AsParallel().GroupBy(o => o.Region).Select(g => (g.Key, Count: g.Count(), Sum: g.Sum(o => o.Amount))).OrderBy(g => g.Key).ToList();
    foreach (var (region, count, sum) in byRegion) Console.WriteLine($"{region,-8}{count,6:N0}{sum,12:F2}");
    _ = orders.AsParallel().GroupBy(o => o.Customer, o => o.Amount, (k, v) => new KeyValuePair<string, decimal>(k, v.Max())).ToDictionary(p => p.Key, p => p.Value);
    _ = orders.AsParallel().Join(samples.AsParallel(), o => o.Id, s => s.Id, (o, s) => (o.Customer, s.Value)).Sum(p => p.Value);
    _ = Enum.GetValues<Region>().AsParallel().GroupJoin(orders.AsParallel(), r => r, o => o.Region, (r, os) => (r, os.Count())).ToArray();
    _ = orders.AsParallel().ToLookup(o => o.At.Date).Count + orders.AsParallel().ToDictionary(o => o.Id).Count + orders.AsParallel()
        .GroupBy(o => (o.Region, o.At.Month)).Count();
    double deviation = samples.AsParallel().Aggregate(() => (N: 0, Sum: 0.0, Squares: 0.0), (a, s) => (a.N + 1, a.Sum + s.Value, a.Squares + s.Value * s.Value),
        (a, b) => (a.N + b.N, a.Sum + b.Sum, a.Squares + b.Squares), a => Math.Sqrt(a.Squares / a.N - Math.Pow(a.Sum / a.N, 2)));
    int longest = orders.AsParallel().Select(o => o.Customer.Length).Aggregate(0, Math.Max);
    long product = ParallelEnumerable.Range(1, 10).Select(i => (long)i).Aggregate((a, b) => a * b);
    _ = samples.AsParallel().Min(s => s.Value) + samples.AsParallel().Average(s => s.Value) + samples.AsParallel().Max(s => s.Id) + longest + product + deviation;
    _ = orders.AsParallel().Any(o => o.Id == 7) & orders.AsParallel().All(o => o.Id > 0) & orders.AsParallel().Select(o => o.Id).Contains(5) & orders.AsParallel()
        .LongCount(o => o.Id > 3) > 1;
    _ = orders.AsParallel().AsOrdered().First(o => o.Id > 5).Id + orders.AsParallel().FirstOrDefault(o => o.Id < 0)?.Id + orders.AsParallel().Single(o => o.Id == 3).Id
        + orders.AsParallel().SingleOrDefault(o => o.Id == -3)?.Id + orders.AsParallel().AsOrdered().Last().Id + orders.AsParallel().AsOrdered().ElementAt(3)
            .Id + orders.AsParallel().LastOrDefault(o => o.Id == 9)!.Id;
    var bag = new ConcurrentBag<string>(); samples.AsParallel().ForAll(s => bag.Add(s.Kind));
    var counts = "the quick brown fox jumps over the lazy dog the end".Split(' ').AsParallel().GroupBy(w => w, StringComparer.OrdinalIgnoreCase)
        .Select(g => (Word: g.Key, Count: g.Count()));
    Console.WriteLine(string.Join(", ", counts.OrderByDescending(c => c.Count).ThenBy(c => c.Word, StringComparer.Ordinal).Select(c => $"{c.Word}={c.Count}").Take(3)));
    try { orders.AsParallel().Select(o => o.Id == 50 ? throw new FormatException("bad order") : o.Id).ToArray(); }
        catch (AggregateException e) { e.Handle(x => x is FormatException); }
    using var stop = new CancellationTokenSource(); stop.Cancel();
    try { orders.AsParallel().WithCancellation(stop.Token).Select(o => o.Id).ToList(); }
        catch (OperationCanceledException e) { Console.WriteLine(e.CancellationToken == stop.Token); }
});
await Step.Run("loops in parallel", async () =>
{
    double[] field = new double[1000]; long total = 0; object gate = new();
    Parallel.For(0, field.Length, i => field[i] = Math.Sqrt(i));
    Parallel.For(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 2 }, () => 0L, (i, state, local) => local + i, local => Interlocked.Add(ref total, local));
    Parallel.For(0L, 50L, (i, state) => { if (i == 20) state.Break(); if (state.ShouldExitCurrentIteration && state.LowestBreakIteration < i) return; });
    var result = Parallel.ForEach(orders, (o, state) => { if (o.Id == 150) state.Stop(); _ = state.IsStopped; });
    Console.WriteLine(result.IsCompleted + " " + result.LowestBreakIteration.HasValue);
    Parallel.ForEach(Partitioner.Create(0, field.Length),
            range => { double sum = 0; for (int i = range.Item1; i < range.Item2; i++) sum += field[i]; lock (gate) total += (long)sum; });
    Parallel.ForEach(samples, () => new Dictionary<string, int>(),
            (s, state, index, local) => { CollectionsMarshal.GetValueRefOrAddDefault(local, s.Kind, out _)++; return local; },
        local => { lock (gate) foreach (var (_, n) in local) total += n; });
    Parallel.ForEach(Partitioner.Create(orders, loadBalance: true), (o, state, i) => Interlocked.Increment(ref total));
    Parallel.ForEach(samples, s => Interlocked.Increment(ref total));
    Parallel.ForEach(Partitioner.Create(orders.Where(o => o.Id > 3), EnumerablePartitionerOptions.NoBuffering), o => Interlocked.Decrement(ref total));
    Parallel.ForEach(new Halves<int>([.. Enumerable.Range(0, 20)]), n => { });
    Parallel.Invoke(() => Interlocked.Add(ref total, 5), () => Thread.SpinWait(10), () => Thread.Yield());
    Parallel.Invoke(new ParallelOptions { TaskScheduler = TaskScheduler.Default }, () => { }, () => { });
    await Parallel.ForEachAsync(orders, async (o, token) => { await Task.Yield(); Interlocked.Increment(ref total); });
    await Parallel.ForEachAsync(Numbers(10), new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (n, token) => await Task.Delay(1, token));
    await Parallel.ForAsync(0, 10, async (i, token) => await Task.Yield());
    using var stop = new CancellationTokenSource();
    try { Parallel.For(0, 1000, new ParallelOptions { CancellationToken = stop.Token }, i => { if (i == 0) stop.Cancel(); Thread.SpinWait(50); }); }
        catch (OperationCanceledException) { }
    try { Parallel.ForEach(orders, o => { if (o.Id % 100 == 0) throw new InvalidOperationException("order " + o.Id); }); }
        catch (AggregateException e) { Console.WriteLine(e.InnerExceptions.Select(x => x.Message).First()); }
    try { await Parallel.ForEachAsync(Enumerable.Range(0, 3), stop.Token, (i, t) => ValueTask.CompletedTask); } catch (OperationCanceledException) { }
    var image = new int[32, 24]; Parallel.For(0, 24, y => { for (int x = 0; x < 32; x++) image[x, y] = Mandelbrot(new Complex(x / 12.0 - 2, y / 12.0 - 1)); });
    _ = image.Cast<int>().Max() + image.GetLength(0);
});
await Step.Run("dataflow: transform, batch, join, broadcast", async () =>
{
    var link = new DataflowLinkOptions { PropagateCompletion = true }; var results = new ConcurrentQueue<string>();
    var parse = new TransformBlock<string, int>(int.Parse,
            new ExecutionDataflowBlockOptions { MaxDegreeOfParallelism = 2, BoundedCapacity = 20, EnsureOrdered = true });
    var split = new TransformManyBlock<int, (int N, string Text)>(n => Enumerable.Range(0, n % 3 + 1).Select(i => (i, $"{n}:{i}")));
    var batch = new BatchBlock<(int N, string Text)>(4, new GroupingDataflowBlockOptions { Greedy = true });
    var print = new ActionBlock<(int N, string Text)[]>(async rows => { await Task.Yield(); results.Enqueue(string.Join('|', rows.Select(r => r.Text))); },
            new() { MaxDegreeOfParallelism = 2, NameFormat = "print {0}" });
    parse.LinkTo(split, link, n => n >= 0); parse.LinkTo(DataflowBlock.NullTarget<int>()); split.LinkTo(batch, link); batch.LinkTo(print, link);
    for (int i = -2; i < 20; i++) await parse.SendAsync(i.ToString(CultureInfo.InvariantCulture)); parse.Complete(); await print.Completion;
    Console.WriteLine(results.Count);
    var left = new BufferBlock<int>(new DataflowBlockOptions { BoundedCapacity = 10 }); var right = new BufferBlock<string>(); var join = new JoinBlock<int, string>();
    left.LinkTo(join.Target1, link); right.LinkTo(join.Target2, link);
    left.Post(1); right.Post("one"); var (number, word) = await join.ReceiveAsync(TimeSpan.FromSeconds(5)); left.Complete(); right.Complete(); await join.Completion;
    var shared = new BroadcastBlock<Order>(o => o with { Amount = 0 }); var seen = new List<int>(); var one = new ActionBlock<Order>(o => seen.Add(o.Id));
    var two = new BatchedJoinBlock<Order, int>(2); shared.LinkTo(one, link); shared.LinkTo(two.Target1);
    shared.Post(orders[0]); shared.Post(orders[1]); shared.Complete(); await one.Completion; _ = (await two.ReceiveAsync()).Item1.Count;
    var once = new WriteOnceBlock<int>(null); once.Post(4); once.Post(5); _ = await once.ReceiveAsync() + number + word.Length;
    var triple = new JoinBlock<int, long, double>(new GroupingDataflowBlockOptions { Greedy = false }); var source = new BufferBlock<int>(); source.Post(3);
    source.LinkTo(triple.Target1, new DataflowLinkOptions { MaxMessages = 1 }); triple.Target2.SendAsync(4L); triple.Target3.SendAsync(5.0); _ = triple.Receive();
    var both = DataflowBlock.Encapsulate(new BufferBlock<int>(), new BufferBlock<string>()); both.Post(1); both.Complete(); var first = new BufferBlock<int>();
    first.Post(1);
    _ = await DataflowBlock.Choose(first, n => { }, new BufferBlock<string>(), s => { }); var late = new BatchBlock<int>(100); late.Post(1); late.TriggerBatch();
    _ = (await late.ReceiveAsync()).Length;
});
await Step.Run("dataflow: failure, cancellation, observers, streams", async () =>
{
    var broken = new TransformBlock<int, int>(async n => { await Task.Yield(); return 10 / n; }); var after = new ActionBlock<int>(_ => { });
    broken.LinkTo(after, new DataflowLinkOptions { PropagateCompletion = true, Append = true }); broken.Post(1); broken.Post(0);
    try { await after.Completion; } catch (AggregateException e) { Console.WriteLine(e.Flatten().InnerException!.GetType().Name); } catch (DivideByZeroException) { }
    using var stop = new CancellationTokenSource(); var waiting = new BufferBlock<int>(new DataflowBlockOptions {
                CancellationToken = stop.Token, TaskScheduler = TaskScheduler.Default, MaxMessagesPerTask = 5 }); stop.Cancel();
    try { await waiting.Completion; } catch (TaskCanceledException) { }
    try { new BufferBlock<int>().Receive(TimeSpan.FromMilliseconds(2)); } catch (TimeoutException) { }
    ((IDataflowBlock)new BufferBlock<int>()).Fault(new IOException());
    var numbers = new BufferBlock<int>(); using (numbers.AsObservable().Subscribe(new Watcher<int>())) { for (int i = 0; i < 5; i++) numbers.Post(i);
        numbers.Complete(); await numbers.Completion; }
    var stream = new TransformManyBlock<int, int>(n => Numbers(n)); stream.Post(3); stream.Complete(); int sum = 0;
    await foreach (int n in stream.ReceiveAllAsync()) sum += n; IObserver<int> observer = new ActionBlock<int>(_ => { }).AsObserver(); observer.OnNext(1);
    observer.OnCompleted();
    var pull = new BufferBlock<Guid>(); var producer = Task.Run(async () => { for (int i = 0; i < 3; i++) await pull.SendAsync(Guid.NewGuid()); pull.Complete(); });
    while (await pull.OutputAvailableAsync()) while (pull.TryReceive(out Guid id)) sum++; await producer;
    _ = pull.TryReceiveAll(out IList<Guid>? rest) ? rest!.Count : sum; var exclusive = new ConcurrentExclusiveSchedulerPair();
    var writer = new ActionBlock<string>(s => sum++, new ExecutionDataflowBlockOptions {
                TaskScheduler = exclusive.ExclusiveScheduler, SingleProducerConstrained = true });
    writer.Post("a"); writer.Complete(); await writer.Completion; Console.WriteLine($"{sum} {writer.InputCount} {writer}");
});
await Step.Run("tasks: combinators, continuations, sources", async () =>
{
    int[] all = await Task.WhenAll(Enumerable.Range(0, 5).Select(async i => { await Task.Delay(i); return i * i; }));
    await Task.WhenAll(Task.Delay(1), Task.Run(() => { })); string[] texts = await Task.WhenAll(Task.FromResult("a"), Task.Run(() => "b"));
    var quick = await Task.WhenAny(Task.Delay(30_000), Task.Delay(1)); Task<int> winner = await Task.WhenAny(new[] { Compute(1, 1), Compute(2, 300) });
    var pending = new List<Task<int>> { Compute(3, 3), Compute(4, 1), Compute(5, 2) };
    while (pending.Count > 0) { var done = await Task.WhenAny(pending); pending.Remove(done); Console.Write(await done > 0 ? "." : ""); }
#if NET10_0
    await foreach (Task<int> done in Task.WhenEach(Compute(1, 2), Compute(2, 1))) Console.Write(done.Result > 0 ? "." : "");
    await foreach (var done in Task.WhenEach(new List<Task> { Task.Delay(1) })) await done;
#endif
    await Task.Run(() => 4).ContinueWith(t => t.Result * 2)
        .ContinueWith((t, s) => (string)s! + t.Result, "state", TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnRanToCompletion);
    await Task.FromException(new IOException("disk")).ContinueWith(t => t.Exception!.InnerException!.Message, TaskContinuationOptions.OnlyOnFaulted);
    await Task.Delay(1).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    await Task.Factory.ContinueWhenAll(new[] { Compute(1, 1), Compute(2, 1) }, ts => ts.Sum(t => t.Result));
    await Task.Factory.ContinueWhenAny(new[] { Task.Delay(1), Task.Delay(5) }, t => t.IsCompleted);
    await Task.Factory.StartNew(() => Compute(1, 1), default, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    await Task.Factory.StartNew(s => { Task.Factory.StartNew(() => { }, TaskCreationOptions.AttachedToParent); }, 5, TaskCreationOptions.LongRunning);
    await Task.Factory.StartNew(async () => { await Task.Yield(); }).Unwrap(); await Task.Factory.FromAsync(Begin, TaskToAsyncResult.End<int>, 3, null);
    var cold = new Task<int>(() => 5); cold.Start(); _ = cold.Wait(5000) ? cold.Result : 0; var inline = new Task(() => { }); inline.RunSynchronously();
    Task.WaitAll(Task.Delay(1), inline); _ = Task.WaitAny([Task.Delay(1), Task.Delay(3)], 5000);
    _ = new TaskFactory<int>(TaskScheduler.Default).StartNew(() => 1).GetAwaiter().GetResult();
    var promise = new TaskCompletionSource<Order>(TaskCreationOptions.RunContinuationsAsynchronously); _ = Task.Run(() => promise.TrySetResult(orders[0]));
    _ = (await promise.Task.WaitAsync(TimeSpan.FromSeconds(5))).Id; var signal = new TaskCompletionSource(); signal.SetResult(); await signal.Task;
    var failed = new TaskCompletionSource<int>(); failed.TrySetException([new IOException(), new FormatException()]);
    try { await failed.Task; } catch (IOException) { } var dropped = new TaskCompletionSource<string>(); dropped.TrySetCanceled();
    Console.WriteLine($"{failed.Task.Status} {dropped.Task.Status} {quick.Id > 0} {winner.Result} {texts[1]} {all[4]}");
    await Task.FromException(new IOException()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
    await Compute(1, 0).ConfigureAwait(false); try { await Task.Delay(30_000).WaitAsync(TimeSpan.FromMilliseconds(2)); } catch (TimeoutException) { }
    _ = await Retry(async n => { await Task.Yield(); return n < 2 ? throw new HttpLikeException(503) : "ok"; }, 4)
        + await Throttle([.. Enumerable.Range(0, 6)], 2, async n => { await Task.Delay(1); return n + 1L; }); await Interleave();
    var local = new AsyncLocal<string>(c => _ = c.ThreadContextChanged) { Value = "outer" }; await Task.Run(() => local.Value = "inner");
    var flow = ExecutionContext.Capture(); ExecutionContext.Run(flow!, s => _ = local.Value, null);
    using (ExecutionContext.SuppressFlow()) _ = Task.Run(() => local.Value); Console.WriteLine(local.Value);
});
await Step.Run("tasks: cancellation", async () =>
{
    using var stop = new CancellationTokenSource(); using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(5));
    using var linked = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, late.Token); int called = 0;
    using var registration = linked.Token.Register(() => called++); using var withState = linked.Token.UnsafeRegister(s => ((List<int>)s!).Add(1), new List<int>());
    try { await Task.Delay(30_000, linked.Token); } catch (TaskCanceledException e) { _ = e.Task?.IsCanceled; }
    try { linked.Token.ThrowIfCancellationRequested(); } catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested) { }
    await stop.CancelAsync(); registration.Unregister(); Console.WriteLine(called + " " + stop.IsCancellationRequested + late.Token.CanBeCanceled);
    var bad = new CancellationTokenSource(); bad.Token.Register(() => throw new InvalidOperationException());
    try { bad.Cancel(); } catch (AggregateException) { } try { bad.Cancel(true); bad.Dispose(); _ = bad.Token; } catch (ObjectDisposedException) { }
    var reuse = new CancellationTokenSource(); reuse.CancelAfter(60_000); _ = reuse.TryReset();
    var canceled = Task.FromCanceled<int>(new CancellationToken(true));
    try { await canceled; } catch (OperationCanceledException) { } try { await Task.Run(() => 1, new CancellationToken(true)); } catch (TaskCanceledException) { }
    try { await Compute(1, 30_000).WaitAsync(stop.Token); } catch (OperationCanceledException) { }
    try { stop.Token.WaitHandle.WaitOne(1); await foreach (int n in Numbers(5).WithCancellation(stop.Token).ConfigureAwait(false)) called += n; }
        catch (OperationCanceledException) { } try { new ManualResetEventSlim().Wait(stop.Token); } catch (OperationCanceledException) { }
    try { await new SemaphoreSlim(0).WaitAsync(stop.Token); } catch (OperationCanceledException) { }
});
await Step.Run("tasks: exceptions", async () =>
{
    var many = Task.WhenAll(Task.Run(() => throw new ArgumentException("a", "p")), Task.FromException(new IOException("b")),
            Task.Run(async () => { await Task.Yield(); throw new KeyNotFoundException(); }));
    try { await many; } catch (Exception e) { Console.WriteLine(e.GetType().Name + " of " + many.Exception!.InnerExceptions.Count); }
    var nested = new AggregateException("outer", new AggregateException(new FormatException("x")), new TimeoutException());
    _ = nested.Flatten().InnerExceptions.Count + nested.GetBaseException().Message + nested.ToString().Length;
    try { nested.Flatten().Handle(e => e is FormatException); } catch (AggregateException e) { _ = e.InnerExceptions.OfType<TimeoutException>().Any(); }
    try { Compute(-1, 0).Wait(); } catch (AggregateException e) when (e.InnerException is ArgumentOutOfRangeException) { }
    try { Compute(-1, 1).GetAwaiter().GetResult(); } catch (ArgumentOutOfRangeException e) { _ = e.ParamName; }
    ExceptionDispatchInfo? caught = null; try { throw new ApplicationException("kept"); } catch (ApplicationException e) { caught = ExceptionDispatchInfo.Capture(e); }
    try { caught.Throw(); } catch (ApplicationException e) { _ = e.StackTrace!.Length; }
    try { _ = Task.FromException<int>(new RankException()).Result; } catch (AggregateException e) { _ = e.Message; }
    var status = Task.Run(() => { throw new NotSupportedException(); }); await Task.WhenAny(status);
    _ = status.IsFaulted && !status.IsCanceled && !status.IsCompletedSuccessfully; _ = status.Exception?.InnerException is NotSupportedException;
    try { throw new HttpLikeException(404, new IOException()); } catch (HttpLikeException e) when (e.Code is >= 400 and < 500) { Console.WriteLine(e.Message); }
});
await Step.Run("schedulers and contexts", async () =>
{
    var limited = new LimitedScheduler(2); var factory = new TaskFactory(CancellationToken.None, TaskCreationOptions.None, TaskContinuationOptions.None, limited);
    int max = 0; await Task.WhenAll(Enumerable.Range(0, 8).Select(i => factory.StartNew(() => { max = Math.Max(max, i); return TaskScheduler.Current.Id; })));
    var pair = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, 2, 5);
    var readers = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() => max, default, TaskCreationOptions.None, pair.ConcurrentScheduler)).ToArray();
    var write = Task.Factory.StartNew(() => max++, default, default, pair.ExclusiveScheduler);
    await Task.WhenAll(readers); await write; pair.Complete(); await pair.Completion; Console.WriteLine(limited.MaximumConcurrencyLevel + " " + max); int seen = 0;
    LoopContext.Run(async () => { int id = Environment.CurrentManagedThreadId; await Task.Delay(1); await Task.Yield();
            seen = id == Environment.CurrentManagedThreadId ? 1 : 2; SynchronizationContext.Current!.Send(_ => seen += 10, null); });
    var loop = new LoopContext(); SynchronizationContext.SetSynchronizationContext(loop); var ui = TaskScheduler.FromCurrentSynchronizationContext();
    var progress = new Progress<int>(p => seen += p); progress.ProgressChanged += (_, p) => seen += p; ((IProgress<int>)progress).Report(3);
    var posted = Task.Factory.StartNew(() => seen++, default, default, ui);
    loop.Finish(); loop.Pump(); SynchronizationContext.SetSynchronizationContext(null); Console.WriteLine(seen + " " + await posted);
});
await Step.Run("channels", async () =>
{
    var bounded = Channel.CreateBounded<Order>(new BoundedChannelOptions(5) {
                FullMode = BoundedChannelFullMode.Wait, SingleWriter = true, SingleReader = false, AllowSynchronousContinuations = false }); decimal total = 0;
    object gate = new();
    var producer = Task.Run(async () => { try { foreach (var o in orders.Take(40)) await bounded.Writer.WriteAsync(o); } finally { bounded.Writer.Complete(); } });
    var consumers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () => { await foreach (var o in bounded.Reader.ReadAllAsync()) lock (gate) total += o.Amount; }));
    await Task.WhenAll([producer, .. consumers]); await bounded.Reader.Completion; Console.WriteLine(total);
    var simple = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true }); for (int i = 0; i < 5; i++) simple.Writer.TryWrite(i); int sum = 0;
    simple.Reader.TryPeek(out _);
    while (simple.Reader.TryRead(out int n)) sum += n; var wait = simple.Reader.WaitToReadAsync().AsTask(); await simple.Writer.WaitToWriteAsync();
    await simple.Writer.WriteAsync(9); _ = await wait && await simple.Reader.ReadAsync() == 9; simple.Writer.TryComplete(new IOException("closed"));
    try { await simple.Reader.ReadAsync(); } catch (ChannelClosedException e) { _ = e.InnerException; }
    foreach (var mode in new[] { BoundedChannelFullMode.DropOldest, BoundedChannelFullMode.DropNewest, BoundedChannelFullMode.DropWrite })
    {
        var dropping = Channel.CreateBounded(new BoundedChannelOptions(1) { FullMode = mode }, (string s) => sum += s.Length);
        dropping.Writer.TryWrite("a"); dropping.Writer.TryWrite("bb");
        _ = dropping.Reader.Count + (dropping.Reader.CanPeek ? 1 : 0);
    }
    var plain = Channel.CreateUnbounded<(int Id, string Text)>(); await plain.Writer.WriteAsync((1, "x")); plain.Writer.Complete();
    await foreach (var (id, text) in plain.Reader.ReadAllAsync()) sum += id + text.Length;
    try { plain.Writer.Complete(); } catch (ChannelClosedException) { } try { await plain.Writer.WriteAsync((2, "y")); } catch (ChannelClosedException) { }
    var stages = Stage(Stage(Source(10), n => n * 2), n => n + 1); await foreach (int n in Merge(stages, Source(3)).ReadAllAsync()) sum += n;
    using var stop = new CancellationTokenSource(3); try { await Channel.CreateBounded<Guid>(1).Reader.ReadAsync(stop.Token); } catch (OperationCanceledException) { }
#if NET10_0
    var ranked = Channel.CreateUnboundedPrioritized(new UnboundedPrioritizedChannelOptions<int> { Comparer = Comparer<int>.Create((a, b) => b - a) });
    ranked.Writer.TryWrite(1); ranked.Writer.TryWrite(2); sum += await ranked.Reader.ReadAsync();
#endif
    Console.WriteLine(sum > 0);
});
await Step.Run("async streams and disposal", async () =>
{
    int sum = 0; await foreach (int n in Numbers(5)) sum += n; await foreach (var page in Pages(Numbers(7), 3)) sum += page.Count;
    await foreach (string s in Map(Numbers(3), n => "n" + n)) sum += s.Length;
    await using (var e = Numbers(3).GetAsyncEnumerator()) while (await e.MoveNextAsync()) sum += e.Current;
    await using (var resource = new Resource("one")) { resource.Use(); } await using var configured = new Resource("two").ConfigureAwait(false);
    try { var gone = new Resource("three"); gone.Dispose(); gone.Use(); } catch (ObjectDisposedException e) { Console.WriteLine(e.ObjectName); }
    await using var ms = new MemoryStream(); await ms.WriteAsync(new byte[3]);
#if NET10_0
    sum += await Numbers(9).Where(n => n % 2 == 1).Select(n => n * 2).SumAsync(); var list = await Numbers(4).OrderDescending().Take(2).ToListAsync();
    sum += list.Count + await Numbers(3).CountAsync() + await orders.ToAsyncEnumerable().Select(o => o.Id).FirstAsync();
    _ = await Numbers(4).ToDictionaryAsync(n => n) is { Count: 4 } && await Numbers(2).AnyAsync();
#endif
    _ = sum; foreach (int n in Numbers(3).ToBlockingEnumerable()) sum += n; try { await foreach (int n in Failing()) sum += n; } catch (InvalidDataException) { }
});
await Step.Run("locks", async () =>
{
    var semaphore = new SemaphoreSlim(1, 2); await semaphore.WaitAsync(); semaphore.Release(); _ = await semaphore.WaitAsync(10) && semaphore.CurrentCount == 0;
    var queued = semaphore.WaitAsync(); semaphore.Release(); await queued; _ = semaphore.Wait(1);
    try { semaphore.Release(3); } catch (SemaphoreFullException) { } semaphore.Dispose();
    using var rw = new ReaderWriterLockSlim(LockRecursionPolicy.SupportsRecursion); rw.EnterReadLock();
    try { _ = rw.IsReadLockHeld; } finally { rw.ExitReadLock(); } rw.EnterUpgradeableReadLock(); rw.EnterWriteLock(); rw.ExitWriteLock(); rw.ExitUpgradeableReadLock();
    _ = rw.TryEnterReadLock(5) && rw.CurrentReadCount == 1; rw.ExitReadLock(); if (rw.TryEnterWriteLock(TimeSpan.FromSeconds(1))) rw.ExitWriteLock();
    using var strict = new ReaderWriterLockSlim(); strict.EnterWriteLock(); try { strict.EnterWriteLock(); } catch (LockRecursionException) { } strict.ExitWriteLock();
    var old = new ReaderWriterLock(); old.AcquireReaderLock(100); var cookie = old.UpgradeToWriterLock(100); old.DowngradeFromWriterLock(ref cookie);
    old.ReleaseReaderLock(); var asyncLock = new AsyncLock(); using (await asyncLock.Enter()) { }
    object gate = new(); bool ready = false; var waiter = new Thread(() => { lock (gate) while (!ready) Monitor.Wait(gate, 5000); }) {
            IsBackground = true, Name = "waiter" }; waiter.Start(); lock (gate) { ready = true; Monitor.PulseAll(gate); Monitor.Pulse(gate); } waiter.Join();
    bool taken = false; try { Monitor.TryEnter(gate, 10, ref taken); _ = Monitor.IsEntered(gate); } finally { if (taken) Monitor.Exit(gate); }
    try { Monitor.Exit(gate); } catch (SynchronizationLockException) { } using var barrier = new Barrier(3, b => Interlocked.Increment(ref Shared.Phases));
    var workers = Enumerable.Range(0, 3).Select(i => new Thread(() =>
                { for (int p = 0; p < 3; p++) { Thread.SpinWait(10 * i); barrier.SignalAndWait(TimeSpan.FromSeconds(20)); } })).ToList();
    workers.ForEach(t => t.Start()); workers.ForEach(t => t.Join());
    barrier.AddParticipant(); barrier.RemoveParticipants(2); _ = barrier.CurrentPhaseNumber + barrier.ParticipantsRemaining;
    using var countdown = new CountdownEvent(3); for (int i = 0; i < 3; i++) ThreadPool.QueueUserWorkItem(_ => countdown.Signal());
    _ = countdown.Wait(10_000) && countdown.IsSet; countdown.Reset(1); countdown.AddCount(); _ = countdown.TryAddCount(); countdown.Signal(2);
    using var manual = new ManualResetEventSlim(false, 10); _ = Task.Run(manual.Set); manual.Wait(); manual.Reset(); _ = manual.Wait(1) | manual.IsSet;
    using var auto = new AutoResetEvent(true); using var hand = new ManualResetEvent(false); _ = auto.WaitOne(100) | hand.WaitOne(0); auto.Set(); hand.Set();
    _ = WaitHandle.WaitAny([auto, hand], 100); auto.Set(); _ = WaitHandle.WaitAll([auto, hand], 100); WaitHandle.SignalAndWait(auto, hand, 100, false);
    using var mutex = new Mutex(false); if (mutex.WaitOne(TimeSpan.FromSeconds(1))) mutex.ReleaseMutex();
    try { mutex.ReleaseMutex(); } catch (ApplicationException) { } using var handle = new EventWaitHandle(false, EventResetMode.AutoReset); handle.Set();
    _ = handle.WaitOne(1); using var counting = new Semaphore(1, 2); _ = counting.WaitOne(1) ? counting.Release() : 0; var orphan = new Mutex();
    var t = new Thread(() => orphan.WaitOne()); t.Start(); t.Join();
    try { orphan.WaitOne(100); } catch (AbandonedMutexException) { } var spin = new SpinLock(false); bool got = false;
    try { spin.Enter(ref got); } finally { if (got) spin.Exit(); } got = false; spin.TryEnter(5, ref got); _ = spin.IsHeld; if (got) spin.Exit(false);
    var wait = new SpinWait(); wait.SpinOnce(); _ = wait.NextSpinWillYield ? wait.Count : 0; SpinWait.SpinUntil(() => ready, 100);
#if NET10_0
    var light = new Lock(); lock (light) { } using (light.EnterScope()) _ = light.IsHeldByCurrentThread; if (light.TryEnter(TimeSpan.FromMilliseconds(5))) light.Exit();
#endif
});
Step.Run("atomics, lazy, thread data", () =>
{
    int i = 0; long l = 0; object? o = null; string? text = null; double d = 0; uint u = 1; nint p = 0;
    _ = Interlocked.Increment(ref i) + Interlocked.Decrement(ref l) + Interlocked.Add(ref i, 5) + Interlocked.Exchange(ref l, 8)
        + Interlocked.CompareExchange(ref i, 1, 6) + Interlocked.Read(ref l) + Interlocked.Or(ref i, 8) + Interlocked.And(ref l, 3);
    Interlocked.CompareExchange(ref text, "first", null); Interlocked.Exchange(ref o, new object()); Interlocked.Exchange(ref d, 2.5); Interlocked.Increment(ref u);
    Interlocked.CompareExchange(ref p, 1, 0); double before; do before = d; while (Interlocked.CompareExchange(ref d, before + 1, before) != before);
    Volatile.Write(ref i, 3); _ = Volatile.Read(ref i) + Volatile.Read(ref text)!.Length; Interlocked.MemoryBarrier(); Thread.MemoryBarrier();
    var stack = new LockFreeStack<int>(); Parallel.For(0, 50, stack.Push); while (stack.TryPop(out int x)) l += x;
    ImmutableInterlocked.Update(ref Shared.Names, list => list.Add("n")); ImmutableDictionary<string, int> map = ImmutableDictionary<string, int>.Empty;
    ImmutableInterlocked.AddOrUpdate(ref map, "k", 1, (_, v) => v + 1); ImmutableInterlocked.GetOrAdd(ref map, "j", _ => 2);
    ImmutableInterlocked.TryRemove(ref map, "j", out _);
    var lazy = new Lazy<Order[]>(() => orders, LazyThreadSafetyMode.ExecutionAndPublication); _ = lazy.IsValueCreated || lazy.Value.Length > 0;
    _ = new Lazy<List<int>>(true).Value.Count + new Lazy<string>("x").Value.Length + new Lazy<Guid>(Guid.NewGuid, LazyThreadSafetyMode.PublicationOnly)
        .Value.ToString("N").Length; var asyncLazy = new Lazy<Task<int>>(() => Compute(1, 1)); _ = asyncLazy.Value.Result;
    var fails = new Lazy<int>(() => throw new IOException("once")); for (int n = 0; n < 2; n++) try { _ = fails.Value; } catch (IOException) { } Resource? made = null;
    LazyInitializer.EnsureInitialized(ref made, () => new Resource("lazy")); bool ok = false; object? sync = null; int value = 0;
    LazyInitializer.EnsureInitialized(ref value, ref ok, ref sync, () => 3);
    using var perThread = new ThreadLocal<int>(() => Environment.CurrentManagedThreadId, trackAllValues: true);
    using var random = new ThreadLocal<Random>(() => new Random(1)); Parallel.For(0, 8, _ => l += perThread.Value > 0 ? random.Value!.Next(2) : 0);
    _ = perThread.Values.Count + (perThread.IsValueCreated ? 1 : 0); Shared.Depth++; var slot = Thread.AllocateNamedDataSlot("s"); Thread.SetData(slot, 1);
    Thread.FreeNamedDataSlot("s");
    var memo = new Memo<int, BigInteger>(); BigInteger Fib(int n) => n < 2 ? n : memo.Get(n, k => Fib(k - 1) + Fib(k - 2)); Console.WriteLine(Fib(90));
    var cache = new ConcurrentDictionary<(string, int), Lazy<double>>(); _ = cache.GetOrAdd(("a", 1), k => new Lazy<double>(() => k.Item2 * 2.0)).Value;
});
Step.Run("threads and pool", () =>
{
    int done = 0; var thread = new Thread(s => { Thread.Sleep(1); Interlocked.Add(ref done, (int)s!); }, 256 * 1024) {
            Name = "worker 1", IsBackground = true, Priority = ThreadPriority.BelowNormal, CurrentCulture = CultureInfo.InvariantCulture }; thread.Start(5);
    _ = thread.Join(TimeSpan.FromSeconds(20)); _ = thread.ThreadState + thread.Name + thread.ManagedThreadId + thread.IsAlive + Thread.CurrentThread.IsThreadPoolThread;
    var sleeper = new Thread(() => { try { Thread.Sleep(Timeout.Infinite); } catch (ThreadInterruptedException) { done++; } }); sleeper.Start(); sleeper.Interrupt();
    sleeper.Join(); try { thread.Start(); } catch (ThreadStateException) { } Thread.Sleep(TimeSpan.Zero); Thread.BeginCriticalRegion(); Thread.EndCriticalRegion();
    _ = Thread.GetCurrentProcessorId() + Thread.CurrentThread.GetApartmentState();
    using var ready = new CountdownEvent(5); ThreadPool.QueueUserWorkItem(_ => ready.Signal());
    ThreadPool.QueueUserWorkItem<(int A, string B)>(s => ready.Signal(s.A), (1, "x"), preferLocal: false);
    ThreadPool.UnsafeQueueUserWorkItem(_ => ready.Signal(), null); ThreadPool.UnsafeQueueUserWorkItem(new Item(ready), true);
    ThreadPool.QueueUserWorkItem(s => ((CountdownEvent)s!).Signal(), ready); ready.Wait(10_000);
    using var go = new AutoResetEvent(false); using var ran = new ManualResetEventSlim();
    var wait = ThreadPool.RegisterWaitForSingleObject(go, (s, timedOut) => ran.Set(), null, 5000, true); go.Set(); ran.Wait(10_000); wait.Unregister(null);
    ThreadPool.GetMinThreads(out int min, out int minIo); ThreadPool.GetMaxThreads(out int max, out int io); ThreadPool.GetAvailableThreads(out int free, out io);
    _ = ThreadPool.SetMinThreads(min, minIo);
    Console.WriteLine($"{done} {min > 0} {free <= max} {ThreadPool.ThreadCount > 0} {ThreadPool.CompletedWorkItemCount > 0} {ThreadPool.PendingWorkItemCount >= 0}");
    var stealing = new StealingPool(3); for (int i = 0; i < 30; i++) stealing.Enqueue(i, () => Interlocked.Increment(ref done)); stealing.Run();
});
await Step.Run("timers and time", async () =>
{
    int ticks = 0; var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    await using (var timer = new Timer(_ => { if (Interlocked.Increment(ref ticks) == 2) first.TrySetResult(); }, null, 0, 1)) { await first.Task;
        timer.Change(Timeout.Infinite, Timeout.Infinite); } using var once = new Timer(s => { }, "state", TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    using var periodic = new PeriodicTimer(TimeSpan.FromMilliseconds(1)); for (int i = 0; i < 2 && await periodic.WaitForNextTickAsync(); i++) ticks++;
    periodic.Period = TimeSpan.FromMilliseconds(50); using var stop = new CancellationTokenSource(1);
    try { while (await periodic.WaitForNextTickAsync(stop.Token)) ticks++; } catch (OperationCanceledException) { }
    var elapsed = new TaskCompletionSource<DateTime>(); using var component = new System.Timers.Timer(1) { AutoReset = false, Enabled = false };
    component.Elapsed += (s, e) => elapsed.TrySetResult(e.SignalTime); component.Start(); _ = (await elapsed.Task).Year; component.Stop(); component.Interval = 5;
    var clock = new ManualTime(); long from = clock.GetTimestamp();
    await using var fake = clock.CreateTimer(_ => ticks++, null, TimeSpan.Zero, TimeSpan.FromSeconds(1)); clock.Advance(TimeSpan.FromSeconds(3));
    Console.WriteLine(clock.GetElapsedTime(from) + " " + clock.GetUtcNow().ToString("O") + clock.LocalTimeZone.BaseUtcOffset);
    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System); using var timed = new CancellationTokenSource(TimeSpan.FromSeconds(9), TimeProvider.System);
    var sw = new Stopwatch(); sw.Start(); sw.Stop(); sw.Restart(); sw.Reset();
    _ = sw.Elapsed + Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp()) + TimeSpan.FromTicks(Stopwatch.Frequency % 7 + sw.ElapsedTicks + sw.ElapsedMilliseconds);
    _ = Stopwatch.IsHighResolution && Environment.TickCount64 > 0 && watch.Elapsed.TotalMilliseconds > 0; var debounce = new Debouncer(TimeSpan.FromMilliseconds(2));
    debounce.Call(() => ticks++); debounce.Call(() => ticks++); await debounce.Last;
});
await Step.Run("concurrent collections", async () =>
{
    var map = new ConcurrentDictionary<string, int>(2, 31, StringComparer.OrdinalIgnoreCase);
    Parallel.For(0, 100, i => map.AddOrUpdate("k" + i % 10, 1, (k, v) => v + 1)); map.AddOrUpdate("s", (k, a) => a, (k, v, a) => v + a, 5);
    _ = map.GetOrAdd("g", k => k.Length) + map.GetOrAdd("h", (k, a) => a, 3) + map.GetOrAdd("i", 4);
    _ = map.TryAdd("t", 1) && map.TryUpdate("t", 2, 1) && map.TryGetValue("T", out _) && map.TryRemove("t", out _);
    map.TryRemove(new KeyValuePair<string, int>("s", 0)); map["x"] = 1; foreach (var (k, v) in map) _ = k.Length + v;
    _ = map.Keys.Order().First() + map.Values.Sum() + map.ContainsKey("x") + map.IsEmpty + map.Count + map.ToArray().Length + map.OrderByDescending(p => p.Value)
        .ThenBy(p => p.Key).First(); map.Clear(); var byId = new ConcurrentDictionary<Guid, Order>(); byId[Guid.NewGuid()] = orders[0];
    var byNumber = new ConcurrentDictionary<int, ConcurrentBag<string>>();
    byNumber.GetOrAdd(1, _ => []).Add("a"); new ConcurrentDictionary<long, double>().TryAdd(1, 2);
    new ConcurrentDictionary<Region, DateTime>().TryAdd(Region.North, DateTime.UnixEpoch);
    new ConcurrentDictionary<Type, Delegate>().GetOrAdd(typeof(int), _ => () => 1);
    var set = new ConcurrentDictionary<int, byte>(orders.Select(o => KeyValuePair.Create(o.Id, (byte)0)));
    var queue = new ConcurrentQueue<int>(Enumerable.Range(0, 50)); queue.Enqueue(1); _ = queue.TryDequeue(out int q) && queue.TryPeek(out q) && !queue.IsEmpty;
    var stack = new ConcurrentStack<string>(["a", "b"]); stack.Push("c"); stack.PushRange(["d", "e"]); _ = stack.TryPop(out string? top) && stack.TryPeek(out top);
    _ = stack.TryPopRange(new string[2]) + stack.Count; var bag = new ConcurrentBag<double> { 1, 2 }; Parallel.For(0, 20, i => bag.Add(i));
    _ = bag.TryTake(out double taken) && bag.TryPeek(out taken); _ = bag.ToArray().Length + bag.Count + queue.ToList().Count + set.Count; queue.Clear(); stack.Clear();
    bag.Clear();
    using var blocking = new BlockingCollection<Order>(5); int sum = 0;
    var consumer = Task.Factory.StartNew(() => { foreach (var o in blocking.GetConsumingEnumerable()) sum += o.Id; }, TaskCreationOptions.LongRunning);
    foreach (var o in orders.Take(20)) blocking.Add(o); _ = blocking.TryAdd(orders[0], 1000); blocking.CompleteAdding(); await consumer;
    try { blocking.Add(orders[1]); } catch (InvalidOperationException) { } try { blocking.Take(); } catch (InvalidOperationException) { }
    using var lifo = new BlockingCollection<string>(new ConcurrentStack<string>()); lifo.Add("a"); lifo.Add("b");
    _ = lifo.Take() + lifo.TryTake(out _, 1) + lifo.TryTake(out _) + lifo.IsCompleted + lifo.BoundedCapacity;
    BlockingCollection<int>[] two = [new(1), new(new ConcurrentBag<int>())];
    _ = BlockingCollection<int>.AddToAny(two, 1) + BlockingCollection<int>.TryTakeFromAny(two, out _, 10); using var stop = new CancellationTokenSource(2);
    try { two[0].Take(stop.Token); } catch (OperationCanceledException) { }
    using var ranked = new BlockingCollection<int>(new RankedCollection<int>()); ranked.Add(3); ranked.Add(1); Console.WriteLine($"{sum} {ranked.Take()}");
    var immutable = ImmutableList.Create(1, 2).Add(3).ToBuilder(); immutable.Insert(0, 9);
    _ = immutable.ToImmutable().Count + ImmutableArray.CreateRange([1, 2]).Add(3).Length + ImmutableQueue.Create(1).Enqueue(2)
        .Peek() + ImmutableSortedDictionary<string, int>.Empty.SetItem("a", 1).Count + ImmutableHashSet.Create("x").Union(["y"]).Count;
    var frozen = orders.ToFrozenDictionary(o => o.Id, o => o.Customer);
    _ = frozen[5].Length + new[] { "a", "b" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase).Count + new[] { Region.East }.ToFrozenDictionary(r => r, r => 1).Count;
    foreach (var chunk in Partitioner.Create(orders, true).GetPartitions(2)) using (chunk) while (chunk.MoveNext()) sum += chunk.Current.Id;
    foreach (var range in Partitioner.Create(0, 100, 30).GetDynamicPartitions()) sum += range.Item2; _ = new Halves<int>([1, 2, 3]).AsParallel().Select(n => n).Sum();
});
await Step.Run("actors and agents", async () =>
{
    await using var account = new AccountActor(); await Task.WhenAll(Enumerable.Range(1, 10).Select(i => account.Deposit(i)));
    Console.WriteLine(await account.Balance()); try { await account.Withdraw(1000); } catch (InvalidOperationException e) { Console.WriteLine(e.Message); }
    var board = new Board<string>(); var subscription = board.Where(s => s.Length > 1).Map(s => s.ToUpperInvariant()).Subscribe(new Watcher<string>());
    board.OnNext("a"); board.OnNext("bc"); board.OnError(new IOException()); board.OnCompleted();
    subscription.Dispose(); var resources = new Pool<StringBuilder>(() => new StringBuilder(), b => b.Clear()); var rented = resources.Rent(); rented.Append("x");
    resources.Return(rented); var bucket = new TokenBucket(3); _ = bucket.TryTake() && bucket.TryTake(2) && bucket.TryTake(); var events = new List<string>();
    var bus = new Bus(); bus.On<Order>(o => events.Add(o.Customer)); bus.On<string>(async s => { await Task.Yield(); events.Add(s); }); await bus.Publish(orders[3]);
    await bus.Publish("hello"); Console.WriteLine(string.Join(';', events));
    var breaker = new Breaker(2); for (int i = 0; i < 4; i++) try { await breaker.Run(() => throw new TimeoutException("slow")); } catch (TimeoutException) { }
        catch (InvalidOperationException e) { Console.Write(e.Message + ";"); } var lru = new Lru<int, string>(2); lru.Put(1, "a"); lru.Put(2, "b");
    _ = lru.TryGet(1, out _); lru.Put(3, "c"); Console.WriteLine(lru.TryGet(2, out _));
});
await Step.Run("value tasks", async () =>
{
    var source = new ReusableSource<int>(); var waiting = source.Wait(); source.Set(5); int sum = await waiting; waiting = source.Wait();
    source.Fail(new IOException()); try { await waiting; } catch (IOException) { }
    sum += await Cached(1) + await Cached(2) + await new ValueTask<int>(Compute(3, 1)) + await ValueTask.FromResult(4); await ValueTask.CompletedTask;
    await new ValueTask(Task.Delay(1)); ValueTask<string> text = new("x"); _ = text.IsCompletedSuccessfully ? text.Result : await text;
    _ = await Cached(4).AsTask() + await Cached(3).Preserve() + await Pooled(2);
    try { await ValueTask.FromException<int>(new IOException()); } catch (IOException) { }
    try { await ValueTask.FromCanceled(new CancellationToken(true)); } catch (TaskCanceledException) { } var own = await new Delay(1);
    await foreach (var _ in Numbers(1)) sum += own; Console.WriteLine(sum); async ValueTask<int> Cached(int n) { if (n > 1) await Task.Yield(); return n; }
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] static async ValueTask<int> Pooled(int n) { await Task.Delay(n); return n; }
    var waiter = Task.Delay(1).GetAwaiter(); var over = new TaskCompletionSource(); waiter.OnCompleted(over.SetResult); await over.Task;
});
Step.Run("memory and spans", () =>
{
    byte[] rented = ArrayPool<byte>.Shared.Rent(1000);
    try { Span<byte> s = rented.AsSpan(0, 1000); s.Clear(); s.Fill(3); s[..10].CopyTo(s[500..]);
        _ = s.IndexOf((byte)3) + s.LastIndexOf((byte)3) + s.IndexOfAny((byte)1, (byte)2) + s.Count((byte)3) + s.IndexOfAnyExcept((byte)3); s[..20].Reverse();
        _ = s.SequenceEqual(rented.AsSpan(0, 1000)) | s.StartsWith("ab"u8) | s.Contains((byte)9) | s[..4].Overlaps(s); }
        finally { ArrayPool<byte>.Shared.Return(rented, clearArray: true); }
    var own = ArrayPool<int>.Create(1000, 5); int[] ints = own.Rent(50); own.Return(ints); using var owner = MemoryPool<double>.Shared.Rent(64);
    Memory<double> m = owner.Memory[..64]; m.Span.Fill(1.5); _ = m.Slice(3).Length + m.ToArray().Length;
    using (m.Pin()) { } ReadOnlyMemory<char> chars = "some text".AsMemory(5); _ = chars.ToString() + chars.Span.Trim().Length;
    ArrayPool<char>.Shared.Return(ArrayPool<char>.Shared.Rent(10)); ArrayPool<Sample>.Shared.Return(ArrayPool<Sample>.Shared.Rent(4));
    Span<int> stack = stackalloc int[64]; for (int i = 0; i < stack.Length; i++) stack[i] = (i * 37) % 64; stack.Sort(); _ = stack.BinarySearch(9) + stack.IndexOf(5);
    stack.Sort((a, b) => b.CompareTo(a)); stack.Replace(5, 6); MemoryExtensions.Sort(stack, new double[64].AsSpan()); Span<byte> bytes = MemoryMarshal.AsBytes(stack);
    _ = MemoryMarshal.Cast<byte, long>(bytes).Length + MemoryMarshal.Read<int>(bytes) + Unsafe.SizeOf<Sample>() + MemoryMarshal.CreateSpan(ref stack[0], 2).Length;
    Span<Range> parts = stackalloc Range[5]; int fields = "a,b;c".AsSpan().SplitAny(parts, ",;"); _ = parts[..fields].Length + parts[0].End.Value;
    var words = "the cat sat".AsSpan(); foreach (var line in "a\nb\r\nc".AsSpan().EnumerateLines()) _ = line.Length;
    _ = words.IndexOfAny(SearchValues.Create("aeiou")) + words.ToString() + words.CompareTo("x", StringComparison.Ordinal) + words.CommonPrefixLength("them");
    var list = new List<Sample>(samples); foreach (ref var s in CollectionsMarshal.AsSpan(list)) s = s with { Value = 0 }; CollectionsMarshal.SetCount(list, 3);
    var writer = new ArrayBufferWriter<byte>(16); writer.Write("abc"u8); writer.GetSpan(4)[0] = 1; writer.Advance(1); writer.GetMemory(40);
    _ = writer.WrittenSpan.Length + writer.FreeCapacity; var sequence = new ReadOnlySequence<byte>(writer.WrittenMemory);
    var reader = new SequenceReader<byte>(sequence); _ = reader.TryReadTo(out ReadOnlySpan<byte> part, (byte)'b') && reader.TryRead(out _) && reader.TryPeek(out _);
    reader.Advance(1); _ = sequence.ToArray().Length + sequence.Slice(1).First.Length; writer.ResetWrittenCount();
    var (head, tail) = Segment<int>.Chain([1, 2], [3, 4, 5]); var chained = new ReadOnlySequence<int>(head, 0, tail, 3);
    foreach (var memory in chained) _ = memory.Length; var spot = chained.PositionOf(4); _ = chained.IsSingleSegment || spot.HasValue;
    unsafe { int* native = (int*)NativeMemory.AllocZeroed(10, sizeof(int)); native[3] = 5; NativeMemory.Free(native); using var manager = new NativeBuffer<long>(8);
        manager.Memory.Span[2] = 7; using var pin = manager.Memory.Pin(); _ = ((long*)pin.Pointer)[2]; fixed (int* f = stack) f[0] = 1; }
    _ = BitConverter.ToInt32(BitConverter.GetBytes(5)) + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian([0, 0, 1, 2])
        + System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(5); Span<char> text = stackalloc char[40];
    _ = 12345.678.TryFormat(text, out int written, "N2", CultureInfo.InvariantCulture) && text.TryWrite($"{written}:{1.5m:F1}", out _)
        && long.TryParse("12".AsSpan(), out _); _ = string.Create(5, 'x', (span, c) => span.Fill(c)) + System.Buffers.Text.Utf8Formatter.TryFormat(5, bytes, out _);
    var lease = GC.AllocateUninitializedArray<byte>(3000); Array.Fill(lease, (byte)1); System.Buffer.BlockCopy(lease, 0, lease, 10, 20);
});
Step.Run("vectors", () =>
{
    float[] a = [.. Enumerable.Range(0, 67).Select(i => i * 0.5f)], b = [.. a.Select(x => x + 1)]; float dot = 0; int w = Vector<float>.Count, k = 0;
    var acc = Vector<float>.Zero; for (; k <= a.Length - w; k += w) acc += new Vector<float>(a, k) * new Vector<float>(b, k); dot = Vector.Sum(acc);
    for (; k < a.Length; k++) dot += a[k] * b[k]; Console.WriteLine(dot);
    var v = new Vector<int>(Enumerable.Range(0, Vector<int>.Count).ToArray()); var mask = Vector.GreaterThan(v, new Vector<int>(2));
    v = Vector.ConditionalSelect(mask, v, Vector<int>.One);
    _ = Vector.Dot(v, v) + Vector.Max(v, Vector<int>.Zero)[0] + (Vector.EqualsAny(v, Vector<int>.One) ? 1 : 0) + Vector.Abs(-v)[1]; v.CopyTo(new int[16]);
    Vector.Widen(new Vector<byte>(5), out var low, out _); _ = Vector.ConvertToDouble(new Vector<long>(3))[0] + low[0];
    var spans = MemoryMarshal.Cast<float, Vector<float>>(a); foreach (ref readonly var x in spans) acc = Vector.Min(acc, x);
    var q = Vector128.Create(1, 2, 3, 4); q = Vector128.Add(q, Vector128<int>.One) * 2;
    _ = Vector128.Sum(q) + q.GetElement(1) + q.ToScalar()
        + (Vector128.IsHardwareAccelerated ? Vector128.Equals(q, Vector128.Create(4)).ExtractMostSignificantBits() : 0u)
        + Vector128.Shuffle(q, Vector128.Create(3, 2, 1, 0))[0]; var o = Vector256.Create(2.0); o = Vector256.Max(Vector256.Sqrt(o), Vector256.Create(1.0, 2, 3, 4));
    _ = Vector256.Dot(o, o) + o.GetLower()[0] + Vector256.Sum(o); _ = Vector512.IsHardwareAccelerated | Vector64.IsHardwareAccelerated;
    ref byte start = ref MemoryMarshal.GetReference("0123456789abcdef0123456789abcdef"u8); var bytes = Vector128.LoadUnsafe(ref start, 4);
    bytes &= Vector128.Create((byte)0xF); bytes.CopyTo(new byte[16]); _ = Vector128.GreaterThanAll(bytes, Vector128<byte>.Zero); var p = new Vector3(1, 2, 3);
    _ = Vector3.Dot(p, Vector3.UnitX) + Vector3.Cross(p, Vector3.One).Length() + Vector3.Distance(p, Vector3.Zero) + Vector3.Normalize(p)
        .X + Vector2.Lerp(Vector2.Zero, Vector2.One, .5f).Y + new Vector4(p, 1).W;
    var world = Matrix4x4.CreateRotationY(.5f) * Matrix4x4.CreateTranslation(p) * Matrix4x4.CreateScale(2) * Matrix4x4.CreatePerspectiveFieldOfView(1, 1.5f, .1f, 100);
    _ = Matrix4x4.Invert(world, out var inverse) && inverse.GetDeterminant() > 0;
    _ = Vector3.Transform(p, Quaternion.Slerp(Quaternion.Identity, Quaternion.CreateFromAxisAngle(Vector3.UnitY, 1), .3f)) + Vector3.Reflect(p, Vector3.UnitZ);
    _ = Vector2.Transform(Vector2.One, Matrix3x2.CreateRotation(1) * Matrix3x2.CreateScale(2)).X + new Plane(p, 2).Normal.Z;
});
Step.Run("numbers", () =>
{
    BigInteger big = BigInteger.Pow(2, 200) + 1, other = BigInteger.Parse("123456789012345678901234567890"); var (quotient, remainder) = BigInteger.DivRem(big, other);
    _ = BigInteger.GreatestCommonDivisor(big, other) + BigInteger.ModPow(3, other, 1_000_007) + (big >> 3) - (other << 2)
        + BigInteger.Abs(-other) * quotient % remainder; _ = $"{big:N0} {big:X} {other:E3}" + big.GetBitLength() + big.IsEven + BigInteger.Log10(big)
        + big.CompareTo(other) + new BigInteger(big.ToByteArray()).Equals(big) + (double)other + BigInteger.TryParse("x", out _);
    Console.WriteLine(Enumerable.Range(1, 40).Aggregate(BigInteger.One, (x, i) => x * i)); var z = new Complex(3, 4);
    _ = z.Magnitude + z.Phase + Complex.Sqrt(z).Real + Complex.Exp(z * Complex.ImaginaryOne).Imaginary + Complex.Pow(z, 2)
        .Real + Complex.Conjugate(z) + Complex.FromPolarCoordinates(1, Math.PI) / z + Complex.Log(z).ToString("F2");
    Complex[] spectrum = Fft([.. Enumerable.Range(0, 16).Select(i => new Complex(Math.Sin(i), 0))]); _ = spectrum.Max(c => c.Magnitude);
    Half h = (Half)1.5f; _ = h + Half.One + Half.Parse("2.5", CultureInfo.InvariantCulture) > Half.MaxValue; Int128 wide = Int128.MaxValue / 3;
    UInt128 uwide = (UInt128)wide * 2; _ = wide.ToString("N0") + uwide + Int128.Parse("170141183460469231731687303715884105727") + (wide > 5)
        + Int128.LeadingZeroCount(wide); decimal d = decimal.Round(10m / 3, 4, MidpointRounding.ToEven) + decimal.Parse("1,234.50", CultureInfo.InvariantCulture);
    _ = decimal.Truncate(d) + decimal.Floor(-d) + decimal.Ceiling(d) + decimal.GetBits(d)[3] + Math.Round(d, 1) + (d % 3) + decimal.ToInt32(d);
    _ = $"{d:C2} {d:N3} {d:P1} {1e10:E2} {255:X4} {5:D3} {1.0 / 3:R} {1234.5f:G4} {12345L:#,##0.0} {double.NaN} {double.PositiveInfinity}";
    Console.WriteLine(Sum([1, 2, 3]) + Sum([1.5, 2.5]) + (double)Sum([1m, 2m]) + (double)Sum(new BigInteger[] { 1, 2 }));
    _ = Average<int, double>([1, 2, 4]) + Average<long,
        double>([1L, 5L]) + Clamp01(1.5f) + Clamp01(0.5) + Parse<int>("5") + Parse<double>("2.5") + Parse<long>("7") + Power(3, 5) + Power(2.0, 10);
    _ = Max([3, 9, 2]) + Max([2.5, 1.5]) + Max(["a", "b"]);
    try { _ = checked(int.MaxValue + Parse<int>("1")); } catch (OverflowException) { } try { _ = byte.CreateChecked(300); } catch (OverflowException) { }
    try { _ = 1 / Parse<int>("0"); } catch (DivideByZeroException) { } try { _ = int.Parse("x"); } catch (FormatException) { }
    _ = int.CreateSaturating(5e20) + byte.CreateTruncating(300) + int.Clamp(5, 1, 3) + int.Sign(-4) + Math.BigMul(5, 6) + int.PopCount(255) + BitOperations.Log2(1000)
        + BitOperations.RotateLeft(5u, 3) + BitOperations.TrailingZeroCount(8) + BitOperations.RoundUpToPowerOf2(100u);
    _ = Math.FusedMultiplyAdd(2, 3, 4) + Math.Atan2(1, 2) + Math.Cbrt(27) + Math.Log2(8) + Math.IEEERemainder(5, 3) + Math.Clamp(5, 1, 3) + Math.DivRem(7, 2)
        .Remainder + MathF.Sin(1) + Math.ScaleB(1, 3) + Math.CopySign(1, -2) + Math.Tanh(1) + double.Hypot(3, 4) + double.Lerp(1, 2, .5)
        + BitConverter.DoubleToInt64Bits(1.5) + Math.BitIncrement(1.0) + double.RadiansToDegrees(1)
        + (double.IsFinite(1) ? Math.Round(2.5, MidpointRounding.AwayFromZero) : 0); var money = new Money(5m, "EUR") + new Money(3m, "EUR");
    try { _ = money + new Money(1m, "USD"); } catch (InvalidOperationException) { } Console.WriteLine(Sum([money.Amount, 2m]) + $"{money}");
});
Step.Run("random, statistics, matrices", () =>
{
    var random = new Random(42); int[] deck = [.. Enumerable.Range(0, 52)]; random.Shuffle(deck);
    _ = random.GetItems(deck, 5).Sum() + random.Next() + random.Next(10) + random.Next(5, 9) + random.NextInt64(100) + random.NextSingle() + random.NextDouble();
    random.NextBytes(new byte[10]); random.NextBytes(stackalloc byte[8]); _ = Random.Shared.Next(6) + new Random().Next(3);
    double[] normal = [.. Enumerable.Range(0, 500).Select(_ => Gauss(random))]; var stats = Stats.Of(normal);
    Console.WriteLine($"{stats.Mean:F3} {stats.Deviation:F3} {stats.Median:F2} {stats}");
    int inside = 0; Parallel.For(0, 4, () => (Random: new Random(7), Hits: 0),
            (i, _, s) => { for (int n = 0; n < 500; n++) { double x = s.Random.NextDouble(), y = s.Random.NextDouble(); if (x * x + y * y <= 1) s.Hits++; } return s; },
            s => Interlocked.Add(ref inside, s.Hits)); _ = 4.0 * inside / 2000;
    var histogram = normal.GroupBy(x => (int)Math.Floor(x)).OrderBy(g => g.Key).Select(g => (g.Key, g.Count())).ToList();
    foreach (var (bin, n) in histogram) _ = $"{bin,3} {new string('#', n / 10)}";
    _ = normal.Chunk(50).Select(c => c.Average()).ToArray().Length + normal.Zip(normal.Skip(1), (x, y) => x * y).Sum();
    var percentiles = new SortedDictionary<int, double>(); Array.Sort(normal);
    foreach (int p in new[] { 50, 90, 99 }) percentiles[p] = normal[(int)(normal.Length * p / 100.0)];
    var m = new Matrix<double>(3, 3) { [0, 0] = 2, [1, 1] = 3, [2, 2] = 4, [0, 2] = 1 }; var product = m * m + Matrix<double>.Identity(3);
    Console.WriteLine(product + " " + product.Transpose()[2, 0]);
    _ = (new Matrix<int>(2, 2) * new Matrix<int>(2, 2)).GetHashCode() + new Matrix<decimal>(1, 1)[0, 0].Scale; double[,] system = { { 2, 1, 5 }, { 1, 3, 10 } };
    var solution = Solve(system); _ = solution[0] + string.Join(' ', solution.Select(x => x.ToString("F2", CultureInfo.InvariantCulture)));
    double[][] jagged = [[1, 2], [3]]; _ = jagged.Sum(r => r.Sum()) + jagged.SelectMany(r => r).Max();
    var covariance = Enumerable.Range(0, 10).Select(i => (X: (double)i, Y: i * 2.0 + 1)).ToList();
    double meanX = covariance.Average(p => p.X), meanY = covariance.Average(p => p.Y);
    _ = covariance.Sum(p => (p.X - meanX) * (p.Y - meanY)) / covariance.Sum(p => Math.Pow(p.X - meanX, 2)) + covariance.MinBy(p => p.Y).X + covariance.MaxBy(p => p.X)
        .Y; _ = Integrate(Math.Sin, 0, Math.PI, 100) + Kahan(normal);
});
Step.Run("sorting and searching", () =>
{
    Sample[] array = [.. samples]; Array.Sort(array); Array.Sort(array, (x, y) => y.Id.CompareTo(x.Id));
    Array.Sort(array, Comparer<Sample>.Create((x, y) => x.Value.CompareTo(y.Value))); Array.Sort(array, new SampleById());
    _ = Array.BinarySearch(array, new Sample(5, 0, ""), new SampleById()); var list = new List<Sample>(samples); list.Sort(); list.Sort(new SampleById());
    list.Sort(0, 10, null); list.Sort((x, y) => string.CompareOrdinal(x.Kind, y.Kind)); _ = list.BinarySearch(list[3], new SampleById());
    array.AsSpan().Sort(new SampleById()); array.AsSpan().Sort((x, y) => x.Id - y.Id);
    int[] keys = [5, 3, 9]; string[] items = ["five", "three", "nine"]; Array.Sort(keys, items); Array.Sort(items, StringComparer.OrdinalIgnoreCase);
    Array.Sort(items, 0, 2); Array.Reverse(keys); _ = Array.IndexOf(keys, 3) + Array.FindIndex(keys, k => k > 4)
        + Array.BinarySearch(items, "five", StringComparer.Ordinal) + Array.ConvertAll(keys, k => k * 2.0)
        .Length + (Array.Exists(items, i => i == "x") ? 1 : 0) + Array.FindAll(keys, k => k > 1)
        .Length + Array.LastIndexOf(keys, 9) + Array.Find(items, i => i.Length > 3)!.Length; Array.ForEach(keys, k => { }); Array.Resize(ref keys, 5);
    Array.Clear(keys, 0, 1); _ = Array.TrueForAll(keys, k => k >= 0);
    var dates = orders.Select(o => o.At).ToArray(); Array.Sort(dates); var guids = Enumerable.Range(0, 5).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
    guids.Sort(); decimal[] amounts = [.. orders.Select(o => o.Amount)]; Array.Sort(amounts); long[] longs = [3, 1, 2]; Array.Sort(longs);
    (int, string)[] pairs = [(2, "b"), (1, "a")]; Array.Sort(pairs); var tuples = new List<(double Score, string Name)> { (2, "x"), (1, "y") }; tuples.Sort();
    tuples.Sort((x, y) => y.Score.CompareTo(x.Score)); char[] letters = "hello".ToCharArray(); Array.Sort(letters);
    TimeSpan[] spans = [TimeSpan.FromDays(1), TimeSpan.Zero]; Array.Sort(spans);
    QuickSort(array.AsSpan(), new SampleById()); MergeSort(keys); MergeSort(items); var set = new SortedSet<Sample>(samples);
    _ = set.GetViewBetween(set.Min, set.Max).Count + set.Min.Id + set.Max.Id;
    var sortedList = new SortedList<DateTime, decimal>(orders.ToDictionary(o => o.At, o => o.Amount));
    _ = sortedList.Keys[0].Year + sortedList.Values[0] + sortedList.IndexOfKey(orders[1].At);
    Console.WriteLine(samples.OrderBy(s => s).ThenBy(s => s.Kind).First() + " " + samples.Order().Last()
            .Id + orders.OrderBy(o => o, Comparer<Order>.Create((x, y) => x.Amount.CompareTo(y.Amount))).First().Id);
    var structural = StructuralComparisons.StructuralComparer.Compare(new[] { 1, 2 }, new[] { 1, 3 });
    _ = structural + samples.DistinctBy(s => s.Kind).Count() + samples.ToHashSet(new ByKind()).Count;
    try { Array.Sort(new object[] { 1, "a" }); } catch (InvalidOperationException) { }
    try { Array.Sort(new[] { new Item(null!), new Item(null!) }); } catch (InvalidOperationException) { }
});
Step.Run("queues, graphs, simulations", () =>
{
    var queue = new PriorityQueue<string, int>(Comparer<int>.Create((a, b) => b.CompareTo(a))); queue.Enqueue("a", 1); queue.EnqueueRange([("b", 2), ("c", 3)]);
    _ = queue.EnqueueDequeue("d", 9) + queue.Peek() + queue.Dequeue() + queue.TryDequeue(out _, out int rank) + rank + queue.Count + queue.UnorderedItems.Count
        + queue.DequeueEnqueue("z", 0); queue.EnsureCapacity(10); queue.TrimExcess(); queue.Clear();
    var jobs = new PriorityQueue<Order, (int, DateTime)>(orders.Take(9).Select(o => (o, (o.Id % 3, o.At))));
    while (jobs.TryDequeue(out var job, out var p)) _ = job.Id + p.Item1;
    var graph = new Graph<string>(); foreach (var (from, to, cost) in new[] {
                ("a", "b", 4.0), ("a", "c", 1.0), ("c", "b", 2.0), ("b", "d", 5.0), ("c", "d", 8.0) }) graph.Add(from, to, cost);
    var (distance, path) = graph.Shortest("a", "d");
    Console.WriteLine($"{distance} {string.Join("->", path)} {string.Join(',', graph.Sorted())} {graph.Breadth("a").Count()}"); var grid = new Graph<(int X, int Y)>();
    for (int i = 0; i < 20; i++) grid.Add((i % 5, i / 5), ((i + 1) % 5, i / 5), 1); _ = grid.Breadth((0, 0)).Count() + new Graph<int>().Sorted().Count;
    var unions = new UnionFind(10); unions.Join(1, 2); _ = unions.Find(1) == unions.Find(2);
    try { var cyclic = new Graph<string>(); cyclic.Add("a", "b", 1); cyclic.Add("b", "a", 1); cyclic.Sorted(); }
        catch (InvalidOperationException e) { Console.WriteLine(e.Message); } bool[,] life = new bool[16, 16];
    life[1, 2] = life[2, 3] = life[3, 1] = life[3, 2] = life[3, 3] = true; for (int g = 0; g < 4; g++) life = NextLife(life); var text = new StringBuilder();
    for (int y = 0; y < 6; y++) text.AppendLine(string.Concat(Enumerable.Range(0, 6).Select(x => life[x, y] ? '#' : '.'))); Console.Write(text);
    var agenda = new PriorityQueue<(string Kind, int Id), TimeSpan>(); agenda.Enqueue(("arrive", 1), TimeSpan.Zero); var line = new Queue<int>();
    var rng = new Random(3); TimeSpan now = default; int served = 0;
    while (agenda.TryDequeue(out var e, out now) && now < TimeSpan.FromMinutes(30)) switch (e) { case ("arrive", var id): line.Enqueue(id);
        agenda.Enqueue(("arrive", id + 1), now + TimeSpan.FromMinutes(1 + rng.Next(3))); agenda.Enqueue(("serve", id), now + TimeSpan.FromSeconds(30 + rng.Next(90)));
        break; case ("serve", _): served += line.Dequeue() > 0 ? 1 : 0; break; }
    var bodies = Enumerable.Range(0, 5).Select(i => new Body(new(i, i * i), new(0, 1), 1 + i)).ToArray();
    for (int s = 0; s < 5; s++) bodies = [.. bodies.AsParallel().AsOrdered().Select(b => b.Move(bodies, .01f))];
    Console.WriteLine($"{served} {now:hh\\:mm} {bodies[0].At.X:F3}"); _ = Knapsack([3, 4, 2], [4, 5, 3], 6) + Permutations([1, 2, 3, 4]).Count();
    var deque = new LinkedList<int>([1, 2]); deque.AddFirst(0); deque.RemoveLast(); _ = deque.First!.Next!.Value; var bits = new BitArray(100);
    for (int i = 2; i < 100; i++) bits[i] = IsPrime(i); _ = bits.Cast<bool>().Count(b => b) + bits.And(new BitArray(100, true)).Length;
    var stack = new Stack<(int, int)>([(1, 2)]); _ = stack.TryPop(out var top) ? top.Item1 : stack.Count;
});
Step.Run("collector and weak references", () =>
{
    _ = GC.GetTotalMemory(false) + GC.CollectionCount(0) + GC.GetGeneration(orders) + GC.MaxGeneration + GC.GetTotalAllocatedBytes()
        + GC.GetAllocatedBytesForCurrentThread() + GC.GetGCMemoryInfo().HeapSizeBytes + GC.GetGCMemoryInfo(GCKind.Any).PauseTimePercentage + GC.GetTotalPauseDuration()
        .Ticks + GC.GetConfigurationVariables().Count; var mode = GCSettings.LatencyMode; GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
    GCSettings.LatencyMode = mode; _ = GCSettings.IsServerGC; GC.AddMemoryPressure(1000); GC.RemoveMemoryPressure(1000);
    try { if (GC.TryStartNoGCRegion(100_000)) GC.EndNoGCRegion(); } catch (InvalidOperationException) { }
    var weak = new WeakReference<byte[]>(new byte[100]); var old = new WeakReference(new object(), trackResurrection: false); Resource.Leak(); GC.Collect();
    GC.WaitForPendingFinalizers(); GC.Collect(0, GCCollectionMode.Optimized, false); Console.WriteLine(weak.TryGetTarget(out _) | old.IsAlive); weak.SetTarget([1]);
    var extra = new ConditionalWeakTable<Order, List<string>>(); extra.GetOrCreateValue(orders[0]).Add("note"); extra.Add(orders[1], []);
    _ = extra.TryGetValue(orders[1], out var notes) ? notes.Count : extra.GetValue(orders[2], _ => []).Count; extra.AddOrUpdate(orders[0], []); extra.Remove(orders[1]);
    GC.KeepAlive(orders);
    var handle = GCHandle.Alloc(new byte[10], GCHandleType.Pinned); _ = handle.AddrOfPinnedObject() != 0 && handle.IsAllocated; handle.Free();
    var weakHandle = GCHandle.Alloc(orders, GCHandleType.Weak); _ = weakHandle.Target; weakHandle.Free(); var pinned = GC.AllocateArray<byte>(10, pinned: true);
    var dependent = new DependentHandle(orders, pinned); _ = dependent.Dependent; dependent.Dispose(); RuntimeHelpers.EnsureSufficientExecutionStack();
    _ = RuntimeHelpers.GetHashCode(orders) + (RuntimeHelpers.IsReferenceOrContainsReferences<Sample>() ? 1 : 0); using var gate = new MemoryFailPoint(1);
    AppContext.TryGetSwitch("Own.Switch", out _);
});
await Step.Run("events, metrics, activities", async () =>
{
    using var listener = new LogListener(); ToolEvents.Log.Started("run", 3); ToolEvents.Log.Progress(1, 2.5, 7L); ToolEvents.Log.Failed(new IOException("x").Message);
    ToolEvents.Log.Timed(4.5); ToolEvents.Log.Write("Dynamic", new EventSourceOptions { Level = EventLevel.Informational }, new { A = 1, B = "b" });
    ToolEvents.Log.Stopped(); EventSource.SetCurrentThreadActivityId(Guid.NewGuid(), out Guid old);
    _ = ToolEvents.Log.IsEnabled(EventLevel.Verbose, EventKeywords.None) && EventSource.GetSources().Any(s => s.Name == ToolEvents.Log.Name && s.Guid != old);
    await listener.FirstCounters.WaitAsync(TimeSpan.FromSeconds(9)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    using var meter = new Meter("tool.parallel", "1.0", [new("k", "v")]); var count = meter.CreateCounter<long>("items", "{item}", "Items done");
    var time = meter.CreateHistogram<double>("time", "ms"); var depth = meter.CreateUpDownCounter<int>("depth");
    meter.CreateObservableGauge("memory", () => GC.GetTotalMemory(false), "By");
    meter.CreateObservableCounter("ticks", () => new[] { new Measurement<int>(1, new KeyValuePair<string, object?>("a", 1)) });
    meter.CreateObservableUpDownCounter("level", () => new Measurement<double>(1.5)); var sums = new ConcurrentDictionary<string, double>();
    using (var collector = new MeterListener()) { collector.InstrumentPublished = (instrument, l) =>
            { if (instrument.Meter.Name == "tool.parallel") l.EnableMeasurementEvents(instrument, instrument.Name); }; collector.MeasurementsCompleted = (_, _) => { };
        collector.SetMeasurementEventCallback<long>((i, v, tags, state) => { foreach (var tag in tags) _ = tag.Key; sums.AddOrUpdate(i.Name, v, (_, x) => x + v); });
        collector.SetMeasurementEventCallback<double>((i, v, _, _) => sums[i.Name] = v); collector.SetMeasurementEventCallback<int>((i, v, _, _) => sums[i.Name] = v);
        collector.Start(); count.Add(1); count.Add(2, new KeyValuePair<string, object?>("kind", "a")); count.Add(3, new("a", 1), new("b", 2));
        time.Record(1.5, new TagList { { "a", 1 }, { "b", "c" } }); depth.Add(-1); collector.RecordObservableInstruments(); _ = count.Enabled; }
    Console.WriteLine(string.Join(' ', sums.Keys.Order(StringComparer.Ordinal)));
    using var source = new ActivitySource("tool", "1");
    using var tracer = new ActivityListener { ShouldListenTo = s => s.Name == "tool",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded, ActivityStarted = _ => { },
            ActivityStopped = a => _ = a.Duration }; ActivitySource.AddActivityListener(tracer);
    using (var outer = source.StartActivity("outer", ActivityKind.Server)) {
            outer?.SetTag("size", 5).AddEvent(new ActivityEvent("half", tags: new() { { "n", 1 } })).AddBaggage("b", "c").SetStatus(ActivityStatusCode.Error, "bad");
        using var inner = source.StartActivity(ActivityKind.Internal, outer!.Context, [new("t", 1)], [new ActivityLink(outer.Context)], name: "inner");
        await Task.Yield(); Console.WriteLine(Activity.Current?.ParentSpanId == outer.SpanId);
        _ = inner!.TraceId.ToHexString() + inner.Id + inner.GetBaggageItem("b") + string.Join(',', outer.TagObjects.Select(t => t.Key))
            + ActivityContext.TryParse(outer.Id, null, out _); } Trace.Listeners.Add(new TextWriterTraceListener(new StringWriter())); Trace.WriteLine("x");
    Trace.TraceInformation("i {0}", 1); using var diagnostics = new DiagnosticListener("d");
    using var sub = diagnostics.Subscribe(new Watcher<KeyValuePair<string, object?>>()); if (diagnostics.IsEnabled("e")) diagnostics.Write("e", 1);
});
await Step.Run("values of every kind through pipes and queues", async () =>
{
    await Through(1, 2); await Through(1L, 2L); await Through(1.5, 2.5); await Through(true, false); await Through("a", "b"); await Through(orders[0], orders[1]);
    await Through(Guid.Empty, new Guid(1, 2, 3, new byte[8])); await Through(DateTime.UnixEpoch, DateTime.MaxValue); await Through((1, 2), (3, 4));
    await Through(("a", 1), ("b", 2)); await Through(1.5m, 2m); await Through((1, "a"), (2, "b"));
});
Step.Run("keys and sums of every kind", () =>
{
    ParallelKeys(orders, o => o.Id); ParallelKeys(orders, o => o.Customer); ParallelKeys(orders, o => o.At.Date);
    Keys(orders, o => o.Id); Keys(orders, o => o.Id % 2 == 0); Keys(orders, o => o.Customer); Keys(orders, o => (double)o.Amount); Keys(orders, o => o.At.Date);
    Keys(orders, o => o.At.DayOfWeek); Keys(orders, o => (o.Customer, o.Id % 2));
    var q = orders.AsParallel(); _ = q.Sum(o => o.Id) + q.Sum(o => (long)o.Id) + q.Sum(o => (float)o.Id) + q.Sum(o => (double)o.Id) + q.Sum(o => (int?)o.Id)
        + q.Sum(o => (long?)o.Id) + q.Sum(o => (double?)o.Id) + (double)q.Sum(o => (decimal?)o.Id)!;
    _ = q.Average(o => o.Id) + q.Average(o => (long)o.Id) + q.Average(o => (float)o.Id) + q.Average(o => (int?)o.Id) + q.Average(o => (double?)o.Id)
        + (double)q.Average(o => (decimal?)o.Id)!;
    _ = q.Min(o => o.Id) + q.Min(o => (long)o.Id) + q.Max(o => (float)o.Id) + q.Min(o => (double?)o.Id) + q.Max(o => (int?)o.Id) + (double)q.Max(o => o.Amount)
        + q.Min(o => o.At)!.Year + q.Max(o => o.Customer)!.Length;
    _ = ParallelEnumerable.Range(0, 9).Sum() + ParallelEnumerable.Range(0, 9).Max() + ParallelEnumerable.Range(0, 9).Average() + samples.Select(s => s.Value)
        .AsParallel().Min();
    _ = orders.Sum(o => o.Id) + orders.Sum(o => (long)o.Id) + orders.Sum(o => (float)o.Id) + orders.Average(o => (int?)o.Id) + orders.Max(o => (long?)o.Id)
        + orders.Min(o => (double?)o.Id) + (double)orders.Average(o => o.Amount) + orders.Select(o => (float)o.Id).Max() + orders.Select(o => (long)o.Id).ToArray()
        .Min() + Enumerable.Range(1, 5).Select(i => (double)i).ToList().Sum();
    _ = Average<float, double>([1f, 2f]) + Average<byte, double>([1, 2]) + (double)Average<int, decimal>([1, 2]) + (double)Average<decimal,
        decimal>([1m, 2m]) + Average<double, float>([1.5, 2]) + Sum([1L, 2L]) + Sum([1f, 2f]) + Sum([(short)1]) + Sum(new List<byte> { 1 })
        + (double)Sum(new[] { Half.One }) + (double)Sum(new Int128[] { 1, 2 }) + Power(2L, 5) + (double)Power(2m, 5) + (double)Power(new BigInteger(3), 9)
        + Power(new Complex(1, 1), 3).Real + Clamp01(5m == 5 ? 0.5f : 1f) + (double)Clamp01(1.5m)
        + (Parse<Guid>("00000000-0000-0000-0000-000000000000") == default ? 1 : 0);
});
Step.Run("points, grids, tables", () =>
{
    var sparse = new Dictionary<(int Row, int Column), double>();
    for (int i = 0; i < 20; i++) { sparse[(i % 4, i % 5)] = i; sparse.TryAdd((i, i), 1); }
    _ = sparse.GetValueOrDefault((9, 9)) + sparse.Where(p => p.Key.Row == 2)
        .Sum(p => p.Value) + sparse.Keys.Max(k => k.Column) + (sparse.Remove((1, 1), out double gone) ? gone : 0) + sparse.GroupBy(p => p.Key.Row)
        .ToDictionary(g => g.Key, g => g.Select(p => p.Value).ToList()).Count;
    var open = new PriorityQueue<(int X, int Y), int>(); var walls = new HashSet<(int X, int Y)> { (1, 0), (1, 1), (1, 2) };
    var came = new Dictionary<(int X, int Y), (int X, int Y)>(); var cost = new Dictionary<(int, int), int> { [(0, 0)] = 0 }; open.Enqueue((0, 0), 0);
    while (open.TryDequeue(out var at, out _) && at != (4, 0)) foreach (var (dx, dy) in new (int, int)[] { (0, 1), (1, 0), (0, -1), (-1, 0) }) {
            var next = (X: at.X + dx, Y: at.Y + dy);
        if (next.X is < 0 or > 5 || next.Y is < 0 or > 5 || walls.Contains(next)) continue; int c = cost[at] + 1;
        if (!cost.TryGetValue(next, out int old) || c < old) { cost[next] = c; came[next] = at; open.Enqueue(next, c + Math.Abs(4 - next.X) + next.Y); } }
    var trail = new Stack<(int, int)>(); for (var p = (X: 4, Y: 0); came.TryGetValue(p, out var from); p = from) trail.Push(p);
    Console.WriteLine($"{trail.Count} steps, {string.Join(' ', trail.Take(3))}");
    var lists = new Dictionary<int, List<int>>(); foreach (var (a, b) in new[] { (1, 2), (2, 3), (1, 3) }) { if (!lists.TryGetValue(a, out var l)) lists[a] = l = [];
        l.Add(b); } var fringe = new Queue<(int Node, int Depth)>(); fringe.Enqueue((1, 0));
    while (fringe.Count > 0) { var (node, depth) = fringe.Dequeue(); foreach (int n in lists.GetValueOrDefault(node, [])) fringe.Enqueue((n, depth + 1)); }
    var heap = new PriorityQueue<int, double>(); heap.Enqueue(1, 2.5);
    _ = heap.Dequeue() + new PriorityQueue<long, long>([(1, 2)]).Peek() + new PriorityQueue<string, double>().Count;
    var edges = new SortedSet<(double Weight, int A, int B)> { (2.5, 1, 2), (1.5, 2, 3), (3, 1, 3) }; var forest = new UnionFind(5); double weight = 0;
    foreach (var (w, a, b) in edges) if (forest.Find(a) != forest.Find(b)) { forest.Join(a, b); weight += w; }
    var table = new SortedDictionary<double, int> { [1.5] = 1 };
    _ = table.First().Value + new SortedList<int, string> { [2] = "b", [1] = "a" }.Values[0] + new SortedSet<int>([3, 1])
        .Min + new SortedSet<(int, int)> { (1, 2) }.Count + new SortedDictionary<(int, int), string> { [(1, 1)] = "x" }.Count + weight;
    List<(double X, double Y)> cloud = [.. Enumerable.Range(0, 30).Select(i => (Math.Sin(i * 7), Math.Cos(i * 3)))]; cloud.Sort();
    cloud.Sort((a, b) => a.Y.CompareTo(b.Y)); var centers = cloud.Take(3).ToArray();
    for (int round = 0; round < 3; round++) centers = [.. cloud.GroupBy(p => Enumerable.Range(0, 3)
                .MinBy(k => Math.Pow(p.X - centers[k].X, 2) + Math.Pow(p.Y - centers[k].Y, 2))).OrderBy(g => g.Key)
            .Select(g => (g.Average(p => p.X), g.Average(p => p.Y)))];
    _ = cloud.MaxBy(p => p.X).Y + cloud.Select(p => p.X).Order().ElementAt(3) + cloud.Distinct().Count() + cloud.ToLookup(p => p.X > 0)[true].Count();
    var sieve = new bool[200]; var found = new List<int>();
    for (int i = 2; i < sieve.Length; i++) { if (sieve[i]) continue; found.Add(i); for (int j = i * i; j < sieve.Length; j += i) sieve[j] = true; }
    var factors = new SortedDictionary<int, int>(); for (int n = 360, p = 0;
        n > 1;) if (n % found[p] == 0) { factors[found[p]] = factors.GetValueOrDefault(found[p]) + 1; n /= found[p]; } else p++;
    Console.WriteLine(string.Join(" * ", factors.Select(f => $"{f.Key}^{f.Value}")) + " " + found.Aggregate((a, b) => Math.Max(a, b)) + found.Where(p => p % 4 == 1)
            .Select(p => (long)p * p).Sum() + found.Zip(found.Skip(1)).Count(p => p.Second - p.First == 2));
    _ = new Graph<int>().Sorted().Count + new Graph<char>().Sorted().Count;
    var combos = from a in Enumerable.Range(1, 20) from b in Enumerable.Range(a, 20) let c = Math.Sqrt(a * a + b * b) where c % 1 == 0 orderby c descending,
        a select (a, b, (int)c); _ = combos.First().Item3 + combos.Select(t => t.a).Distinct().OrderDescending().ToList().Count; var rolling = new Queue<double>();
    double window = 0; foreach (double x in cloud.Select(p => p.Y)) { rolling.Enqueue(x); window += x; if (rolling.Count > 5) window -= rolling.Dequeue(); }
    var digits = 1234567.ToString(CultureInfo.InvariantCulture).Select(c => c - '0').Reverse().ToArray(); _ = digits.Sum() + window;
    var counts = "mississippi".GroupBy(c => c).ToDictionary(g => g.Key, g => g.Count());
    var codes = new PriorityQueue<(string Symbols, int Count), int>(counts.Select(p => ((p.Key.ToString(), p.Value), p.Value)));
    while (codes.Count > 1) { var (a, b) = (codes.Dequeue(), codes.Dequeue()); codes.Enqueue((a.Symbols + b.Symbols, a.Count + b.Count), a.Count + b.Count); }
    _ = codes.Peek().Symbols.Length + counts.MaxBy(p => p.Value).Key + "mississippi".CountRuns()
        .Max(r => r.Length) + -counts.Values.Sum(n => n / 11.0 * Math.Log2(n / 11.0)); Array grid = Array.CreateInstance(typeof(double), 3, 4);
    grid.SetValue(1.5, 1, 1); _ = (double)grid.GetValue(1, 1)! + grid.Rank + grid.GetUpperBound(1) + ((double[,])grid.Clone()).Length;
});
await Step.Run("files, records, reports", async () =>
{
    var dir = Directory.CreateTempSubdirectory("crunch");
    try { string csv = Path.Combine(dir.FullName, "stations.csv");
        await using (var w = new StreamWriter(csv, false, new UTF8Encoding(false), 4096)) { await w.WriteLineAsync("station;value;at");
            foreach (var s in samples) await w.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                        $"{s.Kind}{s.Id % 5};{s.Value:F1};{DateTime.UnixEpoch.AddDays(s.Id):O}")); }
        var totals = new ConcurrentDictionary<string, Tally>(StringComparer.Ordinal);
        Parallel.ForEach(File.ReadLines(csv).Skip(1), line =>
                { string[] f = line.Split(';'); totals.AddOrUpdate(f[0], new Tally(1, double.Parse(f[1], CultureInfo.InvariantCulture)),
                        (_, t) => t.Add(double.Parse(f[1], CultureInfo.InvariantCulture))); });
        foreach (var (name, t) in totals.OrderBy(p => p.Key, StringComparer.Ordinal).Take(2)) Console.WriteLine($"{name,-8}|{t.Count,5}|{t.Sum / t.Count,8:F2}");
        var parsed = await File.ReadAllLinesAsync(csv); var rows = parsed.AsParallel().Skip(1).Select(l => l.Split(';')).Where(f => f.Length == 3)
            .Select(f => (Name: f[0], At: DateTime.Parse(f[2], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind))).GroupBy(r => r.At.Year)
            .ToDictionary(g => g.Key, g => g.Count()); byte[] raw = await File.ReadAllBytesAsync(csv); int lines = 0;
        using (var handle = File.OpenHandle(csv, options: FileOptions.Asynchronous | FileOptions.RandomAccess)) { long size = RandomAccess.GetLength(handle);
            lines = (await Task.WhenAll(Enumerable.Range(0, 3)
                        .Select(async part => { long from = size * part / 3; byte[] buffer = new byte[size * (part + 1) / 3 - from];
                            await RandomAccess.ReadAsync(handle, buffer, from); return buffer.AsSpan().Count((byte)'\n'); }))).Sum(); }
        _ = Utf8Rows(raw) + lines + rows.Count;
        using (var map = System.IO.MemoryMappedFiles.MemoryMappedFile.CreateFromFile(csv)) using (var view = map.CreateViewAccessor(0, 100)) _ = view.ReadByte(3);
        var report = new Report("crunch", totals.ToDictionary(p => p.Key, p => p.Value.Sum), [.. samples.Take(3)], new Dictionary<Region,
                decimal> { [Region.East] = 1.5m }, TimeSpan.FromSeconds(1.5));
        var options = new System.Text.Json.JsonSerializerOptions {
                WriteIndented = true, PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.CamelCase,
                Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } }; string json = Path.Combine(dir.FullName, "report.json");
        await using (var s = File.Create(json)) await System.Text.Json.JsonSerializer.SerializeAsync(s, report, options);
        await using (var s = File.OpenRead(json)) _ = (await System.Text.Json.JsonSerializer.DeserializeAsync<Report>(s, options))!.Totals.Count;
        await Parallel.ForEachAsync(Directory.EnumerateFiles(dir.FullName, "*.*", SearchOption.AllDirectories),
                async (file, token) => { await using var s = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 4096, useAsync: true);
                _ = Convert.ToHexString(await System.Security.Cryptography.SHA256.HashDataAsync(s, token)); using var r = new StreamReader(file);
                while (await r.ReadLineAsync(token) is { } line) lines += line.Length; });
        long nonce = -1; Parallel.For(0L, 5000L, (n, state) =>
                { Span<byte> hash = stackalloc byte[32]; Span<byte> data = stackalloc byte[8]; BitConverter.TryWriteBytes(data, n);
                System.Security.Cryptography.SHA256.HashData(data, hash); if (hash[0] == 0) { Interlocked.CompareExchange(ref nonce, n, -1); state.Stop(); } });
        Console.WriteLine(nonce >= 0); using var frames = new BinaryWriter(File.Create(Path.Combine(dir.FullName, "f.bin")));
        foreach (var s in samples.Take(3)) { frames.Write(s.Id); frames.Write(s.Value); frames.Write(s.Kind); } frames.Flush(); } finally { dir.Delete(true); }
});
await Step.Run("workers, signals, the process", async () =>
{
    using var stop = new CancellationTokenSource(); Console.CancelKeyPress += (_, e) => e.Cancel = true;
    using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => c.Cancel = true); AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.Out.Flush();
    using var worker = new System.ComponentModel.BackgroundWorker { WorkerReportsProgress = true, WorkerSupportsCancellation = true };
    var finished = new TaskCompletionSource<object?>();
    worker.DoWork += (s, e) => { ((System.ComponentModel.BackgroundWorker)s!).ReportProgress(50, "half"); e.Result = (int)e.Argument! * 2; };
    worker.ProgressChanged += (_, e) => _ = e.ProgressPercentage; worker.RunWorkerCompleted += (_, e) => finished.TrySetResult(e.Error ?? e.Result);
    worker.RunWorkerAsync(4); Console.WriteLine(await finished.Task); using var self = Process.GetCurrentProcess();
    _ = self.TotalProcessorTime + self.UserProcessorTime; self.Refresh();
    _ = self.WorkingSet64 + self.PeakWorkingSet64 + self.Threads.Count + self.Id + Environment.ProcessorCount + Environment.ProcessId + Environment.WorkingSet
        + (Environment.Is64BitProcess ? 1 : 0) + Environment.CurrentManagedThreadId + (Debugger.IsAttached ? 1 : 0);
    _ = $"{RuntimeInformation.FrameworkDescription} {RuntimeInformation.ProcessArchitecture} {Environment.Version}";
    _ = $"{Timer.ActiveCount} {Monitor.LockContentionCount} {Task.CurrentId} {TaskScheduler.Current.Id}";
    _ = $"{AppContext.BaseDirectory.Length} {GCSettings.LargeObjectHeapCompactionMode}"; Interlocked.MemoryBarrierProcessWide();
    await stop.Token.Register((s, t) => { }, "state").DisposeAsync(); var state = new Task<string>(s => (string)s! + "!", "x"); state.Start(); await state;
    _ = $"{state.AsyncState} {state.CreationOptions} {state.Status}"; _ = ExecutionContext.IsFlowSuppressed();
    foreach (var (name, action) in new (string, Action)[] {
                ("sort", () => Enumerable.Range(0, 300).OrderByDescending(i => i).ToArray()), ("text", () => string.Concat(Enumerable.Repeat("ab", 50))) }) {
            var times = new List<TimeSpan>(); for (int i = 0; i < 3; i++) { long from = Stopwatch.GetTimestamp(); action(); times.Add(Stopwatch.GetElapsedTime(from)); }
        times.Sort(); _ = $"{name,-6}{times[1].TotalMicroseconds,10:F1} us {TimeSpan.FromTicks((long)times.Average(t => t.Ticks)):g} {times.Max():c}"; }
    var fast = Parse(["--threads=2", "-n", "5", "--mode", "East", "--verbose", "data.csv"]); Console.WriteLine(fast + " " + fast.Files[0]);
    try { Parse(["--threads=x"]); } catch (ArgumentException e) { Console.WriteLine(e.Message); }
    using var commands = new StringReader("add 1 2\nmul 3 4\ndiv 1 0\nquit");
    var operations = new Dictionary<string, Func<decimal, decimal,
        decimal>>(StringComparer.OrdinalIgnoreCase) { ["add"] = (a, b) => a + b, ["mul"] = decimal.Multiply, ["div"] = decimal.Divide };
    while (await commands.ReadLineAsync() is { } line && line != "quit") try {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [var op, var a,
                    var b]) Console.WriteLine(operations[op](decimal.Parse(a), decimal.Parse(b))); } catch (DivideByZeroException e) { Console.WriteLine(e.Message); }
});
Console.WriteLine("done");
return Step.Exit;

public enum Region { North, South, East }
public sealed record Order(int Id, string Customer, decimal Amount, DateTime At, Region Region);
public readonly record struct Sample(int Id, double Value, string Kind) : IComparable<Sample>
{
    public int CompareTo(Sample other) => (Value, Id).CompareTo((other.Value, other.Id));
}
public sealed class SampleById : IComparer<Sample> { public int Compare(Sample x, Sample y) => x.Id.CompareTo(y.Id); }
public sealed class ByKind : IEqualityComparer<Sample>
{
    public bool Equals(Sample x, Sample y) => x.Kind == y.Kind;
    public int GetHashCode(Sample s) => string.GetHashCode(s.Kind, StringComparison.Ordinal);
}
public sealed class HttpLikeException(int code, Exception? inner = null) : Exception($"status {code}", inner) { public int Code => code; }
public sealed record Tally(int Count, double Sum) { public Tally Add(double v) => new(Count + 1, Sum + v); }
public sealed record Report(string Name, Dictionary<string, double> Totals, List<Sample> Samples, Dictionary<Region, decimal> Regions, TimeSpan Took);
public sealed record Options(int Threads = 1, long Count = 1, Region Mode = Region.North, bool Verbose = false) { public List<string> Files { get; } = []; }
public static class Shared
{
    public static int Phases; public static ImmutableList<string> Names = []; [ThreadStatic] public static int Depth;
}

/// <summary>What the steps compute.</summary>
public static class Kit
{
    public static bool IsPrime(int n) { for (int i = 2; i * i <= n; i++) if (n % i == 0) return false; return n > 1; }
    public static int Mandelbrot(Complex c) { Complex z = 0; int n = 0; while (n < 30 && z.Magnitude < 2) { z = z * z + c; n++; } return n; }
    public static async IAsyncEnumerable<int> Numbers(int count, [EnumeratorCancellation] CancellationToken token = default)
    {
        for (int i = 0; i < count; i++) { token.ThrowIfCancellationRequested(); if (i % 2 == 0) await Task.Yield(); yield return i; }
    }
    public static async IAsyncEnumerable<int> Failing() { yield return 1; await Task.Yield(); throw new InvalidDataException("row 2"); }
    public static async IAsyncEnumerable<R> Map<T, R>(IAsyncEnumerable<T> source, Func<T, R> f)
    {
        await foreach (var x in source.ConfigureAwait(false)) yield return f(x);
    }
    public static async IAsyncEnumerable<IReadOnlyList<T>> Pages<T>(IAsyncEnumerable<T> source, int size)
    {
        var page = new List<T>(size);
        await foreach (var x in source) { page.Add(x); if (page.Count == size) { yield return page; page = new(size); } }
        if (page.Count > 0) yield return page;
    }
    public static async Task<int> Compute(int n, int delay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        if (delay > 0) await Task.Delay(delay).ConfigureAwait(false);
        return n * 10;
    }
    public static IAsyncResult Begin(int n, AsyncCallback? callback, object? state) => TaskToAsyncResult.Begin(Compute(n, 1), callback, state);
    public static async Task<T> Retry<T>(Func<int, Task<T>> action, int times)
    {
        for (int i = 0; ; i++)
            try { return await action(i); }
            catch (HttpLikeException e) when (i + 1 < times && e.Code >= 500) { await Task.Delay(TimeSpan.FromMilliseconds(Math.Pow(2, i))); }
    }
    public static async Task<R[]> Throttle<T, R>(T[] items, int limit, Func<T, Task<R>> f)
    {
        using var gate = new SemaphoreSlim(limit);
        return await Task.WhenAll(items.Select(async x => { await gate.WaitAsync(); try { return await f(x); } finally { gate.Release(); } }));
    }
    public static async Task Interleave()
    {
        var tasks = new[] { Compute(1, 3), Compute(2, 1) }; var slots = tasks.Select(_ => new TaskCompletionSource<int>()).ToArray(); int next = -1;
        foreach (var t in tasks) _ = t.ContinueWith(d => slots[Interlocked.Increment(ref next)].TrySetResult(d.Result), TaskContinuationOptions.ExecuteSynchronously);
        foreach (var s in slots) await s.Task;
    }
    public static ChannelReader<int> Source(int count)
    {
        var c = Channel.CreateBounded<int>(2);
        _ = Task.Run(async () => { Exception? error = null;
                try { await foreach (int n in Numbers(count)) await c.Writer.WriteAsync(n); } catch (Exception e) { error = e; } finally { c.Writer.Complete(error); }
                });
        return c;
    }
    public static ChannelReader<R> Stage<T, R>(ChannelReader<T> input, Func<T, R> f)
    {
        var c = Channel.CreateUnbounded<R>(new() { SingleWriter = true });
        _ = Task.Run(async () => { while (await input.WaitToReadAsync()) while (input.TryRead(out var x)) await c.Writer.WriteAsync(f(x)); c.Writer.TryComplete(); });
        return c.Reader;
    }
    public static ChannelReader<T> Merge<T>(params ChannelReader<T>[] inputs)
    {
        var c = Channel.CreateUnbounded<T>();
        _ = Task.WhenAll(inputs.Select(async i => { await foreach (var x in i.ReadAllAsync()) await c.Writer.WriteAsync(x); }))
            .ContinueWith(t => c.Writer.Complete(t.Exception), TaskScheduler.Default);
        return c.Reader;
    }
    public static T Sum<T>(IEnumerable<T> values) where T : INumber<T> { T sum = T.Zero; foreach (T v in values) sum += v; return sum; }
    public static R Average<T, R>(ReadOnlySpan<T> values) where T : INumber<T> where R
        : IFloatingPoint<R> { R sum = R.Zero; foreach (T v in values) sum += R.CreateChecked(v); return sum / R.CreateChecked(values.Length); }
    public static T Clamp01<T>(T x) where T : IFloatingPoint<T> => T.Clamp(T.Round(x, 2), T.Zero, T.One);
    public static T Parse<T>(string s) where T : ISpanParsable<T> => T.TryParse(s.AsSpan(), CultureInfo.InvariantCulture, out T? x) ? x : T.Parse(s, null);
    public static T Power<T>(T x, int n) where T : IMultiplyOperators<T, T, T>, IMultiplicativeIdentity<T,
        T> { T r = T.MultiplicativeIdentity; while (n-- > 0) r *= x; return r; }
    public static T Max<T>(ReadOnlySpan<T> xs) where T : IComparable<T> { T m = xs[0]; foreach (T x in xs) if (x.CompareTo(m) > 0) m = x; return m; }
    public static Complex[] Fft(Complex[] x)
    {
        if (x.Length == 1) return x;
        var even = Fft([.. x.Where((_, i) => i % 2 == 0)]); var odd = Fft([.. x.Where((_, i) => i % 2 == 1)]); var y = new Complex[x.Length];
        for (int k = 0; k < even.Length; k++)
        {
            var t = Complex.FromPolarCoordinates(1, -2 * Math.PI * k / x.Length) * odd[k]; y[k] = even[k] + t;
            y[k + even.Length] = even[k] - t;
        }
        return y;
    }
    public static async Task Through<T>(T a, T b)
    {
        var bounded = Channel.CreateBounded<T>(1); var writing = Task.Run(async () =>
                { await bounded.Writer.WriteAsync(a); await bounded.Writer.WriteAsync(b); bounded.Writer.Complete(); });
        var seen = new List<T>(); await foreach (T x in bounded.Reader.ReadAllAsync()) seen.Add(x); await writing; var free = Channel.CreateUnbounded<T>();
        var waiting = free.Reader.ReadAsync(); free.Writer.TryWrite(a); await waiting;
        var queue = new ConcurrentQueue<T>(seen); queue.Enqueue(a); _ = queue.TryDequeue(out _) && queue.TryPeek(out _); var stack = new ConcurrentStack<T>(seen);
        stack.Push(b); stack.TryPop(out _); var bag = new ConcurrentBag<T>(seen); bag.Add(b); bag.TryTake(out _);
        _ = queue.ToArray().Length + stack.ToArray().Length + bag.ToArray().Length;
        using var blocking = new BlockingCollection<T>(2) { a }; blocking.CompleteAdding(); foreach (T x in blocking.GetConsumingEnumerable()) seen.Add(x);
        var map = new ConcurrentDictionary<string, T>(); map["a"] = a; _ = map.GetOrAdd("b", _ => b); map.AddOrUpdate("a", b, (_, x) => x); map.TryRemove("a", out _);
        foreach (var (_, x) in map) seen.Add(x);
        var pass = new TransformBlock<T, string>(x => $"{x}"); var buffer = new BufferBlock<T>();
        buffer.LinkTo(pass, new DataflowLinkOptions { PropagateCompletion = true }); buffer.Post(a); await buffer.SendAsync(b);
        _ = await pass.ReceiveAsync() + await pass.ReceiveAsync(); var last = new ActionBlock<T>(seen.Add); last.Post(a); last.Complete(); await last.Completion;
        _ = seen.AsParallel().Select(x => (x, 1)).ToList().Count + seen.AsParallel().AsOrdered().Where(x => x != null).ToArray().Length + seen.AsParallel().Distinct()
            .Count() + seen.AsParallel().GroupBy(x => x).Count(); Parallel.ForEach(seen, x => queue.Enqueue(x));
        await Parallel.ForEachAsync(seen, (x, _) => ValueTask.CompletedTask);
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously); source.TrySetResult(a);
        T[] both = await Task.WhenAll(source.Task, Task.Run(() => b), Task.FromResult(a), Task.Run(async () => { await Task.Yield(); return b; }));
        await await Task.WhenAny(source.Task, Task.FromResult(b)); await source.Task.ContinueWith(t => t.Result, TaskScheduler.Default);
        await source.Task.WaitAsync(TimeSpan.FromSeconds(9)).ConfigureAwait(false); _ = await new ValueTask<T>(a);
        _ = await new ValueTask<T>(source.Task).ConfigureAwait(false); var lazy = new Lazy<T>(() => a); using var local = new ThreadLocal<T>(() => b);
        var flow = new AsyncLocal<T> { Value = lazy.Value }; _ = local.Value; _ = flow.Value; ((IProgress<T>)new Progress<T>(_ => { })).Report(a);
        await foreach (T x in Map(Numbers(2), n => both[n])) seen.Add(x);
        T[] rented = ArrayPool<T>.Shared.Rent(4); rented[0] = a; ArrayPool<T>.Shared.Return(rented, true); Memory<T> memory = both; memory.Span[1..].Fill(b);
        memory.Span.Reverse(); var list = ImmutableList.Create(a, b).Add(a).ToImmutableArray(); var ranked = new PriorityQueue<T, int>([(a, 2), (b, 1)]);
        _ = ranked.Dequeue(); _ = list.Length + seen.Chunk(2).Count() + seen.Zip(both).Count() + seen.Skip(1).Take(2).Append(a).ToArray().Length;
        var box = Volatile.Read(ref Box<T>.Last); Volatile.Write(ref Box<T>.Last, new() { Value = a }); if (box != null) seen.Add(box.Value!);
        var observed = new Board<T>(); using (observed.Subscribe(new Watcher<T>())) observed.OnNext(a); Random.Shared.Shuffle(both);
        _ = Random.Shared.GetItems(both, 2); if (a is IComparable) { seen.RemoveAll(x => x == null); seen.Sort(); Array.Sort(both); both.AsSpan().Sort();
            _ = seen.Order().First(); _ = seen.AsParallel().OrderBy(x => x).ToArray(); _ = seen.Max(); }
    }
    private sealed class Box<T> { public static Box<T>? Last; public T? Value; }
    public static void ParallelKeys<K>(Order[] orders, Func<Order, K> key) where K : notnull
    {
        var q = orders.AsParallel(); _ = q.OrderBy(key).ThenBy(o => o.Id).ToArray(); _ = q.OrderByDescending(key).First();
        _ = q.GroupBy(key).Select(g => (g.Key, g.Count())).ToList(); _ = q.GroupBy(key, o => o.Amount).ToDictionary(g => g.Key, g => g.Sum());
        _ = q.Select(key).Distinct().ToHashSet(); _ = q.ToLookup(key).Count; _ = q.Join(q.Take(3), key, key, (a, b) => a.Id).Count(); _ = q.Select(key).Max();
        _ = q.Select(key).ToArray();
    }
    public static void Keys<K>(Order[] orders, Func<Order, K> key) where K : notnull
    {
        _ = orders.GroupBy(key).OrderBy(g => g.Key).ToDictionary(g => g.Key, g => g.ToList()); _ = orders.OrderBy(key).ThenByDescending(o => o.Id).ToList();
        _ = orders.Select(key).Distinct().Order().ToArray(); _ = orders.DistinctBy(key).ToDictionary(key, o => o.Customer).Count; _ = orders.MaxBy(key);
        _ = orders.ToLookup(key); _ = orders.Join(orders.Take(2), key, key, (a, b) => b).Count(); var counts = new ConcurrentDictionary<K, int>();
        foreach (var o in orders) counts.AddOrUpdate(key(o), 1, (_, n) => n + 1); _ = counts.OrderByDescending(p => p.Value).First();
        _ = orders.Select(key).ToHashSet().Count;
    }
    public static int Utf8Rows(ReadOnlySpan<byte> text)
    {
        var names = new Dictionary<string, (int Count, double Sum)>();
        for (int end; (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
        {
            var row = text[..end]; int sep = row.IndexOf((byte)';');
            if (sep < 0 || !System.Buffers.Text.Utf8Parser.TryParse(row[(sep + 1)..], out double v, out _)) continue;
            ref var t = ref CollectionsMarshal.GetValueRefOrAddDefault(names, Encoding.UTF8.GetString(row[..sep]), out _);
            t = (t.Count + 1, t.Sum + v);
        }
        return names.Values.Sum(t => t.Count);
    }
    public static IEnumerable<(char Letter, int Length)> CountRuns(this string s)
    {
        for (int i = 0, j; i < s.Length; i = j) { for (j = i; j < s.Length && s[j] == s[i]; j++) { } yield return (s[i], j - i); }
    }
    public static Options Parse(string[] args)
    {
        var o = new Options(); var rest = new Queue<string>(args);
        while (rest.TryDequeue(out string? arg))
            switch (arg.Split('=', 2))
            {
                case ["--threads", var n]: o = o with { Threads = int.TryParse(n, NumberStyles.Integer, CultureInfo.InvariantCulture, out int threads) ? threads
                        : throw new ArgumentException($"not a number: '{n}'", nameof(args)) }; break;
                case ["-n"]: o = o with { Count = long.Parse(rest.Dequeue(), CultureInfo.InvariantCulture) }; break;
                case ["--mode"]: o = o with { Mode = Enum.Parse<Region>(rest.Dequeue(), ignoreCase: true) }; break;
                case ["--verbose"] or ["-v"]: o = o with { Verbose = true }; break;
                default: o.Files.Add(arg); break;
            }
        return o;
    }
    public static double Gauss(Random r) => Math.Sqrt(-2 * Math.Log(1 - r.NextDouble())) * Math.Cos(2 * Math.PI * r.NextDouble());
    public static double Integrate(Func<double, double> f, double a, double b, int n)
    {
        double h = (b - a) / n, s = (f(a) + f(b)) / 2;
        for (int i = 1; i < n; i++) s += f(a + i * h);
        return s * h;
    }
    public static double Kahan(IEnumerable<double> xs)
    {
        double s = 0, c = 0;
        foreach (double x in xs) { double y = x - c, t = s + y; c = t - s - y; s = t; }
        return s;
    }
    public static double[] Solve(double[,] m)
    {
        int n = m.GetLength(0); var x = new double[n];
        for (int p = 0; p < n; p++) for (int r = p + 1; r < n; r++) { double f = m[r, p] / m[p, p]; for (int c = p; c <= n; c++) m[r, c] -= f * m[p, c]; }
        for (int r = n - 1; r >= 0; r--) { double s = m[r, n]; for (int c = r + 1; c < n; c++) s -= m[r, c] * x[c]; x[r] = s / m[r, r]; }
        return x;
    }
    public static void QuickSort<T>(Span<T> s, IComparer<T> by)
    {
        if (s.Length < 2) return;
        T pivot = s[s.Length / 2]; int i = 0, j = s.Length - 1;
        while (i <= j) { while (by.Compare(s[i], pivot) < 0) i++; while (by.Compare(s[j], pivot) > 0) j--; if (i <= j) { (s[i], s[j]) = (s[j], s[i]); i++; j--; } }
        QuickSort(s[..(j + 1)], by); QuickSort(s[i..], by);
    }
    public static T[] MergeSort<T>(T[] a) where T : IComparable<T>
    {
        if (a.Length < 2) return a;
        T[]? left = null, right = null; Parallel.Invoke(() => left = MergeSort(a[..(a.Length / 2)]), () => right = MergeSort(a[(a.Length / 2)..]));
        var all = new List<T>(a.Length); int i = 0, j = 0;
        while (i < left!.Length && j < right!.Length) all.Add(left[i].CompareTo(right[j]) <= 0 ? left[i++] : right[j++]);
        return [.. all, .. left[i..], .. right![j..]];
    }
    public static bool[,] NextLife(bool[,] old)
    {
        int w = old.GetLength(0), h = old.GetLength(1); var next = new bool[w, h];
        Parallel.For(0, w, x => { for (int y = 0; y < h; y++) { int n = 0;
                    for (int dx = -1; dx <= 1; dx++) for (int dy = -1; dy <= 1; dy++) if ((dx, dy) != (0, 0) && old[(x + dx + w) % w, (y + dy + h) % h]) n++;
                    next[x, y] = n == 3 || n == 2 && old[x, y]; } });
        return next;
    }
    public static int Knapsack(int[] weights, int[] values, int room)
    {
        var best = new int[room + 1];
        for (int i = 0; i < weights.Length; i++) for (int r = room; r >= weights[i]; r--) best[r] = Math.Max(best[r], best[r - weights[i]] + values[i]);
        return best[^1];
    }
    public static IEnumerable<T[]> Permutations<T>(T[] items) => items.Length < 2 ? [items]
        : items.SelectMany((x, i) => Permutations(items.Where((_, j) => j != i).ToArray()).Select(p => p.Prepend(x).ToArray()));
}

public sealed class Watcher<T> : IObserver<T> { private readonly List<T> seen = []; public void OnNext(T value) => seen.Add(value);
    public void OnError(Exception e) => seen.Clear(); public void OnCompleted() => seen.TrimExcess(); }
public sealed class Board<T> : IObservable<T>, IObserver<T>
{
    private ImmutableArray<IObserver<T>> observers = [];
    public IDisposable Subscribe(IObserver<T> o)
    {
        ImmutableInterlocked.Update(ref observers, (list, x) => list.Add(x), o);
        return new Undo(() => ImmutableInterlocked.Update(ref observers, (list, x) => list.Remove(x), o));
    }
    public void OnNext(T value) { foreach (var o in observers) o.OnNext(value); }
    public void OnError(Exception e) { foreach (var o in observers) o.OnError(e); }
    public void OnCompleted() { foreach (var o in observers) o.OnCompleted(); }
}
public sealed class Undo(Action action) : IDisposable { private Action? action = action; public void Dispose() => Interlocked.Exchange(ref action, null)?.Invoke(); }
public static class Reactive
{
    private sealed class Pipe<T, R>(IObserver<R> next, Action<T, IObserver<R>> step)
        : IObserver<T> { public void OnNext(T v) { try { step(v, next); } catch (Exception e) { next.OnError(e); } }
        public void OnError(Exception e) => next.OnError(e); public void OnCompleted() => next.OnCompleted(); }
    private sealed class Made<T>(Func<IObserver<T>, IDisposable> subscribe) : IObservable<T> { public IDisposable Subscribe(IObserver<T> o) => subscribe(o); }
    public static IObservable<T> Where<T>(this IObservable<T> source, Predicate<T> p) =>
        new Made<T>(o => source.Subscribe(new Pipe<T, T>(o, (v, n) => { if (p(v)) n.OnNext(v); })));
    public static IObservable<R> Map<T, R>(this IObservable<T> source, Converter<T, R> f) =>
        new Made<R>(o => source.Subscribe(new Pipe<T, R>(o, (v, n) => n.OnNext(f(v)))));
}
public class Resource(string name) : IAsyncDisposable, IDisposable
{
    private bool disposed;
    ~Resource() => Interlocked.Increment(ref Shared.Phases);
    public void Use() => ObjectDisposedException.ThrowIf(disposed, this);
    public void Dispose() { disposed = true; GC.SuppressFinalize(this); _ = name; }
    public async ValueTask DisposeAsync() { await Task.Yield(); Dispose(); }
    [MethodImpl(MethodImplOptions.NoInlining)] public static void Leak() => new Resource("lost").Use();
}
public sealed class LimitedScheduler(int limit) : TaskScheduler
{
    private readonly LinkedList<Task> tasks = new(); private int running; [ThreadStatic] private static bool inside;
    public override int MaximumConcurrencyLevel => limit;
    protected override IEnumerable<Task>? GetScheduledTasks() { lock (tasks) return tasks.ToArray(); }
    protected override void QueueTask(Task task)
    {
        lock (tasks) { tasks.AddLast(task); if (running >= limit) return; running++; }
        ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
    }
    protected override bool TryExecuteTaskInline(Task task, bool queued) => inside && (!queued || TryDequeue(task)) && TryExecuteTask(task);
    protected override bool TryDequeue(Task task) { lock (tasks) return tasks.Remove(task); }
    private void Work()
    {
        inside = true;
        try { while (true) { Task next; lock (tasks) { if (tasks.First is not { } node) { running--; return; } next = node.Value; tasks.RemoveFirst(); }
                TryExecuteTask(next); } } finally { inside = false; }
    }
}
public sealed class LoopContext : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Call, object? State)> queue = []; private readonly int thread = Environment.CurrentManagedThreadId;
    private int operations;
    public override void Post(SendOrPostCallback d, object? state) => queue.Add((d, state));
    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == thread) d(state);
        else { using var done = new ManualResetEventSlim(); Post(s => { d(s); done.Set(); }, state); done.Wait(); }
    }
    public override SynchronizationContext CreateCopy() => this;
    public override void OperationStarted() => Interlocked.Increment(ref operations);
    public override void OperationCompleted() => Interlocked.Decrement(ref operations);
    public void Finish() => queue.CompleteAdding();
    public void Pump() { foreach (var (call, state) in queue.GetConsumingEnumerable()) call(state); }
    public static void Run(Func<Task> main)
    {
        var (old, loop) = (Current, new LoopContext());
        try { SetSynchronizationContext(loop); var task = main(); task.ContinueWith(_ => loop.Finish(), TaskScheduler.Default); loop.Pump();
            task.GetAwaiter().GetResult(); } finally { SetSynchronizationContext(old); }
    }
}
public sealed class AsyncLock
{
    private readonly SemaphoreSlim gate = new(1, 1);
    public async ValueTask<IDisposable> Enter(CancellationToken token = default) { await gate.WaitAsync(token).ConfigureAwait(false);
        return new Undo(() => gate.Release()); }
}
public sealed class LockFreeStack<T>
{
    private sealed class Node(T value) { public readonly T Value = value; public Node? Next; }
    private Node? head;
    public void Push(T value)
    {
        var node = new Node(value); var spin = new SpinWait();
        while (true) { node.Next = Volatile.Read(ref head); if (Interlocked.CompareExchange(ref head, node, node.Next) == node.Next) return; spin.SpinOnce(); }
    }
    public bool TryPop([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        Node? old;
        do { old = head; if (old == null) { value = default; return false; } } while (Interlocked.CompareExchange(ref head, old.Next, old) != old);
        value = old.Value;
        return true;
    }
}
public sealed class Memo<K, V> where K : notnull
{
    private readonly Dictionary<K, V> known = [];
    public V Get(K key, Func<K, V> f) { if (!known.TryGetValue(key, out var v)) known[key] = v = f(key); return v; }
}
public sealed class Item(CountdownEvent done) : IThreadPoolWorkItem { public void Execute() => done.Signal(); }
public sealed class StealingPool(int workers)
{
    private readonly ConcurrentStack<Action>[] own = [.. Enumerable.Range(0, workers).Select(_ => new ConcurrentStack<Action>())];
    public void Enqueue(int i, Action a) => own[i % own.Length].Push(a);
    public void Run()
    {
        var threads = own.Select((mine, i) => new Thread(() => { while (mine.TryPop(out var a) || own.Where((_, j) => j != i).Any(o => o.TryPop(out a))) a!(); }))
            .ToArray();
        foreach (var t in threads) t.Start(); Array.ForEach(threads, t => t.Join());
    }
}
public sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> timers = []; private DateTimeOffset now = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero);
    public override DateTimeOffset GetUtcNow() => now;
    public override long GetTimestamp() => now.Ticks;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan due, TimeSpan period)
    {
        var t = new ManualTimer(() => callback(state)); timers.Add(t);
        return t;
    }
    public void Advance(TimeSpan by) { now += by; timers.ForEach(t => t.Fire()); }
    private sealed class ManualTimer(Action fire) : ITimer
    {
        public void Fire() => fire(); public bool Change(TimeSpan due, TimeSpan period) => true;
        public void Dispose() { }
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
public sealed class Debouncer(TimeSpan wait)
{
    private CancellationTokenSource? last; public Task Last { get; private set; } = Task.CompletedTask;
    public void Call(Action a)
    {
        last?.Cancel(); last = new();
        Last = Task.Delay(wait, last.Token).ContinueWith(_ => a(), last.Token, TaskContinuationOptions.NotOnCanceled, TaskScheduler.Default);
    }
}
public sealed class Halves<T>(T[] items) : Partitioner<T>
{
    public override bool SupportsDynamicPartitions => true;
    public override IList<IEnumerator<T>> GetPartitions(int count) =>
        [.. Enumerable.Range(0, count).Select(p => items.Where((_, i) => i % count == p).GetEnumerator())];
    public override IEnumerable<T> GetDynamicPartitions()
    {
        var queue = new ConcurrentQueue<T>(items);
        return Drain(queue);
        static IEnumerable<T> Drain(ConcurrentQueue<T> q) { while (q.TryDequeue(out var x)) yield return x; }
    }
}
public sealed class RankedCollection<T> : IProducerConsumerCollection<T>
{
    private readonly PriorityQueue<T, T> queue = new(); public int Count { get { lock (queue) return queue.Count; } } public bool IsSynchronized => true;
    public object SyncRoot => queue;
    public bool TryAdd(T item) { lock (queue) queue.Enqueue(item, item); return true; }
    public bool TryTake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T item) { lock (queue) return queue.TryDequeue(out item, out _); }
    public T[] ToArray() { lock (queue) return [.. queue.UnorderedItems.Select(i => i.Element)]; }
    public void CopyTo(T[] array, int index) => ToArray().CopyTo(array, index);
    void ICollection.CopyTo(Array array, int index) => ToArray().CopyTo(array, index);
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
public sealed class AccountActor : IAsyncDisposable
{
    private abstract record Message(TaskCompletionSource<decimal> Reply);
    private sealed record Change(decimal By, TaskCompletionSource<decimal> Reply) : Message(Reply);
    private sealed record Ask(TaskCompletionSource<decimal> Reply) : Message(Reply);
    private readonly Channel<Message> mailbox = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true }); private readonly Task loop;
    private decimal balance;
    public AccountActor() => loop = Task.Run(async () =>
            { await foreach (var m in mailbox.Reader.ReadAllAsync()) switch (m) { case Change { By: var by }
                when balance + by < 0: m.Reply.SetException(new InvalidOperationException($"balance is {balance:N2}")); break;
                case Change c: m.Reply.SetResult(balance += c.By); break; default: m.Reply.SetResult(balance); break; } });
    private async Task<decimal> Send(Func<TaskCompletionSource<decimal>, Message> make)
    {
        var reply = new TaskCompletionSource<decimal>(TaskCreationOptions.RunContinuationsAsynchronously);
        await mailbox.Writer.WriteAsync(make(reply));
        return await reply.Task;
    }
    public Task<decimal> Deposit(decimal by) => Send(r => new Change(by, r));
    public Task<decimal> Withdraw(decimal by) => Send(r => new Change(-by, r));
    public Task<decimal> Balance() => Send(r => new Ask(r));
    public async ValueTask DisposeAsync() { mailbox.Writer.TryComplete(); await loop; }
}
public sealed class Pool<T>(Func<T> make, Action<T> reset) where T : class
{
    private readonly ConcurrentBag<T> free = []; public T Rent() => free.TryTake(out var x) ? x : make();
    public void Return(T x) { reset(x); if (free.Count < 10) free.Add(x); }
}
public sealed class TokenBucket(int size, TimeProvider? time = null)
{
    private readonly TimeProvider time = time ?? TimeProvider.System; private readonly object gate = new(); private double tokens = size; private long last;
    public bool TryTake(int n = 1)
    {
        lock (gate) { long now = time.GetTimestamp(); if (last != 0) tokens = Math.Min(size, tokens + time.GetElapsedTime(last, now).TotalSeconds * size); last = now;
            if (tokens < n) return false; tokens -= n; return true; }
    }
}
public sealed class Bus
{
    private readonly ConcurrentDictionary<Type, List<Func<object, Task>>> handlers = new();
    public void On<T>(Action<T> f) => On<T>(x => { f(x); return Task.CompletedTask; });
    public void On<T>(Func<T, Task> f) => handlers.GetOrAdd(typeof(T), _ => []).Add(x => f((T)x));
    public Task Publish<T>(T e) where T : notnull => Task.WhenAll(handlers.TryGetValue(typeof(T), out var list) ? list.Select(f => f(e)) : []);
}
public sealed class Breaker(int limit)
{
    private enum State { Closed, Open, HalfOpen } private State state; private int failures;
    public async Task Run(Func<Task> f)
    {
        if (state == State.Open) throw new InvalidOperationException($"circuit is {state}");
        try { await f(); failures = 0; } catch { if (++failures >= limit) state = State.Open; throw; }
    }
}
public sealed class Lru<K, V>(int size) where K : notnull
{
    private readonly Dictionary<K, LinkedListNode<(K Key, V Value)>> map = new(size); private readonly LinkedList<(K Key, V Value)> order = [];
    public bool TryGet(K key, out V? value)
    {
        if (map.TryGetValue(key, out var n)) { order.Remove(n); order.AddFirst(n); value = n.Value.Value; return true; }
        value = default;
        return false;
    }
    public void Put(K key, V value)
    {
        if (map.Remove(key, out var old)) order.Remove(old);
        else if (map.Count >= size && order.Last is { } last) { map.Remove(last.Value.Key); order.RemoveLast(); }
        map[key] = order.AddFirst((key, value));
    }
}
public sealed class ReusableSource<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> core = new() { RunContinuationsAsynchronously = true };
    public ValueTask<T> Wait() { core.Reset(); return new(this, core.Version); }
    public void Set(T value) => core.SetResult(value);
    public void Fail(Exception e) => core.SetException(e);
    public T GetResult(short token) => core.GetResult(token);
    void IValueTaskSource.GetResult(short token) => core.GetResult(token);
    public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);
    public void OnCompleted(Action<object?> c, object? s, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(c, s, token, flags);
}
public readonly struct Delay(int ms)
{
    public Awaiter GetAwaiter() => new(ms);
    public readonly struct Awaiter(int ms) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => ms == 0; public int GetResult() => ms;
        public void OnCompleted(Action c) => UnsafeOnCompleted(c);
        public void UnsafeOnCompleted(Action c) => Task.Delay(ms).ContinueWith(_ => c(), TaskScheduler.Default);
    }
}
public sealed class Segment<T> : ReadOnlySequenceSegment<T>
{
    public static (Segment<T>, Segment<T>) Chain(T[] a, T[] b)
    {
        var tail = new Segment<T> { Memory = b, RunningIndex = a.Length };
        return (new Segment<T> { Memory = a, Next = tail }, tail);
    }
}
public sealed unsafe class NativeBuffer<T>(int count) : MemoryManager<T> where T : unmanaged
{
    private T* data = (T*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(T));
    public override Span<T> GetSpan() => new(data, count);
    public override MemoryHandle Pin(int index = 0) => new(data + index, default, this);
    public override void Unpin() { }
    protected override void Dispose(bool disposing) { NativeMemory.Free(data); data = null; }
}
public readonly record struct Money(decimal Amount, string Currency) : IAdditionOperators<Money, Money, Money>, IFormattable, IComparable<Money>
{
    public static Money operator +(Money a, Money b) => a.Currency == b.Currency ? a with { Amount = a.Amount + b.Amount }
    : throw new InvalidOperationException($"{a.Currency} and {b.Currency}");
    public int CompareTo(Money other) => Amount.CompareTo(other.Amount);
    public override string ToString() => ToString("N2", CultureInfo.InvariantCulture);
    public string ToString(string? format, IFormatProvider? provider) => $"{Amount.ToString(format ?? "N2", provider)} {Currency}";
}
public sealed record Stats(int Count, double Mean, double Deviation, double Median, double Min, double Max)
{
    public static Stats Of(IReadOnlyCollection<double> xs)
    {
        double mean = xs.Average(), variance = xs.Sum(x => (x - mean) * (x - mean)) / (xs.Count - 1); var sorted = xs.Order().ToArray(); int mid = sorted.Length / 2;
        return new(xs.Count, mean, Math.Sqrt(variance), sorted.Length % 2 == 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2, sorted[0], sorted[^1]);
    }
}
public sealed class Matrix<T>(int rows, int columns) : IEquatable<Matrix<T>> where T : struct, INumber<T>
{
    private readonly T[] cells = new T[rows * columns]; public int Rows => rows; public int Columns => columns;
    public ref T this[int r, int c] => ref cells[r * columns + c];
    public static Matrix<T> Identity(int n) { var m = new Matrix<T>(n, n); for (int i = 0; i < n; i++) m[i, i] = T.One; return m; }
    public static Matrix<T> operator +(Matrix<T> a, Matrix<T> b) => a.Each((r, c) => a[r, c] + b[r, c], a.Columns);
    public static Matrix<T> operator *(Matrix<T> a, Matrix<T> b) => a.Columns != b.Rows ? throw new ArgumentException("sizes differ", nameof(b))
        : a.Each((r, c) => { T s = T.Zero; for (int k = 0; k < a.Columns; k++) s += a[r, k] * b[k, c]; return s; }, b.Columns);
    public Matrix<T> Transpose()
    {
        var m = new Matrix<T>(columns, rows);
        for (int r = 0; r < rows; r++) for (int c = 0; c < columns; c++) m[c, r] = this[r, c];
        return m;
    }
    private Matrix<T> Each(Func<int, int, T> f, int width)
    {
        var m = new Matrix<T>(rows, width);
        Parallel.For(0, rows, r => { for (int c = 0; c < width; c++) m[r, c] = f(r, c); });
        return m;
    }
    public bool Equals(Matrix<T>? other) => other != null && cells.AsSpan().SequenceEqual(other.cells);
    public override bool Equals(object? o) => Equals(o as Matrix<T>);
    public override int GetHashCode() { var h = new HashCode(); foreach (T x in cells) h.Add(x); return h.ToHashCode(); }
    public override string ToString() => string.Join("; ",
            cells.Chunk(columns).Select(r => string.Join(' ', r.Select(x => x.ToString("0.##", CultureInfo.InvariantCulture)))));
}
public sealed class Graph<T> where T : notnull, IComparable<T>
{
    private readonly Dictionary<T, List<(T To, double Cost)>> edges = [];
    public void Add(T from, T to, double cost) { if (!edges.TryGetValue(from, out var list)) edges.Add(from, list = []); list.Add((to, cost)); edges.TryAdd(to, []); }
    public (double, List<T>) Shortest(T from, T to)
    {
        var distance = new Dictionary<T, double> { [from] = 0 }; var before = new Dictionary<T, T>(); var queue = new PriorityQueue<T, double>();
        var done = new HashSet<T>(); queue.Enqueue(from, 0);
        while (queue.TryDequeue(out var at, out double d) && !at.Equals(to))
        {
            if (!done.Add(at)) continue;
            foreach (var (next, cost) in edges[at]) if (d + cost < distance.GetValueOrDefault(next, double.MaxValue)) { distance[next] = d + cost; before[next] = at;
                queue.Enqueue(next, d + cost); }
        }
        var path = new List<T> { to }; while (before.TryGetValue(path[^1], out var previous)) path.Add(previous); path.Reverse(); return (distance[to], path);
    }
    public IEnumerable<T> Breadth(T start)
    {
        var queue = new Queue<T>([start]); var seen = new HashSet<T> { start };
        while (queue.TryDequeue(out var at)) { yield return at; foreach (var (to, _) in edges[at]) if (seen.Add(to)) queue.Enqueue(to); }
    }
    public List<T> Sorted()
    {
        var entering = edges.Keys.ToDictionary(k => k, _ => 0); foreach (var (to, _) in edges.Values.SelectMany(e => e)) entering[to]++;
        var free = new SortedSet<T>(entering.Where(p => p.Value == 0).Select(p => p.Key)); var result = new List<T>();
        while (free.Count > 0)
        {
            var next = free.Min!; free.Remove(next); result.Add(next);
            foreach (var (to, _) in edges[next]) if (--entering[to] == 0) free.Add(to);
        }
        return result.Count == edges.Count ? result : throw new InvalidOperationException("cycle among " + string.Join(", ", edges.Keys.Except(result).Order()));
    }
}
public sealed class UnionFind(int n)
{
    private readonly int[] parent = [.. Enumerable.Range(0, n)];
    public int Find(int x) => parent[x] == x ? x : parent[x] = Find(parent[x]);
    public void Join(int a, int b) => parent[Find(a)] = Find(b);
}
public sealed record Body(Vector2 At, Vector2 Speed, float Mass)
{
    public Body Move(IEnumerable<Body> all, float dt)
    {
        var pull = all.Where(b => b != this).Aggregate(Vector2.Zero,
                (f, b) => f + Vector2.Normalize(b.At - At) * b.Mass / MathF.Max(Vector2.DistanceSquared(At, b.At), .1f));
        var speed = Speed + pull * dt;
        return this with { At = At + speed * dt, Speed = speed };
    }
}
[EventSource(Name = "Tool-Parallel")]
public sealed class ToolEvents : EventSource
{
    public static class Keywords { public const EventKeywords Work = (EventKeywords)1; } public static class Tasks { public const EventTask Run = (EventTask)1; }
    public static readonly ToolEvents Log = new(); private EventCounter? times; private IncrementingEventCounter? rate; private PollingCounter? memory;
    private IncrementingPollingCounter? allocated; private long count;
    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Work, Task = Tasks.Run, Opcode = EventOpcode.Start,
                Message = "started {0}")] public void Started(string name, int size) { if (IsEnabled()) WriteEvent(1, name, size); }
    [Event(2, Task = Tasks.Run, Opcode = EventOpcode.Stop)] public void Stopped() => WriteEvent(2);
    [Event(3, Level = EventLevel.Verbose)] public void Progress(int id, double part, long bytes) { rate?.Increment(); Interlocked.Increment(ref count);
        WriteEvent(3, id, part, bytes); }
    [Event(4, Level = EventLevel.Error)] public void Failed(string message) => WriteEvent(4, message);
    [Event(5)] public unsafe void Timed(double ms) { times?.WriteMetric(ms); EventData* d = stackalloc EventData[1];
        d[0] = new EventData { DataPointer = (nint)(&ms), Size = sizeof(double) }; WriteEventCore(5, 1, d); }
    protected override void OnEventCommand(EventCommandEventArgs e)
    {
        if (e.Command != EventCommand.Enable) return;
        times ??= new("times", this) { DisplayName = "Time", DisplayUnits = "ms" }; rate ??= new("rate", this) { DisplayRateTimeScale = TimeSpan.FromSeconds(1) };
        memory ??= new("memory", this, () => GC.GetTotalMemory(false)); allocated ??= new("count", this, () => Interlocked.Read(ref count));
    }
    protected override void Dispose(bool disposing) { times?.Dispose(); rate?.Dispose(); memory?.Dispose(); allocated?.Dispose(); base.Dispose(disposing); }
}
public sealed class LogListener : EventListener
{
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously); public Task FirstCounters => first.Task;
    protected override void OnEventSourceCreated(EventSource s)
    {
        if (s.Name == "Tool-Parallel") EnableEvents(s, EventLevel.Verbose, EventKeywords.All, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "0.1" });
    }
    protected override void OnEventWritten(EventWrittenEventArgs e)
    {
        if (e.EventName == "EventCounters" && e.Payload?[0] is IDictionary<string, object?> values && values.TryGetValue("Name", out object? name)) { _ = name;
            first?.TrySetResult(); return; }
        string fields = string.Join(',', e.PayloadNames?.Zip(e.Payload!, (n, v) => n + "=" + v) ?? []);
        string text = e.Message is { } m ? string.Format(CultureInfo.InvariantCulture, m, [.. e.Payload!]) : "";
        _ = $"{e.Level} {e.EventId} {e.TimeStamp:HH:mm} {e.OSThreadId} {fields} {text}";
    }
}
