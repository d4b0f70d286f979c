//! The program `rekey`; everything is in the library.

fn main() -> std::process::ExitCode {
    server::cli::run()
}
