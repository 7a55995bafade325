//! Gives a plain command module a stop word.
//!
//! A guest that we build says where its stop word is and imports the call that
//! looks at the ladder (see [`super::polling`]). A program that any compiler
//! linked does neither; here it is given both: the import, and a word near the
//! start of its memory, where C programs have nothing (address 0 is no object).

use std::convert::Infallible;

use wasm_encoder::reencode::{Error as ReencodeError, Reencode, utils};
use wasm_encoder::{
    ConstExpr, EntityType, ExportKind, ExportSection, GlobalSection, GlobalType, ImportSection,
    Module, TypeSection, ValType,
};
use wasmparser::{
    ExportSectionReader, ExternalKind, GlobalSectionReader, ImportSectionReader, Parser, Payload,
    TypeRef, TypeSectionReader,
};

use crate::engine::flat::{STOP_WORD, parse_error, refuse};
use crate::error::Result;

/// Where the word is.
const ADDRESS: i32 = 16;

/// The module with a stop word; as it is when it has one.
pub(crate) fn listening(wasm: &[u8]) -> Result<Vec<u8>> {
    let found = Found::of(wasm)?;
    if found.listens {
        return Ok(wasm.to_vec());
    }
    if found.sections != 4 {
        return refuse("a command has types, imports, globals and exports");
    }
    let mut module = Module::new();
    Listener(found)
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(parse_error)?;
    Ok(module.finish())
}

/// What is counted in a module.
#[derive(Default)]
struct Found {
    listens: bool,
    types: u32,
    functions: u32,
    globals: u32,
    /// Of those four that are added to.
    sections: u32,
}

impl Found {
    fn of(wasm: &[u8]) -> Result<Self> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(parse_error)? {
                Payload::TypeSection(section) => {
                    found.sections += 1;
                    for group in section {
                        let types = group.map_err(parse_error)?.into_types().count();
                        found.types += u32::try_from(types).map_err(parse_error)?;
                    }
                }
                Payload::ImportSection(section) => {
                    found.sections += 1;
                    for import in section.into_imports() {
                        match import.map_err(parse_error)?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => found.functions += 1,
                            TypeRef::Global(_) => found.globals += 1,
                            _ => {}
                        }
                    }
                }
                Payload::GlobalSection(section) => {
                    found.sections += 1;
                    found.globals += section.count();
                }
                Payload::ExportSection(section) => {
                    found.sections += 1;
                    for export in section {
                        let export = export.map_err(parse_error)?;
                        found.listens |=
                            export.name == STOP_WORD && export.kind == ExternalKind::Global;
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Copies a module with one more import, behind which functions move up.
struct Listener(Found);

type Copied = std::result::Result<(), ReencodeError<Infallible>>;

impl Reencode for Listener {
    type Error = Infallible;

    fn function_index(
        &mut self,
        function: u32,
    ) -> std::result::Result<u32, ReencodeError<Infallible>> {
        Ok(function + u32::from(function >= self.0.functions))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Copied {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Copied {
        utils::parse_import_section(self, imports, section)?;
        imports.import("sandcell", "check", EntityType::Function(self.0.types));
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Copied {
        utils::parse_global_section(self, globals, section)?;
        let word = GlobalType {
            val_type: ValType::I32,
            mutable: false,
            shared: false,
        };
        globals.global(word, &ConstExpr::i32_const(ADDRESS));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Copied {
        utils::parse_export_section(self, exports, section)?;
        exports.export(STOP_WORD, ExportKind::Global, self.0.globals);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::flatten;

    const PLAIN: &str = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (global $sp (mut i32) (i32.const 1024))
        (func $inner (call $exit (i32.const 3)))
        (table 1 funcref)
        (elem (i32.const 0) $inner)
        (func (export "_start") (loop (call $inner) (br 0))))"#;

    #[test]
    fn a_plain_module_gets_a_stop_word() {
        let wasm = listening(&wat::parse_str(PLAIN).unwrap()).unwrap();
        let flat = flatten(&wasm).unwrap();
        assert_eq!(flat.stop.address, ADDRESS.cast_unsigned());
        assert_eq!(flat.stop.check, 1);
        assert_eq!(listening(&wasm).unwrap(), wasm, "once is enough");
        wasmparser::validate(&wasm).unwrap();
    }

    #[test]
    fn what_is_no_command_is_refused() {
        let bare = wat::parse_str("(module (memory 1))").unwrap();
        assert!(listening(&bare).is_err());
        assert!(listening(b"\0asm").is_err());
    }
}
