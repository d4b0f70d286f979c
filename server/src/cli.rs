//! The command line.
//!
//! What a person asked for goes to standard output, the log and errors to standard error. Exit
//! codes: 0 done, 1 refused or failed, 2 not understood.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use model::account::Role;
use portal::{
    CreateStaff, KeyUse, Portal, RotationReport,
    config::{LogFormat, LogLevel, Origin, Settings, Sources},
    mail::MailTransport,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::task::TaskTracker;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Server,
    assets::Assets,
    check, memory, metrics, router,
    serve::{self, Limits},
};

/// Where the demo keeps everything unless told otherwise.
const DEMO_DATA: &str = "./data/demo";
/// Connections of those who measure, at a time.
const MEASURING: usize = 8;
/// Our own crates; only they are logged in detail. What others would write at that level may hold
/// paths with tokens, or letters.
const OURS: [&str; 4] = ["app", "portal", "rekey", "server"];

/// A portal in which resellers look after their customers' sign-ins.
#[derive(Debug, Parser)]
#[command(name = "rekey", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try Rekey out on this machine: made-up organizations, mail readable at /demo/mail
    Demo {
        /// Where to listen: a loopback address and a port
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
        listen: SocketAddr,
        /// The folder of everything that the demo keeps [default: ./data/demo]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Serve people
    Serve {
        #[command(flatten)]
        place: Place,
        /// Where to listen: an address and a port
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Bring the database up to date, and nothing else
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Look at settings, database and mail, change nothing, and say what is wrong and how to mend it
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Create staff, or set them free when they cannot sign in
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// Look after the master key
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Look after the audit log
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The last step of restoring a backup: ends sessions, links, devices and mails of back then
    Restored {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum StaffCommand {
    /// Create a member of staff and print the password to sign in with
    Create {
        #[command(flatten)]
        place: Place,
        /// The organization's name; in an empty database it is created, as the operator
        #[arg(long, value_name = "NAME")]
        organization: String,
        /// Where mail to them goes, and the name they sign in with
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// What they are called
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What they may do
        #[arg(long, value_enum)]
        role: RoleName,
    },
    /// Give a member of staff a new password and print it (break-glass)
    ResetPassword {
        #[command(flatten)]
        place: Place,
        /// The email address they sign in with
        email: String,
        /// The slug of the site they sign in at, when the address is known at several
        #[arg(long, value_name = "SLUG")]
        site: Option<String>,
    },
    /// Turn off the second factor of a member of staff who lost it (break-glass)
    ResetFactor {
        #[command(flatten)]
        place: Place,
        /// The email address they sign in with
        email: String,
        /// The slug of the site they sign in at, when the address is known at several
        #[arg(long, value_name = "SLUG")]
        site: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Say which keys there are, and how much each of them seals
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Add a key that is not used yet, so that the file can be copied to every node before `rotate`
    Add {
        #[command(flatten)]
        place: Place,
    },
    /// Seal everything with a new key, while people are served; begun again, it goes on
    Rotate {
        #[command(flatten)]
        place: Place,
    },
    /// Take the older keys out of the file, once nothing needs them
    Drop {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Look for edited, removed and cut-off lines
    Verify {
        #[command(flatten)]
        place: Place,
        /// The file of anchors, kept apart from the database, that shows cut-off lines
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
}

/// Where the settings are.
#[derive(Debug, Args)]
struct Place {
    /// The settings file [default: ./rekey.toml or /etc/rekey/rekey.toml, if there]
    #[arg(long, value_name = "FILE", env = "REKEY_CONFIG")]
    config: Option<PathBuf>,
    /// The folder of everything that Rekey keeps
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

impl Place {
    fn settings(self, listen: Option<String>) -> anyhow::Result<Settings> {
        let flags = [("data", self.data), ("listen", listen)];
        let flags = flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Ok(Settings::load(&Sources::usual(self.config, flags))?)
    }
}

/// A role, as it is written on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Everything, including other owners
    Owner,
    /// Everything but owners
    Admin,
    /// The help desk: customers and their resets
    Agent,
    /// Reads
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Agent => Self::Agent,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    memory::share();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("rekey: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(obey(cli.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rekey: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo { listen, data } => demo(listen, data).await?,
        Command::Serve { place, listen } => serve_people(place.settings(listen)?).await?,
        Command::Migrate { place } => {
            let settings = place.settings(None)?;
            log(&settings, LogLevel::Warn);
            Portal::migrate(&settings).await?;
            println!("The database is up to date: {}", settings.database);
        }
        Command::Check { place } => {
            let settings = place.settings(None)?;
            log(&settings, LogLevel::Error);
            return Ok(if check::check(&settings).await {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Staff { command } => staff(command).await?,
        Command::Keys { command } => return keys(command).await,
        Command::Audit { command: AuditCommand::Verify { place, anchor } } => {
            return verify_audit(place, anchor).await;
        }
        Command::Restored { place } => {
            let portal = open(place).await?;
            let done = portal.restored().await?;
            println!(
                "Ended: {} sessions, {} links, {} known devices, {} mails on their way, {} sealed passwords, {} removals of second factors, {} changes of email addresses, {} requests for a second person, {} keys for the API; {} jobs wait to be resumed. Start `rekey serve` again.",
                done.sessions,
                done.links,
                done.devices,
                done.mails,
                done.seals,
                done.removals,
                done.email_changes,
                done.approvals,
                done.api_keys,
                done.jobs
            );
            portal.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the portal for one command.
async fn open(place: Place) -> anyhow::Result<Portal> {
    let settings = place.settings(None)?;
    log(&settings, LogLevel::Warn);
    Portal::open(&settings).await
}

async fn staff(command: StaffCommand) -> anyhow::Result<()> {
    match command {
        StaffCommand::Create { place, organization, email, name, role } => {
            let portal = open(place).await?;
            let request =
                CreateStaff { organization, email: email.clone(), name, role: role.into() };
            let password = portal.create_staff(request).await?;
            println!("Created {email}. Password, shown only now: {}", password.reveal());
            portal.close().await;
        }
        StaffCommand::ResetPassword { place, email, site } => {
            let portal = open(place).await?;
            let password = portal.reset_staff_password(&email, site.as_deref()).await?;
            println!("New password of {email}, shown only now: {}", password.reveal());
            portal.close().await;
        }
        StaffCommand::ResetFactor { place, email, site } => {
            let portal = open(place).await?;
            let had_one = portal.reset_staff_factor(&email, site.as_deref()).await?;
            portal.close().await;
            if had_one {
                println!(
                    "{email} signs in with the password alone from now on, and is told by mail."
                );
            } else {
                println!("{email} has no second factor; nothing was changed.");
            }
        }
    }
    Ok(())
}

async fn keys(command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Status { place } => {
            let portal = open(place).await?;
            for (number, key) in portal.keys_in_use().await?.into_iter().enumerate() {
                let what = match key {
                    KeyUse { is_known: false, .. } => "not in the file",
                    KeyUse { is_next: true, .. } => "waits for `rekey keys rotate`",
                    _ if number == 0 => "seals",
                    _ => "opens what is older",
                };
                println!("{}  {what}; {} seals in the database", key.id, key.seals);
            }
            portal.close().await;
        }
        KeysCommand::Add { place } => {
            let portal = open(place).await?;
            let (id, file) = (portal.add_key().await?, portal.settings().master_key_file.clone());
            portal.close().await;
            println!(
                "{} holds the key {id} now, which is not used yet. Copy the file to every node, then: rekey keys rotate",
                file.display()
            );
        }
        KeysCommand::Rotate { place } => return rotate_keys(place).await,
        KeysCommand::Drop { place } => {
            let portal = open(place).await?;
            let dropped = portal.drop_old_keys().await?;
            let file = portal.settings().master_key_file.clone();
            portal.close().await;
            if dropped == 0 {
                println!("{} holds no older key; nothing was changed.", file.display());
            } else {
                println!(
                    "Took {dropped} older keys out of {}. Backups from before the change need the file as it was: keep that copy as long as those. On every other node, put this file.",
                    file.display()
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn rotate_keys(place: Place) -> anyhow::Result<ExitCode> {
    let portal = open(place).await?;
    let is_watched = std::io::stderr().is_terminal();
    let report = portal
        .rotate_keys(|done, total| {
            if is_watched {
                let percent = (done * 100).checked_div(total).unwrap_or(100);
                eprint!("\rSealing anew: {percent} % ({done} of {total})   ");
            }
        })
        .await?;
    if is_watched {
        eprintln!();
    }
    let file = portal.settings().master_key_file.clone();
    portal.close().await;
    let RotationReport { key, sealed, is_done, broken } = report;
    println!("Sealed anew with the key {key}: {sealed}.");
    for ((table, column), count) in &broken {
        println!("NOT OPENED  {count} seals in {table}.{column}: no key of the file opens them");
    }
    if is_done {
        println!(
            "Copy {} to every other node, and to where you keep your copy. Once all of them run with it: rekey keys drop",
            file.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "A server still seals with an older key: put {} on every node, then run `rekey keys rotate` again.",
        file.display()
    );
    Ok(ExitCode::FAILURE)
}

async fn verify_audit(place: Place, anchor: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let portal = open(place).await?;
    let report = portal.verify_audit(anchor.as_deref()).await?;
    portal.close().await;
    println!(
        "Looked at {} lines in {} chains, and at {} anchors.",
        report.entries, report.chains, report.anchors
    );
    if report.problems.is_empty() {
        println!("Every line is as it was written.");
        return Ok(ExitCode::SUCCESS);
    }
    for problem in &report.problems {
        println!("WRONG  {problem}");
    }
    println!(
        "The audit log was changed from outside: keep this database as it is and compare it with a backup."
    );
    Ok(ExitCode::FAILURE)
}

async fn serve_people(settings: Settings) -> anyhow::Result<()> {
    log(&settings, LogLevel::Trace);
    check::origin(&settings)?;
    let assets = Assets::find(&settings)?;
    if assets.folder().is_none() {
        tracing::warn!(
            "no site folder was found: pages have no style and no scripts; set assets to the folder that holds pkg/"
        );
    }
    let listener = serve::listen(settings.listen).await?;
    let measured = match settings.metrics.listen {
        Some(address) => Some(serve::listen(address).await?),
        None => None,
    };
    let portal = Portal::open(&settings).await?;
    let server = Server::new(portal.clone(), &settings, assets);
    let ready = settings.origin.to_string();
    let doors = Doors { people: vec![listener], measured };
    serve_until_stopped(portal, settings.workers, server, doors, &ready).await
}

async fn demo(listen: SocketAddr, data: Option<PathBuf>) -> anyhow::Result<()> {
    ensure!(
        listen.ip().is_loopback(),
        "--listen {listen}: the demo is for this machine only, as its passwords are public; use 127.0.0.1 and a port"
    );
    let mut sources = Sources::usual(None, Vec::new());
    sources.usual_files.clear();
    let elsewhere = sources.environment.iter().any(|(name, _)| name == "REKEY_DATA");
    if let Some(data) = data.or_else(|| (!elsewhere).then(|| DEMO_DATA.into())) {
        let Some(data) = data.to_str() else { bail!("--data must be Unicode") };
        sources.flags.push(("data", data.to_owned()));
    }
    let mut settings = Settings::load(&sources)?;
    log(&settings, LogLevel::Trace);
    let listeners = serve::listen_on_loopback(listen.port()).await?;
    let port = listeners[0].local_addr().context("the listener has no address")?.port();
    let origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}"));
    let origins = origins.iter().map(|origin| origin.parse::<Origin>());
    let origins = origins.collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::msg)?;
    settings.origin = origins[0].clone();
    // Mail goes to a folder unless a mail server was set.
    if settings.mail.transport == MailTransport::None {
        settings.mail.transport = MailTransport::Folder;
        settings.mail.folder = Some(settings.data.join("mail"));
        settings.mail.from = "Rekey <rekey@rekey.example>".into();
    }
    let assets = Assets::find(&settings)?;
    let portal = Portal::open(&settings).await?;
    portal.seed_demo().await?;
    let mailbox = settings.mail.folder.clone();
    let ready = settings.origin.to_string();
    let server = Server::new(portal.clone(), &settings, assets).demo(origins, mailbox);
    let measured = match settings.metrics.listen {
        Some(address) => Some(serve::listen(address).await?),
        None => None,
    };
    let doors = Doors { people: listeners, measured };
    serve_until_stopped(portal, true, server, doors, &ready).await
}

/// Where one may come in.
struct Doors {
    people: Vec<TcpListener>,
    /// For who measures.
    measured: Option<TcpListener>,
}

async fn serve_until_stopped(
    portal: Portal,
    workers: bool,
    server: Server,
    doors: Doors,
    ready: &str,
) -> anyhow::Result<()> {
    let stop = serve::stop_signal()?;
    let (stopping, stopped) = watch::channel(false);
    let worker = workers.then(|| tokio::spawn(portal.clone().run(stopped.clone())));
    let changes = server.changes();
    if let (Some(listener), Some(requests)) = (doors.measured, server.requests()) {
        let router = metrics::router(portal.clone(), requests);
        let mut stopped = stopped;
        tokio::spawn(serve::serve(
            vec![listener],
            router,
            TaskTracker::new(),
            Limits { most_connections: MEASURING, ..Limits::default() },
            async move {
                // Whoever could say it is gone: that is the end as well.
                let _ = stopped.changed().await;
            },
        ));
    }
    let router = router::router(Arc::new(server));
    memory::give_back();
    // Whoever connects from here on is answered.
    println!("Ready: {ready}");
    serve::serve(doors.people, router, changes, Limits::default(), stop).await;
    stopping.send_replace(true);
    if let Some(worker) = worker {
        // A mail on its way ends by its own timeout; the outbox sends again what did not.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(10), worker).await;
    }
    if let Err(error) = portal.anchor_audit_at_last().await {
        tracing::warn!(error = format!("{error:#}"), "cannot anchor the audit log");
    }
    portal.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Writes the log to standard error: our own lines at the level of the settings (but no more than
/// `most`), warnings of everybody else.
fn log(settings: &Settings, most: LogLevel) {
    let level = level(settings.log).min(level(most));
    let targets = OURS.iter().map(|name| (*name, level));
    let filter = Targets::new().with_default(level.min(tracing::Level::WARN)).with_targets(targets);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

fn level(level: LogLevel) -> tracing::Level {
    match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Trace => tracing::Level::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
