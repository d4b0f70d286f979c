//! `rekey check`: what is wrong, and how to mend it.

use anyhow::bail;
use portal::{Found, Portal, config::Settings, mail::Mailer};

use crate::assets::Assets;

/// Looks at everything that `serve` needs and prints a line for each; changes nothing. Whether all
/// is well.
pub async fn check(settings: &Settings) -> bool {
    let mut well = true;
    let mut tell = |what: &str, found: anyhow::Result<String>| match found {
        Ok(found) => println!("ok     {what}: {found}"),
        Err(error) => {
            well = false;
            println!("WRONG  {what}: {error:#}");
        }
    };
    tell("origin", origin(settings).map(|()| settings.origin.to_string()));
    tell("site folder", assets(settings));
    match Portal::look(settings).await {
        Ok(Found::Nothing) => {
            let database = &settings.database;
            tell("database", Ok(format!("{database}, which the first start begins")));
            tell("sites", Err(nobody()));
        }
        Ok(Found::Older(migrations)) => {
            let database = &settings.database;
            tell(
                "database",
                Ok(format!(
                    "{database}, which lacks {migrations} changes of this version: the next start makes them, so make a backup before"
                )),
            );
        }
        Ok(Found::Current(portal)) => {
            tell("database", Ok(settings.database.to_string()));
            tell("master key", master_key(settings));
            tell("sites", sites(&portal).await);
            portal.close().await;
        }
        Err(error) => tell("database and master key", Err(error)),
    }
    tell("mail", mail(settings).await);
    well
}

/// Whether `serve` may serve this origin.
pub fn origin(settings: &Settings) -> anyhow::Result<()> {
    let origin = &settings.origin;
    if origin.is_https() {
        return Ok(());
    }
    if !origin.is_loopback() {
        bail!(
            "{origin} would send passwords unencrypted: set origin to https:// and the host name, and let a reverse proxy encrypt"
        );
    }
    if !settings.listen.ip().is_loopback() {
        bail!(
            "{origin} is for this machine only, and listen is {}: set origin to https:// and the host name that people use, or listen to 127.0.0.1",
            settings.listen
        );
    }
    Ok(())
}

fn assets(settings: &Settings) -> anyhow::Result<String> {
    let assets = Assets::find(settings)?;
    match assets.folder() {
        Some(folder) => Ok(folder.display().to_string()),
        None => bail!(
            "not found beside the program, nor in ../share/rekey/site: pages have no style and no scripts; set assets to the folder that holds pkg/"
        ),
    }
}

fn master_key(settings: &Settings) -> anyhow::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let path = &settings.master_key_file;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("others may read {} (mode {mode:o}): chmod 600 it", path.display());
    }
    Ok(path.display().to_string())
}

async fn sites(portal: &Portal) -> anyhow::Result<String> {
    match portal.site(None).await? {
        Some(site) => Ok(site.name.to_string()),
        None => Err(nobody()),
    }
}

fn nobody() -> anyhow::Error {
    anyhow::anyhow!(
        "there is nobody yet: rekey staff create --organization NAME --email ADDRESS --name NAME --role owner"
    )
}

async fn mail(settings: &Settings) -> anyhow::Result<String> {
    Mailer::new(&settings.mail)?.check().await?;
    Ok(format!("{:?}", settings.mail.transport).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_served_without_encryption() {
        let mut settings = Settings::in_folder(std::path::Path::new("unused"));
        for (listen, served, allowed) in [
            ("127.0.0.1:3000", "http://127.0.0.1:3000", true),
            ("127.0.0.1:3000", "http://localhost:3000", true),
            ("127.0.0.1:3000", "https://portal.example", true),
            ("0.0.0.0:3000", "https://portal.example", true),
            ("127.0.0.1:3000", "http://portal.example", false),
            ("0.0.0.0:3000", "http://localhost:3000", false),
        ] {
            settings.listen = listen.parse().unwrap();
            settings.origin = served.parse().unwrap();
            assert_eq!(origin(&settings).is_ok(), allowed, "{listen} {served}");
        }
    }
}
