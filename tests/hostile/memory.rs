//! Programs that want all memory, and a program that reads and writes all of
//! its own.

use sandcell::TrapKind;

use crate::bystander::Expected::{Finished, Raised, Trapped};
use crate::bystander::{case, cases};

#[tokio::test]
async fn large_values() {
    // A number of bytes beyond 32 bits is refused before memory is asked for.
    case(
        "10 ** 10 characters",
        "'x' * 10**10",
        Raised("OverflowError"),
    )
    .await;
    case("10 ** 9 characters", "'x' * 10**9", Raised("MemoryError")).await;
    case("bytes", "bytes(2**31 - 1)", Raised("OverflowError")).await;
    case("a list", "[0] * 10**9", Raised("MemoryError")).await;
    case("a shift", "1 << 2**33", Raised("MemoryError")).await;
    case("a format", "'%2000000000d' % 1", Raised("MemoryError")).await;
    case(
        "a range as a list",
        "list(range(10**9))",
        Raised("MemoryError"),
    )
    .await;
    case("a zip bomb", "import zlib; d = zlib.decompressobj(); b = zlib.compress(bytes(10**7)); len(b''.join(zlib.decompress(b) for _ in range(100)))", Raised("MemoryError")).await;
}

#[tokio::test]
async fn growing_values() {
    case(
        "a list",
        "grown = []\nwhile True: grown.append('x' * 10**6)",
        Raised("MemoryError"),
    )
    .await;
    case(
        "a string",
        "grown = 'x'\nwhile True: grown += grown",
        Raised("MemoryError"),
    )
    .await;
    case(
        "a dict",
        "grown = {}\nfor n in range(10**9): grown[n] = n",
        Raised("MemoryError"),
    )
    .await;
    case(
        "a tree",
        "def tree(): return [tree(), tree()]\ntree()",
        Raised("RecursionError"),
    )
    .await;
    case(
        "many small ones",
        "grown = [object() for _ in iter(int, 1)]",
        Raised("MemoryError"),
    )
    .await;
    case("stdout kept", "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()):\n    while True: print('x' * 10**6)", Raised("MemoryError")).await;
}

#[tokio::test]
async fn memory_that_stays_full() {
    let code = "def exhaust():\n    kept = []\n    while True:\n        try: kept.append(bytearray(10**6))\n        except MemoryError: return kept\nfull = exhaust()";
    let rest =
        "rest = []\ntry:\n    while True: rest.append([None] * 10)\nexcept MemoryError: pass";
    let free = "del full\ntry: del rest\nexcept NameError: pass";
    cases(
        "full to the brim",
        [
            (code.into(), Finished),
            (free.into(), Finished),
            (format!("{code}\n{rest}\n{free}").into(), Finished),
        ],
    )
    .await;
}

/// Reads and writes any address of the interpreter's own memory, see
/// tests/embed/isolation.rs.
pub(crate) const POKE: &str = "
import struct, types, opcode
def _fetch(pointer):
    constants = (None, None)
    index = ((pointer - id(constants) - 12) % 2**32) // 4
    code = bytearray([opcode.opmap['RESUME'], 0])
    for shift in (24, 16, 8): code += bytes([opcode.opmap['EXTENDED_ARG'], (index >> shift) & 255])
    code += bytes([opcode.opmap['LOAD_CONST'], index & 255, opcode.opmap['RETURN_VALUE'], 0])
    def shape(): return None
    return types.FunctionType(shape.__code__.replace(co_code=bytes(code), co_consts=constants), {})()
def memory(size, start=0):
    global _keep
    body = struct.pack('<7I', 1 << 29, id(bytearray), size, size, start, start, 0)
    pointer = struct.pack('<I', id(body) + 16)
    _keep = body, pointer
    return _fetch(id(pointer) + 16)
";

#[tokio::test]
async fn an_interpreter_that_is_overwritten() {
    let overwrite =
        format!("{POKE}\nwhole = memory(40 << 20)\nwhole[:] = b'\\xff' * (40 << 20)\n1");
    case("all of it", overwrite, Trapped(TrapKind::MemoryOutOfBounds)).await;
    let beyond = format!("{POKE}\nmemory(1 << 20, 1 << 31)[5]");
    case(
        "beyond its end",
        beyond,
        Trapped(TrapKind::MemoryOutOfBounds),
    )
    .await;
    let last = format!("{POKE}\nmemory(16, 2**32 - 16)[15] = 1");
    case(
        "at the end of the address space",
        last,
        Trapped(TrapKind::MemoryOutOfBounds),
    )
    .await;
}

#[tokio::test]
async fn crashes_of_the_interpreter() {
    // Bytecode that was never checked, on an empty stack.
    let code = "import types, opcode\ndef shape(): pass\nbad = shape.__code__.replace(co_code=bytes([opcode.opmap['RESUME'], 0]) + bytes([opcode.opmap['POP_TOP'], 0]) * 50_000 + bytes([opcode.opmap['RETURN_VALUE'], 0]), co_stacksize=1)\ntypes.FunctionType(bad, {})()";
    case(
        "bytecode without a stack",
        code,
        Trapped(TrapKind::MemoryOutOfBounds),
    )
    .await;
}
