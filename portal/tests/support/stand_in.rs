//! Downstream systems for tests, each a process of its own: a program in Python, with nothing but
//! its standard library, or in Node.js, with what the browser tests install, that prints the port it
//! listens on and ends with its standard input.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A stand-in that runs.
pub struct StandIn {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
}

impl StandIn {
    /// Starts `portal/tests/stand_ins/<name>`: the one in Python, or else the one in Node.js.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins");
        let (python, node) =
            (folder.join(format!("{name}.py")), folder.join(format!("{name}.mjs")));
        let (program, file) = if python.exists() { ("python3", python) } else { ("node", node) };
        let mut process = Command::new(program)
            .arg(file)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} is there: {error}"));
        let input = process.stdin.take();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("a line with its port");
        let port = line.trim().parse().expect("its port");
        Self { process, input, output, port }
    }

    /// Sends it a line.
    pub fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input");
        writeln!(input, "{line}").expect("it listens");
    }

    /// Sends a line to one that answers each with a line, and waits for that.
    pub fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("an answer");
        answer.trim_end().to_owned()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
