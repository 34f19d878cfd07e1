// Classes whose layouts rest on those of Lock.Base: as base class, as field, through generics.
using System;
using Lock;

namespace Middle
{
    public struct Wrapped { public Small Inner; public short Extra; }
    public struct Own { public byte A; public int B; public override string ToString() => A + "/" + B; }

    public class Derived : Root { public long Mine; public void Fill() { Number = 11; Mine = 12; } }
    public class Holder { public Small Held; public void Fill() => Held = new Small(13); }
    public class Both : Root { public Small Held; public void Fill() { Number = 14; Held = new Small(15); } }
    public class Deep { public Wrapped Wrapped; public void Fill() { Wrapped.Inner = new Small(16); Wrapped.Extra = 17; } }
    public class Generic<T> { public T Field; public void Fill(T value) => Field = value; }
    public class Boxed : Box<Small> { public byte B = 18; public short S = 19; public Boxed() : base(new Small(20)) { } public override string Text() => base.Text() + " " + B + " " + S; }
    public class Defaults : IDefault { }

    public static class Statics
    {
        public static Small One = new Small(21);
        public static Wrapped Two = new Wrapped { Inner = new Small(22), Extra = 23 };
        [ThreadStatic] public static Pair Three;
        public static string Text() { Three = new Pair { First = 24, Text = "three" }; return One.Get() + " " + Two.Inner.Get() + " " + Two.Extra + " " + Three.First + Three.Text; }
        public static object Anonymous() => new { Left = 2, Right = "middle" };
        public static Small[] Array() { var a = new Small[5]; for (byte i = 0; i < 5; i++) a[i] = new Small(i); return a; }
    }
}
