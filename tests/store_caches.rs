//! Binary caches and units: what a cache that cannot be reached costs, and which
//! are asked at all.

mod build_help;
mod common;

use build_help::demo::{clean, project, said};
use common::World;
use common::units::Units;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A server on the loopback, for as long as it is not dropped: it answers one path,
/// and notes all.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(path: &'static str, body: String) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (notes, over) = (asked.clone(), is_over.clone());
        let serve = move || {
            while !over.load(Ordering::SeqCst) {
                let Ok((mut stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let _ = stream.set_nonblocking(false);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let (status, text) = match first.split(' ').nth(1) == Some(path) {
                    true => ("200 OK", &*body),
                    false => ("404 Not Found", ""),
                };
                notes.lock().unwrap().push(first);
                let length = text.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
                );
            }
        };
        Server {
            address,
            asked,
            is_over,
            thread: Some(std::thread::spawn(serve)),
        }
    }

    /// The first lines of the requests so far.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn lib(number: u8) -> String {
    format!("pub fn said() -> u8 {{ {number} }}")
}

/// libnix remembers that there is a cache for a week, and does not build what it
/// could not ask that cache for, unless it is told to.
#[test]
fn a_cache_that_is_gone_is_done_without() {
    let units = Units::over(World::with_own_store());
    let directory = units.world.store_dir().display().to_string();
    let server = Server::start("/nix-cache-info", format!("StoreDir: {directory}\n"));
    let configuration = format!("substituters = http://{}", server.address);
    let project = project(&units, "gone", &lib(1), None);
    let cargo = || {
        let mut cargo = units.cargo(&project);
        cargo.env("NIX_CONFIG", &configuration);
        cargo
    };
    assert_eq!(said(&mut cargo()), "1");
    let asked = server.asked();
    assert!(
        asked.iter().any(|line| line.contains(".narinfo")),
        "a cache of one's own is asked: {asked:?}"
    );
    drop(server);
    units.world.write("gone/vendor/demo/src/lib.rs", &lib(2));
    clean(&units, &project);
    assert_eq!(said(&mut cargo()), "2");
}

/// It has no units; to ask it for each of them is what takes time at a miss.
#[test]
fn a_cache_that_everybody_has_is_not_asked_for_units() {
    let units = Units::over(World::with_own_store());
    let proxy = Server::start("/", String::new());
    let project = project(&units, "public", &lib(1), None);
    let build = |number: u8, caches: &str| {
        units.world.write("public/vendor/demo/src/lib.rs", &lib(number));
        clean(&units, &project);
        let mut cargo = units.cargo(&project);
        cargo
            .env("NIX_CONFIG", format!("substituters = {caches}"))
            .env("https_proxy", format!("http://{}", proxy.address));
        assert_eq!(said(&mut cargo), number.to_string());
        proxy.asked()
    };
    assert_eq!(build(1, "https://cache.nixos.org/"), Vec::<String>::new());
    let asked = build(2, "https://cache.nixos.org/ https://units.example");
    assert!(!asked.is_empty(), "one's own is");
    assert!(
        asked.iter().all(|line| line.contains("units.example")),
        "and it alone: {asked:?}"
    );
}
