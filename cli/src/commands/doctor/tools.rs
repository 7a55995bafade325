//! What a build of an image needs of the machine.

use std::process::{Command, Stdio};

use super::finding::Finding;

/// A program, how to see that it works, and how to get it.
struct Tool {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    remedy: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool {
        name: "python3",
        program: "python3",
        arguments: &["-c", "import venv, ensurepip"],
        remedy: "sudo apt-get install python3 python3-venv python3-pip",
    },
    Tool {
        name: "make",
        program: "make",
        arguments: &["--version"],
        remedy: "sudo apt-get install make",
    },
    Tool {
        name: "C compiler",
        program: "cc",
        arguments: &["--version"],
        remedy: "sudo apt-get install gcc",
    },
];

/// Tries each tool.
pub(super) fn check() -> Vec<Finding> {
    TOOLS
        .iter()
        .map(|tool| judge(tool, works(tool.program, tool.arguments)))
        .collect()
}

fn judge(tool: &Tool, works: bool) -> Finding {
    if works {
        return Finding::well(tool.name, "there");
    }
    let detail = if tool.program == "python3" {
        "python3 with venv and pip is missing, which a build needs".to_owned()
    } else {
        format!("`{}` is missing, which a build needs", tool.program)
    };
    Finding::problem(tool.name, detail).remedy(tool.remedy)
}

fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_tool_works_or_has_a_remedy() {
        assert!(works("true", &[]));
        assert!(!works("false", &[]));
        assert!(!works("no-such-program-anywhere", &[]));
        for tool in &TOOLS {
            assert_eq!(judge(tool, true).verdict, Verdict::Well);
            assert_eq!(judge(tool, false).verdict, Verdict::Problem);
        }
    }
}
