//! Images of one's own: `sandcell image add`. Asks this machine's pip for packages.

use crate::support::{image, sandcell};

/// Removes the image of a test, whatever came of it.
struct Named(String);

impl Named {
    fn new(name: &str) -> Self {
        Self(format!("test-{name}-{}", std::process::id()))
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _removed = sandcell(&["image", "remove", &self.0]);
    }
}

#[test]
fn an_image_has_the_packages_and_what_they_need() {
    image();
    let name = Named::new("added");
    let added = ["image", "add", "markdown-it-py==3.0.0", "--name", &name.0];
    let ended = sandcell(&added).exits(0);
    for line in [
        "markdown_it_py==3.0.0 sha256:",
        "mdurl==",
        &format!("the image {} is ready", name.0),
    ] {
        assert!(ended.text().contains(line), "{ended:?}");
    }
    // Imported already, and what it needs is beside it.
    let code = "import sys; there = 'markdown_it' in sys.modules\nimport markdown_it, mdurl\nprint(there, markdown_it.MarkdownIt().render('*a*'), end='')";
    sandcell(&["run", "--image", &name.0, "-c", code])
        .exits(0)
        .prints("True <p><em>a</em></p>\n");
    let code = "%pip install markdown-it-py";
    sandcell(&["run", "--image", &name.0, "-c", code])
        .exits(0)
        .shows("Requirement already satisfied: markdown-it-py");
    // The image that it was made from has none of it.
    sandcell(&["run", "-c", "import markdown_it"])
        .exits(1)
        .says("ModuleNotFoundError");
}

#[test]
fn what_cannot_be_added_is_said() {
    image();
    for (package, words) in [
        ("msgpack==1.1.0", "msgpack has native code"),
        (
            "no-such-package-of-sandcell==1.0",
            "there is no wheel of no-such-package-of-sandcell",
        ),
        ("humanize", "`humanize` names no version"),
        ("humanize>=4", "names no version"),
        ("./x.whl", "is no requirement"),
        ("humanize==4.9.0 --pre", "is no requirement"),
        ("--index-url=x", "unexpected argument"),
    ] {
        sandcell(&["image", "add", package, "--name", "test-nothing"])
            .exits(2)
            .says(words);
    }
    for name in ["python", "data", "tools"] {
        sandcell(&["image", "add", "humanize==4.9.0", "--name", name])
            .exits(2)
            .says("is the name of an image that is built");
    }
    sandcell(&["image", "add", "humanize==4.9.0", "--name", "../x"])
        .exits(2)
        .says("a name has 1 to 64 letters");
    sandcell(&["image", "inspect", "test-nothing"]).exits(2);
}
