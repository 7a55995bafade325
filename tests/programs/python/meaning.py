"""Programs with a meaning: every interpreter of Python prints the same for them.

They are made of typed expressions over small values. What differs between
machines or between minor versions is left out: hashes and the order of sets,
messages of exceptions, the last bit of powers and logarithms, `sum` of floats
(exact since 3.12), `chr` of what is no `int` of C (an OverflowError until 3.12),
errors of patterns (`error` until 3.12, then `PatternError`), characters that newer
Unicode tables name, addresses, `sys.maxsize`, clocks and depths of recursion.
"""

from hypothesis import strategies as st

PRELUDE = '''\
def _i(x): return x if -10**40 < x < 10**40 else x % 1000000007
def _s(x): return x[:60]
def _l(x): return x[:20]
def _d(x): return dict(list(x.items())[:20])
def _f(x): return x if -1e100 < x < 1e100 else 0.5
'''

CUT = {"int": "_i", "str": "_s", "list": "_l", "words": "_l", "dict": "_d", "float": "_f"}

TEXTS = ["", "a", "Zebra", "naïve", "ẞtraße", "日本", "\U0001f600", "a,b,,c", " pad ", "x\ty\n", "%s {}", "0x1F", "-12", "3.5e2", "\x00", "İi"]
FLOATS = ["0.0", "-0.0", "0.1", "1.5", "-2.75", "1e16", "1e-7", "123456.789", "float('inf')", "float('nan')", "2.5", "5e-324"]
SPECS = ["", "d", "x", "+d", "08d", ",", "_b", "e", ".3f", ">10", "^7", "%", "g", "c", "s"]
FLOAT_SPECS = ["", ".3f", "e", "+.2e", "g", "010.2f", ",.1f", "%", "d", ".0f"]
TEXT_SPECS = ["", ">8", "^5.2", "*<6", ".3", "s", "d"]
PATTERNS = [r"\w+", r"[aeiou]", r"(.)(.)", r"^\s*", r"\d{1,2}", r"(?i)z", r"a|b", r"\b", r"(?P<n>.)(?P=n)"]
ERRORS = ["ValueError", "KeyError", "TypeError", "ZeroDivisionError", "IndexError", "Exception", "ArithmeticError", "(KeyError, ValueError)", "LookupError"]

# The forms of an expression of each kind; {int} and so on are expressions.
FORMS = {
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} // {int})", "({int} % {int})",
        "({int} ** {digit})", "({int} << {digit})", "({int} >> {digit})", "({int} & {int})", "({int} ^ {int})",
        "({int} | {int})", "(-{int})", "(~{int})", "abs({int})", "len({list})", "len({str})", "len({dict})",
        "{list}[{int}]", "{dict}[{str}]", "{dict}.get({str}, {int})", "sum({list})", "max({list})",
        "min({list}, default={int})", "int({str})", "int({str}, 16)", "int({float})", "ord({str}[:1])",
        "({int} if {bool} else {int})", "{str}.count({str})", "{str}.find({str})", "{str}.index({str})",
        "{list}.index({int})", "math.gcd({int}, {int})", "math.isqrt({int})", "math.comb({digit}, {digit})",
        "pow({int}, {int}, {int})", "{int}.bit_length()", "int.from_bytes({bytes}, 'big')", "zlib.crc32({bytes})",
        "functools.reduce(lambda a, b: _i(a * 31 + b), {list}, {int})", "round({float})", "round({int}, -{digit})",
        "math.floor({float})", "(lambda q, *r, k={int}: q - len(r) + k)({int}, {int})",
        "divmod({int}, {int})[{bit}]", "next(iter({list}))", "bisect.bisect(sorted({list}), {int})",
        "Counter({str})[{str}]", "Fraction({int}, {int}).denominator", "bool({words})", "{bytes}[{int}]",
        "random.Random({int}).getrandbits(16)", "struct.unpack('<h', struct.pack('<h', {int}))[0]",
        "(date(2024, 1, 31) + timedelta(days={int} % 9999)).toordinal()", "len(set({list}))", "hash({digit})",
        "list(itertools.accumulate({list}))[{bit}]", "sum(1 for _ in itertools.permutations({str}[:4]))",
    ],
    "float": [
        "({float} + {float})", "({float} - {float})", "({float} * {float})", "({float} / {float})",
        "({float} // {float})", "({float} % {float})", "({int} / {int})", "(-{float})", "abs({float})",
        "float({str})", "float({int})", "round({float}, {digit})", "math.sqrt({float})", "math.fmod({float}, {float})",
        "math.fsum([{float}, {float}, {float}])", "math.copysign({float}, {float})", "min({float}, {float})",
        "float(Decimal({str}))", "float(Fraction({int}, {int}))", "math.ldexp({float}, {digit})",
        "float.fromhex({float}.hex())", "random.Random({int}).random()",
    ],
    "str": [
        "({str} + {str})", "({str} * {digit})", "{str}[{int}:{int}]", "{str}[::{int}]", "{str}[{int}]",
        "str({int})", "str({float})", "repr({float})", "repr({str})", "ascii({str})", "{str}.upper()",
        "{str}.lower()", "{str}.title()", "{str}.casefold()", "{str}.swapcase()", "{str}.strip()",
        "{str}.replace({str}, {str})", "{str}.center({digit}, '*')", "{str}.zfill({digit})", "{str}.join({words})",
        "{words}[{int}]", "{str}.partition({str})[{bit}]", "hex({int})", "bin({int})", "chr({int} % 5000)",
        "format({int}, {spec})", "format({float}, {fspec})", "format({str}, {tspec})", "(lambda a, b: f'{{a:>{digit}}}|{{b!r:.6}}')({int}, {float})",
        "('%d|%s|%r' % ({int}, {str}, {float}))", "'{{}}-{{!r}}'.format({list}, {str})", "{bytes}.hex()",
        "{bytes}.decode('utf-8', 'replace')", "{bytes}.decode()", "re.sub({pattern}, lambda found: {str}, {str})",
        "json.dumps({dict})", "json.dumps({str})", "json.dumps({words}, ensure_ascii=False)", "({str} or {str})",
        "textwrap.fill({str}, {digit})", "str(Decimal({str}) + Decimal({int}))", "str(Fraction({str}))",
        "hashlib.sha256({bytes}).hexdigest()", "base64.b64encode({bytes}).decode()", "type({list}).__name__",
        "unicodedata.normalize('NFD', {str})", "{str}.translate({{97: 'b', 98: None}})", "html.escape({str})",
        "urllib.parse.quote({str})", "date(2024, 2, 28).strftime('%A %d')", "repr({dict})", "repr({bytes})",
        "string.Template({str}).safe_substitute(a={int})", "max({words}, key=len)",
    ],
    "list": [
        "[{int}, {int}]", "[]", "({list} + {list})", "({list} * {digit})", "{list}[{int}:{int}:{int}]",
        "sorted({list})", "sorted({list}, reverse=True)", "list(reversed({list}))", "[ord(c) for c in {str}]",
        "[v + {int} for v in {list} if v % 2]", "list(range({digit}, {digit}, {int}))", "list({bytes})",
        "[len(w) for w in {words}]", "list({dict}.values())", "[*{list}, {int}]", "sorted(set({list}) | set({list}))",
        "sorted(set({list}) - set({list}))", "list(map(lambda a, b: a - b, {list}, {list}))",
        "list(filter(None, {list}))", "[a * b for a in {list} for b in {list}]", "list(itertools.chain({list}, {list}))",
        "list(deque({list}, maxlen={digit}))", "heapq.nsmallest({digit}, {list})", "[i for i, v in enumerate({list}) if v]",
        "copy.copy({list})", "json.loads({str})", "[x for x, in zip({list})]", "list(dict.fromkeys({list}))",
    ],
    "words": [
        "[{str}, {str}]", "{str}.split({str})", "{str}.split()", "{str}.splitlines()", "sorted({words})",
        "[w[::-1] for w in {words}]", "sorted({dict})", "re.findall({pattern}, {str})", "sorted({words}, key=len)",
        "list({dict})", "re.split({pattern}, {str})", "[str(v) for v in {list}]", "textwrap.wrap({str}, {digit})",
        "[k for k, g in itertools.groupby({str})]",
    ],
    "dict": [
        "{{{str}: {int}, {str}: {int}}}", "{{}}", "{{w: len(w) for w in {words}}}", "({dict} | {dict})",
        "dict(zip({words}, {list}))", "{{**{dict}, {str}: {int}}}", "dict(Counter({str}))", "json.loads(json.dumps({dict}))",
        "dict(sorted({dict}.items()))",
    ],
    "bool": [
        "({int} < {int})", "({str} == {str})", "({float} >= {float})", "({list} > {list})", "({str} in {str})",
        "({int} in {list})", "(not {bool})", "({bool} and {bool})", "({bool} or {bool})", "{str}.isalpha()",
        "{str}.startswith({str})", "isinstance({int}, bool)", "any({list})", "all({words})", "({int} < {int} <= {int})",
        "math.isnan({float})", "{float}.is_integer()", "bool(re.search({pattern}, {str}))", "({list} is None)",
        "math.isclose({float}, {float})",
    ],
    "bytes": [
        "{str}.encode()", "{str}.encode('latin-1')", "bytes({list})", "({bytes} + {bytes})", "{bytes}[{int}:]",
        "zlib.decompress(zlib.compress({bytes}))", "struct.pack('>iH', {int}, {int})", "{int}.to_bytes({digit}, 'little')",
        "bytes.fromhex({str})", "base64.b85encode({bytes})", "{bytes}.translate(None, b'ab')", "b'\\x00\\xff' * {digit}",
    ],
}
KINDS = list(FORMS)
IMPORTS = (
    "import base64, bisect, copy, functools, hashlib, heapq, html, itertools, json, math, random, re, string, struct, textwrap, unicodedata, urllib.parse, zlib\n"
    "from collections import Counter, deque\nfrom datetime import date, timedelta\n"
    "from decimal import Decimal\nfrom fractions import Fraction\n"
)


class Writer:
    """Writes one program; what it decides is drawn, so that the generator steers it."""

    def __init__(self, draw):
        self.draw = draw
        self.names = {kind: [] for kind in KINDS}
        self.functions = []
        self.count = 0
        self.room = 40

    def one_of(self, things):
        return self.draw(st.sampled_from(things))

    def new(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def leaf(self, kind):
        if self.names[kind] and self.draw(st.booleans()):
            return self.one_of(self.names[kind])
        match kind:
            case "int":
                return f"({self.draw(st.integers(-20, 20) | st.integers(-(2**70), 2**70))})"
            case "float":
                return self.one_of(FLOATS)
            case "str":
                return repr(self.one_of(TEXTS))
            case "list":
                return repr(self.draw(st.lists(st.integers(-9, 300), max_size=5)))
            case "words":
                return repr(self.draw(st.lists(st.sampled_from(TEXTS), max_size=4)))
            case "dict":
                return repr(self.draw(st.dictionaries(st.sampled_from(TEXTS), st.integers(-9, 9), max_size=3)))
            case "bool":
                return self.one_of(["True", "False"])
            case "bytes":
                return repr(self.draw(st.binary(max_size=6)))

    def expression(self, kind, depth):
        if depth == 0 or self.draw(st.integers(0, 5)) == 0:
            return self.leaf(kind)
        calls = [function for function in self.functions if function[2] == kind]
        if calls and self.draw(st.integers(0, 3)) == 0:
            name, of, _ = self.one_of(calls)
            return f"{name}({self.expression(of, depth - 1)})"
        form = self.one_of(FORMS[kind])
        return _Fill(self, depth).of(form)

    def statement(self, indent, depth, loops):
        pad = "    " * indent
        self.room -= 1
        kinds = ["set", "set", "print", "print", "print"]
        if depth and self.room > 0:
            kinds += ["if", "for", "while", "try", "function", "class", "generator", "match", "with", "raise", "unpack"]
        what = self.one_of(kinds)
        kind = self.one_of(KINDS)
        e = lambda of=kind: self.expression(of, 3)  # noqa: E731
        if what == "set":
            name = self.one_of(self.names[kind]) if self.names[kind] and self.draw(st.booleans()) else self.new("v")
            text = e()
            if kind in CUT:
                text = f"{CUT[kind]}({text})"
            lines = [f"{pad}{name} = {text}"] if self.draw(st.booleans()) else [f"{pad}print({name} := {text})"]
            if name not in self.names[kind] and indent <= 1:
                self.names[kind].append(name)
            return lines
        if what == "print":
            return [f"{pad}print({e()!s}, {self.expression(self.one_of(KINDS), 2)})"]
        block = lambda: self.block(indent + 1, depth - 1, loops)  # noqa: E731
        if what == "if":
            return [f"{pad}if {e('bool')}:", *block(), f"{pad}elif {e('bool')}:", *block(), f"{pad}else:", *block()]
        if what == "for":
            if loops >= 2:
                return [f"{pad}pass"]
            name = self.new("i")
            inner = self.block(indent + 1, depth - 1, loops + 1)
            end = self.one_of(["continue", "break", "pass", f"print({name})"])
            return [f"{pad}for {name} in _l({e('list')}):", *inner, f"{pad}    if {name} == {self.leaf('int')}: {end}", f"{pad}else:", f"{pad}    print('all')"]
        if what == "while":
            if loops >= 2:
                return [f"{pad}pass"]
            name = self.new("n")
            return [f"{pad}{name} = 0", f"{pad}while {name} < {self.draw(st.integers(0, 6))}:", f"{pad}    {name} += 1", *self.block(indent + 1, depth - 1, loops + 1)]
        if what == "try":
            return [f"{pad}try:", *block(), f"{pad}except {self.one_of(ERRORS)} as error:", f"{pad}    print(type(error).__name__)", f"{pad}else:", *block(), f"{pad}finally:", *block()]
        if what == "function":
            name, answer = self.new("f"), self.one_of(KINDS)
            lines = [f"{pad}def {name}(p, *rest, k={e()}):", *block(), f"{pad}    return {self.expression(answer, 2)}"]
            if indent <= 1:
                self.functions.append((name, kind, answer))
            return lines + [f"{pad}print({name}({e()}))"]
        if what == "class":
            name = self.new("C")
            return [
                f"{pad}class {name}:",
                f"{pad}    x = {e()}",
                f"{pad}    def __init__(self, y): self.y = y",
                f"{pad}    def __repr__(self): return f'<{{self.x!r}} {{self.y!r}}>'",
                f"{pad}    def __eq__(self, other): return self.y == other.y",
                f"{pad}    def __lt__(self, other): return self.y < other.y",
                f"{pad}    def __add__(self, other): return type(self)(self.y + other.y)",
                f"{pad}    @property",
                f"{pad}    def z(self): return self.x, {e()}",
                f"{pad}print({name}({e()}), {name}({e()}) + {name}({e()}), {name}({e()}) < {name}({e()}), {name}(1).z)",
            ]
        if what == "generator":
            name = self.new("g")
            return [f"{pad}def {name}():", f"{pad}    got = yield {e()}", f"{pad}    yield from _l({e('list')})", f"{pad}    return got", f"{pad}print(list({name}()), [x for x in {name}()][-1:])"]
        if what == "match":
            return [
                f"{pad}match {self.expression(self.one_of(['int', 'list', 'dict', 'str']), 2)}:",
                f"{pad}    case 0 | 1 | -1: print('small')",
                f"{pad}    case [a, *b]: print(a, b)",
                f"{pad}    case {{'a': a, **b}}: print(a, b)",
                f"{pad}    case str() as a if a: print(a)",
                f"{pad}    case _: print('else')",
            ]
        if what == "with":
            name = self.new("W")
            return [
                f"{pad}class {name}:",
                f"{pad}    def __enter__(self): return {e()}",
                f"{pad}    def __exit__(self, kind, value, where): print(kind and kind.__name__); return {e('bool')}",
                f"{pad}with {name}() as w:",
                f"{pad}    print(w)",
                *block(),
            ]
        if what == "raise":
            return [f"{pad}if {e('bool')}: raise {self.one_of(ERRORS[:6])}({e()})"]
        return [f"{pad}a, *b = {self.expression(self.one_of(['list', 'words', 'str']), 2)}", f"{pad}print(a, b)"]

    def block(self, indent, depth, loops):
        lines = []
        for _ in range(self.draw(st.integers(1, 2))):
            lines += self.statement(indent, depth, loops)
        return lines


class _Fill:
    """Fills the holes of a form."""

    def __init__(self, writer, depth):
        self.writer = writer
        self.depth = depth

    def of(self, form):
        text, at = "", 0
        while at < len(form):
            if form[at : at + 2] in ("{{", "}}"):
                text += form[at]
                at += 2
            elif form[at] == "{":
                end = form.index("}", at)
                text += self.hole(form[at + 1 : end])
                at = end + 1
            else:
                text += form[at]
                at += 1
        return text

    def hole(self, name):
        w = self.writer
        match name:
            case "digit":
                return str(w.draw(st.integers(0, 9)))
            case "bit":
                return w.one_of(["0", "1"])
            case "spec":
                return repr(w.one_of(SPECS))
            case "fspec":
                return repr(w.one_of(FLOAT_SPECS))
            case "tspec":
                return repr(w.one_of(TEXT_SPECS))
            case "pattern":
                return repr(w.one_of(PATTERNS))
        return w.expression(name, self.depth - 1)


@st.composite
def programs(draw):
    """One program."""
    writer = Writer(draw)
    lines = []
    for _ in range(draw(st.integers(2, 12))):
        if draw(st.integers(0, 4)):
            lines += ["try:", *writer.statement(1, 3, 0)]
            lines += ["except Exception as error:", "    print(type(error).__name__)"]
        else:
            lines += writer.statement(0, 3, 0)
    return IMPORTS + PRELUDE + "\n".join(lines) + "\n"
