//! Makes a flat module look at its stop word.
//!
//! wasmtime's epochs cost an interpreter a quarter of its speed: they check at
//! the entry of every function and the head of every loop. So the checks are put
//! in here instead, where they are needed and where they disturb least:
//!
//! ```text
//! if (load32(stop_word)) call check
//! ```
//! * at the head of each loop, but for the loops of functions that look at the
//!   word themselves (an interpreter's dispatch loop, see docs/guest-abi.md);
//! * at the head of each `try_table`, see below;
//! * behind each indirect call, and behind those direct calls that close a
//!   cycle of calls. Depth is bounded by the stack, so a recursion that does not end
//!   returns again and again; and behind a call no register holds what a check
//!   would have to save.
//!
//! An exception leaves calls without coming by what stands behind them: a recursion
//! could throw and catch without end. But each catch takes a `try_table` that was
//! entered, with a look, and uses it up; between two looks there are at most as many
//! as the stack holds.
//!
//! Code that meets no check is a chain of calls without loops and recursion, and
//! ends soon. The host sets the word ([`sandcell_sys::Bells`]); the call of
//! `check` clears it and does what the ladder of stopping demands. A guest that
//! wrote zero to its word over and over would still be seen: the word is set again
//! at each tick, and each loop looks.

use std::collections::BTreeSet;
use std::ops::Range;

use wasm_encoder::{CodeSection, Encode, Module, RawSection};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

use crate::engine::flat::{parse_error, refuse};
use crate::error::Result;

/// Version of the checks and their places: compiled code of another one is not
/// used.
pub(crate) const CHECKS_VERSION: u32 = 3;

/// Exports of this prefix are functions that look at the word themselves.
const POLLING: &str = "sandcell_polling";

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
    let places = functions.places();
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut bodies = places.iter().peekable();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(parse_error)? {
            Payload::CodeSectionEntry(body) => {
                let Some(places) = bodies.next() else {
                    return refuse("its code changes while it is read");
                };
                code.raw(&with_checks(wasm, body.range(), places, &check));
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

/// One function body with checks at `places`. Branches count nesting, not bytes,
/// so code can be put in between whole instructions.
fn with_checks(wasm: &[u8], range: Range<usize>, places: &[usize], check: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(range.len() + check.len() * places.len());
    let mut from = range.start;
    for place in places {
        out.extend_from_slice(wasm.get(from..*place).unwrap_or_default());
        out.extend_from_slice(check);
        from = *place;
    }
    out.extend_from_slice(wasm.get(from..range.end).unwrap_or_default());
    out
}

/// What matters of one function: offsets at which a check could stand.
#[derive(Default)]
struct Body {
    /// Behind each `loop` and each `try_table`.
    heads: Vec<usize>,
    /// Behind each indirect call; before it if it is a tail call.
    indirect: Vec<usize>,
    /// Likewise of direct calls, with the index of the callee.
    direct: Vec<(usize, u32)>,
}

impl Body {
    fn of(body: &FunctionBody<'_>) -> Result<Self> {
        let mut operators = body.get_operators_reader().map_err(parse_error)?;
        let mut found = Self::default();
        while !operators.eof() {
            let before = operators.original_position();
            let operator = operators.read().map_err(parse_error)?;
            let behind = operators.original_position();
            match operator {
                Operator::Loop { .. } | Operator::TryTable { .. } => found.heads.push(behind),
                Operator::Call { function_index } => found.direct.push((behind, function_index)),
                Operator::ReturnCall { function_index } => {
                    found.direct.push((before, function_index));
                }
                Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                    found.indirect.push(behind);
                }
                Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                    found.indirect.push(before);
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The functions that a module defines.
#[derive(Default)]
struct Functions {
    /// Index of the first one: imported functions come before.
    first: u32,
    bodies: Vec<Body>,
    /// Indices of those that look at the word themselves.
    polling: Vec<u32>,
}

impl Functions {
    fn of(wasm: &[u8]) -> Result<Self> {
        let mut functions = Self::default();
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
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(parse_error)?;
                        if export.kind == ExternalKind::Func && export.name.starts_with(POLLING) {
                            functions.polling.push(export.index);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => functions.bodies.push(Body::of(&body)?),
                _ => {}
            }
        }
        Ok(functions)
    }

    /// Where checks have to stand in each function, in order.
    fn places(&self) -> Vec<Vec<usize>> {
        let back_edges = self.back_edges();
        let mut all = Vec::with_capacity(self.bodies.len());
        for (index, body) in self.bodies.iter().enumerate() {
            if self
                .polling
                .iter()
                .any(|polling| self.place(*polling) == Some(index))
            {
                all.push(Vec::new());
                continue;
            }
            let mut places = body.heads.clone();
            places.extend(&body.indirect);
            let closing = |(_, callee): &&(usize, u32)| {
                self.place(*callee)
                    .is_some_and(|callee| back_edges.contains(&(index, callee)))
            };
            places.extend(body.direct.iter().filter(closing).map(|(place, _)| place));
            places.sort_unstable();
            places.dedup();
            all.push(places);
        }
        all
    }

    /// The place in `bodies` of the function with this index.
    fn place(&self, index: u32) -> Option<usize> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        (place < self.bodies.len()).then_some(place)
    }

    /// The direct calls that lead back to a function whose calls are still being
    /// followed when the call graph is walked depth first: every cycle of direct
    /// calls has one of them. Functions that look themselves break a cycle, too.
    fn back_edges(&self) -> BTreeSet<(usize, usize)> {
        let callees: Vec<Vec<usize>> = self.bodies.iter().map(|body| self.defined(body)).collect();
        let mut state = vec![Walk::New; callees.len()];
        let mut back = BTreeSet::new();
        for polling in self
            .polling
            .iter()
            .filter_map(|polling| self.place(*polling))
        {
            set(&mut state, polling, Walk::Done);
        }
        for start in 0..callees.len() {
            if state.get(start) != Some(&Walk::New) {
                continue;
            }
            set(&mut state, start, Walk::Open);
            let mut path = vec![(start, 0)];
            while let Some((caller, next)) = path.last_mut() {
                let caller = *caller;
                let Some(callee) = callees.get(caller).and_then(|callees| callees.get(*next))
                else {
                    set(&mut state, caller, Walk::Done);
                    path.pop();
                    continue;
                };
                *next += 1;
                match state.get(*callee) {
                    Some(Walk::New) => {
                        set(&mut state, *callee, Walk::Open);
                        path.push((*callee, 0));
                    }
                    Some(Walk::Open) => {
                        back.insert((caller, *callee));
                    }
                    Some(Walk::Done) | None => {}
                }
            }
        }
        back
    }

    /// The callees of a body that are defined here, as places in `bodies`.
    fn defined(&self, body: &Body) -> Vec<usize> {
        body.direct
            .iter()
            .filter_map(|(_, callee)| self.place(*callee))
            .collect()
    }
}

/// How far a function is in the walk over the call graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    New,
    /// Its calls are being followed.
    Open,
    Done,
}

fn set(state: &mut [Walk], place: usize, walk: Walk) {
    if let Some(state) = state.get_mut(place) {
        *state = walk;
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
        let found = instrumented
            .windows(code.len())
            .filter(|bytes| *bytes == code)
            .count();
        assert_eq!(found, expected_checks, "{text}");
    }

    #[test]
    fn loops_look() {
        check("(func)", 0);
        check("(func (local i32 i64) (drop (i32.const 1)))", 0);
        check("(func (loop (br 0)))", 1);
        check("(func (local i32) (loop (loop (br 1)) (br 0)))", 2);
        check(
            "(func (param i32) (result i32) (loop (result i32) (i32.const 1)))",
            1,
        );
    }

    #[test]
    fn what_catches_looks() {
        check(
            "(tag $t (param i32)) (func $f (block $caught (result i32)
                (try_table (catch $t $caught) (call $f)) (return))
                (drop) (throw $t (i32.const 1)))",
            2,
        );
        check("(tag $t) (func (throw $t))", 0);
    }

    #[test]
    fn functions_that_look_themselves_are_left_alone() {
        check("(func (export \"sandcell_polling\") (loop (br 0)))", 0);
        check(
            "(func (export \"sandcell_polling_2\") (loop (br 0))) (func (loop (br 0)))",
            1,
        );
    }

    #[test]
    fn every_recursion_comes_by_a_look() {
        check("(func $f (call $f))", 1);
        check("(func $f (loop (call $f)))", 2);
        check("(func $f (return_call $f))", 1);
        check("(func $f (call $g)) (func $g (call $f))", 1);
        check(
            "(func $f (call $g) (call $g)) (func $g (call $h)) (func $h)",
            0,
        );
        check("(func $f (call $check) (call $check))", 0);
        check(
            "(func $a (call $f)) (func $f (call $g)) (func $g (call $f) (call $h)) (func $h)",
            1,
        );
        check(
            "(func $f (call $g) (call $h)) (func $g (call $f)) (func $h (call $f) (call $f))",
            3,
        );
        check(
            "(func $f (export \"sandcell_polling\") (call $g)) (func $g (call $f))",
            0,
        );
        check("(table 1 funcref) (func (call_indirect (i32.const 0)))", 1);
        check(
            "(table 1 funcref) (func $f (call $g)) (func $g (call_indirect (i32.const 0)))",
            1,
        );
        check(
            "(table 1 funcref) (func (return_call_indirect (i32.const 0)))",
            1,
        );
    }
}
