// Prints what the libraries say, and every field as their code and as reflection reads it. Other than theirs, the code of
// this program is compiled at run time.
using System;
using System.Linq;
using System.Reflection;
using Top;

static class Program
{
    const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    static void Main()
    {
        foreach (var text in Everything.Say()) Console.WriteLine(text);
        foreach (var filled in Everything.Filled())
        {
            filled.Fill();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Console.WriteLine(filled.GetType().Name + ": " + filled.Read());
            for (var type = filled.GetType(); type != typeof(object); type = type.BaseType)
                Console.WriteLine("  " + string.Join(" ", type.GetFields(All).Select(f => f.Name + "=" + Text(f.GetValue(filled)))));
        }
    }

    static string Text(object value) => value == null ? "null" : value.GetType().IsPrimitive || value is string ? value.ToString()
        : "(" + string.Join(" ", value.GetType().GetFields(All).Select(f => f.Name + "=" + Text(f.GetValue(value)))) + ")";
}
