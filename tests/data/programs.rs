//! Python as a program in a sandbox of the data image: it has the image's packages,
//! and nothing that only cells have.

use sandcell::Sandbox;
use sandcell::command::InterpreterProgram;

use crate::support::start;

async fn sandbox() -> Option<Sandbox> {
    let runtime = crate::runtime_with(|builder| {
        let python = InterpreterProgram::of_own_image("python", &["javascript"]);
        builder.program("python", python)
    })?;
    Some(start(runtime.sandbox()).await)
}

async fn says(sandbox: &Sandbox, code: &str) -> (String, String) {
    let command = sandbox.command(["python", "-c", code]).start().unwrap();
    let output = command.output(1 << 20).await.unwrap();
    (output.stdout_text(), output.stderr_text())
}

#[tokio::test]
async fn a_program_has_the_packages_of_its_sandbox() {
    let Some(sandbox) = sandbox().await else {
        return;
    };
    let code = "import numpy as np, pandas as pd
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.savefig('/tmp/a.png')
print(np.arange(3).sum(), open('/tmp/a.png', 'rb').read(4), plt.isinteractive())
print(pd.DataFrame({'x': [1, 2]}))";
    let (stdout, stderr) = says(&sandbox, code).await;
    assert_eq!(
        stdout, "3 b'\\x89PNG' False\n   x\n0  1\n1  2\n",
        "{stderr}"
    );
    assert_eq!(stderr, "");
    // A subprocess of a cell is one as well.
    let cell = "import subprocess
subprocess.run(['python', '-c', 'import numpy; print(numpy.__name__)'], capture_output=True, text=True).stdout";
    crate::support::check(&crate::support::first(&sandbox), cell, "'numpy\\n'").await;
}

#[tokio::test]
async fn a_program_shows_nothing_as_cells_do() {
    let Some(sandbox) = sandbox().await else {
        return;
    };
    // As many columns as fit into 80 characters; plots and pictures have no display.
    let code = "import pandas as pd, matplotlib, matplotlib.pyplot as plt
from PIL import Image
print(pd.DataFrame({f'column {n}': [n] for n in range(30)}))
plt.plot([1]); plt.show()
print(matplotlib.get_backend(), Image.new('RGB', (1, 1)).show())
import matplotlib_inline";
    let (stdout, stderr) = says(&sandbox, code).await;
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].contains("...") && lines[0].len() <= 80, "{stdout}");
    assert_eq!(lines.last(), Some(&"agg None"), "{stdout}");
    assert!(
        stderr.contains("FigureCanvasAgg is non-interactive"),
        "{stderr}"
    );
    assert!(
        stderr.contains("No module named 'matplotlib_inline'"),
        "{stderr}"
    );
}
