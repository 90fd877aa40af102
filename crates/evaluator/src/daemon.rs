//! The few words of nix-daemon's protocol that libnix's C API has no call for:
//! whether the daemon trusts this user, and the registration of a GC root.
//!
//! Version 1.35 is spoken (Nix 2.15; every later daemon understands it): numbers
//! are 64 bits, little-endian; a text is its length, its bytes, and zeros up to a
//! multiple of eight. Nothing waits longer than [`PATIENCE`].

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

const CLIENT_MAGIC: u64 = 0x6e69_7863;
const DAEMON_MAGIC: u64 = 0x6478_696f;
const VERSION: u64 = 0x123;
const ADD_INDIRECT_ROOT: u64 = 12;
/// The daemon's "that was all".
const LAST: u64 = 0x616c_7473;
/// Longest text that is taken from a daemon.
const LONGEST: u64 = 1 << 16;

/// A conversation with the daemon of a store.
pub struct Daemon {
    stream: UnixStream,
    /// Whether it trusts this user; `None` if it does not say.
    pub trusts_us: Option<bool>,
}

impl Daemon {
    /// Greets the daemon that listens at `socket`.
    ///
    /// # Errors
    /// Nobody listens there, or not a Nix daemon of 2.15 or later.
    pub fn greet(socket: &Path) -> io::Result<Daemon> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut daemon = Daemon {
            stream,
            trusts_us: None,
        };
        daemon.send(&[CLIENT_MAGIC])?;
        if daemon.number()? != DAEMON_MAGIC || daemon.number()? < VERSION {
            return Err(other("not a Nix daemon of 2.15 or later"));
        }
        // Neither an affinity to a CPU nor space to be reserved.
        daemon.send(&[VERSION, 0, 0])?;
        let _nix = daemon.text()?;
        daemon.trusts_us = match daemon.number()? {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        };
        daemon.settled()?;
        Ok(daemon)
    }

    /// Tells the collector of the symlink `link`, an absolute path.
    ///
    /// # Errors
    /// The daemon refuses, or is gone.
    pub fn add_root(&mut self, link: &Path) -> io::Result<()> {
        let text = link.as_os_str().as_bytes();
        let mut words = Vec::new();
        words.extend_from_slice(&ADD_INDIRECT_ROOT.to_le_bytes());
        words.extend_from_slice(&(text.len() as u64).to_le_bytes());
        words.extend_from_slice(text);
        words.resize(words.len().next_multiple_of(8), 0);
        self.stream.write_all(&words)?;
        self.settled()?;
        match self.number()? {
            1 => Ok(()),
            _ => Err(other("refused")),
        }
    }

    fn send(&mut self, numbers: &[u64]) -> io::Result<()> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.stream.write_all(&bytes)
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.stream.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<Vec<u8>> {
        let length = self.number()?;
        if length > LONGEST {
            return Err(other("a text that is too long"));
        }
        let length = length as usize;
        let mut bytes = vec![0; length.next_multiple_of(8)];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Whatever it says meanwhile (an error, a log) counts as a refusal: neither
    /// word of ours gives cause for it.
    fn settled(&mut self) -> io::Result<()> {
        match self.number()? {
            LAST => Ok(()),
            _ => Err(other("refused")),
        }
    }
}

/// Where the daemon of the store with this URI listens; `None` if there is none
/// in between.
pub fn socket(uri: &str) -> Option<PathBuf> {
    let place = uri.split('?').next().unwrap_or_default();
    match place.strip_prefix("unix://") {
        Some("") => Some(default_socket()),
        Some(path) => Some(PathBuf::from(path)),
        None => (place == "daemon").then(default_socket),
    }
}

fn default_socket() -> PathBuf {
    std::env::var_os("NIX_DAEMON_SOCKET_PATH")
        .filter(|path| !path.is_empty())
        .map_or_else(
            || crate::roots::state_directory().join("daemon-socket/socket"),
            PathBuf::from,
        )
}

fn other(message: &str) -> io::Error {
    io::Error::other(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_daemons_store_has_a_socket() {
        for uri in ["local", "local?root=/tmp/x", "/tmp/x", "ssh://host", ""] {
            assert_eq!(socket(uri), None, "{uri}");
        }
        assert_eq!(socket("unix:///a/b"), Some("/a/b".into()));
        assert_eq!(socket("unix:///a/b?root=/c"), Some("/a/b".into()));
        assert_eq!(socket("daemon"), socket("unix://"));
    }

    #[test]
    fn what_is_no_daemon_is_found_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("socket");
        assert!(Daemon::greet(&place).is_err(), "nobody is there");
        let listener = std::os::unix::net::UnixListener::bind(&place).expect("a socket");
        let noise = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        assert!(Daemon::greet(&place).is_err());
        noise.join().expect("the thread ends");
    }
}
