//! Makes a flat module look at its stop word.
//!
//! wasmtime's epochs cost an interpreter a quarter of its speed: they check at
//! the entry of every function and the head of every loop. So the checks are put
//! in here instead, where they are needed and nowhere else:
//!
//! ```text
//! if (load32(stop_word)) call check
//! ```
//! * at the head of each loop;
//! * at the entry of each function that calls indirectly, and of each one on a
//!   cycle of direct calls: every recursion comes by one of these.
//!
//! Code that meets no check is a chain of calls without loops and recursion, and
//! ends soon. The host sets the word ([`sandcell_sys::Bells`]); the call of
//! `check` clears it and does what the ladder of stopping demands. A guest that
//! wrote zero to its word over and over would still be seen: the word is set again
//! at each tick, and each loop looks.

use std::ops::Range;

use wasm_encoder::{CodeSection, Encode, Module, RawSection};
use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef};

use crate::engine::flat::{parse_error, refuse};
use crate::error::Result;

/// Where a module's stop word is, and what to call when it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StopWord {
    /// Address of the word.
    pub(crate) address: u32,
    /// Index of the imported function `sandcell.check`.
    pub(crate) check: u32,
}

/// The module with checks in it.
pub(crate) fn instrument(wasm: &[u8], stop: StopWord) -> Result<Vec<u8>> {
    let check = check_code(stop);
    let functions = Functions::of(wasm)?;
    let entries = functions.checked_entries();
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut bodies = functions.bodies.iter().zip(entries).peekable();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(parse_error)? {
            Payload::CodeSectionEntry(body) => {
                let Some((survey, at_entry)) = bodies.next() else {
                    return refuse("its code changes while it is read");
                };
                code.raw(&with_checks(wasm, body.range(), survey, at_entry, &check));
                if bodies.peek().is_none() {
                    module.section(&code);
                }
            }
            Payload::CodeSectionStart { .. } | Payload::Version { .. } | Payload::End(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = wasm.get(range).unwrap_or_default();
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(module.finish())
}

/// `i32.const address; i32.load; if; call check; end`.
fn check_code(stop: StopWord) -> Vec<u8> {
    const I32_CONST: u8 = 0x41;
    const I32_LOAD_ALIGNED: [u8; 3] = [0x28, 0x02, 0x00];
    const IF_WITHOUT_RESULT: [u8; 2] = [0x04, 0x40];
    const CALL: u8 = 0x10;
    const END: u8 = 0x0b;
    let mut code = vec![I32_CONST];
    stop.address.cast_signed().encode(&mut code);
    code.extend(I32_LOAD_ALIGNED);
    code.extend(IF_WITHOUT_RESULT);
    code.push(CALL);
    stop.check.encode(&mut code);
    code.push(END);
    code
}

/// One function body with checks. Branches count nesting, not bytes, so code can
/// be put in between whole instructions.
fn with_checks(
    wasm: &[u8],
    range: Range<usize>,
    body: &Body,
    at_entry: bool,
    check: &[u8],
) -> Vec<u8> {
    let entry = at_entry.then_some(body.entry);
    let mut out = Vec::with_capacity(range.len() + check.len() * (body.loops.len() + 1));
    let mut from = range.start;
    for place in entry.into_iter().chain(body.loops.iter().copied()) {
        out.extend_from_slice(wasm.get(from..place).unwrap_or_default());
        out.extend_from_slice(check);
        from = place;
    }
    out.extend_from_slice(wasm.get(from..range.end).unwrap_or_default());
    out
}

/// What matters of one function.
struct Body {
    /// Offset of the first instruction.
    entry: usize,
    /// Offsets behind each `loop`.
    loops: Vec<usize>,
    /// Indices of the functions that it calls by name.
    callees: Vec<u32>,
    calls_indirectly: bool,
}

impl Body {
    fn of(body: &FunctionBody<'_>) -> Result<Self> {
        let mut operators = body.get_operators_reader().map_err(parse_error)?;
        let mut found = Self {
            entry: operators.original_position(),
            loops: Vec::new(),
            callees: Vec::new(),
            calls_indirectly: false,
        };
        while !operators.eof() {
            match operators.read().map_err(parse_error)? {
                Operator::Loop { .. } => found.loops.push(operators.original_position()),
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    found.callees.push(function_index);
                }
                Operator::CallIndirect { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCallRef { .. } => found.calls_indirectly = true,
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The functions that a module defines.
struct Functions {
    /// Index of the first one: imported functions come before.
    first: u32,
    bodies: Vec<Body>,
}

impl Functions {
    fn of(wasm: &[u8]) -> Result<Self> {
        let mut functions = Self {
            first: 0,
            bodies: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(parse_error)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let ty = import.map_err(parse_error)?.ty;
                        if matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                            functions.first += 1;
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => functions.bodies.push(Body::of(&body)?),
                _ => {}
            }
        }
        Ok(functions)
    }

    /// For each function, whether a recursion may come by it that no other check
    /// would see.
    fn checked_entries(&self) -> Vec<bool> {
        let mut checked = self.on_cycles();
        for (checked, body) in checked.iter_mut().zip(&self.bodies) {
            *checked |= body.calls_indirectly;
        }
        checked
    }

    /// The functions that are left when those that call no function, or only such
    /// ones, are taken away again and again, from both ends: what is left lies on
    /// cycles of direct calls, or between two of them.
    fn on_cycles(&self) -> Vec<bool> {
        let count = self.bodies.len();
        let callees: Vec<Vec<usize>> = self.bodies.iter().map(|body| self.defined(body)).collect();
        let mut callers = vec![Vec::new(); count];
        for (caller, callees) in callees.iter().enumerate() {
            for callee in callees {
                if let Some(callers) = callers.get_mut(*callee) {
                    callers.push(caller);
                }
            }
        }
        let mut left = vec![true; count];
        peel(&callees, &callers, &mut left);
        peel(&callers, &callees, &mut left);
        left
    }

    /// The callees of a body that are defined here, as places in `bodies`.
    fn defined(&self, body: &Body) -> Vec<usize> {
        let places = body.callees.iter().filter_map(|callee| callee.checked_sub(self.first));
        places.map(|place| place as usize).filter(|place| *place < self.bodies.len()).collect()
    }
}

/// Takes away, again and again, what has no outgoing edge to something that is
/// left. `incoming` are the same edges, reversed.
fn peel(outgoing: &[Vec<usize>], incoming: &[Vec<usize>], left: &mut [bool]) {
    let is_left = |left: &[bool], place: usize| left.get(place).copied().unwrap_or(false);
    let mut degrees: Vec<usize> = outgoing
        .iter()
        .map(|targets| targets.iter().filter(|target| is_left(left, **target)).count())
        .collect();
    let mut ends: Vec<usize> = (0..degrees.len())
        .filter(|place| is_left(left, *place) && degrees.get(*place) == Some(&0))
        .collect();
    while let Some(end) = ends.pop() {
        if let Some(left) = left.get_mut(end) {
            *left = false;
        }
        for source in incoming.get(end).into_iter().flatten() {
            if let Some(degree) = degrees.get_mut(*source) {
                *degree = degree.saturating_sub(1);
                if *degree == 0 && is_left(left, *source) {
                    ends.push(*source);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::Validator;

    const STOP: StopWord = StopWord {
        address: 0xabcdec,
        check: 0,
    };

    fn check(text: &str, expected_checks: usize) {
        let wasm = wat::parse_str(format!(
            "(module (import \"sandcell\" \"check\" (func $check)) (memory 200) {text})"
        ))
        .unwrap();
        let instrumented = instrument(&wasm, STOP).unwrap();
        Validator::new().validate_all(&instrumented).unwrap();
        let code = check_code(STOP);
        let found = instrumented.windows(code.len()).filter(|bytes| *bytes == code).count();
        assert_eq!(found, expected_checks, "{text}");
    }

    #[test]
    fn loops_look() {
        check("(func)", 0);
        check("(func (local i32 i64) (drop (i32.const 1)))", 0);
        check("(func (loop (br 0)))", 1);
        check("(func (local i32) (loop (loop (br 1)) (br 0)))", 2);
        check("(func (param i32) (result i32) (loop (result i32) (i32.const 1)))", 1);
    }

    #[test]
    fn every_recursion_comes_by_a_look() {
        check("(func $f (call $f))", 1);
        check("(func $f (loop (call $f)))", 2);
        check("(func $f (call $g)) (func $g (call $f))", 2);
        check("(func $f (call $g) (call $g)) (func $g (call $h)) (func $h)", 0);
        check("(func $f (call $check) (call $check))", 0);
        check("(func $a (call $f)) (func $f (call $g)) (func $g (call $f) (call $h)) (func $h)", 2);
        check("(table 1 funcref) (func (call_indirect (i32.const 0)))", 1);
        check("(table 1 funcref) (func $f (call $g)) (func $g (call_indirect (i32.const 0)))", 1);
    }
}
