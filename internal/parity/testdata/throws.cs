// Ends by an unhandled exception that has come through framework code: LINQ, generics over values, async, a comparer.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

static class Program
{
    struct Value : IComparable<Value>
    {
        public int Number;
        public int CompareTo(Value other) => throw new InvalidOperationException($"compared {Number < 0}");
    }

    static async Task<int> Later(int n)
    {
        await Task.Yield();
        return n == 0 ? int.Parse("no number") : await Later(n - 1);
    }

    static async Task Main()
    {
        try { Console.WriteLine(await Later(3)); }
        catch (FormatException e) { Console.WriteLine(e.StackTrace); }
        var values = Enumerable.Range(0, 20).Select(n => new Value { Number = n }).ToDictionary(v => v.Number);
        Console.WriteLine(values.Count);
        new SortedSet<Value>(values.Values).Clear();
    }
}
