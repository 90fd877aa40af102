//! A file system on the network, where each look at a file takes its time.

mod common;
mod direnv_help;

use common::{both, run, success};
use direnv_help::{Session, shell};
use std::process::Command;
use std::time::Instant;

/// Looks at files take 0.5 ms longer: what a server in the same building costs.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>
static void wait_for_server(void) { usleep(500); }
#define SLOW(name, parameters, arguments) \
    int name parameters { \
        int (*next) parameters = dlsym(RTLD_NEXT, #name); \
        wait_for_server(); \
        return next arguments; \
    }
SLOW(stat, (const char *p, struct stat *s), (p, s))
SLOW(lstat, (const char *p, struct stat *s), (p, s))
SLOW(stat64, (const char *p, struct stat64 *s), (p, s))
SLOW(lstat64, (const char *p, struct stat64 *s), (p, s))
SLOW(fstatat, (int d, const char *p, struct stat *s, int f), (d, p, s, f))
SLOW(fstatat64, (int d, const char *p, struct stat64 *s, int f), (d, p, s, f))
SLOW(statx, (int d, const char *p, int f, unsigned m, struct statx *s), (d, p, f, m, s))
"#;

/// No time is asserted, as tests run on busy machines: it is printed, and the
/// looks are counted by what they cost.
#[test]
fn a_load_looks_at_few_files() {
    let mut session = Session::with(&shell("slow"));
    session.until("ready");
    let source = session.world.write("slow.c", SHIM);
    let shim = session.world.path().join("slow.so");
    success(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&shim, &source])
            .arg("-ldl"),
    );
    let load = |slow: bool| {
        let mut command = session.program("cargo-nix");
        command.args(["direnv", "export"]);
        if slow {
            command.env("LD_PRELOAD", &shim);
        }
        let began = Instant::now();
        let output = run(&mut command);
        let time = began.elapsed();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("ready"),
            "{}",
            both(&output)
        );
        time
    };
    let least = |slow| (0..5).map(|_| load(slow)).min().expect("a load");
    let (quick, slow) = (least(false), least(true));
    println!("a load: {quick:?}, and {slow:?} where each stat takes 0.5 ms more");
}
