//! What cargo wrote of a workspace, for another: the name of the one in the place of
//! the other, where it is named.
//!
//! Never: replacing what may be a part of another path. A workspace may be `/build`,
//! and so begin names of directories everywhere.

/// Whether all that this names of the workspace `root` is named as itself, so that it
/// can be [`moved`].
pub fn is_movable(bytes: &[u8], root: &[u8]) -> bool {
    let of_a_path =
        |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"/._+-@%~".contains(byte);
    places(bytes, root).all(|at| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let after = bytes.get(at + root.len());
        !before.is_some_and(|byte| of_a_path(&byte)) && after.is_none_or(|byte| *byte == b'/')
    })
}

/// Whether it names the workspace, as itself or not.
pub fn is_named(bytes: &[u8], root: &[u8]) -> bool {
    places(bytes, root).next().is_some()
}

/// With `to` wherever there is `from`.
pub fn moved(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut moved = Vec::with_capacity(bytes.len());
    let mut end = 0;
    for at in places(bytes, from) {
        moved.extend_from_slice(&bytes[end..at]);
        moved.extend_from_slice(to);
        end = at + from.len();
    }
    moved.extend_from_slice(&bytes[end..]);
    moved
}

/// Where `needle`, which is an absolute path, begins.
fn places<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let is_here = move |at: &usize| bytes[*at..].starts_with(needle);
    (0..bytes.len()).filter(|at| bytes[*at] == b'/').filter(is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_workspace_is_moved_and_what_may_not_be_is_told() {
        for (text, to) in [
            ("/build/target/debug", "/w/b/target/debug"),
            ("native=/build/target:/build/x", "native=/w/b/target:/w/b/x"),
            ("/build", "/w/b"),
            ("say \"/build/x\"", "say \"/w/b/x\""),
            ("nothing of it", "nothing of it"),
        ] {
            assert!(is_movable(text.as_bytes(), b"/build"), "{text}");
            assert_eq!(moved(text.as_bytes(), b"/build", b"/w/b"), to.as_bytes());
        }
        for text in [
            "/nix/store/x-run/build/y/out",
            "/builder/x",
            "/build2",
            "~/build/x",
            "\"/build\"",
            "/build:/x",
            "ü/build/x",
        ] {
            assert!(!is_movable(text.as_bytes(), b"/build"), "{text}");
            assert!(is_named(text.as_bytes(), b"/build"), "{text}");
        }
        assert!(!is_named(b"/buil", b"/build"));
    }
}
