// MIT licensed. What every training program of this folder may name without saying where it is from.
global using System;
global using System.Collections;
global using System.Collections.Concurrent;
global using System.Collections.Generic;
global using System.Collections.Immutable;
global using System.Diagnostics;
global using System.Globalization;
global using System.IO;
global using System.Linq;
global using System.Reflection;
global using System.Text;
global using System.Threading;
global using System.Threading.Tasks;

/// <summary>Steps of a program: each is tried by itself, so that one that a framework lacks does not hide the others.</summary>
internal static class Step
{
    private static int failed;

    public static void Run(string name, Action action)
    {
        try { action(); Console.WriteLine(name); }
        catch (Exception e) { Failed(name, e); }
    }

    public static async Task Run(string name, Func<Task> action)
    {
        try { await action(); Console.WriteLine(name); }
        catch (Exception e) { Failed(name, e); }
    }

    public static int Exit => failed == 0 ? 0 : 1;

    private static void Failed(string name, Exception e)
    {
        failed++;
        Console.Error.WriteLine($"{name}: {e}");
    }
}
