//! What the image carries, and that it works.

use std::collections::BTreeSet;

use sandcell::Busy;

use crate::support::{check, finished, first, run};

#[tokio::test]
async fn usual_imports_are_there_already() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import sys; [name for name in ('numpy', 'pandas', 'matplotlib.pyplot', 'PIL.Image') if name not in sys.modules]";
    check(&context, code, "[]").await;
}

#[tokio::test]
async fn packages_can_be_imported() {
    let Some(context) = crate::context().await else {
        return;
    };
    for (import, code, expected) in [
        ("sympy", "str(sympy.integrate('x**2'))", "'x**3/3'"),
        (
            "networkx",
            "networkx.shortest_path(networkx.path_graph(4), 0, 3)",
            "[0, 1, 2, 3]",
        ),
        ("yaml", "yaml.safe_load('a: [1, x]')", "{'a': [1, 'x']}"),
        (
            "bs4",
            "bs4.BeautifulSoup('<p>a<b>c</b></p>', 'html.parser').b.text",
            "'c'",
        ),
        ("jinja2", "jinja2.Template('{{ x }}!').render(x=1)", "'1!'"),
        (
            "tabulate",
            "tabulate.tabulate([[1, 2]], tablefmt='plain')",
            "'1  2'",
        ),
        (
            "dateutil.parser",
            "dateutil.parser.parse('3 Jan 2024').isoformat()",
            "'2024-01-03T00:00:00'",
        ),
        ("requests", "requests.Request('GET', 'x').method", "'GET'"),
        ("markupsafe", "str(markupsafe.escape('<'))", "'&lt;'"),
        ("seaborn", "len(seaborn.color_palette())", "10"),
    ] {
        finished(&context, format!("import {import}").as_str()).await;
        check(&context, code, expected).await;
    }
}

#[tokio::test]
async fn a_day_of_analysis() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import numpy as np, pandas as pd, io, sqlite3
rng = np.random.default_rng(1)
sales = pd.DataFrame({'day': pd.date_range('2024-01-01', periods=90), 'shop': list('abc') * 30, 'sum': np.arange(90.0)})
sales.to_csv('sales.csv', index=False); sales.to_excel('sales.xlsx', index=False)
again = pd.read_csv('sales.csv', parse_dates=['day'])
assert again.equals(sales) and pd.read_excel('sales.xlsx').astype({'sum': float}).equals(sales)
assert pd.read_json(io.StringIO(sales.to_json())).shape == (90, 3)
by = sales.groupby('shop')['sum'].agg(['sum', 'mean'])
monthly = sales.set_index('day').resample('MS')['sum'].sum()
wide = sales.pivot_table(index=sales.day.dt.month, columns='shop', values='sum', aggfunc='sum')
both = sales.merge(by, left_on='shop', right_index=True)
with sqlite3.connect(':memory:') as database:
    sales.to_sql('sales', database)
    count = pd.read_sql('select count(*) n from sales', database).n[0]
rolled = float(sales['sum'].rolling(7).mean().iloc[-1])
zone = sales.day.dt.tz_localize('UTC').dt.tz_convert('Europe/Paris').iloc[0].isoformat()
int(by['sum'].sum()), monthly.tolist(), wide.shape, both.shape, int(count), rolled, zone";
    check(
        &context,
        code,
        "(4005,\n [465.0, 1305.0, 2235.0],\n (3, 3),\n (90, 5),\n 90,\n 86.0,\n '2024-01-01T01:00:00+01:00')",
    )
    .await;
    let code = "a = np.random.default_rng(0).normal(size=(50, 50))
u, s, v = np.linalg.svd(a); q, r = np.linalg.qr(a)
bool(np.allclose(u @ np.diag(s) @ v, a)), bool(np.allclose(q @ r, a)), bool(np.allclose(np.fft.ifft(np.fft.fft(a)), a)), \\
    bool(np.allclose(np.linalg.solve(a, a @ np.ones(50)), 1)), bool((np.sort(a.ravel()) == sorted(a.ravel())).all())";
    check(&context, code, "(True, True, True, True, True)").await;
}

#[tokio::test]
async fn random_states_differ_in_all_copies() {
    let Some(sandbox) = crate::sandbox().await else {
        return;
    };
    let context = first(&sandbox);
    finished(&context, "import numpy as np, random; np.random.seed(1)").await;
    let code =
        "float(np.random.rand()), random.random(), int(np.random.default_rng().integers(1 << 60))";
    let mut seen = BTreeSet::new();
    let children = sandbox.fork(3, Busy::default()).await.unwrap();
    for child in &children {
        let report = run(&first(child), code).await;
        for part in report.text().unwrap().trim_matches(['(', ')']).split(", ") {
            assert!(seen.insert(part.to_owned()), "{part} came twice");
        }
    }
    // It goes on itself where it was.
    check(&context, "float(np.random.rand())", "0.417022004702574").await;
}
