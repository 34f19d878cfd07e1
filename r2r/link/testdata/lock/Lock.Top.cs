// Classes whose bases are in Lock.Middle and rest on Lock.Base. Each has small fields, which would fill a gap.
using System.Collections.Generic;
using System.Linq;
using Lock;
using Middle;

namespace Top
{
    public interface IFilled { void Fill(); string Read(); }

    public class A : Derived, IFilled { byte b; int i; short s; object o; long l;
        void IFilled.Fill() { Fill(); b = 31; i = 32; s = 33; o = "34"; l = 35; } public string Read() => $"{Number} {Mine} {b} {i} {s} {o} {l}"; }
    public class B : Holder, IFilled { byte b; int i; short s; object o; long l;
        void IFilled.Fill() { Fill(); b = 41; i = 42; s = 43; o = "44"; l = 45; } public string Read() => $"{Held.Get()} {b} {i} {s} {o} {l}"; }
    public class C : Both, IFilled { byte b; int i; short s; object o; long l;
        void IFilled.Fill() { Fill(); b = 51; i = 52; s = 53; o = "54"; l = 55; } public string Read() => $"{Number} {Held.Get()} {b} {i} {s} {o} {l}"; }
    public class D : Deep, IFilled { byte b; int i; short s; object o; long l;
        void IFilled.Fill() { Fill(); b = 61; i = 62; s = 63; o = "64"; l = 65; } public string Read() => $"{Wrapped.Inner.Get()} {Wrapped.Extra} {b} {i} {s} {o} {l}"; }
    public class E : Generic<Small>, IFilled { byte b; int i; short s; object o; long l;
        void IFilled.Fill() { Fill(new Small(70)); b = 71; i = 72; s = 73; o = "74"; l = 75; } public string Read() => $"{Field.Get()} {b} {i} {s} {o} {l}"; }
    public class F : Generic<Wrapped>, IFilled { byte b; Small t; int i; Pair p; short s;
        void IFilled.Fill() { Fill(new Wrapped { Inner = new Small(80), Extra = 81 }); b = 82; t = new Small(83); i = 84; p = new Pair { First = 85, Text = "86" }; s = 87; }
        public string Read() => $"{Field.Inner.Get()} {Field.Extra} {b} {t.Get()} {i} {p.First} {p.Text} {s}"; }
    public class P : Holder { }
    public class G : P, IFilled { byte c; int i; short d; object o;
        void IFilled.Fill() { Fill(); c = 91; i = 92; d = 93; o = "94"; } public string Read() => $"{Held.Get()} {c} {i} {d} {o}"; }
    public class H : Root, IFilled { byte b; int i; short s; object o;
        void IFilled.Fill() { Number = 101; b = 102; i = 103; s = 104; o = "105"; } public string Read() => $"{Number} {b} {i} {s} {o}"; }

    public struct Mine { public Small Small; public byte Byte; public override string ToString() => Small.Get() + "+" + Byte; }

    public static class Everything
    {
        public static IFilled[] Filled() => new IFilled[] { new A(), new B(), new C(), new D(), new E(), new F(), new G(), new H() };

        public static IEnumerable<string> Say()
        {
            var says = new Says();
            yield return says.Small();
            yield return says.Plain();
            yield return says.Virtual();
            yield return ((IDefault)new Defaults()).Default();
            yield return Says.Generic("text");
            yield return Says.Generic(3);
            yield return Says.Generic(new Own { A = 1, B = 2 });
            yield return Says.Generic(new Mine { Small = new Small(3), Byte = 4 });
            yield return new Box<string>("x").Text();
            yield return new Box<int>(5).Text();
            yield return new Box<Own>(new Own { A = 6, B = 7 }).Text();
            yield return new Box<Mine>(new Mine { Small = new Small(8), Byte = 9 }).Text();
            yield return new Boxed().Text();
            yield return Statics.Text();
            yield return Says.Anonymous() + " " + Statics.Anonymous() + " " + new { Left = 3, Right = "top" };
            yield return Says.Anonymous().Equals(Statics.Anonymous()) + " " + Says.Anonymous().Equals(Says.Anonymous());
            yield return string.Join(" ", Statics.Array().Select(s => s.Get()));
            yield return string.Join(" ", Enumerable.Range(0, 4).Select(n => new Mine { Small = new Small((byte)n), Byte = (byte)(n + 1) }).OrderByDescending(m => m.Byte));
        }
    }
}
