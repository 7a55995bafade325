//! `set` and `shopt`.

use serde::{Deserialize, Serialize};

/// What is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    pub(crate) all_export: bool,
    pub(crate) brace_expand: bool,
    pub(crate) error_exit: bool,
    pub(crate) error_trace: bool,
    pub(crate) function_trace: bool,
    pub(crate) hash_all: bool,
    pub(crate) history: bool,
    pub(crate) history_expand: bool,
    pub(crate) ignore_eof: bool,
    pub(crate) keyword: bool,
    pub(crate) monitor: bool,
    pub(crate) no_clobber: bool,
    pub(crate) no_exec: bool,
    pub(crate) no_glob: bool,
    pub(crate) no_log: bool,
    pub(crate) notify: bool,
    pub(crate) no_unset: bool,
    pub(crate) one_command: bool,
    pub(crate) physical: bool,
    pub(crate) pipe_fail: bool,
    pub(crate) posix: bool,
    pub(crate) privileged: bool,
    pub(crate) verbose: bool,
    pub(crate) emacs: bool,
    pub(crate) vi: bool,
    pub(crate) trace: bool,
    pub(crate) autocd: bool,
    pub(crate) cmdhist: bool,
    pub(crate) dotglob: bool,
    pub(crate) expand_aliases: bool,
    pub(crate) extglob: bool,
    pub(crate) failglob: bool,
    pub(crate) globskipdots: bool,
    pub(crate) globstar: bool,
    pub(crate) huponexit: bool,
    pub(crate) inherit_errexit: bool,
    pub(crate) lastpipe: bool,
    pub(crate) localvar_inherit: bool,
    pub(crate) nocaseglob: bool,
    pub(crate) nocasematch: bool,
    pub(crate) nullglob: bool,
    pub(crate) patsub_replacement: bool,
    pub(crate) shift_verbose: bool,
    pub(crate) sourcepath: bool,
    pub(crate) xpg_echo: bool,
    pub(crate) checkwinsize: bool,
    pub(crate) histappend: bool,
    pub(crate) login_shell: bool,
    pub(crate) promptvars: bool,
    pub(crate) interactive_comments: bool,
    /// `-i`
    pub(crate) interactive: bool,
    /// `-s`
    pub(crate) from_input: bool,
    /// `-c`
    pub(crate) from_argument: bool,
}

impl Default for Options {
    fn default() -> Self {
        // All off but what bash has on in scripts.
        let off: Self = Self::off();
        Self {
            brace_expand: true,
            hash_all: true,
            cmdhist: true,
            globskipdots: true,
            patsub_replacement: true,
            sourcepath: true,
            checkwinsize: true,
            promptvars: true,
            interactive_comments: true,
            ..off
        }
    }
}

/// An option's name, its letter, and where it is kept.
pub(crate) type Entry = (&'static str, Option<char>, fn(&mut Options) -> &mut bool);

/// Options of `set`, in the order of `set -o`.
pub(crate) const OPTIONS: [Entry; 26] = [
    ("allexport", Some('a'), |o| &mut o.all_export),
    ("braceexpand", Some('B'), |o| &mut o.brace_expand),
    ("emacs", None, |o| &mut o.emacs),
    ("errexit", Some('e'), |o| &mut o.error_exit),
    ("errtrace", Some('E'), |o| &mut o.error_trace),
    ("functrace", Some('T'), |o| &mut o.function_trace),
    ("hashall", Some('h'), |o| &mut o.hash_all),
    ("histexpand", Some('H'), |o| &mut o.history_expand),
    ("history", None, |o| &mut o.history),
    ("ignoreeof", None, |o| &mut o.ignore_eof),
    ("keyword", Some('k'), |o| &mut o.keyword),
    ("monitor", Some('m'), |o| &mut o.monitor),
    ("noclobber", Some('C'), |o| &mut o.no_clobber),
    ("noexec", Some('n'), |o| &mut o.no_exec),
    ("noglob", Some('f'), |o| &mut o.no_glob),
    ("nolog", None, |o| &mut o.no_log),
    ("notify", Some('b'), |o| &mut o.notify),
    ("nounset", Some('u'), |o| &mut o.no_unset),
    ("onecmd", Some('t'), |o| &mut o.one_command),
    ("physical", Some('P'), |o| &mut o.physical),
    ("pipefail", None, |o| &mut o.pipe_fail),
    ("posix", None, |o| &mut o.posix),
    ("privileged", Some('p'), |o| &mut o.privileged),
    ("verbose", Some('v'), |o| &mut o.verbose),
    ("vi", None, |o| &mut o.vi),
    ("xtrace", Some('x'), |o| &mut o.trace),
];

/// Options of `shopt`.
pub(crate) const SHOPTS: [Entry; 24] = [
    ("autocd", None, |o| &mut o.autocd),
    ("checkwinsize", None, |o| &mut o.checkwinsize),
    ("cmdhist", None, |o| &mut o.cmdhist),
    ("dotglob", None, |o| &mut o.dotglob),
    ("expand_aliases", None, |o| &mut o.expand_aliases),
    ("extglob", None, |o| &mut o.extglob),
    ("failglob", None, |o| &mut o.failglob),
    ("globskipdots", None, |o| &mut o.globskipdots),
    ("globstar", None, |o| &mut o.globstar),
    ("histappend", None, |o| &mut o.histappend),
    ("huponexit", None, |o| &mut o.huponexit),
    ("inherit_errexit", None, |o| &mut o.inherit_errexit),
    ("interactive_comments", None, |o| {
        &mut o.interactive_comments
    }),
    ("lastpipe", None, |o| &mut o.lastpipe),
    ("localvar_inherit", None, |o| &mut o.localvar_inherit),
    ("login_shell", None, |o| &mut o.login_shell),
    ("nocaseglob", None, |o| &mut o.nocaseglob),
    ("nocasematch", None, |o| &mut o.nocasematch),
    ("nullglob", None, |o| &mut o.nullglob),
    ("patsub_replacement", None, |o| &mut o.patsub_replacement),
    ("promptvars", None, |o| &mut o.promptvars),
    ("shift_verbose", None, |o| &mut o.shift_verbose),
    ("sourcepath", None, |o| &mut o.sourcepath),
    ("xpg_echo", None, |o| &mut o.xpg_echo),
];

impl Options {
    fn off() -> Self {
        Self {
            all_export: false,
            brace_expand: false,
            error_exit: false,
            error_trace: false,
            function_trace: false,
            hash_all: false,
            history: false,
            history_expand: false,
            ignore_eof: false,
            keyword: false,
            monitor: false,
            no_clobber: false,
            no_exec: false,
            no_glob: false,
            no_log: false,
            notify: false,
            no_unset: false,
            one_command: false,
            physical: false,
            pipe_fail: false,
            posix: false,
            privileged: false,
            verbose: false,
            emacs: false,
            vi: false,
            trace: false,
            autocd: false,
            cmdhist: false,
            dotglob: false,
            expand_aliases: false,
            extglob: false,
            failglob: false,
            globskipdots: false,
            globstar: false,
            huponexit: false,
            inherit_errexit: false,
            lastpipe: false,
            localvar_inherit: false,
            nocaseglob: false,
            nocasematch: false,
            nullglob: false,
            patsub_replacement: false,
            shift_verbose: false,
            sourcepath: false,
            xpg_echo: false,
            checkwinsize: false,
            histappend: false,
            login_shell: false,
            promptvars: false,
            interactive_comments: false,
            interactive: false,
            from_input: false,
            from_argument: false,
        }
    }

    pub(crate) fn is_on(mut self, entry: &Entry) -> bool {
        *entry.2(&mut self)
    }

    /// An option of `set` by name.
    pub(crate) fn named(name: &str) -> Option<&'static Entry> {
        OPTIONS.iter().find(|entry| entry.0 == name)
    }

    /// An option of `set` by letter.
    pub(crate) fn lettered(letter: char) -> Option<&'static Entry> {
        OPTIONS.iter().find(|entry| entry.1 == Some(letter))
    }
}

impl super::Shell {
    /// `$-`
    pub(crate) fn option_letters(&self) -> String {
        let mut letters: Vec<char> = OPTIONS
            .iter()
            .filter(|entry| self.options.is_on(entry))
            .filter_map(|entry| entry.1)
            .collect();
        letters.sort_by_key(|letter| (letter.is_uppercase(), *letter));
        let mut letters: String = letters.into_iter().collect();
        let own = [
            ('i', self.options.interactive),
            ('s', self.options.from_input),
            ('c', self.options.from_argument),
        ];
        for (letter, on) in own {
            if on {
                letters.push(letter);
            }
        }
        letters
    }

    /// `$SHELLOPTS`
    pub(crate) fn option_names(&self) -> String {
        self.names_of(&OPTIONS)
    }

    /// `$BASHOPTS`
    pub(crate) fn shopt_names(&self) -> String {
        self.names_of(&SHOPTS)
    }

    fn names_of(&self, table: &[Entry]) -> String {
        let on = table.iter().filter(|entry| self.options.is_on(entry));
        on.map(|entry| entry.0).collect::<Vec<_>>().join(":")
    }
}
