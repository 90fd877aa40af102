//! A language server on the other end of two pipes, as an editor has it.
#![allow(dead_code)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The longest that the server may say nothing on a slow machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running language server; it is killed when this is dropped.
pub struct Server {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    asked: u64,
    quiet: bool,
}

impl Server {
    /// Starts it and tells it about the workspace; `options` is what the
    /// editor's settings are.
    pub fn start(command: &mut Command, workspace: &Path, options: &Value) -> Server {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let input = process.stdin.take().expect("a pipe");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = receive(&mut output)
                && sender.send(message).is_ok()
            {}
        });
        let mut server = Server {
            process,
            input,
            messages,
            asked: 0,
            quiet: false,
        };
        let folder = json!({ "uri": uri(workspace), "name": "workspace" });
        server.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": uri(workspace),
                "workspaceFolders": [folder],
                "initializationOptions": options,
                "capabilities": { "experimental": { "serverStatusNotification": true } },
            }),
        );
        server.tell("initialized", json!({}));
        server
    }

    /// Comes back when the server has nothing left to load.
    pub fn await_quiet(&mut self) {
        while !self.quiet {
            self.next("that the server has loaded the workspace");
        }
    }

    /// The result of a request.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        loop {
            let message = self.next(method);
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// A request about the place in `file` where `text` begins.
    pub fn ask_at(&mut self, method: &str, file: &Path, text: &str) -> Value {
        let content = std::fs::read_to_string(file).expect("the file");
        let (line, column) = content
            .lines()
            .enumerate()
            .find_map(|(line, content)| Some((line, content.find(text)?)))
            .expect("the text is in the file");
        let place = json!({
            "textDocument": { "uri": uri(file) },
            "position": { "line": line, "character": column },
        });
        self.ask(method, place)
    }

    /// A notification.
    pub fn tell(&mut self, method: &str, parameters: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    /// Opens a file in the editor.
    pub fn open(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).expect("the file");
        let document = json!({ "uri": uri(file), "languageId": "rust", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The next message; requests of the server are answered, with nothing.
    fn next(&mut self, wanted: &str) -> Value {
        let message = self
            .messages
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("waited for {wanted} in vain: {error}"));
        if message.get("method").is_some() && message.get("id").is_some() {
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
        }
        if message["method"] == "experimental/serverStatus" {
            assert_ne!(message["params"]["health"], "error", "{message}");
            self.quiet = message["params"]["quiescent"] == true;
        }
        message
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.input.flush())
            .expect("the server reads");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One message; `None` at the end.
fn receive(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The paths of the tests have nothing in them that would have to be escaped.
fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().expect("UTF-8"))
}
