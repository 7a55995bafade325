//! Makes a guest module "flat": its whole mutable state is one memory and some
//! globals that can be read and written from outside.
//!
//! Data segments are taken out (they become part of the image, which is mapped
//! instead of copied), every mutable global is exported, custom sections are
//! dropped; function bodies are copied byte for byte. A module that changes
//! tables or segments at run time, or has a start function, is refused.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, ExportKind, ExportSection, Module, RawSection};
use wasmparser::{
    ConstExpr, DataKind, ElementKind, ExternalKind, Operator, Parser, Payload, TypeRef, ValType,
};

use crate::engine::polling::StopWord;
use crate::error::{Error, Result};

/// The export that holds the address of the stop word.
pub(super) const STOP_WORD: &str = "sandcell_stop";

/// Most mutable globals of a guest; a compiled C program has one or two.
const GLOBALS: usize = 64;

/// Most bytes of a guest module.
const MODULE_BYTES: usize = 512 << 20;

/// A flat module, and what was taken out of the original.
#[derive(Debug)]
pub(crate) struct FlatModule {
    pub(crate) wasm: Vec<u8>,
    /// Name and type of the exports of the mutable globals, in a fixed order.
    pub(crate) globals: Vec<(String, ValType)>,
    /// What the memory holds before the guest is initialised.
    pub(crate) data: Vec<(u32, Vec<u8>)>,
    /// Least size of its memory.
    pub(crate) memory_pages: u64,
    /// How it is told to look up.
    pub(crate) stop: StopWord,
    /// It throws exceptions, or catches them.
    pub(crate) exceptions: bool,
}

/// The value of a mutable global: its type's letter and its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum GlobalValue {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

pub(super) fn refuse<T>(reason: impl Into<String>) -> Result<T> {
    Err(Error::BadGuest {
        reason: reason.into(),
    })
}

pub(super) fn parse_error(error: impl std::fmt::Display) -> Error {
    Error::BadGuest {
        reason: error.to_string(),
    }
}

/// Name under which mutable global `index` is exported.
fn export_name(index: u32) -> String {
    format!("sandcell:global:{index}")
}

/// Flattens a module.
pub(crate) fn flatten(wasm: &[u8]) -> Result<FlatModule> {
    if wasm.len() > MODULE_BYTES {
        return refuse(format!(
            "it has {} bytes, more than {MODULE_BYTES}",
            wasm.len()
        ));
    }
    let survey = Survey::of(wasm)?;
    survey.check()?;
    Ok(FlatModule {
        wasm: rewrite(wasm, &survey)?,
        globals: survey
            .globals
            .iter()
            .map(|(index, ty)| (export_name(*index), *ty))
            .collect(),
        stop: survey.stop_word()?,
        memory_pages: survey.memory_pages,
        exceptions: survey.exceptions,
        data: survey.data,
    })
}

/// What a module has.
#[derive(Default)]
struct Survey {
    memories: u32,
    memory_pages: u64,
    global_count: u32,
    globals: Vec<(u32, ValType)>,
    data: Vec<(u32, Vec<u8>)>,
    has_exports: bool,
    imported_functions: u32,
    check: Option<u32>,
    /// Index of the global that holds the address of the stop word.
    stop_global: Option<u32>,
    constants: Vec<(u32, u32)>,
    /// It has tags. They say what a thrown value consists of and never change; the
    /// values live in locals only and end with the call.
    exceptions: bool,
    faults: Vec<&'static str>,
}

impl Survey {
    fn of(wasm: &[u8]) -> Result<Self> {
        let mut survey = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            survey.visit(payload.map_err(parse_error)?)?;
        }
        Ok(survey)
    }

    fn visit(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(parse_error)?;
                    let is_check = (import.module, import.name) == ("sandcell", "check");
                    self.import(import.ty, is_check);
                }
            }
            Payload::MemorySection(section) => {
                self.memories += section.count();
                for memory in section {
                    self.memory_pages = memory.map_err(parse_error)?.initial;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.map_err(parse_error)?;
                    let ty = global.ty;
                    if ty.mutable {
                        self.globals.push((self.global_count, ty.content_type));
                    } else if let Ok(value) = constant(&global.init_expr) {
                        self.constants.push((self.global_count, value));
                    }
                    self.global_count += 1;
                }
            }
            Payload::ExportSection(section) => {
                self.has_exports = true;
                for export in section {
                    let export = export.map_err(parse_error)?;
                    if export.name == STOP_WORD && export.kind == ExternalKind::Global {
                        self.stop_global = Some(export.index);
                    }
                }
            }
            Payload::TagSection(section) => self.exceptions |= section.count() > 0,
            Payload::StartSection { .. } => self.faults.push("it has a start function"),
            Payload::DataSection(section) => {
                for segment in section {
                    let segment = segment.map_err(parse_error)?;
                    self.segment(&segment.kind, segment.data)?;
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if matches!(element.map_err(parse_error)?.kind, ElementKind::Passive) {
                        self.faults.push("it has passive element segments");
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().map_err(parse_error)? {
                    self.operator(&operator.map_err(parse_error)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef, is_check: bool) {
        match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                if is_check {
                    self.check = Some(self.imported_functions);
                }
                self.imported_functions += 1;
            }
            TypeRef::Memory(_) => self.faults.push("it imports a memory"),
            TypeRef::Table(_) => self.faults.push("it imports a table"),
            TypeRef::Global(global) => {
                if global.mutable {
                    self.faults.push("it imports a mutable global");
                }
                self.global_count += 1;
            }
            TypeRef::Tag(_) => self.faults.push("it imports a tag"),
        }
    }

    fn stop_word(&self) -> Result<StopWord> {
        let address = self.stop_global.and_then(|index| {
            self.constants
                .iter()
                .find(|(global, _)| *global == index)
                .map(|(_, value)| *value)
        });
        match (address, self.check) {
            (Some(address), Some(check)) if address.is_multiple_of(4) => {
                Ok(StopWord { address, check })
            }
            (None, _) => refuse(format!("it exports no address of {STOP_WORD}")),
            (_, None) => refuse("it does not import sandcell.check"),
            (Some(_), Some(_)) => refuse(format!("its {STOP_WORD} is not aligned")),
        }
    }

    fn segment(&mut self, kind: &DataKind<'_>, data: &[u8]) -> Result<()> {
        let DataKind::Active {
            memory_index: 0,
            offset_expr,
        } = kind
        else {
            self.faults.push("it has passive data segments");
            return Ok(());
        };
        self.data.push((constant(offset_expr)?, data.to_vec()));
        Ok(())
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        let fault = match operator {
            Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. } => "it writes to a table",
            Operator::MemoryInit { .. } | Operator::DataDrop { .. } => "it uses passive data",
            _ => return,
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn check(&self) -> Result<()> {
        if let Some(fault) = self.faults.first() {
            return refuse(*fault);
        }
        if self.memories != 1 {
            return refuse(format!("it has {} memories instead of one", self.memories));
        }
        if !self.has_exports {
            return refuse("it exports nothing");
        }
        if self.globals.len() > GLOBALS {
            return refuse(format!("it has more than {GLOBALS} mutable globals"));
        }
        let number = |ty| {
            matches!(
                ty,
                ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
            )
        };
        if self.globals.iter().any(|(_, ty)| !number(*ty)) {
            return refuse("it has a mutable global that is not a number");
        }
        Ok(())
    }
}

/// The value of `i32.const N; end`.
fn constant(expression: &ConstExpr<'_>) -> Result<u32> {
    let mut operators = expression.get_operators_reader();
    match operators.read().map_err(parse_error)? {
        Operator::I32Const { value } => Ok(value.cast_unsigned()),
        _ => refuse("a data segment has no constant offset"),
    }
}

fn rewrite(wasm: &[u8], survey: &Survey) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut bodies_left = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(parse_error)? {
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section {
                    let export = export.map_err(parse_error)?;
                    RoundtripReencoder
                        .parse_export(&mut exports, export)
                        .map_err(parse_error)?;
                }
                for (index, _) in &survey.globals {
                    exports.export(&export_name(*index), ExportKind::Global, *index);
                }
                module.section(&exports);
            }
            Payload::CodeSectionStart { count, .. } => {
                bodies_left = count;
                if count == 0 {
                    module.section(&code);
                }
            }
            Payload::CodeSectionEntry(body) => {
                code.raw(wasm.get(body.range()).unwrap_or_default());
                bodies_left -= 1;
                if bodies_left == 0 {
                    module.section(&code);
                }
            }
            Payload::DataSection(_)
            | Payload::DataCountSection { .. }
            | Payload::CustomSection(_)
            | Payload::Version { .. }
            | Payload::End(_) => {}
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
