//! Lines of ours in a configuration of cargo that is somebody else's. Pure.
//!
//! Each line of ours ends with [`MARK`], so that they can be taken out again
//! and nothing else is. Promises: what is there stays byte for byte, comments
//! and all; the result means what it meant, with our keys added, or there is
//! no result; to take out what was put in gives the text there was.

use std::fmt::Write;

/// How each line of ours ends.
const MARK: &str = " # cargo-nix";
/// The first line of a file that was not there.
const MADE: &str = "# Written by `cargo nix config --write`. # cargo-nix";

/// What is to be in the file.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The tables, each once.
    pub tables: Vec<Table>,
}

/// Keys of a table, with their values, which are strings.
#[derive(Clone, Debug)]
pub struct Table {
    /// `build`, `env`.
    pub name: &'static str,
    /// Keys and values.
    pub keys: Vec<(String, String)>,
}

impl Lines {
    /// As a configuration of its own.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for table in &self.tables {
            let _ = writeln!(out, "[{}]", table.name);
            for (key, value) in &table.keys {
                let _ = writeln!(out, "{} = {}", quoted_key(key), quoted(value));
            }
        }
        out
    }
}

/// As a basic string of TOML; of that, JSON's are a part.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

fn quoted_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(is_bare) {
        key.into()
    } else {
        quoted(key)
    }
}

/// The text with the lines in it, and no other lines of ours; `None` is a file
/// that is not there.
///
/// # Errors
/// Why it cannot be: the user's own `build.rustc-wrapper`, say.
pub fn insert(text: Option<&str>, lines: &Lines) -> Result<String, String> {
    let (plain, _) = remove(text.unwrap_or_default())?;
    let before = parse(&plain)?;
    let is_new = text.is_none() || text.is_some_and(|text| text.starts_with(MADE));
    let mut out = plain;
    let mut wanted = before.clone();
    for table in &lines.tables {
        let theirs = before.get(table.name).and_then(toml::Value::as_table);
        let has = |key: &str| theirs.is_some_and(|theirs| theirs.contains_key(key));
        if let Some((key, _)) = table
            .keys
            .iter()
            .find(|(key, _)| table.name == "build" && has(key))
        {
            return Err(format!(
                "it has a build.{key} of its own\n  take that out, or put it into a configuration above this one \
                 ($CARGO_HOME/config.toml): a rustc-wrapper that is found there is called for local units"
            ));
        }
        // A variable that they set is theirs.
        let keys: Vec<_> = table.keys.iter().filter(|(key, _)| !has(key)).cloned().collect();
        out = add(&out, table.name, &keys);
        let entry = wanted
            .entry(table.name)
            .or_insert_with(|| toml::Table::new().into());
        let entry = entry
            .as_table_mut()
            .ok_or_else(|| format!("{} is not a table in it", table.name))?;
        entry.extend(keys.into_iter().map(|(key, value)| (key, value.into())));
    }
    if is_new {
        out = format!("{MADE}\n{out}");
    }
    // Whatever the text is like, its meaning tells whether we understood it.
    match parse(&out) {
        Ok(meaning) if meaning == wanted => Ok(out),
        _ => Err("there is no place in it for more keys of [build] or [env]\n  write these as tables with a header each".into()),
    }
}

/// The text without the lines of ours, and whether the file was made by us.
///
/// # Errors
/// It is not TOML.
pub fn remove(text: &str) -> Result<(String, bool), String> {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if !line.trim_end_matches(['\n', '\r']).ends_with(MARK) {
            out.push_str(line);
        } else if !line.ends_with('\n') && out.ends_with('\n') {
            // It was put at the end of a text without a last newline.
            out.pop();
        }
    }
    let is_ours = text.starts_with(MADE);
    if out != text {
        parse(text)?;
        parse(&out)?;
    }
    Ok((out, is_ours))
}

fn parse(text: &str) -> Result<toml::Table, String> {
    let table: Result<toml::Table, _> = text.parse();
    table.map_err(|error| format!("it is not TOML: {}", error.to_string().trim_end()))
}

/// Adds keys below the table's header, or at the top if it has none.
fn add(text: &str, table: &str, keys: &[(String, String)]) -> String {
    if keys.is_empty() {
        return text.to_owned();
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = |prefix: &str, (key, value): &(String, String)| {
        format!("{prefix}{} = {}{MARK}", quoted_key(key), quoted(value))
    };
    let mut at = 0;
    for header in text.split_inclusive('\n') {
        at += header.len();
        if !is_header(header, table) {
            continue;
        }
        let lines: Vec<String> = keys.iter().map(|key| line("", key)).collect();
        let lines = lines.join(newline);
        return match header.ends_with('\n') {
            true => format!("{}{lines}{newline}{}", &text[..at], &text[at..]),
            false => format!("{text}\n{lines}"),
        };
    }
    let lines: String = keys
        .iter()
        .map(|key| line(&format!("{table}."), key) + newline)
        .collect();
    lines + text
}

/// `[build]`, with blanks and a comment.
fn is_header(line: &str, table: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let inner = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    inner.is_some_and(|inner| inner.trim() == table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Lines {
        let key = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Lines {
            tables: vec![
                Table {
                    name: "build",
                    keys: vec![key("rustc-wrapper", "/c/w"), key("rustc", "/s/\"q\"\n")],
                },
                Table {
                    name: "env",
                    keys: vec![key("A.B", "1"), key("C", "ü")],
                },
            ],
        }
    }

    #[test]
    fn what_is_there_stays_and_comes_back() {
        for text in [
            "",
            "# a comment\n",
            "[build]\njobs = 2 # two\n",
            "[build]",
            "  [ build ] # mine\njobs = 2\n[env]\nX = \"1\"",
            "build.jobs = 2\n\n[net]\nretry = 2\n",
            "[build.warnings]\n[env.X]\nvalue = \"1\"\n",
            "[net]\r\nretry = 2\r\n[build]\r\njobs = 1\r\n",
            "x = \"\"\"\n[build]\n\"\"\"\n[env]\nC = \"theirs\"\n",
        ] {
            let with = match insert(Some(text), &lines()) {
                Ok(with) => with,
                // Not understood, and so left alone.
                Err(_) if text.starts_with("x =") => continue,
                Err(error) => panic!("{text}: {error}"),
            };
            assert_eq!(insert(Some(&with), &lines()).unwrap(), with, "twice: {text}");
            assert_eq!(remove(&with).unwrap(), (text.to_owned(), false), "{with}");
            let meaning = parse(&with).unwrap();
            assert_eq!(meaning["build"]["rustc"].as_str(), Some("/s/\"q\"\n"), "{with}");
            assert_eq!(meaning["env"]["A.B"].as_str(), Some("1"), "{with}");
        }
    }

    #[test]
    fn a_file_of_ours_is_known() {
        let with = insert(None, &lines()).unwrap();
        assert_eq!(remove(&with).unwrap(), (String::new(), true));
        assert_eq!(insert(Some(&with), &lines()).unwrap(), with);
    }

    #[test]
    fn theirs_is_theirs() {
        let error = insert(Some("[build]\nrustc-wrapper = \"sccache\"\n"), &lines()).unwrap_err();
        assert!(error.contains("build.rustc-wrapper of its own"), "{error}");
        assert!(insert(Some("build = { jobs = 2 }\n"), &lines()).is_err());
        assert!(insert(Some("build = 1\n"), &lines()).is_err());
        let with = insert(Some("[env]\nC = \"theirs\"\n"), &lines()).unwrap();
        assert!(
            with.contains("C = \"theirs\"") && !with.contains("C = \"ü\""),
            "{with}"
        );
    }
}
