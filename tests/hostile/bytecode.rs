//! Hand-made bytecode that turns back where no compiler's does. The evaluation
//! loop looks at the stop word by itself: guest-langs/python/patches.md.

use crate::bystander::Expected::{self, Interrupted, Stopped};
use crate::bystander::case;
use crate::memory::POKE;

/// Makes a function out of instructions: names, or names with arguments.
/// A handler is (first, behind the last, target), in code units.
const ASSEMBLER: &str = r"
import itertools, opcode, types

def unit(name, argument=0):
    caches = sum(opcode._cache_format.get(name, {}).values())
    return bytes([opcode.opmap.get(name) or opcode._specialized_opmap[name], argument]) + bytes(2 * caches)

def far(name, argument):
    'An instruction with a negative argument: four bytes of it.'
    high = (argument & 0xffffffff).to_bytes(4, 'big')
    return b''.join(unit('EXTENDED_ARG', each) for each in high[:3]) + unit(name, high[3])

def entry(first, end, target, depth):
    return bytes([128 | first, end - first, target, depth << 1])

def function(*parts, handlers=(), constants=(None,), generator=False):
    def template(): pass
    code = template.__code__.replace(
        co_code=unit('RESUME') + b''.join(parts),
        co_consts=constants,
        co_stacksize=100,
        co_exceptiontable=b''.join(entry(*each) for each in handlers),
        co_flags=template.__code__.co_flags | (0x20 if generator else 0),
    )
    return types.FunctionType(code, {'__builtins__': __builtins__})
";

async fn bytecode(name: &str, program: &str, expected: Expected) {
    case(name, format!("{ASSEMBLER}\n{program}"), expected).await;
}

#[tokio::test]
async fn jumps_backward() {
    // Without the interpreter's own look for signals: only force ends it.
    bytecode(
        "JUMP_BACKWARD_NO_INTERRUPT",
        "function(unit('JUMP_BACKWARD_NO_INTERRUPT', 1))()",
        Stopped,
    )
    .await;
    bytecode(
        "JUMP_BACKWARD",
        "function(unit('JUMP_BACKWARD', 2))()",
        Interrupted,
    )
    .await;
}

#[tokio::test]
async fn jumps_forward_by_less_than_nothing() {
    for (name, jump) in [
        ("JUMP_FORWARD", "far('JUMP_FORWARD', -4)"),
        (
            "POP_JUMP_IF_TRUE",
            "unit('LOAD_CONST', 1) + far('POP_JUMP_IF_TRUE', -6)",
        ),
        (
            "POP_JUMP_IF_FALSE",
            "unit('LOAD_CONST', 2) + far('POP_JUMP_IF_FALSE', -6)",
        ),
        (
            "POP_JUMP_IF_NONE",
            "unit('LOAD_CONST', 0) + far('POP_JUMP_IF_NONE', -6)",
        ),
        (
            "POP_JUMP_IF_NOT_NONE",
            "unit('LOAD_CONST', 1) + far('POP_JUMP_IF_NOT_NONE', -6)",
        ),
        (
            // an exhausted iterator is popped behind an END_FOR that is not there
            "FOR_ITER",
            "unit('LOAD_CONST', 3) + unit('GET_ITER') + far('FOR_ITER', -9)",
        ),
    ] {
        let program = format!("function({jump}, constants=(None, True, False, ()))()");
        bytecode(name, &program, Stopped).await;
    }
}

#[tokio::test]
async fn handlers_before_the_place_of_the_raise() {
    // No exception is active: RAISE_VARARGS raises another one, for ever.
    bytecode(
        "handler",
        "function(unit('JUMP_FORWARD', 1), unit('POP_TOP'), unit('RAISE_VARARGS'), handlers=[(3, 4, 2, 0)])()",
        Stopped,
    )
    .await;
    bytecode(
        "a handler of itself",
        "function(unit('RAISE_VARARGS'), handlers=[(1, 2, 1, 0)])()",
        Stopped,
    )
    .await;
}

#[tokio::test]
async fn sending_for_ever() {
    // The receiver never ends and nothing is yielded.
    let turn = "unit('SEND', 1) + unit('JUMP_BACKWARD_NO_INTERRUPT', 3)";
    let start = "unit('LOAD_CONST', 1) + unit('LOAD_CONST', 0)";
    bytecode(
        "to an iterator",
        &format!("function({start}, {turn}, constants=(None, itertools.repeat(None)))()"),
        Stopped,
    )
    .await;
    bytecode(
        "to a generator",
        &format!(
            "def forever():\n    while True: yield\nfunction({start}, {turn}, constants=(None, forever()))()"
        ),
        Interrupted,
    )
    .await;
    bytecode(
        "to one that has ended",
        &format!("function({start}, far('SEND', -5), constants=(None, iter(())))()"),
        Stopped,
    )
    .await;
}

#[tokio::test]
async fn a_generator_that_never_yields() {
    let body = "unit('RETURN_GENERATOR'), unit('POP_TOP'), unit('RESUME'), unit('LOAD_CONST', 1), unit('LOAD_CONST', 0), unit('SEND', 1), unit('JUMP_BACKWARD_NO_INTERRUPT', 3)";
    bytecode(
        "yield from",
        &format!(
            "next(function({body}, constants=(None, itertools.repeat(None)), generator=True)())"
        ),
        Stopped,
    )
    .await;
}

#[tokio::test]
async fn instructions_that_put_themselves_in_their_place() {
    // Code without monitoring data finds it at address 0: the instruction behind
    // an instrumented one is what the program says it is.
    let program = format!(
        "{POKE}\nopcodes = unit('INSTRUMENTED_INSTRUCTION')[:1] * 16\ntools = bytes(16)\nmemory(64)[32:40] = struct.pack('<2I', id(opcodes) + 16, id(tools) + 16)\nfunction(unit('INSTRUMENTED_INSTRUCTION'))()"
    );
    bytecode("INSTRUMENTED_INSTRUCTION", &program, Stopped).await;
}
