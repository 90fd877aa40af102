//! Derivations as the store keeps them, read as text: how many are yet to be
//! built or fetched.

use std::collections::HashSet;

/// What of a derivation matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Derivation {
    /// Store paths of the outputs; empty for those not known before building.
    pub outputs: Vec<String>,
    /// Store paths of the derivations it is built from.
    pub inputs: Vec<String>,
    /// Store paths of the files that it is built from.
    pub sources: Vec<String>,
    /// Its output's hash is given: it may use the network.
    pub fixed: bool,
}

/// A derivation whose outputs are not all there.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its store path.
    pub path: String,
    /// See [`Derivation::sources`].
    pub sources: Vec<String>,
    /// See [`Derivation::fixed`].
    pub fixed: bool,
}

/// An upper bound of what is left to do before `wanted` (a `.drv`) is there:
/// derivations, reached through missing ones, with an output that does not exist.
/// `read` gives a derivation's text, `exists` tells whether a store path is there.
pub fn left(
    wanted: &str,
    read: impl Fn(&str) -> Option<String>,
    exists: impl Fn(&str) -> bool,
) -> Vec<Missing> {
    let mut seen = HashSet::new();
    let mut stack = vec![wanted.to_owned()];
    let mut left = Vec::new();
    while let Some(path) = stack.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(derivation) = read(&path).and_then(|text| parse(&text)) else {
            continue;
        };
        if derivation
            .outputs
            .iter()
            .all(|output| !output.is_empty() && exists(output))
        {
            continue;
        }
        stack.extend(derivation.inputs);
        left.push(Missing {
            path,
            sources: derivation.sources,
            fixed: derivation.fixed,
        });
    }
    left
}

/// Reads the first three fields of `Derive([(output,path,…),…],[(drv,[output,…]),…],[source,…],…)`.
pub fn parse(text: &str) -> Option<Derivation> {
    let mut cursor = Cursor {
        rest: text.strip_prefix("Derive(")?,
    };
    let mut derivation = Derivation::default();
    cursor.list(|cursor| {
        let (_name, path) = (cursor.after("(")?.string()?, cursor.after(",")?.string()?);
        derivation.outputs.push(path);
        let _algorithm = cursor.after(",")?.string()?;
        derivation.fixed |= !cursor.after(",")?.string()?.is_empty();
        cursor.after(")").map(drop)
    })?;
    cursor.after(",")?.list(|cursor| {
        derivation.inputs.push(cursor.after("(")?.string()?);
        cursor.after(",")?.list(|cursor| cursor.string().map(drop))?;
        cursor.after(")").map(drop)
    })?;
    cursor.after(",")?.list(|cursor| {
        derivation.sources.push(cursor.string()?);
        Some(())
    })?;
    Some(derivation)
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn after(&mut self, token: &str) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(self)
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.after("[")?;
        loop {
            if self.after("]").is_some() {
                return Some(());
            }
            item(self)?;
            let _ = self.after(",");
        }
    }

    fn string(&mut self) -> Option<String> {
        self.after("\"")?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }),
                c => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(output: &str, inputs: &[&str]) -> String {
        let inputs: Vec<String> = inputs
            .iter()
            .map(|input| format!("(\"{input}\",[\"out\",\"dev\"])"))
            .collect();
        format!(
            "Derive([(\"out\",\"{output}\",\"\",\"\")],[{}],[\"/s/e\"],\"s\",\"/bin/sh\",[],[])",
            inputs.join(",")
        )
    }

    #[test]
    fn outputs_and_inputs_are_read() {
        let derivation = parse(&text("/s/a", &["/s/b.drv", "/s/c.drv"])).expect("a derivation");
        assert_eq!(derivation.outputs, ["/s/a"]);
        assert_eq!(derivation.inputs, ["/s/b.drv", "/s/c.drv"]);
        assert_eq!(derivation.sources, ["/s/e"]);
    }

    #[test]
    fn a_given_hash_is_seen() {
        let plain = text("/s/a", &[]);
        let given = plain.replace("\"/s/a\",\"\",\"\"", "\"/s/a\",\"sha256\",\"00ff\"");
        let fixed = |text: &str| parse(text).expect("a derivation").fixed;
        assert!(!fixed(&plain) && fixed(&given));
    }

    #[test]
    fn noise_is_no_derivation() {
        for noise in [
            "",
            "Derive(",
            "Derive([(\"out",
            "Derive([(\"out\",\"\\",
            "DrvWithVersion(\"xp-dyn-drv\",[])",
        ] {
            assert_eq!(parse(noise), None, "{noise}");
        }
    }

    #[test]
    fn what_exists_is_not_descended_into() {
        let read = |path: &str| match path {
            "/s/a.drv" => Some(text("/s/a", &["/s/b.drv", "/s/c.drv"])),
            "/s/b.drv" => Some(text("/s/b", &["/s/d.drv"])),
            "/s/c.drv" => Some(text("/s/c", &["/s/d.drv"])),
            "/s/d.drv" => Some(text("/s/d", &[])),
            _ => None,
        };
        let count = |exists: fn(&str) -> bool| left("/s/a.drv", read, exists).len();
        assert_eq!(count(|_| false), 4);
        assert_eq!(count(|path| path == "/s/b" || path == "/s/c"), 1);
        assert_eq!(count(|path| path == "/s/a"), 0);
    }
}
