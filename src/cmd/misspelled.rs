//! A verb that there is none of: what was most likely meant. clap's own measure
//! finds `deny` nearer to `evn` than `env`.

use crate::cli::Cli;
use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The error with the verb that a typing slip away is, if it is about a verb.
pub(super) fn with_nearest(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(verb) = nearest(word)
    {
        error.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(vec![verb]),
        );
    }
    error
}

fn nearest(word: &str) -> Option<String> {
    let command = Cli::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let distance = |name: &str| strsim::damerau_levenshtein(word, name);
    let near = verbs
        .map(|verb| (distance(verb.get_name()), verb.get_name()))
        .filter(|(distance, name)| *distance <= name.len().div_ceil(4));
    near.min().map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_verb() {
        for (word, verb) in [
            ("evn", Some("env")),
            ("en", Some("env")),
            ("exce", Some("exec")),
            ("clsoure", Some("closure")),
            ("devlop", Some("develop")),
            ("build", None),
        ] {
            assert_eq!(nearest(word).as_deref(), verb, "{word}");
        }
    }
}
