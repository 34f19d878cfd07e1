// Writes where the runtime puts the instance fields of every type of every assembly in the given folders.
using System;
using System.IO;
using System.Linq;
using System.Reflection;

static unsafe class Layouts
{
    const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    static readonly Type[] Arguments = { typeof(object), typeof(byte), typeof(short), typeof(int), typeof(long), typeof(bool?), typeof(Guid), typeof(decimal), typeof(DayOfWeek) };

    static void Main(string[] args)
    {
        using var output = new StreamWriter(args[0]);
        foreach (var file in args.Skip(1).SelectMany(d => Directory.GetFiles(d, "*.dll").OrderBy(f => f, StringComparer.Ordinal)))
        {
            foreach (var type in Types(file).Where(t => !t.IsInterface && !t.IsEnum))
            {
                if (!type.ContainsGenericParameters) { Write(output, type); continue; }
                foreach (var argument in Arguments)
                {
                    Type instance;
                    try { instance = type.MakeGenericType(type.GetGenericArguments().Select(p => Required(p) ?? argument).ToArray()); } catch (Exception) { continue; }
                    Write(output, instance);
                }
            }
        }
    }

    // The class that a type parameter asks for, such as Hub.
    static Type Required(Type parameter) => parameter.GetGenericParameterConstraints()
        .FirstOrDefault(c => c.IsClass && !c.ContainsGenericParameters && c != typeof(ValueType) && c != typeof(Enum));

    static Type[] Types(string file)
    {
        try { return Assembly.Load(AssemblyName.GetAssemblyName(file)).GetTypes(); }
        catch (ReflectionTypeLoadException e) { return e.Types.Where(t => t != null).ToArray(); }
        catch (Exception) { return Type.EmptyTypes; }
    }

    // A field's handle is its FieldDesc, whose last four bytes hold the offset in their lower 27 bits.
    static void Write(StreamWriter output, Type type)
    {
        try
        {
            foreach (var field in type.GetFields(Declared))
                output.WriteLine($"{type.Assembly.GetName().Name} {type} {field.Name} {*(uint*)((byte*)field.FieldHandle.Value + 12) & 0x7FFFFFF}");
        }
        catch (Exception e) { output.WriteLine($"{type.Assembly.GetName().Name} {type} {e.GetType().Name}"); }
    }
}
