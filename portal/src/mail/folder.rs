//! Letters as files, for trying things out without a mail server.

use std::path::PathBuf;

use anyhow::Context;

use super::Delivery;

/// A folder that letters are written to.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes one letter; whoever reads the folder sees it whole or not at all.
    pub(super) async fn keep(&self, message_id: &str, message: &[u8]) -> Delivery {
        let name: String = message_id
            .trim_start_matches('<')
            .split('@')
            .next()
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' })
            .collect();
        match self.write(&name, message).await {
            Ok(()) => Delivery::Accepted { answer: format!("written to {name}.eml") },
            Err(error) => {
                Delivery::Later { answer: format!("could not be written to the folder: {error}") }
            }
        }
    }

    /// Whether the folder can be written to.
    pub(super) async fn check(&self) -> anyhow::Result<()> {
        let probe = self.0.join(".probe");
        self.ready()
            .await
            .and(tokio::fs::write(&probe, b"").await)
            .with_context(|| format!("mail.folder = {} cannot be written to", self.0.display()))?;
        tokio::fs::remove_file(&probe).await?;
        Ok(())
    }

    async fn write(&self, name: &str, message: &[u8]) -> std::io::Result<()> {
        use tokio::io::AsyncWriteExt;
        self.ready().await?;
        let unfinished = self.0.join(format!(".{name}.part"));
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Letters hold links that work.
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&unfinished).await?;
        file.write_all(message).await?;
        file.flush().await?;
        drop(file);
        tokio::fs::rename(unfinished, self.0.join(format!("{name}.eml"))).await
    }

    async fn ready(&self) -> std::io::Result<()> {
        let mut builder = tokio::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(&self.0).await
    }
}
