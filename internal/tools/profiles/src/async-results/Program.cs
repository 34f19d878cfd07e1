// Tasks, channels, asynchronous streams and timers over the result types that programs use most. MIT licensed.
#if NET10_0
using System.IO.Pipelines;
#endif
using System.Runtime.CompilerServices;
using System.Threading.Channels;

await Results(1); await Results(true); await Results("s"); await Results(1L); await Results(("a", "b"));
await Streams(1); await Streams("s");

await Step.Run("void", Voids);
await Step.Run("locks", Locks);
await Step.Run("parallel", Parallels);
#if NET10_0
await Step.Run("pipes", Pipes);
#endif
await Step.Run("timers", Timers);
await Step.Run("cancel", Cancel);
Step.Run("plinq", () =>
{
    _ = Enumerable.Range(0, 1000).AsParallel().Where(x => x % 3 == 0).Select(x => x * 2).OrderBy(x => x).ToArray();
    _ = new[] { "a", "b" }.AsParallel().WithDegreeOfParallelism(2).Select(x => x.Length).Sum();
    _ = Enumerable.Range(0, 100).AsParallel().AsOrdered().GroupBy(x => x % 5).Select(g => g.Count()).ToList();
    _ = ParallelEnumerable.Range(0, 10).Aggregate((a, b) => a + b);
    Enumerable.Range(0, 10).AsParallel().ForAll(x => { });
});
return Step.Exit;

static async Task Results<T>(T value)
{
    _ = await Now(value); _ = await Later(value); _ = await Nested(value); _ = await Quick(value); _ = await QuickLater(value); _ = await Throws(value);
    _ = await Task.FromResult(value).ConfigureAwait(false); _ = await Task.Run(() => value); _ = await Task.Run(async () => { await Task.Yield(); return value; }); _ = await Task.Factory.StartNew(() => value); _ = Later(value).GetAwaiter().GetResult(); _ = Later(value).Result; _ = await new ValueTask<T>(Later(value)).AsTask();
    _ = await Task.WhenAll(Later(value), Now(value)); _ = await await Task.WhenAny(Later(value), Later(value)); _ = await Later(value).ContinueWith(t => t.Result, TaskScheduler.Default); _ = await Later(value).WaitAsync(TimeSpan.FromSeconds(30)); await Later(value).ContinueWith(t => { }); await (Task)Later(value);
    var tcs = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously); _ = Task.Run(() => tcs.TrySetResult(value)); _ = await tcs.Task; var failed = new TaskCompletionSource<T>(); failed.SetException(new InvalidOperationException()); try { _ = await failed.Task; } catch (InvalidOperationException) { } var cancelled = new TaskCompletionSource<T>(); cancelled.SetCanceled(); try { _ = await cancelled.Task; } catch (TaskCanceledException) { }
    var lazy = new Lazy<Task<T>>(() => Later(value)); _ = await lazy.Value; Func<Task<T>> f = () => Later(value); _ = await f(); Func<CancellationToken, ValueTask<T>> vf = c => QuickLater(value); _ = await vf(default);
}

static async Task Streams<T>(T value)
{
    await foreach (T x in Stream(value)) Use(x); await foreach (T x in Stream(value).WithCancellation(default).ConfigureAwait(false)) Use(x);
    var channel = Channel.CreateUnbounded<T>(); await channel.Writer.WriteAsync(value); var reading = Task.Run(async () => { int n = 0; await foreach (T x in channel.Reader.ReadAllAsync()) n++; return n; }); await Task.Delay(1); channel.Writer.TryWrite(value); channel.Writer.Complete(); _ = await reading;
    var bounded = Channel.CreateBounded<T>(1); var writing = Task.Run(async () => { for (int i = 0; i < 3; i++) await bounded.Writer.WriteAsync(value); bounded.Writer.Complete(); }); while (await bounded.Reader.WaitToReadAsync()) while (bounded.Reader.TryRead(out T? x)) Use(x); await writing; var single = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true }); single.Writer.TryWrite(value); _ = await single.Reader.ReadAsync();
    var local = new AsyncLocal<T>(); local.Value = value; await Task.Yield(); _ = local.Value; _ = new Lazy<T>(() => value, LazyThreadSafetyMode.PublicationOnly).Value; using var bc = new BlockingCollection<T> { value }; _ = bc.Take(); _ = Volatile.Read(ref Unsafe.AsRef(in Holder<T>.Box)); _ = Task.FromException<T>(new Exception("x")).Exception; _ = Task.FromCanceled<T>(new CancellationToken(true)).IsCanceled;
}

static Task<T> Now<T>(T v) => Task.FromResult(v);
static async Task<T> Later<T>(T v) { await Task.Yield(); return v; }
static async Task<T> Nested<T>(T v) { T x = await Later(v).ConfigureAwait(false); _ = await QuickLater(x).ConfigureAwait(false); await Task.Delay(1).ConfigureAwait(false); return x; }
static ValueTask<T> Quick<T>(T v) => new(v);
static async ValueTask<T> QuickLater<T>(T v) { await Task.Yield(); return v; }
static async Task<T?> Throws<T>(T v) { try { await Task.Yield(); throw new InvalidOperationException("x"); } catch (InvalidOperationException) { return default; } finally { await Task.Yield(); } }
static async IAsyncEnumerable<T> Stream<T>(T v, [EnumeratorCancellation] CancellationToken ct = default) { for (int i = 0; i < 2; i++) { await Task.Yield(); yield return v; } }
[MethodImpl(MethodImplOptions.NoInlining)] static void Use<T>(T v) { }

static async Task Voids()
{
    static async Task Plain() { await Task.Delay(1); } static async ValueTask Quick() { await Task.Yield(); } static async void Fire(TaskCompletionSource t) { await Task.Yield(); t.SetResult(); }
    await Plain(); await Quick(); await Plain().ConfigureAwait(false); var t = new TaskCompletionSource(); Fire(t); await t.Task; await Task.WhenAll(Plain(), Plain(), Quick().AsTask()); await Task.WhenAny(Plain(), Task.Delay(100)); await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Plain())); await Task.Run(Plain); await Task.Factory.StartNew(async () => await Plain(), default, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap(); await Plain().WaitAsync(new CancellationTokenSource(5000).Token);
    try { await Task.WhenAll(Task.FromException(new IOException("a")), Task.FromException(new IOException("b"))); } catch (IOException) { } try { Task.WaitAll([Task.FromException(new IOException("a"))]); } catch (AggregateException e) { _ = e.Flatten().InnerExceptions.Count; } ThreadPool.QueueUserWorkItem(_ => { }); ThreadPool.UnsafeQueueUserWorkItem(static s => { }, 1, true); var thread = new Thread(() => { }) { IsBackground = true, Name = "t" }; thread.Start(); thread.Join(); SynchronizationContext.SetSynchronizationContext(new SynchronizationContext()); await Plain(); SynchronizationContext.SetSynchronizationContext(null); await using (new Closing()) { } await using var c = new Closing().ConfigureAwait(false);
}

static async Task Locks()
{
    using var s = new SemaphoreSlim(1); await s.WaitAsync(); var waiting = s.WaitAsync(TimeSpan.FromSeconds(5)); s.Release(); _ = await waiting; s.Release(); _ = await s.WaitAsync(0); s.Release(); using var m = new ManualResetEventSlim(); _ = Task.Run(m.Set); m.Wait(); using var e = new AutoResetEvent(false); _ = Task.Run(() => e.Set()); e.WaitOne(); using var rw = new ReaderWriterLockSlim(); rw.EnterReadLock(); rw.ExitReadLock(); rw.EnterWriteLock(); rw.ExitWriteLock(); rw.EnterUpgradeableReadLock(); rw.ExitUpgradeableReadLock(); object gate = new(); int n = 0; Task[] tasks = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => { for (int i = 0; i < 200; i++) lock (gate) { n++; if (i % 50 == 0) Thread.Yield(); } }))]; await Task.WhenAll(tasks); lock (gate) { Monitor.PulseAll(gate); Monitor.Wait(gate, 1); } Interlocked.Increment(ref n); using var count = new CountdownEvent(2); count.Signal(2); count.Wait(); using var barrier = new Barrier(1); barrier.SignalAndWait(); using var mutex = new Mutex(); mutex.WaitOne(); mutex.ReleaseMutex(); var spin = new SpinLock(); bool taken = false; spin.Enter(ref taken); spin.Exit(); SpinWait.SpinUntil(() => true); LazyInitializer.EnsureInitialized(ref gate!, () => new object());
#if NET10_0
    var l = new Lock(); Task[] more = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => { for (int i = 0; i < 200; i++) lock (l) { n++; } }))]; await Task.WhenAll(more); using (l.EnterScope()) { }
#endif
}

static async Task Parallels()
{
    Parallel.For(0, 100, i => { }); Parallel.ForEach(Enumerable.Range(0, 50), i => { }); Parallel.ForEach(new[] { "a", "b" }, new ParallelOptions { MaxDegreeOfParallelism = 2 }, x => { }); Parallel.ForEach(new List<string> { "a" }, (x, s) => s.Stop()); Parallel.Invoke(() => { }, () => { }); await Parallel.ForEachAsync(Enumerable.Range(0, 10), async (x, ct) => await Task.Yield()); await Parallel.ForEachAsync(new[] { "a", "b" }, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (x, ct) => await Task.Delay(1, ct)); Parallel.For(0, 10, () => 0, (i, s, l) => l + i, l => { }); foreach (var p in Partitioner.Create(0, 100).GetDynamicPartitions()) { }
}

#if NET10_0
static async Task Pipes()
{
    var pipe = new Pipe(); var fill = Task.Run(async () => { for (int i = 0; i < 4; i++) { pipe.Writer.GetMemory(64).Span.Fill(65); pipe.Writer.Advance(64); await pipe.Writer.FlushAsync(); await pipe.Writer.WriteAsync("line\n"u8.ToArray()); } await pipe.Writer.CompleteAsync(); }); while (true) { var r = await pipe.Reader.ReadAsync(); pipe.Reader.AdvanceTo(r.Buffer.End); if (r.IsCompleted) break; } await pipe.Reader.CompleteAsync(); await fill; using var ms = new MemoryStream(new byte[10000]); var pr = PipeReader.Create(ms); var rr = await pr.ReadAtLeastAsync(10); pr.AdvanceTo(rr.Buffer.Start, rr.Buffer.End); await pr.CompleteAsync(); var pw = PipeWriter.Create(new MemoryStream()); await pw.WriteAsync(new byte[100]); await pw.FlushAsync(); await pw.CompleteAsync();
}

#endif
static async Task Timers()
{
    using var periodic = new PeriodicTimer(TimeSpan.FromMilliseconds(1)); for (int i = 0; i < 3; i++) _ = await periodic.WaitForNextTickAsync(); var fired = new TaskCompletionSource(); await using (var t = new Timer(_ => fired.TrySetResult(), null, 1, Timeout.Infinite)) await fired.Task; using var st = new System.Timers.Timer(1) { AutoReset = false }; var el = new TaskCompletionSource(); st.Elapsed += (s, e) => el.TrySetResult(); st.Start(); await el.Task; _ = TimeProvider.System.GetUtcNow(); using var c = new CancellationTokenSource(TimeSpan.FromMilliseconds(1)); try { await Task.Delay(TimeSpan.FromSeconds(30), c.Token); } catch (OperationCanceledException) { } await using var pt = TimeProvider.System.CreateTimer(_ => { }, null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan); var sw = Stopwatch.StartNew(); await Task.Delay(2); _ = sw.Elapsed.TotalMilliseconds; _ = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp());
}

static async Task Cancel()
{
    using var a = new CancellationTokenSource(); using var linked = CancellationTokenSource.CreateLinkedTokenSource(a.Token, default); await using var reg = linked.Token.Register(() => { }); using var reg2 = a.Token.UnsafeRegister(static s => { }, null); var waiting = Task.Delay(-1, linked.Token); await a.CancelAsync(); try { await waiting; } catch (TaskCanceledException) { } try { a.Token.ThrowIfCancellationRequested(); } catch (OperationCanceledException) { } try { await Task.Run(() => { }, a.Token); } catch (OperationCanceledException) { } using var timeout = new CancellationTokenSource(); timeout.CancelAfter(1); try { await Task.Delay(-1, timeout.Token); } catch (OperationCanceledException) { } try { await Task.Delay(1000).WaitAsync(TimeSpan.FromMilliseconds(1)); } catch (TimeoutException) { } using var sem = new SemaphoreSlim(0); try { await sem.WaitAsync(a.Token); } catch (OperationCanceledException) { } var ch = Channel.CreateBounded<int>(1); try { await ch.Reader.ReadAsync(a.Token); } catch (OperationCanceledException) { }
}

sealed class Closing : IAsyncDisposable { public async ValueTask DisposeAsync() => await Task.Yield(); }
static class Holder<T> { public static readonly object Box = new(); }
