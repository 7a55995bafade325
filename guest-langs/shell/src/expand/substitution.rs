//! Command and process substitution.

use std::sync::Arc;

use crate::limits::CAPTURE_BYTES;
use crate::run::{Flow, Shell};
use crate::syntax::ast::{Command, List, RedirectKind, Word};
use crate::system::{Group, Open, Stream};
use crate::text;

/// Where descriptors of process substitutions start, counting down as bash does.
const LAST_SUBSTITUTION: u32 = 63;

impl Shell {
    /// What the commands write, without the line ends at its end.
    pub(super) async fn capture(&mut self, list: &Arc<List>) -> Result<String, Flow> {
        let mut bytes = match only_file(list) {
            Some(word) => self.capture_file(word).await?,
            None => self.capture_commands(list).await?,
        };
        bytes.retain(|byte| *byte != 0);
        let end = bytes.iter().rposition(|byte| *byte != b'\n');
        bytes.truncate(end.map_or(0, |end| end + 1));
        Ok(text::decode(&bytes))
    }

    /// `$(<file)`
    async fn capture_file(&mut self, word: &Word) -> Result<Vec<u8>, Flow> {
        let name = self.expand_text(word).await?;
        match self.open(&name, Open::Read).await {
            Ok(stream) => {
                self.substitution_status = Some(0);
                self.read_all(&stream).await
            }
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("{name}: {reason}")).await;
                self.substitution_status = Some(1);
                Ok(Vec::new())
            }
        }
    }

    async fn capture_commands(&mut self, list: &Arc<List>) -> Result<Vec<u8>, Flow> {
        let (reading, writing) = match self.system.pipe() {
            Ok(pipe) => pipe,
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("pipe: {reason}")).await;
                return Err(Flow::Discard(1));
            }
        };
        let mut copy = self.copy();
        copy.descriptors.insert(1, writing);
        copy.options.error_exit &= self.options.inherit_errexit || self.options.posix;
        copy.may_exec =
            matches!(list.0.as_slice(), [one] if !one.background && one.chain.is_single());
        let body = Arc::clone(list);
        let child = self.fork(&self.name, Group::Same, copy, move |shell| {
            Box::pin(async move { shell.run_list(&body).await })
        });
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("fork: {reason}")).await;
                return Err(Flow::Exit(254));
            }
        };
        let bytes = self.read_all(&reading).await?;
        drop(reading);
        let status = self.wait_foreground(&child).await?;
        self.substitution_status = Some(status.code());
        self.status = status.code();
        Ok(bytes)
    }

    async fn read_all(&mut self, stream: &Stream) -> Result<Vec<u8>, Flow> {
        let mut bytes = Vec::new();
        loop {
            let Some(more) = self.or_signal(stream.read(1 << 16)).await? else {
                continue;
            };
            match more {
                Ok(more) if more.is_empty() => return Ok(bytes),
                Ok(more) => bytes.extend_from_slice(&more),
                Err(error) => {
                    let reason = crate::errno::message(&error);
                    self.complain(&format!("read error: {reason}")).await;
                    return Ok(bytes);
                }
            }
            if bytes.len() + self.expanded.1 > CAPTURE_BYTES {
                self.complain("command substitution: output too large")
                    .await;
                return Err(Flow::Discard(1));
            }
        }
    }

    /// `<(commands)`: the path of a descriptor that their output comes from.
    pub(super) async fn process_substitution(
        &mut self,
        input: bool,
        body: &Arc<List>,
    ) -> Result<String, Flow> {
        let numbers = (crate::builtin::FIRST_PRIVATE..=LAST_SUBSTITUTION).rev();
        let free = numbers
            .into_iter()
            .find(|number| !self.descriptors.contains_key(number));
        let (Some(number), true) = (free, self.system.has_descriptor_paths()) else {
            self.complain("process substitution: no descriptors left")
                .await;
            return Err(Flow::Discard(1));
        };
        let (reading, writing) = match self.system.pipe() {
            Ok(pipe) => pipe,
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("pipe: {reason}")).await;
                return Err(Flow::Discard(1));
            }
        };
        let mut copy = self.copy();
        let (own, theirs, place) = if input {
            (reading, writing, 1)
        } else {
            (writing, reading, 0)
        };
        copy.descriptors.insert(place, theirs);
        copy.may_exec =
            matches!(body.0.as_slice(), [one] if !one.background && one.chain.is_single());
        let list = Arc::clone(body);
        let child = self.fork(&self.name, Group::Same, copy, move |shell| {
            Box::pin(async move { shell.run_list(&list).await })
        });
        match child {
            Ok(child) => {
                self.jobs.last_pid = Some(child.pid());
                self.jobs.substitutions.push(child);
                if self.jobs.substitutions.len() > 1_000 {
                    self.jobs.substitutions.remove(0);
                }
            }
            Err(error) => {
                let reason = crate::errno::message(&error);
                self.complain(&format!("fork: {reason}")).await;
                return Err(Flow::Exit(254));
            }
        }
        self.descriptors.insert(number, own);
        self.substitutions.push(number);
        Ok(format!("/dev/fd/{number}"))
    }
}

/// The word of `$(<word)`.
fn only_file(list: &List) -> Option<&Word> {
    let [item] = list.0.as_slice() else {
        return None;
    };
    if item.background || !item.chain.is_single() {
        return None;
    }
    let Some(Command::Simple(simple)) = item.chain.first.stages.first() else {
        return None;
    };
    if !simple.words.is_empty() || !simple.assignments.is_empty() {
        return None;
    }
    match simple.redirects.as_slice() {
        [one] => match &one.kind {
            RedirectKind::Input(word) => Some(word),
            _ => None,
        },
        _ => None,
    }
}
