//! The check of a linked module against the guest ABI, before it is published.
//!
//! The runtime refuses a bad module as well. Here the one who changed the recipe
//! or the kernel learns it, with a name.

use wasmparser::{
    DataKind, ElementKind, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef,
};

/// What the runtime offers.
const IMPORTED_MODULES: &[&str] = &["wasi_snapshot_preview1", "sandcell"];

/// What the runtime calls.
const EXPORTED_FUNCTIONS: &[&str] = &[
    "_initialize",
    "sandcell_boot",
    "sandcell_buffer",
    "sandcell_execute",
    "sandcell_interrupt",
    "sandcell_renew",
];

/// The global whose value is the address of the stop word.
const STOP_WORD: &str = "sandcell_stop";

/// How a module breaks the rules for guests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The bytes are no module.
    #[error("not a WebAssembly module: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// An import that no runtime gives.
    #[error("imports {module}.{name}")]
    Import {
        /// The module it is asked from.
        module: String,
        /// Its name.
        name: String,
    },
    /// Not exactly one memory, of its own and exported as `memory`.
    #[error("has {count} memories, or does not export its own as memory")]
    Memory {
        /// How many it defines.
        count: usize,
    },
    /// A function that the runtime calls, or the stop word, is not exported.
    #[error("does not export {name}")]
    Export {
        /// Its name.
        name: &'static str,
    },
    /// It has a start function, which would run before its state is known.
    #[error("has a start function")]
    Start,
    /// A segment that is copied in at run time: state outside of the memory.
    #[error("has a passive segment")]
    PassiveSegment,
    /// An instruction that changes state outside of memory and globals.
    #[error("uses the instruction {name} in function {function}")]
    Instruction {
        /// Its name in the text format.
        name: &'static str,
        /// Index of the function among those the module defines.
        function: usize,
    },
    /// It still carries names, which make it larger and depend on nothing.
    #[error("carries a name section")]
    Names,
}

/// Accept or refuse the bytes of a guest module.
pub(crate) fn check(module: &[u8]) -> Result<(), Rejection> {
    check_exports(module, EXPORTED_FUNCTIONS)
}

/// Accept or refuse the bytes of a command module, which runs once from `_start`.
pub(crate) fn check_program(module: &[u8]) -> Result<(), Rejection> {
    check_exports(module, &["_start"])
}

fn check_exports(module: &[u8], functions: &'static [&'static str]) -> Result<(), Rejection> {
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(module) {
        seen.take(payload.map_err(malformed)?)?;
    }
    if seen.memories != 1 || !seen.memory_exported {
        return Err(Rejection::Memory {
            count: seen.memories,
        });
    }
    let absent = |name: &&&'static str| !seen.functions.iter().any(|found| found == **name);
    match functions.iter().find(absent) {
        Some(name) => Err(Rejection::Export { name }),
        None if !seen.stop_word => Err(Rejection::Export { name: STOP_WORD }),
        None => Ok(()),
    }
}

#[derive(Debug, Default)]
struct Seen {
    memories: usize,
    memory_exported: bool,
    functions: Vec<String>,
    stop_word: bool,
    bodies: usize,
}

impl Seen {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), Rejection> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(malformed)?;
                    let known = IMPORTED_MODULES.contains(&import.module)
                        && matches!(import.ty, TypeRef::Func(_));
                    if !known {
                        return Err(Rejection::Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                        });
                    }
                }
            }
            Payload::MemorySection(memories) => self.memories = memories.into_iter().count(),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(malformed)?;
                    match export.kind {
                        ExternalKind::Memory => self.memory_exported |= export.name == "memory",
                        ExternalKind::Func => self.functions.push(export.name.to_owned()),
                        ExternalKind::Global => self.stop_word |= export.name == STOP_WORD,
                        _ => {}
                    }
                }
            }
            Payload::StartSection { .. } => return Err(Rejection::Start),
            Payload::ElementSection(elements) => {
                for element in elements {
                    if matches!(element.map_err(malformed)?.kind, ElementKind::Passive) {
                        return Err(Rejection::PassiveSegment);
                    }
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    if matches!(segment.map_err(malformed)?.kind, DataKind::Passive) {
                        return Err(Rejection::PassiveSegment);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                check_body(&body, self.bodies)?;
                self.bodies += 1;
            }
            Payload::CustomSection(section) if section.name() == "name" => {
                return Err(Rejection::Names);
            }
            _ => {}
        }
        Ok(())
    }
}

fn check_body(body: &FunctionBody<'_>, function: usize) -> Result<(), Rejection> {
    let mut reader = body.get_operators_reader().map_err(malformed)?;
    while !reader.eof() {
        let name = match reader.read().map_err(malformed)? {
            Operator::TableSet { .. } => "table.set",
            Operator::TableGrow { .. } => "table.grow",
            Operator::TableFill { .. } => "table.fill",
            Operator::TableCopy { .. } => "table.copy",
            Operator::TableInit { .. } => "table.init",
            Operator::ElemDrop { .. } => "elem.drop",
            Operator::MemoryInit { .. } => "memory.init",
            Operator::DataDrop { .. } => "data.drop",
            _ => continue,
        };
        return Err(Rejection::Instruction { name, function });
    }
    Ok(())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn malformed(error: wasmparser::BinaryReaderError) -> Rejection {
    Rejection::Malformed {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function,
        FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection,
        MemoryType, Module, StartSection, TypeSection, ValType,
    };

    use super::*;

    /// A module that passes, with one thing changed.
    #[derive(Default)]
    struct Guest {
        import: Option<(&'static str, &'static str)>,
        memories: usize,
        without: Option<&'static str>,
        start: bool,
        passive: bool,
        drops: bool,
    }

    impl Guest {
        fn bytes(&self) -> Vec<u8> {
            let mut types = TypeSection::new();
            types.ty().function([], []);
            let mut imports = ImportSection::new();
            imports.import("sandcell", "emit", EntityType::Function(0));
            if let Some((module, name)) = self.import {
                imports.import(module, name, EntityType::Function(0));
            }
            let mut functions = FunctionSection::new();
            functions.function(0);
            let mut memories = MemorySection::new();
            for _ in 0..self.memories {
                memories.memory(MemoryType {
                    minimum: 1,
                    maximum: None,
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
            }
            let mut globals = GlobalSection::new();
            globals.global(
                GlobalType {
                    val_type: ValType::I32,
                    mutable: false,
                    shared: false,
                },
                &ConstExpr::i32_const(64),
            );
            let mut exports = ExportSection::new();
            if self.without != Some(STOP_WORD) {
                exports.export(STOP_WORD, ExportKind::Global, 0);
            }
            exports.export("memory", ExportKind::Memory, 0);
            for name in EXPORTED_FUNCTIONS {
                if Some(*name) != self.without {
                    exports.export(name, ExportKind::Func, 1);
                }
            }
            let mut body = Function::new([]);
            if self.drops {
                body.instruction(&Instruction::DataDrop(0));
            }
            body.instruction(&Instruction::End);
            let mut code = CodeSection::new();
            code.function(&body);
            let mut data = DataSection::new();
            if self.passive {
                data.passive([1]);
            } else {
                data.active(0, &ConstExpr::i32_const(0), [1]);
            }
            let mut module = Module::new();
            module
                .section(&types)
                .section(&imports)
                .section(&functions)
                .section(&memories)
                .section(&globals)
                .section(&exports);
            if self.start {
                module.section(&StartSection { function_index: 1 });
            }
            module.section(&code).section(&data);
            module.finish()
        }
    }

    fn guest() -> Guest {
        Guest {
            memories: 1,
            ..Guest::default()
        }
    }

    #[test]
    fn a_proper_guest_passes() {
        assert_eq!(check(&guest().bytes()), Ok(()));
    }

    #[test]
    fn a_program_starts_by_itself() {
        assert_eq!(
            check_program(&guest().bytes()),
            Err(Rejection::Export { name: "_start" })
        );
    }

    #[test]
    fn each_breach_has_its_name() {
        let import = |module, name| Guest {
            import: Some((module, name)),
            ..guest()
        };
        assert_eq!(
            check(&import("env", "system").bytes()),
            Err(Rejection::Import {
                module: "env".to_owned(),
                name: "system".to_owned()
            })
        );
        let memories = |memories| Guest {
            memories,
            ..guest()
        };
        assert_eq!(
            check(&memories(2).bytes()),
            Err(Rejection::Memory { count: 2 })
        );
        assert_eq!(
            check(&memories(0).bytes()),
            Err(Rejection::Memory { count: 0 })
        );
        for name in EXPORTED_FUNCTIONS.iter().copied().chain([STOP_WORD]) {
            let guest = Guest {
                without: Some(name),
                ..guest()
            };
            assert_eq!(check(&guest.bytes()), Err(Rejection::Export { name }));
        }
        let start = Guest {
            start: true,
            ..guest()
        };
        assert_eq!(check(&start.bytes()), Err(Rejection::Start));
        let passive = Guest {
            passive: true,
            ..guest()
        };
        assert_eq!(check(&passive.bytes()), Err(Rejection::PassiveSegment));
        let drops = Guest {
            drops: true,
            ..guest()
        };
        assert_eq!(
            check(&drops.bytes()),
            Err(Rejection::Instruction {
                name: "data.drop",
                function: 0
            })
        );
        assert!(matches!(
            check(b"no module"),
            Err(Rejection::Malformed { .. })
        ));
    }
}
