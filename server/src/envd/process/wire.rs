//! The messages of the process service.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandcell::command::Signal;
use sandcell::stream::TerminalSize;
use serde::{Deserialize, Deserializer};

/// What to start.
#[derive(Debug, Deserialize)]
pub(crate) struct Start {
    pub(super) process: Config,
    #[serde(default)]
    pub(super) pty: Option<Pty>,
    #[serde(default)]
    pub(super) tag: Option<String>,
    /// Whether input will be sent; older clients do not say and may.
    #[serde(default)]
    pub(super) stdin: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    pub(super) cmd: String,
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) envs: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) cwd: Option<String>,
}

impl Config {
    /// The words of the command that a shell is to run.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        match self.args.as_slice() {
            [.., option, command] if option == "-c" => shlex::split(command),
            _ => None,
        }
    }
}

/// A terminal.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Pty {
    #[serde(default)]
    size: Size,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Size {
    #[serde(default)]
    cols: u32,
    #[serde(default)]
    rows: u32,
}

impl Pty {
    /// Its size; what is left out is as usual.
    pub(super) fn size(self) -> TerminalSize {
        let usual = TerminalSize::default();
        let given = |number: u32, usual| match u16::try_from(number) {
            Ok(0) => usual,
            Ok(number) => number,
            Err(_) => u16::MAX,
        };
        TerminalSize {
            columns: given(self.size.cols, usual.columns),
            rows: given(self.size.rows, usual.rows),
        }
    }
}

/// Which process is meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Selector {
    Pid(#[serde(deserialize_with = "number")] u32),
    Tag(String),
}

/// A number, or its decimal form in quotes, as the JSON of protocol buffers
/// allows.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(u32),
        Text(String),
    }
    match Form::deserialize(from)? {
        Form::Number(number) => Ok(number),
        Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// A message about a process.
#[derive(Debug, Deserialize)]
pub(crate) struct About {
    pub(super) process: Selector,
}

/// Input for a process.
#[derive(Debug, Deserialize)]
pub(crate) struct SendInput {
    pub(super) process: Selector,
    #[serde(default)]
    pub(super) input: Option<Input>,
}

/// What is typed or written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Input {
    Stdin(#[serde(deserialize_with = "bytes")] Vec<u8>),
    Pty(#[serde(deserialize_with = "bytes")] Vec<u8>),
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

/// A message of a stream of input.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamInput {
    #[serde(default)]
    pub(super) start: Option<About>,
    #[serde(default)]
    pub(super) data: Option<Data>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Data {
    #[serde(default)]
    pub(super) input: Option<Input>,
}

/// A signal for a process.
#[derive(Debug, Deserialize)]
pub(crate) struct SendSignal {
    pub(super) process: Selector,
    #[serde(default)]
    signal: SignalName,
}

/// By name or by number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SignalName {
    Name(String),
    Number(i32),
}

impl Default for SignalName {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl SendSignal {
    /// The signal, if it is one.
    pub(super) fn signal(&self) -> Option<Signal> {
        match &self.signal {
            SignalName::Name(name) => {
                let name = name.strip_prefix("SIGNAL_").unwrap_or(name);
                Signal::from_name(name)
            }
            SignalName::Number(number) => Signal::from_number(*number),
        }
    }
}

/// A new size.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(super) process: Selector,
    #[serde(default)]
    pub(super) pty: Option<Pty>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn processes_are_named_by_number_or_tag() {
        let parse = |value| from_value::<About>(json!({"process": value})).map(|it| it.process);
        assert_eq!(parse(json!({"pid": 7})).unwrap(), Selector::Pid(7));
        assert_eq!(parse(json!({"pid": "7"})).unwrap(), Selector::Pid(7));
        let tag = Selector::Tag("x".to_owned());
        assert_eq!(parse(json!({"tag": "x"})).unwrap(), tag);
        for bad in [json!({}), json!({"pid": -1}), json!({"pid": "x"}), json!(1)] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn signals_have_names_and_numbers() {
        let parse = |signal| {
            let value = json!({"process": {"pid": 1}, "signal": signal});
            from_value::<SendSignal>(value).unwrap().signal()
        };
        assert_eq!(parse(json!("SIGNAL_SIGKILL")), Some(Signal::KILL));
        assert_eq!(parse(json!("SIGNAL_SIGTERM")), Some(Signal::TERM));
        assert_eq!(parse(json!(15)), Some(Signal::TERM));
        assert_eq!(parse(json!("SIGNAL_UNSPECIFIED")), None);
        assert_eq!(parse(json!(0)), None);
    }

    #[test]
    fn input_is_bytes() {
        let parse = |value| from_value::<Input>(value);
        assert_eq!(
            parse(json!({"stdin": "AP8="})).unwrap(),
            Input::Stdin(vec![0, 255])
        );
        assert_eq!(parse(json!({"pty": ""})).unwrap(), Input::Pty(Vec::new()));
        assert!(parse(json!({"stdin": "%"})).is_err());
    }

    #[test]
    fn sizes_have_bounds() {
        let size = |value| from_value::<Pty>(value).unwrap().size();
        let known = |columns, rows| TerminalSize { columns, rows };
        assert_eq!(
            size(json!({"size": {"cols": 100, "rows": 9}})),
            known(100, 9)
        );
        assert_eq!(size(json!({})), known(80, 24));
        assert_eq!(size(json!({"size": {"cols": 99_999}})), known(65_535, 24));
    }
}
