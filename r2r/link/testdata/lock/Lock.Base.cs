// The assembly that an application replaces. With V2 every layout differs, and so does what every method says.
using System.Runtime.CompilerServices;
#if V2
[assembly: System.Reflection.AssemblyVersion("2.0.0.0")]
#else
[assembly: System.Reflection.AssemblyVersion("1.0.0.0")]
#endif

namespace Lock
{
#if V2
    public class Added { public object New() => new { Added = 1 }; }
    public struct Pair { public byte First; public string Text; }
    public struct Small { public byte Value; public Small(byte v) => Value = v; public byte Get() => Value; }
    public class Root { public long Number; public int More; public byte Last; }
#else
    public struct Small { public long Value; public Small(byte v) => Value = v; public byte Get() => (byte)Value; }
    public struct Pair { public string Text; public byte First; }
    public class Root { public long Number; }
#endif

    public class Says
    {
#if V2
        const string Version = "version 2";
        [MethodImpl(MethodImplOptions.NoInlining)] public string Before() => "new";
#else
        const string Version = "version 1";
#endif
        public string Small() => Version;
        [MethodImpl(MethodImplOptions.NoInlining)] public string Plain() => "plain, " + Version;
        public virtual string Virtual() => "virtual, " + Version;
        public static string Generic<T>(T value) => "generic of " + typeof(T) + ", " + Version + ", " + value;
        public static object Anonymous() => new { Left = 1, Right = Version };
    }

    public class Box<T>
    {
#if V2
        public byte Tag;
        public T Value, Second;
#else
        public T Value;
        public byte Tag;
#endif
        public Box(T value) { Value = value; Tag = 7; }
        public virtual string Text() => "box of " + Value + " " + Tag + ", " + new Says().Small();
    }

    public interface IDefault
    {
#if V2
        string Default() => "default, version 2";
#else
        string Default() => "default, version 1";
#endif
    }
}
