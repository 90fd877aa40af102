//! `--offline`: nothing is downloaded, by whatever way an expression asks for it.

mod common;
mod nixlib_help;

use nixlib_help::Case;
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server of this machine, whose every answer is `content`; how many asked.
fn serve(content: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/file", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a caller");
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let length = content.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{content}").as_bytes());
        }
    });
    (url, asked)
}

/// With `--offline`, then without: what the user is told, after asserting that
/// the server was asked only without.
fn offline_and_not(way: &str, crate_env: &str) -> String {
    let case = Case::new(&[]);
    // Nothing that an earlier run could have left in the store.
    let content = format!("{way} {}\n", case.world.path().display());
    let hash: String = Sha256::digest(&content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (url, asked) = serve(content);
    let text = crate_env.replace("URL", &url).replace("HASH", &hash).replace(
        "SYSTEM",
        &format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
    );
    case.world.write("project/crate-env.nix", &text);
    let env = |arguments: &[&str]| {
        let mut command = case.world.cargo_nix();
        command.env("no_proxy", "127.0.0.1");
        command.args(["env", "--print", "--quiet"]).args(arguments);
        common::run(command.current_dir(&case.project))
    };
    let output = env(&["--offline"]);
    assert!(!output.status.success(), "{way}: {}", common::both(&output));
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "{way}: {}",
        common::both(&output)
    );
    let told = String::from_utf8(output.stderr).expect("UTF-8");

    let output = env(&[]);
    assert!(output.status.success(), "{way}: {}", common::both(&output));
    assert!(asked.load(Ordering::SeqCst) > 0, "{way}");
    told
}

const DERIVATION: &str = "derivation {\n  name = \"fetched\"; system = \"builtin\"; builder = \"builtin:fetchurl\";\n  \
                          url = \"URL\"; urls = [ \"URL\" ]; executable = false; unpack = false;\n  \
                          outputHashMode = \"flat\"; outputHash = \"sha256:HASH\"; preferLocalBuild = true;\n}";

#[test]
fn nothing_is_downloaded_by_an_expression() {
    let told = offline_and_not(
        "fetchurl",
        "{ rust }: { env.F = builtins.fetchurl { url = \"URL\"; sha256 = \"HASH\"; }; }\n",
    );
    assert!(
        told.contains("/file is not in the store, and `--offline` forbids to download it\n")
            && told.contains("crate-env.nix:1:"),
        "{told}"
    );
}

#[test]
fn nothing_is_downloaded_by_a_build() {
    let text = format!("{{ rust }}: {{ env.F = \"${{{DERIVATION}}}\"; }}\n");
    let told = offline_and_not("derivation", &text);
    assert!(
        told.contains("`fetched` is not in the store, and `--offline` forbids to download it\n  run it once"),
        "{told}"
    );
}

/// What an evaluation builds in order to read it.
#[test]
fn nothing_is_downloaded_by_a_build_of_an_evaluation() {
    let text = format!("{{ rust }}: {{ env.F = builtins.readFile ({DERIVATION}); }}\n");
    offline_and_not("import", &text);
}
