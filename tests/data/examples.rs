//! The programs of `examples/analysis`: what they print and what they leave behind.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{check, finished, first};

/// An expression and what it shows.
type Shown = (&'static str, &'static str);

/// A program, lines that it prints, and what holds of its files afterwards.
type Program = (&'static str, &'static [&'static str], &'static [Shown]);

const PROGRAMS: [Program; 10] = [
    (
        "cleaning",
        &[
            "{'rows': 8, 'without a date': 1, 'doubles': 1, 'out of range': 1}",
            " Bergen 2024-03-03          6.9    20",
        ],
        &[(
            "open('clean.csv').read().splitlines()[-1]",
            "'Oslo,2024-03-03,5.0,1'",
        )],
    ),
    (
        "clusters",
        &["( 3.94,  1.07) 150", "( 0.94,  4.97) 150"],
        &[
            (
                "json.load(open('clusters.json'))['sizes']",
                "[150, 150, 150]",
            ),
            ("open('clusters.png', 'rb').read(4)", "b'\\x89PNG'"),
        ],
    ),
    (
        "cohorts",
        &[
            "2024-01  100.0  78.4  48.0  46.1  37.3  23.5",
            "customers: 600",
        ],
        &[("open('cohorts.png', 'rb').read(4)", "b'\\x89PNG'")],
    ),
    (
        "orders",
        &[
            "DE        5355.90   6559.54   5436.28   3995.25  21346.96",
            "All      13145.99  13341.55  11579.48  10483.58  48550.59",
        ],
        &[
            (
                "list(pd.read_excel('summary.xlsx', sheet_name=None))",
                "['quarters', 'unknown']",
            ),
            (
                "float(pd.read_excel('summary.xlsx', index_col=0).loc['FR', 'All'].round(2))",
                "24833.21",
            ),
        ],
    ),
    (
        "pictures",
        &["red: 12.5% of the picture", "means: [248.8 216.9 223.1]"],
        &[("Image.open('shapes.jpg').size", "(160, 100)")],
    ),
    (
        "portfolio",
        &[
            "A      0.112    -0.122",
            "least risk: {'A': 0.82, 'B': 0.31, 'C': -0.12}",
        ],
        &[
            ("len(pd.read_csv('prices.csv'))", "1566"),
            ("'</svg>' in open('portfolio.svg').read()", "True"),
        ],
    ),
    (
        "regression",
        &["constant   2.001 +- 0.004", "a         -1.498 +- 0.004"],
        &[("open('rest.pdf', 'rb').read(5)", "b'%PDF-'")],
    ),
    (
        "sales",
        &["2024-12  5862.0  5064.0  6652.0", "best shop: west"],
        &[
            ("pd.read_excel('sales.xlsx').shape", "(12, 4)"),
            ("len(pd.read_csv('sales.csv'))", "1098"),
            ("open('sales.png', 'rb').read(4)", "b'\\x89PNG'"),
        ],
    ),
    (
        "series",
        &[
            "2024-01-01 00:00:00+00:00  10.05  2.39  6.36  13.57",
            "period: 24 hours",
        ],
        &[("'</svg>' in open('series.svg').read()", "True")],
    ),
    (
        "survey",
        &[
            "new    150  3.87",
            "False  8  27  49  72  44",
            "the new one is better",
        ],
        &[
            ("len(open('answers.jsonl').readlines())", "300"),
            ("'p = 0.000' in open('report.html').read()", "True"),
        ],
    ),
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/analysis")
}

#[test]
fn each_program_is_here() {
    let names = std::fs::read_dir(folder()).unwrap();
    let names: BTreeSet<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    let tested: BTreeSet<_> = PROGRAMS
        .iter()
        .map(|(name, ..)| format!("{name}.py").into())
        .collect();
    assert_eq!(names, tested);
}

#[tokio::test]
async fn programs_print_and_leave_what_they_say() {
    let Some(runtime) = crate::runtime() else {
        return;
    };
    for (name, lines, files) in PROGRAMS {
        let context = first(&crate::support::start(runtime.sandbox()).await);
        let code = std::fs::read_to_string(folder().join(format!("{name}.py"))).unwrap();
        let report = finished(&context, code.as_str()).await;
        let printed = report.stdout_text();
        for line in lines {
            assert!(
                printed.lines().any(|other| other == *line),
                "{name}: no line {line:?} in\n{printed}"
            );
        }
        finished(&context, "import json, pandas as pd; from PIL import Image").await;
        for (code, expected) in files {
            check(&context, *code, expected).await;
        }
    }
}
