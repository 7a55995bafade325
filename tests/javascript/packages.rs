//! Popular packages of npm that are written in JavaScript, installed by npm. Runs
//! where npm and a registry can be reached; `SANDCELL_NPM=skip` leaves it out.

use std::path::Path;
use std::process::Command;

use sandcell::{End, Sandbox};

use crate::guest::builder;
use crate::support::{run, start};

/// Package, version, code that uses it, what comes of it.
const PACKAGES: [(&str, &str, &str, &str); 22] = [
    (
        "lodash",
        "4.17.21",
        "require('lodash').chunk([1, 2, 3], 2)",
        "[ [ 1, 2 ], [ 3 ] ]",
    ),
    (
        "zod",
        "3.25.76",
        "import { z } from 'zod'; z.object({ a: z.number().min(1) }).safeParse({ a: 0 }).success",
        "false",
    ),
    (
        "date-fns",
        "4.1.0",
        "import { format, addDays } from 'date-fns'; format(addDays(new Date(2026, 0, 30), 3), 'yyyy-MM-dd')",
        "'2026-02-02'",
    ),
    (
        "dayjs",
        "1.11.19",
        "require('dayjs')('2026-01-31').add(1, 'month').format('YYYY-MM-DD')",
        "'2026-02-28'",
    ),
    (
        "uuid",
        "11.1.0",
        "import { v5, validate } from 'uuid'; v5('a', v5.URL) + validate('x')",
        "'e1407479-3136-56c0-9908-bb02fb0339e2false'",
    ),
    (
        "nanoid",
        "5.1.6",
        "import { nanoid } from 'nanoid'; nanoid().length",
        "21",
    ),
    (
        "chalk",
        "5.6.2",
        "import chalk from 'chalk'; chalk.red('x').length",
        "1",
    ),
    (
        "yaml",
        "2.8.2",
        "import YAML from 'yaml'; YAML.parse('a: [1, {b: c}]')",
        "{ a: [ 1, { b: 'c' } ] }",
    ),
    (
        "marked",
        "15.0.12",
        "import { marked } from 'marked'; marked.parse('# Hi *you*')",
        "'<h1>Hi <em>you</em></h1>\\n'",
    ),
    (
        "mathjs",
        "14.9.1",
        "import { evaluate } from 'mathjs'; `${evaluate('sqrt(3^2 + 4^2) + 2 i')}`",
        "'5 + 2i'",
    ),
    (
        "papaparse",
        "5.5.3",
        "require('papaparse').parse('a,b\\n1,2', { header: true }).data",
        "[ { a: '1', b: '2' } ]",
    ),
    (
        "rxjs",
        "7.8.2",
        "import { of, map, toArray, firstValueFrom } from 'rxjs'; await firstValueFrom(of(1, 2).pipe(map((x) => x * 2), toArray()))",
        "[ 2, 4 ]",
    ),
    (
        "ramda",
        "0.31.3",
        "import * as R from 'ramda'; R.pipe(R.map(R.inc), R.sum)([1, 2])",
        "5",
    ),
    (
        "immutable",
        "5.1.4",
        "import { Map as IMap } from 'immutable'; IMap({ a: 1 }).set('b', 2).toJS()",
        "{ a: 1, b: 2 }",
    ),
    (
        "moment",
        "2.30.1",
        "require('moment').utc(0).format('YYYY-MM-DD')",
        "'1970-01-01'",
    ),
    (
        "semver",
        "7.7.3",
        "require('semver').satisfies('1.2.3', '^1.0.0')",
        "true",
    ),
    (
        "ajv",
        "8.17.1",
        "const Ajv = require('ajv').default; new Ajv().compile({ type: 'object', required: ['a'] })({})",
        "false",
    ),
    (
        "commander",
        "14.0.2",
        "const { Command } = require('commander'); new Command().option('-n, --name <x>').parse(['-n', 'me'], { from: 'user' }).opts()",
        "{ name: 'me' }",
    ),
    (
        "csv-parse",
        "6.1.0",
        "import { parse } from 'csv-parse/sync'; parse('a,b\\n1,2', { columns: true })",
        "[ { a: '1', b: '2' } ]",
    ),
    (
        "handlebars",
        "4.7.8",
        "require('handlebars').compile('Hi {{name}}')({ name: 'you' })",
        "'Hi you'",
    ),
    (
        "acorn",
        "8.15.0",
        "import { parse as acorn } from 'acorn'; acorn('1 + 1', { ecmaVersion: 2022 }).body[0].expression.type",
        "'BinaryExpression'",
    ),
    (
        "fast-xml-parser",
        "5.3.3",
        "import { XMLParser } from 'fast-xml-parser'; new XMLParser().parse('<a><b>1</b></a>')",
        "{ a: { b: 1 } }",
    ),
];

fn install(folder: &Path) -> bool {
    std::fs::write(folder.join("package.json"), r#"{"private": true}"#).unwrap();
    let names = PACKAGES
        .iter()
        .map(|(name, version, ..)| format!("{name}@{version}"));
    let installed = Command::new("npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ])
        .args(names)
        .current_dir(folder)
        .status();
    installed.is_ok_and(|status| status.success())
}

/// Copies what Node would read of the installed packages into a sandbox.
fn copy(from: &Path, to: &str, sandbox: &Sandbox) {
    sandbox.files().make_dirs(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let target = format!("{to}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != ".bin" {
                copy(&entry.path(), &target, sandbox);
            }
        } else if [".js", ".mjs", ".cjs", ".json"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            let contents = std::fs::read(entry.path()).unwrap();
            sandbox.files().write(&target, contents).unwrap();
        }
    }
}

#[tokio::test]
async fn popular_packages_work() {
    if std::env::var_os("SANDCELL_NPM").is_some_and(|value| value == "skip") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(
        install(folder.path()),
        "npm installs the packages; SANDCELL_NPM=skip leaves this test out"
    );
    let sandbox = start(builder().await).await;
    copy(
        &folder.path().join("node_modules"),
        "/home/user/node_modules",
        &sandbox,
    );
    let mut failed = Vec::new();
    for (name, _, code, expected) in PACKAGES {
        let context = sandbox.create_context().await.unwrap();
        let report = run(&context, code).await;
        if report.outcome.end != End::Finished || report.text() != Some(expected) {
            let end = &report.outcome.end;
            failed.push(format!("{name}: {end} {:?}", report.text()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
