// Ends as its argument says, after it has printed stack traces of what it caught: most frames are framework code.
#warning shows that the compiler prints
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

static class Endings
{
    sealed class Order : IComparer<int>
    {
        public int Compare(int a, int b) => throw new InvalidOperationException("no order");
    }

    static class Broken
    {
        public static readonly int Value = int.Parse("no number");
    }

    static readonly Dictionary<string, Func<Task>> All = new()
    {
        ["returns"] = () => Task.CompletedTask,
        ["comparer"] = () => { Enumerable.Range(0, 40).OrderBy(n => n, new Order()).ToArray(); return Task.CompletedTask; },
        ["null"] = () => { new string[] { null }.Select(s => s.Trim()).ToList(); return Task.CompletedTask; },
        ["async"] = () => Later(3),
        ["aggregate"] = () => { Task.WaitAll(Later(1), Task.CompletedTask); return Task.CompletedTask; },
        ["initializer"] = () => { Console.WriteLine(Broken.Value); return Task.CompletedTask; },
        ["thread"] = () => { new Thread(() => Sort()) { Name = "other" }.Start(); return Task.Delay(Timeout.Infinite); },
        ["file"] = () => { File.ReadAllText("/nowhere/at/all"); return Task.CompletedTask; },
        ["failfast"] = () => { Environment.FailFast("on purpose", new InvalidDataException("inner")); return Task.CompletedTask; },
        ["exit"] = () => { Environment.Exit(3); return Task.CompletedTask; },
    };

    static void Sort() => new List<int> { 3, 2, 1 }.Sort(new Order());

    static async Task Later(int n)
    {
        await Task.Yield();
        if (n == 0) throw new FormatException("at the end", new KeyNotFoundException("inside"));
        await Later(n - 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Caught(Action action)
    {
        try { action(); }
        catch (Exception e) when (Told(e)) { }
        catch (Exception e) { Console.WriteLine(e); }
        finally { Console.WriteLine("finally"); }
    }

    // A filter runs before the stack is unwound.
    static bool Told(Exception e)
    {
        Console.WriteLine(e.GetType());
        return e is InvalidOperationException;
    }

    // Nothing but Later goes on in other threads, so that the frames below are the same in every run.
    static void Main(string[] args)
    {
        Caught(Sort);
        Caught(() => "text".Substring(9));
        Caught(() => new Dictionary<string, int>()["none"]++);
        Caught(() => ExceptionDispatchInfo.Capture(new TimeoutException("again")).Throw());
        try { Later(2).GetAwaiter().GetResult(); } catch (FormatException e) { Console.WriteLine(e); }
        var thrown = 0;
        Parallel.For(0, 64, n => { try { if (n % 2 == 1) Sort(); GC.Collect(0); } catch (InvalidOperationException) { Interlocked.Increment(ref thrown); } });
        Console.WriteLine(thrown);
        All[args[0]]().GetAwaiter().GetResult();
    }
}
