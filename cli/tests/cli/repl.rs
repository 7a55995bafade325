//! The interpreter on a pipe: the same cells as on a terminal, without prompts.

use crate::support::{Ended, command, image, start};

#[track_caller]
fn repl(words: &[&str], input: &str) -> Ended {
    image();
    let words: Vec<&str> = ["repl"].iter().chain(words).copied().collect();
    start(command(&words), input.as_bytes().to_vec()).end()
}

#[test]
fn variables_live_from_cell_to_cell() {
    repl(&[], "x = 20\nx + 1\nx + 2\n")
        .exits(0)
        .prints("Out[2]: 21\nOut[3]: 22\n");
}

#[test]
fn a_block_ends_with_an_empty_line() {
    repl(&[], "for i in range(2):\n    print(i)\n\nprint('after')\n")
        .exits(0)
        .prints("0\n1\nafter\n");
}

#[test]
fn an_exception_ends_its_cell_only() {
    let ended = repl(&[], "x = 1\n1 / 0\nx\n")
        .exits(0)
        .says("ZeroDivisionError");
    assert_eq!(ended.text(), "Out[3]: 1\n");
    ended.says("Cell In[2], line 1");
}

#[test]
fn an_exit_of_the_program_ends_its_cell_only() {
    repl(&[], "import sys; sys.exit(3)\n'on'\n")
        .exits(0)
        .prints("Out[2]: 'on'\n");
}

#[test]
fn people_leave_with_exit() {
    repl(&[], "1\nexit()\n2\n").exits(0).prints("Out[1]: 1\n");
    repl(&[], "quit\n2\n").exits(0).prints("");
}

#[test]
fn a_cell_that_breaks_the_interpreter_costs_that_cell_alone() {
    repl(&[], "x = 1\nx = 2; import os; os._exit(1)\nx\n")
        .exits(0)
        .says("variables are as they were before this cell")
        .prints("Out[2]: 1\n");
}

#[test]
fn undo_takes_cells_back() {
    repl(
        &[],
        "x = 1\nx = 2\n%undo\nx\n%undo\n%undo\n'x' in globals()\n%undo\n%undo\n",
    )
    .exits(0)
    .says("cell 2 is undone")
    .says("cell 1 is undone")
    .says("there is nothing to undo")
    .prints("Out[2]: 1\nOut[1]: False\n");
}

#[test]
fn rich_results_become_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let code = "class P:\n def _repr_png_(self): return b'\\x89PNG'\n def __repr__(self): return 'P'\n\nP()\n";
    let ended = repl(&["--save-dir", place], code).exits(0);
    assert_eq!(
        ended.text(),
        format!("Out[2]: P\n[image/png, 4 bytes: {place}/output-1.png]\n")
    );
}
